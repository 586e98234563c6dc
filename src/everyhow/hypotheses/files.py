"""Hypotheses in TOML files: what is stated, and the places. Nothing in a file is ever executed."""

from collections.abc import Mapping as ReadOnly
from os import PathLike
from pathlib import Path
from typing import Any

from ..common.arguments import quoted
from ..common.errors import FileFormatError, InputError
from ..common.reading import check_plain, naming, read_toml
from ..exchange.causal_model_files import causal_model_from_document, read_causal_model
from .hypothesis import WHAT, Hypothesis, hypothesis

KEYS = ("formula", "model", "task", "places")
SHOWN = 'formula = "OR(AND(A,~B), AND(~A,B))" and, below [places], "AND(A,~B)" = "h1.1"'


def read_hypothesis(path: str | Path) -> Hypothesis:
    """The hypothesis in a TOML file.

    `formula` states an algorithm, or `model` a causal model: a table as `everyhow align` takes it, or the path of such
    a JSON file, seen from the folder of the TOML file. `places` is a table of a place for each variable, or a list in
    the order of the variables. `task` may say what the model is believed to compute.

    Raises:
        FileFormatError: there is no such file, it is larger than 1 MB, or it holds no hypothesis; the message names the
            file.
    """
    if Path(path).suffix == ".json":
        raise FileFormatError(
            f"{path}: a hypothesis is a TOML file: {SHOWN}; a circuit as JSON is asked about by everyhow place, and "
            "two circuits are set against each other by eh.decide_between"
        )
    document = read_toml(path, "a hypothesis")
    with naming(path):
        check_plain(document)
        return hypothesis_from_document(document, Path(path).parent)


def hypothesis_from_document(document: ReadOnly[str, Any], folder: Path = Path()) -> Hypothesis:
    """The hypothesis in a document; see `read_hypothesis`.

    Raises:
        InputError: the document does not describe one; or as `hypothesis`.

    Example:
        >>> print(hypothesis_from_document({"formula": "AND(A, OR(B,C))", "places": {"OR(B,C)": ["h1.0", "h1.1"]}}))
        AND(A, OR(B,C)): OR(B,C) in h1.0 + h1.1
    """
    unknown = [key for key in document if key not in KEYS]
    if unknown:
        raise InputError(f"a hypothesis has {quoted(unknown[0])}; it may have {', '.join(KEYS)}, such as {SHOWN}")
    stated = [key for key in ("formula", "model") if key in document]
    if len(stated) != 1:
        found = "both formula and model" if stated else "neither formula nor model"
        raise InputError(f"a hypothesis has {found}; give one of them, such as {SHOWN}")
    what, task = document[stated[0]], document.get("task")
    if stated[0] == "formula" and not isinstance(what, str):
        raise InputError(f"formula is {quoted(what)}; give a text, such as {SHOWN}")
    if stated[0] == "model":
        what = read_causal_model(folder / what) if isinstance(what, str) else causal_model_from_document(what)
    return hypothesis(what, document.get("places", {}), task)


def as_hypothesis(given: Any) -> Hypothesis:
    """A hypothesis, or that of a TOML file whose path stands there.

    Raises:
        InputError: something else.
    """
    if isinstance(given, Hypothesis):
        return given
    if isinstance(given, PathLike) or (isinstance(given, str) and given.endswith(".toml")):
        return read_hypothesis(Path(given))
    raise InputError(
        f"the hypothesis is {quoted(given)}; give the path of a .toml file, or make one: eh.hypothesis(stated, "
        f"places), of {WHAT}"
    )
