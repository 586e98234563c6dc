"""Drawings: what stands where follows from the audit; SVG and PDF come out whole, alike and safe."""

import itertools
import math
import re
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest

import everyhow as eh
from everyhow.auditing.exhibits import activations_of
from everyhow.boolean.algorithms import algorithms
from everyhow.boolean.truth_table import TruthTable
from everyhow.common.errors import FileFormatError
from everyhow.readout.readout import Readout
from everyhow.report.audit_drawings import audit_drawings, names_in_short, save_drawings
from everyhow.report.drawings.codes import code_lines
from everyhow.report.drawings.drawing import Drawing, beside
from everyhow.report.drawings.formula import draw_algorithm
from everyhow.report.drawings.network import Columns, draw_circuit, draw_network, draw_usage, ring
from everyhow.report.drawings.palette import DARK, LIGHT, ROLES, css
from everyhow.report.drawings.shapes import Box, Circle, Label, Line, Part, text_width
from everyhow.report.drawings.svg import inside_page
from everyhow.report.drawings.tables import draw_matrix, draw_signature

from .audits import audit_of


def parts(drawing):
    return {part.key: part for part in drawing.parts if part.key}


@pytest.mark.parametrize("name", ["xornet", "xor-2-3-3-1-seed0", "xor-2-4-1-seed0", "wide"])
def test_every_drawing(name):
    """Every drawing of an audit is well-formed, named, and keeps its marks on the paper; texts have a kind of role."""
    audit = audit_of(name)
    for label in audit.drawings():
        kind, _, number = label.rpartition("-")
        if number.isdecimal() and int(number) > 3:
            continue
        drawing = audit.drawings()[label]
        root = ElementTree.fromstring(drawing.svg())
        assert root.find("{http://www.w3.org/2000/svg}title").text == drawing.title
        ElementTree.fromstring(inside_page(drawing))
        for part in drawing.parts:
            for shape in part.shapes:
                assert shape.role in ROLES
                for x, y in corners(shape):
                    assert -1 <= x <= drawing.width + 1, (label, kind, shape)
                    assert -1 <= y <= drawing.height + 1, (label, kind, shape)


def corners(shape):
    if isinstance(shape, Line):
        return [(shape.x1, shape.y1), (shape.x2, shape.y2)]
    if isinstance(shape, Circle):
        return [(shape.x - shape.r, shape.y - shape.r), (shape.x + shape.r, shape.y + shape.r)]
    if isinstance(shape, Box):
        return [(shape.x, shape.y), (shape.x + shape.width, shape.y + shape.height)]
    width = 0.5 * shape.size * len(shape.text)
    left = {"start": shape.x, "middle": shape.x - width / 2, "end": shape.x - width}[shape.anchor]
    return [(left, shape.y), (left + width, shape.y)]


def boxes(drawing):
    """Each label of a drawing with the room that its letters take, by a width that no usual font falls short of."""
    for part in drawing.parts:
        for shape in part.shapes:
            if isinstance(shape, Label) and shape.text:
                width, half = text_width(shape.text, shape.size) * 0.95, 0.36 * shape.size
                left = {"start": shape.x, "middle": shape.x - width / 2, "end": shape.x - width}[shape.anchor]
                yield shape, left, shape.y - half, left + width, shape.y + half


def check_letters(drawing):
    """No label reaches beyond the paper or another label, and no ring and no neuron crosses one."""
    found = list(boxes(drawing))
    for shape, left, top, right, bottom in found:
        assert left >= 0 and right <= drawing.width and top >= 0 and bottom <= drawing.height, shape
    for k, (one, *a) in enumerate(found):
        for other, *b in found[k + 1 :]:
            assert not (a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]), (one, other)
    names = [(shape, box) for shape, *box in found if shape.role == "halo"]
    circles = [shape for part in drawing.parts for shape in part.shapes if isinstance(shape, Circle)]
    for shape, (left, top, right, bottom) in names:
        for circle in circles:
            if circle.role.startswith("badge"):
                continue
            away = math.hypot(max(left - circle.x, 0, circle.x - right), max(top - circle.y, 0, circle.y - bottom))
            assert away >= circle.r + ROLES[circle.role].width / 2, (shape, circle)


