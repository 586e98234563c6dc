"""Several swept options: comparisons with the others held, and interactions, against tests of other kinds."""

import math
import sys

import numpy as np
import pytest
from scipy.stats import f_oneway, ttest_1samp, ttest_ind, ttest_rel, wilcoxon

import everyhow as eh
from everyhow.sweeps.comparisons import contrasts, effects, trends
from everyhow.sweeps.inference import Observation, rank_test, variations
from everyhow.sweeps.statistics import MEASURES
from everyhow.sweeps.summary import summarize

from .fabricated import fabricate

CIRCUITS = next(m for m in MEASURES if m.key == "circuits" and m.preset == "paper")
DRAWN = np.random.default_rng(3)


def counted(folder, document, number, **rest):
    """A sweep whose perfect circuits are `number(point, replicate, epoch)`."""

    def row_of(point, replicate, output, preset, epoch):
        count = float(number(point, replicate, epoch))
        return {"perfect_circuits": count, "perfect_circuits_low": count, "perfect_circuits_high": count}

    return fabricate(folder, document, row_of, **rest)


def of_circuits(found):
    return [one for one in found if one.measure == CIRCUITS]


def cells(sizes):
    """Made-up networks in the cells of two options."""
    return {
        levels: [Observation(levels, float(DRAWN.normal(len(levels[0]))), f"{levels}{k}") for k in range(number)]
        for levels, number in sizes.items()
    }


def test_interaction_of_two_by_two_is_a_contrast_of_means():
    """Unequal cells: F is the square of t, by the four means and the variance within the cells."""
    found = cells({("a", "x"): 5, ("a", "y"): 7, ("bb", "x"): 6, ("bb", "y"): 4})
    seen = [one for cell in found.values() for one in cell]
    y = [np.array([one.y for one in cell]) for cell in found.values()]
    variance = sum(((one - one.mean()) ** 2).sum() for one in y) / (22 - 4)
    t = (y[0].mean() - y[1].mean() - y[2].mean() + y[3].mean()) / math.sqrt(variance * sum(1 / len(one) for one in y))
    told = dict(variations(seen, ["p", "q"]))
    assert list(told) == [("p",), ("q",), ("p", "q")]
    assert told["p", "q"].f == pytest.approx(t**2) and told["p", "q"].freedom == (1, 18)
    assert told["p", "q"].share == pytest.approx(t**2 / (t**2 + 18)) and told["p", "q"].networks == 22


def test_balanced_cells_by_sums_of_squares():
    """The textbook's sums of squares of a table with equal cells."""
    y = DRAWN.normal(size=(3, 2, 5)) + np.arange(3)[:, None, None]
    seen = [
        Observation((str(a), str(b)), float(y[a, b, k]), f"{a}{b}{k}")
        for a in range(3) for b in range(2) for k in range(5)
    ]  # fmt: skip
    told = dict(variations(seen, ["p", "q"]))
    rows, columns, mean = y.mean(axis=(1, 2)), y.mean(axis=(0, 2)), y.mean()
    rest = ((y - y.mean(axis=2)[:, :, None]) ** 2).sum() / 24
    both = 5 * ((y.mean(axis=2) - rows[:, None] - columns[None] + mean) ** 2).sum()
    assert told["p",].f == pytest.approx(10 * ((rows - mean) ** 2).sum() / 2 / rest)
    assert told["q",].f == pytest.approx(15 * ((columns - mean) ** 2).sum() / rest)
    assert told["p", "q"].f == pytest.approx(both / 2 / rest)


def test_networks_seen_twice_are_their_own_controls():
    """One option within the networks, one between: tests of differences and of means, as SciPy has them."""
    y = DRAWN.normal(size=(3, 6, 2)) + DRAWN.normal(size=(3, 6, 1)) * 5
    seen = [
        Observation(("pqr"[g], str(w)), float(y[g, k, w]), f"{g}{k}")
        for g in range(3) for k in range(6) for w in range(2)
    ]  # fmt: skip
    told = dict(variations(seen, ["group", "within"]))
    apart = y[:, :, 1] - y[:, :, 0]
    assert told["group", "within"].f == pytest.approx(f_oneway(*apart).statistic)
    assert told["group",].p == pytest.approx(f_oneway(*y.mean(axis=2)).pvalue)
    alone = dict(variations([Observation((one.levels[1],), one.y, one.network) for one in seen], ["within"]))
    assert alone["within",].p == pytest.approx(ttest_rel(*y.reshape(18, 2).T).pvalue)


