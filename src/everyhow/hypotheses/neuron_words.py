"""Every sentence that is said of what one neuron can be read as."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ..boolean.smallest import MOST_INPUTS
from ..boolean.truth_table import TruthTable
from ..common.shares import sampled_share
from ..common.spoken import input_named, joined
from ..readout.signal import Signal, shown_formula
from .climbing import percent_of
from .phrases import count_of, number_text
from .remarks import still_line
from .words import FULL

# Readings, variables and codes that are told, and inputs; their numbers are told, too.
MOST_TOLD, MOST_VALUES = 6, 16


def neuron_lines(found: Any, most: int | None) -> Iterator[str]:
    """What a neuron can be read as, so many of each kind or all."""
    if not found.varies:
        yield still_line(found.name, None if found.several else next(iter(found.activations.values())))
    if found.asked is not None:
        yield from _answer(found)
    values = list(found.activations.items())[: MOST_VALUES if most else None]
    left = len(found.activations) - len(values)
    if found.varies:
        told = ", ".join(f"{number_text(value)} on {name}" for name, value in values)
        holds = "writes, at all positions together, a vector of norm" if found.several else "holds"
        yield f"{found.name} {holds} {told}{f', and at {left:,} more inputs {FULL}' if left else ''}."
    yield from _of_circuits(found, most)
    yield from _of_mappings(found, most)
    yield from _of_codes(found, most)
    yield from (f"Not looked at: {note}." for note in found.notes.refused + found.notes.beyond)
    yield from (f"Not sure: {note}." for note in found.notes.ties)


def _answer(found: Any) -> Iterator[str]:
    """Whether the neuron is read as what was asked: by itself, with others, and over circuits."""
    what = named(found.asked)
    said = [one for one in (_by_itself(found), _with_others(found), _over_circuits(found)) if one]
    yield f"{_verdict(found)}, as {what}: {'; '.join(said) or 'nothing was found out'}."
    if found.read:
        yield "It is the only reading." if found.only else "It is not the only reading."
    alone = found.alone
    if alone is not None and alone.run is not None:
        taken = alone.run.patch[0]
        yield (
            f"On {input_named(alone.run.base)}, give {found.name} its value from {input_named(taken.source)}: "
            f"{alone.formula} says {alone.run.predicted:d}, the {found.model.kind} {alone.run.decided:d}."
        )


def _verdict(found: Any) -> str:
    """Yes, in part, only in some circuits, or no."""
    by_itself = found.alone is not None and found.alone.share == 1
    often = not found.read_as or any(one in found.agreeing for one in _most_often(found))
    if by_itself and often:
        return "Yes"
    if by_itself or found.standing:
        return "In part"
    return "Only in some circuits" if found.agreeing else "No"


def _most_often(found: Any) -> list[Any]:
    return [one for one in found.read_as if one.circuits == found.read_as[0].circuits]


def _by_itself(found: Any) -> str:
    alone = found.alone
    if alone is None:
        return ""
    if not alone.formulas:
        return f"none of {alone.among} has it as a variable"
    have = f"the {count_of(alone.formulas, 'formula')} that {'has' if alone.formulas == 1 else 'have'} it as a variable"
    if alone.share == 1:
        number = "" if alone.aligned == alone.formulas else f"{alone.aligned:,} of "
        return f"by itself it is aligned (IIA 100 %) in {number}{have}"
    return f"by itself it is aligned in none of {have} (IIA {percent_of(alone.share)} in the simplest)"


def _with_others(found: Any) -> str:
    number = sum(one.mappings - one.alone for one in found.standing)
    if number:
        return f"with other {found.model.nodes} it is aligned, in {count_of(number, 'mapping')}"
    aligned = found.depth is not None and not (found.alone is not None and found.alone.share == 1)
    said = f"with other {found.model.nodes} it is not aligned either"
    return said if aligned and found.alone and found.alone.formulas else ""


def _over_circuits(found: Any) -> str:
    if not found.circuits or found.several:
        return ""
    number = sum(one.circuits for one in found.agreeing)
    circuits = f"{found.perfect:,} perfect circuits" if found.perfect else "perfect circuits"
    if not drawn(found):
        how_many = f"{number:,}" if number else "none"
        verb = "reads" if number <= 1 else "read"
        said = f"{how_many} of {count_of(found.circuits, 'perfect circuit')} {verb} it so"
    elif number:
        said = f"by a sample, {sampled_share(number, found.circuits)} of the {circuits} read it so"
    else:
        said = f"of {found.circuits:,} drawn of the {circuits} none reads it so"
    turned = _turned(found) if not number else None
    if turned is not None:
        share = sampled_share(turned.circuits, found.circuits) if drawn(found) else f"{turned.circuits:,}"
        return f"{said}; {share} read it as the complement, {turned.name}"
    often = _most_often(found)
    if not often:
        return f"{said}, nor as anything else" if found.using else said
    if any(one in found.agreeing for one in often):
        alone = len(found.read_as) == 1
        if drawn(found) and not alone:
            near = [one.name for one in found.read_as if one not in found.agreeing and _as_often(one, often[0])]
            if near:
                return (
                    f"{said}, about as often as {joined(near[:3], 'or')}: more circuits would have to be drawn to tell"
                )
        return said if alone else f"{said}, {'as often as' if len(often) > 1 else 'more than as'} anything else"
    most = often[0].circuits
    share = f", {sampled_share(most, found.circuits)}" if drawn(found) else f" ({most:,})"
    return f"{said}, and most often they read it as {joined([one.name for one in often[:3]], 'or')}{share}"


def _turned(found: Any) -> Any:
    """The reading that is the complement of what is asked about, if circuits have it."""
    asked = found.asked
    return next((one for one in found.read_as if asked is not None and one.table == ~asked), None)


def _as_often(one: Any, most: Any) -> bool:
    """Whether chance alone may be why one reading has fewer of the circuits that were drawn than another (95 %)."""
    return most.circuits - one.circuits <= 1.96 * math.sqrt(most.circuits + one.circuits)


def drawn(found: Any) -> bool:
    """Whether the circuits that were looked at are a sample."""
    return found.perfect is None or found.circuits < found.perfect


def _of_circuits(found: Any, most: int | None) -> Iterator[str]:
    if not found.circuits:
        return
    sampled = drawn(found)
    if sampled:
        total = "more" if found.perfect is None else f"{found.perfect:,}"
        using = sampled_share(found.using, found.circuits)
        yield (
            f"Over circuits, by {found.circuits:,} drawn uniformly of the {total} perfect ones (shares with their 95 % "
            f"intervals): {using} use it."
        )
    else:
        circuits = count_of(found.circuits, "perfect circuit")
        yield f"Over circuits: of {circuits}, {found.using:,} {'uses' if found.using == 1 else 'use'} it."
    whole = sum(one.interpretations for one in found.read_as)
    for one in found.read_as[:most]:
        if sampled:
            yield f"  {one.name}: in {sampled_share(one.circuits, found.circuits)}"
            continue
        of = percent_of(Fraction(one.interpretations, whole))
        circuits = count_of(one.circuits, "circuit")
        yield f"  {one.name}: in {circuits}, {count_of(one.interpretations, 'interpretation')} ({of})"
    yield from _more(len(found.read_as), most)
    if not found.read_as and found.using and not found.several:
        yield "  none of them has an interpretation in which it varies"


def _of_mappings(found: Any, most: int | None) -> Iterator[str]:
    if found.depth is None:
        return
    what = f"in aligned algorithms of depth {found.depth} or less"
    if not found.stands_for:
        yield f"As a variable: {found.name} stands for none {what}."
        return
    yield f"As a variable {what} (a variable and its complement are one):"
    for one in found.stands_for[:most]:
        others = f"with other {found.model.nodes}"
        how = "alone" if one.alone == one.mappings else others if not one.alone else (
            f"alone in {one.alone:,}"
        )  # fmt: skip
        where = f"in {count_of(one.mappings, 'mapping')} of {count_of(one.algorithms, 'algorithm')}, {how}"
        yield f"  {one.name}: {where}; the best passes up to {one.rung}"
    yield from _more(len(found.stands_for), most)


def _of_codes(found: Any, most: int | None) -> Iterator[str]:
    if not found.signals:
        return
    every = ", as in any layer with as many independent neurons" if found.every_signal else ""
    layer, number = found.node.stage, len(found.codes)
    yield (
        f"In codes: it is part of {number:,} of the {count_of(found.signals, 'code')} of layer {layer} that read a "
        f"Boolean signal{every}."
    )
    for code in found.codes[:most]:
        yield f"  {code}"
    yield from _more(number, most)


def _more(number: int, most: int | None) -> Iterator[str]:
    if most is not None and number > most:
        yield f"  and {number - most:,} more {FULL}"


def named(table: TruthTable | Signal) -> str:
    """A function as a formula, or by its truth table where it has many inputs."""
    if isinstance(table, TruthTable) and table.inputs > MOST_INPUTS:
        return str(table)
    return str(shown_formula(table))
