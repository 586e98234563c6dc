"""Every subset run as a tree, against one run of the module for each."""

import itertools

import numpy as np
import pytest

import everyhow as eh
from everyhow.model.behavior_files import behavior_of_tokens
from everyhow.model.criterion import perfect

torch = pytest.importorskip("torch")

from everyhow.patched.torch_blocks import blocks_of  # noqa: E402 (after the skip)
from everyhow.patched.torch_model import TorchTransformer  # noqa: E402
from everyhow.patched.torch_patching import component_of  # noqa: E402
from everyhow.patched.torch_tree import Tree  # noqa: E402

from .one_by_one import logits_of  # noqa: E402
from .standins import GPT2, NeoX, made  # noqa: E402

ANSWERED, CLASSES = (3, 1), (2, 5, 0)
# Kinds, what they are made with, and the components that are patched.
CASES = [
    (GPT2, {}, ["a0.h0", "a0.h1", "m0", "a1.h1", "m1"]),
    (GPT2, {"layers": 3, "beside": 1}, ["a0.h1", "a2.h0", "a2.h1"]),
    (GPT2, {"layers": 3, "groups": 1}, ["m0", "a1.h0", "m1", "m2"]),
    (GPT2, {"layers": 3}, ["a1.h0", "a1.h1"]),
    (GPT2, {"layers": 1}, ["a0.h0", "m0"]),
    (NeoX, {}, ["a0.h0", "a0.h3", "m0", "a1.h2", "m1"]),
    (NeoX, {"layers": 3}, ["a0.h1", "a1.h0", "m1"]),
]


def parts_of(module):
    """The maps back to the stream, the MLPs, and how many heads a layer has."""
    if isinstance(module, GPT2):
        blocks = module.transformer["h"]
        return [one.attn.c_proj for one in blocks], [one.mlp for one in blocks], blocks[0].attn.n_head
    layers = module.gpt_neox["layers"]
    return [one.attention.dense for one in layers], [one.mlp for one in layers], layers[0].attention.n_head


def rows_of(seed, number=1, positions=4, vocabulary=7):
    """Some rows and their counterfactuals."""
    return np.random.default_rng(seed).integers(0, vocabulary, (2, number, positions))


def by_tree(blocks, names, base, paired, wanted=None, most=None):
    """The logits of subsets at the answered positions: (subsets, answers, classes)."""
    found = np.full((1 << len(names), len(ANSWERED), len(CLASSES)), np.nan)

    def see(subsets, logits):
        assert np.isnan(found[subsets]).all(), "a subset is run twice"
        found[subsets] = logits.numpy()

    tree = Tree(blocks.row(base), blocks.row(paired), tuple(map(component_of, names)), ANSWERED, CLASSES, most)
    tree.run(wanted, see)
    return found


def one_by_one(module, names, base, paired):
    """The same, by one run of the module for each."""
    found = []
    for chosen in itertools.product([False, True], repeat=len(names)):
        inside = dict(zip(names, chosen, strict=True))
        found.append(logits_of(module, *parts_of(module), base, paired, inside)[list(ANSWERED)][:, list(CLASSES)])
    return np.array(found)


@pytest.mark.parametrize(("kind", "options", "names"), CASES)
def test_all_subsets(kind, options, names):
    """The tree gives what one run for each subset gives, however many streams are run at once."""
    module = made(kind, **options).double()
    (base,), (paired,) = rows_of(3)
    blocks, slow = blocks_of(module, base[None]), one_by_one(module, names, base, paired)
    assert slow.std(axis=0).max() > 0.05
    for most in (None, 1, 3):
        np.testing.assert_allclose(by_tree(blocks, names, base, paired, most=most), slow, rtol=0, atol=1e-12)


def test_out_of_order():
    """Bits stand for components in the order in which they run, so no other order is taken."""
    blocks = blocks_of(made(GPT2).double(), rows_of(3)[0])
    (base,), (paired,) = rows_of(4)
    with pytest.raises(ValueError, match="in the order in which they run"):
        by_tree(blocks, ["m0", "a0.h1"], base, paired)


@pytest.mark.parametrize(("kind", "options", "names"), CASES[::2])
def test_some_subsets(kind, options, names):
    """Only what is wanted is run, and comes out the same."""
    blocks = blocks_of(made(kind, **options).double(), rows_of(3)[0])
    (base,), (paired,) = rows_of(4)
    every = by_tree(blocks, names, base, paired)
    rng = np.random.default_rng(0)
    for share in (0.0, 0.1, 0.5):
        wanted = rng.random(len(every)) < share
        found = by_tree(blocks, names, base, paired, wanted, 2)
        assert (np.isnan(found).all(axis=(1, 2)) == ~wanted).all()
        np.testing.assert_allclose(found[wanted], every[wanted], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("kind", "parallel"), [(GPT2, (False, False)), (NeoX, (True, True))])
def test_as_a_model(kind, parallel):
    """As a model that is run plainly it gives the same by the ablation paired, heads being taken apart after the map
    back to the stream."""
    module = made(kind).double()
    rows, paired = rows_of(5, number=3)
    blocks = blocks_of(module, rows)
    assert blocks.parallel == parallel
    whole = TorchTransformer(blocks, 4, (7, 7))
    asked = {"tokens": rows, "paired": paired, "classes": CLASSES, "answer_positions": ANSWERED}
    behavior = behavior_of_tokens(asked, whole)
    names = ["a0.h1", "m0", "a1.h0"]
    model = behavior.read(whole).scoped(names, "in")
    criterion = perfect(model, behavior, "paired")
    chosen = np.array(list(itertools.product([False, True], repeat=3)))
    found = model.run_circuits(chosen, criterion.bases, criterion.ablated)
    for row in range(3):
        slow = one_by_one(module, names, rows[row], paired[row]).reshape(8, -1)
        np.testing.assert_allclose(found[:, row], slow, rtol=0, atol=1e-12)
    assert model.graph.names[1] == (("a0.h0", "a0.h1", "a0.h2", "a0.h3", "m0") if parallel[0] else ("a0.h0", "a0.h1"))
    held = model.run(rows, patch={"m1": np.zeros(4 * 8)})
    np.testing.assert_allclose(held, model.unscoped.run(rows, patch={"m1": np.zeros((3, 4 * 8))}), rtol=0, atol=0)
    assert np.abs(held - model.run(rows)).max() > 0.01
    with pytest.raises(eh.InputError, match="is asked for classes, not for one logit"):
        model.output(0)
