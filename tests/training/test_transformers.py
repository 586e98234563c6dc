"""Training transformers: the stacked arithmetic against transformers run one by one, seeds, convergence, settings."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
from torch.nn import functional  # noqa: E402

import everyhow as eh  # noqa: E402
from everyhow.model.token_families import parse_token_task  # noqa: E402
from everyhow.model.token_task import TokenTask  # noqa: E402
from everyhow.training import TransformerSettings, train_each, train_many  # noqa: E402
from everyhow.training.stacked import Stack  # noqa: E402
from everyhow.training.stacked_transformers import ALIGNED, Transformers  # noqa: E402
from everyhow.training.untrained import dense, untrained  # noqa: E402

from ..transformer.slowly import Slowly  # noqa: E402

QUICK = TransformerSettings(epochs=40, patience=40, loss_target=0.0)


@st.composite
def shapes(draw):
    """Settings of any shape, and a task of random rows with one answer or several."""
    heads = draw(st.integers(1, 3))
    settings = TransformerSettings(
        layers=draw(st.integers(1, 2)), heads=heads, width=heads * draw(st.integers(1, 3)),
        head_width=draw(st.none() | st.integers(1, 3)), mlp=draw(st.sampled_from([0, 3])),
        activation=draw(st.sampled_from(["relu", "gelu", "gelu_new", "silu"])),
        norm=draw(st.sampled_from(["none", "layer", "rms"])), causal=draw(st.booleans()),
    )  # fmt: skip
    noise = np.random.default_rng(draw(st.integers(0, 99)))
    rows = np.unique(noise.integers(0, 3, (5, 3)), axis=0)
    answers = draw(st.sampled_from([(-1,), (0, 2), (1,)]))
    labels = noise.integers(0, 3, (len(rows), len(answers)))
    return settings, TokenTask(rows, labels, answers, names=("a", "b", "c"), vocabulary=4)


def begun(settings, tasks, seeds):
    """A stack before its first step, every weight moved away from 0 and 1."""
    stack = Stack.start(Transformers(settings, tasks), seeds)
    noise = torch.Generator().manual_seed(9)
    (weights,) = stack.parameters
    with torch.no_grad():
        weights += 0.3 * torch.randn(weights.shape, generator=noise, dtype=torch.float64)
        # As models are kept.
        weights.copy_(weights.float().double())
    return stack


def losses(stack):
    return stack.learner.losses(stack.parameters, stack.rows, stack.targets, [])


def plain_loss(model, task):
    """The mean cross-entropy of a transformer over all answers of a task."""
    logits = model.run(task.tokens).reshape(*task.labels.shape, -1)
    found = []
    for row, wanted in zip(logits.reshape(-1, logits.shape[-1]), task.labels.ravel(), strict=True):
        found.append(np.log(np.exp(row - row.max()).sum()) + row.max() - row[wanted])
    return np.mean(found)


@pytest.mark.filterwarnings("ignore")
@given(shapes())
def test_the_stack_is_its_transformers(shape):
    """Logits and losses of every seed are those of the transformer with its weights, run alone."""
    settings, task = shape
    stack = begun(replace(settings, causal=False), [task] * 3, (0, 1, 2))
    logits, lost = stack.learner.logits(stack.parameters, stack.rows).detach().numpy(), losses(stack).detach().numpy()
    for position in range(3):
        model, broken = stack.model(position)
        assert not broken and model.W_E.shape == (4, settings.width) and len(model.layers) == settings.layers
        one_by_one = model.run(task.tokens).reshape(logits[position].shape)
        np.testing.assert_allclose(logits[position], one_by_one, atol=1e-10)
        assert lost[position] == pytest.approx(plain_loss(model, task), abs=1e-10)


@pytest.mark.parametrize("norm", ["none", "layer", "rms"])
@pytest.mark.parametrize("causal", [True, False])
def test_against_loops(norm, causal):
    """The stack against loops over positions."""
    settings = TransformerSettings(layers=2, heads=2, width=4, mlp=3, norm=norm, causal=causal, activation="gelu")
    task = parse_token_task("FIRST_EQUALS_LAST:3")
    stack = begun(settings, [task], (5,))
    slow = Slowly(stack.model(0)[0])
    logits = stack.learner.logits(stack.parameters, stack.rows).detach().numpy()[0, :, 0]
    for row, found in zip(task.tokens.tolist(), logits, strict=True):
        np.testing.assert_allclose(found, slow.run(row)["logits"][-1], atol=1e-10)


def test_gradients():
    """The gradient of a weight is how the loss of a transformer run alone changes with it."""
    settings = TransformerSettings(layers=2, width=4, mlp=3, norm="layer", activation="silu", causal=False)
    task = parse_token_task("HISTOGRAM:3:2")
    stack, noise = begun(settings, [task] * 2, (0, 1)), np.random.default_rng(0)
    learner, weights = stack.learner, stack.parameters[0].detach().clone()
    (gradients,) = torch.autograd.grad(losses(stack).sum(), stack.parameters)
    found = []
    for weight, gradient in zip(*(learner.named(one).values() for one in (weights, gradients)), strict=True):
        place = tuple(noise.integers(0, size) for size in weight.shape[1:])
        before, around = weight[1][place].item(), []
        for step in (2**-12, -(2**-12)):
            weight[1][place] = before + step
            around.append(plain_loss(learner.model(task, [weights[1].numpy()]), task))
        weight[1][place] = before
        found.append(gradient[1][place].item())
        assert found[-1] == pytest.approx((around[0] - around[1]) / 2**-11, abs=1e-6)
    assert sum(abs(one) > 1e-3 for one in found) > len(found) / 2


def test_against_the_optimizer_of_torch():
    """Epochs of the stack are steps of torch.optim.AdamW, each weight being a tensor of its own."""
    task = parse_token_task("ADD:3")
    settings = TransformerSettings(mlp=5, norm="layer", learning_rate=0.02, weight_decay=0.1)
    stack = begun(settings, [task] * 2, (0, 1))
    learner = Transformers(settings, [task])
    own = {name: one[1:].detach().clone().requires_grad_() for name, one in learner.named(stack.parameters[0]).items()}
    optimizer = torch.optim.AdamW(own.values(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    rows, targets = learner.rows(task, torch.Generator())
    for _ in range(5):
        flat = [functional.pad(one.flatten(1), (0, -one[0].numel() % ALIGNED)) for one in own.values()]
        loss = learner.losses([torch.cat(flat, dim=1)], rows[None], targets[None], []).sum()
        assert stack.run_epoch()[1] == pytest.approx(loss.item(), rel=1e-9)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for name, one in learner.named(stack.parameters[0]).items():
        np.testing.assert_allclose(one[1].detach(), own[name][0].detach(), atol=1e-9)


def test_how_weights_begin():
    """Matrices are normal with the deviation of TransformerLens, biases 0, norms 1; those of every seed are its own."""
    settings = TransformerSettings(width=64, heads=4, mlp=64, norm="layer")
    model = Stack.start(Transformers(settings, [parse_token_task("ADD:50")] * 2), (3, 4)).model(1)[0]
    attention, mlp = model.layers[0].attention, model.layers[0].mlp
    for matrix in (model.W_E, attention.W_Q, attention.W_V, attention.W_O, mlp.W_in, mlp.W_out, model.W_U):
        assert matrix.std() == pytest.approx(0.1, rel=0.06) and abs(matrix.mean()) < 0.01
    for bias in (attention.b_Q, attention.b_O, mlp.b_in, mlp.b_out, model.b_U, model.ln_final.b):
        assert not bias.any()
    assert (model.ln_final.w == 1).all() and (model.layers[0].ln2.w == 1).all() and model.ln_final.eps == 1e-5


def same(one, other):
    return one.network.document() == other.network.document() and one.loss == pytest.approx(other.loss, abs=1e-9)


def test_same_seed_same_weights():
    """Run after run, and whatever other seeds are trained beside; other seeds give other weights."""
    settings = TransformerSettings(epochs=100)
    together = train_many("XOR", range(8), settings)
    assert [one.seed for one in together] == list(range(8))
    assert all(same(*pair) for pair in zip(together, train_many("XOR", range(8), settings), strict=True))
    assert not any(same(*pair) for pair in itertools.combinations(together, 2))
    for seed in (3, 5):
        (alone,) = train_many("XOR", [seed], settings)
        assert same(alone, together[seed]) and alone.reason == together[seed].reason
    back = train_many("XOR", range(7, -1, -1), settings)
    assert all(same(one, together[one.seed]) for one in back)


def test_patience_is_of_each_seed():
    """A seed waits as long for its loss to improve as when it is trained alone, whatever other seeds have left."""
    settings = TransformerSettings(patience=20)
    together = train_many("XOR", range(5), settings)
    for one in together:
        (alone,) = train_many("XOR", [one.seed], settings)
        assert (alone.epochs, alone.reason) == (one.epochs, one.reason)
    assert {"did not improve" in one.reason for one in together} == {True, False}


def test_tasks_of_their_own():
    """Transformers of one stack may learn different tasks of one shape; each is judged by its own."""
    tasks = [parse_token_task(name) for name in ("XOR", "AND", "NOR")]
    for task, one in zip(tasks, train_each(tasks, [0, 2, 3], TransformerSettings()), strict=True):
        assert one.converged and one.accuracy == 1 and one.loss < 0.01 and one.held_out is None
        assert (one.network.run(task.tokens).argmax(axis=1) == task.labels[:, 0]).all()


@pytest.mark.parametrize(("text", "more"), [
    ("ADD:3", {"mlp": 16}), ("MAX:2:4", {}), ("FIRST_EQUALS_LAST:3", {}), ("INDUCTION:4:3", {"layers": 2, "width": 16}),
    ("HISTOGRAM:3:2", {"causal": False, "mlp": 16, "width": 16}), ("MAJORITY", {"norm": "layer"}),
    ("PARITY", {"mlp": 16, "width": 16}), ("XOR", {"norm": "rms", "activation": "gelu_new"}),
])  # fmt: skip
def test_every_family_is_learned(text, more):
    """A transformer that converges is right at every row, at all its answers; so its behavior says."""
    with np.errstate(all="raise"):
        model, behavior = eh.train_transformer(text, **more)
    own = eh.Behavior.of_tokens(model, behavior.points, behavior.answer)
    assert (own.wanted == behavior.wanted).all() and behavior.names


def test_convergence_is_told():
    """One that does not converge is a result that says so; so does a warning."""
    for one in train_many("XOR", range(4), TransformerSettings(epochs=3)):
        assert not one.converged and one.reason == "the loss target was not reached in 3 epochs" and one.epochs == 3
    for one in train_many("XOR", range(2), TransformerSettings(learning_rate=3.0, patience=5)):
        assert one.reason.startswith("the loss did not improve for 5 epochs, the last being") or one.converged
    with pytest.warns(eh.EveryhowWarning, match="the transformer did not converge: the loss target was not reached"):
        eh.train_transformer("XOR", epochs=1)


def test_diverging_training_is_told():
    """A loss that is no longer finite stops training; the transformer stays usable."""
    (one,) = train_many("XOR", [0], TransformerSettings(learning_rate=1e200, epochs=5))
    assert not one.converged and "weights that are not finite were replaced by 0" in one.reason
    assert np.isfinite(one.network.run([[0, 1, 2]])).all()


def test_checkpoints():
    """The transformers that training for so many epochs gives."""
    settings = replace(QUICK, checkpoints=(0, 1, 7, 40))
    for one, shorter in zip(
        train_many("XOR", range(3), settings), train_many("XOR", range(3), replace(QUICK, epochs=7)), strict=True
    ):
        assert [kept.epoch for kept in one.checkpoints] == [0, 1, 7, 40] and one.checkpoints[0].loss is None
        assert one.checkpoints[2].network.document() == shorter.network.document()
        assert one.checkpoints[-1].network.document() == one.network.document()


def test_batches():
    """A step for every so many rows: as many steps as batches, in an order of the seed's own."""
    task = parse_token_task("ADD:4")
    (whole,), (small,) = (train_many(task, [0], replace(QUICK, epochs=1, batch_size=size)) for size in (None, 5))
    assert whole.network.document() != small.network.document()
    (again,) = train_many(task, [0], replace(QUICK, epochs=1, batch_size=16))
    assert same(whole, again)


