"""Folders of sweeps in which anything was changed: an error that names file and next step, or the same results."""

import io
import json
import math
import os
import random
import shutil
import time

import duckdb
import pytest
from rich.console import Console

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.report.sweep_tables import sweep_tables
from everyhow.report.terminal.sweeps import print_summary
from everyhow.sweeps import rows as rows_module
from everyhow.sweeps.plan import plan_of
from everyhow.sweeps.results import Sweep
from everyhow.sweeps.rows import (
    COLUMNS,
    LAST_COLUMNS,
    LATER_COLUMNS,
    OF_TRANSFORMERS,
    check_values,
    digest_of,
    read_rows,
    write_rows,
)
from everyhow.sweeps.statistics import survivors
from everyhow.sweeps.store import Store
from everyhow.sweeps.summary import summarize

from .fabricated import even_row, fabricate, read_metadata

PLAN = {"name": "made-up", "title": "[bold]$x$", "seeds": 4, "block": 2, "presets": ["paper", "authors"],
        "settings": {"checkpoints": [1, 2]}, "grid": {"l1": [0.0, 0.5]}, "axis": ["l1", "epoch"]}  # fmt: skip
NEXT = "delete it and run again with --resume: only its 2 networks are computed again"


def worded_row(*place):
    return even_row(*place) | {"interpretations": 7.0, "overlap_mean": 0.5, "task": "XOR", "trained_task": "XOR",
                               "reason": None, "capped": "a | b"}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fabricate(tmp_path_factory.mktemp("sweep") / "run", PLAN, worded_row, epochs=(1, 2)).folder


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def part_of(folder, number=1):
    return folder / "results" / f"part-{number:05d}.parquet"


def rewrite(part, select):
    """A part written by somebody else's DuckDB: `select` of the table `part`, with what the part says of itself."""
    told = ", ".join(f"{key}: '{value}'" for key, value in read_metadata(part).items())
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE part AS SELECT * FROM '{part}'")
        connection.execute(f"COPY ({select}) TO '{part}' (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{told}}})")


def forge(part, change):
    """A part whose rows were changed by somebody who knows how its digest is made."""
    rows, told = read_rows(part), read_metadata(part)
    rows = change(rows) or rows
    write_rows(part, rows, {**told, "digest": digest_of(rows)})


def told_by(folder):
    """What is said when the folder is opened and everything is told of it."""
    with pytest.raises(eh.InputError) as caught:
        everything_of(folder)
    told = str(caught.value)
    assert told.isprintable() and len(told) < 800
    return told


def everything_of(folder):
    """Opens a folder, and tells all there is to tell in words."""
    sweep = Sweep.open(folder)
    summary = summarize(sweep)
    sweep_tables(sweep, summary)
    file = io.StringIO()
    print_summary(summary, sweep, Console(file=file, width=80, highlight=False))
    return sweep, file.getvalue()


def test_the_whole_folder(whole):
    """The folder as it was written can be told of; what stands in its texts is shown and not obeyed."""
    sweep, text = everything_of(whole)
    assert sweep.complete and "[bold]$x$" in text


OTHER_PARTS = [
    ("SELECT * REPLACE (CAST(loss AS VARCHAR) AS loss) FROM part", "'loss' is VARCHAR and should be DOUBLE"),
    ("SELECT * REPLACE (CAST(point AS INTEGER) AS point) FROM part", "'point' is INTEGER and should be BIGINT"),
    (
        "SELECT * REPLACE ([overlap_histogram] AS overlap_histogram) FROM part",
        r"DOUBLE\[\]\[\] and should be DOUBLE\[\]",
    ),
    ("SELECT * REPLACE ({'a': 1} AS status) FROM part", r"'status' is STRUCT\(a INTEGER\) and should be VARCHAR"),
    ("SELECT * EXCLUDE (status) FROM part", "status is missing"),
    ("SELECT *, 1 AS more FROM part", "'more' is INTEGER and should be left out"),
    ('SELECT *, 1 AS "\x1b[31m" FROM part', r"\\x1b\[31m' is INTEGER and should be left out"),
    ("SELECT replicate, point, * EXCLUDE (point, replicate) FROM part", "their order is another"),
    ("SELECT 1 AS point", "has 1 rows; this part of the plan has 8"),
    ("SELECT * FROM part LIMIT 0", "has 0 rows; this part of the plan has 8"),
    ("SELECT * FROM part UNION ALL SELECT * FROM part", "has 16 rows; this part of the plan has 8"),
    ("SELECT part.* FROM part, range(100000)", "has 800,000 rows; this part of the plan has 8"),
    (
        "SELECT * REPLACE (repeat('x', 1000000) AS reason) FROM part",
        "damaged, its rows are not those that were written",
    ),
    ("SELECT * FROM part ORDER BY replicate DESC", "damaged, its rows are not those"),
    ("SELECT * REPLACE (status || chr(27) || '[31m' AS status) FROM part", r"status is 'explained\\x1b\[31m' in row 0"),
    ("SELECT * REPLACE (5.5 AS loss) FROM part", "'loss' is DECIMAL"),
]


