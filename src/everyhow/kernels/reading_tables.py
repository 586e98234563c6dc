"""Counting the interpretations of circuits of one output that have all but their last hidden neurons in common.

Given a state of the layer before, the last hidden neurons are read independently of each other. What the output asks
of them is only into which cells their readings split the inputs together: its decision must be the same within each. Of
few inputs there are few partitions into cells (15 of four inputs). So for each last hidden neuron, each set of parents,
each partition and each state there is one number: how many of the readings it may have are the same within each cell.
The product of these numbers over the neurons counts the joint readings that are at most as fine as the partition, and
inclusion-exclusion over the partitions counts those that the output's decision follows from. A circuit is a product of
rows of tables that many circuits share, and none of its interpretations is gone through.

All numbers are whole and below 2^53, so float64 holds them exactly, in any order of the sums. What completes don't
cares is often a large power of two; it is kept apart, as an exponent.

Arrays as in layout and interpretations; the scenarios are the inputs. Tables go by partition and state, the state last.
"""

from typing import NamedTuple

import numpy as np

from .activation import activate
from .compiling import njit
from .interpretations import (
    ONE,
    ZERO,
    Readings,
    activations_of,
    all_inputs,
    circuit_layers,
    decided,
    fill_readings,
    is_function,
    is_parity,
    parents_of,
    readings_of_neuron,
    split_by_parents,
    ways_up_to,
)


class Partitions(NamedTuple):
    """All partitions of the inputs into cells, and what an output asks of its parents' readings by them.

    Attributes:
        constant: (readings, partitions), 1 where a reading, by its bits, is the same within each cell, else 0.
        once: (decisions, partitions), the weight of each partition's product when a circuit's output has this decision,
            by its bits.
        expanded: (varying parents + 1, decisions, partitions), the same when each completion of the output's gate
            counts, without its power of two.
        split: (readings,), which partition has the two cells that a reading splits the inputs into.
    """

    constant: np.ndarray
    once: np.ndarray
    expanded: np.ndarray
    split: np.ndarray


class Powers(NamedTuple):
    """Completions of gates, in two factors: 2^exponent, and what is left.

    Attributes:
        completions: what is left, as Completions with the one modulus 0; it is small.
        exponents: (parents + 1,), for a gate of so many varying parents.
    """

    completions: tuple
    exponents: np.ndarray


class Shared(NamedTuple):
    """What circuits share that differ in the last hidden neurons only.

    Attributes:
        states: (widest, inputs), the activations of the layer before the last hidden one.
        readings: the readings of its neurons.
        ways: (once and expanded, states), in how many ways each of its states is reached.
        exponent: the power of two that goes with the expanded ones.
        doubtful: whether errors of the activations so far may make others.
    """

    states: np.ndarray
    readings: Readings
    ways: np.ndarray
    exponent: int
    doubtful: bool


class Tables(NamedTuple):
    """What is known of each last hidden neuron with each set of parents; made when a circuit first asks for it.

    Attributes:
        made: (neurons, sets of parents), whether it is known.
        values: (neurons, sets of parents, inputs), what the neuron carries.
        counts: (neurons, sets of parents), how many readings it has; 0 where it does not vary.
        sets: (neurons, sets of parents, inputs), the readings.
        ways: (neurons, sets of parents, once and expanded, partitions, states), the sum over its readings that a state
            allows and that are the same within the cells of a partition; 1 everywhere for one that does not vary.
        exponents: (neurons, sets of parents), the power of two that goes with the expanded ones.
        doubtful: (neurons, sets of parents), whether errors may make other readings.
    """

    made: np.ndarray
    values: np.ndarray
    counts: np.ndarray
    sets: np.ndarray
    ways: np.ndarray
    exponents: np.ndarray
    doubtful: np.ndarray


@njit(cache=True, nogil=True)
def exponent_of(parents, counts, exponents):
    """The power of two in the completions of a gate of the neurons in `parents`, a bit set, of which only those count
    that have readings, as `counts` (neurons,) tells."""
    varying = 0
    for i in range(len(counts)):
        if counts[i] and parents >> i & 1:
            varying += 1
    return exponents[varying]


@njit(cache=True, nogil=True)
def shared_by(bits, layout, rule, powers):
    """What all circuits share that have these edges before the last hidden layer."""
    last = len(layout.widths) - 3
    states, parents = circuit_layers(bits, layout, last)
    readings, ways, doubtful = ways_up_to(last, states, parents, layout.widths, rule, powers.completions)
    widest, inputs = states.shape[1:]
    below = Readings(np.zeros((widest, inputs), np.uint64), np.zeros(widest, np.int64))
    here = Readings(np.zeros((widest, inputs), np.uint64), np.zeros(widest, np.int64))
    fill_readings(0, states, parents, layout.widths, rule, below)
    exponent = 0
    for layer in range(1, last + 1):
        fill_readings(layer, states, parents, layout.widths, rule, here)
        for j in range(layout.widths[layer]):
            if here.counts[j]:
                exponent += exponent_of(
                    parents[layer - 1, j], below.counts[: layout.widths[layer - 1]], powers.exponents
                )
        below, here = here, below
    by_state = np.empty((2, len(ways)))
    for k in range(2):
        for s in range(len(ways)):
            by_state[k, s] = ways[s, k, 0]
    return Shared(states[last], readings, by_state, exponent, doubtful)


