"""What every public function asks of its arguments before it does anything with them: the kinds of values, by name."""

import math
import reprlib
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from .errors import InputError

Kind = TypeVar("Kind")
# More values than anyone lists by hand; an iterable that goes on for ever is stopped there.
MOST_LISTED = 1_000_000


def shown(value: object) -> str:
    """A value as an error quotes it: on one line, of a length that can be read, with no sign that a terminal obeys."""
    try:
        text = reprlib.repr(value)
    except Exception:
        text = f"of type {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def whole(name: str, value: Any, least: int, what: str, most: int | None = None) -> int:
    """A whole number of at least `least`; `what` says what it counts.

    Raises:
        InputError: it is something else.

    Example:
        >>> whole("depth", np.int64(3), 1, "the largest depth of algorithms")
        3
    """
    number = real(name, value, what, f"a whole number of at least {least}" + (f" and at most {most}" if most else ""))
    if number != math.floor(number) or number < least or (most is not None and number > most):
        limits = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise InputError(f"{name} is {shown(value)}; it is {what}, a whole number {limits}")
    return int(value)


def real(name: str, value: Any, what: str, rule: str = "a finite number") -> float:
    """A finite number; `what` says what it is.

    Raises:
        InputError: it is something else.
    """
    number = number_in(value)
    if number is None:
        raise InputError(f"{name} is {shown(value)}; it is {what}, {rule}")
    return number


def number_in(value: Any) -> float | None:
    """A finite real number as a float; None when the value is something else, such as a truth value or a text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value) if abs(value) < 2**1000 else math.inf
    elif isinstance(value, np.integer | np.floating):
        found = float(value)
    else:
        return None
    return found if math.isfinite(found) else None


def choice(name: str, value: Any, allowed: Collection[str], plural: str | None = None) -> Any:
    """One of some texts.

    Raises:
        InputError: it is not among them.
    """
    if isinstance(value, str) and value in allowed:
        return value
    raise InputError(f"unknown {name} {shown(value)}; the {plural or name + 's'} are {', '.join(allowed)}")


def instance(value: Any, kind: type[Kind], what: str, next_step: str) -> Kind:
    """A value of a class.

    Raises:
        InputError: it is of another; `what` says what was asked for, `next_step` where such a value comes from.
    """
    if isinstance(value, kind):
        return value
    raise InputError(f"{what} is asked for, not a value of type {type(value).__name__}: {next_step}")


def listed(name: str, values: Any, rule: str) -> list:
    """The values of an iterable that is not a text or a mapping.

    Raises:
        InputError: it is something else, or goes on for ever.
    """
    if isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping):
        try:
            found = list(islice(values, MOST_LISTED + 1))
        except Exception:  # such as an array of no dimensions, or whatever an object of a user raises
            found = None
        if found is not None and len(found) <= MOST_LISTED:
            return found
    raise InputError(f"{name} is {shown(values)}; give {rule}")
