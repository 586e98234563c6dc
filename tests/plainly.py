"""What turns values of the library into those of the plain methods (`verification/plain.py` and the files that it
names) and back, so that tests compare the two."""

from everyhow.model.circuit import Circuit
from everyhow.verification import plain_circuits, plain_mappings


def as_circuit(network, parents):
    """The library's circuit of a plain one, with the bits of the network's graph."""
    return Circuit.of_edges(network.graph, plain_circuits.edges(parents))


def all_circuits(network):
    """Every circuit of a network, as the plain methods list them one by one."""
    return [as_circuit(network, parents) for parents in plain_circuits.all_circuits(network.weights)]


def plain_circuit(circuit):
    """The plain circuit of a library's: for every layer the parents of each neuron."""
    return tuple(
        tuple(circuit.parents(layer, j) for j in range(width))
        for layer, width in enumerate(circuit.widths)
        if layer > 0
    )


def plain_tree(tree):
    """The plain tree of an algorithm's, operands in the same order."""
    if hasattr(tree, "index"):
        return tree.index
    return plain_tree(tree.left), tree.left_negated, plain_tree(tree.right), tree.right_negated


def canonical_tree(tree):
    """A plain tree with the operands of every gate in an order of their own, so that two trees that differ in the
    order of operands only become equal."""
    if isinstance(tree, int):
        return tree
    operands = sorted([(canonical_tree(tree[0]), tree[1]), (canonical_tree(tree[2]), tree[3])], key=repr)
    return (*operands[0], *operands[1])


def mapping_key(tree, sets):
    """A text that is the same for two mappings exactly when their trees differ in the order of operands only and each
    variable, by its path, sits in the same set; so it does not matter in which order a route lists operands."""

    def walk(tree, path):
        if isinstance(tree, int):
            return tree
        operands = [(walk(tree[0], (*path, 0)), tree[1]), (walk(tree[2], (*path, 1)), tree[3])]
        return (sets.get(path), *sorted(operands, key=repr))

    return repr(walk(tree, ()))


def plain_sets(placed):
    """The neuron sets of a mapping or a placement, variable by variable."""
    return [(neurons.layer, neurons.neurons) for neurons in placed.sets]


def plain_mapping(mapping):
    """A mapping as the plain methods take it: tree, complement, and the set of each variable."""
    return plain_tree(mapping.algorithm.tree), mapping.algorithm.negated, plain_sets(mapping)


def signature_tables(network, points):
    """The signature of every neuron set, one intervention at a time."""
    return {
        neurons: plain_mappings.signature(network, points, neurons) for neurons in plain_mappings.neuron_sets(network)
    }


def agrees(count, expected):
    """Whether a count is right, or brackets the number that rounding happens to give when it is not certified."""
    low, high = count.between
    return low <= expected <= high and (not count.certified or low == high)
