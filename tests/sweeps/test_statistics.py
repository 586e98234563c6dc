"""Statistics against plain loops over made-up rows, and against distributions whose answer is known."""

import math
import statistics as plain_statistics

import numpy as np
import pytest

from everyhow.common.shares import share_interval
from everyhow.sweeps.comparisons import contrasts, trends
from everyhow.sweeps.inference import (
    holm,
    median_interval,
    p_beside_estimate,
    p_beside_sample,
    standard_error,
)
from everyhow.sweeps.published import NOTES, PUBLISHED, Published, beside, beside_published, differences
from everyhow.sweeps.results import Sweep
from everyhow.sweeps.statistics import (
    KINDS,
    MEASURES,
    distributions,
    is_logarithmic,
    samples,
    survivors,
    values_of,
)
from everyhow.sweeps.summary import summarize

from .fabricated import RUNG_COLUMNS, TRIVIAL_COLUMNS, fabricate

NOISE = np.random.default_rng(5)
NETWORKS = [(point, k) for point in range(2) for k in range(30)]
DRAWN = {network: {name: (0, 1, 1, 2, 7, None)[NOISE.integers(6)] for name in RUNG_COLUMNS} for network in NETWORKS}
# Of what passes a rung, how many have no variables: none or one, and not more than there are.
TRIVIAL = {
    network: {
        name: min(int(NOISE.integers(2)), min(DRAWN[network][f"{kind}_{name.removeprefix('trivial_')}"] or 0
                                         for kind in ("mappings", "algorithms")))
        for name in TRIVIAL_COLUMNS
    }
    for network in NETWORKS
}  # fmt: skip
STATUS = {network: ("explained", "explained", "not kept", "failed")[NOISE.integers(4)] for network in NETWORKS}
TIES = {network: ((0, 0), (1, 1), (0, 1), (1, 2), (5, 6))[NOISE.integers(5)] for network in NETWORKS}


def random_row(point, replicate, output, preset, epoch):
    if STATUS[point, replicate] != "explained":
        return {"status": STATUS[point, replicate], "reason": f"it stopped in epoch {replicate}"} | dict.fromkeys(
            RUNG_COLUMNS
        )
    low, high = TIES[point, replicate]
    exact = {"perfect_circuits": low if low == high else None}
    return (
        exact
        | DRAWN[point, replicate]
        | TRIVIAL[point, replicate]
        | {"perfect_circuits_low": low, "perfect_circuits_high": high}
    )


@pytest.fixture(scope="module")
def random_sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep") / "run"
    return fabricate(folder, {"seeds": 30, "grid": {"widths": [[2], [3]]}}, random_row)


def test_samples(random_sweep):
    """Every network is counted once, by what became of it."""
    for point, sample in enumerate(samples(random_sweep)):
        became = [STATUS[point, k] for k in range(30)]
        assert sample.setting == f"widths {point + 2}" and sample.networks == 30
        assert (sample.explained, sample.not_kept, sample.failed) == tuple(
            became.count(status) for status in ("explained", "not kept", "failed")
        )
        assert sample.not_kept_share == became.count("not kept") / 30


def test_survivors(random_sweep):
    """Outputs with none, one, several and an unknown number left, rung by rung, as a loop counts them."""
    found = {(s.setting, s.kind, s.rung): s for s in survivors(random_sweep)}
    assert len(found) == 2 * sum(map(len, KINDS.values()))
    for (setting, kind, rung), s in found.items():
        counted = {"none": 0, "trivial": 0, "one": 0, "several": 0, "unknown": 0}
        for k in range(30):
            point = int(setting.removeprefix("widths ")) - 2
            if STATUS[point, k] != "explained":
                continue
            number = DRAWN[point, k][f"{kind}_{rung}"]
            if (kind, rung) == ("circuits", "perfect"):
                low, high = TIES[point, k]
                number = low if low == high or low > 1 else None
            is_told = kind != "circuits" and rung != "cheapest" and number is not None
            alone = 0 if not is_told else TRIVIAL[point, k][f"trivial_{rung}"]
            outcome = "unknown" if number is None else ("none", "one", "several")[min(number - alone, 2)]
            outcome = "trivial" if outcome == "none" and alone else outcome
            counted[outcome] += 1
        assert {name: getattr(s, name) for name in counted} == counted
        assert s.outputs == sum(counted.values())
    assert sum(s.trivial for s in found.values()) > 20


