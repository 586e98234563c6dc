"""What came of a test of a hypothesis, as one value that says it in sentences."""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from ..common.display import Displayed
from ..common.notes import Notes
from ..mapping.mapping import Mapping
from ..model.model import Model
from .climbing import Climb, PatchedRun
from .hypothesis import Hypothesis
from .placed import PlacedHypothesis
from .words import change_lines, climb_lines, code_lines, rival_lines, searched_lines, share_lines


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
class Rivals:
    """The explanations that come as far as a hypothesis.

    Attributes:
        rung: the strictest rung that the hypothesis and its rivals pass.
        number: how many there are, the hypothesis aside; None where they were not counted.
        first: the simplest of them, at most 100: mappings of algorithms, and other places of a causal model.
        family: among what they were looked for, in words.
    """

    rung: str
    number: int | None
    first: tuple[Mapping | Hypothesis, ...]
    family: str


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
        family: what was gone through for that, in words.
        rivals: what comes as far; None where it passes no rung.
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
    rivals: Rivals | None
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

    @property
    def accuracies(self) -> dict[str, Fraction]:
        """The IIA of each variable: of variables that have one name, that of the last."""
        return dict(zip(self.hypothesis.variables, self.climb.accuracies, strict=True))

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The result in sentences."""
        who = "algorithm" if self.placed.mapping is not None else "causal model"
        return (
            f"{self.hypothesis}.",
            *searched_lines(self),
            *climb_lines(self.climb, who, self.model.kind),
            *share_lines(self.hypothesis.variables, self.climb.accuracies, self.jointly),
            *code_lines(self.placed),
            *change_lines(self),
            *rival_lines(self),
            *(f"Not found out, or not surely: {note}." for note in self.notes.all),
        )

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        far = ", ".join(self.passed) or "no rung"
        end = f", falls at {self.fell}" if self.fell else ""
        return f"HypothesisTest({self.hypothesis}; passes {far}{end})"

    def document(self) -> dict[str, Any]:
        """The result as plain values."""
        climb, change, rivals = self.climb, self.change, self.rivals
        reached = (*climb.passed, climb.fell)
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
            "gone_through": self.family,
            "rivals": None if rivals is None else {
                "rung": rivals.rung, "number": rivals.number, "family": rivals.family,
                "first": [one.document() for one in rivals.first],
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
    }
