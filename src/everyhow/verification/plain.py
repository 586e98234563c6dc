"""The slow, obvious version of every number, straight from the definitions. It shares no code with the rest.

Everywhere `network` has weights, one matrix (neurons, parents) per layer, biases and activations. `points` (runs,
inputs) are what the network is run on: as a rule all rows of the truth table. A circuit is a tuple over layers of
tuples over neurons of tuples of parents; a neuron that is absent has an empty one. A tree is an input's index, or
(left, negated, right, negated): the AND of its two operands, each negated or not. A variable of a tree is the path from
the root to an inner node: 0 for the left operand, 1 for the right.
"""

import itertools
import math
from dataclasses import replace

import numpy as np


def activate(name, z):
    """The activation function `name` at the numbers `z`; parameters follow the name, separated by colons."""
    kind, *texts = name.split(":")
    given = [float(text) for text in texts]
    if kind == "identity":
        return z
    if kind == "relu":
        return np.maximum(z, 0)
    if kind == "leaky_relu":
        return np.where(z > 0, z, (given or [0.01])[0] * z)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "sigmoid":
        return 0.5 * (1 + np.tanh((given or [1])[0] * z / 2))
    return np.vectorize(ONE_BY_ONE[kind], [float])(z, *given)


def elu(z, alpha=1.0):
    """z above 0, else alpha (exp(z) - 1)."""
    return z if z > 0 else alpha * (math.exp(z) - 1)


def softplus(z, beta=1.0):
    """log(1 + exp(beta z)) / beta; for large z, a sum equal to it within rounding."""
    return math.log(1 + math.exp(beta * z)) / beta if beta * z < 30 else z + math.exp(-beta * z) / beta


def hardtanh(z, low=-1.0, high=1.0):
    """z held between `low` and `high`."""
    return sorted([low, z, high])[1]


def hardsigmoid(z, slope=1 / 6, shift=0.5):
    """slope z + shift, held between 0 and 1."""
    return sorted([0.0, slope * z + shift, 1.0])[1]


ONE_BY_ONE = {
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "gelu_new": lambda z: z * 0.5 * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
    "silu": lambda z: z * 0.5 * (1 + math.tanh(z / 2)),
    "elu": elu,
    "selu": lambda z: 1.0507009873554805 * elu(z, 1.6732632423543772),
    "softplus": softplus,
    "hardtanh": hardtanh,
    "relu6": lambda z: hardtanh(z, 0.0, 6.0),
    "hardsigmoid": hardsigmoid,
    "hardswish": lambda z: z * hardtanh(z + 3, 0.0, 6.0) / 6,
    "softsign": lambda z: z / (1 + abs(z)),
    "step": lambda z: float(z > 0),
    "sign": lambda z: float(z > 0) - float(z < 0),
}


def rows(inputs):
    """The rows of the truth table of so many inputs, in binary order: (2^inputs, inputs)."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=inputs)))


def subsets(items):
    """Every subset, the smallest first."""
    items = list(items)
    return itertools.chain.from_iterable(itertools.combinations(items, n) for n in range(len(items) + 1))


# Circuits


def all_circuits(weights):
    """Every circuit: a choice of edges of non-zero weight such that every output has a parent, every neuron that
    something reads has a parent, and every hidden neuron with a parent is read."""

    def extend(layer, later):
        if layer < 0:
            yield tuple(later)
            return
        width = len(weights[layer])
        last = layer == len(weights) - 1
        needed = range(width) if last else {i for parents in later[0] for i in parents}
        options = [
            [p for p in subsets(np.flatnonzero(weights[layer][j]).tolist()) if p] if j in needed else [()]
            for j in range(width)
        ]
        for choice in itertools.product(*options):
            yield from extend(layer - 1, [choice, *later])

    yield from extend(len(weights) - 1, [])


def run(network, points, circuit=None, ablated=None):
    """The activations of every layer, the inputs first, each (runs, neurons).

    With a circuit, edges outside it carry nothing, or what `ablated` gives for their parents; neurons keep their
    biases."""
    states = [np.asarray(points, float)]
    for layer, (w, b, name) in enumerate(zip(network.weights, network.biases, network.activations, strict=True)):
        mask = np.ones(w.shape)
        if circuit is not None:
            mask = np.array([[i in parents for i in range(w.shape[1])] for parents in circuit[layer]], float)
        z = states[-1] @ (w * mask).T + b
        if ablated is not None:
            z = z + ablated[layer] @ (w * (1 - mask)).T
        states.append(activate(name, z))
    return states


def corners(network):
    """The rows of the truth table, written with the two numbers by which the network's inputs stand for 0 and 1."""
    low, high = network.input_values
    return np.array([[high if bit else low for bit in row] for row in rows(network.widths[0])], float)


