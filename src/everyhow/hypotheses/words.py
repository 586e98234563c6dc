"""Every sentence that a hypothesis and what came of it is told by."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from ..common.spoken import input_named, joined
from ..experiment.words import values_of
from ..ladder import DEFINITIONS
from .climbing import Climb, PatchedRun, percent_of
from .phrases import count_of

# Rivals and other places that are told, and that are kept; their number is told, too.
MOST_TOLD, MOST_KEPT = 5, 100
FULL = "(--full shows them; in Python, .full)"


def run_sentence(run: PatchedRun, who: str, kind: str) -> str:
    """A run that goes against a hypothesis, with what both sides say.

    Example:
        >>> from everyhow.hypotheses.climbing import Taken
        >>> run_sentence(PatchedRun("01", (Taken(("h1.1", "h1.0"), "00"),), False, True), "algorithm", "network")
        'On input 01, give h1.1 and h1.0 their values from input 00: the algorithm says 0, the network 1.'
    """
    patch = "give " + joined([values_of(one.what, input_named(one.source)) for one in run.patch])
    verdict = f"the {who} says {run.predicted:d}, the {kind} {run.decided:d}."
    if run.left is not None:
        what, at = run.left
        kept = f"Keep what {what} then holds, and put it in on {input_named(run.base)}"
        return f"On {input_named(at)}, {patch}. {kept}: {verdict}"
    return f"On {input_named(run.base)}, {patch}: {verdict}"


def climb_lines(climb: Climb, who: str, kind: str) -> Iterator[str]:
    """How far a hypothesis comes, and the run at which it falls."""
    every = "every rung" if climb.complete else joined(climb.passed)
    if not climb.accuracies:
        yield f"It has no variables: it passes every rung of any {kind} that computes this, and says nothing of where."
    elif climb.complete:
        yield f"It passes {every}: {', '.join(climb.passed)}."
    elif climb.fell is not None:
        passed = f"It passes {every}, and falls" if climb.passed else "It falls"
        first = "at the first rung" if not climb.passed else "at"
        rung = f", {climb.fell}" if not climb.passed else f" {climb.fell}"
        yield f"{passed} {first}{rung} ({DEFINITIONS[climb.fell]}): {climb.reason}."
        if climb.run is not None:
            yield run_sentence(climb.run, who, kind)
        after = climb.rungs[climb.rungs.index(climb.fell) + 1 :]
        if after:
            yield f"Not reached: {joined(after)}."
    else:
        passed = f"It passes {every}. " if climb.passed else ""
        yield f"{passed}Not found out: {climb.refused}."


def share_lines(names: Sequence[str], accuracies: Sequence[Fraction], jointly: Fraction | None) -> Iterator[str]:
    """The IIA of each variable, and of two or more at once."""
    each = [f"{name} {percent_of(one)}" for name, one in zip(names, accuracies, strict=True)]
    together = [] if jointly is None else [f"two or more at once {percent_of(jointly)}"]
    if each:
        yield f"Interchanges that agree (IIA): {', '.join(each + together)}."


def brief_climb_lines(climb: Climb | None, who: str, kind: str) -> Iterator[str]:
    """How far a hypothesis comes by itself, and the run at which it falls."""
    if climb is None:
        yield "Which rungs it passes was not found out: the places are too many for the budget."
        return
    yield from (line for line in climb_lines(climb, who, kind) if not line.startswith("Not reached"))


def searched_line(names: Sequence[str], number: int) -> str:
    """How many places there were for the variables whose place was searched for."""
    searched = f"Searched for: {joined(names)}."
    if not number:
        return f"{searched} No free places are aligned; those that come nearest are tested."
    return f"{searched} {count_of(number, 'aligned place')}; the one that comes furthest is tested."


def searched_lines(found: Any) -> Iterator[str]:
    """What was found of the variables whose place was searched for."""
    if found.filled is None:
        return
    yield searched_line(found.given.searched, found.filled)
    if found.filled and found.others:
        shown = "; ".join(map(placed_text, found.others[:MOST_TOLD]))
        left = len(found.others) - MOST_TOLD
        yield f"As far come: {shown}{f'; and {left:,} more' if left > 0 else ''}."


def placed_text(hypothesis: Any) -> str:
    """The places of a hypothesis."""
    pairs = zip(hypothesis.variables, hypothesis.carriers, strict=True)
    return ", ".join(f"{name} in {carrier}" for name, carrier in pairs)


def change_lines(found: Any) -> Iterator[str]:
    """The nearest change by which a hypothesis comes further, and what was tried to find it."""
    if found.climb.complete or found.climb.refused:
        return
    change = found.change
    if change is None:
        yield f"No other place was found by which it comes further. {found.family}."
        return
    moves = joined([f"{name} in {after} instead of {before}" for name, before, after in change.moved])
    far = "every rung" if change.complete else joined(change.passed)
    yield f"Nearest change that comes further: put {moves}. Then it passes {far}. {found.family}."
    yield from change.remarks


def rival_lines(found: Any, most: int) -> Iterator[str]:
    """The explanations that come as far, so many of them by name, and the simplest of those that come furthest."""
    rivals, kind = found.rivals, found.model.kind
    if rivals.elsewhere is not None and rivals.rung is not None:
        yield from _elsewhere_lines(rivals, most, found.model)
    yield from _formula_lines(rivals, most, found.model)
    if rivals.outside:
        yield "The hypothesis is deeper than these formulas, and does not belong to them."
    if found.further is not None and (rivals.rung is None or not (found.change and found.change.complete)):
        best, rung = found.further
        yield f"The simplest that comes furthest passes {rung}: {best.title}: {best.named(found.model.graph)}."
    if rivals.elsewhere is not None:
        yield f"Other causal models were not looked for: others may say as much of this {kind}."


def _elsewhere_lines(rivals: Any, most: int, model: Any) -> Iterator[str]:
    there, rung = rivals.elsewhere, rivals.rung
    gone = f"{count_of(there.number, 'minimal choice')} of {model.nodes}"
    if there.tried < there.number:
        gone = f"the first {there.tried:,} of {there.number:,} minimal choices of {model.nodes}"
    number, were = len(there.kept), "was" if there.number == 1 else "were"
    verb = "passes" if number <= 1 else "pass"
    end = f"{number:,} other {verb} as much ({rung}):" if number else f"no other passes as much ({rung})."
    yield f"Of this causal model {gone} {were} tried: {end}"
    yield from _listed(there.kept, number, most, model.graph)


def _formula_lines(rivals: Any, most: int, model: Any) -> Iterator[str]:
    number = rivals.number
    if rivals.rung is None:
        yield from _beyond_lines(rivals, most, model)
        return
    among = f"Among all minimal choices of {model.nodes} for {rivals.family},"
    other = "" if rivals.elsewhere is not None else " other"
    if number is None:
        yield f"{among} how many pass as much ({rivals.rung}) was not found out."
    elif not number:
        yield f"{among} {'no other' if other else 'none'} passes as much ({rivals.rung})."
    else:
        yield f"{among} {number:,}{other} {'passes' if number == 1 else 'pass'} as much ({rivals.rung}):"
        yield from _listed(rivals.first, number, most, model.graph)


def _beyond_lines(rivals: Any, most: int, model: Any) -> Iterator[str]:
    """Where a hypothesis passes no rung, how many pass the first; by name only in full."""
    number, formulas = rivals.number, rivals.formulas
    if number is None or formulas is None:
        yield f"Whether any of {rivals.family} passes the first rung was not found out."
    elif not number:
        yield f"None of {rivals.family} passes the first rung either, in any {model.nodes}."
    else:
        verb, choices = "passes" if formulas == 1 else "pass", count_of(number, "choice")
        yield f"Of {rivals.family}, {formulas:,} {verb} the first rung, with {choices} of {model.nodes} in all."
        if most > MOST_TOLD:
            yield from _listed(rivals.first, number, most, model.graph)


def _listed(first: Sequence[Any], number: int, most: int, graph: Any) -> Iterator[str]:
    for one in first[:most]:
        yield f"  {one.title}: {rival_places(one, graph)}"
    told = min(most, len(first))
    if number > told:
        yield f"  and {number - told:,} more{f' {FULL}' if len(first) > told else ''}"


def rival_places(one: Any, graph: Any) -> str:
    """The places of a rival: of a mapping by the names of the model."""
    return one.named(graph) if hasattr(one, "named") else placed_text(one)
