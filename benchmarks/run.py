"""What everything costs, row by row: wall time, processor time of both cores together, and peak memory.

    python benchmarks/run.py                        every row but the slow ones (`make benchmark`)
    python benchmarks/run.py --only circuits        the rows whose names contain a word; slow ones as well
    python benchmarks/run.py --compare before.json  beside a stored run, as ratios
    python benchmarks/run.py --against OTHER/src    beside another checkout, row after row in the same run
    python benchmarks/run.py --store now.json       keep the run: the machine, and every row

Each row runs in a process of its own, so that its peak memory is its own. Kernels are compiled before anything is
timed, and times are the best of several runs. Only `cold-start` compiles. A row fails where its code fails, and never
for being slow.
Without `--compare`, the run is compared with `benchmarks/stored.json` where that file is there.
"""

import argparse
import itertools
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

import everyhow as eh
from everyhow.auditing.findings import count_explanations
from everyhow.boolean.truth_table import assignments
from everyhow.certificates import check
from everyhow.certificates.certificate import write_certificate
from everyhow.common.budget import DEFAULT_BUDGET
from everyhow.common.progress import Progress
from everyhow.mapping.findings import examine_mappings
from everyhow.model.activations import activation
from everyhow.model.behavior import Behavior
from everyhow.model.criterion import perfect
from everyhow.model.space import circuits_in_space
from everyhow.network.listing import list_bits
from everyhow.network.reading_counts import count_interpretations
from everyhow.readout.search import sets_to_fit
from everyhow.training import TrainingSettings, train_many

HERE = Path(__file__).parent
REFERENCE = HERE.parent / "tests" / "reference"
STORED = HERE / "stored.json"
POINTS = assignments(2)


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, and of all processors together, those of processes that were started as well."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Row:
    """A row: what was done, what it took, and what else is to be said."""

    what: str
    taken: Taken
    note: str = ""


