"""How fast every subset of 16 heads of a GPT-2 is patched, beside one run of the whole model for each.

Run it with `make benchmark-patching`. The model has GPT-2's sizes (12 layers of 12 heads, d_model 768) and random
weights, a vocabulary of 1,000, and 8 rows of 15 tokens with a counterfactual each. One run for each subset is timed on
a few subsets, all rows at once, with what components outside write put in by hooks; its time is that times 65,536.
"""

import argparse
import resource
import time
import warnings

import numpy as np
import torch

import everyhow as eh
from everyhow.patched.torch_patching import component_of

HEADS = [
    "a7.h3", "a7.h9", "a8.h6", "a8.h10", "a9.h0", "a9.h6", "a9.h7", "a9.h9",
    "a10.h0", "a10.h1", "a10.h2", "a10.h6", "a10.h7", "a10.h10", "a11.h2", "a11.h10",
]  # fmt: skip


def model_of(layers):
    """A GPT-2 with random weights, of so many layers."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(vocab_size=1000, n_layer=layers, bos_token_id=0, eos_token_id=0)
    return GPT2LMHeadModel(config).eval()


def plainly(module, tokens, paired, heads, subsets):
    """The last logits of some subsets, one run of the whole model each."""
    blocks, width = module.transformer.h, module.config.n_embd // module.config.n_head
    wrote, hooks, found = {}, [], []

    def noted(k):
        return lambda _, args: wrote.__setitem__(k, args[0].clone())

    def patched(k, out):
        def hook(_, args):
            given = args[0].clone()
            for h in out:
                given[..., h * width : (h + 1) * width] = wrote[k][..., h * width : (h + 1) * width]
            return (given,)

        return hook

    with torch.no_grad():
        for k, block in enumerate(blocks):
            hooks.append(block.attn.c_proj.register_forward_pre_hook(noted(k)))
        module(input_ids=paired, use_cache=False)
        for hook in hooks:
            hook.remove()
        for subset in subsets:
            out = [component_of(name) for j, name in enumerate(heads) if not subset >> (len(heads) - 1 - j) & 1]
            by_block = {k: [one.head for one in out if one.block == k] for k in {one.block for one in out}}
            hooks = [blocks[k].attn.c_proj.register_forward_pre_hook(patched(k, hs)) for k, hs in by_block.items()]
            found.append(module(input_ids=tokens, use_cache=False).logits[:, -1])
            for hook in hooks:
                hook.remove()
    return torch.stack(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heads", type=int, default=16, help="how many of the 16 heads, the last ones")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--device")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    heads, module, rng = HEADS[-given.heads :], model_of(12), np.random.default_rng(0)
    tokens, paired = rng.integers(1, 1000, (2, given.rows, 15))
    began, busy = time.perf_counter(), time.process_time()
    behavior = {"tokens": tokens, "paired": paired, "classes": [3, 7]}
    found = eh.patch(module, behavior, heads, device=given.device, progress=True)
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    device = torch.device(given.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    module = module.to(device)
    rows, others = (torch.from_numpy(one).to(device) for one in (tokens, paired))
    some = rng.integers(0, found.subsets, 12).tolist()
    plainly(module, rows, others, heads, some[:2])
    began, each = time.perf_counter(), time.process_time()
    logits = plainly(module, rows, others, heads, some[2:])[..., [3, 7]]
    one, each = ((now - then) / len(some[2:]) for now, then in zip(_clocks(), (began, each), strict=True))
    wanted = torch.from_numpy(found.behavior.wanted.argmax(axis=1)).to(device)
    right = (logits.argmax(dim=2) == wanted).float().mean(dim=1)
    assert np.allclose(right.cpu(), found.right[0, some[2:]], atol=1e-6), "the two routes differ"
    print(found)
    print(f"every subset: {seconds:.0f} s, {busy:.0f} s of processors, at most {peak:.2f} GiB ({found.settled.device})")
    print(f"one run each: {one * found.subsets:.0f} s, {each * found.subsets:.0f} s of processors")
    print(f"ratio: {one * found.subsets / seconds:.1f}, of processors {each * found.subsets / busy:.1f}")


def _clocks():
    return time.perf_counter(), time.process_time()


main()
