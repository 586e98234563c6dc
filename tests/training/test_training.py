"""Training: settings, repetition, convergence, and one seed against a plain PyTorch loop."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import everyhow as eh  # noqa: E402
from everyhow.training import TrainingSettings, train_many  # noqa: E402
from everyhow.training.stacked import Stack  # noqa: E402
from everyhow.training.stacked_networks import Networks  # noqa: E402

QUICK = {"rows": 400, "batch_size": 50, "epochs": 30, "patience": 30, "learning_rate": 0.01}


def test_same_seed_same_weights():
    """The same seeds and settings give the same weights, run after run; other seeds give others."""
    settings = TrainingSettings(**QUICK)
    one, other = train_many("XOR", range(5), settings), train_many("XOR", range(5), settings)
    assert [r.network for r in one] == [r.network for r in other]
    assert len({r.network for r in one}) == 5
    assert eh.train("AND", seed=3, **QUICK) == eh.train("AND", seed=3, **QUICK)


def test_trained_alone_or_together():
    """A seed trained beside others is the seed trained alone, up to the order of sums."""
    settings = TrainingSettings(**{**QUICK, "epochs": 5})
    together = train_many("XOR", range(4), settings)[2]
    (alone,) = train_many("XOR", [2], settings)
    for a, b in zip(together.network.weights, alone.network.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert together.loss == pytest.approx(alone.loss, abs=1e-4)


def test_threads_change_nothing(monkeypatch):
    """How many threads share a step is decided by its size alone; to the bit, nothing depends on it."""
    settings = TrainingSettings(**{**QUICK, "epochs": 3})
    asked, found = [], []
    monkeypatch.setattr(Networks, "needs_threads", lambda self: asked[-1])
    for threads in (False, True):
        asked.append(threads)
        found.append([result.network for result in train_many("XOR", range(300), settings)])
    assert found[0] == found[1]


def test_small_steps_are_taken_by_one_thread():
    """A hundred networks with the default settings are, and a thousand are not."""
    task, settings = eh.parse_task("XOR"), TrainingSettings()
    assert not Networks(settings, [task] * 100).needs_threads()
    assert Networks(settings, [task] * 1000).needs_threads()


@pytest.mark.parametrize("hidden", ["leaky_relu", "leaky_relu:0.2", "tanh", "sigmoid", "sigmoid:3"])
@pytest.mark.parametrize("penalty", [{}, {"l1": 0.01}, {"l2": 0.01}, {"dropout": 0.3}])
def test_gradients_are_those_of_autograd(hidden, penalty):
    """To the bit, so that networks are those that autograd would train."""
    for last, task, widths, count in [
        ("sigmoid", "XOR,AND", (4, 3), 3),
        ("tanh", "MAJORITY", (5,), 1),
        (hidden, "OR", (1, 9, 2), 10),
    ]:
        settings = TrainingSettings(widths, hidden_activation=hidden, output_activation=last, **penalty)
        learner = Networks(settings, [eh.parse_task(task)] * count)
        generators = [torch.Generator().manual_seed(seed) for seed in range(count)]
        weights = [weight.requires_grad_() for weight in learner.begin(generators)]
        drawn = [learner.rows(learner.tasks[0], generator) for generator in generators]
        rows, targets = map(torch.stack, zip(*drawn, strict=True))
        kept = learner.dropout(rows.shape[1], generators)
        errors, found = learner.gradients(weights, rows, targets, kept)
        wanted = learner.losses(weights, rows, targets, kept)
        by_autograd = torch.autograd.grad(learner.penalized(wanted.sum(), weights), weights)
        assert torch.equal(errors, wanted)
        assert all(map(torch.equal, found, by_autograd))


def test_against_a_plain_loop():
    """One epoch of the stack is one epoch of torch.nn with the same weights, rows and order."""
    settings = TrainingSettings(widths=(4, 3), hidden_activation="tanh", output_activation="sigmoid", **QUICK)
    task = eh.parse_task("XOR,AND")
    stack = Stack.start(Networks(settings, [task]), (7,))
    layers = []
    for weights, biases in zip(stack.parameters[::2], stack.parameters[1::2], strict=True):
        linear = torch.nn.Linear(weights.shape[1], weights.shape[2])
        linear.weight.data, linear.bias.data = weights[0].detach().T.clone(), biases[0, 0].detach().clone()
        layers += [linear, torch.nn.Tanh()]
    layers[-1] = torch.nn.Sigmoid()
    plain = torch.nn.Sequential(*layers)
    optimizer = torch.optim.AdamW(plain.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    state = stack.generators[0].get_state()
    order = torch.randperm(settings.rows, generator=torch.Generator().set_state(state))
    losses = []
    for batch in order.split(settings.batch_size):
        loss = torch.nn.functional.mse_loss(plain(stack.rows[0][batch]), stack.targets[0][batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses) == pytest.approx(float(stack.run_epoch()[0]), abs=1e-5)
    for linear, weights in zip(plain[::2], stack.parameters[::2], strict=True):
        np.testing.assert_allclose(linear.weight.detach(), weights[0].detach().T, atol=1e-5)


def test_a_seed_that_is_done_leaves_the_others_alone():
    """Dropping finished seeds changes nothing for those that go on."""
    settings = TrainingSettings(**QUICK)
    stack = Stack.start(Networks(settings, [eh.parse_task("XOR")] * 3), (1, 2, 3))
    whole = Stack.start(Networks(settings, [eh.parse_task("XOR")] * 3), (1, 2, 3))
    for s in (stack, whole):
        s.stop_reasons(s.run_epoch(), 1)
    smaller = stack.without({1})
    assert smaller.seeds == [1, 3] and smaller.order == [0, 2]
    one, other = smaller.run_epoch(), whole.run_epoch()
    np.testing.assert_allclose(one, other[[0, 2]], rtol=1e-4)


def test_gradients_may_lie_otherwise_in_memory():
    """A step takes each number of a gradient for its own weight, in whatever order the gradient lies in memory."""
    settings = TrainingSettings(widths=(4, 3), **QUICK)
    one, other = (Stack.start(Networks(settings, [eh.parse_task("XOR")] * 2), (1, 2)) for _ in range(2))
    noise = torch.Generator().manual_seed(0)
    gradients = [torch.randn(weight.shape, generator=noise) for weight in one.parameters]
    one._step(gradients)
    other._step([gradient.mT.contiguous().mT for gradient in gradients])
    assert all(torch.equal(*pair) for pair in zip(one.parameters, other.parameters, strict=True))


def test_convergence_is_told():
    """A network that does not converge is a result that says so, in its place among the others."""
    results = train_many("XOR", range(6), TrainingSettings(patience=3, epochs=40, rows=400))
    assert list(range(6)) == [r.seed for r in results]
    for result in results:
        assert result.converged == (result.loss < 0.01)
        assert result.reason
        assert 1 <= result.epochs <= 40
    assert any(not r.converged for r in results)
    with pytest.warns(eh.EveryhowWarning, match="did not converge: the loss target was not reached in 1 epochs"):
        eh.train("XOR", epochs=1)


def test_converged_networks_compute_their_task():
    """Networks that converge have the accuracy they report."""
    for task in ("XOR", "AND,NOR", "A & B | C"):
        for result in train_many(task, range(3), TrainingSettings(widths=(6, 4), learning_rate=0.01)):
            wanted = np.array(
                [[t.bits >> r & 1 for t in eh.parse_task(task).tables] for r in range(2 ** _inputs(task))]
            )
            decided = result.network.run(_rows(task)) > 0.5
            assert result.accuracy == (decided == wanted).all(axis=1).mean()
            assert not result.converged or result.accuracy == 1


def _inputs(task):
    return eh.parse_task(task).inputs


def _rows(task):
    from everyhow.boolean.truth_table import assignments

    return assignments(_inputs(task))


def test_rows_drawn():
    """Shown rows, weights and noise decide what the network is trained on."""
    task = eh.parse_task("XOR")

    def drawn(**settings):
        generator = torch.Generator().manual_seed(0)
        return Networks(TrainingSettings(**settings), [task]).rows(task, generator)

    rows, targets = drawn(show=("00", "11"))
    assert {(0.0, 0.0), (1.0, 1.0)} == {tuple(row) for row in rows.tolist()}
    assert not targets.any()
    rows, _ = drawn(input_weights=(0, 1, 1, 8))
    share = float((rows.sum(dim=1) == 2).float().mean())
    assert share == pytest.approx(0.8, abs=0.03)
    rows, _ = drawn(input_noise=0.1)
    assert float((rows - rows.round()).std()) == pytest.approx(0.1, abs=0.01)
    assert tuple(rows.shape) == (4000, 2)


def test_regularisation():
    """Weight decay and L1 pull weights towards 0; dropout still trains."""
    free = train_many("OR", [0], TrainingSettings(**{**QUICK, "loss_target": 0.0}))[0]
    for change in ({"l1": 0.05}, {"weight_decay": 5.0}):
        held = train_many("OR", [0], TrainingSettings(**{**QUICK, "loss_target": 0.0}, **change))[0]
        assert sum(abs(w).sum() for w in held.network.weights) < sum(abs(w).sum() for w in free.network.weights)
    dropped = train_many("OR", [0, 1], TrainingSettings(widths=(16,), dropout=0.2, **QUICK))
    assert dropped[0].network != free.network
    assert (
        train_many("OR", [0, 1], TrainingSettings(widths=(16,), dropout=0.2, **QUICK))[0].network == dropped[0].network
    )


def test_diverging_training_is_told():
    """A loss that is no longer finite stops training and is told; the network stays usable."""
    (result,) = train_many(
        "XOR", [0], TrainingSettings(learning_rate=1e30, output_activation="identity", epochs=5, rows=400)
    )
    assert not result.converged
    assert np.isfinite(result.network.weights[0]).all()


BAD = [
    ({"widths": (0,)}, "widths is"),
    ({"learning_rate": 0}, "learning_rate is 0 but must be above 0"),
    ({"dropout": 1.0}, "dropout is 1.0 but must be at least 0 and below 1"),
    ({"epochs": 0}, "epochs is 0"),
    ({"l2": -1.0}, "l2 is -1.0 but must be at least 0"),
    ({"loss_target_per_output": -1.0}, "loss_target_per_output is -1.0"),
    ({"labels": "random"}, "labels is 'random' but must be true or shuffled"),
    ({"checkpoints": (3, 1)}, "checkpoints is .3, 1. but must be rising epochs"),
    ({"checkpoints": (2000,)}, "checkpoints is"),
    ({"hidden_activation": "mish"}, "unknown activation"),
    (
        {"output_activation": "gelu"},
        "output_activation: networks are not trained with gelu here; allowed: identity, relu",
    ),
    ({"show": ()}, "show names no rows"),
    ({"show": ("000",)}, "show names 000; the rows are 00, 01, 10, 11"),
    ({"input_weights": (1.0, 2.0)}, "input_weights has 2 values; task XOR needs 4"),
    ({"input_weights": (0.0, 1.0, 0.0, 0.0), "show": ("00",)}, "nothing to train on"),
]


@pytest.mark.parametrize(("settings", "message"), BAD)
def test_bad_settings(settings, message):
    """Settings out of range, or that do not fit the task, are refused by name."""
    with pytest.raises(eh.InputError, match=message):
        train_many("XOR", [0], TrainingSettings(**settings))


def test_tasks_of_their_own():
    """Networks of one stack may learn different tasks; each is judged by its own."""
    from everyhow.training import train_each

    tasks = [eh.parse_task(name) for name in ("XOR", "AND", "NOR")]
    settings = TrainingSettings(widths=(6, 4), learning_rate=0.01)
    for task, result in zip(tasks, train_each(tasks, [1, 2, 3], settings), strict=True):
        assert result.converged and result.accuracy == 1
        assert ((result.network.run(_rows("XOR")) > 0.5) == task.bits()).all()


def test_checkpoints():
    """Checkpoints are the networks that training for so many epochs gives; those past the end are not there."""
    settings = TrainingSettings(**{**QUICK, "epochs": 6, "loss_target": 0.0}, checkpoints=(0, 1, 4, 6))
    results = train_many("XOR", range(3), settings)
    for result in results:
        assert [c.epoch for c in result.checkpoints] == [0, 1, 4, 6]
        assert result.checkpoints[0].loss is None
        assert (result.checkpoints[-1].network, result.checkpoints[-1].loss) == (result.network, result.loss)
    shorter = train_many("XOR", range(3), TrainingSettings(**{**QUICK, "epochs": 4, "loss_target": 0.0}))
    assert [r.checkpoints[2].network for r in results] == [r.network for r in shorter]
    (early,) = train_many("OR", [0], TrainingSettings(**{**QUICK, "loss_target": 10.0}, checkpoints=(0, 1, 2)))
    assert [c.epoch for c in early.checkpoints] == [0, 1]


def test_shuffled_labels():
    """Shuffled labels keep their frequency and nothing else."""
    task = eh.parse_task("AND")
    learner = Networks(TrainingSettings(labels="shuffled"), [task])
    rows, targets = learner.rows(task, torch.Generator().manual_seed(0))
    ones = targets[:, 0] == 1
    assert float(ones.float().mean()) == pytest.approx(0.25, abs=0.03)
    assert float((rows[ones].sum(dim=1) == 2).float().mean()) == pytest.approx(0.25, abs=0.05)


def test_loss_target_per_output():
    """The target may grow with the number of outputs."""
    settings = TrainingSettings(loss_target_per_output=0.001)
    assert settings.loss_target_of(1) == 0.001 and settings.loss_target_of(3) == 0.003
    assert TrainingSettings().loss_target_of(3) == 0.01
    result = train_many("AND", [0], TrainingSettings(widths=(6,), learning_rate=0.01, loss_target_per_output=0.001))[0]
    assert result.converged and result.loss < 0.001


def test_l2():
    """The L2 penalty of one step is that of torch: its gradient is twice the weight."""
    settings = TrainingSettings(**{**QUICK, "loss_target": 0.0})
    free = train_many("OR", [0], settings)[0]
    held = train_many("OR", [0], TrainingSettings(**{**QUICK, "loss_target": 0.0}, l2=0.05))[0]
    assert sum((w**2).sum() for w in held.network.weights) < 0.8 * sum((w**2).sum() for w in free.network.weights)


def test_untrained():
    """An untrained network computes the task by chance; the same seed finds the same one; weights start as in torch."""
    from everyhow.training.untrained import untrained

    xor = eh.parse_task("XOR")
    found = [untrained(xor, seed, TrainingSettings()) for seed in (0, 1, 0)]
    assert found[0] == found[2] != found[1]
    assert all(r.accuracy == 1 and not r.converged and "the last of" in r.reason for r in found)
    assert all(abs(w).max() <= w.shape[1] ** -0.5 for r in found for w in r.network.weights)
    missed = untrained(xor, 0, TrainingSettings(), most_drawn=3)
    assert missed.reason == "untrained; none of 3 drawn computes the task" and missed.accuracy < 1


def test_no_seeds():
    """No seeds, no networks."""
    assert train_many("XOR", []) == ()