def test_rows_held_out():
    """A share of the rows, of each seed its own, is trained on; the accuracy of the others is told."""
    task = parse_token_task("ADD:5")
    settings = TransformerSettings(mlp=32, width=16, share=0.6, epochs=600)
    learner = Transformers(settings, [task] * 2)
    stack = Stack.start(learner, (0, 1))
    shown = [set(map(tuple, rows.tolist())) for rows in stack.rows]
    assert [len(rows) for rows in shown] == [15, 15] and shown[0] != shown[1]
    for one in train_each([task] * 2, (0, 1), settings):
        assert one.converged
        right = task.behavior(one.network).wanted == eh.Behavior.of_tokens(one.network, task.tokens).wanted
        right = right.all(axis=1)
        others = [tuple(row) not in shown[one.seed] for row in task.tokens.tolist()]
        assert one.held_out == right[others].mean() and one.accuracy == right.mean() < 1


def test_shuffled_labels():
    """The labels keep their frequency and nothing else."""
    task = parse_token_task("MAX:3:4")
    stack = Stack.start(Transformers(TransformerSettings(labels="shuffled"), [task]), (0,))
    assert sorted(stack.targets[0].ravel().tolist()) == sorted(task.labels.ravel().tolist())
    assert 0.2 < (stack.targets[0].numpy() == task.labels).mean() < 0.7


