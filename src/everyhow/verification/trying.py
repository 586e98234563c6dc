"""The experiments of a stored audit, made again: every interchange of every explanation that was examined, and every
prediction of it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any

import numpy as np

from ..auditing.schema import FORESEEN
from ..experiment.words import swap_family, whose, with_values
from ..network.network import Network
from . import plain
from .circuit_runs import BOUNDARY
from .circuit_trials import SAMPLED, CircuitTrials, outcome_of
from .comparing import Holds, Open
from .naming import listed
from .witnesses import ROUNDING, Coded, Examined, Natural, Placed, foreseen, interchanges, known

# Explanations that are examined, interchanges that they make, and inputs between which these are never a sample.
MOST_EXAMINED, MOST_SWAPS, MOST_TRIED_WHOLE = 100, 200_000, 64
# Predictions that are made again.
MOST_PREDICTIONS = 12_000_000
NOTHING_KNOWN = "explanations are set against each other by bits known of each input; none were given"
TOO_MANY = "more predictions than are made again"
EARLIER = f"before schema {FORESEEN} explanations also predicted interchanges of which they say nothing"


@dataclass(frozen=True, eq=False)
class ExperimentsAgain:
    """What an audit says of experiments, made again.

    Attributes:
        natural: the network, of one output, run at every input.
        survivors: the explanations, in order, as many as are examined.
        of: how many there are in all.
        circuits: the surviving circuits by their edges.
        version: the schema of audit.json, which decides how edges are called.
    """

    natural: Natural
    survivors: Sequence[Examined]
    of: int
    circuits: Sequence[Sequence[Sequence[int]]]
    version: int

    @property
    def network(self) -> Network:
        """Of one output."""
        return self.natural.network

    @property
    def beyond(self) -> tuple[str, ...]:
        """Why explanations are not set against each other."""
        return (NOTHING_KNOWN,) if self.natural.behavior.bits is None and len(self.survivors) > 1 else ()

    @cached_property
    def chosen(self) -> list[Examined]:
        """Those that can be swapped, at most 100."""
        return self.swappable[:MOST_EXAMINED]

    @cached_property
    def swappable(self) -> list[Examined]:
        """Those of which each variable can change without the others."""
        some = () if self.beyond else self.survivors
        return [one for one in some if isinstance(one, Placed) or np.linalg.matrix_rank(one.codes) == len(one.codes)]

    @cached_property
    def limit(self) -> int:
        """The most variables that are moved at once."""
        counts, inputs = [len(one.names) for one in self.chosen], len(self.natural)
        limit = max(counts, default=0)
        while limit > 1 and self._swaps(counts, inputs, limit) > MOST_SWAPS:
            limit -= 1
        return limit

    @staticmethod
    def _swaps(counts: Sequence[int], inputs: int, limit: int) -> int:
        return sum(comb(n, moved) * inputs ** (moved + 1) for n in counts for moved in range(limit + 1))

    @cached_property
    def most_moved(self) -> int | None:
        """The most variables that are moved at once; None when all are moved."""
        return None if self.limit >= max((len(one.names) for one in self.chosen), default=0) else self.limit

    @cached_property
    def unmade(self) -> str | None:
        """Why the predictions are not made again; None where they are."""
        counts, inputs = [len(one.names) for one in self.chosen], len(self.natural)
        number = self._swaps(counts, inputs, self.limit)
        if inputs > MOST_TRIED_WHOLE and number > MOST_SWAPS:
            return SAMPLED
        return TOO_MANY if number * len(counts) * max(1, inputs // 16) > MOST_PREDICTIONS else None

    @cached_property
    def tried(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, list[list[np.ndarray]]]]:
        """For each explanation its interchanges: bases, sources, outcomes, and what each says of them."""
        return [self._of(one) for one in self.chosen]

    @cached_property
    def jumped(self) -> dict[int, np.ndarray]:
        """For each explanation, by its identity, in which of its interchanges a neuron that steps, of a layer or one
        before, comes within 1e-9 of its jump; one row for each layer."""
        return {}

    @cached_property
    def tied(self) -> dict[int, np.ndarray]:
        """For each explanation, by its identity, which of its interchanges end on the decision boundary, or have such
        a neuron."""
        return {}

    @cached_property
    def is_whole(self) -> bool:
        """Whether all numbers are whole multiples of a thousandth (1/1024), so that sums of them are not rounded."""
        numbers = [*self.network.weights, *self.network.biases, *self.natural.states]
        return all((1024 * one == np.round(1024 * one)).all() and np.abs(one).max() < 2**20 for one in numbers)

    def _of(self, own: Examined):
        points, number = self.natural.behavior.points, len(own.names)
        bases, sources = interchanges(len(self.natural), number, self.limit)
        states, jumped = [], []
        said: list[list[Any]] = [[] for _ in self.chosen]
        moves = sources >= 0
        starts = [0, *(np.flatnonzero((moves[1:] != moves[:-1]).any(axis=1)) + 1).tolist(), len(bases)]
        for start, end in itertools.pairwise(starts):
            moved = tuple(np.flatnonzero(moves[start]).tolist())
            patches = own.patches(bases[start:end], moved, sources[start:end, list(moved)]) if moved else []
            states.append(plain.patched_states(self.network, points[bases[start:end]], patches))
            jumped.append(self._jumped(states[-1], patches))
            for one, runs in zip(self.chosen, said, strict=True):
                taken = sources[start:end, list(moved)]
                runs.append(foreseen(one, own, moved, bases[start:end], taken, states[-1]))
        layers = [np.concatenate([one[k] for one in states]) for k in range(len(states[0]))]
        outcomes = layers[-1][:, 0] > self.network.threshold
        # What neurons carry is taken over as it is: nothing is rounded where all is whole.
        jumps = np.concatenate(jumped, axis=1) & (isinstance(own, Coded) or not self.is_whole)
        self.jumped[id(own)] = np.logical_or.accumulate(jumps, axis=0)
        self.tied[id(own)] = (np.abs(layers[-1][:, 0] - self.network.threshold) <= BOUNDARY) | jumps.any(axis=0)
        predictions = [[np.concatenate(part) for part in zip(*runs, strict=True)] for runs in said]
        return bases, sources, outcomes, predictions

    def _jumped(self, states, patches) -> np.ndarray:
        """In which runs a neuron that steps, that is not held, and that something reads, comes within 1e-9 of its jump:
        one row for each layer."""
        found, last = [np.zeros(len(states[0]), bool)], self.network.depth
        for layer, (w, b, name) in enumerate(
            zip(self.network.weights, self.network.biases, self.network.activations, strict=True), 1
        ):
            held = {j for where, neurons, _ in patches if where == layer for j in neurons}
            asked = [
                j for j in range(len(w))
                if name in ("step", "sign") and j not in held
                and (layer == last or self.network.weights[layer][:, j].any())
            ]  # fmt: skip
            found.append((np.abs(states[layer - 1] @ w.T + b)[:, asked] <= BOUNDARY).any(axis=1))
        return np.array(found)

    def _dispute(self, one: int, other: int) -> dict[str, Any]:
        family = swap_family(self.most_moved, 0, 0, None)
        found, doubtful, both = [], [], 0
        last = max(self.chosen[one].layer, self.chosen[other].layer)
        for own in (one, other):
            _, sources, outcomes, said = self.tried[own]
            (bits, *_), (others, *_) = said[one], said[other]
            clear = said[one][1] & said[other][1]
            halfway = said[one][2] | said[other][2]
            doubt = self.jumped[id(self.chosen[own])][last] | (halfway & self.jumped[id(self.chosen[own])].any(axis=0))
            strange = np.where(bits != outcomes, said[one][3], said[other][3])
            moved = (sources >= 0).sum(axis=1)
            both += int((clear & ~halfway & (moved > 0)).sum())
            for runs, some in ((found, clear & ~halfway & (bits != others)), (doubtful, clear & doubt)):
                listed_runs = [(int(moved[k]), bool(strange[k]), own != one, int(k), own) for k in np.flatnonzero(some)]
                runs += sorted(listed_runs)[:1]
        between = [self.chosen[one].text, self.chosen[other].text]
        dispute = {"between": between, "family": family, "said_by_both": both}
        if doubtful and (not found or min(doubtful)[0] <= min(found)[0]):
            return dispute | {"said_by_both": Open(ROUNDING), "experiment": Open(ROUNDING)}
        if not found:
            return dispute | {"experiment": None}
        _, strange, _, k, own = min(found)
        bases, sources, outcomes, said = self.tried[own]
        name_of, which = self.natural.behavior.name_of, int(own != one)
        base, chosen = name_of(int(bases[k])), self.chosen[own]
        taken = [(v, name_of(int(source))) for v, source in enumerate(sources[k]) if source >= 0]
        text = with_values(base, [(chosen.moved_parts(v), source) for v, source in taken])
        text += whose([chosen.names[v] for v, _ in taken], ("the first", "the second")[which])
        bits = [int(said[one][0][k]), int(said[other][0][k])]
        pairs = [[chosen.names[v], source] for v, source in taken]
        experiment = {"kind": "interchange", "text": text, "of": which, "base": base, "sources": pairs}
        outcome = outcome_of(bits, int(outcomes[k]))
        if self.tied[id(chosen)][k]:
            either = Holds(lambda n: type(n) is int and n in (0, 1), "0 or 1", ROUNDING)
            outcome |= {"network_decides": either, "wrong": either}
        return dispute | {"experiment": experiment | {"unnatural": strange} | outcome}

    def _of_readings(self, part: int) -> list[list[Any]]:
        """In how many runs of each explanation each one reads a variable so."""
        return [
            [
                known(int(said[k][part].sum()), int(self.jumped[id(own)][one.layer].sum()))
                for k, one in enumerate(self.chosen)
            ]
            for own, (*_, said) in zip(self.chosen, self.tried, strict=True)
        ]  # fmt: skip

    def document(self) -> dict[str, Any]:
        """The experiments as they stand in audit.json."""
        unswappable = 0 if self.beyond else len(self.survivors) - len(self.swappable)
        document: dict[str, Any] = {
            "survivors": self.of,
            "not_swappable": unswappable,
            "circuits": len(self.circuits),
            "disputes": listed([]),
            "circuit_disputes": CircuitTrials(
                self.network, self.natural.behavior, self.circuits, self.version
            ).document(),
        }
        number = len(self.chosen)
        if number < 2:
            return document
        if self.version < FORESEEN:
            return document | dict.fromkeys(("disputes", "cross_examination"), Open(EARLIER))
        if self.unmade:
            return document | dict.fromkeys(("disputes", "cross_examination"), Open(self.unmade))
        pairs = list(itertools.combinations(range(number), 2))
        disputes = [self._dispute(*pair) for pair in pairs[:1000]]
        return document | {
            "disputes": {"number": len(pairs), "listed": disputes},
            "cross_examination": {
                "explanations": [one.document() for one in self.chosen],
                "swaps": [len(outcomes) for _, _, outcomes, _ in self.tried],
                "said": [[int(says.sum()) for _, says, *_ in said] for *_, said in self.tried],
                "predicted": [
                    [
                        known(int(((bits == outcomes) & says).sum()), int(self.tied[id(own)].sum()))
                        for bits, says, *_ in said
                    ]
                    for own, (_, _, outcomes, said) in zip(self.chosen, self.tried, strict=True)
                ],
                "halfway": self._of_readings(2),
                "unnatural": self._of_readings(3),
                "most_moved": self.most_moved,
                "interchange": [
                    None if isinstance(one, Placed) else one.interchange(self.most_moved) for one in self.chosen
                ],
            },
        }
