"""How the cost of a sweep grows: one and two workers, and twice the networks, on the experiment `basic`.

Run it with `make benchmark-sweeps`. Whole runs are timed, and beside that the computing alone: from when the workers
are there to the last block written. The digests of runs that must agree are compared.
"""

import os
import platform
import shutil
import tempfile
import time
from pathlib import Path

from everyhow.sweeps.plan import read_plan
from everyhow.sweeps.run import run_plan

REPEATS = 2


def timed(folder, seeds, workers):
    """Seconds of a whole run and of its computing alone, the best of several, and its digest."""
    best = (float("inf"), float("inf"))
    for _ in range(REPEATS):
        shutil.rmtree(folder, ignore_errors=True)
        steps = []
        start = time.perf_counter()

        def note(_, steps=steps):
            steps.append(time.perf_counter())

        ran = run_plan(read_plan("basic", seeds), folder, workers=workers, on_step=note)
        best = min(best, (time.perf_counter() - start, steps[-1] - steps[0]))
    return *best, ran.digest


def main():
    """Print the table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as folder:
        runs = {
            (seeds, workers): timed(Path(folder) / "run", seeds, workers)
            for seeds, workers in ((100, 1), (100, 2), (200, 1), (200, 2))
        }
    print("| basic | whole run | computing alone |\n|---|---|---|")
    for (seeds, workers), (whole, computing, _) in runs.items():
        print(f"| {seeds} networks, {workers} worker(s) | {whole:.1f} s | {computing:.1f} s |")
    for seeds in (100, 200):
        one, two = runs[seeds, 1], runs[seeds, 2]
        print(f"| {seeds} networks: from one to two workers | {one[0] / two[0]:.2f} x | {one[1] / two[1]:.2f} x |")
        assert one[2] == two[2], "the digests differ"
    for workers in (1, 2):
        few, many = runs[100, workers], runs[200, workers]
        print(f"| {workers} worker(s): twice the networks | {many[0] / few[0]:.2f} x | {many[1] / few[1]:.2f} x |")


if __name__ == "__main__":
    main()
