"""What decides between hypotheses: as between mappings, with codes and causal models, and made again by names."""

import itertools
import json

import numpy as np
import pytest

import everyhow as eh

from ..conftest import reference
from .stated import ALICE, BOB, adder, again


def test_as_between_mappings():
    """Two mappings, as hypotheses, differ at the experiment at which they differ as mappings."""
    network = reference("xor-2-2-2-1-seed2")[1]
    mappings = [one for algorithm in eh.algorithms("XOR", depth=2) for one in eh.mappings(network, algorithm)]
    for one, other in itertools.permutations(mappings, 2):
        found = eh.decide(network, eh.hypothesis(one), eh.hypothesis(other))
        wanted = eh.decide_between(network, one, other)
        assert found.dispute.family == wanted.family
        assert (found.dispute.experiment is None) == (wanted.experiment is None)
        if wanted.experiment is not None:
            assert found.dispute.experiment.setting == wanted.experiment.setting
            assert found.refuted == wanted.experiment.wrong
    assert len(mappings) == 4


def test_alice_and_bob():
    """Word for word; in the other order it is the same experiment."""
    alice, bob = eh.hypothesis(*ALICE), eh.hypothesis(*BOB)
    found = eh.decide(eh.xornet(), alice, bob)
    assert found.lines[2] == (
        "On input 11, give the code h1.0 - h1.2 its value from input 10 (AND(A,¬B) of the second): the first says 0, "
        "the second 1, the network 1. The first is refuted."
    )
    # The run by the formula of the least change that moves the one code and not the other.
    network, codes = eh.xornet(), np.array([[1.0, 0.0, -1.0], [0.0, 1.0, -1.0]])
    base, source = network.states([[1, 1]])[1][0], network.states([[1, 0]])[1][0]
    state = base + np.linalg.lstsq(codes, np.array([codes[0] @ (source - base), 0.0]), rcond=None)[0]
    decided = network.run([[1, 1]], patch={f"h1.{j}": value for j, value in enumerate(state)})[0, 0] > 0.5
    assert decided == found.dispute.experiment.outcome
    turned = eh.decide(eh.xornet(), bob, alice)
    assert turned.patch == found.patch and (found.refuted, turned.refuted) == (0, 1)
    document = json.loads(json.dumps(found.document()))
    assert document["refuted"] == "first" and document["experiment"]["decided"] is True


def test_the_experiment_made_again():
    """What the network decides is what a run with named neurons decides."""
    network = reference("xor-2-2-2-1-seed2")[1]
    one = eh.hypothesis(ALICE[0], {"OR(A,B)": "h2.1", "NAND(A,B)": "h2.0"})
    other = eh.hypothesis(ALICE[0], {"OR(A,B)": "h2.1", "NAND(A,B)": "h1.0"})
    found = eh.decide(network, one, other)
    experiment = found.dispute.experiment
    assert experiment is not None

    class Run:
        base, patch = experiment.setting["base"], found.patch

    assert again(network, Run) == experiment.outcome


def test_nothing_decides():
    bob = eh.hypothesis(*BOB)
    found = eh.decide(eh.xornet(), bob, bob)
    assert found.refuted is None and found.document()["experiment"] is None
    assert found.lines[2].startswith("No experiment decides between them, of all interchanges of either")


def test_causal_models_of_three_values():
    """A sum in all three neurons against Alice's formula."""
    found = eh.decide(eh.xornet(), eh.hypothesis(adder(), {"sum": "h1.0 + h1.1 + h1.2"}), eh.hypothesis(*ALICE))
    experiment = found.dispute.experiment
    assert experiment is None or experiment.predicted[0] != experiment.predicted[1]


def test_what_does_not_fit():
    alice = eh.hypothesis(*ALICE)
    with pytest.raises(eh.InputError, match=r"the second hypothesis has no place yet for OR\(A,B\); test it first"):
        eh.decide(eh.xornet(), alice, eh.hypothesis(ALICE[0], {"OR(A,B)": "?", "NAND(A,B)": "h1.2"}))
    with pytest.raises(eh.InputError, match=r"give the path of a \.toml file, or make one"):
        eh.decide(eh.xornet(), alice, "alice")
