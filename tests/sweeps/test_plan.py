"""Plans: what they ask for, the identities and seeds that follow, and what is refused by name."""

import hashlib
import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

import everyhow as eh
from everyhow.sweeps.costs import block_seconds, forecast, refusals, training_seconds
from everyhow.sweeps.models import ASKED, KINDS
from everyhow.sweeps.plan import named_plans, plan_of, read_plan
from everyhow.sweeps.settings import DEFAULTS, TYPES, Setting, flat
from everyhow.training.settings import TrainingSettings
from everyhow.training.transformer_settings import TransformerSettings


def setting_of(options):
    """The one point of a plan with these options."""
    return plan_of({"settings": options}).points[0]


def test_grid():
    """Each table of the grid gives every combination of its lists, the first key slowest, over the shared settings."""
    plan = plan_of(
        {
            "seeds": 3, "block": 2, "settings": {"task": "AND", "epochs": 5},
            "grid": [{"widths": [[2], [3, 3]], "learning_rate": [0.1, 0.2]}, {"l1": [0.5]}],
        }
    )  # fmt: skip
    found = [
        (p.training.widths, p.training.learning_rate, p.training.l1, p.task, p.training.epochs) for p in plan.points
    ]
    assert found == [
        ((2,), 0.1, 0, "AND", 5),
        ((2,), 0.2, 0, "AND", 5),
        ((3, 3), 0.1, 0, "AND", 5),
        ((3, 3), 0.2, 0, "AND", 5),
        ((3, 3), 0.001, 0.5, "AND", 5),
    ]
    assert plan.networks == 15
    assert [(b.point, b.replicates) for b in plan.blocks()][:3] == [(0, (0, 1)), (0, (2,)), (1, (0, 1))]
    assert [b.stack for b in plan.blocks()][:2] == [(0, 1), (2, 3)], "a stack is always whole"
    assert [b.index for b in plan.blocks()] == list(range(10))
    assert plan.axis == ("widths", "learning_rate", "l1")
    assert [plan.label(k) for k in (1, 4)] == [
        "widths 2; learning_rate 0.2; l1 0",
        "widths 3,3; learning_rate 0.001; l1 0.5",
    ], "every option has its name and its value, at its default too"


def test_points_in_common():
    """A point that two tables of the grid have in common is one point."""
    plan = plan_of({"grid": [{"l1": [0.0, 0.1]}, {"l2": [0.0, 0.1]}]})
    assert [plan.label(k) for k in range(len(plan.points))] == ["l1 0; l2 0", "l1 0.1; l2 0", "l1 0; l2 0.1"]
    assert plan.levels(1) == {"l1": 0.1, "l2": 0.0}


def test_values_in_labels():
    """Lists, options that are not set, and epochs have words; the axis is in the order of the grid."""
    grid = {"widths": [[2], [3, 3]], "ablation": ["zero", "mean"], "epsilon": [0.1, 0.2], "draw_from": [[], ["OR"]]}
    plan = plan_of({"grid": grid})
    assert plan.axis == ("widths", "ablation", "epsilon", "draw_from")
    assert plan.label(0) == "widths 2; ablation zero; epsilon 0.1; draw_from none"
    assert plan.levels(1) == {"widths": "2", "ablation": "zero", "epsilon": 0.1, "draw_from": "OR"}
    trained = {"checkpoints": [1, 2], "epochs": 2}
    plan = plan_of({"axis": ["epoch", "l1"], "settings": trained, "grid": {"l1": [0.0, 0.1]}})
    assert plan.label(1) == "epoch last; l1 0.1" and plan.label(1, "2") == "epoch 2; l1 0.1"


def test_labels_differ():
    """Settings that differ have labels that do."""
    plan = plan_of({"grid": {"loss_target": [0.12345671, 0.12345672, 1e-4]}})
    assert [plan.label(k) for k in range(3)] == [
        f"loss_target {value}" for value in ("0.12345671", "0.12345672", "0.0001")
    ]


def test_without_a_grid():
    """A plan may be empty: the usual network, a hundred times."""
    plan = plan_of({})
    assert plan.points == (Setting(),) and plan.networks == 100 and plan.axis == () and plan.label(0) == ""


