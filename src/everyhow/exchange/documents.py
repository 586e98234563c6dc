"""JSON documents of other tools: read with a limit, every error naming the file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, InputError

# The largest file that is read; a graph of 2,000 edges has about 0.1 MB.
MOST_BYTES = 1 << 20
# Longer names are cut in messages.
LONGEST_SHOWN = 40


def read_document(path: str | Path, what: str) -> dict[str, Any]:
    """The JSON object in a file that is said to hold `what`.

    Raises:
        FileFormatError: there is no such file, it is larger than 1 MB, cannot be read, or holds no JSON object.
    """
    return an_object(path, read_json(path, what, MOST_BYTES), what)


def an_object(path: str | Path, document: Any, what: str) -> dict[str, Any]:
    """The JSON value of a file, if it is an object.

    Raises:
        FileFormatError: it is another value.
    """
    if not isinstance(document, dict):
        raise FileFormatError(f"{path}: holds a JSON {type(document).__name__}; {what} is a JSON object")
    return document


def begins_a_list(path: Path) -> bool:
    """Whether a file begins as a JSON list does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(64).lstrip().startswith(b"[")


def read_json(path: str | Path, what: str, most: int) -> Any:
    """The JSON value in a file that is said to hold `what`, of at most so many bytes.

    Raises:
        FileFormatError: there is no such file, it is larger, cannot be read, or says two things of one name.
    """
    path = Path(path)
    if not path.is_file():
        raise FileFormatError(f"{path}: no such file; give the path of {what} (.json)")
    try:
        size = path.stat().st_size
        if size > most:
            raise FileFormatError(f"{path}: has {size:,} bytes; {what} has at most {most:,}")
        return json.loads(path.read_bytes(), object_pairs_hook=_object)
    except (ValueError, RecursionError, OSError) as error:
        if isinstance(error, FileFormatError):
            raise
        if isinstance(error, InputError):
            raise FileFormatError(f"{path}: {error}") from None
        raise FileFormatError(f"{path}: not a JSON file ({error}); expected {what}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, which may repeat a name only to say the same again."""
    found = dict(pairs)
    twice = next((name for name, value in pairs if value is not found[name] and value != found[name]), None)
    if twice is not None:
        raise InputError(f"{cut(twice)} stands twice in one object, with different values; keep one of them")
    return found


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Turn every InputError inside into a FileFormatError that starts with the path."""
    try:
        yield
    except FileFormatError:
        raise
    except InputError as error:
        raise FileFormatError(f"{path}: {error}") from None


def cut(value: object) -> str:
    """A value as it stands in a message: not longer than forty signs.

    Example:
        >>> cut("x0->h1.0"), cut("x" * 100)
        ("'x0->h1.0'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...")
    """
    # A long text is cut before it is quoted, so that a file cannot make a message expensive.
    text = repr(value[: LONGEST_SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."