@pytest.mark.parametrize(("select", "message"), OTHER_PARTS)
def test_parts_written_by_others(folder, select, message):
    """Other types, columns, rows and values are told before they are read, with the file and what to do."""
    rewrite(part_of(folder), select)
    with pytest.raises(FileFormatError, match=message) as caught:
        Sweep.open(folder)
    assert str(caught.value).startswith(f"{part_of(folder)}: ") and str(caught.value).endswith(NEXT)
    part_of(folder).unlink()
    assert Sweep.open(folder).finished == {0, 2, 3}


def test_large_parts(folder, monkeypatch):
    """How large rows are is seen before they are read, however well they are compressed."""
    rewrite(part_of(folder), "SELECT * REPLACE (repeat('x', 3000000) AS reason) FROM part")
    assert part_of(folder).stat().st_size < 1_000_000
    monkeypatch.setattr(rows_module, "MOST_BYTES", 1_000_000)
    with pytest.raises(
        FileFormatError, match=r"has 8 rows of [\d,]+ bytes in all; a part has at most 100,000 of 1,000,000"
    ):
        Sweep.open(folder)
    monkeypatch.setattr(rows_module, "MOST_BYTES", 1000)
    with pytest.raises(
        FileFormatError, match=r"bytes; at most 1,000 are read from such a file: it is not one that every"
    ):
        Sweep.open(folder)


def changed(**values):
    return lambda rows: rows[3].update(values)


FORGED = [
    (changed(perfect_circuits=-5.0), "damaged, perfect_circuits is -5.0 in row 3; it must be a number of at least 0"),
    (changed(interpretations=math.nan), "damaged, interpretations is nan in row 3"),
    (changed(core_edges=-1), "damaged, core_edges is -1 in row 3"),
    (
        changed(status="\x1b]0;title\x07"),
        r"status is '\\x1b\]0;title\\x07' in row 3; it must be explained, not kept, failed",
    ),
    (changed(status=None), "status is None in row 3"),
    (changed(network="../../etc/passwd"), "network is '../../etc/passwd' in row 3; it must be a name in networks/"),
    (changed(overlap_histogram=[0.5, None]), "overlap_histogram is .* in row 3; it must be shares from 0 to 1"),
    (changed(overlap_histogram=[]), "overlap_histogram is .* in row 3"),
    (changed(point=1), "not the part of this plan that its name says"),
    (changed(replicate=2), "not the part of this plan that its name says"),
    (changed(identity="0" * 16), "not the part of this plan that its name says"),
    (changed(epoch=7), "not the part of this plan that its name says"),
    (changed(epoch=None), "not the part of this plan that its name says"),
    (changed(output=1), "not the part of this plan that its name says"),
    (changed(preset="papers"), "not the part of this plan that its name says"),
    (lambda rows: [*rows[:-1], rows[0]], "not the part of this plan that its name says"),
]


@pytest.mark.parametrize(("change", "message"), FORGED, ids=range(len(FORGED)))
def test_forged_rows(folder, change, message):
    """Rows with a digest of their own are taken only if they are such rows as the plan asks for."""
    forge(part_of(folder, 0), change)
    with pytest.raises(FileFormatError, match=message) as caught:
        Sweep.open(folder)
    assert str(caught.value).endswith(NEXT)


def test_texts_of_others_are_shown(folder):
    """Texts that a terminal, Rich or a browser would obey come through as they stand, and long ones too."""
    strange = "[red]\x1b[31m\u202e=$x$"
    forge(part_of(folder, 0), lambda rows: [row.update(reason=strange + "y" * 5000) for row in rows] and None)
    _, text = everything_of(folder)
    assert "[red]\\x1b[31m\\u202e=$x$" in text and "\x1b" not in text and "\u202e" not in text