def test_terms_that_cannot_be_told():
    """Cells without networks leave no degree of freedom; constant values have no effect, or one without chance."""
    crossed = cells({("a", "x"): 4, ("bb", "x"): 4, ("a", "y"): 4})
    names = [terms for terms, _ in variations([one for cell in crossed.values() for one in cell], ["p", "q"])]
    assert names == [("p",), ("q",)]
    flat = [Observation((a, b), 2.0, f"{a}{b}{k}") for a in "mn" for b in "xy" for k in range(3)]
    assert {v.p for _, v in variations(flat, ["p", "q"])} == {1.0}
    split = [one._replace(y=float(one.levels[0] == "m")) for one in flat]
    assert [v.p for _, v in variations(split, ["p", "q"])] == [0.0, 1.0, 1.0]
    assert list(variations(flat[:2], ["p", "q"])) == []


def test_ranks_of_the_same_networks():
    """Networks in both samples are paired; others are not."""
    one, other = ({f"n{k}": float(v) for k, v in enumerate(DRAWN.normal(size=9) + shift)} for shift in (0, 1))
    test = rank_test(one, other)
    assert test.paired and test.p == pytest.approx(wilcoxon(list(other.values()), list(one.values())).pvalue)
    assert test.larger == sum(other[name] > one[name] for name in one) / 9
    assert rank_test(one, one).p == 1 and rank_test(one, one).larger == 0.5
    infinite = {"a": math.inf, "b": math.inf}
    assert rank_test(infinite, infinite).p == 1
    assert not rank_test(one, {f"m{k}": v for k, v in enumerate(other.values())}).paired


PLAN = {"seeds": 6, "grid": {"widths": [[2], [3]], "task": ["XOR", "AND", "OR"]}}


def test_contrasts_hold_the_other_option(tmp_path):
    """Lists each with the one before, words each with the first, at every value of the other option; Holm over all."""
    table = DRAWN.integers(0, 50, (6, 6))
    sweep = counted(tmp_path / "run", PLAN, lambda point, k, epoch: table[point, k])
    found = of_circuits(contrasts(sweep))
    assert [(c.option, c.at, c.one, c.other) for c in found] == [
        ("widths", "task XOR", "2", "3"), ("widths", "task AND", "2", "3"), ("widths", "task OR", "2", "3"),
        ("task", "widths 2", "XOR", "AND"), ("task", "widths 2", "XOR", "OR"),
        ("task", "widths 3", "XOR", "AND"), ("task", "widths 3", "XOR", "OR"),
    ]  # fmt: skip
    pairs = [(0, 3), (1, 4), (2, 5), (0, 1), (0, 2), (3, 4), (3, 5)]
    for c, (a, b) in zip(found, pairs, strict=True):
        larger = np.mean([(y > x) + 0.5 * (y == x) for x in table[a] for y in table[b]])
        assert c.larger == pytest.approx(larger) and c.networks == (6, 6) and not c.paired
    told = {effect.options: effect for effect in of_circuits(effects(sweep))}
    assert set(told) == {("widths",), ("task",), ("widths", "task")}
    assert told["widths", "task"].freedom == (2, 30)
    document = summarize(sweep).document()
    assert document["spreads"][0]["widths"] == "2" and document["spreads"][0]["task"] == "XOR"
    assert {"effects", "contrasts"} <= set(document)


def test_a_slope_for_each_value_of_the_other_option(tmp_path):
    """A number with three values has a slope within every value of the other option, and no contrasts."""
    plan = {"seeds": 5, "grid": {"input_noise": [0.0, 1.0, 2.0], "widths": [[2], [3]]}}
    steps = {0: (0, 0), 1: (0, 1), 2: (1, 0), 3: (1, 1), 4: (2, 0), 5: (2, 1)}

    def number(point, k, epoch):
        noise, width = steps[point]
        return 10 ** (noise * (1 + width) + 0.01 * (k % 3)) - 1

    sweep = counted(tmp_path / "run", plan, number)
    found = of_circuits(trends(sweep))
    assert [(t.option, t.at) for t in found] == [("input_noise", "widths 2"), ("input_noise", "widths 3")]
    assert [t.slope for t in found] == pytest.approx([1, 2])
    assert {c.option for c in contrasts(sweep)} == {"widths"}
    (both,) = [e for e in of_circuits(effects(sweep)) if len(e.options) == 2]
    assert both.options == ("input_noise", "widths") and both.p < 1e-20


