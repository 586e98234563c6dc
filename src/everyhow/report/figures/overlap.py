"""How the perfect circuits of a network overlap, over the settings of a sweep."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ...sweeps.results import Sweep
from .layout import COLUMN, TWO_COLUMNS, VERMILION, Panel, axis_name, broken, fitted, literal, new_figure, panels, wide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Overlap = tuple[str, np.ndarray, float]


def overlaps(sweep: Sweep) -> list[Overlap]:
    """Of every network explained: its setting, the shares of pairs of circuits by overlap, and the mean overlap."""
    table = sweep.query(
        "SELECT setting, overlap_histogram, overlap_mean FROM results WHERE overlap_mean IS NOT NULL "
        "ORDER BY point, overlap_mean, replicate"
    )
    return [(setting, np.array(shares, dtype=float), mean) for setting, shares, mean in table.rows]


def draw_overlap(sweep: Sweep) -> "Figure":
    """A column of shares for each setting, or for each network of the only setting; a dot is the mean."""
    found = overlaps(sweep)
    present = [s for s in sweep.settings if any(setting == s for setting, _, _ in found)]
    if len(present) == 1:
        return _of_networks(found)
    by_setting = {s: [item for item in found if item[0] == s] for s in present}
    groups = panels(sweep, present)
    width = COLUMN if len(present) < 7 and len(groups) == 1 else TWO_COLUMNS
    most = max(len(group.labels) for group in groups)
    room = (width - 1.2) / len(groups) / most
    ticks = [fitted(_labels(group, by_setting), room) for group in groups]
    if len(groups) > 4 or any(one is None for one in ticks):
        return _below_each_other(sweep, groups, by_setting)
    figure, axes = new_figure(1, len(groups), width, 2.8, sharey=True)
    image: Any = None
    top = max(_shares(by_setting[s]).max() for s in present)
    for ax, group, labels in zip(axes[0], groups, ticks, strict=True):
        image = _draw(ax, group, by_setting, top, upright=True)
        ax.set_xticks(range(len(group.labels)), [literal(label) for label in labels or []])
        ax.set_title(literal(group.title), color=group.color, fontweight="bold")
    axes[0, 0].set_ylabel("Jaccard overlap of two circuits")
    figure.supxlabel(f"{axis_name(sweep)}; dot: mean", fontsize=8)
    _bar(figure, image, axes[0], len(found[0][1]))
    return figure


def _below_each_other(sweep: Sweep, groups: tuple[Panel, ...], by_setting: dict[str, list[Overlap]]) -> "Figure":
    """Every setting in a line of its own, by its full label."""
    whole = {s: label if len(groups) == 1 else s for group in groups for s, label in group.labels.items()}
    everything = Panel("", groups[0].color, whole)
    labels = [label.replace("\n", "  ") for label in _labels(everything, by_setting)]
    if wide(labels) > TWO_COLUMNS / 3:
        labels = [broken(label) for label in _labels(everything, by_setting)]
    lines = max(label.count("\n") + 1 for label in labels)
    figure, axes = new_figure(1, 1, 5.0, 0.9 + len(labels) * max(0.2, 0.13 * lines))
    ax = axes[0, 0]
    top = max(_shares(items).max() for items in by_setting.values())
    image = _draw(ax, everything, by_setting, top, upright=False)
    ax.set_yticks(range(len(labels)), [literal(label) for label in labels])
    ax.set_xlabel(f"Jaccard overlap of two circuits, by {', '.join(sweep.plan.axis)}; dot: mean")
    _bar(figure, image, [ax], len(next(iter(by_setting.values()))[0][1]))
    return figure


def _of_networks(found: list[Overlap]) -> "Figure":
    figure, axes = new_figure(1, 1, COLUMN, 2.7)
    ax = axes[0, 0]
    columns = np.array([shares for _, shares, _ in found]).T
    means = [mean for _, _, mean in found]
    image = ax.imshow(
        columns, origin="lower", aspect="auto", cmap="Blues", vmin=0, interpolation="nearest",
        extent=(-0.5, len(found) - 0.5, 0, 1),
    )  # fmt: skip
    ax.plot(range(len(means)), means, color=VERMILION, marker="o", markersize=2, linestyle="none")
    ax.set_xlabel(f"{len(found)} networks, by their mean overlap (dot)")
    ax.set_ylabel("Jaccard overlap of two circuits")
    _bar(figure, image, [ax], len(columns))
    return figure


def _labels(group: Panel, by_setting: dict[str, list[Overlap]]) -> list[str]:
    return [f"{label}\nn={len(by_setting[s])}" for s, label in group.labels.items()]


def _shares(items: list[Overlap]) -> np.ndarray:
    return np.mean([shares for _, shares, _ in items], axis=0)


def _draw(ax: "Axes", group: Panel, by_setting: dict[str, list[Overlap]], top: float, upright: bool) -> Any:
    """The shares of every setting of a panel, and its mean."""
    columns = np.array([_shares(by_setting[s]) for s in group.labels]).T
    number = len(group.labels)
    shown, extent = (columns, (-0.5, number - 0.5, 0, 1)) if upright else (columns.T, (0, 1, number - 0.5, -0.5))
    image = ax.imshow(
        shown, origin="lower" if upright else "upper", aspect="auto", cmap="Blues", vmin=0, vmax=top, extent=extent,
        interpolation="nearest",
    )  # fmt: skip
    means = [float(np.mean([mean for _, _, mean in by_setting[s]])) for s in group.labels]
    points = (range(number), means) if upright else (means, range(number))
    ax.plot(*points, color=VERMILION, marker="o", markersize=3.5, linestyle="none")
    return image


def _bar(figure: "Figure", image: Any, axes: Any, bins: int) -> None:
    bar = figure.colorbar(image, ax=list(axes), shrink=0.9)
    bar.set_label(f"share of pairs, in steps of {1 / bins:g}")