def processor_seconds():
    """Of this process and of all that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def best(function, repeats, warm=True):
    """The shortest times of several runs, after one that is not timed."""
    if warm:
        function()
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), processor_seconds()
        function()
        walls.append(time.perf_counter() - wall)
        processors.append(processor_seconds() - processor)
    return Taken(min(walls), min(processors))


def reference(name):
    """A reference network, what it decides, and its shape in words."""
    network = eh.load(REFERENCE / f"{name}.json")
    return network, Behavior.of_network(network, POINTS), "-".join(map(str, network.widths))


def trained(*hidden, seed=0):
    """A network with these hidden layers, trained on XOR."""
    return train_many("XOR", [seed], TrainingSettings(widths=hidden))[0].network


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

    return best(run, 3).wall / len(masks)


def circuits(name, repeats):
    """Counting all perfect circuits, against a forward pass for each."""
    network, behavior, shape = reference(name)
    space = circuits_in_space(network.graph)
    fast = best(lambda: eh.circuits(network, behavior).count(), repeats)
    plain = plain_loop(network, random_circuits(network, 2000), behavior.wanted) * space
    note = f"{plain / fast.wall:,.0f} x a plain loop ({plain:,.1f} s)"
    return Row(f"perfect circuits of {shape}, all {space:,}", fast, note)


def larger_circuits(seed):
    """Counting all perfect circuits of 2-6-6-1, once. How long it takes depends on how many lie near the boundary."""
    network = trained(6, 6, seed=seed)
    # Compiles: with such a bias every circuit decides alike, which is counted at once.
    eh.circuits(replace(network, biases=(*network.biases[:-1], network.biases[-1] + 1e6))).count()
    space = circuits_in_space(network.graph)
    taken = best(lambda: eh.circuits(network).count(), 1, warm=False)
    return Row(f"perfect circuits of 2-6-6-1, seed {seed}, all {space:,}", taken)


def resample(name):
    """Counting the circuits that also decide right when removed edges carry what they carry at any input."""
    network, behavior, shape = reference(name)
    taken = best(lambda: eh.circuits(network, behavior, "resample_faithful").count(), 1)
    return Row(f"resample-faithful circuits of {shape}", taken)


def certificate(name):
    """Confirming a certificate by the checker alone, in a process of its own."""
    network, behavior, shape = reference(name)
    with tempfile.TemporaryDirectory() as folder:
        start = processor_seconds()
        path = write_certificate(network, behavior, Path(folder) / "certificate.gz")
        written, size = processor_seconds() - start, path.stat().st_size
        line = [sys.executable, "-I", "-S", check.__file__, path]
        taken = best(lambda: subprocess.run(line, check=True, capture_output=True), 1)
    return Row(f"confirming a certificate of {shape}", taken, f"of {size / 1e3:,.0f} kB, written in {written:.1f} s")


def interpretations(name, repeats=10):
    """Counting all interpretations of all perfect circuits, one circuit after the other."""
    network, behavior, shape = reference(name)
    criterion = perfect(network, behavior)
    fast = best(lambda: sum(a for a, _ in count_interpretations(network, list_bits(criterion), POINTS)), repeats)
    number = eh.circuits(network).count().between[0]
    return Row(f"interpretations of each of the {number:,} perfect circuits of {shape}", fast)


def all_interpretations(name, repeats):
    """Circuits and all their interpretations together, as an audit counts them within the default budget."""
    network, behavior, shape = reference(name)
    found = []

    def run():
        found[:] = [count_explanations(network, behavior, 1, DEFAULT_BUDGET, Progress(False)).interpretations]

    taken = best(run, repeats)
    note = "estimated, not counted" if found[0].estimate is not None else "exact"
    return Row(f"circuits and interpretations in total of {shape}", taken, note)


def mappings(name):
    """All signatures, aligned algorithms and mappings at depth 3, with all rungs and near misses."""
    network, behavior, _ = reference(name)
    fast = best(lambda: examine_mappings(network, behavior, 3, DEFAULT_BUDGET).near_misses, 10)
    return Row(f"signatures, algorithms, mappings, rungs of {name}", fast)


def wide_mappings():
    """The same of a trained network with two hidden layers of 16 neurons, once: it has 131,070 neuron sets."""
    network = trained(16, 16)
    behavior = Behavior.of_network(network, POINTS)
    examine_mappings(eh.xornet(), Behavior.of_network(eh.xornet(), POINTS), 3, DEFAULT_BUDGET)
    found = []

    def examine():
        found.append(examine_mappings(network, behavior, 3, DEFAULT_BUDGET))
        return found[0].near_misses

    taken = best(examine, 1, warm=False)
    return Row(
        "signatures, algorithms, mappings, rungs of 2-16-16-1",
        taken,
        f"{found[0].surviving_mappings['single']:,} mappings",
    )


def page(name):
    """The page of an audit, made from what the audit found."""
    network, _, shape = reference(name)
    eh.audit(eh.xornet(), "XOR")
    audit = eh.audit(network, "XOR")
    with tempfile.TemporaryDirectory() as folder:
        taken = best(lambda: audit.report(Path(folder) / "page.html"), 1, warm=False)
        size = (Path(folder) / "page.html").stat().st_size
    return Row(f"page of an audit of {shape}, the audit aside", taken, f"{size / 1e6:.2f} MB")


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

    plain = best(run, 3).wall / 2000 * sets
    shape = "-".join(map(str, widths))
    note = f"{plain / fast.wall:,.0f} x least squares each ({plain:,.1f} s)"
    return Row(f"readouts of {shape}, all {sets:,} sets", fast, note)


def cross_examination():
    """Twenty explanations by three signals over three inputs, every swap of each predicted by each."""
    network = wide_network(3, 16, 1)
    by_three = (e for e in eh.readouts(network).explanations("behavioral") if len(e.signals) == 3)
    twenty = list(itertools.islice(by_three, 20))
    swaps = sum(len(swaps.outcomes) for swaps in eh.cross_examine(network, twenty).swaps)
    fast = best(lambda: eh.cross_examine(network, twenty).matrix, 3)
    return Row(f"cross-examination of 20 explanations, {swaps:,} swaps each predicted 20 times", fast)


def training():
    """A hundred networks with the default settings."""
    taken = best(lambda: train_many("XOR", range(100)), 1)
    return Row("100 networks 2-3-3-1 trained on XOR, default settings", taken)


def command(*words, repeats=5, **environment):
    """A whole command, start-up included, compiled code cached."""
    line = [sys.executable, "-m", "everyhow", *words]
    taken = best(lambda: subprocess.run(line, capture_output=True, env=os.environ | environment), repeats)
    said = " ".join(Path(word).name for word in words)
    return Row(f"everyhow {said}, the whole command", taken)


def first_use():
    """The first command after installation, which compiles: with no compiled code to be found, once."""
    network = str(REFERENCE / "xor-2-3-3-1-seed0.json")
    line = [sys.executable, "-m", "everyhow", "audit", "XOR", "--network", network]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        taken = best(lambda: subprocess.run(line, capture_output=True, env=environment), 1, warm=False)
    return Row("everyhow audit XOR of 2-3-3-1, nothing compiled yet", taken)


def importing():
    """What loading audits adds to `import numpy`; `import everyhow` alone loads nothing that computes."""

    def seconds(statement):
        return best(lambda: subprocess.run([sys.executable, "-c", statement], check=True), 7)

    own, numpy = seconds("from everyhow import audit, load"), seconds("import numpy")
    return Row("import of audit and load, beyond NumPy", Taken(own.wall - numpy.wall, own.processor - numpy.processor))


SMALL = str(REFERENCE / "xor-2-3-3-1-seed0.json")
ROWS = {
    "circuits-2-3-3-1": lambda: circuits("xor-2-3-3-1-seed0", 50),
    "circuits-2-4-4-1": lambda: circuits("count-xor-2-4-4-1-seed0", 10),
    "circuits-2-5-5-1": lambda: circuits("count-xor-2-5-5-1-seed0", 3),
    "circuits-2-6-6-1": lambda: larger_circuits(0),
    "circuits-2-6-6-1-seed1": lambda: larger_circuits(1),
    "resample-2-5-5-1": lambda: resample("count-xor-2-5-5-1-seed0"),
    "certificate-2-5-5-1": lambda: certificate("count-xor-2-5-5-1-seed0"),
    "interpretations-xor": lambda: interpretations("xor-2-3-3-1-seed0"),
    "interpretations-nor": lambda: interpretations("nor-2-3-3-1-seed0"),
    "interpretations-2-4-4-1": lambda: all_interpretations("count-xor-2-4-4-1-seed0", 1),
    "interpretations-2-5-5-1": lambda: all_interpretations("count-xor-2-5-5-1-seed0", 1),
    "mappings-xor": lambda: mappings("xor-2-3-3-1-seed0"),
    "mappings-and": lambda: mappings("and-2-3-3-1-seed0"),
    "mappings-2-16-16-1": wide_mappings,
    "readouts-3-16-1": lambda: readouts(3, 16, 1),
    "readouts-3-16-16-1": lambda: readouts(3, 16, 16, 1),
    "cross-examination": cross_examination,
    "page-2-4-4-1": lambda: page("count-xor-2-4-4-1-seed0"),
    "page-2-5-5-1": lambda: page("count-xor-2-5-5-1-seed0"),
    "training": training,
    "audit": lambda: command("audit", "XOR", "--network", SMALL),
    "help": lambda: command("--help"),
    "error": lambda: command("audit", "XNANDOR", "--network", SMALL),
    "cold-start": first_use,
    "import": importing,
}
# Rows that take minutes where they are not fast: only when they are asked for by name.
SLOW = ("circuits-2-6-6-1", "circuits-2-6-6-1-seed1", "resample-2-5-5-1")


def machine():
    """What the run was made on."""
    return {
        "cpu": _model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": _numba(),
        "commit": _commit(Path(eh.__file__).parent),
    }


def _model():
    """The model of the processor, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")