RUN = [
    ("[]", "run.json: holds a JSON list; what a sweep says of itself is a JSON object"),
    ("{}", "run.json: not the folder of a sweep"),
    ('{"plan_digest": 5}', "run.json: not the folder of a sweep .*plan_digest is not a text"),
    ('{"plan_digest": "x"}', "plan.toml: not the plan that this sweep was begun with; restore it"),
    ('{"plan_digest": "x", "versions": [1]}', "run.json: versions is .1.; it must be an object"),
    ("{" * 100_000, "run.json: not a JSON file .it is nested 100,000 deep; at most 64|nested"),
    ("[" * 400_000 + "]" * 400_000, "run.json: .*nested"),
    ('{"plan_digest": "x", "plan_digest": "y"}', "run.json: 'plan_digest' stands twice"),
    ("\x00", "run.json: .*bytes of value 0"),
]


@pytest.mark.parametrize(("content", "message"), RUN, ids=range(len(RUN)))
def test_run_files(folder, content, message):
    """What run.json may say, by type and depth."""
    (folder / "run.json").write_text(content)
    with pytest.raises(FileFormatError, match=message):
        Sweep.open(folder)


def test_run_file_without_a_beginning(folder):
    """A run.json that no longer says where it was begun is filled in when it is next written."""
    digest = Sweep.open(folder).plan.digest
    (folder / "run.json").write_text(json.dumps({"plan_digest": digest}))
    sweep = Sweep.open(folder)
    assert sweep.store.digest_of(sweep.store.close()) == sweep.digest
    assert json.loads((folder / "run.json").read_text())["versions"]["everyhow"]


def replace(path, kind):
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"device": "/dev/zero", "loop": path.name, "nowhere": "/nowhere/at/all"}[kind])


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "loop", "nowhere"])
@pytest.mark.parametrize("name", ["run.json", "plan.toml", "results/part-00001.parquet"])
def test_other_things_in_place_of_files(folder, name, kind):
    """Folders, pipes, devices, links that lead nowhere are told at once; a part that is not there is still to do."""
    replace(folder / name, kind)
    if name.startswith("results") and kind in ("loop", "nowhere"):
        assert Sweep.open(folder).finished == {0, 2, 3}
        return
    with pytest.raises(FileFormatError) as caught:
        Sweep.open(folder)
    assert name.split("/")[-1] in str(caught.value) and str(folder) in str(caught.value)


def test_a_file_in_place_of_the_results(folder):
    """Where the folder of results is a file there are none, and nothing is written over it."""
    block = next(Sweep.open(folder).plan.blocks())
    rows = tuple(read_rows(part_of(folder, 0)))
    shutil.rmtree(folder / "results")
    (folder / "results").write_text("mine")
    sweep = Sweep.open(folder)
    assert not sweep.finished and sweep.digest is None
    with pytest.raises(FileFormatError, match=r"part-00000.parquet: cannot write here"):
        sweep.store.write(block, eh.sweeps.work.BlockResult(rows, {}))
    assert (folder / "results").read_text() == "mine"


def test_plans_of_others(folder):
    """A plan that asks for more than a sweep may have is refused from a folder as it is from a file."""
    (folder / "plan.toml").write_text("seeds = 99999999999")
    assert "plan.toml: not a plan (the plan has 1e+11 networks; a sweep has at most 1,000,000" in told_by(folder)


CHANGES = [
    lambda path, r: path.write_bytes(path.read_bytes()[: r.randrange(path.stat().st_size)]),
    lambda path, r: path.write_bytes(path.read_bytes() + bytes(r.randrange(256) for _ in range(50))),
    lambda path, r: path.write_bytes(bytes(r.randrange(256) for _ in range(500))),
    lambda path, r: path.write_bytes(b""),
    lambda path, r: path.unlink(),
    lambda path, r: replace(path, r.choice(["folder", "pipe", "device", "loop", "nowhere"])),
    lambda path, r: path.write_bytes(_flipped(bytearray(path.read_bytes()), r)),
    lambda path, r: path.write_bytes(r.choice(sorted(p for p in path.parent.iterdir() if p.is_file())).read_bytes()),
    lambda path, r: path.suffix == ".parquet" and rewrite(path, r.choice(OTHER_PARTS)[0]),
    lambda path, r: path.suffix == ".parquet" and forge(path, r.choice(FORGED)[0]),
    lambda path, r: path.suffix == ".parquet" and forge(path, lambda rows: [_strange(row, r) for row in rows] and None),
]


