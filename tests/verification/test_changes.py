"""Every value of stored audits changed, one at a time: none passes unnoticed, not even with the digest made anew."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import everyhow as eh
from everyhow.auditing.provenance import bound, document_digest
from everyhow.experiment import cross_examination, ranking
from everyhow.verification import circuit_runs, interpretations, placing, pricing, trying
from everyhow.verification import reading as reading_again
from everyhow.verification import verify as checking

from ..conftest import reference
from .changes import GIVEN, at, branches, changed, leaves, other, pattern, reshaped, stored
from .expected import is_noticed

# Where runs end on the decision boundary, rounding decides these, and the slow way may round otherwise.
DECIDED_BY_ROUNDING = (
    "details.experiments.cross_examination.predicted", "details.experiments.cross_examination.interchange",
    "details.experiments.disputes.listed.[].experiment.network_decides",
    "details.experiments.disputes.listed.[].experiment.wrong",
    "details.interpretations.estimate",
)  # fmt: skip
RNG = np.random.default_rng(0)
SHAPES = [(2, 2), (2, 2), (2, 2)]
PAIR = eh.Network([RNG.normal(size=s) for s in SHAPES], [RNG.normal(size=2) for _ in SHAPES], ["tanh"] * 3)
CLASSES = eh.Network(
    [RNG.normal(size=(2, 2)), RNG.normal(size=(3, 2))], [RNG.normal(size=size) for size in (2, 3)], ["relu", "identity"]
)
TIED = eh.Network([[[1, 1], [1, 1]], [[0.5, -1]]], [[0, -1], [0.0]], ["relu", "identity"])
# It computes NOT A AND B. Two algorithms have a place, one of them with a gate that repeats its operand.
REPEATING = eh.Network(
    [[[-1, 1.5], [1.5, 0]], [[0, -1], [1, -1]], [[-1, 0.5]]], [[1.6, 0.6], [-1.4, 1.1], [-0.9]],
    ["relu", "relu", "identity"],
)  # fmt: skip
# A mapping that passes `inert` falls at `transitive`: AND(¬A,B), when forced to 1 at 10, makes AND(A,¬B) 0.
LEFT_WRONG = eh.Network(
    [[[-1, 1], [1, -1]], [[-1, 0], [-2, 1]], [[-1, 1]]], [[0, 0], [1, 0], [1]], ["relu", "relu", "identity"],
    threshold=0.5,
)  # fmt: skip
# It computes XOR by four copies of AND and one OR.
COPIES = eh.Network(
    [[[1, 1]] * 5, [[-0.55] * 4 + [1]]], [[-1, -1, -1, -1, 0], [0.0]], ["relu", "identity"]
)  # fmt: skip
POINTS = RNG.normal(size=(8, 2))
FEATURES = [[1, 0], [0, 1], [0, 0], [1, 1]]
# Inputs near the rows of a truth table, those of one row apart from each other.
NEAR = np.array([[0.1, 0.2], [0.1, 0.8], [0.9, 0.2], [0.8, 0.9]])
ROWS = [[0, 0], [0, 1], [1, 0], [1, 1]]


def near_rows(copies=1, **said):
    """Xornet at so many inputs near each row of the truth table."""
    points = np.concatenate([NEAR + np.array([0.01 * k, 0]) for k in range(copies)])
    return eh.Behavior.of_network(eh.xornet(), points, **said)


def small(name):
    return reference(name)[1]


IMP = small("imp-2-2-1-seed0")

# Audits of which every value is changed through the whole of `verify`: at most so many of one kind.
AUDITS = {
    "task": (lambda: eh.audit(small("imp-2-2-1-seed0"), "IMP"), 9),
    "authors": (lambda: eh.audit(small("xor-2-2-2-1-seed2"), "XOR", "authors", min_node_sparsity=0.3), 9),
    "refused": (lambda: eh.audit(small("imp-2-2-1-seed0"), "IMP", budget=40), 2),
    "ablation": (lambda: eh.audit(small("imp-2-2-1-seed0"), "IMP", ablation="mean", epsilon=0.25), 2),
    "lesson": (lambda: eh.audit(small("imp-2-2-1-seed0"), "OR", shown=["00", "11"], depth=2), 1),
    "lesson within a budget": (lambda: eh.audit(small("imp-2-2-1-seed0"), "OR", budget=200), 1),
    "prices": (lambda: eh.audit(small("imp-2-2-1-seed0"), "IMP", costs=eh.CostModel(familiar={"NAND": 0.5})), 2),
    "tied": (lambda: eh.audit(TIED, "XOR"), 1),
    "outputs": (lambda: eh.audit(PAIR, "XOR,AND", depth=1), 1),
    "data": (lambda: eh.audit_behavior(PAIR.output(0), eh.Behavior.of_network(PAIR.output(0), POINTS)), 3),
    "classes": (lambda: eh.audit_behavior(CLASSES, eh.Behavior.of_network(CLASSES, POINTS)), 2),
    "features": (
        lambda: eh.audit_behavior(
            eh.xornet(), eh.Behavior.of_network(eh.xornet(), [[1, 0], [0, 1], [0, 0], [1, 1]]), features=FEATURES
        ),
        1,
    ),
    "known bits": (lambda: eh.audit(eh.xornet(), near_rows(features=ROWS), signals=2), 2),
    "bits of their own": (
        lambda: eh.audit(eh.xornet(), near_rows(2, features=ROWS * 2), tolerance=0.3, costs=eh.CostModel(gate=2.0)),
        1,
    ),
    "nothing known": (lambda: eh.audit(eh.xornet(), near_rows()), 1),
    "by rounding": (lambda: eh.audit(eh.xornet(), near_rows(decision="round", features=ROWS)), 2),
    "rows as data": (lambda: eh.audit(IMP, eh.Behavior.of_network(IMP, ROWS), ablation="mean"), 1),
    "data refused": (lambda: eh.audit(eh.xornet(), near_rows(2, features=ROWS * 2), budget=20_000), 2),
}


# Others have the same keys.
LONGEST = (
    "bits of their own", "known bits", "tied", "by rounding", "lesson within a budget", "prices", "rows as data",
    "ablation", "features", "lesson", "nothing known", "outputs",
)  # fmt: skip


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.nightly if one in LONGEST else ()) for one in AUDITS]
)
def test_every_value_and_every_list(name):
    """With the digest made anew all is noticed but what nothing else in the file says; with the old one, all."""
    make, most = AUDITS[name]
    document = stored(make())
    assert not is_noticed(document)
    seen, missed = Counter(), Counter()
    for place in leaves(document):
        seen[pattern(place)] += 1
        if seen[pattern(place)] > most:
            continue
        one = changed(document, place, other(at(document, place)))
        if place[-1] == "document_sha256":
            assert is_noticed(one)
            continue
        assert document_digest(one) != document["provenance"]["document_sha256"]
        missed[pattern(place)] += not is_noticed(bound(one))
    for place in branches(document):
        seen[pattern(place), "shape"] += 1
        # What is put into the provenance or left out of it makes another digest, which is written there again.
        if not place or seen[pattern(place), "shape"] > most or place[-1] == "provenance":
            continue
        for value in reshaped(at(document, place)):
            missed[pattern(place)] += not is_noticed(bound(changed(document, place, value)))
    unnoticed = {place for place, number in missed.items() if number}
    if name == "data refused":
        # No algorithm over the features was counted.
        unnoticed = {place for place in unnoticed if not place.startswith("options.features")}
    if name == "tied":
        unnoticed = {place for place in unnoticed if not place.startswith(DECIDED_BY_ROUNDING)}
    assert unnoticed <= set(GIVEN)


def test_where_circuits_are_too_many(monkeypatch):
    """Numbers of a space too large to be run are held to each other and to samples; what is not is said."""
    document = stored(eh.audit(small("xor-2-2-2-1-seed2"), "XOR"))
    monkeypatch.setattr(circuit_runs, "MOST_CIRCUITS", 10)
    checking._again.cache_clear()
    unchecked = {}
    assert all(check.agrees for check in checking._checks(document, 0, unchecked))
    assert unchecked["counts.perfect_circuits"] == "more circuits than are run one by one"
    sums = [
        ("counts", "circuits_in_space"), ("counts", "perfect_circuits"), ("counts", "minimal_circuits"),
        ("counts", "fewest_edges"), ("ladder", "circuits", "perfect"), ("ladder", "circuits", "resample_faithful"),
        ("ladder", "circuits", "resample_faithful_minimal"), ("details", "circuits", "minimal", "number"),
        ("details", "circuits", "usage", "circuits"), ("details", "circuits", "usage", "edges", 0, "circuits"),
        ("details", "circuits", "usage", "edges", 0, "role"), ("details", "circuits", "by_ablation", "zero"),
        ("details", "circuits", "minimal", "listed", 0, 0, 2), ("verdict", "where_then_what", "criterion"),
        ("counts", "hereditary_circuits"), ("ladder", "circuits", "hereditary"),
    ]  # fmt: skip
    for place in (*sums, *(p for p in leaves(document) if "by_edges" in str(p[-2:]))):
        assert is_noticed(bound(changed(document, place, other(at(document, place))))), place
    checking._again.cache_clear()


def test_where_mappings_are_not_put_to_the_rungs():
    """The explanations that are compared are then all that have a place, and no list goes on with some of them."""
    document = stored(eh.audit(REPEATING, "0100", depth=2, budget=150_000))
    assert document["ladder"]["mappings"] == {"single": 2, "irredundant": 1} | dict.fromkeys(
        ("ordered", "joint", "inert", "transitive")
    )
    assert document["details"]["experiments"]["survivors"] == 3
    assert not is_noticed(document)
    for key, value in {
        "survivors": {"irredundant": {"number": 1, "listed": [{"algorithm": "AND(¬A,B)", "variables": []}]}},
        "near_misses": [{"algorithm": "AND(A,B)", "variables": []}],
        "near_misses_scored": {"algorithms": 1, "of": 1},
    }.items():
        assert is_noticed(bound(changed(document, ("details", "mappings", key), value))), key


def test_mappings_stand_in_order():
    """Places of a variable stand in the order of their neurons read as a binary number, the first lowest: of four
    copies of AND any two carry it, one does not."""
    document = stored(eh.audit(COPIES, "XOR", depth=2, budget=10_000_000))
    places = ("details", "mappings", "survivors", "irredundant", "listed")
    found = [[[j for _, j in one["neurons"]] for one in mapping["variables"]] for mapping in at(document, places)]
    assert found == [[pair, [4]] for pair in ([0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3])]
    assert not is_noticed(document)
    first, second, *others = at(document, places)
    assert is_noticed(bound(changed(document, places, [second, first, *others])))


def test_where_sets_of_signals_are_too_many(monkeypatch):
    """What survives is then not all known: experiments and prices are told as unchecked, the rest is checked."""
    monkeypatch.setattr(reading_again, "MOST_SETS", 2)
    checking._again.cache_clear()
    document, unchecked = stored(eh.audit(small("xor-2-2-2-1-seed2"), "XOR")), {}
    assert len(document["details"]["readouts"]["layers"][0]["readable"]["listed"]) == 3
    assert all(check.agrees for check in checking._checks(document, 0, unchecked))
    assert unchecked["details.experiments"] == unchecked["details.costs"] == "the survivors are not all known"
    assert unchecked["details.readouts.layers[].exact"] == "more sets of signals than are tried"
    assert is_noticed(bound(changed(document, ("details", "readouts", "layers", 0, "rank"), 9)))
    checking._again.cache_clear()


# It computes 0 whatever edges are left out, so that all of its 2,199 circuits are perfect.
CONSTANT = eh.Network(
    [[[1, 2], [2, 1], [1, 1]], [[1, 2, 0], [0, 1, 3], [2, 1, 1]], [[1, 1, 1]]],
    [[0.5, 0.25, 0.125], [0.25, 0.5, 0.75], [-40]], ["relu", "relu", "identity"],
)  # fmt: skip
# Its second layer is 0 at every input.
DEAD = eh.Network(
    [[[1, -1], [1, 1]], [[-1, -1], [-2, 0]], [[1, 1]]], [[0.5, 0.25], [-9, -9], [0.75]], ["relu", "relu", "identity"]
)
CONJUNCTION = eh.Network([[[1, 1, 1]], [[1]]], [[-2], [0.0]], ["relu", "identity"])
DRAWN = ("counts", "perfect_circuits_estimated")
ZERO = eh.Network([[[1, 1], [1, 1]], [[1, -2]]], [[0, -1], [-0.5]], ["relu", "identity"], threshold=0)
# Its first neuron varies a million times as much as the second, which alone decides.
APART = eh.Network([[[1e4, 0], [0, 0.01]], [[0, 100]]], [[0, 0], [0.0]], ["relu", "identity"])
ESTIMATE = ("details", "interpretations", "estimate")
READ = ("details", "readouts")
# Audits of a kind that is not changed in every place above, and some of their values as they would be noticed.
OTHER_KINDS = {
    "estimated circuits": (
        lambda: eh.audit(small("imp-2-2-1-seed0"), "IMP", depth=1, budget=10),
        [((*DRAWN, "value"), 4.0), ((*DRAWN, "low"), 0.0), ((*DRAWN, "high"), 9.0), ((*DRAWN, "sample"), 2_001)],
    ),
    "estimated interpretations": (
        lambda: eh.audit(CONSTANT, "0000", depth=1, budget=800_000),
        [((*ESTIMATE, "value"), 40_000.0), ((*ESTIMATE, "low"), 1_000.0), ((*ESTIMATE, "high"), 90_000.0),
         ((*ESTIMATE, "sample"), 1_001), (("capped", 0), "counting the interpretations of all perfect circuits needs "
          "about 1.7e+06 candidate evaluations, the budget is 8e+05; estimated instead")],
    ),
    "robust circuits": (
        lambda: eh.audit(small("imp-2-2-1-seed0"), "IMP", depth=1, robust=0.02),
        [(("counts", "robust_circuits"), 3), (("counts", "robust_circuits"), -1),
         (("ladder", "circuits", "robust"), 3), (("options", "robust"), -1.0)],
    ),
    "robust circuits refused": (
        lambda: eh.audit(PAIR, "XOR,AND", depth=1, robust=0.02, budget=2_000),
        [(("outputs", 0, "ladder", "circuits", "robust"), 1), (("outputs", 0, "capped", 0), "too much")],
    ),
    "outputs by data": (
        lambda: eh.audit_behavior(PAIR, eh.Behavior.of_network(PAIR, POINTS, decision="threshold")),
        [(("outputs", 0, "behavior", "wanted", 0, 0), 2), (("outputs", 1, "behavior", "wanted", 0, 0), 2),
         (("outputs", 1, "counts", "perfect_circuits"), 0)],
    ),
    "rows without a wanted bit": (
        lambda: eh.audit_behavior(
            eh.xornet(), eh.Behavior.of_network(eh.xornet(), FEATURES[:3]), features=FEATURES[:3]
        ),
        [(("details", "mappings", 2, "algorithm"), "AND(A,B)"), (("counts", "aligned_algorithms"), 5)],
    ),
    "mappings that fall, by data": (
        lambda: eh.audit(LEFT_WRONG, eh.Behavior.of_network(LEFT_WRONG, FEATURES, features=FEATURES)),
        [(("ladder", "mappings", "transitive"), 3), (("ladder", "mappings", "inert"), 2),
         (("details", "algorithms", "survivors", "transitive", "listed", 0, "variables", 0, "neurons", 0, 1), 0)],
    ),
    "directions of different sizes": (
        lambda: eh.audit_behavior(APART, eh.Behavior.of_network(APART, FEATURES)),
        [((*READ, 0, "directions"), 1), ((*READ, 0, "readable_signals"), 3)],
    ),
    "signals of different sizes": (
        lambda: eh.audit(APART, "0101", depth=1),
        [((*READ, "layers", 0, "rank"), 1), ((*READ, "layers", 0, "readable", "listed", 0, "table"), "0110")],
    ),
    "outputs by the authors' preset": (
        lambda: eh.audit(PAIR, "XOR,AND", "authors", depth=1),
        [(("options", "pair_order"), "AA"), (("outputs", 1, "options", "pair_order"), "BA")],
    ),
    "a lesson of depth two": (
        lambda: eh.audit(small("imp-2-2-1-seed0"), "OR", shown=["00", "11"], depth=2, budget=2_000),
        [(("details", "lesson", "depth"), 1), (("details", "lesson", "depth"), 3)],
    ),
    "a lesson refused": (
        lambda: eh.audit(CONSTANT, "0001", shown=["00"], depth=1, budget=15_000),
        [(("capped", -1), "telling 2 continuations apart needs about 1.76e+04 candidate evaluations, the budget is "
          "1.5e+04"), (("details", "lesson", "depth"), 1)],
    ),
    "no hidden layer": (
        lambda: eh.audit(eh.Network([[[1, 1]]], [[-1.25]], ["identity"]), "AND", depth=1, tolerance=0.01),
        [(("options", "tolerance"), 1.0), ((*READ, "layers"), [{"layer": 1}])],
    ),
    "a threshold of 0": (
        lambda: eh.audit(ZERO, "XOR", depth=1),
        [((*ESTIMATE[:2], "of_the_simplest_circuit", -1, "separator"), -1.0)],
    ),
    "a dead layer": (
        lambda: eh.audit_behavior(DEAD, eh.Behavior.of_network(DEAD, POINTS)),
        [((*READ, 1, "directions"), 1), ((*READ, 1, "readable_signals"), 1)],
    ),
    "a lesson of three inputs": (
        lambda: eh.audit(CONJUNCTION, "00000001", shown=["000", "011", "101", "111"], depth=1),
        [(("details", "lesson", "fitting_circuits_between", 0), 9), (("details", "lesson", "depth"), 2)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_other_kinds(name):
    """They agree, and what is changed in them is noticed."""
    make, changes = OTHER_KINDS[name]
    document = stored(make())
    assert not is_noticed(document)
    for place, value in changes:
        assert is_noticed(bound(changed(document, place, value))), place


def test_prices_that_are_not_tried(monkeypatch):
    """Of functions of four inputs only those prices are tried by which they are found quickly, and at most three more;
    here none more: of 36 settings the conjunction of four inputs is cheap by 22."""
    monkeypatch.setattr(ranking, "MOST_SEARCHED", 0)
    monkeypatch.setattr(pricing, "MOST_SEARCHED", 0)
    weights, biases = [[[1, 1, 1, 1]], [[1]], [[1]]], [[-3], [0], [-0.4]]
    conjunction = eh.Network(weights, biases, ["relu", "relu", "identity"], threshold=0.1)
    document = stored(eh.audit(conjunction, "0" * 15 + "1", depth=1))
    costs = document["details"]["costs"]
    assert (len(costs["ranking"]), costs["settings_not_tried"], len(costs["winners"])) == (2, 14, 22)
    checking._again.cache_clear()
    assert not is_noticed(document)
    assert is_noticed(bound(changed(document, ("details", "costs", "settings_not_tried"), 13)))
    checking._again.cache_clear()


def test_readings_where_circuits_are_too_many(monkeypatch):
    """The interpretations of some circuits are counted all the same, and lie between the numbers stated."""
    document = stored(eh.audit(COPIES, "XOR", depth=1, budget=10_000_000))
    monkeypatch.setattr(circuit_runs, "MOST_CIRCUITS", 10)
    checking._again.cache_clear()
    (check,) = (one for one in checking._checks(document, 0, {}) if one.what == "interpretations per circuit")
    assert check.agrees and check.found > 1
    for end, value in (("min", 10**9), ("max", 0)):
        assert is_noticed(bound(changed(document, ("counts", f"interpretations_per_circuit_{end}"), value)))
    checking._again.cache_clear()


def test_where_algorithms_over_features_are_too_many(monkeypatch):
    """They are told as unchecked: 60 pairs of six operands, each negated or not, where 59 are gone through."""
    document = stored(AUDITS["features"][0]())
    for most, told in ((59, {"more trees or neuron sets than are gone through"}), (60, set())):
        monkeypatch.setattr(placing, "MOST_PAIRS", most)
        checking._again.cache_clear()
        unchecked = {}
        assert all(check.agrees for check in checking._checks(document, 0, unchecked))
        assert {unchecked[key] for key in ("details.mappings", "counts.mappings") if key in unchecked} == told
    checking._again.cache_clear()


def test_what_was_drawn_is_not_drawn_again(monkeypatch):
    """Of many inputs experiments are a sample; then they are told as unchecked, and the rest is checked."""
    for module in (cross_examination, trying):
        monkeypatch.setattr(module, "MOST_SWAPS", 100)
        monkeypatch.setattr(module, "MOST_TRIED_WHOLE", 7)
    document, unchecked = stored(eh.audit(eh.xornet(), near_rows(2, features=ROWS * 2), tolerance=0.05)), {}
    assert document["details"]["experiments"]["cross_examination"]["seed"] == 0
    checking._again.cache_clear()
    assert all(check.agrees for check in checking._checks(document, 0, unchecked))
    parts = ("disputes", "cross_examination")
    assert all(unchecked[f"details.experiments.{part}"].startswith("sampled: ") for part in parts)
    assert is_noticed(bound(changed(document, ("details", "experiments", "survivors"), 1)))
    checking._again.cache_clear()


def test_trials_of_circuits_between_many_inputs():
    """Of 150 inputs not every pair is tried for each edge: what decides between circuits is then a sample."""
    network = PAIR.output(0)
    data = eh.Behavior.of_network(network, np.random.default_rng(1).normal(size=(150, 2)))
    document, unchecked = stored(eh.audit(network, data)), {}
    assert document["details"]["experiments"]["circuit_disputes"]["number"] == 10
    assert "drawn by seed 0" in document["details"]["experiments"]["circuit_disputes"]["listed"][0]["family"]
    assert all(check.agrees for check in checking._checks(document, 0, unchecked))
    assert unchecked["details.experiments.circuit_disputes"].startswith("sampled: ")


def test_where_readings_of_data_are_too_many(monkeypatch):
    """They are told as unchecked: two neurons of three inputs take more than 100 steps."""
    document = stored(AUDITS["known bits"][0]())
    for most, told in ((100, {"more interpretations than are gone through"}), (10_000, set())):
        monkeypatch.setattr(interpretations, "MOST_STEPS", most)
        checking._again.cache_clear()
        unchecked = {}
        assert all(check.agrees for check in checking._checks(document, 0, unchecked))
        assert {unchecked[f"counts.{key}"] for key in interpretations.KEYS if f"counts.{key}" in unchecked} == told
    checking._again.cache_clear()


def test_without_a_digest():
    """A file of an earlier version has none: that is said, and what is checked is checked all the same."""
    document = stored(eh.audit(eh.xornet(), "XOR"))
    del document["provenance"]["document_sha256"]
    found = checking.verify_document(document, Path("audit.json"))
    assert found.agrees and not found.bound
    document["details"]["circuits"]["usage"]["neurons"][0]["circuits"] = 0
    assert not checking.verify_document(document, Path("audit.json")).agrees


def test_the_digest_alone(tmp_path):
    """What nothing else says is bound by the digest: with the one that was there, the change is an error."""
    path = eh.audit(eh.xornet(), "XOR").save(tmp_path)
    text = path.read_text()
    path.write_text(text.replace('"machine": "', '"machine": "another '))
    (wrong,) = [check for check in checking.verify(tmp_path).checks if not check.agrees]
    assert wrong.what == "digest of the document"
    path.write_text(json.dumps(json.loads(text)))
    assert checking.verify(tmp_path).agrees


@pytest.mark.parametrize("order", ["AA", "AC", "A", ""])
def test_an_order_that_is_none(order):
    """An order of the inputs names each once, also where every place in the file says the same."""
    document = stored(eh.audit(small("xor-2-2-2-1-seed2"), "XOR", "authors", min_node_sparsity=0.3))
    for place in (("options", "pair_order"), ("counts", "pair_order")):
        document = changed(document, place, order)
    assert is_noticed(bound(document))
