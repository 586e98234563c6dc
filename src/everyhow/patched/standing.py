"""Where one circuit stands among all subsets of some heads and MLPs."""

from dataclasses import dataclass

from ..circuit.score import Score
from ..common.shares import percent
from ..model.circuit import Circuit


@dataclass(frozen=True)
class PatchedStanding:
    """One subset of some heads and MLPs, among all of them.

    Attributes:
        circuit: the subset.
        perfect: whether it is; None where decisions that are left open would change it.
        removable: the components of a perfect one that can go, one at a time, and leave it perfect.
        minimal_inside: the perfect subsets within it that have no perfect one inside, itself included if it is one;
            None where decisions are left open.
        of_perfect: how many perfect subsets there are; None where decisions are left open.
        of_size: how many of them have no more components than this one; None where decisions are left open.
        nearest: when it is not perfect, the perfect subset that differs in the fewest components, added and removed (of
            several the one of fewest components, then of the least `bits`); None when there is none or it is not known.
        score: how well it does as numbers.
        outside: heads and MLPs that are not of interest and that the circuit, as it was given, leaves out, while every
            subset here has them.
        loose: what the circuit, as it was given, has with edges in alone, or out alone: it counts as left out.
    """

    circuit: Circuit
    perfect: bool | None
    removable: tuple[str, ...]
    minimal_inside: tuple[Circuit, ...] | None
    of_perfect: int | None
    of_size: int | None
    nearest: Circuit | None
    score: Score
    outside: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()

    @property
    def minimal(self) -> bool | None:
        """Whether it is perfect and has no perfect one inside; None where decisions are left open."""
        if not self.perfect or self.removable:
            return self.perfect and False
        return None if self.minimal_inside is None else self.minimal_inside == (self.circuit,)

    @property
    def added(self) -> tuple[str, ...]:
        """The components of the nearest perfect subset that this one lacks."""
        return () if self.nearest is None else _less(self.nearest, self.circuit)

    @property
    def removed(self) -> tuple[str, ...]:
        """The components that the nearest perfect subset lacks."""
        return () if self.nearest is None else _less(self.circuit, self.nearest)

    def __repr__(self) -> str:
        return f"PatchedStanding of {self.circuit!r}: {self.summary}"

    def __str__(self) -> str:
        lines = [self.summary, share_in_words(self.score)]
        if self.of_size is not None:
            size = len(self.circuit)
            lines.append(f"perfect subsets of at most {size} components: {self.of_size:,} of {self.of_perfect:,}")
        if self.minimal is False and self.minimal_inside:
            inside = " ".join(map(self.circuit.graph.name, self.minimal_inside[0].edges)) or "nothing"
            lines.append(f"a smallest perfect subset inside it: {inside}")
        if self.outside:
            lines.append(f"it leaves these out, which every subset here has: {' '.join(self.outside)}")
        if self.loose:
            lines.append(f"taken to be left out, with edges in alone or out alone: {' '.join(self.loose)}")
        return "\n".join(lines)

    @property
    def summary(self) -> str:
        """Where it stands, on one line."""
        if self.perfect is None:
            return "whether your circuit is perfect depends on decisions that are left open"
        if not self.perfect:
            return "; ".join([f"your circuit is not perfect: {share_in_words(self.score)}", *self._nearest_text()])
        if self.minimal is None:
            said = "your circuit is perfect; whether it is minimal depends on decisions that are left open"
        else:
            said = "your circuit is perfect and minimal" if self.minimal else "your circuit is perfect, not minimal"
        number = len(self.removable)
        can_go = [f"{' '.join(self.removable)} can be removed, {'one at a time' if number > 1 else 'alone'}"]
        of = (
            "it is the only perfect subset"
            if self.of_perfect == 1
            else f"it is one of {self.of_perfect:,} perfect subsets"
        )
        return "; ".join([said, *can_go[: number > 0], *([] if self.of_perfect is None else [of])])

    def _nearest_text(self) -> list[str]:
        if self.of_perfect == 0:
            return ["no subset is perfect"]
        if self.nearest is None:
            return []
        changes = [
            f"{' '.join(names)} {word}" for names, word in ((self.added, "added"), (self.removed, "removed")) if names
        ]
        of = (
            "the only perfect subset" if self.of_perfect == 1 else f"the nearest of {self.of_perfect:,} perfect subsets"
        )
        return [f"{of} has {' and '.join(changes)}"]


def _less(one: Circuit, other: Circuit) -> tuple[str, ...]:
    """The components of a subset that another one lacks."""
    return tuple(one.graph.name(edge) for edge in one.edges if edge not in other)


def share_in_words(score: Score) -> str:
    """How well a subset does, in words.

    Example:
        >>> share_in_words(Score(0.875, 0.5))
        'right at 87.5 % of the rows, normalized logit difference 0.5'
    """
    told = "" if score.difference is None else f", normalized logit difference {score.difference:.4g}"
    return f"right at {percent(score.right)} % of the rows{told}"
