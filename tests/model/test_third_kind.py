"""A third kind of model, attention heads over tokens, goes all the way; see `attention.py`.

Its numbers are compared with those of slow functions here, which run it head by head, position by position, one input
at a time.
"""

import io
import itertools
import json
import math
from dataclasses import replace
from functools import cache, cached_property

import numpy as np
import pytest
from rich.console import Console

import everyhow as eh
from everyhow.auditing.reopening import reopen
from everyhow.circuit.faults import fallen
from everyhow.common.errors import FileFormatError
from everyhow.exchange.edge_masks import circuit_from_masks
from everyhow.mapping.interchange import try_jointly
from everyhow.mapping.mapping import Mapping
from everyhow.mapping.placements import joint_disagreement
from everyhow.mapping.signatures import signatures
from everyhow.model.criterion import ABLATIONS
from everyhow.report.terminal.audit import print_audit

from .attention import attending_xor, counting_ones

XOR, COUNTER = attending_xor(), counting_ones()
ROWS = list(itertools.product((0, 1), repeat=2))
POINTS = np.array(ROWS, float)


class Slowly:
    """A model by loops: nodes are named, an edge is (child, slot, parent), and a stream is a list of vectors."""

    def __init__(self, model):
        self.tokens, self.places = model.tokens.tolist(), model.places.tolist()
        self.unembedding, self.bias = model.unembedding.T.tolist(), model.bias.tolist()
        self.layers = [{f"a{k}.h{h}": [matrix.tolist() for matrix in head] for h, head in enumerate(each)}
                       for k, each in enumerate(model.layers)]  # fmt: skip
        self.heads = {name: head for each in self.layers for name, head in each.items()}
        before, self.edges = ["embed"], []
        for each in self.layers:
            self.edges += [(name, slot, parent) for name in each for slot in "qkv" for parent in before]
            before += each
        self.edges += [("logits", "", parent) for parent in before]
        self.known = {}
        self.wholes = {row: self.run(row) for row in ROWS}

    def embedded(self, row):
        return [[a + b for a, b in zip(self.tokens[token], place, strict=True)]
                for token, place in zip(row, self.places, strict=True)]  # fmt: skip

    def attended(self, head, queries, keys, values):
        """What a head adds to each position."""
        into_query, into_key, into_value, out = head
        asked, there, said = (
            [times(vector, matrix) for vector in stream]
            for stream, matrix in ((queries, into_query), (keys, into_key), (values, into_value))
        )
        written = []
        for position, query in enumerate(asked):
            scores = [math.exp(sum(map(math.prod, zip(query, key, strict=True))) / math.sqrt(len(query)))
                      for key in there[: position + 1]]  # fmt: skip
            mixed = [sum(score * value[k] for score, value in zip(scores, said, strict=False)) / sum(scores)
                     for k in range(len(said[0]))]  # fmt: skip
            written.append(times(mixed, out))
        return written

    def run(self, row, edges=None, source=None, held=None):
        """What every node holds: edges that are left out carry what their parent holds at the row `source` in the whole
        model, or in the `mean`, or nothing; nodes that are `held` have those values."""
        found, held = {"embed": self.embedded(row)}, held or {}
        for name, head in self.heads.items():
            # What is the same for many sets of edges is computed once.
            key = name, row, source, edges and frozenset(edge for edge in edges if edge[0] <= name)
            if held or key not in self.known:
                streams = [self.read(name, slot, found, edges, source) for slot in "qkv"]
                found[name] = held[name] if name in held else self.attended(head, *streams)
                self.known |= {} if held else {key: found[name]}
            else:
                found[name] = self.known[key]
        last = self.read("logits", "", found, edges, source)[-1]
        found["logits"] = [sum(map(math.prod, zip(last, column, strict=True))) + bias
                           for column, bias in zip(self.unembedding, self.bias, strict=True)]  # fmt: skip
        return found

    def read(self, child, slot, found, edges, source):
        total = [[0.0] * len(place) for place in self.places]
        removed = {} if source is None else self.mean if source == "mean" else self.wholes[source]
        for edge in self.edges:
            if edge[:2] == (child, slot):
                carried = found[edge[2]] if edges is None or edge in edges else removed.get(edge[2])
                total = added(total, carried) if carried else total
        return total

    @cached_property
    def mean(self):
        """What every node but the logits holds on average over the rows, position by position."""
        return {name: [[sum(numbers) / len(ROWS) for numbers in zip(*vectors, strict=True)]
                       for vectors in zip(*(run[name] for run in self.wholes.values()), strict=True)]
                for name in ("embed", *self.heads)}  # fmt: skip

    def circuits(self):
        """Every set of edges in which each head has an edge in and one out, or none, and the logits one in."""
        return [frozenset(edges) for edges in subsets(self.edges) if self.is_circuit(edges)]

    def is_circuit(self, edges):
        into, out_of = {child for child, _, _ in edges}, {parent for _, _, parent in edges}
        return "logits" in into and all((name in into) == (name in out_of) for name in self.heads)


