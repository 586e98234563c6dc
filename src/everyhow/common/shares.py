"""Shares as percentages: one form, wherever a share is told."""


def percent(share: float) -> str:
    """A percentage without its sign, to three digits; only what is exactly all or nothing is shown as such.

    Example:
        >>> percent(0.9375), percent(0.9999), percent(1)
        ('93.8', '99.9', '100')
    """
    return f"{share:.0%}".rstrip("%") if share in (0, 1) else f"{min(max(100 * share, 0.1), 99.9):.3g}"


def percentage(share: float) -> str:
    """A percentage with its sign.

    Example:
        >>> percentage(1 / 3)
        '33.3%'
    """
    return f"{percent(share)}%"
