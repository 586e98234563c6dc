"""What is to be said first of the places of a hypothesis: those in which any variable would pass, and those that carry
nothing."""

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

from ..boolean.algorithms import Algorithm
from ..boolean.partitions import partitions
from ..common.spoken import joined
from ..experiment.placed import is_code
from ..mapping.causal_models import CausalModel
from .phrases import count_of, number_text
from .placed import PlacedHypothesis

# The ways to group more inputs than these have more digits than anybody reads.
MOST_GROUPED = 16


def place_lines(placed: PlacedHypothesis) -> tuple[str, ...]:
    """What makes it easy, or impossible, for any variable to pass in the places of a hypothesis, in sentences."""
    return (*_still_lines(placed), *_alone_lines(placed), *_code_lines(placed), *_idle_lines(placed))


def still_line(placed_name: str, value: float | None) -> str:
    """What is said of a node that has one value at every input, of several numbers where no value is given.

    Example:
        >>> still_line("h1.2", -0.0)
        'h1.2 is 0 at every input, so that it carries nothing.'
    """
    if value is None:
        return f"{placed_name} writes the same at every input, so that it carries nothing."
    return f"{placed_name} is {number_text(value)} at every input, so that it carries nothing."


def decides(placed: PlacedHypothesis, k: int) -> bool:
    """Whether the output follows from variable k alone."""
    every = (1 << placed.count) - 1
    return all(row in (0, every) for row in placed.placeable.needed(k))


def _still_lines(placed: PlacedHypothesis) -> Iterator[str]:
    graph = placed.model.graph
    for stage, place in dict.fromkeys(node for nodes in placed.nodes for node in nodes):
        if place not in placed.varying(stage):
            value = float(placed.natural[stage][0, place]) if graph.numbers[stage] == 1 else None
            yield still_line(graph.names[stage][place], value)


def _alone_lines(placed: PlacedHypothesis) -> Iterator[str]:
    """Places of which the decision follows alone, so that any variable passes that the output follows from."""
    alone = [k for k in range(len(placed.names)) if placed.decides_alone(k)]
    passing = [k for k in alone if decides(placed, k)]
    if passing:
        where = joined([_why_alone(placed, k) for k in passing])
        yield f"{where}: any variable that determines the output passes there{_of(placed)}."
    for k in alone:
        if k not in passing:
            name = placed.names[k]
            yield (
                f"{_why_alone(placed, k)}: only a variable that determines the output passes there, and {name} does "
                f"not determine it."
            )
    if passing and len(passing) == len(placed.names):
        each = "The only variable has" if len(passing) == 1 else "Every variable has"
        yield f"{each} such a place, so that passing here is not evidence for {joined(placed.names)}."


def _why_alone(placed: PlacedHypothesis, k: int) -> str:
    """Why the decision follows from what carries a variable alone."""
    nodes, layer = placed.nodes[k], placed.carriers[k].first
    verb = "decides" if len(nodes) == 1 or is_code(placed.carriers[k]) else "decide"
    if placed.model.residual:
        return f"{placed.carrier(k)} {verb} alone, whatever else goes by"
    if not is_code(placed.carriers[k]) and {node.place for node in nodes} >= set(placed.varying(layer)):
        return f"{placed.carrier(k)} is everything that varies in layer {layer}"
    return f"{placed.carrier(k)} {verb} alone, whatever the rest of layer {layer} holds"


def _of(placed: PlacedHypothesis) -> str:
    """How many variables determine the output, two being the same when they group the inputs alike."""
    if placed.count > MOST_GROUPED:
        return ""
    ones = int(placed.placeable.decided(()).sum())
    number, every = partitions(ones) * partitions(placed.count - ones), partitions(placed.count)
    return f" ({number:,} of the {every:,} ways to group the {placed.count} inputs)"


def _code_lines(placed: PlacedHypothesis) -> Iterator[str]:
    """Of layers that are read by codes, whether every signal has a code there, whatever the model does."""
    for layer in sorted({one.first for one in placed.carriers if is_code(one)}):
        if placed.reads_all(layer):
            neurons, inputs = count_of(placed.rank(layer), "independent neuron"), count_of(placed.count, "input")
            yield (
                f"Layer {layer} has {neurons} at {inputs}, so every Boolean signal has a code there, as in any such "
                f"layer: that these codes read the variables says little."
            )


def _idle_lines(placed: PlacedHypothesis) -> Iterator[str]:
    """Variables that change nothing whatever their value is."""
    for k, name in enumerate(placed.names):
        if set(placed.placeable.needed(k)) == {_whole(placed)}:
            yield (
                f"{name} never changes {_output(placed.stated)}: any {placed.model.nodes} that change no decision pass "
                f"as its place, and it can be left out."
            )


def _whole(placed: PlacedHypothesis) -> int:
    return sum(1 << k for k, decided in enumerate(placed.placeable.decided(())) if decided)


@singledispatch
def _output(stated: Any) -> str:
    """What the output is called."""
    raise TypeError(f"a {type(stated).__name__} has no output")


@_output.register
def _(stated: Algorithm) -> str:
    return "the output"


@_output.register
def _(stated: CausalModel) -> str:
    return stated.output