BAD = [
    ({"layers": 0}, "layers is 0 but must be a whole number from 1"),
    ({"heads": 2.5}, "heads is 2.5"),
    ({"width": "8"}, "width is '8'"),
    ({"heads": 3}, "a width of 8 is not shared out evenly among 3 heads: give a multiple of 3, or head_width"),
    ({"head_width": 0}, "head_width is 0 but must be a whole number, or None"),
    ({"mlp": -1}, "mlp is -1 but must be a whole number from 0, no MLP, to"),
    ({"activation": "tanh"}, "activation is 'tanh' but must be one of relu, gelu, gelu_new, silu"),
    ({"norm": "batch"}, "norm is 'batch' but must be one of none, layer, rms"),
    ({"causal": 1}, "causal is 1 but must be True, or False"),
    ({"batch_size": 0}, "batch_size is 0 but must be a whole number, or None"),
    ({"share": 0}, "share is 0 but must be above 0, and at most 1"),
    ({"share": 1.5}, "share is 1.5"),
    ({"learning_rate": 0}, "learning_rate is 0 but must be above 0"),
    ({"epochs": 0}, "epochs is 0"),
    ({"patience": -3}, "patience is -3"),
    ({"weight_decay": -1}, "weight_decay is -1 but must be at least 0"),
    ({"loss_target": -1}, "loss_target is -1"),
    ({"labels": "random"}, "labels is 'random' but must be true or shuffled"),
    ({"checkpoints": (3, 1)}, "checkpoints is .3, 1. but must be rising epochs"),
    ({"checkpoints": 3}, "checkpoints is 3; give epochs"),
    ({"width": 10**6, "heads": 1}, "a transformer of these settings has 1,000,000 neurons in a layer; at most 65,536"),
    ({"layers": 10**6}, "a transformer of these settings has 1,000,000 layers; at most 1,024"),
    ({"width": 16384, "mlp": 16384}, "training 1 transformer at once, each of .* weights .* numbers; at most"),
    ({"widths": (3, 3)}, "unknown training settings widths; the settings are layers, heads, width"),
]


