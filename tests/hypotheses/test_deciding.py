"""What decides between hypotheses: against interchanges made one run at a time, and made again by what is printed."""

import itertools
import json
from collections import Counter

import numpy as np
import pytest

import everyhow as eh
from everyhow.mapping.mapping import Mapping
from everyhow.mapping.signatures import NeuronSet

from ..conftest import reference
from .stated import ALICE, BOB, adder, counting, made_again, majority, signs

XOR = "OR(AND(A,~B), AND(~A,B))"


def forced(mapping, values, base):
    """What a mapping's algorithm decides at a base while variables are held."""
    whole = (1 << (1 << mapping.algorithm.inputs)) - 1
    held = {mapping.algorithm.variables[k].path: whole if value else 0 for k, value in values.items()}
    return bool(mapping.algorithm.evaluate(held.get) >> base & 1)


def plain_difference(network, pair):
    """The interchanges of one variable of either of two mappings, run by run: how many there are of which both say
    something, on how many they differ, and on how many each is wrong. A variable is read at the nearest input, and what
    is computed from it follows by the formula."""
    natural, tally, seen = network.states(network.corners), Counter(), set()
    for of, (owner, other) in enumerate((pair, pair[::-1])):
        for k, sets in enumerate(owner.sets):
            meeting = [
                u for u, place in enumerate(other.sets)
                if place.layer == sets.layer and set(place.neurons) & set(sets.neurons)
            ]  # fmt: skip
            if not meeting or sets in seen:
                continue
            seen.add(sets)
            for base, source in itertools.product(range(len(network.corners)), repeat=2):
                patch = {f"h{sets.layer}.{j}": natural[sets.layer][source, j] for j in sets.neurons}
                decided = bool(network.run(network.corners[[base]], patch=patch)[0, 0] > network.level)
                state = natural[sets.layer][base].copy()
                state[list(sets.neurons)] = natural[sets.layer][source, list(sets.neurons)]
                read = {}
                for u in meeting:
                    here = list(other.sets[u].neurons)
                    nearest = np.linalg.norm(natural[sets.layer][:, here] - state[here], axis=1).argmin()
                    read[u] = other.algorithm.variables[u].bits >> int(nearest) & 1
                said = [
                    forced(owner, {k: owner.algorithm.variables[k].bits >> source & 1}, base),
                    forced(other, read, base),
                ]
                said = said[::-1] if of else said
                tally["made"] += 1
                if said[0] != said[1]:
                    tally["differ"] += 1
                    tally[said.index(not decided)] += 1
    return tally["made"], tally["differ"], (tally[0], tally[1])


def test_as_one_run_at_a_time():
    """Two formulas in every two neurons of a network, right or wrong, and in sets of another: the same numbers, and the
    run is what the printed line makes."""
    formulas, compared = list(itertools.islice(eh.algorithms("XOR", depth=2), 2)), 0
    singles = [NeuronSet(layer, (j,)) for layer in (1, 2) for j in (0, 1)]
    sets = [NeuronSet(1, (0, 2)), NeuronSet(1, (1,)), NeuronSet(1, (2,)), NeuronSet(2, (0, 1)), NeuronSet(2, (2,))]
    for network, places in ((reference("xor-2-2-2-1-seed2")[1], singles), (signs(), sets)):
        chosen = [pair for pair in itertools.permutations(places, 2) if not pair[0].bits & pair[1].bits]
        mappings = [Mapping(formula, pair) for formula in formulas for pair in chosen[::3]]
        for pair in list(itertools.permutations(mappings, 2))[::9]:
            found = eh.decide(network, *map(eh.hypothesis, pair))
            made, differ, wrong = plain_difference(network, pair)
            assert (found.moved == 1) == (differ > 0)
            if differ:
                assert (found.of, found.differ, found.wrong) == (made, differ, wrong)
                compared += 1
            for experiment in found.experiments:
                assert made_again(network, experiment.python) == experiment.decided
    assert compared > 10


