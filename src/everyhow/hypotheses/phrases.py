"""Parts of the sentences about hypotheses: inputs, numbers and words in a row."""

from collections.abc import Sequence


def on(name: str) -> str:
    """An input by name: a row of a truth table by its digits, an input of data by its number."""
    return name if name.startswith("input") else f"input {name}"


def joined(words: Sequence[str], last: str = "and") -> str:
    """Words in a row.

    Example:
        >>> joined(["one", "two", "three"]), joined(["one", "two"]), joined(["one"])
        ('one, two and three', 'one and two', 'one')
    """
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def values_of(what: Sequence[str], source: str) -> str:
    """What takes its value from where."""
    return f"{joined(what)} {'its value' if len(what) == 1 else 'their values'} from {source}"


def count_of(number: int, one: str, several: str | None = None) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def number_text(value: float) -> str:
    """A number to three digits; what is 0 has no sign.

    Example:
        >>> number_text(-0.0), number_text(-0.478214)
        ('0', '-0.478')
    """
    return f"{value + 0.0:.3g}"
