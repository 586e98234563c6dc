"""Published numbers beside ours in words and signs, for the terminal and the page alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..sweeps.published import NOTES, SELDOM, Beside, differences


@dataclass(frozen=True)
class BesideLine:
    """One number of theirs and ours, as text.

    Attributes:
        measure: what is measured.
        setting: of the sweep; empty where there is one only.
        source: paper or rerun; empty where they have no such number.
        statistic: of the networks.
        theirs: empty where they have none.
        ours: a question mark where there is none.
        uncertainty: of ours: the standard error of a mean, the 95% interval of a median or a share.
        networks: that ours is taken from.
        p: of no difference; empty where nothing could be tested.
        seldom: whether chance would seldom make the difference.
    """

    measure: str
    setting: str
    source: str
    statistic: str
    theirs: str
    ours: str
    uncertainty: str
    networks: str
    p: str
    seldom: bool


def beside_lines(found: Sequence[Beside]) -> tuple[BesideLine, ...]:
    """Every number of theirs with ours."""
    return tuple(
        BesideLine(
            item.published.title,
            item.published.setting,
            "" if item.published.value is None else item.published.source,
            item.published.statistic,
            item.published.text,
            "?" if item.ours is None else item.published.shown(item.ours),
            _uncertainty(item),
            f"{item.networks:,}",
            "" if item.p is None else probability(item.p),
            item.p is not None and item.p < SELDOM,
        )
        for item in found
    )


def beside_notes(name: str, found: Sequence[Beside]) -> tuple[str, ...]:
    """What stands below the numbers of the experiment with this name: what could be tested, and what is known."""
    told = differences(found)
    return ((told,) if told else ()) + NOTES.get(name, ())


def probability(p: float) -> str:
    """A p-value to three places."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def number(value: float | None, digits: int = 3) -> str:
    """A number in few signs: in full below ten thousand, else to so many digits with its power of ten."""
    if value is None:
        return "?"
    if value >= 1e4:
        shown, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{shown}e{int(exponent)}"
    return f"{value:,.0f}" if value == round(value) or value >= 1000 else f"{value:.3g}"


def between(low: float | None, high: float | None) -> str:
    """Two ends, to two digits where they are large; empty where there are none."""
    return "" if low is None or high is None else f"{number(low, 2)}–{number(high, 2)}"


def plus_minus(error: float | None) -> str:
    """A standard error, to two digits where it is small or large; empty where there is none."""
    return "" if error is None else f"± {number(error, 2) if error >= 100 else format(error, '.2g')}"


def _uncertainty(item: Beside) -> str:
    if item.published.statistic == "exactly one" and item.low is not None and item.high is not None:
        return f"{item.low:.0%}–{item.high:.0%}"
    return between(item.low, item.high) or plus_minus(item.error)
