"""The heads and MLPs of a circuit in graph JSON, of a transformer of any size: by names alone, without its wiring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..common.errors import InputError
from ..common.reading import an_object, cut, naming, read_json
from .graph_entries import ARROW, Entry, by_score, check_one_choice, check_settings, entry_said, named

WHAT = "a graph of a circuit"
# A graph of GPT-2 has 32,491 edges, 3 MB; those of larger models have millions.
LARGEST, MOST_ENTRIES = 1 << 28, 1 << 23
SLOTS = ("q", "k", "v", "qkv")


@dataclass(frozen=True)
class ComponentGraph:
    """The heads and MLPs of a circuit.

    Attributes:
        names: of those that its edges lead through, in the order in which they run.
        loose: of those that have edges of the circuit, but none that come from the input, or none that lead to the
            logits.
    """

    names: tuple[str, ...]
    loose: tuple[str, ...]


def component_graph(
    document: object,
    stages: Sequence[Sequence[str]],
    settings: Mapping[str, Any],
    top: int | None = None,
    threshold: float | None = None,
) -> ComponentGraph:
    """The heads and MLPs of the circuit in a graph document of EAP-IG or MIB.

    A head or MLP is in the circuit when a way of its edges leads through it, from `input` to `logits`. Where the
    document has no edges, its nodes say what is in the circuit. What nodes say is ignored where there are edges.

    Args:
        document: the graph.
        stages: the names of the transformer's nodes, stage by stage; edges go to later stages.
        settings: what the document's `cfg` must not contradict.
        top: choose by score, whatever `in_graph` says: so many entries of largest absolute score.
        threshold: choose by score: all entries of at least this absolute score.

    Raises:
        InputError: not a graph, a graph of another transformer, or no choice at all.

    Example:
        >>> stages = [["input"], ["a0.h0", "a0.h1"], ["m0"], ["logits"]]
        >>> edges = {"input->a0.h0<v>": True, "a0.h0->logits": True, "a0.h1->m0": True}
        >>> document = {"edges": {name: {"in_graph": kept} for name, kept in edges.items()}}
        >>> component_graph(document, stages, {})
        ComponentGraph(names=('a0.h0',), loose=('a0.h1', 'm0'))
    """
    check_one_choice(top, threshold)
    if not isinstance(document, dict) or not isinstance(document.get("edges", {}), dict):
        raise InputError('a graph is a JSON object with "edges", an object of edges by name such as "input->a0.h0<q>"')
    if isinstance(document.get("cfg"), dict):
        check_settings(document["cfg"], settings, "transformer")
    stage = {name: k for k, names in enumerate(stages) for name in names}
    inner = [name for names in stages[1:-1] for name in names]
    edges, nodes = document.get("edges") or {}, document.get("nodes") or {}
    if not isinstance(nodes, dict) or not (edges or nodes):
        raise InputError('the graph has neither "edges" nor "nodes"; give objects of them by name')
    unknown = [name for name in nodes if name not in stage]
    if unknown:
        raise InputError(f"{named(unknown)}: no such node; the nodes are {named(list(stage))}")
    if not edges:
        chosen = _chosen([_node(name, info) for name, info in nodes.items() if name in inner], top, threshold)
        kept = {entry.edge for entry in chosen}
        return ComponentGraph(tuple(name for name in inner if name in kept), ())
    chosen = _chosen([_edge(name, info, stage) for name, info in edges.items()], top, threshold)
    kept = _connected({entry.edge for entry in chosen}, stages)
    touched = {name for entry in chosen for name in entry.edge}
    loose = tuple(name for name in inner if name in touched and name not in kept)
    return ComponentGraph(tuple(name for name in inner if name in kept), loose)


def read_component_graph(
    path: str | Path,
    stages: Sequence[Sequence[str]],
    settings: Mapping[str, Any],
    top: int | None = None,
    threshold: float | None = None,
) -> ComponentGraph:
    """The heads and MLPs of the circuit in a graph file; see `component_graph`.

    Raises:
        FileFormatError: there is no such file, it is larger than 256 MB, or it does not hold a circuit of this
            transformer; the message names the file.
    """
    path = Path(path)
    with naming(path):
        # EAP-IG writes NaN for scores that it does not have.
        document = read_json(path, WHAT, LARGEST, MOST_ENTRIES, finite=False)
        return component_graph(an_object(path, document, WHAT), stages, settings, top, threshold)


def _chosen(listed: list[Entry[Any]], top: int | None, threshold: float | None) -> list[Entry[Any]]:
    if top is not None or threshold is not None:
        return by_score(listed, top, threshold)
    found = [entry for entry in listed if entry.in_graph]
    if not found:
        raise InputError(
            "nothing in the graph has in_graph true; to choose by score give top or threshold (--top, --threshold)"
        )
    return found


def _node(name: str, info: object) -> Entry[str]:
    return Entry(name, name, *entry_said(name, {"in_graph": info} if isinstance(info, bool) else info))


def _edge(name: str, info: object, stage: Mapping[str, int]) -> Entry[tuple[str, str]]:
    """An edge by the names of its ends.

    Raises:
        InputError: it is not an edge of the transformer.
    """
    parent, _, entered = name.replace("→", ARROW).partition(ARROW)
    child, _, slot = entered.removesuffix(">").partition("<")
    ends = parent in stage and child in stage and stage[parent] < stage[child]
    if not ends or (slot not in SLOTS if child.startswith("a") else slot):
        raise InputError(
            f"{cut(name)}: no such edge; an edge goes from a node to a slot of a later one, such as input->a0.h0<q> or "
            "a0.h0->logits"
        )
    return Entry(name, (parent, child), *entry_said(name, info))


def _connected(edges: set[tuple[str, str]], stages: Sequence[Sequence[str]]) -> set[str]:
    """The nodes that a way of these edges leads through, from the first stage to the last."""
    parents: dict[str, list[str]] = {}
    children: dict[str, list[str]] = {}
    for parent, child in edges:
        parents.setdefault(child, []).append(parent)
        children.setdefault(parent, []).append(child)
    fed, read = set(stages[0]), set(stages[-1])
    for names in stages[1:-1]:
        fed |= {name for name in names if fed.intersection(parents.get(name, ()))}
    for names in reversed(stages[1:-1]):
        read |= {name for name in names if read.intersection(children.get(name, ()))}
    return fed & read
