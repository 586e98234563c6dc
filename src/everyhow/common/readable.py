"""Public functions and classes as `help` shows them: short types, a parameter a line, and text for 80 columns.

The door makes a name readable when it is first asked for, and with it what it gives. `help(everyhow.audit)` would
otherwise begin with a thousand characters of types in one line.
"""

import inspect
import re
import sys
import textwrap
import types
import typing
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar

from .attributes import computed

Thing = TypeVar("Thing")
# Of a page of 80 columns, what is left beside the frame that `help` draws: for functions and classes, and for methods.
PAGE, OF_METHODS = 75, 70
# The most characters of a line of a signature.
LINE = 77
ENTRY = re.compile(r"\*{0,2}[\w.`, ]+: ")
SECTION = re.compile(r"[A-Z]\w+:$")
_SEEN: set[int] = set()


class Readable(inspect.Signature):
    """A signature on one line where it is short, and otherwise with a parameter a line."""

    def __str__(self) -> str:
        """The signature as `help` prints it behind the name.

        Example:
            >>> def walk(*, steps: "whole number", **more: "the names of people who walk along"): ...
            >>> print(Readable.from_callable(walk))
            (
                *,
                steps: 'whole number',
                **more: 'the names of people who walk along'
            )
        """
        parts, kinds = [], inspect.Parameter
        before: Any = None
        for one in self.parameters.values():
            if before == kinds.POSITIONAL_ONLY != one.kind:
                parts.append("/")
            if one.kind == kinds.KEYWORD_ONLY and before not in (kinds.VAR_POSITIONAL, kinds.KEYWORD_ONLY):
                parts.append("*")
            parts.append(str(one))
            before = one.kind
        if before == kinds.POSITIONAL_ONLY:
            parts.append("/")
        gives = (
            "" if self.return_annotation is self.empty else f" -> {inspect.formatannotation(self.return_annotation)}"
        )
        line = f"({', '.join(parts)}){gives}"
        if len(line) < 56 or not parts:
            return line
        fill = textwrap.TextWrapper(
            LINE, initial_indent="    ", subsequent_indent="        ", break_long_words=False, break_on_hyphens=False
        )
        return "".join(["(\n", ",\n".join(map(fill.fill, parts)), f"\n){gives}"])


