"""Transformers of the libraries themselves; what is not installed is skipped (`make nightly` installs them)."""

import itertools
import json
import runpy
from pathlib import Path

import numpy as np
import pytest

import everyhow as eh
from everyhow.importing.door import as_model
from everyhow.importing.tracr_models import from_tracr

# What the libraries warn of when they are loaded is not about this code.
pytestmark = pytest.mark.filterwarnings("ignore")
TWO_TRUTHS = Path(__file__).parents[2] / "examples" / "two_truths"
SMALL = {"vocab_size": 7, "bos_token_id": 0, "eos_token_id": 0}


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Nothing here asks a hub for anything."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def transformers(offline):
    pytest.importorskip("torch")
    return pytest.importorskip("transformers", exc_type=ImportError)


@pytest.fixture
def lens(offline):
    pytest.importorskip("torch")
    return pytest.importorskip("transformer_lens", exc_type=ImportError)


@pytest.fixture
def tracr(offline):
    pytest.importorskip("haiku", exc_type=ImportError)
    return pytest.importorskip("tracr.compiler.compiling", exc_type=ImportError)


def shaken(module, seed=0):
    """The module in eval mode, all its weights, biases and norms moved at random."""
    import torch

    torch.manual_seed(seed)
    with torch.no_grad():
        for one in module.parameters():
            one.add_(0.2 * torch.randn_like(one))
    return module.eval()


def in_double(module, tokens):
    """What Hugging Face's model gives in float64."""
    import torch

    with torch.no_grad():
        return module.double()(input_ids=torch.as_tensor(tokens), use_cache=False).logits.numpy()


def checked(model, source):
    """The origin says that the import agrees with its source."""
    origin = model.origin
    assert isinstance(model, eh.Transformer) and origin.source == source
    assert 0 < origin.largest_difference <= origin.allowed_difference < 0.1 and origin.inputs_checked
    assert origin.decisions_changed <= origin.ties
    return origin


GPT2 = {"n_positions": 5, "n_embd": 8, "n_layer": 2, "n_head": 2}
NEO = {"max_position_embeddings": 5, "hidden_size": 8, "num_layers": 2, "num_heads": 2}
OPT = {
    "max_position_embeddings": 5, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "ffn_dim": 12,
    "word_embed_proj_dim": 8, "pad_token_id": 1,
}  # fmt: skip
FAMILIES = [
    ("GPT2LMHeadModel", "GPT2Config", GPT2),
    (
        "GPT2LMHeadModel",
        "GPT2Config",
        GPT2 | {"scale_attn_weights": False, "activation_function": "relu", "n_inner": 5},
    ),
    ("GPT2LMHeadModel", "GPT2Config", GPT2 | {"attn_implementation": "eager", "activation_function": "silu"}),
    ("GPT2LMHeadModel", "GPT2Config", GPT2 | {"tie_word_embeddings": False, "activation_function": "gelu"}),
    ("GPTNeoForCausalLM", "GPTNeoConfig", NEO | {"attention_types": [[["global"], 2]]}),
    ("OPTForCausalLM", "OPTConfig", OPT),
    ("OPTForCausalLM", "OPTConfig", OPT | {"enable_bias": False, "layer_norm_elementwise_affine": False}),
]


@pytest.mark.parametrize(("kind", "config", "options"), FAMILIES)
def test_hugging_face(transformers, kind, config, options):
    """Families whose parts are those of a transformer here."""
    module = shaken(getattr(transformers, kind)(getattr(transformers, config)(**SMALL, **options)))
    model = eh.from_torch(module)
    origin = checked(model, f"transformers {kind}")
    assert origin.checked_on == "204 random sequences of 5 tokens" and origin.precision == "float32"
    tokens = np.random.default_rng(0).integers(0, 7, (40, 5))
    double = in_double(module, tokens)
    # GPT-Neo computes its scores in float32 whatever its weights are.
    near = 1e-4 if kind == "GPTNeoForCausalLM" else 1e-9
    np.testing.assert_allclose(model.logits(tokens), double, rtol=near, atol=near)


