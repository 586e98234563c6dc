"""Patching through its door: against the exact counts of the library, near boundaries, and what is refused."""

import itertools

import numpy as np
import pytest

import everyhow as eh
from everyhow.circuit.minimal import minimal_circuits
from everyhow.circuit.score import score_of
from everyhow.model.behavior_files import behavior_of_tokens

torch = pytest.importorskip("torch")
nn = torch.nn

from everyhow.patched import torch_decisions, torch_patching  # noqa: E402 (after the skip)

from .standins import GPT2, NeoX, made  # noqa: E402

NAMES = ["a0.h0", "m0", "a1.h0", "a1.h1", "m1"]


def asked(seed=0, rows=6, **options):
    """Rows with counterfactuals, as a file of a behavior says them."""
    tokens, paired = np.random.default_rng(seed).integers(0, 7, (2, rows, 4))
    return {"tokens": tokens, "paired": paired, "classes": [1, 4, 6], **options}


ASKED = [
    {},
    {"epsilon": 0.34},
    {"weights": [1, 2, 3, 4, 5, 6], "epsilon": 0.25, "answer_positions": [3, 1]},
    {"labels": [[1], [4], [6], [1], [4], [6]], "epsilon": 0.67},
]


@pytest.mark.parametrize(("seed", "options"), list(zip((0, 8, 6, 2), ASKED, strict=True)))
def test_as_counted_exactly(seed, options):
    """The same perfect subsets, minimal ones and scores as circuits of nodes, by the ablation paired, in a scope."""
    module = made(GPT2, seed)
    said = asked(seed, **options)
    found = eh.patch(module, said, NAMES[::-1])
    assert found.components == tuple(NAMES)
    exact = eh.from_torch(module, said["tokens"]).at("nodes").scoped(NAMES, "in")
    behavior = behavior_of_tokens(said, exact)
    counted = eh.circuits(exact, behavior, ablation="paired")
    assert 0 < sum(found.count.certain.values()) < 32
    assert found.count == counted.count() and found.count.certified
    assert [one.bits for one in found.minimal] == [one.bits for one in minimal_circuits(counted.criterion)]
    usage = counted.criterion.model.search(counted.criterion).usage()
    assert found.usage.edges == usage.edges
    for bits in range(32):
        theirs, ours = (
            score_of(counted.criterion, eh.Circuit(exact.graph, bits)),
            found.score(eh.Circuit(found.graph, bits)),
        )
        assert ours.right == theirs.right
        assert ours.difference == pytest.approx(theirs.difference, abs=1e-5)


def test_behavior_made_elsewhere():
    """A Behavior of the exact import is one of the module, and both precisions agree."""
    module, said = made(GPT2, 2), asked(2)
    behavior = behavior_of_tokens(said, eh.from_torch(module, said["tokens"]))
    quick, exact = eh.patch(module, behavior, NAMES), eh.patch(module, behavior, NAMES, precision="float64", batch=3)
    assert (quick.perfect == exact.perfect).all() and quick.count == eh.patch(module, said, NAMES).count
    np.testing.assert_allclose(quick.difference, exact.difference, rtol=0, atol=1e-5)
    assert exact.settled.precision == "float64" and exact.settled.compared == 0
    assert quick.settled.compared == 6 * 32 and 0 < quick.settled.bound < 1e-3


def test_parallel():
    """Where heads and MLP of a layer read the same, they are of one stage."""
    found = eh.patch(made(NeoX, 1), asked(1), ["m0", "a0.h2", "a1.h1", "m1"])
    assert found.components == ("a0.h2", "m0", "a1.h1", "m1") and found.graph.names[1][-1] == "m0"
    plainly = eh.patch(made(NeoX, 1), asked(1), ["m0", "a0.h2", "a1.h1", "m1"], precision="float64")
    assert (found.perfect == plainly.perfect).all()


def two_logits(module, apart):
    """The module with its second class as the first, apart by so much."""
    with torch.no_grad():
        weight = module.lm_head.weight
        weight[4] = weight[1] + apart * torch.ones_like(weight[1])
    return module