def test_every_training_option_can_be_swept():
    """The keys of a plan are the fields of the settings, each with a type and a default."""
    own = set(Setting.__dataclass_fields__) - {"training", "asked"} | {one.key for one in ASKED} | {"model"}
    training = {name: set(kind.training.__dataclass_fields__) for name, kind in KINDS.items()}
    assert set(TYPES) == own | training["network"] | training["transformer"]
    assert {key for usual in DEFAULTS.values() for key in usual} == set(TYPES)
    assert training["network"] < set(DEFAULTS["network"]) and training["transformer"] < set(DEFAULTS["transformer"])
    assert {
        "ablation",
        "epsilon",
        "within",
        "robust",
        "tolerance",
        "signals",
        "not_price",
        "familiar",
        "decision",
    } < own
    assert all(setting_of({key: value}) == Setting() for key, value in DEFAULTS["network"].items())
    usual = Setting(training=TransformerSettings())
    for key, value in DEFAULTS["transformer"].items():
        assert setting_of({"model": "transformer", key: value}) == usual


def test_identity_follows_from_own_settings_alone():
    """A network's identity changes with what decides it and with nothing else."""
    plain = setting_of({"widths": [3, 3]})
    assert plain.identity(0) == Setting().identity(0), "a default spelt out is the default"
    one = plan_of({"grid": {"l1": [0.1, 0.2]}}).points[1]
    other = plan_of(
        {"seeds": 7, "budget": 5, "settings": {"l1": 0.2, "keep": "all", "depth": 2, "epsilon": 0.1}}
    ).points[0]
    assert one.identity(3) == other.identity(3)
    changed = {
        "task": "AND", "draw_from": ["XOR"], "origin": "untrained", "widths": [2], "hidden_activation": "tanh",
        "output_activation": "tanh", "learning_rate": 0.1, "loss_target": 0.1, "loss_target_per_output": 0.1,
        "rows": 5, "batch_size": 5, "epochs": 5, "patience": 5, "weight_decay": 0.1, "l1": 0.1, "l2": 0.1,
        "dropout": 0.1, "input_noise": 0.1, "input_weights": [1, 2, 3, 4], "show": ["00"], "labels": "shuffled",
        "checkpoints": [1], "block": 3, "input_values": [-1, 1], "output_values": [-1, 1], "threshold": 0.2,
    }  # fmt: skip
    assert set(changed) == set(DEFAULTS["network"]) - {"model", "keep", "outputs", *(one.key for one in ASKED)}
    settings = [
        setting_of({key: value, **({"keep": "all"} if key == "origin" else {})}) for key, value in changed.items()
    ]
    names = [s.identity(k) for s in (Setting(), *settings) for k in range(2)]
    assert len(set(names)) == len(names)
    assert all(len(name) == 16 and 0 <= s.seed(0) < 2**63 for s, name in zip(settings, names, strict=False))
    # The hash of the options that differ from their defaults; it must not change from one version to the next.
    written_out = hashlib.sha256(b'{"replicate": 4, "task": "AND", "version": 1}').hexdigest()[:16]
    assert setting_of({"task": "AND", "keep": "all"}).identity(4) == written_out


def test_tasks_drawn():
    """Outputs are drawn without replacement, functions at random, both from the network's seed alone."""
    gates = ["AND", "OR", "IMP", "NAND", "NOR", "NIMP", "XOR", "XNOR"]
    setting = setting_of({"draw_from": gates, "outputs": 6})
    drawn = [setting.task_of(setting.seed(k)) for k in range(200)]
    assert all(task.outputs == 6 == len(set(task.names)) for task in drawn)
    assert {name for task in drawn for name in task.names} == set(gates)
    first = [task.names[0] for task in drawn]
    assert all(10 <= first.count(gate) <= 45 for gate in gates)
    assert drawn[7] == setting.task_of(setting.seed(7))
    chance = setting_of({"task": "random:2"})
    tables = [str(chance.task_of(seed).tables[0]) for seed in range(600)]
    assert set(tables) == {"".join(bits) for bits in itertools.product("01", repeat=4)} - {"0000", "1111"}
    assert max(map(tables.count, set(tables))) < 80


def test_blocks_decide_nothing_but_the_last_bits():
    """The digest of a plan covers all that decides results, and not its name or title."""
    digests = {
        plan_of(document).digest
        for document in (
            {}, {"seeds": 5}, {"presets": ["authors"]}, {"budget": 7}, {"exact_up_to": 3}, {"block": 5},
            {"settings": {"depth": 2}}, {"settings": {"keep": "all"}}, {"grid": {"l1": [0.1, 0.2]}},
        )
    }  # fmt: skip
    assert len(digests) == 9
    assert plan_of({"name": "other", "title": "words"}).digest == plan_of({}).digest