def test_reasons(random_sweep):
    """Like reasons are counted together, whatever numbers are in them."""
    (reason,) = summarize(random_sweep).reasons
    assert reason == ("it stopped in epoch N", sum(status != "explained" for status in STATUS.values()))


def numbered(folder, document, number, **rest):
    """A sweep whose perfect circuits are `number(point, replicate, output)`, or by epoch where it has several."""

    def row_of(point, replicate, output, preset, epoch):
        count = number(point, replicate, epoch if "epochs" in rest else output)
        return {"perfect_circuits": count, "perfect_circuits_low": count, "perfect_circuits_high": count}

    return fabricate(folder, document, row_of, **rest)


CIRCUITS = next(m for m in MEASURES if m.key == "circuits" and m.preset == "paper")


def test_spreads(tmp_path):
    """Median, quartiles, mean and the bootstrap interval of one count."""
    values = [float(v) for v in NOISE.lognormal(4, 1, 60).round()]
    sweep = numbered(tmp_path / "run", {"seeds": 60}, lambda point, k, output: values[k])
    distribution = next(s for s in distributions(sweep) if s.measure == CIRCUITS)
    assert (distribution.networks, distribution.partial) == (60, 0)
    assert distribution.median == plain_statistics.median(values)
    assert distribution.mean == pytest.approx(plain_statistics.fmean(values))
    assert distribution.error == pytest.approx(plain_statistics.stdev(values) / 60**0.5)
    quartiles = plain_statistics.quantiles(values, n=4, method="inclusive")
    assert [distribution.lower, distribution.upper] == pytest.approx([quartiles[0], quartiles[2]])
    generator = np.random.default_rng(9)
    medians = np.sort([np.median(generator.choice(values, 60)) for _ in range(4000)])
    assert distribution.low == pytest.approx(medians[100], rel=0.12)
    assert distribution.high == pytest.approx(medians[-100], rel=0.12)
    assert distributions(sweep) == distributions(Sweep.open(sweep.folder))


def test_intervals_hold_the_median(tmp_path):
    """Over many samples, the interval holds the true median about as often as it says."""
    held = 0
    for seed in range(120):
        low, high = median_interval(np.random.default_rng(seed).normal(0, 1, 50))
        held += low <= 0 <= high
    assert 104 <= held <= 120
    assert median_interval(np.array([1.0, 2.0])) == (None, None)


def test_estimates_are_marked(tmp_path):
    """An estimate takes part in the spread, and is counted as one."""

    def row_of(point, replicate, output, preset, epoch):
        return {"interpretations": 5.0} if replicate else {"interpretations_estimate": 50.0}

    found = {s.measure.key: s for s in distributions(fabricate(tmp_path / "run", {"seeds": 5}, row_of))}
    assert found["interpretations"].partial == 1 and found["interpretations"].mean == 14


def test_outputs_of_a_network_count_once(tmp_path):
    """A network of several outputs has one value: their mean; for survivors each output counts."""
    document = {"seeds": 3, "settings": {"task": "XOR,AND"}}
    sweep = numbered(tmp_path / "run", document, lambda point, k, output: 10 * k + output, outputs=2)
    assert values_of(sweep, CIRCUITS)[""].tolist() == [0.5, 10.5, 20.5]
    assert survivors(sweep)[0].outputs == 6
    assert samples(sweep)[0].networks == 3


def test_trend(tmp_path):
    """A count that grows tenfold per unit has slope 1; a constant one has none."""
    document = {"seeds": 12, "grid": {"input_noise": [0.0, 1.0, 2.0]}}
    sweep = numbered(tmp_path / "run", document, lambda point, k, output: 10 ** (point + 0.01 * (k % 3)) - 1)
    (trend,) = [t for t in trends(sweep) if t.measure == CIRCUITS]
    assert trend.slope == pytest.approx(1.0) and not trend.logarithmic and trend.networks == 36
    # Mean squared residual 0.0024 / 34, over the squared distances from the mean, 24; t = 2.032245.
    reach = 2.032245 * (0.0024 / 34 / 24) ** 0.5
    assert (1 - trend.low, trend.high - 1) == pytest.approx((reach, reach), rel=1e-5) and trend.p < 1e-20
    assert contrasts(sweep) == ()
    flat = numbered(tmp_path / "flat", document, lambda point, k, output: 3)
    (none,) = [t for t in trends(flat) if t.measure == CIRCUITS]
    assert (none.slope, none.p) == (0, 1)


