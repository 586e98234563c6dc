"""Every sentence that a hypothesis and what came of it is told by."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from ..ladder import DEFINITIONS
from .climbing import Climb, PatchedRun, percent_of
from .placed import is_code

# Rivals and other places that are told; their number is told, too.
MOST_TOLD = 5


def on(name: str) -> str:
    """An input by name: a row of a truth table by its digits, an input of data by its number."""
    return name if name.startswith("input") else f"input {name}"


def joined(words: Sequence[str], last: str = "and") -> str:
    """Words in a row.

    Example:
        >>> joined(["one", "two", "three"]), joined(["one", "two"]), joined(["one"])
        ('one, two and three', 'one and two', 'one')
    """
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def values_of(what: Sequence[str], source: str) -> str:
    """What takes its value from where."""
    return f"{joined(what)} {'its value' if len(what) == 1 else 'their values'} from {source}"


def run_sentence(run: PatchedRun, who: str, kind: str) -> str:
    """A run that goes against a hypothesis, with what both sides say.

    Example:
        >>> from everyhow.hypotheses.climbing import Taken
        >>> run_sentence(PatchedRun("01", (Taken(("h1.1", "h1.0"), "00"),), False, True), "algorithm", "network")
        'On input 01, give h1.1 and h1.0 their values from input 00: the algorithm says 0, the network 1.'
    """
    patch = "give " + joined([values_of(one.what, on(one.source)) for one in run.patch])
    verdict = f"the {who} says {run.predicted:d}, the {kind} {run.decided:d}."
    if run.left is not None:
        what, at = run.left
        return f"On {on(at)}, {patch}. Keep what {what} then holds, and put it in on {on(run.base)}: {verdict}"
    return f"On {on(run.base)}, {patch}: {verdict}"


def count_of(number: int, one: str, several: str | None = None) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


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


def searched_lines(found: Any) -> Iterator[str]:
    """What was found of the variables whose place was searched for."""
    if found.filled is None:
        return
    names = joined(found.given.searched)
    if not found.filled:
        yield f"Searched for: {names}. No free neurons are aligned; those that come nearest are tested."
        return
    yield f"Searched for: {names}. {count_of(found.filled, 'aligned place')}; the one that comes furthest is tested."
    if found.others:
        shown = "; ".join(map(placed_text, found.others[:MOST_TOLD]))
        more = f"; and {len(found.others) - MOST_TOLD:,} more" if len(found.others) > MOST_TOLD else ""
        yield f"As far come: {shown}{more}."


def placed_text(hypothesis: Any) -> str:
    """The places of a hypothesis."""
    pairs = zip(hypothesis.variables, hypothesis.carriers, strict=True)
    return ", ".join(f"{name} in {carrier}" for name, carrier in pairs)


def code_lines(placed: Any) -> Iterator[str]:
    """Of layers that are read by codes, whether every signal has a code there, whatever the model does."""
    for layer in sorted({one.layer for one in placed.carriers if is_code(one)}):
        if placed.reads_all(layer):
            neurons, inputs = count_of(placed.rank(layer), "independent neuron"), count_of(placed.count, "input")
            yield (
                f"Layer {layer} has {neurons} at {inputs}, so every Boolean signal has a code there, as in any such "
                f"layer: that these codes read the variables says little."
            )


def change_lines(found: Any) -> Iterator[str]:
    """The nearest change by which a hypothesis comes further."""
    if found.climb.complete or found.climb.refused:
        return
    change = found.change
    if change is None:
        yield f"No other place comes further. Gone through: {found.family}."
    else:
        moves = joined([f"{name} in {after} instead of {before}" for name, before, after in change.moved])
        far = "every rung" if change.complete else joined(change.passed)
        yield f"Nearest change that comes further: put {moves}. Then it passes {far}. Gone through: {found.family}."
        yield from change.remarks
    if found.further is not None and not (change and change.complete):
        best, rung = found.further
        yield f"Another explanation comes as far as {rung}: {best.title}: {best.named(found.model.graph)}."


def rival_lines(found: Any) -> Iterator[str]:
    """The explanations that come as far."""
    rivals = found.rivals
    if rivals is None:
        return
    among = f"among {rivals.family}"
    if rivals.number is None:
        yield f"How many others pass as much ({rivals.rung}) was not found out, {among}."
    elif not rivals.number:
        yield f"No other explanation passes as much ({rivals.rung}), {among}."
    else:
        verb = "passes" if rivals.number == 1 else "pass"
        yield f"{count_of(rivals.number, 'other explanation')} {verb} as much ({rivals.rung}), {among}:"
    for one in rivals.first[:MOST_TOLD]:
        yield f"  {one.title}: {rival_places(one, found.model.graph)}"
    if (rivals.number or 0) > MOST_TOLD:
        yield f"  and {(rivals.number or 0) - min(MOST_TOLD, len(rivals.first)):,} more"


def rival_places(one: Any, graph: Any) -> str:
    """The places of a rival: of a mapping by the names of the model."""
    return one.named(graph) if hasattr(one, "named") else placed_text(one)
