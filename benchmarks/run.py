"""The speed table of the README: each fast method, most of them against the plain loop in the same run.

Run it with `make benchmark`. Kernels are compiled before anything is timed; times are the best of several runs.
"""

import itertools
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.certificates import check
from everyhow.certificates.certificate import write_certificate
from everyhow.mapping.findings import examine_mappings
from everyhow.model.activations import activation
from everyhow.model.behavior import Behavior
from everyhow.model.criterion import perfect
from everyhow.model.space import circuits_in_space
from everyhow.network.listing import list_bits
from everyhow.network.reading_counts import count_interpretations
from everyhow.readout.search import sets_to_fit
from everyhow.training import train_many

REFERENCE = Path(__file__).parent.parent / "tests" / "reference"
POINTS = assignments(2)


def best(function, repeats):
    """The shortest time of several runs, in seconds, after one that is not timed."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def random_circuits(network, count):
    """Edge masks of random circuits, as a plain loop would meet them."""
    rng = np.random.default_rng(0)
    return [[rng.integers(0, 2, w.shape).astype(float) for w in network.weights] for _ in range(count)]


def plain_loop(network, masks, wanted):
    """One forward pass per circuit: the seconds that it takes for one."""
    functions = [activation(name) for name in network.activations]

    def run():
        perfect_ones = 0
        for circuit in masks:
            state = POINTS
            for w, b, mask, function in zip(network.weights, network.biases, circuit, functions, strict=True):
                state = function(state @ (w * mask).T + b)
            perfect_ones += bool(((state > 0.5) == wanted).all())
        return perfect_ones

    return best(run, 3) / len(masks)


def circuits(name, repeats):
    """Counting all perfect circuits, against a forward pass for each."""
    network = eh.load(REFERENCE / f"{name}.json")
    behavior = Behavior.of_network(network, POINTS)
    space = circuits_in_space(network.graph)
    fast = best(lambda: eh.circuits(network, behavior).count(), repeats)
    plain = plain_loop(network, random_circuits(network, 2000), behavior.wanted) * space
    shape = "-".join(map(str, network.widths))
    return f"perfect circuits of {shape}, all {space:,}", fast, f"{plain / fast:,.0f} x a plain loop ({plain:,.1f} s)"


def certificate(name):
    """Confirming a certificate by the checker alone, in a process of its own; in processor time, like no other row."""
    network = eh.load(REFERENCE / f"{name}.json")
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        path = write_certificate(network, Behavior.of_network(network, POINTS), Path(folder) / "certificate.gz")
        written = time.process_time() - start
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([sys.executable, "-I", "-S", check.__file__, path], check=True, capture_output=True)
        confirmed = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        size = path.stat().st_size
    shape = "-".join(map(str, network.widths))
    return f"confirming a certificate of {shape}", confirmed, f"of {size / 1e3:,.0f} kB, written in {written:.1f} s"


def interpretations(name):
    """Counting all interpretations of all perfect circuits."""
    network = eh.load(REFERENCE / f"{name}.json")
    criterion = perfect(network, Behavior.of_network(network, POINTS))
    fast = best(lambda: sum(a for a, _ in count_interpretations(network, list_bits(criterion), POINTS)), 10)
    number = eh.circuits(network).count().between[0]
    return f"interpretations of the {number:,} perfect circuits of {name}", fast, ""


def mappings(name):
    """All signatures, aligned algorithms and mappings at depth 3, with all rungs and near misses."""
    network = eh.load(REFERENCE / f"{name}.json")
    behavior = Behavior.of_network(network, POINTS)
    fast = best(lambda: examine_mappings(network, behavior, 3, 10**10), 10)
    return f"signatures, algorithms, mappings, rungs of {name}", fast, ""


def wide_network(*widths):
    """A random network with tanh neurons."""
    rng = np.random.default_rng(0)
    layers = list(itertools.pairwise(widths))
    weights, biases = [rng.normal(size=(b, a)) for a, b in layers], [rng.normal(size=b) for _, b in layers]
    return eh.Network(weights, biases, ["tanh"] * (len(layers) - 1) + ["identity"])


def readouts(*widths):
    """Every set of at most three signals of the first hidden layer, against least squares set by set."""
    network = wide_network(*widths)
    fast = best(lambda: eh.readouts(network).survivors, 3)
    found = eh.readouts(network)
    sets = sum(sets_to_fit(found.signals, size) for size in (1, 2, 3))
    rows = found.signals.signals.astype(float)
    received = network.received(2, found.signals.states)
    constant = np.ones((1, 8))

    def run():
        for chosen in itertools.islice(itertools.combinations(range(len(rows)), 3), 2000):
            design = np.concatenate([rows[list(chosen)], constant]).T
            weights, *_ = np.linalg.lstsq(design, received, rcond=None)
            network.run_received(2, design @ weights)

    plain = best(run, 3) / 2000 * sets
    shape = "-".join(map(str, widths))
    return f"readouts of {shape}, all {sets:,} sets", fast, f"{plain / fast:,.0f} x least squares each ({plain:,.1f} s)"


def cross_examination():
    """Twenty explanations by three signals over three inputs, every swap of each predicted by each."""
    network = wide_network(3, 16, 1)
    by_three = (e for e in eh.readouts(network).explanations("behavioral") if len(e.signals) == 3)
    twenty = list(itertools.islice(by_three, 20))
    swaps = sum(len(swaps.outcomes) for swaps in eh.cross_examine(network, twenty).swaps)
    fast = best(lambda: eh.cross_examine(network, twenty).matrix, 3)
    return f"cross-examination of 20 explanations, {swaps:,} swaps each predicted 20 times", fast, ""


def training():
    """A hundred networks with the default settings."""
    return "100 networks 2-3-3-1 trained on XOR, default settings", best(lambda: train_many("XOR", range(100)), 1), ""


def command():
    """The whole command, start-up included, compiled code cached."""
    line = [sys.executable, "-m", "everyhow", "audit", "XOR", "--network", str(REFERENCE / "xor-2-3-3-1-seed0.json")]
    return (
        "everyhow audit XOR of 2-3-3-1, the whole command",
        best(lambda: subprocess.run(line, capture_output=True), 3),
        "",
    )


def importing():
    """What loading audits adds to `import numpy`; `import everyhow` alone loads nothing that computes."""

    def seconds(statement):
        return best(lambda: subprocess.run([sys.executable, "-c", statement], check=True), 7)

    added = seconds("from everyhow import audit, load") - seconds("import numpy")
    return "from everyhow import audit, load, beyond import numpy", added, ""


def main():
    """Print the table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}\n")
    rows = itertools.chain(
        (circuits("xor-2-3-3-1-seed0", 50), circuits("count-xor-2-4-4-1-seed0", 10)),
        (circuits("count-xor-2-5-5-1-seed0", 3), certificate("count-xor-2-5-5-1-seed0")),
        (interpretations("xor-2-3-3-1-seed0"), interpretations("nor-2-3-3-1-seed0")),
        (mappings("xor-2-3-3-1-seed0"), mappings("and-2-3-3-1-seed0")),
        (readouts(3, 16, 1), readouts(3, 16, 16, 1), cross_examination()),
        (training(), command(), importing()),
    )
    print("| what | time | |\n|---|---|---|")
    for what, seconds, ratio in rows:
        shown = f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
        print(f"| {what} | {shown} | {ratio} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\npeak memory of all of it: {peak:.2f} GiB (PyTorch alone takes about 0.25)")


if __name__ == "__main__":
    main()
