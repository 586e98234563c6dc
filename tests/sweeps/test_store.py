"""The folder of a sweep: what it holds, and that nothing in it is ever taken for something that it is not."""

import json
import os
import subprocess
import sys
import tomllib

import duckdb
import pytest

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.sweeps.plan import plan_of
from everyhow.sweeps.results import Sweep
from everyhow.sweeps.rows import COLUMNS, read_rows, write_rows
from everyhow.sweeps.store import Store
from everyhow.sweeps.store import readme as readme_of
from everyhow.sweeps.work import BlockResult

from .fabricated import even_row, fabricate, read_metadata

PLAN = {"name": "made-up", "seeds": 4, "block": 2, "grid": {"widths": [[2], [3]]}}


@pytest.fixture
def sweep(tmp_path):
    return fabricate(tmp_path / "run", PLAN, even_row)


def test_files(sweep):
    """A plain folder: the plan, what made it, the rows, and a README that names every column."""
    folder = sweep.folder
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "README.md", "plan.toml", "results/part-00000.parquet", "results/part-00001.parquet",
        "results/part-00002.parquet", "results/part-00003.parquet", "run.json",
    ]  # fmt: skip
    assert plan_of(tomllib.loads((folder / "plan.toml").read_text())).digest == sweep.plan.digest
    run = json.loads((folder / "run.json").read_text())
    assert run["digest"] == sweep.digest and run["blocks"] == run["blocks_finished"] == 4
    assert run["versions"]["everyhow"] and run["machine"]
    readme = (folder / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in COLUMNS)
    assert readme.startswith("# made-up\n")
    assert readme_of(plan_of(PLAN | {"title": "How wide"})).startswith("# made-up: How wide\n")


def test_readable_without_everyhow(sweep):
    """DuckDB reads the parts as one table, with the types that the README names."""
    found = duckdb.sql(
        f"SELECT point, replicate, perfect_circuits FROM '{sweep.folder}/results/*.parquet' ORDER BY ALL"
    )
    assert found.fetchall() == [(p, r, 10.0 * p + r) for p in range(2) for r in range(4)]
    parts = f"'{sweep.folder}/results/*.parquet'"
    described = duckdb.sql(f"DESCRIBE SELECT * FROM {parts}").fetchall()
    assert [(name, kind) for name, kind, *_ in described] == [(name, kind) for name, (kind, _) in COLUMNS.items()]


def test_digest(tmp_path, sweep):
    """The same rows give the same digest; a changed row, or another plan, another."""
    same = fabricate(tmp_path / "same", {**PLAN, "name": "called-otherwise"}, even_row)
    assert same.digest == sweep.digest
    changed = fabricate(
        tmp_path / "changed", PLAN, lambda *a: even_row(*a) | ({"loss": 0.5} if a[:2] == (1, 3) else {})
    )
    assert changed.digest != sweep.digest
    assert fabricate(tmp_path / "other", {**PLAN, "budget": 7}, even_row).digest != sweep.digest


def test_queries(sweep):
    """SQL sees the rows with the label of their setting, and no file."""
    found = sweep.query("SELECT setting, sum(perfect_circuits) AS total FROM results GROUP BY 1 ORDER BY 1")
    assert found.columns == ("setting", "total") and found.rows == (("widths 2", 6.0), ("widths 3", 46.0))
    assert found.records()[0] == {"setting": "widths 2", "total": 6.0}
    for question in (
        "SELECT nothing FROM results", "SELEC", f"SELECT * FROM '{sweep.folder}/plan.toml'",
        f"COPY results TO '{sweep.folder}/stolen.csv'", "SET enable_external_access = true", "INSTALL httpfs",
        "ATTACH 'x.db'",
    ):  # fmt: skip
        with pytest.raises(eh.InputError, match="this question cannot be answered: "):
            sweep.query(question)
    assert not (sweep.folder / "stolen.csv").exists()


def test_answers_have_a_limit(sweep):
    """An answer of too many rows is refused, and says where all rows are; one as long as the results never is."""
    with pytest.raises(
        eh.InputError, match=r"more than 100,000 rows; .*, or read the files .*run/results/\*.parquet with"
    ):
        sweep.query("SELECT * FROM range(100001)")
    assert len(sweep.query("SELECT * FROM range(100000)").rows) == 100_000


def test_unfinished(tmp_path):
    """Without all its blocks a sweep has no digest; without any it has no rows."""
    plan = plan_of(PLAN)
    store = Store.create(tmp_path / "run", plan)
    assert store.digest_of(store.close()) is None
    with pytest.raises(eh.InputError, match="has no results yet"):
        Sweep.open(tmp_path / "run").query("SELECT 1")


