"""Compiles the transformer of this example: the share of x among the tokens so far, by tracr's `frac_prevs`.

It writes `xproportion.json` beside itself. The file is shipped, so the example itself needs neither tracr nor JAX:

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
TARGET = Path(__file__).with_name("xproportion.json")


def compiled() -> eh.Transformer:
    """Two layers of one head and an MLP, over BOS and five tokens; checked against what tracr computes."""
    program = lib.make_frac_prevs(rasp.tokens == "x")
    return from_tracr(compiling.compile_rasp_to_model(program, VOCABULARY, LENGTH, compiler_bos="BOS"))


if __name__ == "__main__":
    model = compiled()
    print(eh.save_model(model, TARGET), model, model.origin.largest_difference)
