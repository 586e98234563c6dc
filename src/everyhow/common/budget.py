"""The budget: how many candidate evaluations a computation may need before it is refused or estimated instead."""

DEFAULT_BUDGET = 10**10


def over_budget(what: str, needed: int, budget: int) -> str | None:
    """Why `what` is not done within the budget, in one sentence; None when it is.

    Example:
        >>> over_budget("listing the circuits", 200, 100)
        'listing the circuits needs about 200 candidate evaluations, the budget is 100'
    """
    if needed <= budget:
        return None
    return f"{what} needs about {rounded(needed)} candidate evaluations, the budget is {rounded(budget)}"


def rounded(number: int) -> str:
    """A whole number of any size to three digits.

    Example:
        >>> rounded(7), rounded(10**400)
        ('7', '1.00e+400')
    """
    if number < 10**300:
        return f"{number:.3g}"
    digits = str(number)
    return f"{digits[0]}.{digits[1:3]}e+{len(digits) - 1}"
