"""The answer of an audit first: one paragraph, the same wherever an audit is shown.

It says what the model computes, and whether that is the task; whether the explanation is unique, and by which
criterion, or how many rivals are left; the simplest explanation that is left, with its neurons; and what was estimated
or left out. The rule by which it says "unique" is in `lead`.
"""

import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence

from ..auditing.audit import Audit
from ..auditing.exhibits import Exhibits
from ..auditing.findings import Findings
from ..authors.findings import AuthorsFindings
from ..circuit.findings import CircuitFindings
from ..common.arguments import has
from ..common.budget import Refusal
from ..common.shares import percent, percentage
from ..common.spoken import spoken
from ..ladder import IN_SHORT, Verdict
from ..mapping.findings import RUNGS, MappingFindings
from ..mapping.mapping import Mapping as Placed
from ..model.circuit import Circuit
from ..model.graph import Graph
from .gates_in_words import mapping_in_words
from .words import constant_text, in_digits, of_kind, plural, shown

WIDTH = 80
# Reasons that are told.
MOST_REASONS = 3
# Algorithms that are told with their places.
MOST_ALGORITHMS = 3
# What takes fewer seconds is done in one run more.
SOON = 600
CONSTANT_SAID = {"TRUE": "TRUE (always 1)", "FALSE": "FALSE (always 0)"}
# What each strategy explains by.
AS = {"what_then_where": "as an algorithm with its place", "where_then_what": "as a circuit"}


def headline(audit: Audit) -> str:
    """The paragraph, on one line.

    Example:
        >>> import everyhow as eh
        >>> headline(eh.audit(eh.xornet(), "XOR")).split(". ")[0]
        'The network computes XOR, its task'
    """
    return " ".join(_sentences(audit))


def wrapped(audit: Audit, width: int = WIDTH) -> str:
    """The paragraph, on lines of at most so many signs."""
    return textwrap.fill(headline(audit), width, break_long_words=False, break_on_hyphens=False)


def lead(verdicts: Mapping[str, Verdict], circuits: CircuitFindings | None = None) -> str:
    """Whether the explanation is unique, by the verdicts of the strategies; the first of these that holds:

    1. a verdict is `not identifiable`: the explanation is not unique in that way;
    2. a verdict is `unknown`: it is not known whether the explanation is unique; where several circuits are perfect, it
       is not unique as a perfect circuit, and whether a stricter criterion leaves one is not known;
    3. no verdict is `identifiable`: no explanation passes every criterion;
    4. the explanation is unique, in the ways whose verdict is `identifiable`. The whole model is not an explanation of
       itself: where it is the only circuit left, no smaller one explains it, and that is said instead.

    Args:
        verdicts: by strategy.
        circuits: what is known of the circuits; None where nothing is.

    Example:
        >>> one = Verdict("identifiable", "perfect", "", "")
        >>> lead({"where_then_what": one, "what_then_where": Verdict("none valid", "joint", "", "")})
        'Its explanation is unique as a circuit'
    """
    statuses = {one.status for one in verdicts.values()}
    if "not identifiable" in statuses:
        several = [AS[strategy] for strategy, one in verdicts.items() if one.status == "not identifiable"]
        return f"Its explanation is not unique {' and '.join(several)}"
    if "unknown" in statuses:
        if circuits is not None and circuits.several_perfect and verdicts["where_then_what"].status == "unknown":
            return (
                "As a perfect circuit its explanation is not unique, and whether a stricter criterion leaves exactly "
                "one is not known"
            )
        return "Whether its explanation is unique is not known"
    if "identifiable" not in statuses:
        return "None of its explanations passes every criterion"
    whole = circuits is not None and circuits.only_whole
    unique = [AS[strategy] for strategy, one in verdicts.items() if one.status == "identifiable"]
    unique = [way for way in unique if not (whole and way == AS["where_then_what"])]
    if not unique:
        return "No circuit smaller than the network explains it"
    return f"Its explanation is unique {' and '.join(unique)}"


