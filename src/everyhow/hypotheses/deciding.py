"""What decides between two hypotheses: the cheapest interchanges on which they differ, run on the model."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..common.arguments import checked_budget, is_whole, quoted
from ..common.budget import DEFAULT_BUDGET
from ..common.display import Displayed
from ..common.errors import InputError
from ..common.progress import Progress
from ..common.spoken import joined
from ..experiment.words import read_as_nearest, said, whose, with_values
from ..model.model import Model
from .climbing import Climb, Taken
from .experiments import Interchanges, drawn, interchanges_of, most_moved
from .files import as_hypothesis
from .hypothesis import Hypothesis
from .phrases import count_of
from .placed import PlacedHypothesis, placed_hypothesis
from .recipes import of_interchange
from .remarks import place_lines
from .searching import filled, with_places
from .understanding import Understood, in_model, placeable, signatures_of, understood
from .words import brief_climb_lines, searched_line

NAMES = ("first", "second")
FAMILY = (
    "An interchange gives variables of one of the two their values from another input, at every base and from every "
    "source. It counts where the other hypothesis has a variable in what is moved, too"
)


@dataclass(frozen=True)
class Experiment:
    """A run on which two hypotheses differ.

    Attributes:
        base: the input of the run.
        patch: what takes its values from which input.
        of: whose variables take their values, 0 or 1.
        variables: these variables, by name.
        predicted: what the first and the second say.
        decided: what the model decides.
        unnatural: whether what is wrong about it reads a state that no input produces, as in the nearest.
        python: the run as a line of Python, `network` being the model as it was read.
    """

    base: str
    patch: tuple[Taken, ...]
    of: int
    variables: tuple[str, ...]
    predicted: tuple[bool, bool]
    decided: bool
    unnatural: bool
    python: str = field(compare=False)

    @property
    def wrong(self) -> int:
        """Which of the two it refutes, 0 or 1."""
        return 0 if self.predicted[0] != self.decided else 1


@dataclass(frozen=True, eq=False)
class Decided(Displayed):
    """Two hypotheses, and the experiments that decide between them.

    Attributes:
        hypotheses: the first and the second, with what was found for places that were searched for.
        model: the model that they are about.
        climbs: how far each comes on the ladder by itself; None where the budget did not allow to find out.
        tried: how many interchanges were made of which both say something.
        moved: how many variables the cheapest interchanges move on which they differ; None where they never differ.
        of: how many interchanges of so many variables were made of which both say something.
        differ: on how many of these they differ.
        wrong: on how many of the latter the first is wrong, and the second.
        experiments: a run of these for each hypothesis that is refuted.
        both_wrong: on how many of the interchanges that were made both say the same, and are wrong.
        sampled: whether there were too many interchanges, so that a sample of them was made.
        remarks: what is to be said first of the places of each.
        searched: what was found of the variables of each whose place was searched for.
        same: whether they state the same formula or causal model.
    """

    hypotheses: tuple[Hypothesis, Hypothesis]
    model: Model
    climbs: tuple[Climb | None, Climb | None]
    tried: int
    moved: int | None
    of: int
    differ: int
    wrong: tuple[int, int]
    experiments: tuple[Experiment, ...]
    both_wrong: int
    sampled: bool
    remarks: tuple[tuple[str, ...], tuple[str, ...]]
    searched: tuple[tuple[str, ...], tuple[str, ...]]
    same: bool

    @property
    def refuted(self) -> tuple[int, ...]:
        """Which of the two are refuted by the cheapest experiments: 0, 1, both or none."""
        return tuple(k for k, number in enumerate(self.wrong) if number)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The result in sentences."""
        return tuple(self._lines())

    @cached_property
    def full(self) -> tuple[str, ...]:
        """The result in sentences, with every run in Python."""
        return (*self.lines, *(f"That run in Python: {one.python}" for one in self.experiments))

    def _lines(self) -> Iterator[str]:
        kind = self.model.kind
        for k, name in enumerate(NAMES):
            yield f"The {name}: {self.hypotheses[k]}."
            yield from (f"  {line}" for line in (*self.searched[k], *self.remarks[k]))
            yield from (f"  {line}" for line in brief_climb_lines(self.climbs[k], "hypothesis", kind))
        yield from self._outcome()
        for one in self.experiments:
            yield experiment_sentence(one, kind)
        if self.moved != 0:
            yield f"{FAMILY}{'; there were too many, and a sample was made' if self.sampled else ''}."

    def _outcome(self) -> Iterator[str]:
        if self.moved is None:
            yield from self._undecided()
            return
        made = f"{count_of(self.of, 'run')} in which nothing is changed"
        if self.moved:
            variables = count_of(self.moved, "variable")
            made = f"{count_of(self.of, 'interchange')} that {'moves' if self.of == 1 else 'move'} {variables}"
        numbers = [f"{number:,}" if number else "none" for number in self.wrong]
        who = joined([f"the {NAMES[k]}" for k in self.refuted])
        ends = "Both are" if len(self.refuted) == 2 else f"{who.capitalize()} is"
        fewer = " They agree on all that move fewer." if self.moved and self.moved > 1 else ""
        yield (
            f"They differ on {self.differ:,} of {made}: the first is wrong on {numbers[0]} of these, the second on "
            f"{numbers[1]}. {ends} refuted.{fewer}"
        )

    def _undecided(self) -> Iterator[str]:
        complete = all(climb is not None and climb.complete for climb in self.climbs)
        if self.tried:
            what = "the only interchange" if self.tried == 1 else f"all {self.tried:,} interchanges"
            yield f"No experiment decides between them: they say the same of {what} of which both say something."
            if self.both_wrong:
                yield (
                    f"Both are wrong on {self.both_wrong:,} of these, so that neither is right about all that it says."
                )
        else:
            what = "the same thing in other places" if self.same else "different things in different places"
            end = "both can be right" if complete else "neither speaks against the other"
            nodes = self.model.nodes
            yield f"No experiment decides between them: neither says anything of the {nodes} that the other speaks of."
            yield f"They state {what}, and are compatible: {end}."
        if not complete:
            yield "Whether each is right by itself is another question: the rungs that it passes answer it."

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        end = joined([f"the {NAMES[k]}" for k in self.refuted])
        return f"Decided({'; '.join(map(str, self.hypotheses))}; {f'refuted: {end}' if end else 'undecided'})"

    def document(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "summary": str(self),
            "hypotheses": [one.document() for one in self.hypotheses],
            "passed": [None if climb is None else list(climb.passed) for climb in self.climbs],
            "fell": [None if climb is None else climb.fell for climb in self.climbs],
            "remarks": [list(one) for one in self.remarks],
            "interchanges": self.tried, "both_wrong": self.both_wrong,
            "sampled": self.sampled,
            "cheapest": None if self.moved is None else {
                "variables": self.moved, "interchanges": self.of, "differ": self.differ, "wrong": list(self.wrong),
            },
            "experiments": [
                {
                    "refutes": NAMES[one.wrong], "input": one.base, "of": NAMES[one.of],
                    "patch": [{"what": list(taken.what), "from": taken.source} for taken in one.patch],
                    "predicted": list(one.predicted), "decided": one.decided, "python": one.python,
                }
                for one in self.experiments
            ],
            "refuted": [NAMES[k] for k in self.refuted],
        }  # fmt: skip


