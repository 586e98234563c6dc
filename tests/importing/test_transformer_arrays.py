"""Transformers of named arrays: TransformerLens's names with a configuration, and the keys of a model file."""

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save_file

import everyhow as eh
from everyhow.importing.door import as_model
from everyhow.transformer.documents import transformer_bytes
from everyhow.transformer.parts import MLP, Attention, Layer, Norm

CONFIG = {
    "act_fn": "gelu_new", "normalization_type": "LN", "attention_dir": "bidirectional", "eps": 1e-4, "n_heads": 2,
    "attn_scale": 1.5,
}  # fmt: skip


def model_of(**options):
    """A transformer of two layers, of random weights."""
    random = np.random.default_rng(0)

    def norm():
        return Norm(random.standard_normal(4), random.standard_normal(4), 1e-4)

    def layer():
        maps = {f"W_{one}": random.standard_normal((2, 4, 3)) for one in "QKV"}
        maps |= {f"b_{one}": random.standard_normal((2, 3)) for one in "QKV"}
        attention = Attention(W_O=random.standard_normal((2, 3, 4)), b_O=random.standard_normal(4), **maps)
        inner = [random.standard_normal(shape) for shape in ((4, 5), (5, 4), (5,), (4,))]
        return Layer(attention, MLP(*inner), norm(), norm())

    arrays = [random.standard_normal(shape) for shape in ((5, 4), (3, 4), (4, 2), (2,))]
    tables, head = arrays[:2], arrays[2:]
    whole = {"activation": "gelu_new", "causal": False, "scale": 1.5} | options
    return eh.Transformer(*tables, (layer(), layer()), *head, norm(), **whole)


def tensors(model):
    """Its arrays by TransformerLens's names, with what TransformerLens keeps beside them."""
    found = dict(tensors_of(transformer_bytes(model)))
    return found | {"blocks.0.attn.mask": np.ones((3, 3), bool), "blocks.0.attn.IGNORE": np.float32(-np.inf)}


TOKENS = np.array([[0, 1, 2], [4, 4, 3], [2, 0, 0]])


@pytest.mark.parametrize("config", [CONFIG, SimpleNamespace(**CONFIG)], ids=["a mapping", "an object"])
def test_tensors_of_transformer_lens(config):
    """The arrays and the configuration are the model; nothing was compared, and the origin says so."""
    model = model_of()
    found = eh.from_state_dict(tensors(model), config=config)
    assert found.document() == model.document()
    assert found.origin.folded == ("IGNORE of attention left out", "mask of attention left out")
    assert found.origin.checked_on == "nothing to compare with: arrays are not the model"
    assert (found.origin.source, found.origin.precision) == ("state dict", "float64")


def test_tensors_with_logits():
    """Logits of the model at some tokens are compared with; as many positions are kept as these have."""
    model = model_of()
    found = eh.from_state_dict(tensors(model), config=CONFIG, data=(TOKENS, model.logits(TOKENS)))
    assert found.origin.checked_on == "3 given sequences, with the logits given"
    assert found.origin.largest_difference <= found.origin.allowed_difference < 1e-9
    short = replace(model, W_pos=model.W_pos[:2]).logits(TOKENS[:, :2])
    found = eh.from_state_dict(tensors(model), config=CONFIG, data=(TOKENS[:, :2], short))
    assert found.features == 2
    with pytest.raises(eh.InputError, match="computes something else"):
        eh.from_state_dict(tensors(model), config=CONFIG, data=(TOKENS, model.logits(TOKENS) + 1e-3))
    for config in ({"attention_dir": "causal"}, {"act_fn": "gelu"}, {"attn_scale": -1}, {"use_attn_scale": False}):
        with pytest.raises(eh.InputError, match="computes something else"):
            eh.from_state_dict(tensors(model), config={**CONFIG, **config}, data=(TOKENS, model.logits(TOKENS)))