def test_alice_and_bob():
    """Word for word; in the other order it is the same experiment."""
    alice, bob = eh.hypothesis(*ALICE), eh.hypothesis(*BOB)
    found = eh.decide(eh.xornet(), alice, bob)
    assert found.lines[-3:-1] == (
        "They differ on 2 of 64 interchanges that move 1 variable: the first is wrong on 2 of these, the second on "
        "none. The first is refuted.",
        "On input 11, give the code h1.0 - h1.2 its value from input 10 (AND(A,¬B) of the second): the first says 0, "
        "the second 1, the network 1. The first is refuted. No input produces the state that the first reads there; it "
        "is read as the nearest that one produces.",
    )
    # The run by the formula of the least change that moves the one code and not the other.
    network, codes = eh.xornet(), np.array([[1.0, 0.0, -1.0], [0.0, 1.0, -1.0]])
    base, source = network.states([[1, 1]])[1][0], network.states([[1, 0]])[1][0]
    state = base + np.linalg.lstsq(codes, np.array([codes[0] @ (source - base), 0.0]), rcond=None)[0]
    decided = network.run([[1, 1]], patch={f"h1.{j}": value for j, value in enumerate(state)})[0, 0] > 0.5
    (experiment,) = found.experiments
    assert decided == experiment.decided == made_again(network, experiment.python)
    turned = eh.decide(eh.xornet(), bob, alice)
    assert turned.experiments[0].patch == experiment.patch and (found.refuted, turned.refuted) == ((0,), (1,))
    document = json.loads(json.dumps(found.document()))
    assert document["refuted"] == ["first"] and document["experiments"][0]["decided"] is True
    assert document["cheapest"] == {"variables": 1, "interchanges": 64, "differ": 2, "wrong": [2, 0]}


def test_both_are_refuted():
    """Of experiments of the same cost some refute the one, some the other: both are told, each with its run."""
    one = eh.hypothesis(XOR, {"AND(A,~B)": "h1.1", "AND(~A,B)": "h1.2"})
    other = eh.hypothesis(XOR, {"AND(A,~B)": "h1.1", "AND(~A,B)": "h1.0 + h1.2"})
    found = eh.decide(signs(), one, other)
    assert (found.refuted, found.differ, found.wrong) == ((0, 1), 3, (2, 1))
    assert [experiment.wrong for experiment in found.experiments] == [0, 1]
    assert [climb.fell for climb in found.climbs] == ["single", None]
    assert "the first is wrong on 2 of these, the second on 1. Both are refuted." in str(found)
    # Made again by the line that is printed, whose numbers are those of a network of inputs -1 and 1.
    for experiment in found.experiments:
        assert made_again(signs(), experiment.python) == experiment.decided
        assert "[[-1, " in experiment.python and any(experiment.python in line for line in found.full)


def test_what_lies_further_down_does_not_hide_it():
    """Both have one variable in the same neurons of the second layer, and count in other neurons of the first. What
    they say follows from their tables, and is not read from the second layer of the run."""
    one = eh.hypothesis(counting(), {"count": "h1.0 + h1.1", "maj": "h2.0 + h2.3"})
    other = eh.hypothesis(counting(), {"count": "h1.1", "maj": "h2.3 + h2.0"})
    found = eh.decide(majority(), one, other)
    assert found.refuted == (1,) and found.wrong == (0, 12) and found.climbs[1].fell == "single"
    assert made_again(majority(), found.experiments[0].python) == found.experiments[0].decided
    assert all("h2.0 + h2.3" in str(each) for each in found.hypotheses)


def test_two_depths_are_compatible():
    """What is moved in one layer says nothing of a hypothesis about another."""
    other = eh.hypothesis(XOR, {"AND(A,~B)": "h2.2", "AND(~A,B)": "h2.0 + h2.1"})
    found = eh.decide(signs(), eh.hypothesis(XOR, {"AND(A,~B)": "h1.1", "AND(~A,B)": "h1.0 + h1.2"}), other)
    assert found.refuted == () and found.tried == 0 and not found.experiments
    assert "They state the same thing in other places, and are compatible: both can be right." in found.lines
    found = eh.decide(signs(), eh.hypothesis(XOR, {"AND(A,~B)": "h1.1", "AND(~A,B)": "h1.2"}), other)
    assert found.refuted == () and "neither speaks against the other" in str(found)
    assert "It falls at the first rung, single" in str(found)


