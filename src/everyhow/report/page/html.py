"""Pages: one file each, that opens without a network and asks for nothing."""

import base64
import gzip
import hashlib
import json
import math
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ...auditing.audit import Audit
from ...common.files import write_atomically
from ..drawings.drawing import Drawing
from ..drawings.palette import DARK, LIGHT, css, theme
from ..drawings.svg import inside_page
from ..headline import headline
from ..words import in_short, seen, shown, spelled
from .contents import contents
from .room import Room

# A page is kept below this many bytes.
LARGEST = 4_800_000
# JavaScript keeps whole numbers up to here.
LARGEST_WHOLE = 1 << 53
# The scripts of each kind of page, in the order in which they build on each other.
AUDIT = (
    "parts",
    "around",
    "stage",
    "where",
    "attention",
    "what",
    "places",
    "codes",
    "cost",
    "tables",
    "unpack",
    "start",
)
DRAWING = ("parts", "viewer")
SWEEP = ("parts", "around", "unpack", "tables", "sweep")


def audit_page(audit: Audit, room: Room | None = None) -> str:
    """An audit as one HTML page; what there was no room for is said where it would stand."""
    title = audit.task or f"Data: {audit.name}"
    outputs = audit.named_outputs or {title: audit}
    if audit.outputs and audit.wanted is None:
        outputs = {"All outputs together": audit} | {name.capitalize(): part for name, part in outputs.items()}
    allowed = room or Room()
    while True:
        parts = [contents(part, allowed, name) for name, part in outputs.items()]
        page = render(
            "audit.html.jinja",
            AUDIT,
            title=f"{title}: is the explanation the only one?",
            headline=headline(audit),
            parts=parts,
        )
        if len(page.encode()) <= LARGEST or allowed == allowed.halved():
            return page
        allowed = allowed.halved()


def write_report(audit: Audit, path: str | Path) -> Path:
    """Write an audit's page, whole or not at all; returns its path."""
    return write_atomically(Path(path), audit_page(audit).encode())


def drawing_page(drawing: Drawing) -> str:
    """One drawing as a page in which every part says what it is."""
    return render("drawing.html.jinja", DRAWING, title=drawing.title, svg=inside_page(drawing))


def render(template: str, scripts: tuple[str, ...], *inside: tuple[str, ...], **values: Any) -> str:
    """A template filled in, with the styles, the scripts and a policy that forbids everything else.

    Args:
        template: its file.
        scripts: those of the page.
        inside: those of pages that are to open in frames of this one, whose policy they come under too.
        values: what the template is filled in with.
    """
    script = _script(scripts)
    allowed = " ".join(_digest(_script(names)) for names in (scripts, *inside))
    return (
        _templates()
        .get_template(template)
        .render(
            script=Markup(script),
            policy=f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:",
            styles=Markup(_styles()),
            drawing_styles=Markup(css()),
            light=theme(LIGHT),
            **values,
        )
    )


def packed(value: Any) -> str:
    """Plain values as JSON, compressed, in letters that need no escaping."""
    text = json.dumps(_exact(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # The highest level takes three times as long to save 4 bytes of a hundred.
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def _exact(value: Any) -> Any:
    """Whole numbers that a browser would round, as their digits, what JSON has no number for, in words, and texts in
    which everything can be seen."""
    if isinstance(value, str):
        return value if value.isprintable() else seen(value)
    if isinstance(value, dict):
        return dict(zip(value, _each_exact(value.values()), strict=True))
    if isinstance(value, tuple | list):
        return _each_exact(value)
    unsaid = isinstance(value, float) and not math.isfinite(value)
    return str(value) if unsaid or (isinstance(value, int) and abs(value) > LARGEST_WHOLE) else value


def _each_exact(values: Iterable[Any]) -> list[Any]:
    # Most values are texts in which everything can be seen.
    return [one if isinstance(one, str) and one.isprintable() else _exact(one) for one in values]


@cache
def _script(names: tuple[str, ...]) -> str:
    folder = files("everyhow.report.page") / "scripts"
    inside = "\n".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in names)
    return f'"use strict";\n(() => {{\n{inside}\n}})();\n'


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@cache
def _styles() -> str:
    own = (files("everyhow.report.page") / "templates" / "page.css").read_text(encoding="utf-8")
    dark = f"{theme(DARK)};color-scheme:dark;--figure:invert(1) hue-rotate(180deg)"
    themes = (
        f":root{{{theme(LIGHT)};--figure:none}}@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}"
        f":root[data-theme=light]{{{theme(LIGHT)};color-scheme:light;--figure:none}}"
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}"
    )
    return f"{themes}\n{own}"


@cache
def _templates():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("everyhow.report.page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=lambda value: seen(value) if type(value) is str else value,
    )  # fmt: skip
    found.filters["packed"] = packed
    found.filters["svg"] = Markup
    found.filters["shown"] = shown
    found.filters["short"] = lambda text: spelled(in_short(text))
    return found
