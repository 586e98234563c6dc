"""How models of each kind are stored and read back."""

import json

import pytest

import everyhow as eh
from everyhow.common.errors import InputError
from everyhow.importing.load import load
from everyhow.kinds import model_bytes, model_from_document

from .model.skipping import skipping_xor


def test_networks(xor, tmp_path):
    """A network is read back from its file, and from a document of its own or one that holds it."""
    path = tmp_path / "network.safetensors"
    path.write_bytes(model_bytes(xor))
    document = json.loads(json.dumps(xor.document()))
    for found in (load(path), model_from_document(document), model_from_document({"network": document})):
        assert isinstance(found, eh.Network) and found.document() == xor.document()


def test_other_kinds():
    """A model of another kind is neither stored nor taken for a network."""
    model = skipping_xor()
    with pytest.raises(
        InputError, match=f"a model of the kind {model.kind} is not stored in a file; networks and transformers"
    ):
        model_bytes(model)
    with pytest.raises(InputError, match=f"only networks are read back, and this is a model of the kind {model.kind}"):
        model_from_document(model.document())
