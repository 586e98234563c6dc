"""Statistics against plain loops over made-up rows, and against distributions whose answer is known."""

import math
import statistics as plain_statistics

import numpy as np
import pytest

from everyhow.sweeps.published import PUBLISHED, beside_published
from everyhow.sweeps.results import Sweep
from everyhow.sweeps.statistics import (
    KINDS,
    MEASURES,
    _holm,
    contrasts,
    is_logarithmic,
    samples,
    spreads,
    survivors,
    trends,
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
        assert sample.setting == "23"[point] and sample.networks == 30
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
            point = "23".index(setting)
            if STATUS[point, k] != "explained":
                continue
            number = DRAWN[point, k][f"{kind}_{rung}"]
            if (kind, rung) == ("circuits", "perfect"):
                low, high = TIES[point, k]
                number = low if low == high or low > 1 else None
            alone = 0 if kind == "circuits" or number is None else TRIVIAL[point, k][f"trivial_{rung}"]
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
    spread = next(s for s in spreads(sweep) if s.measure == CIRCUITS)
    assert (spread.networks, spread.partial) == (60, 0)
    assert spread.median == plain_statistics.median(values)
    assert spread.mean == pytest.approx(plain_statistics.fmean(values))
    quartiles = plain_statistics.quantiles(values, n=4, method="inclusive")
    assert [spread.lower, spread.upper] == pytest.approx([quartiles[0], quartiles[2]])
    generator = np.random.default_rng(9)
    medians = np.sort([np.median(generator.choice(values, 60)) for _ in range(4000)])
    assert spread.low == pytest.approx(medians[100], rel=0.12) and spread.high == pytest.approx(medians[-100], rel=0.12)
    assert spreads(sweep) == spreads(Sweep.open(sweep.folder))


def test_intervals_hold_the_median(tmp_path):
    """Over many samples, the interval holds the true median about as often as it says."""
    from everyhow.sweeps.statistics import _median_interval

    held = 0
    for seed in range(120):
        low, high = _median_interval(np.random.default_rng(seed).normal(0, 1, 50))
        held += low <= 0 <= high
    assert 104 <= held <= 120
    assert _median_interval(np.array([1.0, 2.0])) == (None, None)


def test_estimates_are_marked(tmp_path):
    """An estimate takes part in the spread, and is counted as one."""

    def row_of(point, replicate, output, preset, epoch):
        return {"interpretations": 5.0} if replicate else {"interpretations_estimate": 50.0}

    found = {s.measure.key: s for s in spreads(fabricate(tmp_path / "run", {"seeds": 5}, row_of))}
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
    assert trend.low < 1 < trend.high and trend.p < 1e-20
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
    assert sweep.settings == ("0 epoch 1", "0 epoch 5", "0.5 epoch 1", "0.5 epoch 5")
    assert [s.networks for s in samples(sweep)] == [2] * 4


def test_ties_are_taken_by_their_middle(tmp_path):
    """A bracketed number of circuits enters by its middle, and is marked."""

    def row_of(point, replicate, output, preset, epoch):
        return {"perfect_circuits_low": 10, "perfect_circuits_high": 30, "interpretations_estimate": 100.0}

    found = {s.measure.key: s for s in spreads(fabricate(tmp_path / "run", {"seeds": 3}, row_of))}
    assert (found["circuits"].median, found["circuits"].partial) == (20, 3)
    assert found["interpretations_per_circuit"].median == 5


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
    assert _holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert _holm([0.6, 0.9]) == [1.0, 1.0] and _holm([]) == []


def test_checkpoints_are_settings(tmp_path):
    """Along training the setting is the epoch."""

    def row_of(point, replicate, output, preset, epoch):
        count = float(10 * epoch + replicate)
        return {"perfect_circuits_low": count, "perfect_circuits_high": count}

    document = {"seeds": 3, "axis": "epoch", "settings": {"checkpoints": [0, 2, 30], "epochs": 30}}
    sweep = fabricate(tmp_path / "run", document, row_of, epochs=(0, 2, 30))
    assert sweep.settings == ("0", "2", "30")
    assert [s.networks for s in samples(sweep)] == [3, 3, 3]
    assert values_of(sweep, CIRCUITS)["30"].tolist() == [300, 301, 302]


def test_beside_published(tmp_path):
    """Published numbers stand beside the same statistic of ours, and only beside the same experiment."""

    def row_of(point, replicate, output, preset, epoch):
        size = 10.0 + replicate
        circuits = {"perfect_circuits": size, "perfect_circuits_low": size, "perfect_circuits_high": size}
        return circuits | {"interpretations": 100.0, "mappings": 6.0, "aligned_formulas": 2.0}

    document = {"name": "basic", "seeds": 3, "presets": ["authors"]}
    found = {b.published.measure: b for b in beside_published(fabricate(tmp_path / "run", document, row_of))}
    assert {name: (b.published.value, b.ours) for name, b in found.items()} == {
        "circuits": (52.3, 11.0), "interpretations_per_circuit": (2270, pytest.approx((10 + 100 / 11 + 100 / 12) / 3)),
        "algorithms": (2.70, 2.0), "mappings_per_algorithm": (2.84, 3.0),
    }  # fmt: skip
    width = {"name": "width", "seeds": 3, "presets": ["authors"], "axis": "widths"}
    width["grid"] = {"widths": [[2, 2], [3, 3]]}
    wide = beside_published(fabricate(tmp_path / "wide", width, lambda *a: row_of(*a) | {"mappings": float(a[1])}))
    assert [(b.published.setting, b.ours) for b in wide if b.published.measure == "mappings"] == [
        ("2,2", 1.0), ("3,3", 1.0), ("2,2", 1 / 3), ("3,3", 1 / 3),
    ]  # fmt: skip
    assert beside_published(fabricate(tmp_path / "none", {"name": "basic", "seeds": 2}, row_of)) == ()
    other = {"name": "basic", "seeds": 2, "presets": ["authors"], "settings": {"l1": 0.5}}
    assert beside_published(fabricate(tmp_path / "other", other, row_of)) == (), "called basic, but something else"
    assert all(p.text for p in PUBLISHED) and PUBLISHED[4].text == "about 38" and PUBLISHED[-2].text == "under 2%"