def test_hugging_face_at_given_tokens(transformers):
    """As many positions are kept as the given sequences have."""
    module = shaken(transformers.GPT2LMHeadModel(transformers.GPT2Config(**SMALL, **GPT2)))
    model = eh.from_torch(module, [[0, 1, 2], [3, 3, 3]])
    assert model.features == 3
    assert (
        "positions 3 to 4 left out, which data does not have" in checked(model, "transformers GPT2LMHeadModel").folded
    )
    assert isinstance(as_model(module), eh.Transformer)
    with pytest.raises(eh.InputError, match="sequences of 6 tokens, but GPT2LMHeadModel has 5 positions"):
        eh.from_torch(module, [[0] * 6])
    with pytest.raises(eh.InputError, match="the token 9, but the vocabulary of GPT2LMHeadModel has 7: 0 to 6"):
        eh.from_torch(module, [[9]])


def test_hugging_face_that_does_more(transformers):
    """A hook that changes what the model computes is found."""
    module = shaken(transformers.GPT2LMHeadModel(transformers.GPT2Config(**SMALL, **GPT2)))
    module.transformer.h[0].mlp.register_forward_hook(lambda part, given, gave: 1.01 * gave)
    with pytest.raises(
        eh.InputError, match="transformers GPT2LMHeadModel: the imported transformer computes something"
    ):
        eh.from_torch(module)


LLAMA = {
    "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2,
    "max_position_embeddings": 5,
}  # fmt: skip
NOT_TAKEN = [
    ("GPT2LMHeadModel", "GPT2Config", GPT2 | {"scale_attn_by_inverse_layer_idx": True},
     "scale_attn_by_inverse_layer_idx=True: scores divided by the number of the layer is not supported"),
    ("GPT2LMHeadModel", "GPT2Config", GPT2 | {"add_cross_attention": True}, "cross attention is not supported"),
    ("GPT2LMHeadModel", "GPT2Config", GPT2 | {"activation_function": "tanh"}, "has the activation 'tanh'; supported"),
    ("GPT2Model", "GPT2Config", GPT2, "GPT2Model has no unembedding, so it gives no logits; give GPT2LMHeadModel"),
    ("GPTNeoForCausalLM", "GPTNeoConfig", NEO | {"attention_types": [[["global", "local"], 1]]},
     "local attention in layer 1, which is not supported"),
    ("OPTForCausalLM", "OPTConfig", OPT | {"do_layer_norm_before": False}, r"after the sum \(post-norm\)"),
    ("OPTForCausalLM", "OPTConfig", OPT | {"word_embed_proj_dim": 4}, "word_embed_proj_dim 4, another width"),
    ("LlamaForCausalLM", "LlamaConfig", LLAMA, "of the family 'llama', has rotary positions, which is not supported"),
    ("BertLMHeadModel", "BertConfig", {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2},
     r"has norms after the sum \(post-norm\), which is not supported"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "config", "options", "message"), NOT_TAKEN)
def test_hugging_face_refused(transformers, kind, config, options, message):
    """What a family or an option needs that no transformer here has is named."""
    small = {name: one for name, one in SMALL.items() if name not in options}
    module = getattr(transformers, kind)(getattr(transformers, config)(**small, **options)).eval()
    with pytest.raises(eh.InputError, match=message):
        eh.from_torch(module)


def test_hugging_face_in_training_mode(transformers):
    """A model made of a configuration is in training mode, with dropout: the error says what to do."""
    module = transformers.GPT2LMHeadModel(transformers.GPT2Config(**SMALL, **GPT2)).train()
    with pytest.raises(eh.InputError, match=r"Dropout transformer\.drop is in training mode; call module\.eval"):
        eh.from_torch(module)


