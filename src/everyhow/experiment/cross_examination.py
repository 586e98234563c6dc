"""Cross-examination: how well each explanation of a network predicts the outcome of the others' interchanges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import comb
from typing import Any

import numpy as np

from ..common.arguments import is_whole, listed, quoted
from ..common.attributes import PublicNames
from ..common.errors import InputError
from ..common.progress import Progress, tracked
from ..common.shapes import Bool, Float, Int
from ..common.sql import Table, html_table
from ..importing.door import as_explained
from ..model.behavior import Behavior
from ..model.explanation import Explanation
from ..model.inputs import MOST_TRIED_WHOLE, Inputs, inputs_of, swaps
from ..model.runnable import one_of
from ..readout.interchange import moved_together, spread_over
from .foreseen import Foreseen, Moved, foreseen
from .placed import Placed
from .witness import witness

# Patched runs of all explanations together; beyond this, fewer variables are moved at once.
MOST_SWAPS = 200_000


@dataclass(frozen=True, eq=False)
class Swaps:
    """The interchanges of one explanation, those that move fewest variables first, with what the network decides.

    Attributes:
        bases: the input of each.
        sources: for each variable the source that it is taken from, or -1 when it is left alone.
        outcomes: the network's decision.
        predictions: what each explanation says, in the order of the examination.
        of: how many interchanges of so many variables there are; more than those tried where these are a sample.
    """

    bases: Int[np.ndarray, " swaps"]
    sources: Int[np.ndarray, "swaps variables"]
    outcomes: Bool[np.ndarray, " swaps"]
    predictions: tuple[Foreseen, ...]
    of: int

    def __len__(self) -> int:
        return len(self.outcomes)

    @cached_property
    def moved(self) -> Int[np.ndarray, " swaps"]:
        """How many variables each moves."""
        return (self.sources >= 0).sum(axis=1)

    def right(self, which: int) -> int:
        """Of how many of them an explanation says what the network decides."""
        said = self.predictions[which]
        return int((said.says & (said.bits == self.outcomes)).sum())

    def said(self, which: int) -> int:
        """Of how many of them an explanation says something."""
        return int(self.predictions[which].says.sum())

    def says_of_moved(self, which: int) -> bool:
        """Whether an explanation says something of one that moves a variable."""
        return bool((self.predictions[which].says & (self.moved > 0)).any())


@dataclass(frozen=True, eq=False)
class CrossExamination(PublicNames):
    """Every explanation's interchanges, as predicted by every explanation.

    Attributes:
        inputs: those between which variables are swapped, and the network.
        explanations: in the order of rows and columns.
        witnesses: the explanations, placed in the network.
        swaps: the interchanges of each.
        most_moved: the most variables moved at once, when not all combinations are tried; None when all are.
        seed: of the sample that was drawn of the interchanges; None where all of them were tried.
    """

    inputs: Inputs
    explanations: tuple[Explanation, ...]
    witnesses: tuple[Placed, ...]
    swaps: tuple[Swaps, ...]
    most_moved: int | None
    seed: int | None = None

    def __repr__(self) -> str:
        tried, of = sum(map(len, self.swaps)), sum(swaps.of for swaps in self.swaps)
        sampled = "" if self.seed is None else f" of {of:,}"
        return f"CrossExamination({len(self.explanations)} explanations, {tried:,}{sampled} swaps)"

    def _repr_html_(self) -> str:
        """The matrix as a table for a notebook: of the swaps of a row's explanation, the share that a column's
        predicts."""
        names = [str(one) for one in self.explanations]
        rows = tuple(
            (name, *("" if share is None else float(share) for share in row))
            for name, row in zip(names, self.matrix, strict=True)
        )
        return html_table(Table(("of the swaps of", *names), rows), "The share of swaps predicted right")

    @property
    def matrix(self) -> tuple[tuple[Fraction | None, ...], ...]:
        """Entry [p][q]: of p's interchanges of which q says something, the share whose outcome q predicts; None where q
        says something only of those that move nothing, though p has some that do."""
        return tuple(
            tuple(self._share(swaps, which) for which in range(len(self.explanations))) for swaps in self.swaps
        )

    def _share(self, swaps: Swaps, which: int) -> Fraction | None:
        if swaps.moved.any() and not swaps.says_of_moved(which):
            return None
        return Fraction(swaps.right(which), swaps.said(which))

    @property
    def said(self) -> tuple[tuple[int, ...], ...]:
        """Entry [p][q]: of how many of p's interchanges q says something."""
        return tuple(tuple(swaps.said(which) for which in range(len(self.explanations))) for swaps in self.swaps)

    @property
    def halfway(self) -> tuple[tuple[int, ...], ...]:
        """Entry [p][q]: how many of p's interchanges leave a variable of q halfway between 0 and 1."""
        return tuple(tuple(int(p.halfway.sum()) for p in swaps.predictions) for swaps in self.swaps)

    @property
    def unnatural(self) -> tuple[tuple[int, ...], ...]:
        """Entry [p][q]: in how many of p's interchanges q reads a variable in a state that no input produces."""
        return tuple(tuple(int(p.unnatural.sum()) for p in swaps.predictions) for swaps in self.swaps)


