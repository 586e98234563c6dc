"""A model of Hugging Face transformers that lies in a folder: its configuration and safetensors, nothing that runs."""

from pathlib import Path

from torch import nn

from ..common.errors import InputError, first_line
from ..common.extras import load
from ..common.reading import read_document

CONFIG = "config.json"


def module_in(folder: Path) -> nn.Module:
    """The causal language model in a folder, in eval mode. Nothing is fetched, unpickled or run from the folder.

    Raises:
        InputError: there is no such model, or weights are missing.
        MissingExtraError: transformers is not installed.
    """
    config = folder / CONFIG
    if not config.is_file():
        raise InputError(
            f"{folder} has no {CONFIG}; give the folder that save_pretrained of a Hugging Face model wrote"
        )
    if not any(folder.glob("*.safetensors")):
        raise InputError(
            f"{folder} has no weights as safetensors, and other files may run code when they are read: write it again "
            "by save_pretrained"
        )
    document = read_document(config, "a configuration")
    if "auto_map" in document:
        raise InputError(
            f"{config} names code of its own (auto_map), which is not run; load the model yourself, and give it"
        )
    transformers = load("transformers", "a folder of a Hugging Face model is read by", "transformers")
    try:
        found = transformers.AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, output_loading_info=True
        )
    except Exception as error:
        raise InputError(f"{folder} is not read as a causal language model ({first_line(error)})") from None
    module, said = found
    for item in ("missing_keys", "mismatched_keys"):
        if said.get(item):
            names = ", ".join(map(str, list(said[item])[:5]))
            raise InputError(f"{folder} lacks weights that its configuration asks for ({names}); they would be random")
    return module.eval()
