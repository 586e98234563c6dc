"""Two networks compared: what both have by plain sets, and every experiment made again by names alone."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

import everyhow as eh
from everyhow.common.errors import InputError
from everyhow.mapping.findings import RUNGS

from ..conftest import REFERENCE, reference
from .changed import pruned, said, turned

ORDERS = [(2, 0, 1), (1, 2, 0)]
FACTORS = [(0.5, 2.0, 3.0), (1.5, 0.25, 4.0)]


@pytest.fixture(scope="module")
def seeds():
    """Two seeds of XOR, compared."""
    return eh.compare(*(reference(f"xor-2-3-3-1-seed{seed}")[1] for seed in (0, 2)), "XOR")


@pytest.fixture(scope="module")
def copies():
    """A network and a copy of it in another order and scale."""
    network = reference("xor-2-3-3-1-seed0")[1]
    return eh.compare(network, turned(network, ORDERS, FACTORS))


def through(edges, orders):
    """Edges with every neuron put where it is in the other network."""
    layers = [range(2), *orders, range(1)]
    return frozenset((layer, layers[layer][j], layers[layer - 1][i]) for layer, j, i in edges)


def placed(mapping, orders=None):
    """A mapping as plain values, its neurons put where they are in the other network."""
    sets = [
        (s.layer, frozenset(s.neurons if orders is None else (orders[s.layer - 1][j] for j in s.neurons)))
        for s in mapping.sets
    ]
    return str(mapping.algorithm), tuple(sets)


def test_circuits_as_by_sets(seeds):
    """Perfect circuits in common by the matching, as sets of edges; and no permutation has more."""
    first, second = (eh.circuits(side.network, "XOR") for side in seeds.sides)
    one, other = [circuit.edges for circuit in first], {frozenset(map(tuple, each.edges)) for each in second}

    def common(orders):
        return sum(through(edges, orders) in other for edges in one)

    (shared,) = [each for each in seeds.circuits if each.name == "perfect"]
    assert shared.numbers == (len(one), len(other)) == (120, seeds.sides[1].circuits.number.exact)
    assert shared.both == common(seeds.matching.layers)
    every = [*itertools.product(itertools.permutations(range(3)), repeat=2)]
    assert shared.both == max(map(common, every)) and seeds.best.permutations == len(every) == 36
    minimal = [{each.bits for each in circuits.minimal()} for circuits in (first, second)]
    (shared,) = [each for each in seeds.circuits if each.name == "minimal"]
    assert shared.numbers == tuple(map(len, minimal))


@pytest.mark.parametrize("which", ["seeds", "copies"])
def test_algorithms_as_by_sets(which, request):
    """At every rung, formulas in both and in one, and the same with their places, by plain sets."""
    found = request.getfixturevalue(which)
    (output,) = found.outputs
    sides = [part.parts[0].findings.mappings for part in found.sides]
    for rung, formulas, mappings in zip(RUNGS, output.algorithms, output.mappings, strict=True):
        passing = [list(side.placed) if rung == "single" else side.survivors[rung] for side in sides]
        one, other = ({str(mapping.algorithm) for mapping in those} for those in passing)
        assert (formulas.both, formulas.only) == (len(one & other), (len(one - other), len(other - one)))
        one = {placed(mapping, found.matching.layers) for mapping in passing[0]}
        other = {placed(mapping) for mapping in passing[1]}
        assert (mappings.both, mappings.only) == (len(one & other), (len(one - other), len(other - one)))
        assert {placed(each, found.matching.layers) for each in mappings.only_first} == one - other
        assert {placed(each) for each in mappings.only_second} == other - one


def test_interchanges_by_hand(seeds):
    """Every interchange of one neuron, made by names in both networks, is counted alike or not; and the cheapest that
    is not comes out as told."""
    (output,) = seeds.outputs
    one, other = (side.network for side in seeds.sides)
    rows = ["00", "01", "10", "11"]

    class Taken:
        def __init__(self, name, source):
            self.what, self.source = (name,), source

    wrong = 0
    names = [(f"h{layer + 1}.{j}", f"h{layer + 1}.{seeds.matching.layers[layer][j]}")
             for layer in range(2) for j in range(3)]  # fmt: skip
    for (mine, theirs), source, base in itertools.product(names, rows, rows):
        wrong += said(one, base, [Taken(mine, source)]) != said(other, base, [Taken(theirs, source)])
    assert output.interchanges.number == 14 * 16
    assert wrong and wrong <= output.interchanges.number - output.interchanges.alike
    shown = output.interchanges.first
    decided = tuple(
        said(side.network, shown.base, patch) for side, patch in zip(seeds.sides, shown.patches, strict=True)
    )
    assert decided == shown.decided and decided[0] != decided[1]
    assert all(len(taken.what) == 1 for patch in shown.patches for taken in patch)


def test_what_one_lacks_is_shown_by_a_run(seeds):
    """An explanation that one network has falls in the other at a run that both make: its owner as it predicts."""
    fallen = [one for one in seeds.outputs[0].fallen if one.shown is not None and one.shown.left is None]
    assert fallen
    for one in fallen:
        shown = one.shown
        for side, patch, decided in zip(seeds.sides, shown.patches, shown.decided, strict=True):
            assert said(side.network, shown.base, patch) == decided
        assert shown.decided[one.owner] == shown.predicted != shown.decided[1 - one.owner]


def test_a_turned_copy(copies):
    """It is told as one network by its weights, and everything corresponds."""
    assert copies.same_network and copies.same_function
    assert copies.matching.layers == tuple(ORDERS)
    assert np.allclose(copies.likeness.factors, FACTORS, rtol=1e-9)
    assert all(shared.alike and shared.both for shared in copies.circuits)
    assert all(shared.alike for shared in copies.outputs[0].mappings)
    swaps = copies.outputs[0].interchanges
    assert swaps.alike == swaps.number and swaps.first is None
    assert not copies.fallen_circuits and not copies.outputs[0].fallen
    said = "the second is the first with its neurons in another order and neurons multiplied by positive factors"
    assert f"They are one network: {said}" in copies.paragraph


def test_a_pruned_copy():
    """What was lost, by name, and which circuits went with it."""
    network = reference("xor-2-3-3-1-seed0")[1]
    found = eh.compare(network, pruned(network, (1, 1, 1), (2, 1, 2)), "XOR")
    assert found.same_network is False and found.likeness.how == "pruned"
    assert "The second is the first less 2 weights: B→h1.1, h1.2→h2.1." in found.paragraph
    lost = [one for one in found.fallen_circuits if one.owner == 0]
    assert len(lost) == 1 and lost[0].missing
    assert set(lost[0].missing) <= {"B→h1.1", "h1.2→h2.1"}
    perfect = {one.name: one for one in found.circuits}["perfect"]
    lacking = [each for each in eh.circuits(network, "XOR") if not {(1, 1, 1), (2, 1, 2)} & set(each.edges)]
    assert perfect.both <= len(lacking) < perfect.numbers[0]
    document = json.loads(json.dumps(found.document()))
    assert document["weights"]["edges_lost"] == ["B→h1.1", "h1.2→h2.1"]
    back = eh.compare(pruned(network, (1, 1, 1)), network)
    assert "The first is the second less 1 weight: B→h1.1." in back.paragraph


def test_different_functions():
    """The rows on which they differ, and one that shows it; no algorithm is in both."""
    found = eh.compare(REFERENCE / "xor-2-3-3-1-seed0.json", REFERENCE / "and-2-3-3-1-seed0.json", "XOR")
    assert found.differs_at == (("01", "10", "11"),) and not found.same_function
    assert found.paragraph.startswith(
        "The first network computes XOR and the second AND: they differ at 01 10 11. What follows explains of each "
        "what it computes itself. The first computes the task. The second differs from the task XOR at 01 10 11."
    )
    (output,) = found.outputs
    assert all(shared.both == 0 for shared in output.algorithms) and not output.fallen
    assert (output.whole.base, output.whole.patches, output.whole.decided) == ("01", ((), ()), (True, False))


def test_unequal_widths():
    """Formulas are set beside each other, and neurons are not matched."""
    found = eh.compare(reference("xor-2-4-1-seed0")[1], reference("xor-2-3-3-1-seed0")[1])
    assert found.matching is None and not found.circuits and not found.outputs[0].mappings
    assert "Their widths differ, 2-4-1 and 2-3-3-1, so that their neurons are not matched" in found.paragraph
    one, other = (
        {str(one) for one in eh.algorithms("XOR", depth=depth) if eh.mappings(side.network, one)}
        for side, depth in zip(found.sides, (2, 3), strict=True)
    )
    single = found.outputs[0].algorithms[0]
    assert (single.both, single.only) == (len(one & other), (len(one - other), len(other - one)))


def test_names_as_asked():
    """By names no neuron is moved, and the numbers are those of own names."""
    networks = [reference(f"xor-2-3-3-1-seed{seed}")[1] for seed in (0, 2)]
    found, best = (eh.compare(*networks, match=match) for match in ("names", "best"))
    assert found.matching.moves_none and "Neurons are matched by their names, as asked." in found.paragraph
    assert found.circuits[0].both == best.best.by_names[0] <= best.circuits[0].both


def test_several_outputs():
    """One matching for the whole network, circuits that are right at all outputs, and algorithms of each."""
    network = reference("authors-xor-and-2-3-3-2-seed0")[1]
    found = eh.compare(network, turned(network, ORDERS), "XOR,AND")
    assert [output.name for output in found.outputs] == ["XOR", "AND"] and found.same_network
    assert found.circuits[0].alike and found.circuits[0].both == found.sides[0].circuits.number.exact
    assert found.paragraph.startswith("Both networks compute XOR and AND, the tasks.")
    assert any(line.startswith("AND: algorithms in matched neurons") for line in found.lines)


def test_two_classes_and_data():
    """Two logits are folded; and by data the points say what is compared."""
    base = reference("xor-2-3-3-1-seed0")[1]
    classes = replace(
        base, weights=[*base.weights[:-1], np.vstack([-base.weights[-1], base.weights[-1]])],
        biases=[*base.biases[:-1], np.array([0.5 - base.biases[-1][0], base.biases[-1][0] - 0.5])],
        activations=[*base.activations[:-1], "identity"], threshold=None,
    )  # fmt: skip
    found = eh.compare(classes, turned(classes, ORDERS), "XOR", decision="argmax")
    assert found.same_network and found.sides[0].computes == ("XOR",)
    points = [[0.1, 0.2], [0.1, 0.8], [0.9, 0.2], [0.8, 0.9]]
    data = eh.Behavior.of_network(base, points, features=[[0, 0], [0, 1], [1, 0], [1, 1]])
    found = eh.compare(base, turned(base, ORDERS), data)
    assert found.paragraph.startswith("Both networks decide alike at all 4 inputs.") and found.circuits[0].alike
    assert all(shared.alike for shared in found.outputs[0].mappings)
    found = eh.compare(base, reference("and-2-3-3-1-seed0")[1], data)
    assert "The networks decide otherwise at" in found.paragraph


def test_circuits_that_are_too_many(monkeypatch):
    """Circuits that are not listed are counted, the matching goes by others, and what is left out is said."""
    monkeypatch.setattr("everyhow.comparison.shared.MOST_LISTED", 100)
    found = eh.compare(*(reference(f"xor-2-3-3-1-seed{seed}")[1] for seed in (0, 2)))
    perfect = found.circuits[0]
    assert perfect.both is None and perfect.numbers[0] == 120
    assert "120 perfect circuits are too many to be set beside others" in found.paragraph
    assert "have the most minimal circuits in common" in found.paragraph or "resample-faithful" in found.paragraph


def test_a_matching_that_is_not_the_best_for_sure():
    """Where the budget ends the search, the paragraph says so, and how much another permutation could have."""
    networks = [reference(f"xor-2-3-3-1-seed{seed}")[1] for seed in (0, 2)]
    whole = eh.compare(*networks, depth=2)
    found = eh.compare(*networks, depth=2, budget=1_000_000)
    assert whole.best.complete and not found.best.complete
    assert found.best.shared[0] <= whole.best.shared[0] <= found.best.most
    assert f"another has at most {found.best.most:,} in common" in found.paragraph
    assert "ruling out every other permutation takes more than the budget" in found.paragraph


def test_shown():
    """The answer first, then a table within 80 columns; in a notebook a picture with every matched neuron numbered."""
    network = reference("xor-2-3-3-1-seed0")[1]
    found = eh.compare(network, turned(network, ORDERS))
    assert str(found).startswith("Both networks compute XOR.") and found.summary() == found.paragraph
    table = found.lines[1:]
    assert all(len(line) <= 80 for line in table if not line.startswith("  Only"))
    shown = found._repr_mimebundle_()
    assert "<pre>" in shown["text/html"] and "They are one network" in shown["text/html"]
    keys = [part.key for part in found.picture().parts]
    assert keys.count("ring-1-0") == keys.count("ring-2-2") == 2


@pytest.mark.parametrize(("one", "two", "keywords", "message"), [
    ("xor-2-3-3-1-seed0", "xor-2-3-3-1-seed2", {"match": "closest"},
     "unknown match 'closest'; the ways to match are best, names"),
    ("xor-2-3-3-1-seed0", "xor-2-3-3-1-seed2", {"depth": 0}, "depth is 0; algorithms have a depth from 1 to 8"),
    ("xor-2-3-3-1-seed0", "authors-xor-and-2-3-3-2-seed0", {},
     "network 1 has 1 output and network 2 has 2: networks are set beside each other on the same inputs and outputs"),
    ("xor-2-3-3-1-seed0", "xor-2-3-3-1-seed2", {"task": "MAJORITY"}, "has 3 inputs but the network has 2"),
])  # fmt: skip
def test_errors(one, two, keywords, message):
    with pytest.raises(InputError, match=message):
        eh.compare(reference(one)[1], reference(two)[1], **keywords)


def test_transformers_are_named():
    """They are refused by name, with what to do instead."""
    file = next((REFERENCE / "transformers").glob("*.json"))
    with pytest.raises(InputError, match="is a transformer, and networks of layers are set beside each other"):
        eh.compare(file, file)
