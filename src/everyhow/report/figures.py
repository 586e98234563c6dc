"""The figures of a sweep, for papers: vector and pixel files that read in one or two columns and in gray."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.errors import InputError
from ..common.files import replacing, writing_folder
from ..ladder import IN_SHORT
from ..sweeps.plan import EPOCH
from ..sweeps.results import Sweep
from ..sweeps.statistics import (
    Measure,
    Sample,
    Survivors,
    distributions,
    is_logarithmic,
    measures_of,
    numeric_settings,
    rungs_of,
    samples,
    survivors,
    values_of,
)
from .plotting import load_matplotlib
from .words import marked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "pdf", "png")
# Okabe and Ito's colors, told apart in every common color blindness and by their lightness.
BLUE, ORANGE, GRAY, SKY, VERMILION = "#0072B2", "#E69F00", "#8A8A8A", "#56B4E9", "#D55E00"
OUTCOMES = {"none": GRAY, "trivial": SKY, "one": BLUE, "several": ORANGE, "unknown": "white"}
COLUMN, TWO_COLUMNS = 3.4, 7.0
# The width of a letter of 7.5 points, in inches.
LETTER = 0.062
STYLE: dict[Any, Any] = {
    "font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "xtick.labelsize": 7.5, "ytick.labelsize": 7.5,
    "legend.fontsize": 8, "axes.spines.top": False, "axes.spines.right": False, "pdf.fonttype": 42,
    "svg.hashsalt": "everyhow", "savefig.dpi": 300, "axes.linewidth": 0.6, "hatch.linewidth": 0.4,
}  # fmt: skip
LONGEST_TITLE, MOST_SETTINGS = 80, 100
# Counts beyond it, and those too large for a double, are drawn there.
LARGEST = 1e300
DRAWN = ("circuits", "interpretations", "algorithms", "mappings")


def draw_figures(sweep: Sweep, folder: str | Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Draw every figure that a sweep has data for; returns the files written.

    `counts` and `counts-authors`: box plots over the setting, with the points; `survivors`: shares of outputs with no,
    one and several explanations after each rung; `overlap`: how perfect circuits overlap; `training`: counts along
    training, where the plan has checkpoints.

    Raises:
        InputError: an unknown format, or a sweep without results or with too many settings.
        MissingExtraError: Matplotlib is not installed.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InputError(f"format {', '.join(unknown) or 'missing'}; the formats are {', '.join(FORMATS)}")
    matplotlib = load_matplotlib("figures need Matplotlib, which is not installed: pip install 'everyhow[plot]'")
    if not any(sample.explained for sample in samples(sweep)):
        raise InputError(f"{sweep.folder}: no network was explained, so there is nothing to draw")
    if len(sweep.settings) > MOST_SETTINGS:
        raise InputError(
            f"{sweep.folder}: has {len(sweep.settings):,} settings; figures are drawn of at most {MOST_SETTINGS}, "
            f"since more cannot be told apart: everyhow tables {sweep.folder} --out FOLDER has the numbers"
        )
    written = []
    target = writing_folder(folder)
    with matplotlib.rc_context(STYLE):
        for name, draw in _figures(sweep):
            figure = draw()
            _settle(figure)
            for kind in formats:
                path = target / f"{name}.{kind}"
                # Without a date, the same results give the same file.
                dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None, "ModDate": None}, "png": {}}[kind]
                with replacing(path, "choose another place") as temporary:
                    figure.savefig(temporary, format=kind, metadata=dated, bbox_inches="tight", pad_inches=0.03)
                written.append(path)
    return written


def figure_files(sweep: Sweep, folder: str | Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """The files that `draw_figures` writes."""
    return [Path(folder) / f"{name}.{kind}" for name, _ in _figures(sweep) for kind in formats]


def _settle(figure: "Figure") -> None:
    """Lay a figure out once and for all. The layout's solver differs in the last digit from time to time, and an SVG
    file names its clips by all digits."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        x, y, width, height = (round(float(end), 6) for end in axes.get_position().bounds)
        axes.set_position((x, y, width, height))


def _figures(sweep: Sweep) -> Iterator[tuple[str, Callable[[], "Figure"]]]:
    """The figures that a sweep has data for, by name."""
    along_training = sweep.plan.axis == (EPOCH,)
    for preset, name in (("paper", "counts"), ("authors", "counts-authors")):
        measures = [m for m in measures_of(sweep) if m.preset == preset and m.key in DRAWN]
        shown = [(m, values) for m in measures if (values := _drawn(sweep, m))]
        if shown and not along_training:
            yield name, lambda shown=shown: _counts(sweep, shown)
        if shown and along_training:
            training = name.replace("counts", "training")
            yield training, lambda shown=shown: _training(sweep, shown)
    if survivors(sweep):
        yield "survivors", lambda: _survivors(sweep)
    if "paper" in sweep.plan.presets and _overlaps(sweep):
        yield "overlap", lambda: _overlap(sweep)


