"""Models of Hugging Face transformers; skipped where the library is not installed (`make nightly` installs it)."""

import itertools
import json

import numpy as np
import pytest

import everyhow as eh
from everyhow.model.behavior_files import behavior_of_tokens

torch = pytest.importorskip("torch")

from everyhow.patched.torch_blocks import blocks_of  # noqa: E402 (after the skip)
from everyhow.patched.torch_folder import module_in  # noqa: E402

from .one_by_one import logits_of  # noqa: E402

pytestmark = [pytest.mark.nightly, pytest.mark.filterwarnings("ignore")]
SMALL = {"vocab_size": 11, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
WIDE = {
    "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 4,
    "max_position_embeddings": 16,
}  # fmt: skip
GPT2 = {"n_positions": 16, "n_embd": 8, "n_layer": 2, "n_head": 2}
NEO = {"max_position_embeddings": 16, "hidden_size": 8, "num_layers": 2, "num_heads": 2}
OPT = {
    "max_position_embeddings": 16, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "ffn_dim": 12,
    "word_embed_proj_dim": 8, "pad_token_id": 1,
}  # fmt: skip
FAMILIES = [
    ("GPT2LMHeadModel", "GPT2Config", GPT2),
    ("GPT2LMHeadModel", "GPT2Config", GPT2 | {"attn_implementation": "eager", "scale_attn_by_inverse_layer_idx": True}),
    ("GPTNeoForCausalLM", "GPTNeoConfig", NEO | {"attention_types": [[["global", "local"], 1]], "window_size": 2}),
    ("GPTJForCausalLM", "GPTJConfig", GPT2 | {"rotary_dim": 2}),
    ("CodeGenForCausalLM", "CodeGenConfig", GPT2 | {"n_embd": 16, "n_head": 4, "rotary_dim": 2}),
    ("GPTNeoXForCausalLM", "GPTNeoXConfig", WIDE),
    ("GPTNeoXForCausalLM", "GPTNeoXConfig", WIDE | {"use_parallel_residual": False}),
    ("OPTForCausalLM", "OPTConfig", OPT),
    ("FalconForCausalLM", "FalconConfig", {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}),
    ("LlamaForCausalLM", "LlamaConfig", WIDE | {"num_key_value_heads": 2}),
    ("MistralForCausalLM", "MistralConfig", WIDE | {"num_key_value_heads": 2, "sliding_window": 3}),
    ("Qwen2ForCausalLM", "Qwen2Config", WIDE | {"num_key_value_heads": 2}),
    ("Qwen3ForCausalLM", "Qwen3Config", WIDE | {"num_key_value_heads": 2, "head_dim": 4}),
    ("GemmaForCausalLM", "GemmaConfig", WIDE | {"num_key_value_heads": 1, "head_dim": 4}),
    ("PhiForCausalLM", "PhiConfig", WIDE | {"num_key_value_heads": 4}),
    ("Phi3ForCausalLM", "Phi3Config", WIDE | {"num_key_value_heads": 4}),
]  # fmt: skip
REFUSED = [
    ("Gemma2ForCausalLM", "Gemma2Config", WIDE | {"num_key_value_heads": 1, "head_dim": 4}, "norms after them"),
    (
        "BloomForCausalLM",
        "BloomConfig",
        {"hidden_size": 8, "n_layer": 2, "n_head": 2},
        "gives something else than self_",
    ),
    ("CohereForCausalLM", "CohereConfig", WIDE, "logits that are scaled or capped are not supported"),
]


@pytest.fixture
def transformers(monkeypatch):
    """Nothing here asks a hub for anything."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return pytest.importorskip("transformers", exc_type=ImportError)


def shaken(transformers, kind, config, options, seed=0, size=0.3):
    """The module in eval mode, all its weights, biases and norms moved at random."""
    torch.manual_seed(seed)
    module = getattr(transformers, kind)(getattr(transformers, config)(**SMALL | options))
    with torch.no_grad():
        for one in module.parameters():
            one.add_(size * torch.randn_like(one))
    return module.eval()


class Plainly(torch.nn.Module):
    """A model of Hugging Face as one of tokens alone."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, tokens):
        return self.module(input_ids=tokens, use_cache=False).logits


def asked(rows, seed=0):
    tokens, paired = np.random.default_rng(seed).integers(2, 11, (2, rows, 6))
    return {"tokens": tokens, "paired": paired, "classes": [2, 5, 7], "answer_positions": [-1, -3], "epsilon": 0.34}


@pytest.mark.parametrize(("kind", "config", "options"), FAMILIES)
def test_families(transformers, kind, config, options):
    """Every subset decides as one run of the library's own model with hooks does."""
    module = shaken(transformers, kind, config, options)
    said = asked(3)
    found = eh.patch(module, said, ["a0.h0", "a0.h1", "m0", "a1.h1", "m1"], batch=5)
    double = module.double()
    blocks = blocks_of(double, said["tokens"])
    backs, mlps = ([part(k) for k in range(2)] for part in (blocks.back, blocks.mlp))
    wanted = found.behavior.wanted.reshape(3, 2, 3).argmax(axis=2)
    for bits, chosen in enumerate(itertools.product([False, True], repeat=5)):
        inside = dict(zip(found.components, chosen, strict=True))
        right = 0.0
        for row in range(3):
            pair = said["tokens"][row], said["paired"][row]
            logits = logits_of(Plainly(double), backs, mlps, blocks.heads[0], *pair, inside)[[-1, -3]][:, [2, 5, 7]]
            right += (logits.argmax(axis=1) == wanted[row]).all() / 3
        assert found.right[0, bits] == pytest.approx(right)


@pytest.mark.parametrize(("kind", "config", "options"), [FAMILIES[k] for k in (0, 5, 9, 14)])
def test_heads_are_consecutive_numbers(transformers, kind, config, options):
    """What asks for a head's own queries changes its numbers before the map back, and no other's."""
    module = shaken(transformers, kind, config, options).double()
    blocks = blocks_of(module, asked(1)["tokens"])
    row = blocks.row(asked(1)["tokens"][0])
    before = row.attended[0].reshape(6, blocks.heads[0], -1)
    attention = blocks.attention(0)
    size = before.shape[2]
    with torch.no_grad():
        if hasattr(attention, "q_proj"):
            attention.q_proj.weight[size : 2 * size] += 1.0
        elif hasattr(attention, "c_attn"):
            attention.c_attn.weight[:, size : 2 * size] += 1.0
        else:  # by head: queries, keys, values
            attention.query_key_value.weight[3 * size : 4 * size] += 1.0
    after = blocks.row(asked(1)["tokens"][0]).attended[0].reshape(before.shape)
    changed = (before != after).any(dim=0).any(dim=1).tolist()
    assert changed == [k == 1 for k in range(blocks.heads[0])]


@pytest.mark.parametrize(("kind", "config", "options", "told"), REFUSED)
def test_refused(transformers, kind, config, options, told):
    """What does not add up to a sum of heads and MLPs."""
    with pytest.raises(eh.InputError, match=told):
        eh.patch(shaken(transformers, kind, config, options), asked(1), ["m0"])


@pytest.mark.parametrize("seed", range(4))
def test_gpt2_as_counted_exactly(transformers, seed):
    """The exact import, at the grain nodes by the ablation paired in the same scope, counts the same."""
    module = shaken(transformers, *FAMILIES[0], seed=seed, size=0.5)
    names, said = ["a0.h0", "m0", "a1.h0", "a1.h1", "m1"], asked(6, seed)
    exact = eh.from_torch(module, said["tokens"]).at("nodes").scoped(names, "in")
    counted = eh.circuits(exact, behavior_of_tokens(said, exact), ablation="paired").count()
    assert eh.patch(module, said, names).count == counted


def test_a_trained_gpt2(transformers):
    """A little training, so that it decides by what it reads."""
    torch.manual_seed(0)
    module = shaken(transformers, *FAMILIES[0], size=0.05)
    rng = np.random.default_rng(0)
    tokens, paired = rng.integers(2, 11, (2, 24, 6))
    labels = np.where(tokens[:, 0] > tokens[:, 3], 2, 5)
    steps = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(150):
        logits = module(input_ids=torch.from_numpy(tokens), use_cache=False).logits[:, -1]
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels))
        steps.zero_grad()
        loss.backward()
        steps.step()
    said = {"tokens": tokens, "paired": paired, "classes": [2, 5], "labels": labels, "epsilon": 0.25}
    names = ["a0.h0", "a0.h1", "m0", "a1.h0", "a1.h1", "m1"]
    exact = eh.from_torch(module, tokens).at("nodes").scoped(names, "in")
    counted = eh.circuits(exact, behavior_of_tokens(said, exact), ablation="paired").count()
    found = eh.patch(module, said, names)
    assert found.count == counted and 0 < counted.between[0] < 64


def test_a_folder(transformers, tmp_path, run_command):
    """A model that save_pretrained wrote, through the library and through the command."""
    module = shaken(transformers, *FAMILIES[9])
    module.save_pretrained(tmp_path / "model")
    said = asked(3)
    found = eh.patch(tmp_path / "model", said, ["a0.h0", "m1"])
    assert (found.right == eh.patch(module, said, ["a0.h0", "m1"]).right).all()
    (tmp_path / "asked.json").write_text(json.dumps({key: np.asarray(one).tolist() for key, one in said.items()}))
    code, out, _ = run_command(
        "patch", tmp_path / "model", tmp_path / "asked.json", "--components", "a0.h0,m1", "--json"
    )
    assert code == 0 and json.loads(out)["subsets"] == 4
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(eh.InputError, match="lacks weights that its configuration asks for"):
        module_in(tmp_path / "model")
