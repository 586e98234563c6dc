"""Which everyhow this is."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """The version of the package that is installed; "unknown" where the code runs without being installed."""
    try:
        return version("everyhow")
    except PackageNotFoundError:
        return "unknown"
