"""What the components of a transformer write in circuits, each run once per distinct input, in every scenario at once.

Arrays are told apart by their bits, and each is known by a number. So a component that gets the same sum again, in
another circuit, is not run again; and two circuits whose nodes have the same numbers are in the same state.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..common.shapes import Float
from ..model.criterion import Criterion
from .parts import Layer, keys, normed, pattern, queries, written
from .residual_stream import ResidualStream

# Bytes of sums that are kept; those dropped are added again where they are needed.
MOST_BYTES_OF_SUMS = 1 << 28
# What telling one number apart takes, in candidate evaluations; and how many products as long as one of these.
STEPS_PER_NUMBER, PRODUCTS_PER_STEP = 2, 16
# How many numbers an MLP reads at once.
NUMBERS_AT_ONCE = 1 << 18


class Values:
    """Arrays by number: equal arrays, bit by bit, have equal numbers."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._arrays: dict[int, np.ndarray] = {}
        self._sums: OrderedDict[int, np.ndarray] = OrderedDict()
        self._made: dict[int, tuple[int, int]] = {}
        self._bytes_of_sums = 0
        self.bytes = 0

    def number_of(self, array: np.ndarray) -> int:
        """The number of an array that is kept."""
        array = _comparable(array)
        number = self._number(array)
        if number not in self._arrays:
            self._arrays[number] = array
            self.bytes += array.nbytes
        return number

    def number_of_sum(self, one: int, other: int) -> int:
        """The number of the sum of two, which is kept as long as there is room."""
        array = _comparable(self[one] + self[other])
        number = self._number(array)
        if number not in self._arrays and number not in self._sums:
            self._made.setdefault(number, (one, other))
            self._keep(number, array)
        return number

    def __getitem__(self, number: int) -> np.ndarray:
        found = self._arrays.get(number)
        if found is not None:
            return found
        if number in self._sums:
            self._sums.move_to_end(number)
            return self._sums[number]
        one, other = self._made[number]
        array = _comparable(self[one] + self[other])
        self._keep(number, array)
        return array

    def _number(self, array: np.ndarray) -> int:
        key = (array.shape, hashlib.blake2b(array, digest_size=16).digest())  # type: ignore[arg-type]
        return self._numbers.setdefault(key, len(self._numbers))

    def _keep(self, number: int, array: np.ndarray) -> None:
        self._sums[number] = array
        self._bytes_of_sums += array.nbytes
        while self._bytes_of_sums > MOST_BYTES_OF_SUMS and len(self._sums) > 2:
            self._bytes_of_sums -= self._sums.popitem(last=False)[1].nbytes


def _comparable(array: np.ndarray) -> np.ndarray:
    """An array of which equal ones have equal bits: 0 has one sign."""
    return np.ascontiguousarray(array + 0.0)


@dataclass(frozen=True, eq=False)
class Component:
    """A node that computes.

    Attributes:
        node: its place among all nodes, `input` (or `embed`) being 0.
        layer: the number of its layer; as many as there are layers for `logits`.
        head: which head it is; None for an MLP and for `logits`.
        parents: how many nodes there are before it that it can read: those before this place.
        positions: at which what it writes is needed.
    """

    node: int
    layer: int
    head: int | None
    parents: int
    positions: tuple[int, ...]


