"""A hypothesis: an algorithm or a causal model, and what is said to carry each of its variables."""

from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

from ..boolean.algorithm_formulas import parse_algorithm, parse_literal
from ..boolean.algorithms import Algorithm, Inner, Tree
from ..common.arguments import listed, quoted
from ..common.display import Displayed
from ..common.errors import InputError
from ..mapping.causal_models import CausalModel
from ..mapping.mapping import Mapping
from .carriers import ALLOWED, SEARCHED, Carrier, carrier_of

Stated = Algorithm | CausalModel
WHAT = 'a formula such as "OR(AND(A,~B), AND(~A,B))", an Algorithm, a Mapping, or a CausalModel'


@dataclass(frozen=True)
class Hypothesis(Displayed):
    """What somebody believes of a model: an algorithm or a causal model, with a place for each of its inner variables.

    Two are the same when what they state and the places are; of a causal model, when it is one and the same value.

    Attributes:
        stated: the algorithm, or the causal model.
        carriers: for each variable, in the order of `variables`, what carries it; "?" where that is searched for.
        task: what the model is believed to compute, where the hypothesis says so.
    """

    stated: Stated
    carriers: tuple[Carrier, ...]
    task: str | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the inner variables."""
        return variables_of(self.stated)

    @property
    def title(self) -> str:
        """The formula, or the variables of the causal model."""
        return title_of(self.stated)

    @property
    def searched(self) -> tuple[str, ...]:
        """The variables whose place is searched for."""
        pairs = zip(self.variables, self.carriers, strict=True)
        return tuple(name for name, carrier in pairs if not carrier.names)

    def __str__(self) -> str:
        pairs = zip(self.variables, self.carriers, strict=True)
        placed = "; ".join(f"{name} in {carrier}" for name, carrier in pairs) or "no variable to place"
        return f"{self.title}: {placed}"

    def __repr__(self) -> str:
        return f"Hypothesis({self})"

    def over(self, inputs: int) -> "Hypothesis":
        """The same hypothesis of a model of so many inputs; an algorithm that names fewer ignores the others.

        Raises:
            InputError: the algorithm or the causal model has more inputs, or a causal model fewer.
        """
        return replace(self, stated=stated_over(self.stated, inputs))

    def document(self) -> dict[str, Any]:
        """The hypothesis as plain values."""
        pairs = zip(self.variables, self.carriers, strict=True)
        said: dict[str, Any] = {} if self.task is None else {"task": self.task}
        return {"states": self.title, **said, "places": {name: str(carrier) for name, carrier in pairs}}


def hypothesis(stated: Any, places: Any = None, task: str | None = None) -> Hypothesis:
    """A hypothesis about a model, to be put to the test by `eh.test`.

    A variable of an algorithm and its complement are one variable, so a place may be given for either.

    Args:
        stated: a formula, gate by gate, such as "OR(AND(A,~B), AND(~A,B))" or "A & ~B | ~A & B"; an Algorithm; a
            CausalModel of any values; or a Mapping, which has its places with it.
        places: for each inner variable, by its formula or its name, what carries it: a neuron ("h1.1"), several
            ("h1.0 + h1.2", or a list of names), a code of one layer ("h1.0 - h1.2": with a minus sign or a number), or
            "?" where it is searched for. Or a list of these in the order of the variables.
        task: what the model is believed to compute: a gate, a formula or a truth table; not said when not given.

    Raises:
        InputError: a formula that is not an algorithm or may be several, a variable without a place, a place of
            something that is not a variable or may be of two, or a place that is not read.

    Example:
        >>> print(hypothesis("OR(AND(A,~B), AND(~A,B))", {"AND(A,~B)": "h1.1", "AND(~A,B)": "h1.0"}))
        OR(AND(A,¬B), AND(¬A,B)): AND(A,¬B) in h1.1; AND(¬A,B) in h1.0
    """
    what = _what(stated)
    known = what if places is None else (what[0], places)
    if task is not None and not isinstance(task, str):
        raise InputError(f"task is {quoted(task)}; give a gate, a formula or a truth table as a text, such as XOR")
    return Hypothesis(known[0], _carriers(*known), task)


@singledispatch
def _what(stated: Any) -> tuple[Stated, Any]:
    """What is stated, and the places that come with it."""
    raise InputError(f"a hypothesis states {quoted(stated)}; give {WHAT}")


@_what.register
def _(stated: str) -> tuple[Stated, Any]:
    return parse_algorithm(stated), {}


@_what.register
def _(stated: Algorithm) -> tuple[Stated, Any]:
    return stated, {}


@_what.register
def _(stated: CausalModel) -> tuple[Stated, Any]:
    return stated, {}


@_what.register
def _(stated: Mapping) -> tuple[Stated, Any]:
    return stated.algorithm, list(stated.sets)


@singledispatch
def variables_of(stated: Any) -> tuple[str, ...]:
    """The names of the inner variables of an algorithm or a causal model."""
    raise TypeError(f"a {type(stated).__name__} has no variables")


@variables_of.register
def _(stated: Algorithm) -> tuple[str, ...]:
    return tuple(variable.name for variable in stated.variables)


@variables_of.register
def _(stated: CausalModel) -> tuple[str, ...]:
    return stated.inner


@singledispatch
def title_of(stated: Any) -> str:
    """What an algorithm or a causal model is called."""
    raise TypeError(f"a {type(stated).__name__} has no title")


@title_of.register
def _(stated: Algorithm) -> str:
    return str(stated)


@title_of.register
def _(stated: CausalModel) -> str:
    inputs, inner = ", ".join(stated.inputs), ", ".join(stated.inner)
    return f"the causal model of {stated.output} from {inputs}" + (f" through {inner}" if inner else "")


def mechanism_lines(model: CausalModel, places: Sequence[str]) -> list[str]:
    """The variables of a causal model with their parents, in lines, each inner one with its place.

    Example:
        >>> bits = [0, 1]
        >>> sides = CausalModel(
        ...     ["A", "B", "Y"], {"A": bits, "B": bits, "Y": bits}, {"Y": ["A", "B"]}, {"Y": lambda a, b: a & b}
        ... )
        >>> mechanism_lines(sides, [])
        ['inputs: A, B', 'Y of A, B, the output']
    """
    said = {
        **{name: f", in {place}" for name, place in zip(model.inner, places, strict=True)},
        model.output: ", the output",
    }
    return [
        f"inputs: {', '.join(model.inputs)}",
        *(f"{name} of {', '.join(model.parents[name])}{end}" for name, end in said.items()),
    ]


@singledispatch
def stated_over(stated: Any, inputs: int) -> Any:
    """The same algorithm or causal model over so many inputs."""
    raise TypeError(f"a {type(stated).__name__} has no inputs")


@stated_over.register
def _(stated: Algorithm, inputs: int) -> Algorithm:
    if stated.inputs > inputs:
        raise InputError(
            f"the hypothesis {stated} is over {stated.inputs} inputs, and the model has {inputs}; state one over the "
            f"inputs of the model"
        )
    return stated if stated.inputs == inputs else Algorithm(inputs, stated.tree, stated.negated)


@stated_over.register
def _(stated: CausalModel, inputs: int) -> CausalModel:
    if len(stated.inputs) != inputs:
        raise InputError(
            f"the causal model has {len(stated.inputs)} inputs ({', '.join(stated.inputs)}), and the model to be "
            f"explained has {inputs}; state one with as many inputs, in the same order"
        )
    return stated


def _carriers(stated: Stated, places: Any) -> tuple[Carrier, ...]:
    names = variables_of(stated)
    if not isinstance(places, ReadOnly):
        given = listed("places", places, f"a dictionary of a place for each variable, or a list: {ALLOWED}")
        if len(given) != len(names):
            raise InputError(f"places has {len(given)} entries, and there are {len(names)} variables: {_told(names)}")
        return tuple(carrier_of(one, name) for one, name in zip(given, names, strict=True))
    placed: dict[int, Carrier] = {}
    for key, place in places.items():
        k = _variable(stated, key)
        if k in placed:
            raise InputError(f"places gives {names[k]} twice (a variable and its complement are one); give it once")
        placed[k] = carrier_of(place, names[k])
    missing = [name for k, name in enumerate(names) if k not in placed]
    if missing:
        raise InputError(
            f"places leaves out {', '.join(missing)}; give each variable a neuron, several or a code, or "
            f'"{SEARCHED}" for it to be searched for'
        )
    return tuple(placed[k] for k in range(len(names)))


def _told(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none, since no gate stands below another"


@singledispatch
def _numbers(stated: Any, key: str) -> list[int]:
    """The variables, by their numbers, that a text names."""
    raise TypeError(f"a {type(stated).__name__} has no variables")


@_numbers.register
def _(stated: CausalModel, key: str) -> list[int]:
    return [k for k, name in enumerate(stated.inner) if name == key]


@_numbers.register
def _(stated: Algorithm, key: str) -> list[int]:
    try:
        tree = parse_literal(key).tree
    except InputError:
        return []
    return [k for k, variable in enumerate(stated.variables) if _below(stated.tree, variable.path) == tree]


def _below(tree: Tree, path: tuple[int, ...]) -> Tree:
    for side in path:
        assert isinstance(tree, Inner)
        tree = tree.right if side else tree.left
    return tree


def _variable(stated: Stated, key: Any) -> int:
    """The number of the variable that a key of `places` names."""
    names = variables_of(stated)
    found = _numbers(stated, key) if isinstance(key, str) else []
    if not found:
        raise InputError(
            f"places gives {quoted(key)}, which is not a variable of {title_of(stated)}; its variables are "
            f"{_told(names)}"
        )
    if len(found) > 1:
        raise InputError(
            f"places gives {quoted(key)}, and {len(found)} variables of {title_of(stated)} are called so (numbers "
            f"{' and '.join(str(k + 1) for k in found)} of {_told(names)}); give a list of places in this order"
        )
    return found[0]