LENS = {
    "n_layers": 2, "d_model": 8, "n_ctx": 4, "d_head": 3, "n_heads": 2, "d_vocab": 5, "d_mlp": 6, "act_fn": "relu",
    "seed": 0,
}  # fmt: skip
OPTIONS = [
    {}, {"attn_only": True}, {"attention_dir": "bidirectional"}, {"act_fn": "gelu_new"}, {"act_fn": "silu"},
    {"attn_scale": 3.0}, {"d_vocab_out": 2}, {"final_rms": True},
]  # fmt: skip


@pytest.mark.parametrize("norm", [None, "LN", "LNPre", "RMS", "RMSPre"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_bridge(lens, norm, options):
    """The bridge of TransformerLens 4.x, over a model of its own."""
    if not hasattr(lens, "TransformerBridge") or not hasattr(lens.TransformerBridge, "boot_native"):
        pytest.skip("TransformerLens before 4")
    config = lens.TransformerBridgeConfig(**LENS | {"normalization_type": norm} | options)
    bridge = lens.TransformerBridge.boot_native(config)
    model = eh.from_torch(shaken(bridge))
    checked(model, "TransformerLens TransformerBridge")
    assert (model.causal, model.in_short.count("MLP")) == (
        options.get("attention_dir") != "bidirectional", 0 if options.get("attn_only") else 1,
    )  # fmt: skip


@pytest.mark.parametrize("processed", [False, True])
def test_bridge_over_hugging_face(lens, transformers, processed):
    """The bridge over a GPT-2; also with its norms folded and its weights centered, as compatibility mode does."""
    builder = pytest.importorskip("transformer_lens.model_bridge.sources._bridge_builder", exc_type=ImportError)
    module = shaken(transformers.GPT2LMHeadModel(transformers.GPT2Config(**SMALL, **GPT2)))
    bridge = builder.build_bridge_from_module(module, "GPT2LMHeadModel", hf_config=module.config)
    if processed:
        bridge.enable_compatibility_mode()
    checked(eh.from_torch(bridge), "TransformerLens TransformerBridge")


@pytest.mark.parametrize(("options", "message"), [
    ({"positional_embedding_type": "rotary", "d_head": 4}, "rotary and relative positions are not supported"),
    ({"n_key_value_heads": 1}, "grouped keys and values are not supported"),
    ({"gated_mlp": True}, "gate"),
    ({"act_fn": "solu"}, "act_fn 'solu'; supported are"),
])  # fmt: skip
def test_bridge_refused(lens, options, message):
    """What a configuration asks for that no transformer here has is named."""
    if not hasattr(lens.TransformerBridge, "boot_native"):
        pytest.skip("TransformerLens before 4")
    bridge = lens.TransformerBridge.boot_native(lens.TransformerBridgeConfig(**LENS | options))
    with pytest.raises(eh.InputError, match=message):
        eh.from_torch(bridge.eval())


@pytest.mark.parametrize("norm", [None, "LN", "LNPre", "RMS", "RMSPre"])
@pytest.mark.parametrize("options", [*OPTIONS, {"use_attn_scale": False}], ids=str)
def test_hooked_transformer(lens, norm, options, tmp_path):
    """HookedTransformer of TransformerLens 3.x: the model, its state dict with its configuration, and a file of it."""
    if not _has_hooked(lens):
        pytest.skip("TransformerLens 4 and later have no HookedTransformer")
    import torch

    config = lens.HookedTransformerConfig(**LENS | {"normalization_type": norm} | options)
    module = shaken(lens.HookedTransformer(config))
    model = eh.from_torch(module)
    checked(model, "TransformerLens HookedTransformer")
    tokens = torch.randint(0, 5, (20, 4))
    with torch.no_grad():
        logits = module(tokens, return_type="logits")
    by_object = eh.from_state_dict(module.state_dict(), config=module.cfg, data=(tokens, logits))
    torch.save(module.state_dict(), tmp_path / "model.pt")
    by_mapping = eh.load(tmp_path / "model.pt", config=module.cfg.to_dict())
    assert by_object.document() == model.document() == by_mapping.document()
    checked(by_object, "state dict")


def _has_hooked(lens):
    try:
        return hasattr(lens, "HookedTransformer")
    except ImportError:
        return False


def compiled(tracr, name, **options):
    """A program of tracr's own, compiled."""
    from tracr.compiler import lib
    from tracr.rasp import rasp

    program = {
        "xproportion": lambda: lib.make_frac_prevs(rasp.tokens == "x"),
        "reverse": lambda: lib.make_reverse(rasp.tokens), "hist": lib.make_hist,
        "sort": lambda: lib.make_sort(rasp.tokens, rasp.tokens, max_seq_len=3, min_key=1),
    }[name]()  # fmt: skip
    return tracr.compile_rasp_to_model(program, **options)


PROGRAMS = [
    ("xproportion", {"vocab": {"w", "x", "y", "z"}, "max_seq_len": 5, "compiler_bos": "BOS"}),
    ("xproportion", {"vocab": {"w", "x"}, "max_seq_len": 3, "causal": True}),
    ("reverse", {"vocab": {"x", "y", "z"}, "max_seq_len": 4}),
    ("hist", {"vocab": {"a", "b", "c"}, "max_seq_len": 4}),
    ("sort", {"vocab": {1, 2, 3}, "max_seq_len": 3}),
]


@pytest.mark.parametrize(("name", "options"), PROGRAMS)
def test_tracr(tracr, name, options):
    """Compiled programs answer at all positions but that of BOS, and decode to what tracr decodes."""
    assembled = compiled(tracr, name, **options)
    model = from_tracr(assembled)
    origin = model.origin
    length, words = options["max_seq_len"], sorted(options["vocab"])
    assert origin.checked_on == f"all {len(words) ** length:,} sequences after BOS"
    assert origin.largest_difference <= origin.allowed_difference < 0.05
    assert model.answer.positions == tuple(range(1, length + 1)) and model.causal == options.get("causal", False)
    assert isinstance(as_model(assembled), eh.Transformer)
    for row in list(itertools.product(words, repeat=length))[:: max(1, len(words) ** length // 12)]:
        said = [options.get("compiler_bos", "compiler_bos"), *row]
        logits = model.logits([assembled.input_encoder.encode(said)])[0, 1:]
        decoded = assembled.apply(said).decoded[1:]
        if logits.shape[1] == 1:
            np.testing.assert_allclose(logits[:, 0], decoded, atol=1e-5)
        else:
            assert assembled.output_encoder.decode(logits.argmax(axis=1).tolist()) == decoded


def test_tracr_refused(tracr):
    """Padding, tokens that are not known, and a model whose weights were changed alone are refused."""
    assembled = compiled(tracr, *PROGRAMS[0][:1], **PROGRAMS[0][1])
    mapping = assembled.input_encoder.encoding_map
    bos, padding = mapping["BOS"], mapping["compiler_pad"]
    with pytest.raises(eh.InputError, match=f"the token {padding}, which is tracr's padding"):
        from_tracr(assembled, [[bos, padding]])
    with pytest.raises(eh.InputError, match="the token 6, but the vocabulary of the tracr model has 6: 0 to 5"):
        from_tracr(assembled, [[bos, 6]])
    assert from_tracr(assembled, [[bos, 2, 3]]).features == 3
    assembled.model_config.layer_norm = True
    with pytest.raises(eh.InputError, match="layer_norm=True, which compiled models do not have"):
        from_tracr(assembled)


def test_something_else_than_tracr():
    """What is not compiled by tracr is sent elsewhere."""
    with pytest.raises(eh.InputError, match="takes what tracr's compile_rasp_to_model returns, not dict; from_torch"):
        from_tracr({})


def test_the_model_files_of_the_example(tracr):
    """The files that the example ships are what the compiler makes, to the last digit."""
    example = runpy.run_path(str(TWO_TRUTHS / "compile.py"))
    for name, make in (("xproportion", example["compiled"]), ("sort", example["sorting"])):
        stored = json.loads((TWO_TRUTHS / f"{name}.json").read_text())
        del stored["origin"]
        assert make().document() == stored
