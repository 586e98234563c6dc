"""How many circuits a network has, without listing them."""

from ..network import Network


def circuits_in_space(network: Network) -> int:
    """The number of circuits of `network`, inputs being allowed to stay unused.

    Counted layer by layer: how many ways there are below a set of used neurons, each with at least one parent and
    each parent used at least once; inclusion-exclusion over the parents that are left out removes the second rule.
    Cost: 2^width x 2^(next width) per layer.

    Example:
        >>> from everyhow import xornet
        >>> circuits_in_space(xornet())
        15
    """
    parent_sets = [
        [sum(1 << i for i in range(w.shape[1]) if w[j, i] != 0) for j in range(len(w))] for w in network.weights
    ]
    # ways[T]: edge sets below layer l that give exactly the neurons of T a parent and use all that they reach.
    ways = _products([(1 << parents.bit_count()) - 1 for parents in parent_sets[0]])
    for layer_parents in parent_sets[1:]:
        signed = _superset_differences(ways)
        following = [0] * (1 << len(layer_parents))
        for used, weight in enumerate(signed):
            if weight:
                choices = _products([(1 << (parents & used).bit_count()) - 1 for parents in layer_parents])
                following = [total + weight * choice for total, choice in zip(following, choices, strict=True)]
        ways = following
    return ways[-1]


def _products(factors: list[int]) -> list[int]:
    """For each set of indices, as bits, the product of its factors."""
    products = [1]
    for factor in factors:
        products += [factor * product for product in products]
    return products


def _superset_differences(values: list[int]) -> list[int]:
    """signed[U] = the sum over S containing U of (-1)^|S - U| values[S]."""
    signed = list(values)
    size = len(signed)
    bit = 1
    while bit < size:
        for subset in range(size):
            if not subset & bit:
                signed[subset] -= signed[subset | bit]
        bit <<= 1
    return signed
