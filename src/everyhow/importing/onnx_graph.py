"""The steps of an ONNX graph: one chain of operators from its input to its output, each of which is known."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto

from ..common.errors import InputError
from .layers import LeftOut, Nonlinear, Selection, Step, fold
from .numbering import Numbering
from .onnx_models import pruned, tensors_of
from .onnx_operators import DOMAINS, OPERATORS, SCIKIT, SUPPORTED, OperatorNode, classes, where_of
from .onnx_outputs import SOFTMAX, Core, check_classes, cores_of, decides, flowing_in
from .onnx_patterns import INNER, recognized
from .onnx_tensors import FLOATS, FOLDED, MOST_NUMBERS, array_of, depends_on, folded

# Where a file leaves open how many inputs a batch has, so many are followed.
OPEN_BATCH = 5
# Numbers of a batch times operators, at most: some seconds.
MOST_FOLLOWED = 2**26
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
        entering: how the features of each input lie in what enters.
        leaving: how they lie in the output.
        is_open: whether the file leaves open how many inputs a batch has.
        steps: what is done.
        types: the floating-point types that are used.
        classes: whether the largest output decides, by what is left out after it.
    """

    model: onnx.ModelProto
    whole: onnx.ModelProto
    entrance: str
    dtype: str
    entering: Numbering
    leaving: Numbering
    is_open: bool
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
    types = {FLOATS[one.data_type] for one in tensors_of(graph) if one.data_type in FLOATS and one.dims}
    types.add(FLOATS[kind.elem_type])
    failures: list[InputError] = []
    readings, is_open = _readings(kind.shape, links, known)
    for entering in readings:
        used = set(types)
        try:
            steps, leaving = _walk(graph, links, entrance, entering, known, used)
            if softmax is not None:
                try:
                    steps.append(classes(softmax, leaving, _old(model)))
                except InputError as error:
                    raise _StuckError(str(error), name, core.name) from None
            _check_outputs(core, leaving)
            order = leaving.order(leaving.axis)
            if order is not None and order != tuple(range(len(order))):
                steps.append(Selection(order, len(order), "the end"))
            steps += [LeftOut(words) for words in core.words]
            _check_chained(steps, links)
            return Chain(
                model, _whole(whole, core), entrance, FLOATS[kind.elem_type], entering, leaving, is_open, steps,
                used, softmax is not None or core.least > 1,
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
    scores, axis = chain.model.graph.output[0].name, chain.leaving.axis
    tail = onnx.ModelProto()
    tail.CopyFrom(chain.whole)
    kept = [node for node in tail.graph.node if scores not in node.output]
    shape = ["inputs" if at == axis else size for at, size in enumerate(chain.leaving.numbers.shape)]
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


def _check_outputs(core: Core, leaving: Numbering) -> None:
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
) -> tuple[list[Numbering], bool]:
    """The ways in which an input of this shape may hold the inputs of a batch, and whether their number is left open.

    Raises:
        InputError: it can hold them in no way.
    """
    sizes = [one.dim_value if one.HasField("dim_value") else None for one in shape.dim]
    # skl2onnx writes a size that is not fixed as 0.
    sizes = [None if axis == 0 and size == 0 else size for axis, size in enumerate(sizes)]
    open_axes = [axis for axis, size in enumerate(sizes) if size is None]
    found: list[tuple[tuple[int, ...], int | None]] = []
    if sizes and all(size is None or size > 0 for size in sizes):
        if not open_axes:
            fixed = tuple(size for size in sizes if size is not None)
            axes = [axis % len(fixed) if fixed[axis] > 1 else None for axis in (0, -1)] if len(fixed) > 1 else []
            found = [(fixed, axis) for axis in dict.fromkeys((*axes, None))]
        elif len(open_axes) == 1 and len(sizes) > 1:
            found = [(tuple(OPEN_BATCH if size is None else size for size in sizes), open_axes[0])]
        elif open_axes == [0, 1] and len(sizes) == 2:
            operands = (known[name] for link in links for name in link.node.input if name in known)
            features = next((one.shape for one in operands if one.ndim and one.size > 1), ())
            found = [((OPEN_BATCH, size), 0) for size in dict.fromkeys(features)]
    if found:
        numbers = max(math.prod(shape) for shape, _ in found)
        if numbers * len(links) > MOST_FOLLOWED:
            raise InputError(
                f"its input holds {numbers:,} numbers, which go through {len(links):,} operators; at most "
                f"{MOST_FOLLOWED:,} steps of numbers are followed: export it with fewer inputs in a batch, or with "
                "their number left open"
            )
        return [Numbering.of_rows(shape, axis) for shape, axis in found], bool(open_axes)
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
    graph: onnx.GraphProto, links: Sequence[_Link], entrance: str, entering: Numbering,
    constants: dict[str, np.ndarray], types: set[str],
) -> tuple[list[Step], Numbering]:  # fmt: skip
    """What the links do to an input that is numbered so, and how the output is."""
    by_output, known, sized = {link.output: link for link in links}, dict(constants), set()
    numberings, steps = {entrance: entering}, list[Step]()
    for node in graph.node:
        link = by_output.get(node.output[0]) if node.output else None
        if link is not None and link.activation is not None:
            types.add("float32")  # the numbers in it are such
            steps.append(Nonlinear(link.activation, _where(link)))
            numberings[link.output] = numberings[link.state]
        elif link is not None:
            one = OperatorNode(node, link.state, numberings[link.state], steps, known, sized, types)
            try:
                made, numberings[link.output] = OPERATORS[node.op_type](one)
            except InputError as error:
                raise _StuckError(str(error), link.state, link.output) from None
            steps += made
        elif node.op_type == "Shape" and node.input[0] in numberings:
            known |= _folded(node, [numberings[node.input[0]].numbers])
            sized.update(node.output)
        elif sized.intersection(node.input) and all(name in known for name in node.input if name):
            known |= _folded(node, [known.get(name) for name in node.input])
            sized.update(node.output)
    return steps, numberings[links[-1].output if links else entrance]


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
