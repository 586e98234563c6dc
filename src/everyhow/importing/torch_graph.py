"""The steps of a PyTorch module, traced by torch.fx: one chain of operations, each of which is known."""

import operator
from collections.abc import Iterator
from typing import Any

import torch
from torch import fx, nn
from torch.fx.node import map_arg
from torch.nn.parameter import is_lazy

from ..errors import InputError, first_line
from .layers import Step, width_after
from .torch_operations import AROUND, of_function, of_module


def dtypes_of(module: nn.Module) -> set[str]:
    """The floating-point types of a module's tensors."""
    tensors = [*module.parameters(), *module.buffers()]
    return {str(one.dtype).removeprefix("torch.") for one in tensors if one.is_floating_point()}


def steps_of(module: nn.Module) -> list[Step]:
    """What a module does to its input, step by step.

    Raises:
        InputError: something that is not supported, with its place and what to do.
    """
    check_mode(module)
    if any(is_lazy(parameter) for parameter in module.parameters()):
        raise InputError(f"{type(module).__name__} has lazy layers of unknown shape; run it once on its data first")
    root = nn.Sequential(module)  # so that a container is traced through, and a single layer is a layer like any other
    try:
        graph = fx.symbolic_trace(root).graph
    except Exception as error:
        raise InputError(
            f"{type(module).__name__} cannot be traced by torch.fx ({first_line(error)}): its forward takes one "
            "tensor, and no path in it may depend on values; import a part of it, or write it as an nn.Sequential"
        ) from None
    graph.eliminate_dead_code()
    return list(_chain(root, graph))


def check_mode(module: nn.Module) -> None:
    """See that running the module changes nothing in it and gives the same again.

    Raises:
        InputError: a Dropout or a normalization in it is in training mode.
    """
    for path, part in module.named_modules():
        random = isinstance(part, nn.modules.dropout._DropoutNd) and part.p > 0
        if part.training and (random or isinstance(part, nn.modules.batchnorm._NormBase)):
            raise InputError(f"{_named(part, path)} is in training mode; call module.eval() first")


def _chain(root: nn.Module, graph: fx.Graph) -> Iterator[Step]:
    constants: dict[fx.Node, Any] = {}
    sizes: set[fx.Node] = set()
    steps: list[Step] = []
    current = next(iter(graph.nodes))
    for node in graph.nodes:
        if node.op == "placeholder":
            continue
        used = [one for one in node.all_input_nodes if one not in constants and one not in sizes]
        place = _place(root, node)
        if node.op == "output":
            if node.args[0] is not current:
                raise InputError(
                    f"the end of the module: it returns {_kind(node.args[0])}; import a module that returns one "
                    "tensor, the outputs of its last layer"
                )
        elif not used and node.op != "call_module" and not any(one in sizes for one in node.all_input_nodes):
            constants[node] = _evaluated(root, node, constants)
        elif not used or _is_size(node):
            sizes.add(node)
        elif set(used) != {current} or used.count(current) > 1 or _repeats(node, current):
            raise InputError(
                f"{place}: it uses something else than the step right before it, as residual connections and branches "
                f"do; networks here are single chains: {AROUND}"
            )
        else:
            if node.op == "call_module":
                found = of_module(root.get_submodule(str(node.target)), place)
            else:
                found = of_function(node, place, current, constants, width_after(steps))
            steps += found
            yield from found
            current = node


def _is_size(node: fx.Node) -> bool:
    asked = node.target is getattr and node.args[1] == "shape"
    return asked or (node.op == "call_method" and node.target in ("size", "dim"))


def _repeats(node: fx.Node, current: fx.Node) -> bool:
    """Whether a step uses the one before it twice, as x + x does."""
    return sum(argument is current for argument in [*node.args, *node.kwargs.values()]) > 1


def _evaluated(root: nn.Module, node: fx.Node, constants: dict[fx.Node, Any]) -> Any:
    """The value of a step that depends on parameters alone, such as a transposed weight."""
    args, kwargs = map_arg((node.args, node.kwargs), constants.__getitem__)
    with torch.no_grad():
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(root)
        if node.op == "call_method":
            return getattr(args[0], str(node.target))(*args[1:], **kwargs)
        return node.target(*args, **kwargs)  # type: ignore[operator]


def _place(root: nn.Module, node: fx.Node) -> str:
    """What a step is and where, such as `Linear 2.fc1`, or `relu in block` for a function."""
    if node.op == "call_module":
        return _named(root.get_submodule(str(node.target)), str(node.target).partition(".")[2])
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path = str(stack[-1][0]).partition(".")[2] if stack else ""
    name = getattr(node.target, "__name__", str(node.target))
    return f"{name} in {path}" if path else name


def _named(module: nn.Module, path: str) -> str:
    return f"{type(module).__name__} {path}".strip()


def _kind(value: Any) -> str:
    if isinstance(value, tuple | list | dict):
        return f"a {type(value).__name__} of {len(value)} values"
    return "something else than the outputs of its last step"
