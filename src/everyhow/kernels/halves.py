"""The partial sums of one half of the last hidden neurons, for one prefix.

A prefix fixes the parents of all neurons before the last hidden layer. What the outputs receive then is a sum of one
independent choice for each of the last hidden neurons, so two halves of them can be summed apart and joined later. That
is fast because two halves of n rows each stand for n x n circuits, and only 2 n sums are made.

A circuit is judged in `scenarios`: runs at a base input, each with the values that its removed edges carry. A point
has one coordinate per scenario and contrast of the outputs' pre-activations: what a set of neurons adds to it. A choice
of a neuron is a set of parents and a set of outputs it feeds, or to be left out.
"""

from typing import NamedTuple

import numpy as np

from .activation import activate
from .compiling import njit


class Half(NamedTuple):
    """Some of the last hidden neurons, all their choices together: each row is one choice for each of them.

    Attributes:
        points: (rows, scenarios x contrasts), what they add to the contrasts of the outputs.
        labels: (rows,), how many edges they have, plus the label of a neuron for each that is not left out.
        cover: (rows,), their parents as a bit set and, from bit 32 on, the outputs that they feed.
        bits: (rows,), their edges, as bits of a circuit.
    """

    points: np.ndarray
    labels: np.ndarray
    cover: np.ndarray
    bits: np.ndarray


@njit(cache=True, nogil=True)
def popcount(x):
    """How many bits are set."""
    count = 0
    # Each step clears the lowest of them.
    while x:
        x &= x - 1
        count += 1
    return count


@njit(cache=True, nogil=True)
def received(parents, bias, weights, state, ablated):
    """The pre-activation of a neuron whose edges from `parents`, a bit set, carry `state`, and all others `ablated`;
    `weights`, `state` and `ablated` are (widest,).

    Each edge carries one or the other: as a difference to what it carries when removed it would round away what is
    small beside that."""
    z = bias
    for i in range(len(weights)):
        if parents >> i & 1:
            z += weights[i] * state[i]
        elif weights[i] and ablated[i]:
            z += weights[i] * ablated[i]
    return z


@njit(cache=True, nogil=True)
def run_prefix(masks, layout):
    """Activations (scenarios, widest) of the last layer of a prefix, `masks` (layers, widest)."""
    state = layout.base
    for layer in range(masks.shape[0]):
        following = np.zeros_like(state)
        for j in range(layout.widths[layer + 1]):
            for s in range(len(state)):
                z = received(
                    masks[layer, j],
                    layout.biases[layer, j],
                    layout.weights[layer, j],
                    state[s],
                    layout.ablated[layer, s],
                )
                following[s, j] = activate(layout.codes[layer], layout.parameters[layer], z)
        state = following
    return state


@njit(cache=True, nogil=True)
def fed_outputs(j, outputs, layout):
    """The outputs among `outputs` that last hidden neuron `j` has an edge to."""
    feeds = 0
    for o in range(layout.widths[-1]):
        if outputs >> o & 1 and layout.available[-1, o] >> j & 1:
            feeds |= 1 << o
    return feeds


@njit(cache=True, nogil=True)
def choices_of(parents, feeds):
    """How many choices a neuron has that may have these parents and feed these outputs."""
    return 1 + ((1 << popcount(parents)) - 1) * ((1 << popcount(feeds)) - 1)


@njit(cache=True, nogil=True)
def add_edge(point, layout, o, j, values):
    """Add to `point` (scenarios x contrasts,) what the edge from last hidden neuron `j` to output `o` carries of
    `values` (scenarios,)."""
    weight = layout.weights[-1, o, j]
    if weight == 0:
        return
    scenarios, contrasts, _ = layout.contrasts.shape
    for s in range(scenarios):
        if values[s]:
            added = weight * values[s]
            for d in range(contrasts):
                if layout.contrasts[s, d, o]:
                    point[s * contrasts + d] += layout.contrasts[s, d, o] * added


