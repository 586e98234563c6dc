"""The edges that a graph document lists, read and checked against the model that it is of."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..common.errors import InputError
from ..common.reading import cut
from ..model.graph import Edge, Node
from ..model.model import Model
from ..network.network import Network
from ..transformer.transformer import Transformer

ARROW = "->"
# Names shown in one message.
MOST_NAMED = 5
E = TypeVar("E")


def node_name(model: Model, stage: int, place: int) -> str:
    """The name of a node: of a network `x0` for the first input, `h1.0`, and `y0` for the first output, or, where the
    network has names of its own, those, `y3` for `out3`; of a transformer its own, `input`, `a0.h0`, `m0`, `logits`.

    Example:
        >>> from everyhow import xornet
        >>> node_name(xornet(), 0, 1), node_name(xornet(), 1, 2), node_name(xornet(), 2, 0)
        ('x1', 'h1.2', 'y0')
    """
    if not isinstance(model, Network):
        return model.graph.name(Node(stage, place))
    if model.names:
        own = model.names[stage][place]
        return f"y{own.removeprefix('out')}" if stage == model.depth and own.startswith("out") else own
    if stage == 0:
        return f"x{place}"
    return f"y{place}" if stage == model.depth else f"h{stage}.{place}"


def edge_name(model: Model, edge: Edge) -> str:
    """The name of an edge: PARENT->CHILD, with the slot of the child that it enters, as in `input->a0.h0<q>`."""
    slot = model.graph.slots[edge.child.stage][edge.slot]
    return node_name(model, *edge.parent) + ARROW + node_name(model, *edge.child) + (f"<{slot}>" if slot else "")


@dataclass(frozen=True)
class Entry(Generic[E]):
    """One edge of a graph document; the score is None when no finite score is given."""

    name: str
    edge: E
    in_graph: bool
    score: float | None


def entries(document: object, model: Model) -> list[Entry[Edge]]:
    """Every edge that a graph document lists, in its order; every node, where circuits are sets of nodes."""
    if not isinstance(document, dict) or not isinstance(document.get("edges"), dict):
        example = "x0->h1.0" if isinstance(model, Network) else edge_name(model, model.graph.edges[0])
        raise InputError(f'a graph is a JSON object with "edges", an object of edges by name such as "{example}"')
    _check_same_model(document, model)
    listed = document.get("nodes") or {}
    if not isinstance(listed, dict):
        raise InputError(f'"nodes" is {cut(listed)}; it is an object of nodes by name')
    if isinstance(model, Network):
        return _entries_of_network(document, listed, model)
    names = {name: edge for edge, name in edge_names(model).items()}
    nodes = [node_name(model, *node) for node in model.graph.nodes]
    if model.graph.of_nodes:
        return _entries_of_nodes(listed, names, model)
    unknown = [name for name in listed if name not in nodes] + [name for name in document["edges"] if name not in names]
    if unknown:
        raise InputError(
            f"{named(unknown)}: no such node or edge; the nodes of {model!r} are {', '.join(nodes)}, and an "
            f"edge is one such as {edge_name(model, model.graph.edges[0])}"
        )
    return [Entry(name, names[name], *entry_said(name, info)) for name, info in document["edges"].items()]


def _entries_of_nodes(listed: dict[Any, Any], names: dict[str, Edge], model: Model) -> list[Entry[Edge]]:
    """Every node that can be left out of a circuit."""
    ends = {node_name(model, *node) for node in model.graph.nodes} - set(names)
    unknown = [name for name in listed if name not in names and name not in ends]
    if unknown or not listed:
        said = f"{named(unknown)}: no such node" if unknown else 'there are no "nodes"'
        raise InputError(f"{said}; circuits are sets of nodes here, and those of {model!r} are {', '.join(names)}")
    bare = {name: {"in_graph": info} if isinstance(info, bool) else info for name, info in listed.items()}
    return [Entry(name, names[name], *entry_said(name, info)) for name, info in bare.items() if name in names]


def _entries_of_network(document: dict[Any, Any], listed: dict[Any, Any], network: Network) -> list[Entry[Edge]]:
    """Every edge between neurons, also one of weight 0."""
    nodes = {node_name(network, *node): node for node in network.graph.nodes}
    # Audits call neurons by the names of the graph, and write the arrow so.
    nodes |= {network.graph.name(node): node for node in network.graph.nodes}
    written = {name: name.replace("→", ARROW) for name in document["edges"]}
    ends = {name: [nodes[end] for end in as_read.split(ARROW) if end in nodes] for name, as_read in written.items()}
    unknown = [name for name in listed if name not in nodes]
    unknown += [name for name, nodes in ends.items() if len(nodes) != 2 or written[name].count(ARROW) != 1]
    if unknown:
        hidden = f", h1.0 to h{network.depth - 1}.{network.widths[-2] - 1}" if network.depth > 1 else ""
        raise InputError(
            f"{named(unknown)}: no such node or edge; the nodes of {network!r} are x0 to x{network.features - 1}"
            f"{hidden}, y0 to y{network.outputs - 1}, and an edge is PARENT->CHILD"
        )
    found, skipping = [], []
    for name, ((parent_layer, i), (layer, j)) in ends.items():
        if layer != parent_layer + 1:
            skipping.append(name)
        in_graph, score = entry_said(name, document["edges"][name])
        found.append(Entry(name, Edge((layer, j, i)), in_graph, score))
    if skipping:
        raise InputError(f"{named(skipping)}: edges go from one layer to the next")
    return found


def settings_of(model: Model) -> dict[str, Any]:
    """What a graph document says of the model that it is of, under `cfg`."""
    if isinstance(model, Network):
        return {"n_layers": model.depth, "widths": list(model.widths), "activations": list(model.activations)}
    if isinstance(model, Transformer):
        heads = [layer.attention.heads for layer in model.layers]
        same = heads[0] if len(set(heads)) == 1 else heads
        return {"n_layers": len(heads), "n_heads": same, "parallel_attn_mlp": False, "d_model": model.d_model}
    return {}


def _check_same_model(document: dict[Any, Any], model: Model) -> None:
    """Raises InputError when a document says that it is of another model."""
    cfg, own = document.get("cfg"), settings_of(model)
    if not isinstance(cfg, dict):
        return
    if isinstance(model, Network):
        widths = cfg.get("widths")
        if widths is not None and widths != own["widths"]:
            raise InputError(
                f"the graph is of a network with the widths {cut(widths)}, not {own['widths']}; give its own network"
            )
        return
    check_settings(cfg, own, model.kind)


def check_settings(cfg: Mapping[str, Any], own: Mapping[str, Any], kind: str) -> None:
    """Raises InputError when what a document says of its transformer is not what this one has."""
    for key, value in own.items():
        if key in cfg and cfg[key] != value:
            raise InputError(
                f"the graph is of a {kind} with {key} {cut(cfg[key])}, and here it is {value}; give its own model"
            )


def entry_said(name: str, info: object) -> tuple[bool, float | None]:
    """Whether an edge is in the graph (not in it when nothing is said), and its score."""
    if not isinstance(info, dict):
        raise InputError(f"edge {cut(name)} is {cut(info)}; an edge is an object with in_graph, score or both")
    in_graph, score = info.get("in_graph"), info.get("score")
    if in_graph not in (None, True, False):
        raise InputError(f"in_graph of edge {cut(name)} is {cut(in_graph)}; it is true or false")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        raise InputError(f"the score of edge {cut(name)} is {cut(score)}; it is a number")
    try:
        number = math.nan if score is None else float(score)
    except OverflowError:
        number = math.nan
    return bool(in_graph), number if math.isfinite(number) else None


def edge_names(model: Model) -> dict[Edge, str]:
    """The name of every edge; where circuits are sets of nodes, of every node that can be left out."""
    if model.graph.of_nodes:
        return {edge: node_name(model, *edge.child) for edge in model.graph.edges}
    return {edge: edge_name(model, edge) for edge in model.graph.edges}


def named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(map(cut, names[:MOST_NAMED])) + more


def check_one_choice(top: int | None, threshold: float | None) -> None:
    """Raises InputError when edges are chosen by score in two ways."""
    if top is not None and threshold is not None:
        raise InputError("top and threshold are two ways to choose edges by score; give one of them")


def by_score(listed: Sequence[Entry[E]], top: int | None, threshold: float | None) -> list[Entry[E]]:
    """The entries of at least an absolute score, or else so many of the largest.

    Raises:
        InputError: one has no score, or a number out of range.
    """
    unscored = [entry.name for entry in listed if entry.score is None]
    if unscored:
        raise InputError(f"no finite score for {named(unscored)}; score every edge to choose by score")
    if threshold is not None:
        if not math.isfinite(threshold):
            raise InputError(f"threshold is {threshold}; it is the least absolute score of an edge that is taken")
        return [entry for entry in listed if abs(entry.score or 0.0) >= threshold]
    if not 1 <= (top or 0) <= len(listed):
        raise InputError(f"top is {top}; it is a number of edges from 1 to {len(listed)}, which the graph has")
    return sorted(listed, key=lambda entry: -abs(entry.score or 0.0))[:top]