def test_trend_over_powers_of_ten(tmp_path):
    """Settings that span powers of ten are taken by their logarithm."""
    document = {"seeds": 6, "grid": {"learning_rate": [0.001, 0.01, 0.1]}}
    sweep = numbered(tmp_path / "run", document, lambda point, k, output: 10 ** (2 * point + 0.01 * k) - 1)
    (trend,) = [t for t in trends(sweep) if t.measure == CIRCUITS]
    assert trend.logarithmic and trend.slope == pytest.approx(2.0)
    assert is_logarithmic([1, 10, 100]) and is_logarithmic([0, 1, 10, 100]) and not is_logarithmic([0.0, 0.1, 0.2])
    assert not is_logarithmic([-1, 1, 10, 100]) and not is_logarithmic([-1e-9, 1, 10, 100])
    assert not is_logarithmic([1, 10, 99]) and not is_logarithmic([0, 1, 100])


def test_trend_along_training(tmp_path):
    """Along epochs each network has a slope, and the networks are the sample."""
    document = {"seeds": 6, "settings": {"checkpoints": [1, 2, 3], "epochs": 3}}
    growth = [0.9, 1.0, 1.1, 0.95, 1.05, 1.0]
    sweep = numbered(
        tmp_path / "run", document, lambda point, k, epoch: 10 ** (k + growth[k] * epoch) - 1, epochs=(1, 2, 3)
    )
    (trend,) = [t for t in trends(sweep) if t.measure == CIRCUITS]
    assert trend.networks == 6 and trend.slope == pytest.approx(1.0)
    spread = plain_statistics.stdev(growth) / 6**0.5
    assert trend.high - 1 == pytest.approx(2.5706 * spread, rel=1e-3)
    assert contrasts(sweep) == ()


def test_two_numbers_are_contrasted(tmp_path):
    """Two settings make no trend; they are compared."""
    document = {"seeds": 5, "grid": {"input_noise": [0.0, 0.2]}}
    sweep = numbered(tmp_path / "run", document, lambda point, k, output: 10 * point + k)
    assert trends(sweep) == ()
    assert [(c.one, c.other, c.larger) for c in contrasts(sweep) if c.measure == CIRCUITS] == [("0", "0.2", 1.0)]


def test_checkpoints_of_several_points(tmp_path):
    """Where something else is swept too, checkpoints of different points are different settings."""
    document = {"seeds": 2, "settings": {"checkpoints": [1, 5], "epochs": 5}, "grid": {"l1": [0.0, 0.5]}}
    sweep = numbered(tmp_path / "run", document, lambda point, k, epoch: 3, epochs=(1, 5))
    assert sweep.settings == ("l1 0; epoch 1", "l1 0; epoch 5", "l1 0.5; epoch 1", "l1 0.5; epoch 5")
    assert [s.networks for s in samples(sweep)] == [2] * 4


def test_ties_are_taken_by_their_middle(tmp_path):
    """A bracketed number of circuits enters by its middle, and is marked."""

    def row_of(point, replicate, output, preset, epoch):
        return {"perfect_circuits_low": 10, "perfect_circuits_high": 30, "interpretations_estimate": 100.0}

    found = {s.measure.key: s for s in distributions(fabricate(tmp_path / "run", {"seeds": 3}, row_of))}
    assert (found["circuits"].median, found["circuits"].partial) == (20, 3)
    assert found["interpretations_per_circuit"].median == 5


def test_one_value_is_not_contrasted(tmp_path):
    """A setting with one network that was counted is compared with none, on either side."""
    counts = [[1, 2, 3], [4, None, None], [5, 6, 7], [8, 9, 10]]
    document = {"seeds": 3, "grid": {"widths": [[2], [3], [4], [5]]}}
    sweep = numbered(tmp_path / "run", document, lambda point, k, output: counts[point][k])
    found = [(c.one, c.other, c.larger, c.networks) for c in contrasts(sweep) if c.measure == CIRCUITS]
    assert found == [("4", "5", 1.0, (3, 3))]