def experiment_sentence(one: Experiment, kind: str) -> str:
    """A run on which two hypotheses differ, and what it refutes."""
    names = [f"the {name}" for name in NAMES]
    action = with_values(one.base, [(taken.what, taken.source) for taken in one.patch])
    action = action[0].upper() + action[1:] + whose(one.variables, names[one.of])
    wrong = names[one.wrong]
    nearest = f" {read_as_nearest(wrong)}." if one.unnatural else ""
    return f"{action}: {said(names, one.predicted, kind, one.decided)}. {wrong.capitalize()} is refuted.{nearest}"


def decide(
    network: Any,
    one: Any,
    other: Any,
    task: Any = None,
    *,
    decision: str | None = None,
    seed: int = 0,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
) -> Decided:
    """The cheapest experiments on which two hypotheses differ, run on the model.

    An experiment is an interchange of variables of either hypothesis: neurons or codes take their values from another
    input. Those that move fewest variables come first, and of these all are made (of more than 200,000, a sample). An
    interchange counts where both hypotheses say something of all that is moved: where a variable of each has a part in
    it. A variable that is moved as a whole has its value at the source; one of which only a part is moved has the value
    that it has in the nearest state that an input produces, and none where that is halfway between two. What is
    computed from moved variables follows by the hypothesis; it is not read from the run.

    Args:
        network: the network, or what `audit` would import.
        one: a hypothesis, or the path of its TOML file; a place "?" is searched for as `test` does.
        other: the other.
        task: a Behavior with features, or the path of one, for data; the truth table of the model when not given.
        decision: `argmax` where two outputs stand for two classes.
        seed: of the sample, where there are too many interchanges.
        budget: candidate evaluations allowed for each of: the places that are searched for, and the rungs.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: a hypothesis that does not fit the model, or a model of sequences without a behavior.
        BudgetError: a place is searched for, and the signatures of the model's neuron sets take more than the budget.

    Example:
        >>> import everyhow as eh
        >>> alice = eh.hypothesis("AND(OR(A,B), NAND(A,B))", {"OR(A,B)": "h1.0 + h1.1", "NAND(A,B)": "h1.2"})
        >>> bob = eh.hypothesis("OR(AND(A,~B), AND(~A,B))", {"AND(A,~B)": "h1.0 - h1.2", "AND(~A,B)": "h1.1 - h1.2"})
        >>> found = decide(eh.xornet(), alice, bob)
        >>> found.differ, found.wrong, found.experiments[0].predicted, found.experiments[0].decided
        (2, (2, 0), (False, True), True)
    """
    if not is_whole(seed, 0):
        raise InputError(f"seed is {quoted(seed)}; it is a whole number of at least 0")
    budget, asked = checked_budget(budget), understood(network, task, decision)
    given = [as_hypothesis(each).over(asked.inputs) for each in (one, other)]
    with Progress(progress).doing("deciding"):
        ready = [_ready(asked, each, budget) for each in given]
        placed = [each for each, _, _ in ready]
        found = _compared(placed, seed)
    both = tuple(with_places(each, ones.carriers, asked) for each, ones in zip(given, placed, strict=True))
    return Decided(
        hypotheses=(both[0], both[1]), model=asked.model, climbs=(ready[0][1], ready[1][1]), **found,
        remarks=(place_lines(placed[0]), place_lines(placed[1])), searched=(ready[0][2], ready[1][2]),
        same=placed[0].title == placed[1].title and placed[0].own == placed[1].own,
    )  # fmt: skip


