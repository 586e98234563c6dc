"""Counts over the settings of a sweep: a box for each setting over its points."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...sweeps.results import Sweep
from ...sweeps.statistics import Measure, Sample, samples
from .layout import (
    TWO_COLUMNS,
    Panel,
    axis_name,
    broken,
    count_scale,
    explained,
    fitted,
    literal,
    new_figure,
    panels,
    wide,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Shown = Sequence[tuple[Measure, Mapping[str, np.ndarray]]]
# Panels that stand side by side, and the inches that all together have for their labels.
MOST_BESIDE, ROOM, ROOM_OF_ONE = 4, 6.2, 2.9
NOTE = "n: networks explained; −: share not explained"


def draw_counts(sweep: Sweep, shown: Shown) -> "Figure":
    """A panel for each count, and for each value of a second option, on a logarithmic scale that has a zero.

    Settings stand side by side where their labels can be read there, else one below the other.
    """
    found = {sample.setting: sample for sample in samples(sweep)}
    groups = panels(sweep, sweep.settings)
    room = ROOM_OF_ONE if len(groups) == 1 else ROOM / len(groups)
    most = max(len(group.labels) for group in groups)
    ticks = [_under(group, found, room / most) for group in groups]
    if len(groups) <= MOST_BESIDE and all(one is not None for one in ticks):
        return _side_by_side(sweep, shown, groups, [one or [] for one in ticks])
    return _below_each_other(sweep, shown, groups, found)


def _under(group: Panel, found: Mapping[str, Sample], room: float) -> list[str] | None:
    """What stands under each setting, in lines: its label, and how many networks were explained."""
    names = fitted(list(group.labels.values()), room)
    numbers = fitted([explained(found.get(setting)).replace(" ", "\n") for setting in group.labels], room)
    if names is None or numbers is None:
        return None
    return [literal(f"{name}\n{number}".strip()) for name, number in zip(names, numbers, strict=True)]


def _side_by_side(sweep: Sweep, shown: Shown, groups: Sequence[Panel], ticks: Sequence[list[str]]) -> "Figure":
    several = len(groups) > 1
    rows, columns = (len(shown), len(groups)) if several else (-(-len(shown) // 2), 2)
    figure, axes = new_figure(
        rows, columns, TWO_COLUMNS, 0.5 + (1.7 if several else 2.0) * rows, sharey="row" * several or False
    )
    cells = axes if several else axes.reshape(-1, 1)
    generator = np.random.default_rng(0)
    for k, ((measure, values), row) in enumerate(zip(shown, cells, strict=False)):
        everything = np.concatenate(list(values.values()))
        for ax, group, under in zip(row, groups, ticks, strict=True):
            _boxes(ax, group, values, generator, upright=True)
            count_scale(ax, everything)
            last = not several or k == len(shown) - 1
            ax.set_xticks(range(len(group.labels)), under if last else [""] * len(under))
            ax.set_xlim(-0.6, len(group.labels) - 0.4)
            if several and not k:
                ax.set_title(literal(group.title), color=group.color, fontweight="bold")
        if several:
            row[0].set_ylabel(measure.title)
        else:
            row[0].set_title(measure.title, loc="left")
    for ax in axes.ravel()[len(shown) * len(groups) :]:
        ax.set_axis_off()
    figure.supxlabel(f"{axis_name(sweep)} ({NOTE})", fontsize=8)
    return figure


def _below_each_other(sweep: Sweep, shown: Shown, groups: Sequence[Panel], found: Mapping[str, Sample]) -> "Figure":
    """Every setting in a line of its own, by its full label, settings of one panel together."""
    settings = [setting for group in groups for setting in group.labels]
    # Of several panels the whole label, since no title says the second option.
    names = {s: label if len(groups) == 1 else s for group in groups for s, label in group.labels.items()}
    ticks = [f"{names[s]}  {explained(found.get(s))}".strip() for s in settings]
    if wide(ticks) > TWO_COLUMNS / 3:
        ticks = [f"{broken(names[s])}\n{explained(found.get(s))}".strip() for s in settings]
    lines = max(tick.count("\n") + 1 for tick in ticks)
    rows = -(-len(shown) // 2)
    height = 0.6 + rows * (0.5 + len(settings) * max(0.17, 0.13 * lines))
    figure, axes = new_figure(rows, 2, TWO_COLUMNS, height, sharey=True)
    generator = np.random.default_rng(0)
    for ax, (measure, values) in zip(axes.ravel(), shown, strict=False):
        start = 0
        for group in groups:
            _boxes(ax, group, values, generator, upright=False, start=start)
            start += len(group.labels)
        ax.set_title(measure.title, loc="left")
        count_scale(ax, np.concatenate(list(values.values())), "x")
    axes[0, 0].set_yticks(range(len(settings)), [literal(tick) for tick in ticks])
    axes[0, 0].set_ylim(len(settings) - 0.4, -0.6)
    for ax in axes.ravel()[len(shown) :]:
        ax.set_axis_off()
    figure.supxlabel(f"by {', '.join(sweep.plan.axis)} ({NOTE})", fontsize=8)
    return figure


def _boxes(
    ax: "Axes",
    group: Panel,
    values: Mapping[str, np.ndarray],
    generator: np.random.Generator,
    upright: bool,
    start: int = 0,
) -> None:
    """A box for each setting of a panel, and its points."""
    places = {setting: start + k for k, setting in enumerate(group.labels) if setting in values}
    if not places:
        return
    ax.boxplot(
        [values[setting] for setting in places], positions=list(places.values()), widths=0.6, showfliers=False,
        zorder=3, medianprops={"color": group.color, "linewidth": 1.6}, boxprops={"linewidth": 0.8},
        manage_ticks=False, whiskerprops={"linewidth": 0.8}, capprops={"linewidth": 0.8},
        orientation="vertical" if upright else "horizontal",
    )  # fmt: skip
    for setting, place in places.items():
        aside = place + generator.uniform(-0.25, 0.25, len(values[setting]))
        points = (aside, values[setting]) if upright else (values[setting], aside)
        ax.scatter(*points, s=5, color=group.color, alpha=0.45, linewidths=0, zorder=2)
