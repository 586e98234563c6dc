"""The page in a real browser: offline, by mouse and by keyboard, at both widths, in light and dark."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

import everyhow as eh
from everyhow.report.page.html import LARGEST, audit_page, write_report
from everyhow.report.page.room import Room
from everyhow.report.words import spelled

from ..conftest import reference
from .audits import two_outputs
from .conftest import opened_table

AUDITS = [
    "xornet", "xor-2-3-3-1-seed0", "and-2-3-3-1-seed0", "two-outputs", "authors", "budget", "wrong-task",
    "three-inputs", "by-data", "many-inputs", "bits-by-data",
]  # fmt: skip


# Of many pages, those with the most and the least on them are opened each time.
OPENED = ("xornet", "by-data", "budget")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in OPENED else pytest.mark.nightly)
        for name in AUDITS
        if name not in ("and-2-3-3-1-seed0", "wrong-task")
    ],
)
def test_opens_offline(pages, opened, name):
    """No request but for the file itself, no complaint on the console, nothing wider than the window."""
    _, path = pages(name)
    for width in (400, 1600):
        shown = opened(path, width)
        assert shown.requests == [path.as_uri()]
        assert shown.complaints == []
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
    assert path.stat().st_size < LARGEST


@pytest.mark.parametrize(
    "name",
    ["xornet", "by-data", *(pytest.param(name, marks=pytest.mark.nightly)
                            for name in ("xor-2-3-3-1-seed0", "budget", "authors"))],
)  # fmt: skip
def test_numbers_equal_audit_json(pages, opened, name, tmp_path):
    """Counts, rungs and verdicts on the page are those of audit.json."""
    audit, path = pages(name)
    audit.save(tmp_path)
    document = json.loads((tmp_path / "audit.json").read_text())
    shown = opened(path)
    opened_table(shown.page, "counts")
    rows = [row.split("\t") for row in shown.page.locator('[data-table="counts"] tbody').inner_text().splitlines()]
    found = {row[0]: row[1] if len(row) > 1 else "" for row in rows}
    for key, value in document["counts"].items():
        if isinstance(value, dict):
            value = ", ".join(f"{one}: {number}" for one, number in value.items())
        if key == "perfect_circuits_between":
            value = " to ".join(map(str, value))
        text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
        assert found[key] == text
    if name != "authors":
        for kind in ("mappings", "circuits"):
            for rung, number in document["ladder"][kind].items():
                left = shown.page.locator(f'[data-rung="{kind}-{rung}"] .left strong').inner_text()
                assert left == ("?" if number is None else f"{number:,}")
    verdicts = shown.page.locator(".verdicts dd").all_inner_texts()
    for verdict, text in zip(document["verdict"].values(), verdicts, strict=False):
        assert text.startswith(verdict["status"])
        assert (verdict["criterion"] or "").replace("_", " ") in text
        # What is left of a network that is as small as can be is the network itself, and that is said instead.
        itself = "no smaller circuit passes; what is left is the network itself" in text
        assert spelled(verdict["reason"]) in text or (itself and verdict["criterion"] == "perfect")


def test_answers_are_those_of_the_terminal(pages, opened):
    """The cards on top say what the terminal says."""
    audit, path = pages("xor-2-3-3-1-seed0")
    cards = " ".join(opened(path).page.locator(".answers").inner_text().split())
    assert "Circuit several 120 perfect of 10,647, of 11 edges or more; 4 minimal" in cards
    assert f"{audit.counts['interpretations']:,} over the perfect circuits" in cards


# For each stepper: what must change when it moves on, besides its own number.
STEPPERS = [
    ("circuit on the left", "[data-host=what-said], [data-host=difference]"),
    ("circuit on the right", "[data-host=difference]"),
    ("interpretation", "[data-host=interpretations] p"),
    ("algorithm", "[data-host=placed]"),
    ("near miss", "[data-host=near-said]"),
    ("explanation on the left", "[data-host=rivals] figcaption"),
    ("explanation on the right", "[data-host=dispute]"),
]


@pytest.mark.parametrize("by", ["mouse", pytest.param("keyboard", marks=pytest.mark.nightly)])
@pytest.mark.parametrize(("name", "changing"), STEPPERS)
def test_steppers(pages, opened, name, changing, by):
    """Every view can be stepped through by buttons and by arrow keys, to its end and back; the network shows it."""
    with_several = {
        "interpretation": "xor-2-3-3-1-seed0",
        "explanation on the left": "xornet",
        "explanation on the right": "xor-2-2-2-1-seed2",
    }
    _, path = pages(with_several.get(name, "and-2-3-3-1-seed0"))
    shown = opened(path)
    group = shown.page.get_by_role("group", name=name, exact=True)
    slider = group.get_by_role("slider")
    before, number = shown.page.locator(changing).all_inner_texts(), group.locator("output").inner_text()
    place, last = map(int, number.split(" of "))

    def move(on):
        if by == "mouse":
            group.get_by_role("button", name=f"{'next' if on else 'previous'} {name}").click()
        else:
            slider.focus()
            shown.page.keyboard.press("ArrowRight" if on else "ArrowLeft")

    assert last > place
    move(on=True)
    assert group.locator("output").inner_text() == f"{place + 1} of {last}"
    assert shown.page.locator(changing).all_inner_texts() != before
    if name != "circuit on the right" or by == "mouse":
        assert not shown.text("[data-host=caption]").startswith("Thicker edges")
    move(on=False)
    assert group.locator("output").inner_text() == number
    assert shown.page.locator(changing).all_inner_texts() == before
    slider.focus()
    shown.page.keyboard.press("End")
    assert group.locator("output").inner_text() == f"{last} of {last}"
    assert group.get_by_role("button", name=f"next {name}").is_disabled()
    assert shown.complaints == []


def test_circuits_side_by_side(pages, opened):
    """Both pictures light exactly the edges of their circuits, the shared ones set back; the text counts them."""
    audit, path = pages("xor-2-3-3-1-seed0")
    shown = opened(path)
    # What every rung leaves is shown first, beside the first other one.
    found = audit.findings.circuits
    one = found.smallest_faithful[0]
    other = next(each for each in (*found.smallest_faithful, *found.minimal) if each != one)
    for side, circuit in (("left", one), ("right", other)):
        figure = shown.page.locator(f'[data-figure="circuit-{side}"]')
        states = figure.locator("[data-part^=edge]").evaluate_all(
            "parts => parts.map(part => [part.dataset.part, part.dataset.state || ''])"
        )
        for key, state in states:
            edge = tuple(map(int, key.split("-")[1:]))
            shared = edge in one and edge in other
            assert state == ("half" if shared else "" if edge in circuit else "dim")
    shared = sum(edge in other for edge in one.edges)
    assert f"Shared: {shared} edges" in shown.text("[data-host=difference]")


def test_frequencies(pages, opened):
    """The button draws every edge and neuron by the share of circuits that use it."""
    audit, path = pages("xor-2-3-3-1-seed0")
    shown = opened(path)
    shown.page.get_by_role("button", name="Show on the network how often each edge is used").click()
    usage = audit.findings.circuits.usage
    numbers = {f"edge-{'-'.join(map(str, edge))}": number for edge, number in usage.edges.items()}
    numbers |= {f"neuron-{layer}-{j}": number for (layer, j), number in usage.neurons.items()}
    for key, number in numbers.items():
        drawn = float(shown.page.locator(f'.stage [data-part="{key}"]').evaluate("part => part.style.opacity"))
        assert drawn == pytest.approx(0.1 + 0.9 * number / usage.circuits, abs=1e-3)


def test_activations(pages, opened):
    """For one input every neuron shows its activation there, that of the circuit when one is shown."""
    audit, path = pages("xor-2-3-3-1-seed0")
    shown = opened(path)
    shown.page.get_by_label("Input", exact=True).first.select_option("01")
    states = audit.network.states([[0, 1]])

    def values():
        texts = shown.page.locator(".stage [data-part^=neuron]").evaluate_all(
            "parts => parts.map(part => [part.dataset.part, part.querySelector('.value').textContent])"
        )
        return {tuple(map(int, key.split("-")[1:])): float(text) for key, text in texts}

    for (layer, j), value in values().items():
        assert value == pytest.approx(float(states[layer][0, j]), rel=0.06, abs=1e-9)
    shown.page.get_by_label("Circuits on the left").select_option(index=1)
    shown.page.get_by_role("button", name="next circuit on the left").click()
    circuit = audit.findings.circuits.minimal[1]
    alone = audit.network.run_circuit([[0, 1]], circuit)
    for (layer, j), value in values().items():
        assert value == pytest.approx(float(alone[layer][0, j]), rel=0.06, abs=1e-9)


def test_many_inputs_can_be_chosen(pages, opened):
    """Of more inputs than squares are drawn for, some are chosen one by one: a neuron then shows what it holds there,
    of the whole network and of a circuit, and the caption what is wanted."""
    audit, path = pages("many-inputs")
    shown = opened(path)
    select = shown.page.get_by_label("Input", exact=True).first
    rows = audit.exhibits.activations().rows
    assert len(rows) == select.locator("option").count() - 1 == 64 < len(audit.behavior.points)
    assert shown.page.locator(".stage .level").count() == 0
    select.select_option(label=f"input {rows[40] + 1}")
    point = audit.behavior.points[rows[40]]
    states = audit.network.states([point])
    texts = shown.page.locator(".stage [data-part^=neuron]").evaluate_all(
        "parts => parts.map(part => [part.dataset.part, part.querySelector('.value').textContent])"
    )
    for key, text in texts:
        layer, j = map(int, key.split("-")[1:])
        assert float(text) == pytest.approx(float(states[layer][0, j]), rel=0.06, abs=1e-9)
    wanted = int(audit.behavior.wanted[rows[40], 0])
    assert shown.text("[data-host=caption]").endswith(f"at input {rows[40] + 1}. Wanted there: {wanted}.")
    assert shown.page.locator('[data-figure="circuit-left"]').count() == 1
    assert shown.page.locator('[data-figure="circuit-right"]').count() == 0 and not shown.complaints


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_signature_of_chosen_neurons(pages, opened, by):
    """Neurons chosen by click or by Enter give the table of their set; another layer starts anew."""
    audit, path = pages("xor-2-3-3-1-seed0")
    shown = opened(path)

    def choose(layer, j):
        neuron = shown.page.locator(f'.stage [data-part="neuron-{layer}-{j}"]')
        if by == "mouse":
            neuron.click()
        else:
            neuron.focus()
            shown.page.keyboard.press("Enter")

    from everyhow.mapping.signatures import NeuronSet

    def check(layer, neurons):
        rows = audit.findings.mappings.signatures.of(NeuronSet(layer, neurons))
        cells = shown.page.locator(".cells tbody td").all_inner_texts()
        assert cells == [str(row >> base & 1) for row in rows for base in range(4)]
        assert " + ".join(f"h{layer}.{j}" for j in neurons) in shown.text("[data-host=signature]")

    choose(1, 0)
    check(1, (0,))
    choose(1, 2)
    check(1, (0, 2))
    choose(2, 1)
    check(2, (1,))
    assert shown.page.locator('.stage [aria-pressed="true"]').count() == 1
    choose(2, 1)
    assert shown.text("[data-host=signature]") == "No neuron is chosen."


def test_mappings_light_their_neurons(pages, opened):
    """Rings stand around the neurons of the mapping, with the number of the variable that the tree shows too."""
    audit, path = pages("and-2-3-3-1-seed0")
    shown = opened(path)
    shown.page.get_by_role("button", name="next algorithm").click()
    text = shown.text("[data-host=placed]")
    algorithm = next(a for a in audit.findings.mappings.aligned if text.startswith(str(a)))
    caption = shown.text("[data-host=caption]")
    (mapping,) = (
        mapping
        for mapping in eh.mappings(audit.network, algorithm)
        if caption == f"{algorithm}: " + " ".join(
            f"{k} {variable.name} in {s.named()}" + (";" if k < len(mapping.sets) else ".")
            for k, (variable, s) in enumerate(zip(algorithm.variables, mapping.sets, strict=True), start=1)
        )
    )  # fmt: skip
    rings = shown.page.locator(".stage .ring").evaluate_all(
        "rings => rings.map(ring => [ring.dataset.of, ring.dataset.number])"
    )
    expected = [[f"{s.layer}-{j}", str(k)] for k, s in enumerate(mapping.sets, start=1) for j in s.neurons]
    assert sorted(rings) == sorted(expected)
    badges = shown.page.locator("[data-host=tree] text.badge").all_text_contents()
    assert sorted(badges) == [str(k) for k in range(1, len(mapping.sets) + 1)]


def test_ladder_lists_who_fell(pages, opened):
    """A rung opens by mouse and by keyboard, names as many as fell there, and shows the run that felled one."""
    audit, path = pages("xor-2-3-3-1-seed0")
    shown = opened(path)
    rung = shown.page.locator('[data-rung="mappings-joint"]')
    rung.locator("summary").click()
    assert rung.get_attribute("open") is not None
    assert "1 mapping fell here" in rung.inner_text()
    assert "Counterexample: on input 01, give h1.1 and h1.0 their values from input 00" in rung.inner_text()
    rung.get_by_role("button", name=re.compile("show OR.* on the network")).click()
    assert shown.page.locator(".stage .ring").count() == 2
    rung = shown.page.locator('[data-rung="circuits-resample_faithful"]')
    rung.locator("summary").focus()
    shown.page.keyboard.press("Enter")
    survivors = audit.ladder["circuits"]
    fell = survivors["perfect"] - survivors["resample_faithful"]
    assert f"{fell} circuits fell here; 20 listed" in " ".join(rung.inner_text().split())
    assert rung.locator("li").count() == 20


def test_cross_examination_puts_two_side_by_side(pages, opened):
    """A cell has the share of the matrix, and choosing it shows both explanations and what decides between them."""
    audit, path = pages("xornet")
    shown = opened(path)
    cells = shown.page.locator(".matrix tbody tr")
    ranking = [explanation for _, explanation in audit.findings.ranking.entries]
    examined = audit.findings.experiments.examined
    order = [examined.explanations.index(explanation) for explanation in ranking]
    for i in range(cells.count()):
        texts = cells.nth(i).locator("button").all_inner_texts()
        for j, text in enumerate(texts):
            assert float(text) == pytest.approx(100 * float(examined.matrix[order[i]][order[j]]), abs=0.06)
    cells.nth(3).locator("button").nth(2).click()
    captions = shown.page.locator("[data-host=rivals] figcaption").all_inner_texts()
    assert captions[0].startswith("#4 ") and captions[1].startswith("#3 ")
    assert shown.text("[data-host=dispute]").startswith("What decides between #3 and #4: on input ")


def test_the_picture_of_two_students(pages, opened):
    """To begin with, the analytic network shows the essay's two readings: NAND with OR, and the two one-sided ANDs."""
    _, path = pages("xornet")
    captions = opened(path).page.locator("[data-host=rivals] figcaption").all_inner_texts()
    assert (
        "AND(NAND(A,B), OR(A,B))" in captions[0] and "NAND(A,B) = 1 - h1.2; OR(A,B) = h1.0 + h1.1 - h1.2" in captions[0]
    )
    assert "AND(A,¬B) = h1.0 - h1.2; AND(¬A,B) = h1.1 - h1.2" in captions[1]