def _sentences(audit: Audit) -> Iterator[str]:
    yield _computed(audit)
    if audit.wanted is None:
        yield from map(_sentence, audit.network.remarks)
    yield from (f"{said}." for said in [constant_text(audit)] if said)
    found = audit.findings
    if audit.outputs:
        for name, part in audit.named_outputs.items():
            said = _unique(part)
            yield f"{name if part.task else name.capitalize()}: {said[0].lower()}{said[1:]}."
        if isinstance(found, Findings):
            yield f"Of all outputs together, {_circuits(found.circuits, found.circuits.verdict, None)}."
    else:
        yield from _vacuous(audit)
        yield f"{_unique(audit)}."
        yield from _simplest(audit)
        yield from _errors(audit)
        if isinstance(found, Findings):
            yield from _codes(found)
    yield from _left_out(audit)


def _computed(audit: Audit) -> str:
    """What the model computes, and whether that is the task."""
    model = f"The {audit.network.kind}"
    if audit.wanted is None:
        share, number = audit.agreement, plural(len(audit.behavior.points), "input")
        if share == 1:
            return f"{model} decides as wanted at {'all ' * (len(audit.behavior.points) > 1)}{number}."
        return f"{model} decides as wanted at {percent(share)}% of {number} only; what is explained is what is wanted."
    parts = audit.outputs or (audit,)
    differing = [part for part in parts if part.differs_at]
    if not differing:
        names = spoken([part.task or "" for part in parts])
        return f"{model} computes {names}, its task{'s' * (len(parts) > 1)}."
    return " ".join(_differing(part, audit) for part in differing)


def _differing(part: Audit, audit: Audit) -> str:
    table, name = part.computes or ("", None)
    what = CONSTANT_SAID.get(name or "", name or f"the truth table {table}")
    at = f"they differ at {' '.join(part.differs_at)}"
    if audit.outputs:
        return f"Output {part.task} computes {what} instead: {at}."
    otherwise = f" Is it asked as it was trained? {_sentence(part.read_otherwise)}" if part.read_otherwise else ""
    return f"The {audit.network.kind} computes {what}, not its task {part.task}: {at}.{otherwise}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _unique(audit: Audit) -> str:
    """Whether the explanation of one output is unique, and how many rivals are left by each strategy."""
    found, verdicts = audit.findings, audit.verdict
    clauses: dict[str, str] = {}
    if isinstance(found, Findings):
        asked = AS if found.laddered is not None else ["where_then_what"]
        clauses = {strategy: _found(found, audit, strategy) for strategy in asked}
    elif found is not None:
        clauses = _as_released(found, verdicts)
    who = "as the released code counts, " if isinstance(found, AuthorsFindings) else ""
    first, *others = [clauses[strategy] for strategy in _in_order(clauses, audit)]
    circuits = found.circuits if isinstance(found, Findings) else None
    said = ". ".join([f"{lead(verdicts, circuits)}: {who}{first}", *(one[:1].upper() + one[1:] for one in others)])
    return of_kind(said, audit.network)


def _in_order(strategies: Collection[str], audit: Audit) -> list[str]:
    """The strategies, first those that `lead` speaks of."""
    found, verdicts = audit.findings, audit.verdict
    itself = isinstance(found, Findings) and found.circuits.only_whole
    spoken_of = ("not identifiable", "unknown", "identifiable")
    # Where the network itself is all that is left, and nothing else is spoken of, that is what is spoken of.
    itself = itself and any(
        verdicts[strategy].status in spoken_of for strategy in strategies if strategy != "where_then_what"
    )

    def rank(strategy: str) -> int:
        status = verdicts[strategy].status
        last = status not in spoken_of or (itself and strategy == "where_then_what")
        return len(spoken_of) if last else spoken_of.index(status)

    return sorted(strategies, key=rank)


def _found(found: Findings, audit: Audit, strategy: str) -> str:
    """What is left by one strategy; where another one leaves several, that this one leaves one."""
    verdicts = audit.verdict
    verdict, statuses = verdicts[strategy], {one.status for one in verdicts.values()}
    if strategy == "where_then_what":
        said = _circuits(found.circuits, verdict, audit.exhibits)
        alone = verdict.status == "identifiable" and not found.circuits.only_whole
    else:
        said = _mappings(found.laddered, verdict) if found.laddered is not None else ""
        alone = verdict.status == "identifiable"
    return f"{AS[strategy]} it is unique: {said}" if alone and statuses & {"not identifiable", "unknown"} else said


