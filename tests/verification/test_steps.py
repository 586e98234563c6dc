"""Networks whose neurons lie on the jump of their step at a row or at a fitted sum: the audit does not let rounding
decide what passes, so that `verify` finds the same."""

import itertools
from pathlib import Path

import numpy as np
import pytest

import everyhow as eh
from everyhow.verification.verify import verify_document

from .changes import stored

# Shapes, with what the networks are asked to compute.
SHAPES = {(2, 2, 1): "XOR", (2, 3, 1): "XOR", (2, 2, 2, 1): "XOR", (2, 2, 2): "XOR,AND"}


def whole_networks(widths, number):
    """Random networks of small whole numbers, most of whose neurons step; sums that are 0 are common among them."""
    rng = np.random.default_rng(sum(widths))
    for _ in range(number):
        names = rng.choice(["step", "step", "sign", "relu"], len(widths) - 1).tolist()
        names[-1] = ("step", "step", "sign", "identity")[rng.integers(4)]
        weights = [rng.integers(-2, 3, (after, before)) for before, after in itertools.pairwise(widths)]
        biases = [rng.integers(-1, 2, after) for after in widths[1:]]
        yield eh.Network(weights, [*biases[:-1], np.zeros(widths[-1])], names, threshold=0.5)


@pytest.mark.parametrize("tolerance", [1e-3, 0.3])
@pytest.mark.parametrize("widths", SHAPES)
def test_audit_and_verify_agree(widths, tolerance):
    """Of whole numbers circuits are counted without rounding; signals are fitted with it, and nothing hangs on it."""
    on_a_jump = 0
    for network in whole_networks(widths, 8):
        document = stored(eh.audit(network, SHAPES[widths], tolerance=tolerance, depth=1))
        found = verify_document(document, Path("audit.json"))
        assert found.agrees, (network, [check for check in found.checks if not check.agrees])
        assert not any("further than the slow methods" in said for said in found.unchecked)
        on_a_jump += any("jump" in text for part in document.get("outputs", [document]) for text in part["capped"])
    assert on_a_jump >= 3