@pytest.mark.parametrize("name", ["xornet", "xor-2-3-3-1-seed0", "and-2-3-3-1-seed0", "wide", "by-data"])
def test_letters_can_be_read(name):
    """Ladders, networks, placements, codes and signatures of audits keep their letters apart and on the paper."""
    drawings = audit_of(name).drawings()
    for label in drawings:
        kind, _, number = label.rpartition("-")
        if kind not in ("minimal", "difference") and (not number.isdecimal() or int(number) < 30):
            check_letters(drawings[label])


@pytest.mark.parametrize("widths", [(2, 16, 16, 1), (2, 5, 5, 1), (3, 40, 2), (10, 16, 10)])
def test_letters_of_wide_layers(widths):
    """However wide the layers are, names stand clear of neurons and of their rings; those of very wide ones are left
    out."""
    weights = [[[1.0] * before] * after for before, after in itertools.pairwise(widths)]
    network = eh.Network(weights, [[0.0] * after for after in widths[1:]], ["relu"] * (len(widths) - 1))
    columns = Columns(network.graph)
    around = [ring(columns, 0, node) for node in network.graph.nodes]
    drawing = draw_network(network, None)
    check_letters(drawing.with_parts(*(Part("", "", part.shapes[:1]) for part in around)))
    texts = {shape.text for shape, *_ in boxes(drawing)}
    assert ("h1.0" in texts) == (widths[1] <= 16) and "out0" in texts


def test_codes_in_lines():
    """A code is told whole, term by term; of many terms the largest, and how many there are besides."""
    table = TruthTable(2, 0b0110)
    few = Readout(1, table, np.array([1780.0, -2.5, 0.25]), 0.5, 0.0, False, 0.1, ("h1.0", "h1.1", "h1.2"))
    assert code_lines(few) == ["0.5 + 1,780 h1.0", "- 2.5 h1.1 + 0.25 h1.2"]
    names = tuple(f"h1.{j}" for j in range(12))
    many = Readout(1, table, np.arange(1.0, 13.0) + 0.25, 0.5, 0.0, False, 0.1, names)
    said = " ".join(code_lines(many))
    assert said == "0.5 + 7.25 h1.6 + 8.25 h1.7 + 9.25 h1.8 + 10.2 h1.9 + 11.2 h1.10 + 12.2 h1.11 and 6 smaller terms"


def held_by(network):
    """The activations at every row of the truth table."""
    return activations_of(network, eh.Behavior.of_network(network, network.corners))


def test_a_network_shows_its_weights():
    """An edge for every weight that is not 0, as thick as it is large, broken where negative; squares by activation."""
    network = eh.Network([[[2.0, 0.0], [-1.0, 4.0]], [[1.0, -4.0]]], [[0, 0], [0]], ["identity", "identity"])
    found = parts(draw_network(network, held_by(network)))
    edges = {key: part.shapes[0] for key, part in found.items() if key.startswith("edge")}
    assert set(edges) == {"edge-1-0-0", "edge-1-1-0", "edge-1-1-1", "edge-2-0-0", "edge-2-0-1"}
    assert [edges[f"edge-{key}"].role for key in ("1-0-0", "1-1-0")] == ["positive", "negative"]
    assert (
        edges["edge-1-1-1"].width == edges["edge-2-0-1"].width > edges["edge-1-0-0"].width > edges["edge-1-1-0"].width
    )
    assert found["edge-1-1-0"].title == "A to h1.1, weight -1"
    levels = [shape.level for shape in found["neuron-1-1"].shapes if shape.role == "level"]
    assert levels == [0.2, 1.0, 0.0, 0.8]
    assert found["neuron-1-1"].title == "h1.1: 0 at 00, 4 at 01, -1 at 10, 3 at 11"