@njit(cache=True, nogil=True)
def fill_with_ones(array):
    """Fill an array (kinds, partitions, states) with 1."""
    # By hand, here as below: to assign a slice is to compile a message about shapes, which takes a second.
    flat = array.ravel()
    for k in range(len(flat)):
        flat[k] = 1.0


@njit(cache=True, nogil=True)
def new_tables(layout, states, partitions):
    """Tables for so many states of the layer before. Nothing is made yet but the first row of each neuron, that of one
    that is not there: it asks for nothing."""
    neurons, sets, inputs = layout.widths[-2], 1 << layout.widths[-3], len(layout.base)
    tables = Tables(
        np.zeros((neurons, sets), np.bool_),
        np.empty((neurons, sets, inputs)),
        np.empty((neurons, sets), np.int64),
        np.empty((neurons, sets, inputs), np.uint64),
        np.empty((neurons, sets, 2, partitions, states)),
        np.empty((neurons, sets), np.int64),
        np.empty((neurons, sets), np.bool_),
    )
    for j in range(neurons):
        tables.made[j, 0], tables.counts[j, 0], tables.doubtful[j, 0], tables.exponents[j, 0] = True, 0, False, 0
        fill_with_ones(tables.ways[j, 0])
    return tables


@njit(cache=True, nogil=True)
def make_table(j, parents, shared, layout, rule, partitions, powers, tables):
    """Fill in what is known of last hidden neuron `j` with `parents`, a bit set that is not empty."""
    layer = len(layout.widths) - 2
    values, sets = tables.values[j, parents], tables.sets[j, parents]
    activations_of(layer, j, parents, shared.states, layout, values)
    count, doubtful = readings_of_neuron(values, rule, rule.errors[layer, j], sets)
    tables.made[j, parents] = True
    tables.counts[j, parents], tables.doubtful[j, parents] = count, doubtful
    tables.exponents[j, parents] = 0
    ways = tables.ways[j, parents]
    if count == 0:
        fill_with_ones(ways)
        return
    before = shared.readings
    tables.exponents[j, parents] = exponent_of(parents, before.counts, powers.exponents)
    states, inputs = ways.shape[2], len(values)
    strides = np.zeros(len(before.counts), np.int64)
    cells, n_cells = np.empty((states, inputs + 1), np.uint64), np.empty(states, np.int64)
    everything = all_inputs(inputs)
    combinations, varying = split_by_parents(parents, before, everything, strides, cells, n_cells)
    by_combination = np.zeros((combinations, 2, ways.shape[1]))
    for combination in range(combinations):
        sums, split = by_combination[combination], n_cells[combination]
        for r in range(count):
            if not is_function(sets[r], cells[combination], split):
                continue
            completed = float(powers.completions.ways[varying, split, 0])
            if layer > 1 and varying == 2 and is_parity(sets[r], before, strides, combination, everything):
                # XOR is what is to be explained: a gate is not completed to it, and is not allowed to be it.
                if split == 4:
                    continue
                completed -= 1
            for cell in range(ways.shape[1]):
                if partitions.constant[sets[r], cell]:
                    sums[0, cell] += 1
                    sums[1, cell] += completed
    # From the combinations of the parents' readings to the states of the whole layer, digits counting up.
    digits = np.zeros(len(before.counts), np.int64)
    combination = 0
    for s in range(states):
        for k in range(2):
            for cell in range(ways.shape[1]):
                ways[k, cell, s] = by_combination[combination, k, cell]
        for i in range(len(digits)):
            if before.counts[i] == 0:
                continue
            carry = digits[i] + 1 == before.counts[i]
            change = -digits[i] if carry else 1
            digits[i] += change
            combination += strides[i] * change
            if not carry:
                break


@njit(cache=True, nogil=True)
def first_products(ways, tables):
    """Room for the products (neurons, once and expanded, partitions, states) of the tables of the neurons before each;
    before the first these are the ways (once and expanded, states) to the states."""
    neurons, _, _, partitions, states = tables.ways.shape
    products = np.empty((neurons, 2, partitions, states))
    for k in range(2):
        for cell in range(partitions):
            for s in range(states):
                products[0, k, cell, s] = ways[k, s]
    return products


@njit(cache=True, nogil=True)
def multiply_into(product, factor, result):
    """Put into `result` the product of two arrays (once and expanded, partitions, states)."""
    a, b, c = product.ravel(), factor.ravel(), result.ravel()
    for k in range(len(a)):
        c[k] = a[k] * b[k]


