"""What is said of an audit in words, wherever it is shown: in a terminal, on a page, in a picture."""

import math
import re
from collections import abc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..auditing.audit import Audit
from ..auditing.findings import Findings
from ..authors.findings import AuthorsFindings
from ..circuit.findings import CircuitFindings
from ..common.budget import Refusal
from ..common.count import NOT_COUNTED, Count
from ..common.errors import visible
from ..common.shares import percentage
from ..common.spoken import spoken
from ..interpretation.findings import InterpretationFindings
from ..ladder import BESIDE, DEFINITIONS, IN_SHORT, Verdict
from ..mapping.findings import MappingFindings
from ..model.behavior import Behavior
from ..model.model import Model
from ..model.runnable import Runnable
from ..readout.findings import LayerReadouts
from ..readout.readout import DEFAULT_TOLERANCE

# Whole numbers from here on are not read digit by digit.
LARGE = 10**15
# More classes than these are not named one by one.
MOST_CLASSES = 8
# What the rungs of mappings ask where no layer holds all that goes by, instead of what they ask of layers.
WHERE_ALL_GOES_BY = {
    IN_SHORT["ordered"]: "stages in order",
    IN_SHORT["inert"]: "all others inert",
    DEFINITIONS[
        "ordered"
    ]: "of {nodes} every one of a variable comes in an earlier stage than every one of the variable that uses it",
    DEFINITIONS["inert"]: "all that is not mapped, the inputs included, matters by nothing but what the root of the "
    "algorithm reads directly",
}


def seen(text: str) -> str:
    """A text in which everything can be seen, on the lines that it has: for what obeys signs that nobody sees.

    Example:
        >>> seen("one\\n\\x1b[31mtwo")
        'one\\n\\\\x1b[31mtwo'
    """
    return text if text.isprintable() else "\n".join(map(visible, text.split("\n")))


@dataclass(frozen=True)
class Answer:
    """Whether there is only one explanation of a kind: the question, how many there are, and what is to be said."""

    question: str
    number: Count
    text: str

    @property
    def word(self) -> str:
        """yes, no, none or ?"""
        return "?" if self.number.exact is None else {0: "none", 1: "yes"}.get(self.number.exact, "no")


def answers(audit: Audit) -> Iterator[Answer]:
    """Is the explanation the only one? One answer for each kind."""
    if isinstance(audit.findings, Findings):
        found = _answers(audit.findings, audit.network.graph.unit, _explained(audit))
        return (replace(one, text=of_kind(one.text, audit.network)) for one in found)
    return iter(()) if audit.findings is None else _authors_answers(audit.findings)


def funnels(findings: Findings) -> Iterator[tuple[str, str, abc.Mapping[str, Count], int]]:
    """For each strategy that has a ladder: the strategy, what is counted, how many of it each rung leaves, and how many
    of these are trivial."""
    left, mappings = findings.left, findings.laddered
    if mappings is not None:
        yield "what_then_where", "mappings", left["mappings"], mappings.trivial["single"] or 0
    yield "where_then_what", "circuits", left["circuits"], 0


def marked(rung: str, text: str) -> str:
    """A text by which a rung is told; that one stands beside the others is said with it.

    Example:
        >>> marked("perfect", "perfect"), marked("hereditary", "hereditary")
        ('perfect', 'hereditary (beside)')
    """
    return f"{text} (beside)" if rung in BESIDE else text


def trivial_text(mappings: MappingFindings) -> str:
    """Which of the aligned algorithms have no variables, and what that means; empty when none is so."""
    names = [str(algorithm) for algorithm in mappings.aligned or () if not algorithm.variables]
    # By data, one that decides otherwise than the network falls at the rung joint.
    if not names or mappings.trivial.get("joint") == 0:
        return ""
    verb = "has" if len(names) == 1 else "have"
    return (
        f"Counted at every rung, but apart in the verdict: {', '.join(names)} {verb} no variables, and such an "
        f"algorithm passes every rung of any network."
    )


def network_in_short(network: Model) -> str:
    """Its shape, and how its numbers stand for bits."""
    return ", ".join([network.in_short, *network.coding])


