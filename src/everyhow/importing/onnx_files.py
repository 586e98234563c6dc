"""Importing ONNX files."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FileFormatError, InputError, MissingExtraError, first_line, shortened
from ..files import check_readable
from ..network import Network
from .checking import imported
from .onnx_layouts import ANY
from .points import points_for
from .rounding import coarsest

if TYPE_CHECKING:
    from .onnx_graph import Chain

LARGEST_FILE = 64 * 2**20


def from_onnx(path: str | Path, data: Any = None, threshold: float | None = None) -> Network:
    """The network in an ONNX file, checked against onnxruntime.

    The graph must be one chain from its input to its output. It is made of Gemm, MatMul, Einsum of a matrix,
    BatchNormalization, Scaler; Add, Sub, Mul, Div and Neg by constants; activations; and what changes shapes without
    mixing inputs. What the output does not need is ignored. Weights may lie in other files of the same folder, as
    PyTorch writes them. A softmax at the end, and what makes labels and probabilities of a classifier's output, is left
    out, and `origin.folded` says so.

    Args:
        path: the file, of at most 64 MB.
        data: inputs (inputs, features) to check it on, as in `from_torch`.
        threshold: an output above it is read as 1, as in `from_torch`.

    Raises:
        FileFormatError: no such file, a broken one, an operator that is not supported, with its place and the part that
            could be taken, or outputs that differ from onnxruntime's by more than rounding explains; the message names
            the file.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    if not isinstance(path, str | Path):
        raise InputError(
            f"path is a {type(path).__name__}; give the path of an ONNX file, such as 'model.onnx' "
            "(onnx.save writes one)"
        )
    target = Path(path)
    try:
        if target.is_dir():
            raise FileFormatError(f"{target}: a folder; give the path of an ONNX file in it")
        check_readable(target, "an ONNX file", LARGEST_FILE, "export the part of the model that is to be explained")
    except (OSError, ValueError) as error:
        raise (
            error if isinstance(error, InputError) else FileFormatError(f"{shortened(error)}; give another path")
        ) from None
    if find_spec("onnx") is None or find_spec("onnxruntime") is None:
        raise MissingExtraError("reading ONNX files needs onnx and onnxruntime: pip install 'everyhow[onnx]'")
    from .onnx_graph import chain_of, read_model

    try:
        chain = chain_of(read_model(target.read_bytes(), target.parent, LARGEST_FILE), target.name)
        points, words = points_for(chain.entering.features, data)
        with np.errstate(over="ignore"):
            entering = points.astype(chain.dtype)
        if not np.isfinite(entering).all():
            raise InputError(f"data has {np.abs(points).max():g}, more than {chain.dtype} holds; give smaller numbers")
        return imported(
            chain.steps, entering.astype(np.float64), _run(chain, entering),
            source=f"ONNX file {target.name}", precision=coarsest(chain.types), checked_on=words,
            threshold=threshold, drawn=data is None,
        )  # fmt: skip
    except UnicodeDecodeError:
        raise FileFormatError(f"{target}: a name in it is not text (UTF-8); export the model again") from None
    except (InputError, OSError, MemoryError) as error:
        raise FileFormatError(f"{target}: {shortened(error)}") from None


def _run(chain: "Chain", points: np.ndarray) -> np.ndarray:
    """The outputs that onnxruntime gives, in batches of the size that the file asks for."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    layout = chain.entering
    size = 1 if layout.batch is None else layout.shape[layout.batch]
    size = len(points) if size == ANY else size
    shape = tuple(size if axis == layout.batch else one for axis, one in enumerate(layout.shape))
    found = []
    try:
        session = onnxruntime.InferenceSession(chain.model.SerializeToString(), options, ["CPUExecutionProvider"])
        for start in range(0, len(points), size):
            rows = points[start : start + size]
            filled = np.concatenate([rows, np.repeat(rows[-1:], size - len(rows), axis=0)])
            batch = filled.reshape(size, *layout.each)
            batch = batch.reshape(shape) if layout.batch is None else np.moveaxis(batch, 0, layout.batch)
            (leaving,) = session.run(None, {chain.entrance: np.ascontiguousarray(batch)})
            leaving = np.asarray(leaving, np.float64)
            if chain.leaving.batch is not None:
                leaving = np.moveaxis(leaving, chain.leaving.batch, 0)
            found.append(leaving.reshape(size, -1)[: len(rows)])
    except Exception as error:
        raise InputError(
            f"onnxruntime cannot run it on inputs of shape {shape} ({first_line(error)}); check the model, and export "
            "it again"
        ) from None
    return np.concatenate(found)
