"""Every interpretation of a circuit, in the slow, obvious way (see `plain`).

A neuron is (layer, its place in the layer), the inputs being layer 0. A reading is one bit per point. The functions
from `completions_of_gate` on go through a circuit layer by layer, where the choices of all neurons together are too
many.
"""

import itertools
import math

import numpy as np

from . import plain


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
    states = plain.run(network, points, circuit)
    last = len(states) - 1
    options = {}
    for layer, state in enumerate(states):
        for j in range(state.shape[1]):
            if layer and not circuit[layer - 1][j]:
                continue
            values = state[:, j]
            if layer == last:
                values = np.array(plain.bits_of(values, decision, network.threshold) == 1, float)
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
    states, options = plain.run(network, points, circuit), {}
    for layer, state in enumerate(states):
        for j in range(state.shape[1]):
            if layer and not circuit[layer - 1][j]:
                continue
            values = state[:, j]
            if layer == len(states) - 1:
                values = np.array(plain.bits_of(values, decision, network.threshold) == 1, float)
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