def _mappings(found: MappingFindings, verdict: Verdict) -> str:
    if verdict.status == "unknown":
        return f"how many algorithms with their places are left is not known{_so_far(found)}"
    if verdict.status == "identifiable":
        return f"exactly one algorithm with its place is left, by {_criterion(verdict)}"
    if verdict.status == "identifiable, trivially":
        return "the only algorithm left has no variables, and so says nothing of where"
    if verdict.status == "not identifiable":
        left, trivial = found.surviving_mappings[RUNGS[-1]] or 0, found.trivial[RUNGS[-1]] or 0
        if left == trivial:
            return f"the {left} algorithms left have no variables, and so say nothing of where"
        algorithms = (found.surviving_algorithms[RUNGS[-1]] or 0) - trivial
        if algorithms == 1:
            return f"one algorithm passes every criterion, in {left - trivial:,} places"
        return f"{algorithms:,} algorithms pass every criterion, in {left - trivial:,} places in all"
    # Nothing is left, trivial ones aside.
    if not found.algorithms and found.algorithms is not None:
        return "no formula of so small a depth computes it; a larger one may (--depth)"
    if found.strictest is None:
        said = f"of {plural(found.algorithms, 'formula')} none fits the network"
        return f"{said}; a causal model of other values, such as a count, can be put to it (everyhow test)"
    left = (found.surviving_mappings[found.strictest] or 0) - (found.trivial[found.strictest] or 0)
    before = f"; {left:,} pass{'es' * (left == 1)} {found.strictest}" if left > 0 else ""
    return f"no algorithm with its place passes {_criterion(verdict)}{before}"


def _so_far(found: MappingFindings) -> str:
    if found.aligned is None:
        return ""
    return f" ({shown(found.surviving_mappings['single'])} fit the network)"


def _circuits(found: CircuitFindings, verdict: Verdict, exhibits: Exhibits | None) -> str:
    space = in_digits(found.in_space)
    if verdict.status == "unknown":
        if found.number.low is None and found.estimate is None:
            return f"how many of its {space} circuits are left is not known"
        if found.estimate:
            most = percentage(found.estimate.high / found.in_space)
            if not found.estimate.low:
                drawn = f"of {found.estimate.drawn:,} circuits drawn from all {space}"
                return f"{drawn} none is sure to be perfect, so at most {most} of all are (95% sure)"
        text = str(found.estimate) if found.estimate else shown(found.number)
        if found.several_perfect:
            return f"{text} of {space} circuits are perfect"
        return f"{text} of {space} circuits are perfect, and how many of these are left is not known"
    if verdict.status == "identifiable":
        ways = exhibits.ways_to_read if exhibits else None
        read = "" if ways is None else ", and it cannot be read as bits" if not ways else (
            f", and it can be read in {plural(ways, 'way')}" if ways > 1 else ", and it can be read in one way"
        )  # fmt: skip
        if found.only_whole:
            return f"of {space} circuits only the network itself is left, by {_criterion(verdict)}{read}"
        return f"exactly one of {space} circuits is left, by {_criterion(verdict)}{read}"
    if verdict.status == "not identifiable":
        return f"{shown(list(found.left.values())[-1])} of {space} circuits pass every criterion"
    if verdict.criterion == "robust" and found.robust is not None and found.robust.proved:
        before = shown(list(found.left.values())[-2])
        return (
            f"none of the {before} left by fewest edges passes {_criterion(verdict)}, though "
            f"{plural(found.robust.proved, 'perfect circuit')} {'does' if found.robust.proved == 1 else 'do'}"
        )
    return f"none of {space} circuits passes {_criterion(verdict)}"


def _criterion(verdict: Verdict) -> str:
    criterion = verdict.criterion or ""
    return f"{criterion} ({IN_SHORT[criterion]})"


