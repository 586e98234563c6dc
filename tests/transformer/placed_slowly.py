"""Places of variables in transformers, signatures and rungs by loops, one run for each interchange."""

import itertools
from functools import cached_property

import numpy as np

from everyhow.verification import plain, plain_algorithms


def normed(norm, x):
    """A norm of each position."""
    if norm is None:
        return x
    centered = x if norm.rms else x - x.mean(axis=1, keepdims=True)
    scaled = centered / np.sqrt((centered**2).mean(axis=1, keepdims=True) + norm.eps) * norm.w
    return scaled if norm.b is None else scaled + norm.b


def run_with(model, row, held):
    """What every component writes in one run, by name, and `logits` all logits, (positions, numbers) each; components
    in `held` write what it says. Activations are relu and silu."""
    found, bias = {"input": model.W_E[row] + model.W_pos}, 0.0
    for k, layer in enumerate(model.layers):
        a, x = layer.attention, normed(layer.ln1, bias + sum(found.values()))
        heads = {}
        for h in range(len(a.W_Q)):
            q, key, v = (x @ W[h] + b[h] for W, b in ((a.W_Q, a.b_Q), (a.W_K, a.b_K), (a.W_V, a.b_V)))
            scores = q @ key.T / np.sqrt(q.shape[1])
            seen = np.tri(len(row)) > 0 if model.causal else scores == scores
            scores = np.where(seen, scores, -np.inf)
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            heads[f"a{k}.h{h}"] = scores / scores.sum(axis=1, keepdims=True) @ v @ a.W_O[h]
        found |= {name: held.get(name, wrote) for name, wrote in heads.items()}
        bias = bias + a.b_O
        if layer.mlp is not None:
            inner = normed(layer.ln2, bias + sum(found.values())) @ layer.mlp.W_in + layer.mlp.b_in
            acted = np.maximum(inner, 0) if model.activation == "relu" else inner / (1 + np.exp(-inner))
            found[f"m{k}"] = held.get(f"m{k}", acted @ layer.mlp.W_out + layer.mlp.b_out)
    found["logits"] = normed(model.ln_final, bias + sum(found.values())) @ model.W_U + model.b_U
    return found


