"""Importing ONNX files."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FileFormatError, InputError, MissingExtraError, first_line, shortened
from ..files import check_readable
from ..network import Network
from .checking import imported
from .layers import fold
from .points import points_for
from .rounding import coarsest

if TYPE_CHECKING:
    import onnx

LARGEST_FILE = 64 * 2**20


def from_onnx(path: str | Path, data: Any = None) -> Network:
    """The network in an ONNX file, checked against onnxruntime.

    The graph must be one chain from its input to its output, of Gemm, MatMul, Add, BatchNormalization, Relu, LeakyRelu,
    PRelu with one slope, Tanh, Sigmoid, Flatten, Reshape to (inputs, features), Dropout, Cast and Identity. The weights
    must lie in the file itself.

    Args:
        path: the file, of at most 64 MB.
        data: inputs (inputs, features) to check it on, as in `from_torch`.

    Raises:
        FileFormatError: no such file, a broken one, an operator that is not supported, with its place and what to do,
            or outputs that differ from onnxruntime's by more than rounding explains; the message names the file.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    target = Path(path)
    check_readable(target, "an ONNX file", LARGEST_FILE, "export the part of the model that is to be explained")
    if find_spec("onnx") is None or find_spec("onnxruntime") is None:
        raise MissingExtraError("reading ONNX files needs onnx and onnxruntime: pip install 'everyhow[onnx]'")
    from .onnx_graph import Entrance, read_model, steps_of

    try:
        model = read_model(target.read_bytes())
        entrance = Entrance.of(model.graph)
        steps, types = steps_of(model.graph)
        points, words = points_for(fold(steps)[0].widths[0], data)
        entering = points.astype(entrance.dtype)
        return imported(
            steps, entering.astype(np.float64), _run(model, entering, entrance),
            source=f"ONNX file {target.name}", precision=coarsest({*types, entrance.dtype}), checked_on=words,
        )  # fmt: skip
    except (InputError, OSError) as error:
        raise FileFormatError(f"{target}: {shortened(error)}") from None


def _run(model: "onnx.ModelProto", points: np.ndarray, entrance: Any) -> np.ndarray:
    """The outputs that onnxruntime gives, in batches of the size that the file asks for."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    batch = entrance.batch or len(points)
    found = []
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        for start in range(0, len(points), batch):
            rows = points[start : start + batch]
            filled = np.concatenate([rows, np.repeat(rows[-1:], batch - len(rows), axis=0)])
            (leaving,) = session.run(None, {entrance.name: filled.reshape(batch, *entrance.shape)})
            found.append(np.asarray(leaving, np.float64).reshape(batch, -1)[: len(rows)])
    except Exception as error:
        raise InputError(
            f"onnxruntime cannot run it on inputs of shape {(batch, *entrance.shape)} ({first_line(error)}); check the "
            "model, and that an input of the graph is (inputs, features)"
        ) from None
    return np.concatenate(found)
