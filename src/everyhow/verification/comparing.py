"""What a stored audit says against what was found again, value by value."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .check import Check

KeyPath = tuple[str | int, ...]
# Numbers that are not whole are the same when they are this close, relative to the larger one or to 1e-6.
CLOSE, SMALL = 1e-6, 1e-6


@dataclass(frozen=True)
class Open:
    """Stands for a value that was not found again, and says why; it says nothing of one that is checked elsewhere."""

    reason: str


@dataclass(frozen=True)
class Holds:
    """Stands for a value of which only some property is known.

    Attributes:
        test: whether a stated value has it.
        said: the property, in words.
        bounds: whether the value may be another one than the one stated, so that it is not really checked; and why.
    """

    test: Callable[[Any], bool]
    said: str
    bounds: str | None = None


MISSING = "nothing"


def differences(stated: Any, found: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Every path at which two documents differ, with what each has there. Whole numbers, texts and truth
    values must be equal."""
    if isinstance(found, Open):
        return
    if isinstance(found, Holds):
        if not _passes(found, stated):
            yield path, stated, found.said
    elif isinstance(found, dict):
        if not isinstance(stated, dict):
            yield path, stated, f"{len(found)} keys"
            return
        for key in (*found, *(key for key in stated if key not in found)):
            if key not in stated or key not in found:
                yield (*path, key), stated.get(key, MISSING), found.get(key, MISSING)
            else:
                yield from differences(stated[key], found[key], (*path, key))
    elif isinstance(found, list | tuple):
        if not isinstance(stated, list):
            yield path, stated, f"a list of {len(found)}"
            return
        if len(stated) != len(found):
            yield path, f"a list of {len(stated)}", f"a list of {len(found)}"
        for k, (one, other) in enumerate(zip(stated, found, strict=False)):
            yield from differences(one, other, (*path, k))
    elif not same(stated, found):
        yield path, stated, found


def same(stated: Any, found: Any) -> bool:
    """Whether two plain values are the same, numbers that are not whole up to rounding."""
    if isinstance(found, float):
        if isinstance(stated, bool) or not isinstance(stated, int | float):
            return False
        return stated == found or abs(stated - found) <= CLOSE * max(abs(stated), abs(found), SMALL)
    return type(stated) is type(found) and stated == found


def left_open(stated: Any, found: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """The paths of values that were not found again, or only held to bounds, each with the reason."""
    if isinstance(found, Open):
        if found.reason:
            yield path, found.reason
    elif isinstance(found, Holds):
        if found.bounds:
            yield path, found.bounds
    elif isinstance(found, dict) and isinstance(stated, dict):
        for key in found:
            if key in stated:
                yield from left_open(stated[key], found[key], (*path, key))
    elif isinstance(found, list | tuple) and isinstance(stated, list):
        for k, (one, other) in enumerate(zip(stated, found, strict=False)):
            yield from left_open(one, other, (*path, k))


def shown(path: KeyPath) -> str:
    """The path of a value in a document, such as `counts.mappings` or `outputs[0].depth`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def values_in(document: Any) -> int:
    """How many values there are in a document."""
    if isinstance(document, dict):
        return sum(map(values_in, document.values()))
    if isinstance(document, list | tuple):
        return sum(map(values_in, document))
    return 1


def compared(what: str, scope: str, stated: Any, found: Any) -> Check:
    """One check of a part of a document: of a plain value what it is, of a larger part the first path that differs."""
    first = next(differences(stated, found), None)
    if first is not None:
        path, one, other = first
        name = what + shown(("", *path)) if path else what
        check = Check(name.replace("..", "."), scope, _plain(one), _plain(other))
        # Values that are alike but of another kind are told apart by their kinds.
        return Check(check.what, scope, *map(_kind, (one, other))) if check.agrees else check
    if isinstance(found, dict | list | tuple):
        number = values_in(found)
        return Check(what, f"{scope}; {number:,} values" if number > 1 else scope, True, True)
    told = True if stated is None or isinstance(stated, dict | list) else stated
    return Check(what, scope, told, told)


def _passes(found: Holds, stated: Any) -> bool:
    try:
        return bool(found.test(stated))
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        return False


def _kind(value: Any) -> str:
    return f"{value} ({type(value).__name__})"


def _plain(value: Any) -> Any:
    if isinstance(value, Holds):
        return value.said
    if isinstance(value, Open):
        return "something"
    if isinstance(value, dict):
        return f"{len(value)} keys"
    return f"a list of {len(value)}" if isinstance(value, list | tuple) else value
