"""Runs with real processes: whatever is killed, resumed or spread over workers, the results are the same."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

pytest.importorskip("torch")

from everyhow.common.one_run import only_run_in
from everyhow.sweeps.results import Sweep

PLAN = """
name = "quick"
seeds = 4
block = 2
presets = ["paper", "authors"]

[settings]
rows = 400
batch_size = 50
epochs = 60
learning_rate = 0.02
patience = 20
keep = "all"

[grid]
widths = [[2, 2], [3, 3]]
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "quick.toml"
    path.write_text(PLAN)
    return path


def command(plan, folder, *options):
    return [sys.executable, "-m", "everyhow", "sweep", str(plan), "--out", str(folder), *options]


def finish(plan, folder, *options):
    """Run to the end; what was printed."""
    return subprocess.run(command(plan, folder, *options), capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def undisturbed(plan, tmp_path_factory):
    """The digest and rows of a run that nothing disturbs."""
    folder = tmp_path_factory.mktemp("runs") / "undisturbed"
    done = finish(plan, folder, "--workers", "2")
    assert done.returncode == 0, done.stderr
    return Sweep.open(folder)


def as_in_a_terminal():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def parts(folder):
    return sorted(path.name for path in (folder / "results").glob("part-*.parquet"))


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def worker_processes(process):
    """The processes that compute, by what they have loaded."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # one that has just ended
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def test_undisturbed(undisturbed):
    """Every block is there, and the run says what it was."""
    assert undisturbed.complete and len(parts(undisturbed.folder)) == 4
    assert repr(undisturbed) == f"Sweep(quick: 4 of 4 blocks finished, in {undisturbed.folder})"
    assert undisturbed.query("SELECT count(*) FROM results").rows == ((16,),)
    assert len(list((undisturbed.folder / "networks").iterdir())) == 8
    run = json.loads((undisturbed.folder / "run.json").read_text())
    assert run["digest"] == undisturbed.digest and run["blocks_finished"] == 4


def test_the_number_of_workers_changes_nothing(undisturbed, plan, tmp_path):
    """One worker gives the same digest as two; the networks are equal to the last bit."""
    done = finish(plan, tmp_path / "run", "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == undisturbed.digest
    for path in (undisturbed.folder / "networks").iterdir():
        assert path.read_bytes() == (tmp_path / "run" / "networks" / path.name).read_bytes()


@pytest.mark.nightly
def test_killed_workers_cost_their_blocks(undisturbed, plan, tmp_path):
    """kill -9 of workers while they compute: others take over, and the run ends as if nothing had been."""
    folder = tmp_path / "run"
    caught = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(plan, folder, "--workers", "2"), **caught) as run:
        wait_for(lambda: len([p for p in worker_processes(run) if p.cpu_times().user > 1.5]) == 2)
        worker_processes(run)[0].kill()
        wait_for(lambda: len(parts(folder)) >= 1)
        worker_processes(run)[-1].kill()
        out, err = run.communicate(timeout=300)
    assert run.returncode == 0, err
    assert Sweep.open(folder).digest == undisturbed.digest
    assert undisturbed.digest in out.decode()


def test_a_killed_run_goes_on(undisturbed, plan, tmp_path):
    """kill -9 of the run itself, again and again: its workers end too, what is finished stays, and --resume computes
    only the rest."""
    folder = tmp_path / "run"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    reached = {
        "started": lambda run: len(worker_processes(run)) == 2,
        "nearly done": lambda run: len(parts(folder)) >= 3,
    }
    finished = {}
    for moment in reached.values():
        run = subprocess.Popen(command(plan, folder, "--workers", "2", "--resume"), **quiet)
        wait_for(lambda moment=moment, run=run: moment(run))
        workers = worker_processes(run)
        run.kill()
        run.wait()
        assert not psutil.wait_procs(workers, timeout=30)[1]
        found = {name: (folder / "results" / name).stat().st_mtime_ns for name in parts(folder)}
        assert {name: found[name] for name in finished} == finished, "finished parts are left alone"
        finished = found
    again = finish(plan, folder)
    assert again.returncode == 1 and "holds a sweep already; go on with it by --resume" in again.stderr
    done = finish(plan, folder, "--resume")
    assert done.returncode == 0, done.stderr
    assert Sweep.open(folder).digest == undisturbed.digest


def test_interrupted_by_hand(plan, tmp_path):
    """Ctrl-C stops the run and its workers with 130, without a word from them, and keeps what is finished."""
    folder = tmp_path / "run"
    # Tests may themselves run in the background of a shell, which ignores Ctrl-C for all that it starts there.
    caught = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": as_in_a_terminal}
    with subprocess.Popen(command(plan, folder, "--workers", "2"), **caught, start_new_session=True) as run:
        wait_for(lambda: len(parts(folder)) >= 1)
        workers = worker_processes(run)
        os.killpg(run.pid, signal.SIGINT)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert b"Traceback" not in err and b"leaked" not in err
    assert not psutil.wait_procs(workers, timeout=30)[1]
    assert Sweep.open(folder).finished


def test_a_finished_run_is_left_alone(undisturbed, plan):
    """--resume of a finished run computes nothing and tells the results."""
    before = {path: path.stat().st_mtime_ns for path in (undisturbed.folder / "results").iterdir()}
    started = time.monotonic()
    done = finish(plan, undisturbed.folder, "--resume")
    assert done.returncode == 0 and undisturbed.digest in done.stdout
    assert time.monotonic() - started < 30
    assert {path: path.stat().st_mtime_ns for path in (undisturbed.folder / "results").iterdir()} == before


def test_a_damaged_part_stops_the_run(undisturbed, plan, tmp_path):
    """A damaged part stops the run before anything is computed, with its name and what to do."""
    folder = tmp_path / "run"
    shutil.copytree(undisturbed.folder, folder)
    part = folder / "results" / "part-00002.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    stopped = finish(plan, folder, "--resume")
    assert stopped.returncode == 1 and "part-00002.parquet: damaged" in stopped.stderr


@pytest.mark.nightly
def test_a_scheduler_by_its_address(undisturbed, plan, tmp_path):
    """Any Dask scheduler will do: its workers compute, and this process writes."""
    address_file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    host = ["--host", "127.0.0.1", "--no-dashboard"]
    scheduler = subprocess.Popen([*dask, *host, "--port", "0", "--scheduler-file", str(address_file)], **quiet)
    worker = None
    try:
        wait_for(address_file.exists)
        address = json.loads(address_file.read_text())["address"]
        command_line = [sys.executable, "-m", "distributed.cli.dask_worker", address, *host, "--nthreads", "1"]
        worker = subprocess.Popen(command_line, cwd=tmp_path, **quiet)
        done = finish(plan, tmp_path / "run", "--scheduler", address)
        assert done.returncode == 0, done.stderr
        assert Sweep.open(tmp_path / "run").digest == undisturbed.digest
        assert scheduler.poll() is None and worker.poll() is None, "they are not ours to stop"
    finally:
        for process in (worker, scheduler):
            if process is not None:
                process.terminate()
                process.wait(30)


BAD = [
    (["--scheduler", "tcp://127.0.0.1:1"], "scheduler 'tcp://127.0.0.1:1' does not answer"),
    (["--workers", "0"], "workers is 0"),
    (["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "workers are those of the scheduler"),
    (["--seeds", "0"], "seeds is 0; it must be at least 1"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_bad_options(plan, tmp_path, run_command, monkeypatch, options, message):
    """Options that are not allowed are refused before anything runs."""
    monkeypatch.setattr("everyhow.common.cluster.SECONDS_TO_CONNECT", 1)
    code, _, err = run_command("sweep", plan, "--out", tmp_path / "run", *options)
    assert code == 1 and message in err
    assert "Traceback" not in err


def test_lost_blocks(plan, tmp_path, monkeypatch):
    """Blocks whose workers die again and again are told, everything else is kept, and the run can be tried again."""
    from everyhow.sweeps import run as runs
    from everyhow.sweeps.plan import read_plan
    from everyhow.sweeps.work import Spent

    chosen = read_plan(plan)

    def computed(client, blocks, store):
        for block in blocks:
            lost = block.index == 1
            yield block, None if lost else Spent(0.1, 0.1, 0.2, False), "KilledWorker: as a test" if lost else None

    monkeypatch.setattr(runs, "_computed", computed)
    steps = []
    with pytest.raises(runs.LostBlocksError, match=r"1 of 4 blocks were lost \(block 1: KilledWorker: as a test\)"):
        runs.run_plan(chosen, tmp_path / "run", workers=1, on_step=steps.append)
    assert steps[0].work == 0 and steps[-1].networks == 6 < steps[-1].of == 8


@pytest.mark.nightly
@pytest.mark.parametrize("moment", ["starting", "computing"])
def test_all_workers_killed_at_once(undisturbed, plan, tmp_path, moment):
    """kill -9 of all of them: others are started, and the run ends as if nothing had been."""
    folder = tmp_path / "run"
    caught = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(plan, folder, "--workers", "2"), **caught) as run:
        wait_for(lambda: len(worker_processes(run)) == 2 and (moment == "starting" or parts(folder)))
        for process in worker_processes(run):
            process.kill()
        try:
            _, err = run.communicate(timeout=120)
        finally:
            # A run that does not end must not keep the tests from ending.
            run.kill()
    assert run.returncode == 0, err
    assert Sweep.open(folder).digest == undisturbed.digest


def test_two_runs_into_one_folder(plan, tmp_path):
    """The second ends at once, told which the first is; afterwards the folder is free."""
    with only_run_in(tmp_path / "run"):
        for options in ((), ("--resume",)):
            done = finish(plan, tmp_path / "run", *options)
            assert done.returncode == 1
            assert f"run: another run writes into this folder (process {os.getpid()} on " in done.stderr
            assert [path.name for path in (tmp_path / "run").iterdir()] == [".running"]


def test_the_folder_is_deleted(plan, tmp_path):
    """The run notices, says so, and leaves no process."""
    folder = tmp_path / "run"
    caught = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(plan, folder, "--workers", "1"), **caught) as run:
        wait_for(lambda: worker_processes(run))
        workers = worker_processes(run)
        shutil.rmtree(folder)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 1 and b"run: the folder was deleted, moved or replaced" in err, err
    assert not psutil.wait_procs(workers, timeout=30)[1] and not folder.exists()


@pytest.mark.nightly
@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_full_disk(undisturbed, plan, tmp_path):
    """A file that cannot be written ends the run with its name; nothing half is left, and the rest can be resumed."""
    import resource

    folder, caught = tmp_path / "run", {"capture_output": True, "text": True, "timeout": 300}
    largest = 3 * (undisturbed.folder / "results" / "part-00000.parquet").stat().st_size // 4

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    done = subprocess.run(command(plan, folder, "--workers", "1"), **caught, preexec_fn=limited)
    assert done.returncode == 1, done.stderr
    assert re.search(
        r"everyhow: .*results/part-0000\d\.parquet: cannot write \(.*; what is finished stays", done.stderr
    )
    assert list(folder.rglob("*.part")) == [] and not (folder / ".running").exists()
    (folder / "results" / ".part-00000.parquet.abc.part").write_text("of a run that was killed")
    done = finish(plan, folder, "--resume")
    assert done.returncode == 0, done.stderr
    assert Sweep.open(folder).digest == undisturbed.digest
    assert list(folder.rglob("*.part")) == []


@pytest.mark.nightly
def test_a_scheduler_that_dies(plan, tmp_path):
    """Without workers the run says so, without a scheduler it ends, and so does one that finds no workers in time."""
    address_file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*dask, "--port", "0", "--scheduler-file", str(address_file)], **quiet) as scheduler:
        wait_for(address_file.exists)
        time.sleep(0.2)
        address = json.loads(address_file.read_text())["address"]
        done = finish(plan, tmp_path / "run", "--scheduler", address, "--wait", "2")
        assert done.returncode == 2, done.stderr
        assert f"everyhow: the scheduler {address} has no workers; waiting 2 s for some\n" in done.stderr
        assert f"everyhow: the scheduler {address} had no workers for 2 s; start some" in done.stderr
        whole = command(plan, tmp_path / "run", "--scheduler", address, "--resume")
        with subprocess.Popen(whole, stderr=subprocess.PIPE, text=True) as run:
            lines = iter(run.stderr.readline, "")
            assert any("has no workers; waiting 45 s" in line for line in lines)
            scheduler.kill()
            _, err = run.communicate(timeout=60)
        assert run.returncode == 2
        assert err.count("\n") == 1 and "the scheduler is gone, or cannot be reached any more; start one with" in err