def times(vector, matrix):
    return [sum(number * line[k] for number, line in zip(vector, matrix, strict=True)) for k in range(len(matrix[0]))]


def added(stream, other):
    return [[a + b for a, b in zip(one, two, strict=True)] for one, two in zip(stream, other, strict=True)]


def subsets(items):
    return itertools.chain.from_iterable(itertools.combinations(items, size) for size in range(len(items) + 1))


XOR_SLOWLY, COUNTER_SLOWLY = Slowly(XOR), Slowly(COUNTER)
CIRCUITS = {XOR_SLOWLY: XOR_SLOWLY.circuits(), COUNTER_SLOWLY: COUNTER_SLOWLY.circuits()}


@cache
def logits(slow, edges, ablation):
    """The logits of a circuit in every scenario of an ablation, each with its base."""
    sources = {"zero": [None], "mean": ["mean"], "resample": ROWS}[ablation]
    return [(row, slow.run(row, edges, source)["logits"]) for row in ROWS for source in sources]


def decided(numbers):
    """By argmax, the first of the largest; one logit by whether it is above 0."""
    return numbers.index(max(numbers)) if len(numbers) > 1 else numbers[0] > 0


def right(slow, ablation, epsilon=0.0, within=None):
    """The circuits of which at most the share `epsilon` of all scenarios is decided otherwise than by the whole, or,
    where `within` is given, has a logit that is not so near."""
    kept = []
    for edges in CIRCUITS[slow]:
        wrong = 0
        runs = logits(slow, edges, ablation)
        for row, found in runs:
            whole = slow.wholes[row]["logits"]
            far = within is not None and any(abs(a - b) > within for a, b in zip(found, whole, strict=True))
            wrong += decided(found) != decided(whole) or far
        if wrong <= epsilon * len(runs) + 1e-12:
            kept.append(edges)
    return kept


def edges_of(circuit):
    graph = circuit.graph
    return frozenset(
        (graph.name(edge.child), graph.slots[edge.child.stage][edge.slot], graph.name(edge.parent))
        for edge in circuit.edges
    )


def by_size(circuits):
    sizes = list(map(len, circuits))
    return {size: sizes.count(size) for size in sorted(set(sizes))}


def minimal(circuits):
    return {one for one in circuits if not any(other < one for other in circuits)}


def printed(print_it, audit):
    console = Console(width=100, file=io.StringIO())
    print_it(audit, console)
    return console.file.getvalue()


def test_runs():
    """All that nodes hold, numbers by numbers, and the logits; the last stage is (inputs, outputs)."""
    for model, slow in ((XOR, XOR_SLOWLY), (COUNTER, COUNTER_SLOWLY)):
        states = model.states(POINTS)
        assert states[-1].shape == (4, model.outputs) and model.graph.outputs == model.outputs
        for k, row in enumerate(ROWS):
            for stage, names in enumerate(model.graph.names[:-1]):
                for place, name in enumerate(names):
                    assert states[stage][k, place] == pytest.approx(list(itertools.chain(*slow.wholes[row][name])))
            assert states[-1][k] == pytest.approx(slow.wholes[row]["logits"])
    assert [decided(XOR_SLOWLY.wholes[row]["logits"]) for row in ROWS] == [0, 1, 1, 0]
    assert [decided(COUNTER_SLOWLY.wholes[row]["logits"]) for row in ROWS] == [0, 1, 1, 2]


