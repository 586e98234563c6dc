"""Patch every subset of some heads and MLPs of a transformer that PyTorch runs."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.arguments import choice, is_whole, quoted
from ..common.errors import InputError
from ..common.extras import need
from ..common.progress import Progress
from ..common.reading import naming, read_document
from ..model.behavior import Behavior
from ..model.behavior_files import LARGEST, MOST_LISTS, WHAT
from ..model.runnable import Runnable
from .patching import Patching

if TYPE_CHECKING:
    import torch

PRECISIONS = ("float32", "float64")
NEXT = "give a torch.nn.Module, such as a model of Hugging Face transformers, or the folder of one"


def patch(
    model: Any,
    behavior: Any,
    components: Iterable[str] | str,
    *,
    device: str | None = None,
    precision: str = "float32",
    batch: int | None = None,
    progress: bool = False,
) -> Patching:
    """Patch every subset of some heads and MLPs of a transformer, and tell which subsets are perfect.

    In each of the 2^n subsets of n components, those outside it write at all positions what they write at the row's
    counterfactual; everything else, all other heads and MLPs too, is computed. These are the circuits of grain
    `nodes`, by the ablation `paired`, of the scope of these components with all others held in: of a small transformer
    `eh.circuits(model.at("nodes").scoped(components, "in"), behavior, ablation="paired")` counts the same.

    All subsets are run in PyTorch as one tree: a subset costs only the blocks after its last difference from others.
    Decisions of float32 that are near their boundary are made again in float64; what is within 1e-9 of it even then is
    left open, and counts have two ends. How near is near is measured: ten times the largest difference between float32
    and float64 in up to 64 subsets of each row. That does not prove it; `precision="float64"` computes all in float64.

    Args:
        model: a transformer of PyTorch in eval mode, such as a model of Hugging Face transformers: GPT-2, GPT-Neo,
            GPT-J, GPT-NeoX, OPT, Llama, Mistral, Qwen, Gemma, Phi, Falcon, and modules with the names of one of them.
            Or the folder of one (config.json and safetensors). Its parts are seen to add up to its logits.
        behavior: a mapping with the keys of a file of a behavior (`tokens`, `paired`, `classes`, and where wanted
            `answer_positions`, `labels`, `weights`, `epsilon`); the path of such a file; or a Behavior. Where there are
            no labels, the classes wanted are the model's own answers.
        components: names of heads and MLPs, such as `a9.h6` or `m0`; at most 24, which are 16,777,216 subsets.
        device: where all subsets run: `cpu`, `cuda`, `cuda:1`; CUDA where there is one, when not given.
        precision: `float32`, or `float64`.
        batch: how many streams are run at once; as many as fit tensors of 16 MB, on CUDA of 256 MB, when not given.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: a model whose parts are not known or do not add up, a name that it does not have, or a behavior
            without counterfactual rows or without classes.
        MissingExtraError: PyTorch, or for a folder transformers, is not installed.

    Example:
        >>> import torch, transformers  # doctest: +SKIP
        >>> _ = torch.manual_seed(3)  # doctest: +SKIP
        >>> size = {"vocab_size": 8, "n_positions": 4, "n_embd": 8, "n_layer": 1, "n_head": 2}  # doctest: +SKIP
        >>> config = transformers.GPT2Config(**size, initializer_range=1.0)  # doctest: +SKIP
        >>> model = transformers.GPT2LMHeadModel(config).eval()  # doctest: +SKIP
        >>> tokens, paired = [[0, 1], [2, 1], [4, 1]], [[2, 3], [4, 3], [0, 3]]  # doctest: +SKIP
        >>> behavior = {"tokens": tokens, "paired": paired, "classes": [5, 6, 7]}  # doctest: +SKIP
        >>> found = patch(model, behavior, ["a0.h0", "a0.h1", "m0"])  # doctest: +SKIP
        >>> found.count.certain, found.minimal  # doctest: +SKIP
        ({2: 1, 3: 1}, (Circuit(2 nodes: a0.h0 m0),))
    """
    choice("precision", precision, PRECISIONS)
    if batch is not None and not is_whole(batch, 1):
        raise InputError(f"batch is {quoted(batch)}; it is how many streams are run at once, at least 1")
    if isinstance(model, Runnable):
        raise InputError(
            f"{model!r} is not run by PyTorch; its circuits are counted by themselves: "
            'eh.circuits(model.at("nodes").scoped(components, "in"), behavior, ablation="paired")'
        )
    check_installed()
    document = _document_of(behavior)
    from .torch_patching import patched

    with Progress(progress).doing("subsets") as work:
        module = _module_of(model)
        if isinstance(behavior, str | os.PathLike):
            with naming(Path(behavior)):
                asked = patched(module, document, components, device, precision)
        else:
            asked = patched(module, document, components, device, precision)
        return asked.run(batch, work)


def _document_of(behavior: Any) -> Any:
    """A behavior, or what says one.

    Raises:
        InputError: something else.
    """
    if isinstance(behavior, Behavior):
        return behavior
    if isinstance(behavior, str | os.PathLike):
        return read_document(Path(behavior), WHAT, LARGEST, MOST_LISTS)
    if isinstance(behavior, Mapping):
        return dict(behavior)
    raise InputError(
        f"behavior is {quoted(behavior)}; give a mapping with tokens, paired and classes, the path of a JSON file that "
        "has them, or a Behavior"
    )


def _module_of(model: Any) -> "torch.nn.Module":
    """A module, or the one that lies in a folder.

    Raises:
        InputError: something else.
    """
    import torch

    if isinstance(model, torch.nn.Module):
        return model
    if isinstance(model, str | os.PathLike):
        from .torch_folder import module_in

        return module_in(Path(model))
    raise InputError(f"the model is of type {type(model).__name__}; {NEXT}")


def check_installed() -> None:
    """Raises MissingExtraError when PyTorch is not there."""
    need("patching runs in", "train", otherwise=", or for models of Hugging Face 'everyhow[transformers]'")
