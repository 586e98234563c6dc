"""Options as fields of a dataclass: each says in its metadata what it means, for documentation and for commands."""

import textwrap
from dataclasses import fields
from typing import TypeVar

Options = TypeVar("Options")
WIDTH = 108


def told(kind: type[Options]) -> type[Options]:
    """A class decorator: the arguments in the docstring of a dataclass are what its fields say.

    Example:
        >>> from dataclasses import dataclass, field
        >>> @told
        ... @dataclass(frozen=True)
        ... class Walk:
        ...     \"\"\"A walk.\"\"\"
        ...     steps: int = field(default=1, metadata={"says": "how many"})
        >>> print(Walk.__doc__)
        A walk.
        <BLANKLINE>
            Args:
                steps: how many.
        <BLANKLINE>
    """
    lines = []
    for one in fields(kind):  # type: ignore[arg-type]
        lines += textwrap.wrap(f"{one.name}: {one.metadata['says']}.", WIDTH, subsequent_indent="    ")
    arguments = textwrap.indent("\n".join(["Args:", *(f"    {line}" for line in lines)]), "    ")
    head, separator, rest = f"{kind.__doc__}".partition("\n\n    ")
    kind.__doc__ = f"{head.rstrip()}\n\n{arguments}\n" + (f"\n    {rest}" if separator else "")
    return kind
