"""Shares as percentages: one form, wherever a share is told; and how far a share of a sample is known."""


def percent(share: float) -> str:
    """A percentage without its sign, to three digits; only what is exactly all or nothing is shown as such.

    Example:
        >>> percent(0.9375), percent(0.9999), percent(1), percent(0.0000085)
        ('93.8', '99.9', '100', '0.00085')
    """
    return f"{share:.0%}".rstrip("%") if share in (0, 1) else f"{min(100 * share, 99.9):.3g}"


def percentage(share: float) -> str:
    """A percentage with its sign.

    Example:
        >>> percentage(1 / 3)
        '33.3%'
    """
    return f"{percent(share)}%"


def share_interval(number: int, of: int) -> tuple[float, float]:
    """The 95% interval of Clopper and Pearson of a share that `number` of so many drawn have."""
    from scipy.stats import binomtest

    found = binomtest(number, of).proportion_ci(0.95, "exact")
    return float(found.low), float(found.high)


def sampled_share(number: int, of: int) -> str:
    """A share of a sample, with its 95% interval, to whole percents.

    Example:
        >>> sampled_share(294, 400), sampled_share(0, 400)
        ('about 74 % (69 to 78 %)', 'about 0 % (0 to 1 %)')
    """
    low, high = share_interval(number, of)
    return f"about {100 * number / of:.0f} % ({100 * low:.0f} to {100 * high:.0f} %)"
