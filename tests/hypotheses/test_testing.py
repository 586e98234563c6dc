"""Hypotheses put to the test: against the audit's ladder, against interchanges made one run at a time, and in words."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

import everyhow as eh
from everyhow.hypotheses.climbing import climb
from everyhow.hypotheses.dependence import unordered
from everyhow.hypotheses.interchanges import tried
from everyhow.hypotheses.placed import placed_hypothesis
from everyhow.mapping.findings import RUNGS, examine_mappings
from everyhow.mapping.placeable import placed_algorithm
from everyhow.readout.interchange import interchange
from everyhow.verification import plain, plain_mappings

from ..conftest import reference
from ..model.attention import attending_xor
from ..model.skipping import skipping_xor
from ..plainly import plain_sets, plain_tree
from ..strategies import networks
from .stated import ALICE, BITS, BOB, adder, again, counting, made_again, majority, signs

# Plain loops over mappings of more variables take minutes.
MOST_VARIABLES = 3


def behavior_of(network):
    return eh.Behavior.of_network(network, network.corners, "threshold")


def placed(network, behavior, mapping, found):
    over = placed_algorithm(mapping.algorithm)
    return placed_hypothesis(network, behavior, mapping.algorithm, over, mapping.sets, found.whole)


def every_mapping(network):
    """All mappings that the audit goes through, and the signatures."""
    behavior = behavior_of(network)
    found = examine_mappings(network, behavior, min(3, network.depth), 10**10)
    return behavior, found, list(found.placed) if found.aligned else []


def check_as_the_ladder(network, most=None):
    """Each mapping comes as far, by both ways to make interchanges, as the audit's ladder says."""
    behavior, found, mappings = every_mapping(network)
    for mapping in mappings[:: max(1, len(mappings) // most)][:most] if most else mappings:
        if len(mapping.sets) > MOST_VARIABLES:
            continue
        one = placed(network, behavior, mapping, found.signatures)
        how_far = climb(one, found.signatures, 10**10)
        rung, fault = found.fate(mapping)
        assert (how_far.strictest, how_far.fell is None) == (rung, fault is None)
        if how_far.ties:
            continue
        points, tree, sets = plain.rows(network.widths[0]), plain_tree(mapping.algorithm.tree), plain_sets(mapping)
        negated = mapping.algorithm.negated
        assert tried(one, "single").fault is None
        assert (tried(one, "joint").fault is None) == plain_mappings.is_joint(network, points, tree, negated, sets)
        assert (tried(one, "inert").fault is None) == plain_mappings.is_inert(network, points, tree, sets)
        transitive = plain_mappings.is_transitive(network, points, tree, negated, sets)
        assert (tried(one, "transitive").fault is None) == transitive
        assert (not unordered(one)) == plain_mappings.is_ordered(tree, sets)
    return len(mappings)


@pytest.mark.parametrize("name", ["xornet", "xor-2-3-3-1-seed0", "xor-2-2-2-1-seed2", "imp-2-2-1-seed0"])
def test_as_the_ladder_says(name):
    assert check_as_the_ladder(reference(name)[1])


@given(networks(inputs=(2, 2), hidden=(1, 2)))
@settings(max_examples=5)
def test_as_the_ladder_says_of_random_networks(network):
    check_as_the_ladder(network, most=3)


NAMES = ["A", "B", "v", "Y"]
XOR_ITSELF = eh.CausalModel(
    NAMES, dict.fromkeys(NAMES, BITS), {"v": ["A", "B"], "Y": ["v"]},
    {"v": lambda a, b: a ^ b, "Y": lambda v: v},
)  # fmt: skip


def choices_of_sets(network, variables):
    sets = [
        (layer, chosen)
        for layer in range(1, network.depth)
        for size in range(1, network.widths[layer] + 1)
        for chosen in itertools.combinations(range(network.widths[layer]), size)
    ]
    for choice in itertools.product(sets, repeat=variables):
        if all(a[0] != b[0] or not set(a[1]) & set(b[1]) for a, b in itertools.combinations(choice, 2)):
            yield choice


def test_every_place_of_a_formula():
    """Of every choice of disjoint neurons for both variables: the shares of agreement, whether it is aligned and
    minimal, and the run at which it falls, made again by name."""
    network = eh.xornet()
    points, (formula, _) = plain.rows(2), ALICE
    tree = plain_tree(eh.hypothesis(*ALICE).stated.tree)
    aligned = {tuple(plain_sets(mapping)) for mapping in eh.mappings(network, eh.hypothesis(*ALICE).stated)}
    tried = 0
    for choice in choices_of_sets(network, 2):
        places = ["+".join(f"h{layer}.{j}" for j in neurons) for layer, neurons in choice]
        found = eh.test(network, eh.hypothesis(formula, places))
        for path, neurons, share in zip([(0,), (1,)], choice, found.climb.accuracies, strict=True):
            table = plain_mappings.signature(network, points, neurons)
            assert float(share) == plain_mappings.agreement(points, tree, False, path, table)
        assert (found.fell == "single") == (choice not in aligned)
        run = found.climb.run
        if run is not None:
            assert again(network, run) == made_again(network, run.python) == run.decided != run.predicted
        tried += 1
    assert tried == 12


def test_the_run_at_which_a_mapping_falls():
    """Word for word, and made again."""
    network = reference("xor-2-3-3-1-seed0")[1]
    stated = eh.hypothesis("OR(AND(A,~B), AND(~A,B))", {"AND(A,~B)": "h1.1", "AND(~A,B)": "h1.0"}, "XOR")
    found = eh.test(network, stated)
    assert found.passed == ("single", "irredundant", "ordered") and found.fell == "joint"
    assert (
        "On input 01, give h1.1 and h1.0 their values from input 00: the algorithm says 0, the network 1."
        in found.lines
    )
    assert again(network, found.climb.run) is True
    assert found.rivals.number == 0 and "250 formulas of depth 3 or less" in found.rivals.family
    assert made_again(network, found.climb.run.python) is True and found.climb.run.python in found.full[-1]


def test_codes():
    """Both students' explanations pass every rung, and the page says that codes say little there."""
    for stated in (ALICE, BOB):
        found = eh.test(eh.xornet(), eh.hypothesis(*stated), "XOR")
        assert found.passed == RUNGS and found.jointly == 1
    assert any("every Boolean signal has a code there" in line for line in found.lines)
    assert found.rivals.number == 1


@pytest.mark.parametrize("name", ["xornet", "xor-2-2-2-1-seed2"])
def test_codes_as_readout_explanations(name):
    """The codes of a readout explanation whose gate is AND or OR, as a hypothesis: the same shares of interchanges."""
    network, compared = reference(name)[1], 0
    for explanation in eh.readouts(network, signals=2):
        gate = explanation.gate_name
        if len(explanation.readouts) != 2 or gate not in ("AND", "OR") or not explanation.swappable:
            continue
        formula = f"{gate}({', '.join(map(str, explanation.parts))})"
        codes = {
            part: " ".join(
                f"{value:+.17g} {name}" for value, name in zip(r.coefficients, r.names, strict=True) if value
            )
            for part, r in zip(explanation.parts, explanation.readouts, strict=True)
        }
        try:
            stated = eh.hypothesis(formula, codes)
        except eh.InputError:  # a signal that is an input, or XOR, is not a gate of an algorithm
            continue
        found, wanted = eh.test(network, stated), interchange(network, explanation)
        shares = [found.accuracies[variable] for variable in stated.variables]
        assert sorted(shares) == sorted(wanted.single) and found.jointly == wanted.joint
        compared += 1
    assert compared


def plain_code_run(network, code, layer, base, source):
    """The decision at a base with one code at its value at a source, by the formula of the least change."""
    states = network.states(plain.rows(2))[layer]
    state = states[base] + (states[source] - states[base]) @ code * code / (code @ code)
    return bool(network.run(plain.rows(2)[base : base + 1], patch={
        f"h{layer}.{j}": value for j, value in enumerate(state)
    })[0, 0] > network.level)  # fmt: skip


def test_one_code_by_plain_loops():
    """A variable in a code and the other in a neuron of another layer: every interchange of the code, run by run."""
    network = reference("xor-2-3-3-1-seed0")[1]
    stated = eh.hypothesis("OR(AND(A,~B), AND(~A,B))", {"AND(A,~B)": "h1.1 - 2 h1.2", "AND(~A,B)": "h2.0"})
    found = eh.test(network, stated)
    code, agree = np.array([0.0, 1.0, -2.0]), 0
    for base, source in itertools.product(range(4), repeat=2):
        other = base == 1
        agree += plain_code_run(network, code, 1, base, source) == ((source == 2) or other)
    assert found.accuracies["AND(A,¬B)"] == agree / 16 < 1


def test_codes_of_two_layers_by_plain_loops():
    """Both variables at once, run by run: the code of the second layer moves from the state that the first leaves."""
    network = reference("xor-2-3-3-1-seed0")[1]
    stated = eh.hypothesis("OR(AND(A,~B), AND(~A,B))", {"AND(A,~B)": "h1.1 - 2 h1.2", "AND(~A,B)": "h2.0 - h2.2"})
    first, second = np.array([0.0, 1.0, -2.0]), np.array([1.0, 0.0, -1.0])
    points, agree = plain.rows(2), 0
    natural = network.states(points)
    for base, one, other in itertools.product(range(4), repeat=3):
        moved = natural[1][base] + (natural[1][one] - natural[1][base]) @ first * first / (first @ first)
        left = network.states(points[[base]], [eh.Intervention(1, (0, 1, 2), moved[None])])[2][0]
        moved = left + (natural[2][other] - left) @ second * second / (second @ second)
        decided = network.run(points[[base]], patch={f"h2.{j}": value for j, value in enumerate(moved)})[0, 0]
        agree += bool(decided > network.level) == (one == 2 or other == 1)
    found = eh.test(network, stated)
    assert found.jointly == Fraction(agree, 64) and 0 < agree < 64


def test_a_kind_of_ones_own():
    """Of a kind of model that only runs, with names of its own, the same questions are asked."""
    model = skipping_xor()
    mappings = eh.audit(model, "XOR").findings.mappings
    for mapping in list(mappings.placed)[:6]:
        found = eh.test(model, eh.hypothesis(mapping))
        assert found.climb.strictest == mappings.fate(mapping)[0]
        assert eh.test(model, eh.hypothesis(mapping.algorithm, found.hypothesis.carriers)).passed == found.passed
    assert "u0" in str(found) and eh.neuron(model, "u0").stands_for


def test_codes_are_of_nodes_that_hold_one_number():
    model = attending_xor()
    name = model.graph.names[1][0]
    with pytest.raises(eh.InputError, match="codes are of nodes that hold one number"):
        eh.test(model, eh.hypothesis(ALICE[0], [f"2 {name}", "?"]))


def test_causal_models():
    """The places of a causal model are those of `align`; what is searched for is found."""
    network = eh.xornet()
    (expected,) = {placement.named() for placement in eh.align(network, adder())}
    found = eh.test(network, eh.hypothesis(adder(), {"sum": "?"}))
    assert f"sum in {found.hypothesis.carriers[0]}" == expected and found.filled == 1
    assert found.passed == ("single", "ordered", "joint", "inert", "transitive") == found.climb.rungs
    wrong = eh.test(network, eh.hypothesis(adder(), {"sum": "h1.0"}))
    assert wrong.fell == "single" and wrong.change.complete
    assert "the causal model says" in str(wrong)


@pytest.mark.nightly
def test_causal_models_as_algorithms():
    """An algorithm, written as a causal model, comes as far at every choice of neurons."""
    network = reference("xor-2-2-2-1-seed2")[1]
    names = ["A", "B", "or", "nand", "Y"]
    model = eh.CausalModel(
        names, dict.fromkeys(names, BITS), {"or": ["A", "B"], "nand": ["A", "B"], "Y": ["or", "nand"]},
        {"or": lambda a, b: a | b, "nand": lambda a, b: 1 - a * b, "Y": lambda one, other: one & other},
    )  # fmt: skip
    reached = set()
    for choice in choices_of_sets(network, 2):
        if any(len(neurons) > 1 for _, neurons in choice):
            continue
        places = ["+".join(f"h{layer}.{j}" for j in neurons) for layer, neurons in choice]
        one = eh.test(network, eh.hypothesis(model, dict(zip(["or", "nand"], places, strict=True))))
        other = eh.test(network, eh.hypothesis(ALICE[0], dict(zip(["OR(A,B)", "NAND(A,B)"], places, strict=True))))
        assert one.passed == tuple(rung for rung in other.passed if rung != "irredundant")
        reached.add(one.passed)
    assert len(reached) > 2


def test_the_nearest_change_is_the_nearest():
    """Of all places of the formula that pass every rung none differs in fewer neurons."""
    network = reference("xor-2-2-2-1-seed2")[1]
    stated = eh.hypothesis(ALICE[0], {"OR(A,B)": "h2.1", "NAND(A,B)": "h1.0"})
    found = eh.test(network, stated)
    assert found.fell == "joint" and found.change.complete and found.change.neurons == 2
    assert found.change.moved == (("OR(A,B)", "h2.1", "h1.1"),)
    assert eh.test(network, found.change.to).passed == RUNGS


def test_the_nearest_change_may_be_codes():
    """Where no neurons carry the variables of Bob's formula, the codes that do are named."""
    found = eh.test(eh.xornet(), eh.hypothesis(BOB[0], ["h1.0", "h1.1"]))
    assert found.change.complete and found.change.to == eh.hypothesis(*BOB)
    assert found.change.moved == (("AND(A,¬B)", "h1.0", "h1.0 - h1.2"), ("AND(¬A,B)", "h1.1", "h1.1 - h1.2"))
    assert "every Boolean signal has a code there" in found.change.remarks[0]


def test_places_that_are_searched_for():
    network = reference("xor-2-2-2-1-seed2")[1]
    found = eh.test(network, eh.hypothesis(ALICE[0], {"OR(A,B)": "?", "NAND(A,B)": "?"}))
    assert found.filled == 4 and found.passed == RUNGS and len(found.others) == 1
    assert not found.hypothesis.searched and found.given.searched == ("NAND(A,B)", "OR(A,B)")
    none = eh.test(eh.xornet(), eh.hypothesis(BOB[0], {"AND(A,~B)": "?", "AND(~A,B)": "h1.1"}))
    assert none.filled == 0 and "Searched for: AND(A,¬B). No free places are aligned" in str(none)


@pytest.mark.parametrize("stated", [
    counting(), counting(values=range(6), told=(0, 1, 1, 3, 2, 4, 3, 5), maj=(0, 0, 0, 1, 1, 1)),
])  # fmt: skip
def test_where_any_variable_passes(stated):
    """Variables in all neurons that vary pass every rung, whatever they are, and that is said first."""
    found = eh.test(majority(), eh.hypothesis(stated, ["h1.0 + h1.1", "h2.0 + h2.3"]))
    assert found.climb.complete
    assert found.lines[1] == (
        "h1.0 + h1.1 is everything that varies in layer 1 and h2.0 + h2.3 is everything that varies in layer 2: any "
        "variable that determines the output passes there (225 of the 4,140 ways to group the 8 inputs)."
    )
    assert found.lines[2] == "Every variable has such a place, so that passing here is not evidence for count and maj."
    assert "No other explanation passes as much" not in str(found)
    assert found.lines[-3:] == (
        "Of this causal model 2 minimal choices of neurons were tried: no other passes as much (transitive).",
        "Among all minimal choices of neurons for the 312 formulas of depth 3 or less that decide as the network does, "
        "none passes as much (transitive).",
        "Other causal models were not looked for: others may say as much of this network.",
    )


def test_any_variable_that_determines_the_output_passes():
    """The ways to group the inputs, one after the other: each that determines the output, as a variable of its own,
    passes in all neurons that vary; and their number is the one that is told."""
    network, passing = eh.xornet(), 0
    for groups in itertools.product(range(4), repeat=4):
        # Each grouping once: a group is numbered when it first comes.
        if list(dict.fromkeys(groups)) != list(range(len(set(groups)))):
            continue
        determined = not ({groups[0], groups[3]} & {groups[1], groups[2]})
        if not determined:
            continue
        names = ["A", "B", "v", "Y"]
        model = eh.CausalModel(
            names, {**dict.fromkeys(names, BITS), "v": list(range(4))}, {"v": ["A", "B"], "Y": ["v"]},
            {"v": lambda a, b, groups=groups: groups[2 * a + b], "Y": lambda v, g=groups: int(v in (g[1], g[2]))},
        )  # fmt: skip
        found = eh.test(network, eh.hypothesis(model, ["h1.0 + h1.1 + h1.2"]))
        passing += found.climb.accuracies == (1,)
        assert "4 of the 15 ways to group the 4 inputs" in found.lines[1]
    assert passing == 4


def test_where_only_such_a_variable_passes():
    found = eh.test(
        majority(), eh.hypothesis("OR(AND(A,B), AND(C, OR(A,B)))", ["h1.0 + h1.1", "h2.3", "h2.0"]), depth=1
    )
    assert found.lines[1] == (
        "h1.0 + h1.1 is everything that varies in layer 1: only a variable that determines the output passes there, "
        "and AND(A,B) does not determine it."
    )
    # Neurons that decide alone though others vary: those of the second layer of a network that goes on from there.
    other = eh.test(signs(), eh.hypothesis(XOR_ITSELF, ["h2.0 + h2.1 + h2.2"]))
    assert "h2.0 + h2.1 + h2.2 is everything that varies in layer 2" in other.lines[1]


def test_neurons_that_never_vary():
    """Neither an advice nor part of a place that is searched for; and named."""
    names = ["A", "B", "C", "maj", "not", "Y"]
    idle = eh.CausalModel(
        names, dict.fromkeys(names, BITS), {"maj": ["A", "B", "C"], "not": ["maj"], "Y": ["maj", "not"]},
        {"maj": lambda a, b, c: int(a + b + c > 1), "not": lambda maj: 1 - maj, "Y": lambda maj, other: maj},
    )  # fmt: skip
    found = eh.test(majority(), eh.hypothesis(idle, {"maj": "h2.0 + h2.3", "not": "h1.0"}), depth=1)
    assert "not never changes Y: any neurons that change no decision pass as its place, and it can be left out." in (
        found.lines
    )
    assert found.change is None or not {"h1.2", "h1.3", "h2.1", "h2.2"} & set(str(found.change.to).split())
    formula = "AND(OR(A,C), OR(B, AND(A,C)))"
    searched = eh.test(
        majority(), eh.hypothesis(formula, {"OR(A,C)": "h1.1", "OR(B,AND(A,C))": "h1.0", "AND(A,C)": "?"}), depth=1
    )
    assert str(searched.hypothesis).endswith("AND(A,C) in h2.0")
    named = eh.test(
        majority(), eh.hypothesis(formula, {"OR(A,C)": "h1.1", "OR(B,AND(A,C))": "h1.0", "AND(A,C)": "h1.2"}), depth=1
    )
    assert "h1.2 is 0 at every input, so that it carries nothing." in named.lines


def test_rivals_of_what_falls_at_once():
    """What falls at the first rung is told how many formulas pass it, and the simplest of those that come furthest."""
    formula = "OR(AND(A,~B), AND(~A,B))"
    found = eh.test(signs(), eh.hypothesis(formula, {"AND(A,~B)": "h1.1", "AND(~A,B)": "h1.2"}))
    assert found.passed == () and found.rivals.number == 4 and found.rivals.formulas == 1
    assert found.lines[-3:] == (
        "Nearest change that comes further: put AND(¬A,B) in h1.0 + h1.2 instead of h1.2. Then it passes every rung. "
        "4 choices of neurons for the same formula pass single; all were tried.",
        "Of the 250 formulas of depth 3 or less that decide as the network does, 1 passes the first rung, with 4 "
        "choices of neurons in all.",
        "The simplest that comes furthest passes transitive: OR(AND(A,¬B), AND(¬A,B)): AND(A,¬B) in h1.1; AND(¬A,B) in "
        "h1.0 + h1.2.",
    )
    none = eh.test(majority(), eh.hypothesis("OR(AND(A,B), AND(C, OR(A,B)))", ["h1.0", "h2.3", "h1.1"]))
    assert none.lines[-2:] == (
        "No other place was found by which it comes further. No choice of neurons for the same formula passes single. "
        "Codes were tried, too: in each layer the one that reads a variable best, for one variable and for all.",
        "None of the 312 formulas of depth 3 or less that decide as the network does passes the first rung either, in "
        "any neurons.",
    )


def test_a_place_that_could_be_smaller():
    """A neuron that nothing depends on is left out: with it the place is aligned, and yet not minimal."""
    one = eh.xornet()
    idle = eh.Network(
        (np.concatenate([one.weights[0], [[1.0, -1.0]]]), np.concatenate([one.weights[1], [[1e-3]]], axis=1)),
        (np.append(one.biases[0], 0.5), one.biases[1]), one.activations,
    )  # fmt: skip
    found = eh.test(idle, eh.hypothesis(ALICE[0], {"OR(A,B)": "h1.0 + h1.1", "NAND(A,B)": "h1.2 + h1.3"}))
    assert found.fell == "single" and set(found.climb.accuracies) == {1} and found.climb.run is None
    assert found.climb.reason.endswith("and h1.2 alone does as well: a place must be minimal")
    assert found.change.moved == (("NAND(A,B)", "h1.2 + h1.3", "h1.2"),) and found.change.neurons == 1


@pytest.mark.parametrize(("stated", "places", "said"), [
    ("AND(A,B)", {}, "is not what the network computes, before anything is patched: they differ at inputs 01, 10, 11"),
    (ALICE[0], {"OR(A,B)": "h1.0", "NAND(A,B)": "h1.7"}, "names 'h1.7', which the model does not have"),
    (ALICE[0], {"OR(A,B)": "h1.0", "NAND(A,B)": "A"}, "names A, which is an input of the model"),
    (ALICE[0], {"OR(A,B)": "h1.0", "NAND(A,B)": "h1.0 + h1.1"}, "h1.0 carries both"),
    (ALICE[0], {"OR(A,B)": "h1.0 - h1.1", "NAND(A,B)": "h1.1"}, 'such as "1 h1.1"'),
    (ALICE[0], {"OR(A,B)": "h1.0 - h1.1", "NAND(A,B)": "h1.1 - h1.0"}, "are not independent"),
    (ALICE[0], {"OR(A,B)": "h1.0 + out0", "NAND(A,B)": "h1.1"}, "names out0, which is an output"),
])  # fmt: skip
def test_what_does_not_fit(stated, places, said):
    with pytest.raises(eh.InputError) as error:
        eh.test(eh.xornet(), eh.hypothesis(stated, places))
    assert said in str(error.value)


def test_tasks_that_do_not_fit():
    with pytest.raises(eh.InputError, match=r"does not compute the task AND: they differ at inputs 01, 10, 11"):
        eh.test(eh.xornet(), eh.hypothesis(*ALICE), "AND")
    with pytest.raises(eh.InputError, match="is over 3 inputs, and the model has 2"):
        eh.test(eh.xornet(), eh.hypothesis("AND(A, OR(B,C))", ["h1.0"]))


def test_by_data():
    """At noisy inputs with known features, the same hypothesis."""
    points = [[0.1, 0.2], [0.1, 0.8], [0.9, 0.2], [0.8, 0.9], [0.0, 0.9]]
    data = eh.Behavior.of_network(eh.xornet(), points, features=[[0, 0], [0, 1], [1, 0], [1, 1], [0, 1]])
    found = eh.test(eh.xornet(), eh.hypothesis(*ALICE), data)
    assert found.passed == RUNGS
    wrong = eh.test(eh.xornet(), eh.hypothesis(ALICE[0], {"OR(A,B)": "h1.0", "NAND(A,B)": "h1.2"}), data)
    assert "On input 2, give h1.0 its value from input 1" in str(wrong)
    without = eh.Behavior.of_network(eh.xornet(), points)
    with pytest.raises(eh.InputError, match="features="):
        eh.test(eh.xornet(), eh.hypothesis(*ALICE), without)


def test_two_classes():
    """Two logits that stand for two classes are folded into one."""
    one = eh.xornet()
    weights, biases = one.weights[1], one.biases[1]
    two = eh.Network(
        (one.weights[0], np.concatenate([-weights, weights])), (one.biases[0], np.concatenate([-biases, biases])),
        (one.activations[0], "identity"), threshold=0.0,
    )  # fmt: skip
    assert eh.test(two, eh.hypothesis(*ALICE), decision="argmax").passed == RUNGS
    with pytest.raises(eh.InputError, match=r"about one output; the network has 2.*--decision argmax"):
        eh.test(two, eh.hypothesis(*ALICE))


def test_without_budget():
    """What the budget does not allow is told, and not passed off as anything else."""
    found = eh.test(eh.xornet(), eh.hypothesis(*ALICE), budget=5000)
    assert found.fell is None and not found.climb.complete and found.notes.refused
    assert "Not found out: putting the hypothesis to the rung joint" in str(found)


def test_without_variables():
    """What has no variables says nothing of where, and that is said."""
    found = eh.test(reference("and-2-3-3-1-seed0")[1], eh.hypothesis("AND(A,B)"), "AND")
    assert found.climb.complete and found.jointly is None
    assert found.lines[:2] == (
        "AND(A,B): no variable to place.",
        "It has no variables: it passes every rung of any network that computes this, and says nothing of where.",
    )


def test_document():
    found = eh.test(eh.xornet(), eh.hypothesis(ALICE[0], {"OR(A,B)": "h1.0", "NAND(A,B)": "h1.2"}))
    document = json.loads(json.dumps(found.document()))
    assert document["rungs"] == {"single": False, **dict.fromkeys(RUNGS[1:])}
    assert document["counterexample"] == {
        "input": "01", "patch": [{"what": ["h1.0"], "from": "00"}], "predicted": False, "decided": True,
        "python": found.climb.run.python,
    }  # fmt: skip
    assert document["change"]["places"]["OR(A,B)"] == "h1.0 + h1.1"


def test_places_are_left_for_all_that_is_searched_for():
    """Three variables searched for among four neurons: none takes all of them, and each comes to one."""
    generator = np.random.default_rng(4)
    network = eh.Network(
        [generator.normal(size=(4, 3)), generator.normal(size=(1, 4))], [generator.normal(size=4), [0.1]],
        ["tanh", "identity"], threshold=0.1,
    )  # fmt: skip
    (table,) = eh.Behavior.of_network(network, network.corners).tables()
    algorithm = next(a for a in eh.algorithms(str(table), 3) if len(a.variables) == 3)
    found = eh.test(network, eh.hypothesis(algorithm, dict.fromkeys((v.name for v in algorithm.variables), "?")))
    placed = [str(carrier) for carrier in found.hypothesis.carriers]
    assert len(placed) == 3 and all("h1." in one for one in placed)


def test_a_task_by_another_reading_is_named():
    """Where the numbers of a network must be read otherwise for it to compute what is stated, it is said how."""
    with pytest.raises(eh.InputError) as error:
        places = {"AND(A,~B)": "h1.0", "AND(~A,B)": "h1.1"}
        eh.test(signs().read(0.0, (0, 1)), eh.hypothesis("OR(AND(A,~B), AND(~A,B))", places))
    assert (
        "read by inputs -1 and 1 and threshold 0 it computes 0110 (inputs=(-1, 1), threshold=0; --inputs=-1,1"
        in str(error.value)
    )
