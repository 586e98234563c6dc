"""What is said of an audit in words, wherever it is shown: in a terminal, on a page, in a picture."""

import math
from collections import abc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..auditing.audit import Audit
from ..auditing.document import by_ablation
from ..auditing.paper import PaperFindings
from ..circuit.findings import CircuitFindings
from ..common.errors import visible
from ..common.estimate import Estimate
from ..experiment.deciding import Dispute
from ..mapping.findings import MappingFindings
from ..model.model import Model
from ..readout.findings import LayerReadouts


def seen(text: str) -> str:
    """A text in which everything can be seen, on the lines that it has: for what obeys signs that nobody sees.

    Example:
        >>> seen("one\\n\\x1b[31mtwo")
        'one\\n\\\\x1b[31mtwo'
    """
    return "\n".join(map(visible, text.split("\n")))


@dataclass(frozen=True)
class Answer:
    """Whether there is only one explanation of a kind: the question, how many there are (None or a range when that is
    not known exactly), and what is to be said."""

    question: str
    number: object
    text: str

    @property
    def word(self) -> str:
        """yes, no, none or ?"""
        if not isinstance(self.number, int):
            return "?"
        return {0: "none", 1: "yes"}.get(self.number, "no")


def answers(audit: Audit) -> Iterator[Answer]:
    """Is the explanation the only one? One answer for each kind."""
    findings = audit.findings
    return _paper_answers(findings) if isinstance(findings, PaperFindings) else _authors_answers(audit)


def survivors_by_rung(audit: Audit) -> dict[str, dict[str, Any]]:
    """How many mappings, algorithms and circuits each rung leaves, the cheapest mappings included, and how many of the
    mappings, and so of the algorithms, are trivial: a number, the two ends of a count that depends on ties, or None
    where it was not counted."""
    found: dict[str, dict[str, Any]] = {kind: dict(rungs) for kind, rungs in audit.ladder.items()}
    if not isinstance(audit.findings, PaperFindings):
        return found
    cheapest, circuits = audit.findings.cheapest, audit.findings.circuits
    found["mappings"]["cheapest"] = None if cheapest is None else len(cheapest)
    found["algorithms"]["cheapest"] = None if cheapest is None else len({mapping.algorithm for mapping in cheapest})
    found["circuits"] = circuits_by_rung(circuits)
    return found


def trivial_text(mappings: MappingFindings) -> str:
    """Which of the aligned algorithms have no variables, and what that means; empty when none is so."""
    names = [str(algorithm) for algorithm in mappings.aligned or () if not algorithm.variables]
    if not names:
        return ""
    verb = "has" if len(names) == 1 else "have"
    return (
        f"Counted at every rung, but apart in the verdict: {', '.join(names)} {verb} no variables, and such an "
        f"algorithm passes every rung of any network."
    )


def circuits_by_rung(circuits: CircuitFindings) -> dict[str, Any]:
    """How many circuits each rung leaves: a number, the two ends of a count that depends on ties, or None."""
    found: dict[str, Any] = dict(circuits.survivors)
    for rung, count in (("perfect", circuits.perfect), ("resample_faithful", circuits.faithful)):
        if found[rung] is None and count is not None:
            found[rung] = list(count.between)
    if circuits.robust_left is not None and not circuits.robust_left.certified:
        found["robust"] = list(circuits.robust_left.between)
    return found


def network_in_short(network: Model) -> str:
    """Its shape, and how its numbers stand for bits."""
    return ", ".join([network.in_short, *network.coding])


def asked_in_short(audit: Audit) -> str:
    """Preset, decision and depth."""
    level = audit.network.threshold
    at = f" {level:g}" if audit.decision == "threshold" and level not in (None, 0.5) else ""
    return f"{audit.preset}; decision by {audit.decision}{at}; algorithms to depth {audit.depth}"


def strategy_name(strategy: str) -> str:
    """what_then_where in words."""
    return strategy.replace("_then_", ", then ").replace("_", " ")


def dispute_text(dispute: Dispute, names: Sequence[str]) -> str:
    """The experiment that decides between two explanations of these names; or that none does."""
    found = dispute.experiment
    if found is None:
        return str(dispute)
    said = found.text.replace("the first's ", f"{names[0]}'s ").replace("the second's ", f"{names[1]}'s ")
    return (
        f"{said}, {names[0]} predicts {found.predicted[0]:d} and {names[1]} {found.predicted[1]:d}; the network "
        f"decides {found.outcome:d}, so {names[found.wrong]} is wrong there."
    )


def percent(share: float) -> str:
    """A percentage without its sign; only what is exactly all or nothing is shown as such."""
    return f"{share:.0%}".rstrip("%") if share in (0, 1) else f"{min(max(100 * share, 0.1), 99.9):.3g}"


