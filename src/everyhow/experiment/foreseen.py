"""What anything that is placed in a model says of the interchanges of another, or of its own.

Something is said of an interchange where each variable that is moved has, in every stage in which it is moved, a part
in what carries some variable of one's own. These variables then have the values that they are read at; what is computed
from them follows by the algorithm, the causal model or the gate itself. Nothing further down is read from the run, and
nothing else upstream.
"""

from dataclasses import dataclass, field

import numpy as np

from ..common.shapes import Bool, Int
from ..model.runnable import States
from .placed import Carried, Placed, in_rows, is_code


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
        touched: where such a variable is moved; elsewhere the variable is not read.
        values: the number of its value.
        halfway: where it reads halfway between two values.
        unnatural: where it is read in a state that no input produces.
    """

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
            seen = one.read(u, in_rows(self.states))[apart]
            values[apart], halfway[apart], unnatural[apart] = one.natural_states[u].nearest(seen)
        return Reading(touched, values, halfway, unnatural)

    def _whole_from(self, carrier: Carried) -> Int[np.ndarray, " runs"]:
        """The input from which each run takes all of what carries a variable; -1 where there is none."""
        carriers, sources, moving = self.owner.carriers, self.sources, self.sources >= 0
        if is_code(carrier):
            same = (sources[:, k] for k, other in enumerate(carriers) if other == carrier)
            return next(same, np.full(len(sources), -1))
        # Up to the first stage that is moved what stays is that of the base; later ones have been moved from below.
        firsts = np.array([other.first for other in carriers])
        first = np.where(moving, firsts, len(self.states)).min(axis=1, initial=len(self.states))
        taken = np.array([np.where(node.stage <= first, self.bases, -1) for node in carrier.nodes])
        for k, other in enumerate(carriers):
            shared = [node in other.nodes for node in carrier.nodes]
            taken[shared] = np.where(moving[:, k], sources[:, k], taken[shared])
        stages = {stage for stage, _ in carrier.by_stage}
        codes = [k for k, other in enumerate(carriers) if is_code(other) and other.first in stages]
        by_codes = moving[:, codes].any(axis=1)
        return np.where((taken == taken[0]).all(axis=0) & ~by_codes, taken[0], -1)

    def own(self, k: int) -> Reading:
        """What the owner itself says of its variable k: moved, it has its value at the source."""
        values = np.array(self.owner.own[k])[self.sources[:, k]]
        nowhere = np.zeros(len(self.bases), dtype=bool)
        return Reading(self.sources[:, k] >= 0, values, nowhere, nowhere)


def meeting(carrier: Carried, owner: Placed) -> list[bool]:
    """For each variable of an owner, whether moving it moves a part of what carries another one."""
    return [not moving.isdisjoint(carrier.nodes) for moving in owner.moving]


def spoken_of(one: Placed, owner: Placed) -> list[bool]:
    """For each variable of an owner, whether something is said of its being moved: in each stage in which it is moved,
    a part of what carries a variable of one's own is among what is moved. What is moved in other stages may be what
    one's own variables act through."""
    own = {node for carrier in one.carriers for node in carrier.nodes}
    return [{node.stage for node in moving} == {node.stage for node in moving & own} for moving in owner.moving]


def foreseen(one: Placed, moved: Moved) -> Foreseen:
    """What is said of some interchanges by what is placed in the same model at the same inputs, or by their owner."""
    variables = range(len(one.names))
    readings = [moved.own(u) if one is moved.owner else moved.reading(one, u) for u in variables]
    spoken = np.array(spoken_of(one, moved.owner), dtype=bool)
    says = ~np.any((moved.sources >= 0) & ~spoken, axis=1)
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
