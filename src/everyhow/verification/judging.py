"""Verdicts and refusals, worded anew from the numbers."""

from collections.abc import Mapping
from typing import Any

from ..ladder import BESIDE, DEFINITIONS
from .comparing import Holds


def verdict_of(
    survivors: Mapping[str, Any],
    space: str,
    partial: str | None = None,
    failure: str | None = None,
    trivial: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The verdict that follows from survivors by rung, the loosest rung first, those that stand beside the others left
    out; see `everyhow.ladder.judge`.

    Where nothing is left, the example that the reason gives is not worked out again; it has to name the rung, or to be
    `failure` when that is given.
    """
    survivors = {rung: n for rung, n in survivors.items() if rung not in BESIDE}
    numbers = {rung: n for rung, n in survivors.items() if not isinstance(n, Holds)}
    uncounted = ", ".join(rung for rung, n in numbers.items() if n is None)
    if partial or uncounted:
        return _verdict("unknown", None, space, partial or f"not counted: {uncounted}")
    if len(numbers) < len(survivors):
        held = "follows from a number that is only held to a sample"
        return {
            "status": Holds(lambda s: s in ("identifiable", "not identifiable", "none valid"), "a verdict", held),
            "criterion": Holds(lambda rung: rung in survivors, "a rung", held),
            "space": space,
            "reason": Holds(lambda text: isinstance(text, str) and bool(text), "a sentence", held),
        }
    without = {rung: n - ((trivial or {}).get(rung) or 0) for rung, n in numbers.items()}
    last = list(without)[-1]
    alone = numbers[last] - without[last]
    if without[last] == 0:
        rung = next(rung for rung, n in without.items() if n == 0)
        if alone == 0:
            return _verdict("none valid", rung, space, _why(rung, failure, "", False))
        had = "the one that is left has" if alone == 1 else f"the {alone:,} that are left have"
        start = f"{had} no variables, and such an algorithm passes every rung of any network; "
        status = "identifiable, trivially" if alone == 1 else "not identifiable"
        return _verdict(status, rung if alone == 1 else last, space, _why(rung, failure, start, True))
    beside = f", beside {alone:,} without variables" if alone else ""
    if without[last] == 1:
        rung = next(rung for rung, n in without.items() if n == 1)
        return _verdict("identifiable", rung, space, f"exactly one passes ({DEFINITIONS[rung]}){beside}")
    return _verdict("not identifiable", last, space, f"{without[last]:,} pass even the strictest criterion{beside}")


def _verdict(status: str, criterion: str | None, space: str, reason: Any) -> dict[str, Any]:
    return {"status": status, "criterion": criterion, "space": space, "reason": reason}


def _why(rung: str, failure: str | None, start: str, trivial: bool) -> Any:
    if failure is not None:
        return start + failure
    # Whether trivial ones are named depends on those that fell before.
    forms = tuple(f"{start}{none} passes {rung}" for none in ("nothing", "nothing with variables"))
    return Holds(
        lambda text: isinstance(text, str) and text.startswith(forms[trivial:]),
        f"{forms[trivial]}, and why",
        "the example of what fails is not worked out again",
    )


def refusal_of(what: str, needed: int, budget: int) -> str | None:
    """Why something was not done within a budget, in the words of audits; None when it was."""
    if needed <= budget:
        return None
    return f"{what} needs about {rounded(needed)} candidate evaluations, the budget is {rounded(budget)}"


def rounded(number: int) -> str:
    """A whole number of any size to three digits."""
    if number < 10**300:
        return f"{number:.3g}"
    digits = str(number)
    return f"{digits[0]}.{digits[1:3]}e+{len(digits) - 1}"
