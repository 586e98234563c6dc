"""What a mapping of heads and MLPs says of interchanges of another, one run at a time."""

import itertools

import numpy as np

from everyhow.verification import plain_algorithms

from .placed_slowly import run_with


class SwappedSlowly:
    """Two trees with their places in one transformer, and every interchange of both.

    Attributes:
        slow: a `PlacedSlowly`, with the bits known of each row.
        trees: each a tree of `plain_algorithms`, and whether it is negated.
        places: for each tree, by the paths of its variables, the names of heads and MLPs.
    """

    def __init__(self, slow, trees, places):
        self.slow, self.trees, self.places = slow, trees, places

    def runs(self, of):
        """Every base, with every choice for each variable of one tree of a source or none."""
        paths = list(self.places[of])
        for choice in itertools.product([None, *self.slow.order], repeat=len(paths)):
            for base in self.slow.order:
                yield base, {path: source for path, source in zip(paths, choice, strict=True) if source is not None}

    def made(self, of, base, sources):
        """What every component writes in a run, and what is decided."""
        held = {}
        for path, source in sources.items():
            held |= self.slow.taken(self.places[of][path], source)
        wrote = run_with(self.slow.model, self.slow.rows[base], held)
        logits = wrote["logits"][-1][list(self.slow.model.classes)]
        return wrote, bool(logits[1] > logits[0])

    def says(self, one, of, base, sources, wrote):
        """What one says of a run in which variables of either are moved: a decision, or None; and whether it reads a
        variable halfway between two values."""
        tree, negated = self.trees[one]
        values, halfway = {}, False
        own = {name for place in self.places[one].values() for name in place}
        for path in sources:
            moved = self.places[of][path]
            for stage in {self.slow.stages[name] for name in moved}:
                if not any(name in own and self.slow.stages[name] == stage for name in moved):
                    return None, False
        everything = {name: sources[path] for path in sources for name in self.places[of][path]}
        first = min((self.slow.stages[name] for name in everything), default=None)
        for path, place in self.places[one].items():
            natural = [self.slow.own(tree, path, k) for k in self.slow.order]
            if one == of:
                if path in sources:
                    values[path] = natural[sources[path]]
                continue
            if not any(name in everything for name in place):
                continue
            origins = {everything.get(name, base if self.slow.stages[name] <= first else None) for name in place}
            if len(origins) == 1 and None not in origins:
                values[path] = natural[origins.pop()]
                continue
            away = [
                np.sqrt(sum(((wrote[name] - self.slow.natural[k][name]) ** 2).sum() for name in place))
                for k in self.slow.order
            ]
            nearest = {bit: min(d for d, other in zip(away, natural, strict=True) if other == bit) for bit in natural}
            between = len(nearest) == 2 and abs(nearest[0] - nearest[1]) <= 2e-3 * self._apart(place, natural)
            values[path] = natural[0] if between else min(nearest, key=nearest.get)
            halfway = halfway or between
        decided = plain_algorithms.value(tree, self.slow.bits[[base]], {p: np.array([v]) for p, v in values.items()})
        return bool(decided.item()) != negated, halfway

    def _apart(self, place, natural):
        """The least distance between states of two values."""
        return min(
            np.sqrt(sum(((self.slow.natural[a][name] - self.slow.natural[b][name]) ** 2).sum() for name in place))
            for a, b in itertools.combinations(self.slow.order, 2)
            if natural[a] != natural[b]
        )
