"""Importing ONNX files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.errors import FileFormatError, InputError, first_line, shortened
from ..common.extras import need
from ..common.reading import check_readable
from ..given.points import points_for
from ..network.network import Network
from .checking import imported, of_classes
from .numbering import Numbering
from .onnx_labels import probes_of, unlike
from .rounding import coarsest

if TYPE_CHECKING:
    import onnx

    from .onnx_graph import Chain

LARGEST_FILE = 64 * 2**20


def from_onnx(path: str | Path, data: Any = None, threshold: float | None = None) -> Network:
    """The network in an ONNX file, checked against onnxruntime.

    The graph must be one chain from its input to its output. It is made of Gemm, MatMul, Einsum of a matrix,
    BatchNormalization, Scaler; Add, Sub, Mul, Div and Neg by constants; activations; and what changes shapes without
    mixing inputs. What the output does not need is ignored. Weights may lie in other files of the same folder, as
    PyTorch writes them. A softmax at the end, and what makes labels and probabilities of a classifier's output, is left
    out, and `origin.folded` says so; the check compares labels and probabilities too.

    Args:
        path: the file, of at most 64 MB.
        data: inputs (inputs, features) to check it on, as in `from_torch`.
        threshold: an output above it is read as 1, as in `from_torch`.

    Raises:
        FileFormatError: no such file, a broken one, an operator that is not supported, with its place and the part that
            could be taken, or outputs that differ from onnxruntime's by more than rounding explains; the message names
            the file.
        MissingExtraError: onnx or onnxruntime is not installed.

    Example:
        >>> import tempfile
        >>> import numpy as np, onnx
        >>> from onnx import TensorProto, helper, numpy_helper
        >>> shapes = {"x": ["rows", 2], "y": ["rows", 1]}
        >>> ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name])] for name in shapes]
        >>> weights = numpy_helper.from_array(np.array([[1.0], [2.0]], np.float32), "weights")
        >>> graph = helper.make_graph([helper.make_node("MatMul", ["x", "weights"], ["y"])], "sum", *ends, [weights])
        >>> opset = [helper.make_opsetid("", 17)]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     onnx.save(helper.make_model(graph, ir_version=8, opset_imports=opset), f"{folder}/sum.onnx")
        ...     network = from_onnx(f"{folder}/sum.onnx", threshold=1.5)
        >>> network, network.weights[0].tolist()
        (Network(2-1, identity, 2 edges, threshold 1.5), [[1.0, 2.0]])
    """
    if not isinstance(path, str | Path):
        raise InputError(
            f"path is a {type(path).__name__}; give the path of an ONNX file, such as 'model.onnx' "
            "(onnx.save writes one)"
        )
    target = Path(path)
    check_readable(target, "an ONNX file", LARGEST_FILE, "export the part of the model that is to be explained")
    need("reading ONNX files needs", "onnx")
    from .onnx_graph import chain_of
    from .onnx_models import read_model

    try:
        chain = chain_of(read_model(target.read_bytes(), target.parent, LARGEST_FILE), target.name)
        points, words = points_for(chain.entering.features, data)
        with np.errstate(over="ignore"):
            entering = points.astype(chain.dtype)
        if not np.isfinite(entering).all():
            raise InputError(f"data has {np.abs(points).max():g}, more than {chain.dtype} holds; give smaller numbers")
        (scores,) = _run(chain, chain.model, {chain.entrance: (chain.entering, entering)}).values()
        network = imported(
            chain.steps, entering.astype(np.float64), scores.astype(np.float64),
            source=f"ONNX file {target.name}", precision=coarsest(chain.types), checked_on=words,
            threshold=threshold, drawn=data is None,
        )  # fmt: skip
        _check_outputs(chain, entering, scores, target.name)
        return of_classes(network, threshold) if chain.classes else network
    except UnicodeDecodeError:
        raise FileFormatError(f"{target}: a name in it is not text (UTF-8); export the model again") from None
    except (InputError, OSError, MemoryError) as error:
        raise FileFormatError(f"{target}: {shortened(error)}") from None


def _check_outputs(chain: "Chain", points: np.ndarray, scores: np.ndarray, file: str) -> None:
    """See that the file's own outputs say what the scores do, at the points and wherever each class is the largest.

    Raises:
        InputError: an output says something else.
    """
    from .onnx_graph import extraction, tail_of

    name = chain.model.graph.output[0].name
    if [one.name for one in chain.whole.graph.output] == [name]:
        return
    probes = probes_of(scores.shape[1]).astype(scores.dtype)
    tail = tail_of(chain, scores.dtype)
    needed = {one.name for one in tail.graph.input}
    fed = {name: (chain.leaving, probes)}
    if chain.entrance in needed:
        fed[chain.entrance] = (chain.entering, np.zeros((len(probes), chain.entering.features), chain.dtype))
    given = _run(chain, tail, fed), _run(chain, chain.whole, {chain.entrance: (chain.entering, points)})
    outputs = {one: np.concatenate([part[one] for part in given]) for one in given[0]}
    other = unlike(np.concatenate([probes, scores]).astype(np.float64), outputs, coarsest(chain.types).epsilon)
    if other:
        raise InputError(
            f"its output {other[:80]} gives neither all of the scores {name[:80]} or their probabilities, in their "
            "order, nor labels that ascend with the place of the largest: it selects, reorders or renames classes, "
            f"which is not supported: export what comes before it, by {extraction(file, chain.entrance, name)}"
        )


def _run(
    chain: "Chain", model: "onnx.ModelProto", fed: Mapping[str, tuple[Numbering, np.ndarray]]
) -> dict[str, np.ndarray]:
    """What onnxruntime gives, a row for each input, in batches of the size that the file asks for.

    Args:
        chain: the chain.
        model: a part of its file.
        fed: how each input of that lies, and its rows.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    count = len(next(iter(fed.values()))[1])
    size = count if chain.is_open else chain.entering.inputs
    shape = _batch(chain.entering, np.zeros((1, chain.entering.features)), size).shape
    names = [one.name for one in model.graph.output]
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        for start in range(0, count, size):
            feeds = {name: _batch(lies, rows[start : start + size], size) for name, (lies, rows) in fed.items()}
            for name, leaving in zip(names, session.run(None, feeds), strict=True):
                found[name].append(_rows(chain.leaving, np.asarray(leaving), size)[: count - start])
    except Exception as error:
        raise InputError(
            f"onnxruntime cannot run it on inputs of shape {shape} ({first_line(error)}); check the model, and export "
            "it again"
        ) from None
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _batch(lies: Numbering, rows: np.ndarray, size: int) -> np.ndarray:
    """Rows as a batch holds them, the last one repeated up to its size."""
    filled = np.concatenate([rows, np.repeat(rows[-1:], size - len(rows), axis=0)])
    axis, shape = lies.axis, lies.numbers.shape
    if axis is None:
        return filled.reshape(shape)
    return np.ascontiguousarray(np.moveaxis(filled.reshape(size, *shape[:axis], *shape[axis + 1 :]), 0, axis))


def _rows(lies: Numbering, leaving: np.ndarray, size: int) -> np.ndarray:
    """The numbers of each input in what lies so, or in what was made of it with the inputs first."""
    if leaving.size % size:
        return np.empty((size, 0), leaving.dtype)  # no row for each input
    axis = lies.axis
    if axis is not None and leaving.ndim == lies.numbers.ndim and leaving.shape[axis] == size:
        leaving = np.moveaxis(leaving, axis, 0)
    return leaving.reshape(size, -1)