def test_interrupted_at_the_very_start(tmp_path):
    """Whatever file was the last to be written when a run was stopped, --resume goes on; somebody's own files stay."""
    plan = plan_of(PLAN)
    for written in (["run.json"], ["run.json", "README.md"]):
        store = Store.create(tmp_path / str(len(written)), plan)
        for path in store.folder.iterdir():
            if path.name not in written:
                path.unlink()
        (store.folder / ".plan.toml.abc.part").write_text("half")
        assert Store.resume(store.folder, plan).plan.digest == plan.digest
        assert (store.folder / "plan.toml").is_file() and (store.folder / "README.md").is_file()
    only_half = tmp_path / "half"
    only_half.mkdir()
    (only_half / ".run.json.abc.part").write_text("half")
    assert Store.resume(only_half, plan).finished() == set()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "README.md").write_text("my own")
    with pytest.raises(eh.InputError, match="exists and is not a sweep"):
        Store.resume(mine, plan)
    assert (mine / "README.md").read_text() == "my own"


def test_a_folder_in_use(tmp_path, sweep):
    """A folder that holds something is never written into unasked."""
    with pytest.raises(eh.InputError, match="holds a sweep already; go on with it by --resume, or give a new folder"):
        Store.create(sweep.folder, sweep.plan)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("words")
    for begin in (Store.create, Store.resume):
        with pytest.raises(eh.InputError, match=r"mine exists and is not a sweep \(it has no run.json\)"):
            begin(tmp_path / "mine", sweep.plan)
    with pytest.raises(eh.InputError, match="exists and is not a sweep"):
        Store.create(tmp_path / "mine" / "thesis.tex", sweep.plan)
    with pytest.raises(FileFormatError, match="not the folder of a sweep"):
        Sweep.open(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "words"


def test_a_changed_plan(sweep):
    """A finished sweep is never mixed with another plan, whichever file was changed."""
    with pytest.raises(eh.InputError, match=r"holds the sweep of another plan .seeds 4 there, 5 here.; .*nothing was"):
        Store.resume(sweep.folder, plan_of({**PLAN, "seeds": 5}))
    with pytest.raises(eh.InputError, match="2 points there, 2 here, not all the same"):
        Store.resume(sweep.folder, plan_of({**PLAN, "grid": {"widths": [[2], [4]]}}))
    text = (sweep.folder / "plan.toml").read_text()
    (sweep.folder / "plan.toml").write_text(text.replace("seeds = 4", "seeds = 6"))
    with pytest.raises(FileFormatError, match=r"plan.toml: not the plan that this sweep was begun with; restore it"):
        Sweep.open(sweep.folder)
    (sweep.folder / "plan.toml").write_text("seeds = ")
    with pytest.raises(FileFormatError, match=r"plan.toml: not a TOML file .*restore it"):
        Sweep.open(sweep.folder)
    (sweep.folder / "plan.toml").write_text(text)
    assert Sweep.open(sweep.folder).complete


def test_flipped_bits(sweep):
    """Whichever byte of a part is damaged, either that is noticed or the results are what they were."""
    part = sweep.folder / "results" / "part-00001.parquet"
    content, rows = part.read_bytes(), read_rows(part)
    noticed = 0
    for place in range(0, len(content), 211):
        part.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            Sweep.open(sweep.folder)
        except FileFormatError as error:
            assert "part-00001.parquet" in str(error)
            noticed += 1
        else:
            found = read_rows(part)
            assert [{**row, "seconds": 0} for row in found] == [{**row, "seconds": 0} for row in rows]
    assert noticed > 20


@pytest.mark.parametrize("damage", ["cut", "empty", "swapped", "foreign"])
def test_a_damaged_part(sweep, damage):
    """A damaged part is named, with what to do; the others are whole, and deleting it costs only its block."""
    part = sweep.folder / "results" / "part-00001.parquet"
    content = part.read_bytes()
    if damage == "cut":
        part.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        part.write_bytes(b"")
    elif damage == "swapped":
        part.write_bytes((sweep.folder / "results" / "part-00002.parquet").read_bytes())
    else:
        duckdb.sql(f"COPY (SELECT 1 AS point) TO '{part}' (FORMAT parquet)")
    with pytest.raises(FileFormatError, match=r"part-00001.parquet: .*delete it and run again with --resume"):
        Sweep.open(sweep.folder)
    part.unlink()
    left = Sweep.open(sweep.folder)
    assert left.finished == {0, 2, 3} and not left.complete and left.digest is None


def test_results_of_something_else(tmp_path, sweep):
    """What was computed for another block or plan is never written."""
    blocks = list(sweep.plan.blocks())
    rows = tuple(read_rows(sweep.store.part(blocks[0])))
    store = Store.create(tmp_path / "run2", sweep.plan)
    for wrong, of in ((rows, blocks[1]), (rows[:-1], blocks[0]), ((), blocks[0])):
        with pytest.raises(RuntimeError, match="is not what it asks for"):
            store.write(of, BlockResult(wrong, {}))
    store.write(blocks[0], BlockResult(rows, {}))
    assert store.finished() == {0}


def test_where_it_was_begun_stays(sweep):
    """run.json keeps where and with what a sweep was begun; each part names its own versions."""
    path = sweep.folder / "run.json"
    run = json.loads(path.read_text())
    run["versions"]["numpy"] = "1.2.3"
    path.write_text(json.dumps(run))
    sweep.store.close()
    assert json.loads(path.read_text())["versions"]["numpy"] == "1.2.3"
    part = read_metadata(sweep.folder / "results" / "part-00000.parquet")
    assert part["version_everyhow"] and part["plan"] == sweep.plan.digest


def test_a_folder_of_another_version(sweep):
    """A sweep whose rungs were defined otherwise says what ran it; it is neither shown as one of this version nor
    gone on with, and nothing in it changes."""
    path = sweep.folder / "run.json"
    run = json.loads(path.read_text())
    assert run["schema_version"] == 2
    path.write_text(json.dumps(run | {"schema_version": 1, "versions": run["versions"] | {"everyhow": "0.0.9"}}))
    before = {file: file.read_bytes() for file in sweep.folder.rglob("*") if file.is_file()}
    said = (
        r"run: written by everyhow 0\.0\.9 as schema 1 of sweeps; this one reads and writes schema 2, .*"
        r"the results stay as they are.*run .*plan\.toml into a new folder"
    )
    for begin in (lambda: Sweep.open(sweep.folder), lambda: Store.resume(sweep.folder, sweep.plan)):
        with pytest.raises(FileFormatError, match=said):
            begin()
    assert before == {file: file.read_bytes() for file in sweep.folder.rglob("*") if file.is_file()}


def test_a_part_of_another_version(sweep):
    """One part that another version wrote is named, also where the folder is of this one."""
    block = list(sweep.plan.blocks())[1]
    part = sweep.store.part(block)
    rows, metadata = read_rows(part), read_metadata(part)
    write_rows(part, rows, metadata | {"schema": "1", "version_everyhow": "0.0.9"})
    with pytest.raises(
        FileFormatError, match=r"part-00001\.parquet: written by everyhow 0\.0\.9 as schema 1 .*delete it"
    ):
        Sweep.open(sweep.folder)


def test_questions_change_nothing(sweep):
    """What would change the tables is refused; what changes them inside a question is undone before the next."""
    for question in ("DROP TABLE results", "DELETE FROM results", "UPDATE results SET loss = 1"):
        with pytest.raises(eh.InputError, match="does not only read"):
            sweep.query(question)
    for question in ("WITH gone AS (DELETE FROM results RETURNING *) SELECT * FROM gone", "FROM results"):
        assert len(sweep.query(question).rows) == 8
        assert sweep.query("SELECT count(*), count(loss) FROM results").rows == ((8, 0),)
    with pytest.raises(eh.InputError, match="this question is empty"):
        sweep.query("  ")


def test_nothing_half_written(tmp_path, monkeypatch):
    """What is interrupted while it is written leaves no part and no temporary file."""
    plan = plan_of(PLAN)
    store = Store.create(tmp_path / "run", plan)
    block = next(plan.blocks())

    rows = read_rows(fabricate(tmp_path / "whole", PLAN, even_row).store.part(block))

    def stops(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stops)
    with pytest.raises(KeyboardInterrupt):
        store.write(block, BlockResult(tuple(rows), {}))
    assert list((tmp_path / "run" / "results").iterdir()) == []


def test_a_folder_that_cannot_be_written(sweep):
    """A place where nothing can be written is told as such, before anything is computed."""
    with pytest.raises(FileFormatError, match=r"cannot write here .*choose another place"):
        Store.create("/proc/nowhere", sweep.plan)


FULL = """
import resource, signal
from everyhow.sweeps.plan import plan_of
from everyhow.sweeps.store import Store
from everyhow.sweeps.rows import read_rows
from everyhow.sweeps.work import BlockResult
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
plan = plan_of({plan!r})
store = Store.open({folder!r})
block = list(plan.blocks())[3]
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
store.write(block, BlockResult(tuple(read_rows(store.part(block))), {{"abc.safetensors": b"y" * 3000}}))
"""


@pytest.mark.parametrize(("limit", "file"), [(2000, "networks/abc.safetensors"), (4000, "results/part-00003.parquet")])
def test_a_full_disk(sweep, limit, file):
    """When nothing more can be written the file is named, and nothing is lost or left half done."""
    before = {path: path.read_bytes() for path in (sweep.folder / "results").iterdir()}
    code = FULL.format(plan=PLAN, folder=str(sweep.folder), limit=limit)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode != 0
    assert f"{file}: cannot write" in done.stderr
    assert Sweep.open(sweep.folder).complete
    assert all(path.read_bytes() == before[path] for path in (sweep.folder / "results").iterdir())
    assert not list(sweep.folder.rglob(".*"))


def test_rows_come_back(sweep):
    """Rows read from a part are those written, missing values and lists included."""
    rows = read_rows(sweep.folder / "results" / "part-00003.parquet")
    assert [row["perfect_circuits"] for row in rows] == [12.0, 13.0]
    assert rows[0]["overlap_histogram"] == [0.5, 0.5] and rows[0]["reason"] is None
