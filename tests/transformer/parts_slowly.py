"""A circuit of a transformer run alone, one row at a time, its edges told by the names of what they join."""

import numpy as np

from .placed_slowly import normed


def named(graph, edge):
    """An edge as its parent, its child, and the slots that it enters."""
    slots = graph.slots[edge.child.stage][edge.slot]
    return graph.name(edge.parent), graph.name(edge.child), tuple(slots.strip("<>")) if slots else ("",)


def run_part(model, edges, row, swapped=None, elsewhere=None):
    """What every component of a circuit writes in a row, and the logits; `edges` are (parent, child, slot). The edge
    `swapped` carries what its parent writes in `elsewhere`."""
    found, bias = {"input": np.array([model.W_E[int(t)] + model.W_pos[p] for p, t in enumerate(row)])}, 0.0

    def received(child, slot, bias):
        total = np.zeros_like(found["input"]) + bias
        for parent, to, into in edges:
            if (to, into) == (child, slot):
                carried = elsewhere if (parent, to, into) in (swapped or ()) else found
                total = total + carried[parent]
        return total

    for k, layer in enumerate(model.layers):
        a, heads = layer.attention, {}
        for h in range(a.heads):
            q, key, v = (
                normed(layer.ln1, received(f"a{k}.h{h}", slot, bias)) @ W[h] + b[h]
                for slot, W, b in (("q", a.W_Q, a.b_Q), ("k", a.W_K, a.b_K), ("v", a.W_V, a.b_V))
            )
            scores = np.where(np.tri(len(row)) > 0 if model.causal else True, q @ key.T / np.sqrt(q.shape[1]), -np.inf)
            shares = np.exp(scores - scores.max(axis=1, keepdims=True))
            heads[f"a{k}.h{h}"] = shares / shares.sum(axis=1, keepdims=True) @ v @ a.W_O[h]
        found |= heads
        bias = bias + a.b_O
        if layer.mlp is not None:
            inner = normed(layer.ln2, received(f"m{k}", "", bias)) @ layer.mlp.W_in + layer.mlp.b_in
            found[f"m{k}"] = np.maximum(inner, 0) @ layer.mlp.W_out + layer.mlp.b_out
    return found, normed(model.ln_final, received("logits", "", bias)) @ model.W_U + model.b_U