class PlacedSlowly:
    """A transformer that answers with a class at its last position, over some rows, with bits known of each where these
    are asked for.

    A place is a tuple of names of heads and MLPs, in the order of the transformer. A tree is that of
    `plain_algorithms`, whose variables are told by their paths.
    """

    def __init__(self, model, rows, bits=None):
        self.model, self.rows, self.bits = model, [list(map(int, row)) for row in rows], bits
        self.order = range(len(self.rows))
        # A head of layer l is in stage 2l, its MLP in stage 2l + 1.
        self.stages = {}
        for k, layer in enumerate(model.layers):
            self.stages |= {f"a{k}.h{h}": 2 * k for h in range(layer.attention.heads)}
            self.stages |= {f"m{k}": 2 * k + 1} if layer.mlp is not None else {}

    @cached_property
    def natural(self):
        """What every node writes in each row."""
        return [run_with(self.model, row, {}) for row in self.rows]

    def decided(self, base, held):
        """Which class is chosen at a row, by its number among those that are read, while some components write
        something else; of equal logits the first is taken."""
        return int(run_with(self.model, self.rows[base], held)["logits"][-1][list(self.model.classes)].argmax())

    @cached_property
    def decisions(self):
        """What the transformer itself decides in each row."""
        return [self.decided(base, {}) for base in self.order]

    def taken(self, place, source):
        """What the components of a place write in a row."""
        return {name: self.natural[source][name] for name in place}

    @property
    def places(self):
        """Every non-empty set of heads and MLPs."""
        return [place for place in plain.subsets(self.stages) if place]

    def signature(self, place):
        """decision[source][base] while a place takes its values from the source."""
        return [[self.decided(base, self.taken(place, source)) for base in self.order] for source in self.order]

    def value(self, tree, forced=None):
        """What a tree gives at each row, with variables held at bits."""
        held = {path: np.full(len(self.rows), bit) for path, bit in (forced or {}).items()}
        return plain_algorithms.value(tree, self.bits, held).tolist()

    def own(self, tree, path, source):
        """The value of a variable at a row."""
        return self.value(plain_algorithms.node(tree, path))[source]

    def is_aligned(self, tree, negated, path, table):
        """Whether the signature `table` is that of a place that carries a variable."""
        for source in self.order:
            expected = self.value(tree, {path: self.own(tree, path, source)})
            if [bit ^ negated for bit in expected] != table[source]:
                return False
        return True

    def mappings(self, tree, negated, tables):
        """All minimal mappings: disjoint aligned places, less those that hold another such mapping inside."""
        aligned = [
            [place for place, table in tables.items() if self.is_aligned(tree, negated, path, table)]
            for path in plain_algorithms.variables(tree)
        ]
        return minimal_choices(aligned)

    def is_ordered(self, tree, mapping):
        """Whether every component of a variable comes in an earlier stage than every one of the variable that uses
        it."""
        placed = dict(zip(plain_algorithms.variables(tree), mapping, strict=True))
        return all(
            self.stages[one] < self.stages[other]
            for path, place in placed.items()
            if path[:-1] in placed
            for one in place
            for other in placed[path[:-1]]
        )

    def forcings(self, tree, mapping):
        """Every set of variables with every choice of a source for each: the values forced, what is held, and which."""
        paths = list(plain_algorithms.variables(tree))
        for forced in plain.subsets(range(len(paths))):
            for sources in itertools.product(self.order, repeat=len(forced)):
                values, held = {}, {}
                for v, source in zip(forced, sources, strict=True):
                    values[paths[v]] = self.own(tree, paths[v], source)
                    held |= self.taken(mapping[v], source)
                yield forced, values, held

    def is_joint(self, tree, negated, mapping):
        """Whether the two agree at every base, whatever variables are forced together."""
        for _, values, held in self.forcings(tree, mapping):
            expected = self.value(tree, values)
            for base in self.order:
                if self.decided(base, held) != expected[base] ^ negated:
                    return False
        return True

    def is_inert(self, tree, mapping):
        """Whether the decision stays that of the base when all components of the mapping write what they write there
        and everything else, the input included, is that of a row which agrees in the inputs that the root reads
        directly."""
        leaves = [operand for operand in (tree[0], tree[2]) if isinstance(operand, int)]
        mapped = [name for place in mapping for name in place]
        if not mapped:
            return True
        for base, source in itertools.product(self.order, repeat=2):
            agree = all(self.bits[base, leaf] == self.bits[source, leaf] for leaf in leaves)
            if agree and self.decided(source, self.taken(mapped, base)) != self.decisions[base]:
                return False
        return True

    def is_transitive(self, tree, negated, mapping):
        """Whether the components of every other variable, as forced variables leave them at any row, act at every base
        as the value that the algorithm then gives that variable."""
        paths = list(plain_algorithms.variables(tree))
        for forced, values, held in self.forcings(tree, mapping):
            for v in set(range(len(paths))) - set(forced):
                for at in self.order:
                    shown = {path: np.array([value]) for path, value in values.items()}
                    part = plain_algorithms.node(tree, paths[v])
                    given = plain_algorithms.value(part, self.bits[[at]], shown, paths[v]).item()
                    left = run_with(self.model, self.rows[at], held)
                    expected = self.value(tree, {paths[v]: given})
                    for base in self.order:
                        if self.decided(base, {name: left[name] for name in mapping[v]}) != expected[base] ^ negated:
                            return False
        return True


def minimal_choices(options):
    """Every choice of disjoint places, one for each variable, in which no other such choice lies."""
    found = [
        choice
        for choice in itertools.product(*options)
        if all(not set(a) & set(b) for a, b in itertools.combinations(choice, 2))
    ]

    def inside(one, other):
        return all(set(a) <= set(b) for a, b in zip(one, other, strict=True))

    return [one for one in found if not any(other != one and inside(other, one) for other in found)]
