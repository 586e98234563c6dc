"""A second kind of model goes all the way: circuits, mappings, audit, file, terminal, tables, pictures, page, place.

Nothing outside `skipping.py` knows of it. Its numbers are compared with those of slow functions here, which run it node
by node, one input at a time.
"""

import io
import itertools
import json
import re

import numpy as np
import pytest
from rich.console import Console

import everyhow as eh
from everyhow.auditing.reopening import reopen
from everyhow.circuit.estimate import estimate_circuits
from everyhow.circuit.faults import fallen
from everyhow.common.errors import FileFormatError
from everyhow.experiment.circuit_trials import circuit_trials
from everyhow.mapping.signatures import signatures
from everyhow.model.circuit import Circuit
from everyhow.model.criterion import ABLATIONS, perfect
from everyhow.report.page.contents import contents
from everyhow.report.page.room import Room
from everyhow.report.terminal.audit import print_audit

from .skipping import SkipNetwork, skipping_xor

MODEL = skipping_xor()
EDGES = [(child, parent) for child, parent, _ in MODEL.weights]
WEIGHTS = {(child, parent): weight for child, parent, weight in MODEL.weights}
ROWS = list(itertools.product((0.0, 1.0), repeat=2))
INNER = [(1, 0), (1, 1), (2, 0)]
OUTPUT = (3, 0)


def values(inputs, edges=EDGES, removed=None, held=()):
    """What every node computes, one at a time; an edge that is left out carries its weight times `removed` of its
    parent, and nodes that are `held` have those values."""
    found = {(0, 0): inputs[0], (0, 1): inputs[1]}
    for node in [*INNER, OUTPUT]:
        total = MODEL.biases[node[0] - 1][node[1]]
        for child, parent in EDGES:
            if child == node:
                there = found[parent] if (child, parent) in edges else (removed or {}).get(parent, 0.0)
                total += WEIGHTS[child, parent] * there
        found[node] = total if node == OUTPUT else max(total, 0.0)
        found |= {one: value for one, value in dict(held).items() if one == node}
    return found


WHOLE = [values(row) for row in ROWS]
WANTED = [0, 1, 1, 0]


def are_a_circuit(edges):
    into, out_of = {child for child, _ in edges}, {parent for _, parent in edges}
    return OUTPUT in into and all((node in into) == (node in out_of) for node in INNER)


def subsets(items):
    return itertools.chain.from_iterable(itertools.combinations(items, size) for size in range(len(items) + 1))


CIRCUITS = [frozenset(edges) for edges in subsets(EDGES) if are_a_circuit(edges)]


def errors(edges, ablation):
    """The share of wrong runs, each output being so far from the boundary that no tie matters (but for means)."""
    mean = {node: sum(run[node] for run in WHOLE) / 4 for node in WHOLE[0]}
    removed = {"zero": [None], "mean": [mean], "resample": WHOLE}[ablation]
    runs = [(values(row, edges, there)[OUTPUT] > 0.5) != wanted
            for row, wanted in zip(ROWS, WANTED, strict=True) for there in removed]  # fmt: skip
    return sum(runs) / len(runs)


def printed(print_it, audit):
    console = Console(width=100, file=io.StringIO())
    print_it(audit, console)
    return console.file.getvalue()


def by_size(circuits):
    sizes = list(map(len, circuits))
    return {size: sizes.count(size) for size in sorted(set(sizes))}


def edges_of(circuit):
    return frozenset((tuple(edge.child), tuple(edge.parent)) for edge in circuit.edges)


def minimal(circuits):
    return {one for one in circuits if not any(other < one for other in circuits)}


@pytest.mark.parametrize("ablation", ABLATIONS[:3])
@pytest.mark.parametrize("epsilon", [0.0, 0.25])
def test_circuits(ablation, epsilon):
    """Counted, listed, minimal, used and drawn under every ablation."""
    right = [edges for edges in CIRCUITS if errors(edges, ablation) <= epsilon]
    found = eh.circuits(MODEL, "XOR", ablation=ablation, epsilon=epsilon)
    assert found.in_space == len(CIRCUITS) == 799
    listed = set(map(edges_of, found))
    count = found.count()
    if count.certified:
        assert count.certain == by_size(right) and listed == set(right)
        assert set(map(edges_of, found.minimal())) == minimal(right)
        usage = found.usage()
        assert usage.circuits == len(right)
        for edge, number in usage.edges.items():
            assert number == sum((tuple(edge.child), tuple(edge.parent)) in one for one in right)
    else:
        assert ablation == "mean" and count.between[0] <= len(right) <= count.between[1]
    assert set(map(edges_of, found.sample(300))) <= listed


