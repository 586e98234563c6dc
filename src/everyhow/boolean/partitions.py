"""How many ways there are to group things."""

from functools import lru_cache
from math import comb


@lru_cache
def partitions(things: int) -> int:
    """In how many ways things can be put into groups: the Bell number.

    Example:
        >>> [partitions(n) for n in range(6)]
        [1, 1, 2, 5, 15, 52]
    """
    return 1 if not things else sum(comb(things - 1, k) * partitions(k) for k in range(things))