def test_a_circuit_lights_its_edges():
    """All else is set back, and the activations are those of the circuit run alone."""
    audit = audit_of("xor-2-3-3-1-seed0")
    circuit = audit.findings.circuits.minimal[0]
    for key, part in parts(draw_circuit(audit.network, circuit, audit.exhibits.activations(circuit))).items():
        kind, *place = key.split("-")
        place = tuple(map(int, place))
        if kind == "edge":
            assert part.state == ("" if place in circuit else "dim")
        elif 0 < place[0] < audit.network.depth:
            assert part.state == ("" if place in circuit.neurons else "dim")
            alone = audit.network.run_circuit([[0, 0]], circuit)[place[0]][0, place[1]]
            assert f"{alone:.3g} at 00" in part.title


def test_usage_by_role():
    """Core is full, contingent set back by half, never nearly gone; shares stand beside the neurons."""
    audit = audit_of("xor-2-3-3-1-seed0")
    usage = audit.findings.circuits.usage
    drawing = draw_usage(audit.network, usage, audit.exhibits.activations())
    for edge in usage.edges:
        expected = {"core": "", "contingent": "half", "never": "dim"}[usage.role(edge)]
        assert parts(drawing)[f"edge-{'-'.join(map(str, edge))}"].state == expected
    texts = [shape.text for part in drawing.parts for shape in part.shapes if isinstance(shape, Label)]
    assert texts.count("100%") == sum(n == usage.circuits for n in usage.neurons.values())


def test_trees():
    """One box per node with its gate, a number for each variable, and the truth table in what is said of it."""
    (algorithm, *_) = algorithms(TruthTable.parse("0110"), 2)
    drawing = draw_algorithm(algorithm)
    labels = [s.text for part in drawing.parts for s in part.shapes if isinstance(s, Label) and s.role == "text"]
    assert labels == [node.label for node in algorithm.nodes.values()]
    badges = [s.text for part in drawing.parts for s in part.shapes if isinstance(s, Label) and s.role == "badge"]
    assert badges == ["1", "2"]
    assert parts(drawing)["node-0"].title.endswith("= 1110") or parts(drawing)["node-0"].title.endswith("= 0111")
    assert str(algorithm) == next(iter(algorithm.nodes.values())).formula


def test_nodes_are_the_printed_formula():
    """Each node's bits follow from its operands by its gate, over all trees of depth three."""
    gates = {
        "AND": lambda a, b, full: a & b, "OR": lambda a, b, full: a | b, "NAND": lambda a, b, full: ~(a & b) & full,
        "NOR": lambda a, b, full: ~(a | b) & full,
    }  # fmt: skip
    inputs = {"A": 0b1100, "B": 0b1010, "¬A": 0b0011, "¬B": 0b0101}
    for algorithm in algorithms(TruthTable.parse("0110"), 3):
        nodes = algorithm.nodes
        for path, node in nodes.items():
            if node.operands:
                assert node.bits == gates[node.label](nodes[*path, 0].bits, nodes[*path, 1].bits, 0b1111)
            else:
                assert node.bits == inputs[node.label]
        assert nodes[()].bits == algorithm.table.bits


def test_tables_as_squares():
    """A filled square where the signature has a 1; the share of each swap in the matrix, never rounded to all."""
    drawing = draw_signature((0b0001, 0b0110), ("0", "1"), "two")
    titles = [part.title for part in drawing.parts if part.title]
    assert titles[:3] == ["base 0, source 0: 1", "base 1, source 0: 0", "base 0, source 1: 0"]
    drawing = draw_matrix(((Fraction(1), Fraction(999, 1000)), (Fraction(1, 3), Fraction(1))), {1: "one", 2: "two"})
    cells = parts(drawing)
    assert cells["cell-0-1"].title == "two predicts 99.9% of the swaps of one"
    assert cells["cell-1-0"].shapes[-1].text == "33.3"