@pytest.mark.parametrize("ablation", ABLATIONS[:3])
@pytest.mark.parametrize(
    "model, slow, epsilon, within",
    [
        (XOR, XOR_SLOWLY, 0.0, None), (XOR, XOR_SLOWLY, 0.25, None), (XOR, XOR_SLOWLY, 0.0, 0.4),
        (COUNTER, COUNTER_SLOWLY, 0.0, None), (COUNTER, COUNTER_SLOWLY, 0.25, None),
        (COUNTER, COUNTER_SLOWLY, 0.25, 0.6),
    ],
)  # fmt: skip
def test_circuits(model, slow, epsilon, within, ablation):
    """Counted, listed, minimal, used and drawn under every ablation, by threshold and by argmax."""
    wanted = right(slow, ablation, epsilon, within)
    behavior = eh.Behavior.of_network(model, POINTS, epsilon=epsilon, within=within)
    found = eh.circuits(model, behavior, ablation=ablation)
    count, listed = found.count(), list(map(edges_of, found))
    assert found.in_space == len(CIRCUITS[slow]) == {XOR_SLOWLY: 1695, COUNTER_SLOWLY: 127}[slow]
    assert count.certified and count.certain == by_size(wanted)
    assert len(listed) == len(wanted) and set(listed) == set(wanted)
    assert set(map(edges_of, found.minimal())) == minimal(wanted)
    assert found.usage().edges == {
        edge: sum(named in one for one in wanted) for edge, named in zip(model.graph.edges, slow.edges, strict=True)
    }
    assert not wanted or set(map(edges_of, found.sample(100))) <= set(wanted)


@pytest.mark.parametrize("model, slow", [(XOR, XOR_SLOWLY), (COUNTER, COUNTER_SLOWLY)])
def test_resample_faithful(model, slow):
    faithful = set(right(slow, "zero")) & set(right(slow, "resample"))
    behavior = eh.Behavior.of_network(model, POINTS)
    assert eh.circuits(model, behavior, "resample_faithful").count().certain == by_size(faithful)


def test_all_pairs_of_many_numbers_are_not_held(monkeypatch):
    """25 numbers in each of 16 scenarios."""
    behavior = eh.Behavior.of_network(XOR, POINTS)
    monkeypatch.setattr("everyhow.model.criterion.MOST_NUMBERS_PAIRED", 25 * 16)
    assert eh.circuits(XOR, behavior, ablation="resample").count().certified
    monkeypatch.setattr("everyhow.model.criterion.MOST_NUMBERS_PAIRED", 25 * 16 - 1)
    with pytest.raises(eh.InputError, match="give at most 3 inputs, or ask audit_behavior"):
        eh.circuits(XOR, behavior, ablation="resample")


@pytest.mark.parametrize("model, slow", [(XOR, XOR_SLOWLY), (COUNTER, COUNTER_SLOWLY)])
def test_signatures(model, slow):
    """Decisions after any heads of one layer hold what they hold at another input, at all positions."""
    behavior = eh.Behavior.of_network(model, POINTS)
    found = dict(signatures(model, POINTS, behavior.decision).items())
    assert len(found) == sum((1 << len(each)) - 1 for each in slow.layers)
    for one, rows in found.items():
        names = [model.graph.name((one.layer, j)) for j in one.neurons]
        for source, bits in zip(ROWS, rows, strict=True):
            held = {name: slow.wholes[source][name] for name in names}
            after = [decided(slow.run(base, held=held)["logits"]) for base in ROWS]
            if model.outputs == 1:
                assert [bits >> k & 1 for k in range(4)] == after
            else:
                assert bits == sum(1 << (4 * chosen + k) for k, chosen in enumerate(after))


def needed(variable):
    """What an interchange of a variable must give: at each source, the output at each base."""
    when = (variable.when_false, variable.when_true)
    return tuple(tuple(when[variable.bits >> s & 1] >> base & 1 for base in range(4)) for s in range(4))


def test_mappings_over_features():
    """The algorithms over features that have a place: each variable in a head that agrees in every interchange."""
    given = {(name, source): tuple(int(decided(XOR_SLOWLY.run(base, held={name: XOR_SLOWLY.wholes[source][name]})[
             "logits"])) for base in ROWS) for name in XOR_SLOWLY.heads for source in ROWS}  # fmt: skip
    expected = {}
    for algorithm in eh.algorithms("XOR", depth=2):
        for names in itertools.permutations(XOR_SLOWLY.heads, len(algorithm.variables)):
            rows = [tuple(given[name, source] for source in ROWS) for name in names]
            if rows == list(map(needed, algorithm.variables)):
                expected.setdefault(str(algorithm), set()).add(names)
    behavior = eh.Behavior.of_network(XOR, POINTS)
    audit = eh.audit_behavior(XOR, behavior, features=ROWS)
    found = {
        str(algorithm): {tuple(XOR.graph.name((s.layer, s.neurons[0])) for s in one.sets) for one in placed}
        for algorithm, placed in audit.findings.mappings.by_algorithm.items()
    }
    assert found == expected == {"AND(NAND(A,B), OR(A,B))": {("a1.h0", "a0.h0")}}


