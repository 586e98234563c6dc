"""Tables of an audit: the rows follow from what was found, in files and in SQL alike."""

import csv
import json

import pytest

import everyhow as eh
from everyhow.common.sql import Table, answer, connect
from everyhow.mapping.signatures import NeuronSet
from everyhow.report.audit_tables import audit_tables
from everyhow.report.table_files import list_tables, write_tables

from .audits import audit_of


def rows(audit, name):
    return audit.tables()[name].table.records()


@pytest.mark.parametrize("name", ["xornet", "xor-2-3-3-1-seed0"])
def test_rows_follow_from_the_findings(name):
    """As many rows as there are explanations, and the same numbers as in audit.json."""
    audit = audit_of(name)
    counts, ladder, findings = audit.counts, audit.ladder, audit.findings
    assert {row["count"]: row["value"] for row in rows(audit, "counts")} == counts
    assert sum(row["perfect"] for row in rows(audit, "circuit_sizes")) == counts["perfect_circuits"]
    kinds = [row["kind"] for row in rows(audit, "circuits")]
    assert kinds.count("minimal") == counts["minimal_circuits"]
    assert kinds.count("resample_faithful_minimal") == ladder["circuits"]["resample_faithful_minimal"]
    assert len(rows(audit, "algorithms")) == counts["aligned_algorithms"]
    assert sum(row["mappings"] for row in rows(audit, "algorithms")) == counts["mappings"]
    assert len(rows(audit, "ranking")) == len(findings.ranking.entries)
    for kind, rungs in (("mappings", ladder["mappings"]), ("circuits", ladder["circuits"])):
        found = {row["rung"]: row["survivors"] for row in rows(audit, "ladder") if row["of"] == kind}
        assert {rung: number for rung, number in found.items() if rung != "cheapest"} == rungs
    placed = {row["rank"]: (row["explanation"], row["placed"]) for row in rows(audit, "ranking")}
    examined = rows(audit, "cross_examination") if len(placed) > 1 else ()
    for row in examined:
        assert placed[row["rank"]] == (row["swapped"], row["swapped_where"])
        assert placed[row["predictor_rank"]] == (row["predictor"], row["predictor_where"])
    for row in rows(audit, "edges"):
        assert row["share"] == row["circuits"] / counts["perfect_circuits"]
    gates = rows(audit, "gates")
    table = eh.interpretations(audit.network, findings.circuits.simplest)
    for neuron in {row["neuron"] for row in gates}:
        assert sum(row["interpretations"] for row in gates if row["neuron"] == neuron) == table.count


@pytest.mark.parametrize("name", ["xor-2-3-3-1-seed0", "xor-2-2-2-1-seed2"])
def test_strictest_rung_of_each_mapping(name):
    """Every mapping is there once, and as many pass each rung as the ladder says; who falls has a reason."""
    audit = audit_of(name)
    found = rows(audit, "mappings")
    rungs = list(audit.ladder["mappings"])
    assert len({(row["algorithm"], row["mapping"]) for row in found}) == len(found) == audit.counts["mappings"]
    for place, rung in enumerate(rungs):
        passing = sum(rungs.index(row["strictest_rung"]) >= place for row in found)
        assert passing == audit.ladder["mappings"][rung]
    assert all((row["strictest_rung"] == rungs[-1]) == (row["falls_because"] is None) for row in found)


def test_signatures_are_spelt_out():
    """A group of digits per source, a digit per base."""
    audit = audit_of("xor-2-3-3-1-seed0")
    found = {row["neurons"]: row["decisions"] for row in rows(audit, "signatures")}
    table = audit.findings.mappings.signatures.of(NeuronSet(1, (0, 2)))
    assert found["h1.0 + h1.2"] == " ".join("".join(str(row >> base & 1) for base in range(4)) for row in table)


