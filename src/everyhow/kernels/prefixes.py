"""Prefixes: the parents chosen by every neuron of all layers before the last hidden one.

Prefixes are counted down like a number whose digits are the neurons' sets of parents. So each batch is made from the
last prefix of the batch before, in constant memory, and threads can work on batches that nobody has listed.

Arrays: `widths` (layers + 1,), `available` (layers, widest) bit sets of parents with a non-zero weight, `masks`
(prefixes, layers, widest) the chosen parents, 0 for a neuron left out.
"""

import numpy as np

from .compiling import njit


@njit(cache=True, nogil=True)
def used_neurons(masks, layer, widths, first):
    """The neurons that layer `layer` of one prefix, `masks` (layers, widest), may use, as a bit set: the inputs in
    `first`, later the neurons with parents."""
    if layer == 0:
        return first
    used = 0
    for j in range(widths[layer]):
        if masks[layer - 1, j]:
            used |= 1 << j
    return used


@njit(cache=True, nogil=True)
def fill_from(masks, start, widths, available, first):
    """Give every neuron of the layers `start` and after all the parents it can have, in one prefix, `masks` (layers,
    widest)."""
    for layer in range(start, masks.shape[0]):
        used = used_neurons(masks, layer, widths, first)
        for j in range(widths[layer + 1]):
            masks[layer, j] = available[layer, j] & used


@njit(cache=True, nogil=True)
def next_prefixes(state, widths, available, first, out):
    """Copy up to len(out) prefixes into `out` (prefixes, layers, widest), beginning with `state` (layers, widest),
    which is moved on; returns how many, and whether there are more. Prefixes come in descending order of their bits,
    the first neuron varying slowest."""
    layers = state.shape[0]
    for count in range(len(out)):
        # By hand: assigning a slice would compile a message about shapes, which takes a second.
        for layer in range(layers):
            for j in range(state.shape[1]):
                out[count, layer, j] = state[layer, j]
        # The last neuron that has parents gets the next smaller set of those it may have; all after it start anew.
        moved = False
        for layer in range(layers - 1, -1, -1):
            used = used_neurons(state, layer, widths, first)
            for j in range(widths[layer + 1] - 1, -1, -1):
                if state[layer, j]:
                    # Subtracting 1 and masking goes through the subsets in descending order.
                    state[layer, j] = (state[layer, j] - 1) & available[layer, j] & used
                    for later in range(j + 1, widths[layer + 1]):
                        state[layer, later] = available[layer, later] & used
                    fill_from(state, layer + 1, widths, available, first)
                    moved = True
                    break
            if moved:
                break
        if not moved:
            return count + 1, False
    return len(out), True


@njit(cache=True, nogil=True)
def whole_prefixes(prefixes, widths, positions, bits, present):
    """For each prefix, fill `bits` (prefixes,) with its edges and `present` (prefixes,) with the neurons of its last
    layer, which the last hidden layer must use; `present` is -1 where a neuron of an earlier layer is not used. Without
    layers `present` is 0: the inputs may stay unused. `positions` is that of a Layout."""
    for k in range(len(prefixes)):
        bits[k] = np.uint64(0)
        present[k] = 0
        for layer in range(prefixes.shape[1]):
            reached = 0
            here = 0
            for j in range(widths[layer + 1]):
                parents = prefixes[k, layer, j]
                reached |= parents
                if parents:
                    here |= 1 << j
                for i in range(widths[layer]):
                    if parents >> i & 1:
                        bits[k] |= np.uint64(1) << positions[layer, j, i]
            # The parents chosen here must be all present neurons of the layer before.
            if layer and reached != present[k]:
                present[k] = -1
                break
            present[k] = here