def _drawn(sweep: Sweep, measure: Measure) -> dict[str, np.ndarray]:
    """The values of a measure by setting, as far as they can be drawn."""
    return {setting: np.minimum(values, LARGEST) for setting, values in values_of(sweep, measure).items()}


def _new(rows: int, columns: int, width: float, height: float, **options: Any) -> tuple["Figure", Any]:
    """A figure that no window shows, and its axes as rows of columns."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def _counts(sweep: Sweep, shown: Sequence[tuple[Measure, dict[str, np.ndarray]]]) -> "Figure":
    """A panel for each count: a box for each setting over its points, on a logarithmic scale that has a zero."""
    settings = list(sweep.settings)
    rows, room = -(-len(shown) // 2), 2.9 / len(settings)
    found = {sample.setting: sample for sample in samples(sweep)}
    extra = _upright_height(*_fitted([_under(setting, found.get(setting)) for setting in settings], room))
    figure, axes = _new(rows, 2, TWO_COLUMNS, 0.5 + (2.0 + 0.7 * extra) * rows)
    generator = np.random.default_rng(0)
    for ax, (measure, values) in zip(axes.ravel(), shown, strict=False):
        present = [setting for setting in settings if setting in values]
        positions = [settings.index(setting) for setting in present]
        ax.boxplot(
            [values[setting] for setting in present], positions=positions, widths=0.6, showfliers=False, zorder=3,
            medianprops={"color": BLUE, "linewidth": 1.6}, boxprops={"linewidth": 0.8}, manage_ticks=False,
            whiskerprops={"linewidth": 0.8}, capprops={"linewidth": 0.8},
        )  # fmt: skip
        for position, setting in zip(positions, present, strict=True):
            aside = generator.uniform(-0.25, 0.25, len(values[setting]))
            ax.scatter(position + aside, values[setting], s=5, color=SKY, alpha=0.6, linewidths=0, zorder=2)
        ax.set_title(measure.title, loc="left")
        _count_scale(ax, np.concatenate(list(values.values())))
        _label_settings(ax, settings, found, room)
    for ax in axes.ravel()[len(shown) :]:
        ax.set_axis_off()
    figure.supxlabel(f"{_axis_name(sweep)} (n: networks explained; −: share not explained)", fontsize=8)
    return figure


def _count_scale(ax: "Axes", values: np.ndarray) -> None:
    """A logarithmic scale for counts; zero, where it occurs, stands one step below one."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, SymmetricalLogLocator

    low, high = max(float(values.min()), 1.0), float(values.max())
    # Over few powers of ten, their halves and fifths are labeled too.
    steps = (1, 2, 5) if high / low < 200 else (1,)
    if (values == 0).any():
        ax.set_yscale("symlog", linthresh=1, linscale=0.5)
        ax.set_ylim(-0.3, high * 1.3)
        ax.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=1, subs=steps))
    else:
        ax.set_yscale("log")
        ax.set_ylim(low / 1.3, high * 1.3)
        ax.yaxis.set_major_locator(LogLocator(subs=steps, numticks=12))
    ax.yaxis.set_major_formatter(FuncFormatter(_power))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(axis="y", linewidth=0.3, color="#DDDDDD", zorder=0)
    ax.set_axisbelow(True)


def _power(value: float, _: int | None = None) -> str:
    """A tick: in full up to a hundred thousand, then as a power of ten."""
    if value < 1e5:
        return f"{value:,.0f}"
    exponent = int(np.floor(np.log10(value) + 1e-9))
    digit = round(value / 10**exponent)
    return f"$10^{{{exponent}}}$" if digit == 1 else f"${digit}{{\\times}}10^{{{exponent}}}$"


def _label_settings(ax: "Axes", settings: list[str], found: dict[str, Sample], room: float) -> None:
    """The settings under an axis, `room` inches each, with how many networks were explained and which share was not."""
    labels, upright = _fitted([_under(setting, found.get(setting)) for setting in settings], room)
    ax.set_xticks(range(len(settings)), labels)
    ax.set_xlim(-0.6, len(settings) - 0.4)
    if upright:
        ax.tick_params(axis="x", rotation=90)


def _fitted(labels: list[str], room: float) -> tuple[list[str], bool]:
    """Labels made to fit their room in inches: as they are, else broken after = and commas, else upright
    on one line each; and whether that."""
    for chosen in (labels, [_broken(label) for label in labels]):
        if max(len(line) for label in chosen for line in label.split("\n")) * LETTER <= room:
            return chosen, False
    return [label.replace("\n", "  ") for label in labels], True


