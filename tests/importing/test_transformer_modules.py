"""Transformers in PyTorch: what is read of them, how they are decided, and what is refused."""

import itertools
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import everyhow as eh

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional

from .transformer_modules import Encoder, Model, made  # noqa: E402 (after the skip)


def exact(module, tokens):
    """What the module gives in float64."""
    with torch.no_grad():
        return module.double()(torch.as_tensor(tokens)).numpy()


def agrees(model, module, tokens):
    """The import computes what the module does in float64, at every position."""
    np.testing.assert_allclose(model.logits(tokens), exact(module, tokens), rtol=1e-9, atol=1e-9)
    origin = model.origin
    assert origin.largest_difference <= origin.allowed_difference < 0.1
    assert origin.decisions_changed <= origin.ties


EVERY = np.array(list(itertools.product(range(4), repeat=3)))
WAYS = [
    {},
    *({"style": style, "causal": causal} for style in ("apart", "fused", "by head", "scaled", "multihead")
      for causal in (True, False)),
    *({"norm": norm} for norm in ("rms", "hand", "none")),
    *({"activation": name} for name in ("gelu", "gelu_new", "silu")),
    *({"table": table} for table in ("parameter", "buffer")),
    {"heads": 1}, {"heads": 4, "style": "multihead"}, {"heads": 8}, {"mlp": None}, {"mlp": 8}, {"layers": 2},
    {"layers": 3, "mlp": None, "style": "fused"}, {"bias": False}, {"tied": True}, {"scaled": True},
    {"scale": 1.0}, {"scale": 0.5, "style": "scaled"}, {"logits": 8, "mlp": 8}, {"layers": 0}, {"dropout": 0.5},
]  # fmt: skip


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_written_by_hand(options):
    """However it is written, it becomes a transformer of the same logits, and the module stays as it was."""
    module = made(Model, **options)
    before = {name: one.clone() for name, one in module.state_dict().items()}
    model = eh.from_torch(module)
    assert all(torch.equal(before[name], one) for name, one in module.state_dict().items())
    assert isinstance(model, eh.Transformer) and model.features == 3 and model.answer == eh.Answer()
    assert model.origin.source == "torch Model" and model.origin.checked_on == "all 64 sequences"
    agrees(model, module, EVERY)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("causal", "activation"), list(itertools.product((True, False), ("relu", "gelu"))))
def test_layers_of_torch(causal, activation, seed):
    """Encoder layers with their norms first: heads, biases, a last norm or none."""
    options = {"heads": (1, 2, 4, 8)[seed], "bias": seed % 2 == 0, "norm": seed < 2, "layers": 1 + seed % 3}
    module = made(Encoder, seed, causal=causal, activation=activation, **options)
    model = eh.from_torch(module)
    assert (model.causal, model.activation, len(model.layers)) == (causal, activation, options["layers"])
    assert (model.ln_final is None) == (not options["norm"])
    agrees(model, module, EVERY)


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_precisions(precision):
    """The bound is that of the module's own precision."""
    module = made(Model, causal=False).to(precision)
    origin = eh.from_torch(module).origin
    assert origin.precision == str(precision).removeprefix("torch.")
    assert origin.allowed_difference < (1e-3 if precision == torch.float32 else 1e-11)


def test_half_precision_is_refused_where_it_shows_nothing():
    """In bfloat16 rounding may move logits behind several norms by anything."""
    module = made(Encoder, layers=2).bfloat16()
    with pytest.raises(eh.InputError, match=r"may move its logits by any amount.*model\.float\(\)|computes something"):
        eh.from_torch(module)


