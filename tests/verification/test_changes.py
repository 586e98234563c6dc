"""Every value of stored audits changed, one at a time: none passes unnoticed, not even with the digest made anew."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import everyhow as eh
from everyhow.provenance import bound, document_digest
from everyhow.verification import circuits as circuits_again
from everyhow.verification import verify as checking

from ..conftest import reference, reference_names
from .changes import at, branches, changed, leaves, other, pattern, reshaped, stored
from .expected import Expected, is_noticed

# What may be changed unnoticed by whoever makes the digest anew, and why: nothing else in the file says it.
GIVEN = {
    "task": "a name of one's own is as good; what it computes stands in the options",
    "options.budget": "any budget that allows and refuses the same",
    "options.within": "any distance that lets the same circuits through",
    "options.depth": "of an audit by data without features no algorithm is looked for",
    "options.features": "exchanged features of which no algorithm with a place makes use",
    "depth": "of an audit whose algorithms were not counted, or are deeper than what is gone through",
    "capped": "where something was refused, the order of the reasons",
    "provenance.numpy": "by what it was made",
    "provenance.numba": "by what it was made",
    "provenance.python": "by what it was made",
    "provenance.machine": "by what it was made",
    "provenance.finished": "when it was made",
    "provenance.seconds": "how long it took",
}
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
    [RNG.normal(size=(3, 2)), RNG.normal(size=(3, 3))], [RNG.normal(size=3) for _ in range(2)], ["relu", "identity"]
)
TIED = eh.Network([[[1, 1], [1, 1]], [[0.5, -1]]], [[0, -1], [0.0]], ["relu", "identity"])
POINTS = RNG.normal(size=(12, 2))
FEATURES = [[1, 0], [0, 1], [0, 0], [1, 1]]


def small(name):
    return reference(name)[1]


# Audits of which every value is changed through the whole of `verify`: at most so many of one kind.
AUDITS = {
    "task": (lambda: eh.audit(small("imp-2-2-1-seed0"), "IMP"), 9),
    "authors": (lambda: eh.audit(small("xor-2-2-2-1-seed2"), "XOR", "authors", min_node_sparsity=0.3), 9),
    "refused": (lambda: eh.audit(small("imp-2-2-1-seed0"), "IMP", budget=40), 2),
    "ablation": (lambda: eh.audit(small("imp-2-2-1-seed0"), "IMP", ablation="mean", epsilon=0.25), 2),
    "lesson": (lambda: eh.audit(small("imp-2-2-1-seed0"), "OR", shown=["00", "11"], depth=2), 2),
    "lesson within a budget": (lambda: eh.audit(small("imp-2-2-1-seed0"), "OR", budget=200), 1),
    "prices": (lambda: eh.audit(small("imp-2-2-1-seed0"), "IMP", costs=eh.CostModel(familiar={"NAND": 0.5})), 2),
    "tied": (lambda: eh.audit(TIED, "XOR"), 2),
    "outputs": (lambda: eh.audit(PAIR, "XOR,AND", depth=1), 1),
    "data": (lambda: eh.audit_behavior(PAIR.output(0), eh.Behavior.of_network(PAIR.output(0), POINTS)), 3),
    "classes": (lambda: eh.audit_behavior(CLASSES, eh.Behavior.of_network(CLASSES, POINTS)), 2),
    "features": (
        lambda: eh.audit_behavior(
            eh.xornet(), eh.Behavior.of_network(eh.xornet(), [[1, 0], [0, 1], [0, 0], [1, 1]]), features=FEATURES
        ),
        2,
    ),
}
# What else goes through where circuits are too many to be run, and why.
LARGE = {
    "details.circuits.usage.neurons.[].circuits": "between what other numbers allow",
    "together.circuits.usage.neurons.[].circuits": "between what other numbers allow",
    "details.circuits.by_ablation.mean": "within what circuits that were drawn allow",
    "details.circuits.by_ablation.mean.[]": "within what circuits that were drawn allow",
    "details.circuits.by_ablation.resample": "within what circuits that were drawn allow",
    "together.circuits.by_ablation.mean": "within what circuits that were drawn allow",
    "together.circuits.by_ablation.resample": "within what circuits that were drawn allow",
    "details.interpretations.estimate": "circuits that were drawn for it are not drawn again",
    "details.interpretations.estimate.value": "circuits that were drawn for it are not drawn again",
    "details.interpretations.estimate.low": "circuits that were drawn for it are not drawn again",
    "details.interpretations.estimate.high": "circuits that were drawn for it are not drawn again",
    "details.interpretations.estimate.sample": "circuits that were drawn for it are not drawn again",
    "details.interpretations.of_the_simplest_circuit": "there is none where circuits are not listed",
}
MANY_CIRCUITS = (
    "authors-xor-2-4-4-1-seed0", "count-xor-2-4-4-1-seed0", "count-xor-2-5-5-1-seed0", "authors-xor-and-2-3-3-2-seed0",
)  # fmt: skip


@pytest.mark.parametrize("name", AUDITS)
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
    if name == "tied":
        unnoticed = {place for place in unnoticed if not place.startswith(DECIDED_BY_ROUNDING)}
    assert unnoticed <= set(GIVEN)


# Another network of the same shape is audited by both presets; and of 458 million circuits the authors' audit is long.
LEFT_OUT = {("authors-xor-2-4-4-1-seed0", "paper"), ("count-xor-2-5-5-1-seed0", "authors")}
REFERENCES = [
    (name, preset) for name in reference_names() for preset in ("paper", "authors") if (name, preset) not in LEFT_OUT
]


@pytest.mark.parametrize(("name", "preset"), REFERENCES)
def test_every_value_of_the_reference_audits(name, preset, monkeypatch):
    """Each value of each audit is changed alone, and the digest made anew."""
    said, network = reference(name)
    task = said["task"] if isinstance(said["task"], str) else ",".join(said["task"])
    document = stored(eh.audit(network, task, preset))
    expected, seen, unnoticed = Expected(document, monkeypatch), Counter(), set()
    for place in leaves(document):
        kind = pattern(place[2:] if place[0] == "outputs" else place)
        seen[kind] += 1
        # Of tens of thousands of numbers of which only the sum is known, changing more of them says no more.
        if place[-1] == "document_sha256" or (kind == "counts.interpretations_per_circuit.[]" and seen[kind] > 200):
            continue
        if not expected.notices(place, other(at(document, place))):
            unnoticed.add(kind)
    named = set(GIVEN) | {"verdict.what_then_where.reason"}
    assert unnoticed <= (named | set(LARGE) if name in MANY_CIRCUITS else named)


def test_where_circuits_are_too_many(monkeypatch):
    """Numbers of a space too large to be run are held to each other and to samples; what is not is said."""
    document = stored(eh.audit(small("xor-2-2-2-1-seed2"), "XOR"))
    monkeypatch.setattr(circuits_again, "MOST_CIRCUITS", 10)
    monkeypatch.setattr(checking, "MOST_CIRCUITS", 10)
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
    ]  # fmt: skip
    for place in (*sums, *(p for p in leaves(document) if "by_edges" in str(p[-2:]))):
        assert is_noticed(bound(changed(document, place, other(at(document, place))))), place
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