@pytest.mark.parametrize("name", named_plans())
def test_named_experiments(name, tmp_path):
    """Every experiment can be read, has a hundred networks a point, and comes back whole from its TOML file."""
    plan = read_plan(name)
    assert plan.name == name and plan.title and plan.seeds == 100
    again = plan_of(tomllib.loads(plan.toml()))
    assert (again.points, again.digest, again.axis) == (plan.points, plan.digest, plan.axis)
    (tmp_path / "plan.toml").write_text(plan.toml())
    assert read_plan(tmp_path / "plan.toml").digest == plan.digest
    assert read_plan(name, seeds=4).networks == 4 * len(plan.points)
    trained_as_usual = TrainingSettings((3, 3), "leaky_relu", "leaky_relu", 1e-3, 0.01, None, 4000, 100, 1000, 3, 0.01)
    swept = {"training-time"}
    for point in plan.points:
        differing = {key for key, value in flat(point).items() if value != DEFAULTS[point.kind.name][key]}
        asked = {"keep", "depth", "min_node_sparsity", "draw_from", "grain", "ablation", "mlp"}
        assert name in swept or len(differing - asked) <= 1
    assert Setting().training == trained_as_usual


OF_TRANSFORMERS = {f"transformer-{name}" for name in ("basic", "heads", "depth", "tasks", "controls", "ablation")}


def test_experiments_of_the_issue():
    """All the experiments are there, with the settings asked for."""
    assert set(named_plans()) == {
        "basic", "width", "depth", "gate", "multitask", "noise", "skew", "loss-target", "learning-rate",
        "regularization", "training-time", "controls", *OF_TRANSFORMERS,
    }  # fmt: skip
    assert [p.training.widths for p in read_plan("width").points] == [(k, k) for k in range(2, 7)]
    assert [p.asked.min_node_sparsity for p in read_plan("width").points] == [0, 0, 0.3, 0.3, 0.3]
    assert [p.training.loss_target for p in read_plan("loss-target").points] == [10.0**-k for k in range(1, 7)]
    assert [p.outputs for p in read_plan("multitask").points] == [1, 2, 3, 4, 5, 6]
    assert read_plan("basic").presets == read_plan("width").presets == ("paper", "authors")