def test_prices_rank_anew(pages, opened):
    """The slider and the familiar gates give the costs and winners of the library's own prices."""
    audit, path = pages("xornet")
    shown = opened(path)
    entries = audit.findings.ranking.entries
    for steps, negation, block in ((0, 0.0, None), (4, 1.0, None), (8, 2.0, "NIMP"), (0, 0.0, "XOR")):
        slider = shown.page.get_by_role("slider", name="price of NOT")
        slider.focus()
        shown.page.keyboard.press("Home")
        for _ in range(steps):
            shown.page.keyboard.press("ArrowRight")
        name = "none but those given" if block is None else f"{block} at half a gate's price"
        shown.page.get_by_label("Familiar gate").select_option(name)
        model = eh.CostModel(negation=negation, familiar={} if block is None else {block: 0.5})
        rows = [row.split("\n") for row in shown.page.locator(".ranking li").all_inner_texts()]
        costs = [
            model.of_algorithm(e.algorithm) if hasattr(e, "algorithm") else e.cost(model) for _, e in entries
        ]  # fmt: skip
        expected = sorted(range(len(costs)), key=lambda k: (costs[k], k))
        assert [row[1] for row in rows] == [f"#{k + 1}" for k in expected]
        assert [float(row[0]) for row in rows] == [costs[k] for k in expected]
        winners = shown.page.locator(".ranking .winner").count()
        assert winners == sum(cost <= min(costs) + 1e-9 for cost in costs)


