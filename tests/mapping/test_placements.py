"""Where causal models sit in networks: against mappings of the same algorithm, and against one run per interchange."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.mapping.interchange import try_jointly
from everyhow.mapping.mapping import Mapping
from everyhow.mapping.placements import agrees_jointly, count_placements, differences, joint_disagreement, placements
from everyhow.verification import plain

from ..conftest import reference
from ..plainly import plain_sets, signature_tables
from ..strategies import networks

BITS = [0, 1]


def model_of(algorithm):
    """A tree of AND gates as a causal model: its variables by their paths, the root the output."""
    names, parents, mechanisms = [f"x{k}" for k in range(algorithm.inputs)], {}, {}

    def add(tree, path):
        if not hasattr(tree, "left"):
            return f"x{tree.index}"
        name = "v" + "".join(map(str, path))
        names.append(name)
        parents[name] = [add(tree.left, (*path, 0)), add(tree.right, (*path, 1))]
        a, b, flip = tree.left_negated, tree.right_negated, algorithm.negated and not path
        if parents[name][0] == parents[name][1]:
            parents[name] = parents[name][:1]
            mechanisms[name] = lambda one: ((one ^ a) & (one ^ b)) ^ flip
        else:
            mechanisms[name] = lambda one, other: ((one ^ a) & (other ^ b)) ^ flip
        return name

    add(algorithm.tree, ())
    return eh.CausalModel(names, dict.fromkeys(names, BITS), parents, mechanisms)


def rows_of(model):
    return [dict(zip(model.inputs, row, strict=True)) for row in itertools.product(BITS, repeat=len(model.inputs))]


def plain_placements(network, model):
    """Every choice of disjoint neuron sets that agree with their variables in every interchange, less those that hold
    another; one model run and one network run for each."""
    points, rows = plain.rows(network.widths[0]), rows_of(model)
    decided = plain.run_patched(network, points, [])
    if any(bool(model.run(row)[model.output]) != bit for row, bit in zip(rows, decided, strict=True)):
        return []
    tables = signature_tables(network, points)
    options = []
    for name in model.inner:
        needed = [[bool(model.interchange(base, {name: source})[model.output]) for base in rows] for source in rows]
        options.append([s for s, table in tables.items() if (table == np.array(needed)).all()])
    found = [
        choice
        for choice in itertools.product(*options)
        if all(a[0] != b[0] or not set(a[1]) & set(b[1]) for a, b in itertools.combinations(choice, 2))
    ]

    def inside(one, other):
        return all(a[0] == b[0] and set(a[1]) <= set(b[1]) for a, b in zip(one, other, strict=True))

    return [one for one in found if not any(other != one and inside(other, one) for other in found)]


def plain_is_joint(network, model, placement):
    """Every set of variables with every choice of sources, at every base, one after the other."""
    points, rows = plain.rows(network.widths[0]), rows_of(model)
    states = plain.run(network, points)
    for held in plain.subsets(range(len(placement.sets))):
        for sources in itertools.product(range(len(points)), repeat=len(held)):
            patches = [
                (placement.sets[v].layer, placement.sets[v].neurons,
                 states[placement.sets[v].layer][s, list(placement.sets[v].neurons)])
                for v, s in zip(held, sources, strict=True)
            ]  # fmt: skip
            swaps = {placement.variables[v]: rows[s] for v, s in zip(held, sources, strict=True)}
            expected = [bool(model.interchange(base, swaps)[model.output]) for base in rows]
            if (plain.run_patched(network, points, patches) != expected).any():
                return False
    return True


@pytest.mark.parametrize("name", ["xor-2-3-3-1-seed0", "xornet"])
def test_the_same_as_mappings(name):
    """All algorithms that compute XOR to depth 3, as causal models, have the places that they have as algorithms."""
    _, network = reference(name)
    placed = 0
    for algorithm in eh.algorithms("XOR", depth=3):
        mappings = eh.mappings(network, algorithm)
        model = model_of(algorithm)
        # The model lists a variable after those that it is named before, as the algorithm does.
        order = ["v" + "".join(map(str, variable.path)) for variable in algorithm.variables]
        found = list(placements(network, model))
        assert {tuple(p.sets[p.variables.index(v)] for v in order) for p in found} == {m.sets for m in mappings}
        assert count_placements(network, model) == len(found) == len(mappings)
        placed += len(found)
        for placement in found:
            mapping = Mapping(algorithm, tuple(placement.sets[placement.variables.index(v)] for v in order))
            joint = try_jointly(network, mapping, plain.rows(2)).disagreement is None
            assert agrees_jointly(network, model, placement) == joint == plain_is_joint(network, model, placement)
    assert placed


def adder(last, gate):
    """A sum of two inputs that a gate reads together with an input of its own: no tree, and three values."""
    names = ["a", "b", "sum", "low", "y"]
    return eh.CausalModel(
        names, {**dict.fromkeys(names, BITS), "sum": [0, 1, 2]},
        {"sum": ["a", "b"], "low": ["sum", last], "y": ["sum", "low"]},
        {"sum": lambda a, b: a + b, "low": lambda s, one: int(s > one), "y": lambda s, low: gate[2 * (s % 2) + low]},
    )  # fmt: skip


@given(
    networks(inputs=(2, 2), widest=3, most_circuits=10**9),
    st.sampled_from("ab"),
    st.tuples(*[st.sampled_from(BITS)] * 4),
)
@settings(max_examples=60)
def test_random_networks(network, last, gate):
    """Models over a graph that is no tree, with a variable of three values, in random networks."""
    model = adder(last, gate)
    found = list(placements(network, model))
    assert sorted(tuple(plain_sets(placement)) for placement in found) == sorted(plain_placements(network, model))
    assert count_placements(network, model) == len(found)
    for placement in found[:3]:
        assert agrees_jointly(network, model, placement) == plain_is_joint(network, model, placement)


def adding_network():
    """y = the lowest bit of a + b: one neuron holds the sum, two others what is above 0 and above 1."""
    return eh.Network(
        [[[1.0, 1.0]], [[1.0], [1.0]], [[1.0, -2.0]]], [[0.0], [0.0, -1.0], [0.0]], ["relu", "relu", "identity"]
    )


def test_a_sum():
    """A variable of three values sits in the neuron that holds it, and the placement agrees jointly."""
    network = adding_network()
    names = ["a", "b", "sum", "carry", "y"]
    model = eh.CausalModel(
        names, {**dict.fromkeys(names, BITS), "sum": [0, 1, 2]},
        {"sum": ["a", "b"], "carry": ["sum"], "y": ["sum", "carry"]},
        {"sum": lambda a, b: a + b, "carry": lambda s: s // 2, "y": lambda s, c: int(s - 2 * c > 0)},
    )  # fmt: skip
    found = eh.align(network, model)
    assert sorted(tuple(plain_sets(placement)) for placement in found) == sorted(plain_placements(network, model))
    assert list(map(str, found)) == ["sum in h1.0, carry in h2.1"]
    assert agrees_jointly(network, model, found[0]) and joint_disagreement(network, model, found[0]) is None


def test_what_disagrees():
    """A placement that agrees in one variable but not in two together is told, with the interchange that fells it."""
    seen = []
    for name in ("xor-2-3-3-1-seed0", "xor-2-2-2-1-seed2"):
        _, network = reference(name)
        for algorithm in eh.algorithms("XOR", depth=2):
            model = model_of(algorithm)
            for placement in eh.align(network, model):
                found = joint_disagreement(network, model, placement)
                if found is None:
                    continue
                rows, states = plain.rows(2), plain.run(network, plain.rows(2))
                sets = dict(zip(placement.variables, placement.sets, strict=True))
                patches = [
                    (sets[v].layer, sets[v].neurons, states[sets[v].layer][int(row, 2), list(sets[v].neurons)])
                    for v, row in found.sources
                ]
                decided = plain.run_patched(network, rows, patches)[int(found.base, 2)]
                assert bool(decided) != found.predicted
                seen.append(str(found))
    assert seen[0] == (
        "Counterexample: on input 01, give v0 and v1 their values from input 00: the model says 0, the network 1"
    )


def test_other_decisions():
    """A model that computes something else has no place, even without a variable; where it differs is told."""
    model = eh.CausalModel(["a", "b", "y"], dict.fromkeys("aby", BITS), {"y": ["a", "b"]}, {"y": lambda a, b: a | b})
    assert differences(eh.xornet(), model) == ("11",)
    assert eh.align(eh.xornet(), model) == () and count_placements(eh.xornet(), model) == 0
    same = eh.CausalModel(["a", "b", "y"], dict.fromkeys("aby", BITS), {"y": ["a", "b"]}, {"y": lambda a, b: a ^ b})
    assert [str(p) for p in eh.align(eh.xornet(), same)] == ["no variable to place"]


def test_errors():
    """Models that do not fit the network."""
    one = eh.CausalModel(["a", "y"], {"a": BITS, "y": BITS}, {"y": ["a"]}, {"y": lambda a: a})
    with pytest.raises(
        eh.InputError, match=r"the model has 1 inputs \(a\) and one output, but the network 2 and 1; take"
    ):
        eh.align(eh.xornet(), one)
    values = {"a": BITS, "b": ["no", "yes"], "y": BITS}
    texts = eh.CausalModel(["a", "b", "y"], values, {"y": ["a", "b"]}, {"y": lambda a, b: a})
    with pytest.raises(eh.InputError, match="b has the values 'no', 'yes'; the inputs and the output of a model that"):
        eh.align(eh.xornet(), texts)
    fixed = eh.CausalModel(["a", "b", "y"], values | {"b": [1]}, {"y": ["a", "b"]}, {"y": lambda a, b: a})
    with pytest.raises(eh.InputError, match="b has the values 1; the inputs and the output"):
        eh.align(eh.xornet(), fixed)
    with pytest.raises(
        eh.InputError, match=r"a causal model is aligned, not Algorithm; mappings\(\) places an algorithm"
    ):
        eh.align(eh.xornet(), next(eh.algorithms("XOR", depth=2)))
    wide = eh.Network([np.ones((2, 7)), np.ones((1, 2))], [np.zeros(2), [0.0]], ["relu"] * 2)
    names = [*"abcdefg", "y"]
    seven = eh.CausalModel(names, dict.fromkeys(names, BITS), {"y": names[:-1]}, {"y": lambda *bits: max(bits)})
    with pytest.raises(eh.InputError, match="models are placed in networks of at most 6 inputs, not 7"):
        eh.align(wide, seven)
