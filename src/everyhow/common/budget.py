"""The budget: how many candidate evaluations a computation may need before it is refused or estimated instead."""

DEFAULT_BUDGET = 10**10


class Budget(int):
    """So many candidate evaluations. A budget says whether it allows a computation, and if not, why.

    Example:
        >>> Budget(100).allows(100)
        True
        >>> Budget(100).refusal("listing the circuits", 200)
        'listing the circuits needs about 200 candidate evaluations, the budget is 100'
    """

    def allows(self, needed: int) -> bool:
        """Whether so many candidate evaluations are within it."""
        return needed <= self

    def refusal(self, what: str, needed: int) -> str | None:
        """Why `what` is not done within it, in one sentence; None when it is."""
        if self.allows(needed):
            return None
        return f"{what} needs about {rounded(needed)} candidate evaluations, the budget is {rounded(self)}"

    def at_most(self, number: int) -> "Budget":
        """This budget, or a smaller one where so many evaluations are all that there can be."""
        return Budget(min(self, number))


def rounded(number: int) -> str:
    """A whole number of any size to three digits.

    Example:
        >>> rounded(7), rounded(10**400)
        ('7', '1.00e+400')
    """
    if number < 10**300:
        return f"{int(number):.3g}"
    digits = str(number)
    return f"{digits[0]}.{digits[1:3]}e+{len(digits) - 1}"
