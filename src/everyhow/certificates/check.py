# fmt: off
"""Confirms how many circuits of a network decide as wanted, by number of edges: `python check.py CERTIFICATE`

This file imports the standard library alone, nothing of everyhow. Line 1 of a certificate is the question, line 2 the
answer. Then comes a line for each prefix: the parents of every neuron before the last hidden layer. Given a prefix, an
output receives a sum of choices, one for each last hidden neuron: to be left out, or some parents and some outputs.
The choices of the first half of these neurons are rows, those of the second half columns. A circuit is a prefix, a row
and a column, in one way only. A condition says that a sum is above a limit. The limit is moved by 1e-9 either way.
Each row has a group. A group that is a number d: all columns break condition d, and no earlier one is broken by all.
Any other group is pairs k, m, one for each condition: the k columns of smallest sums break the condition, all but the
m smallest meet it, and columns between are too near to tell. Numbers are enclosed by (low, high), multiples of 2**-256
rounded outwards. Assumed: the C library's tanh, exp, expm1 and log1p are right to 2**-48. All else is exact."""
import gzip, hashlib, json, math, sys
from collections import Counter
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import product
from operator import and_, or_

# One; more than any sum; how far limits are moved; a half; the most points, layers or neurons of one; bytes.
ONE, FAR, SHIFT, HALF, MOST, BYTES = 1 << 256, 1 << 1156, Fraction(1, 10**9), Fraction(1, 2), 32, 1 << 26
ACTIVATIONS = {  # of a fraction, and never falling; what comes out is exact, or else a float
    "identity": lambda x: x, "relu": lambda x: max(x, 0), "relu6": lambda x: min(max(x, 0), 6), "tanh": math.tanh,
    "leaky_relu": lambda x, a=Fraction(0.01): x if x > 0 else a * x, "softsign": lambda x: x / (1 + abs(x)),
    "hardtanh": lambda x, a=-1, b=1: min(max(x, a), b), "sigmoid": lambda x, a=1: (1 + math.tanh(a * x / 2)) / 2,
    "hardsigmoid": lambda x, a=Fraction(1 / 6), b=Fraction(0.5): min(max(a * x + b, 0), 1),
    "softplus": lambda x, a=1: max(x, 0) + math.log1p(math.exp(-abs(a * x))) / a, "step": lambda x: int(x > 0),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "elu": lambda x, a=1: x if x > 0 else a * math.expm1(x), "sign": lambda x: (x > 0) - (x < 0)}

def insist(true, otherwise):
    if not true:
        raise ValueError(otherwise)
def enclosed(number):
    n, d = number.as_integer_ratio()
    return (n << 256) // d, -((-n << 256) // d)
def plus(numbers):
    return tuple(map(sum, zip(*numbers, strict=True)))
def times(number, x):
    n, d = number.as_integer_ratio()
    low, high = (n * x[0], n * x[1]) if n > 0 else (n * x[1], n * x[0])
    return low // d, -(-high // d)

@lru_cache(1 << 16)
def activated(name, x):
    (kind, *texts), ends = name.split(":"), []
    given = [Fraction(float(text)) for text in texts]
    insist(kind == "hardtanh" or min(given, default=0) >= 0, f"the activation {name} may fall")
    for end in {*x}:
        found = ACTIVATIONS[kind](Fraction(end, ONE), *given)
        low, high = enclosed(found)
        error = (ONE + abs(low)) >> 46 if type(found) is float else 0
        ends += low - error, high + error
    return min(ends), max(ends)

@lru_cache
def crossing(name, level, end):  # the smallest number at which the low (0) or high (1) end of an activation is above
    low, high = -FAR, FAR
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if activated(name, (middle, middle))[end] > level else (middle, high)
    return high

def bits(flags):
    return sum(1 << k for k, flag in enumerate(flags) if flag)
def subsets(mask):
    return [part for part in range(mask + 1) if part & ~mask == 0]
def sums(lists):  # of one of every list, in all ways; the first list varies slowest
    return reduce(lambda done, one: [a + b for a in done for b in one], lists, [0])
