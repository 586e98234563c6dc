"""Names as they are said one after the other."""

from collections.abc import Sequence

# Of many names so many are said.
MOST_NAMED = 8


def spoken(names: Sequence[str]) -> str:
    """Names one after the other; of many the first, and how many more there are.

    Example:
        >>> spoken(["h1.0", "h1.1", "h2.0"])
        'h1.0, h1.1 and h2.0'
    """
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    return joined(names)


def input_named(name: str) -> str:
    """An input by name, with the noun: a row of a truth table by its digits, an input of data by its number.

    Example:
        >>> input_named("01"), input_named("input 3")
        ('input 01', 'input 3')
    """
    return name if name.startswith("input") else f"input {name}"


def joined(words: Sequence[str], last: str = "and") -> str:
    """Words in a row.

    Example:
        >>> joined(["one", "two", "three"]), joined(["one", "two"]), joined(["one"])
        ('one, two and three', 'one and two', 'one')
    """
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
