"""Population codes, in the slow, obvious way (see `plain`): every signal, and every set of signals that explains.

A signal is a tuple of 0 and 1, one per point, the first being 0. A gate is a tuple over patterns of signals.
"""

import itertools

import numpy as np

from . import plain


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
    state = plain.activate(network.activations[layer], received)
    for w, b, name in list(zip(network.weights, network.biases, network.activations, strict=True))[layer + 1 :]:
        state = plain.activate(name, state @ w.T + b)
    return state[:, 0]


def on_a_jump(network, layer, received):
    """In which runs a neuron that steps, and that something reads, comes within 1e-9 of its jump, when the layer after
    `layer` receives `received`."""
    near, weights = np.zeros(len(received), bool), network.weights
    for at in range(layer, len(weights)):
        if network.activations[at] in ("step", "sign"):
            is_read = [at == len(weights) - 1 or any(weights[at + 1][:, j]) for j in range(received.shape[1])]
            near |= (np.abs(received[:, is_read]) <= 1e-9).any(axis=1)
        state = plain.activate(network.activations[at], received)
        if at < len(weights) - 1:
            received = state @ weights[at + 1].T + network.biases[at + 1]
    return near


def readout_explanations(network, layer, most, tolerance, points=None):
    """For each set of at most `most` signals of a layer that passes `behavioral`: its signals, gate and residual.

    The signals and the constant are independent, each signal's part of the next layer's pre-activations is above the
    tolerance, and the best combination of the signals, in place of the pre-activations, leaves every decision as it is.
    """
    points = plain.corners(network) if points is None else points
    state = plain.run(network, points)[layer]
    received = state @ network.weights[layer].T + network.biases[layer]
    decisions = plain.run(network, points)[-1][:, 0] > network.threshold
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


def endured(state, signal, coefficients, constant):
    """By what share of its range every neuron may move, each in the direction that does most harm, before a code is
    read wrong at some input."""
    ranges = [max(column) - min(column) for column in np.array(state).T]
    harm = sum(abs(c) * r for c, r in zip(coefficients, ranges, strict=True))
    rooms = [0.5 - abs(row @ coefficients + constant - bit) for row, bit in zip(state, signal, strict=True)]
    return float(min(rooms) / harm)


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