def asked_in_short(audit: Audit) -> str:
    """Preset, decision and depth; by data, what was asked of the decisions."""
    behavior = audit.behavior
    found, by_task = audit.findings, audit.wanted is not None
    level = audit.network.threshold
    at = f" {level:g}" if audit.decision == "threshold" and level not in (None, 0.5) else ""
    asked = [audit.preset, f"decision by {audit.decision}{at}"] if by_task else [behavior.how_decided]
    asked += [f"circuits of {audit.network.grain_in_use}"] if len(audit.network.grains) > 1 else []
    asked += [] if audit.network.scope_in_use is None else [audit.network.scope_in_use.in_words]
    if behavior.epsilon or not by_task:
        asked.append(f"circuit error at most {behavior.epsilon:g}")
    if behavior.within is not None and behavior.decision != "within":
        asked.append(f"outputs within {behavior.within:g} of the network's")
    for name, text in (("ablation", "ablation {}"), ("robust", "robust within {:g}")):
        value = audit.options.get(name)
        asked += [text.format(value)] if value not in (None, "zero") else []
    tolerance = audit.options.get("tolerance")
    asked += [f"readouts within {tolerance:g}"] if tolerance not in (None, DEFAULT_TOLERANCE) else []
    placed = by_task or (isinstance(found, Findings) and found.laddered is not None)
    return "; ".join([*asked, *([f"algorithms to depth {audit.depth}"] if placed else [])])


def facts(audit: Audit) -> dict[str, str]:
    """What was audited, and how."""
    behavior, notes = audit.behavior, {"Note": "; ".join(audit.remarks)} if audit.remarks else {}
    network = {audit.network.kind.capitalize(): network_in_short(audit.network)}
    if audit.task is not None:
        return {"Task": audit.task, **network, "Preset": asked_in_short(audit), **notes}
    named = ", ".join(f"{name} is {k}" for k, name in enumerate(behavior.names))
    return {
        **network,
        "Inputs": _inputs_text(behavior),
        "Wanted": f"the {audit.network.kind} decides as wanted at {percentage(audit.agreement)} of them",
        "Asked": asked_in_short(audit),
        **({"Labels": named} if named else {}),
        **({"Constant": constant_text(audit)} if audit.constant else {}),
        **notes,
    }


def constant_text(audit: Audit) -> str:
    """Which inputs and neurons are the same at all points, what they cost, and what takes them out; empty where none
    are.

    Example:
        >>> import everyhow as eh
        >>> points = [[0, 1], [0, 0]]
        >>> constant_text(eh.audit(eh.xornet(), eh.Behavior.of_network(eh.xornet(), points))).split(";")[0]
        'A and h1.0 are the same at all 2 points'
    """
    found, graph = audit.constant, audit.network.graph
    if not found:
        return ""
    edges = sum(edge.parent in found or edge.child in found for edge in graph.edges)
    one = len(found) == 1
    by_data = audit.wanted is None
    points, how = ("points", "network.without_constant(points) (--without-constant)") if by_data else (
        "inputs", "network.without_constant(network.corners)"
    )  # fmt: skip
    return (
        f"{spoken([graph.name(node) for node in found])} {'is' if one else 'are'} the same at all "
        f"{len(audit.behavior.points):,} {points}; {'its' if one else 'their'} {plural(edges, 'edge')} "
        f"make{'s' * (edges == 1)} up to 2^{edges} times as many circuits. {how} takes {'it' if one else 'them'} out, "
        f"and the network decides as before"
    )


def _inputs_text(behavior: Behavior) -> str:
    """How many inputs there are, of how many numbers; of sequences, where their answers are read."""
    number, size = len(behavior.points), behavior.points.shape[1]
    if behavior.answer is None:
        return f"{plural(number, 'point')} of {plural(size, 'feature')}"
    places = ", ".join(str(place + 1) for place in behavior.answer.at(size))
    classes = class_names(behavior)
    among = f" among {len(classes)} classes" if len(classes) > MOST_CLASSES else f" as {one_of(classes)}"
    return (
        f"{plural(number, 'sequence')} of {plural(size, 'token')}, answered at position{'s' * (behavior.answers > 1)} "
        f"{places}{among if classes else ' by numbers'}"
    )


