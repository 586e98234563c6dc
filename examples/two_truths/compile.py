"""Compiles transformers of this example by tracr: the share of x among the tokens so far, and sorting.

It writes `xproportion.json` and `sort.json` beside itself. The files are shipped, so the example itself needs neither
tracr nor JAX:

    pip install 'everyhow[tracr]'
    python examples/two_truths/compile.py
"""

from pathlib import Path

from tracr.compiler import compiling, lib
from tracr.rasp import rasp

import everyhow as eh
from everyhow.importing.tracr_models import from_tracr

VOCABULARY = {"w", "x", "y", "z"}
LENGTH = 5
NUMBERS = {1, 2, 3}
SORTED = 4
HERE = Path(__file__).parent


def compiled() -> eh.Transformer:
    """Two layers of one head and an MLP, over BOS and five tokens; checked against what tracr computes."""
    program = lib.make_frac_prevs(rasp.tokens == "x")
    return from_tracr(compiling.compile_rasp_to_model(program, VOCABULARY, LENGTH, compiler_bos="BOS"))


def sorting() -> eh.Transformer:
    """Three layers of one head and an MLP, over BOS and four numbers, which may repeat; checked in the same way."""
    program = lib.make_sort(rasp.tokens, rasp.tokens, max_seq_len=SORTED, min_key=1)
    return from_tracr(compiling.compile_rasp_to_model(program, NUMBERS, SORTED, compiler_bos="BOS"))


if __name__ == "__main__":
    for name, make in (("xproportion", compiled), ("sort", sorting)):
        model = make()
        print(eh.save_model(model, HERE / f"{name}.json"), model, model.origin.largest_difference)