def bits_of(outputs, decision, threshold=0.5):
    """What outputs decide: whether they are above the threshold, or, by rounding, the nearest whole number."""
    return outputs > threshold if decision == "threshold" else np.round(outputs)


def perfect_circuits(network, points, wanted, decision="threshold"):
    """The circuits that, run alone, give the wanted bit at every point (Méloux et al. 2025, Def. 4)."""
    return [
        circuit
        for circuit in all_circuits(network.weights)
        if (bits_of(run(network, points, circuit)[-1], decision, network.threshold) == wanted).all()
    ]


def is_resample_faithful(network, points, circuit, wanted, decision="threshold"):
    """Whether, for every base and every source among the points, the circuit run at the base gives the base's wanted
    bit while all edges outside it carry what they carry in the whole network at the source."""
    pairs = list(itertools.product(range(len(points)), repeat=2))
    bases, sources = [b for b, _ in pairs], [s for _, s in pairs]
    states = [state[sources] for state in run(network, points)]
    outputs = run(network, points[bases], circuit, states)[-1]
    return (bits_of(outputs, decision, network.threshold) == wanted[bases]).all()


def edges(circuit):
    """The edges of a circuit, each as (layer, neuron, parent), the inputs being layer 0."""
    return frozenset(
        (layer, j, i) for layer, neurons in enumerate(circuit, 1) for j, p in enumerate(neurons) for i in p
    )


def minimal(circuits):
    """The edge sets of the circuits none of whose proper subsets is the edge set of another one given."""
    sets = [edges(circuit) for circuit in circuits]
    return {one for one in sets if not any(other < one for other in sets)}


# Interpretations


def neuron_readings(values, tolerance=1e-9):
    """Every way to read one neuron as a bit: a separator between two values that follow each other in order, 1 above
    it. Values closer than the tolerance, relative to the largest magnitude or 1, are not separated."""
    closest = tolerance * max(1.0, np.abs(values).max())
    ordered = sorted(values)
    cuts = [high for low, high in itertools.pairwise(ordered) if high > low and high - low >= closest]
    return [tuple(bool(v >= cut) for v in values) for cut in cuts]


def interpretations(network, points, circuit, decision="threshold", tolerance=1e-9, single=False):
    """Every interpretation of a circuit (Méloux et al. 2025, Def. 3), as (readings by neuron, number of completions).

    All choices of one reading for each neuron that varies are tried; a choice is kept when every neuron's reading is a
    function of its parents' readings. An output is read by what it decides. `single` compares values as float32.
    """
    states = run(network, points, circuit)
    last = len(states) - 1
    options = {}
    for layer, state in enumerate(states):
        for j in range(state.shape[1]):
            if layer and not circuit[layer - 1][j]:
                continue
            values = state[:, j]
            if layer == last:
                values = np.array(bits_of(values, decision, network.threshold) == 1, float)
            elif single:
                values = values.astype(np.float32).astype(float)
            found = neuron_readings(values, tolerance)
            if found:
                options[layer, j] = found
    for choice in itertools.product(*options.values()):
        readings = dict(zip(options, choice, strict=True))
        ways = completions_of(readings, circuit)
        if ways:
            yield readings, ways


def completions_of(readings, circuit):
    """In how many ways the gates of the readings can be completed where patterns of the parents never occur; 0 when
    some neuron's reading is not a function of its parents'. After the first layer a gate of two parents is never XOR or
    XNOR."""
    ways = 1
    for (layer, j), reading in readings.items():
        if layer == 0:
            continue
        parents = [(layer - 1, i) for i in circuit[layer - 1][j] if (layer - 1, i) in readings]
        table = {}
        for k, value in enumerate(reading):
            if table.setdefault(tuple(readings[p][k] for p in parents), value) != value:
                return 0
        possible = 2 ** (2 ** len(parents) - len(table))
        if len(parents) == 2 and layer >= 2:
            possible -= all(value == (a != b) for (a, b), value in table.items())
            possible -= all(value == (a == b) for (a, b), value in table.items())
        ways *= possible
    return ways