def beyond(order, cuts):  # for each cut: the columns beyond the first so many in an order, as bits
    marks, done, found = bytearray(len(order) // 8 + 1), 0, {}
    for cut in sorted(cuts):
        for c in order[done:cut]:
            marks[c >> 3] |= 1 << (c & 7)
        found[cut], done = ~int.from_bytes(marks, "little"), cut
    return found

class Question:
    def __init__(self, asked):
        keys = "certificate network decision level points weights wanted ablation weights biases activations"
        insist(" ".join([*asked, *asked["network"]]) == keys and asked["certificate"] == 1, f"its keys are not {keys}")
        self.asked, (self.weights, self.biases, self.names), points = asked, asked["network"].values(), asked["points"]
        self.last, self.half, self.output = len(self.weights) - 2, len(self.weights[-1][0]) // 2, self.weights[-1]
        insist([*map(len, self.weights)] == [*map(len, self.biases)] and len(self.names) == self.last + 2 > 1, "layers")
        insist(max(map(len, (points, self.names, *self.biases, *points))) <= MOST, f"it has more than {MOST} of a kind")
        # The parents that each neuron can have, and with them the outputs that each last hidden one can feed, as bits.
        self.available = [[bits(row) for row in layer] for layer in self.weights]
        self.hidden = [*zip(self.available[-2], map(bits, zip(*self.output, strict=True)), strict=True)]
        states = [[[enclosed(x) for x in point]] for point in points]  # then what layers of the whole network compute
        for k, known in product(range(len(self.weights)), states):
            known.append([self.neuron(k, j, 0, known[k], known[k]) for j in range(len(self.weights[k]))])
        shares = [Fraction(*weight.as_integer_ratio()) for weight in asked["weights"]]
        mean = [[times(1 / sum(shares), plus(map(times, shares, x))) for x in zip(*layer)] for layer in zip(*states)]
        carried = {"zero": [[[(0, 0)] * len(layer) for layer in mean]], "mean": [mean], "resample": states}
        # Scenarios: the inputs at a point, what removed edges carry in every layer, and the conditions.
        self.scenes = [(known[0], there, [*self.conditions(wanted)]) for there in carried[asked["ablation"]]
                       for known, wanted, _ in zip(states, asked["wanted"], shares, strict=True)]
        ways = [1 + ((1 << mask.bit_count()) - 1) * ((1 << fed.bit_count()) - 1) for mask, fed in self.hidden]
        rows, columns, n = math.prod(ways[:self.half]), math.prod(ways[self.half:]), sum(len(s[2]) for s in self.scenes)
        prefixes = 1 << sum(mask.bit_count() for layer in self.available[:-2] for mask in layer)
        insist(prefixes <= 1 << 18 and max(rows, columns) * n <= 1 << 22 and rows * columns * n <= 1 << 31 and
               rows * columns * n * prefixes <= 1 << 40, f"too large: {prefixes} prefixes of {rows} x {columns} x {n}")

    def neuron(self, k, j, parents, state, carried):  # of layer k + 1: from other neurons it receives what is carried
        sources = [x if parents >> i & 1 else there for i, (x, there) in enumerate(zip(state, carried, strict=True))]
        received = [times(w, x) for w, x in zip(self.weights[k][j], sources, strict=True)]
        return activated(self.names[k], plus([enclosed(self.biases[k][j]), *received]))

    def conditions(self, wanted):  # outputs with signs; the least sum that surely meets each, the greatest to break it
        decision, level = self.asked["decision"], Fraction(*self.asked["level"].as_integer_ratio())
        insist(len(wanted) == len(self.output) and {*wanted} <= {0, 1}, "the bits wanted do not fit the outputs")
        for o, bit in enumerate(wanted):
            for sign, edge in {"threshold": [(2 * bit - 1, level)], "argmax": [],
                               "round": [(1, bit - HALF), (-1, bit + HALF)]}[decision]:
                met = crossing(self.names[-1], enclosed(edge + SHIFT)[1], 0)
                broken = crossing(self.names[-1], enclosed(edge - SHIFT)[0], 1) - 1
                yield {o: sign}, *((met, broken) if sign > 0 else (-broken, -met))
            if decision == "argmax" and o != wanted.index(1):
                yield {wanted.index(1): 1, o: -1}, enclosed(SHIFT)[1], enclosed(-SHIFT)[0]

    def prefixes(self):  # and the neurons of each one's last layer; all have parents and, in layers before, children
        found = [([], 0)]
        for k, layer in enumerate(self.available[:-2]):
            found = [([*prefix, [*masks]], bits(masks)) for prefix, used in found
                     for masks in product(*(subsets(mask & used if k else mask) for mask in layer))
                     if any(masks) and (not k or reduce(or_, masks) == used)]
        return found

    @lru_cache(1 << 7)
    def sides(self, used):  # last hidden neurons' choices; rows' edges and used neurons; columns by the same, as bits
        choices = [[(0, 0), *product(subsets(m & (used or -1))[1:], subsets(f)[1:])] for m, f in self.hidden]
        rows, columns = ([(sum(m.bit_count() + fed.bit_count() for m, fed in side),
                           reduce(or_, (m | fed << MOST for m, fed in side), 0)) for side in product(*part)]
                         for part in (choices[:self.half], choices[self.half:]))
        needed = used | (1 << len(self.output)) - 1 << MOST
        using = {1 << i: bits(there >> i & 1 for _, there in columns) for i in range(2 * MOST) if needed >> i & 1}
        return choices, rows, using, {edges: bits(e == edges for e, _ in columns) for edges in {e for e, _ in columns}}

    def grid(self, prefix, choices):  # for each condition: rows, columns in order, their sums, limits as whole numbers
        for state, carried, conditions in self.scenes:
            for k, masks in enumerate(prefix):
                state = [self.neuron(k, j, mask, state, carried[k]) for j, mask in enumerate(masks)]
            values = [{mask: self.neuron(self.last, j, mask, state, carried[-3]) for mask, _ in one}
                      for j, one in enumerate(choices)]
            for signs, met, broken in conditions:
                added = [[plus(times(sign * self.output[o][j], values[j][m] if fed >> o & 1 else carried[-2][j])
                               for o, sign in signs.items()) for m, fed in one] for j, one in enumerate(choices)]
                added.insert(0, [plus(times(sign, enclosed(self.biases[-1][o])) for o, sign in signs.items())])
                most = sum(max(max(map(abs, pair)) for pair in one) for one in added)
                insist(most < FAR, "the sums are too large")
                drop = max(0, most.bit_length() - 50)
                slack = sum(max(-(-high >> drop) - (low >> drop) for low, high in one) for one in added)
                lows = [[float(low >> drop) for low, _ in one] for one in added]
                rows, columns = sums(lows[:self.half + 1]), sums(lows[self.half + 1:])
                order = sorted(range(len(columns)), key=columns.__getitem__)
                ends = [-math.inf, *map(columns.__getitem__, order), math.inf]
                yield rows, order, ends, -(-met >> drop), (broken >> drop) - slack

    def count(self, prefix, used, groups, certain, possible):  # adds the circuits of confirmed groups, by edges
        choices, rows, using, by_edges = self.sides(used)
        kept, own, (adds, *grid) = [], sum(m.bit_count() for m in sum(prefix, [])), zip(*self.grid(prefix, choices))
        for group, row, at_row in zip(groups, rows, zip(*adds), strict=True):
            if whole := [d for d, (x, _, ends, _, broken) in enumerate(zip(at_row, *grid)) if x + ends[-2] <= broken]:
                insist(group == whole[0], "a row breaks another condition")
            else:
                for (k, m), x, _, ends, met, broken in zip(group, at_row, *grid, strict=True):
                    insist(0 <= k <= m and ends[k] + x <= broken < ends[k + 1] + x, "other columns break a condition")
                    insist(ends[m] + x < met <= ends[m + 1] + x, "other columns meet a condition")
                kept.append((*row, group))
        rest = [beyond(order, {cut for *_, group in kept for cut in group[d]}) for d, order in enumerate(grid[0])]
        for edges, there, group in kept:
            columns = reduce(and_, [some for i, some in using.items() if not there & i], (1 << len(grid[0][0])) - 1)
            for found, end in ((certain, 1), (possible, 0)):
                right = reduce(and_, [known[pair[end]] for known, pair in zip(rest, group)], columns)
                for number, those in by_edges.items():
                    found[own + edges + number] += (right & those).bit_count()

def confirm(path):  # the answer of a certificate; raises an error when it is not confirmed
    with gzip.open(path) as file:
        text = file.read(BYTES)
    insist(len(text) < BYTES, "it has too many bytes")
    (asked, answer, *lines), certain, possible = text.splitlines(), Counter(), Counter()
    question = Question(json.loads(asked))
    insist(json.dumps(question.asked).encode() == asked, "Python writes the question otherwise")
    for (prefix, used), line in zip(question.prefixes(), lines, strict=True):
        parents, groups = json.loads(line)
        insist(parents == prefix, "a prefix is another one")
        question.count(prefix, used, groups, certain, possible)
    found = {"question_sha256": hashlib.sha256(asked).hexdigest(), "circuits": [certain.total(), possible.total()]}
    for key, counts in (("certain", certain), ("possible", possible)):
        found[key] = {str(edges): counts[edges] for edges in sorted(+counts)}
    insist(json.loads(answer) == found, f"the answer differs: found {found}")
    return found

if __name__ == "__main__":
    try:
        print("CONFIRMED", confirm(sys.argv[1]))
    except Exception as error:
        sys.exit(f"NOT CONFIRMED {error!r:.500}")
