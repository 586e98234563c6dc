"""Circuits as edge masks, the format of the paper's released code: files of one circuit, and logs of many.

A mask has a row for each neuron of a layer and a column for each neuron of the layer before, with 1 where the edge is
in the circuit. The released code saves one circuit as an `.npz` archive of `edge_mask_0`, ... and `node_mask_0`, ...;
logs are JSON: a list of checkpoints of a training, each with its `outputs`, and each of these with its `circuits`,
which have `edge_masks` and `node_masks`.
"""

import io
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..common.errors import InputError, first_line
from ..common.reading import check_readable, cut
from ..common.shapes import Bool
from ..given.arrays import detached
from ..model.circuit import Circuit
from ..model.graph import Edge
from ..network.network import Network, network_of
from .graph_entries import edge_names, named, node_name

WHAT = "a circuit as edge masks (.npz)"
LARGEST_ARCHIVE = 2**20
# A log lists every circuit at every epoch; one of three neurons a layer had 4 MB.
LARGEST_LOG = 8 * 2**20
# Logs nest checkpoints, outputs and circuits.
DEEPEST = 6


def circuit_from_masks(edge_masks: Any, network: Network, node_masks: Any = None) -> Circuit:
    """The circuit that edge masks describe.

    Args:
        edge_masks: for each weight matrix one of its shape, with 1 (or True) at the edges of the circuit; or an object
            that has these and its node masks as attributes, as circuits of the released code do.
        network: the network that it is of.
        node_masks: for each layer, the inputs first, 1 at the neurons of the circuit, if they are to be checked.

    Raises:
        InputError: as mask_edges, or a neuron with edges that has none in or none out.

    Example:
        >>> from everyhow import xornet
        >>> circuit_from_masks([[[1, 0], [0, 0], [0, 0]], [[1, 0, 0]]], xornet())
        Circuit(2 edges: A→h1.0 h1.0→out0)
    """
    return Circuit.of_edges(network.graph, mask_edges(edge_masks, network, node_masks))


def mask_edges(edge_masks: Any, network: Network, node_masks: Any = None) -> tuple[Edge, ...]:
    """The edges that masks put into a circuit, by layer, neuron and parent; see `circuit_from_masks`.

    Raises:
        InputError: masks of other shapes or values, or without an edge; an edge at a neuron that the node masks leave
            out, or one whose weight is 0; a neuron within the network that the node masks keep without an edge.
    """
    if hasattr(edge_masks, "edge_masks"):
        edge_masks, node_masks = edge_masks.edge_masks, getattr(edge_masks, "node_masks", None)
    shapes = [weights.shape for weights in network_of(network, "masks of edges are").weights]
    masks = _masks("edge mask", edge_masks, shapes, network)
    if node_masks is not None:
        nodes = _masks("node mask", node_masks, [(width,) for width in network.widths], network)
        outside = [
            mask & ~np.outer(after, before) for mask, before, after in zip(masks, nodes, nodes[1:], strict=False)
        ]
        loose = [
            f"{node_name(network, k, i)}->{node_name(network, k + 1, j)}"
            for k, mask in enumerate(outside)
            for j, i in np.argwhere(mask).tolist()
        ]
        if loose:
            raise InputError(f"{named(loose)}: in the edge masks, but at a neuron that the node masks leave out")
        idle = [
            node_name(network, k, j)
            for k in range(1, network.depth)
            for j in np.flatnonzero(nodes[k] & ~masks[k - 1].any(axis=1) & ~masks[k].any(axis=0)).tolist()
        ]
        if idle:
            raise InputError(
                f"{named(idle)}: kept by the node masks, but without an edge in the edge masks; leave such neurons out "
                "of the node masks, or give the edge masks alone"
            )
    if not any(mask.any() for mask in masks):
        raise InputError(
            "the edge masks are 0 everywhere, so no edge is in the circuit; give masks with 1 at its edges"
        )
    edges = tuple(Edge((k, j, i)) for k, mask in enumerate(masks, start=1) for j, i in np.argwhere(mask).tolist())
    real = edge_names(network)
    weightless = [f"{node_name(network, k - 1, i)}->{node_name(network, k, j)}" for k, j, i in edges
                  if (k, j, i) not in real]  # fmt: skip
    if weightless:
        raise InputError(
            f"{named(weightless)}: in the edge masks, but of weight 0 in {network!r}, so not an edge of it"
        )
    return edges


def archived_edges(path: Path, network: Network) -> tuple[Edge, ...]:
    """The edges of the circuit that the released code saved in an `.npz` archive.

    Raises:
        FileFormatError: there is no such file, or it is larger than 1 MB.
        InputError: it does not hold the masks of a circuit of this network.
    """
    check_readable(path, WHAT, LARGEST_ARCHIVE, "it holds one mask per layer, and nothing else")
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST_ARCHIVE:
                raise InputError(f"its arrays would take more than {LARGEST_ARCHIVE:,} bytes; a mask has one per edge")
            arrays = {entry.filename.removesuffix(".npy"): _array(archive.read(entry)) for entry in archive.infolist()}
    except InputError:
        raise
    except Exception as error:
        # A broken archive can fail in any way that a parser can.
        raise InputError(f"not an .npz archive ({first_line(error)}); np.savez writes one") from None
    unknown = [name for name in arrays if not re.fullmatch(r"(edge|node)_mask_\d+", name)]
    edges, nodes = _numbered(arrays, "edge_mask_"), _numbered(arrays, "node_mask_")
    if unknown or not edges or len(edges) + len(nodes) != len(arrays):
        raise InputError(
            f"it holds the arrays {named(list(arrays))}; a circuit has edge_mask_0, edge_mask_1, ..., one per weight "
            "matrix, and may have node_mask_0, node_mask_1, ..., one per layer"
        )
    return mask_edges(edges, network, nodes or None)


