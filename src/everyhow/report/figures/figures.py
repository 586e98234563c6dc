"""The figures of a sweep, for papers: vector and pixel files that read in one or two columns and in gray."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...common.errors import InputError
from ...common.files import replacing, writing_folder
from ...sweeps.results import Sweep
from ...sweeps.statistics import Measure, measures_of, samples, survivors, values_of
from ..plotting import load_matplotlib
from .counts import draw_counts
from .layout import STYLE
from .overlap import draw_overlap, overlaps
from .survivors import draw_survivors
from .training import along_training, draw_training

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "pdf", "png")
MOST_SETTINGS = 100
# Counts beyond it, and those too large for a double, are drawn there.
LARGEST = 1e300
DRAWN = ("circuits", "interpretations", "algorithms", "mappings")


def draw_figures(sweep: Sweep, folder: str | Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Draw every figure that a sweep has data for; returns the files written.

    `survivors`: shares of outputs with no, one and several explanations after each rung; `counts` and
    `counts-authors`: box plots over the settings, with the points; `overlap`: how perfect circuits overlap; `training`
    and `training-authors`: counts along training instead of `counts`, where the plan has checkpoints.

    Two swept options: a panel and a color for each value of the second. More: every setting by its full name.

    Raises:
        InputError: an unknown format, or a sweep without results or with too many settings.
        MissingExtraError: Matplotlib is not installed.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InputError(f"format {', '.join(unknown) or 'missing'}; the formats are {', '.join(FORMATS)}")
    matplotlib = load_matplotlib("figures need")
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
        for name, draw in figures_of(sweep):
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
    return [Path(folder) / f"{name}.{kind}" for name, _ in figures_of(sweep) for kind in formats]


def _settle(figure: "Figure") -> None:
    """Lay a figure out once and for all. The layout's solver differs in the last digit from time to time, and an SVG
    file names its clips by all digits."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        x, y, width, height = (round(float(end), 6) for end in axes.get_position().bounds)
        axes.set_position((x, y, width, height))


def figures_of(sweep: Sweep) -> Iterator[tuple[str, Callable[[], "Figure"]]]:
    """The figures that a sweep has data for, by name; the one that answers its question first."""
    if survivors(sweep):
        yield "survivors", lambda: draw_survivors(sweep)
    for preset, name in (("paper", "counts"), ("authors", "counts-authors")):
        measures = [m for m in measures_of(sweep) if m.preset == preset and m.key in DRAWN]
        shown = [(m, values) for m in measures if (values := _drawn(sweep, m))]
        if shown and along_training(sweep):
            yield name.replace("counts", "training"), lambda shown=shown: draw_training(sweep, shown)
        elif shown:
            yield name, lambda shown=shown: draw_counts(sweep, shown)
    if "paper" in sweep.plan.presets and overlaps(sweep):
        yield "overlap", lambda: draw_overlap(sweep)


def _drawn(sweep: Sweep, measure: Measure) -> dict[str, np.ndarray]:
    """The values of a measure by setting, as far as they can be drawn."""
    return {setting: np.minimum(values, LARGEST) for setting, values in values_of(sweep, measure).items()}
