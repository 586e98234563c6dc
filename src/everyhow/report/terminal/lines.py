"""Formulas, mappings and circuits drawn as lines of text."""

from collections.abc import Iterator

from ...boolean.algorithms import Path
from ...interpretation.interpretation import Interpretation, NeuronGate
from ...mapping.mapping import Mapping
from ...model.circuit import Circuit
from ...model.graph import Graph
from ..gates_in_words import gate_in_words


def formula_lines(mapping: Mapping, graph: Graph | None = None) -> list[str]:
    """The formula as a tree, each variable with the neurons that carry it, by their names in the graph of the model.

    Example:
        >>> import everyhow as eh
        >>> network = eh.Network([[[1, 1, 0], [0, 0, 1]], [[1, 1]]], [[-1, 0], [0]], ["relu", "relu"])
        >>> algorithm = next(eh.algorithms("A & B | C", depth=2))
        >>> print("\\n".join(formula_lines(eh.mappings(network, algorithm)[0])))
        OR(C, AND(A,B))   the output
        └─ AND(A,B)       h1.0
    """
    places = {variable.path: s for variable, s in zip(mapping.algorithm.variables, mapping.sets, strict=True)}
    names = {variable.path: variable.name for variable in mapping.algorithm.variables}
    rows = [(str(mapping.algorithm), "the output")]
    rows += [(mark + names[path], places[path].named(graph)) for path, mark in _branches((), list(names), "")]
    width = max(len(text) for text, _ in rows)
    return [f"{text:<{width}}   {place}" for text, place in rows]


def _branches(path: Path, paths: list[Path], indent: str) -> Iterator[tuple[Path, str]]:
    children = [p for p in paths if len(p) == len(path) + 1 and p[: len(path)] == path]
    for position, child in enumerate(children):
        last = position == len(children) - 1
        yield child, indent + ("└─ " if last else "├─ ")
        yield from _branches(child, paths, indent + ("   " if last else "│  "))


def circuit_lines(circuit: Circuit, interpretation: Interpretation | None, tables: bool = False) -> list[str]:
    """One line per neuron of the circuit: what feeds it, slot by slot where it has several, and, where there is an
    interpretation, its gate in words; with `tables`, also the gate's values by pattern of its parents."""
    graph, rows = circuit.graph, []
    if graph.of_nodes:
        return _node_lines(circuit)
    for node in sorted({edge.child for edge in circuit.edges}):
        slots = graph.slots[node.stage]
        fed = [[graph.name(edge.parent) for edge in graph.entering[node] if edge.slot == k and edge in circuit]
               for k in range(len(slots))]  # fmt: skip
        parents = "; ".join(
            (f"{slot}: " if len(slots) > 1 else "") + ", ".join(names)
            for slot, names in zip(slots, fed, strict=True)
            if names
        )
        gate = interpretation and interpretation.gates.get(node)
        said = gate_in_words(gate, graph) if gate else ""
        rows.append((graph.name(node), parents, f"{said}  {gate.table}" if gate and tables else said))
    widths = [max(len(row[k]) for row in rows) for k in range(2)]
    return [f"{a:<{widths[0]}} ← {b:<{widths[1]}}   {gate}".rstrip() for a, b, gate in rows]


def _node_lines(circuit: Circuit) -> list[str]:
    """One line per node of a circuit that is a set of nodes: all that there is before it feeds it."""
    graph = circuit.graph
    kept = [node for node in graph.nodes if node.stage in (0, graph.last) or node in circuit.neurons]
    fed = {node: [graph.name(one) for one in kept if one.stage < node.stage] for node in kept if node.stage}
    width = max(len(graph.name(node)) for node in fed)
    return [f"{graph.name(node):<{width}} ← {', '.join(names)}" for node, names in fed.items()]


def gate_text(gate: NeuronGate, graph: Graph) -> str:
    """What the gate can be, by name where two parents or fewer make that possible, else its table."""
    names = gate.possible_names
    parents = list(map(graph.name, gate.parents))
    if len(parents) == 2:
        # The functions that follow one parent alone are named after it.
        one, other = parents
        own = {
            "A": one, "B": other, "NOT A": f"NOT {one}", "NOT B": f"NOT {other}",
            "IMP": f"IMP({one},{other})", "NIMP": f"NIMP({one},{other})",
            "IMP(B,A)": f"IMP({other},{one})", "NIMP(B,A)": f"NIMP({other},{one})",
        }  # fmt: skip
        names = tuple(own.get(name, name) for name in names)
    return " or ".join(names) or gate.table