class Components:
    """The nodes of a transformer, run in every scenario of a criterion at once."""

    def __init__(self, criterion: Criterion[ResidualStream]) -> None:
        self.model, self.criterion, self.values = criterion.model, criterion, Values()
        self.parts = _components(self.model)
        self.steps = 0
        self._steps_per_product = STEPS_PER_NUMBER + self.model.d_model // PRODUCTS_PER_STEP
        self._known: dict[Hashable, int] = {}
        self._sums: dict[tuple[int, int], int] = {}
        self._computed: dict[tuple[int, int], int] = {}
        last = max(self.model.answered) + 1
        self._seen = tuple(range(last if self.model.causal else self.model.features))
        embedded = self.model.first_stage(criterion.bases)
        self.inputs = tuple(self.values.number_of(one[:, list(self._seen)]) for one in embedded)
        self.removed = tuple(map(self.values.number_of, self._removed(embedded.shape[1:])))

    def _removed(self, shape: tuple[int, ...]) -> list[np.ndarray]:
        """What an edge outside a circuit carries of each node but `logits`, where it is needed."""
        every = [
            state[:, place].reshape(shape)
            for state, size in zip(self.criterion.ablated, self.model.graph.sizes, strict=False)
            for place in range(size)
        ]
        return [one[:, list(self._written_at(node))] for node, one in enumerate(every)]

    def _written_at(self, node: int) -> tuple[int, ...]:
        """The positions at which what a node writes is known."""
        return self._seen if node < len(self.inputs) else self.parts[node - len(self.inputs)].positions

    def start(self, part: Component, slot: int) -> int:
        """The sum without any parent: the constant of the stream."""
        key = ("start", part.node, slot)
        if key not in self._known:
            bias = self.model.bias_before(part.layer, mlp=part.head is None and part.layer < len(self.model.layers))
            shape = (len(self.criterion.base), len(self.positions(part, slot)), self.model.d_model)
            self._known[key] = self.values.number_of(np.broadcast_to(bias, shape))
        return self._known[key]

    def carried(self, parent: int, value: int, part: Component, slot: int) -> int:
        """What a parent, the node of this number, adds to a slot by a value."""
        return self._cut(value, self._written_at(parent), self.positions(part, slot))

    def added(self, total: int, carried: int) -> int:
        """A sum with what one more parent adds."""
        key = total, carried
        found = self._sums.get(key)
        if found is None:
            found = self._sums[key] = self.values.number_of_sum(total, carried)
            self.steps += self.values[found].size * STEPS_PER_NUMBER
        return found

    def positions(self, part: Component, slot: int) -> tuple[int, ...]:
        """The positions at which a slot is needed: of queries those of the head, of keys and values all that are."""
        return part.positions if part.head is None or slot == 0 else self._seen

    def looked(self, part: Component, asked: int, found: int) -> int:
        """The pattern of a head, given what its slots q and k receive."""
        layer, head = self._layer(part)

        def run() -> int:
            q, k = queries(layer, head, self.values[asked]), keys(layer, head, self.values[found])
            seen = self.model.sees[np.ix_(part.positions, self._seen)]
            return self.values.number_of(pattern(q, k, self.model.divisor(layer), seen))

        return self._once(("pattern", part.node, asked, found), run)

    def said(self, part: Component, received: int) -> int:
        """What a head would write for each position, given what its slot v receives."""
        layer, head = self._layer(part)
        return self._once(
            ("said", part.node, received),
            lambda: self.values.number_of(written(layer, head, self.values[received])),
        )

    def mixed(self, part: Component, looked: int, said: int) -> int:
        """What a head writes."""
        return self._once(
            ("mixed", part.node, looked, said),
            lambda: self.values.number_of(self.values[looked] @ self.values[said]),
        )

    def writes_nothing(self, said: int) -> bool:
        """Whether a head that would write this for each position writes 0 wherever it looks."""
        return not self.values[said].any()

    def computed(self, part: Component, received: Sequence[int]) -> list[int]:
        """What an MLP writes, given each thing that it may receive: several are run at once."""
        layer = self.model.layers[part.layer]
        new = [one for one in dict.fromkeys(received) if (part.node, one) not in self._computed]
        size = self.values[received[0]].size
        at_once = max(1, NUMBERS_AT_ONCE // size)
        for some in (new[k : k + at_once] for k in range(0, len(new), at_once)):
            streams = normed(layer.ln2, np.stack([self.values[one] for one in some]))
            wrote = layer.mlp(streams.reshape(-1, streams.shape[-1]), self.model.activation)  # type: ignore[misc]
            for one, array in zip(some, wrote.reshape(streams.shape), strict=True):
                self._computed[part.node, one] = self.values.number_of(array)
        self.steps += len(new) * size * self._steps_per_product
        return [self._computed[part.node, one] for one in received]

    def at_answers(self, parent: int, value: int) -> int:
        """What a parent of `logits` writes at the answer positions by a value."""
        return self._cut(value, self._written_at(parent), self.parts[-1].positions)

    def answers(self, values: Sequence[int]) -> Float[np.ndarray, "values scenarios numbers"]:
        """What is added to the last slot by what is written at the answer positions: to the contrasts of the outputs
        or, before a last norm, to the stream."""
        streams = np.stack([self.values[one] for one in values])
        if self.model.ln_final is not None:
            return streams.reshape(*streams.shape[:2], -1)
        read = (streams @ self.model.read_matrix).reshape(*streams.shape[:2], -1)
        return (read.swapaxes(0, 1) @ self.criterion.contrasts.swapaxes(1, 2)).swapaxes(0, 1)

    @cached_property
    def constant(self) -> Float[np.ndarray, "scenarios numbers"]:
        """What the outputs receive beside their edges, as `answers` gives it."""
        scenarios, answers = len(self.criterion.base), len(self.model.answered)
        bias = self.model.bias_before(len(self.model.layers), mlp=False)
        if self.model.ln_final is not None:
            return np.tile(bias, (scenarios, answers))
        read = np.tile(bias @ self.model.read_matrix + self.model.read_bias, answers)
        return self.criterion.contrasts @ read

    def _layer(self, part: Component) -> tuple[Layer, int]:
        return self.model.layers[part.layer], part.head or 0

    def _cut(self, value: int, known: tuple[int, ...], positions: tuple[int, ...]) -> int:
        """A value that is known at some positions, at others of which it is asked."""
        if known == positions:
            return value
        where = [known.index(one) for one in positions]
        return self._once(("cut", value, known, positions), lambda: self.values.number_of(self.values[value][:, where]))

    def _once(self, key: Hashable, run: Callable[[], int]) -> int:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = run()
            per_number = STEPS_PER_NUMBER if key[0] == "cut" else self._steps_per_product  # type: ignore[index]
            self.steps += self.values[found].size * per_number
        return found


def _components(model: ResidualStream) -> tuple[Component, ...]:
    """The nodes that compute, in order."""
    last = max(model.answered) + 1
    seen = tuple(range(last if model.causal else model.features))
    found: list[Component] = []
    before = model.graph.sizes[0]
    for k, layer in enumerate(model.layers):
        positions = model.answered if k == len(model.layers) - 1 else seen
        heads = layer.attention.heads
        found += [Component(before + h, k, h, before, positions) for h in range(heads)]
        before += heads
        if layer.mlp is not None:
            found.append(Component(before, k, None, before, positions))
            before += 1
    return (*found, Component(before, len(model.layers), None, before, model.answered))