@njit(cache=True, nogil=True)
def neuron_choices(j, state, parents, feeds, layout, neuron_label):
    """The half of last hidden neuron `j` alone: to be left out first, then by ascending parents and outputs. `state`
    (scenarios, widest) are the activations of the layer before, `parents` and `feeds` what it may have, as bit sets."""
    layer = len(layout.weights) - 2
    scenarios, contrasts, outputs = layout.contrasts.shape
    total = choices_of(parents, feeds)
    points = np.zeros((total, scenarios * contrasts))
    labels = np.zeros(total, np.int64)
    cover = np.zeros(total, np.int64)
    bits = np.zeros(total, np.uint64)
    activations = np.empty(scenarios)
    # What the edge from each parent carries, and what it carries when it is removed.
    kept, gone = np.zeros((state.shape[1], scenarios)), np.zeros((state.shape[1], scenarios))
    for i in range(len(kept)):
        weight = layout.weights[layer, j, i]
        if weight:
            for s in range(scenarios):
                kept[i, s] = weight * state[s, i]
                gone[i, s] = weight * layout.ablated[layer, s, i]
    # The first row: the neuron is left out, and all its edges carry what removed ones do.
    removed = layout.ablated[layer + 1, :, j].copy()
    for o in range(outputs):
        add_edge(points[0], layout, o, j, removed)
    row = 1
    mask = 0
    # From each subset of `parents` to the next larger one, without going through other numbers.
    while mask != parents and feeds:
        mask = (mask - parents) & parents
        mask_bits = np.uint64(0)
        for i in range(state.shape[1]):
            if mask >> i & 1:
                mask_bits |= np.uint64(1) << layout.positions[layer, j, i]
        for s in range(scenarios):
            z = layout.biases[layer, j]
            for i in range(len(kept)):
                z += kept[i, s] if mask >> i & 1 else gone[i, s]
            activations[s] = activate(layout.codes[layer], layout.parameters[layer], z)
        fed = 0
        while fed != feeds:
            fed = (fed - feeds) & feeds
            bits[row] = mask_bits
            for o in range(outputs):
                if fed >> o & 1:
                    bits[row] |= np.uint64(1) << layout.positions[layer + 1, o, j]
                    add_edge(points[row], layout, o, j, activations)
                else:
                    add_edge(points[row], layout, o, j, removed)
            labels[row] = popcount(mask) + popcount(fed) + neuron_label
            cover[row] = mask | fed << 32
            row += 1
    return Half(points, labels, cover, bits)


@njit(cache=True, nogil=True)
def half_sums(neurons, origin, state, used, feeding, layout, neuron_label):
    """The half of some last hidden `neurons`, their sums added to `origin` (scenarios x contrasts,); the first neuron
    varies slowest. `state` (scenarios, widest) are the activations of the layer before."""
    layer = len(layout.weights) - 2
    dimensions = len(origin)
    points = origin.reshape(1, dimensions).copy()
    labels = np.zeros(1, np.int64)
    cover = np.zeros(1, np.int64)
    bits = np.zeros(1, np.uint64)
    for j in neurons:
        parents = layout.available[layer, j] & used
        feeds = fed_outputs(j, feeding, layout)
        choices = neuron_choices(j, state, parents, feeds, layout, neuron_label)
        points_j, labels_j, cover_j, bits_j = choices.points, choices.labels, choices.cover, choices.bits
        size = len(points_j)
        # Every row so far with every choice of this neuron. The sums are added in the same order whatever the prefix.
        wider = np.empty((len(points) * size, dimensions))
        wider_labels = np.empty(len(wider), np.int64)
        wider_cover = np.empty(len(wider), np.int64)
        wider_bits = np.empty(len(wider), np.uint64)
        for a in range(len(points)):
            for k in range(size):
                row = a * size + k
                # By hand: a slice of arrays would allocate for every row.
                for d in range(dimensions):
                    wider[row, d] = points[a, d] + points_j[k, d]
                wider_labels[row] = labels[a] + labels_j[k]
                wider_cover[row] = cover[a] | cover_j[k]
                wider_bits[row] = bits[a] | bits_j[k]
        points, labels, cover, bits = wider, wider_labels, wider_cover, wider_bits
    return Half(points, labels, cover, bits)


@njit(cache=True, nogil=True)
def split_point(layout):
    """Where to cut the last hidden neurons so that the larger of the two halves is smallest. The cut is the same for
    all prefixes, so that a circuit that stands in several of them has the same sums in each."""
    # In floating point, since products of sizes may overflow.
    best, best_size = 0, np.inf
    width = layout.widths[-2]
    for cut in range(width + 1):
        left = right = 1.0
        for j in range(width):
            size = choices_of(layout.available[-2, j], fed_outputs(j, (1 << layout.widths[-1]) - 1, layout))
            if j < cut:
                left *= size
            else:
                right *= size
        if max(left, right) < best_size:
            best, best_size = cut, max(left, right)
    return best


@njit(cache=True, nogil=True)
def reaches(layout):
    """Of each last hidden neuron, how much difference its choices make, and how many there are: (2, neurons)."""
    width, every_output = layout.widths[-2], (1 << layout.widths[-1]) - 1
    state = run_prefix(layout.available[: len(layout.weights) - 2], layout)
    found = np.zeros((2, width))
    for j in range(width):
        parents, feeds = layout.available[-2, j], fed_outputs(j, every_output, layout)
        points = neuron_choices(j, state, parents, feeds, layout, 0).points
        found[1, j] = len(points)
        for d in range(points.shape[1]):
            least, most = np.inf, -np.inf
            for row in range(len(points)):
                least, most = min(least, points[row, d]), max(most, points[row, d])
            found[0, j] = max(found[0, j], most - least)
    return found