def test_resample_faithful():
    right = [edges for edges in CIRCUITS if not errors(edges, "zero") and not errors(edges, "resample")]
    assert eh.circuits(MODEL, "XOR", "resample_faithful").count().certain == by_size(right)


def test_estimate():
    """The share of circuits drawn from all of them, times how many there are, is near the number of perfect ones."""
    criterion = perfect(MODEL, eh.Behavior.of_task(eh.parse_task("XOR")))
    estimate = estimate_circuits(criterion, drawn=20_000)
    assert estimate.low <= 20 <= estimate.high and estimate.high - estimate.low < 8


def test_signatures():
    """Decisions after any set of nodes of one stage takes its values from another input."""
    found = dict(signatures(MODEL, MODEL.corners).items())
    sets = [[(1, 0)], [(1, 1)], [(1, 0), (1, 1)], [(2, 0)]]
    assert sorted(tuple((s.layer, j) for j in s.neurons) for s in found) == sorted(map(tuple, sets))
    for one, rows in found.items():
        nodes = [(one.layer, j) for j in one.neurons]
        for source, row in zip(WHOLE, rows, strict=True):
            decided = [values(base, held=[(node, source[node]) for node in nodes])[OUTPUT] > 0.5 for base in ROWS]
            assert [bool(row >> k & 1) for k in range(4)] == decided


def test_one_edge_resampled():
    """One edge carries at each base what it carries at the source, whatever it skips."""
    runs = MODEL.runs(MODEL.corners)
    pairs = list(itertools.product(range(4), repeat=2))
    for edge in MODEL.graph.edges:
        there = tuple(edge.child), tuple(edge.parent)
        others = [one for one in EDGES if one != there]
        found = runs.with_edge(edge, *np.array(pairs).T).outputs[:, 0]
        expected = [values(ROWS[base], others, WHOLE[source])[OUTPUT] for base, source in pairs]
        assert found.round(12).tolist() == np.round(expected, 12).tolist()
    assert runs.as_they_are().outputs[:, 0].tolist() == [run[OUTPUT] for run in WHOLE]


def test_mappings():
    """OR less AND: the one algorithm that has a place, and the rungs that it passes, each run by hand."""
    audit = eh.audit(MODEL, "XOR")
    (mapping,) = audit.findings.mappings.survivors["inert"]
    assert str(mapping.algorithm) == "AND(NAND(A,B), OR(A,B))"
    assert [(s.layer, s.neurons) for s in mapping.sets] == [(1, (0,)), (2, (0,))]
    for both, either, base in itertools.product([None, *WHOLE], [None, *WHOLE], range(4)):
        held = [(node, run[node]) for node, run in (((1, 0), both), ((2, 0), either)) if run is not None]
        a, b = ROWS[base]
        conjunction = bool(a and b) if both is None else both is WHOLE[3]
        disjunction = bool(a or b) if either is None else either is not WHOLE[0]
        assert (values(ROWS[base], held=held)[OUTPUT] > 0.5) == (disjunction and not conjunction)
    # At 11 with NAND(A,B) as at 00, v0 is 2.1 and not as at any input; held at 11 it outweighs AND(A,B).
    left = values(ROWS[3], held=[((1, 0), WHOLE[0][1, 0])])[2, 0]
    assert values(ROWS[3], held=[((2, 0), left)])[OUTPUT] > 0.5
    assert audit.ladder["mappings"]["joint"] == 1 and audit.ladder["mappings"]["transitive"] == 0
    assert "from input 11 with" in audit.verdict["what_then_where"].reason