@pytest.mark.parametrize(("settings", "message"), BAD)
def test_bad_settings(settings, message):
    """Settings out of range, or that do not fit one another, are refused by name."""
    with pytest.raises(eh.InputError, match=message):
        eh.train_transformer("XOR", **settings)


def test_what_cannot_be_learned():
    """A task that needs later tokens; more at once than memory holds; a task or a seed that is not one."""
    with pytest.raises(eh.InputError, match="all that a causal transformer sees: say causal=False"):
        eh.train_transformer("HISTOGRAM")
    with pytest.raises(eh.InputError, match="give a batch size below 12,769, a smaller transformer, or fewer of them"):
        train_many("ADD:113", range(100), TransformerSettings(width=128, heads=4, mlp=512))
    with pytest.raises(eh.InputError, match="unknown task 'FOO'"):
        eh.train_transformer("FOO")
    with pytest.raises(eh.InputError, match="seed is -1; it is a whole number of at least 0"):
        eh.train_transformer("XOR", seed=-1)
    assert train_many("XOR", [], TransformerSettings()) == ()


def test_what_is_trained_is_explained():
    """Its circuits are counted and audited by the behavior that comes with it."""
    model, behavior = eh.train_transformer("XOR")
    assert repr(model) == "Transformer(1 layer of 2 heads and an MLP, d_model 8, 3 positions, 13 edges)"
    counts = eh.audit(model, behavior).counts
    assert counts["circuits_in_space"] == 1935 and 1 <= counts["perfect_circuits"] <= 1935