@pytest.mark.parametrize(
    ("apart", "again", "left_open"), [(0.0, True, False), (1e-11, True, True), (1e-4, True, False)]
)
def test_near_the_boundary(apart, again, left_open, monkeypatch):
    """What is near its boundary in float32 is decided in float64; what is within 1e-9 there is left open, unless two
    logits are equal: then the first is the answer."""
    monkeypatch.setattr(torch_decisions, "COMPARED", 0)
    module = two_logits(made(GPT2, 5).double(), apart)
    said = asked(5, classes=[1, 4], labels=[1, 1, 1, 1, 4, 4], epsilon=0.34)
    names = [*NAMES, "a0.h1"]
    found = eh.patch(module, said, names)
    exact = eh.patch(module, said, names, precision="float64")
    assert (found.perfect == exact.perfect).all() and (found.right == exact.right).all()
    assert (found.settled.again > 0) == again
    assert (found.settled.left_open > 0) == left_open == (exact.settled.left_open > 0)
    if left_open:
        assert found.count.between == (0, 64) and found.minimal is None and found.usage is None
        assert found.place(NAMES).perfect is None
        assert str(found.place(NAMES)).startswith(
            "whether your circuit is perfect depends on decisions that are left open"
        )
        assert "within 1e-9 of their boundary are left open" in str(found)
        assert found.tables["sizes"].table.rows[0][2] == "0 to 1"
    if apart == 0.0:
        assert found.count.between == (64, 64) and [len(one) for one in found.minimal] == [0]
        second = eh.patch(module, said | {"labels": [4, 4, 4, 4, 1, 1]}, names)
        assert second.count.between == (0, 0) and second.right.max() == pytest.approx(1 / 3)


def test_rounding_decides_nothing(monkeypatch):
    """Were float32 trusted near the boundary, some decisions here would be other ones."""
    module = two_logits(made(GPT2, 5).double(), 1e-6)
    said = asked(5, classes=[1, 4], labels=[1, 4, 1, 4, 1, 4])
    exact = eh.patch(module, said, NAMES, precision="float64")
    monkeypatch.setattr(torch_decisions, "COMPARED", 0)
    assert (eh.patch(module, said, NAMES).right == exact.right).all()
    monkeypatch.setattr(torch_decisions, "TIMES", 0.0)
    assert (eh.patch(module, said, NAMES).right != exact.right).any()


def test_module_is_left_as_it_was():
    """Weights, hooks and forwards; also when patching fails."""
    module = made(GPT2, 1)
    before = {name: one.clone() for name, one in module.state_dict().items()}
    eh.patch(module, asked(1), NAMES)
    with pytest.raises(eh.InputError):
        eh.patch(module, asked(1), ["a9.h9"])
    with torch.no_grad():
        module.lm_head.weight[1] = torch.inf
    with pytest.raises(eh.InputError, match=r"gives (other logits|logits that are not finite)"):
        eh.patch(module, asked(1), NAMES)
    with torch.no_grad():
        module.lm_head.weight[1] = before["lm_head.weight"][1]
    assert all(torch.equal(one, before[name]) for name, one in module.state_dict().items())
    for part in module.modules():
        assert "forward" not in vars(part) and not part._forward_pre_hooks and not part._forward_hooks


class PostNorm(GPT2):
    """A norm stands after what the MLP of the first block writes."""

    def __init__(self, **options):
        super().__init__(**options)
        self.after = nn.LayerNorm(8)
        first = self.transformer["h"][0]
        forward = first.forward
        first.forward = lambda x: self.after(forward(x))


class Capped(GPT2):
    def forward(self, tokens):
        return torch.tanh(super().forward(tokens))


class Last(GPT2):
    def forward(self, tokens):
        return super().forward(tokens)[:, -1]


class Between(GPT2):
    """Something stands between the first and the second block."""

    def __init__(self, **options):
        super().__init__(**options)
        self.transformer["h"][1].register_forward_pre_hook(lambda _, args: (2 * args[0],))


class Twice(GPT2):
    """The blocks run twice."""

    def __init__(self, **options):
        super().__init__(**options)
        first, second = self.transformer["h"]
        forward = first.forward
        first.forward = lambda x: second(forward(x))


def renamed():
    module = made(GPT2)
    module.head = module.lm_head
    del module.lm_head
    return module


def headless():
    module = made(GPT2)
    for block in module.transformer["h"]:
        block.attn.count = block.attn.n_head
        block.attn.n_head = None
        block.attn.forward = lambda x, attn=block.attn: attn.c_proj(x)
    return module