def told_verdicts(audit: Audit) -> dict[str, Verdict]:
    """The verdict of each strategy, with a reason that says more of circuits where that is needed: that the only one
    left is the whole model, or that several are perfect though it is not known how many of these are left."""
    found, verdicts = audit.findings, dict(audit.verdict)
    if not isinstance(found, Findings) or "where_then_what" not in verdicts:
        return verdicts
    circuits, verdict = found.circuits, verdicts["where_then_what"]
    if verdict.status == "identifiable" and circuits.only_whole:
        said = f"no smaller circuit passes; what is left is the {audit.network.kind} itself"
    elif verdict.status == "unknown" and circuits.several_perfect:
        several = f"{shown(circuits.number)} circuits are perfect"
        said = f"{several}, and whether a stricter criterion leaves exactly one is not known: {verdict.reason}"
    else:
        return verdicts
    return verdicts | {"where_then_what": replace(verdict, reason=said)}


def with_advice(reason: str) -> str:
    """Why something was not counted, and the option that would do it, where one does."""
    advice = reason.advice if isinstance(reason, Refusal) else None
    return reason if advice is None else f"{reason}: {advice}"


def one_of(names: Sequence[str]) -> str:
    """Names of which one is meant.

    Example:
        >>> one_of(["0", "1", "2"])
        '0, 1 or 2'
    """
    return " or ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), *names[-1:]])


def class_names(behavior: Behavior) -> tuple[str, ...]:
    """What the classes of an answer are called; nothing where answers are numbers."""
    if behavior.decision == "within" or behavior.answer is None:
        return ()
    each = behavior.wanted.shape[1] // behavior.answers
    number = 2 if each == 1 else each
    if len(behavior.names) == number:
        return behavior.names
    given = behavior.answer.classes
    return tuple(map(str, given if given is not None and len(given) == number else range(number)))


def wanted_text(behavior: Behavior, row: int) -> str:
    """What is wanted of an input: a class, a bit of each output, or, of a sequence, a class at each position where
    answers are read."""
    classes = class_names(behavior)
    if behavior.decision == "within":
        return "the model's own numbers"
    if behavior.answer is None:
        bits = behavior.wanted[row].astype(int)
        if behavior.decision != "argmax" and len(bits) > 1:
            return " ".join(map(str, bits))
        chosen = int(bits.argmax()) if behavior.decision == "argmax" else int(bits[0])
        return behavior.names[chosen] if behavior.names else str(chosen)
    each = behavior.wanted[row].reshape(behavior.answers, -1)
    chosen = each[:, 0].astype(int) if each.shape[1] == 1 else each.argmax(axis=1)
    said = [classes[one] for one in chosen]
    places = ", ".join(str(place + 1) for place in behavior.answer.at(behavior.points.shape[1]))
    return said[0] if len(said) == 1 else f"{', '.join(said)} at positions {places}"


def strategy_name(strategy: str) -> str:
    """what_then_where in words."""
    return strategy.replace("_then_", ", then ").replace("_", " ")


def shown(number: object) -> str:
    """A count, a range of counts, or ? where there is none; a very large one in short.

    Example:
        >>> shown(65), shown([3, 5]), shown(37778931862957161709568)
        ('65', 'between 3 and 5', 'about 3.78·10^22')
    """
    if not isinstance(number, Count):
        number = Count.of(tuple(number) if isinstance(number, list) else number)  # type: ignore[arg-type]
    if number.low is None or number.estimate is not None or max(number.low, number.high or 0) < LARGE:
        return "?" if number.low is None else str(number)
    ends = [in_digits(number.low), in_digits(number.high or 0)]
    return ends[0] if number.exact is not None else f"between {ends[0]} and {ends[1]}"


def price_text(cost: float | None) -> str:
    """What an explanation costs; ? where one of its signals does not follow from known bits, and so has no price."""
    return "?" if cost is None else f"{cost:g}"


def in_digits(number: int) -> str:
    """A whole number with separators; one of more than thirty digits as about a power of ten, and one of more than
    fifteen as about so many times one."""
    digits = math.log10(number) if number else 0.0
    if digits >= 30:
        return f"about 10^{digits:.0f}"
    return f"{number:,}" if number < LARGE else f"about {times_ten(number)}"