def test_questions_are_asked_of_the_same_networks(tmp_path):
    """What is only asked otherwise is compared network by network."""
    plan = {"seeds": 7, "grid": {"ablation": ["zero", "mean"], "widths": [[2], [3]]}}
    table = DRAWN.integers(1, 99, (4, 7))
    sweep = counted(tmp_path / "run", plan, lambda point, k, epoch: table[point, k])
    found = {(c.option, c.at): c for c in of_circuits(contrasts(sweep))}
    assert found["ablation", "widths 2"].paired and not found["widths", "ablation zero"].paired
    logs = np.log10(1 + table)
    told = {e.options: e for e in of_circuits(effects(sweep))}
    apart = [logs[2 + k] - logs[k] for k in (0, 1)]
    assert told["ablation", "widths"].p == pytest.approx(ttest_ind(*apart).pvalue)


def test_slopes_along_epochs(tmp_path):
    """Each network has a slope; the mean slope is told for every value of the other option, and these are compared."""
    plan = {"seeds": 6, "settings": {"checkpoints": [1, 2, 4], "epochs": 4}, "grid": {"l1": [0.0, 0.1]}}
    growth = DRAWN.normal(1, 0.2, (2, 6))
    sweep = counted(
        tmp_path / "run", plan, lambda point, k, epoch: 10 ** (k + growth[point, k] * epoch) - 1, epochs=(1, 2, 4)
    )
    found = of_circuits(trends(sweep))
    assert [(t.option, t.at) for t in found] == [("epoch", "l1 0"), ("epoch", "l1 0.1")]
    assert [t.slope for t in found] == pytest.approx(growth.mean(axis=1))
    p = sorted(ttest_1samp(one, 0).pvalue for one in growth)
    assert sorted(t.p for t in found) == pytest.approx([max(2 * p[0], 0), max(2 * p[0], p[1])])
    (both,) = of_circuits(effects(sweep))
    assert both.options == ("l1", "epoch") and both.p == pytest.approx(ttest_ind(*growth).pvalue)
    assert [(c.option, c.at) for c in of_circuits(contrasts(sweep))] == [("l1", f"epoch {e}") for e in (1, 2, 4)]


def test_one_option_at_a_time(tmp_path):
    """Where three options are changed one at a time, each is compared with the others at their first values."""
    plan = {"seeds": 4, "grid": [{"l1": [0.0, 0.1]}, {"l2": [0.1]}, {"dropout": [0.1]}]}
    sweep = counted(tmp_path / "run", plan, lambda point, k, epoch: 10 * point + k)
    found = of_circuits(contrasts(sweep))
    assert [(c.option, c.at, c.one, c.other) for c in found] == [
        ("l1", "l2 0; dropout 0", "0", "0.1"), ("l2", "l1 0; dropout 0", "0", "0.1"),
        ("dropout", "l1 0; l2 0", "0", "0.1"),
    ]  # fmt: skip
    assert [e.options for e in of_circuits(effects(sweep))] == [("l1",), ("l2",), ("dropout",)]


def test_as_a_data_frame(tmp_path, monkeypatch):
    """A row for each row of the results; swept options come first: numbers as numbers, lists and words in order."""
    pandas = pytest.importorskip("pandas")
    plan = {"seeds": 3, "grid": {"input_noise": [0.1, 0.0], "widths": [[3], [2]]}}

    def row_of(point, replicate, output, preset, epoch):
        number = {
            "perfect_circuits": float(10 * point + replicate),
            "input_noise": plan["grid"]["input_noise"][point // 2],
        }
        return number | {"core_edges": replicate or None}

    sweep = fabricate(tmp_path / "run", plan, row_of)
    frame = sweep.to_pandas()
    assert list(frame.columns[:3]) == ["setting", "input_noise", "widths"] and len(frame) == 12
    assert sorted(frame.columns) == sorted(sweep.query("SELECT * FROM results").columns)
    assert list(frame["widths"].cat.categories) == ["3", "2"] and frame["widths"].cat.ordered
    assert list(frame["setting"].cat.categories) == list(sweep.settings)
    assert frame["input_noise"].dtype == float and frame["core_edges"].dtype == pandas.Int64Dtype()
    means = frame.groupby(["input_noise", "widths"], observed=True)["perfect_circuits"].mean()
    assert means[0.1, "3"] == 1 and means[0.0, "2"] == 31
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(eh.EveryhowError, match=r"pip install 'everyhow\[pandas\]'; query\(\) gives tables"):
        sweep.to_pandas()
