"""Networks from files of every kind that is read. Nothing in a file is ever executed."""

from collections.abc import Iterable
from os import PathLike
from typing import Any

from ..common.errors import InputError
from ..common.reading import json_of, naming
from ..kinds import model_from_document, model_from_tensors
from ..model.model import Model
from ..network.safetensors_files import read_tensors
from .model_files import TORCH, readable
from .onnx_files import from_onnx
from .state_dicts import Description, from_arrays
from .stored_layers import stored_arrays
from .torch_files import model_of_checkpoint
from .transformer_arrays import has_lens_names, transformer_of_arrays


def load(
    source: str | PathLike[str],
    *,
    widths: Iterable[int] | None = None,
    hidden_activation: str | Iterable[str] | None = None,
    output_activation: str | None = None,
    data: Any = None,
    order: str | Iterable[str] | None = None,
    threshold: float | None = None,
    part: str | None = None,
    config: Any = None,
) -> Model:
    """The model in a `.json`, `.safetensors` or `.onnx` file, or one of PyTorch (`.pt`, `.pth`, `.ckpt`, `.bin`).

    A `.json` file, and a `.safetensors` file that everyhow wrote, say everything themselves, and hold a network or a
    transformer. An ONNX file is imported,
    as `from_onnx` does, and the state dict in a file of PyTorch or another `.safetensors` file as `from_state_dict`
    does; the latter keeps no order of its layers. A state dict is found wherever it lies in a checkpoint, and what was
    left out is named in the origin. Nothing in a file is ever imported or executed.

    Args:
        source: the file; of at most 8 MB when JSON, else 64 MB.
        widths: of a state dict, the neurons of each hidden layer, if they are to be checked.
        hidden_activation: of a state dict, the activation of every layer but the last, or one for each.
        output_activation: of a state dict, that of the last layer.
        data: of what is imported, inputs (inputs, features) to check it on; of a state dict with their outputs.
        order: of a state dict, the names of its layers as they run.
        threshold: an output above it is read as 1: 0 of logits, 0.5 of what was trained towards 0 and 1; what the file
            says, if it is everyhow's, when not given.
        part: of a checkpoint that holds several state dicts, the place of the one meant.
        config: of tensors by TransformerLens's names, its configuration; see `from_state_dict`.

    Raises:
        FileFormatError: the file is missing, too large, cannot be read, or is not what it says; the message names it.
        MissingExtraError: what reads such a file is not installed.

    Example:
        >>> import tempfile
        >>> import everyhow as eh
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = eh.save_network(eh.xornet(), f"{folder}/xornet.json")
        ...     eh.load(path)
        Network(2-3-1, sigmoid:25, 7 edges)
    """
    path, kind = readable(source)
    said = Description(hidden_activation, output_activation, widths, data, order, threshold)
    unused = (widths, hidden_activation, output_activation, order, part, config)
    with naming(path):
        if kind == ".onnx":
            _need_no(unused, "an ONNX file says its widths and activations")
            return from_onnx(path, data, threshold)
        if kind in TORCH:
            return model_of_checkpoint(path, said, part, config)
        if kind == ".json":
            _need_no((*unused, data), "a network file says everything itself")
            return model_from_document(json_of(path.read_bytes(), "a network as JSON")).read(threshold)
        arrays, metadata = read_tensors(path)
        if not {"activations", "kind"} & set(metadata) and has_lens_names(arrays):
            _need_no((widths, hidden_activation, output_activation, order, part), "a transformer has config= alone")
            named = f"state dict in {path.name}"
            return transformer_of_arrays(arrays, config, data, named).read(threshold)
        if not {"activations", "kind"} & set(metadata) and any(one is not None for one in (*unused, threshold)):
            _need_no((part,), "a .safetensors file has no parts")
            _need_no((config,), "config is that of a transformer, which has tensors such as embed.W_E")
            return from_arrays(stored_arrays(arrays), said, f"state dict in {path.name}", registered=False)
        _need_no((*unused, data), "a network file says everything itself")
        return model_from_tensors(arrays, metadata).read(threshold)


def _need_no(options: tuple[Any, ...], reason: str) -> None:
    if any(option is not None for option in options):
        raise InputError(f"{reason}; leave out the options that it has no use for")
