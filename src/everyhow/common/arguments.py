"""What every public function asks of its arguments before it does anything with them: the kinds of values, by name."""

import math
import reprlib
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from .budget import Budget
from .errors import InputError

Kind = TypeVar("Kind")
# More values than anyone lists by hand; an iterable that goes on for ever is stopped there.
MOST_LISTED = 1_000_000
# No layer, and no input, is meant to be wider: lists of neurons, circuits and points grow with it.
WIDEST = 2**16


def quoted(value: object) -> str:
    """A value as an error quotes it: on one line, of a length that can be read, with no character that a terminal
    obeys."""
    try:
        text = reprlib.repr(value)
    except Exception:
        text = f"of type {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def is_whole(value: Any, least: int, most: float = math.inf) -> bool:
    """Whether a value is a whole number, of any type of numbers, from `least` to `most`.

    Example:
        >>> import numpy as np
        >>> is_whole(np.int64(3), 1), is_whole(2.5, 1), is_whole(True, 1), is_whole("3", 1)
        (True, False, False, False)
    """
    number = number_in(value)
    return number is not None and number == math.floor(number) and least <= number <= most


def is_number(value: Any, least: float = -math.inf, most: float = math.inf) -> bool:
    """Whether a value is a finite number, of any type of numbers, from `least` to `most`."""
    number = number_in(value)
    return number is not None and least <= number <= most


def number_in(value: Any) -> float | None:
    """A finite real number as a float; None when the value is something else, such as a truth value or a text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value) if abs(value) < 2**1000 else math.inf
    elif _is_of_numpy(value):
        found = float(value)
    else:
        return None
    return found if math.isfinite(found) else None


def _is_of_numpy(value: Any) -> bool:
    """Whether a value is a real number of NumPy, which takes longer to load than most errors take to be told."""
    import numpy as np

    return isinstance(value, np.integer | np.floating)


def has(value: Any, *names: str) -> bool:
    """Whether a value has attributes of these names; one that raises something else when asked has none."""
    try:
        return all(hasattr(value, name) for name in names)
    except Exception:
        return False


def choice(name: str, value: Any, allowed: Collection[str], plural: str | None = None) -> Any:
    """One of some texts.

    Raises:
        InputError: the value is not among them.
    """
    if isinstance(value, str) and value in allowed:
        return value
    raise InputError(f"unknown {name} {quoted(value)}; the {plural or name + 's'} are {', '.join(allowed)}")


def instance(value: Any, kind: type[Kind], what: str, next_step: str) -> Kind:
    """A value of a class.

    Raises:
        InputError: the value is of another class; `what` says what was asked for, `next_step` where such a value comes
        from.
    """
    if isinstance(value, kind):
        return value
    raise InputError(f"{what} is asked for, not a value of type {type(value).__name__}: {next_step}")


def listed(name: str, values: Any, rule: str) -> list[Any]:
    """The values of an iterable that is not a text or a mapping.

    Raises:
        InputError: the value is something else, or the iterable goes on for ever.
    """
    if isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping):
        try:
            found = list(islice(values, MOST_LISTED + 1))
        except Exception:  # such as an array of no dimensions, or whatever an object of a user raises
            found = None
        if found is not None and len(found) <= MOST_LISTED:
            return found
    raise InputError(f"{name} is {quoted(values)}; give {rule}")


def checked_budget(budget: Any) -> Budget:
    """So many candidate evaluations.

    Raises:
        InputError: it is not a number of at least 1.
    """
    if not is_number(budget, 1):
        raise InputError(f"budget is {quoted(budget)}; it is a number of candidate evaluations, at least 1")
    return Budget(budget)


def check_sizes(sizes: Iterable[int], what: str, most: int = WIDEST, counted: str = "neurons in a layer") -> None:
    """Raises InputError when something is larger than any network that is taken."""
    largest = max(sizes, default=0)
    if largest > most:
        raise InputError(f"{what} has {largest:,} {counted}; at most {most:,} are taken: give a part of it")
