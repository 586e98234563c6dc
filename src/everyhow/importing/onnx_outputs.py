"""What a graph gives: its one output, without the labels and probabilities that classifiers add after it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from ..common.errors import InputError
from .onnx_operators import DOMAINS, SCIKIT, option_of, where_of
from .onnx_tensors import depends_on

SOFTMAX = ("Softmax", "LogSoftmax")
# What hands labels on, once an ArgMax or a Binarizer gave them.
PASSING = ("Cast", "Reshape", "Identity", "ArrayFeatureExtractor", "Gather", "Squeeze", "Unsqueeze", "Flatten")


@dataclass(frozen=True)
class Core:
    """A tensor that is taken as output.

    Attributes:
        name: the tensor.
        outputs: the outputs of the graph that come from it.
        words: what is left out after it.
        least: how many features it must have at least, for what is left out to be what it is taken for.
        most: how many at most; None for any number.
    """

    name: str
    outputs: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    least: int = 1
    most: int | None = None


def flowing_in(graph: onnx.GraphProto) -> set[str]:
    """The tensors that depend on the numbers of the input, not only on its shape."""
    stored = {tensor.name for tensor in graph.initializer}
    flowing = {value.name for value in graph.input if value.name not in stored}
    for node in graph.node:
        if flowing.intersection(depends_on(node)):
            flowing.update(node.output)
    return flowing


def cores_of(graph: onnx.GraphProto, known: Mapping[str, np.ndarray]) -> list[Core]:
    """The tensors that the outputs come from, one for labels and probabilities of the same.

    Args:
        graph: the graph.
        known: the tensors that do not depend on the input.

    Raises:
        InputError: no output depends on the input.
    """
    flowing = flowing_in(graph)
    producers = {name: node for node in graph.node for name in node.output if name}
    outputs = [one.name for one in graph.output if one.name in flowing]
    if not outputs:
        raise InputError(
            f"its graph has {len(graph.output)} outputs, none of which depends on an input; export it again"
        )
    ends = {output: _without_labels(output, producers, flowing, known) for output in outputs}
    decided = {name for name, dropped in ends.values() if "ArgMax" in dropped}
    bases = {name for name, _ in ends.values()}
    cores: dict[str, tuple[list[str], list[str]]] = {}
    for output in outputs:
        name, dropped = _without_labels(output, producers, flowing, known, decided)
        if name in producers and producers[name].op_type in SOFTMAX and producers[name].input[0] in bases:
            # Scores, and their softmax beside them.
            name, dropped = producers[name].input[0], [*dropped, producers[name].op_type]
        names, all_dropped = cores.setdefault(name, ([], []))
        names.append(output)
        all_dropped += dropped
    return [_core(name, names, dropped, producers) for name, (names, dropped) in cores.items()]


def _core(name: str, outputs: list[str], dropped: list[str], producers: Mapping[str, onnx.NodeProto]) -> Core:
    if not dropped:
        return Core(name, tuple(outputs))
    decided, both = bool({"ArgMax", *SOFTMAX}.intersection(dropped)), "Concat" in dropped
    if both:
        reason = "labels, and the probabilities of both classes, of which the second one's is the output"
    else:
        reason = "labels: the largest output decides" if decided else "labels, or outputs by the names of classes"
    source = where_of(producers[name]) if name in producers else f"the input {name[:80]}"
    words = f"{', '.join(dict.fromkeys(dropped))} after {source} ({reason})"
    return Core(name, tuple(outputs), (words,), 2 if decided and not both else 1, 1 if decided and both else None)


def _without_labels(
    name: str, producers: Mapping[str, onnx.NodeProto], flowing: set[str], known: Mapping[str, np.ndarray],
    decided: Collection[str] = (),
) -> tuple[str, list[str]]:  # fmt: skip
    """The tensor that labels or probabilities come from, and the kinds of operators after it.

    Parts of a tensor in `decided`, of which the largest feature decides, come from it too.
    """
    core, dropped, passed = name, list[str](), list[str]()
    at = name
    while at in producers:
        node = producers[at]
        second = _second_of_two(node, producers, known)
        states = [one for one in node.input if one in flowing]
        if second is not None:
            passed += ["Concat", "Sub"]
            at = core = second
        elif node.op_type == "LinearClassifier" and at == node.output[0]:
            passed.append(node.op_type)
            at = core = node.output[1]
        elif node.op_type == "Normalizer" and producers.get(states[0], node).op_type == "LinearClassifier":
            passed.append(node.op_type)
            at = core = states[0]
        elif len(states) == 1 and (_decides(node) or node.op_type in (*PASSING, "Slice" if decided else "")):
            passed.append(node.op_type)
            at = states[0]
            core = at if _decides(node) or at in decided else core
        else:
            break
        if passed and at in producers and producers[at].op_type in SOFTMAX:
            core = at
        if core == at:
            dropped, passed = dropped + passed, []
    return core, dropped


def _decides(node: onnx.NodeProto) -> bool:
    return (
        (node.op_type == "ArgMax" and option_of(node, "axis", 0) in (1, -1))
        or node.op_type == "ZipMap"
        or (node.op_type == "Binarizer" and option_of(node, "threshold", 0.0) == 0.5)
    )


def decides(node: onnx.NodeProto) -> bool:
    """Whether it is an operator that makes labels, and reads nothing but numbers and the names of classes."""
    plain = (SCIKIT, "ArrayFeatureExtractor"), (SCIKIT, "Binarizer")
    return (node.domain in DOMAINS and node.op_type == "ArgMax") or (node.domain, node.op_type) in plain


def check_classes(node: onnx.NodeProto) -> None:
    """See that a ZipMap names classes in ascending order, as scikit-learn has them.

    Raises:
        InputError: it names them in another order.
    """
    names = list(option_of(node, "classlabels_int64s", []) or option_of(node, "classlabels_strings", []))
    if names != sorted(set(names)):
        shown = ", ".join(one.decode(errors="replace") if isinstance(one, bytes) else f"{one}" for one in names)
        raise InputError(f"{where_of(node)}: its classes are {shown[:200]}; classes in ascending order are supported")


def _second_of_two(
    node: onnx.NodeProto, producers: Mapping[str, onnx.NodeProto], known: Mapping[str, np.ndarray]
) -> str | None:
    """p of [1 - p, p]."""
    if node.op_type != "Concat" or len(node.input) != 2 or option_of(node, "axis") not in (1, -1):
        return None
    less = producers.get(node.input[0])
    if less is None or less.op_type != "Sub" or less.input[1] != node.input[1]:
        return None
    one = known.get(less.input[0])
    return node.input[1] if one is not None and one.size == 1 and one.reshape(-1)[0] == 1 else None