def test_contrasts(tmp_path):
    """Mann-Whitney counts the pairs in which the second is larger; lists are compared with the one before."""
    document = {"seeds": 8, "grid": {"widths": [[2], [3], [4]]}}
    table = NOISE.integers(0, 9, (3, 8)) + np.array([[0], [0], [4]])
    sweep = numbered(tmp_path / "run", document, lambda point, k, output: int(table[point, k]))
    found = [c for c in contrasts(sweep) if c.measure == CIRCUITS]
    assert [(c.one, c.other) for c in found] == [("2", "3"), ("3", "4")]
    for c, (a, b) in zip(found, ((0, 1), (1, 2)), strict=True):
        pairs = [(x, y) for x in table[a] for y in table[b]]
        assert c.larger == pytest.approx(sum((y > x) + 0.5 * (y == x) for x, y in pairs) / 64)
        assert c.networks == (8, 8)
    assert trends(sweep) == ()
    gates = numbered(tmp_path / "gates", {"seeds": 4, "grid": {"task": ["XOR", "AND", "OR"]}}, lambda p, k, o: p + k)
    assert [(c.one, c.other) for c in contrasts(gates) if c.measure == CIRCUITS] == [("XOR", "AND"), ("XOR", "OR")]


def test_contrasts_by_exact_counting(tmp_path):
    """Without ties, the corrected p-value is that of all ways to divide the ranks."""
    from itertools import combinations

    document = {"seeds": 5, "grid": {"widths": [[2], [3]]}}
    table = [[1, 2, 3, 5, 8], [4, 6, 7, 9, 10]]
    sweep = numbered(tmp_path / "run", document, lambda point, k, output: table[point][k])
    (found,) = [c for c in contrasts(sweep) if c.measure == CIRCUITS]
    sums = [sum(chosen) for chosen in combinations(range(1, 11), 5)]
    middle, seen = 27.5, abs(sum(table[1]) - 27.5)
    assert found.p == pytest.approx(sum(abs(s - middle) >= seen for s in sums) / math.comb(10, 5))


def test_holm():
    """The correction by the textbook example of Holm's method."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0] and holm([]) == []


def test_checkpoints_are_settings(tmp_path):
    """Along training the setting is the epoch."""

    def row_of(point, replicate, output, preset, epoch):
        count = float(10 * epoch + replicate)
        return {"perfect_circuits_low": count, "perfect_circuits_high": count}

    document = {"seeds": 3, "axis": "epoch", "settings": {"checkpoints": [0, 2, 30], "epochs": 30}}
    sweep = fabricate(tmp_path / "run", document, row_of, epochs=(0, 2, 30))
    assert sweep.settings == ("epoch 0", "epoch 2", "epoch 30")
    assert [s.networks for s in samples(sweep)] == [3, 3, 3]
    assert values_of(sweep, CIRCUITS)["epoch 30"].tolist() == [300, 301, 302]


def test_standard_error():
    """The spread with one degree of freedom less, over the root of the number; none of one value or infinite ones."""
    assert standard_error(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(0.6454972243679028)
    assert standard_error(np.array([5.0, 5.0, 5.0])) == 0 and standard_error(np.zeros(2)) == 0
    assert standard_error(np.array([1e300, 3e300])) == pytest.approx(1e300), "squares would leave the range"
    assert standard_error(np.array([7.0])) is None and standard_error(np.array([1.0, np.inf])) is None


def test_p_beside_a_sample_of_unknown_spread():
    """Student's t by hand: (5 - 3) / (1.5811 √(1/5 + 1/10)) = 2.3094 with four degrees of freedom."""
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    t = 2 / (2.5 * (1 / 5 + 1 / 10)) ** 0.5
    assert t == pytest.approx(2.3094, abs=1e-4)
    # The tail of four degrees of freedom in closed form.
    tail = 1 / 2 - t / (2 * (4 + t**2) ** 0.5) * (1 + 2 / (4 + t**2))
    assert p_beside_sample(values, 5.0, 10) == pytest.approx(2 * tail) == pytest.approx(0.08209, abs=1e-5)
    assert p_beside_sample(values, 1.0, 10) == pytest.approx(2 * tail), "two-sided"
    assert p_beside_sample(values, 5.0, 100) < 2 * tail < p_beside_sample(values, 5.0, 3), "more networks, smaller p"
    assert p_beside_sample(values, 3.0, 10) == 1
    assert p_beside_sample(np.array([2.0, 2.0]), 2.0, 9) == 1 and p_beside_sample(np.array([2.0, 2.0]), 3.0, 9) == 0
    assert p_beside_sample(np.array([2.0]), 3.0, 9) is None