def test_what_is_cut_is_said():
    """A table cut short says how many rows there are."""
    found = audit_tables(audit_of("xor-2-3-3-1-seed0"), 10)
    assert found["edges"].note == "The first 10 rows of 18."
    assert audit_tables(audit_of("xornet"), 3)["ranking"].note == "The first 3 rows of 4."
    assert found["neurons"].note == ""


def test_several_outputs():
    """The rows of each output name it."""
    network = eh.xornet()
    network = eh.Network(
        (network.weights[0], [[1, 1, -2], [0, 0, 1]]), (network.biases[0], [-0.5, -0.5]), network.activations
    )
    found = eh.audit(network, "XOR,AND").tables()
    assert {row["output"] for row in found["edges"].table.records()} == {"XOR", "AND"}


def test_files(tmp_path):
    """CSV and JSON hold the same rows."""
    tables = audit_of("xor-2-3-3-1-seed0").tables()
    written = write_tables(tables, tmp_path)
    assert len(written) == 2 * len(tables) == 2 * len(list_tables(tables).rows)
    for name, one in tables.items():
        document = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert document["rows"] == [list(row) for row in one.table.rows]
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            listed = list(csv.reader(file))
        assert tuple(listed[0]) == one.table.columns and len(listed) == len(one.table.rows) + 1


def test_questions():
    """SQL answers as a plain loop does, types are kept, files are out of reach and nothing stays changed."""
    audit = audit_of("xor-2-3-3-1-seed0")
    tables = {name: one.table for name, one in audit.tables().items()}
    connection = connect(tables)
    core = sorted(row["weight"] for row in tables["edges"].records() if row["role"] == "core")
    assert [
        row[0] for row in answer(connection, "SELECT weight FROM edges WHERE role = 'core' ORDER BY 1").rows
    ] == core
    assert answer(connection, "SELECT value FROM counts WHERE count = 'perfect_circuits'").rows == ((120,),)
    with pytest.raises(eh.InputError, match="'DELETE' does not only read"):
        answer(connection, "DELETE FROM edges")
    assert answer(connection, "SELECT count(*) FROM edges").rows == ((18,),)
    for question, message in (
        ("", "this question is empty"),
        ("SELECT nothing FROM edges", "this question cannot be answered: Binder Error"),
        ("COPY edges TO '/tmp/out.csv'", "'COPY' does not only read"),
        ("SELECT * FROM read_csv('/etc/passwd')", "asks for a file or an address"),
    ):
        with pytest.raises(eh.InputError, match=message):
            answer(connection, question)


def test_columns_of_any_kind():
    """Whole numbers beyond 64 bits and mixed columns become text; empty values stay empty."""
    table = Table(("whole", "huge", "mixed", "share", "truth", "nothing"),
                  ((1, 2**70, "a", 0.5, True, None), (None, 1, 2, 1, None, None)))  # fmt: skip
    found = answer(connect({"one": table}), "SELECT * FROM one")
    assert found.rows == ((1, str(2**70), "a", 0.5, True, None), (None, "1", "2", 1.0, None, None))
    assert answer(connect({"none": Table(("a",), ())}), "SELECT count(*) FROM none").rows == ((0,),)


def test_counts_of_the_preset_authors():
    """Lists of the released code's counts are lists, not the two ends of a range."""
    audit = eh.audit(audit_of("xor-2-3-3-1-seed0").network, "XOR", preset="authors")
    found = {row["count"]: row["value"] for row in rows(audit, "counts")}
    each = audit.counts["interpretations_per_circuit"]
    assert found["interpretations_per_circuit"] == ", ".join(map(str, each)) and len(each) > 2


def test_every_column_can_be_asked_for():
    """No column needs quotes in SQL."""
    tables = {name: one.table for name, one in audit_of("xor-2-3-3-1-seed0").tables().items()}
    connection = connect(tables)
    for name, table in tables.items():
        assert answer(connection, f"SELECT {', '.join(table.columns)} FROM {name}").columns == table.columns
