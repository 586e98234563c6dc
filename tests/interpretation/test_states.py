"""Pairs of states of neighboring layers: found all at once, against each pair looked at alone."""

import itertools
from random import Random

import numpy as np
import pytest

from everyhow.interpretation.interpretation import completions
from everyhow.interpretation.states import in_order, step_to
from everyhow.verification.plain_interpretations import completions_of_gate


@pytest.mark.parametrize("values", [[], [1], [3], [2, 3, 2], [200, 300], [5, 70, 70, 3], [63] * 12])
def test_rows_are_numbered_in_order(values):
    """Of few values, of more than a table has room for, and of more than whole numbers of 64 bits tell apart."""
    generator = np.random.default_rng(len(values))
    few = generator.integers(0, values, size=(9, len(values)))
    for rows in (few, few[generator.integers(0, 9, 40)], few[:0]):
        first, number = in_order(rows, values)
        known = {}
        for k, row in enumerate(map(tuple, rows.tolist())):
            known.setdefault(row, k)
        assert first.tolist() == list(known.values())
        assert [first[k] for k in number] == [known[row] for row in map(tuple, rows.tolist())]


def gate_table(parents, reading, inputs):
    """The table of a gate, input by input."""
    table = ["-"] * (1 << len(parents))
    for k in range(inputs):
        row = sum((bits >> k & 1) << len(parents) - 1 - place for place, bits in enumerate(parents))
        table[row] = str(reading >> k & 1)
    return "".join(table)


@pytest.mark.parametrize("seed", range(60))
def test_steps_against_each_pair(seed):
    """Random readings of two layers: the pairs, their order, and the gates of each."""
    random = Random(seed)
    inputs, layer = random.choice([2, 4, 4, 5, 9]), random.choice([1, 2])
    readings = [
        [tuple(random.sample(range(1, (1 << inputs) - 1), random.randint(1, 2))) for _ in range(random.randint(1, 3))]
        for _ in range(2)
    ]
    before, own = readings
    # Some neurons are read as a parent is, so that there is something to find.
    own = [(*random.choice(before), *bits) if random.random() < 0.7 else bits for bits in own]
    parents = [sorted(random.sample(range(len(before)), random.randint(0, len(before)))) for _ in own]
    every = list(itertools.product(*(range(len(bits)) for bits in before)))
    states = np.array(random.sample(every, random.randint(1, len(every))))
    step = step_to(layer, states, before, parents, own, inputs)
    expected = []
    for k, state in enumerate(states.tolist()):
        for chosen in itertools.product(*(range(len(bits)) for bits in own)):
            read = [[before[p][state[p]] for p in columns] for columns in parents]
            bits = [own[j][c] for j, c in enumerate(chosen)]
            ways = [completions_of_gate(p, b, inputs, layer > 1) for p, b in zip(read, bits, strict=True)]
            if all(ways):
                tables = [gate_table(p, b, inputs) for p, b in zip(read, bits, strict=True)]
                assert [completions(table, layer) for table in tables] == ways
                expected.append((k, chosen, tables))
    found = list(zip(step.before.tolist(), map(tuple, step.states[step.after].tolist()), strict=True))
    assert found == [(k, chosen) for k, chosen, _ in expected]
    for j, gates in enumerate(step.gates_of_pairs):
        assert [step.tables[j][gate] for gate in gates] == [tables[j] for _, _, tables in expected]
    assert list(dict.fromkeys(step.after.tolist())) == list(range(len(step.states)))