@njit(cache=True, nogil=True)
def decision_of(chosen, layout, rule, tables):
    """How the output decides at each input, as bits, whose parents have the parents `chosen` (neurons,), 0 for none."""
    last = len(layout.widths) - 1
    decision = ZERO
    for x in range(len(layout.base)):
        z = layout.biases[last - 1, 0]
        for j in range(len(chosen)):
            if chosen[j]:
                z += layout.weights[last - 1, 0, j] * tables.values[j, chosen[j], x]
        value = activate(layout.codes[last - 1], layout.parameters[last - 1], z)
        if decided(value, rule.level):
            decision |= ONE << np.uint64(x)
    return decision


@njit(cache=True, nogil=True, fastmath={"reassoc"})
def summed(product, factor, weights):
    """The sum over partitions and states of `product` times `factor`, both (partitions, states), each partition with
    its weight."""
    # Whole numbers: the order of the sum changes nothing, and so several are added at a time.
    total = 0.0
    for cell in range(len(weights)):
        if weights[cell]:
            here = 0.0
            for s in range(product.shape[1]):
                here += product[cell, s] * factor[cell, s]
            total += weights[cell] * here
    return total


@njit(cache=True, nogil=True)
def parities(pair, decision, sets, ways, tables, partitions):
    """Of the two last hidden neurons that alone vary, `pair` (neurons and their sets of parents, row by row): in how
    many ways the output is the parity of their readings where these split the inputs into four, each time once; and in
    how many at all, each completion of the neurons' own gates counting. `ways` are those to the states before."""
    j, parents_j, k, parents_k = pair
    once = expanded = 0.0
    for r in range(tables.counts[j, parents_j]):
        one = tables.sets[j, parents_j, r]
        two = one ^ decision
        # No reading but this one is the same within both of the cells that it splits the inputs into.
        a, b = tables.ways[j, parents_j, :, partitions.split[one]], tables.ways[k, parents_k, :, partitions.split[two]]
        both = one & two
        in_four = both != ZERO and both != one and both != two and one | two != sets
        for s in range(ways.shape[1]):
            if in_four:
                once += ways[0, s] * a[0, s] * b[0, s]
            expanded += ways[1, s] * a[1, s] * b[1, s]
    return once, expanded


@njit(cache=True, nogil=True)
def count_by_tables(circuits, shared, layout, rule, partitions, powers):
    """The interpretations of each of `circuits` (circuits,), given as bits, that have all but the last hidden neurons
    in common: (circuits, once and expanded), the latter without a power of two; its exponent (circuits,); and
    (circuits,) whether errors of the circuit's activations may make others."""
    last = len(layout.widths) - 1
    width, everything = layout.widths[last - 1], all_inputs(len(layout.base))
    counts, exponents = np.zeros((len(circuits), 2), np.int64), np.zeros(len(circuits), np.int64)
    doubtful = np.zeros(len(circuits), np.bool_)
    tables = new_tables(layout, shared.ways.shape[1], partitions.constant.shape[1])
    products = first_products(shared.ways, tables)
    chosen, before = np.zeros(width, np.int64), np.zeros(width, np.int64)
    pair = np.zeros(4, np.int64)
    for c in range(len(circuits)):
        for j in range(width):
            is_there = circuits[c] >> layout.positions[last - 1, 0, j] & ONE
            chosen[j] = parents_of(circuits[c], last - 1, j, layout) if is_there else 0
        # The products of the neurons before stand until one of these has other parents.
        changed = 0
        while c and changed < width - 1 and chosen[changed] == before[changed]:
            changed += 1
        for j in range(width):
            before[j] = chosen[j]
        exponents[c], doubtful[c], varying = shared.exponent, shared.doubtful, 0
        for j in range(width):
            if not tables.made[j, chosen[j]]:
                make_table(j, chosen[j], shared, layout, rule, partitions, powers, tables)
            exponents[c] += tables.exponents[j, chosen[j]]
            doubtful[c] = doubtful[c] or tables.doubtful[j, chosen[j]]
            if tables.counts[j, chosen[j]]:
                if varying < 2:
                    pair[2 * varying], pair[2 * varying + 1] = j, chosen[j]
                varying += 1
            if changed <= j < width - 1:
                multiply_into(products[j], tables.ways[j, chosen[j]], products[j + 1])
        decision = decision_of(chosen, layout, rule, tables)
        factor = tables.ways[width - 1, chosen[width - 1]]
        once = summed(products[width - 1, 0], factor[0], partitions.once[decision])
        expanded = summed(products[width - 1, 1], factor[1], partitions.expanded[varying, decision])
        if decision != ZERO and decision != everything:
            exponents[c] += powers.exponents[varying]
            if varying == 2:
                of_four, all_of_them = parities(pair, decision, everything, shared.ways, tables, partitions)
                once, expanded = once - of_four, expanded - all_of_them
        counts[c, 0], counts[c, 1] = np.int64(once), np.int64(expanded)
    return counts, exponents, doubtful
