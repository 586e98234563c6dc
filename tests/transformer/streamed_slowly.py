"""The residual stream of a transformer at a position, layer by layer in lists of rows, with numbers of it held."""

import numpy as np

from .placed_slowly import normed


def streamed(model, row, position, held=None):
    """What stands at a position after each layer, and the logits there are, for one row of tokens; `held` gives for a
    layer, from 0, the numbers that are put in its place."""
    x = np.array([model.W_E[int(token)] + model.W_pos[p] for p, token in enumerate(row)])
    after = []
    for k, layer in enumerate(model.layers):
        a, read = layer.attention, normed(layer.ln1, x)
        added = np.zeros_like(x) + a.b_O
        for h in range(len(a.W_Q)):
            q, key, v = read @ a.W_Q[h] + a.b_Q[h], read @ a.W_K[h] + a.b_K[h], read @ a.W_V[h] + a.b_V[h]
            for to in range(len(row)):
                seen = range(to + 1) if model.causal else range(len(row))
                scores = np.array([q[to] @ key[there] for there in seen]) / np.sqrt(q.shape[1])
                shares = np.exp(scores - scores.max())
                mixed = sum(s * v[there] for s, there in zip(shares / shares.sum(), seen, strict=True))
                added[to] += mixed @ a.W_O[h]
        x = x + added
        if layer.mlp is not None:
            inner = normed(layer.ln2, x) @ layer.mlp.W_in + layer.mlp.b_in
            acted = np.maximum(inner, 0) if model.activation == "relu" else inner / (1 + np.exp(-inner))
            x = x + acted @ layer.mlp.W_out + layer.mlp.b_out
        if held and k in held:
            x[position] = held[k]
        after.append(x[position].copy())
    return after, normed(model.ln_final, x) @ model.W_U + model.b_U


def decides(model, row, position, held=None):
    """Which of the classes is chosen at the last position, by its number."""
    return int(streamed(model, row, position, held)[1][-1][list(model.classes)].argmax())