# Algorithms


def trees(inputs, depth):
    """Every algorithm of depth at most `depth`: an AND of two different smaller trees, each negated or not. OR is the
    negation of an AND of negations."""
    level = list(range(inputs))
    for _ in range(depth):
        level = list(range(inputs)) + [
            (left, a, right, b)
            for left, right in itertools.combinations(level, 2)
            for a in (False, True)
            for b in (False, True)
        ]
    return [tree for tree in level if not isinstance(tree, int)]


def value(tree, points, forced=None, path=()):
    """What the tree computes at each point, (points,), with the nodes at the paths in `forced` held at given values."""
    if forced is not None and path in forced:
        return forced[path]
    if isinstance(tree, int):
        # Bits are what they are; of the rows of a truth table, the last one has every input 1.
        return points[:, tree] if points.dtype == bool else points[:, tree] == points[-1, tree]
    left, a, right, b = tree
    return (value(left, points, forced, (*path, 0)) ^ a) & (value(right, points, forced, (*path, 1)) ^ b)


def computing(inputs, depth, wanted):
    """The trees that compute `wanted` up to complement, each with whether the tree computes the complement."""
    points = rows(inputs)
    for tree in trees(inputs, depth):
        found = value(tree, points)
        if (found == wanted).all() or (found != wanted).all():
            yield tree, bool((found != wanted).any())


def is_irredundant(tree, points):
    """Whether no node of the tree computes a constant, or one of its operands, or the negation of one."""
    if isinstance(tree, int):
        return True
    own = value(tree, points)
    if own.all() or not own.any():
        return False
    for operand in (tree[0], tree[2]):
        found = value(operand, points)
        if (own == found).all() or (own != found).all():
            return False
    return is_irredundant(tree[0], points) and is_irredundant(tree[2], points)


def variables(tree, path=()):
    """The paths of the tree's variables: its inner nodes other than the root, in preorder."""
    if isinstance(tree, int):
        return
    if path:
        yield path
    yield from variables(tree[0], (*path, 0))
    yield from variables(tree[2], (*path, 1))


def node(tree, path):
    """The part of the tree at a path."""
    for step in path:
        tree = tree[2 * step]
    return tree


# Mappings


def patched_states(network, points, patches):
    """The activations of every layer with patches (layer, neurons, values) held."""
    states = [np.asarray(points, float)]
    for layer, (w, b, name) in enumerate(zip(network.weights, network.biases, network.activations, strict=True), 1):
        states.append(activate(name, states[-1] @ w.T + b))
        for where, neurons, values in patches:
            if where == layer:
                states[-1] = states[-1].copy()
                states[-1][:, list(neurons)] = values
    return states


def run_patched(network, points, patches):
    """The decisions of the first output, (runs,), with patches (layer, neurons, values) held."""
    return patched_states(network, points, patches)[-1][:, 0] > network.threshold


def neuron_sets(network):
    """Every non-empty set of neurons of one hidden layer, as (layer, neurons)."""
    for layer in range(1, len(network.weights)):
        for chosen in subsets(range(network.widths[layer])):
            if chosen:
                yield layer, chosen


def signature(network, points, neuron_set):
    """The causal signature of a set of neurons: table[source, base] is the decision at the base while these neurons
    have the activations that they have at the source."""
    layer, neurons = neuron_set
    states = run(network, points)
    return np.array(
        [run_patched(network, points, [(layer, neurons, states[layer][s, list(neurons)])]) for s in range(len(points))]
    )


def is_aligned(network, points, tree, negated, path, table):
    """Whether network and algorithm agree at every (base, source) after the variable at `path` and a neuron set whose
    signature is `table` take their value from the source."""
    own = value(node(tree, path), points)
    for source in range(len(points)):
        forced = {path: np.full(len(points), own[source])}
        if ((value(tree, points, forced) ^ negated) != table[source]).any():
            return False
    return True


