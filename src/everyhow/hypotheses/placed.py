"""A hypothesis in a model: what carries each variable there, and every interchange of these, sets of neurons and codes
alike.

The mappings of an audit go through `mapping.interchange`, which knows sets of neurons only. What stands here makes the
runs of algorithms and causal models, with neurons and codes in any mixture. Of a mapping it finds what
`mapping.interchange` finds.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, singledispatch
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ..boolean.algorithms import Algorithm
from ..boolean.cost import CostModel
from ..boolean.truth_table import TruthTable
from ..common.errors import InputError
from ..common.progress import Progress
from ..mapping.causal_models import CausalModel
from ..mapping.mapping import Mapping
from ..mapping.placeable import Holding, Placeable
from ..mapping.signatures import NeuronSet
from ..model.behavior import Behavior
from ..model.decision import decide, level_for
from ..model.explanation import Explanation, Place
from ..model.graph import Graph
from ..model.model import Model
from ..model.runnable import BOUNDARY_SHIFT, Intervention, Runs
from ..readout.explanation import independent
from ..readout.span import Span, reads_all
from .carriers import Carried, Code
from .hypothesis import Stated, title_of, variables_of

SILENT = Progress()
# Runs of the model made at once.
RUNS_AT_ONCE = 1 << 15


@dataclass(frozen=True)
class Disagreed:
    """A run in which model and hypothesis disagree; variables and inputs by their numbers.

    Attributes:
        forced: each forced variable with the input that it takes its value from.
        base: the input of the run.
        predicted: what the hypothesis decides.
        left: by `transitive`, the variable that is held in the state in which the forced ones leave it, and the input
            at which it was left so; None when the forced variables themselves act at the base.
    """

    forced: tuple[tuple[int, int], ...]
    base: int
    predicted: bool
    left: tuple[int, int] | None = None


@dataclass(frozen=True)
class Unmoved:
    """A run in which what carries no variable changes a decision.

    Attributes:
        layer: whose state, but for what carries its variables, is taken from another input.
        kept: the names of what source and base agree on.
        source: the input that the rest of the layer is taken from.
        base: the input of the run.
    """

    layer: int
    kept: tuple[str, ...]
    source: int
    base: int


@dataclass(frozen=True)
class Tried:
    """What came of the runs that a rung asks for.

    Attributes:
        fault: the first run that goes against the hypothesis; None where there is none.
        ties: how many runs, of those made, leave the output on its decision boundary.
    """

    fault: Disagreed | Unmoved | None
    ties: int


@dataclass(frozen=True, eq=False, repr=False)
class PlacedHypothesis(Explanation):
    """A hypothesis in a model over some inputs, each variable with what carries it.

    Attributes:
        model: of one output.
        behavior: the inputs, and the decisions of the model there.
        stated: the algorithm or the causal model.
        placeable: what it decides, and which values its variables have.
        carriers: what carries each variable.
        runs: the model run whole at the inputs.
    """

    kind = "hypothesis"

    model: Model
    behavior: Behavior
    stated: Stated
    placeable: Placeable
    carriers: tuple[Carried, ...]
    runs: Runs

    @property
    def names(self) -> tuple[str, ...]:
        """What the variables are called."""
        return variables_of(self.stated)

    def __repr__(self) -> str:
        return f"PlacedHypothesis({self.title}: {self.named()})"

    @property
    def stored(self) -> str:
        """What is stated, and where."""
        return repr(self)

    @property
    def title(self) -> str:
        """What is stated, without where."""
        return title_of(self.stated)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the variables."""
        return self.names

    @property
    def places(self) -> tuple[Place, ...]:
        """The layer and the neurons of each variable, those of a code being the neurons in it."""
        return tuple((carrier.layer, carrier.neurons) for carrier in self.carriers)

    @property
    def inputs(self) -> int:
        """How many bits of an input the variables are functions of."""
        bits = self.behavior.bits
        return self.model.features if bits is None else bits.shape[1]

    @property
    def swappable(self) -> bool:
        """Whether the codes of each layer are independent."""
        try:
            return len(self.directions) >= 0
        except InputError:
            return False

    @property
    def functions(self) -> tuple[TruthTable, ...]:
        """Nothing: what is stated is what is priced."""
        return ()

    def named(self, graph: Graph | None = None) -> str:
        """What carries each variable, by name."""
        pairs = zip(self.names, (self.carrier(k) for k in range(len(self.names))), strict=True)
        return "; ".join(f"{name} in {carrier}" for name, carrier in pairs) or "no variable to place"

    def in_short(self, graph: Graph | None = None) -> str:
        """What carries each variable, and that this is a hypothesis."""
        return f"a hypothesis: {self.named(graph)}"

    def cost(self, prices: CostModel | None = None) -> float:
        """What the gates of an algorithm cost; infinitely much of a causal model, whose mechanisms have no price."""
        mapping = self.mapping
        return math.inf if mapping is None else (prices or CostModel()).of_algorithm(mapping.algorithm)

    def document(self) -> dict[str, Any]:
        """What is stated, and what carries each variable."""
        return {"states": self.title, "places": {name: self.carrier(k) for k, name in enumerate(self.names)}}

    @property
    def count(self) -> int:
        """How many inputs there are."""
        return len(self.behavior.points)

    @cached_property
    def natural(self) -> list[Float[np.ndarray, "inputs numbers"]]:
        """The state of every stage at each input, as a row of numbers."""
        return [state.reshape(len(state), -1) for state in self.runs.states]

    @cached_property
    def own(self) -> list[list[int]]:
        """The value of each variable at each input."""
        return [self.placeable.given(k).astype(int).tolist() for k in range(len(self.names))]

    @cached_property
    def directions(self) -> dict[int, Float[np.ndarray, " numbers"]]:
        """For each variable that a code carries, the least change of its layer's state that raises the code by 1 and
        changes no other code of the layer, nor neurons that carry another variable.

        Raises:
            InputError: the codes of a layer are not independent.
        """
        found: dict[int, Float[np.ndarray, " numbers"]] = {}
        for layer in sorted({carrier.layer for carrier in self.carriers if is_code(carrier)}):
            codes = {k: _code(c).coefficients for k, c in enumerate(self.carriers) if is_code(c) and c.layer == layer}
            rows = np.array(list(codes.values()))
            if not independent(rows):
                told = ", ".join(self.carriers[k].named(self.model.graph) for k in codes)
                raise InputError(
                    f"the codes {told} are not independent, so that no change of the layer moves one of them alone; "
                    f"place one of these variables elsewhere"
                )
            found |= dict(zip(codes, np.linalg.pinv(rows).T, strict=True))
        return found

    def read(self, k: int, states: Float[np.ndarray, "runs numbers"]) -> Float[np.ndarray, "runs read"]:
        """What carries variable k in some states of its layer: the numbers of its neurons, or the value of its code."""
        carrier = self.carriers[k]
        if is_code(carrier):
            return states @ _code(carrier).coefficients[:, None]
        return states[:, self._columns(carrier)]

    def _columns(self, carrier: Carried) -> list[int]:
        numbers = self.model.graph.numbers[carrier.layer]
        return [numbers * j + i for j in carrier.neurons for i in range(numbers)]

    def moved(
        self, k: int, states: Float[np.ndarray, "runs numbers"], values: Float[np.ndarray, "runs read"]
    ) -> Float[np.ndarray, "runs numbers"]:
        """States of a layer with what carries variable k at other values."""
        if is_code(self.carriers[k]):
            return states + (values - self.read(k, states)) * self.directions[k]
        changed = states.copy()
        changed[:, self._columns(self.carriers[k])] = values
        return changed

    def held(self, layer: int, states: Float[np.ndarray, "runs numbers"]) -> Intervention:
        """A whole layer held in some states."""
        numbers, size = self.model.graph.numbers[layer], self.model.graph.sizes[layer]
        values = states if numbers == 1 else states.reshape(len(states), size, numbers)
        return Intervention(layer, tuple(range(size)), values)

    def interventions(
        self, bases: Int[np.ndarray, " runs"], forced: Sequence[int], sources: Int[np.ndarray, "runs forced"]
    ) -> list[Intervention]:
        """What carries out interchanges at `bases`: each forced variable takes its value from a source, the variables
        of earlier layers first."""
        found: list[Intervention] = []
        for layer in sorted({self.carriers[k].layer for k in forced}):
            states = self.model.states(self.behavior.points[bases], found)[layer].reshape(len(bases), -1)
            for k, column in zip(forced, sources.T, strict=True):
                if self.carriers[k].layer == layer:
                    states = self.moved(k, states, self.read(k, self.natural[layer])[column])
            found.append(self.held(layer, states))
        return found

    def decisions(self, outputs: Float[np.ndarray, "runs outputs"]) -> tuple[Bool[np.ndarray, " runs"], int]:
        """What runs decide, and how many of them lie on the decision boundary."""
        level = level_for(self.model, self.behavior.decision)
        near = ~(np.abs(outputs[:, 0] - level) > max(BOUNDARY_SHIFT, self.runs.margin))
        return decide(outputs[:, 0], self.behavior.decision, level)[0], int(near.sum())

    @cached_property
    def mapping(self) -> Mapping | None:
        """An algorithm with the neurons of each variable, those of a code being the neurons in it; None of a causal
        model."""
        return _mapping_of(self.stated, [NeuronSet(carrier.layer, carrier.neurons) for carrier in self.carriers])

    @cached_property
    def without_codes(self) -> bool:
        """Whether neurons carry every variable."""
        return not any(map(is_code, self.carriers))

    @cached_property
    def unordered(self) -> tuple[tuple[int, int], ...]:
        """The variables that do not lie in an earlier layer than one that is computed from them, each with that one."""
        layers = [carrier.layer for carrier in self.carriers]
        return tuple((k, v) for v, used in enumerate(_used(self.stated)) for k in used if layers[k] >= layers[v])

    def carrier(self, k: int) -> str:
        """What carries variable k, by name."""
        return self.carriers[k].named(self.model.graph)

    def carrier_parts(self, k: int) -> tuple[str, ...]:
        """What carries variable k, each neuron by its name, or the code."""
        one = self.carriers[k]
        if is_code(one):
            return (f"the code {self.carrier(k)}",)
        return tuple(self.model.graph.names[one.layer][j] for j in one.neurons)

    def called(self, number: int) -> str:
        """What the input of a number is called."""
        return self.behavior.name_of(number)

    def others(self, layer: int) -> tuple[str, ...]:
        """What carries no variable in a layer: neurons by name; where codes carry some, what the codes leave."""
        here = [carrier for carrier in self.carriers if carrier.layer == layer]
        if any(map(is_code, here)):
            return (f"the rest of layer {layer}",)
        taken = {j for carrier in here for j in carrier.neurons}
        return tuple(name for j, name in enumerate(self.model.graph.names[layer]) if j not in taken)

    def rank(self, layer: int) -> int:
        """How many directions the states of a layer span over the inputs, the constant aside."""
        return Span.of(self.natural[layer]).rank

    def reads_all(self, layer: int) -> bool:
        """Whether every Boolean signal has a code in a layer: it has as many independent neurons as that takes."""
        return reads_all(self.rank(layer), self.count)

    def signature(self, k: int) -> tuple[int, ...]:
        """What the model decides when variable k takes its value from each input: at each source, bits over the
        bases."""
        decided = [decisions for _, _, decisions in self._runs_of((k,))]
        table = np.concatenate(decided).reshape(self.count, self.count)
        return tuple(sum(1 << int(base) for base in np.flatnonzero(row)) for row in table)

    def _runs_of(self, forced: tuple[int, ...]) -> Iterator[tuple[np.ndarray, np.ndarray, Bool[np.ndarray, " runs"]]]:
        for bases, sources, _ in self._interchanges(forced):
            yield bases, sources, self._run(bases, forced, sources)[0]

    def agreement(self, sizes: Sequence[int], bar: Progress = SILENT) -> tuple[int, int]:
        """In how many interchanges of so many variables at once, each from a source of its own, at every base, model
        and hypothesis agree; and how many there are."""
        number = sum(math.comb(len(self.names), size) * self.count ** (size + 1) for size in sizes)
        made = bar.shares(self._agreeing(sizes), number, 0, "interchanges of several variables")
        return sum(agreeing for _, agreeing in made), number

    def _agreeing(self, sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
        """How many interchanges are made at once, and in how many of them model and hypothesis agree."""
        for forced in self._choices(sizes):
            for bases, sources, predicted in self._interchanges(forced):
                decided, _ = self._run(bases, forced, sources)
                yield len(decided), int((decided == predicted).sum())

    def tried(self, rung: str) -> Tried:
        """What comes of the runs of a rung: `joint`, `inert` or `transitive`; or `single`, one variable at a time."""
        tests = {"single": self._single, "joint": self._joint, "inert": self._inert, "transitive": self._transitive}
        ties = 0
        for fault, number in tests[rung]():
            ties += number
            if fault is not None:
                return Tried(fault, ties)
        return Tried(None, ties)

    def _choices(self, sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
        for size in sizes:
            yield from itertools.combinations(range(len(self.names)), size)

    def _single(self) -> Iterator[tuple[Disagreed | None, int]]:
        return self._forcing([1])

    def _joint(self) -> Iterator[tuple[Disagreed | None, int]]:
        return self._forcing(range(1, len(self.names) + 1))

    def _forcing(self, sizes: Sequence[int]) -> Iterator[tuple[Disagreed | None, int]]:
        for forced in self._choices(sizes):
            for bases, sources, predicted in self._interchanges(forced):
                decided, ties = self._run(bases, forced, sources)
                wrong = np.flatnonzero(decided != predicted)
                if len(wrong):
                    k = int(wrong[0])
                    taken = tuple(zip(forced, sources[k].tolist(), strict=True))
                    yield Disagreed(taken, int(bases[k]), bool(predicted[k])), ties
                yield None, ties

    def _interchanges(
        self, forced: tuple[int, ...]
    ) -> Iterator[tuple[Int[np.ndarray, " runs"], Int[np.ndarray, "runs forced"], Bool[np.ndarray, " runs"]]]:
        """Every choice of sources at every base, some at a time, with what the hypothesis predicts."""
        choices, at_once = itertools.product(range(self.count), repeat=len(forced)), RUNS_AT_ONCE // self.count
        while batch := list(itertools.islice(choices, max(1, at_once))):
            predicted = [
                self.placeable.decided(tuple((v, self.own[v][s]) for v, s in zip(forced, choice, strict=True)))
                for choice in batch
            ]
            bases = np.tile(np.arange(self.count), len(batch))
            yield bases, np.repeat(np.array(batch), self.count, axis=0), np.concatenate(predicted)

    def _run(
        self, bases: Int[np.ndarray, " runs"], forced: tuple[int, ...], sources: Int[np.ndarray, "runs forced"]
    ) -> tuple[Bool[np.ndarray, " runs"], int]:
        held = self.interventions(bases, forced, sources)
        return self.decisions(self.model.run(self.behavior.points[bases], held))

    def _inert(self) -> Iterator[tuple[Unmoved | None, int]]:
        count = self.count
        bases, sources = np.tile(np.arange(count), count), np.repeat(np.arange(count), count)
        whole, _ = self.decisions(self.runs.states[-1])
        for layer in sorted({carrier.layer for carrier in self.carriers}):
            here = [k for k, carrier in enumerate(self.carriers) if carrier.layer == layer]
            read = self.still_read(layer)
            agree = np.all([values[bases] == values[sources] for values in read.values()] or [bases >= 0], axis=0)
            # All of the layer is taken from the source, but for what carries its variables.
            states = self.natural[layer][sources[agree]]
            for k in here:
                states = self.moved(k, states, self.read(k, self.natural[layer])[bases[agree]])
            held = [self.held(layer, states)]
            decided, ties = self.decisions(self.model.run(self.behavior.points[bases[agree]], held))
            wrong = np.flatnonzero(decided != whole[bases[agree]])
            if len(wrong):
                k = int(np.flatnonzero(agree)[wrong[0]])
                yield Unmoved(layer, tuple(read), int(sources[k]), int(bases[k])), ties
            yield None, ties

    def still_read(self, layer: int) -> dict[str, np.ndarray]:
        """What the hypothesis still reads past a layer beside the variables held there, by its name, at each input: the
        inputs, and the variables of earlier layers, that a node reads which is not finished there. A node is not
        finished when it is the output, or a variable of a later layer."""
        layers = dict(zip(self.names, (carrier.layer for carrier in self.carriers), strict=True))
        return _still_read(self.stated, self, layers, layer)

    def _transitive(self) -> Iterator[tuple[Disagreed | None, int]]:
        reaching = self.reaching()
        for size in range(1, len(self.names)):
            for v in range(len(self.names)):
                for forced in itertools.combinations(reaching[v], size):
                    yield from self._left(v, forced)

    def reaching(self) -> list[tuple[int, ...]]:
        """For each variable those that may change it when they are forced: the variables of earlier layers, and those
        that it is computed from."""
        used, found = _used(self.stated), []
        for v, carrier in enumerate(self.carriers):
            below, waiting = set(), list(used[v])
            while waiting:
                k = waiting.pop()
                below.add(k)
                waiting += [one for one in used[k] if one not in below]
            earlier = {k for k, other in enumerate(self.carriers) if other.layer < carrier.layer}
            found.append(tuple(sorted((below | earlier) - {v})))
        return found

    def _left(self, v: int, forced: tuple[int, ...]) -> Iterator[tuple[Disagreed | None, int]]:
        """What carries variable v is held, at every base, as forced variables leave it at some input; the model decides
        as the hypothesis does when the variable has the value that it then has."""
        layer = self.carriers[v].layer
        for bases, sources, _ in self._interchanges(forced):
            held = self.interventions(bases, forced, sources)
            left = self.read(v, self.model.states(self.behavior.points[bases], held)[layer].reshape(len(bases), -1))
            given = [
                int(self.placeable.given(v, self._holding(forced, s))[b]) for b, s in zip(bases, sources, strict=True)
            ]
            at_once = max(1, RUNS_AT_ONCE // self.count)
            for start in range(0, len(bases), at_once):
                part = slice(start, start + at_once)
                decided, ties = self._acting(v, left[part])
                expected = np.array([self.placeable.decided(((v, value),)) for value in given[part]])
                wrong = np.argwhere(decided != expected)
                if len(wrong):
                    k, base = start + int(wrong[0][0]), int(wrong[0][1])
                    taken = tuple(zip(forced, sources[k].tolist(), strict=True))
                    yield Disagreed(taken, base, bool(expected[k - start, base]), (v, int(bases[k]))), ties
                yield None, ties

    def _acting(self, v: int, left: Float[np.ndarray, "rows read"]) -> tuple[Bool[np.ndarray, "rows inputs"], int]:
        """What the model decides at every input when what carries variable v is held at each row of values."""
        layer, rows = self.carriers[v].layer, len(left)
        states = self.moved(v, np.tile(self.natural[layer], (rows, 1)), np.repeat(left, self.count, axis=0))
        outputs = self.model.run(np.tile(self.behavior.points, (rows, 1)), [self.held(layer, states)])
        decided, ties = self.decisions(outputs)
        return decided.reshape(rows, self.count), ties

    def _holding(self, forced: Sequence[int], sources: np.ndarray) -> Holding:
        return tuple((u, self.own[u][int(s)]) for u, s in zip(forced, sources, strict=True))


@singledispatch
def is_code(carrier: Any) -> bool:
    """Whether a code carries a variable, and not neurons that are held themselves."""
    return False


@is_code.register
def _(carrier: Code) -> bool:
    return True


def _code(carrier: Any) -> Code:
    return carrier


@singledispatch
def _mapping_of(stated: Any, sets: Sequence[NeuronSet]) -> Mapping | None:
    return None


@_mapping_of.register
def _(stated: Algorithm, sets: Sequence[NeuronSet]) -> Mapping | None:
    return Mapping(stated, tuple(sets))


@singledispatch
def _used(stated: Any) -> list[tuple[int, ...]]:
    """For each variable the numbers of those that it is computed from directly."""
    raise TypeError(f"a {type(stated).__name__} has no variables")


@_used.register
def _(stated: Algorithm) -> list[tuple[int, ...]]:
    variables = stated.variables
    return [tuple(k for k, one in enumerate(variables) if one.user == v.path) for v in variables]


@_used.register
def _(stated: CausalModel) -> list[tuple[int, ...]]:
    return [
        tuple(k for k, name in enumerate(stated.inner) if name in stated.parents[variable]) for variable in stated.inner
    ]


@singledispatch
def _still_read(
    stated: Any, placed: PlacedHypothesis, layers: dict[str, int], layer: int
) -> dict[str, Bool[np.ndarray, " inputs"]]:
    raise TypeError(f"a {type(stated).__name__} has no variables")


@_still_read.register
def _(stated: Algorithm, placed: PlacedHypothesis, layers: dict[str, int], layer: int) -> dict[str, np.ndarray]:
    assert placed.mapping is not None
    rows = placed.behavior.rows
    return {
        name: np.array([bits >> row & 1 for row in rows]) for name, bits in placed.mapping.still_read(layer).items()
    }


@_still_read.register
def _(stated: CausalModel, placed: PlacedHypothesis, layers: dict[str, int], layer: int) -> dict[str, np.ndarray]:
    unfinished = [stated.output, *(name for name in stated.inner if layers[name] > layer)]
    read = {parent for name in unfinished for parent in stated.parents[name]}
    digits = np.array(list(itertools.product((0, 1), repeat=len(stated.inputs))))
    found = {name: digits[:, k] for k, name in enumerate(stated.inputs) if name in read}
    for k, name in enumerate(stated.inner):
        if name in read and layers[name] < layer:
            found[name] = np.array(placed.own[k])
    return found


@singledispatch
def read_last(stated: Any) -> tuple[int, ...]:
    """The variables, by their numbers, that the output is computed from directly."""
    raise TypeError(f"a {type(stated).__name__} has no variables")


@read_last.register
def _(stated: Algorithm) -> tuple[int, ...]:
    return tuple(k for k, variable in enumerate(stated.variables) if variable.user is None)


@read_last.register
def _(stated: CausalModel) -> tuple[int, ...]:
    return tuple(k for k, name in enumerate(stated.inner) if name in stated.parents[stated.output])
