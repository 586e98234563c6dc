"""Transformers of plain PyTorch whose parts are named as those of Hugging Face's families."""

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    """Heads side by side; fewer keys and values than queries, where `groups` says so."""

    def __init__(self, width, heads, back, groups=None, beside=None):
        super().__init__()
        self.n_head, self.groups, self.beside, self.called = heads, groups or heads, beside, back
        self.size = width // heads
        self.c_attn = nn.Linear(width, self.size * (heads + 2 * self.groups))
        self.add_module(back, nn.Linear(width, width))

    def forward(self, hidden_states, turned=0.0):
        hidden_states = hidden_states + turned
        inputs, positions, width = hidden_states.shape
        sizes = (width, self.groups * self.size, self.groups * self.size)
        parts = self.c_attn(hidden_states).split(sizes, dim=-1)
        q, k, v = (one.view(inputs, positions, -1, self.size).transpose(1, 2) for one in parts)
        k, v = (one.repeat_interleave(self.n_head // self.groups, dim=1) for one in (k, v))
        z = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        out = self.get_submodule(self.called)(z.transpose(1, 2).reshape(inputs, positions, width))
        return out if self.beside is None else (out, *[None] * self.beside)


class MLP(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.c_fc, self.c_proj = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        return self.c_proj(torch.relu(self.c_fc(x)))


class Block(nn.Module):
    """A block of GPT-2: the MLP reads what the heads write."""

    def __init__(self, width, heads, **options):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), Attention(width, heads, "c_proj", **options)
        self.ln_2, self.mlp = nn.LayerNorm(width), MLP(width)

    def forward(self, x):
        gave = self.attn(self.ln_1(x))
        x = x + (gave if isinstance(gave, torch.Tensor) else gave[0])
        return x + self.mlp(self.ln_2(x))


class GPT2(nn.Module):
    """A transformer with the names of GPT-2."""

    def __init__(self, vocabulary=7, positions=4, width=8, heads=2, layers=2, logits=None, **options):
        super().__init__()
        blocks = nn.ModuleList(Block(width, heads, **options) for _ in range(layers))
        parts = {"wte": nn.Embedding(vocabulary, width), "wpe": nn.Embedding(positions, width), "h": blocks}
        self.transformer = nn.ModuleDict(parts | {"ln_f": nn.LayerNorm(width)})
        self.lm_head = nn.Linear(width, logits or vocabulary, bias=False)

    def forward(self, tokens):
        parts = self.transformer
        x = parts["wte"](tokens) + parts["wpe"](torch.arange(tokens.shape[1], device=tokens.device))
        for block in parts["h"]:
            x = block(x)
        return self.lm_head(parts["ln_f"](x))


class ParallelLayer(nn.Module):
    """A layer of GPT-NeoX: the MLP reads what the heads read; it returns a tuple, and takes the stream by its name."""

    def __init__(self, width, heads):
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.mlp = Attention(width, heads, "dense", groups=1, beside=2), MLP(width)

    def forward(self, hidden_states, turned):
        wrote, _, _ = self.attention(hidden_states=self.input_layernorm(hidden_states), turned=turned)
        mlp = self.mlp(self.post_attention_layernorm(hidden_states))
        mlp += wrote
        return (mlp + hidden_states,)


class NeoX(nn.Module):
    """A transformer with the names of GPT-NeoX: what is not in the stream is given beside it."""

    def __init__(self, vocabulary=7, width=8, heads=4, layers=2):
        super().__init__()
        layers = nn.ModuleList(ParallelLayer(width, heads) for _ in range(layers))
        parts = {"embed_in": nn.Embedding(vocabulary, width), "layers": layers, "final_layer_norm": nn.LayerNorm(width)}
        self.gpt_neox, self.embed_out = nn.ModuleDict(parts), nn.Linear(width, vocabulary)

    def forward(self, tokens):
        parts = self.gpt_neox
        x = parts["embed_in"](tokens)
        places = torch.arange(tokens.shape[1], dtype=x.dtype, device=x.device)
        turned = torch.sin(places[:, None] * torch.arange(1, x.shape[2] + 1, device=x.device))[None]
        for layer in parts["layers"]:
            (x,) = layer(hidden_states=x, turned=turned)
        return {"logits": self.embed_out(parts["final_layer_norm"](x))}["logits"], None


def made(kind, seed=0, size=0.5, **options):
    """A module in eval mode, all its weights, biases and norms moved at random."""
    torch.manual_seed(seed)
    module = kind(**options)
    with torch.no_grad():
        for one in module.parameters():
            one.add_(size * torch.randn_like(one))
    return module.eval()
