"""The errors and warnings a user can meet: each names the item and what was found; an error also what is allowed."""

from .budget import Budget, rounded

# Longer messages are cut in the middle: what they are about is said first, and the next step last.
MOST_SIGNS = 3000


class EveryhowError(Exception):
    """Base class of every error that everyhow raises on purpose.

    What an error quotes may come from a file: characters that a terminal would obey are shown, not obeyed.

    Example:
        >>> import everyhow as eh
        >>> try:
        ...     eh.audit("nowhere.json", "XOR")
        ... except eh.EveryhowError as error:
        ...     print(str(error).partition(";")[0])
        nowhere.json: no such file
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(_cut(visible(_cut(one))) if isinstance(one, str) else one for one in arguments))


def _cut(text: str) -> str:
    """A message without its middle, where it quotes more than anyone would read."""
    left_out = len(text) - MOST_SIGNS
    if left_out <= 0:
        return text
    return f"{text[: MOST_SIGNS // 2]} ... ({left_out:,} characters left out) ... {text[-(MOST_SIGNS // 2) :]}"


def visible(text: str) -> str:
    """A text on one line in which control characters, and others that cannot be seen, are written by their codes.

    Example:
        >>> visible("a\x1b[31m, b")
        'a\\\\x1b[31m, b'
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


class InputError(EveryhowError, ValueError):
    """Something the caller gave is wrong: a task, a network, a file, an option. It is a ValueError as well.

    Example:
        >>> import everyhow as eh
        >>> try:
        ...     eh.algorithms("XOR", depth=0)
        ... except eh.InputError as error:
        ...     print(error)
        depth is 0; algorithms have a depth of at least 1
    """


class FileFormatError(InputError):
    """A file is not what its name or its content claims."""


class MissingExtraError(EveryhowError, ImportError):
    """A feature needs an optional dependency that is not installed."""


class LostBlocksError(EveryhowError, RuntimeError):
    """Blocks could not be computed: their workers died again and again, or no worker or no scheduler is left."""


class BudgetError(EveryhowError, RuntimeError):
    """A computation would need more candidate evaluations than the budget allows. It is a RuntimeError as well.

    Attributes:
        needed: how many it would need.
        budget: how many were allowed.
        reason: what would need them, in words.

    Example:
        >>> import everyhow as eh
        >>> try:
        ...     eh.readouts(eh.xornet(), budget=10)
        ... except eh.BudgetError as error:
        ...     print(error.reason)
        fitting 63 sets of at most 3 of 7 signals needs about 6.3e+05 candidate evaluations, the budget is 10
    """

    def __init__(self, what: str, needed: int, budget: int, hint: str = "") -> None:
        self.needed = needed
        self.budget = budget
        self.reason = Budget(budget).refusal(what, needed) or what
        super().__init__(
            f"{self.reason}. "
            f"{hint or f'Raise it with --budget {rounded(needed + needed // 20)} (budget= in the library).'}"
        )


class EveryhowWarning(UserWarning):
    """Base class of every warning that everyhow gives: something came out that is seldom what was wanted.

    A warning names the line of your own code that called everyhow.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(record=True) as given:
        ...     warnings.simplefilter("ignore", EveryhowWarning)
        ...     warnings.warn("the network did not converge", EveryhowWarning)
        >>> given
        []
    """


class ConvergenceWarning(EveryhowWarning):
    """The training of a model ended before its loss reached the target."""


def first_line(error: Exception) -> str:
    """What an error says first."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def shortened(error: Exception) -> str:
    """What an error says, cut where it quotes more of a file than anyone would read."""
    text = str(error)
    return text if len(text) <= 1000 else f"{text[:1000]} ..."