def in_short(text: str) -> str:
    """A text with its large whole numbers in short.

    Example:
        >>> in_short("all 37,778,931,862,957,161,709,568 circuits")
        'all of about 3.78·10^22 circuits'
    """
    found = re.sub(r"\d{1,3}(,\d{3}){5,}", lambda number: in_digits(int(number[0].replace(",", ""))), text)
    return found.replace("all about", "all of about")


def spelled(text: str) -> str:
    """A text whose numbers with a power of ten are written out; very large and very small ones as so many times that
    power.

    Example:
        >>> spelled("0.88 - 1.78e+03 h1.0 + 9.48e-05 h1.1"), spelled("about 4.98e+84")
        ('0.88 - 1,780 h1.0 + 0.0000948 h1.1', 'about 4.98·10^84')
    """

    def written(found: re.Match[str]) -> str:
        digits, power = found[1], int(found[2])
        if 0 < power < 15:
            return f"{round(float(found[0])):,}"
        decimals = len(digits.partition(".")[2])
        return f"{float(found[0]):.{decimals - power}f}" if -6 <= power < 0 else f"{digits}·10^{power}"

    return re.sub(r"(?<![\w.])(\d(?:\.\d+)?)e([+-]\d+)", written, text)


def in_table(number: object) -> str:
    """A count in a table, where a large one needs no word that it is in short."""
    return shown(number).removeprefix("about ")


def of_kind(text: str, of: type[Runnable] | Runnable) -> str:
    """What is said of networks and their neurons, of a model of another kind.

    Example:
        >>> from everyhow import Transformer
        >>> of_kind("alone, it decides as the network does", Transformer), of_kind("other neurons inert", Transformer)
        ('alone, it decides as the transformer does', 'all others inert')
    """
    if of.residual:
        for said, instead in WHERE_ALL_GOES_BY.items():
            text = text.replace(said, instead.format(nodes=of.nodes))
    for said, instead in (
        ("the network", f"the {of.kind}"), ("this network", f"this {of.kind}"),
        ("network and algorithm", f"{of.kind} and algorithm"), ("each neuron set", f"each set of {of.nodes}"),
        ("neuron sets", f"sets of {of.nodes}"), ("neurons", of.nodes),
    ):  # fmt: skip
        if of.kind != "network":
            text = text.replace(said, instead)
    return text


def times_ten(number: int) -> str:
    """A large whole number to three digits, as so many times a power of ten.

    Example:
        >>> times_ten(37778931862957161709568)
        '3.78·10^22'
    """
    digits, power = f"{number:.2e}".split("e")
    return f"{digits}·10^{int(power)}"


@dataclass(frozen=True)
class GrainTable:
    """The perfect circuits by what circuits are sets of, a row each, and by what removed edges carry, a column each.

    Attributes:
        ablations: the names of the columns.
        rows: by the names of the rows, the counts in words.
        asked: the row and the column that were asked for.
    """

    ablations: tuple[str, ...]
    rows: abc.Mapping[str, tuple[str, ...]]
    asked: tuple[str, str]


# What stands above the table of a terminal and of a page.
BY_GRAIN = "Perfect circuits, by what circuits are sets of and by what removed edges carry"


def grain_table(audit: Audit) -> GrainTable | None:
    """The counts by grain and by ablation; None where there is one grain only."""
    findings = audit.findings
    if not isinstance(findings, Findings) or not findings.grains:
        return None
    rows = {grain: tuple(map(in_table, counts.values())) for grain, counts in findings.grains.items()}
    asked = audit.network.grain_in_use, findings.circuits.asked.ablation
    return GrainTable(tuple(findings.ablations), rows, asked)


def ablations_text(counts: abc.Mapping[str, Count]) -> str:
    """The perfect circuits under each kind of ablation, side by side."""
    return "; ".join(f"by {ablation}: {shown(number)}" for ablation, number in counts.items())


def plural(number: int | None, word: str) -> str:
    """A count with its noun."""
    return f"{shown(number)} {word}" + "s" * (number != 1)


