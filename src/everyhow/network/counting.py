"""Exact counts of the circuits that meet a criterion, by size, without listing them."""

import hashlib
from collections.abc import Iterator
from functools import partial

import numpy as np

from ..common.execution import IN_THREADS, Execution
from ..common.threads import waiting_for
from ..model.criterion import Criterion
from ..model.model import CircuitCount, by_edges, counted_by_edges
from .feed_forward import FeedForward
from .layout import Search, goal_of, laid_out, steps_in_doubt
from .listing import is_listable, list_possible, unbounded
from .running import certain_and_possible, masks_of

# Circuits run one by one, at most, where a bound for all together does not settle them.
MOST_SETTLED = 1 << 20
# Pairs of half sums of one prefix, from which on its count may take seconds.
MANY_PAIRS = 1 << 24
UNBOUNDED = np.array([-np.inf, np.inf])[:, None]


def count_circuits(
    criterion: Criterion[FeedForward],
    every_input_used: bool = False,
    most_neurons: int | None = None,
    execution: Execution = IN_THREADS,
) -> CircuitCount:
    """The number of circuits that meet `criterion`, exactly, by number of edges.

    Split and count: for each choice of parents in all layers but the last hidden one, the outputs' pre-activations
    are a sum of independent choices, one per last hidden neuron; the neurons are split in two halves and the pairs of
    half sums inside the box of allowed decisions are counted, whole groups of two kd-trees at once. Inclusion-
    exclusion removes circuits in which a neuron, an output (or, if asked, an input) has no edge.

    Cost: (prefixes) x (pairs of groups near a decision boundary). Nothing is listed, unless sums are so large that a
    bound for all circuits together leaves some open: then up to a million circuits are run one by one, each with a
    bound of its own.

    Args:
        criterion: what a circuit must do.
        every_input_used: leave out circuits in which an input has no edge.
        most_neurons: leave out circuits with more hidden neurons than this.
        execution: where the work is done, how far it is shown to be, and where it can be taken up again.

    Example:
        >>> from everyhow import Behavior, parse_task, xornet
        >>> from everyhow.model.criterion import perfect
        >>> count_circuits(perfect(xornet(), Behavior.of_task(parse_task("XOR")))).between
        (1, 1)
    """
    total = _count(criterion, criterion.certified_limits, every_input_used, most_neurons, execution)
    found = CircuitCount(*map(by_edges, total))
    if criterion.is_beyond_rounding:
        return found
    if not np.isfinite(criterion.margins).all() or steps_in_doubt(criterion):
        everything = unbounded(criterion)
        limits = np.broadcast_to(UNBOUNDED, (2, 2, criterion.margins.size))
        total = _count(everything, limits, every_input_used, most_neurons, execution)
        found = CircuitCount({}, by_edges(total[1]))
    is_plain = not every_input_used and most_neurons is None
    if found.certified or not is_plain or not is_listable(criterion.model) or found.between[1] > MOST_SETTLED:
        return found
    bits = np.concatenate([np.empty(0, np.uint64), *list_possible(criterion)])
    settled = certain_and_possible([criterion], masks_of(criterion, bits))
    return counted_by_edges(np.bitwise_count(bits), *settled)


def count_as_decided(criterion: Criterion[FeedForward]) -> int:
    """The number of circuits that meet `criterion` as float64 arithmetic happens to decide ties."""
    return int(_count(criterion, criterion.limits_as_decided(), False, None, IN_THREADS)[0].sum())


