"""Behaviors of sequences as JSON files: the tokens, where the answers are read, and what is wanted."""

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from ..common.arguments import quoted
from ..common.errors import InputError
from ..common.reading import naming, read_document
from .answer import Answer
from .behavior import Behavior, checked_features, features_of

WHAT = "a behavior"
LARGEST, MOST_LISTS = 16 << 20, 1 << 20
# What a behavior may say, and what is read past.
KEYS = (
    "tokens", "answer_positions", "classes", "within", "labels", "weights", "features", "paired", "names", "epsilon",
)  # fmt: skip
PAST = ("kind", "name", "about")


def names_a_behavior(what: object) -> bool:
    """Whether what is asked is the path of a JSON file, where a task could stand."""
    return isinstance(what, str | PathLike) and Path(what).suffix.lower() == ".json"


def read_behavior(path: str | PathLike[str], network: Any) -> Behavior:
    """The behavior in a JSON file, of a model.

    Args:
        path: a file of one object: `tokens`, a row for each sequence; `answer_positions`, from 0 or, negative, from the
            end (the last when not given); `classes`, the logits among which the largest is the answer, or `within`, how
            near numbers must come to the model's own; and where wanted `labels`, `weights`, `features` (bits known of
            each row), `paired` (a counterfactual row for each), `names` (of the classes), `epsilon` (the weight of rows
            that may be wrong).
        network: the transformer, which answers where no labels are given.

    Raises:
        FileFormatError: there is no such file, or it does not hold a behavior; the message names it.
    """
    if not getattr(network, "of_sequences", True):
        raise InputError(
            f"{path} stands where a task or, of a transformer, a file of a behavior is asked for, and this "
            f"{network.kind} takes numbers, not sequences of tokens: give a task such as XOR, or explain it on data "
            "(everyhow audit-data POINTS --network FILE, eh.audit_behavior)"
        )
    document = read_document(Path(path), WHAT, LARGEST, MOST_LISTS)
    with naming(Path(path)):
        return behavior_of_tokens(document, network)


def behavior_of_tokens(document: dict[str, Any], network: Any) -> Behavior:
    """The behavior in a JSON document; see `read_behavior`.

    Raises:
        InputError: a key that is missing or unknown, or something that does not fit.
    """
    unknown = [key for key in document if key not in (*KEYS, *PAST)]
    if "tokens" not in document or unknown:
        missing = "" if "tokens" in document else "it lacks tokens, a row for each sequence"
        strange = f"it has {', '.join(quoted(key) for key in unknown[:8])}" if unknown else ""
        raise InputError(
            f"{' and '.join(filter(None, (missing, strange)))}; a behavior has the keys {', '.join(KEYS)}, of which "
            "tokens is needed"
        )
    if document.get("classes") is None and document.get("within") is None:
        raise InputError(
            "it says neither classes, the logits of which the largest is the answer, nor within, how near numbers must "
            "come to the model's own; give one of them"
        )
    tokens = document["tokens"]
    answer = Answer(document.get("answer_positions", -1), document.get("classes"))
    found = Behavior.of_tokens(
        network, tokens, answer, document.get("labels"), document.get("weights"), document.get("epsilon", 0.0),
        document.get("within"), document.get("paired"),
    )  # fmt: skip
    features, names = document.get("features"), document.get("names", [])
    if features is not None:
        whole = document.get("weights") is not None
        known = checked_features(features, len(tokens)) if whole else features_of(tokens, features)
        found = replace(found, features=known)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"names is {quoted(names)}; it is a list with a text for each class")
    if names and len(names) != found.wanted.shape[1] // found.answers:
        raise InputError(f"names has {len(names)} texts; give one for each of the classes, in their order")
    return replace(found, names=tuple(names))
