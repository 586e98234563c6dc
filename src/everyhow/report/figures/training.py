"""Counts along the epochs of training."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...sweeps.plan import EPOCH, value_text
from ...sweeps.results import Sweep
from ...sweeps.statistics import Measure, distributions, is_logarithmic, numeric_levels, samples
from .layout import BLUE, COLORS, TWO_COLUMNS, count_scale, literal, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def along_training(sweep: Sweep) -> bool:
    """Whether counts are drawn along epochs: these are swept, beside few other settings."""
    return EPOCH in sweep.plan.axis and numeric_levels(sweep, EPOCH) is not None and len(_lines(sweep)) <= len(COLORS)


def _lines(sweep: Sweep) -> dict[str, list[str]]:
    """The settings along epochs, by the values of the other options."""
    found: dict[str, list[str]] = {}
    for setting, levels in sweep.levels.items():
        held = "; ".join(f"{key} {value_text(value)}" for key, value in levels.items() if key != EPOCH)
        found.setdefault(held, []).append(setting)
    return found


def draw_training(sweep: Sweep, shown: Sequence[tuple[Measure, Mapping[str, np.ndarray]]]) -> "Figure":
    """Medians and quartiles of each count along training, a color for each value of the other options, with the share
    of networks explained below."""
    numbers = numeric_levels(sweep, EPOCH) or {}
    lines = _lines(sweep)
    colors = dict(zip(lines, COLORS if len(lines) > 1 else [BLUE], strict=False))
    rows = -(-(len(shown) + 1) // 2)
    figure, axes = new_figure(rows, 2, TWO_COLUMNS, 0.4 + 1.7 * rows)
    logarithmic = is_logarithmic(numbers.values())
    found = distributions(sweep)
    for ax, (measure, values) in zip(axes.ravel(), shown, strict=False):
        spread = {each.setting: each for each in found if each.measure == measure}
        for held, settings in lines.items():
            present = [spread[setting] for setting in settings if setting in spread]
            x = [numbers[each.setting] for each in present]
            lower, upper = [each.lower for each in present], [each.upper for each in present]
            name = "quartiles" if len(lines) == 1 else None
            ax.fill_between(x, lower, upper, color=colors[held], alpha=0.25, linewidth=0, label=name)
            median = [each.median for each in present]
            ax.plot(x, median, color=colors[held], marker="o", markersize=3, linewidth=1.2,
                    label=literal(held) or "median")  # fmt: skip
        ax.set_title(measure.title, loc="left")
        count_scale(ax, np.concatenate(list(values.values())))
        _epoch_scale(ax, numbers, logarithmic)
    if len(lines) > 1:
        handles, labels = axes.ravel()[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=min(3, len(labels)), frameon=False,
                      title="line: median; band: quartiles", title_fontsize=8)  # fmt: skip
    else:
        axes.ravel()[0].legend(frameon=False)
    _draw_explained(axes.ravel()[len(shown)], sweep, numbers, colors)
    _epoch_scale(axes.ravel()[len(shown)], numbers, logarithmic)
    for ax in axes.ravel()[len(shown) + 1 :]:
        ax.set_axis_off()
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
    return figure


def _draw_explained(ax: "Axes", sweep: Sweep, numbers: dict[str, float], colors: dict[str, str]) -> None:
    trained = {sample.setting: sample for sample in samples(sweep)}
    for held, settings in _lines(sweep).items():
        present = [trained[setting] for setting in settings if setting in trained]
        share = [sample.explained / sample.networks for sample in present]
        ax.plot([numbers[s.setting] for s in present], share, color=colors[held], marker="s", markersize=3,
                linewidth=1.2)  # fmt: skip
    ax.set_ylim(-0.03, 1.03)
    ax.set_title(f"share of the {max(s.networks for s in trained.values()):,} networks explained", loc="left")


def _epoch_scale(ax: "Axes", numbers: dict[str, float], logarithmic: bool) -> None:
    from matplotlib.ticker import FuncFormatter

    if logarithmic:
        ax.set_xscale("symlog", linthresh=1, linscale=0.5)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlim(min(numbers.values()), max(numbers.values()))