def agreement(points, tree, negated, path, table):
    """The interchange-intervention accuracy of one variable (Méloux et al. 2025, Def. 6): the share of (base, source)
    pairs at which network and algorithm decide alike. `table` is the causal signature of the variable's neurons;
    `negated` says that the algorithm is the tree's negation."""
    own = value(node(tree, path), points)
    rows_ = [value(tree, points, {path: np.full(len(points), own[s])}) ^ negated for s in range(len(points))]
    return (np.array(rows_) == table).mean()


def mappings(network, points, tree, negated, tables):
    """All minimal mappings: every choice of disjoint aligned sets none of whose sub-choices is aligned."""
    aligned = [
        [s for s, table in tables.items() if is_aligned(network, points, tree, negated, path, table)]
        for path in variables(tree)
    ]
    found = [
        choice
        for choice in itertools.product(*aligned)
        if all(a[0] != b[0] or not set(a[1]) & set(b[1]) for a, b in itertools.combinations(choice, 2))
    ]

    def inside(one, other):
        return all(a[0] == b[0] and set(a[1]) <= set(b[1]) for a, b in zip(one, other, strict=True))

    return [one for one in found if not any(other != one and inside(other, one) for other in found)]


def is_joint(network, points, tree, negated, mapping, bits=None):
    """Whether network and algorithm decide alike at every base, whatever variables are forced together, each to its
    value at a source of its own. A mapping is a tuple with the neuron set of each variable, in the order of
    `variables`."""
    known = points if bits is None else bits
    paths = list(variables(tree))
    states = run(network, points)
    for forced in subsets(range(len(paths))):
        for sources in itertools.product(range(len(points)), repeat=len(forced)):
            values = {
                paths[v]: np.full(len(points), value(node(tree, paths[v]), known)[s])
                for v, s in zip(forced, sources, strict=True)
            }
            patches = [
                (mapping[v][0], mapping[v][1], states[mapping[v][0]][s, list(mapping[v][1])])
                for v, s in zip(forced, sources, strict=True)
            ]
            expected = value(tree, known, values) ^ negated
            if (run_patched(network, points, patches) != expected).any():
                return False
    return True


def is_ordered(tree, mapping):
    """Whether each variable lies in an earlier layer than the variable that uses it."""
    layers = dict(zip(variables(tree), (layer for layer, _ in mapping), strict=True))
    return all(len(path) == 1 or layers[path] < layers[path[:-1]] for path in layers)


def still_read(tree, points, layers, layer):
    """The values, (points,) each, of what nodes that are not finished at a layer read beside the variables held there:
    inputs, and variables of earlier layers. `layers` has the layer of each variable; a node is not finished when it is
    the root, or a variable of a later layer."""
    for path in [(), *variables(tree)]:
        if path and layers[path] <= layer:
            continue
        for side in (0, 1):
            below = (*path, side)
            if isinstance(node(tree, below), int) or layers[below] < layer:
                yield value(node(tree, below), points)


def is_inert(network, points, tree, mapping, bits=None):
    """Whether all unmapped neurons of a mapped layer together, taking their values from any source, leave every
    decision as it is, as long as the source agrees with the base on what the algorithm still reads past the layer."""
    known = points if bits is None else bits
    decisions = run(network, points)[-1][:, 0] > network.threshold
    layers = dict(zip(variables(tree), (layer for layer, _ in mapping), strict=True))
    for layer in set(layers.values()):
        mapped = {j for where, neurons in mapping if where == layer for j in neurons}
        rest = tuple(j for j in range(network.widths[layer]) if j not in mapped)
        if not rest:
            continue
        table, read = signature(network, points, (layer, rest)), list(still_read(tree, known, layers, layer))
        for source, base in itertools.product(range(len(points)), repeat=2):
            if all(one[source] == one[base] for one in read) and table[source, base] != decisions[base]:
                return False
    return True


