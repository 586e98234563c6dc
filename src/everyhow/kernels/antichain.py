"""The minimal sets of a stream of sets, and how often the sets of a stream use something. Each set is a bit set, of one
word of 64 bits or of several, the lowest bits first.

The kernels keep the sets that are minimal among those seen so far, and drop at once a set that contains one of them. So
the stream is read once and never held whole, and one subset test costs one AND. A kept set that drops another moves
towards the front, so most sets are dropped after a few tests.
"""

import numpy as np

from .compiling import njit


@njit(cache=True, nogil=True)
def keep_minimal(stream, minimal, count):
    """Add the sets of `stream` (sets,) to the first `count` entries of `minimal` (room,), none of which contains
    another; only sets with no proper subset among all seen stay. Returns the new count, or -1 - (entries read) when
    `minimal` is full."""
    for k in range(len(stream)):
        candidate = stream[k]
        dominated = False
        for m in range(count):
            if minimal[m] & ~candidate == 0:
                dominated = True
                # What dominates one set often dominates the next: let it move towards the front.
                minimal[m], minimal[m // 2] = minimal[m // 2], minimal[m]
                break
        if dominated:
            continue
        # The sets that contain this one go; those that stay move up.
        kept = 0
        for m in range(count):
            if candidate & ~minimal[m] != 0:
                minimal[kept] = minimal[m]
                kept += 1
        count = kept
        if count == len(minimal):
            return -1 - k
        minimal[count] = candidate
        count += 1
    return count


@njit(cache=True, nogil=True)
def keep_minimal_of_words(stream, minimal, count):
    """`keep_minimal` for sets of several words: `stream` (sets, words), `minimal` (room, words). Sets of one word take
    half the time in `keep_minimal`."""
    words = stream.shape[1]
    for k in range(len(stream)):
        dominated = False
        for m in range(count):
            if _is_within(minimal, m, stream, k):
                dominated = True
                for w in range(words):
                    minimal[m, w], minimal[m // 2, w] = minimal[m // 2, w], minimal[m, w]
                break
        if dominated:
            continue
        kept = 0
        for m in range(count):
            if not _is_within(stream, k, minimal, m):
                minimal[kept] = minimal[m]
                kept += 1
        count = kept
        if count == len(minimal):
            return -1 - k
        minimal[count] = stream[k]
        count += 1
    return count


@njit(cache=True, nogil=True)
def _is_within(inner, m, outer, k):
    """Whether the set inner[m] is a subset of outer[k]; both arrays are (sets, words)."""
    for w in range(inner.shape[1]):  # noqa: SIM110 (Numba compiles no generator)
        if inner[m, w] & ~outer[k, w] != 0:
            return False
    return True


@njit(cache=True, nogil=True)
def count_bits(stream, totals):
    """Add to totals[b] how many sets of `stream` (sets, words) have bit b; `totals` is (bits,)."""
    for k in range(len(stream)):
        for w in range(stream.shape[1]):
            # Bit by bit, lowest first, until none is left.
            rest = stream[k, w]
            position = 64 * w
            while rest:
                if rest & np.uint64(1):
                    totals[position] += 1
                rest >>= np.uint64(1)
                position += 1


@njit(cache=True, nogil=True)
def count_touching(stream, groups, totals):
    """Add to totals[g] how many sets of `stream` (sets, words) share a bit with groups[g]; `groups` is (groups, words)
    and `totals` (groups,)."""
    for k in range(len(stream)):
        for g in range(len(groups)):
            for w in range(stream.shape[1]):
                if stream[k, w] & groups[g, w]:
                    totals[g] += 1
                    break