def _broken(label: str) -> str:
    setting, *rest = label.split("\n")
    parts = setting.replace("=", "=\n").split("\n")
    if len(parts) == 1 and setting.count(",") > 1:
        middle = setting.count(",") // 2 + 1
        pieces = setting.split(",")
        parts = [",".join(pieces[:middle]) + ",", ",".join(pieces[middle:])]
    return "\n".join([*parts, *rest])


def _upright_height(labels: list[str], upright: bool) -> float:
    """The inches that upright labels add."""
    return LETTER * max(map(len, labels)) if upright else 0.0


def _under(setting: str, sample: Sample | None) -> str:
    if sample is None:
        return setting
    lost = f"\n−{1 - sample.explained / sample.networks:.0%}" if sample.explained < sample.networks else ""
    return f"{setting}\nn={sample.explained}{lost}".strip()


def _axis_name(sweep: Sweep) -> str:
    """What the settings are."""
    names = {
        "widths": "neurons of each hidden layer", "learning_rate": "learning rate", "loss_target": "loss target",
        "input_noise": "noise on the inputs", "input_weights": "how often the rows 00, 01, 10, 11 are drawn",
        "task": "task", "outputs": "outputs", "epoch": "epoch",
    }  # fmt: skip
    keys = [names.get(key, key) for key in sweep.plan.axis]
    return keys[0] if len(keys) == 1 else _literal(sweep.plan.title) if not keys else ", ".join(keys)


def _literal(text: str) -> str:
    """A text as Matplotlib shows it as it stands, not as a formula, and not longer than a line."""
    return (text if len(text) <= LONGEST_TITLE else f"{text[:LONGEST_TITLE]}...").replace("$", r"\$")


def _training(sweep: Sweep, shown: Sequence[tuple[Measure, dict[str, np.ndarray]]]) -> "Figure":
    """Medians and quartiles of each count along training, with the share of networks explained below."""
    numbers = numeric_settings(sweep) or {}
    rows = -(-(len(shown) + 1) // 2)
    figure, axes = _new(rows, 2, TWO_COLUMNS, 0.4 + 1.7 * rows)
    logarithmic = is_logarithmic(numbers.values())
    found = distributions(sweep)
    for ax, (measure, values) in zip(axes.ravel(), shown, strict=False):
        rows = [each for each in found if each.measure == measure]
        x = [numbers[each.setting] for each in rows]
        lower, upper = [each.lower for each in rows], [each.upper for each in rows]
        ax.fill_between(x, lower, upper, color=SKY, alpha=0.5, linewidth=0, label="quartiles")
        median = [each.median for each in rows]
        ax.plot(x, median, color=BLUE, marker="o", markersize=3, linewidth=1.2, label="median")
        ax.set_title(measure.title, loc="left")
        _count_scale(ax, np.concatenate(list(values.values())))
        _epoch_scale(ax, numbers, logarithmic)
    axes.ravel()[0].legend(frameon=False)
    ax = axes.ravel()[len(shown)]
    trained = samples(sweep)
    share = [sample.explained / sample.networks for sample in trained]
    ax.plot([numbers[s.setting] for s in trained], share, color=ORANGE, marker="s", markersize=3, linewidth=1.2)
    ax.set_ylim(-0.03, 1.03)
    ax.set_title(f"share of the {max(s.networks for s in trained):,} networks explained", loc="left")
    _epoch_scale(ax, numbers, logarithmic)
    for ax in axes.ravel()[len(shown) + 1 :]:
        ax.set_axis_off()
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
    return figure


def _epoch_scale(ax: "Axes", numbers: dict[str, float], logarithmic: bool) -> None:
    from matplotlib.ticker import FuncFormatter

    if logarithmic:
        ax.set_xscale("symlog", linthresh=1, linscale=0.5)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlim(min(numbers.values()), max(numbers.values()))


def _survivors(sweep: Sweep) -> "Figure":
    """For each setting a column, for each kind a panel: after each rung, the shares left with none, one or several."""
    from matplotlib.patches import Patch

    cells = {(s.setting, s.kind, s.rung): s for s in survivors(sweep)}
    kinds = rungs_of(cells.values())
    settings = [s for s in sweep.settings if (s, "circuits", "perfect") in cells]
    single = len(settings) == 1
    heights = [len(rungs) for rungs in kinds.values()]
    outputs = [cells[setting, "circuits", "perfect"].outputs for setting in settings]
    titles = [f"{setting}\nn={number}" for setting, number in zip(settings, outputs, strict=True)]
    titles, upright = _fitted(titles, 5.2 / len(settings))
    height = 1.0 + 0.19 * sum(heights) + _upright_height(titles, upright)
    figure, axes = _new(
        len(kinds), len(settings), 4.6 if single else TWO_COLUMNS, height, sharex=True,
        gridspec_kw={"height_ratios": heights},
    )  # fmt: skip
    for row, (kind, rungs) in zip(axes, kinds.items(), strict=True):
        for ax, setting in zip(row, settings, strict=True):
            _stack(ax, [cells[setting, kind, rung] for rung in rungs])
            told = [marked(rung, IN_SHORT[rung]) for rung in rungs]
            ax.set_yticks(range(len(rungs)), told if ax is row[0] else [])
        row[0].annotate(
            kind, (0, 1), (-4, 3), "axes fraction", "offset points", ha="right", va="bottom", fontweight="bold",
            fontsize=8, annotation_clip=False,
        )  # fmt: skip
    ends = ["0", "50%", "100%"] if single else ["0", "", "1"]
    axes[-1, 0].set_xticks([0, 0.5, 1], ends)
    if not single:
        for ax, title in zip(axes[0], titles, strict=True):
            ax.set_title(title, fontsize=7.5, rotation=90 if upright else 0)
    present = [name for name in OUTCOMES if name != "trivial" or any(cell.trivial for cell in cells.values())]
    handles = [Patch(label=outcome, **_outcome_style(outcome)) for outcome in present]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(present), frameon=False)
    what = f"the {outputs[0]} outputs explained" if single else f"the outputs explained, by {_axis_name(sweep)}"
    figure.supxlabel(f"share of {what}, with so many explanations left", fontsize=8)
    return figure


