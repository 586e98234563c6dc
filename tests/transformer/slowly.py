"""Transformers by loops over lists, and random ones: what the fast ways are compared with."""

import json
import math
from functools import cache
from pathlib import Path

import numpy as np

import everyhow as eh
from everyhow.kinds import model_from_document
from everyhow.transformer.parts import MLP, Attention, Layer, Norm

REFERENCE = Path(__file__).parent.parent / "reference" / "transformers"
TRAINED = sorted(path.stem for path in REFERENCE.glob("transformer-*.json"))
COMPILED = ("tracr-hist", "tracr-xproportion")


@cache
def stored(name):
    """A reference file, its model, and its behavior."""
    document = json.loads((REFERENCE / f"{name}.json").read_text())
    model = model_from_document({"kind": "transformer", **document["model"]})
    positions = document.get("answer_positions", document.get("answer_position"))
    criterion = document.get("criterion", {"argmax_over": document.get("classes")})
    answer = eh.Answer(positions, criterion.get("argmax_over"))
    behavior = eh.Behavior.of_tokens(
        model, document["tokens"], answer, document.get("labels"), within=criterion.get("within")
    )
    return document, behavior.read(model), behavior


def times(vector, matrix):
    """A vector times a matrix, as lists."""
    return [sum(v * row[k] for v, row in zip(vector, matrix, strict=True)) for k in range(len(matrix[0]))]


def plus(*vectors):
    return [sum(numbers) for numbers in zip(*vectors, strict=True)]


def normed(norm, x):
    """A norm of one position."""
    if norm is None:
        return x
    mean = 0.0 if norm.rms else sum(x) / len(x)
    spread = math.sqrt(sum((one - mean) ** 2 for one in x) / len(x) + norm.eps)
    shift = [0.0] * len(x) if norm.b is None else norm.b.tolist()
    return [(one - mean) / spread * w + b for one, w, b in zip(x, norm.w.tolist(), shift, strict=True)]


def activated(name, x):
    if name == "relu":
        return max(x, 0.0)
    if name == "silu":
        return x / (1 + math.exp(-x))
    if name == "gelu":
        return x * (1 + math.erf(x / math.sqrt(2))) / 2
    return x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


class Slowly:
    """A transformer by loops. A circuit is a set of edges by name, as `input->a0.h0<k>`, at the grain edges-qkv."""

    def __init__(self, model):
        self.model = model
        self.nodes, before = [], ["embed", "pos_embed"] if model.split_input else ["input"]
        for k, layer in enumerate(model.layers):
            heads = [f"a{k}.h{h}" for h in range(layer.attention.heads)]
            self.nodes += [(name, list(before), layer, k, h) for h, name in enumerate(heads)]
            before += heads
            if layer.mlp is not None:
                self.nodes.append((f"m{k}", list(before), layer, k, None))
                before.append(f"m{k}")
        self.before = before
        self.edges = [
            f"{parent}->{name}{slot}"
            for name, parents, _, _, head in [*self.nodes, ("logits", before, None, len(model.layers), None)]
            for slot in (("<q>", "<k>", "<v>") if head is not None else ("",))
            for parent in parents
        ]

    def run(self, row, edges=None, carried=None):
        """What every node writes at each position, and `logits` all logits there. Edges that are left out carry what
        `carried` says of their parent, or nothing."""
        model, width = self.model, self.model.d_model
        positions = range(len(row))
        nothing = [[0.0] * width for _ in positions]
        parts = [[model.W_E[t].tolist() for t in row], [model.W_pos[p].tolist() for p in positions]]
        found = dict(zip(self.before, parts if model.split_input else [list(map(plus, *parts))], strict=False))

        def received(name, parents, layer, slot, own_bias):
            bias = [0.0] * width
            for one in model.layers[: layer + own_bias]:
                bias = plus(bias, one.attention.b_O.tolist())
            streams = [bias[:] for _ in positions]
            for parent in parents:
                kept = edges is None or f"{parent}->{name}{slot}" in edges
                carries = found[parent] if kept else (carried or {}).get(parent, nothing)
                streams = [plus(stream, one) for stream, one in zip(streams, carries, strict=True)]
            return streams

        for name, parents, layer, k, head in self.nodes:
            if head is None:
                mlp, wrote = layer.mlp, []
                for x in received(name, parents, k, "", 1):
                    inner = plus(times(normed(layer.ln2, x), mlp.W_in.tolist()), mlp.b_in.tolist())
                    hidden = [activated(model.activation, one) for one in inner]
                    wrote.append(plus(times(hidden, mlp.W_out.tolist()), mlp.b_out.tolist()))
                found[name] = wrote
                continue
            a = layer.attention
            q, key, v = (
                [
                    plus(times(normed(layer.ln1, x), matrix[head].tolist()), bias[head].tolist())
                    for x in received(name, parents, k, slot, 0)
                ]
                for slot, matrix, bias in (("<q>", a.W_Q, a.b_Q), ("<k>", a.W_K, a.b_K), ("<v>", a.W_V, a.b_V))
            )
            scale = math.sqrt(len(q[0])) if model.scale is None else model.scale
            wrote = []
            for p in positions:
                seen = range(p + 1) if model.causal else positions
                scores = [sum(x * y for x, y in zip(q[p], key[o], strict=True)) / scale for o in seen]
                most = max(scores)
                shares = [math.exp(one - most) for one in scores]
                mixed = [sum(s * v[o][d] for s, o in zip(shares, seen, strict=True)) / sum(shares)
                         for d in range(len(v[0]))]  # fmt: skip
                wrote.append(times(mixed, a.W_O[head].tolist()))
            found[name] = wrote
        streams = received("logits", self.before, len(model.layers), "", 0)
        found["logits"] = [
            plus(times(normed(model.ln_final, x), model.W_U.tolist()), model.b_U.tolist()) for x in streams
        ]
        return found


def random_transformer(seed, layers=((1, 2),), positions=3, vocabulary=3, d_model=4, classes=2, norms="", **more):
    """A transformer of random weights.

    Args:
        layers: (heads, neurons of the MLP or 0) of each.
        norms: a letter for each that there is: 1 and 2 in every layer, f before W_U, r for RMS norms.
        more: further fields of `Transformer`; `dead` and `equal`, the numbers of layers whose first head writes
            nothing, or whose heads are all as the first one.
    """
    noise = np.random.default_rng(seed)
    draw = lambda *shape: noise.normal(size=shape)  # noqa: E731
    dead, equal = more.pop("dead", ()), more.pop("equal", ())

    def norm(letter):
        if letter not in norms:
            return None
        return Norm(1 + 0.3 * draw(d_model), None if "r" in norms else 0.3 * draw(d_model), 1e-5, "r" in norms)

    made = []
    for k, (heads, inner) in enumerate(layers):
        arrays = [1.5 * draw(heads, d_model, 2) for _ in range(3)] + [draw(heads, 2, d_model)]
        biases = [0.5 * draw(heads, 2) for _ in range(3)] + [0.5 * draw(d_model)]
        if k in dead:
            arrays[3][0] = 0.0
        if k in equal:
            for array in arrays + biases[:3]:
                array[:] = array[0]
        mlp = None
        if inner:
            mlp = MLP(draw(d_model, inner), draw(inner, d_model), draw(inner), 0.5 * draw(d_model))
        made.append(Layer(Attention(*arrays, *biases), mlp, norm("1"), norm("2") if inner else None))
    return eh.Transformer(
        draw(vocabulary, d_model), 0.5 * draw(positions, d_model), tuple(made), draw(d_model, classes),
        0.5 * draw(classes), norm("f"), **more,
    )  # fmt: skip
