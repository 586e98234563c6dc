"""Transformers in drawings, in a terminal and on a page, with the numbers of audit.json."""

import io
import json
import re
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from rich.console import Console

import everyhow as eh
from everyhow.auditing.exhibits import activations_of
from everyhow.mapping.signatures import NeuronSet
from everyhow.report.audit_tables import audit_tables
from everyhow.report.drawings.components import Boxes, has_components, wires_of
from everyhow.report.drawings.network import draw_circuit, draw_network, draw_wiring
from everyhow.report.drawings.shapes import Curve, Label
from everyhow.report.page.html import audit_page
from everyhow.report.terminal.audit import print_audit
from everyhow.report.words import LARGE, in_digits, in_short, shown, wanted_text

from ..transformer.slowly import random_transformer, stored
from .conftest import opened_table

XOR = "transformer-xor-1l2h-mlp8-seed0"
PLACED = "transformer-first-equals-last-1l2h-mlp8-bidirectional-seed0"
# Four layers of one head and an MLP: 77 edges, some 3·10^22 circuits.
DEEP = random_transformer(1, layers=((1, 2),) * 4)


@cache
def audit_of(name, grain="edges-qkv", ablation="zero"):
    _, model, behavior = stored(name)
    return eh.audit(model, behavior, grain=grain, ablation=ablation)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of each audit, made once."""
    folder = tmp_path_factory.mktemp("pages")

    def page(name, grain="edges-qkv"):
        path = folder / f"{name}-{grain}.html"
        return audit_of(name, grain), path if path.exists() else audit_of(name, grain).report(path)

    return page


def parts(drawing):
    return {part.key: part for part in drawing.parts if part.key}


def printed(audit, width=80):
    console = Console(file=io.StringIO(), width=width)
    print_audit(audit, console)
    return console.file.getvalue()


def test_edges_of_components():
    """Every edge is a curve from the right side of a box to the slot that it serves, and says so."""
    graph = audit_of(XOR).network.graph
    found, boxes = parts(draw_network(audit_of(XOR).network, None)), Boxes(graph)
    for wire in boxes.wires:
        (curve,) = found[wire.key].shapes
        left, top, width, height = boxes.box(wire.parent)
        assert isinstance(curve, Curve) and curve.points[0] == (left + width, top + height / 2)
        assert curve.points[-1] == boxes.slot(wire.child, wire.slot)
        assert all(one[0] < other[0] for one, other in pairwise(curve.points))
    assert len(boxes.wires) == 13
    assert found["edge-1-0-0-0-1"].title == "input to a0.h0<k>"
    slots = [shape.text for shape in found["neuron-1-1"].shapes if isinstance(shape, Label)]
    assert slots == ["a0.h1", "q", "k", "v"]


def test_edges_do_not_hide_each_other():
    """Edges that pass a box do so in lanes of their own, and none runs through a box."""
    boxes = Boxes(DEEP.graph)
    assert len(boxes.wires) == 77
    for stage in range(1, DEEP.graph.last):
        passing = [path for wire in boxes.wires if stage in boxes.passed[wire] for path in [boxes.path(wire)]]
        left, top, _width, height = boxes.box((stage, 0))
        lanes = [y for path in passing for x, y in path if left - 5 <= x <= left]
        assert len(lanes) == len(passing) and np.diff(sorted(lanes)).min() > 6
        assert not any(top - 5 < y < top + height + 5 for y in lanes)


def test_circuits_light_their_parts():
    """By edges what is outside is set back; by nodes all edges among its nodes, the input and the logits are lit."""
    audit = audit_of(XOR)
    circuit = audit.findings.circuits.minimal[0]
    for edge in audit.network.graph.edges:
        part = parts(audit.drawings()["minimal-1"])[f"edge-{'-'.join(map(str, edge))}"]
        assert part.state == ("" if edge in circuit else "dim")
    whole = audit.network.at("nodes")
    circuit = eh.Circuit.of_edges(whole.graph, [whole.graph.edges[0]])
    drawing = draw_circuit(whole, circuit, None)
    found = parts(drawing)
    assert drawing.title == "A circuit of 1 node"
    assert {key for key, part in found.items() if key.startswith("neuron") and not part.state} == {
        "neuron-0-0", "neuron-1-0", "neuron-3-0"
    }  # fmt: skip
    lit = {part.title for key, part in found.items() if key.startswith("wire") and not part.state}
    assert lit == {"input to a0.h0", "a0.h0 to logits", "input to logits"}
    assert len(wires_of(whole.graph)) == 9
    assert parts(draw_wiring(circuit)).keys() == found.keys()


def test_names_of_drawings(tmp_path):
    """An audit has the drawings of a network that fit; they are written as SVG and as PDF."""
    audit = audit_of(XOR)
    assert list(audit.drawings()) == [
        "network", "ladder-mappings", "ladder-circuits", "usage", "circuits-by-edges",
        *(f"minimal-{k}" for k in range(1, 6)), "resample-faithful-minimal-1", "resample-faithful-minimal-2",
        "difference", "near-miss-1", "near-miss-2", *(f"signature-{k}" for k in range(1, 5)),
    ]  # fmt: skip
    drawing = audit.drawings()["difference"]
    assert "<path" in drawing.save(tmp_path / "one.svg").read_text(encoding="utf-8")
    assert drawing.save(tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
    assert audit.drawings()["network"].title.startswith("The transformer of 1 layer of 2 heads and an MLP")
    assert not has_components(eh.xornet().graph)


@pytest.mark.parametrize("ablation", ["zero", "mean"])
def test_where_heads_look(ablation):
    """Of a circuit run alone, as its ablation has it: from the whole circuit those of the model, without edges into q
    and k, by zero ablation, all positions alike."""
    audit = audit_of(XOR, ablation=ablation)
    model, behavior = audit.network, audit.behavior
    everything = eh.Circuit.of_edges(model.graph, model.graph.edges)
    whole, same = (activations_of(model, behavior, one, ablation) for one in (None, everything))
    for name, pattern in model.patterns(behavior.points).items():
        assert np.allclose(whole.looks[name], pattern) and np.allclose(same.looks[name], pattern)
        assert np.allclose(pattern.sum(axis=-1), 1)
    graph = model.graph
    only = [edge for edge in graph.edges if graph.name(edge) in ("input→a0.h0<v>", "a0.h0→logits")]
    looked = activations_of(model, behavior, eh.Circuit.of_edges(graph, only), ablation).looks["a0.h0"]
    assert np.allclose(looked, looked[:1])
    assert np.allclose(looked[0], np.tri(3) / [[1], [2], [3]]) == (ablation == "zero")


def test_many_inputs_are_sampled():
    """Of more inputs than are shown, some, evenly spaced; and of no network."""
    _, model, behavior = stored("tracr-hist")
    lit = activations_of(model, behavior)
    assert (len(lit.rows), lit.rows[0], lit.rows[-1], lit.inputs, lit.complete) == (64, 0, 80, 81, False)
    assert lit.names[0] == "input 1: 0 1 1 1 1"


def test_terminal():
    """Counts by grain and ablation are one table, sizes are told in edges or in nodes, and lines fit 80 columns."""
    text = printed(audit_of(XOR))
    rows = dict(re.findall(r"^  (edges-qkv|edges|nodes) +(.*)$", text, re.M))
    assert {name: row.split() for name, row in rows.items()} == {
        "edges-qkv": ["65", "288", "48"], "edges": ["23", "24", "12"], "nodes": ["1", "2", "1"],
    }  # fmt: skip
    assert "by ablation" not in text and "of 6 edges or more" in text
    assert "answered at position 3 as 0 or 1" in text
    assert max(map(len, text.splitlines())) <= 80
    text = printed(audit_of(XOR, "nodes"))
    assert "of 3 nodes or more" in text and "m0     ← input, a0.h0, a0.h1" in text and ": 3 nodes" in text


def test_large_numbers():
    """Nobody reads 22 digits; below 10^15 numbers are as they are."""
    assert shown(LARGE - 1) == "999,999,999,999,999" and in_digits(LARGE) == "about 1.00·10^15"
    assert shown([10**20, 2 * 10**20]) == "between about 1.00·10^20 and about 2.00·10^20"
    assert in_short("all 12,345 circuits") == "all 12,345 circuits"


def test_what_is_wanted():
    """One class, or one at each position that answers."""
    assert wanted_text(stored(XOR)[2], 1) == "1"
    _, _model, behavior = stored("tracr-hist")
    assert wanted_text(behavior, 0) == "4, 4, 4, 4 at positions 2, 3, 4, 5"
    rows = audit_tables(audit_of("tracr-hist"))["sequences"].table.rows
    assert rows[0][:2] == (1, "0 1 1 1 1") and len(rows) == 81


def test_page(pages, opened, tmp_path):
    """It opens offline, its numbers are those of audit.json, and the table by grain is on top."""
    audit, path = pages(XOR)
    audit.save(tmp_path)
    document = json.loads((tmp_path / "audit.json").read_text())
    for width in (400, 1600):
        shown_page = opened(path, width)
        assert shown_page.requests == [path.as_uri()] and shown_page.complaints == []
        assert shown_page.page.evaluate("document.documentElement.scrollWidth") <= width
    table = shown_page.page.locator(".grains tbody").inner_text().split()
    assert table == ["edges-qkv", "65", "288", "48", "edges", "23", "24", "12", "nodes", "1", "2", "1"]
    for rung, number in document["ladder"]["circuits"].items():
        assert shown_page.page.locator(f'[data-rung="circuits-{rung}"] .left strong').inner_text() == f"{number:,}"
    opened_table(shown_page.page, "edges")
    cells = shown_page.page.locator('[data-table="edges"] tbody').inner_text().split()
    assert "input" in cells and "a0.h0<k>" in cells
    assert shown_page.text(".stage-title") == "The transformer"


def test_attention_at_a_row(pages, opened):
    """Squares and tables show where the heads of the circuit on the left look at the input that is chosen."""
    audit, path = pages(XOR)
    page = opened(path).page
    page.get_by_label("Circuits on the left").select_option(
        label=next(
            text
            for text in page.get_by_label("Circuits on the left").locator("option").all_inner_texts()
            if text.startswith("minimal perfect")
        )
    )
    page.get_by_role("button", name="next circuit on the left").click()
    page.get_by_label("Input", exact=True).first.select_option("2")
    circuit = audit.findings.circuits.minimal[1]
    looks = audit.network.patterns(audit.behavior.points[1:2], circuit)
    heads = [audit.network.graph.name(node) for node in circuit.neurons if node.stage == 1]
    assert page.locator(".looks caption").all_inner_texts() == heads
    for k, head in enumerate(heads):
        numbers = page.locator(".looks table").nth(k).locator("tbody td").all_inner_texts()
        assert [int(number or 0) for number in numbers] == [round(100 * share) for share in looks[head].reshape(-1)]
        squares = page.locator(f'.stage [data-part="neuron-1-{k}"] .look').evaluate_all(
            "squares => squares.map((square) => Number(square.getAttribute('fill-opacity')))"
        )
        assert squares == pytest.approx(looks[head].reshape(-1), abs=0.006)
    # One explanation is not set beside itself, and a transformer has no codes.
    assert page.get_by_text("side by side").count() == page.get_by_text("Population codes").count() == 0
    caption = page.locator("[data-host=caption]").inner_text()
    assert "at input 2: 0 1 2; the circuit run alone" in caption and "Wanted there: 1." in caption


def test_page_of_nodes(pages, opened):
    """Circuits that are sets of nodes light nodes and all that is between them."""
    audit, path = pages(XOR, "nodes")
    shown_page = opened(path)
    states = shown_page.page.locator('[data-figure="circuit-left"] [data-part]').evaluate_all(
        "parts => parts.map((part) => [part.dataset.part, part.dataset.state || ''])"
    )
    assert dict(states) == {key: part.state for key, part in parts(audit.drawings()["minimal-1"]).items()}
    assert "3 nodes" in shown_page.text('[data-figure="circuit-left"] figcaption')
    shown_page.page.get_by_role("button", name="Show on the transformer how often each node is used").click()
    assert "In all of them (core): 3 nodes" in shown_page.text("[data-host=caption]")
    assert shown_page.complaints == []


@pytest.mark.parametrize(
    ("grain", "width", "scheme"),
    [("edges-qkv", 400, "dark"), pytest.param("nodes", 1600, "light", marks=pytest.mark.nightly)],
)
def test_accessible(pages, opened, grain, width, scheme):
    """axe finds nothing, with everything open and an input chosen."""
    from axe_playwright_python.sync_playwright import Axe

    page = opened(pages(XOR, grain)[1], width, color_scheme=scheme, bypass_csp=True).page
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.get_by_label("Input", exact=True).first.select_option(index=2)
    found = Axe().run(page).response["violations"]
    assert [(one["impact"], one["id"], one["nodes"][0]["html"]) for one in found] == []


@pytest.mark.parametrize("grain", ["edges", "nodes"])
def test_places_of_variables(pages, opened, grain):
    """Rings stand around the heads and MLPs of a mapping, of whatever layers, with the number of the variable; nodes of
    several layers are chosen together, and their signature is that of the audit."""
    audit, path = pages(PLACED, grain)
    found, graph = audit.findings.mappings, audit.network.graph
    page = opened(path)
    (mapping,) = found.survivors["transitive"]
    button = page.page.locator("[data-host=algorithms] button").first
    assert page.text("[data-host=placed]").startswith(f"{mapping.algorithm}. ")
    rung = page.page.locator('[data-rung="mappings-joint"]')
    rung.locator("summary").click()
    assert "on input 000, give a0.h1 its values from input 101, give m0 its values from input 001" in rung.inner_text()
    rung.get_by_role("button", name=re.compile("show OR.* on the transformer")).click()
    ((fell, _),) = found.fallen["joint"].items()
    rings = page.page.locator(".stage .ring").evaluate_all(
        "rings => rings.map(ring => [ring.dataset.of, ring.dataset.number])"
    )
    assert sorted(rings) == sorted(
        [f"{n.stage}-{n.place}", str(k)] for k, s in enumerate(fell.sets, start=1) for n in s.nodes
    )
    assert {s.first for s in fell.sets} == {1, 2} and button.count() <= 1
    for name in ("a0.h1", "m0"):
        page.page.get_by_role("button", name=f"node {name}", exact=True).click()
    both = NeuronSet.of(sorted(node for node in graph.inner if graph.name(node) in ("a0.h1", "m0")))
    said = page.text("[data-host=signature]")
    assert said.startswith("a0.h1 + m0: signature ")
    cells = page.page.locator("[data-host=signature] td").all_inner_texts()
    rows = found.signatures.of(both)
    assert cells == [str(row >> base & 1) for row in rows for base in range(len(rows))]
    assert page.complaints == []


def test_drawings_of_places():
    """A mapping of several layers is drawn with a ring around each of its heads and MLPs."""
    audit = audit_of(PLACED, "nodes")
    drawings, graph = audit.drawings(), audit.network.graph
    for k, mapping in enumerate(audit.exhibits.placed(10), start=1):
        rings = {part.key for part in drawings[f"places-{k}"].parts if part.key.startswith("ring-")}
        assert rings == {f"ring-{n.stage}-{n.place}" for s in mapping.sets for n in s.nodes}
        assert drawings[f"mapping-{k}"].title == f"{mapping.algorithm}: {mapping.named(graph)}"
    assert "all others inert" in drawings["ladder-mappings"].svg()
    tables = audit_tables(audit)
    assert [row[1] for row in tables["mappings"].table.rows] == [m.named(graph) for m in audit.findings.mappings.placed]
    assert tables["signatures"].title.startswith("Causal signature of each set of heads and MLPs")


def test_answers_by_numbers_and_several_classes():
    """Pages of answers that are numbers, and of logits of several classes, of which no square is shown."""
    model = random_transformer(3, layers=((2, 2),), classes=3)
    tokens = [[a, b, 2] for a in (0, 1) for b in (0, 1)]
    for behavior in (
        eh.Behavior.of_tokens(model, tokens, eh.Answer(-1)), eh.Behavior.of_tokens(model, tokens, within=0.5),
    ):  # fmt: skip
        audit = eh.audit(behavior.read(model), behavior)
        assert activations_of(audit.network, behavior).of(3, 0) is None
        assert "answered at position 3" in audit_page(audit)


def test_no_word_of_networks(pages):
    """What is explained is called a transformer, and circuits of nodes are not counted in edges."""
    text = " ".join(printed(audit_of(XOR, "nodes")).split())
    assert "No circuit smaller than the transformer" in text and "network" not in text
    page = re.sub(r"<script.*?</script>|<style.*?</style>", "", pages(XOR, "nodes")[1].read_text(), flags=re.S)
    assert "The transformer</h2>" in page and "decides as the transformer does" in page
