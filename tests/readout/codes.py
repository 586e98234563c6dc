"""What the tests of codes have in common."""

import everyhow as eh


def tables_of(explanation):
    """The signals in the polarity that is 0 at the first row, as a set of digit strings."""
    return frozenset(str(~t if t.bits & 1 else t) for t in explanation.signals)


def over_table(network):
    """What a network decides at the rows of the truth table."""
    return eh.Behavior.of_network(network, network.corners)