def listed_edges(document: Any, network: Network, circuit: str | None = None) -> tuple[Edge, ...]:
    """The edges of one circuit of a JSON document that has edge masks.

    Args:
        document: one circuit, as an object with `edge_masks` or as the masks themselves; or a list or a log of such.
        network: the network that it is of, as it was when the circuit was found. In a log, circuits are of one output
            each: give `network.output(k)` of several.
        circuit: where there are several circuits, the path of the one meant: of a log EPOCH/OUTPUT/NUMBER.

    Raises:
        InputError: there is no circuit, there are several and none of them was chosen, or it is not of this network.
    """
    found = dict(_circuits(document, ()))
    if not found:
        raise InputError('it holds no circuit: neither "edges" of a graph nor "edge_masks" of circuits')
    if circuit is None and len(found) > 1:
        first, *_, last = found
        raise InputError(
            f"it lists {len(found):,} circuits, {first} to {last}; choose one, such as circuit={last!r} "
            f"(--circuit {last} on the command line), of the network as it was then"
        )
    if circuit is not None and circuit not in found:
        raise InputError(f"it lists no circuit {cut(circuit)}; those that it lists are {named(list(found))}")
    chosen = found[next(iter(found)) if circuit is None else circuit]
    return mask_edges(chosen["edge_masks"], network, chosen.get("node_masks"))


def has_masks(document: Any) -> bool:
    """Whether a JSON document has edge masks, rather than being a graph.

    Example:
        >>> has_masks([{"epoch": 10, "outputs": [{"circuits": [{"edge_masks": [[[1]]]}]}]}]), has_masks({"edges": {}})
        (True, False)
    """
    return next(_circuits(document, ()), None) is not None


def _circuits(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every circuit that a document lists, with its path: the numbers on the way, or those that the log gives them."""
    if _is_circuit_of_matrices(value):
        value = {"edge_masks": value}
    if isinstance(value, Mapping):
        if "edge_masks" in value:
            yield "/".join(path) or "0", value
            return
        value = next((value[key] for key in ("outputs", "circuits") if isinstance(value.get(key), list)), None)
    if isinstance(value, list) and len(path) < DEEPEST:
        for number, one in enumerate(value):
            if not isinstance(one, list | Mapping):
                continue
            numbers = [
                one[key] for key in ("epoch", "output_idx", "circuit_idx") if isinstance(one, Mapping) and key in one
            ]
            yield from _circuits(one, (*path, str(numbers[0] if numbers else number)[:40]))


def _is_circuit_of_matrices(value: Any) -> bool:
    """Whether a value is a list of matrices, as far as their first numbers say."""
    try:
        return isinstance(value, list) and isinstance(value[0][0][0], bool | int | float)
    except (TypeError, LookupError):
        return False


def _masks(what: str, masks: Any, shapes: Sequence[tuple[int, ...]], network: Network) -> list[Bool[np.ndarray, "..."]]:
    """The masks as arrays of these shapes."""
    try:
        found = [np.asarray(detached(mask)) for mask in masks]
    except Exception:
        raise InputError(f"the {what}s are not arrays; give one per layer") from None
    if [mask.shape for mask in found] != list(shapes):
        one = " (a circuit of one output is one of network.output(k))" if network.outputs > 1 else ""
        raise InputError(
            f"the {what}s have the shapes {', '.join(str(mask.shape) for mask in found)[:200] or 'of none'}; those of "
            f"{network!r} are {', '.join(map(str, shapes))}{one}"
        )
    for number, mask in enumerate(found):
        if mask.dtype.kind not in "biuf" or not np.isin(mask, (0, 1)).all():
            raise InputError(f"{what} {number} has values beside 0 and 1; it is 1 at what is in the circuit, else 0")
    return [mask.astype(bool) for mask in found]


def _numbered(arrays: Mapping[str, np.ndarray], start: str) -> list[np.ndarray]:
    """The arrays of names with numbers from 0 on, as far as they go."""
    found = []
    while f"{start}{len(found)}" in arrays:
        found.append(arrays[f"{start}{len(found)}"])
    return found


def _array(content: bytes) -> np.ndarray:
    """The array in a `.npy` file that holds as many plain numbers as it declares."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, kind = read(file)
    numbers = content[file.tell() :]
    if kind.kind not in "biuf" or math.prod(shape) * kind.itemsize != len(numbers):
        raise InputError(f"it holds an array of type {kind} and shape {shape}; masks hold the numbers 0 and 1")
    return np.frombuffer(numbers, kind).reshape(shape, order="F" if by_columns else "C")
