"""Signatures over any inputs, and mappings of algorithms over features of them."""

import itertools

import numpy as np

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.mapping.features import checked_features, observed_mappings
from everyhow.mapping.signatures import signatures
from everyhow.verification import plain


def test_mappings_over_features(xor):
    """With the inputs themselves as features, and the rows of the truth table as data, mappings are those of a task;
    data that are rows seen twice, slightly moved, leave no others."""
    points = assignments(2)
    moved = np.concatenate([points, points + 1e-9])
    behavior = eh.Behavior.of_network(xor, moved)
    rows = checked_features(np.concatenate([points, points]), behavior)
    found = signatures(xor, moved)
    for algorithm in eh.algorithms("XOR", 3):
        expected = {mapping.sets for mapping in eh.mappings(xor, algorithm)}
        assert {mapping.sets for mapping in observed_mappings(found, algorithm, behavior, rows)} == expected


def test_signatures_over_many_inputs(xor):
    """Rows longer than a machine number are the same bits."""
    points = np.random.default_rng(0).normal(size=(70, 2))
    found = signatures(xor, points)
    for neurons, rows in itertools.islice(found.items(), 5):
        table = plain.signature(xor, points, (neurons.layer, neurons.neurons))
        assert [[row >> base & 1 for base in range(70)] for row in rows] == table.astype(int).tolist()
        assert found.of(neurons) == rows
