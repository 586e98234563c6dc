"""Training: settings, repetition, convergence, and one seed against a plain PyTorch loop."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import everyhow as eh  # noqa: E402
from everyhow.training import TrainingSettings, train_many  # noqa: E402
from everyhow.training.stacked import _Stack  # noqa: E402

QUICK = {"rows": 400, "batch_size": 50, "epochs": 30, "patience": 30, "learning_rate": 0.01}


def test_same_seed_same_weights():
    """The same seeds and settings give the same weights, run after run; other seeds give others."""
    settings = TrainingSettings(**QUICK)
    one, other = train_many("XOR", range(5), settings), train_many("XOR", range(5), settings)
    assert [r.network for r in one] == [r.network for r in other]
    assert len({r.network for r in one}) == 5
    assert eh.train("AND", seed=3, loss_target=0.05) == eh.train("AND", seed=3, loss_target=0.05)


def test_trained_alone_or_together():
    """A seed trained beside others is the seed trained alone, up to the order of sums."""
    settings = TrainingSettings(**{**QUICK, "epochs": 5})
    together = train_many("XOR", range(4), settings)[2]
    (alone,) = train_many("XOR", [2], settings)
    for a, b in zip(together.network.weights, alone.network.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert together.loss == pytest.approx(alone.loss, abs=1e-4)


def test_against_a_plain_loop():
    """One epoch of the stack is one epoch of torch.nn with the same weights, rows and order."""
    settings = TrainingSettings(widths=(4, 3), hidden_activation="tanh", output_activation="sigmoid", **QUICK)
    task = eh.parse_task("XOR,AND")
    stack = _Stack.start(task, (7,), settings)
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
    stack = _Stack.start(eh.parse_task("XOR"), (1, 2, 3), settings)
    whole = _Stack.start(eh.parse_task("XOR"), (1, 2, 3), settings)
    for s in (stack, whole):
        s.stop_reasons(s.run_epoch(), 1)
    smaller = stack.without({1})
    assert smaller.seeds == [1, 3] and smaller.places == [0, 2]
    one, other = smaller.run_epoch(), whole.run_epoch()
    np.testing.assert_allclose(one, other[[0, 2]], rtol=1e-4)


def test_convergence_is_told():
    """A network that does not converge is a result that says so, in its place among the others."""
    results = train_many("XOR", range(6), TrainingSettings(patience=3, epochs=40, rows=400))
    assert list(range(6)) == [r.seed for r in results]
    for result in results:
        assert result.converged == (result.loss < 0.01)
        assert result.reason
        assert 1 <= result.epochs <= 40
    assert any(not r.converged for r in results)
    with pytest.warns(UserWarning, match="did not converge: the loss target was not reached in 1 epochs"):
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
    from everyhow.training.stacked import _draw_rows

    task = eh.parse_task("XOR")

    def drawn(**settings):
        generator = torch.Generator().manual_seed(0)
        return _draw_rows(task, TrainingSettings(**settings), generator)

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
    ({"hidden_activation": "gelu"}, "unknown activation"),
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


def test_no_seeds():
    """No seeds, no networks."""
    assert train_many("XOR", []) == ()
