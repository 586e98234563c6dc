"""The page of a sweep, made up and real: figures, tables, and audits of its networks, all inside one file."""

import json

import pytest

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.report.page.sweep import write_sweep_report
from everyhow.report.sweep_tables import sweep_tables
from everyhow.sweeps.drill import audits, kept_networks
from everyhow.sweeps.results import Sweep
from everyhow.sweeps.summary import summarize

from ..sweeps.fabricated import fabricate
from .conftest import opened_table

PLAN = """
name = "small"
title = "<img src=x onerror=alert(1)>"
axis = ["widths"]
seeds = 2

[settings]
task = "XOR"
rows = 400
batch_size = 50
learning_rate = 0.02

[[grid]]
widths = [[2], [3, 2]]
"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Four networks, trained and explained for real."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    return eh.sweep(folder / "plan.toml", folder / "out", workers=1)


@pytest.fixture(scope="module")
def page(sweep, tmp_path_factory):
    return write_sweep_report(sweep, tmp_path_factory.mktemp("page") / "sweep.html", most_audits=2)


def test_opens_offline(page, opened, sweep):
    """No request, no complaint, nothing wider than the window; its title stays text."""
    for width in (400, 1600):
        shown = opened(page, width)
        shown.page.frame_locator("iframe").locator("html[data-ready]").wait_for(state="attached", timeout=20_000)
        assert shown.requests == [page.as_uri()] and shown.complaints == []
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
        assert shown.page.locator(".facts").first.inner_text() == sweep.plan.title
        assert shown.text("main").count(sweep.digest) == 1


def test_figures_and_tables(page, opened, sweep):
    """Every figure of the sweep is there; rung by rung the numbers are those of the summary."""
    shown = opened(page)
    names = shown.page.locator("figure.paper figcaption").all_inner_texts()
    assert names[0] == "How often each criterion leaves no, one and several explanations", "the answer comes first"
    assert "How many explanations there are, by the preset paper" in names
    sizes = shown.page.locator("figure.paper img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert all(size > 100 for size in sizes)
    table = shown.page.locator("[aria-label='Outputs by what each rung leaves'] tbody tr")
    found = [row.split("\t") for row in table.all_inner_texts()]
    expected = [
        [
            s.setting.removeprefix("widths "),
            s.kind,
            s.rung.replace("_", " "),
            *map(str, (s.none, s.trivial, s.one, s.several, s.unknown)),
        ]
        for s in summarize(sweep).survivors
    ]
    assert found == expected


def test_down_to_one_network(page, opened, sweep):
    """The audit inside is that of the network named, and its counts are those of the sweep's rows."""
    shown = opened(page)
    shown.page.get_by_role("button", name="next network").click()
    label = shown.page.get_by_label("Network", exact=True).locator("option:checked").inner_text()
    frame = shown.page.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for(state="attached", timeout=20_000)
    one = kept_networks(sweep)[1]
    assert label.startswith(f"{one.setting}, network {one.replicate}: XOR")
    ((perfect, mappings),) = sweep.query(
        "SELECT perfect_circuits, mappings FROM results WHERE network = $1 AND preset = 'paper'",
        [f"{one.name}.safetensors"],
    ).rows
    opened_table(frame, "counts")
    counts = dict(row.split("\t") for row in frame.locator('[data-table="counts"] tbody tr').all_inner_texts())
    assert int(counts["perfect_circuits"]) == perfect and int(counts["mappings"]) == mappings


