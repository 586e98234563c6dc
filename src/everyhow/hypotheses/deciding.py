"""What decides between two hypotheses: each carries out interchanges, and predicts those of the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ..common.arguments import is_whole, quoted
from ..common.display import Displayed
from ..common.errors import InputError
from ..experiment.cross_examination import cross_examine
from ..experiment.deciding import Dispute, swap_dispute
from ..experiment.witness import HALFWAY, Patched, Prediction, Witness, witness
from ..model.explanation import Explanation
from ..model.inputs import Inputs
from ..model.model import Model
from ..readout.interchange import ReadoutInterchange
from .climbing import Taken
from .files import as_hypothesis
from .hypothesis import Hypothesis
from .placed import PlacedHypothesis, read_last
from .understanding import Understood, in_model, placeable, understood
from .words import joined, on, values_of

NAMES = ("first", "second")


@dataclass(frozen=True, eq=False)
class HypothesisWitness(Witness):
    """A placed hypothesis, ready to be examined.

    A variable reads as it does in the natural state that is nearest on what carries it. Only the variables that the
    output is computed from are read; a variable below another one does not count.
    """

    inputs: Inputs
    explanation: PlacedHypothesis

    def interventions(self, bases, moved, sources):
        return self.explanation.interventions(bases, moved, sources)

    def predict(self, bases: Int[np.ndarray, " swaps"], patched: Patched) -> Prediction:
        placed, unsure = self.explanation, np.zeros(len(bases), dtype=bool)
        last = read_last(placed.stated)
        values = np.zeros((len(bases), len(last)), dtype=np.int64)
        for column, k in enumerate(last):
            states = patched[placed.carriers[k].layer]
            values[:, column], halfway = _nearest(
                placed.read(k, states.reshape(len(states), -1)),
                placed.read(k, placed.natural[placed.carriers[k].layer]),
                np.array(placed.own[k]),
            )
            unsure |= halfway
        bits = np.zeros(len(bases), dtype=bool)
        for held in np.unique(values, axis=0):
            those = (values == held).all(axis=1)
            decided = placed.placeable.decided(tuple(zip(last, held.tolist(), strict=True)))
            bits[those] = decided[bases[those]]
        return Prediction(bits, unsure)

    def interchange(self, most_moved: int | None, seed: int) -> ReadoutInterchange | None:
        return None


def _nearest(
    seen: Float[np.ndarray, "runs read"], natural: Float[np.ndarray, "inputs read"], own: Int[np.ndarray, " inputs"]
) -> tuple[Int[np.ndarray, " runs"], Bool[np.ndarray, " runs"]]:
    """The value of a variable in the natural state nearest to each state, and which states are halfway between two
    values, which are read as at the first input."""
    kinds = np.unique(own)
    if len(kinds) == 1:
        return np.full(len(seen), own[0]), np.zeros(len(seen), dtype=bool)
    away = np.array([_distances(seen, natural[own == kind]).min(axis=1) for kind in kinds])
    apart = min(_distances(natural[own == kind], natural[own != kind]).min() for kind in kinds)
    two = np.sort(away, axis=0)[:2]
    halfway = two[1] - two[0] <= 2 * HALFWAY * apart
    return np.where(halfway, own[0], kinds[away.argmin(axis=0)]), halfway


def _distances(one: np.ndarray, other: np.ndarray) -> Float[np.ndarray, "runs inputs"]:
    return np.linalg.norm(one[:, None] - other[None], axis=2)


@witness.register
def _(explanation: PlacedHypothesis, inputs: Inputs, holding: Any = None) -> Witness:
    if holding is not None:
        raise InputError("holding belongs to readout explanations; a hypothesis says itself what its swaps leave alone")
    placed = explanation
    if placed.model != inputs.model or not np.array_equal(placed.behavior.points, inputs.points):
        raise InputError("the hypothesis was placed in another model, or over other inputs; place it in this one")
    _ = placed.directions
    return HypothesisWitness(inputs, placed)


@dataclass(frozen=True, eq=False)
class Decided(Displayed):
    """Two hypotheses and the experiment that decides between them.

    Attributes:
        hypotheses: the first and the second, as they were given.
        model: the model that they are about.
        dispute: the experiment with its outcome, and the family of experiments that was gone through.
        patch: of the experiment, what takes its value from which input.
    """

    hypotheses: tuple[Hypothesis, Hypothesis]
    model: Model
    dispute: Dispute[Explanation]
    patch: tuple[Taken, ...]

    @property
    def refuted(self) -> int | None:
        """Which of the two is refuted, 0 or 1; None where no experiment of the family decides."""
        return None if self.dispute.experiment is None else self.dispute.experiment.wrong

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The result in sentences."""
        named = [f"The {name}: {one}." for name, one in zip(NAMES, self.hypotheses, strict=True)]
        experiment = self.dispute.experiment
        if experiment is None:
            return (*named, f"No experiment decides between them, of {self.dispute.family}.")
        one, other = experiment.predicted
        owner = NAMES[experiment.setting["of"]]
        moves = joined([values_of(taken.what, on(taken.source)) for taken in self.patch])
        variables = joined([name for name, _ in experiment.setting["sources"]])
        what = f"give {moves} ({variables} of the {owner})" if self.patch else "change nothing"
        return (
            *named,
            f"On {on(experiment.setting['base'])}, {what}: the first says {one:d}, the second {other:d}, the "
            f"{self.model.kind} {experiment.outcome:d}. The {NAMES[experiment.wrong]} is refuted.",
            f"It is the cheapest experiment, moving the fewest variables, of {self.dispute.family}.",
        )

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        end = "undecided" if self.refuted is None else f"the {NAMES[self.refuted]} is refuted"
        return f"Decided({'; '.join(map(str, self.hypotheses))}; {end})"

    def document(self) -> dict[str, Any]:
        """The result as plain values."""
        experiment = self.dispute.experiment
        return {
            "summary": str(self),
            "hypotheses": [one.document() for one in self.hypotheses],
            "family": self.dispute.family,
            "experiment": None if experiment is None else {
                "input": experiment.setting["base"],
                "of": NAMES[experiment.setting["of"]],
                "patch": [{"what": list(taken.what), "from": taken.source} for taken in self.patch],
                "predicted": list(experiment.predicted),
                "decided": experiment.outcome,
            },
            "refuted": None if self.refuted is None else NAMES[self.refuted],
        }  # fmt: skip