def test_forced_together_and_causal_models():
    """Both variables held at sources of their own; and the same with a causal model."""
    (mapping,) = eh.audit(XOR, "XOR").findings.mappings.survivors["transitive"]
    assert try_jointly(XOR, mapping, POINTS).disagreement is None
    for either, both, base in itertools.product(ROWS, ROWS, ROWS):
        held = {"a0.h0": XOR_SLOWLY.wholes[either]["a0.h0"], "a1.h0": XOR_SLOWLY.wholes[both]["a1.h0"]}
        assert decided(XOR_SLOWLY.run(base, held=held)["logits"]) == (any(either) and not all(both))
    bits = [0, 1]
    causal = eh.CausalModel(
        ["A", "B", "nand", "Y"], dict.fromkeys(["A", "B", "nand", "Y"], bits),
        {"nand": ["A", "B"], "Y": ["A", "B", "nand"]},
        {"nand": lambda a, b: 1 - a * b, "Y": lambda a, b, nand: (a | b) & nand},
    )  # fmt: skip
    (placement,) = eh.align(XOR, causal)
    assert str(placement) == "nand in h2.0" and joint_disagreement(XOR, causal, placement) is None


def test_witnesses_read_all_numbers_of_a_head():
    """An algorithm predicts the outcome of interchanges by the state nearest to all that its heads hold; one without
    variables says nothing of what another moves."""
    xor = next(a for a in eh.algorithms("XOR", depth=2) if str(a) == "AND(NAND(A,B), OR(A,B))")
    (mapping,) = eh.mappings(XOR, xor)
    nand = next(a for a in eh.algorithms("NAND", depth=1) if not a.variables)
    swapped = Mapping(xor, mapping.sets[::-1])
    examined = eh.cross_examine(XOR, [mapping, Mapping(nand, ()), swapped])
    own, other, third = examined.matrix[0]
    assert own == 1 and other is None and third < 1
    swaps = examined.swaps[0]
    # Each head is read as the other variable: the state at a source, as a whole, has that variable's value there.
    names = [str(table) for table in mapping.parts]
    right = {"NAND(A,B)": lambda row: not all(row), "OR(A,B)": any}
    for base, sources, said in zip(swaps.bases, swaps.sources, swaps.predictions[2].bits, strict=True):
        taken = [base if source < 0 else source for source in sources]
        assert said == all(right[names[1 - k]](ROWS[at]) for k, at in enumerate(taken))


def test_audit_by_data_everywhere(tmp_path):
    """The audit by data, in audit.json, terminal, tables, pictures and page: names of heads and slots."""
    behavior = eh.Behavior.of_network(XOR, POINTS)
    audit = eh.audit_behavior(XOR, behavior, features=ROWS)
    wanted = right(XOR_SLOWLY, "zero")
    assert audit.counts["perfect_circuits"] == len(wanted) and audit.counts["mappings"] == 1
    assert "perfect_circuits_using_every_input" not in audit.counts
    document = json.loads(audit.save(tmp_path / "run").read_text())
    assert document["network"]["kind"] == "attention model" and document["counts"] == audit.counts
    text = printed(print_audit, audit)
    assert "Attention model  1+1 heads over 2 tokens, 12 edges" in text and "28 perfect of 1,695" in text
    assert "a0.h0  ← k: embed; v: embed" in text and "a1.h0  ← q: embed; k: embed; v: embed" in text
    rows = audit.tables()["edges"].table.rows
    assert len({row[:2] for row in rows}) == 12 and ("a0.h0", "a1.h0<k>") in {row[:2] for row in rows}
    drawing = audit.drawings()["network"]
    assert ">a0.h0 to a1.h0&lt;v&gt;<" in drawing.svg()
    ends = [part.shapes[-1] for part in drawing.parts if part.key.startswith("edge-1-")]
    assert len({curve.points[-1] for curve in ends}) == 3
    assert all(one.svg().startswith("<svg") for one in audit.drawings().values())
    page = audit.report(tmp_path / "page.html").read_text()
    assert "1+1 heads over 2 tokens" in page and "a1.h0" in page
    with pytest.raises(FileFormatError, match=r"only networks are read back, .* kind attention model"):
        reopen(tmp_path / "run")


