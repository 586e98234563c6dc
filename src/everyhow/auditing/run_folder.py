"""Run folders: where the results of an audit lie, and what is read there."""

from pathlib import Path
from typing import Any

from ..common.errors import FileFormatError, InputError
from ..common.reading import read_json
from .schema import RELEASED

# Where counts that are not done are kept.
CHECKPOINTS = "checkpoints"
LARGEST_AUDIT = 128 * 2**20
# An audit by data has a list for each input.
MOST_LISTS = 2_000_000


def check_run_folder(folder: str | Path) -> Path:
    """The folder as a path, if results may be written there.

    Raises:
        InputError: it is a file, or a folder that holds other things than a run.
    """
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; give a folder to write the run into")
    if path.is_dir() and any(one.name != CHECKPOINTS for one in path.iterdir()) and not (path / "audit.json").is_file():
        raise InputError(
            f"{path} exists and is not a run (it has no audit.json); give a new folder, or that of an earlier run"
        )
    return path


def read_audit(path: Path) -> dict[str, Any]:
    """The document in an audit.json of any released schema, as the newest schema has it.

    Raises:
        FileFormatError: there is no such file, it is too large, no JSON, or of no schema that is known.
    """
    if not path.is_file():
        raise FileFormatError(f"{path}: no such file; give the folder that everyhow audit --out wrote")
    document = read_json(path, "an audit", LARGEST_AUDIT, MOST_LISTS)
    if not isinstance(document, dict):
        raise FileFormatError(f"{path}: not an audit but a JSON {type(document).__name__}; audit the network again")
    version = document.get("schema_version")
    if isinstance(version, bool) or version not in RELEASED:
        known = f"{', '.join(map(str, RELEASED[:-1]))} and {RELEASED[-1]}"
        raise FileFormatError(
            f"{path}: schema_version is {str(version)[:40]}; this everyhow reads {known}: "
            f"use a newer version, or audit the network again"
        )
    return document
