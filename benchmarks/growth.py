"""How cost grows with size: seconds of a processor, measured, with the slope that the method leads one to expect.

    python benchmarks/growth.py --store growth.json                                 measure (minutes), and draw
    python benchmarks/growth.py --draw growth.json                                  draw alone
    python benchmarks/growth.py --draw growth.json --only heads --store growth.json one kind anew, the others as stored

The figure is docs/figures/costs.svg. Both axes are logarithmic, so that a power of the size is a straight line. Where
neurons, inputs, layers or heads are added, the size is the number of circuits, or of sets of neurons.
"""

import argparse
import itertools
import json
import math
import time
from pathlib import Path

import numpy as np

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.mapping.signatures import signatures
from everyhow.model.behavior import Behavior
from everyhow.model.space import circuits_in_space
from everyhow.transformer import diagram
from everyhow.transformer.compiling import most_steps
from everyhow.transformer.parts import MLP, Attention, Layer

FIGURE = Path(__file__).parent.parent / "docs" / "figures" / "costs.svg"
SEEDS = range(3)
# Panels side by side.
COLUMNS = 3


def network(seed, *widths):
    """A random network with leaky ReLUs whose output is on both sides of its threshold."""
    rng = np.random.default_rng(seed)
    layers = list(itertools.pairwise(widths))
    while True:
        weights, biases = [rng.normal(size=(b, a)) for a, b in layers], [rng.normal(size=b) for _, b in layers]
        found = eh.Network(tuple(weights), tuple(biases), ("leaky_relu",) * (len(layers) - 1) + ("identity",))
        outputs = found.run(assignments(widths[0]))
        if (outputs > 0.5).any() and (outputs <= 0.5).any():
            return found


def counted(*widths):
    """Counting the perfect circuits: the median over some networks."""

    def count(seed):
        made = network(seed, *widths)
        return lambda: eh.circuits(made).count()

    return median(count)


def over_rows(rows):
    """The same of 2-3-3-1 over so many points."""

    def count(seed):
        made = network(seed, 2, 3, 3, 1)
        points = np.random.default_rng(seed).uniform(-0.5, 1.5, (rows, 2))
        behavior = Behavior.of_network(made, points)
        return lambda: eh.circuits(made, behavior).count()

    return median(count)


def placed(width):
    """The causal signatures of all sets of a hidden layer, and which of them are minimal."""

    def place(seed):
        made = network(seed, 2, width, 1)

        def run():
            found = signatures(made, made.corners)
            return [found.minimal(rows) for rows in found.numbers]

        return run

    return median(place)


def transformer(seed, heads):
    """A random transformer of one layer with so many heads and an MLP, and its answers at two bits, not all alike."""
    rng, d, inner = np.random.default_rng(seed), 8, 8

    def drawn(*shape):
        return rng.normal(size=shape) / math.sqrt(shape[-2])

    while True:
        attention = Attention(*(drawn(heads, d, 2) for _ in "QKV"), drawn(heads, 2, d))
        layer = Layer(attention, MLP(drawn(d, inner), drawn(inner, d)))
        made = eh.Transformer(drawn(3, d), drawn(3, d), (layer,), drawn(d, 2))
        rows = [[a, b, 2] for a in (0, 1) for b in (0, 1)]
        behavior = eh.Behavior.of_tokens(made, rows, eh.Answer(-1, [0, 1]))
        if len(np.unique(behavior.wanted)) > 1:
            return made, behavior


def of_heads(heads):
    """Counting the perfect circuits of such transformers."""

    def count(seed):
        made, behavior = transformer(seed, heads)

        def run():
            # What was found is kept, and would be given again.
            diagram._KEPT.clear()
            eh.circuits(made, behavior).count()

        return run

    return median(count)


def space_of_heads(heads):
    """The circuits of such a transformer: sets of edges into each slot of a head, into the MLP and the logits."""
    return circuits_in_space(transformer(0, heads)[0].graph)


def steps_of_heads(heads):
    """The most that counting them may take, as if no two values were equal."""
    return most_steps(transformer(0, heads)[0])


def neuron_sets(width):
    """The non-empty sets of a layer's neurons."""
    return (1 << width) - 1


