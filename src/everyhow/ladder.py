"""The ladder: stricter and stricter criteria, what survives each, and the verdict that follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .common.spoken import input_named

Status = Literal["identifiable", "identifiable, trivially", "not identifiable", "none valid", "unknown"]

# Every criterion, in a few words and in a sentence. Each rung keeps only what passed the rungs before it; one that
# stands beside the others keeps of what passed the rung before, and the rungs after it, and the verdict, go on without
# it.
BESIDE = ("hereditary",)
IN_SHORT = {
    "single": "aligned alone, minimal",
    "irredundant": "no redundant gate",
    "ordered": "layers in order",
    "joint": "forced together",
    "inert": "other neurons inert",
    "transitive": "left as computed",
    "perfect": "decides right alone",
    "resample_faithful": "even with resampled edges",
    "hereditary": "nothing added spoils it",
    "resample_faithful_minimal": "nothing smaller inside",
    "resample_faithful_fewest_edges": "smallest of all",
    "robust": "and right nearby",
    "behavioral": "decides as the network does",
    "exact": "gives what the next layer receives",
    "above_baseline": "more than any such layer has",
    "bounded": "codes endure disturbances",
    "fewest_signals": "no fewer signals do",
    "cheapest": "by the price of its gates",
}
DEFINITIONS = {
    "single": "each variable is aligned on its own (IIA = 1) and no smaller mapping is",
    "irredundant": "no gate is constant or repeats one of its operands",
    "ordered": "each variable lies in an earlier layer than the one that uses it",
    "joint": "network and algorithm agree when variables are forced together",
    "inert": "unmapped neurons of a mapped layer matter by nothing but what the algorithm still reads past it",
    "transitive": "what forced variables leave in the neurons of the others acts as the value that the algorithm gives",
    "perfect": "alone, it decides as the network does at every input",
    "resample_faithful": "it decides right even when the other edges carry what they carry at any other input",
    "hereditary": "every larger circuit decides right alone, too: nothing that is added to it spoils a decision",
    "resample_faithful_minimal": "no smaller circuit inside it passes",
    "resample_faithful_fewest_edges": "no other circuit that passes has so few edges",
    "robust": "it decides right on the whole box around each input",
    "behavioral": "the signals' combination leaves every decision as it is",
    "exact": "the signals' combination is what the next layer receives",
    "above_baseline": "not every layer with as many independent neurons has it",
    "bounded": "every code is read right with every neuron moved by a share of its range",
    "fewest_signals": "no other that passes has fewer signals",
    "cheapest": "no other that passes costs less",
    "aligned": "the interventions that the released code tests all agree",
}


@dataclass(frozen=True)
class Verdict:
    """Whether exactly one explanation is left, by which criterion, and among what.

    Attributes:
        status: identifiable; identifiable, trivially (by an algorithm without variables alone); not identifiable; none
            valid; or unknown.
        criterion: the rung that decided it; None when the verdict is unknown.
        space: what was searched.
        reason: one sentence.
    """

    status: Status
    criterion: str | None
    space: str
    reason: str

    def __str__(self) -> str:
        comma = "," * ("," in self.status)
        return self.status + (f"{comma} by {self.criterion}" if self.criterion else "")


@dataclass(frozen=True)
class Counterexample:
    """A run that an explanation gets wrong.

    Attributes:
        base: the input, as digits.
        sources: what takes its value from elsewhere, in words, each with the input it takes it from.
        predicted: the decision that follows from the explanation; of a circuit, the one wanted.
        decided: the decision of the run.
        given: of an algorithm, the neurons that take their values from elsewhere, by name, each group with its input.
        kind: what kind of model was run.
        several: whether one neuron, such as a head, has several values.

    Example:
        >>> given = ((("h1.1",), "00"), (("h1.0",), "00"))
        >>> str(Counterexample("01", (("AND(A,¬B)", "00"), ("AND(¬A,B)", "00")), False, True, given))
        'on input 01, give h1.1 and h1.0 their values from input 00: the algorithm says 0, the network 1'
    """

    base: str
    sources: tuple[tuple[str, str], ...]
    predicted: bool
    decided: bool
    given: tuple[tuple[tuple[str, ...], str], ...] | None = None
    kind: str = "network"
    several: bool = False

    def __str__(self) -> str:
        groups: dict[str, list[str]] = {}
        for names, source in self.given or [((item,), source) for item, source in self.sources]:
            groups.setdefault(source, []).extend(names)
        taken = [
            f"{' and '.join(names)} {self._whose(len(names))} from {input_named(source)}"
            for source, names in groups.items()
        ]
        setting = ", ".join([f"on {input_named(self.base)}", *(f"give {one}" for one in taken)])
        if self.given is None:
            return f"{setting}: {self.predicted:d} is wanted, the circuit says {self.decided:d}"
        return f"{setting}: the algorithm says {self.predicted:d}, the {self.kind} {self.decided:d}"

    def _whose(self, names: int) -> str:
        """The values of so many nodes."""
        return "their values" if names > 1 else "its values" if self.several else "its value"


@dataclass(frozen=True)
class Fault:
    """What keeps an explanation from passing a rung: in words, and a run that shows it, where one does."""

    text: str
    experiment: Counterexample | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def whole(self) -> str:
        """The words and the run."""
        return self.text if self.experiment is None else f"{self.text}. Counterexample: {self.experiment}"


def judge(
    survivors: Mapping[str, int | None],
    space: str,
    failure: str | None = None,
    partial: str | None = None,
    trivial: Mapping[str, int | None] | None = None,
) -> Verdict:
    """The verdict of one ladder.

    Args:
        survivors: by rung, the loosest first, how many explanations pass it and all before; None when not counted.
            Rungs that stand beside the others (`BESIDE`) are not among them.
        space: what was searched.
        failure: what failed at the first rung that nothing passes, trivial ones aside.
        partial: what was estimated or capped, if anything was; the verdict is then unknown.
        trivial: by rung, how many of the survivors have no variables. They pass every rung of any network, so the
            verdict goes by the others; where none of these is left and one trivial one is, it says so.

    Example:
        >>> judge({"single": 2, "irredundant": 1, "ordered": 1}, "all algorithms").criterion
        'irredundant'
        >>> judge({"single": 2, "irredundant": 1}, "all algorithms", trivial={"single": 1, "irredundant": 1}).status
        'identifiable, trivially'
    """
    uncounted = [rung for rung, number in survivors.items() if number is None]
    if partial or uncounted:
        return Verdict("unknown", None, space, partial or f"not counted: {', '.join(uncounted)}")
    telling = {rung: (number or 0) - ((trivial or {}).get(rung) or 0) for rung, number in survivors.items()}
    *_, (strictest, left) = telling.items()
    alone = (survivors[strictest] or 0) - left
    if left == 0:
        fatal = next(rung for rung, number in telling.items() if number == 0)
        reason = failure or f"nothing{' with variables' * bool(alone)} passes {fatal}"
        if alone == 0:
            return Verdict("none valid", fatal, space, reason)
        what = "the one that is left has" if alone == 1 else f"the {alone:,} that are left have"
        said = f"{what} no variables, and such an algorithm passes every rung of any network; {reason}"
        if alone == 1:
            return Verdict("identifiable, trivially", fatal, space, said)
        return Verdict("not identifiable", strictest, space, said)
    beside = f", beside {alone:,} without variables" if alone else ""
    if left == 1:
        decisive = next(rung for rung, number in telling.items() if number == 1)
        return Verdict("identifiable", decisive, space, f"exactly one passes ({DEFINITIONS[decisive]}){beside}")
    return Verdict("not identifiable", strictest, space, f"{left:,} pass even the strictest criterion{beside}")