def test_p_beside_an_estimate():
    """Welch's t against a sample so large that its degrees of freedom do not count."""
    from scipy.stats import ttest_ind_from_stats

    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    many = 10**10
    welch = ttest_ind_from_stats(3.0, 2.5**0.5, 5, 5.0, 0.5 * many**0.5, many, equal_var=False)
    assert p_beside_estimate(values, 5.0, 0.5) == pytest.approx(welch.pvalue, rel=1e-6)
    assert p_beside_estimate(values, 5.0, 0.5) == pytest.approx(0.04628, abs=1e-5)
    assert p_beside_estimate(values, 3.0, 0.5) == 1
    # Without a spread of ours only theirs is left: 1.96 standard errors are the 5 % of a normal distribution.
    assert p_beside_estimate(np.array([2.0, 2.0]), 2 + 1.959964 * 0.5, 0.5) == pytest.approx(0.05, abs=1e-6)
    assert p_beside_estimate(np.array([2.0]), 3.0, 0.5) is None


@pytest.mark.parametrize("kind", ["sample", "estimate"])
def test_p_values_hold_their_level(kind):
    """Where both are of one population, p is below 0.05 in about one case of twenty, and below 0.5 in half."""
    found = []
    for seed in range(400):
        generator = np.random.default_rng(seed)
        ours, theirs = generator.normal(10, 3, 20), generator.normal(10, 3, 100)
        if kind == "sample":
            found.append(p_beside_sample(ours, theirs.mean(), 100))
        else:
            found.append(p_beside_estimate(ours, theirs.mean(), standard_error(theirs)))
    assert 8 <= sum(p < 0.05 for p in found) <= 32 and 165 <= sum(p < 0.5 for p in found) <= 235


def test_share_interval():
    """Clopper and Pearson: for none of n the upper end is 1 - 0.025^(1/n); for others, by binomial tails."""
    assert share_interval(0, 10) == (0, pytest.approx(1 - 0.025 ** (1 / 10)))
    assert share_interval(10, 10) == (pytest.approx(0.025 ** (1 / 10)), 1)
    low, high = share_interval(3, 20)
    assert (low, high) == (pytest.approx(0.03207, abs=1e-5), pytest.approx(0.37893, abs=1e-5))
    tail = [sum(math.comb(20, k) * q**k * (1 - q) ** (20 - k) for k in range(4)) for q in (low, high)]
    last = math.comb(20, 3) * low**3 * (1 - low) ** 17
    assert tail[1] == pytest.approx(0.025) and 1 - tail[0] + last == pytest.approx(0.025)


def test_beside_of_each_statistic():
    """Every statistic of ten values, with what it is taken from and how sure it is."""
    values = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 4.0, 4.0, 9.0, 20.0])

    def found(statistic, value=2.0, **known):
        b = beside(Published("width", "3,3", "mappings", statistic, value, **known), values)
        return b.ours, b.networks, b.error, b.low, b.high, b.p

    se = plain_statistics.stdev(values) / 10**0.5
    assert found("mean") == (4.0, 10, pytest.approx(se), None, None, None), "no test where nothing is known of theirs"
    assert found("mean", at_most=50)[-1] == pytest.approx(p_beside_sample(values, 2.0, 50))
    assert found("mean", error=0.5)[-1] == pytest.approx(p_beside_estimate(values, 2.0, 0.5))
    assert found("median")[:3] == (1.5, 10, None)
    assert found("median > 0")[:3] == (4.0, 6, None), "of 1, 2, 4, 4, 9 and 20"
    assert found("exactly one") == (0.1, 10, None, *share_interval(1, 10), None)
    for statistic in ("median", "median > 0"):
        *_, low, high, p = found(statistic)
        assert low <= found(statistic)[0] <= high and p is None
    assert found("median", None)[0] == 1.5, "without a number of theirs ours is still told"
    none = beside(Published("width", "3,3", "mappings", "median > 0", 2.0), np.zeros(5))
    assert (none.ours, none.networks, none.low) == (None, 0, None)


def test_differences_in_words():
    """One sentence tells which differences chance would seldom make."""
    circuits = Published("basic", "", "circuits", "mean", 50.0, error=1.0)
    formulas = Published("basic", "", "algorithms", "mean", 9.0, "rerun", error=0.1)
    near, far = np.array([49.0, 50.0, 51.0, 52.0]), np.array([1.0, 2.0, 3.0, 4.0])
    assert differences([beside(circuits, near)]) == "no difference is beyond chance: every p is at least 0.68"
    assert differences([beside(circuits, near), beside(formulas, far)]) == (
        "differences beyond chance, by p below 0.05: aligned formulas (rerun, p 0.0018); the others are not"
    )
    assert differences([beside(formulas, far)]).endswith("(rerun, p 0.0018)")
    assert differences([beside(Published("width", "3,3", "mappings", "median", 2.0), near)]) == ""


