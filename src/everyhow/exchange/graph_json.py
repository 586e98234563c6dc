"""Circuits in and out as graph JSON, the format of EAP-IG and of the circuit track of MIB.

A graph has nodes by name and edges by `parent->child`, each with a score and whether it is in the graph. A node of a
network is one neuron: `x0` is the first input, `h1.0` the first neuron of the first hidden layer, `y0` the first
output. Nodes of a transformer are `input`, heads such as `a0.h0`, MLPs such as `m0` and `logits`; an edge names the
slot of the head that it enters, as in `input->a0.h0<q>`.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..common.errors import InputError
from ..common.files import write_atomically
from ..common.reading import MOST_BYTES, an_object, begins_a_list, naming, read_json
from ..model.circuit import Circuit, LooseEndsError, connected_part
from ..model.graph import Edge
from ..model.model import Model
from ..network.network import network_of
from .edge_masks import LARGEST_LOG, archived_edges, has_masks, listed_edges
from .graph_entries import (
    Entry,
    by_score,
    check_one_choice,
    edge_names,
    entries,
    named,
    node_name,
    settings_of,
)

WHAT = "a graph of a circuit"


def circuit_to_graph(circuit: Circuit, network: Model, scores: Mapping[Edge, float] | None = None) -> dict[str, Any]:
    """A circuit as a graph document.

    It has all nodes of the model and all its edges (of a network those of non-zero weight), each with `in_graph`.
    Outputs are always in the graph. Where circuits are sets of nodes, these have the scores, and there are no edges.

    Args:
        circuit: the circuit.
        network: the network that it belongs to.
        scores: of edges; those left out get 0. When not given, edges of the circuit get 1 and others 0, so that taking
            the highest scores gives the circuit.

    Raises:
        InputError: circuit and network do not belong together, or a score is not finite or not of an edge of the
        network.

    Example:
        >>> from everyhow import xornet
        >>> graph = circuit_to_graph(Circuit.whole(xornet()), xornet())
        >>> graph["edges"]["x0->h1.0"], graph["nodes"]["y0"]
        ({'score': 1.0, 'in_graph': True}, {'in_graph': True})
    """
    network = network.unscoped
    circuit = circuit.on(network.graph)
    names, graph = edge_names(network), network.graph
    given = {edge: float(edge in circuit) for edge in names} if scores is None else dict(scores)
    for edge, score in given.items():
        if edge not in names:
            raise InputError(f"there is a score of {edge}, which is not an edge of {network!r} of non-zero weight")
        if not math.isfinite(score):
            raise InputError(f"the score of edge {edge} is {score}; scores must be finite")
    ends = {node for node in graph.nodes if node.stage == graph.last or (graph.of_nodes and node.stage == 0)}
    used = {*ends, *(edge.child for edge in circuit.edges), *(edge.parent for edge in circuit.edges)}
    scored = {edge: {"score": float(given.get(edge, 0.0)), "in_graph": edge in circuit} for edge in names}
    if graph.of_nodes:
        nodes = {node_name(network, *node): {"in_graph": node in used} for node in graph.nodes}
        nodes |= {names[edge]: said for edge, said in scored.items()}
        return {"cfg": settings_of(network), "nodes": nodes, "edges": {}}
    return {
        "cfg": settings_of(network),
        "nodes": {node_name(network, *node): {"in_graph": node in used} for node in graph.nodes},
        "edges": {names[edge]: said for edge, said in scored.items()},
    }


def graph_edges(
    document: object, network: Model, top: int | None = None, threshold: float | None = None
) -> tuple[Edge, ...]:
    """The edges that a graph document puts into its circuit, by layer, neuron and parent.

    Only `edges` is required; what `nodes` says of a node that edges do not say is ignored, as are other keys.

    Args:
        document: the graph.
        network: the network that it is of.
        top: choose by score, whatever `in_graph` says: so many edges of largest absolute score; of equal ones those
            that come first in the document.
        threshold: choose by score: all edges of at least this absolute score.

    Raises:
        InputError: not a graph, a graph of another network, an edge in the graph whose weight is 0, an edge without a
            score where scores choose, or no choice at all.
    """
    network = network.unscoped
    check_one_choice(top, threshold)
    listed = entries(document, network)
    if top is None and threshold is None:
        chosen = [entry for entry in listed if entry.in_graph]
        _check_said(chosen, network)
    else:
        chosen = by_score([entry for entry in listed if _exists(entry, network)], top, threshold)
    return tuple(sorted(entry.edge for entry in chosen))


def circuit_from_graph(
    document: object, network: Model, top: int | None = None, threshold: float | None = None
) -> Circuit:
    """The circuit in a graph document; see `graph_edges` for the arguments.

    Raises:
        InputError: as graph_edges, or a neuron with edges that has none in or none out.

    Example:
        >>> from everyhow import xornet
        >>> graph = circuit_to_graph(Circuit.whole(xornet()), xornet())
        >>> circuit_from_graph(graph, xornet()) == Circuit.whole(xornet())
        True
    """
    return _circuit_of(graph_edges(document, network, top, threshold), network)


def write_graph(path: str | Path, circuit: Circuit, network: Model, scores: Mapping[Edge, float] | None = None) -> Path:
    """Write a circuit as a graph document, whole or not at all; returns the path. See `circuit_to_graph`."""
    return write_atomically(Path(path), json.dumps(circuit_to_graph(circuit, network, scores), indent=1).encode())


def read_graph(
    path: str | Path,
    network: Model,
    top: int | None = None,
    threshold: float | None = None,
    circuit: str | None = None,
) -> Circuit:
    """The circuit in a graph file, or in one of edge masks (`.npz`, or JSON); see `circuit_from_graph`.

    Args:
        path: the file.
        network: the network that it is of.
        top: of a graph, as in `graph_edges`.
        threshold: of a graph, as in `graph_edges`.
        circuit: in a log of many circuits, the path of the one meant; see `everyhow.exchange.edge_masks`.

    Raises:
        FileFormatError: there is no such file, it is too large (a graph 1 MB), or it does not hold a circuit of this
            network; the message names the file.
    """
    edges = read_graph_edges(path, network, top, threshold, circuit)
    with naming(path):
        return _circuit_of(edges, network)


def read_graph_edges(
    path: str | Path,
    network: Model,
    top: int | None = None,
    threshold: float | None = None,
    circuit: str | None = None,
) -> tuple[Edge, ...]:
    """The edges that a graph file puts into its circuit, whether they form a circuit or not; see `read_graph`.

    Raises:
        FileFormatError: as read_graph, loose ends aside.
    """
    path = Path(path)
    with naming(path):
        archive = path.suffix.lower() == ".npz"
        most = LARGEST_LOG if begins_a_list(path) else MOST_BYTES
        # EAP-IG writes NaN for scores that it does not have.
        document = None if archive else read_json(path, WHAT, most, finite=False)
        if archive or has_masks(document):
            if archive and circuit is not None:
                raise InputError("an archive is of one circuit; leave out circuit")
            if top is not None or threshold is not None:
                raise InputError("edge masks have no scores; leave out top and threshold")
            masked = network_of(network, "edge masks are")
            return archived_edges(path, masked) if archive else listed_edges(document, masked, circuit)
        if circuit is not None:
            raise InputError("a graph is of one circuit; leave out circuit")
        return graph_edges(an_object(path, document, WHAT), network, top, threshold)


def _circuit_of(edges: tuple[Edge, ...], network: Model) -> Circuit:
    whole = network.unscoped.graph
    try:
        return Circuit.of_edges(whole, edges).on(network.graph)
    except LooseEndsError as error:
        try:
            connected_part(whole, edges)
        except InputError:
            next_step = "nothing is left without them; give edges that lead from inputs to every output"
        else:
            next_step = "connected_part (--connected) gives the circuit that is left without them"
        raise InputError(f"{error}; {next_step}") from None


def _check_said(chosen: list[Entry[Edge]], network: Model) -> None:
    if not chosen and not network.graph.of_nodes:
        raise InputError(
            "no edge of the graph has in_graph true; to choose by score give top or threshold (--top, --threshold)"
        )
    weightless = [entry.name for entry in chosen if not _exists(entry, network)]
    if weightless:
        raise InputError(f"{named(weightless)}: in the graph, but of weight 0 in {network!r}, so not an edge of it")


def _exists(entry: Entry[Edge], model: Model) -> bool:
    """Whether the model has the edge: one of weight 0 it has not."""
    return entry.edge in model.graph.positions