def _numba():
    from importlib.metadata import version

    return version("numba")


def _commit(folder):
    """The commit that is checked out, and whether files of it are changed; None where git does not tell."""
    line = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def measured(name, source=None):
    """A row, made in a process of its own; with the package of another checkout where its `source` folder is given."""
    environment = os.environ | ({} if source is None else {"PYTHONPATH": str(source)})
    line = [sys.executable, "-P", __file__, "--row", name]
    done = subprocess.run(line, capture_output=True, text=True, env=environment)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def as_json(name):
    """A row as it is stored. Peak memory is that of this process or of the largest one that it started."""
    row = ROWS[name]()
    return {"what": row.what, **asdict(row.taken), "peak_bytes": peak_bytes(), "note": row.note}


def peak_bytes():
    """The most memory that this process, or one that it started, has held.

    Linux gives a new process the `ru_maxrss` of the one that started it, however large that was;
    `VmHWM` is this program's own.
    """
    kilobyte = 1 if sys.platform == "darwin" else 1024
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * kilobyte
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        own = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobyte
    return max(own, started)


def shown(name, row, before):
    """A row of the table: with how many times faster than `before` it is, by processor time."""
    if "failed" in row:
        return f"| {name} | failed: {row['failed']} | | | | |"
    ratio = ""
    if before and "failed" not in before and row["processor"] > 0:
        ratio = f"{before['processor'] / row['processor']:.2f} x ({seconds(before['processor'])})"
    peak = f"{row['peak_bytes'] / 2**30:.2f} GiB"
    return (
        f"| {row['what']} | {seconds(row['wall'])} | {seconds(row['processor'])} | {peak} | {ratio} | {row['note']} |"
    )


