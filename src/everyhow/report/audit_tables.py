"""Everything that an audit found, as tables: for people, for files and for SQL."""

from collections import abc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..auditing.audit import Audit
from ..auditing.paper import PaperFindings
from ..boolean.truth_table import row_name
from ..common.sql import RunTable, Table
from ..interpretation.interpretations import Interpretations
from ..ladder import DEFINITIONS
from ..mapping.alignment import minimal_mappings
from ..mapping.mapping import Mapping
from ..model.circuit import Circuit
from ..model.reading import ReadingRule
from .terminal.lines import gate_text
from .words import dispute_text, plural, survivors_by_rung

# Rows of a table, for each output; enough for any reference network.
MOST_ROWS = 100_000


def audit_tables(audit: Audit, most: int = MOST_ROWS) -> dict[str, RunTable]:
    """Every table that an audit has something for, by name; with several outputs their rows name theirs.

    A table is cut at `most` rows for each output, and says so.
    """
    if not audit.outputs:
        return _tables_of(audit, most)
    parts = {part.task: _tables_of(part, most) for part in audit.outputs}
    names = dict.fromkeys(name for tables in parts.values() for name in tables)
    return {name: _joined({task: tables[name] for task, tables in parts.items() if name in tables}) for name in names}


def _joined(parts: dict[str, RunTable]) -> RunTable:
    """The tables of several outputs as one, with a first column that names the output."""
    first = next(iter(parts.values()))
    rows = tuple((task, *row) for task, one in parts.items() for row in one.table.rows)
    note = " ".join(f"{task}: {one.note}" for task, one in parts.items() if one.note)
    return RunTable(first.name, first.title, Table(("output", *first.table.columns), rows), note)


def _tables_of(audit: Audit, most: int) -> dict[str, RunTable]:
    found = [_counts(audit), _ladder(audit)]
    if isinstance(audit.findings, PaperFindings):
        found += [build(audit, audit.findings) for build in BUILDERS]
    listed = [_listed(rows, most) for rows in found]
    return {one.name: one for one in listed if one.table.rows}


def edges_text(circuit: Circuit) -> str:
    """The edges of a circuit in words, such as A→h1.0."""
    return " ".join(map(circuit.graph.name, circuit.edges))


@dataclass(frozen=True)
class _Rows:
    """A table before its rows are listed; `of` is how many there are."""

    name: str
    title: str
    columns: str
    rows: Iterable[tuple]
    of: int


def _listed(lazy: _Rows, most: int) -> RunTable:
    kept = tuple(islice(lazy.rows, most))
    note = f"The first {plural(len(kept), 'row')} of {lazy.of:,}." if len(kept) < lazy.of else ""
    return RunTable(lazy.name, lazy.title, Table(tuple(lazy.columns.split()), kept), note)


def _table(name: str, title: str, columns: str, rows: Sequence[tuple]) -> _Rows:
    return _Rows(name, title, columns, rows, len(rows))


def _counts(audit: Audit) -> _Rows:
    def value(key: str, count: Any) -> Any:
        if key == "perfect_circuits_between":
            return f"{count[0]} to {count[1]}"
        if isinstance(count, dict):
            return ", ".join(f"{item}: {number}" for item, number in count.items())
        return ", ".join(map(str, count)) if isinstance(count, list) else count

    rows = [(key, value(key, count)) for key, count in audit.counts.items()]
    return _table("counts", "Counts, by their names in audit.json", "count value", rows)


LADDER = "of rung survivors at_least at_most algorithms criterion"


def _ladder(audit: Audit) -> _Rows:
    return _table("ladder", "Survivors of each rung", LADDER, ladder_rows(survivors_by_rung(audit)))


def ladder_rows(survivors: abc.Mapping[str, abc.Mapping[str, Any]]) -> list[tuple]:
    """What each rung leaves of each kind, as numbers: exactly so many, at least and at most."""
    algorithms = survivors.get("algorithms", {})

    def ends(number: Any) -> tuple:
        return (None, *number) if isinstance(number, list) else (number, number, number)

    return [
        (kind, rung, *ends(number), algorithms.get(rung) if kind == "mappings" else None, DEFINITIONS.get(rung))
        for kind, rungs in survivors.items()
        if kind != "algorithms"
        for rung, number in rungs.items()
    ]


