"""How fast every circuit of a transformer is counted, beside one forward pass per circuit, batched by PyTorch.

Run it with `make benchmark-transformers`. Kernels are compiled before anything is timed. The forward passes are of
random circuits, as many at once as is fastest, and their time is that of one circuit times the number of all circuits.
"""

import itertools
import resource
import time
from pathlib import Path

import numpy as np
import torch

import everyhow as eh
from everyhow.model.behavior_files import behavior_of_tokens
from everyhow.model.space import circuits_in_space
from everyhow.transformer import diagram
from everyhow.transformer.parts import MLP, Attention, Layer

REFERENCE = Path(__file__).parent.parent / "tests" / "reference" / "transformers"
P = 11


def stored(name):
    """A reference model and its behavior."""
    from everyhow.common.reading import read_document
    from everyhow.kinds import model_from_document

    document = read_document(REFERENCE / f"{name}.json", "a reference file")
    model = model_from_document({"kind": "transformer", **document["model"]})
    criterion = document["criterion"]
    asked = {"tokens": document["tokens"], "answer_positions": document["answer_positions"]}
    asked |= {"within": criterion["within"]} if "within" in criterion else {"classes": criterion["argmax_over"]}
    return model, behavior_of_tokens(asked, model)


def trained():
    """Addition modulo 11: one layer of four heads and an MLP."""
    torch.manual_seed(0)
    d, heads, size, inner = 32, 4, 8, 64
    tokens = torch.tensor([[a, b, P] for a in range(P) for b in range(P)])
    labels = (tokens[:, 0] + tokens[:, 1]) % P
    shapes = {
        "E": (P + 1, d), "pos": (3, d), "Q": (heads, d, size), "K": (heads, d, size), "V": (heads, d, size),
        "O": (heads, size, d), "in": (d, inner), "b_in": (1, inner), "out": (inner, d), "b_out": (1, d),
        "U": (d, P + 1),
    }  # fmt: skip
    w = {name: torch.nn.Parameter(torch.randn(*shape) / shape[-2] ** 0.5) for name, shape in shapes.items()}
    optimizer = torch.optim.AdamW(w.values(), lr=3e-3, weight_decay=0.1)
    mask = torch.tril(torch.ones(3, 3, dtype=bool))
    for _ in range(1500):
        x = w["E"][tokens] + w["pos"]
        q, k, v = (torch.einsum("bpd,hde->bhpe", x, w[name]) for name in "QKV")
        scores = (q @ k.transpose(-1, -2) / size**0.5).masked_fill(~mask, -1e9)
        x = x + torch.einsum("bhpe,hed->bpd", scores.softmax(-1) @ v, w["O"])
        x = x + torch.relu(x @ w["in"] + w["b_in"]) @ w["out"] + w["b_out"]
        loss = torch.nn.functional.cross_entropy(x[:, -1] @ w["U"], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    a = {name: value.detach().numpy().astype(float) for name, value in w.items()}
    mlp = MLP(a["in"], a["out"], a["b_in"][0], a["b_out"][0])
    layer = Layer(Attention(a["Q"], a["K"], a["V"], a["O"]), mlp)
    model = eh.Transformer(a["E"], a["pos"], (layer,), a["U"])
    return model, eh.Behavior.of_tokens(model, tokens.numpy(), eh.Answer(-1, range(P)), labels.numpy())


def forward(model, behavior, chosen):
    """The outputs of many circuits by PyTorch, at all rows, all other edges carrying 0."""
    tensor = lambda array: torch.from_numpy(np.array(array, np.float32))  # noqa: E731
    rows, wiring = tensor(model.embedded(behavior.points)), model.wiring
    kept = torch.from_numpy(chosen).float()
    values = [rows.expand(len(chosen), *rows.shape)]

    def received(node, slot, bias):
        total = tensor(bias).expand_as(values[0])
        for parent, units in enumerate(wiring[node][slot]):
            total = total + kept[:, units[0], None, None, None] * values[parent]
        return total

    node = 1
    for k, layer in enumerate(model.layers):
        a, bias, written = layer.attention, model.bias_before(k, mlp=False), []
        for h in range(a.heads):
            q, key, v = (
                received(node + h, slot, bias) @ tensor(matrix[h]) + tensor(offset[h])
                for slot, matrix, offset in ((0, a.W_Q, a.b_Q), (1, a.W_K, a.b_K), (2, a.W_V, a.b_V))
            )
            scores = q @ key.transpose(-1, -2) / model.divisor(layer)
            scores = scores.masked_fill(~torch.from_numpy(model.sees), -torch.inf)
            written.append(scores.softmax(-1) @ v @ tensor(a.W_O[h]))
        values += written
        node += len(written)
        if layer.mlp is not None:
            x = received(node, 0, model.bias_before(k, mlp=True)) @ tensor(layer.mlp.W_in) + tensor(layer.mlp.b_in)
            values.append(torch.relu(x) @ tensor(layer.mlp.W_out) + tensor(layer.mlp.b_out))
            node += 1
    last = received(node, 0, model.bias_before(len(model.layers), mlp=False))[..., list(model.answered), :]
    return last @ tensor(model.read_matrix) + tensor(model.read_bias)


def per_circuit(model, behavior):
    """The seconds of one circuit, by batches of the size that is fastest."""
    generator, edges, found = np.random.default_rng(0), len(model.graph.edges), []
    with torch.no_grad():
        for size in (1, 4, 16, 64):
            chosen = generator.integers(2, size=(size, edges)) == 1
            forward(model, behavior, chosen)
            start = time.perf_counter()
            for _ in range(3):
                forward(model, behavior, chosen)
            found.append((time.perf_counter() - start) / 3 / size)
    return min(found)


def main():
    """A line for each model and ablation."""
    kept = {name: stored(name) for name in ("tracr-xproportion", "tracr-reverse-model-only")}
    kept["addition modulo 11, trained"] = trained()
    head = f"{'model':<28} {'ablation':<9} {'circuits':>9} {'perfect':>9} {'seconds':>8} {'forward passes':>15}"
    print(f"{head} {'ratio':>9}")
    warm = eh.Transformer(np.eye(2), np.zeros((2, 2)), (), np.eye(2))
    eh.circuits(warm, eh.Behavior.of_tokens(warm, [[0, 1]])).count()
    for (name, (model, behavior)), ablation in itertools.product(kept.items(), ("zero", "mean")):
        model = behavior.read(model)
        diagram._KEPT.clear()
        found = eh.circuits(model, behavior, ablation=ablation)
        start = time.perf_counter()
        count = sum(found.count().certain.values())
        seconds = time.perf_counter() - start
        space = circuits_in_space(model.graph)
        plain = per_circuit(model, behavior) * space
        print(
            f"{name[:28]:<28} {ablation:<9} {space:>9.3g} {count:>9.3g} {seconds:>8.2f} {plain:>13.3g} s "
            f"{plain / seconds:>9.3g}"
        )
    print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB of memory in all")


if __name__ == "__main__":
    main()
