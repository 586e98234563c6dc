"""A transformer of PyTorch and a behavior, made ready to have every subset of some components patched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..common.arguments import listed, quoted
from ..common.errors import InputError, first_line
from ..common.progress import Work
from ..importing.torch_parts import check_tensors, copied
from ..importing.torch_trace import type_name, where_of
from ..importing.transformer_tokens import check_tokens, tokens_of
from ..model.behavior import Behavior
from ..model.behavior_files import behavior_of_tokens
from .patching import Patching
from .torch_blocks import Blocks, blocks_of
from .torch_decisions import Asked, decided
from .torch_model import TorchTransformer
from .torch_tree import Component

# Of more, the numbers of all subsets take gigabytes.
MOST_COMPONENTS = 24


@dataclass(frozen=True, eq=False)
class Ready:
    """What is needed to run all subsets.

    Attributes:
        model: in double precision, its circuits being asked of the components of interest.
        quick: the blocks that run all subsets.
        behavior: the rows, their counterfactuals, and the classes wanted.
    """

    model: TorchTransformer
    quick: Blocks
    behavior: Behavior

    def run(self, most: int | None = None, work: Work | None = None) -> Patching:
        """Run every subset, so many streams at once."""
        model, graph = self.model, self.model.graph
        names = [graph.name(edge) for edge in graph.edges]
        if work is not None:
            work.whole = len(self.behavior.points) << len(names)
        components = tuple(map(component_of, names))
        asked = Asked(model.blocks, self.quick, components, self.behavior, model.answered, model.classes, most)
        return Patching(repr(model), graph, _wiring(model), self.behavior, decided(asked, work))


def patched(
    module: nn.Module, behavior: Any, components: Iterable[str] | str, device: str | None, precision: str
) -> Ready:
    """A transformer and a behavior, made ready.

    Args:
        module: in eval mode; it is left as it is.
        behavior: a Behavior, or a mapping with the keys of a file of one.
        components: of interest.
        device: where to run; CUDA where there is one, when not given.
        precision: `float32` or `float64`.

    Raises:
        InputError: as `eh.patch`.
    """
    _check_mode(module)
    check_tensors(module)
    where = _device(device)
    rows = tokens_of(behavior.points if isinstance(behavior, Behavior) else _said(behavior, "tokens"))
    vocabulary = _vocabulary(module)
    check_tokens(rows, vocabulary, None, type(module).__name__)
    exact = blocks_of(_placed(module, where, torch.float64), rows)
    quick = exact if precision == "float64" else blocks_of(_placed(module, where, torch.float32), rows)
    logits = exact.row(rows[0]).logits.shape[1]
    model = TorchTransformer(exact, rows.shape[1], (vocabulary, logits))
    found = behavior if isinstance(behavior, Behavior) else behavior_of_tokens(behavior, model)
    _check_behavior(found, vocabulary, type(module).__name__)
    read = found.read(model)
    scoped = read.scoped(_named(components, read), "in")
    return Ready(scoped, quick, found)


def _check_mode(module: nn.Module) -> None:
    """Raises InputError when a part of a module is in training mode."""
    for path, part in module.named_modules():
        if part.training:
            raise InputError(f"{where_of(path, part)} is in training mode; call module.eval() first")


def _named(components: Iterable[str] | str, model: TorchTransformer) -> list[str]:
    """The components of interest.

    Raises:
        InputError: none, too many, or one that the model does not have.
    """
    there = [model.graph.name(node) for node in model.graph.inner]
    rule = f"names of heads and MLPs, such as {there[0]}"
    names = listed("components", [components] if isinstance(components, str) else components, rule)
    unknown = [name for name in names if name not in there]
    if unknown or not names:
        raise InputError(
            f"components is {quoted(unknown[0] if unknown else names)}; give {rule}: {model!r} has a0.h0 to "
            f"a{len(model.blocks.heads) - 1}.h{model.blocks.heads[-1] - 1}, and m0 to m{len(model.blocks.heads) - 1}"
        )
    number = len(set(names))
    if number > MOST_COMPONENTS:
        raise InputError(
            f"{number} components have {1 << number:,} subsets; every subset of at most {MOST_COMPONENTS} is run: "
            "name fewer"
        )
    return names


def component_of(name: str) -> Component:
    """The head or MLP of a name.

    Example:
        >>> component_of("a9.h6"), component_of("m0")
        (Component(block=9, head=6), Component(block=0, head=None))
    """
    layer, _, head = name[1:].partition(".h")
    return Component(int(layer), int(head) if head else None)


def _wiring(model: TorchTransformer) -> dict[str, Any]:
    heads = model.blocks.heads
    parallel = set(model.blocks.parallel)
    said: dict[str, Any] = {"n_layers": len(heads), "d_model": model.d_model}
    said |= {"n_heads": heads[0]} if len(set(heads)) == 1 else {}
    return said | ({"parallel_attn_mlp": parallel.pop()} if len(parallel) == 1 else {})


def _said(document: Mapping[str, Any], key: str) -> Any:
    if document.get(key) is None:
        raise InputError(f"the behavior lacks {key}; patching needs tokens, a counterfactual row for each, and classes")
    return document[key]


def _check_behavior(behavior: Behavior, vocabulary: int, name: str) -> None:
    """Raises InputError when subsets cannot be judged by a behavior."""
    if behavior.paired is None:
        raise InputError(
            "components outside a subset write what they write at each row's counterfactual: give the behavior those "
            "rows (paired)"
        )
    if behavior.answer is None or behavior.decision != "argmax" or behavior.within is not None:
        raise InputError(
            f"patching decides among classes, of which the largest logit is the answer; this behavior is of "
            f"{behavior.how_decided}: give classes, and no within"
        )
    check_tokens(tokens_of(behavior.paired), vocabulary, None, name)


def _vocabulary(module: nn.Module) -> int:
    """How many tokens the first table of embeddings has."""
    for part in module.modules():
        if isinstance(part, nn.Embedding):
            return part.num_embeddings
    raise InputError(f"torch {type(module).__name__} has no nn.Embedding, so it takes no tokens; give a language model")


def _device(device: str | None) -> torch.device:
    """Where to run.

    Raises:
        InputError: there is no such device, or it has no float64.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
        if found.type not in ("cpu", "cuda"):
            raise InputError(f"device is {quoted(device)}; subsets run on cpu or cuda, which have float64")
        torch.zeros(1, dtype=torch.float64, device=found)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"device is {quoted(device)}, which cannot be used here ({first_line(error)}); give cpu"
        ) from None
    return found


def _placed(module: nn.Module, device: torch.device, kind: torch.dtype) -> nn.Module:
    """The module on a device and of a type: itself where it is, else a copy."""
    floating = [one for one in (*module.parameters(), *module.buffers()) if one.is_floating_point()]
    there = all(one.device.type == device.type and device.index in (None, one.device.index) for one in floating)
    if there and {type_name(one) for one in floating} == {str(kind).removeprefix("torch.")}:
        return module
    return copied(module).to(device=device, dtype=kind)