BAD = [
    ('name = "../x"', "name is '../x'; it must be one word"),
    ("budget = nan", "budget is nan; every number must be finite"),
    ("budget = 0.5", "budget is 0.5; it must be at least 1"),
    ('presets = [["paper"]]', "presets is .*; it must list one or both"),
    ('presets = ["paper", "paper"]', "presets is .*; it must list one or both"),
    ('axis = [["l1"]]', "axis names .'l1'.; it must name options"),
    ('axis = "l1"\n[settings]\ncheckpoints = [1]', "axis is 'l1'; the plan has checkpoints, so epoch is swept too"),
    ("block = 0", "settings: block is 0; it is a number of networks from 1 to 10,000"),
    ('[settings]\nhidden_activation = "foo"', "settings: hidden_activation: unknown activation"),
    ('[settings]\nlearning_rate = -1.0\n[grid]\ntask = ["XOR"]', "settings: these training settings cannot be used"),
    ('[settings]\ntask = "AND"\ndraw_from = ["OR"]', "settings: task: draw_from replaces it"),
    ('[settings]\ndraw_from = ["OR", "OR"]', "draw_from names a gate twice"),
    ("seeds = 0", "seeds is 0; it must be at least 1"),
    ("seeds = true", "seeds is True; it must be a whole number"),
    ('budget = "much"', "budget is 'much'; it must be a whole number or a number"),
    ("budget = inf", "budget is inf; every number must be finite"),
    ('presets = ["papers"]', r"presets is \['papers'\]; it must list one or both of paper and authors"),
    ("presets = []", "presets"),
    ("sedes = 3", r"sedes: unknown key .did you mean seeds\?.; the keys are name, title"),
    (
        "[settings]\nlearning_rat = 0.1",
        r"settings.learning_rat: unknown option .did you mean learning_rate\?.; the options are model, task",
    ),
    ('[settings]\nlearning_rate = "fast"', "settings.learning_rate is 'fast'; it must be a valid number"),
    ("[settings]\nlearning_rate = inf", "settings.learning_rate is inf; every number must be finite"),
    ("[settings]\nepochs = 2.5", "settings.epochs is 2.5; it must be a valid integer"),
    ("[settings]\nwidths = [3, 0]", "settings: these training settings cannot be used: widths"),
    ("[grid]\nwidths = 3", "grid.widths is 3; it must be a list of values to try"),
    ("[grid]\nl1 = []", "grid.l1 is ..; it must be a list"),
    ("[grid]\nl1 = [0.1, -1.0]", "grid: these training settings cannot be used: l1 is -1.0 .*at l1 = -1"),
    ('[[grid]]\nl1 = [0.1]\n[[grid]]\nlabels = ["wrong"]', "grid 2.labels is 'wrong'; it must be 'true' or 'shuffled'"),
    ('[settings]\ntask = "XR"', "settings: task: unknown gate"),
    ('[settings]\ntask = "random:9"', "after random: comes a number of inputs from 1 to 6"),
    ('[settings]\ndraw_from = ["AND"]\noutputs = 2', "outputs is 2; draw_from has 1 gates"),
    ("[settings]\noutputs = 2", "outputs is 2 but draw_from names no gates"),
    ('[settings]\norigin = "untrained"', 'keep must be "accurate" or "all"'),
    ("[settings]\ndepth = 99", "depth is 99"),
    ("[settings]\nmin_node_sparsity = 1.0", "min_node_sparsity is 1.0"),
    ('axis = "epoch"', "axis names 'epoch'; it must name options"),
    ('grid = ["x"]', "grid is 'x'; it must be a table of lists"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_errors_name_the_key(text, message, tmp_path):
    """What is not allowed is refused before anything runs, with the file and the key."""
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(eh.InputError, match=message) as caught:
        read_plan(path)
    assert str(caught.value).startswith(str(path))


def test_files_that_are_no_plans(tmp_path):
    """A missing file, a file that is not TOML or not text, and an unknown name are told apart."""
    with pytest.raises(eh.InputError, match="no such file; give a plan"):
        read_plan(tmp_path / "plan.toml")
    with pytest.raises(eh.InputError, match=r"unknown experiment 'basics'; give a plan file .* basic, "):
        read_plan("basics")
    (tmp_path / "broken.toml").write_text("seeds = ")
    with pytest.raises(eh.InputError, match=r"broken.toml: not a TOML file"):
        read_plan(tmp_path / "broken.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(eh.InputError, match=r"binary.toml: is not UTF-16 text"):
        read_plan(tmp_path / "binary.toml")


def test_forecast():
    """What a plan costs is told before it runs: the numbers exactly, time and disk roughly, refusals by point."""
    expected = forecast(read_plan("width"))
    assert (expected.networks, expected.explanations) == (500, 1000)
    assert [label for label, _ in expected.refused] == ["widths 6,6"]
    assert "counting the circuits needs about 4.7e+13" in expected.refused[0][1][0]
    assert forecast(read_plan("basic")).refused == ()
    (deep,) = forecast(read_plan("depth")).refused
    assert deep[0] == "widths 3,3,3,3" and "counting the resample-faithful circuits needs about 3.07e+09" in deep[1][0]
    (deepest,) = forecast(plan_of({"settings": {"widths": [3, 3, 3, 3]}})).refused
    assert "aligning the algorithms of depth 5" in deepest[1][0]
    assert forecast(read_plan("multitask")).explanations == 100 * 21
    assert forecast(read_plan("training-time")).explanations == 100 * 14
    times = [block_seconds(block) for block in read_plan("width").blocks()]
    assert times[25] > 5 * times[15] and times[35] > times[15] > 0


@pytest.mark.parametrize("preset", ["paper", "authors"])
def test_refusals_are_those_of_the_explanation(preset):
    """What is foreseen to exceed the budget is what an audit of such a network then refuses, and the first it does."""
    generator = np.random.default_rng(0)
    network = eh.Network(
        [generator.normal(size=shape) for shape in ((3, 2), (3, 3), (1, 3))], [np.zeros(3), np.zeros(3), np.zeros(1)],
        ["tanh"] * 3,
    )  # fmt: skip
    for budget in (10**3, 9 * 10**3, 2 * 10**4, 10**5):
        foreseen = refusals(Setting(), (preset,), budget)
        found = eh.audit(network, "XOR", preset, budget=budget).capped
        assert bool(foreseen) <= bool(found)
        assert not foreseen or any(reason.startswith(foreseen[0]) for reason in found), (foreseen, found)
    assert refusals(setting_of({"depth": 5}), (preset,), 10**10)


def test_coded_numbers_in_plans():
    """Networks trained on and towards other numbers than 0 and 1; the released code rounds, so it cannot judge them."""
    settings = {"input_values": [-1, 1], "output_values": [-1, 1]}
    (point,) = plan_of({"settings": settings}).points
    assert (point.training.level, point.training.input_values) == (0.0, (-1.0, 1.0))
    with pytest.raises(eh.InputError, match="presets lists authors, which rounds outputs to 0 and 1, but"):
        plan_of({"settings": settings, "presets": ["paper", "authors"]})
    # A plan that leaves these options at their defaults is the same plan as before they came.
    assert plan_of({}).digest == plan_of({"settings": {"input_values": [0, 1], "output_values": [0, 1]}}).digest
    assert plan_of({}).digest != plan_of({"settings": settings}).digest


def test_questions_that_a_plan_may_not_ask():
    """What no preset of the plan asks is refused, and so is a decision that one of them does not make."""
    with pytest.raises(
        eh.InputError, match="ablation: the preset authors does not ask this; leave it out, or add paper to"
    ):
        plan_of({"presets": ["authors"], "settings": {"ablation": "mean"}})
    with pytest.raises(
        eh.InputError, match="pair_order: the preset paper does not ask this; leave it out, or add authors"
    ):
        plan_of({"settings": {"pair_order": "BA"}})
    with pytest.raises(eh.InputError, match="the preset authors decides by rounding"):
        plan_of({"presets": ["paper", "authors"], "settings": {"decision": "threshold"}})
    with pytest.raises(eh.InputError, match="the decision argmax is among classes"):
        plan_of({"settings": {"decision": "argmax"}})
    with pytest.raises(eh.InputError, match="decision: round takes the nearest of 0 and 1, and outputs turn at 0"):
        plan_of({"settings": {"decision": "round", "output_values": [-1.0, 1.0], "output_activation": "tanh"}})
    with pytest.raises(
        eh.InputError, match="settings: robust circuits decide right at every input of a box, run alone"
    ):
        plan_of({"settings": {"robust": 0.1, "epsilon": 0.25}})
    with pytest.raises(eh.InputError, match="familiar has 'NAND'; it takes gates with prices"):
        plan_of({"grid": {"familiar": ["NAND"]}})
    asked = {"ablation": "mean", "tolerance": 0.01, "not_price": 1.0, "familiar": "NAND=0.5", "decision": "round"}
    assert plan_of({"settings": asked}).digest != plan_of({}).digest
    assert plan_of(tomllib.loads(plan_of({"settings": asked}).toml())).digest == plan_of({"settings": asked}).digest


def of_transformers(options):
    """The one point of a plan of transformers with these options."""
    return setting_of({"model": "transformer", **options})


def test_identities_of_transformers():
    """A transformer's identity is a hash of what decides it, the kind among it; what is asked of it does not enter."""
    plain = of_transformers({})
    written_out = hashlib.sha256(b'{"model": "transformer", "replicate": 4, "version": 1}').hexdigest()[:16]
    assert plain.identity(4) == written_out != Setting().identity(4)
    asked = {"grain": "nodes", "ablation": "mean", "epsilon": 0.25, "within": 1.0, "depth": 3, "keep": "all",
             "scope": "a0.h0", "others": "in", "not_price": 1.0, "familiar": "NAND=0.5"}  # fmt: skip
    streamed = {"stream": -1, "tolerance": 0.1, "signals": 2, "disturbance": 0.1}
    assert {*asked, *streamed} == set(KINDS["transformer"].asked) | {"keep"}
    assert of_transformers(asked).identity(4) == of_transformers(streamed).identity(4) == written_out
    with pytest.raises(eh.InputError, match="tolerance is asked of codes, and of a transformer"):
        of_transformers({"tolerance": 0.1})
    with pytest.raises(eh.InputError, match="position is 3; the 3 positions are 0 to 2"):
        of_transformers({"stream": 3})
    changed = {
        "task": "AND", "equals": False, "task_rows": 2, "rows_seed": 1, "origin": "untrained", "block": 3, "layers": 2,
        "heads": 1, "width": 4, "head_width": 3, "mlp": 0, "activation": "gelu", "norm": "rms", "causal": False,
        "learning_rate": 0.1, "loss_target": 0.1, "batch_size": 2, "epochs": 5, "patience": 5, "weight_decay": 0.1,
        "share": 0.5, "labels": "shuffled", "checkpoints": [1],
    }  # fmt: skip
    assert set(changed) == set(DEFAULTS["transformer"]) - {"model", *asked, *streamed}
    settings = [of_transformers({key: value, "keep": "all"}) for key, value in changed.items()]
    assert len({s.identity(0) for s in (plain, *settings)}) == len(changed) + 1
    assert len({plan_of({"settings": {"model": "transformer", key: value, "keep": "all"}}).digest
                for key, value in changed.items()}) == len(changed)  # fmt: skip


OF_ONE_KIND = [
    ({"heads": 2}, 'heads: a network does not have this option, a transformer does; .* say model = "transformer"'),
    ({"grain": "nodes"}, "grain: a network does not have this option, a transformer does"),
    ({"equals": True}, "equals: a network does not have this option, a transformer does"),
    (
        {"model": "transformer", "widths": [3]},
        "widths: a transformer does not have this option, a network does; .* say",
    ),
    ({"model": "transformer", "robust": 0.1}, "robust: a transformer does not have this option, a network does"),
    ({"model": "transformer", "decision": "argmax"}, "decision: a transformer does not have this option, a network"),
    ({"model": "transformer", "draw_from": ["XOR"]}, "draw_from: a transformer does not have this option"),
    ({"model": "transformer", "min_node_sparsity": 0.1}, "min_node_sparsity: a transformer does not have this option"),
    ({"model": "transformer", "ablation": "paired"}, "ablation: paired takes a counterfactual row for each row"),
    (
        {"model": "transformer", "task": "rows.csv"},
        "task: 'rows.csv' is a file, and a plan alone decides what is swept",
    ),
    ({"model": "transformer", "task": "ADD"}, "task: ADD says no p"),
    ({"model": "transformer", "task": "HISTOGRAM"}, "rows 1 and 2 want different answers at position 0"),
    ({"model": "transformer", "scope": "a0.h0"}, "of a scope say whether all other edges are in every circuit"),
    ({"model": "transformer", "scope": "a5.h0", "others": "in"}, "scope names 'a5.h0'"),
    ({"model": "transformer", "heads": 3}, "a width of 8 is not shared out evenly among 3 heads"),
    ({"model": "lstm"}, "settings.model is 'lstm'; it must be 'network' or 'transformer'"),
]


@pytest.mark.parametrize(("options", "message"), OF_ONE_KIND)
def test_options_of_one_kind_of_model(options, message):
    """An option that a kind of model does not have is refused by name, with the kind that has it."""
    with pytest.raises(eh.InputError, match=message):
        plan_of({"settings": options})


def test_the_released_code_counts_networks():
    with pytest.raises(eh.InputError, match=r"presets lists authors, which counts .* and the plan has transformers"):
        plan_of({"presets": ["paper", "authors"], "grid": {"model": ["network", "transformer"]}})


def test_both_kinds_in_one_plan():
    """Networks and transformers stand beside each other; an option that one of them does not have is none there."""
    plan = plan_of({"grid": [{"widths": [[2], [3]]}, {"model": ["transformer"], "heads": [1, 2]}]})
    assert plan.axis == ("widths", "model", "heads")
    assert [plan.label(k) for k in (0, 3)] == [
        "widths 2; model network; heads none", "widths none; model transformer; heads 2",
    ]  # fmt: skip
    assert plan.points[0].identity(1) == setting_of({"widths": [2]}).identity(1)


def test_forecast_of_transformers():
    """Time grows with the circuits; what random circuits foretell to be too many is named, and so are algorithms."""
    expected = forecast(read_plan("transformer-basic"))
    assert (expected.networks, expected.explanations, expected.refused) == (100, 100, ())
    heads = [block_seconds(block) for block in read_plan("transformer-heads", seeds=10).blocks()]
    assert heads[2] > 5 * heads[1] > 0
    large = of_transformers({"layers": 3, "grain": "edges"})
    (circuits, *_) = refusals(large, ("paper",), 10**9)
    assert circuits.startswith("counting the circuits needs about ")
    assert refusals(of_transformers({"depth": 8}), ("paper",), 10**10)[0].startswith(
        "aligning the algorithms of depth 8"
    )
    assert refusals(of_transformers({}), ("paper",), 10**3)[0].startswith("counting the circuits needs")
    drawn = next(plan_of({"settings": {"model": "transformer", "origin": "untrained", "keep": "all"}}).blocks())
    assert training_seconds(drawn) > 1


def test_every_question_is_told():
    """The documentation of plans has a row for every question."""
    told = (Path(__file__).parents[2] / "docs" / "guide" / "sweeps.md").read_text()
    rows = "".join(line.split("|")[1] for line in told.splitlines() if line.startswith("| `"))
    assert all(f"`{one.key}`" in rows for one in ASKED)