def test_norms_without_weights():
    """Norms whose weights were folded scale by 1; RMS norms have no shift; a last RMS norm may stand alone."""
    without = {name: one for name, one in tensors(model_of()).items() if ".ln" not in name and "ln_" not in name}
    for kind, rms in (("LNPre", False), ("RMSPre", True)):
        found = eh.from_state_dict(without, config=CONFIG | {"normalization_type": kind})
        for norm in (found.ln_final, found.layers[0].ln1, found.layers[1].ln2):
            assert norm.rms == rms and (norm.w == 1).all() and (norm.b is None) == rms and norm.eps == 1e-4
    last = eh.from_state_dict(without, config=CONFIG | {"normalization_type": "LNPre", "final_rms": True})
    assert last.ln_final.rms and not last.layers[0].ln1.rms
    assert eh.from_state_dict(without, config=CONFIG | {"normalization_type": None}).ln_final is None


def test_keys_of_a_model_file():
    """Arrays by the keys of a model file say everything themselves."""
    model = model_of()
    document = model.document()
    arrays = document | {name: np.array(document[name], np.float32) for name in ("W_E", "W_pos", "W_U", "b_U")}
    found = eh.from_state_dict(arrays, data=(TOKENS, model.logits(TOKENS).astype(np.float32)))
    assert found.origin.precision == "float32" and found.origin.largest_difference < 1e-4
    assert as_model(document).document() == document
    with pytest.raises(eh.InputError, match="keys of a model file, which say everything: leave config out"):
        eh.from_state_dict(document, config=CONFIG)


REFUSED = [
    ({"positional_embedding_type": "rotary"}, "positional_embedding_type 'rotary': rotary and relative positions are"),
    ({"n_key_value_heads": 1}, "n_key_value_heads 1: grouped keys and values are not supported"),
    ({"parallel_attn_mlp": True}, "parallel_attn_mlp True: parallel attention is not supported"),
    ({"num_experts": 4}, "num_experts 4: a mixture of experts is not supported"),
    ({"gated_mlp": True}, "gated_mlp True: an MLP with a gate is not supported"),
    ({"use_local_attn": True}, "use_local_attn True: local attention is not supported"),
    ({"scale_attn_by_inverse_layer_idx": True}, "scores divided by the number of the layer is not supported"),
    ({"post_embedding_ln": True}, "a norm after the embedding is not supported"),
    ({"attn_scores_soft_cap": 30.0}, r"attn_scores_soft_cap 30\.0, which is not supported"),
    ({"normalization_type": "BN"}, "normalization_type 'BN'; supported are None, LN, LNPre, RMS and RMSPre"),
    ({"attention_dir": "both"}, "attention_dir 'both'; it is causal or bidirectional"),
    ({"act_fn": "solu_ln"}, "act_fn 'solu_ln'; supported are relu, gelu, gelu_new, silu"),
    ({"eps": "small"}, "eps of config is 'small'; it is a number of at least 0"),
]