def is_transitive(network, points, tree, negated, mapping, bits=None):
    """Whether, after any set of variables is forced, the neurons of every other variable act at every base as the value
    that the algorithm then gives that variable."""
    known = points if bits is None else bits
    paths, states = list(variables(tree)), run(network, points)
    for forced in subsets(range(len(paths))):
        for sources in itertools.product(range(len(points)), repeat=len(forced)):
            values, patches = {}, []
            for v, s in zip(forced, sources, strict=True):
                layer, neurons = mapping[v]
                values[paths[v]] = np.full(len(points), value(node(tree, paths[v]), known)[s])
                patches.append((layer, neurons, states[layer][s, list(neurons)]))
            left = patched_states(network, points, patches)
            for v in set(range(len(paths))) - set(forced):
                layer, neurons = mapping[v]
                given = value(node(tree, paths[v]), known, values, paths[v])
                for k in range(len(points)):
                    patch = (layer, neurons, left[layer][k, list(neurons)])
                    expected = value(tree, known, {paths[v]: np.full(len(points), given[k])}) ^ negated
                    if (run_patched(network, points, [patch]) != expected).any():
                        return False
    return True


# Population codes. A signal is a tuple of 0 and 1, one per row, the first being 0. A gate is a tuple over patterns.


def signals(inputs):
    """Every signal of so many inputs, up to complement and but for the constant."""
    return signals_over(2**inputs)


def signals_over(points):
    """Every signal over so many points, up to complement and but for the constant."""
    return [s for s in itertools.product([0, 1], repeat=points) if s[0] == 0 and any(s)]


def best_fit(columns, wanted):
    """The least-squares combination of columns and a constant, column by column of `wanted`: its values and weights."""
    design = np.column_stack([*columns, np.ones(len(wanted))])
    weights = np.linalg.pinv(design, rcond=1e-9) @ wanted
    return design @ weights, weights


def relative_residual(fitted, wanted):
    """How far `fitted` is from `wanted`, relative to how far `wanted` is from its mean: both root mean squares."""
    return np.linalg.norm(fitted - wanted) / np.linalg.norm(wanted - wanted.mean(axis=0))


def is_readable(state, signal, tolerance):
    """Whether some combination of a layer's activations `state` (points, neurons) and a constant is the signal, up to
    the tolerance."""
    fitted, _ = best_fit(list(state.T), np.array(signal, float))
    return relative_residual(fitted, np.array(signal, float)) <= tolerance


def run_on(network, layer, received):
    """The only output when the layer after `layer` receives `received`, one row per run."""
    state = activate(network.activations[layer], received)
    for w, b, name in list(zip(network.weights, network.biases, network.activations, strict=True))[layer + 1 :]:
        state = activate(name, state @ w.T + b)
    return state[:, 0]


def on_a_jump(network, layer, received):
    """In which runs a neuron that steps, and that something reads, comes within 1e-9 of its jump, when the layer after
    `layer` receives `received`."""
    near, weights = np.zeros(len(received), bool), network.weights
    for at in range(layer, len(weights)):
        if network.activations[at] in ("step", "sign"):
            is_read = [at == len(weights) - 1 or any(weights[at + 1][:, j]) for j in range(received.shape[1])]
            near |= (np.abs(received[:, is_read]) <= 1e-9).any(axis=1)
        state = activate(network.activations[at], received)
        if at < len(weights) - 1:
            received = state @ weights[at + 1].T + network.biases[at + 1]
    return near


def readout_explanations(network, layer, most, tolerance, points=None):
    """For each set of at most `most` signals of a layer that passes `behavioral`: its signals, gate and residual.

    The signals and the constant are independent, each signal's part of the next layer's pre-activations is above the
    tolerance, and the best combination of the signals, in place of the pre-activations, leaves every decision as it is.
    """
    points = corners(network) if points is None else points
    state = run(network, points)[layer]
    received = state @ network.weights[layer].T + network.biases[layer]
    decisions = run(network, points)[-1][:, 0] > network.threshold
    if np.ptp(received, axis=0).max() < 1e-9:
        return
    readable = [s for s in signals_over(len(points)) if is_readable(state, s, tolerance)]
    variation = np.linalg.norm(received - received.mean(axis=0))
    for size in range(1, most + 1):
        for chosen in itertools.combinations(readable, size):
            columns = [np.array(s, float) for s in chosen]
            if np.linalg.matrix_rank(np.column_stack([*columns, np.ones(len(points))])) <= size:
                continue
            fitted, weights = best_fit(columns, received)
            shares = [
                np.linalg.norm(np.outer(c - c.mean(), w)) / variation for c, w in zip(columns, weights, strict=False)
            ]
            outputs = run_on(network, layer, fitted)
            decided = not on_a_jump(network, layer, fitted).any() and all(
                o - network.threshold > 1e-9 if d else network.threshold - o > 1e-9
                for o, d in zip(outputs, decisions, strict=True)
            )
            if min(shares) > tolerance and decided:
                patterns = np.array([[*p, 1] for p in itertools.product([0, 1], repeat=size)], float) @ weights
                above = run_on(network, layer, patterns) - network.threshold > 1e-9
                gate = tuple((above & ~on_a_jump(network, layer, patterns)).astype(int).tolist())
                yield chosen, gate, relative_residual(fitted, received)


