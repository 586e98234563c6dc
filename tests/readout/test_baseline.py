"""What codes are worth: those of any layer with as many independent neurons, and what disturbances they endure."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.readout.findings import examine_readouts
from everyhow.readout.readout import readable_signals
from everyhow.verification import plain_readouts

from ..conftest import reference
from ..strategies import networks
from .codes import over_table, tables_of


def is_read_right(readout, states, bits, share):
    """Whether a code is above 1/2 exactly at the inputs of the signal, wherever every neuron is moved up or down by a
    share of its range: corner by corner."""
    ranges = states.max(axis=0) - states.min(axis=0)
    for signs in itertools.product([-share, share], repeat=len(ranges)):
        moved = (states + np.array(signs) * ranges) @ readout.coefficients + readout.constant
        if ((moved > 0.5) != bits).any():
            return False
    return True


@given(networks(inputs=(1, 2)), st.data())
def test_what_a_code_endures(network, data):
    """A code is read right at every corner up to that share, and wrong at one of them beyond it."""
    signals = readable_signals(network, data.draw(st.integers(1, network.depth - 1)))
    for readout in (signals[k] for k in range(len(signals))):
        bits = np.array([readout.table.bits >> row & 1 for row in range(len(signals.states))], bool)
        assert readout.endures <= 0.5 + 1e-9
        assert is_read_right(readout, signals.states, bits, 0.999 * readout.endures)
        assert not is_read_right(readout, signals.states, bits, 1.001 * readout.endures + 1e-6)
        assert readout.complement().endures == readout.endures


def any_layer(rank, rng):
    """The signals and the exact sets of signals of a layer with so many neurons, whose activations at 4 inputs and
    whose weights to the next one are drawn at random."""
    states = rng.normal(size=(4, rank))
    received = states @ rng.normal(size=(rank, 3))
    readable = [s for s in plain_readouts.signals(2) if plain_readouts.is_readable(states, s, 1e-6)]
    exact = set()
    for size in (1, 2, 3):
        for chosen in itertools.combinations(readable, size):
            fitted, _ = plain_readouts.best_fit([np.array(s, float) for s in chosen], received)
            if plain_readouts.relative_residual(fitted, received) < 1e-6:
                exact.add(frozenset("".join(map(str, s)) for s in chosen))
    return len(readable), exact


def test_what_any_layer_has():
    """Exact sets are above the baseline unless random layers of the same rank have them all, and these read as many
    signals as the baseline says."""
    rng, above, below = np.random.default_rng(0), 0, 0
    for name in (
        "xor-2-3-3-1-seed2",
        "xor-2-2-2-1-seed2",
        "xor-2-3-3-1-seed0",
        "authors-xor-2-4-4-1-seed0",
        "xor-2-4-1-seed0",
    ):
        _, network = reference(name)
        for layer in range(1, network.depth):
            found = eh.readouts(network, layer)
            random = [any_layer(found.signals.rank, rng) for _ in range(3)]
            assert {number for number, _ in random} == {found.signals.baseline}
            anywhere = frozenset.intersection(*(frozenset(exact) for _, exact in random))
            exact = {tables_of(one) for one in found.explanations("exact")}
            kept = {tables_of(one) for one in found.explanations("above_baseline")}
            assert kept == exact - anywhere
            above, below = above + len(kept), below + len(exact - kept)
    assert above > 5 and below > 50


def test_bounded():
    """Of those above the baseline the ones all of whose codes endure the disturbance; at the very share that a code
    endures it is read as 1/2, which is wrong."""
    network = eh.xornet(1000)
    kept = {str(one): one.endures for one in eh.readouts(network).explanations("above_baseline")}
    assert {name: round(share, 9) for name, share in kept.items()} == {
        "XOR(A,B)": 0.125, "AND(NAND(A,B), OR(A,B))": 0.166666667, "OR(AND(A,¬B), AND(¬A,B))": 0.25,
    }  # fmt: skip
    for share, left in [(0.05, 3), (0.1249, 3), (0.125, 2), (0.2, 1), (0.25, 0)]:
        found = eh.readouts(network, disturbance=share)
        assert [str(one) for one in found.explanations("bounded")] == list(kept)[3 - left :]
        assert found.survivors["bounded"] == left
    for wrong in (0, 0.5, -0.1, True, "5%", float("nan")):
        with pytest.raises(eh.InputError, match="it is the share of its range by which every neuron is moved, above 0"):
            eh.readouts(network, disturbance=wrong)


def test_codes_that_any_layer_has_are_told_in_one_line():
    """They are not compared, they are not the verdict, and the report says whose they are."""
    _, network = reference("xor-2-3-3-1-seed0")
    found = eh.audit(network, "XOR").findings
    for layer in found.readouts.layers:
        assert layer.vacuous and layer.strictest is None and layer.survivors["exact"] == 29
        assert (layer.verdict.status, layer.verdict.criterion) == ("none valid", "above_baseline")
        assert layer.verdict.reason == "all that are exact are there in any layer with 3 independent neurons"
    assert list(found.readouts.strictest()) == []
    (layer,) = examine_readouts(eh.xornet(), over_table(eh.xornet()), 1e-3, None, eh.CostModel(), 10**10).layers
    assert not layer.vacuous and layer.bounded == 7
