"""Mappings as the released code tests them."""

import everyhow as eh
from everyhow.authors.mappings import bases_tested, released_mappings
from everyhow.boolean.truth_table import assignments
from everyhow.mapping.signatures import signatures

from ..conftest import reference


def test_released_pairs():
    """Of the ordered pairs the released code tests those whose source comes first."""
    assert sum(bases.bit_count() for bases in bases_tested(2, "AB")) == 6
    assert [format(b, "04b") for b in bases_tested(2, "BA")] == ["1110", "1000", "1010", "0000"]
    assert sum(bases.bit_count() for bases in bases_tested(3, "CAB")) == 28


def test_pair_order_changes_what_is_tested():
    """With the other order other pairs are tested, so that the counts may differ; exchanging the network's inputs
    along with the order leaves them unchanged."""
    from everyhow.authors.formulas import released_formulas

    (table,) = eh.parse_task("XOR").tables
    formulas = list(released_formulas(table, 3))
    for name in ("xor-2-3-3-1-seed2", "xor-2-3-3-1-seed4", "xor-2-2-2-1-seed2"):
        _, network = reference(name)
        swapped = eh.Network((network.weights[0][:, ::-1], *network.weights[1:]), network.biases, network.activations)
        found = released_mappings(signatures(network, assignments(2)), formulas, 2, "AB")
        other = released_mappings(signatures(swapped, assignments(2)), formulas, 2, "BA")
        simple = [text for text in found if len(text) < 18]
        assert {text: found[text] for text in simple} == {text: other.get(text) for text in simple}
