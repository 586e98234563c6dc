"""What anything that is placed in a model says of the interchanges of another, or of its own.

Something is said of an interchange where all that is moved has a part in what carries some variable of one's own. These
variables then have the values that they are read at; what is computed from them follows by the algorithm, the causal
model or the gate itself. Nothing further down is read from the run, and nothing else upstream.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Int

from ..model.runnable import States
from .placed import Carried, Placed, is_code


@dataclass(frozen=True)
class Foreseen:
    """What is said of some patched runs.

    Attributes:
        bits: the decision that is foreseen.
        says: where something is said.
        halfway: where a variable reads halfway between two values; it is taken as at the first input.
        unnatural: where a variable is read in a state that no input produces, as in the nearest that one produces.
    """

    bits: Bool[np.ndarray, " runs"]
    says: Bool[np.ndarray, " runs"]
    halfway: Bool[np.ndarray, " runs"]
    unnatural: Bool[np.ndarray, " runs"]


@dataclass(frozen=True)
class Reading:
    """What a variable is read at in some interchanges of another.

    Attributes:
        met: for each variable of the owner, whether moving it moves a part of what carries this one.
        touched: where such a variable is moved; elsewhere the variable is not read.
        values: the number of its value.
        halfway: where it reads halfway between two values.
        unnatural: where it is read in a state that no input produces.
    """

    met: Bool[np.ndarray, " variables"]
    touched: Bool[np.ndarray, " runs"]
    values: Int[np.ndarray, " runs"]
    halfway: Bool[np.ndarray, " runs"]
    unnatural: Bool[np.ndarray, " runs"]


@dataclass(frozen=True, eq=False)
class Moved:
    """Interchanges: runs in which variables of an owner take their values from other inputs.

    Attributes:
        owner: whose variables.
        bases: the input of each run.
        sources: for each variable the input that it takes its value from, or -1 where it is left alone.
        states: what every stage computes in these runs.
    """

    owner: Placed
    bases: Int[np.ndarray, " runs"]
    sources: Int[np.ndarray, "runs variables"]
    states: States
    _read: dict[tuple[Carried, tuple[int, ...]], Reading] = field(default_factory=dict, repr=False)

    def reading(self, one: Placed, u: int) -> Reading:
        """What variable u of anything that is placed at the same inputs is read at. What the same carries with the same
        values is read once."""
        key = one.carriers[u], tuple(one.own[u])
        if key not in self._read:
            self._read[key] = self._reading(one, u)
        return self._read[key]

    def _reading(self, one: Placed, u: int) -> Reading:
        carrier, moving = one.carriers[u], self.sources >= 0
        met = np.array(meeting(carrier, self.owner), dtype=bool)
        touched = np.any(moving & met, axis=1)
        values, halfway, unnatural = np.zeros(len(touched), int), np.zeros_like(touched), np.zeros_like(touched)
        # What is taken from one input as a whole has the value that the variable has there, whatever is nearest.
        whole = self._whole_from(carrier)
        values[touched] = np.array(one.own[u])[whole[touched]]
        apart = np.flatnonzero(touched & (whole < 0))
        if len(apart):
            seen = one.read(u, self.states[carrier.layer][apart].reshape(len(apart), -1))
            values[apart], halfway[apart], unnatural[apart] = one.natural_states[u].nearest(seen)
        return Reading(met, touched, values, halfway, unnatural)

    def _whole_from(self, carrier: Carried) -> Int[np.ndarray, " runs"]:
        """The input from which each run takes all of what carries a variable; -1 where there is none."""
        carriers, sources, moving = self.owner.carriers, self.sources, self.sources >= 0
        if is_code(carrier):
            same = (sources[:, k] for k, other in enumerate(carriers) if other == carrier)
            return next(same, np.full(len(sources), -1))
        layers = np.array([other.layer for other in carriers])
        here = np.flatnonzero(layers == carrier.layer).tolist()
        # In the first layer that is moved what stays is that of the base; in later ones it has been moved from below.
        first = np.where(moving, layers, len(self.states)).min(axis=1, initial=len(self.states))
        taken = np.tile(np.where(first == carrier.layer, self.bases, -1), (len(carrier.neurons), 1))
        for k in here:
            shared = [j in carriers[k].neurons for j in carrier.neurons]
            taken[shared] = np.where(moving[:, k], sources[:, k], taken[shared])
        by_codes = moving[:, [k for k in here if is_code(carriers[k])]].any(axis=1)
        return np.where((taken == taken[0]).all(axis=0) & ~by_codes, taken[0], -1)

    def own(self, k: int) -> Reading:
        """What the owner itself says of its variable k: moved, it has its value at the source."""
        met = np.arange(len(self.owner.names)) == k
        values = np.array(self.owner.own[k])[self.sources[:, k]]
        nowhere = np.zeros(len(self.bases), dtype=bool)
        return Reading(met, self.sources[:, k] >= 0, values, nowhere, nowhere)


def meeting(carrier: Carried, owner: Placed) -> list[bool]:
    """For each variable of an owner, whether moving it moves a part of what carries another one."""
    here, layer = set(carrier.neurons), carrier.layer
    pairs = zip(owner.carriers, owner.moving, strict=True)
    return [other.layer == layer and not here.isdisjoint(moving) for other, moving in pairs]


def foreseen(one: Placed, moved: Moved) -> Foreseen:
    """What is said of some interchanges by what is placed in the same model at the same inputs, or by their owner."""
    variables = range(len(one.names))
    readings = [moved.own(u) if one is moved.owner else moved.reading(one, u) for u in variables]
    moving = moved.sources >= 0
    met = np.any([reading.met for reading in readings], axis=0) if readings else np.zeros(moving.shape[1], dtype=bool)
    says = ~np.any(moving & ~met, axis=1)
    halfway, unnatural = np.zeros((2, len(says)), dtype=bool)
    for reading in readings:
        halfway |= reading.halfway
        unnatural |= reading.unnatural
    return Foreseen(_decided(one, moved.bases, says, readings), says, halfway & says, unnatural & says)


def _decided(
    one: Placed, bases: Int[np.ndarray, " runs"], says: Bool[np.ndarray, " runs"], readings: list[Reading]
) -> Bool[np.ndarray, " runs"]:
    """What follows at each base while the variables that are read have these values."""
    # Runs are told apart variable by variable, so that few kinds of them are left.
    kind = np.zeros(len(bases), dtype=int)
    first = np.zeros(1, dtype=int)
    for reading in readings:
        value = np.where(reading.touched & says, reading.values + 1, 0)
        _, first, kind = np.unique(kind * (value.max(initial=0) + 1) + value, return_index=True, return_inverse=True)
    held = [
        tuple((u, int(each.values[k])) for u, each in enumerate(readings) if each.touched[k] and says[k])
        for k in first[: len(bases)].tolist()
    ]
    decided = np.array([one.placeable.decided(each) for each in held]).reshape(len(held), one.count)
    return decided[kind, bases]
