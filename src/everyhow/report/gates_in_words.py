"""Gates, formulas and placed algorithms in words."""

from collections.abc import Sequence
from functools import lru_cache

from ..boolean.algorithms import Path
from ..boolean.smallest import Formula
from ..interpretation.interpretation import NeuronGate
from ..mapping.mapping import Mapping
from ..model.graph import Graph

# How a gate over two operands is said, AND and OR aside; larger ones are said by their names.
SAID = {
    "NAND": "not both {} and {}", "NOR": "neither {} nor {}",
    "XOR": "either {} or {}, not both", "XNOR": "both or neither of {} and {}",
}  # fmt: skip
CONSTANT = {"TRUE": "always 1", "FALSE": "always 0"}


def gate_in_words(gate: NeuronGate, graph: Graph) -> str:
    """What a neuron computes from its parents: the simplest function that fits at the patterns that occur, or the
    table where none is known.

    Example:
        >>> gate_in_words(NeuronGate(((0, 0), (0, 1)), "0010"), Graph.complete((2, 1)))
        'A and not B'
        >>> gate_in_words(NeuronGate(((1, 0), (1, 1), (1, 2)), "0-1--1--"), Graph.complete((2, 3, 1)))
        'h1.0 or h1.1 or h1.2'
        >>> gate_in_words(NeuronGate(((1, 0), (1, 1), (1, 2)), "00101010"), Graph.complete((2, 3, 1)))
        '(h1.0 or h1.1) and not h1.2'
    """
    formula = gate.formula
    return gate.table if formula is None else _in_words(formula, tuple(map(graph.name, gate.parents)))


def formula_in_words(formula: Formula, names: Sequence[str] = ()) -> str:
    """A formula in words; `names` are those of its inputs A, B, ..., which keep these names where none are given.

    Example:
        >>> formula_in_words(Formula("OR", (Formula("C"), Formula("NOR", (Formula("A"), Formula("B"))))))
        'C or (neither A nor B)'
    """
    if not formula.operands:
        place = ord(formula.name[0]) - ord("A") if len(formula.name) == 1 else len(names)
        return names[place] if place < len(names) else CONSTANT.get(formula.name, formula.name)
    # What is joined by one word alone needs no brackets.
    operands = _joined(formula) if formula.name in ("AND", "OR") else formula.operands
    parts = [formula_in_words(one, names) for one in operands]
    parts = [f"({part})" if one.has_gates else part for part, one in zip(parts, operands, strict=True)]
    if formula.name == "NOT":
        return f"not {parts[0]}"
    return _said(formula.name, parts)


# A page says the same few functions of the same parents thousands of times.
_in_words = lru_cache(maxsize=1 << 14)(formula_in_words)


def mapping_in_words(mapping: Mapping, graph: Graph | None = None) -> str:
    """The algorithm in words, each variable with the neurons that carry it.

    Example:
        >>> import everyhow as eh
        >>> network = eh.Network([[[1, 1, 0], [0, 0, 1]], [[1, 1]]], [[-1, 0], [0]], ["relu", "relu"])
        >>> algorithm = next(eh.algorithms("A & B | C", depth=2))
        >>> mapping_in_words(eh.mappings(network, algorithm)[0])
        'C or (A and B, in h1.0)'
    """
    nodes = mapping.algorithm.nodes
    pairs = zip(mapping.algorithm.variables, mapping.sets, strict=True)
    places = {variable.path: placed.named(graph) for variable, placed in pairs}

    def said(path: Path) -> str:
        node = nodes[path]
        if not node.operands:
            return node.label.replace("¬", "not ")
        text = _said(node.label, [said((*path, side)) for side in range(node.operands)])
        return f"({text}, in {places[path]})" if path in places else text

    return said(())


def _joined(formula: Formula) -> list[Formula]:
    """The operands of gates of one kind below each other, as those of one gate."""
    return [
        one for operand in formula.operands for one in (_joined(operand) if operand.name == formula.name else [operand])
    ]


def _said(gate: str, parts: Sequence[str]) -> str:
    if gate in ("AND", "OR"):
        # What is negated is said last: "not A and B" would be read in two ways.
        return f" {gate.lower()} ".join(sorted(parts, key=lambda part: part.startswith("not ")))
    if gate in SAID and len(parts) == 2:
        return SAID[gate].format(*parts)
    return f"{gate} of {', '.join(parts)}"
