"""Transformers written in PyTorch in the ways that people write them, for the tests of their imports."""

from functools import partial

import torch
from torch import nn
from torch.nn import functional


class RMSNorm(nn.Module):
    """An RMS norm as people write it by hand."""

    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


NORMS = {
    "layer": nn.LayerNorm,
    "rms": partial(nn.RMSNorm, eps=1e-5),
    "hand": RMSNorm,
    "none": lambda width: nn.Identity(),
}
FUNCTIONS = {"relu": functional.relu, "gelu": functional.gelu, "silu": functional.silu,
             "gelu_new": lambda x: functional.gelu(x, approximate="tanh")}  # fmt: skip


def mask_of(positions):
    """What hides later positions: added to the scores."""
    return torch.full((positions, positions), float("-inf")).triu(1)


class Attention(nn.Module):
    """Self-attention written by hand, in one of several styles."""

    def __init__(self, width, heads, style, causal, bias=True, scale=None, inner=None):
        super().__init__()
        self.heads, self.style, self.causal, self.scale = heads, style, causal, scale
        inner = inner or width
        if style == "multihead":
            self.inside = nn.MultiheadAttention(width, heads, dropout=0.1, bias=bias, batch_first=True)
            return
        if style in ("fused", "by head"):
            self.qkv = nn.Linear(width, 3 * inner, bias=bias)
        else:
            self.query, self.key, self.value = (nn.Linear(width, inner, bias=bias) for _ in range(3))
        self.out = nn.Linear(inner, width, bias=bias)

    def forward(self, x):
        inputs, positions, _ = x.shape
        if self.style == "multihead":
            mask = mask_of(positions).to(x.dtype) if self.causal else None
            return self.inside(x, x, x, attn_mask=mask, need_weights=False)[0]
        if self.style == "by head":
            q, k, v = self.qkv(x).view(inputs, positions, self.heads, 3, -1).transpose(1, 2).unbind(3)
        else:
            parts = self.qkv(x).chunk(3, -1) if self.style == "fused" else (self.query(x), self.key(x), self.value(x))
            q, k, v = (one.view(inputs, positions, self.heads, -1).transpose(1, 2) for one in parts)
        if self.style == "scaled":
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal, scale=self.scale)
        else:
            scores = q @ k.transpose(-1, -2) / (q.shape[-1] ** 0.5 if self.scale is None else self.scale)
            if self.causal:
                scores = scores.masked_fill(mask_of(positions).isinf(), -1e9)
            mixed = scores.softmax(-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(inputs, positions, -1))


class Block(nn.Module):
    """Attention, then an MLP or none, each behind its norm; or, with `after`, each before its norm."""

    def __init__(self, width, heads, style, causal, norm, mlp, activation, bias, after, scale):
        super().__init__()
        self.ln1, self.ln2 = NORMS[norm](width), NORMS[norm](width)
        self.attention = Attention(width, heads, style, causal, bias, scale)
        self.up, self.down = (nn.Linear(width, mlp), nn.Linear(mlp, width)) if mlp else (None, None)
        self.function, self.after = FUNCTIONS[activation], after

    def forward(self, x):
        if self.after:
            x = self.ln1(x + self.attention(x))
            return x if self.up is None else self.ln2(x + self.down(self.function(self.up(x))))
        x = x + self.attention(self.ln1(x))
        return x if self.up is None else x + self.down(self.function(self.up(self.ln2(x))))


class Model(nn.Module):
    """A transformer over tokens; every way to write it is an option."""

    def __init__(
        self, vocabulary=4, positions=3, width=8, heads=2, layers=1, mlp=12, style="apart", causal=True, norm="layer",
        activation="relu", bias=True, table="embedding", answers="all", tied=False, after=False, scaled=False,
        scale=None, logits=None, softmax=None, dropout=0.0,
    ):  # fmt: skip
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        if table == "embedding":
            self.places = nn.Embedding(positions, width)
        elif table == "parameter":
            self.places = nn.Parameter(torch.randn(1, positions, width))
        elif table == "buffer":
            self.register_buffer("places", torch.randn(positions, width))
        self.table, self.answers, self.tied, self.softmax = table, answers, tied, softmax
        self.size = width**0.5 if scaled else 1.0
        options = heads, style, causal, norm, mlp, activation, bias, after, scale
        self.blocks = nn.ModuleList(Block(width, *options) for _ in range(layers))
        self.last = NORMS["none" if after else norm](width)
        self.head = None if tied else nn.Linear(width, vocabulary if logits is None else logits, bias=bias)
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens):
        positions = tokens.shape[1]
        x = self.tokens(tokens) * self.size
        if self.table == "embedding":
            x = x + self.places(torch.arange(positions))
        elif self.table != "none":
            x = x + (self.places[:, :positions] if self.places.ndim == 3 else self.places[:positions])
        x = self.drop(x)
        for block in self.blocks:
            x = block(x)
        x = self.last(x)
        if self.answers == "last":
            x = x[:, -1]
        elif self.answers == "first":
            x = x[:, 0]
        x = x @ self.tokens.weight.T if self.tied else self.head(x)
        return x if self.softmax is None else self.softmax(x, dim=-1)


class Encoder(nn.Module):
    """A transformer of PyTorch's own layers."""

    def __init__(
        self, vocabulary=4, positions=3, width=8, heads=2, layers=2, causal=True, activation="relu", bias=True,
        norm=True, first=True, norm_first=True, dropout=0.1,
    ):  # fmt: skip
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(positions, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 12, dropout, activation, batch_first=first, norm_first=norm_first, bias=bias
        )
        last = nn.LayerNorm(width) if norm else None
        self.encoder = nn.TransformerEncoder(layer, layers, last, enable_nested_tensor=False)
        self.head, self.causal, self.first = nn.Linear(width, vocabulary), causal, first

    def forward(self, tokens):
        # Without batch_first the tokens come with positions first, too.
        positions = tokens.shape[1 if self.first else 0]
        places = self.places(torch.arange(positions))
        x = self.tokens(tokens) + (places if self.first else places[:, None])
        mask = mask_of(positions).to(x.dtype) if self.causal else None
        return self.head(self.encoder(x, mask=mask))


def made(kind, seed=0, **options):
    """A module in eval mode, of random weights; norms, too, scale and shift at random."""
    torch.manual_seed(seed)
    module = kind(**options).eval()
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.LayerNorm | nn.RMSNorm | RMSNorm):
                for one in part.parameters():
                    one.add_(0.3 * torch.randn_like(one))
    return module