def test_audit_file_terminal_tables_and_page(tmp_path):
    """The audit, everywhere that an audit is shown; and what does not apply to this kind of model is said."""
    audit = eh.audit(MODEL, "XOR")
    assert audit.counts["perfect_circuits"] == 20 and audit.counts["minimal_circuits"] == 1
    assert audit.counts["interpretations"] is None
    assert audit.capped == ("the circuits of a skip network are not read neuron by neuron",)
    document = json.loads((audit.save(tmp_path / "run")).read_text())
    assert document["network"]["kind"] == "skip network" and document["counts"] == audit.counts
    (listed,) = document["details"]["circuits"]["minimal"]["listed"]
    assert [2, 0, 0, 0, 0] in listed and [3, 0, 0] in listed
    with pytest.raises(FileFormatError, match=r"not an audit that can be repeated .*; audit the network again"):
        reopen(tmp_path / "run")
    text = printed(print_audit, audit)
    assert "Skip network  2-2-1-1 with skips, 12 edges" in text and "20 perfect of 799" in text
    assert "v0 ← A, B, u0" in text and "has no interpretation" not in text
    tables = audit.tables()
    edges = {row[:3] for row in tables["edges"].table.rows}
    assert ("u0", "y0", -1.07) in edges and ("A", "v0", 1.0) in edges and len(edges) == 12
    drawings = audit.drawings()
    assert all(drawing.svg().startswith("<svg") for drawing in drawings.values())
    assert ">u0 to y0, weight -1.07<" in drawings["network"].svg()
    page = audit.report(tmp_path / "page.html").read_text()
    assert "2-2-1-1 with skips, 12 edges" in page and "are not read neuron by neuron" in page


def test_every_part_is_called_as_its_graph_says(tmp_path):
    """Nowhere, in texts for people, is a node called as one of a network would be, or by its place."""
    audit = eh.audit(MODEL, "XOR")
    drawings = audit.drawings()
    by_data = eh.audit_behavior(MODEL, eh.Behavior.of_network(MODEL, np.array(ROWS)), features=ROWS)
    texts = {
        "terminal": printed(print_audit, audit),
        "tables": repr([one.table.rows for one in audit.tables().values()]),
        "drawings": "".join(drawing.svg() for drawing in drawings.values()),
        "page": json.dumps(contents(audit, Room()), ensure_ascii=False, default=str),
        "html": audit.report(tmp_path / "page.html").read_text(),
        "by data": printed(print_audit, by_data) + repr([t.table.rows for t in by_data.tables().values()]),
        "dispute": str(eh.decide_between(MODEL, *sorted(eh.circuits(MODEL, "XOR"), key=len)[:2])),
    }
    for place, text in texts.items():
        assert not re.search(r"\bh\d\.\d|\bout\d|layer \d: \d|neurons? \d|\d of layer", text), place
        assert "u0" in text or place in ("html", "dispute"), place
    assert "├─ NAND(A,B)              u0" in texts["terminal"]
    assert "NAND(A,B) in u0; OR(A,B) in v0" in texts["tables"] and "u0 + u1" in texts["tables"]
    assert "Where AND(NAND(A,B), OR(A,B)) sits: NAND(A,B) in u0; OR(A,B) in v0" in drawings["places-1"].title
    assert "the IIA of AND(A,¬B) in u1 is 75%" in texts["page"]
    assert "NAND(A,B) in u0; OR(A,B) in v0" in texts["by data"]


def test_trials_name_edges_that_skip():
    """An experiment that resamples one edge says which, from whatever stage it comes."""
    trials = circuit_trials(MODEL, list(eh.circuits(MODEL, "XOR"))[:2])
    said = [trials.describe(len(trials.points) + k) for k in range(len(trials.edges))]
    told = {re.search(r"the edge (\S+) as", text).group(1) for _, text, _ in said}
    assert told == set(map(MODEL.graph.name, MODEL.graph.edges)) and "A→v0" in told


def test_loose_ends_are_named():
    """Edges that are not a circuit are told by the names of their ends."""
    with pytest.raises(eh.InputError, match=r"not a circuit: u0 has no edge out; y0 has no edge in$"):
        Circuit.of_edges(MODEL.graph, [(1, 0, 0)])
    with pytest.raises(eh.InputError, match=r"not a circuit: v0 has no edge in$"):
        Circuit.of_edges(MODEL.graph, [(3, 0, 0)])


def test_edges_that_skip_pass_between_nodes():
    """A line from the inputs to the third column goes through the second between its nodes, not through one."""
    drawing = eh.audit(MODEL, "XOR").drawings()["network"]
    parts = {part.key: part.shapes for part in drawing.parts}
    one, other = parts["edge-2-0-0-1-0"]
    middles = [circle.y for key in ("neuron-1-0", "neuron-1-1") for circle in parts[key][:1]]
    assert (one.x2, one.y2) == (other.x1, other.y1)
    assert one.y2 == sum(middles) / 2
    assert len(parts["edge-1-0-0"]) == 1 and len(parts["edge-3-0-0-0-0"]) == 3


