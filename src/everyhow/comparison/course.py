"""Networks that follow one another, such as checkpoints of training: which explanations come, which go, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from ..common.arguments import checked_budget, choice
from ..common.budget import DEFAULT_BUDGET
from ..common.display import Displayed
from ..common.notes import Notes, added
from ..common.progress import Progress, tracked
from ..common.sql import RunTable, Table
from ..mapping.findings import RUNGS, complexity
from ..mapping.mapping import Mapping
from .course_words import course_lines, course_paragraph
from .order import Ordered, in_order
from .shared import mappings_of
from .side import Asked, Side, begun, explained

TABLES = ("networks", "explanations")


@dataclass(frozen=True)
class Life:
    """When one explanation is there: an algorithm in neurons, which keep their names.

    Attributes:
        about: the output that it explains; empty where there is one.
        mapping: the algorithm with its neurons.
        present: for each network whether it is there; None where that was not found out.
    """

    about: str
    mapping: Mapping
    present: tuple[bool | None, ...]

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The networks, by number, from the first to the last of each time in which it is there throughout.

        Example:
            >>> Life("", None, (False, True, True, False, True)).spans
            ((1, 2), (4, 4))
        """
        runs = [(there, [k for k, _ in those]) for there, those in groupby(enumerate(self.present), lambda one: one[1])]
        return tuple((those[0], those[-1]) for there, those in runs if there)

    @property
    def length(self) -> int:
        """In how many networks it is there."""
        return sum(there is True for there in self.present)


@dataclass(frozen=True)
class Change:
    """What comes and what goes from one network to the next.

    Attributes:
        born: the explanations that are there and were not before; in the first network, all that are there.
        died: those that were there before and are not.
    """

    born: tuple[Life, ...]
    died: tuple[Life, ...]


