"""Numbers as the sentences about hypotheses say them."""


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