@pytest.mark.parametrize(("config", "message"), REFUSED)
def test_configurations_that_are_refused(config, message):
    """What a configuration asks for that no transformer here has is named."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_state_dict(tensors(model_of()), config=CONFIG | config)


def test_what_tensors_do_not_say():
    """Without a configuration it is asked for, with an example; a part of one is not enough."""
    arrays = tensors(model_of())
    with pytest.raises(
        eh.InputError, match=r"TransformerLens's names .*give config=, such as model\.cfg or \{\"act_fn"
    ):
        eh.from_state_dict(arrays)
    with pytest.raises(eh.InputError, match="lacks normalization_type, attention_dir; it says at least act_fn"):
        eh.from_state_dict(arrays, config={"act_fn": "relu"})
    with pytest.raises(eh.InputError, match="are of linear layers, but the tensors are those of a transformer"):
        eh.from_state_dict(arrays, "relu", config=CONFIG)
    with pytest.raises(eh.InputError, match="config is that of a transformer, but the tensors do not have"):
        eh.from_state_dict({"0.weight": np.ones((1, 2))}, "relu", config=CONFIG)
    with pytest.raises(eh.InputError, match=r"from_state_dict takes config="):
        as_model(arrays)


@pytest.mark.parametrize(("change", "message"), [
    ({"blocks.0.attn.W_K": None}, r"has no tensor blocks\.0\.attn\.W_K; give all tensors"),
    ({"pos_embed.W_pos": None}, r"has no tensor pos_embed\.W_pos"),
    ({"blocks.0.mlp.W_gate": np.ones((4, 5))}, r"has no place for: blocks\.0\.mlp\.W_gate; rotary"),
    ({"blocks.0.attn.W_K": np.ones((2, 4, 2))}, r"W_K of layers\[0\] has shape \(2, 4, 2\); expected \(2, 4, 3\)"),
])  # fmt: skip
def test_tensors_that_do_not_fit(change, message):
    """Tensors that are missing, of another shape, or of something else are named."""
    arrays = {name: one for name, one in (tensors(model_of()) | change).items() if one is not None}
    with pytest.raises(eh.InputError, match=message):
        eh.from_state_dict(arrays, config=CONFIG)


@pytest.mark.parametrize(
    "data", [TOKENS, (TOKENS,), (TOKENS, np.ones((3, 2))), (TOKENS + 0.5, np.ones((3, 3, 2))), "x"]
)
def test_bad_data(data):
    """What is compared with is tokens and logits."""
    with pytest.raises(eh.InputError, match="data of named arrays is a pair: tokens"):
        eh.from_state_dict(tensors(model_of()), config=CONFIG, data=data)


def test_files(tmp_path):
    """A safetensors file of TransformerLens's names is read with its configuration, and asks for it otherwise."""
    model, path = model_of(), tmp_path / "model.safetensors"
    save_file({name: one for name, one in tensors(model).items() if one.dtype == float}, path)
    found = eh.load(path, config=CONFIG)
    assert found.document() == model.document() and found.origin.source == "state dict in model.safetensors"
    with pytest.raises(eh.InputError, match=r"model\.safetensors.*which say neither the activation, the norms nor the"):
        eh.load(path)
    with pytest.raises(eh.InputError, match="a transformer has config= alone"):
        eh.load(path, config=CONFIG, hidden_activation="relu")
    save_file({"0.weight": np.ones((1, 2))}, tmp_path / "linear.safetensors")
    with pytest.raises(eh.InputError, match="config is that of a transformer"):
        eh.load(tmp_path / "linear.safetensors", hidden_activation="relu", config=CONFIG)
    written = eh.save_model(found, tmp_path / "own.safetensors")
    assert eh.load(written).origin == found.origin
    with pytest.raises(eh.InputError, match="a network file says everything itself"):
        eh.load(written, config=CONFIG)


def test_the_model_file_of_an_example():
    """The compiled transformer that is shipped tells the share of x (token 3) so far, everywhere but at BOS."""
    model = eh.load(Path(__file__).parents[2] / "examples" / "two_truths" / "xproportion.json")
    others = np.array(list(itertools.product((2, 3, 4, 5), repeat=5)))
    tokens = np.concatenate([np.zeros((len(others), 1), int), others], axis=1)
    share = (others == 3).cumsum(axis=1) / np.arange(1, 6)
    assert np.abs(model.run(tokens) - share).max() < 1e-6
    assert (len(model.graph.edges), model.answer.positions) == (23, (1, 2, 3, 4, 5))
    assert model.origin.checked_on == "all 1,024 sequences after BOS"


def test_files_of_torch(tmp_path):
    """So is a file that torch.save wrote, alone or in a checkpoint; nothing in it is executed."""
    torch = pytest.importorskip("torch")
    model = model_of()
    held = {name: torch.as_tensor(np.array(one)) for name, one in tensors(model).items()}
    for name, content in (("alone.pt", held), ("checkpoint.pt", {"model": held, "epoch": 3})):
        torch.save(content, tmp_path / name)
        assert eh.load(tmp_path / name, config=CONFIG).document() == model.document()
        with pytest.raises(eh.InputError, match="which say neither the activation"):
            eh.load(tmp_path / name)
