"""One mapping of an algorithm: which neurons carry each of its variables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

from ..boolean.algorithms import Algorithm, Inner, Leaf, Path
from ..boolean.cost import CostModel
from ..boolean.truth_table import INPUT_NAMES, TruthTable, variable_bits
from ..model.explanation import Explanation
from ..model.graph import Graph, Node
from .choices import disjoint_choices
from .signatures import NeuronSet, sets_by_name


@final
@dataclass(frozen=True)
class Mapping(Explanation):
    """A neuron set for each variable of an algorithm, in the order of `algorithm.variables`, all disjoint.

    Two mappings of one algorithm are the same when the sets are.
    """

    kind = "mapping"

    algorithm: Algorithm
    sets: tuple[NeuronSet, ...]

    def __str__(self) -> str:
        if not self.sets:
            return "no variable to place"
        pairs = zip(self.algorithm.variables, self.sets, strict=True)
        return ", ".join(f"{variable.name} in {neurons}" for variable, neurons in pairs)

    def __repr__(self) -> str:
        return f"Mapping({self.algorithm}: {self})"

    def named(self, graph: Graph | None = None) -> str:
        """The neurons of each variable by name, such as NAND(A,B) in h1.2; see `NeuronSet.named`."""
        return sets_by_name((variable.name for variable in self.algorithm.variables), self.sets, graph)

    @property
    def placed(self) -> str:
        """Where the variables are, by layers, and neurons by their numbers there, or, where these have names of their
        own, by names: as files of every schema say it."""
        if not self.sets:
            return str(self)
        pairs = zip(self.parts, self.sets, strict=True)
        return ", ".join(f"{part} in {_stored(s)}" for part, s in pairs)

    @property
    def stored(self) -> str:
        """The algorithm and the places by layers."""
        return f"Mapping({self.algorithm}: {self.placed})"

    def in_short(self, graph: Graph | None = None) -> str:
        """The neurons of each variable by name, and that this is a mapping."""
        return f"a mapping: {self.named(graph)}"

    @property
    def title(self) -> str:
        """The algorithm."""
        return str(self.algorithm)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the variables."""
        return tuple(variable.name for variable in self.algorithm.variables)

    @property
    def nodes(self) -> tuple[tuple[Node, ...], ...]:
        """The nodes of each variable."""
        return tuple(s.nodes for s in self.sets)

    @property
    def inputs(self) -> int:
        """The inputs of the algorithm."""
        return self.algorithm.inputs

    @property
    def swappable(self) -> bool:
        """Always: the sets are disjoint."""
        return True

    @property
    def functions(self) -> tuple[TruthTable, ...]:
        """Nothing: the algorithm is the formula that is priced."""
        return ()

    def cost(self, prices: CostModel | None = None) -> float:
        """What the gates of the algorithm cost, by the default prices where none are given."""
        return (prices or CostModel()).of_algorithm(self.algorithm)

    def document(self) -> dict[str, Any]:
        """The algorithm, and the nodes of each variable as pairs of a stage and a number."""
        placed = zip(self.parts, self.sets, strict=True)
        return {
            "algorithm": self.title,
            "variables": [{"variable": part, "neurons": [list(node) for node in s.nodes]} for part, s in placed],
        }

    @property
    def ordered(self) -> bool:
        """Whether each variable's layer comes strictly before the layer of the variable that uses it; where places span
        layers, whether every node of a variable is in an earlier stage than every node of the one that uses it."""
        users, placed = {v.path: v.user for v in self.algorithm.variables}, self._placed
        return all(user is None or placed[path].last < placed[user].first for path, user in users.items())

    def still_read(self, layer: int) -> dict[str, int]:
        """What the algorithm still reads past a layer beside the variables held there: the inputs that a node not yet
        finished reads, and the variables of earlier layers that one reads. A node is not yet finished when it is the
        root or a variable of a later layer. Each by its name, with its truth table, inputs first.

        Example:
            >>> import everyhow as eh
            >>> gates = ([[1, 0, 0], [0, 1, 1]], [[1, 1]]), ([-0.5, -0.5], [-1.5]), ("sigmoid:40", "sigmoid:40")
            >>> algorithm = next(a for a in eh.algorithms("A AND (B OR C)", 2) if str(a) == "AND(A, OR(B,C))")
            >>> eh.mappings(eh.Network(*gates), algorithm)[0].still_read(1)
            {'A': 240}
        """
        layers, columns = {path: s.layer for path, s in self._placed.items()}, variable_bits(self.algorithm.inputs)
        variables = {variable.path: variable for variable in self.algorithm.variables}
        inputs, earlier = set(), {}
        for path, node in _inner_nodes(self.algorithm.tree, ()):
            if path and layers[path] <= layer:
                continue
            for side, operand in enumerate((node.left, node.right)):
                if isinstance(operand, Leaf):
                    inputs.add(operand.index)
                elif layers[*path, side] < layer:
                    earlier[variables[*path, side].name] = variables[*path, side].bits
        return {INPUT_NAMES[index]: columns[index] for index in sorted(inputs)} | earlier

    @property
    def read_at_the_root(self) -> dict[str, int]:
        """The inputs that the root reads directly, beside variables: all that the decision still depends on when every
        variable is held. Each by its name, with its truth table."""
        columns, root = variable_bits(self.algorithm.inputs), self.algorithm.tree
        leaves = sorted({operand.index for operand in (root.left, root.right) if isinstance(operand, Leaf)})
        return {INPUT_NAMES[index]: columns[index] for index in leaves}

    def reaching(self, v: int) -> tuple[int, ...]:
        """The variables that variable number `v` may depend on when they are forced: those with a node in an earlier
        stage than one of its own, which that one may see, and those that it is computed from."""
        path, last = self.algorithm.variables[v].path, self.sets[v].last
        placed = enumerate(zip(self.algorithm.variables, self.sets, strict=True))
        return tuple(u for u, (one, s) in placed if u != v and (s.first < last or one.path[: len(path)] == path))

    @property
    def _placed(self) -> dict[Path, NeuronSet]:
        """The place of each variable by its path."""
        return {v.path: s for v, s in zip(self.algorithm.variables, self.sets, strict=True)}


def _stored(neurons: NeuronSet) -> str:
    """A place as files say it."""
    if neurons.called or neurons.first != neurons.last:
        return "+".join(neurons.names())
    return f"layer {neurons.layer}: {'+'.join(map(str, neurons.neurons))}"


def _inner_nodes(tree: Inner, path: Path) -> Iterator[tuple[Path, Inner]]:
    """The gates of a tree by their paths, each before those below it."""
    yield path, tree
    for side, operand in enumerate((tree.left, tree.right)):
        if isinstance(operand, Inner):
            yield from _inner_nodes(operand, (*path, side))


def mappings_of(algorithm: Algorithm, options: Sequence[Sequence[NeuronSet]]) -> Iterator[Mapping]:
    """All mappings that give each variable one of its `options`, the sets being disjoint.

    When the options of each variable are its inclusion-minimal sets, these are the minimal mappings: a mapping can be
    shrunk one variable at a time, and shrinking keeps sets disjoint.
    """
    for sets in disjoint_choices(options):
        yield Mapping(algorithm, sets)
