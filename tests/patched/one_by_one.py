"""Patching as people write it: one run of the whole module for each subset, with hooks. It shares nothing with the
library but the names of heads and MLPs."""

import re

import torch


def logits_of(module, backs, mlps, heads, base, paired, inside):
    """The logits of a module at one row, (positions, vocabulary), with some heads and MLPs left to compute.

    Args:
        module: on the CPU, in double precision.
        backs: of each layer, the map of the heads' outputs back to the stream.
        mlps: of each layer.
        heads: how many there are in a layer.
        base: the row.
        paired: the counterfactual row.
        inside: by name of each head and MLP of interest, whether it computes; it writes what it writes at the
            counterfactual row otherwise. All that are not named compute.
    """
    kept, hooks = {}, []

    def note(key, values):
        kept[key] = values.clone()

    for k, (back, mlp) in enumerate(zip(backs, mlps, strict=True)):
        hooks.append(back.register_forward_pre_hook(lambda _, args, k=k: note(("a", k), args[0])))
        hooks.append(mlp.register_forward_hook(lambda _, args, gave, k=k: note(("m", k), gave)))
    _run(module, paired, hooks)

    def patch_heads(args, k, out):
        given = args[0].clone()
        size = given.shape[-1] // heads
        for h in out:
            given[..., h * size : (h + 1) * size] = kept["a", k][..., h * size : (h + 1) * size]
        return (given,)

    hooks = []
    for k, (back, mlp) in enumerate(zip(backs, mlps, strict=True)):
        out = [
            int(m[1]) for name, kept_in in inside.items() if (m := re.fullmatch(rf"a{k}\.h(\d+)", name)) and not kept_in
        ]
        hooks.append(back.register_forward_pre_hook(lambda _, args, k=k, out=out: patch_heads(args, k, out)))
        if not inside.get(f"m{k}", True):
            hooks.append(mlp.register_forward_hook(lambda _, args, gave, k=k: kept["m", k].clone()))
    return _run(module, base, hooks)


def _run(module, row, hooks):
    with torch.no_grad():
        gave = module(torch.as_tensor(row)[None])
    for hook in hooks:
        hook.remove()
    return (gave[0] if isinstance(gave, tuple) else gave)[0].double().numpy()