MODULES = [
    (
        lambda: made(PostNorm).double(),
        "block 0 adds something else to the stream than what its heads and its MLP write",
    ),
    (lambda: made(Capped), "gives other logits than lm_head after transformer.ln_f"),
    (lambda: made(Last), r"gives \(1, 7\) for tokens of shape \(1, 4\); expected logits of shape \(rows, positions"),
    (lambda: made(Between), "something stands between blocks 0 and 1"),
    (lambda: made(Twice).double(), "has 2 blocks at transformer.h, and runs 3 of them"),
    (renamed, "the heads and MLPs of torch GPT2 are not found: its parts have other names"),
    (
        headless,
        "nothing says how many heads block 0 has; give its attention or the module's config one of num_attention_h",
    ),
    (lambda: made(GPT2).train(), "GPT2 is in training mode; call module.eval"),
    (lambda: nn.Linear(2, 2).eval(), "has no nn.Embedding, so it takes no tokens"),
    (lambda: 3, "the model is of type int; give a torch.nn.Module, such as a model of Hugging Face"),
    (eh.xornet, r"Network\(2-3-1.*\) is not run by PyTorch; its circuits are counted by themselves: eh.circuits"),
]


@pytest.mark.parametrize(("module", "told"), MODULES)
def test_models_that_are_refused(module, told):
    """What does not add up is named."""
    with pytest.raises(eh.InputError, match=told):
        eh.patch(module(), asked(), NAMES)


GIVEN = [
    ({"behavior": {}}, "lacks tokens; patching needs tokens, a counterfactual row for each, and classes"),
    (
        {"behavior": asked() | {"paired": None}},
        r"write what they write at each row's counterfactual: give .* \(paired\)",
    ),
    ({"behavior": {**asked(), "classes": None, "within": 0.1}}, "patching decides among classes, .* give classes"),
    ({"behavior": {**asked(), "tokens": [[9] * 4] * 6}}, "the token 9, but the vocabulary of GPT2 has 7: 0 to 6"),
    ({"behavior": {**asked(), "paired": [[9] * 4] * 6}}, "the token 9, but the vocabulary of GPT2 has 7: 0 to 6"),
    ({"behavior": {**asked(), "what": 1}}, "it has 'what'; a behavior has the keys tokens, "),
    ({"behavior": 3}, "behavior is 3; give a mapping with tokens, paired and classes"),
    (
        {"behavior": asked(tokens=np.zeros((1, 5), int), paired=np.ones((1, 5), int))},
        r"does not run in float64 on tokens",
    ),
    (
        {"components": ["a0.h2"]},
        "components is 'a0.h2'; give names of heads and MLPs, such as a0.h0: .* a1.h1, and m0 to m1",
    ),
    ({"components": []}, "components is "),
    ({"device": "tpu"}, "device is 'tpu', which cannot be used here"),
    ({"device": "meta"}, "device is 'meta'; subsets run on cpu or cuda"),
    ({"precision": "float16"}, "precision 'float16'"),
    ({"batch": 0}, "batch is 0; it is how many streams are run at once"),
]


@pytest.mark.parametrize(("given", "told"), GIVEN)
def test_what_is_refused(given, told):
    """Each error says what was found and what is allowed."""
    with pytest.raises(eh.InputError, match=told):
        eh.patch(made(GPT2), **{"behavior": asked(), "components": NAMES, **given})


def test_too_many_components(monkeypatch):
    monkeypatch.setattr(torch_patching, "MOST_COMPONENTS", 4)
    with pytest.raises(
        eh.InputError, match="5 components have 32 subsets; every subset of at most 4 is run: name fewer"
    ):
        eh.patch(made(GPT2), asked(), NAMES)


def test_a_file_of_a_behavior(tmp_path):
    """A file is read, and named where it is wrong."""
    import json

    said = {key: np.asarray(value).tolist() for key, value in asked(2).items()}
    (tmp_path / "asked.json").write_text(json.dumps(said))
    module = made(GPT2, 2)
    found = eh.patch(module, tmp_path / "asked.json", NAMES)
    assert (found.perfect == eh.patch(module, asked(2), NAMES).perfect).all()
    (tmp_path / "asked.json").write_text(json.dumps(said | {"classes": [1, 9]}))
    with pytest.raises(eh.InputError, match=r"asked.json.*classes names 9, but the model has 7 logits"):
        eh.patch(module, tmp_path / "asked.json", NAMES)


def test_progress(capsys, monkeypatch):
    """The work is told how many subsets there are and how many are done."""
    from everyhow.common.progress import Work

    module, said = made(GPT2), asked()
    work = Work("subsets")
    torch_patching.patched(module, said, NAMES, "cpu", "float32").run(None, work)
    assert (work.whole, work.done) == (6 * 32, 6 * 32)
    assert list(itertools.chain(capsys.readouterr())) == ["", ""]