def shown(number: object) -> str:
    """A count, a range of counts, or ? where there is none."""
    if isinstance(number, list):
        return f"between {number[0]:,} and {number[1]:,}"
    return "?" if number is None else f"{number:,}"


def in_digits(number: int) -> str:
    """A whole number with separators; one of more than thirty digits as about a power of ten."""
    digits = math.log10(number) if number else 0.0
    return f"{number:,}" if digits < 30 else f"about 10^{digits:.0f}"


def estimate_text(guess: Estimate) -> str:
    """An estimate with its interval."""
    return (
        f"about {guess.value:.3g} (95 % interval {guess.low:.3g} to {guess.high:.3g}, from {guess.sample:,} circuits)"
    )


def ablations_text(counts: abc.Mapping[str, object]) -> str:
    """The perfect circuits under each kind of ablation, side by side."""
    return "; ".join(f"{ablation}: {shown(number)}" for ablation, number in counts.items())


def plural(number: int | None, word: str) -> str:
    """A count with its noun."""
    return f"{shown(number)} {word}" + "s" * (number != 1)


def _paper_answers(findings: PaperFindings) -> Iterator[Answer]:
    counts = findings.counts
    circuits, interpretations = findings.circuits, findings.interpretations
    signatures = findings.mappings.signatures
    found = counts.get("perfect_circuits", counts.get("perfect_circuits_between"))
    answer = f"{shown(found)} perfect of {in_digits(circuits.in_space)}"
    if circuits.estimate is not None:
        answer = f"{estimate_text(circuits.estimate)} perfect of {in_digits(circuits.in_space)}"
    if circuits.robust is not None:
        answer += f", {shown(counts.get('robust_circuits', counts.get('robust_circuits_between')))} of them robust"
    if circuits.minimal is not None:
        answer += f"; {len(circuits.minimal):,} minimal"
    if counts["fewest_edges"] is not None:
        answer += f"; the smallest has {counts['fewest_edges']} edges"
    yield Answer("circuit", found, answer)
    counted = by_ablation(findings.by_ablation)
    chosen = counted[circuits.asked.ablation]
    if chosen is not None:
        yield Answer("by ablation", chosen, f"perfect, by what removed edges carry: {ablations_text(counted)}")
    if interpretations.estimate is not None:
        answer = f"{estimate_text(interpretations.estimate)} over the perfect circuits"
    elif interpretations.total is None:
        answer = "not counted"
    else:
        least, most = interpretations.least, interpretations.most
        each = "" if least is None else f" ({least:,} each)" if least == most else f" ({least:,} to {most:,} each)"
        answer = (
            f"{interpretations.total:,} over the perfect circuits{each}; "
            f"{interpretations.expanded:,} with don't cares filled in"
        )
    yield Answer("interpretation", interpretations.total, answer)
    aligned, mappings = counts["aligned_algorithms"], counts["mappings"]
    answer = (
        f"{shown(aligned)} aligned of {shown(counts['algorithms'])}; irredundant: "
        f"{shown(counts['irredundant_aligned_algorithms'])} of {shown(counts['irredundant_algorithms'])}"
    )
    yield Answer("algorithm", aligned, "not counted" if aligned is None else answer)
    answer = (
        f"{plural(mappings, 'minimal mapping')}, {shown(counts['irredundant_mappings'])} irredundant; "
        f"{plural(counts['distinct_causal_signatures'], 'causal signature')} of "
        f"{plural(None if signatures is None else len(signatures), 'neuron set')}"
    )
    yield Answer("where it sits", mappings, "not counted" if mappings is None else answer)
    for layer in findings.readouts.layers:
        yield _layer_answer(layer)


def _layer_answer(layer: LayerReadouts) -> Answer:
    exact = layer.survivors["exact"]
    if not len(layer.signals):
        return Answer(f"codes, layer {layer.layer}", 0, "no Boolean signal is linear in its activations")
    answer = f"{shown(exact)} exact by at most {plural(layer.asked, 'signal')}, of {len(layer.signals):,} readable"
    return Answer(f"codes, layer {layer.layer}", exact, answer)


def _authors_answers(audit: Audit) -> Iterator[Answer]:
    counts = audit.counts
    found = counts.get("perfect_circuits", counts.get("perfect_circuits_between"))
    yield Answer("circuit", found, f"{shown(found)} accurate of {shown(counts['circuits_in_space'])}")
    total = counts["interpretations"]
    yield Answer("interpretation", total, "not counted" if total is None else f"{total:,} over the accurate circuits")
    aligned = counts["aligned_formulas"]
    yield Answer("algorithm", aligned, f"{shown(aligned)} aligned of {plural(counts['candidate_formulas'], 'formula')}")
    yield Answer("where it sits", counts["mappings"], plural(counts["mappings"], "minimal mapping"))
