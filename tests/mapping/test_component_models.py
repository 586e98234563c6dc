"""Causal models of any values in heads and MLPs of transformers, against one run for each interchange."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.mapping.placements import agrees_jointly, count_placements, differences, joint_disagreement, placements
from everyhow.model.explained import one_for_two_classes

from ..transformer.placed_slowly import PlacedSlowly, minimal_choices
from ..transformer.slowly import random_transformer, stored

BITS, THREE = [0, 1], [0, 1, 2]
ADD, XOR = "transformer-add-mod3-1l2h-mlp16-seed0", "transformer-xor-1l4h-seed0"


def adding(values, classes):
    """The sum of two tokens, taken modulo the number of classes."""
    names = ["a", "b", "sum", "y"]
    return eh.CausalModel(
        names, {"a": values, "b": values, "sum": list(range(2 * max(values) + 1)), "y": classes},
        {"sum": ["a", "b"], "y": ["sum"]}, {"sum": lambda a, b: a + b, "y": lambda s: s % len(classes)},
    )  # fmt: skip


def copying(values, classes):
    """A copy of the first token, to which the second is added."""
    names = ["a", "b", "first", "y"]
    return eh.CausalModel(
        names, {"a": values, "b": values, "first": values, "y": classes},
        {"first": ["a"], "y": ["first", "b"]}, {"first": lambda a: a, "y": lambda a, b: (a + b) % len(classes)},
    )  # fmt: skip


def gates():
    """XOR from NAND and OR."""
    names = ["a", "b", "nand", "either", "y"]
    return eh.CausalModel(
        names, dict.fromkeys(names, BITS), {"nand": ["a", "b"], "either": ["a", "b"], "y": ["nand", "either"]},
        {"nand": lambda a, b: 1 - a * b, "either": lambda a, b: a | b, "y": lambda n, e: n & e},
    )  # fmt: skip


def slow_placements(slow, model, values):
    """Every choice of disjoint places that agree with their variables in every interchange, less those that hold
    another; one run of the causal model and one of the transformer for each."""
    settings_of = [dict(zip(model.inputs, row, strict=True)) for row in values]
    if any(model.run(row)[model.output] != chosen for row, chosen in zip(settings_of, slow.decisions, strict=True)):
        return []
    options = []
    for name in model.inner:
        needed = [
            [model.interchange(base, {name: source})[model.output] for base in settings_of] for source in settings_of
        ]
        options.append([place for place in slow.places if slow.signature(place) == needed])
    return minimal_choices(options)


def slow_joint(slow, model, values, places):
    """Whether the two agree at every base, whatever variables are forced together, each as at a source of its own."""
    settings_of = [dict(zip(model.inputs, row, strict=True)) for row in values]
    for chosen in itertools.product([None, *slow.order], repeat=len(places)):
        held, swaps = {}, {}
        for name, place, source in zip(model.inner, places, chosen, strict=True):
            if source is not None:
                held |= slow.taken(place, source)
                swaps[name] = settings_of[source]
        for base in slow.order:
            if slow.decided(base, held) != model.interchange(settings_of[base], swaps)[model.output]:
                return False
    return True


@pytest.mark.parametrize(("name", "model", "number"), [
    (ADD, adding(THREE, THREE), 3), (ADD, copying(THREE, THREE), 0), (XOR, adding(BITS, BITS), None),
    (XOR, gates(), 1), (XOR, copying(BITS, BITS), None),
])  # fmt: skip
def test_placements(name, model, number):
    """Every minimal placement in a reference transformer, and which agree jointly: tokens or bits are the inputs, one
    of three classes or of two the output."""
    _, whole, behavior = stored(name)
    read, wanted = one_for_two_classes(whole, behavior)
    values = behavior.points[:, :2].astype(int).tolist()
    slow = PlacedSlowly(whole, behavior.points)
    expected = slow_placements(slow, model, values)
    found = eh.align(whole, model, behavior=behavior)
    assert {tuple(s.names() for s in one.sets) for one in found} == set(expected)
    assert len(found) == len(expected) == count_placements(read, model, wanted) and number in (None, len(found))
    for one in found:
        places = [s.names() for s in one.sets]
        assert agrees_jointly(read, model, one, wanted) == slow_joint(slow, model, values, places)


@given(st.integers(0, 10**6), st.sampled_from([((2, 0),), ((1, 2),), ((1, 0), (1, 0)), ((1, 2), (1, 0))]))
@settings(max_examples=15)
def test_placements_of_what_a_transformer_computes(seed, layers):
    """A variable that is the whole decision sits wherever every interchange says so."""
    whole = random_transformer(seed, layers, positions=3, vocabulary=4, classes=3)
    rows = [(a, b, 3) for a in THREE for b in THREE]
    behavior = eh.Behavior.of_tokens(whole, rows)
    whole = behavior.read(whole)
    slow = PlacedSlowly(whole, rows)
    table = {row[:2]: chosen for row, chosen in zip(rows, slow.decisions, strict=True)}
    model = eh.CausalModel(
        ["a", "b", "found", "y"], dict.fromkeys(["a", "b", "found", "y"], THREE), {"found": ["a", "b"], "y": ["found"]},
        {"found": lambda a, b: table[a, b], "y": lambda one: one},
    )  # fmt: skip
    found = {tuple(s.names() for s in one.sets) for one in placements(whole, model, behavior)}
    assert found == set(slow_placements(slow, model, [row[:2] for row in rows]))
    assert differences(whole, model, behavior) == ()


def test_a_run_that_disagrees():
    """What is told of a run: the input that each variable takes its value from, and both decisions."""
    _, whole, behavior = stored(ADD)
    model = adding(THREE, THREE)
    placement = next(placements(whole, model, behavior))
    assert joint_disagreement(whole, model, placement, behavior=behavior) is None
    wrong = type(placement)(placement.variables, (type(placement.sets[0])(1, (0,)),))
    said = str(joint_disagreement(whole, model, wrong, behavior=behavior))
    assert said == "Counterexample: on input 3, give sum its value from input 1: the model says 0, the transformer 2"
    slow = PlacedSlowly(whole, behavior.points)
    assert slow.decided(2, slow.taken(["a0.h0"], 0)) == 2


def two_classes(model, behavior):
    """The rows of a behavior, answered by one of two classes."""
    return eh.Behavior.of_tokens(model, behavior.points, eh.Answer(-1, [0, 1]))


@pytest.mark.parametrize(("ask", "said"), [
    (lambda m, b: eh.align(m, gates()), "a transformer takes sequences of tokens, and nothing says which: give a task"),
    (lambda m, b: eh.align(m, gates(), behavior="XOR2"), "unknown task"),
    (lambda m, b: eh.align(m, gates(), behavior=b), "a has the values 0, 1, but it is 2 at input 7; give each input"),
    (
        lambda m, b: eh.align(m, eh.CausalModel(["a", "y"], {"a": THREE, "y": THREE}, {"y": ["a"]}, {"y": int}),
                              behavior=b),
        r"the model has 1 input \(a\), but 2 positions have different tokens in different rows: give a model of",
    ),
    (
        lambda m, b: eh.align(m, adding(THREE, [0, 1, 2, 3]), behavior=b),
        "the output y has the value 3; the decisions of this behavior are 0, 1, 2",
    ),
    (lambda m, b: eh.align(m, adding(THREE, THREE), behavior=b, budget=10), "computing the signatures of 7 sets of 3 "
     "heads and MLPs over 9 inputs needs about .* fewer rows, or a scope"),
    (
        lambda m, b: eh.align(m, gates(), behavior=eh.Behavior.of_tokens(m, b.points, eh.Answer([1, 2]))),
        "a causal model has one output, and this behavior reads 2 answers of each row: give one answer position",
    ),
    (
        lambda m, b: eh.align(m, gates(), behavior=eh.Behavior.of_tokens(m, b.points, within=0.1)),
        "causal models are placed by decisions, and the answers of this behavior are numbers",
    ),
    (
        lambda m, b: eh.mappings(m, next(eh.algorithms("XOR", 2)), b),
        r"an algorithm decides between two classes, and this behavior among 3: give two classes, or a causal model",
    ),
    (
        lambda m, b: eh.mappings(m, next(eh.algorithms("XOR", 2)), two_classes(m, b)),
        "the algorithm has 2 inputs but 0 bits are known of each input: give the behavior features",
    ),
])  # fmt: skip
def test_what_does_not_fit(ask, said):
    """Refused, with what was found and the next step."""
    _, whole, behavior = stored(ADD)
    with pytest.raises((eh.InputError, eh.BudgetError), match=said):
        ask(whole, behavior)


def test_mappings_over_behaviors():
    """Of one algorithm, over bits of tokens or features; of a network over data, too."""
    _, whole, behavior = stored(XOR)
    algorithm, other = eh.algorithms("XOR", 2)
    (mapping,) = eh.mappings(whole, algorithm, behavior)
    assert mapping.placed == "NAND(A,B) in a0.h1+a0.h2, OR(A,B) in a0.h0"
    assert str(mapping) == "NAND(A,B) in a0.h1 + a0.h2, OR(A,B) in a0.h0" and eh.mappings(whole, other, behavior) == ()
    data = eh.Behavior.of_network(eh.xornet(), eh.xornet().corners, features=eh.xornet().corners)
    assert eh.mappings(eh.xornet(), algorithm, data) == eh.mappings(eh.xornet(), algorithm)
    assert [str(one) for one in eh.align(eh.xornet(), gates(), behavior=data)] == [
        "nand in h1.2, either in h1.0 + h1.1"
    ]
    assert np.array_equal(behavior.bits, behavior.points[:, :2])
