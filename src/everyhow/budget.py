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
    return f"{what} needs about {needed:.3g} candidate evaluations, the budget is {budget:.3g}"
