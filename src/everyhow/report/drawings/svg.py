"""Drawings as SVG: a file that stands alone, or the inside of a page that styles it."""

from collections.abc import Callable
from functools import lru_cache
from xml.sax.saxutils import escape, quoteattr

from ..words import seen
from .palette import LIGHT, ROLES, STATES
from .shapes import Box, Circle, Curve, Label, Line, Part, Shape, Sheet

Paint = Callable[[Shape], dict[str, str]]
FONT = "system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif"


def standalone(drawing: Sheet) -> str:
    """A file of its own: every mark carries its colors, so that any program shows it alike."""
    paper = f'<rect width="100%" height="100%" fill="{LIGHT["paper"]}"/>'
    inside = "".join(_part(part, _painted, STATES) for part in drawing.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width:g}" height="{drawing.height:g}" '
        f'viewBox="0 0 {drawing.width:g} {drawing.height:g}" role="img" font-family={quoteattr(FONT)}>'
        f"<title>{escape(seen(drawing.title))}</title>{paper}{inside}</svg>\n"
    )


def inside_page(drawing: Sheet) -> str:
    """The drawing for a page, which gives the roles their colors and may change the states of parts by their keys."""
    inside = "".join(_part(part, _classed, {}) for part in drawing.parts)
    return (
        f'<svg class="drawing" viewBox="0 0 {drawing.width:g} {drawing.height:g}" width="{drawing.width:g}" '
        f'style="--natural:{drawing.width:g}px" role="img" aria-label={quoteattr(seen(drawing.title))}>{inside}</svg>'
    )


def _part(part: Part, paint: Paint, states: dict[str, float]) -> str:
    attributes = {}
    if part.key:
        attributes["data-part"] = part.key
    if part.state and states:
        attributes["opacity"] = f"{states[part.state]:g}"
    elif part.state:
        attributes["data-state"] = part.state
    title = f"<title>{escape(seen(part.title))}</title>" if part.title else ""
    return f"<g{_attributes(attributes)}>{title}{''.join(_shape(shape, paint) for shape in part.shapes)}</g>"


def _shape(shape: Shape, paint: Paint) -> str:
    painted = _attributes(paint(shape))
    if isinstance(shape, Label):
        at = f'{_numbers(x=shape.x, y=shape.y)} font-size="{_number(shape.size)}"'
        anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
        # The middle of a line of text lies about a third of its size above the line that the letters stand on.
        return f'<text{at} dy="0.35em"{anchor}{painted}>{escape(seen(shape.text))}</text>'
    if isinstance(shape, Line):
        return f"<line{_numbers(x1=shape.x1, y1=shape.y1, x2=shape.x2, y2=shape.y2)}{painted}/>"
    if isinstance(shape, Circle):
        return f"<circle{_numbers(cx=shape.x, cy=shape.y, r=shape.r)}{painted}/>"
    if isinstance(shape, Curve):
        return f"<path{_attributes({'d': _path(shape)})}{painted}/>"
    assert isinstance(shape, Box)
    at = _numbers(x=shape.x, y=shape.y, width=shape.width, height=shape.height)
    at += _numbers(rx=shape.round) if shape.round else ""
    at += f' fill-opacity="{_number(shape.level)}"' if shape.level < 1 else ""
    return f"<rect{at}{painted}/>"


def _path(curve: Curve) -> str:
    start, bends = curve.points[0], curve.bends
    return f"M{_point(start)}" + "".join("C" + " ".join(map(_point, bend)) for bend in bends)


def _point(point: tuple[float, float]) -> str:
    return ",".join(f"{number:.1f}".removesuffix(".0") for number in point)


def _painted(shape: Shape) -> dict[str, str]:
    style = ROLES[shape.role]
    found = {"fill": LIGHT[style.fill] if style.fill else "none"}
    if style.stroke:
        found |= {"stroke": LIGHT[style.stroke], "stroke-width": f"{style.width:g}"}
    if style.dash:
        found["stroke-dasharray"] = " ".join(f"{length:g}" for length in style.dash)
    if style.bold:
        found["font-weight"] = "600"
    if style.behind:
        found["paint-order"] = "stroke"
    if isinstance(shape, Line | Curve) and shape.width is not None:
        found["stroke-width"] = f"{shape.width:.2f}"
    return found


def _classed(shape: Shape) -> dict[str, str]:
    # A rule of the page's style sheet would win over an attribute, so a width of its own is a style.
    if isinstance(shape, Line | Curve) and shape.width is not None:
        return {"class": shape.role, "style": f"stroke-width:{shape.width:.2f}"}
    return {"class": shape.role}


def _numbers(**values: float) -> str:
    return "".join([f' {name}="{_number(value)}"' for name, value in values.items()])


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 1 else f"{value + 0.0:.3g}"


def _attributes(values: dict[str, str]) -> str:
    return "".join([f" {name}={_quoted(value)}" for name, value in values.items()])


# A page says the same few roles and places thousands of times.
_quoted = lru_cache(maxsize=1 << 14)(quoteattr)