def swapped(state, codes, base, sources, held=()):
    """The state at `base` with each code k of `sources` changed to its value at sources[k]; the change is orthogonal
    to whatever is orthogonal to all codes and to what is held."""
    rows_ = np.array([*codes, *held])
    wanted = np.array(
        [codes[k] @ (state[sources[k]] - state[base]) if k in sources else 0.0 for k in range(len(rows_))]
    )
    change, *_ = np.linalg.lstsq(rows_, wanted, rcond=None)
    return state[base] + change


def every_swap(inputs, variables):
    """Every base, with every choice for each variable of a source or none."""
    for choice in itertools.product([None, *range(2**inputs)], repeat=variables):
        for base in range(2**inputs):
            yield base, {k: source for k, source in enumerate(choice) if source is not None}


# Prices


def cheapest_formulas(inputs, gates, negation, rounds):
    """The price of every function by formulas of at most so many gates in a row, by trying everything."""
    columns = list(itertools.product([0, 1], repeat=inputs))
    price = {tuple(c[i] for c in columns): 0.0 for i in range(inputs)}
    price |= {(0,) * len(columns): 0.0, (1,) * len(columns): 0.0}
    for _ in range(rounds):
        found = dict(price)
        for f, cost in price.items():
            flipped = tuple(1 - v for v in f)
            found[flipped] = min(found.get(flipped, np.inf), cost + negation)
            for g, other in price.items():
                for table, gate_price in gates:
                    result = tuple(table[2 * a + b] for a, b in zip(f, g, strict=True))
                    found[result] = min(found.get(result, np.inf), cost + other + gate_price)
        if found == price:
            break
        price = found
    return price


# Circuits judged by data


def ablated_runs(network, points, weights, ablation):
    """For each run that a kind of ablation asks for: its base, its weight, and what removed edges carry."""
    states = run(network, points)
    means = [np.sum([w * row for w, row in zip(weights, state, strict=True)], axis=0) for state in states]
    for k, weight in enumerate(weights):
        if ablation == "zero":
            yield k, weight, None
        elif ablation == "mean":
            yield k, weight, means
        else:
            for source, share in enumerate(weights):
                yield k, weight * share, [state[source] for state in states]


def chosen(outputs, decision, threshold=0.5):
    """The bits that one run's outputs decide; by `argmax`, 1 for the first of the largest and 0 for all others."""
    if decision == "argmax":
        return [o == int(np.argmax(outputs)) for o in range(len(outputs))]
    return list(bits_of(outputs, decision, threshold))


def circuit_error(network, behavior, circuit, decision, ablation):
    """The weight of the runs in which a circuit is wrong, or not as near to the network as it has to be."""
    received = replace(network, activations=(*network.activations[:-1], "identity"))
    error = 0.0
    for k, weight, carried in ablated_runs(network, behavior.points, behavior.weights, ablation):
        point, ablated = behavior.points[[k]], None if carried is None else [row[None] for row in carried]
        outputs = run(network, point, circuit, ablated)[-1][0]
        wrong = chosen(outputs, decision, network.threshold) != list(behavior.wanted[k])
        if behavior.within is not None:
            away = run(received, point, circuit, ablated)[-1] - run(received, point)[-1]
            wrong = wrong or bool((np.abs(away) > behavior.within).any())
        error += weight * wrong
    return error


# Everything at once, where one by one would take minutes. Still nothing is left out and nothing is clever.


