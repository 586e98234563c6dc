"""Causal models: variables, their values, their parents, and mechanisms that give a value from those of the parents."""

import graphlib
import itertools
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeGuard

from ..common.budget import rounded
from ..common.errors import InputError
from ..common.reading import cut

Value = Hashable
Setting = Mapping[str, Value]
# A mechanism is called once for each combination of its parents' values, and the results are kept.
MOST_COMBINATIONS = 1 << 20
# More variables than any network here has places for; each is forced at every input.
MOST_VARIABLES = 1000
# Faults shown in one message.
MOST_SHOWN = 20


@dataclass(frozen=True, eq=False)
class CausalModel:
    """A model of any values over any graph without cycles, as pyvene and the causal-abstraction literature have them.

    Inputs are the variables without parents. The output is the one variable without children. A model calls every
    mechanism once for each combination of the parents' values when it is made, and never again.

    Args:
        variables: the names of the variables.
        values: for each variable the values that it can take.
        parents: for each variable the names of its parents; an input may be left out.
        mechanisms: for each variable with parents a function of the parents' values, in their order; mechanisms of
            inputs are ignored.

    Raises:
        InputError: unknown, missing or repeated names or values, a cycle, not exactly one output, or a mechanism that
            fails or gives something that is not a value of its variable. The message tells all faults at once.

    Example:
        >>> bits = [0, 1]
        >>> model = CausalModel(
        ...     ["a", "b", "sum", "odd"], {"a": bits, "b": bits, "sum": [0, 1, 2], "odd": bits},
        ...     {"sum": ["a", "b"], "odd": ["sum"]}, {"sum": lambda a, b: a + b, "odd": lambda s: s % 2},
        ... )
        >>> model.run({"a": 1, "b": 0})["odd"], model.interchange({"a": 1, "b": 0}, {"sum": {"a": 1, "b": 1}})["odd"]
        (1, 0)
    """

    variables: Sequence[str]
    values: Mapping[str, Sequence[Value]]
    parents: Mapping[str, Sequence[str]]
    mechanisms: Mapping[str, Callable[..., Value]] = field(repr=False)
    tables: Mapping[str, Mapping[tuple[Value, ...], Value]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _refuse(_faults_of_names(self.variables, self.values, self.parents))
        variables = tuple(self.variables)
        parents = {name: tuple(self.parents.get(name, ())) for name in variables}
        values = {name: tuple(self.values[name]) for name in variables}
        _refuse(_faults_of_graph(variables, parents, self.mechanisms, values))
        tables, faults = {}, []
        for name in variables:
            if parents[name]:
                tables[name], found = _table(
                    name, self.mechanisms[name], [values[p] for p in parents[name]], values[name]
                )
                faults += found
        _refuse(faults)
        object.__setattr__(self, "variables", variables)
        object.__setattr__(self, "values", MappingProxyType(values))
        object.__setattr__(self, "parents", MappingProxyType(parents))
        object.__setattr__(self, "tables", MappingProxyType(tables))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The variables without parents, in the order of `variables`."""
        return tuple(name for name in self.variables if not self.parents[name])

    @property
    def output(self) -> str:
        """The variable without children."""
        return _childless(self.variables, self.parents)[0]

    @property
    def inner(self) -> tuple[str, ...]:
        """The variables that are neither inputs nor the output."""
        return tuple(name for name in self.variables if self.parents[name] and name != self.output)

    @cached_property
    def _order(self) -> tuple[str, ...]:
        return tuple(graphlib.TopologicalSorter(self.parents).static_order())

    def run(self, inputs: Setting, interventions: Setting | None = None) -> dict[str, Value]:
        """The value of every variable at `inputs` when the variables of `interventions` are held at the values given.

        Raises:
            InputError: an input has no value, a value is given to a variable that is not an input or not known, or the
                variable does not take that value.
        """
        held = dict(interventions or {})
        self._check(inputs, self.inputs, "an input")
        self._check(held, self.variables, "a variable")
        missing = [name for name in self.inputs if name not in inputs and name not in held]
        if missing:
            raise InputError(f"no value for {', '.join(missing)}; every input needs one")
        setting: dict[str, Value] = {}
        for name in self._order:
            if name in held:
                setting[name] = held[name]
            elif self.parents[name]:
                setting[name] = self.tables[name][tuple(setting[parent] for parent in self.parents[name])]
            else:
                setting[name] = inputs[name]
        return {name: setting[name] for name in self.variables}

    def interchange(self, base: Setting, sources: Mapping[str, Setting]) -> dict[str, Value]:
        """The value of every variable at `base` when each variable of `sources` is held at the value that it has when
        the model runs on the inputs given for it."""
        self._check_names(sources, self.variables, "a variable")
        return self.run(base, {name: self.run(source)[name] for name, source in sources.items()})

    def _check(self, setting: Setting, allowed: Sequence[str], what: str) -> None:
        self._check_names(setting, allowed, what)
        for name, value in setting.items():
            if value not in self.values[name]:
                raise InputError(f"{name} is given {value!r}; its values are {_listed(self.values[name])}")

    @staticmethod
    def _check_names(setting: Iterable[str], allowed: Sequence[str], what: str) -> None:
        wrong = [name for name in setting if name not in allowed]
        if wrong:
            raise InputError(f"{wrong[0]!r} is not {what} of the model; there are {', '.join(allowed)}")


def _refuse(faults: list[str]) -> None:
    if faults:
        more = [f"and {len(faults) - MOST_SHOWN:,} more"] if len(faults) > MOST_SHOWN else []
        raise InputError("the causal model is not usable: " + "; ".join(faults[:MOST_SHOWN] + more))


def _faults_of_names(variables: object, values: object, parents: object) -> list[str]:
    """Faults of names and values; while there are any, the graph is not checked."""
    if not _is_list(variables) or not variables:
        return ["variables must be a list of names that is not empty"]
    if len(variables) > MOST_VARIABLES:
        return [f"there are {len(variables):,} variables; at most {MOST_VARIABLES:,} are taken"]
    if not all(isinstance(name, str) and name for name in variables):
        return ["every variable must be a name in quotes"]
    if not isinstance(values, Mapping) or not isinstance(parents, Mapping):
        return ["values and parents must give a list for each variable"]
    known = Counter(variables)
    faults = [f"variable {cut(name)} is listed twice" for name, number in known.items() if number > 1]
    for item, given in (("values", values), ("parents", parents)):
        faults += [f"{item} are given for {cut(name)}, which is not a variable" for name in given if name not in known]
        faults += [
            f"the {item} of {cut(name)} must be a list" for name, listed in given.items() if not _is_list(listed)
        ]
    for name in known:
        if name not in values or (_is_list(values[name]) and not len(values[name])):
            faults.append(f"variable {cut(name)} has no values")
        elif _is_list(values[name]):
            faults += _faults_of_values(name, values[name])
    for name, listed in parents.items():
        if _is_list(listed):
            strange = [parent for parent in listed if not isinstance(parent, str) or parent not in known]
            faults += [f"parent {cut(parent)} of {cut(name)} is not a variable" for parent in strange]
            faults += [f"{cut(name)} has a parent twice"] if not strange and len(set(listed)) < len(listed) else []
    return faults


def _is_list(listed: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(listed, Sequence) and not isinstance(listed, str)


def _faults_of_values(name: str, listed: Sequence[Any]) -> list[str]:
    try:
        repeated = len(set(listed)) < len(listed)
    except TypeError:
        return [f"the values of {cut(name)} must be numbers, texts, or others that can be told apart"]
    return [f"a value of {cut(name)} is listed twice (true and 1 are the same)"] if repeated else []


def _faults_of_graph(
    variables: tuple[str, ...],
    parents: Mapping[str, tuple[str, ...]],
    mechanisms: object,
    values: Mapping[str, tuple[Value, ...]],
) -> list[str]:
    """Faults of edges and mechanisms; while there are any, no mechanism is called."""
    if not isinstance(mechanisms, Mapping):
        return ["mechanisms must give a function for each variable with parents"]
    faults = [
        f"a mechanism is given for {cut(name)}, which is not a variable" for name in mechanisms if name not in parents
    ]
    try:
        graphlib.TopologicalSorter(parents).prepare()
    except graphlib.CycleError as error:
        faults.append(f"there is a cycle: {cut(' -> '.join(error.args[1]))}")
    ends = _childless(variables, parents)
    if len(ends) != 1:
        found = f"these have none: {cut(', '.join(ends))}" if ends else "every variable has some"
        faults.append(f"one variable must have no children, the output; {found}")
    elif not parents[ends[0]]:
        faults.append(f"the output {cut(ends[0])} has no parents")
    for name in variables:
        if parents[name]:
            number = math.prod(len(values[parent]) for parent in parents[name])
            if not callable(mechanisms.get(name)):
                faults.append(f"variable {cut(name)} has parents but no mechanism")
            if number > MOST_COMBINATIONS:
                shown = f"{number:,}" if number < 10**12 else rounded(number) if number < 10**4000 else "very many"
                faults.append(f"the parents of {cut(name)} have {shown} combinations; at most {MOST_COMBINATIONS:,}")
    return faults


def _childless(variables: Sequence[str], parents: Mapping[str, Sequence[str]]) -> list[str]:
    used = {parent for listed in parents.values() for parent in listed}
    return [name for name in variables if name not in used]


def _table(
    name: str, mechanism: Callable[..., Value], arguments: list[tuple[Value, ...]], values: Sequence[Value]
) -> tuple[dict[tuple[Value, ...], Value], list[str]]:
    """What a mechanism gives at every combination of the parents' values, and the first fault found."""
    table: dict[tuple[Value, ...], Value] = {}
    allowed = {value: value for value in values}
    for combination in itertools.product(*arguments):
        shown = f"the mechanism of {cut(name)} at {cut(combination)}"
        try:
            table[combination] = allowed[mechanism(*combination)]
        except InputError as error:
            return table, [f"the mechanism of {cut(name)}: {error}"]
        except KeyError as error:
            return table, [f"{shown} gives {cut(error.args[0])}, which is not one of its values {cut(tuple(values))}"]
        except Exception as error:  # whatever else a mechanism raises is a fault of the model
            return table, [f"{shown} fails: {cut(str(error))}"]
    return table, []


def _listed(values: Iterable[Value]) -> str:
    return ", ".join(map(repr, values))
