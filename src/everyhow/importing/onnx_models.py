"""ONNX models from their bytes: read in bounded time, checked, and without what their outputs do not need."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import onnx
from onnx import checker, inliner

from ..common.errors import InputError, first_line
from .onnx_fields import check_fields
from .onnx_tensors import inline

MOST_FIELDS = 100_000


def read_model(content: bytes, folder: Path, most: int) -> onnx.ModelProto:
    """The model in the bytes of a file, without what its outputs do not need.

    Args:
        content: the bytes.
        folder: where the file lies; tensors in other files of it are read.
        most: how many bytes of such are read.

    Raises:
        InputError: no valid ONNX model, or one whose tensors cannot be read.
    """
    check_fields(content, onnx.ModelProto.DESCRIPTOR, MOST_FIELDS)
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:
        raise InputError(f"not an ONNX file, or cut off ({first_line(error)}); export it again") from None
    newest, versions = onnx.defs.onnx_opset_version(), [one.version for one in model.opset_import if one.domain == ""]
    if max(versions, default=0) > newest:
        raise InputError(
            f"its operators are of opset {max(versions)}, and onnx {onnx.__version__} knows them up to {newest}; "
            f"export it with opset_version={newest}, or update onnx and onnxruntime"
        )
    model = pruned(_inlined(model), model.graph.output)
    sparse = [one.values.name for one in model.graph.sparse_initializer]
    if sparse:
        raise InputError(f"the tensor {sparse[0][:80]} is a sparse_initializer; export the model with dense weights")
    inline(tensors_of(model.graph), folder, most)
    try:
        checker.check_model(model)
    except Exception as error:
        raise InputError(f"not a valid ONNX model ({first_line(error)}); export it again") from None
    return model


def _inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without functions of its own, each written out where it is called.

    Raises:
        InputError: they call themselves, or are more than a small network has when written out.
    """
    if not model.functions:
        return model
    bodies = {(one.domain, one.name): one.node for one in model.functions}
    calls = {key: [(one.domain, one.op_type) for one in nodes] for key, nodes in bodies.items()}
    sizes: dict[tuple[str, str], int] = {}
    try:
        for key in TopologicalSorter({key: set(called) & set(calls) for key, called in calls.items()}).static_order():
            sizes[key] = sum(sizes.get(called, 1) for called in calls[key])
        if sum(sizes.get((one.domain, one.op_type), 1) for one in model.graph.node) > MOST_FIELDS:
            raise InputError(
                f"its functions make more than {MOST_FIELDS:,} operators; export the model without functions"
            )
        return inliner.inline_local_functions(model)
    except CycleError:
        raise InputError("its functions call themselves; export the model without functions") from None
    except RuntimeError as error:
        raise InputError(f"its functions cannot be written out ({first_line(error)}); export it again") from None


def pruned(model: onnx.ModelProto, outputs: Iterable[onnx.ValueInfoProto]) -> onnx.ModelProto:
    """The model with these outputs, and nothing that they do not need."""
    graph, outputs = model.graph, list(outputs)
    needed = {one.name for one in outputs}
    nodes = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(name for name in node.input if name)
            nodes.append(node)
    kept = onnx.GraphProto(
        name=graph.name or "graph", node=nodes[::-1], output=outputs,
        input=[one for one in graph.input if one.name in needed],
        initializer=[one for one in graph.initializer if one.name in needed],
        sparse_initializer=[one for one in graph.sparse_initializer if one.values.name in needed],
    )  # fmt: skip
    versions = {one.domain: one for one in model.opset_import}
    return onnx.ModelProto(ir_version=model.ir_version, opset_import=list(versions.values()), graph=kept)


def tensors_of(graph: onnx.GraphProto) -> Iterable[onnx.TensorProto]:
    """The tensors that stand in a graph."""
    yield from graph.initializer
    for node in graph.node:
        for option in node.attribute:
            if option.HasField("t"):
                yield option.t
            yield from option.tensors