def _as_released(found: AuthorsFindings, verdicts: Mapping[str, Verdict]) -> dict[str, str]:
    """What the released code finds by each strategy: it has one criterion for each."""
    counts, formulas = found.counts, verdicts["what_then_where"].status
    said: dict[str, str] = {}
    if formulas == "unknown":
        said["what_then_where"] = "how many formulas fit is not known"
    else:
        aligned, tried = counts["aligned_formulas"], plural(counts["candidate_formulas"], "formula")
        fits = f"fit{'s' * (aligned == 1)} the network, in {plural(counts['mappings'], 'place')}"
        some = f"{shown(aligned)} of its {tried} {fits}"
        said["what_then_where"] = some if aligned else f"of its {tried} none fits the network"
    if found.number.low is None:
        said["where_then_what"] = "how many circuits are accurate is not known"
    else:
        number = shown(found.number) if found.number.exact != 0 else "none"
        looked = shown(counts["circuits_in_space"])
        said["where_then_what"] = f"{number} of the {looked} circuits that it looks at are accurate"
    return said


def _simplest(audit: Audit) -> Iterator[str]:
    """The simplest explanations that are left, with their neurons."""
    found = audit.findings
    if not isinstance(found, Findings):
        return
    mappings, graph, circuit = found.laddered, audit.network.graph, found.circuits.simplest
    if mappings is not None and mappings.simplest is not None:
        yield _algorithms(mappings, mappings.simplest, graph)
    smallest = found.circuits.smallest_faithful
    if len(smallest) > 1:
        yield f"{_shared(smallest)}."
    elif circuit is not None and not found.circuits.only_whole:
        yield f"The smallest circuit{_which(found.circuits)}: {_through(circuit)}."


def _algorithms(found: MappingFindings, simplest: Placed, graph: Graph) -> str:
    """The algorithms that are left with their places; where they are many, the simplest."""
    rung, few = found.strictest or "", found.few_left(MOST_ALGORITHMS)
    if len(few) > 1:
        which = "left" if rung == RUNGS[-1] else f"that pass {rung}"
        return f"The algorithms {which}: {'; '.join(mapping_in_words(one, graph) for one in few)}."
    which = "left" if rung == RUNGS[-1] else f"that passes {rung}"
    unplaced = "" if simplest.sets else ", with no variable to place"
    return f"The simplest algorithm {which}: {mapping_in_words(simplest, graph)}{unplaced}."


def _shared(circuits: Sequence[Circuit]) -> str:
    """What several smallest circuits have in common."""
    common = frozenset.intersection(*(frozenset(circuit.edges) for circuit in circuits))
    size = plural(len(circuits[0]), circuits[0].graph.unit)
    said = f"The {len(circuits):,} smallest circuits left have {size} each, {len(common) or 'none'} of them shared"
    graph, nodes = circuits[0].graph, {circuit.neurons for circuit in circuits}
    if len(nodes) == 1 and circuits[0].neurons:
        return f"{said}, and go through {spoken([graph.name(node) for node in circuits[0].neurons])}"
    return f"{said}: {spoken([graph.name(edge) for edge in sorted(common)])}" if common else said


def _which(found: CircuitFindings) -> str:
    return " left" if found.faithful_minimal else " that is perfect"


def _through(circuit: Circuit) -> str:
    """The size of a circuit, and the neurons or components in it."""
    names = [circuit.graph.name(node) for node in circuit.neurons]
    size = plural(len(circuit), circuit.graph.unit)
    if not names:
        return f"{size}, {spoken([circuit.graph.name(edge) for edge in circuit.edges])}"
    return f"{size}, through {spoken(names)}"


def _vacuous(audit: Audit) -> Iterator[str]:
    """That an answer which never changes is within the error allowed, so that a circuit needs nothing to pass."""
    allowed, constant = audit.behavior.epsilon, audit.constant_error
    if allowed and constant <= allowed:
        yield (
            f"An answer that never changes is wrong at {percent(constant)}% of the inputs, within the "
            f"{percent(allowed)}% allowed (epsilon), so that a circuit can pass without telling anything apart: allow "
            f"less."
        )


