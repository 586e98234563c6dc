"""The ladder: stricter and stricter criteria, what survives each, and the verdict that follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Status = Literal["identifiable", "not identifiable", "none valid", "unknown"]

# Every criterion, in a few words and in a sentence. Each rung keeps only what passed the rungs before it.
IN_SHORT = {
    "single": "aligned alone, minimal",
    "irredundant": "no idle gate",
    "ordered": "layers in order",
    "joint": "forced together",
    "inert": "other neurons inert",
    "perfect": "decides right alone",
    "resample_faithful": "and amid any other input",
    "resample_faithful_minimal": "nothing smaller inside",
    "resample_faithful_fewest_edges": "smallest of all",
    "robust": "and right nearby",
    "behavioral": "decides as the network does",
    "exact": "gives what the next layer receives",
    "fewest_signals": "no fewer signals do",
    "cheapest": "by the price of its gates",
}
DEFINITIONS = {
    "single": "each variable is aligned on its own (IIA = 1) and no smaller mapping is",
    "irredundant": "no gate is constant or repeats one of its operands",
    "ordered": "each variable lies in an earlier layer than the one that uses it",
    "joint": "network and algorithm agree when variables are forced together",
    "inert": "the unmapped neurons of the mapped layers change no decision",
    "perfect": "alone, it decides as the network does at every input",
    "resample_faithful": "it decides right even when the other edges carry what they carry at any other input",
    "resample_faithful_minimal": "no smaller circuit inside it passes",
    "resample_faithful_fewest_edges": "no other circuit that passes has so few edges",
    "robust": "it decides right on the whole box around each input",
    "behavioral": "the signals' combination leaves every decision as it is",
    "exact": "the signals' combination is what the next layer receives",
    "fewest_signals": "no exact explanation has fewer signals",
    "cheapest": "no other that passes costs less",
    "aligned": "the interventions that the released code tests all agree",
}


@dataclass(frozen=True)
class Verdict:
    """Whether exactly one explanation is left, by which criterion, and among what.

    Attributes:
        status: identifiable, not identifiable, none valid or unknown.
        criterion: the rung that decided it; None when the verdict is unknown.
        space: what was searched.
        reason: one sentence.
    """

    status: Status
    criterion: str | None
    space: str
    reason: str

    def __str__(self) -> str:
        return self.status + (f" by {self.criterion}" if self.criterion else "")


@dataclass(frozen=True)
class Counterexample:
    """A run that an explanation gets wrong.

    Attributes:
        base: the input, as digits.
        sources: what takes its value from elsewhere, in words, each with the input it takes it from.
        predicted: the decision that follows from the explanation.
        decided: the decision of the run.
    """

    base: str
    sources: tuple[tuple[str, str], ...]
    predicted: bool
    decided: bool

    def __str__(self) -> str:
        taken = " and ".join(f"{item} as at {source}" for item, source in self.sources)
        setting = f"at {self.base}, with {taken}" if taken else f"at {self.base}"
        return f"{setting}: the explanation says {self.predicted:d}, the run decides {self.decided:d}"


@dataclass(frozen=True)
class Fault:
    """What keeps an explanation from passing a rung: in words, and a run that shows it, where one does."""

    text: str
    experiment: Counterexample | None = None

    def __str__(self) -> str:
        return self.text


def judge(
    survivors: Mapping[str, int | None], space: str, failure: str | None = None, partial: str | None = None
) -> Verdict:
    """The verdict of one ladder.

    Args:
        survivors: by rung, the loosest first, how many explanations pass it and all before; None when not counted.
        space: what was searched.
        failure: what failed at the first rung that nothing passes.
        partial: what was estimated or capped, if anything was; the verdict is then unknown.

    Example:
        >>> judge({"single": 2, "irredundant": 1, "ordered": 1}, "all algorithms").criterion
        'irredundant'
    """
    uncounted = [rung for rung, number in survivors.items() if number is None]
    if partial or uncounted:
        return Verdict("unknown", None, space, partial or f"not counted: {', '.join(uncounted)}")
    *_, (strictest, left) = survivors.items()
    if left == 0:
        fatal = next(rung for rung, number in survivors.items() if number == 0)
        return Verdict("none valid", fatal, space, failure or f"nothing passes {fatal}")
    if left == 1:
        decisive = next(rung for rung, number in survivors.items() if number == 1)
        return Verdict("identifiable", decisive, space, f"exactly one passes ({DEFINITIONS[decisive]})")
    return Verdict("not identifiable", strictest, space, f"{left:,} pass even the strictest criterion")