def test_accessible(page, opened):
    """axe finds nothing in the page and the audit inside it."""
    from axe_playwright_python.sync_playwright import Axe

    shown = opened(page, 400, bypass_csp=True, color_scheme="dark")
    found = Axe().run(shown.page).response["violations"]
    assert [(one["impact"], one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_which_networks(sweep):
    """The first of every setting before the second; by the beginning of a name, which must fit one."""
    everything = kept_networks(sweep)
    assert [one.replicate for one in everything] == sorted(one.replicate for one in everything)
    name = everything[-1].name
    assert kept_networks(sweep, [name[:12]]) == [everything[-1]]
    with pytest.raises(
        eh.InputError, match="no network that was explained begins with 'zz'; ask for names by everyhow"
    ):
        kept_networks(sweep, ["zz"])
    if len(everything) > 1:
        with pytest.raises(eh.InputError, match=f"{len(everything)} networks begin with ''"):
            kept_networks(sweep, [""])
    with pytest.raises(eh.InputError, match="most_audits is -1"):
        write_sweep_report(sweep, "page.html", most_audits=-1)


def test_another_network_is_refused(sweep, tmp_path):
    """A file that is not the network that was explained is named, not shown."""
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(sweep.folder, copy)
    one = kept_networks(sweep)[0]
    eh.save_network(eh.xornet(), copy / "networks" / f"{one.name}.safetensors")
    with pytest.raises(FileFormatError, match=f"{one.name}.safetensors: not the network that the results are of"):
        list(audits(Sweep.open(copy), [one]))


def test_what_does_not_fit_is_said(sweep, tmp_path, opened, monkeypatch):
    """Audits that would make the page too large are left out, and the page says how to get them."""
    monkeypatch.setattr("everyhow.report.page.sweep.LARGEST", 10_000)
    path = write_sweep_report(sweep, tmp_path / "small.html")
    assert "No audit is in this page" in opened(path).text("main")
    assert "--network NAME" in opened(path).text("main")


def test_tables_of_a_sweep(sweep):
    """As many rows as the summary has entries; every output of every network; a cut list says so."""
    summary = summarize(sweep)
    tables = sweep_tables(sweep, summary)
    assert len(tables["survivors"].table.rows) == len(summary.survivors)
    ((number,),) = sweep.query("SELECT count(*) FROM results").rows
    assert len(tables["networks"].table.rows) == number
    assert sweep_tables(sweep, summary, 1)["networks"].note == f"The first 1 row of {number}."
    assert json.dumps([list(row) for one in tables.values() for row in one.table.rows])


def test_nothing_explained(tmp_path, opened):
    """A sweep of which nothing was explained still has a page, which says that there is nothing to draw."""
    document = {"name": "none", "axis": ["widths"], "seeds": 1, "grid": [{"widths": [[2]]}]}
    sweep = fabricate(
        tmp_path / "none", document, lambda *_: {"status": "not kept", "reason": "its accuracy is 0.5"}
    )  # fmt: skip
    path = write_sweep_report(sweep, tmp_path / "none.html")
    text = opened(path).text("main")
    assert "No figures:" in text and "no network was explained" in text
    assert "No audit is in this page" in text


def test_published_numbers(tmp_path, opened):
    """A named experiment has its published numbers in the page, with what is known; others have no such part."""

    def row_of(point, replicate, output, preset, epoch):
        size = 50.0 + replicate
        circuits = {"perfect_circuits": size, "perfect_circuits_low": size, "perfect_circuits_high": size}
        return circuits | {"interpretations": 1000.0, "mappings": 6.0, "aligned_formulas": 9.0}

    document = {"name": "basic", "seeds": 5, "presets": ["authors"]}
    sweep = fabricate(tmp_path / "basic", document, row_of)
    shown = opened(write_sweep_report(sweep, tmp_path / "basic.html", most_audits=0))
    rows = shown.page.locator("[aria-label='Published numbers and ours'] tr").all_inner_texts()
    assert [row.split("\t") for row in rows[:3]] == [
        ["count", "from", "statistic", "theirs", "ours", "± standard error", "networks", "p"],
        ["accurate circuits", "paper", "mean", "52.3", "52.0", "± 0.71", "5", "0.700"],
        ["rerun", "mean", "51.9 ± 2.9", "52.0", "± 0.71", "5", "0.973"],
    ]
    assert "differences beyond chance, by p below 0.05" in shown.text("main") and "not explained" in shown.text("main")
    other = fabricate(tmp_path / "other", {**document, "name": "mine"}, row_of)
    assert "Méloux" not in write_sweep_report(other, tmp_path / "other.html", most_audits=0).read_text(encoding="utf-8")
