"""Drawings as PDF, by Matplotlib."""

import io

from ..plotting import load_matplotlib
from ..words import seen
from .palette import LIGHT, ROLES, STATES
from .shapes import Box, Circle, Curve, Label, Line, Shape, Sheet

# Points of PDF per inch.
POINTS = 72.0


def pdf(drawing: Sheet) -> bytes:
    """The drawing as a PDF of one page of its size, its texts as texts.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    mpl = load_matplotlib("PDF needs", ", or write an .svg file")
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    figure = Figure(figsize=(drawing.width / POINTS, drawing.height / POINTS))
    canvas = FigureCanvasPdf(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.axis("off")
    order = 0
    for part in drawing.parts:
        for shape in part.shapes:
            order += 1
            _add(axes, shape, STATES[part.state], order)
    written = io.BytesIO()
    # Texts stay texts, and no date makes two files of one drawing differ.
    with mpl.rc_context({"pdf.fonttype": 42}):
        canvas.print_pdf(written, metadata={"Title": seen(drawing.title), "CreationDate": None})
    return written.getvalue()


def _add(axes, shape: Shape, opacity: float, order: int) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Circle as Disc
    from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle
    from matplotlib.path import Path
    from matplotlib.patheffects import withStroke

    style = ROLES[shape.role]
    fill = LIGHT[style.fill] if style.fill else "none"
    stroke = LIGHT[style.stroke] if style.stroke else "none"
    if isinstance(shape, Line):
        width = style.width if shape.width is None else shape.width
        dashes = (0, [length / width for length in style.dash]) if style.dash else "-"
        ends = [shape.x1, shape.x2], [shape.y1, shape.y2]
        axes.add_line(Line2D(*ends, color=stroke, linewidth=width, linestyle=dashes, alpha=opacity, zorder=order))
    elif isinstance(shape, Curve):
        points = [shape.points[0], *(point for bend in shape.bends for point in bend)]
        path = Path(points, [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)])
        width = style.width if shape.width is None else shape.width
        line = PathPatch(path, facecolor="none", edgecolor=stroke, linewidth=width, alpha=opacity, zorder=order)
        axes.add_patch(line)
    elif isinstance(shape, Label):
        aligned = {"start": "left", "middle": "center", "end": "right"}[shape.anchor]
        halo = [withStroke(linewidth=style.width, foreground=stroke)] if style.behind else None
        axes.text(
            shape.x, shape.y, seen(shape.text).replace("$", r"\$"), color=fill, fontsize=shape.size * 0.92, ha=aligned,
            va="center", alpha=opacity, weight="bold" if style.bold else "normal", zorder=order,
            path_effects=halo,
        )  # fmt: skip
    else:
        painted = {"linewidth": style.width if style.stroke else 0, "edgecolor": stroke, "zorder": order}
        if isinstance(shape, Circle):
            axes.add_patch(Disc((shape.x, shape.y), shape.r, facecolor=fill, alpha=opacity, **painted))
            return
        assert isinstance(shape, Box)
        corner, size = (shape.x, shape.y), (shape.width, shape.height)
        alpha = opacity * shape.level
        if shape.round:
            rounded = f"round,pad=0,rounding_size={shape.round}"
            axes.add_patch(FancyBboxPatch(corner, *size, boxstyle=rounded, facecolor=fill, alpha=alpha, **painted))
        else:
            axes.add_patch(Rectangle(corner, *size, facecolor=fill, alpha=alpha, **painted))
