"""Every sentence and table in which networks are told that follow one another."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from ..common.spoken import joined
from ..hypotheses.phrases import count_of
from .order import END
from .words import functions, left_out

# Explanations that are told with when they are there; their number is told, too.
MOST_LIVES = 12
# Changes of what is computed that are told in a sentence.
MOST_CHANGES = 4
LONGEST_LABEL = 22
# Of so many networks each has a mark in the table.
MOST_MARKED = 16
WIDTH = 80


def course_paragraph(found: Any) -> str:
    """The answer, on one line: the networks, what they compute, which explanations come and go, and what is left."""
    return " ".join(_course_sentences(found))


def _course_sentences(found: Any) -> Iterator[str]:
    labels, sides = found.labels, found.sides
    order = "by epoch" if found.ordered.by_epoch else "in the order given"
    span = f"from {_said(labels[0])} to {_said(labels[-1])}"
    yield f"{len(sides)} networks of the widths {_shapes(sides)}, {order}, {span}."
    yield from _computed_over(found)
    yield _circuits_over(found)
    yield from _lives_over(found)
    yield from left_out(found.notes)


def _shapes(sides: Sequence[Any]) -> str:
    return joined(list(dict.fromkeys(side.shape for side in sides)))


def _computed_over(found: Any) -> Iterator[str]:
    sides = found.sides
    if sides[0].by_data:
        yield _when(found, [side.computes_task for side in sides], "All networks decide", "decide as wanted")
        return
    runs = list(_runs([_function_of(side) for side in sides]))
    if len(runs) == 1:
        yield f"All of them compute {runs[0][0]}."
    else:
        told = [f"{name} {_span(found.labels, first, last)}" for name, first, last in runs]
        shown = told if len(told) <= MOST_CHANGES else [*told[:1], f"after {len(told) - 2} more changes", told[-1]]
        yield f"They compute {'; '.join(shown)}."


def _when(found: Any, right: Sequence[bool | None], every: str, what: str) -> str:
    if all(right):
        return f"All networks {what} at every input."
    if not any(right):
        return f"None of the networks {what} at every input."
    told = [_span(found.labels, first, last) for held, first, last in _runs(right) if held]
    return f"They {what} at every input {joined(told)}."


def _function_of(side: Any) -> str:
    task = ", the task," if side.computes_task else ""
    return f"{joined(functions(side))}{task}" if side.computes else "classes"


def _runs(values: Sequence[Any]) -> Iterator[tuple[Any, int, int]]:
    """Each value with the first and the last place of a row of equal ones."""
    first = 0
    for k in range(1, len(values) + 1):
        if k == len(values) or values[k] != values[first]:
            yield values[first], first, k - 1
            first = k


def _span(labels: Sequence[str], first: int, last: int) -> str:
    if first == last:
        return f"at {_said(labels[first])}"
    if last == len(labels) - 1:
        return f"from {_said(labels[first])} on"
    return f"from {_said(labels[first])} to {_said(labels[last])}"


def _said(label: str) -> str:
    """What a network is called in a sentence."""
    return "the end" if label == END else label


def _circuits_over(found: Any) -> str:
    labels = found.labels
    numbers = [found.counts(k)["perfect_circuits"] for k in range(len(found.sides))]
    if None in numbers:
        return "The perfect circuits were not counted in every network."
    if len(set(numbers)) == 1:
        return f"Each has {count_of(numbers[0], 'perfect circuit')}."
    inside = [
        f", with the {name}, {value:,}, at {_said(labels[numbers.index(value)])}"
        for name, value in (("most", max(numbers)), ("fewest", min(numbers)))
        if value not in (numbers[0], numbers[-1])
    ]
    return f"The perfect circuits go from {numbers[0]:,} to {numbers[-1]:,}{''.join(inside)}."


def _lives_over(found: Any) -> Iterator[str]:
    if found.rung is None:
        yield "No algorithm was placed in any of them."
        return
    born = sum(len(change.born) for change in found.changes[1:])
    died = sum(len(change.died) for change in found.changes[1:])
    several = count_of(len(found.lives), "explanation")
    yield (
        f"At the rung {found.rung}, {several} {'is' if len(found.lives) == 1 else 'are'} there at some time, "
        f"{len(found.changes[0].born):,} from the start; later {born:,} {'comes' if born == 1 else 'come'} and "
        f"{died:,} {'goes' if died == 1 else 'go'}."
    )
    left, end = [one for one in found.lives if one.present[-1]], _said(found.labels[-1])
    if not left:
        yield f"None is left at {end}."
        return
    longest = f"{_explanation(left[0], found)}, {_since(left[0], found)}"
    if len(left) == 1:
        yield f"Left at {end}: {longest}."
    else:
        yield f"{len(left):,} are left at {end}; the one that is there longest: {longest}."


def _explanation(life: Any, found: Any) -> str:
    of = f"{life.about}: " if life.about else ""
    where = life.mapping.named(found.sides[0].network.graph)
    return f"{of}{life.mapping.title} ({where})"


def _since(life: Any, found: Any) -> str:
    first, _ = life.spans[-1]
    return "there from the start" if first == 0 else f"there {_span(found.labels, first, len(found.labels) - 1)}"


def course_lines(found: Any) -> Iterator[str]:
    """Tables of 80 columns: the networks with their counts, and when each explanation is there."""
    labels = [_short(label) for label in found.labels]
    width = max(8, *map(len, labels))
    counts = [found.counts(k) for k in range(len(found.sides))]
    computed = [_short(",".join(side.computes) or "?") for side in found.sides]
    room = max(8, *map(len, computed))
    yield ""
    yield f"{'Circuits':<{width}}  {'computes':<{room}}{'perfect':>14}{'minimal':>9}{'faithful':>14}"
    for label, function, numbers in zip(labels, computed, counts, strict=True):
        cells = [numbers[f"{kind}_circuits"] for kind in ("perfect", "minimal", "resample_faithful")]
        yield f"{label:<{width}}  {function:<{room}}{_cell(cells[0]):>14}{_cell(cells[1]):>9}{_cell(cells[2]):>14}"
    if found.rung is None:
        return
    rungs = [name.removeprefix("mappings_") for name in counts[0] if name.startswith("mappings_")]
    rows = [[_cell(numbers[f"mappings_{rung}"]) for rung in rungs] for numbers in counts]
    widths = [max(len(rung), *(len(row[k]) for row in rows)) for k, rung in enumerate(rungs)]
    yield ""
    yield "Algorithms in neurons, by the rung that they pass"
    for label, row in [("", rungs), *zip(labels, rows, strict=True)]:
        yield f"{label:<{width}}  " + "  ".join(f"{one:>{size}}" for one, size in zip(row, widths, strict=True))
    yield ""
    yield from _lives_table(found, labels)


def _lives_table(found: Any, labels: Sequence[str]) -> Iterator[str]:
    """Of each explanation a line for each time in which it is there."""
    marked = len(labels) <= MOST_MARKED
    yield f"What passes {found.rung}, longest first" + ("; ■ there, · not, ? not known" if marked else "")
    width = max(len("vanishes by"), *map(len, labels))
    rows = []
    for one in found.lives[:MOST_LIVES]:
        marks = "".join({True: "■", False: "·", None: "?"}[there] for there in one.present) + "  " if marked else ""
        for number, (first, last) in enumerate(one.spans):
            gone = labels[last + 1] if last + 1 < len(labels) else ""
            rows.append((marks if not number else " " * len(marks), labels[first], gone, _explanation(one, found)))
    within = len(rows[0][0]) if rows else 0
    yield f"{'':<{within}}{'appears':<{width}}  {'vanishes by':<{width}}  algorithm, and its neurons"
    for marks, first, gone, said in rows:
        head = f"{marks}{first:<{width}}  {gone:<{width}}  "
        yield from textwrap.wrap(
            said, max(WIDTH, len(head) + 30), initial_indent=head, subsequent_indent=" " * (len(head) + 2),
            break_long_words=False, break_on_hyphens=False, drop_whitespace=True,
        )  # fmt: skip
    if len(found.lives) > MOST_LIVES:
        yield f"and {len(found.lives) - MOST_LIVES:,} more; all are in the table explanations (--csv explanations)"


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def _cell(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