def _stack(ax: "Axes", rungs: Sequence[Survivors]) -> None:
    """One bar for each rung, its parts as long as the shares of the outcomes."""
    left = np.zeros(len(rungs))
    for outcome in OUTCOMES:
        shares = np.array([getattr(rung, outcome) / rung.outputs for rung in rungs])
        ax.barh(range(len(rungs)), shares, 0.78, left, **_outcome_style(outcome))
        left += shares
    ax.set_ylim(len(rungs) - 0.45, -0.55)
    ax.set_xlim(0, 1)
    ax.tick_params(axis="y", length=0)


def _outcome_style(outcome: str) -> dict[str, Any]:
    hatch = "/////" if outcome == "unknown" else None
    return {"facecolor": OUTCOMES[outcome], "edgecolor": "#444444", "linewidth": 0.3, "hatch": hatch}


def _overlaps(sweep: Sweep) -> list[tuple[str, np.ndarray, float]]:
    """Of every network explained: its setting, the shares of pairs of circuits by overlap, and the mean overlap."""
    table = sweep.query(
        "SELECT setting, overlap_histogram, overlap_mean FROM results WHERE overlap_mean IS NOT NULL "
        "ORDER BY point, overlap_mean, replicate"
    )
    return [(setting, np.array(shares, dtype=float), mean) for setting, shares, mean in table.rows]


def _overlap(sweep: Sweep) -> "Figure":
    """How the perfect circuits of a network overlap: a column per setting, or per network of the only setting."""
    found = _overlaps(sweep)
    present = [s for s in sweep.settings if any(setting == s for setting, _, _ in found)]
    figure, axes = _new(1, 1, COLUMN if len(present) < 9 else 5.0, 2.7)
    ax = axes[0, 0]
    if len(present) == 1:
        columns = np.array([shares for _, shares, _ in found]).T
        means = [mean for _, _, mean in found]
        ax.set_xlabel(f"{len(found)} networks, by their mean overlap (line)")
    else:
        grouped = {s: [item for item in found if item[0] == s] for s in present}
        columns = np.array([np.mean([shares for _, shares, _ in items], axis=0) for items in grouped.values()]).T
        means = [float(np.mean([mean for _, _, mean in items])) for items in grouped.values()]
        labels = [f"{s}\nn={len(items)}" for s, items in grouped.items()]
        labels, upright = _fitted(labels, 2.3 / len(present))
        figure.set_figheight(2.7 + _upright_height(labels, upright))
        ax.set_xticks(range(len(present)), labels, rotation=90 if upright else 0)
        ax.set_xlabel(_axis_name(sweep) + "; line: mean")
    bins = len(columns)
    image = ax.imshow(
        columns, origin="lower", aspect="auto", cmap="Blues", vmin=0,
        extent=(-0.5, columns.shape[1] - 0.5, 0, 1), interpolation="nearest",
    )  # fmt: skip
    ax.plot(
        range(len(means)), means, color="#D55E00", marker="o" if len(means) < 20 else None, markersize=3, linewidth=1.2
    )
    ax.set_ylabel("Jaccard overlap of two circuits")
    bar = figure.colorbar(image, ax=ax, shrink=0.9)
    bar.set_label(f"share of pairs, in steps of {1 / bins:g}")
    return figure