def _count(
    criterion: Criterion[FeedForward],
    limits: np.ndarray,
    every_input_used: bool,
    most_neurons: int | None,
    execution: Execution,
) -> np.ndarray:
    """Circuits inside the first and inside the second box of `limits`, by number of edges: (2, edges + 1)."""
    network = criterion.model
    search, goal = laid_out(criterion), goal_of(criterion, limits)
    # Counting by ranks is faster, but takes finite sums, and no scenario in which a circuit may be wrong.
    by_ranks = not criterion.allowed and bool(np.isfinite(criterion.margins).all())
    allowed = None if by_ranks else criterion.allowed
    hidden = sum(network.widths[1:-1])
    # The label of a circuit is its edges plus, where neurons matter, `step` for each of its hidden neurons.
    step = network.edges + 1
    neuron_label = 0 if most_neurons is None else step
    labels = step if most_neurons is None else step * (hidden + 1)
    if not hidden:
        # The copying layer that stands in for a hidden one adds an edge per neuron, which is not an edge of the
        # network.
        neuron_label = -1
    inputs = tuple(subsets(search.all_inputs)) if every_input_used else (search.all_inputs,)
    signs = sum((-1) ** (search.all_inputs & ~first).bit_count() for first in inputs)
    prefixes = [search.number_of_prefixes(first) for first in inputs]
    total = signs * _nothing_fed(search, labels, goal, allowed) + execution.total(
        partial(_signed, search, goal, allowed, neuron_label, labels),
        ((first, batch) for first in inputs for batch in search.prefixes(first)),
        None if None in prefixes else sum(filter(None, prefixes)),
        np.zeros((2, labels), np.int64),
        _identity(search, goal, criterion.allowed, inputs, neuron_label),
    )
    total[1] += total[0]
    kept = labels if most_neurons is None else step * (most_neurons + 1)
    return total[:, :kept].reshape(2, -1, step).sum(axis=1)


def _signed(
    search: Search, goal: np.ndarray, allowed: float | None, neuron_label: int, labels: int, job: tuple[int, np.ndarray]
) -> tuple[int, np.ndarray]:
    """How many prefixes a batch has, and its signed part of the count, (2, labels)."""
    if search.most_pairs < MANY_PAIRS:
        return _signed_here(search, goal, allowed, neuron_label, labels, job)
    return waiting_for(lambda: _signed_here(search, goal, allowed, neuron_label, labels, job))


def _signed_here(
    search: Search, goal: np.ndarray, allowed: float | None, neuron_label: int, labels: int, job: tuple[int, np.ndarray]
) -> tuple[int, np.ndarray]:
    first, prefixes = job
    unused = (search.all_inputs & ~first).bit_count()
    asked = partial(_counted, search, goal, allowed, neuron_label, labels)
    parts = [
        (-1) ** (unused + (search.all_outputs & ~feeding).bit_count()) * asked(prefixes, first, feeding)
        for feeding in subsets(search.all_outputs)
        if feeding
    ]
    return len(prefixes), np.sum(parts, axis=0)


def _counted(
    search: Search,
    goal: np.ndarray,
    allowed: float | None,
    neuron_label: int,
    labels: int,
    prefixes: np.ndarray,
    first: int,
    feeding: int,
) -> np.ndarray:
    """The signed count of prefixes, by ranks or, where there is an error that is `allowed`, by trees: (2, labels)."""
    from ..kernels import circuits

    asked = first, feeding, neuron_label, labels, goal
    if allowed is not None:
        return circuits.count_circuits(prefixes, search.layout, *asked, allowed)
    if search.most_pairs <= circuits.PLAIN_PAIRS:
        count = circuits.count_small_prefixes
    elif search.most_offsets < circuits.MANY_OFFSETS:
        count = circuits.count_circuits_by_ranks
    else:
        count = circuits.count_circuits_of_many
    return count(prefixes, search.layout, search.parts, *asked)


def _nothing_fed(search: Search, labels: int, goal: np.ndarray, allowed: float | None) -> np.ndarray:
    """The count when no output may be fed: the coefficients of all prefixes sum to one circuit without edges."""
    # The prefix without edges, of which nothing is fed, stands for that circuit alone.
    nothing = np.zeros((1, len(search.layout.weights) - 2, search.layout.available.shape[1]), np.int64)
    found = _counted(search, goal, allowed, 0, labels, nothing, 0, 0)
    return (-1) ** search.all_outputs.bit_count() * found


def _identity(search: Search, goal: np.ndarray, allowed: float, inputs: tuple[int, ...], neuron_label: int) -> str:
    """What is counted, as a digest: equal for equal counts, on every machine."""
    digest = hashlib.sha256(repr((inputs, neuron_label, allowed, search.at_once)).encode())
    for array in (*search.layout, goal):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def subsets(full: int) -> Iterator[int]:
    """All subsets of a bit set, itself first and the empty one last."""
    subset = full
    while True:
        yield subset
        if not subset:
            return
        subset = (subset - 1) & full
