"""Interchanges and resampled edges made one run at a time, at the rows of a truth table or at points of data."""

import itertools

import numpy as np

from everyhow.readout.explanation import ReadoutExplanation
from everyhow.verification import plain, plain_readouts


class Ground:
    """A network, the inputs between which variables are swapped, and the bits known of each; the truth table when no
    points are given."""

    def __init__(self, network, points=None, bits=None):
        self.network = network
        self.points = np.asarray(plain.corners(network) if points is None else points, float)
        self.bits = np.array(plain.rows(network.widths[0]) if bits is None else bits).astype(int)
        self.states = plain.run(network, self.points)
        self._apart, self._known = {}, {}

    def _once(self, what, *key, made):
        """What is the same in every run, made once."""
        if (what, *key) not in self._known:
            self._known[what, *key] = made()
        return self._known[what, *key]

    def row(self, k):
        """The row of a truth table that the bits of an input are."""
        return int("".join(map(str, self.bits[k])), 2)

    def every_swap(self, variables):
        """Every base, with every choice for each variable of a source or none."""
        inputs = range(len(self.points))
        for choice in itertools.product([None, *inputs], repeat=variables):
            for base in inputs:
                yield base, {k: source for k, source in enumerate(choice) if source is not None}

    def patched(self, explanation, base, sources, held=()):
        """All layers after one swap."""
        names = zip(self.network.weights, self.network.biases, self.network.activations, strict=True)
        if isinstance(explanation, ReadoutExplanation):
            codes = [r.coefficients for r in explanation.readouts]
            new = plain_readouts.swapped(self.states[explanation.layer], codes, base, sources, held)
            holds = {(explanation.layer, j): v for j, v in enumerate(new)}
        else:
            holds = {
                (explanation.sets[k].layer, j): self.states[explanation.sets[k].layer][source, j]
                for k, source in sources.items()
                for j in explanation.sets[k].neurons
            }
        layers = [self.points[base]]
        for layer, (w, b, name) in enumerate(names, start=1):
            state = np.array(plain.activate(name, w @ layers[-1] + b))
            for (where, j), v in holds.items():
                if where == layer:
                    state[j] = v
            layers.append(state)
        return layers

    def foreseen(self, one, own, base, sources, layers):
        """What one explanation says of one run in which another, or itself, moves variables: the decision (None where
        it says nothing), whether a variable reads halfway, whether one is read in a state that no input produces, and
        whether a reading is so near halfway that two routes may differ."""
        held, halfway, strange, close = {}, False, False, False
        for k, source in sources.items():
            met = [k] if one is own else self._once("met", one, own, k, made=lambda k=k: self._met(one, own, k))
            if not met:
                return None, False, False, False
            for u in met:
                bits = self.values(one, u)
                if one is own:
                    held[u] = bits[source]
                    continue
                whole = self._whole(one, u, own, base, sources)
                if whole is not None:
                    held[u] = bits[whole]
                    continue
                held[u], between, away, near = self._read(one, u, bits, layers)
                halfway, strange, close = halfway or between, strange or away, close or near
        return self._follows(one, base, held), halfway, strange, close

    def values(self, explanation, u):
        """A variable or a signal at every input."""
        return self._once("values", explanation, u, made=lambda: self._values(explanation, u))

    def _values(self, explanation, u):
        table = explanation.signals[u] if isinstance(explanation, ReadoutExplanation) else None
        bits = explanation.algorithm.variables[u].bits if table is None else table.bits
        return [bits >> self.row(k) & 1 for k in range(len(self.points))]

    def _follows(self, explanation, base, held):
        """What is decided at a base while some variables are held."""
        if isinstance(explanation, ReadoutExplanation):
            pattern = 0
            for u in range(len(explanation.signals)):
                pattern = 2 * pattern + int(held.get(u, self.values(explanation, u)[base]))
            return bool(explanation.gate.bits >> pattern & 1)
        paths = {v.path: bool(held[u]) for u, v in enumerate(explanation.algorithm.variables) if u in held}

        def value(node, path):
            if path in paths:
                return paths[path]
            if hasattr(node, "index"):
                return bool(self.bits[base][node.index])
            left = value(node.left, (*path, 0)) != node.left_negated
            return left and value(node.right, (*path, 1)) != node.right_negated

        return value(explanation.algorithm.tree, ()) != explanation.algorithm.negated

    @staticmethod
    def _moved(explanation, k):
        """The layer and the neurons that are moved with a variable."""
        if isinstance(explanation, ReadoutExplanation):
            way = np.abs(np.linalg.pinv(explanation.codes)[:, k])
            return explanation.layer, {j for j, size in enumerate(way) if size > 1e-9 * max(way)}
        return explanation.sets[k].layer, set(explanation.sets[k].neurons)

    def _met(self, one, own, k):
        """The variables of one explanation of whose carriers a part is moved."""
        layer, moved = self._moved(own, k)
        if isinstance(one, ReadoutExplanation):
            return [u for u, code in enumerate(one.codes) if layer == one.layer and any(code[j] for j in moved)]
        return [u for u, place in enumerate(one.sets) if place.layer == layer and moved & set(place.neurons)]

    def _whole(self, one, u, own, base, sources):
        """The one input that all which carries a variable is taken from in a run, if there is one."""
        if isinstance(one, ReadoutExplanation):
            same = isinstance(own, ReadoutExplanation) and own.layer == one.layer
            found = [s for k, s in sources.items() if same and (own.codes[k] == one.codes[u]).all()]
            return found[0] if found else None
        if isinstance(own, ReadoutExplanation):
            return None
        place, found = one.sets[u], set()
        for j in place.neurons:
            from_here = [s for k, s in sources.items() if own.sets[k].layer == place.layer and j in own.sets[k].neurons]
            first = place.layer == min(own.sets[k].layer for k in sources)
            found.add(from_here[0] if from_here else base if first else None)
        return found.pop() if len(found) == 1 else None

    def _read(self, one, u, bits, layers):
        """The value in the nearest natural state, the first input's where two are as near."""
        read = self._carried(one, u, layers)[1]
        natural = self._once(
            "natural", one, u,
            made=lambda: [self._carried(one, u, [s[k] for s in self.states])[1] for k in range(len(self.points))],
        )  # fmt: skip
        away = [np.linalg.norm(read - state) for state in natural]
        scale = max(1.0, max(np.abs(state).max() for state in natural))
        strange = min(away) > 1e-9 * scale
        by_bit = {b: min(d for d, c in zip(away, bits, strict=True) if c == b) for b in set(bits)}
        if len(by_bit) == 1:
            return bits[0], False, strange, False
        apart = self._apart.get((one, u))
        if apart is None:
            kinds = [[n for n, c in zip(natural, bits, strict=True) if c == b] for b in (0, 1)]
            apart = min(np.linalg.norm(m - n) for m, n in itertools.product(*kinds))
            self._apart[one, u] = apart
        off = abs(by_bit[0] - by_bit[1])
        halfway = off <= 2e-3 * apart
        near = abs(off - 2e-3 * apart) < 1e-9 * scale
        return bits[0] if halfway else int(by_bit[1] < by_bit[0]), halfway, strange, near

    @staticmethod
    def _carried(one, u, layers):
        """What carries a variable in one run."""
        if isinstance(one, ReadoutExplanation):
            return one.layer, np.array([one.codes[u] @ layers[one.layer]])
        place = one.sets[u]
        return place.layer, np.asarray(layers[place.layer])[list(place.neurons)]

    def decides(self, layers):
        """The decision of the network in one run."""
        return bool(layers[-1][0] > self.network.threshold)

    def matrix(self, explanations):
        """Shares of predicted outcomes, one swap at a time; NaN where nothing is said of what is moved."""
        matrix = []
        for p in explanations:
            row, told = [[] for _ in explanations], [parts_of(p) == 0] * len(explanations)
            for base, sources in self.every_swap(parts_of(p)):
                layers = self.patched(p, base, sources)
                for k, q in enumerate(explanations):
                    bit, *_ = self.foreseen(q, p, base, sources, layers)
                    if bit is not None:
                        row[k].append(bit == self.decides(layers))
                        told[k] = told[k] or bool(sources)
            matrix.append([np.mean(r) if says else np.nan for r, says in zip(row, told, strict=True)])
        return np.array(matrix)

    def with_edge(self, circuit, edge, base, source):
        """The decision when one edge carries what it carries at the source, everything outside a circuit being silent;
        and whether the output is so near the decision boundary that rounding may decide."""
        network, inside = self.network, set(circuit.edges) if circuit else None
        states = {}
        for row in (source, base):
            state = [self.points[row]]
            for layer, (w, b, name) in enumerate(
                zip(network.weights, network.biases, network.activations, strict=True), start=1
            ):
                z = np.array(b, float)
                for j, i in itertools.product(range(len(b)), range(w.shape[1])):
                    if inside is None or (layer, j, i) in inside:
                        swapped = row == base and (layer, j, i) == edge
                        z[j] += w[j, i] * (states[source][layer - 1][i] if swapped else state[-1][i])
                state.append(plain.activate(name, z))
            states.setdefault(row, state)
        output = state[-1][0]
        return bool(output > network.threshold), abs(output - network.threshold) < 1e-8


def parts_of(explanation):
    """How many variables or signals an explanation has."""
    return len(explanation.readouts if isinstance(explanation, ReadoutExplanation) else explanation.sets)
