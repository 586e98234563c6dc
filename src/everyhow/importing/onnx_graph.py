"""The steps of an ONNX graph: one chain of operators from its input to its output, each of which is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, checker, inliner

from ..common.errors import InputError, first_line
from .layers import LeftOut, Nonlinear, Step, fold
from .onnx_fields import check_fields
from .onnx_operators import DOMAINS, OPERATORS, SCIKIT, SUPPORTED, OperatorNode, classes, where_of
from .onnx_outputs import SOFTMAX, Core, check_classes, cores_of, decides, flowing_in
from .onnx_patterns import INNER, recognized
from .onnx_shapes import ANY, BatchedShape
from .onnx_tensors import FLOATS, FOLDED, MOST_NUMBERS, array_of, depends_on, folded, inline

MOST_FIELDS = 100_000
KNOWN = {*OPERATORS, *FOLDED, *INNER, *SOFTMAX, "Constant"} - {"Scaler"}
PLAIN = {
    getattr(AttributeProto, name) for name in ("FLOAT", "INT", "STRING", "TENSOR", "FLOATS", "INTS", "STRINGS")
}  # fmt: skip
_TYPES = set(TensorProto.DataType.values())


@dataclass(frozen=True)
class Chain:
    """What a model does to its input.

    Attributes:
        model: the operators that give what is taken as output, and nothing else.
        whole: those that also give the outputs of the file that come from it, each by itself.
        entrance: the name of the input.
        dtype: its type.
        entering: how the input lies.
        leaving: how the output lies.
        steps: what is done.
        types: the floating-point types that are used.
        classes: whether the largest output decides, by what is left out after it.
    """

    model: onnx.ModelProto
    whole: onnx.ModelProto
    entrance: str
    dtype: str
    entering: BatchedShape
    leaving: BatchedShape
    steps: list[Step]
    types: set[str]
    classes: bool


@dataclass(frozen=True)
class _Link:
    """An operator of the chain: it gives `output` from `state`; or an activation that several operators make up."""

    node: onnx.NodeProto
    state: str
    output: str
    activation: str | None


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
    inline(_tensors(model.graph), folder, most)
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


def _tensors(graph: onnx.GraphProto) -> Iterable[TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for option in node.attribute:
            if option.HasField("t"):
                yield option.t
            yield from option.tensors


def chain_of(model: onnx.ModelProto, file: str = "model.onnx") -> Chain:
    """The chain from the input of a model to its output.

    Args:
        model: the model.
        file: what its file is called.

    Raises:
        InputError: something that is not supported, with its place and the part that could be taken.
    """
    known = _constants(model.graph)
    cores = cores_of(model.graph, known)
    if len(cores) > 1:
        raise InputError(_several(model, cores, known, file))
    try:
        return _chain(model, cores[0], known)
    except _StuckError as stuck:
        raise InputError(f"{stuck}: {_advice(model, cores[0], known, stuck, file)}") from None


class _StuckError(InputError):
    """The chain breaks between two tensors."""

    def __init__(self, message: str, state: str, output: str) -> None:
        super().__init__(message)
        self.state = state
        self.output = output


def _several(model: onnx.ModelProto, cores: Sequence[Core], known: dict[str, np.ndarray], file: str) -> str:
    """That a graph has several outputs, and which of them could be taken alone."""
    entrance = next((one.name for one in _entrances(model.graph)), "")
    alone = [core.name for core in cores if _can_be_taken(model, core, known)]
    advice = f"take one, by {extraction(file, entrance, alone[0])}" if alone else "none of them can be taken alone"
    names = [name for core in cores for name in core.outputs]
    return (
        f"its graph has {len(names)} outputs: {', '.join(names)[:600]}; one is supported, with its labels and "
        f"probabilities: {advice}"
    )


def _advice(model: onnx.ModelProto, core: Core, known: dict[str, np.ndarray], stuck: _StuckError, file: str) -> str:
    """Which part of the model can be taken, found by trying."""
    tail = onnx.ModelProto()
    tail.CopyFrom(model)
    kept = [node for node in model.graph.node if stuck.output not in node.output]
    entrance = onnx.helper.make_tensor_value_info(stuck.output, TensorProto.FLOAT, ("inputs", "features"))
    del tail.graph.node[:], tail.graph.input[:]
    tail.graph.node.extend(kept)
    tail.graph.input.append(entrance)
    ways = []
    if stuck.output != core.name and _can_be_taken(tail, core, known):
        ways.append(f"what follows it, by {extraction(file, stuck.output, core.name)}")
    if _can_be_taken(model, Core(stuck.state), known):
        first = _entrances(pruned(model, [onnx.ValueInfoProto(name=stuck.state)]).graph)[0].name
        ways.append(f"what comes before it, by {extraction(file, first, stuck.state)}")
    if not ways:
        return "neither what follows it nor what comes before it can be taken alone"
    return f"export {', or '.join(ways)}"


def _can_be_taken(model: onnx.ModelProto, core: Core, known: dict[str, np.ndarray]) -> bool:
    try:
        _chain(model, core, known)
    except InputError:
        return False
    return True


def extraction(file: str, first: str, last: str) -> str:
    """The call that takes a part of a file."""
    return f"onnx.utils.extract_model({file!r}, 'part.onnx', [{first!r}], [{last!r}])"


def _chain(model: onnx.ModelProto, core: Core, known: dict[str, np.ndarray]) -> Chain:
    name, softmax = core.name, None
    last = next((node for node in model.graph.node if name in node.output), None)
    if last is not None and last.op_type in SOFTMAX and last.domain in DOMAINS:
        softmax, name = last, last.input[0]
    whole = model
    model = pruned(model, [onnx.ValueInfoProto(name=name)])
    graph = model.graph
    entrances = _entrances(graph)
    if len(entrances) != 1:
        raise _inputs_error(graph, [one.name for one in entrances], name, known)
    entrance, kind = entrances[0].name, entrances[0].type.tensor_type
    if kind.elem_type not in FLOATS or FLOATS[kind.elem_type] == "bfloat16":
        found = TensorProto.DataType.Name(kind.elem_type) if kind.elem_type in _TYPES else kind.elem_type
        raise InputError(f"its input is of type {found}; FLOAT, DOUBLE and FLOAT16 are supported: export it so")
    links = _links(graph, entrance, name, known)
    types = {FLOATS[one.data_type] for one in _tensors(graph) if one.data_type in FLOATS and one.dims}
    types.add(FLOATS[kind.elem_type])
    failures: list[InputError] = []
    for entering in _readings(kind.shape, links, known):
        used = set(types)
        try:
            steps, leaving = _walk(graph, links, entrance, entering, known, used)
            if softmax is not None:
                try:
                    steps.append(classes(softmax, leaving, _old(model)))
                except InputError as error:
                    raise _StuckError(str(error), name, core.name) from None
            _check_outputs(core, leaving)
            steps += [LeftOut(words) for words in core.words]
            _check_chained(steps, links)
            return Chain(
                model, _whole(whole, core), entrance, FLOATS[kind.elem_type], entering, leaving, steps, used,
                softmax is not None or core.least > 1,
            )  # fmt: skip
        except InputError as error:
            failures.append(error)
    raise failures[0]


def _whole(model: onnx.ModelProto, core: Core) -> onnx.ModelProto:
    """The model up to the outputs that come from the core, with plain tensors in place of dictionaries of classes.

    Raises:
        InputError: an operator that is not known is needed for them, or dictionaries by classes in another order.
    """
    model = pruned(model, [onnx.ValueInfoProto(name=name) for name in core.outputs])
    for node in model.graph.node:
        if (node.domain, node.op_type) == (SCIKIT, "ZipMap"):
            try:
                check_classes(node)
            except InputError as error:
                raise _StuckError(str(error), node.input[0], node.output[0]) from None
            node.CopyFrom(onnx.helper.make_node("Identity", list(node.input), list(node.output)))
        elif not (_known(node) or decides(node)):
            raise InputError(_unsupported(node))
    return model


def tail_of(chain: Chain, kind: np.dtype) -> onnx.ModelProto:
    """What the file does after the output of the chain, which is of that type, to give its own outputs."""
    scores, batched = chain.model.graph.output[0].name, chain.leaving
    tail = onnx.ModelProto()
    tail.CopyFrom(chain.whole)
    kept = [node for node in tail.graph.node if scores not in node.output]
    shape = ["inputs" if axis == batched.batch else size for axis, size in enumerate(batched.shape)]
    del tail.graph.node[:]
    tail.graph.node.extend(kept)
    tail.graph.input.append(
        onnx.helper.make_tensor_value_info(scores, onnx.helper.np_dtype_to_tensor_dtype(kind), shape)
    )
    return pruned(tail, tail.graph.output)


def _inputs_error(
    graph: onnx.GraphProto, entrances: Sequence[str], output: str, known: dict[str, np.ndarray]
) -> InputError:
    """That a graph has no input, or several, and where these come together."""
    words = f"its graph has {len(entrances)} inputs ({', '.join(entrances)[:200]}); one is supported"
    try:
        _links(graph, entrances[0] if entrances else "", output, known)
    except _StuckError as stuck:
        return _StuckError(f"{words}. {stuck}", stuck.state, stuck.output)
    except InputError as error:
        return InputError(f"{words}. {error}")
    return InputError(f"{words}: export the part of the model after they come together")


def _check_chained(steps: Sequence[Step], links: Sequence[_Link]) -> None:
    """See that the steps make a network; where they do not, the input may lie in another way.

    Raises:
        InputError: the steps make no network; with the link that is to blame where the message begins with its place.
    """
    try:
        fold(steps)
    except InputError as error:
        for link in links:
            if str(error).startswith(f"{_where(link)}: "):
                raise _StuckError(str(error), link.state, link.output) from None
        raise


def _where(link: _Link) -> str:
    where = where_of(link.node)
    return where if link.activation is None else f"{link.activation} that ends in {where}"


def _old(model: onnx.ModelProto) -> bool:
    return max((one.version for one in model.opset_import if one.domain in DOMAINS), default=1) < 13


def _check_outputs(core: Core, leaving: BatchedShape) -> None:
    if leaving.features < core.least or leaving.features > (core.most or leaving.features):
        raise InputError(
            f"{core.words[0]} takes {leaving.features} outputs, so it is not the decision that it looks like: export "
            "the model up to it"
        )


def _entrances(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """The inputs of a graph; weights that old files list among the inputs are left out."""
    stored = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in stored]


def _readings(
    shape: onnx.TensorShapeProto, links: Sequence[_Link], known: Mapping[str, np.ndarray]
) -> list[BatchedShape]:
    """The ways in which an input of this shape may hold the inputs of a batch.

    Raises:
        InputError: it can hold them in no way.
    """
    sizes = [one.dim_value if one.HasField("dim_value") else None for one in shape.dim]
    # skl2onnx writes a size that is not fixed as 0.
    sizes = [None if axis == 0 and size == 0 else size for axis, size in enumerate(sizes)]
    open_axes = [axis for axis, size in enumerate(sizes) if size is None]
    if sizes and all(size is None or size > 0 for size in sizes):
        if not open_axes:
            fixed = tuple(size for size in sizes if size is not None)
            axes = [axis if fixed[axis] > 1 else None for axis in (0, -1)] if len(fixed) > 1 else []
            return [*dict.fromkeys(BatchedShape(fixed, axis and axis % len(fixed)) for axis in (*axes, None))]
        if len(open_axes) == 1 and len(sizes) > 1:
            return [BatchedShape(tuple(ANY if size is None else size for size in sizes), open_axes[0])]
        if open_axes == [0, 1] and len(sizes) == 2:
            operands = (known[name] for link in links for name in link.node.input if name in known)
            features = next((one.shape for one in operands if one.ndim and one.size > 1), ())
            found = [BatchedShape((ANY, size), 0) for size in dict.fromkeys(features)]
            if found:
                return found
    raise InputError(
        f"its input has the shape {tuple(size if size is not None else '?' for size in sizes)}; expected (features,), "
        "(inputs, features), or fixed sizes but one: export it with such an input"
    )


def _constants(graph: onnx.GraphProto) -> dict[str, np.ndarray]:
    """The tensors that do not depend on the input."""
    numbers = [tensor for tensor in graph.initializer if tensor.data_type != TensorProto.STRING]
    known = {tensor.name: array_of(tensor.name, tensor) for tensor in numbers}
    left = MOST_NUMBERS
    for node in graph.node:
        if node.op_type != "Shape" and all(name in known for name in depends_on(node)) and left > 0:
            found = folded(node, [known.get(name) for name in node.input])
            if found is not None:
                known[node.output[0]] = found
                left -= found.size
    return known


def _links(graph: onnx.GraphProto, entrance: str, output: str, known: Mapping[str, np.ndarray]) -> list[_Link]:
    """The operators from the input to an output.

    Raises:
        InputError: there is not one chain of known operators.
    """
    producers = {name: node for node in graph.node for name in node.output if name}
    flowing = flowing_in(graph)
    links: list[_Link] = []
    while output != entrance:
        node = producers.get(output)
        if node is None or output not in flowing:
            raise InputError(f"its output {output[:80]} does not depend on its input; export the model again")
        states = list(dict.fromkeys(name for name in node.input if name in flowing))
        activation = recognized(output, producers, known)
        if activation is not None:
            links.append(_Link(node, activation[1], output, activation[0]))
        elif not _takes(node):
            raise _StuckError(_unsupported(node), states[0], output)
        elif len(states) != 1 or list(node.input).count(states[0]) != 1 or node.output[0] != output:
            raise _StuckError(
                f"{where_of(node)} uses something else than the step right before it, as residual connections and "
                "branches do; networks here are single chains", states[0], output,
            )  # fmt: skip
        else:
            links.append(_Link(node, states[0], output, None))
        output = links[-1].state
    unknown = [node for node in graph.node if not _known(node)]
    if unknown:
        raise InputError(_unsupported(unknown[0]))
    return links[::-1]


def _known(node: onnx.NodeProto) -> bool:
    """Whether onnxruntime may be given it: nothing but numbers is read."""
    named = node.op_type in KNOWN if node.domain in DOMAINS else (node.domain, node.op_type) == (SCIKIT, "Scaler")
    return named and all(option.type in PLAIN for option in node.attribute)


def _takes(node: onnx.NodeProto) -> bool:
    return node.op_type in OPERATORS and _known(node)


def _walk(
    graph: onnx.GraphProto, links: Sequence[_Link], entrance: str, entering: BatchedShape,
    constants: dict[str, np.ndarray], types: set[str],
) -> tuple[list[Step], BatchedShape]:  # fmt: skip
    """What the links do to an input that lies so, and how the output lies."""
    by_output, known, sized = {link.output: link for link in links}, dict(constants), set()
    shapes, steps = {entrance: entering}, list[Step]()
    for node in graph.node:
        link = by_output.get(node.output[0]) if node.output else None
        if link is not None and link.activation is not None:
            types.add("float32")  # the numbers in it are such
            steps.append(Nonlinear(link.activation, _where(link)))
            shapes[link.output] = shapes[link.state]
        elif link is not None:
            one = OperatorNode(node, link.state, shapes[link.state], steps, known, sized, types)
            try:
                made, shapes[link.output] = OPERATORS[node.op_type](one)
            except InputError as error:
                raise _StuckError(str(error), link.state, link.output) from None
            steps += made
        elif node.op_type == "Shape" and node.input[0] in shapes:
            known |= _folded(node, [np.broadcast_to(np.int8(0), shapes[node.input[0]].shape)])
            sized.update(node.output)
        elif sized.intersection(node.input) and all(name in known for name in node.input if name):
            known |= _folded(node, [known.get(name) for name in node.input])
            sized.update(node.output)
    return steps, shapes[links[-1].output if links else entrance]


def _folded(node: onnx.NodeProto, operands: list[Any]) -> dict[str, np.ndarray]:
    found = folded(node, operands)
    return {} if found is None else {node.output[0]: found}


def _unsupported(node: onnx.NodeProto) -> str:
    where, op = where_of(node), node.op_type
    if op in SOFTMAX:
        return (
            f"{where}: a softmax mixes all outputs, so it is not an activation of a neuron; it is supported as the "
            "last operator alone"
        )
    if "uantize" in op or op.startswith("QLinear") or op.endswith("Integer"):
        return f"{where} belongs to a quantized model, which is not supported; take it before quantization"
    if node.domain == SCIKIT and op.startswith("Linear"):
        return f"{where} is a linear model without hidden neurons; everyhow.Network([w], [b], ['sigmoid']) is one"
    return f"{where} is not supported; {SUPPORTED} are"
