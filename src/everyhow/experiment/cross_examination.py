"""Cross-examination: how well each explanation of a network predicts the outcome of the others' interchanges."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import comb
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ..common.arguments import is_whole, listed, quoted
from ..common.errors import InputError
from ..importing.door import as_model
from ..model.model import Model
from ..model.runnable import one_of
from .witness import Explanation, Prediction, Witness, witness

# Patched runs of all explanations together; beyond this, fewer variables are moved at once.
MOST_SWAPS = 200_000


@dataclass(frozen=True, eq=False)
class Swaps:
    """The interchanges of one explanation, those that move fewest variables first, with what the network decides.

    Attributes:
        bases: the input of each.
        sources: for each variable the source that it is taken from, or -1 when it is left alone.
        outcomes: the network's decision.
        predictions: what each explanation predicts, in the order of the examination.
    """

    bases: Int[np.ndarray, " swaps"]
    sources: Int[np.ndarray, "swaps variables"]
    outcomes: Bool[np.ndarray, " swaps"]
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True, eq=False)
class CrossExamination:
    """Every explanation's interchanges, as predicted by every explanation.

    Attributes:
        inputs: of the network.
        explanations: in the order of rows and columns.
        swaps: the interchanges of each.
        most_moved: the most variables moved at once, when not all combinations are tried; None when all are.
    """

    inputs: int
    explanations: tuple[Explanation, ...]
    witnesses: tuple[Witness, ...]
    swaps: tuple[Swaps, ...]
    most_moved: int | None

    def __repr__(self) -> str:
        swaps = sum(len(swaps.outcomes) for swaps in self.swaps)
        return f"CrossExamination({len(self.explanations)} explanations, {swaps:,} swaps)"

    @property
    def matrix(self) -> tuple[tuple[Fraction, ...], ...]:
        """Entry [p][q]: the share of p's interchanges whose outcome q predicts."""
        return tuple(
            tuple(
                Fraction(int((prediction.bits == swaps.outcomes).sum()), len(swaps.outcomes))
                for prediction in swaps.predictions
            )
            for swaps in self.swaps
        )

    @property
    def halfway(self) -> tuple[tuple[int, ...], ...]:
        """Entry [p][q]: how many of p's interchanges leave a variable of q halfway between 0 and 1."""
        return tuple(tuple(int(p.halfway.sum()) for p in swaps.predictions) for swaps in self.swaps)


def cross_examine(
    network: Any,
    explanations: Iterable[Explanation],
    holding: Sequence[Float[np.ndarray, "held neurons"] | None] | None = None,
    most_moved: int | None = None,
) -> CrossExamination:
    """Let every explanation predict the outcome of every explanation's interchanges.

    The interchanges of an explanation are all choices, for each of its variables, of a source to take it from or of
    none, at every base: (inputs + 1)^variables x inputs. The network runs each; what it decides by threshold is the
    outcome. An explanation predicts by reading the patched run through its own variables. A variable that reads
    halfway (within 1e-3) is taken as at the first row.

    Args:
        network: of one output.
        explanations: mappings and readout explanations of it, in any mixture.
        holding: for each explanation what its swaps leave untouched; see `everyhow.readout.interchange`.
        most_moved: the most variables moved at once; as many as keep the patched runs below 200,000 when not given.

    Raises:
        InputError: something that is no such explanation, or does not fit the network.

    Example:
        >>> import everyhow as eh
        >>> one, other, *_ = eh.readouts(eh.xornet())
        >>> eh.cross_examine(eh.xornet(), [one, other]).matrix
        ((Fraction(1, 1), Fraction(9, 10)), (Fraction(1, 1), Fraction(1, 1)))
    """
    model = as_model(network)
    if model.outputs != 1:
        raise InputError(f"explanations are of one output; the {model.kind} has {model.outputs}: {one_of(model)}")
    explanations = tuple(listed("explanations", explanations, "a list of mappings and readout explanations"))
    held = [None] * len(explanations) if holding is None else list(holding)
    if len(held) != len(explanations):
        raise InputError(f"holding has {len(held)} entries for {len(explanations)} explanations; give one for each")
    if most_moved is not None and not is_whole(most_moved, 1):
        raise InputError(f"most_moved is {quoted(most_moved)}; an interchange moves at least 1 variable")
    witnesses = tuple(witness(model, e, h) for e, h in zip(explanations, held, strict=True))
    counts = [len(w.variables) for w in witnesses]
    widest = max(counts, default=0)
    limit = widest if most_moved is None else min(most_moved, widest)
    inputs = 1 << model.features
    while most_moved is None and limit > 1 and sum(_number(inputs, count, limit) for count in counts) > MOST_SWAPS:
        limit -= 1
    found = tuple(_swaps(model, w, witnesses, limit) for w in witnesses)
    return CrossExamination(model.features, explanations, witnesses, found, None if limit >= widest else limit)


def _number(inputs: int, variables: int, most: int) -> int:
    return sum(comb(variables, moved) * inputs ** (moved + 1) for moved in range(most + 1))


def _swaps(model: Model, own: Witness, witnesses: Sequence[Witness], most: int) -> Swaps:
    parts = [_run(model, own, moved) for moved in _moves(len(own.variables), most)]
    bases, sources = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    layers = tuple(np.concatenate(states) for states in zip(*(part[2] for part in parts), strict=True))
    points = model.corners[bases]
    predictions = tuple(w.predict(points, layers) for w in witnesses)
    return Swaps(bases, sources, layers[-1][:, 0] > model.level, predictions)


def _moves(variables: int, most: int) -> Iterator[tuple[int, ...]]:
    for size in range(min(most, variables) + 1):
        yield from combinations(range(variables), size)


def _run(model: Model, own: Witness, moved: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, tuple]:
    """Every base with every source of each moved variable: bases, sources of all variables, and the patched layers."""
    points = model.corners
    choices = np.array(list(product(range(len(points)), repeat=len(moved) + 1)), dtype=np.int64)
    bases, taken = choices[:, 0], choices[:, 1:]
    sources = np.full((len(bases), len(own.variables)), -1)
    sources[:, list(moved)] = taken
    interventions = own.interventions(bases, moved, taken) if moved else []
    return bases, sources, model.states(points[bases], interventions)
