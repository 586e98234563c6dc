"""How a model is stored and read back, whatever its kind: the one file outside its room that a new kind changes."""

from .common.errors import InputError
from .model.model import Model
from .network.documents import network_bytes, network_from_document
from .network.network import Network


def model_from_document(document: object) -> Model:
    """The model that a JSON document holds, such as audit.json.

    Raises:
        InputError: the document holds no model, or a model of a kind that is not read back.
    """
    return network_from_document(document)


def model_bytes(model: Model) -> bytes:
    """The content of a file that holds the model: of a network, of a safetensors file.

    Raises:
        InputError: models of this kind are not stored in files.
    """
    if not isinstance(model, Network):
        raise InputError(f"a model of the kind {model.kind} is not stored in a file; only networks are")
    return network_bytes(model)