def _answers(findings: Findings, unit: str, function: str) -> Iterator[Answer]:
    circuits, mappings = findings.circuits, findings.laddered
    number = shown(circuits.number) if circuits.estimate is None else estimated_text(circuits)
    text = f"{number} perfect of "
    text += in_digits(circuits.in_space)
    if circuits.perfect is not None and circuits.perfect.fewest_edges is not None:
        text += f", of {plural(circuits.perfect.fewest_edges, unit)} or more"
    if circuits.robust is not None:
        text += f", {circuits.robust.count} of them robust"
    if circuits.minimal is not None:
        text += f"; {len(circuits.minimal):,} minimal"
    yield Answer("circuit", circuits.number, text)
    if findings.using_every_input is not None:
        space, number = findings.using_every_input
        yield Answer("using every input", number, f"{number} perfect of {space:,}")
    if findings.released is not None:
        space, number = findings.released
        yield Answer("as the authors count", number, f"{number} of accuracy above 0.99, of {space:,}")
    chosen = findings.ablations[circuits.asked.ablation]
    if chosen.low is not None and not findings.grains:
        yield Answer("by ablation", chosen, f"perfect {ablations_text(findings.ablations)}")
    signatures = findings.mappings and findings.mappings.signatures
    never_read = signatures is not None and signatures.model.residual
    if findings.interpretations is not None and (
        findings.interpretations.asked or (mappings is not None and not never_read)
    ):
        yield Answer("interpretation", findings.interpretations.number, _read_text(findings.interpretations))
    told = "" if not signatures else effects_text(len(signatures), signatures.distinct)
    if mappings is not None:
        yield from _placed_answers(mappings, told, function)
    elif signatures is not None and len(signatures):
        yield Answer("signature", Count.of(signatures.distinct), told)
    layers = findings.readouts.layers if findings.readouts else ()
    yield from (_layer_answer(layer) for layer in layers if not layer.vacuous)
    if vacuous := [layer for layer in layers if layer.vacuous]:
        yield _vacuous_answer(vacuous)


def _read_text(found: InterpretationFindings) -> str:
    if found.number == NOT_COUNTED:
        return "not counted"
    least, most = found.least, found.most
    each = "" if least is None else f" ({least:,} each)" if least == most else f" ({least:,} to {most:,} each)"
    return f"{found.number} over the perfect circuits{each}"


def _placed_answers(found: MappingFindings, effects: str, function: str) -> Iterator[Answer]:
    aligned, mappings = found.surviving_algorithms, found.surviving_mappings
    known = found.aligned is not None
    yield Answer("algorithm", Count.of(aligned["single"]), fitting_text(found, function) if known else "not counted")
    text = f"{plural(mappings['single'], 'minimal mapping')}; without redundant gates {shown(mappings['irredundant'])}"
    text += f"; {effects}" if effects else ""
    yield Answer("where it sits", Count.of(mappings["single"]), text if known else "not counted")


def fitting_text(found: MappingFindings, function: str) -> str:
    """How many formulas fit a network, of all for a function, and how many of those without redundant gates."""
    aligned, irredundant = found.surviving_algorithms["single"], found.surviving_algorithms["irredundant"]
    return (
        f"{shown(aligned)} of the {plural(found.algorithms, 'formula')} for {function} fit{'s' * (aligned == 1)} this "
        f"network; without redundant gates {shown(irredundant)} of {shown(found.irredundant_algorithms)}"
    )


def effects_text(groups: int, different: int) -> str:
    """How many effects groups of neurons have on the output.

    Example:
        >>> effects_text(14, 6)
        'the 14 groups of neurons have 6 different effects on the output'
    """
    if groups == 1:
        return "the only group of neurons has one effect on the output"
    effects = "one effect" if different == 1 else f"{different:,} different effects"
    return f"the {groups:,} groups of neurons have {effects} on the output"


def _explained(audit: Audit) -> str:
    """What the formulas are for: the function that a model computes, by its name, or what is wanted by data."""
    if audit.computes is None:
        return "these inputs"
    table, name = audit.computes
    return (audit.task if not audit.differs_at else None) or name or table


