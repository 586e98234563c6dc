"""Where one circuit stands among all: whether it is perfect and minimal, what could go, and of how many it is one."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..common.attributes import PublicNames
from ..common.budget import DEFAULT_BUDGET
from ..common.notes import NO_NOTES, Noted, Notes
from ..common.progress import doing
from ..ladder import Fault
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.criterion import Ablation, Criterion, ablations_of, most_paired, perfect, resample_faithful
from ..model.graph import Edge
from ..model.model import Model
from .bounded import Answer, counted, minimal_inside, nearest
from .faults import fault_of
from .score import Score, score_of

# Circuits of the fewest edges that are listed.
MOST_SMALLEST = 100


@dataclass(frozen=True)
class Standing(PublicNames, Noted):
    """One circuit among all perfect ones.

    Attributes:
        circuit: the circuit.
        fault: where it decides otherwise when run as the ablation says; None when it is perfect.
        resample_fault: where it decides otherwise when run alone, or when the other edges carry what they carry at any
            other input; None when it is resample-faithful.
        removable: the edges of a perfect circuit that can go, one at a time with what then dangles, and leave it
            perfect.
        minimal_inside: the perfect circuits within it that have no perfect one inside, itself included if it is one;
            None when they were not looked for.
        of_perfect: how many perfect circuits the model has; None when not counted exactly.
        of_size: how many of them have no more edges than this circuit; None when not counted exactly.
        nearest: when it is not perfect, the perfect circuit that differs in the fewest edges, added and removed (of
            several the one with the fewest edges, then with the least `bits`); None when there is none or it was not
            looked for.
        smallest: perfect circuits of the fewest edges, at most 100 of them; None where only listing all would tell.
        score: how well it does as numbers, by the ablation asked.
        by_ablation: for each kind of ablation, where the circuit decides otherwise; None where it is perfect by it.
            Kinds of which the runs are too many to be held are left out.
        notes: what the budget or the size of the model did not allow, and what was left open because it depends on a
            tie.
        ablation: what removed edges carry; perfect, minimal and the numbers are meant by it.
    """

    circuit: Circuit
    fault: Fault | None
    resample_fault: Fault | None
    removable: tuple[Edge, ...]
    minimal_inside: tuple[Circuit, ...] | None
    of_perfect: int | None
    of_size: int | None
    nearest: Circuit | None
    smallest: tuple[Circuit, ...] | None
    score: Score
    by_ablation: Mapping[str, Fault | None]
    notes: Notes = NO_NOTES
    ablation: Ablation = "zero"

    @property
    def perfect(self) -> bool:
        """Whether the circuit makes every decision, its other edges carrying what the ablation says."""
        return self.fault is None

    @property
    def resample_faithful(self) -> bool:
        """Whether the circuit makes every decision even when the other edges carry what they carry at any other
        input."""
        return self.resample_fault is None

    @property
    def minimal(self) -> bool | None:
        """Whether the circuit is perfect and no proper sub-circuit is; None when that was not found out."""
        if not self.perfect or self.removable:
            return False
        return None if self.minimal_inside is None else self.minimal_inside == (self.circuit,)

    @property
    def added(self) -> tuple[Edge, ...]:
        """The edges of the nearest perfect circuit that this circuit lacks."""
        return () if self.nearest is None else tuple(e for e in self.nearest.edges if e not in self.circuit)

    @property
    def removed(self) -> tuple[Edge, ...]:
        """The edges that the nearest perfect circuit lacks."""
        return () if self.nearest is None else tuple(e for e in self.circuit.edges if e not in self.nearest)

    def __repr__(self) -> str:
        return f"Standing of {self.circuit!r}: {self.summary}"

    def __str__(self) -> str:
        name = self.circuit.graph.name
        lines = [self.summary]
        if self.removable:
            lines.append(f"edges that can be removed: {' '.join(map(name, self.removable))}")
        if self.minimal is False and self.minimal_inside:
            smaller = self.minimal_inside[0]
            lines.append(f"a smallest perfect circuit inside it: {' '.join(map(name, smaller.edges))}")
        return "\n".join(lines)

    @property
    def summary(self) -> str:
        """Where the circuit stands, on one line."""
        tied = ["some of this depends on a tie"] if self.ties else []
        if self.of_perfect == 1 and self.fault is None and self.circuit == Circuit.whole(self.circuit.graph):
            return "; ".join([f"your circuit is the whole network, and no smaller circuit is perfect{self._by}", *tied])
        if self.fault is not None:
            return "; ".join([f"your circuit is not perfect: {self.fault}", *self._nearest_text(), *tied])
        return "; ".join([self._minimal_text(), *self._smaller_text(), self._number_text(), *tied])

    def _minimal_text(self) -> str:
        if self.minimal is None:
            return "your circuit is perfect; whether it is minimal was not found out"
        return "your circuit is perfect and minimal" if self.minimal else "your circuit is perfect, not minimal"

    def _smaller_text(self) -> list[str]:
        number = len(self.removable)
        if number:
            return [f"{number} of its edges {'is' if number == 1 else 'are'} removable"]
        if self.minimal is False and self.minimal_inside:
            edges = len(self.minimal_inside[0])
            return [f"no edge is removable alone, but a perfect circuit of {edges} edges lies inside"]
        return []

    def _number_text(self) -> str:
        if self.of_perfect is None:
            return "how many perfect circuits there are was not counted"
        if self.of_perfect == 1:
            return f"it is the only perfect circuit{self._by}"
        return f"it is one of {self.of_perfect:,} perfect circuits{self._by}"

    @property
    def _by(self) -> str:
        """By which ablation circuits are perfect, where that is not the usual one."""
        return "" if self.ablation == "zero" else f" by {self.ablation} ablation"

    def _nearest_text(self) -> list[str]:
        if self.of_perfect == 0:
            return [f"there is no perfect circuit{self._by}"]
        if self.nearest is None:
            return []
        number = len(self.added) + len(self.removed)
        changes = [
            f"{' '.join(map(self.circuit.graph.name, edges))} {word}"
            for edges, word in ((self.added, "added"), (self.removed, "removed"))
            if edges
        ]
        only = self.of_perfect == 1
        nearest = "the only perfect circuit" if only else f"the nearest of {self.of_perfect or 0:,} perfect circuits"
        return [f"{nearest}{self._by} has {' and '.join(changes)} ({number} edge{'s' if number > 1 else ''})"]


def standing(
    model: Model,
    behavior: Behavior,
    circuit: Circuit,
    budget: int = DEFAULT_BUDGET,
    ablation: Ablation = "zero",
) -> Standing:
    """Where `circuit` stands among the circuits of `model` that make the decisions of `behavior` when run alone.

    Whether it is minimal is decided by all circuits inside it, since ablating more can mend what ablating less breaks:
    they are those of the model that has its edges only. Each of the three searches (inside, the whole count, the
    nearest) is left out, and said to be, when the circuits to look at exceed the budget, and so is what would depend on
    a tie.

    Args:
        model: the model.
        behavior: the decisions wanted, and how outputs are decided.
        circuit: the circuit to place.
        budget: candidate evaluations allowed for each search.
        ablation: what removed edges carry.

    Raises:
        InputError: the circuit does not belong to the model.

    Example:
        >>> from everyhow import Behavior, parse_task, xornet
        >>> print(standing(xornet(), Behavior.of_task(parse_task("XOR")), Circuit.whole(xornet())))
        your circuit is the whole network, and no smaller circuit is perfect
    """
    circuit = circuit.on(model.graph)
    alone = perfect(model, behavior, ablation)
    fault = fault_of(alone, circuit)
    removable = () if fault else tuple(edge for edge in circuit.edges if _stays(alone, circuit.without(edge)))
    with doing("perfect circuits inside it"):
        inside = minimal_inside(alone, circuit, budget)
    with doing("perfect circuits"):
        count = counted(model.search(alone), budget)
    near = Answer[Circuit](None)
    if fault and count.found is not None and count.found.between[0]:
        near = nearest(alone, circuit)
    sizes = None if count.found is None else count.found.certain
    smallest = None
    if count.found is not None and count.found.between[0]:
        with doing("the smallest perfect circuits"):
            smallest = model.search(alone).smallest(MOST_SMALLEST)
    by_ablation = _by_ablation(model, behavior, circuit) | {str(ablation): fault}
    resampled, too_many = None, NO_NOTES
    if len(behavior.points) <= most_paired(model):
        resampled = fault_of(resample_faithful(model, behavior, ablation), circuit)
    else:
        too_many = Notes((f"every base with every source of {len(behavior.points):,} inputs is not run here",))
    return Standing(
        circuit,
        fault,
        resampled,
        removable,
        inside.found,
        None if sizes is None else sum(sizes.values()),
        None if sizes is None else sum(number for edges, number in sizes.items() if edges <= len(circuit)),
        near.found,
        None if smallest is None else tuple(map(model.search(alone).circuit, smallest)),
        score_of(alone, circuit),
        {kind: by_ablation[kind] for kind in ablations_of(behavior) if kind in by_ablation},
        too_many + inside.notes.of("inside it") + count.notes + near.notes,
        ablation,
    )


def _by_ablation(model: Model, behavior: Behavior, circuit: Circuit) -> dict[str, Fault | None]:
    """Where a circuit decides otherwise by each kind of ablation that the behavior has what is needed for."""
    paired = len(behavior.points) <= most_paired(model)
    return {
        kind: fault_of(perfect(model, behavior, kind), circuit)
        for kind in ablations_of(behavior)
        if kind != "resample" or paired
    }


def _stays(criterion: Criterion[Model], circuit: Circuit | None) -> bool:
    return circuit is not None and fault_of(criterion, circuit) is None