def _errors(audit: Audit) -> Iterator[str]:
    """At how many inputs the smallest circuit left is wrong, where it may be; or that the model itself may not be."""
    allowed, own = audit.behavior.epsilon, 1 - audit.agreement
    if own > allowed and audit.counts.get("perfect_circuits") == 0:
        yield (
            f"The {audit.network.kind} itself is wrong at {percent(own)}% of the inputs, and {percent(allowed)}% are "
            f"allowed (epsilon): allow as much, or explain its own decisions by leaving the labels out."
        )
    elif allowed and audit.simplest_error:
        yield (
            f"Circuits may be wrong at {percent(allowed)}% of the inputs (epsilon); the smallest one is wrong at "
            f"{percent(audit.simplest_error)}%."
        )


def _codes(found: Findings) -> Iterator[str]:
    """How many sets of signals explain each layer: they are told beside, and do not decide whether it is unique."""
    layers = [layer for layer in (found.readouts.explained if found.readouts else ()) if layer.survivors["exact"]]
    told = [layer for layer in layers if not layer.vacuous]
    if told:
        said = [f"{shown(layer.survivors['above_baseline'])} explain layer {layer.layer}" for layer in told]
        yield f"Beside these, sets of signals read from all neurons of a layer: {spoken(said)} exactly."
    idle = [layer for layer in layers if layer.vacuous]
    if idle:
        which = spoken([f"layer {layer.layer}" for layer in idle])
        others = " or ".join(sorted({layer.signals.as_any for layer in idle}))
        yield f"Codes over all neurons of {which} say nothing of this network: {others} has the same ones."


def _left_out(audit: Audit) -> Iterator[str]:
    """What was estimated, left out or decided by rounding, with the options that would settle it."""
    notes, classes = audit.notes, audit.network.outputs > 2 and audit.behavior.decision == "argmax"
    if audit.wanted is None and classes and has(audit.network, "classes", "one_class"):
        yield (
            "Everything can be asked of two of the classes, exactly (network.classes(K, L), --classes K,L), and of one "
            "class against the rest (network.one_class(K, points), --one-class K)."
        )
    if notes.refused:
        yield f"Estimated or left out: {'; '.join(_settled(notes.refused))}."
    if notes.ties:
        yield f"Decided by rounding: {'; '.join(_some(notes.ties))}."
    beyond = notes.beyond if audit.wanted is None else ()
    if beyond:
        yield f"Not asked: {' '.join(map(_sentence, _some(beyond)))}"
    if not (notes.refused or notes.ties or beyond):
        found = audit.findings
        asked = isinstance(found, Findings) and found.laddered is not None
        depth = f"; algorithms are formulas of depth {audit.depth} or less" if asked else ""
        yield f"Nothing was estimated or left out{depth}."


def tells_what_is_not_asked(audit: Audit) -> bool:
    """Whether the paragraph names everything that is not asked of such a model or of such inputs."""
    return audit.wanted is None and len(audit.notes.beyond) <= MOST_REASONS


def _some(reasons: Sequence[str]) -> list[str]:
    more = len(reasons) - MOST_REASONS
    return [*reasons[:MOST_REASONS], *([f"and {more} more"] if more > 0 else [])]


def _settled(refused: Sequence[str]) -> Iterator[str]:
    """What was refused, with the budget that would do it: one budget for all that is done soon, and one for each thing
    that takes long."""
    known = [one for one in refused if isinstance(one, Refusal) and one.needed is not None]
    soon = [one for one in known if one.seconds <= SOON and not one.takes_long]
    if soon:
        most = max(soon, key=lambda one: one.seconds)
        whole = Refusal("", most.needed, seconds=sum(one.seconds for one in soon))
        yield f"{'; '.join(_some([one.what for one in soon]))} ({whole.advice})"
    yield from _some([_advised(one) for one in refused if one not in soon])


def _advised(reason: str) -> str:
    """What was refused, and the budget that would do it; why it was, where no budget would."""
    if not isinstance(reason, Refusal) or reason.advice is None:
        return reason
    return f"{reason.what} ({reason.advice})"