class Words(str):
    """An annotation in words, which is shown as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def readable(thing: Thing) -> Thing:
    """A public function or class, with its signatures and documentation made readable, and those of what it gives."""
    ahead: list[Any] = [thing]
    while ahead:
        one = ahead.pop()
        if id(one) not in _SEEN and getattr(one, "__module__", "").startswith("everyhow."):
            _SEEN.add(id(one))
            if inspect.isclass(one):
                ahead += _of_class(one)
            elif inspect.isfunction(one):
                ahead += _of_function(one, PAGE)
    return thing


def _of_class(kind: type) -> Iterator[Any]:
    """Make a class readable, with all that it has itself; what its methods give, and what it inherits from."""
    if "__doc__" in vars(kind):
        kind.__doc__ = wrapped(kind.__doc__, PAGE)
    yield from kind.__mro__[1:]
    for name, member in list(vars(kind).items()):
        if name.startswith("_") and not name.startswith("__"):
            continue
        if isinstance(member, staticmethod | classmethod):
            member = member.__func__
        if inspect.isfunction(member):
            yield from _of_function(member, OF_METHODS)
        elif isinstance(member, property | cached_property | computed):
            member.__doc__ = wrapped(member.__doc__, OF_METHODS)
            # As a property, a cached one and a computed one call the function that they are made of.
            getters = [getattr(member, name, None) for name in ("fget", "func", "function")]
            yield from _classes(getattr(next(filter(None, getters), None), "__annotations__", {}))


def _of_function(function: Callable[..., Any], width: int) -> Iterator[type]:
    """Make a function readable; the classes of what it gives."""
    given = dict(getattr(function, "__annotations__", {}))
    function.__doc__ = wrapped(function.__doc__, width)
    signature = inspect.signature(function)
    parameters = [one.replace(annotation=_short(one.annotation)) for one in signature.parameters.values()]
    function.__signature__ = Readable(  # type: ignore[attr-defined]
        parameters, return_annotation=_short(signature.return_annotation)
    )
    yield from _classes(given)


def _classes(annotations: dict[str, Any]) -> Iterator[type]:
    """The classes that an annotation of what is returned names."""
    ahead = [annotations.get("return")]
    while ahead:
        one = ahead.pop()
        if isinstance(one, type):
            yield one
        ahead += typing.get_args(one)


def _short(annotation: Any) -> Any:
    return annotation if annotation is inspect.Parameter.empty else Words(said(annotation))


def said(annotation: Any) -> str:
    """A type in a few words: without the modules where it is at home, and with a name where NumPy has one.

    Example:
        >>> from numpy.typing import ArrayLike
        >>> from collections.abc import Iterable
        >>> said(Iterable[float] | None), said(typing.Optional[ArrayLike]), said(typing.Literal["zero", "mean"])
        ('Iterable[float] | None', 'ArrayLike | None', "Literal['zero', 'mean']")
    """
    if annotation is None or annotation is type(None):
        return "None"
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, typing.ForwardRef):
        return annotation.__forward_arg__
    if isinstance(annotation, list):
        return f"[{', '.join(map(said, annotation))}]"
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is None:
        return getattr(annotation, "__name__", None) or re.sub(r"\b(?:\w+\.)+(?=\w)", "", repr(annotation))
    if origin in (typing.Union, types.UnionType):
        array = _array_like()
        of_arrays = set(typing.get_args(array)) if array is not None else set()
        if of_arrays and of_arrays <= set(inside):
            return " | ".join(["ArrayLike", *(said(one) for one in inside if one not in of_arrays)])
        return " | ".join(map(said, inside))
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(repr, inside))}]"
    parts = ", ".join("..." if one is Ellipsis else said(one) for one in inside)
    return f"{getattr(origin, '__name__', origin)}[{parts}]"


def _array_like() -> Any:
    """What NumPy takes for an array, where somebody has loaded the name."""
    found = sys.modules.get("numpy.typing")
    return None if found is None else found.ArrayLike


def wrapped(documentation: str | None, width: int) -> str | None:
    """A docstring in lines of at most so many characters. Examples stay as they are.

    Example:
        >>> print(wrapped("Walk.\\n\\nArgs:\\n    steps: how many steps are made.\\n\\nExample:\\n    As it is.", 19))
        Walk.
        <BLANKLINE>
        Args:
            steps: how many
                steps are
                made.
        <BLANKLINE>
        Example:
            As it is.
    """
    if documentation is None:
        return None
    lines: list[str] = []
    block: list[str] = []
    in_example = False

    def flush() -> None:
        if block:
            indent = " " * _depth(block[0])
            deeper = indent + ("    " if indent and ENTRY.match(block[0].lstrip()) else "")
            text = " ".join(line.strip() for line in block)
            lines.extend(textwrap.wrap(
                text, width, initial_indent=indent, subsequent_indent=deeper, break_long_words=False,
                break_on_hyphens=False,
            ))  # fmt: skip
            block.clear()

    for line in inspect.cleandoc(documentation).splitlines():
        bare = line.strip()
        if not line.startswith(" "):
            in_example = bare in ("Example:", "Examples:")
        if not bare or in_example or SECTION.match(line):
            flush()
            lines.append(line)
            continue
        # An entry begins as far in as the one before; what goes on is further in. Other text is all as far in.
        if block and 0 < _depth(line) <= _depth(block[0]) and (ENTRY.match(bare) or ENTRY.match(block[0].strip())):
            flush()
        block.append(line)
    flush()
    return "\n".join(lines)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