@dataclass(frozen=True, eq=False)
class Course(Displayed):
    """Networks that follow one another.

    Attributes:
        ordered: what they are called, and what gave their order.
        sides: each of them, with what explains it.
        rung: at which explanations are followed; None where nothing was placed in any network.
        lives: of every explanation that passes this rung in any of them; those that are there longest first.
    """

    ordered: Ordered
    sides: tuple[Side, ...]
    rung: str | None
    lives: tuple[Life, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What each network is called."""
        return tuple(moment.label for moment in self.ordered.moments)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What comes and what goes, network by network."""
        found = []
        for k in range(len(self.sides)):
            born = tuple(one for one in self.lives if one.present[k] and (k == 0 or one.present[k - 1] is False))
            died = tuple(one for one in self.lives if k and one.present[k - 1] and one.present[k] is False)
            found.append(Change(born, died))
        return tuple(found)

    @property
    def notes(self) -> Notes:
        """What was not counted, or not exactly, in which network."""
        return added(side.notes.of(label) for label, side in zip(self.labels, self.sides, strict=True))

    @cached_property
    def paragraph(self) -> str:
        """The answer, on one line."""
        return course_paragraph(self)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The answer, and the tables below it."""
        return (self.paragraph, *course_lines(self))

    def summary(self) -> str:
        """The answer, a paragraph on one line."""
        return self.paragraph

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        span = f"{self.labels[0]} to {self.labels[-1]}"
        return f"Course({len(self.sides)} networks, {span}; {len(self.lives):,} explanations)"

    def counts(self, k: int) -> dict[str, int | None]:
        """What was counted in network number `k`, 0 being the first: of several outputs, circuits that decide right at
        all of them, and explanations of each together."""
        side = self.sides[k]
        found = side.circuits
        placed = [part.findings.laddered for part in side.parts]
        numbers: dict[str, int | None] = {
            "perfect_circuits": found.number.exact,
            "minimal_circuits": None if found.minimal is None else len(found.minimal),
            "resample_faithful_circuits": None if found.faithful is None else found.faithful.count.exact,
        }
        for kind in ("mappings", "algorithms"):
            for rung in RUNGS:
                each = [None if one is None else getattr(one, f"surviving_{kind}")[rung] for one in placed]
                numbers[f"{kind}_{rung}"] = None if None in each else sum(filter(None, each))
        return numbers

    def tables(self) -> dict[str, RunTable]:
        """Two tables: `networks`, what each computes with its counts; and `explanations`, when each is there."""
        return {one.name: one for one in (self._networks(), self._explanations())}

    def _networks(self) -> RunTable:
        rows = []
        for k, (moment, side) in enumerate(zip(self.ordered.moments, self.sides, strict=True)):
            change = self.changes[k]
            counts = self.counts(k)
            head = (moment.label, moment.epoch, moment.file, ",".join(side.computes) or None, side.computes_task)
            rows.append((*head, *counts.values(), len(change.born), len(change.died)))
        columns = ("network", "epoch", "file", "computes", "computes_task", *self.counts(0), "born", "died")
        return RunTable("networks", "what each network computes, and its counts", Table(columns, tuple(rows)))

    def _explanations(self) -> RunTable:
        rows = []
        for one in self.lives:
            for first, last in one.spans:
                ends = last + 1 < len(self.sides)
                rows.append((
                    one.about or None, self.rung, one.mapping.title, one.mapping.named(self.sides[0].network.graph),
                    self.labels[first], self.labels[last], self.labels[last + 1] if ends else None,
                    last - first + 1,
                ))  # fmt: skip
        columns = ("output", "rung", "algorithm", "neurons", "appears", "last_seen", "vanished_by", "networks")
        title = f"when each explanation is there that passes {self.rung}" if self.rung else "nothing was placed"
        return RunTable("explanations", title, Table(columns, tuple(rows)))

    def document(self) -> dict[str, Any]:
        """The course as plain values."""
        tables = self.tables()
        return {
            "summary": self.paragraph,
            "order": "by epoch" if self.ordered.by_epoch else "as given",
            "rung": self.rung,
            "networks": tables["networks"].table.records(),
            "explanations": tables["explanations"].table.records(),
            "left_out": list(self.notes.all),
        }


def over(
    networks: Any,
    task: Any = None,
    *,
    rung: str | None = None,
    decision: str | None = None,
    depth: int | None = None,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
) -> Course:
    """What networks compute that follow one another, how many explanations each has, and which come and go.

    An explanation is an algorithm in neurons, which keep their names from one network to the next, as they do over
    training. Each network is explained by what it computes itself.

    Args:
        networks: the paths of network files, or networks; checkpoints as `everyhow train --checkpoints` names them are
            taken by epoch, all others as given. Or networks by epoch, such as {0: first, 10: second}.
        task: what they were meant to compute; a Behavior, or the path of one, for data; not said when not given.
        rung: of the ladder, the one at which explanations are followed; the strictest that any of them passes when not
            given.
        decision: `argmax` where two outputs stand for two classes.
        depth: the largest one of the algorithms; the number of weight layers when not given.
        budget: candidate evaluations allowed, for each network.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: something that is not a network of layers, networks of other inputs or outputs than the first, an
            order that can be read in two ways, or a task that does not fit.

    Example:
        >>> import everyhow as eh
        >>> idle = eh.Network([[[1, 1], [1, 1]], [[0.2, 0.2]]], [[0, 0], [0]], ["relu", "identity"], threshold=0.5)
        >>> found = over({0: idle, 100: eh.xornet()}, "XOR")
        >>> [side.computes_task for side in found.sides], [len(change.born) for change in found.changes]
        ([False, True], [1, 1])
    """
    if rung is not None:
        choice("rung", rung, RUNGS)
    asked = Asked(task, decision, depth, checked_budget(budget))
    return follow(in_order(networks), asked, rung, progress)


def follow(ordered: Ordered, asked: Asked, rung: str | None = None, progress: bool = False) -> Course:
    """Networks in their order, followed; see `over`."""
    with Progress(progress).doing("following"):
        networks = begun([(moment.label, moment.given) for moment in ordered.moments], asked)
        sides = [explained(one, asked) for one in tracked(networks, len(networks), "networks")]
    followed = rung or _strictest(sides)
    return Course(ordered, tuple(sides), followed, () if followed is None else tuple(_lives(sides, followed)))


def _strictest(sides: Sequence[Side]) -> str | None:
    """The strictest rung that an explanation with neurons passes in any network, or else any explanation."""
    for placed in (True, False):
        for rung in reversed(RUNGS):
            for side in sides:
                for part in side.parts:
                    found = part.findings.laddered
                    passing = () if found is None else mappings_of(found, rung) or ()
                    if any(mapping.sets or not placed for mapping in passing):
                        return rung
    return None


def _lives(sides: Sequence[Side], rung: str) -> Iterator[Life]:
    """Of each explanation that passes a rung in any network, when it is there; those there longest first."""
    several = len(sides[0].parts) > 1
    found = []
    for k, part in enumerate(sides[0].parts):
        passing = []
        for side in sides:
            placed = side.parts[k].findings.laddered
            those = None if placed is None else mappings_of(placed, rung)
            passing.append(None if those is None else set(those))
        for mapping in set().union(*(those for those in passing if those is not None)):
            present = tuple(None if those is None else mapping in those for those in passing)
            found.append(Life(part.name if several else "", mapping, present))
    yield from sorted(found, key=lambda one: (one.about, -one.length, complexity(one.mapping)))