def cross_examine(
    network: Any,
    explanations: Iterable[Explanation],
    holding: Sequence[Float[np.ndarray, "held neurons"] | None] | None = None,
    most_moved: int | None = None,
    *,
    behavior: Behavior | None = None,
    seed: int = 0,
    progress: bool = False,
) -> CrossExamination:
    """Let every explanation predict the outcome of every explanation's interchanges.

    The interchanges of an explanation are all choices, for each of its variables, of a source to take it from or of
    none, at every base: (inputs + 1)^variables x inputs. The network runs each; what it decides by threshold is the
    outcome. Another explanation says something of an interchange where each variable that is moved takes a part of what
    carries a variable of its own with it. It reads these variables of its own in the patched run: one whose carrier
    comes from one input as a whole has its value there; any other has that of the nearest state that an input produces,
    and where two are as near (within 1e-3) that of the first input. What is computed from them follows by the
    algorithm or the gate, and nothing else is read from the run.

    Between more than 64 inputs, at most 200,000 interchanges of all explanations together are tried. Where there are
    more, even with one variable moved at once, a sample of them is drawn, as many for each choice of variables of each
    explanation; `seed` and the `of` of each explanation's swaps then say so.

    Cost: the network runs once for each interchange, and every explanation reads each of these runs.

    Args:
        network: of one output.
        explanations: mappings and readout explanations of it, in any mixture.
        holding: for each explanation what its swaps leave untouched; see `everyhow.readout.interchange`.
        most_moved: the most variables moved at once; as many as keep the patched runs below 200,000 when not given.
        behavior: the inputs, each once, whatever its weight, with the bits known of each (`features` of the behavior);
            the truth table of the network when not given.
        seed: of the sample.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: something that is not such an explanation, or does not fit the network or the behavior; data of
            whose points no bits are known.

    Example:
        >>> import everyhow as eh
        >>> one, other, *_ = eh.readouts(eh.xornet())
        >>> eh.cross_examine(eh.xornet(), [one, other]).matrix
        ((Fraction(1, 1), Fraction(9, 10)), (Fraction(1, 1), Fraction(1, 1)))
    """
    model, behavior = as_explained(network, behavior)
    if model.outputs != 1:
        raise InputError(f"explanations are of one output; the {model.kind} has {model.outputs}: {one_of(model)}")
    explanations = tuple(listed("explanations", explanations, "a list of mappings and readout explanations"))
    held = [None] * len(explanations) if holding is None else list(holding)
    if len(held) != len(explanations):
        raise InputError(f"holding has {len(held)} entries for {len(explanations)} explanations; give one for each")
    if most_moved is not None and not is_whole(most_moved, 1):
        raise InputError(f"most_moved is {quoted(most_moved)}; an interchange moves at least 1 variable")
    if not is_whole(seed, 0):
        raise InputError(f"seed is {quoted(seed)}; it is a whole number of at least 0")
    inputs = inputs_of(model, behavior)
    witnesses = tuple(witness(e, inputs, h) for e, h in zip(explanations, held, strict=True))
    counts = [len(e.parts) for e in explanations]
    widest = max(counts, default=0)
    limit = widest if most_moved is None else min(most_moved, widest)

    def number(limit: int) -> int:
        return sum(_number(len(inputs), count, limit) for count in counts)

    while most_moved is None and limit > 1 and number(limit) > MOST_SWAPS:
        limit -= 1
    moves = [list(moved_together(count, limit)) for count in counts]
    sampled = len(inputs) > MOST_TRIED_WHOLE and number(limit) > MOST_SWAPS
    most = max(1, MOST_SWAPS // sum(map(len, moves))) if sampled else None
    with Progress(progress).doing("interchanges"):
        each_own = tracked(zip(witnesses, counts, moves, strict=True), len(witnesses), "interchanges of explanations")
        found = tuple(
            _swaps(inputs, own, count, [(moved, *swaps(len(inputs), moved, most, seed)) for moved in each], witnesses)
            for own, count, each in each_own
        )
    return CrossExamination(
        inputs, explanations, witnesses, found, None if limit >= widest else limit, seed if sampled else None
    )


def _number(inputs: int, variables: int, most: int) -> int:
    """How many interchanges move at most so many variables."""
    return sum(comb(variables, moved) * inputs ** (moved + 1) for moved in range(most + 1))


def _swaps(
    inputs: Inputs,
    own: Placed,
    variables: int,
    chosen: Sequence[tuple[tuple[int, ...], np.ndarray, np.ndarray]],
    witnesses: Sequence[Placed],
) -> Swaps:
    """The interchanges of one witness of so many variables, each chosen by the variables that it moves, its base and
    its sources; and what all witnesses predict of them."""
    model, runs = inputs.model, []
    for moved, bases, taken in chosen:
        held = own.interventions(bases, moved, taken) if moved else []
        runs.append(model.states(inputs.points[bases], held))
    bases = np.concatenate([bases for _, bases, _ in chosen])
    sources = np.concatenate([spread_over(variables, moved, taken) for moved, _, taken in chosen])
    states = tuple(np.concatenate(each) for each in zip(*runs, strict=True))
    moved = Moved(own, bases, sources, states)
    said = tuple(foreseen(one, moved) for one in witnesses)
    number = sum(len(inputs) ** (len(moved) + 1) for moved, _, _ in chosen)
    return Swaps(bases, sources, states[-1][:, 0] > model.level, said, number)
