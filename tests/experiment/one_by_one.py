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
        self._apart = {}

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

    def predicted(self, explanation, base, layers):
        """What an explanation reads in one patched run, and whether a variable that it reads is near halfway, so near
        that two routes may differ."""
        if isinstance(explanation, ReadoutExplanation):
            pattern, close = 0, False
            for r in explanation.readouts:
                v = r.coefficients @ layers[explanation.layer] + r.constant
                at_first = r.table.bits >> self.row(0) & 1
                bit = at_first if abs(v - 0.5) <= 1e-3 else int(v > 0.5)
                pattern, close = 2 * pattern + bit, close or abs(abs(v - 0.5) - 1e-3) < 1e-9
            return bool(explanation.gate.bits >> pattern & 1), close
        algorithm = explanation.algorithm
        root = algorithm.tree
        values, close = [], False
        for side, operand, negated in ((0, root.left, root.left_negated), (1, root.right, root.right_negated)):
            if hasattr(operand, "index"):
                values.append(bool(self.bits[base][operand.index]) != negated)
                continue
            k = next(k for k, v in enumerate(algorithm.variables) if v.path == (side,))
            bit, near = self._read(algorithm.variables[k], explanation.sets[k], layers)
            values.append(bit != negated)
            close = close or near
        return all(values) != algorithm.negated, close

    def _read(self, variable, place, layers):
        natural = self.states[place.layer][:, list(place.neurons)]
        read = layers[place.layer][list(place.neurons)]
        bits = [variable.bits >> self.row(k) & 1 for k in range(len(natural))]
        by_bit = {
            b: min(np.linalg.norm(read - n) for n, c in zip(natural, bits, strict=True) if c == b) for b in set(bits)
        }
        if len(by_bit) == 1:
            return bool(bits[0]), False
        apart = self._apart.get((variable, place))
        if apart is None:
            kinds = [[n for n, c in zip(natural, bits, strict=True) if c == b] for b in (0, 1)]
            apart = min(np.linalg.norm(m - n) for m, n in itertools.product(*kinds))
            self._apart[variable, place] = apart
        off = abs(by_bit[0] - by_bit[1])
        bit = bits[0] if off <= 2e-3 * apart else int(by_bit[1] < by_bit[0])
        return bool(bit), abs(off - 2e-3 * apart) < 1e-12

    def decides(self, layers):
        """The decision of the network in one run."""
        return bool(layers[-1][0] > self.network.threshold)

    def matrix(self, explanations):
        """Shares of predicted outcomes, one swap at a time."""
        matrix = []
        for p in explanations:
            row = [[] for _ in explanations]
            for base, sources in self.every_swap(parts_of(p)):
                layers = self.patched(p, base, sources)
                for k, q in enumerate(explanations):
                    row[k].append(self.predicted(q, base, layers)[0] == self.decides(layers))
            matrix.append([np.mean(r) for r in row])
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