def test_audit_by_data(tmp_path):
    """By data: circuits, signatures, and an algorithm over features."""
    points = np.array(ROWS) * 0.9 + 0.04
    behavior = eh.Behavior.of_network(MODEL, points)
    audit = eh.audit_behavior(MODEL, behavior, features=ROWS)
    right = [edges for edges in CIRCUITS
             if all((values(row, edges)[OUTPUT] > 0.5) == wanted
                    for row, wanted in zip(points, behavior.wanted[:, 0], strict=True))]  # fmt: skip
    assert audit.counts["perfect_circuits"] == len(right)
    every = [one for one in right if {(0, 0), (0, 1)} <= {parent for _, parent in one}]
    assert audit.counts["perfect_circuits_using_every_input"] == len(every)
    assert audit.counts["mappings"] == 1 and audit.findings.readouts.layers == ()
    assert json.loads(audit.save(tmp_path / "run").read_text())["network"]["inputs"] == ["A", "B"]
    assert "2-2-1-1 with skips" in audit.report(tmp_path / "page.html").read_text()
    assert "Skip network" in printed(print_audit, audit)


def test_place_and_faults():
    """Where one circuit stands; what a smaller one does wrong; and which circuits fall at a rung."""
    smallest = min((e for e in CIRCUITS if not errors(e, "zero")), key=len)
    placed = eh.place(MODEL, "XOR", next(c for c in eh.circuits(MODEL, "XOR") if edges_of(c) == smallest))
    assert str(placed) == "your circuit is perfect and minimal; it is one of 20 perfect circuits"
    without = next(iter(minimal(CIRCUITS)))
    wrong = eh.place(MODEL, "XOR", next(c for c in _all() if edges_of(c) == without))
    assert not wrong.perfect and "decides otherwise at" in str(wrong.fault)
    right = [edges for edges in CIRCUITS if not errors(edges, "zero")]
    assert len(edges_of(wrong.nearest) ^ without) == min(len(one ^ without) for one in right)
    audit = eh.audit(MODEL, "XOR")
    behavior = eh.Behavior.of_network(MODEL, MODEL.corners)
    for circuit, _ in fallen("perfect", MODEL, behavior, audit.findings.circuits, 5):
        assert errors(edges_of(circuit), "zero") > 0


def _all():
    anything = eh.Behavior(MODEL.corners, np.ones(4), [[True]] * 4, epsilon=1.0)
    return eh.circuits(MODEL, anything)


def test_rivals():
    """Two explanations of it, examined against each other by its own runs."""
    (mapping,) = eh.audit(MODEL, "XOR").findings.mappings.survivors["inert"]
    examined = eh.cross_examine(MODEL, [mapping, mapping])
    assert examined.matrix[0][0] == examined.matrix[1][0]
    one, other = sorted(eh.circuits(MODEL, "XOR"), key=len)[:2]
    assert "is wrong" in str(eh.decide_between(MODEL, one, other))


def test_an_edge_that_skips_is_tried():
    """Its trial is told by the names of both ends."""
    trials = circuit_trials(MODEL, sorted(eh.circuits(MODEL, "XOR"), key=len)[:2])
    told = [trials.describe(len(trials.points) + k) for k in range(len(trials.edges))]
    kind, text, setting = next(one for one in told if one[2]["edge"] == [3, 0, 1, 0, 0])
    assert kind == "edge" and text == "at 00, with the edge u0→y0 as at 01" and setting["base"] == "00"


def test_what_is_asked_of_networks_only():
    """Refused by name, with the next step."""
    for asked in (
        lambda: eh.audit(MODEL, "XOR", preset="authors"),
        lambda: eh.audit(MODEL, "XOR").certificate("never.json"),
        lambda: eh.readouts(MODEL),
    ):
        with pytest.raises(eh.InputError, match="skip network"):
            asked()
    audit = eh.audit(MODEL, "XOR", robust=0.1)
    assert "robust circuits are not proved in a skip network" in audit.capped


def test_threshold_not_said():
    """The question where outputs turn names the kind of model, and shows what it computes by each answer."""
    unsaid = SkipNetwork(MODEL.inputs, MODEL.biases, MODEL.weights, threshold=None)
    with pytest.raises(eh.InputError, match=r"the outputs of this skip network turn .*threshold=0.5 .*0110 \(XOR\)"):
        eh.audit(unsaid, "XOR")
