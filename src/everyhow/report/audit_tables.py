"""Everything that an audit found, as tables: for people, for files and for SQL."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..auditing.audit import Audit
from ..auditing.exhibits import Exhibits
from ..common.count import Count
from ..common.sql import RunTable, Table
from ..ladder import DEFINITIONS
from ..model.circuit import Circuit
from .terminal.lines import gate_text
from .words import of_kind, plural, wanted_text

# Rows of a table, for each output; enough for any reference network.
MOST_ROWS = 100_000


def audit_tables(audit: Audit, most: int = MOST_ROWS) -> dict[str, RunTable]:
    """Every table that an audit has something for, by name; with several outputs their rows name theirs.

    A table is cut at `most` rows for each output, and says so.
    """
    if not audit.outputs:
        return _tables_of(audit, most)
    parts = {name: _tables_of(part, most) for name, part in audit.named_outputs.items()}
    if audit.wanted is None:
        parts = {"together": _tables_of(audit, most)} | parts
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
    if audit.exhibits is not None:
        found += [build(audit.exhibits) for build in BUILDERS]
    listed = [_listed(rows, most) for rows in found]
    return {one.name: one for one in listed if one.table.rows}


def edges_text(circuit: Circuit) -> str:
    """The edges of a circuit in words, such as A→h1.0; or its nodes, where it is a set of these."""
    return " ".join(map(circuit.graph.name, circuit.edges)) or "none"


@dataclass(frozen=True)
class _Rows:
    """A table before its rows are listed; `of` is how many there are."""

    name: str
    title: str
    columns: str
    rows: Iterable[tuple[Any, ...]]
    of: int


def _listed(lazy: _Rows, most: int) -> RunTable:
    kept = tuple(islice(lazy.rows, most))
    note = f"The first {plural(len(kept), 'row')} of {lazy.of:,}." if len(kept) < lazy.of else ""
    return RunTable(lazy.name, lazy.title, Table(tuple(lazy.columns.split()), kept), note)


def _table(name: str, title: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> _Rows:
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


def _ladder(audit: Audit) -> _Rows:
    left = audit.exhibits.findings.left if audit.exhibits else {}
    trivial = {rung: Count.of(number) for rung, number in audit.ladder.get("trivial", {}).items()}
    rows = [
        (kind, rung, count.exact, count.low, count.high, left["algorithms"][rung].exact if kind == "mappings" else None,
         of_kind(DEFINITIONS[rung], audit.network) if rung in DEFINITIONS else None)
        for kind, rungs in (left | ({"trivial": trivial} if trivial else {})).items()
        if kind != "algorithms"
        for rung, count in rungs.items()
    ]  # fmt: skip
    columns = "of rung survivors at_least at_most algorithms criterion"
    return _table("ladder", "Survivors of each rung", columns, rows)


def _activations(shown: Exhibits) -> _Rows:
    graph, activations = shown.graph, shown.activations()
    rows = [] if activations is None or not activations.complete else [
        (graph.name((layer, j)), layer, j, name, float(value))
        for layer, size in enumerate(graph.sizes)
        for j in range(size)
        if (held := activations.of(layer, j)) is not None
        for name, value in zip(activations.names, held, strict=True)
    ]  # fmt: skip
    title = f"Activations of the whole {shown.model.kind}"
    return _table("activations", title, "neuron layer index input activation", rows)


def _sequences(shown: Exhibits) -> _Rows:
    behavior = shown.behavior
    rows = (
        (row + 1, " ".join(f"{token:g}" for token in tokens), float(behavior.weights[row]), wanted_text(behavior, row))
        for row, tokens in enumerate(behavior.points)
    )
    number = 0 if behavior.answer is None else len(behavior.points)
    return _Rows(
        "sequences", "What is wanted of each sequence", "input tokens weight wanted", islice(rows, number), number
    )


def _edges(shown: Exhibits) -> _Rows:
    usage, model, name = shown.findings.circuits.usage, shown.model, shown.graph.name
    rows = [] if usage is None or model.graph.of_nodes else [
        (
            name(edge.parent), model.graph.entry(edge), model.strength(edge),
            number, number / usage.circuits if usage.circuits else None, usage.role(edge),
        )
        for edge, number in usage.edges.items()
    ]  # fmt: skip
    title = "How many perfect circuits use each edge"
    return _table("edges", title, "source target weight circuits share role", rows)


def _neurons(shown: Exhibits) -> _Rows:
    usage, graph = shown.findings.circuits.usage, shown.graph
    rows = [] if usage is None else [
        (graph.name(neuron), n, n / usage.circuits if usage.circuits else None, usage.role(neuron))
        for neuron, n in usage.neurons.items()
    ]  # fmt: skip
    title = f"How many perfect circuits use each {'hidden neuron' if shown.model.kind == 'network' else 'node'}"
    return _table("neurons", title, "neuron circuits share role", rows)


def _circuit_sizes(shown: Exhibits) -> _Rows:
    found = shown.findings.circuits
    counts = [
        count.certain if count is not None and count.certified else {} for count in (found.perfect, found.faithful)
    ]
    sizes = sorted({size for numbers in counts for size in numbers})
    rows = [(size, *(numbers.get(size, 0) if numbers else None for numbers in counts)) for size in sizes]
    return _table(
        "circuit_sizes", f"Circuits by number of {shown.graph.unit}s", "edges perfect resample_faithful", rows
    )


def _circuits(shown: Exhibits) -> _Rows:
    found = shown.findings.circuits
    groups = {"minimal": found.minimal, "resample_faithful_minimal": found.faithful_minimal}
    rows = [
        (kind, number, len(circuit), len(circuit.neurons), edges_text(circuit))
        for kind, circuits in groups.items()
        for number, circuit in enumerate(circuits or (), start=1)
    ]
    return _table("circuits", "Minimal circuits", "kind number edges neurons circuit", rows)


def _gates(shown: Exhibits) -> _Rows:
    table, graph = shown.readings, shown.graph
    rows = [] if table is None else [
        (
            graph.name(neuron), gate_text(gate, graph), gate.table,
            " ".join(map(graph.name, gate.parents)),
            number, number / table.count,
        )
        for neuron, counts in table.gate_counts.items()
        for gate, number in counts.items()
    ]  # fmt: skip
    title = "Gates of the smallest circuit, over all its interpretations"
    return _table("gates", title, "neuron gate truth_table parents interpretations share", rows)


def _algorithms(shown: Exhibits) -> _Rows:
    aligned = (shown.findings.mappings and shown.findings.mappings.aligned) or {}
    rows = ((str(a), a.depth, len(a.variables), a.irredundant, number) for a, number in aligned.items())
    columns = "algorithm depth variables irredundant mappings"
    return _Rows("algorithms", "Aligned algorithms", columns, rows, len(aligned))


def _mappings(shown: Exhibits) -> _Rows:
    found, graph, columns = shown.findings.mappings, shown.graph, "algorithm mapping strictest_rung falls_because"
    title = "Minimal mappings of aligned algorithms"
    if found is None:
        return _table("mappings", title, columns, [])
    fates = ((mapping, *found.fate(mapping)) for mapping in found.placed)
    rows = ((str(m.algorithm), m.named(graph), rung, fault and fault.whole) for m, rung, fault in fates)
    return _Rows("mappings", title, columns, rows, found.surviving_mappings["single"] or 0)


def _near_misses(shown: Exhibits) -> _Rows:
    rows = []
    for miss in (shown.findings.mappings and shown.findings.mappings.near_misses) or ():
        each = " ".join(f"{float(accuracy):.4g}" for accuracy in miss.accuracies)
        rows.append((str(miss.mapping.algorithm), miss.mapping.named(shown.graph), float(miss.least), each))
    title = "Irredundant algorithms that nearly align, by the IIA of their worst variable"
    return _table("near_misses", title, "algorithm mapping iia iia_of_each", rows)


def _signatures(shown: Exhibits) -> _Rows:
    title = of_kind("Causal signature of each neuron set: a group of digits per source, a digit per base", shown.model)
    columns = "neurons signature decisions"
    signatures = shown.signatures
    if signatures is None:
        return _table("signatures", title, columns, [])
    numbers = signatures.numbers
    bases = range(len(shown.behavior.points))

    def text(rows: tuple[int, ...]) -> str:
        return " ".join("".join(str(row >> base & 1) for base in bases) for row in rows)

    rows = ((s.named(shown.graph), numbers[table] + 1, text(table)) for s, table in signatures.items())
    return _Rows("signatures", title, columns, rows, len(signatures))


def _layers(shown: Exhibits) -> _Rows:
    rows = [
        (layer.layer, len(layer.signals), layer.signals.rank, probe.residual, probe.accuracy)
        for layer in shown.layers
        for probe in layer.signals.wanted
    ]
    title = "What is linear in each hidden layer, and how well the decision is read there"
    return _table("layers", title, "layer signals directions residual accuracy", rows)


def _signals(shown: Exhibits) -> _Rows:
    rows = (
        (layer.layer, readout.name, readout.code, str(readout.table), readout.residual)
        for layer in shown.layers
        for readout in (layer.signals[k] for k in range(len(layer.signals)))
    )
    number = sum(len(layer.signals) for layer in shown.layers)
    return _Rows(
        "signals", "Boolean signals that a layer reads linearly", "layer signal code truth_table residual", rows, number
    )


def _readouts(shown: Exhibits) -> _Rows:
    rows = (
        (layer.layer, str(e), e.gate_name, "; ".join(map(str, e.readouts)), e.residual)
        for layer in shown.layers
        if layer.found is not None
        for e in layer.found.explanations("exact")
    )
    number = sum(layer.found.survivors["exact"] for layer in shown.layers if layer.found is not None)
    title = "Exact readout explanations"
    return _Rows("readouts", title, "layer explanation gate signals residual", rows, number)


def _ranking(shown: Exhibits) -> _Rows:
    title, columns, ranking = "Explanations by cost", "rank cost kind explanation placed", shown.findings.ranking
    if ranking is None:
        return _table("ranking", title, columns, [])
    rows = [
        (rank, cost, e.kind, e.title, e.named(shown.graph)) for rank, (cost, e) in enumerate(ranking.entries, start=1)
    ]
    return _Rows("ranking", title, columns, rows, ranking.of)


def _cross_examination(shown: Exhibits) -> _Rows:
    examined = shown.findings.experiments and shown.findings.experiments.examined
    placed = [e.named(shown.graph) for e in examined.explanations] if examined else []
    rows = [] if examined is None else [
        (
            own, examined.explanations[i].title, placed[i],
            other, examined.explanations[j].title, placed[j],
            len(examined.swaps[i].outcomes),
            examined.swaps[i].said(j),
            examined.swaps[i].right(j),
        )
        for own, i in shown.examined
        for other, j in shown.examined
    ]  # fmt: skip
    title = "Of how many swaps of one explanation another says something, and predicts them; ranks are those of ranking"
    columns = "rank swapped swapped_where predictor_rank predictor predictor_where swaps said predicted"
    return _table("cross_examination", title, columns, rows)


def _disputes(shown: Exhibits) -> _Rows:
    graph, experiments = shown.graph, shown.findings.experiments
    rows = [
        (one.title, one.named(graph), other.title, other.named(graph), dispute.told())
        for dispute in (experiments.disputes if experiments else ())
        for one, other in [dispute.explanations]
    ]  # fmt: skip
    title = "The cheapest experiment that decides between two explanations"
    return _table("disputes", title, "first first_where second second_where experiment", rows)


BUILDERS: tuple[Callable[[Exhibits], _Rows], ...] = (
    _sequences, _activations, _edges, _neurons, _circuit_sizes, _circuits, _gates, _algorithms, _mappings, _near_misses,
    _signatures, _layers, _signals, _readouts, _ranking, _cross_examination, _disputes,
)  # fmt: skip