def _compared(pair: list[PlacedHypothesis], seed: int) -> dict[str, Any]:
    """What comes of the cheapest interchanges on which two placed hypotheses differ."""
    tried, sampled, both = 0, False, 0
    for size in range(most_moved(pair) + 1):
        made = list(interchanges_of(pair, size, seed))
        of, sampled = sum(int(each.counted.sum()) for each in made), sampled or drawn(pair, size)
        tried += of if size else 0
        both += sum(len(each.both_wrong) for each in made) if size else 0
        differ = sum(len(each.differing) for each in made)
        if differ:
            wrong = tuple(sum(len(each.wrong(which)) for each in made) for which in (0, 1))
            shown = tuple(_experiment(pair, made, which) for which in (0, 1) if wrong[which])
            return {"tried": tried, "moved": size, "of": of, "differ": differ, "wrong": wrong, "experiments": shown,
                    "sampled": sampled, "both_wrong": both}  # fmt: skip
    return {"tried": tried, "moved": None, "of": 0, "differ": 0, "wrong": (0, 0), "experiments": (),
            "sampled": sampled, "both_wrong": both}  # fmt: skip


def _experiment(pair: list[PlacedHypothesis], made: list[Interchanges], which: int) -> Experiment:
    """The first run that refutes one of two hypotheses, in a natural state of what it reads if there is one."""
    listed = [(each, int(k)) for each in made for k in each.wrong(which)]
    each, k = min(listed, key=lambda one: bool(one[0].foreseen[which].unnatural[one[1]]))
    owner = pair[each.of]
    forced = list(zip(each.moved, each.sources[k].tolist(), strict=True))
    patch: dict[str, list[str]] = {}
    for v, source in forced:
        patch.setdefault(owner.called(source), []).extend(owner.carrier_parts(v))
    base = int(each.bases[k])
    return Experiment(
        base=owner.called(base),
        patch=tuple(Taken(tuple(what), source) for source, what in patch.items()),
        of=each.of,
        variables=tuple(owner.names[v] for v, _ in forced),
        predicted=(bool(each.foreseen[0].bits[k]), bool(each.foreseen[1].bits[k])),
        decided=bool(each.decided[k]),
        unnatural=bool(each.foreseen[which].unnatural[k]),
        python=of_interchange(owner, base, forced),
    )


def _ready(
    asked: Understood, stated: Hypothesis, budget: int
) -> tuple[PlacedHypothesis, Climb | None, tuple[str, ...]]:
    """A hypothesis with all its places, how far it comes, and what was found of what was searched for."""
    known = in_model(asked, stated)
    try:
        found = signatures_of(asked, budget)
    except InputError:
        if stated.searched:
            raise
        over, runs = placeable(stated.stated, asked), asked.model.runs(asked.behavior.points)
        carriers = tuple(one for one in known if one is not None)
        return placed_hypothesis(asked.model, asked.behavior, stated.stated, over, carriers, runs), None, ()
    number, climbs = filled(asked, stated, known, found, budget)
    placed, how_far = max(climbs, key=lambda one: len(one[1].passed))
    return placed, how_far, (searched_line(stated.searched, number),) if stated.searched else ()