def _flipped(content, r):
    for _ in range(r.randrange(1, 4)):
        content[r.randrange(len(content))] ^= 1 << r.randrange(8)
    return bytes(content)


def _strange(row, r):
    """A value of a row changed to another one of its type."""
    name = r.choice(list(COLUMNS))
    values = {
        "VARCHAR": [None, "", "x", "\x1b[31m", "=1+1", "[bold]", "$x$", "y" * 10_000],
        "DOUBLE": [None, 0.0, -1.0, 1e308, math.inf, -math.inf, math.nan],
        "BIGINT": [None, 0, -1, 2**62],
        "BOOLEAN": [None, True],
        "DOUBLE[]": [None, [], [0.5], [math.nan], [1e9]],
    }
    row[name] = r.choice(values[COLUMNS[name][0]])


def test_random_changes(whole, tmp_path):
    """Whatever is changed, that is told, naming a file of the folder, or all can be told of what is left."""
    r = random.Random(3)
    noticed = 0
    for number in range(40):
        folder = shutil.copytree(whole, tmp_path / str(number))
        path = r.choice([folder / "run.json", folder / "plan.toml", *sorted((folder / "results").iterdir())])
        change = r.randrange(len(CHANGES))
        began = time.perf_counter()
        CHANGES[change](path, r)
        try:
            sweep, text = everything_of(folder)
        except eh.InputError as error:
            noticed += 1
            assert str(folder) in str(error) and str(error).isprintable() and len(str(error)) < 1500, (change, path)
        else:
            assert "\x1b" not in text and (sweep.digest is None) == (not sweep.complete)
        assert time.perf_counter() - began < 30, (change, path)
        shutil.rmtree(folder)
    assert noticed > 15


def test_resume_goes_on(folder):
    """What was deleted as the message says is what is left to do."""
    plan = plan_of(PLAN)
    part_of(folder).write_bytes(b"PAR1")
    with pytest.raises(FileFormatError, match=NEXT):
        Store.resume(folder, plan).finished()
    part_of(folder).unlink()
    assert Store.resume(folder, plan).finished() == {0, 2, 3}


@pytest.mark.parametrize("shares", [[], [-0.5], [1.5], [float("nan")], [0.1] * 1001])
def test_shares_of_pairs_that_are_none(shares):
    """A histogram has at least one share and at most a thousand, each from 0 to 1."""
    check_values([{"status": "explained", "overlap_histogram": fine} for fine in ([0.0, 1.0], [0.1] * 1000)])
    with pytest.raises(eh.InputError, match=r"overlap_histogram is .* in row 1; it must be shares from 0 to 1"):
        check_values([{"status": "explained"}, {"status": "explained", "overlap_histogram": shares}])


@pytest.mark.parametrize(("groups", "said"), [(100, "has 204,800 rows of"), (102, "has 102 row groups; a part")])
def test_parts_of_many_row_groups(tmp_path, groups, said):
    """More row groups than a part ever has are refused before anything in them is looked at."""
    part = tmp_path / "part.parquet"
    duckdb.execute(f"COPY (FROM range({groups} * 2048)) TO '{part}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
    with pytest.raises(FileFormatError, match=said):
        read_rows(part)


EARLIER = {"transformers": OF_TRANSFORMERS, "last": {**LAST_COLUMNS, **OF_TRANSFORMERS}, "later": LATER_COLUMNS}


@pytest.mark.parametrize("lacking", EARLIER.values(), ids=EARLIER)
@pytest.mark.parametrize("number", [0, 1])
def test_parts_of_earlier_versions(folder, lacking, number):
    """A part that lacks the columns that came later, or the last of them, is read beside others that have them."""
    part = part_of(folder, number)
    forge(part, lambda rows: [row | dict.fromkeys(lacking) for row in rows])
    rows = read_rows(part)
    rewrite(part, f"SELECT * EXCLUDE ({', '.join(lacking)}) FROM part")
    assert [dict.fromkeys(lacking) | row for row in read_rows(part)] == rows
    everything_of(folder)
    sweep = Sweep.open(folder)
    assert sweep.query("SELECT count(*), count(circuits_hereditary) FROM results").rows == (
        (32, 24 if "circuits_hereditary" in lacking else 32),
    )
    assert survivors(sweep)