def _activations(audit: Audit, findings: PaperFindings) -> _Rows:
    network = audit.network
    inputs = network.features
    rows = [
        (network.graph.name((layer, j)), layer, j, row_name(row, inputs), float(value))
        for layer, state in enumerate(network.states(network.corners))
        if network.graph.numbers[layer] == 1
        for j in range(state.shape[1])
        for row, value in enumerate(state[:, j])
    ]
    return _table("activations", "Activations of the whole network", "neuron layer index input activation", rows)


def _edges(audit: Audit, findings: PaperFindings) -> _Rows:
    usage, network, name = findings.circuits.usage, audit.network, audit.network.graph.name
    rows = [] if usage is None else [
        (
            name(edge.parent), network.graph.entry(edge), network.strength(edge),
            number, number / usage.circuits if usage.circuits else None, usage.role(edge),
        )
        for edge, number in usage.edges.items()
    ]  # fmt: skip
    title = "How many perfect circuits use each edge"
    return _table("edges", title, "source target weight circuits share role", rows)


def _neurons(audit: Audit, findings: PaperFindings) -> _Rows:
    usage, graph = findings.circuits.usage, audit.network.graph
    rows = [] if usage is None else [
        (graph.name(neuron), n, n / usage.circuits if usage.circuits else None, usage.role(neuron))
        for neuron, n in usage.neurons.items()
    ]  # fmt: skip
    return _table("neurons", "How many perfect circuits use each hidden neuron", "neuron circuits share role", rows)


def _circuit_sizes(audit: Audit, findings: PaperFindings) -> _Rows:
    counts = [
        count.certain if count is not None and count.certified else {}
        for count in (findings.circuits.perfect, findings.circuits.faithful)
    ]
    sizes = sorted({size for numbers in counts for size in numbers})
    rows = [(size, *(numbers.get(size, 0) if numbers else None for numbers in counts)) for size in sizes]
    return _table("circuit_sizes", "Circuits by number of edges", "edges perfect resample_faithful", rows)


def _circuits(audit: Audit, findings: PaperFindings) -> _Rows:
    groups = {"minimal": findings.circuits.minimal, "resample_faithful_minimal": findings.circuits.faithful_minimal}
    rows = [
        (kind, number, len(circuit), len(circuit.neurons), edges_text(circuit))
        for kind, circuits in groups.items()
        for number, circuit in enumerate(circuits or (), start=1)
    ]
    return _table("circuits", "Minimal circuits", "kind number edges neurons circuit", rows)