def seconds(number):
    """A time as people say it."""
    return f"{number * 1e3:.1f} ms" if number < 1 else f"{number:.1f} s"


def main(arguments=None):
    """Print the table, and store it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], help="words; the rows whose names contain one of them")
    parser.add_argument("--compare", type=Path, help="a stored run")
    parser.add_argument("--against", type=Path, help="the source folder of another checkout")
    parser.add_argument("--store", type=Path, help="where to keep this run")
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.row:
        print(json.dumps(as_json(asked.row)))
        return
    names = [name for name in ROWS if name not in SLOW]
    if asked.only:
        names = [name for name in ROWS if any(word in name for word in asked.only)]
        if not names:
            parser.error(f"no row is called {' or '.join(asked.only)}; the rows are {', '.join(ROWS)}")
    path = asked.compare or (STORED if STORED.exists() and asked.against is None else None)
    stored = {} if path is None else json.loads(path.read_text())
    run = {"machine": machine(), "rows": {}}
    about = run["machine"]
    print(
        f"{about['cpu']}, {about['cores']} cores, Python {about['python']}, NumPy {about['numpy']}, {about['commit']}"
    )
    if asked.against:
        print(f"beside {asked.against} ({_commit(asked.against)}), row after row in this run")
    elif path is not None:
        there = stored["machine"]
        print(f"beside {path.name}: {there['cpu']}, {there['cores']} cores, {there['commit']}")
    print("\n| what | wall | processor | peak memory | faster than before | |\n|---|---|---|---|---|---|")
    for name in names:
        before = measured(name, asked.against) if asked.against else stored.get("rows", {}).get(name)
        run["rows"][name] = measured(name)
        if asked.against:
            run["rows"][name]["before"] = before
        print(shown(name, run["rows"][name], before), flush=True)
    if asked.store:
        asked.store.write_text(json.dumps(run, indent=1) + "\n")
        print(f"\nkept in {asked.store}")


if __name__ == "__main__":
    main()
