"""Notebook displays: run by a real kernel, saved, opened again without one, with and without scripts."""

import re
from xml.etree import ElementTree

import pytest

import everyhow as eh
from everyhow.report.notebook import picture_of

CELLS = [
    "import everyhow as eh\naudit = eh.audit(eh.xornet(), 'XOR')\naudit",
    "audit.findings.circuits.simplest",
    "next(eh.algorithms('XOR', depth=2))",
    "audit.findings.mappings.simplest",
    "audit.findings.readouts.layers[0].signals[2]",
    "next(iter(eh.readouts(eh.xornet())))",
]
# Work that is shown: of a loop, of a cell that an error ends, and of one that is quick. Bars come at once.
SHOWN = [
    "import time\nfrom everyhow.common import progress\nprogress.DELAY, progress.PAUSE = 0.0, 0.01\nprint('before')\n"
    "for _ in range(3):\n    with progress.Progress(True).doing('explaining'):\n"
    "        for _ in progress.tracked(range(4), 4, 'circuits'):\n            time.sleep(0.05)\nprint('after')",
    "try:\n    with progress.showing('waiting'):\n        time.sleep(0.1)\n        1 / 0\n"
    "except ZeroDivisionError:\n    pass",
    "progress.DELAY = 1.0\n_ = eh.audit(eh.xornet(), 'XOR', progress=True)",
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The cells, run and saved: the path of the file, and of each cell what was displayed, in its order."""
    import nbformat
    from nbclient import NotebookClient

    class Listening(NotebookClient):
        def process_message(self, msg, cell, cell_index):
            if msg["msg_type"] in ("display_data", "update_display_data"):
                displayed[cell_index].append((msg["msg_type"], msg["content"]["data"]))
            return super().process_message(msg, cell, cell_index)

    displayed = [[] for _ in CELLS + SHOWN]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS + SHOWN])
    Listening(made, timeout=300, kernel_name="python3").execute()
    path = tmp_path_factory.mktemp("notebook") / "xor.ipynb"
    nbformat.write(made, path)
    return path, displayed[len(CELLS) :]


@pytest.fixture(scope="module")
def notebook(executed, tmp_path_factory):
    """The cells that show values, saved; read from the file again."""
    import nbformat

    shown = nbformat.read(executed[0], 4)
    del shown.cells[len(CELLS) :]
    path = tmp_path_factory.mktemp("notebook") / "values.ipynb"
    nbformat.write(shown, path)
    return path


def test_bars_leave_one_line(executed):
    """A cell has one bar, which moves, however much work there is in it; a line is left of it, and of quick work
    nothing; standard error has nothing."""
    import nbformat

    path, displayed = executed
    loop, stopped, quick = nbformat.read(path, 4).cells[len(CELLS) :]
    texts = [output.get("text") or output["data"]["text/plain"] for output in loop.outputs]
    assert texts == ["before\n", "explaining: done in 1 s", "after\n"]
    assert {output.get("name", "stdout") for output in loop.outputs} == {"stdout"}
    kinds = [kind for kind, _ in displayed[0]]
    assert kinds[0] == "display_data" and set(kinds[1:]) == {"update_display_data"} and len(kinds) > 6
    shares = [re.findall(r'<progress value="([\d.]+)" max="1"', data["text/html"]) for _, data in displayed[0]]
    assert {"0.000", "0.250", "0.500", "0.750"} == {share for found in shares for share in found}
    assert any("circuits: 25.0 %, 1 s" in data["text/plain"] for _, data in displayed[0])
    (line,) = stopped.outputs
    assert line["data"]["text/plain"] == "waiting: stopped after 1 s" and "<progress" not in line["data"]["text/html"]
    assert quick.outputs == [] and displayed[2] == []


def test_every_kind_has_its_forms(notebook):
    """Text, a well-formed picture, and HTML with the picture and a frame, none of which names another place."""
    import nbformat

    for cell in nbformat.read(notebook, 4).cells:
        (output,) = [one for one in cell.outputs if "data" in one]
        forms = output["data"]
        assert set(forms) == {"text/plain", "image/svg+xml", "text/html"}
        ElementTree.fromstring(forms["image/svg+xml"])
        assert re.findall(r"(?:src|href)=\"(?!data:)", forms["text/html"]) == []
        assert not re.search(r"https?://(?!www\.w3\.org)", forms["text/html"])
        assert 'sandbox="allow-scripts allow-downloads"' in forms["text/html"]


def test_reopened_without_a_kernel(notebook, opened, tmp_path):
    """The saved notebook as a page: every frame answers, by keyboard too, and nothing is asked for."""
    page = tmp_path / "xor.html"
    outputs = html_of(notebook)
    page.write_text(f"<!DOCTYPE html><meta charset='utf-8'><body>{''.join(outputs)}</body>", encoding="utf-8")
    shown = opened(page, ready=False)
    for frame in range(len(CELLS)):
        shown.page.locator("details").nth(frame).evaluate("one => { one.open = true; one.scrollIntoView(); }")
        inside = shown.page.frame_locator("iframe").nth(frame)
        inside.locator("html[data-ready]").wait_for(state="attached", timeout=20_000)
    algorithm = shown.page.frame_locator("iframe").nth(2)
    algorithm.locator('[tabindex="0"][data-part]').focus()
    shown.page.keyboard.press("ArrowRight")
    assert re.fullmatch(r"\w+\(A,B\) = [01]{4}", algorithm.locator("[data-host=said]").inner_text())
    assert shown.requests == [page.as_uri()] and shown.complaints == []


def test_left_without_scripts_and_frames(notebook, opened, tmp_path):
    """Where frames are stripped, as code hosts do, the pictures are left, each said in words."""
    page = tmp_path / "stripped.html"
    stripped = [re.sub(r"<iframe.*?</iframe>", "", html, flags=re.S) for html in html_of(notebook)]
    page.write_text(f"<!DOCTYPE html><meta charset='utf-8'><body>{''.join(stripped)}</body>", encoding="utf-8")
    shown = opened(page, ready=False, java_script_enabled=False)
    images = shown.page.locator("img")
    assert images.count() == len(CELLS)
    assert all(box["width"] > 100 for box in (images.nth(k).bounding_box() for k in range(len(CELLS))))
    assert images.nth(0).get_attribute("alt").startswith("Audit of XOR on Network(2-3-1")


def html_of(notebook):
    import nbformat

    return [
        output["data"]["text/html"]
        for cell in nbformat.read(notebook, 4).cells
        for output in cell.outputs
        if "data" in output
    ]


def test_nothing_else_has_a_picture():
    """A value of another kind is refused by its type."""
    with pytest.raises(TypeError, match="a int has no picture"):
        picture_of(5)


def test_several_outputs():
    """An audit of several outputs shows its network, since it has no ladder of its own."""
    network = eh.xornet()
    network = eh.Network(
        (network.weights[0], [[1, 1, -2], [0, 0, 1]]), (network.biases[0], [-0.5, -0.5]), network.activations
    )
    assert set(eh.audit(network, "XOR,AND")._repr_mimebundle_()) == {"text/plain", "image/svg+xml", "text/html"}


def test_hypotheses_say_what_they_say():
    """What came of a hypothesis: its sentences above its picture, as text in the page."""
    network = eh.xornet()
    one = eh.hypothesis("AND(OR(A,B), NAND(A,B))", {"OR(A,B)": "h1.0", "NAND(A,B)": "h1.2"})
    other = eh.hypothesis("OR(AND(A,~B), AND(~A,B))", {"AND(A,~B)": "h1.0 - h1.2", "AND(~A,B)": "h1.1 - h1.2"})
    bits = [0, 1]
    model = eh.CausalModel(
        ["A", "B", "<b>", "Y"], dict.fromkeys(["A", "B", "<b>", "Y"], bits), {"<b>": ["A", "B"], "Y": ["<b>"]},
        {"<b>": lambda a, b: a ^ b, "Y": lambda one: one},
    )  # fmt: skip
    values = (eh.test(network, one), eh.decide(network, one, other), eh.neuron(network, "h1.0"))
    for value in (*values, eh.test(network, eh.hypothesis(model, {"<b>": "?"}))):
        forms = value._repr_mimebundle_()
        ElementTree.fromstring(forms["image/svg+xml"])
        assert "<b>" not in forms["text/html"] and forms["text/html"].count("<p ") == len(value.lines)
    for stated in (one, eh.hypothesis(model, {"<b>": "h1.0"})):
        assert set(stated._repr_mimebundle_()) == {"text/plain", "image/svg+xml", "text/html"}
