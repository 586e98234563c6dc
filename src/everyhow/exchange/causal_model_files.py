"""Causal models in JSON: mechanisms are truth tables or formulas, and nothing in a file is ever executed."""

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from ..boolean.formulas import CONNECTIVES, MAX_LENGTH, parse_formula
from ..boolean.truth_table import INPUT_NAMES, MAX_INPUTS, TruthTable
from ..common.arguments import quoted
from ..common.errors import InputError
from ..common.reading import cut, naming, read_document
from ..mapping.causal_models import CausalModel, Value

KEYS = ("variables", "values", "parents", "mechanisms")
# What is read past.
PAST = ("name", "about")
BITS = (0, 1)


def read_causal_model(path: str | Path) -> CausalModel:
    """The causal model in a JSON file; see `causal_model_from_document`.

    Raises:
        FileFormatError: there is no such file, it is larger than 1 MB, or it holds no causal model; the message names
            the file.
    """
    document = read_document(path, "a causal model")
    with naming(path):
        return causal_model_from_document(document)


def causal_model_from_document(document: object) -> CausalModel:
    """The causal model in a JSON document: `variables`, `values`, `parents` and `mechanisms`, as CausalModel has them.

    `values` may be left out of variables that are 0 or 1. A mechanism is one of

    - a formula over the names of its parents, such as "a & ~b", all of which are 0 or 1;
    - digits such as "0110", one for each combination of parents that are 0 or 1, the first parent's digit leftmost;
    - a list of values, one for each combination of the parents' values, in the order in which they are listed, the last
      parent's varying fastest.

    Raises:
        InputError: the document does not describe one, has a key of another name, or a mechanism of a variable without
            parents; or as CausalModel.

    Example:
        >>> model = causal_model_from_document({
        ...     "variables": ["a", "b", "differ"], "parents": {"differ": ["a", "b"]}, "mechanisms": {"differ": "a ^ b"},
        ... })
        >>> model.run({"a": 1, "b": 0})["differ"]
        1
    """
    if not isinstance(document, dict):
        raise InputError(f"a causal model is a JSON object with {', '.join(KEYS)}")
    if unknown := [key for key in document if key not in (*KEYS, *PAST)]:
        raise InputError(f"a causal model has {quoted(unknown[0])}; its keys are {', '.join(KEYS)}")
    variables, values, parents, mechanisms = (document.get(key, [] if key == "variables" else {}) for key in KEYS)
    if not isinstance(variables, list) or not all(isinstance(part, dict) for part in (values, parents, mechanisms)):
        raise InputError("variables must be a list, and values, parents and mechanisms objects by variable")
    usual = {name: BITS for name in variables if isinstance(name, str)}
    values = usual | values
    for name in mechanisms:
        if name in usual and not parents.get(name):
            raise InputError(
                f"mechanisms gives one for {quoted(name)}, which has no parents: name its parents under parents, or "
                "leave the mechanism of an input out"
            )
    functions = {name: _mechanism(stated, parents.get(name, []), values) for name, stated in mechanisms.items()}
    return CausalModel(variables, values, parents, functions)


def _mechanism(stated: object, parents: list[str], values: Mapping[str, Sequence[Value]]) -> Callable[..., Value]:
    """The function that a file states. It is read at its first call, when the model knows its names to be right."""

    @cache
    def table() -> dict[tuple[Value, ...], Value]:
        return _table(stated, parents, values)

    return lambda *arguments: table()[arguments]


def _table(stated: object, parents: list[str], values: Mapping[str, Sequence[Value]]) -> dict[tuple[Value, ...], Value]:
    if isinstance(stated, list):
        number = math.prod(len(values[parent]) for parent in parents)
        if len(stated) != number:
            raise InputError(f"it has {len(stated)} values; its parents have {number} combinations")
        return dict(zip(itertools.product(*(values[parent] for parent in parents)), stated, strict=True))
    if not isinstance(stated, str):
        raise InputError(f"it is {cut(stated)}; it must be a formula, digits such as 0110, or a list of values")
    others = [parent for parent in parents if set(values[parent]) != set(BITS)]
    if others or len(parents) > MAX_INPUTS:
        raise InputError(
            f"formulas and digits are for at most {MAX_INPUTS} parents with the values 0 and 1, which "
            f"{others[0] if others else f'{len(parents)} parents'} are not; give a list of values"
        )
    function = TruthTable.parse(stated) if re.fullmatch("[01]+", stated) else _formula(stated, parents)
    if function.inputs != len(parents):
        raise InputError(f"it has {function.rows} digits; {len(parents)} parents need {1 << len(parents)}")
    rows = itertools.product(BITS, repeat=len(parents))
    return {arguments: function.bits >> row & 1 for row, arguments in enumerate(rows)}


def _formula(text: str, parents: list[str]) -> TruthTable:
    """The function of a formula over the names of parents."""
    if len(text) > MAX_LENGTH:
        raise InputError(f"the formula has {len(text)} characters; at most {MAX_LENGTH} are read")
    letters = dict(zip(parents, INPUT_NAMES, strict=False))
    unknown = [w for w in re.findall(r"\w+", text) if w not in letters and w.lower() not in CONNECTIVES]
    if unknown:
        raise InputError(f"the formula {cut(text)} names {cut(unknown[0])}; its parents are {', '.join(parents)}")
    return parse_formula(re.sub(r"\w+", lambda word: letters.get(word[0], word[0]), text)).lifted(len(parents))
