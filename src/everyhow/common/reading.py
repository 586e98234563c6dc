"""The one guard of everything that is read: sizes and depths before anything is parsed, each name once, plain types.

A file is looked at in this order: whether it is one, its size, its text, how deep and how long its lists are, and only
then what it says. Whatever is wrong with it is an `InputError`; `naming` puts the file before it.
"""

import codecs
import datetime
import json
import math
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .arguments import quoted
from .errors import FileFormatError, InputError, first_line, shortened

# The largest file that is read where nothing else is said; a graph of 2,000 edges has about 0.1 MB.
MOST_BYTES = 1 << 20
# Parsed, lists and values take far more memory than the bytes that they are written in.
MOST_LISTS = 500_000
MOST_VALUES = 2**23
# Names of values take the most; an audit with everything in it has about a thousand.
MOST_NAMES = 500_000
# Lists inside lists; whatever is written here has fewer than twenty.
DEEPEST = 64
# A whole number of so many is one of about 4,300 digits, the most that Python writes down.
MOST_BITS = 14_280
# Longer names are cut in messages.
LONGEST_SHOWN = 40
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
NO_SIGNS = bytes(set(range(256)) - set(b'"[]{},:'))
# What stands in TOML outside of which no character means anything: texts and comments; and a key of too many parts.
TOML_TEXTS = (
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{0,5}|\'\'\'(?:[^\']|\'{1,2}(?!\'))*+\'{0,5}'
    r'|"(?:[^"\\\n]|\\.)*+"?|\'[^\'\n]*+\'?|#[^\n]*'
)
TOML_PATH = rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{DEEPEST}}}"


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Turn every InputError inside, and every OSError, into a FileFormatError that starts with the path."""
    try:
        yield
    except FileFormatError:
        raise
    except InputError as error:
        raise FileFormatError(f"{path}: {shortened(error)}") from None
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read ({error.strerror or error}); give another path") from None


def check_readable(path: Path, kinds: str, most: int, next_step: str) -> None:
    """See that a file is there and has at most so many bytes, before any of it is read.

    Raises:
        FileFormatError: the path leads to no file, and the message gives the `kinds` expected; or the file is larger,
            and the message ends in `next_step`.
    """
    size = _size(path, kinds)
    if size > most:
        raise FileFormatError(f"{path}: {size:,} bytes; at most {most:,} are read from such a file: {next_step}")


def content_of(path: str | Path, what: str, most: int = MOST_BYTES) -> bytes:
    """The bytes of a file that is said to hold `what`, of at most so many.

    Raises:
        FileFormatError: there is no such file, it is larger, or it cannot be read.
    """
    path = Path(path)
    size, content = _size(path, what), b""
    if size <= most:
        with naming(path), path.open("rb") as file:
            content = file.read(most + 1)
    if max(size, len(content)) > most:
        raise FileFormatError(f"{path}: has {max(size, len(content)):,} bytes; {what} has at most {most:,}")
    return content


def _size(path: Path, kinds: str) -> int:
    """How many bytes a file has, if it is one: a pipe would be waited for, and a device read for ever."""
    with naming(path):
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError, ValueError):  # the last of a name with a character of value 0
            raise FileFormatError(f"{path}: no such file; give the path of {kinds}") from None
        if not stat.S_ISREG(found.st_mode):
            other = "a folder" if stat.S_ISDIR(found.st_mode) else "not a plain file"
            raise FileFormatError(f"{path}: {other}; give the path of {kinds}")
        return found.st_size


def text_of(content: bytes) -> str:
    """The text in some bytes: UTF-8, or UTF-16 and UTF-32 by their mark.

    Raises:
        InputError: the bytes are not such a text, or some have value 0, as in no text.
    """
    _, encoding = encoding_of(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"is not {encoding.upper()} text (byte {error.start:,}); save it as UTF-8") from None
    if "\0" in text:
        raise InputError("holds bytes of value 0: a binary file, or UTF-16 without its mark; save it as UTF-8")
    return text


def encoding_of(content: bytes) -> tuple[bytes, str]:
    """The mark by which a text says its encoding, and that encoding; no mark and UTF-8 where it says nothing."""
    return next(((mark, name) for mark, name in MARKS if content.startswith(mark)), (b"", "utf-8"))


def read_json(path: str | Path, what: str, most: int = MOST_BYTES, lists: int = MOST_LISTS, finite: bool = True) -> Any:
    """The JSON value in a file that is said to hold `what`, of at most so many bytes, lists and objects.

    With `finite` false, NaN and infinities are taken, which JSON does not have and some tools write.

    Raises:
        FileFormatError: there is no such file, it is larger, cannot be read, or is not JSON as `json_of` has it.
    """
    content = content_of(path, what, most)
    with naming(path):
        return json_of(content, what, lists, finite)


def read_document(path: str | Path, what: str, most: int = MOST_BYTES, lists: int = MOST_LISTS) -> dict[str, Any]:
    """The JSON object in a file that is said to hold `what`; as `read_json`."""
    return an_object(path, read_json(path, what, most, lists), what)


def an_object(path: str | Path, document: Any, what: str) -> dict[str, Any]:
    """The JSON value of a file, if it is an object.

    Raises:
        FileFormatError: it is another value.
    """
    if not isinstance(document, dict):
        raise FileFormatError(f"{path}: holds a JSON {type(document).__name__}; {what} is a JSON object")
    return document


def json_of(content: bytes | str, expected: str, lists: int = MOST_LISTS, finite: bool = True) -> Any:
    """The JSON value in some bytes that should hold what is `expected`; of an object without its `$schema`, the place
    of its schema.

    Raises:
        InputError: not JSON; more lists and objects than are allowed, more values or deeper ones; a name that stands
            twice in one object with different values; NaN or an infinity, where `finite`; a text with characters that
            no file can hold.

    Example:
        >>> json_of(b'{"depth": 3}', "options")
        {'depth': 3}
    """
    given = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    constants: list[str] = []

    def constant(name: str) -> float:
        constants.append(name)
        return float(name)

    try:
        text = text_of(given)
        plain = text.encode() if encoding_of(given)[0] else given
        _check_lists(plain, lists)
        found = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_object, parse_constant=constant)
        if constants and finite:
            raise ValueError(f"it has {constants[0]}, and every value must be finite")
        if re.search(rb"\\u(?:0000|[dD][89a-fA-F])", plain):
            check_texts(found)
    except _RefusedError:
        raise
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"not a JSON file ({_reason(error)}); expected {expected}") from None
    # By this key editors find the schema of a file; it is not part of what the file says.
    if isinstance(found, dict) and isinstance(found.get("$schema"), str):
        del found["$schema"]
    return found


class _RefusedError(InputError):
    """Of a text that is JSON, but not taken."""


def _reason(error: Exception) -> str:
    """Why a parser did not go on."""
    return "a number has more than 4,300 digits" if str(error).startswith("Exceeds the limit") else first_line(error)


def _check_lists(content: bytes, most: int) -> None:
    """See that a JSON text has few enough lists, values and names, and that they are not nested too deep.

    Raises:
        InputError: there are too many, or it is too deep.
    """
    most_opening = content.count(b"[") + content.count(b"{")
    few = content.count(b",") <= MOST_VALUES - DEEPEST and content.count(b":") <= MOST_NAMES
    if most_opening <= min(DEEPEST, most) and few:
        return  # those in texts included, so that nothing can be too much
    import numpy as np

    # Pairs of backslashes first, so that a quote behind one that is left is part of a text.
    bare = content.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in content else content
    signs = np.frombuffer(bare.translate(None, NO_SIGNS), np.uint8)
    quotes = signs == ord('"')
    signs = signs[~quotes & ~np.logical_xor.accumulate(quotes)] if quotes.any() else signs
    opening = (signs == ord("[")) | (signs == ord("{"))
    commas, colons = signs == ord(","), signs == ord(":")
    count = int(opening.sum())
    if count > most:
        raise _RefusedError(f"it holds more than {most:,} lists and objects")
    if count + int(commas.sum()) > MOST_VALUES:
        raise _RefusedError(f"it holds more than {MOST_VALUES:,} values")
    if int(colons.sum()) > MOST_NAMES:
        raise _RefusedError(f"it holds more than {MOST_NAMES:,} names of values")
    steps = opening[~(commas | colons)] * np.int32(2) - 1
    deepest = int(np.cumsum(steps, dtype=np.int32).max(initial=0))
    if deepest > DEEPEST:
        raise InputError(f"it is nested {deepest:,} deep; at most {DEEPEST} are read")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, which may repeat a name only with the same value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        # By their text, since 1 and true are equal.
        twice = next((name for name, value in pairs if value is not found[name] and repr(value) != repr(found[name])),
                     None)  # fmt: skip
        if twice is not None:
            raise _RefusedError(f"{cut(twice)} stands twice in one object, with different values; keep one of them")
    return found


def read_toml(path: str | Path, what: str, most: int = MOST_BYTES) -> dict[str, Any]:
    """The TOML document in a file that is said to hold `what`; as `toml_of`.

    Raises:
        FileFormatError: there is no such file, it is larger, cannot be read, or is not TOML as `toml_of` has it.
    """
    content = content_of(path, what, most)
    with naming(path):
        return toml_of(content)


def toml_of(content: bytes | str) -> dict[str, Any]:
    """The TOML document in some bytes, made of what JSON has too: texts, finite numbers, truth values, lists, tables.

    Raises:
        InputError: not TOML, nested too deep, a key of too many parts, or a value of another kind, such as a date.

    Example:
        >>> toml_of(b'seeds = 3')
        {'seeds': 3}
    """
    import tomllib

    import numpy as np

    text = content if isinstance(content, str) else text_of(content).removeprefix("\ufeff")
    bare = re.sub(TOML_TEXTS, "s", text, flags=re.DOTALL)
    steps = np.frombuffer(re.sub(r"[^\[\]{}]", "", bare).encode(), np.uint8)
    opening = (steps == ord("[")) | (steps == ord("{"))
    deepest = int(np.cumsum(opening * np.int32(2) - 1, dtype=np.int32).max(initial=0))
    if deepest > DEEPEST or re.search(TOML_PATH, bare):
        raise InputError(f"it is nested more than {DEEPEST} deep")
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError, OverflowError) as error:
        raise InputError(f"not a TOML file ({_reason(error)})") from None
    check_plain(found)
    return found


def check_plain(value: Any, path: str = "") -> None:
    """See that a value is made of texts that a file can hold, finite numbers, truth values, None, lists and tables.

    Raises:
        InputError: something in it is not; the message names its place.
    """
    check_texts(value, path)
    for where, one in _leaves(value, path):
        if isinstance(one, float) and not math.isfinite(one):
            raise InputError(f"{where} is {one}; every number must be finite")
        if isinstance(one, int) and one.bit_length() > MOST_BITS:
            raise InputError(f"{where} is a number of more than 4,300 digits")
        if isinstance(one, datetime.date | datetime.time):
            raise InputError(f"{where} is a date or time, {one}; write it as a text, in quotes")


def check_texts(value: Any, path: str = "") -> None:
    """See that the texts in a value, names included, are such that a file can hold them.

    Raises:
        InputError: one has a character of value 0, or half of a pair of surrogates; the message names its place.
    """
    for where, one in _leaves(value, path):
        if isinstance(one, str) and ("\0" in one or any("\ud800" <= sign <= "\udfff" for sign in one)):
            raise InputError(f"{where} has a character that no text can hold: {cut(one)}; leave it out")


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Everything in a value that is not a list or a table, names included, with its place."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield f"a name{f' in {path}' if path else ''}", key
            yield from _leaves(one, f"{path}.{cut(key)[1:-1]}" if path else cut(key)[1:-1])
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _leaves(one, f"{path}[{number}]")
    else:
        yield path or "it", value


def typed(value: Any, kind: Any, path: str) -> Any:
    """A value, if it is of a type, such as `dict[str, list[int]]`; nothing is taken for something that it is not.

    Args:
        value: as `json_of` and `toml_of` give it.
        kind: the type, as in an annotation. A list may be a tuple, and a whole number a float; nothing else changes.
        path: what the value is called in errors.

    Raises:
        InputError: the first thing of another type, with its place, what was found and what is allowed.

    Example:
        >>> typed({"A": [1, 2]}, dict[str, tuple[float, ...]], "prices")
        {'A': (1.0, 2.0)}
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        # As JSON, since a list is not a tuple in Python.
        return TypeAdapter(kind).validate_json(json.dumps(value, allow_nan=False), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        inside = "".join(f"[{key}]" if isinstance(key, int) else f".{key[:LONGEST_SHOWN]}" for key in first["loc"])
        rule = f"{first['msg'][:1].lower()}{first['msg'][1:]}".replace("input should be", "it must be")
        raise InputError(f"{path}{inside} is {quoted(first['input'])}; {rule}") from None
    except (ValueError, TypeError, RecursionError):
        raise InputError(
            f"{path} is {quoted(value)}; it must be made of texts, finite numbers, truth values, lists and tables"
        ) from None


def begins_a_list(path: Path) -> bool:
    """Whether a file begins as a JSON list does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(64).removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")


def cut(value: object) -> str:
    """A value as it stands in a message: not longer than forty characters.

    Example:
        >>> cut("x0->h1.0"), cut("x" * 100)
        ("'x0->h1.0'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...")
    """
    # A long text is cut before it is quoted, so that a file cannot make a message expensive.
    text = repr(value[: LONGEST_SHOWN + 1]) if isinstance(value, str) else quoted(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."