def test_nothing_decides():
    bob = eh.hypothesis(*BOB)
    found = eh.decide(eh.xornet(), bob, bob)
    assert found.refuted == () and found.document()["cheapest"] is None
    assert "No experiment decides between them: they say the same of all" in str(found)
    vacuous = eh.decide(majority(), *[eh.hypothesis(counting(), ["h1.0 + h1.1", "h2.0 + h2.3"])] * 2)
    assert "any variable that determines the output passes there" in str(vacuous)


def test_before_anything_is_patched():
    """A hypothesis that is not what the model computes is refuted with nothing changed."""
    found = eh.decide(eh.xornet(), eh.hypothesis(*ALICE), eh.hypothesis("AND(OR(A,B), OR(A,~B))", ["h1.0", "h1.1"]))
    assert found.moved == 0 and found.refuted == (1,) and ", change nothing: the first says" in str(found)


def test_causal_models_of_three_values():
    """A sum in all three neurons against Alice's formula: her neurons move a part of it, which is read."""
    found = eh.decide(eh.xornet(), eh.hypothesis(adder(), {"sum": "h1.0 + h1.1 + h1.2"}), eh.hypothesis(*ALICE))
    # One variable of either moved, 16 runs each, or both of Alice's, 64; but for those that leave the sum halfway.
    assert found.moved is None and found.tried == 3 * 16 + 64 - 30


def test_places_that_are_searched_for():
    searched = eh.hypothesis(ALICE[0], {"OR(A,B)": "?", "NAND(A,B)": "h1.2"})
    found = eh.decide(eh.xornet(), searched, eh.hypothesis(*BOB))
    assert found.hypotheses[0] == eh.hypothesis(*ALICE) and found.refuted == (0,)
    assert "Searched for: OR(A,B). 1 aligned place; the one that comes furthest is tested." in str(found)


def test_of_more_a_sample_is_drawn(monkeypatch):
    monkeypatch.setattr("everyhow.hypotheses.experiments.MOST_SWAPS", 40)
    found = eh.decide(eh.xornet(), eh.hypothesis(*ALICE), eh.hypothesis(*BOB))
    assert found.sampled and found.of <= 40 and "a sample was made" in str(found)


def test_what_does_not_fit():
    alice = eh.hypothesis(*ALICE)
    with pytest.raises(eh.InputError, match=r"give the path of a \.toml file, or make one"):
        eh.decide(eh.xornet(), alice, "alice")
    with pytest.raises(eh.InputError, match="seed is -1"):
        eh.decide(eh.xornet(), alice, alice, seed=-1)


def test_both_can_be_wrong():
    """Where two say the same of every interchange of which both say something, their common errors are counted."""
    network = eh.xornet()
    (algorithm,) = (a for a in eh.algorithms("XOR", 2) if str(a) == "AND(NAND(A,B), OR(A,B))")
    right = eh.mappings(network, algorithm)[0]
    swapped = eh.hypothesis(algorithm, dict(zip(right.parts, right.sets[::-1], strict=True)))
    again = eh.hypothesis(algorithm, dict(zip(right.parts, right.sets[::-1], strict=True)))
    found = eh.decide(network, swapped, again)
    assert found.differ == 0 and found.both_wrong > 0
    assert f"Both are wrong on {found.both_wrong} of these, so that neither is right" in str(found)
    assert found.document()["both_wrong"] == found.both_wrong
    sure = eh.decide(network, eh.hypothesis(right), eh.hypothesis(right))
    assert (sure.differ, sure.both_wrong) == (0, 0) and "Both are wrong" not in str(sure)
