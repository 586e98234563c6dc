"""Every tree of gates that decides as wanted, with its variables, and the places that these may have."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..boolean.algorithms import Algorithm, Inner, Leaf, inner
from . import plain, plain_algorithms

NeuronSet = tuple[int, tuple[int, ...]]


@dataclass(frozen=True)
class Variable:
    """An inner node of a tree: its function, and the output's when it is forced to 0 and to 1; tables as bits."""

    path: tuple[int, ...]
    bits: int
    when_false: int
    when_true: int


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree that computes the task, as the plain methods take it and by its name."""

    tree: Any
    negated: bool
    algorithm: Algorithm
    irredundant: bool
    variables: tuple[Variable, ...]


def columns(inputs: int) -> list[int]:
    """The truth table of each input."""
    return [sum((row >> (inputs - 1 - i) & 1) << row for row in range(2**inputs)) for i in range(inputs)]


def all_trees(inputs: int, depth: int) -> list[tuple[Any, int, int]]:
    """Every tree of depth 0 to `depth`: the tree, its function, its depth."""
    leaves = [(i, bits, 0) for i, bits in enumerate(columns(inputs))]
    level, full = leaves, (1 << 2**inputs) - 1
    for _ in range(depth):
        level = leaves + [
            ((one, a, other, b), (f ^ (full if a else 0)) & (g ^ (full if b else 0)), 1 + max(d, e))
            for (one, f, d), (other, g, e) in itertools.combinations(level, 2)
            for a in (False, True)
            for b in (False, True)
        ]
    return level


def trees_for(inputs: int, tables: Iterable[int], depth: int) -> dict[int, list[Tree]]:
    """For each function, as bits, the trees of depth 1 to `depth` that compute it or its complement, by depth, then by
    their operands."""
    full, found = (1 << 2**inputs) - 1, {table: [] for table in tables}
    operands = all_trees(inputs, depth - 1)
    for (one, f, _), (other, g, _) in itertools.combinations(operands, 2):
        for a, b in ((False, False), (False, True), (True, False), (True, True)):
            bits = (f ^ (full if a else 0)) & (g ^ (full if b else 0))
            for table in (bits, bits ^ full):
                if table in found:
                    found[table].append(_tree((one, a, other, b), table != bits, inputs))
    order = lambda tree: (tree.algorithm.depth, tree.algorithm.tree.key)  # noqa: E731
    return {table: sorted(trees, key=order) for table, trees in found.items()}


def _tree(tree: Any, negated: bool, inputs: int) -> Tree:
    named = _named(tree)
    algorithm = Algorithm(inputs, named, negated)  # type: ignore[arg-type]
    ordered = as_plain_tree(named)
    full = (1 << 2**inputs) - 1
    found = tuple(
        Variable(path, value(plain_algorithms.node(ordered, path), inputs), *(value(ordered, inputs, path, forced) ^
                 (full if negated else 0) for forced in (0, full)))
        for path in plain_algorithms.variables(ordered)
    )  # fmt: skip
    return Tree(ordered, negated, algorithm, plain_algorithms.is_irredundant(ordered, plain.rows(inputs)), found)


def value(tree: Any, inputs: int, forced_path: tuple[int, ...] | None = None, forced: int = 0, path=()) -> int:
    """The function of a tree as bits, one node of it being replaced."""
    if path == forced_path:
        return forced
    if isinstance(tree, int):
        return columns(inputs)[tree]
    left, a, right, b = tree
    full = (1 << 2**inputs) - 1
    one = value(left, inputs, forced_path, forced, (*path, 0)) ^ (full if a else 0)
    return one & (value(right, inputs, forced_path, forced, (*path, 1)) ^ (full if b else 0))


def _named(tree: Any) -> Inner | Leaf:
    if isinstance(tree, int):
        return Leaf(tree)
    left, a, right, b = tree
    return inner(_named(left), a, _named(right), b)


def as_plain_tree(tree: Inner | Leaf) -> Any:
    """A tree of the library as the plain methods take it."""
    if isinstance(tree, Leaf):
        return tree.index
    return (as_plain_tree(tree.left), tree.left_negated, as_plain_tree(tree.right), tree.right_negated)


def needed(variable: Variable, rows: Sequence[int]) -> tuple[int, ...]:
    """The signature of neurons that carry a variable, over inputs that have these rows of the truth table: at each
    source, the output at every base, as bits, when the variable has its value at the source."""
    off, on = (over(bits, rows) for bits in (variable.when_false, variable.when_true))
    return tuple(on if variable.bits >> row & 1 else off for row in rows)


def over(bits: int, rows: Sequence[int]) -> int:
    """A function of known bits over inputs that have these rows of its truth table, as bits."""
    return sum((bits >> row & 1) << k for k, row in enumerate(rows))


def fewest(sets: Iterable[NeuronSet]) -> list[NeuronSet]:
    """The sets of which no other one lies inside, smallest first."""
    kept: list[NeuronSet] = []
    for layer, neurons in sorted(sets, key=lambda one: len(one[1])):
        if not any(layer == other and set(inner) <= set(neurons) for other, inner in kept):
            kept.append((layer, neurons))
    return kept


def disjoint(options: Sequence[Sequence[NeuronSet]]) -> Iterator[tuple[NeuronSet, ...]]:
    """Every choice of one set from each that share no neuron."""

    def extend(chosen: tuple[NeuronSet, ...]) -> Iterator[tuple[NeuronSet, ...]]:
        if len(chosen) == len(options):
            yield chosen
            return
        for one in options[len(chosen)]:
            if not any(one[0] == other[0] and set(one[1]) & set(other[1]) for other in chosen):
                yield from extend((*chosen, one))

    if all(options):
        yield from extend(())


def mapping_document(tree: Tree, place: Sequence[NeuronSet]) -> dict[str, Any]:
    """A mapping as it stands in audit.json."""
    return {
        "algorithm": str(tree.algorithm),
        "variables": [
            {"variable": variable.name, "neurons": [[layer, j] for j in neurons]}
            for variable, (layer, neurons) in zip(tree.algorithm.variables, place, strict=True)
        ],
    }


def mapping_text(tree: Tree, place: Sequence[NeuronSet]) -> str:
    """Where the variables are, in words."""
    if not place:
        return "no variable to place"
    pairs = zip(tree.algorithm.variables, place, strict=True)
    return ", ".join(f"{v.name} in layer {layer}: {'+'.join(map(str, neurons))}" for v, (layer, neurons) in pairs)


def complexity(tree: Tree, place: Sequence[NeuronSet]) -> tuple[Any, ...]:
    """What mappings are ordered by, simplest first."""
    algorithm = tree.algorithm
    return (
        not tree.irredundant, len(algorithm.variables), algorithm.depth, str(algorithm),
        sum(len(neurons) for _, neurons in place), mapping_text(tree, place),
    )  # fmt: skip
