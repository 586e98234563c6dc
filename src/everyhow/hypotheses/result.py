"""What came of a test of a hypothesis, as one value that says it in sentences."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from ..common.attributes import computed
from ..common.display import Displayed
from ..common.notes import Notes
from ..mapping.mapping import Mapping
from ..model.model import Model
from .climbing import Climb, PatchedRun
from .hypothesis import Hypothesis
from .placed import PlacedHypothesis
from .remarks import place_lines
from .words import MOST_KEPT, MOST_TOLD, change_lines, climb_lines, rival_lines, searched_lines, share_lines


@dataclass(frozen=True)
class Change:
    """Another place for some variables of a hypothesis.

    Attributes:
        to: the hypothesis with these places.
        moved: each variable whose place differs, with the place before and the place after, as texts.
        neurons: how many neurons are added or left out in all.
        passed: the rungs that it passes.
        complete: whether it passes every rung.
        remarks: of places by codes, in sentences, what is to be said of them.
    """

    to: Hypothesis
    moved: tuple[tuple[str, str, str], ...]
    neurons: int
    passed: tuple[str, ...]
    complete: bool
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Elsewhere:
    """The other places of a causal model.

    Attributes:
        kept: the causal model in those that pass as much.
        number: how many minimal choices of neurons it has, each aligned.
        tried: how many of them were put to the rungs.
    """

    kept: tuple[Hypothesis, ...]
    number: int
    tried: int


@dataclass(frozen=True)
class Rivals:
    """The explanations that come as far as a hypothesis; where it passes no rung, those that pass the first.

    Attributes:
        rung: the strictest rung that the hypothesis and its rivals pass; None where it passes none.
        number: how many mappings of formulas there are, the hypothesis aside; None where they were not counted.
        formulas: of how many formulas these are, that of the hypothesis among them.
        first: the simplest of them, at most 100.
        family: among what they were looked for, in words.
        outside: whether the hypothesis is a formula that does not belong to that family.
        elsewhere: of a causal model, its other places; None of a formula.
    """

    rung: str | None
    number: int | None
    formulas: int | None
    first: tuple[Mapping, ...]
    family: str
    outside: bool = False
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True, eq=False)
class HypothesisTest(Displayed):
    """What came of putting a hypothesis to the test.

    Attributes:
        given: the hypothesis as it was given.
        hypothesis: the hypothesis that was tested, with the place found of each variable that was searched for.
        model: the model that it is about, read as told.
        climb: how far it comes on the ladder, and the run at which it falls.
        jointly: the share of all interchanges of two or more variables at once in which model and hypothesis agree;
            None for fewer than two variables, or where the budget did not allow it.
        filled: how many places there were for what was searched for, each aligned; None where nothing was searched.
        others: the other hypotheses, by their places, that came as far where something was searched for.
        change: the nearest change of places by which it comes further, or None.
        family: what was tried for that, in sentences.
        rivals: what comes as far.
        further: the simplest mapping with variables that passes the strictest rung that any passes, and that rung,
            where the hypothesis does not come so far.
        notes: what the budget did not allow, and what depends on rounding.
        placed: the hypothesis in the model.
    """

    given: Hypothesis
    hypothesis: Hypothesis
    model: Model
    climb: Climb
    jointly: Fraction | None
    filled: int | None
    others: tuple[Hypothesis, ...]
    change: Change | None
    family: str
    rivals: Rivals
    further: tuple[Mapping, str] | None
    notes: Notes
    placed: PlacedHypothesis = field(repr=False)

    @property
    def passed(self) -> tuple[str, ...]:
        """The rungs that the hypothesis passes, loosest first."""
        return self.climb.passed

    @property
    def fell(self) -> str | None:
        """The rung at which it falls first; None where it passes all, or the budget did not allow the next."""
        return self.climb.fell

    @computed
    def accuracies(self) -> dict[str, Fraction]:
        """The IIA of each variable: of variables that have one name, that of the last."""
        return dict(zip(self.hypothesis.variables, self.climb.accuracies, strict=True))

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The result in sentences, the first of many rivals by name."""
        return tuple(self._told(MOST_TOLD))

    @cached_property
    def full(self) -> tuple[str, ...]:
        """The result in sentences with all rivals that were kept, at most 100 of each kind, and the run in Python."""
        run = self.climb.run
        again = () if run is None else (f"That run in Python: {run.python}",)
        return (*self._told(MOST_KEPT), *again)

    def _told(self, most: int) -> Iterator[str]:
        who = "algorithm" if self.placed.mapping is not None else "causal model"
        yield f"{self.hypothesis}."
        yield from place_lines(self.placed)
        yield from searched_lines(self)
        yield from climb_lines(self.climb, who, self.model.kind)
        yield from share_lines(self.hypothesis.variables, self.climb.accuracies, self.jointly)
        yield from change_lines(self)
        yield from rival_lines(self, most)
        yield from (f"Not found out, or not surely: {note}." for note in self.notes.all)

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        far = ", ".join(self.passed) or "no rung"
        end = f", falls at {self.fell}" if self.fell else ""
        return f"HypothesisTest({self.hypothesis}; passes {far}{end})"

    def document(self) -> dict[str, Any]:
        """The result as plain values."""
        climb, change, rivals = self.climb, self.change, self.rivals
        reached, there = (*climb.passed, climb.fell), rivals.elsewhere
        return {
            "summary": str(self),
            "hypothesis": self.given.document(),
            "tested": self.hypothesis.document(),
            "rungs": {rung: rung in climb.passed if rung in reached else None for rung in climb.rungs},
            "fell": climb.fell,
            "reason": climb.reason,
            "counterexample": None if climb.run is None else run_document(climb.run),
            "iia": [
                {"variable": name, "share": float(share)}
                for name, share in zip(self.hypothesis.variables, climb.accuracies, strict=True)
            ],
            "iia_jointly": None if self.jointly is None else float(self.jointly),
            "aligned_places_found": self.filled,
            "as_far": [one.document() for one in self.others],
            "change": None if change is None else {
                **change.to.document(), "neurons": change.neurons, "passed": list(change.passed),
            },
            "tried": self.family,
            "remarks": list(place_lines(self.placed)),
            "rivals": {
                "rung": rivals.rung, "number": rivals.number, "formulas": rivals.formulas, "family": rivals.family,
                "first": [one.document() for one in rivals.first],
            },
            "other_places": None if there is None else {
                "number": there.number, "tried": there.tried, "as_far": [one.document() for one in there.kept],
            },
            "further": None if self.further is None else {**self.further[0].document(), "rung": self.further[1]},
            "notes": list(self.notes.all),
        }  # fmt: skip


def run_document(run: PatchedRun) -> dict[str, Any]:
    """A run that goes against a hypothesis as plain values."""
    left = None if run.left is None else {"what": run.left[0], "at": run.left[1]}
    return {
        "input": run.base,
        "patch": [{"what": list(taken.what), "from": taken.source} for taken in run.patch],
        **({} if left is None else {"held_as_left": left}),
        "predicted": run.predicted,
        "decided": run.decided,
        "python": run.python,
    }