def test_beside_published(tmp_path):
    """Published numbers stand beside the same statistic of ours, and only beside the same experiment."""

    def row_of(point, replicate, output, preset, epoch):
        size = 10.0 + replicate
        circuits = {"perfect_circuits": size, "perfect_circuits_low": size, "perfect_circuits_high": size}
        return circuits | {"interpretations": 100.0, "mappings": 6.0, "aligned_formulas": 2.0}

    document = {"name": "basic", "seeds": 3, "presets": ["authors"]}
    everything = beside_published(fabricate(tmp_path / "run", document, row_of))
    found = {b.published.measure: b for b in everything if b.published.source == "paper"}
    assert {name: (b.published.value, b.ours) for name, b in found.items()} == {
        "circuits": (52.3, 11.0), "interpretations_per_circuit": (2270, pytest.approx((10 + 100 / 11 + 100 / 12) / 3)),
        "algorithms": (2.70, 2.0), "mappings_per_algorithm": (2.84, 3.0),
    }  # fmt: skip
    assert (found["circuits"].error, found["circuits"].networks) == (pytest.approx(1 / 3**0.5), 3)
    assert found["circuits"].p == pytest.approx(p_beside_sample(np.array([10.0, 11.0, 12.0]), 52.3, 100))
    rerun = {b.published.measure: b.published.text for b in everything if b.published.source == "rerun"}
    assert rerun == {"circuits": "51.9 ± 2.9", "algorithms": "2.56 ± 0.25"}
    width = {"name": "width", "seeds": 3, "presets": ["authors"], "axis": "widths"}
    width["grid"] = {"widths": [[2, 2], [3, 3]]}
    wide = beside_published(fabricate(tmp_path / "wide", width, lambda *a: row_of(*a) | {"mappings": float(a[1])}))
    assert [
        (b.published.setting, b.published.statistic, b.published.source, b.published.value, b.ours, b.networks)
        for b in wide
        if b.published.measure == "mappings"
    ] == [
        ("2,2", "median > 0", "paper", 8, 1.5, 2), ("2,2", "median > 0", "rerun", 2, 1.5, 2),
        ("2,2", "median", "rerun", 0, 1.0, 3), ("2,2", "exactly one", "paper", 0.02, 1 / 3, 3),
        ("3,3", "median > 0", "paper", 30, 1.5, 2), ("3,3", "median", "paper", None, 1.0, 3),
        ("3,3", "exactly one", "paper", 0.02, 1 / 3, 3),
    ]  # fmt: skip
    assert beside_published(fabricate(tmp_path / "none", {"name": "basic", "seeds": 2}, row_of)) == ()
    other = {"name": "basic", "seeds": 2, "presets": ["authors"], "settings": {"l1": 0.5}}
    assert beside_published(fabricate(tmp_path / "other", other, row_of)) == (), "called basic, but something else"
    floor = {**width, "grid": [{"widths": [[4, 4]], "min_node_sparsity": [0.2]}]}
    assert beside_published(fabricate(tmp_path / "floor", floor, row_of)) == (), "the floor of an earlier version"


def test_published_numbers_as_told():
    """Every experiment with published numbers has notes, and each number reads as it was published."""
    assert {p.experiment for p in PUBLISHED} == set(NOTES)
    told = {(p.measure, p.setting, p.statistic, p.source): p.text for p in PUBLISHED}
    assert told["algorithms", "", "mean", "paper"] == "2.70"
    assert told["interpretations_per_circuit", "", "mean", "paper"] == "2,270"
    assert told["interpretations", "2,2", "median > 0", "paper"] == "≈ 38"
    assert told["interpretations", "5,5", "median > 0", "paper"] == "≈ 910,000"
    assert told["interpretations", "2,2", "median", "rerun"] == "0"
    assert told["interpretations", "3,3", "median", "paper"] == ""
    assert told["mappings", "3,3", "exactly one", "paper"] == "< 2%"
    assert told["interpretations", "3,3", "exactly one", "paper"] == "0%"
    assert Published("width", "5,5", "interpretations", "median", 1.0).shown(7.04e10) == "7.04e10"