def decide(
    network: Any, one: Any, other: Any, task: Any = None, *, decision: str | None = None, seed: int = 0
) -> Decided:
    """The cheapest experiment on which two hypotheses differ, run on the model.

    The family of experiments is that of `decide_between`: all interchanges of either hypothesis's variables, every base
    with every source of each, those that move fewest variables first; at most 200,000. Each hypothesis predicts the
    interchanges of the other by reading the patched run: a variable has the value that it has in the nearest state that
    an input produces.

    Args:
        network: the network, or what `audit` would import.
        one: a hypothesis, or the path of its TOML file.
        other: the other.
        task: a Behavior with features, or the path of one, for data; the truth table of the model when not given.
        decision: `argmax` where two outputs stand for two classes.
        seed: of the sample, where there are too many interchanges.

    Raises:
        InputError: a hypothesis that does not fit the model, or with a place that is still searched for; or a kind of
            model in which variables are not placed.

    Example:
        >>> import everyhow as eh
        >>> alice = eh.hypothesis("AND(OR(A,B), NAND(A,B))", {"OR(A,B)": "h1.0 + h1.1", "NAND(A,B)": "h1.2"})
        >>> bob = eh.hypothesis("OR(AND(A,~B), AND(~A,B))", {"AND(A,~B)": "h1.0 - h1.2", "AND(~A,B)": "h1.1 - h1.2"})
        >>> found = decide(eh.xornet(), alice, bob)
        >>> found.refuted, found.dispute.experiment.predicted, found.patch
        (0, (False, True), (Taken(what=('the code h1.0 - h1.2',), source='10'),))
    """
    if not is_whole(seed, 0):
        raise InputError(f"seed is {quoted(seed)}; it is a whole number of at least 0")
    asked = understood(network, task, decision)
    pair = (as_hypothesis(one), as_hypothesis(other))
    placed = [_placed(asked, each.over(asked.inputs), name) for each, name in zip(pair, NAMES, strict=True)]
    alone = asked.behavior.is_truth_table and asked.behavior.features is None
    examined = cross_examine(asked.model, placed, behavior=None if alone else asked.behavior, seed=seed)
    dispute = swap_dispute(examined, 0, 1)
    experiment, patch = dispute.experiment, ()
    if experiment is not None:
        owner = placed[experiment.setting["of"]]
        patch = _patch(owner, _moved(owner, experiment.setting["sources"]))
    return Decided(pair, asked.model, dispute, patch)


def _placed(asked: Understood, hypothesis: Hypothesis, which: str) -> PlacedHypothesis:
    if hypothesis.searched:
        raise InputError(
            f"the {which} hypothesis has no place yet for {joined(hypothesis.searched)}; test it first, which finds "
            f"one: eh.test(network, hypothesis).hypothesis (everyhow test)"
        )
    carriers = tuple(one for one in in_model(asked, hypothesis) if one is not None)
    over, runs = placeable(hypothesis.stated, asked.behavior), asked.model.runs(asked.behavior.points)
    return PlacedHypothesis(asked.model, asked.behavior, hypothesis.stated, over, carriers, runs)


def _moved(owner: PlacedHypothesis, sources: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    """The variables that an experiment moves, by their numbers; of those that have one name, in their order."""
    left, found = list(enumerate(owner.names)), []
    for name, source in sources:
        k = next(k for k, called in left if called == name)
        left = [one for one in left if one[0] > k]
        found.append((k, source))
    return found


def _patch(owner: PlacedHypothesis, moved: Sequence[tuple[int, str]]) -> tuple[Taken, ...]:
    found: dict[str, list[str]] = {}
    for k, source in moved:
        found.setdefault(source, []).extend(owner.carrier_parts(k))
    return tuple(Taken(tuple(what), source) for source, what in found.items())