def test_untrained():
    """The first of many that answers every row as wanted, the same by the same seed; begun as training begins."""
    task, settings = parse_token_task("AND"), TransformerSettings(norm="layer")
    found = [untrained(task, seed, settings) for seed in (0, 1, 0)]
    assert found[0].network.document() == found[2].network.document() != found[1].network.document()
    for one in found:
        answers = one.network.run(task.tokens).argmax(axis=1)
        assert (answers == task.labels[:, 0]).all() and one.accuracy == 1 and not one.converged and one.epochs == 0
        assert re.fullmatch(r"untrained; the last of [\d,]+ drawn computes the task", one.reason)
        logits = one.network.run(task.tokens)
        chance = np.exp(logits)[np.arange(4), task.labels[:, 0]] / np.exp(logits).sum(axis=1)
        assert one.loss == pytest.approx(-np.log(chance).mean())
        assert not one.network.b_U.any() and (one.network.ln_final.w == 1).all()
    drawn = int(found[0].reason.split()[4].replace(",", ""))
    if drawn > 1:
        missed = untrained(task, 0, settings, most_drawn=drawn - 1)
        assert missed.reason == f"untrained; none of {drawn - 1:,} drawn computes the task" and missed.accuracy < 1
    deviations = [one.network.W_E.std() for one in (untrained(task, k, settings, 1) for k in range(20))]
    assert np.mean(deviations) == pytest.approx(0.8 / 8**0.5, rel=0.1)
    with pytest.raises(eh.InputError, match="most_drawn is 0; it is a number of models, at least 1"):
        untrained(task, 0, settings, 0)


def test_of_the_shape_of_a_trained_one():
    """What is explained costs as much as of a trained one: the same edges, and no weights that are alike."""
    task = parse_token_task("MAX:2:3")
    for settings in (TransformerSettings(), TransformerSettings(layers=2, heads=1, mlp=0, norm="rms", causal=False)):
        shape, (trained,) = dense(task, settings), train_many(task, [0], replace(settings, epochs=1))
        assert shape.graph.edges == trained.network.graph.edges and shape.in_short == trained.network.in_short
        assert len(np.unique(shape.W_E)) == shape.W_E.size and shape.causal == settings.causal
