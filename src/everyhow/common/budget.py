"""The budget: how many candidate evaluations a computation may need before it is refused or estimated instead."""

from math import ceil

DEFAULT_BUDGET = 10**10
# Candidate evaluations a second, by which times are told: what two cores do, with all that an audit counts beside.
PER_SECOND = 10**9
# What takes more seconds is not worth a larger budget, where something smaller can be asked.
LONG = 3 * 3600
MINUTE, HOUR, DAY, MOST_DAYS = 60, 3600, 86400, 1000
# Below so many seconds a time is told in this unit, of so many seconds.
UNITS = ((MINUTE, 1, "s"), (HOUR, MINUTE, "min"), (2 * DAY, HOUR, "h"), (float("inf"), DAY, "days"))


class Refusal(str):
    """Why something is not done, in one sentence, and what budget would do it.

    Attributes:
        what: was to be done.
        needed: candidate evaluations; None where no budget is enough.
        seconds: that it takes, roughly.
        instead: what works where that takes hours, in words; None where nothing is known.

    Example:
        >>> Budget(DEFAULT_BUDGET).refusal("listing the circuits", 34_300_000_000).advice
        'run again with --budget 3.5e10, about 40 s'
    """

    what: str
    needed: int | None
    seconds: float
    instead: str | None = None

    def __new__(
        cls, text: str, needed: int | None = None, what: str | None = None, seconds: float | None = None
    ) -> "Refusal":
        found = super().__new__(cls, text)
        found.needed, found.what = needed, text if what is None else what
        found.seconds = (needed or 0) / PER_SECOND if seconds is None else seconds
        return found

    @staticmethod
    def of(text: str, reason: str, needed: int | None = None) -> "Refusal":
        """Another text for a reason, with all that the reason says of itself; `needed` where more hangs on it."""
        if not isinstance(reason, Refusal):
            return Refusal(text)
        if needed is None:
            found = Refusal(text, reason.needed, reason.what, reason.seconds)
        else:
            found = Refusal(text, needed, reason.what)
        found.instead = reason.instead
        return found

    @property
    def takes_long(self) -> bool:
        """Whether no budget is enough, or only one that takes hours."""
        return self.needed is None or self.seconds > LONG

    @property
    def advice(self) -> str | None:
        """The option that would do it, and about how long that takes; None where no budget is enough."""
        if self.takes_long and self.instead is not None:
            return self.instead
        if self.needed is None:
            return None
        budget = enough(max(self.needed, DEFAULT_BUDGET))
        return f"run again with --budget {budget}, {duration(self.seconds)}"


class Budget(int):
    """So many candidate evaluations. A budget says whether it allows a computation, and if not, why.

    Example:
        >>> Budget(100).allows(100)
        True
        >>> Budget(100).refusal("listing the circuits", 200)
        'listing the circuits needs about 200 candidate evaluations, the budget is 100'
    """

    most: int | None = None

    def allows(self, needed: int) -> bool:
        """Whether so many candidate evaluations are within it."""
        return needed <= self

    def refusal(self, what: str, needed: int) -> Refusal | None:
        """Why `what` is not done within it, in one sentence; None when it is."""
        if self.allows(needed):
            return None
        text = f"{what} needs about {rounded(needed)} candidate evaluations, the budget is {rounded(self)}"
        return Refusal(text, None if self.most is not None and needed > self.most else needed, what)

    def at_most(self, number: int) -> "Budget":
        """This budget, or a smaller one where so many evaluations are all that there can be."""
        found = Budget(min(self, number))
        found.most = number
        return found


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


def enough(needed: int) -> str:
    """A budget of two digits that is not below what is needed, as it is typed.

    Example:
        >>> enough(34_300_000_000), enough(7), enough(10**10)
        ('3.5e10', '7', '1e10')
    """
    digits = len(str(needed))
    unit = 10 ** max(0, digits - 2)
    number = -(-needed // unit) * unit
    if number < 1000:
        return str(number)
    power = len(str(number)) - 1
    return f"{number // 10 ** (power - 1) / 10:g}e{power}"


def duration(seconds: float) -> str:
    """About how long something takes, rounded up: seconds and minutes to one digit.

    Example:
        >>> [duration(time) for time in (0.2, 9.4, 34.3, 100, 4000, 2e6, 1e12)]
        ['about 1 s', 'about 10 s', 'about 40 s', 'about 2 min', 'about 2 h', 'about 24 days', 'years']
    """
    if seconds > MOST_DAYS * DAY:
        return "years"
    unit, name = next((size, name) for most, size, name in UNITS if seconds < most)
    number = max(1, ceil(seconds / unit))
    digit = 10 if number > 9 and unit < HOUR else 1
    return f"about {-(-number // digit) * digit} {name}"
