"""Every algorithm, and the price of every formula, in the slow, obvious way (see `plain`).

A tree is an input's index, or (left, negated, right, negated): the AND of its two operands, each negated or not. A
variable of a tree is the path from the root to an inner node: 0 for the left operand, 1 for the right.
"""

import itertools

import numpy as np

from . import plain


def trees(inputs, depth):
    """Every algorithm of depth at most `depth`: an AND of two different smaller trees, each negated or not. OR is the
    negation of an AND of negations."""
    level = list(range(inputs))
    for _ in range(depth):
        level = list(range(inputs)) + [
            (left, a, right, b)
            for left, right in itertools.combinations(level, 2)
            for a in (False, True)
            for b in (False, True)
        ]
    return [tree for tree in level if not isinstance(tree, int)]


def value(tree, points, forced=None, path=()):
    """What the tree computes at each point, (points,), with the nodes at the paths in `forced` held at given values."""
    if forced is not None and path in forced:
        return forced[path]
    if isinstance(tree, int):
        # Bits are what they are; of the rows of a truth table, the last one has every input 1.
        return points[:, tree] if points.dtype == bool else points[:, tree] == points[-1, tree]
    left, a, right, b = tree
    return (value(left, points, forced, (*path, 0)) ^ a) & (value(right, points, forced, (*path, 1)) ^ b)


def computing(inputs, depth, wanted):
    """The trees that compute `wanted` up to complement, each with whether the tree computes the complement."""
    points = plain.rows(inputs)
    for tree in trees(inputs, depth):
        found = value(tree, points)
        if (found == wanted).all() or (found != wanted).all():
            yield tree, bool((found != wanted).any())


def is_irredundant(tree, points):
    """Whether no node of the tree computes a constant, or one of its operands, or the negation of one."""
    if isinstance(tree, int):
        return True
    own = value(tree, points)
    if own.all() or not own.any():
        return False
    for operand in (tree[0], tree[2]):
        found = value(operand, points)
        if (own == found).all() or (own != found).all():
            return False
    return is_irredundant(tree[0], points) and is_irredundant(tree[2], points)


def variables(tree, path=()):
    """The paths of the tree's variables: its inner nodes other than the root, in preorder."""
    if isinstance(tree, int):
        return
    if path:
        yield path
    yield from variables(tree[0], (*path, 0))
    yield from variables(tree[2], (*path, 1))


def node(tree, path):
    """The part of the tree at a path."""
    for step in path:
        tree = tree[2 * step]
    return tree


def cheapest_formulas(inputs, gates, negation, rounds):
    """The price of every function by formulas of at most so many gates in a row, by trying everything."""
    columns = list(itertools.product([0, 1], repeat=inputs))
    price = {tuple(c[i] for c in columns): 0.0 for i in range(inputs)}
    price |= {(0,) * len(columns): 0.0, (1,) * len(columns): 0.0}
    for _ in range(rounds):
        found = dict(price)
        for f, cost in price.items():
            flipped = tuple(1 - v for v in f)
            found[flipped] = min(found.get(flipped, np.inf), cost + negation)
            for g, other in price.items():
                for table, gate_price in gates:
                    result = tuple(table[2 * a + b] for a, b in zip(f, g, strict=True))
                    found[result] = min(found.get(result, np.inf), cost + other + gate_price)
        if found == price:
            break
        price = found
    return price
