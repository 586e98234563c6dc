"""How the settings of a sweep are laid out in a figure: panels, colors, labels that can be read, and scales."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...sweeps.plan import value_text
from ...sweeps.results import Sweep
from ...sweeps.statistics import Sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colors, told apart in every common color blindness and by their lightness.
BLUE, ORANGE, GRAY, SKY, VERMILION, GREEN, PURPLE = (
    "#0072B2", "#E69F00", "#8A8A8A", "#56B4E9", "#D55E00", "#009E73", "#CC79A7",
)  # fmt: skip
# Of the values of the second option, in order.
COLORS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
COLUMN, TWO_COLUMNS = 3.4, 7.0
# The width of a letter of 7.5 points, in inches.
LETTER = 0.062
STYLE: dict[Any, Any] = {
    "font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "xtick.labelsize": 7.5, "ytick.labelsize": 7.5,
    "legend.fontsize": 8, "axes.spines.top": False, "axes.spines.right": False, "pdf.fonttype": 42,
    "svg.hashsalt": "everyhow", "savefig.dpi": 300, "axes.linewidth": 0.6, "hatch.linewidth": 0.4,
}  # fmt: skip
LONGEST_LABEL = 80
# What the options are, for people.
NAMES = {
    "widths": "neurons of each hidden layer", "learning_rate": "learning rate", "loss_target": "loss target",
    "input_noise": "noise on the inputs", "input_weights": "how often the rows 00, 01, 10, 11 are drawn",
    "task": "task", "outputs": "outputs", "epoch": "epoch",
}  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """Settings that stand side by side.

    Attributes:
        title: the value of the second option that they have in common; empty where there is one panel.
        color: of what is drawn of them.
        labels: of each setting, what tells it from its neighbors, by the setting's label.
    """

    title: str
    color: str
    labels: dict[str, str]


def panels(sweep: Sweep, present: Sequence[str]) -> tuple[Panel, ...]:
    """The settings that are there, in panels: one for each value of the second of two swept options, else one."""
    levels = {setting: sweep.levels[setting] for setting in present}
    options = sweep.plan.axis
    if len(options) != 2:
        alone = len(options) == 1
        labels = {s: "; ".join(value_text(v) if alone else f"{k} {value_text(v)}" for k, v in one.items())
                  for s, one in levels.items()}  # fmt: skip
        return (Panel("", BLUE, labels),)
    first, second = options
    grouped: dict[str, dict[str, str]] = {}
    for setting, one in levels.items():
        grouped.setdefault(value_text(one[second]), {})[setting] = value_text(one[first])
    return tuple(
        Panel(f"{second} {value}", COLORS[k % len(COLORS)], labels) for k, (value, labels) in enumerate(grouped.items())
    )


def axis_name(sweep: Sweep) -> str:
    """What the labels of a panel's settings are."""
    options = sweep.plan.axis
    if len(options) in (1, 2):
        return NAMES.get(options[0], options[0])
    return "setting" if options else literal(sweep.plan.title)


def literal(text: str) -> str:
    """A text as Matplotlib shows it as it stands, not as a formula, and not longer than a line."""
    return (text if len(text) <= LONGEST_LABEL else f"{text[:LONGEST_LABEL]}...").replace("$", r"\$")


def broken(label: str) -> str:
    """A label in short lines: an option each, lists of many numbers in two."""
    lines = label.split("; ")
    if len(lines) == 1 and label.count(",") > 1:
        pieces = label.split(",")
        middle = len(pieces) // 2
        lines = [",".join(pieces[:middle]) + ",", ",".join(pieces[middle:])]
    return "\n".join(lines)


def wide(labels: Sequence[str]) -> float:
    """The inches that the longest line of some labels takes."""
    return LETTER * max((len(line) for label in labels for line in label.split("\n")), default=0)


def fitted(labels: Sequence[str], room: float) -> list[str] | None:
    """Labels that fit so many inches each, side by side: as they are, or in lines; None where they do not."""
    for chosen in (list(labels), [broken(label) for label in labels]):
        if wide(chosen) <= room:
            return chosen
    return None


def explained(sample: Sample | None) -> str:
    """How many networks of a setting were explained, and which share was not."""
    if sample is None:
        return ""
    lost = f" −{1 - sample.explained / sample.networks:.0%}" if sample.explained < sample.networks else ""
    return f"n={sample.explained}{lost}"


def new_figure(rows: int, columns: int, width: float, height: float, **options: Any) -> tuple["Figure", Any]:
    """A figure that no window shows, and its axes as rows of columns."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def count_scale(ax: "Axes", values: np.ndarray, along: Literal["x", "y"] = "y") -> None:
    """A logarithmic scale for counts along an axis; zero, where it occurs, stands one step below one."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, SymmetricalLogLocator

    low, high = max(float(values.min()), 1.0), float(values.max())
    # Over few powers of ten, their halves and fifths are labeled too, where there is room for them.
    steps = (1, 2, 5) if along == "y" and high / low < 200 else (1,)
    axis = ax.yaxis if along == "y" else ax.xaxis
    set_scale, set_ends = (ax.set_yscale, ax.set_ylim) if along == "y" else (ax.set_xscale, ax.set_xlim)
    if (values == 0).any():
        set_scale("symlog", linthresh=1, linscale=0.5)
        set_ends(-0.3, high * 1.3)
        axis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=1, subs=steps))
    else:
        set_scale("log")
        set_ends(low / 1.3, high * 1.3)
        axis.set_major_locator(LogLocator(subs=steps, numticks=12 if along == "y" else 6))
    axis.set_major_formatter(FuncFormatter(_power))
    axis.set_minor_formatter(NullFormatter())
    ax.grid(axis=along, linewidth=0.3, color="#DDDDDD", zorder=0)
    ax.set_axisbelow(True)


def _power(value: float, _: int | None = None) -> str:
    """A tick: in full up to a hundred thousand, then as a power of ten."""
    if value < 1e5:
        return f"{value:,.0f}"
    exponent = int(np.floor(np.log10(value) + 1e-9))
    digit = round(value / 10**exponent)
    return f"$10^{{{exponent}}}$" if digit == 1 else f"${digit}{{\\times}}10^{{{exponent}}}$"
