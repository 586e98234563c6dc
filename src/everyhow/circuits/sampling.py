"""Circuits that meet a criterion, drawn uniformly."""

import numpy as np
from jaxtyping import UInt64

from ..activations import activation
from ..errors import InputError
from .circuit import Circuit, edge_positions
from .count import count_as_decided
from .criterion import Criterion
from .listing import listable, whole_prefixes_of, without_copies
from .search import Search
from .space import circuits_in_space

# Random edge sets are tried first: at most so many, and one for so many circuits of the space.
MOST_TRIED, CIRCUITS_PER_TRY, TRIED_AT_ONCE = 1 << 24, 64, 1 << 18


def sample_circuits(criterion: Criterion, size: int, seed: int = 0) -> tuple[Circuit, ...]:
    """`size` circuits that meet `criterion`, drawn independently and uniformly with replacement.

    Where the space is large, random edge sets are tried first, and those kept that are circuits and meet the
    criterion; what is still missing then is drawn by counting. Either way every circuit is equally likely.

    Raises:
        InputError: no circuit meets the criterion, or the network has more than 63 edges.
    """
    if size < 0:
        raise InputError(f"size is {size}; it is a number of circuits, at least 0")
    search = listable(criterion)
    generator = np.random.default_rng(seed)
    drawn: list[np.uint64] = []
    left = min(MOST_TRIED, circuits_in_space(criterion.network) // CIRCUITS_PER_TRY)
    while left > 0 and len(drawn) < size:
        tried = min(left, TRIED_AT_ONCE)
        drawn += _accepted(criterion, generator, tried)
        left -= tried
    drawn += _drawn_by_counting(criterion, search, size - len(drawn), generator)
    kept = without_copies(np.array(drawn[:size], np.uint64), criterion)
    return tuple(Circuit(criterion.network.widths, int(bits)) for bits in kept)


def _accepted(criterion: Criterion, generator: np.random.Generator, tried: int) -> list[np.uint64]:
    """Those of some random edge sets that are circuits and meet the criterion."""
    network = criterion.network
    positions = edge_positions(network.widths)
    real = sum(1 << p for (layer, j, i), p in positions.items() if network.weights[layer - 1][j, i] != 0)
    bits = generator.integers(0, 1 << 63, size=tried, dtype=np.uint64) & np.uint64(real)
    bits = _connected(bits, network.widths)
    return [one for start in range(0, len(bits), 4096) for one in _meeting(criterion, bits[start : start + 4096])]


def _connected(bits: UInt64[np.ndarray, " sets"], widths: tuple[int, ...]) -> UInt64[np.ndarray, " _circuits"]:
    """Those edge sets in which every hidden neuron has edges in and out, or none, and every output an edge in."""
    positions = edge_positions(widths)
    for layer in range(1, len(widths)):
        for j in range(widths[layer]):
            into = sum(1 << p for edge, p in positions.items() if edge[:2] == (layer, j))
            out = sum(1 << p for edge, p in positions.items() if edge[::2] == (layer + 1, j))
            needed = bits & np.uint64(out) != 0 if layer < len(widths) - 1 else True
            bits = bits[(bits & np.uint64(into) != 0) == needed]
    return bits


def _meeting(criterion: Criterion, bits: UInt64[np.ndarray, " circuits"]) -> UInt64[np.ndarray, " _kept"]:
    """Those circuits that meet the criterion, by running each."""
    network = criterion.network
    positions = edge_positions(network.widths)
    state = np.broadcast_to(criterion.bases, (len(bits), *criterion.bases.shape))
    z = state
    for layer, (w, b, name) in enumerate(zip(network.weights, network.biases, network.activations, strict=True)):
        places = np.array([[positions[layer + 1, j, i] for i in range(w.shape[1])] for j in range(w.shape[0])])
        inside = np.where(bits[:, None, None] >> places.astype(np.uint64) & np.uint64(1), w, 0.0)
        z = state @ inside.transpose(0, 2, 1) + criterion.ablated[layer] @ (w - inside).transpose(0, 2, 1) + b
        state = activation(name)(z)
    low, high = criterion.limits(0.0)
    reached = z.reshape(len(bits), -1)
    return bits[((reached > low) & (reached <= high)).all(axis=1)]


def _drawn_by_counting(
    criterion: Criterion, search: Search, size: int, generator: np.random.Generator
) -> list[np.uint64]:
    """A prefix is drawn in proportion to its pairs of half sums inside the box, then a pair; one that leaves a neuron
    unused is drawn again.

    Cost: one counting walk over all prefixes, then one more per distinct prefix drawn.
    """
    from ..kernels.circuits import pick_circuits

    if size <= 0:
        return []
    limits = np.stack([criterion.limits(0.0)] * 2)
    nothing = np.empty(0, np.int64)

    def pick(prefix: tuple, ranks: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
        masks, prefix_bits, _ = prefix
        bits, cover = np.zeros(len(ranks), np.uint64), np.zeros(len(ranks), np.int64)
        pairs = pick_circuits(
            masks, prefix_bits, ranks, bits, cover, search.layout, search.all_inputs, search.all_outputs, limits
        )
        return int(pairs), bits, cover

    prefixes = list(whole_prefixes_of(search))
    pairs = np.array([pick(prefix, nothing)[0] for prefix in prefixes], dtype=float)
    if not pairs.any():
        raise InputError("no circuit meets the criterion, so none can be drawn")
    drawn: list[np.uint64] = []
    while len(drawn) < size:
        chosen = generator.choice(len(prefixes), size=2 * (size - len(drawn)), p=pairs / pairs.sum())
        found = {}
        for index in np.unique(chosen):
            ranks = np.sort(generator.integers(int(pairs[index]), size=int((chosen == index).sum())))
            _, bits, cover = pick(prefixes[index], ranks)
            # The picks come sorted by rank; shuffled, they can be handed out one by one.
            shuffled = generator.permutation(len(bits))
            found[index] = iter(
                zip(bits[shuffled], cover[shuffled] & prefixes[index][2] == prefixes[index][2], strict=True)
            )
        for index in chosen:
            bits, whole = next(found[index])
            if whole:
                drawn.append(bits)
        if not drawn and not count_as_decided(criterion):
            raise InputError("no circuit meets the criterion, so none can be drawn")
    return drawn[:size]
