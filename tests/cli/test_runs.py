"""Commands that take up a run again: report, tables, query and figures, of audits and of sweeps."""

import csv
import io
import json

import pytest

import everyhow as eh
from everyhow.sweeps.results import Sweep

from ..conftest import reference
from ..sweeps.fabricated import fabricate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of an audit."""
    place = tmp_path_factory.mktemp("runs") / "xor"
    eh.audit(reference("xor-2-2-2-1-seed2")[1], "XOR").save(place)
    return place


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """The folder of a sweep."""
    place = tmp_path_factory.mktemp("runs") / "sweep"
    document = {"name": "widths", "axis": ["widths"], "seeds": 3, "grid": [{"widths": [[2], [3]]}]}
    fabricate(place, document, lambda *_: {"perfect_circuits_low": 4.0, "perfect_circuits_high": 4.0, "mappings": 2.0})
    return place


def test_report(run_command, folder, tmp_path):
    """One page, beside the audit or where it is wanted; its path is all that is printed."""
    code, out, err = run_command("report", folder)
    assert (code, out.strip(), err) == (0, str(folder / "report.html"), "")
    code, out, _ = run_command("report", folder, "--out", tmp_path / "deep" / "page.html")
    assert code == 0 and (tmp_path / "deep" / "page.html").read_bytes() == (folder / "report.html").read_bytes()


def test_report_straight_from_an_audit(run_command, tmp_path):
    """An audit writes its page itself, and names it among its files."""
    code, out, _ = run_command(
        "audit", "XOR", "--network", "xornet", "--out", tmp_path, "--report", tmp_path / "page.html"
    )
    assert code == 0
    assert "page.html" in "".join(out.split()) and "audit.json" in "".join(out.split())
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_report_of_a_sweep(run_command, sweep):
    """The page of a sweep; networks that it does not have are refused by name."""
    code, out, err = run_command("report", sweep, "--audits", "0")
    assert (code, out.strip(), err) == (0, str(sweep / "report.html"), "")
    code, _, err = run_command("report", sweep, "--network", "nope", "--force")
    assert code == 1 and "no network that was explained begins with 'nope'" in err


def test_tables(run_command, folder, sweep, tmp_path):
    """Listed by name, or written as CSV and JSON; of a sweep as well."""
    code, out, err = run_command("tables", folder)
    assert (code, err) == (0, "")
    assert any(line.split()[:2] == ["edges", "10"] for line in out.splitlines())
    code, out, _ = run_command("tables", folder, "--out", tmp_path / "tables")
    assert code == 0 and str(tmp_path / "tables" / "edges.csv") in out.splitlines()
    document = json.loads((tmp_path / "tables" / "edges.json").read_text(encoding="utf-8"))
    assert len(document["rows"]) == 10
    code, out, _ = run_command("tables", sweep)
    ((number,),) = Sweep.open(sweep).query("SELECT count(*) FROM results").rows
    assert code == 0 and any(line.split()[:2] == ["networks", str(number)] for line in out.splitlines())


def test_tables_by_format(run_command, folder, sweep, tmp_path):
    """Tables that are named are printed, in any form; files are written in the form that is asked for."""
    code, out, err = run_command("tables", folder, "edges", "ladder", "--format", "markdown")
    assert (code, err) == (0, "") and out.count("\n| --- |") == 2 and "\n\n**" in out
    code, out, _ = run_command("tables", folder, "edges", "--format", "csv")
    assert len(list(csv.DictReader(io.StringIO(out)))) == 10
    code, out, _ = run_command("tables", sweep, "samples", "spreads", "--format", "json")
    assert set(json.loads(out)) == {"samples", "spreads"}
    code, out, _ = run_command("tables", sweep, "samples")
    assert code == 0 and out.startswith("Networks of each setting")
    code, out, _ = run_command("tables", folder, "edges", "--format", "latex", "--out", tmp_path)
    assert out.split() == [str(tmp_path / "edges.tex")] and (tmp_path / "edges.tex").read_text().count("rule") == 3
    for words, told in (
        (("samples", "spreads", "--format", "csv"), "csv holds one table, and there are 2: samples, spreads"),
        (("nope",), "there is no table 'nope' here; the tables are samples,"),
        (("--format", "excel"), "format is 'excel'; the formats are text, markdown, latex, csv, json"),
        (("--format", "text", "--out", tmp_path / "t"), "files are written as markdown, latex, csv or json"),
    ):
        code, _, err = run_command("tables", sweep, *words)
        assert code == 1 and told in err


def test_query(run_command, folder):
    """The rows that fit a question, as CSV, JSON or a table."""
    question = "SELECT source, target FROM edges WHERE role = 'core' ORDER BY weight"
    code, out, err = run_command("query", folder, question, "--csv")
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    code, out, _ = run_command("query", folder, question, "--json")
    assert [list(row.values()) for row in rows] == json.loads(out)["rows"]
    assert len(rows) == 8 and rows[0] == {"source": "h1.1", "target": "h2.1"}
    code, _, err = run_command("query", folder, "SELECT * FROM nothing")
    assert code == 1 and err.startswith("everyhow: this question cannot be answered")


def test_figures(run_command, folder, sweep, tmp_path):
    """Drawings by name, listed and written; of a sweep its own figures, which have no names."""
    code, out, _ = run_command("figures", folder, "--list")
    assert code == 0 and "mapping-1 to mapping-4" in out.splitlines()
    code, out, _ = run_command("figures", folder, "mapping-2", "network", "--out", tmp_path, "--format", "svg")
    assert code == 0
    assert sorted(out.split()) == [str(tmp_path / "mapping-2.svg"), str(tmp_path / "network.svg")]
    code, _, err = run_command("figures", folder, "nope")
    assert code == 1 and "no drawing is called 'nope'" in err
    code, _, err = run_command("figures", folder, "--format", "png")
    assert code == 1 and "the formats of drawings are svg, pdf" in err
    code, _, err = run_command("figures", sweep, "network")
    assert code == 1 and "the figures of a sweep have no names" in err


@pytest.mark.parametrize("command", ["report", "tables", "figures", "query"])
def test_no_run(run_command, tmp_path, command):
    """A folder that is none, and one that holds no run."""
    more = ("SELECT 1",) if command == "query" else ()
    for place in (tmp_path / "nowhere", tmp_path):
        code, out, err = run_command(command, place, *more)
        assert (code, out) == (1, "")
        assert err.startswith("everyhow: ") and str(place) in err and "Traceback" not in err


def test_damaged_runs(run_command, folder, tmp_path):
    """A damaged audit.json is named, and so is an option that belongs to sweeps."""
    (tmp_path / "audit.json").write_text((folder / "audit.json").read_text()[:500])
    code, _, err = run_command("report", tmp_path)
    assert code == 1 and f"{tmp_path / 'audit.json'}: not a JSON file" in err
    code, _, err = run_command("report", folder, "--network", "abc")
    assert code == 1 and "--network and --audits are for folders of sweeps" in err


def test_unwritable(run_command, folder, tmp_path):
    """A place that cannot be written to is named."""
    (tmp_path / "file").write_text("")
    for command in (("report", folder, "--out", tmp_path / "file" / "page.html"),
                    ("tables", folder, "--out", tmp_path / "file"),
                    ("figures", folder, "--out", tmp_path / "file", "--format", "svg")):  # fmt: skip
        code, _, err = run_command(*command)
        assert code == 1 and str(tmp_path / "file") in err and "Traceback" not in err
