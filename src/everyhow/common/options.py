"""Options as fields of a dataclass: each says in its metadata what it means, for documentation and for commands."""

import inspect
import textwrap
from dataclasses import fields
from typing import TypeVar

Options = TypeVar("Options")
WIDTH = 112


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
    """
    lines = ["Args:"]
    for one in fields(kind):  # type: ignore[arg-type]
        says = f"{one.name}: {one.metadata['says']}."
        lines += textwrap.wrap(says, WIDTH, initial_indent="    ", subsequent_indent="        ")
    # Python 3.13 and later keep a docstring without its indentation, earlier ones with it.
    head, _, rest = inspect.cleandoc(f"{kind.__doc__}").partition("\n\n")
    kind.__doc__ = "\n\n".join([head, "\n".join(lines), *([rest] if rest else [])])
    return kind
