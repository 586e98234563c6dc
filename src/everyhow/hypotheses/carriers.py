"""What carries a variable, as people write it: h1.1, h1.0 + h1.2, the code h1.0 - h1.2, or "?" for what is searched."""

import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..common.arguments import listed, quoted
from ..common.errors import InputError
from ..experiment.placed import Carried
from ..mapping.signatures import NeuronSet
from ..model.graph import Graph
from ..model.patching import hidden_node
from ..readout.code import Code, code_text

SEARCHED = "?"
# A term of a place: its sign, its number and its neuron.
TERM = re.compile(r"\s*([+-]?)\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)\s*\*?\s*)?([A-Za-z_][\w.]*)")
LONGEST = 2000
ALLOWED = (
    'a neuron ("h1.1"), several ("h1.0 + h1.2", or a list of names), a code of one layer ("h1.0 - h1.2", "h1.0 + h1.1 '
    '- 2 h1.2", "1 h1.0 + 1 h1.2"), or "?" for what is searched for'
)


@dataclass(frozen=True)
class Carrier:
    """What a person says carries a variable, by names, in the order of these.

    Attributes:
        names: of the neurons; none where they are searched for.
        coefficients: of a code, one for each name; None where the neurons are held themselves.
        neurons: where they were given by their numbers, as in a mapping; the names are then the usual ones.
    """

    names: tuple[str, ...]
    coefficients: tuple[float, ...] | None = None
    neurons: NeuronSet | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        if not self.names:
            return SEARCHED
        return " + ".join(self.names) if self.coefficients is None else code_text(self.coefficients, self.names)

    @property
    def document(self) -> str:
        """The carrier as it is written; what is read from it is this carrier again."""
        return str(self)


def carrier_of(given: Any, variable: str) -> Carrier:
    """What somebody says carries a variable.

    Args:
        given: a text; a list of names; a NeuronSet; or a Carrier.
        variable: for messages.

    Raises:
        InputError: something else, a text that is not read, or a neuron twice.

    Example:
        >>> carrier_of("h1.0+h1.2", "AND(A,B)"), str(carrier_of("h1.0 - 2*h1.2", "AND(A,B)"))
        (Carrier(names=('h1.0', 'h1.2'), coefficients=None), 'h1.0 - 2 h1.2')
    """
    if isinstance(given, Carrier):
        return given
    if isinstance(given, NeuronSet):
        return Carrier(tuple(given.named().split(" + ")), None, given)
    if isinstance(given, str):
        return SEARCH if given.strip() == SEARCHED else _of_text(given, variable)
    names = listed(f"the place of {variable}", given, ALLOWED)
    if not names or not all(isinstance(name, str) and TERM.fullmatch(name.strip()) for name in names):
        raise InputError(f"the place of {variable} is {quoted(given)}; give {ALLOWED}")
    if len(names) == 1:
        return carrier_of(names[0], variable)
    parts = [_of_text(name, variable) for name in names]
    if any(part.coefficients is not None for part in parts):
        raise InputError(
            f"the place of {variable} is {quoted(given)}: a list names neurons, without signs and numbers; write a "
            f'code as one text, such as "h1.0 - h1.2"'
        )
    return _checked(Carrier(tuple(name for part in parts for name in part.names)), variable)


SEARCH = Carrier(())


def _of_text(text: str, variable: str) -> Carrier:
    terms, position, end = [], 0, len(text.rstrip())
    while position < end and len(text) <= LONGEST:
        match = TERM.match(text, position)
        # Without a sign, two names stand side by side.
        if match is None or (position and not match[1]):
            break
        terms.append(match.groups())
        position = match.end()
    if position < end or not terms:
        raise InputError(f"the place of {variable} is {quoted(text)}; give {ALLOWED}")
    names = tuple(name for _, _, name in terms)
    if all(sign != "-" and number is None for sign, number, _ in terms) and terms[0][0] != "+":
        return _checked(Carrier(names), variable)
    coefficients = tuple((-1.0 if sign == "-" else 1.0) * float(number or 1) for sign, number, _ in terms)
    if not all(value and math.isfinite(value) for value in coefficients):
        raise InputError(
            f"the code {quoted(text)} of {variable} has a coefficient of 0 or infinity; leave that neuron out"
        )
    return _checked(Carrier(names, coefficients), variable)


def _checked(carrier: Carrier, variable: str) -> Carrier:
    twice = [name for name in carrier.names if carrier.names.count(name) > 1]
    if twice:
        raise InputError(f"the place of {variable} names {twice[0]} twice; name it once")
    order = sorted(range(len(carrier.names)), key=lambda k: _natural(carrier.names[k]))
    coefficients = None if carrier.coefficients is None else tuple(carrier.coefficients[k] for k in order)
    return Carrier(tuple(carrier.names[k] for k in order), coefficients)


def _natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """The key that orders names, numbers in them by their size."""
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name))


def carried(carrier: Carrier, graph: Graph, variable: str, residual: bool = False) -> Carried:
    """What carries a variable in a model of this graph.

    Args:
        carrier: as somebody says it.
        graph: of the model.
        variable: for messages.
        residual: whether places of the model may span stages (`Runnable.residual`).

    Raises:
        InputError: a neuron that is not there, neurons of several layers, or a code of nodes that hold several numbers.
    """
    if carrier.neurons is not None:
        nodes, sizes = carrier.neurons.nodes, graph.sizes
        if all(0 < stage < graph.last and place < sizes[stage] for stage, place in nodes):
            return carrier.neurons
    nodes = sorted(hidden_node(graph, name, f"the place of {variable}") for name in carrier.names)
    stages = sorted({node.stage for node in nodes})
    if carrier.coefficients is None and residual:
        return NeuronSet.of(nodes, map(graph.name, nodes))
    if len(stages) > 1:
        raise InputError(
            f"the place of {variable} is {carrier}, which names neurons of layers "
            f"{' and '.join(map(str, stages))}; what carries a variable lies in one layer: name neurons of one"
        )
    if carrier.coefficients is None:
        return NeuronSet(stages[0], tuple(node.place for node in nodes))
    if graph.numbers[stages[0]] > 1:
        raise InputError(
            f"the place of {variable} is the code {carrier}, but each node there holds {graph.numbers[stages[0]]} "
            f"numbers; codes are of nodes that hold one number: name the nodes themselves"
        )
    coefficients = np.zeros(graph.sizes[stages[0]])
    coefficients[[hidden_node(graph, name, "the code").place for name in carrier.names]] = carrier.coefficients
    return Code(stages[0], coefficients, graph.names[stages[0]])