def _layer_answer(layer: LayerReadouts) -> Answer:
    name, signals = f"codes, layer {layer.layer}", layer.signals
    if layer.asked is None:
        return Answer(name, Count.of(len(signals)), readable_text(layer))
    # Over a truth table what is wanted is a signal like any other.
    read = "" if signals.behavior.is_truth_table else f"; {_decision_text(layer)}"
    if not len(signals):
        return Answer(name, Count.of(0), f"no Boolean signal is linear in its activations{read}")
    return Answer(name, Count.of(layer.survivors["bounded"]), _codes_text(layer, layer.asked) + read)


def _codes_text(layer: LayerReadouts, most: int) -> str:
    """How many sets of at most so many signals explain a layer, beside those of any layer with as many independent
    neurons."""
    signals, left = layer.signals, layer.survivors
    exact, above, bounded = left["exact"], left["above_baseline"], left["bounded"]
    said = f"{shown(exact)} exact by at most {plural(most, 'signal')}, of {len(signals):,} readable"
    if exact is None or above is None or bounded is None or not exact:
        return said
    if exact > above:
        beside = f"beside {exact - above:,} that {signals.as_any} has"
        said = f"{above:,} exact by fewer than {plural(signals.rank, 'signal')}, {beside}"
    return f"{said}; {bounded:,} bounded"


def _vacuous_answer(layers: Sequence[LayerReadouts]) -> Answer:
    """One line for all layers whose exact explanations any such layer has."""
    said: dict[str, list[str]] = {}
    for layer in layers:
        sets = f"{plural(layer.survivors['exact'], 'exact set')}, as in {layer.signals.as_any}"
        said.setdefault(sets, []).append(f"layer {layer.layer}")
    text = "; ".join(f"{' and '.join(names)}: {sets}" for sets, names in said.items())
    return Answer("codes", Count.of(0), text)


def vacuous_text(layer: LayerReadouts) -> str:
    """What is to be said of a layer whose exact explanations any such layer has, and of how far its codes endure."""
    signals, found = layer.signals, layer.found
    share = percentage(found.disturbance if found else 0.0)
    return (
        f"All {shown(layer.survivors['exact'])} that are exact are there in {signals.as_any}. Of its {len(signals):,} "
        f"codes {shown(layer.bounded)} can be read with every neuron moved by {share} of its range."
    )


def estimated_text(circuits: CircuitFindings) -> str:
    """How many circuits are perfect, estimated: of those drawn none may be, and then a number would say little."""
    estimate = circuits.estimate
    if estimate is None or estimate.low:
        return str(circuits.number)
    most = percentage(estimate.high / circuits.in_space)
    return f"of {estimate.drawn:,} drawn none is sure to be, so at most {most} are (95% sure)"


def readable_text(layer: LayerReadouts) -> str:
    """What is linear in a layer."""
    signals = layer.signals
    found = f"{plural(len(signals), 'readable signal')} in {plural(signals.rank, 'direction')}"
    if not len(signals):
        found = "no Boolean function of the inputs is a weighted sum of its neurons"
    return f"{found}; {_decision_text(layer)}"


def _decision_text(layer: LayerReadouts) -> str:
    """How well a code of the layer reads what is decided, output by output."""
    probes = layer.signals.wanted
    right = [percentage(probe.accuracy) for probe in probes]
    if len(right) == 1:
        return f"the best weighted sum of its neurons tells the decision at {right[0]} of the inputs"
    said = ", ".join(f"output {k} at {share}" for k, share in enumerate(right))
    return f"the best weighted sums of its neurons tell the decisions: {said} of the inputs"


def _authors_answers(found: AuthorsFindings) -> Iterator[Answer]:
    counts = found.counts
    yield Answer("circuit", found.number, f"{shown(found.number)} accurate of {shown(counts['circuits_in_space'])}")
    total = counts["interpretations"]
    told = "not counted" if total is None else f"{total:,} over the accurate circuits"
    yield Answer("interpretation", Count.of(total), told)
    aligned = counts["aligned_formulas"]
    told = f"{shown(aligned)} aligned of {plural(counts['candidate_formulas'], 'formula')}"
    yield Answer("algorithm", Count.of(aligned), told)
    yield Answer("where it sits", Count.of(counts["mappings"]), plural(counts["mappings"], "minimal mapping"))