def run_many(network, points, circuits, ablated=None):
    """The outputs of every circuit at every point, (circuits, points, outputs), and what the outputs receive."""
    state, received = np.asarray(points, float), None
    for layer, (w, b, name) in enumerate(zip(network.weights, network.biases, network.activations, strict=True)):
        mask = np.zeros((len(circuits), *w.shape))
        for k, circuit in enumerate(circuits):
            for j, parents in enumerate(circuit[layer]):
                mask[k, j, list(parents)] = 1
        received = state @ (w * mask).transpose(0, 2, 1) + b
        if ablated is not None:
            received = received + ablated[layer] @ (w * (1 - mask)).transpose(0, 2, 1)
        state = activate(name, received)
    return state, received


def minimal_first(sets):
    """The sets that have no other one inside, those of fewest items first."""
    kept = []
    for one in sorted(sets, key=len):
        if not any(other <= one for other in kept):
            kept.append(one)
    return kept


def completions_of_gate(parents, reading, points, after_first):
    """In how many ways the gate of one neuron can be completed, as in `completions_of`; readings are whole numbers, bit
    k being the reading at point k."""
    table = {}
    for k in range(points):
        pattern = tuple(p >> k & 1 for p in parents)
        if table.setdefault(pattern, reading >> k & 1) != reading >> k & 1:
            return 0
    possible = 2 ** (2 ** len(parents) - len(table))
    if len(parents) == 2 and after_first:
        possible -= all(v == (a != b) for (a, b), v in table.items())
        possible -= all(v == (a == b) for (a, b), v in table.items())
    return possible


def reading_options(network, points, circuit, decision="threshold", tolerance=1e-9, single=False):
    """For each neuron that varies: its readings, each with the two values that it separates."""
    states, options = run(network, points, circuit), {}
    for layer, state in enumerate(states):
        for j in range(state.shape[1]):
            if layer and not circuit[layer - 1][j]:
                continue
            values = state[:, j]
            if layer == len(states) - 1:
                values = np.array(bits_of(values, decision, network.threshold) == 1, float)
            elif single:
                values = values.astype(np.float32).astype(float)
            closest = tolerance * max(1.0, np.abs(values).max())
            found = [
                (sum(int(v >= high) << k for k, v in enumerate(values)), float(low), float(high))
                for low, high in itertools.pairwise(sorted(values))
                if high > low and high - low >= closest
            ]
            if found:
                options[layer, j] = found
    return options


def layered_readings(network, points, circuit, options, memory):
    """The neurons that vary, by layer, and a function of a layer and of readings of the layer before: every choice of
    readings of the layer that follows from them, with its number of completions. `memory` keeps completions of
    gates."""
    layers = [[n for n in options if n[0] == layer] for layer in range(len(network.weights) + 1)]

    def following(layer, state):
        known = dict(zip(layers[layer - 1], state, strict=True))
        choices = []
        for _, j in layers[layer]:
            parents = tuple(known[layer - 1, i] for i in circuit[layer - 1][j] if (layer - 1, i) in known)
            allowed = []
            for reading, *_ in options[layer, j]:
                key = (parents, reading, layer > 1)
                if key not in memory:
                    memory[key] = completions_of_gate(parents, reading, len(points), layer > 1)
                if memory[key]:
                    allowed.append((reading, memory[key]))
            choices.append(allowed)
        for choice in itertools.product(*choices):
            yield tuple(reading for reading, _ in choice), math.prod(ways for _, ways in choice)

    return layers, following


def count_readings(network, points, circuit, decision="threshold", tolerance=1e-9, single=False, memory=None):
    """How many interpretations a circuit has, and how many when every completion of its gates counts as one."""
    options = reading_options(network, points, circuit, decision, tolerance, single)
    layers, following = layered_readings(network, points, circuit, options, {} if memory is None else memory)
    first = itertools.product(*[[reading for reading, *_ in options[n]] for n in layers[0]])
    counts = dict.fromkeys(first, (1, 1))
    for layer in range(1, len(layers)):
        after = {}
        for state, (once, completed) in counts.items():
            for target, ways in following(layer, state):
                had = after.get(target, (0, 0))
                after[target] = (had[0] + once, had[1] + completed * ways)
        counts = after
    return sum(once for once, _ in counts.values()), sum(completed for _, completed in counts.values())
