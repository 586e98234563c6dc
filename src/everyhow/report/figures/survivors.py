"""After each rung, the shares of outputs with no, one and several explanations left."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ladder import IN_SHORT
from ...sweeps.results import Sweep
from ...sweeps.statistics import Survivors, rungs_of, survivors
from ..words import marked
from .layout import BLUE, GRAY, ORANGE, SKY, TWO_COLUMNS, Panel, axis_name, broken, literal, new_figure, panels, wide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OUTCOMES = {"none": GRAY, "trivial": SKY, "one": BLUE, "several": ORANGE, "unknown": "white"}
# Inches for all columns beside the names of the rungs, and the narrowest column.
ROOM, NARROWEST = 5.0, 0.55
Cells = Mapping[tuple[str, str, str], Survivors]


def draw_survivors(sweep: Sweep) -> "Figure":
    """For each setting a column, for each kind a row of bars; as many columns in a line as their labels can be read in,
    and those of one value of a second option together."""
    from matplotlib.patches import Patch

    cells: Cells = {(s.setting, s.kind, s.rung): s for s in survivors(sweep)}
    kinds = rungs_of(cells.values())
    groups = panels(sweep, [s for s in sweep.settings if (s, "circuits", "perfect") in cells])
    lines = list(_lines(groups))
    single = sum(map(len, lines)) == 1
    heights = [len(rungs) for rungs in kinds.values()]
    columns = max(map(len, lines))
    height = 0.9 + len(lines) * (0.45 + 0.19 * sum(heights))
    figure, axes = new_figure(
        len(lines) * len(kinds), columns, 4.6 if single else TWO_COLUMNS, height,
        sharex=True, gridspec_kw={"height_ratios": heights * len(lines)},
    )  # fmt: skip
    for k, line in enumerate(lines):
        rows = axes[k * len(kinds) : (k + 1) * len(kinds)]
        _draw_line(rows, line, cells, kinds, single)
    ends = ["0", "50%", "100%"] if single else ["0", "", "1"]
    axes[-1, 0].set_xticks([0, 0.5, 1], ends)
    present = [name for name in OUTCOMES if name != "trivial" or any(cell.trivial for cell in cells.values())]
    handles = [Patch(label=outcome, **_outcome_style(outcome)) for outcome in present]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(present), frameon=False)
    number = next(iter(cells.values())).outputs
    what = f"the {number} outputs explained" if single else f"the outputs explained, by {axis_name(sweep)}"
    figure.supxlabel(f"share of {what}, with so many explanations left", fontsize=8)
    return figure


# A setting in a line: its label, what stands over it, and the color of its panel's title.
Column = tuple[str, str, str]


def _lines(groups: Sequence[Panel]) -> Iterator[list[Column]]:
    """The columns, line by line: all panels in one where there is room, else a panel in a line or several."""
    columns = [[(s, broken(label), group.title) for s, label in group.labels.items()] for group in groups]
    needed = max(NARROWEST, wide([label for group in columns for _, label, _ in group]) + 0.08)
    most = max(1, int(ROOM / needed))
    if sum(map(len, columns)) <= most:
        yield [column for group in columns for column in group]
        return
    for group in columns:
        for start in range(0, len(group), most):
            yield group[start : start + most]


def _draw_line(
    rows: Any, line: Sequence[Column], cells: Cells, kinds: Mapping[str, Sequence[str]], single: bool
) -> None:
    for row, (kind, rungs) in zip(rows, kinds.items(), strict=True):
        for ax, (setting, _, _) in zip(row, line, strict=False):
            _stack(ax, [cells.get((setting, kind, rung)) for rung in rungs])
            told = [marked(rung, IN_SHORT[rung]) for rung in rungs]
            ax.set_yticks(range(len(rungs)), told if ax is row[0] else [])
        for ax in row[len(line) :]:
            ax.set_axis_off()
        row[0].annotate(
            kind, (0, 1), (-4, 3), "axes fraction", "offset points", ha="right", va="bottom", fontweight="bold",
            fontsize=8, annotation_clip=False,
        )  # fmt: skip
    if single:
        return
    before = ""
    for ax, (setting, label, title) in zip(rows[0], line, strict=False):
        # The title of a panel stands over its first column.
        head = [literal(title)] if title else []
        text = "\n".join([literal(label), f"n={cells[setting, 'circuits', 'perfect'].outputs}"])
        ax.set_title(text, fontsize=7.5)
        if head and title != before:
            lines = text.count("\n") + 1
            ax.annotate(
                head[0], (0, 1), (0, 9 + 10 * lines), "axes fraction", "offset points", ha="left", va="bottom",
                fontsize=8, fontweight="bold", annotation_clip=False,
            )  # fmt: skip
        before = title


def _stack(ax: "Axes", rungs: Sequence[Survivors | None]) -> None:
    """One bar for each rung, its parts as long as the shares of the outcomes; none where the kind is not asked of the
    setting's networks."""
    left = np.zeros(len(rungs))
    if not any(rungs):
        ax.text(0.5, (len(rungs) - 1) / 2, "not asked", ha="center", va="center", fontsize=7.5, color=GRAY)
    for outcome in OUTCOMES:
        shares = np.array([getattr(rung, outcome) / rung.outputs if rung else 0.0 for rung in rungs])
        ax.barh(range(len(rungs)), shares, 0.78, left, **_outcome_style(outcome))
        left += shares
    ax.set_ylim(len(rungs) - 0.45, -0.55)
    ax.set_xlim(0, 1)
    ax.tick_params(axis="y", length=0)


def _outcome_style(outcome: str) -> dict[str, Any]:
    hatch = "/////" if outcome == "unknown" else None
    return {"facecolor": OUTCOMES[outcome], "edgecolor": "#444444", "linewidth": 0.3, "hatch": hatch}