def test_markup_in_a_drawing_stays_text():
    """Texts, titles and keys are escaped in both forms."""
    nasty = '"><script>alert(1)</script>&'
    part = Part(nasty, nasty, (Label("text", 1, 1, nasty), Line("plain", 0, 0, 1, 1)))
    drawing = Drawing(nasty, 10, 10, (part,))
    for text in (drawing.svg(), inside_page(drawing)):
        assert "<script" not in text
        root = ElementTree.fromstring(text)
        assert nasty in "".join(root.itertext())


def test_files(tmp_path):
    """SVG needs nothing, PDF is a page of the drawing's size; both are the same each time; other names are refused."""
    pytest.importorskip("matplotlib")
    drawing = audit_of("xornet").drawings()["network"]
    one, other = drawing.save(tmp_path / "one.pdf").read_bytes(), drawing.save(tmp_path / "other.pdf").read_bytes()
    assert one == other and one.startswith(b"%PDF")
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", one)
    assert (float(box[1]), float(box[2])) == pytest.approx((drawing.width, drawing.height), abs=1)
    assert drawing.save(tmp_path / "network.svg").read_text(encoding="utf-8") == drawing.svg()
    with pytest.raises(eh.InputError, match=r"a drawing is written to a file ending in .svg or .pdf, not '.png'"):
        drawing.save(tmp_path / "network.png")


def test_side_by_side():
    """Drawings in a row do not overlap, and keep their parts."""
    one = Drawing("one", 50, 20, (Part("a", "", (Line("plain", 0, 0, 50, 20),)),))
    both = beside("both", {"first": one, "second": one})
    lines = [s for part in both.parts for s in part.shapes if isinstance(s, Line)]
    assert lines[0].x2 < lines[1].x1 and both.width >= lines[1].x2


def test_by_name(tmp_path):
    """The first of each kind, or those named, with wildcards; an unknown name says which there are."""
    audit = audit_of("xor-2-3-3-1-seed0")
    names = list(audit_drawings(audit))
    assert {"network", "usage", "minimal-4", "interpretation-17", "mapping-2", "explanation-1"} <= set(names)
    assert "minimal-1 to minimal-4" in names_in_short(audit_drawings(audit))
    written = save_drawings(audit, tmp_path, formats=("svg",))
    stems = {path.stem for path in written}
    assert {"network", "minimal-1", "mapping-1", "explanation-1"} <= stems and "minimal-2" not in stems
    written = save_drawings(audit, tmp_path, ["minimal-*", "network"], ["svg"])
    assert {path.stem for path in written} == {"network", *(f"minimal-{k}" for k in range(1, 5))}
    with pytest.raises(eh.InputError, match="no drawing is called 'nope'; there are network, ladder-mappings"):
        save_drawings(audit, tmp_path, ["nope"])
    with pytest.raises(eh.InputError, match="format gif; the formats of drawings are svg, pdf"):
        save_drawings(audit, tmp_path, formats=["gif"])
    (tmp_path / "file").write_text("")
    with pytest.raises(FileFormatError, match="cannot make this folder"):
        save_drawings(audit, tmp_path / "file", formats=["svg"])


def test_contrast():
    """Texts stand out from the paper and panels by 4.5 to 1, marks by 3 to 1, in light and in dark."""

    def luminance(colour):
        shares = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one, other):
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    for colours in (LIGHT, DARK):
        for name, colour in colours.items():
            if name in ("paper", "panel"):
                continue
            texts = name not in ("line",)
            assert contrast(colour, colours["paper"]) >= (4.5 if texts else 3), name
    assert all(f"var(--{style.fill})" in css() for style in ROLES.values() if style.fill)