def test_audit_of_classes(tmp_path):
    """Logits of one node are classes; two of them become one output, and one of them is a bit."""
    audit = eh.audit_behavior(COUNTER, eh.Behavior.of_network(COUNTER, POINTS))
    assert audit.counts["perfect_circuits"] == len(right(COUNTER_SLOWLY, "zero"))
    assert audit.decision == "argmax" and "heads over 2 tokens" in audit.report(tmp_path / "page.html").read_text()
    two = replace(COUNTER, unembedding=COUNTER.unembedding[:, 1:], bias=COUNTER.bias[1:])
    one = COUNTER.output(2).read(threshold=0.0)
    for model, behavior in ((two, eh.Behavior.of_network(two, POINTS)), (one, eh.Behavior.of_network(one, POINTS))):
        slow = Slowly(model)
        CIRCUITS[slow] = COUNTER_SLOWLY.circuits()
        assert eh.circuits(model, behavior).count().certain == by_size(right(slow, "zero"))


def test_audit_of_a_truth_table(tmp_path):
    """Tokens that are bits: the audit of a task, and what does not apply is said."""
    audit = eh.audit(XOR, "XOR")
    assert audit.counts["perfect_circuits"] == 28 and audit.ladder["mappings"]["transitive"] == 1
    assert audit.capped == ("the circuits of an attention model are not read neuron by neuron",)
    assert "a1.h0  ← q: embed; k: embed; v: embed" in printed(print_audit, audit)
    edges = audit.tables()["edges"].table.rows
    assert len({row[:2] for row in edges}) == 12 and ("a0.h0", "a1.h0<k>") in {row[:2] for row in edges}
    assert {row[0] for row in audit.tables()["activations"].table.rows} == {"logits"}
    (placed,) = (row[1] for row in audit.tables()["mappings"].table.rows)
    assert placed == "NAND(A,B) in a1.h0; OR(A,B) in a0.h0" and placed in audit.drawings()["mapping-1"].svg()
    assert {row[0] for row in audit.tables()["signatures"].table.rows} == {"a0.h0", "a1.h0"}
    assert all(drawing.svg().startswith("<svg") for drawing in audit.drawings().values())
    assert "are not read neuron by neuron" in audit.report(tmp_path / "page.html").read_text()


@pytest.mark.parametrize("model, slow", [(XOR, XOR_SLOWLY), (COUNTER, COUNTER_SLOWLY)])
def test_place_and_faults(model, slow):
    behavior = eh.Behavior.of_network(model, POINTS)
    wanted = set(right(slow, "zero"))
    anything = replace(behavior, epsilon=1.0)
    for circuit in itertools.islice(eh.circuits(model, anything), 0, None, 40):
        placed = eh.place(model, behavior, circuit)
        assert placed.perfect == (edges_of(circuit) in wanted)
        if not placed.perfect:
            assert len(edges_of(placed.nearest) ^ edges_of(circuit)) == min(
                len(one ^ edges_of(circuit)) for one in wanted
            )
    findings = eh.audit_behavior(model, behavior).findings.circuits
    fell = fallen("perfect", model, behavior, findings, 5)
    assert fell and not {edges_of(circuit) for circuit, _ in fell} & wanted


def test_what_does_not_apply():
    """Refused by name, with the next step."""
    circuits = list(itertools.islice(eh.circuits(XOR, "XOR"), 2))
    for asked, match in (
        (lambda: eh.interpretations(XOR, circuits[0]), "an attention model are not read neuron by neuron; ask for"),
        (lambda: eh.readouts(XOR), "attention model has none: ask for"),
        (lambda: eh.decide_between(XOR, *circuits), "an attention model are not run as models of their own"),
        (lambda: eh.audit(XOR, "XOR").certificate("never.json"), "this is an attention model; leave that out"),
        (lambda: eh.audit(XOR.read(threshold=0.5), "XOR", preset="authors"), "this is an attention model"),
        (lambda: circuit_from_masks([], XOR), "this is an attention model"),
        (lambda: eh.Behavior.of_network(XOR, [[0.5, 0.5]]), "tokens are whole numbers from 0 to 1"),
        (lambda: eh.Behavior.of_network(XOR, [[0, 1, 1]]), r"the attention model takes \(inputs, 2\)"),
        (lambda: XOR.run(POINTS, [eh.Intervention(1, (0,), np.zeros((4, 1)))]), r"expected \(4, 1, 8\).*of 8 numbers"),
        (lambda: XOR.run(POINTS, [eh.Intervention(3, (0,), np.zeros((4, 1, 8)))]), "hidden layers are 1 to 2"),
    ):
        with pytest.raises(eh.InputError, match=match):
            asked()
    behavior = eh.Behavior.of_network(XOR, POINTS)
    audit = eh.audit_behavior(XOR, behavior, robust=0.1)
    assert "robust circuits are not proved in an attention model" in audit.capped
