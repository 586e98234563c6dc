"""What comes with an extra: where it is missed, one message says what needs it and what installs it."""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from .errors import MissingExtraError, first_line
from .spoken import joined

# What each extra brings, by the names that are imported; and what people call it.
EXTRAS = {
    "train": {"torch": "PyTorch"},
    "plot": {"matplotlib": "Matplotlib"},
    "sweeps": {"dask": "Dask", "distributed": "distributed", "duckdb": "DuckDB", "psutil": "psutil"},
    "pandas": {"pandas": "pandas"},
    "onnx": {"onnx": "onnx", "onnxruntime": "onnxruntime"},
    "transformers": {"transformers": "transformers"},
    "tracr": {"jax": "JAX", "haiku": "Haiku"},
}


def is_installed(extra: str) -> bool:
    """Whether all is there that an extra brings."""
    return not _missing(EXTRAS[extra])


def need(what: str, extra: str, *modules: str, otherwise: str = "") -> None:
    """Go on only where what an extra brings is there. Nothing is imported.

    Args:
        what: what needs it, with the verb, such as "training needs".
        extra: the name of the extra.
        modules: which of its modules are needed; all when none is named.
        otherwise: what can be done without, as it follows the command that installs.

    Raises:
        MissingExtraError: something is not installed.

    Example:
        >>> need("training needs", "train")  # doctest: +SKIP
        Traceback (most recent call last):
        MissingExtraError: training needs PyTorch, which is not installed: pip install 'everyhow[train]'
    """
    missing = _missing(modules or EXTRAS[extra])
    if missing:
        names = joined([EXTRAS[extra][module] for module in missing])
        are = "are" if len(missing) > 1 else "is"
        raise MissingExtraError(
            f"{what} {names}, which {are} not installed: pip install 'everyhow[{extra}]'{otherwise}"
        )


def load(module: str, what: str, extra: str, otherwise: str = "") -> Any:
    """A module of an extra, imported; arguments are those of `need`.

    Raises:
        MissingExtraError: it is not installed, or cannot be loaded; then the message has the reason.
    """
    package = module.partition(".")[0]
    need(what, extra, package, otherwise=otherwise)
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{what} {EXTRAS[extra][package]}, which cannot be loaded ({first_line(error)}): "
            f"pip install --upgrade 'everyhow[{extra}]'{otherwise}"
        ) from None


def _missing(modules: Iterable[str]) -> list[str]:
    return [module for module in modules if not _is_there(module)]


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # a finder that refuses; a module that a program has put in its place
        return False