def test_tables_are_saved_as_filtered(pages, opened):
    """A search and a sort are in force in what is saved."""
    audit, path = pages("xor-2-3-3-1-seed0")
    shown = opened(path)
    table = shown.page.locator('[data-table="edges"]')
    table.locator("summary").click()
    table.get_by_role("searchbox").fill("contingent")
    table.get_by_role("button", name="weight").click()
    edges = [row for row in audit.tables()["edges"].table.records() if row["role"] == "contingent"]
    edges.sort(key=lambda row: row["weight"])
    with shown.page.expect_download() as download:
        table.get_by_role("button", name="Save CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert [float(row["weight"]) for row in rows] == [row["weight"] for row in edges]
    with shown.page.expect_download() as download:
        table.get_by_role("button", name="Save JSON").click()
    document = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert document["search"] == "contingent"
    assert document["rows"] == [list(row.values()) for row in edges]


def test_pictures_are_saved(pages, opened):
    """A figure's button saves what it shows as an SVG file that stands alone."""
    from xml.etree import ElementTree

    _, path = pages("xornet")
    shown = opened(path)
    with shown.page.expect_download() as download:
        shown.page.get_by_role("button", name="save the picture network as SVG").click()
    root = ElementTree.parse(download.value.path()).getroot()
    assert root.tag.endswith("svg") and "--ink" in root[0].text


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("by-data", 400, "dark"),
        *(pytest.param(*one, marks=pytest.mark.nightly)
          for one in (("xornet", 400, "dark"), ("two-outputs", 1600, "light"), ("xornet", 1600, "light"),
                      ("two-outputs", 400, "light"), ("authors", 1600, "light"))),
    ],
)  # fmt: skip
def test_accessible(pages, opened, name, width, scheme):
    """axe finds nothing, with rungs and a table open."""
    from axe_playwright_python.sync_playwright import Axe

    _, path = pages(name)
    # The page's own policy would keep the checker out.
    shown = opened(path, width, color_scheme=scheme, bypass_csp=True)
    shown.page.evaluate(
        "for (const one of document.querySelectorAll('.rung, [data-table=edges], .views details')) "
        "if (!one.dataset.table || one.dataset.table === 'edges') one.open = true"
    )
    shown.page.locator('.stage [data-part="neuron-1-0"]').first.click()
    found = Axe().run(shown.page).response["violations"]
    assert [(one["impact"], one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_markup_stays_text(opened, tmp_path):
    """A task whose name is markup is shown as it is, and nothing of it runs."""
    names = ('<script>document.title="taken"</script>', '"><img src=x onerror=alert(1)>')
    audit = eh.audit(two_outputs(), eh.Task(names, eh.parse_task("XOR,AND").tables))
    path = audit.report(tmp_path / "<b>&amp;.html")
    shown = opened(path)
    assert shown.requests == [path.as_uri()] and shown.complaints == []
    assert shown.page.title().endswith("is the explanation the only one?")
    assert shown.page.locator("h1").all_inner_texts() == list(names)
    assert shown.page.locator("img").count() == 0


def test_without_javascript(pages, opened):
    """Answers, verdicts, pictures, rungs with who fell, and the method stand there without a script."""
    audit, path = pages("xor-2-3-3-1-seed0")
    shown = opened(path, ready=False, java_script_enabled=False)
    body = " ".join(shown.page.locator("main").inner_text().split())
    assert f"{audit.counts['perfect_circuits']} perfect of" in body
    assert "none valid at joint" in body
    assert shown.page.locator("svg").count() >= 5
    assert "network sha256" in body
    rung = shown.page.locator('[data-rung="mappings-joint"]')
    rung.locator("summary").click()
    assert "Counterexample: on input 01" in rung.inner_text()


def test_prints(pages, opened):
    """Printing gives a document of some pages, in which controls are left out."""
    _, path = pages("xornet")
    shown = opened(path)
    assert shown.page.pdf().startswith(b"%PDF")
    shown.page.emulate_media(media="print")
    assert shown.page.locator(".stage-controls").first.is_hidden()
    assert shown.page.locator(".ranking").first.is_visible()


def test_what_there_is_no_room_for_is_said(tmp_path, opened, monkeypatch):
    """A page with room for little says how much is left out, wherever it is; a large one makes room by itself."""
    _, network = reference("nor-2-3-3-1-seed0")
    audit = eh.audit(network, "NOR")
    small = Room(circuits=2, interpretations=1, algorithms=3, mappings=1, rivals=2, fallen=1, rows=5)
    (tmp_path / "small.html").write_text(audit_page(audit, small), encoding="utf-8")
    shown = opened(tmp_path / "small.html")
    body = " ".join(shown.page.locator("main").inner_text().split())
    counts, left = audit.counts, audit.ladder["mappings"]
    assert f"perfect: 2 of {counts['perfect_circuits']:,}, drawn uniformly" in body
    assert f"{counts['aligned_algorithms']} aligned algorithms; the 3 simplest can be stepped through here" in body
    assert "the 2 cheapest of those priced are here" in body
    shown.page.locator('[data-rung="mappings-irredundant"] summary').click()
    fell = left["single"] - left["irredundant"]
    rung = shown.text('[data-rung="mappings-irredundant"]')
    algorithms = audit.ladder["algorithms"]
    idle = algorithms["single"] - algorithms["irredundant"]
    assert f"{fell} mappings fell here; 1 listed, of {idle} algorithms, simplest first" in rung
    opened_table(shown.page, "edges")
    assert "The first 5 rows of 18." in shown.text('[data-table="edges"]')
    whole = len(audit_page(audit))
    monkeypatch.setattr("everyhow.report.page.html.LARGEST", whole // 2)
    assert write_report(audit, tmp_path / "page.html").stat().st_size <= whole // 2


def test_audits_with_little_to_show(tmp_path, opened):
    """No hidden layer, no perfect circuit by the released code, more than fits a count: each has its page."""
    silent = eh.Network([[[0.0, 0.0]], [[1.0]]], [[0.3], [0.2]], ["relu", "identity"])
    direct = eh.Network([[[1.0, 1.0]]], [[0.0]], ["identity"])
    ones = [[1.0] * 5] * 5
    wide = eh.Network(
        ([[1.0, -1.0]] * 5, ones, ones, [[1.0] * 5]), ([0.1] * 5, [0.2] * 5, [0.3] * 5, [0]), ["tanh"] * 4
    )
    asked = [
        (silent, "0000", {}),
        (direct, "OR", {}),
        (eh.xornet(), "XOR", {"preset": "authors"}),
        (wide, "XOR", {"budget": 1000}),
    ]
    for k, (network, task, options) in enumerate(asked):
        audit = eh.audit(network, task, **options)
        shown = opened(audit.report(tmp_path / f"{k}.html"))
        assert shown.complaints == []
        assert audit.tables() and list(audit.drawings()) and audit._repr_mimebundle_()
    # Beyond 2^53 a browser would round the number, so it has its digits.
    opened_table(shown.page, "counts")
    rows = [row.split("\t") for row in shown.page.locator('[data-table="counts"] tbody tr').all_inner_texts()]
    assert dict(rows)["circuits_in_space"] == str(audit.counts["circuits_in_space"])
    assert audit.counts["circuits_in_space"] > 2**53