def _gates(audit: Audit, findings: PaperFindings) -> _Rows:
    circuit, graph = findings.circuits.simplest, audit.network.graph
    rows = []
    if circuit is not None and findings.interpretations.simplest is not None:
        points = audit.network.corners
        table = Interpretations(audit.network, circuit, points, ReadingRule(decision=audit.decision))
        rows = [
            (
                graph.name(neuron), gate_text(gate, graph), gate.table,
                " ".join(map(graph.name, gate.parents)),
                share.numerator * (table.count // share.denominator), float(share),
            )
            for neuron, shares in table.gate_shares.items()
            for gate, share in shares.items()
        ]  # fmt: skip
    title = "Gates of the smallest circuit, over all its interpretations"
    return _table("gates", title, "neuron gate truth_table parents interpretations share", rows)


def _algorithms(audit: Audit, findings: PaperFindings) -> _Rows:
    aligned = findings.mappings.aligned or {}
    rows = ((str(a), a.depth, len(a.variables), a.irredundant, number) for a, number in aligned.items())
    columns = "algorithm depth variables irredundant mappings"
    return _Rows("algorithms", "Aligned algorithms", columns, rows, len(aligned))


def _mappings(audit: Audit, findings: PaperFindings) -> _Rows:
    found, graph = findings.mappings, audit.network.graph
    fates = ((mapping, *found.fate(mapping)) for mapping in aligned_mappings(findings))
    rows = ((str(m.algorithm), m.named(graph), rung, fault and fault.text) for m, rung, fault in fates)
    number = found.surviving_mappings["single"] or 0
    columns = "algorithm mapping strictest_rung falls_because"
    return _Rows("mappings", "Minimal mappings of aligned algorithms", columns, rows, number)


def aligned_mappings(findings: PaperFindings) -> Iterator[Mapping]:
    """Every minimal mapping of every aligned algorithm."""
    found = findings.mappings
    if found.aligned is not None and found.signatures is not None:
        for algorithm in found.aligned:
            yield from minimal_mappings(found.signatures, algorithm)


def _near_misses(audit: Audit, findings: PaperFindings) -> _Rows:
    rows = []
    for miss in findings.mappings.near_misses:
        each = " ".join(f"{float(accuracy):.4g}" for accuracy in miss.accuracies)
        rows.append((str(miss.mapping.algorithm), miss.mapping.named(audit.network.graph), float(miss.least), each))
    title = "Irredundant algorithms that nearly align, by the IIA of their worst variable"
    return _table("near_misses", title, "algorithm mapping iia iia_of_each", rows)


def _signatures(audit: Audit, findings: PaperFindings) -> _Rows:
    found = findings.mappings.signatures
    inputs, graph = audit.network.features, audit.network.graph
    numbers = {} if found is None else {rows: k for k, rows in enumerate(found.by_rows, start=1)}

    def text(rows: tuple[int, ...]) -> str:
        return " ".join("".join(str(row >> base & 1) for base in range(1 << inputs)) for row in rows)

    rows = () if found is None else ((s.named(graph), numbers[table], text(table)) for s, table in found.items())
    title = "Causal signature of each neuron set: a group of digits per source, a digit per base"
    return _Rows("signatures", title, "neurons signature decisions", rows, 0 if found is None else len(found))


def _signals(audit: Audit, findings: PaperFindings) -> _Rows:
    rows = (
        (layer.layer, readout.name, readout.code, str(readout.table), readout.residual)
        for layer in findings.readouts.layers
        for readout in (layer.signals[k] for k in range(len(layer.signals)))
    )
    number = sum(len(layer.signals) for layer in findings.readouts.layers)
    return _Rows(
        "signals", "Boolean signals that a layer reads linearly", "layer signal code truth_table residual", rows, number
    )


def _readouts(audit: Audit, findings: PaperFindings) -> _Rows:
    rows = (
        (layer.layer, str(e), e.gate_name, "; ".join(map(str, e.readouts)), e.residual)
        for layer in findings.readouts.layers
        if layer.found is not None
        for e in layer.found.explanations("exact")
    )
    number = sum(layer.found.survivors["exact"] for layer in findings.readouts.layers if layer.found is not None)
    title = "Exact readout explanations"
    return _Rows("readouts", title, "layer explanation gate signals residual", rows, number)


def _ranking(audit: Audit, findings: PaperFindings) -> _Rows:
    rows = [
        (
            rank,
            cost,
            e.kind,
            e.title,
            e.named(audit.network.graph),
        )
        for rank, (cost, e) in enumerate(findings.ranking.entries, start=1)
    ]
    title = "Explanations by cost"
    return _Rows("ranking", title, "rank cost kind explanation placed", rows, findings.ranking.of)


def examined_by_rank(findings: PaperFindings) -> list[tuple[int, int]]:
    """The rank by cost of each explanation that is examined, and its index in the examination, cheapest first."""
    ranks = {explanation: rank for rank, (_, explanation) in enumerate(findings.ranking.entries, start=1)}
    examined = findings.experiments.examined
    if examined is None:
        return []
    return sorted((ranks[e], index) for index, e in enumerate(examined.explanations) if e in ranks)


def _cross_examination(audit: Audit, findings: PaperFindings) -> _Rows:
    examined = findings.experiments.examined
    order = examined_by_rank(findings)
    placed = [e.named(audit.network.graph) for e in examined.explanations] if examined else []
    rows = [] if examined is None else [
        (
            own, examined.explanations[i].title, placed[i],
            other, examined.explanations[j].title, placed[j],
            len(examined.swaps[i].outcomes),
            int((examined.swaps[i].predictions[j].bits == examined.swaps[i].outcomes).sum()),
        )
        for own, i in order
        for other, j in order
    ]  # fmt: skip
    title = "How many swaps of one explanation another predicts; ranks are those of ranking"
    columns = "rank swapped swapped_where predictor_rank predictor predictor_where swaps predicted"
    return _table("cross_examination", title, columns, rows)


def _disputes(audit: Audit, findings: PaperFindings) -> _Rows:
    graph = audit.network.graph
    rows = [
        (one.title, one.named(graph), other.title, other.named(graph),
         dispute_text(dispute, ("the first", "the second")))
        for dispute in findings.experiments.disputes
        for one, other in [dispute.explanations]
    ]  # fmt: skip
    title = "The cheapest experiment that decides between two explanations"
    return _table("disputes", title, "first first_where second second_where experiment", rows)


BUILDERS: tuple[Callable[[Audit, PaperFindings], _Rows], ...] = (
    _activations, _edges, _neurons, _circuit_sizes, _circuits, _gates, _algorithms, _mappings, _near_misses,
    _signatures, _signals, _readouts, _ranking, _cross_examination, _disputes,
)  # fmt: skip
