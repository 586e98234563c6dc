"""Counting the perfect circuits of a small network in several ways, side by side in one run.

    python benchmarks/side_by_side.py                                        the plain loop, and everyhow
    python benchmarks/side_by_side.py --other PATH/TO/script.py              and any other program
    python benchmarks/side_by_side.py --network mine.json --other script.py  of another network

The plain loop is that of `everyhow.verification`: every circuit is listed and run, in the obvious way. Another program
is one that you wrote, such as a few lines around another implementation of the paper. It is started as a process of its
own, by this Python where its name ends in .py. What it must do:

- read one JSON object from standard input: `weights` (one matrix for each layer, a row for each neuron), `biases`,
  `activations` (a name for each layer, such as "leaky_relu"), `points` (the rows of the truth table), `wanted` (what
  the network decides at each, 0 or 1), and `threshold` (an output above it is a 1);
- count the sets of edges of which every hidden neuron has at least one edge in and one out, or none at all, that have
  at least one edge into the output, and that decide as wanted at every row when all other edges carry 0;
- write one JSON object to standard output as its last line: `{"perfect_circuits": NUMBER}`, and, where it likes,
  `"seconds": NUMBER`, what the counting alone took. What it says before that line, and on standard error, is let be.

Where it fails, or says another count, this is said in the table, and the exit status is 1.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.model.behavior import Behavior
from everyhow.model.space import circuits_in_space
from everyhow.verification.plain_circuits import perfect_circuits

NETWORK = Path(__file__).parent.parent / "tests" / "reference" / "xor-2-3-3-1-seed0.json"
# A plain loop goes through about so many circuits in a second; above this it would take minutes.
MOST_CIRCUITS = 1_000_000


def timed(function):
    """What a function gives, and the seconds of a processor that it took."""
    before = time.process_time()
    found = function()
    return found, time.process_time() - before


def plain_loop(network, behavior):
    """Every circuit listed and run."""
    return timed(lambda: sum(1 for _ in perfect_circuits(network, behavior.points, behavior.wanted)))


def ours(network, behavior):
    """Once kernels are compiled."""
    eh.circuits(network, behavior).count()
    count, taken = timed(lambda: eh.circuits(network, behavior).count())
    low, high = count.between
    return (low if low == high else f"between {low} and {high}"), taken


def document(network, behavior):
    """What another program is given."""
    return {
        "weights": [w.tolist() for w in network.weights],
        "biases": [b.tolist() for b in network.biases],
        "activations": list(network.activations),
        "points": behavior.points.tolist(),
        "wanted": behavior.wanted[:, 0].astype(int).tolist(),
        "threshold": 0.5 if network.threshold is None else network.threshold,
    }


def other(path, network, behavior):
    """What another program says; or why it says nothing."""
    line = [sys.executable, str(path)] if path.suffix == ".py" else [str(path)]
    before = time.perf_counter()
    done = subprocess.run(line, input=json.dumps(document(network, behavior)), capture_output=True, text=True)
    taken = time.perf_counter() - before
    if done.returncode:
        said = done.stderr.strip().splitlines() or [""]
        return f"failed with exit status {done.returncode}: {said[-1]}", taken
    try:
        said = json.loads(done.stdout.strip().splitlines()[-1])
        return int(said["perfect_circuits"]), float(said.get("seconds", taken))
    except (ValueError, KeyError, IndexError, TypeError):
        return 'its last line is not {"perfect_circuits": NUMBER}', taken


def main(arguments=None):
    """Print the table; 1 where a count differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", type=Path, default=NETWORK, help="a network file with one output")
    parser.add_argument("--other", type=Path, nargs="+", default=[], help="programs that count as well")
    asked = parser.parse_args(arguments)
    network = eh.load(asked.network)
    space = circuits_in_space(network.graph)
    if network.outputs != 1 or space > MOST_CIRCUITS:
        parser.error(
            f"{asked.network} has {network.outputs} outputs and {space:,} circuits; the plain loop takes networks of "
            f"one output and at most {MOST_CIRCUITS:,} circuits"
        )
    behavior = Behavior.of_network(network, assignments(network.features))
    rows = [("plain loop", *plain_loop(network, behavior)), ("everyhow", *ours(network, behavior))]
    rows += [(path.name, *other(path, network, behavior)) for path in asked.other]
    _, right, slow = rows[0]
    print(f"{asked.network.name}: {space:,} circuits\n\n| | perfect circuits | seconds | |\n|---|---|---|---|")
    for name, count, taken in rows:
        said = "" if count == right else "differs"
        print(
            f"| {name} | {count if isinstance(count, str) else format(count, ',')} | {taken:.4g} | "
            f"{slow / taken:,.1f} x the plain loop {said}|"
        )
    return int(any(count != right for _, count, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