def median(made):
    """Seconds of a processor: of each network the best of two runs, and of these the median."""
    seconds = []
    for seed in SEEDS:
        run = made(seed)
        run()
        times = []
        for _ in range(2):
            before = time.process_time()
            run()
            times.append(time.process_time() - before)
        seconds.append(min(times))
    return sorted(seconds)[len(seconds) // 2]


def space(*widths):
    """The circuits of a network of these widths."""
    return circuits_in_space(network(0, *widths).graph)


def steps(*widths):
    """What counting should cost: of each choice of parents before the last hidden layer, the sums of both halves of
    that layer's neurons, each neuron choosing its parents."""
    *before, last, _ = widths
    prefixes = math.prod((1 << into) ** out for into, out in itertools.pairwise(before))
    return prefixes * (1 << before[-1]) ** math.ceil(last / 2)


def rows_and_steps(*widths):
    """The same where the rows of the truth table grow as well."""
    return steps(*widths) << widths[0]


# By kind: what it is, the sizes, and what is on the axis at a size, is measured there, and is expected to grow alike.
KINDS = {
    "circuits": ("circuits of 2-k-k-1", [(2, k, k, 1) for k in (2, 3, 4, 5)], space, counted, steps),
    "inputs": ("circuits of n-3-3-1", [(n, 3, 3, 1) for n in (2, 3, 4, 5)], space, counted, rows_and_steps),
    "layers": ("circuits of 2-2-...-2-1", [(2, *[2] * n, 1) for n in (2, 3, 4, 5)], space, counted, steps),
    "rows": ("circuits of 2-3-3-1 over rows of data", [(4**n,) for n in range(1, 7)], int, over_rows, int),
    "neurons": ("neuron sets of 2-w-1, signatures", [(w,) for w in range(6, 18, 2)], neuron_sets, placed, neuron_sets),
    "heads": (
        "circuits of h heads and an MLP", [(h,) for h in range(1, 7)], space_of_heads, of_heads, steps_of_heads
    ),
}  # fmt: skip
# What is counted on the axis.
AXES = {
    "circuits": "circuits",
    "inputs": "circuits",
    "layers": "circuits",
    "rows": "rows",
    "neurons": "sets of neurons",
    "heads": "circuits",
}


def measure(kinds):
    """Of these kinds the sizes as they are on the axis, and the seconds."""
    found = {}
    for kind in kinds:
        _, sizes, at, seconds, _ = KINDS[kind]
        found[kind] = []
        for size in sizes:
            found[kind].append([at(*size), seconds(*size)])
            print(f"{kind}: {found[kind][-1][0]:,} {found[kind][-1][1]:.4g} s", flush=True)
    return found


def slope(sizes, values):
    """The power of the size by which values grow, by least squares over the larger half of the sizes."""
    late = slice(len(sizes) // 2 - (len(sizes) < 6), None)
    return float(np.polyfit(np.log(np.array(sizes, float)[late]), np.log(np.array(values, float)[late]), 1)[0])


def draw(found):
    """The figure, on a ground of its own, so that it can be read on a light page and on a dark one."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "everyhow", "font.size": 9}
    import matplotlib.pyplot as plt

    rows = math.ceil(len(found) / COLUMNS)
    figure, grid = plt.subplots(
        rows, COLUMNS, figsize=(3.1 * COLUMNS, 3 * rows), layout="constrained", facecolor="white", squeeze=False
    )
    places = list(grid.flat)
    for place in places[len(found) :]:
        place.set_visible(False)
    for place, (kind, points) in zip(places, found.items(), strict=False):
        title, known, _, _, expected = KINDS[kind]
        sizes, seconds = (list(one) for one in zip(*points, strict=True))
        expectations = [expected(*size) for size in known]
        line = [seconds[-1] * one / expectations[-1] for one in expectations]
        own, other = slope(sizes, seconds), slope(sizes, expectations)
        place.loglog(sizes, line, "--", color="#b3541e", label=f"expected: power {other:.2f}")
        place.loglog(sizes, seconds, "o-", color="#1f5fa8", label=f"measured: power {own:.2f}")
        print(f"{kind}: measured {own:.2f}, expected {other:.2f}")
        place.set_title(title, fontsize=9)
        place.set_xlabel(AXES[kind])
        place.legend(fontsize=7, frameon=False)
        place.grid(alpha=0.3)
    for row in grid:
        row[0].set_ylabel("seconds of a processor")
    figure.savefig(FIGURE, metadata={"Date": None})


def main(arguments=None):
    """Measure or read, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, help="where to keep what is measured")
    parser.add_argument("--draw", type=Path, help="what was measured before")
    parser.add_argument("--only", nargs="+", choices=KINDS, help="what is measured anew; everything without --draw")
    asked = parser.parse_args(arguments)
    found = json.loads(asked.draw.read_text()) if asked.draw else {}
    found |= measure(asked.only or ([] if asked.draw else KINDS))
    found = {kind: found[kind] for kind in KINDS if kind in found}
    if asked.store:
        asked.store.write_text(json.dumps(found, indent=1) + "\n")
    draw(found)


if __name__ == "__main__":
    main()