@pytest.mark.parametrize(("answers", "position"), [("last", -1), ("first", 0)])
@pytest.mark.parametrize("layers", [1, 2])
def test_logits_at_one_position(answers, position, layers):
    """A module that gives the logits of its last or first position answers there."""
    module = made(Model, answers=answers, layers=layers, causal=answers == "last")
    model = eh.from_torch(module)
    assert model.answer == eh.Answer(position)
    np.testing.assert_allclose(model.run(EVERY), exact(module, EVERY), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("softmax", [torch.softmax, torch.log_softmax])
def test_a_last_softmax_is_left_out(softmax):
    """The logits before it are compared, and the model says so."""
    module = made(Model, softmax=softmax)
    model = eh.from_torch(module)
    assert model.softmax and f"{softmax.__name__} after the logits left out" in model.origin.folded
    given = exact(module, EVERY)
    ours = softmax(torch.from_numpy(model.logits(EVERY)), dim=-1).numpy()
    np.testing.assert_allclose(ours, given, rtol=1e-9, atol=1e-9)


def test_positions_first():
    """Without batch_first a module takes the positions first; it is run transposed, and that is said."""
    module = made(Encoder, first=False)
    model = eh.from_torch(module)
    assert "it takes positions first; its tokens are given transposed" in model.origin.folded
    given = exact(module, EVERY.T.copy()).swapaxes(0, 1)
    np.testing.assert_allclose(model.logits(EVERY), given, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("positions", [5, 8])
def test_positions_first_of_any_number(positions, causal):
    """However many positions there are, sequences are told from positions: the last row alone is the last of all."""
    module = made(Encoder, vocabulary=2, positions=positions, first=False, causal=causal, layers=1)
    model = eh.from_torch(module)
    assert model.features == positions and "it takes positions first" in model.origin.folded[1]
    tokens = np.random.default_rng(0).integers(0, 2, (9, positions))
    given = exact(module, tokens.T.copy()).swapaxes(0, 1)
    np.testing.assert_allclose(model.logits(tokens), given, rtol=1e-9, atol=1e-9)


def test_given_tokens():
    """Sequences may be given; the model then has as many positions as they have."""
    module, tokens = made(Model, positions=6), [[0, 1, 2, 3], [3, 3, 0, 1]]
    for data in (tokens, np.array(tokens), torch.tensor(tokens), np.array(tokens, float)):
        model = eh.from_torch(module, data)
        assert model.features == 4 and model.origin.checked_on == "2 given sequences"
    agrees(model, module, np.array(tokens))


def test_no_table_of_positions():
    """A module without positions takes sequences of any length, so they are given."""
    module = made(Model, table="none")
    with pytest.raises(eh.InputError, match=r"no table of positions.*give sequences \(data=\)"):
        eh.from_torch(module)
    model = eh.from_torch(module, EVERY)
    assert not model.W_pos.any()
    agrees(model, module, EVERY)


def test_random_sequences():
    """Where there are too many sequences, random ones are run, always the same."""
    module = made(Model, vocabulary=50, positions=5)
    model = eh.from_torch(module)
    assert model.origin.checked_on == "204 random sequences of 5 tokens"
    assert eh.from_torch(module).origin == model.origin


def test_what_was_chosen_is_told():
    """Where weights leave something open, the source decides, and the origin tells what it chose."""
    folded = eh.from_torch(made(Model, scaled=True, style="by head")).origin.folded
    assert "read as heads head by head, which agrees with it" in folded
    assert "read as tokens multiplied by 2.82843, which agrees with it" in folded
    assert "read as scores divided by the square root of d_head, which agrees with it" in folded
    assert eh.from_torch(made(Encoder)).origin.folded == ("6 dropouts left out",)


def test_models_are_understood_everywhere():
    """What takes a model takes such a module, too."""
    from everyhow.importing.door import as_model

    assert isinstance(as_model(made(Encoder)), eh.Transformer)


class Shown(nn.Module):
    """A module around another one that changes what it does."""

    def __init__(self, module, change):
        super().__init__()
        self.module, self.change = module, change

    def forward(self, tokens):
        return self.change(self.module, tokens)


def halved(module, tokens):
    """Adds to one logit what no part of the module does."""
    gave = module(tokens)
    return gave + 1e-3 * (tokens[..., :1, None] == 3) * torch.ones(gave.shape[-1])


def over_the_batch(module, tokens):
    """Makes each sequence depend on the others."""
    gave = module(tokens)
    return gave + gave.mean(dim=0, keepdim=True)


REFUSED = [
    (lambda: made(Encoder, norm_first=False), r"TransformerEncoderLayer encoder\.layers\.0 has norm_first=False"),
    (lambda: made(Model, after=True), r"LayerNorm blocks\.0\.ln1 stands after the sum.*Post-norm is not supported"),
    (lambda: made(Encoder).train(), r"Dropout .*is in training mode; call module\.eval\(\) first"),
    (lambda: Shown(made(Model), halved), r"computes something else.*1e-3|0\.001, in logit"),
    (lambda: Shown(made(Model), over_the_batch), "what it gives for a sequence depends on the other sequences"),
    (lambda: Shown(made(Model), lambda one, tokens: one(tokens).mean(1)), r"None of 12 readings agrees"),
    (lambda: Shown(made(Model), lambda one, tokens: one(tokens)[..., :2]), r"gives \(5, 3, 2\).*returns logits"),
    (lambda: Shown(made(Model), lambda one, tokens: (one(tokens), tokens.float())), "2 tensors; write a module around"),
    (lambda: Shown(made(Model), lambda one, tokens: one(tokens) + torch.rand(())), "when it runs again"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_refused(make, message):
    """What is not supported, or does more than its parts say, is refused by name."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_torch(make().eval() if "training" not in message else make())


class Around(nn.Module):
    """An embedding and an unembedding around one part."""

    def __init__(self, part, call=lambda part, x: x + part(x), **tables):
        super().__init__()
        self.tokens, self.places = nn.Embedding(4, 8, **tables), nn.Embedding(3, 8)
        self.part, self.head, self.call = part, nn.Linear(8, 4), call

    def forward(self, tokens):
        x = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
        return self.head(self.call(self.part, x))


def attended(part, x, **options):
    """What self-attention adds."""
    return x + part(x, x, x, **options)[0]


def padding(x):
    """Hides the first position of every sequence."""
    return (torch.arange(x.shape[1]) == 0).expand(len(x), -1)


def multihead(**options):
    """Attention of PyTorch."""
    return nn.MultiheadAttention(8, 2, batch_first=True, **options)


class Gated(nn.Module):
    """Attention and an MLP with a gate."""

    def __init__(self):
        super().__init__()
        self.inside, self.gate, self.up, self.down = multihead(), nn.Linear(8, 6), nn.Linear(8, 6), nn.Linear(6, 8)

    def forward(self, x):
        x = attended(self.inside, x)
        return x + self.down(functional.silu(self.gate(x)) * self.up(x))


class Parallel(nn.Module):
    """Attention and an MLP that read the same."""

    def __init__(self):
        super().__init__()
        self.inside, self.up, self.down = multihead(), nn.Linear(8, 6), nn.Linear(6, 8)

    def forward(self, x):
        return attended(self.inside, x) + self.down(self.up(x).relu())


class Grouped(nn.Module):
    """Queries of two heads, keys and values of one."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = nn.Linear(8, 8), nn.Linear(8, 4), nn.Linear(8, 4), nn.Linear(8, 8)

    def forward(self, x):
        q = self.q(x).view(len(x), -1, 2, 4).transpose(1, 2)
        k, v = (one(x)[:, None].repeat(1, 2, 1, 1) for one in (self.k, self.v))
        mixed = functional.scaled_dot_product_attention(q, k, v)
        return self.o(mixed.transpose(1, 2).reshape(len(x), -1, 8))


class Own(nn.Module):
    """Weights of its own, which nobody knows the use of."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 8))

    def forward(self, x):
        return x @ torch.tanh(self.weight)


PARTS = [
    (lambda: Around(multihead(add_bias_kv=True), attended), "has add_bias_kv=True, a key of no position"),
    (lambda: Around(multihead(add_zero_attn=True), attended), "has add_zero_attn=True"),
    (lambda: Around(multihead(kdim=4, vdim=4), lambda part, x: x + part(x, x[..., :4], x[..., :4])[0]),
     "cross attention is not supported"),
    (lambda: Around(multihead(), lambda part, x: x + part(x, x.flip(1), x)[0]), "cross attention is not supported"),
    (lambda: Around(multihead(), lambda part, x: attended(part, x, attn_mask=torch.arange(9.0).view(3, 3))),
     r"MultiheadAttention part: its mask adds to the scores, as relative positions \(ALiBi, T5\) do"),
    (lambda: Around(multihead(), lambda part, x: attended(part, x, attn_mask=~torch.eye(3, dtype=torch.bool))),
     "its mask is neither causal nor absent"),
    (lambda: Around(multihead(), lambda part, x: attended(part, x, key_padding_mask=padding(x))),
     "is given a mask of padding"),
    (lambda: Around(nn.MultiheadAttention(8, 2), attended), "has batch_first=False and is given the batch first"),
    (lambda: Around(multihead(dropout=0.5), attended).train(), "MultiheadAttention part is in training mode"),
    (lambda: Around(Gated(), lambda part, x: part(x)),
     r"Linear part\.gate and Linear part\.up make an MLP with a gate"),
    (lambda: Around(Parallel(), lambda part, x: part(x)), "parallel attention is not supported"),
    (lambda: Around(Grouped()), "grouped keys and values are not supported"),
    (lambda: Around(nn.TransformerDecoderLayer(8, 2, 8, batch_first=True), lambda part, x: part(x, x)),
     "TransformerDecoderLayer part has cross attention"),
    (lambda: Around(nn.TransformerEncoderLayer(8, 2, 8, batch_first=True, norm_first=True, activation=torch.tanh),
                    lambda part, x: part(x)), "has the activation tanh; supported are relu, gelu, gelu_new, silu"),
    (lambda: Around(nn.ModuleList([multihead(), nn.Conv1d(3, 3, 1)]), lambda part, x: attended(part[0], part[1](x))),
     r"Conv1d part\.1 is not a part of the transformers that are imported"),
    (lambda: Around(nn.ModuleList([multihead(), Own()]), lambda part, x: attended(part[0], part[1](x))),
     r"Own part\.1 is not a part of the transformers that are imported.*with config="),
    (lambda: Around(multihead(), attended, max_norm=1.0), "Embedding tokens has max_norm"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), PARTS)
def test_parts_that_are_refused(make, message):
    """Parts that are not supported are named, with their place."""
    torch.manual_seed(0)
    module = make()
    with pytest.raises(eh.InputError, match=message):
        eh.from_torch(module if "training" in message else module.eval())


class Plain(nn.Module):
    """Attention whose maps have no names that tell, and whose softmax nobody sees."""

    def __init__(self, causal):
        super().__init__()
        self.maps, self.causal = nn.ModuleList(nn.Linear(8, 8) for _ in range(4)), causal

    def forward(self, x):
        k, q, v = (one(x).view(len(x), -1, 2, 4).transpose(1, 2) for one in self.maps[:3])
        weights = torch.exp(q @ k.transpose(-1, -2) / 2)
        weights = weights.tril() if self.causal else weights
        mixed = weights / weights.sum(-1, keepdim=True) @ v
        return self.maps[3](mixed.transpose(1, 2).reshape(len(x), -1, 8))


@pytest.mark.parametrize("causal", [True, False])
def test_the_source_decides(causal):
    """Neither names nor a softmax tell the order of the maps, the heads, the mask or the scale; running it does."""
    torch.manual_seed(1)
    module = Around(Plain(causal)).eval()
    model = eh.from_torch(module, EVERY)
    assert model.origin.folded == (
        "read as 2 heads, which agrees with it", "read as linear maps in the order kqv, which agrees with it",
        "read as scores divided by the square root of d_head, which agrees with it",
        f"read as {'causal' if causal else 'bidirectional'}, which agrees with it",
    )  # fmt: skip
    agrees(model, module, EVERY)


def test_too_many_readings(monkeypatch):
    """What leaves too much open is refused, with what to write instead."""
    from everyhow.importing import torch_transformers

    monkeypatch.setattr(torch_transformers, "MOST_READINGS", 100)
    with pytest.raises(
        eh.InputError, match=r"of \d+ weights, can be read in 288 ways, .* write its attention as nn\.Multi"
    ):
        eh.from_torch(Around(Plain(True)).eval(), EVERY)


def test_transposed_inside():
    """Attention without batch_first is right where the module transposes what it gets."""
    torch.manual_seed(0)
    module = Around(
        nn.MultiheadAttention(8, 2), lambda part, x: attended(part, x.transpose(0, 1)).transpose(0, 1)
    ).eval()
    agrees(eh.from_torch(module), module, EVERY)


def test_too_many_logits():
    """What would take gigabytes is refused before it is run."""
    module = made(Model, vocabulary=5000, positions=300)
    with pytest.raises(eh.InputError, match=r"gives 24,000,000 logits for 16 sequences of 300 tokens; at most"):
        eh.from_torch(module)
    assert eh.from_torch(module, [[0, 4999]]).features == 2


def test_no_unembedding():
    """A module that ends in its stream gives no logits."""
    module = Around(multihead(), attended)
    module.head = nn.LayerNorm(8)
    with pytest.raises(eh.InputError, match="has no unembedding: after its last layer there is no linear map"):
        eh.from_torch(module.eval())


def test_layers_that_differ():
    """One layer that is causal and one that is not are refused with their places."""
    module = made(Model, layers=2)
    module.blocks[1].attention.causal = False
    with pytest.raises(eh.InputError, match=r"blocks\.0.* is causal.*blocks\.1.* is bidirectional; all layers see"):
        eh.from_torch(module)
    module = made(Model, layers=2)
    module.blocks[1].function = functional.silu
    with pytest.raises(eh.InputError, match="its MLPs have the activations relu, silu; all must have the same one"):
        eh.from_torch(module)


BAD_TOKENS = [
    ([[0, 1, 9]], r"the token 9, but the vocabulary of .*Model has 4: 0 to 3"),
    ([[0, 1.5, 2]], r"token 2 of row 1 of data is 1\.5; tokens are whole numbers from 0"),
    ([[0, -1, 2]], r"token 2 of row 1 of data is -1"),
    ([0, 1, 2], r"sequences of tokens, \(inputs, positions\)"),
    ([[0, 1], [1]], r"sequences of tokens, \(inputs, positions\)"),
    ([[0, 1, 2, 3, 0]], "does not run on tokens as a transformer does"),
    ("tokens.csv", "data is the text"),
]


@pytest.mark.parametrize(("tokens", "message"), BAD_TOKENS)
def test_bad_tokens(tokens, message):
    """Sequences that the module does not take are refused with what was found."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_torch(made(Encoder) if "Model" not in message else made(Model), tokens)


def test_readings_that_agree_are_not_chosen_from():
    """Where the source does not tell two readings apart, both are told, with what to do."""
    module = made(Model, answers="last", style="apart")
    with torch.no_grad():  # nobody sees which scale: all scores are 0
        for one in (module.blocks[0].attention.query, module.blocks[0].attention.key):
            one.weight.zero_()
            one.bias.zero_()
    with pytest.raises(eh.InputError, match=r"3 readings of it agree.*\(1\) scores divided by.*\(2\).*data="):
        eh.from_torch(module)


def of_library(name, base, library, **attributes):
    """A module whose class has the name of one of a library, which need not be installed."""
    parent = type(base, (nn.Module,), {"__module__": f"{library}.somewhere"})
    module = type(name, (parent,), {"__module__": f"{library}.elsewhere"})()
    for key, value in attributes.items():
        setattr(module, key, value)
    return module.eval()


@pytest.mark.parametrize(("name", "family", "message"), [
    ("LlamaForCausalLM", "llama", "of the family 'llama', has rotary positions, which is not supported; those that"),
    ("BloomForCausalLM", "bloom", "has relative positions, which is not supported"),
    ("BertLMHeadModel", "bert", r"has norms after the sum \(post-norm\), which is not supported"),
    ("MixtralForCausalLM", "mixtral", "has a mixture of experts, which is not supported"),
    ("NewForCausalLM", "new", "of the family 'new', is not known here; those that are imported are gpt2, gpt_neo, opt"),
    ("GPT2Model", "gpt2", "GPT2Model has no unembedding, so it gives no logits; give GPT2LMHeadModel, which has one"),
])  # fmt: skip
def test_families_that_are_refused(name, family, message):
    """A model of Hugging Face is known by its classes, and its family by its configuration."""
    module = of_library(name, "PreTrainedModel", "transformers", config=SimpleNamespace(model_type=family))
    with pytest.raises(eh.InputError, match=message):
        eh.from_torch(module)


def test_a_model_of_transformer_lens_that_is_refused():
    """Its configuration is looked at first."""
    config = SimpleNamespace(
        act_fn="relu", normalization_type="LN", attention_dir="causal", positional_embedding_type="rotary"
    )
    module = of_library("HookedTransformer", "HookedRootModule", "transformer_lens", cfg=config)
    with pytest.raises(eh.InputError, match="HookedTransformer has positional_embedding_type 'rotary': rotary and"):
        eh.from_torch(module)


def test_tracr_needs_its_extra(monkeypatch):
    """Where JAX is not installed, the error names the extra."""
    from everyhow.common.errors import MissingExtraError
    from everyhow.importing.tracr_models import from_tracr

    monkeypatch.setitem(sys.modules, "haiku", None)
    table = {"embeddings": np.eye(3)}
    model = type("AssembledTransformerModel", (), {"__module__": "tracr.compiler.assemble"})()
    model.model_config = SimpleNamespace(layer_norm=False, dropout_rate=0.0)
    model.params = {"token_embed": table, "pos_embed": table}
    with pytest.raises(MissingExtraError, match=r"run by .*Haiku, which .* not installed: .*everyhow\[tracr\]"):
        from_tracr(model)
    model.params = {"token_embed": table}
    with pytest.raises(eh.InputError, match="has no token_embed and pos_embed; found token_embed"):
        from_tracr(model)
    model.model_config.dropout_rate = 0.1
    with pytest.raises(eh.InputError, match=r"dropout_rate 0\.1; set it to 0"):
        from_tracr(model)


def test_embeddings_without_attention_are_networks_as_before():
    """A network behind an embedding is not a transformer; the error is that of networks."""
    module = nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(8, 2))
    message = r"Embedding 0 is not supported.*its part model\[1:\] can be imported.*As a transformer: .*no table of pos"
    with pytest.raises(eh.InputError, match=message):
        eh.from_torch(module)
