"""A sweep as one page: its figures and tables, and the audits of some of its networks inside it."""

import base64
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from ...auditing.audit import Audit
from ...common.errors import InputError, MissingExtraError
from ...common.files import write_atomically
from ...common.progress import Progress
from ...sweeps.drill import KeptNetwork, audits, kept_networks
from ...sweeps.plan import value_text
from ...sweeps.results import Sweep
from ...sweeps.summary import summarize
from ..beside import beside_lines, beside_notes
from ..figures.figures import draw_figures
from ..sweep_tables import sweep_tables
from ..words import answers
from .html import AUDIT, LARGEST, SWEEP, audit_page, packed, render
from .room import Room
from .values import plain_tables

# Audits in the page of a sweep, when nothing else is asked; and how much of each explanation such an audit shows.
MOST_AUDITS = 12
LITTLE = Room(circuits=15, interpretations=10, algorithms=30, mappings=10, rivals=30, fallen=5, rows=200)
MOST_ROWS = 2000
# What each figure shows.
CAPTIONS = {
    "survivors": "How often each criterion leaves no, one and several explanations",
    "counts": "How many explanations there are, by the preset paper",
    "counts-authors": "How many explanations there are, by the preset authors",
    "training": "How many explanations there are along training, by the preset paper",
    "training-authors": "How many explanations there are along training, by the preset authors",
    "overlap": "How much the perfect circuits of a network have in common",
}


def write_sweep_report(
    sweep: Sweep,
    target: str | Path,
    networks: Sequence[str] = (),
    most_audits: int = MOST_AUDITS,
    progress: bool = False,
) -> Path:
    """Write a sweep's page, whole or not at all; returns its path.

    Args:
        sweep: the sweep.
        target: the file.
        networks: those whose audits go into the page, by the names of their files; else the first of every setting,
            then the second, and so on.
        most_audits: how many, when no networks are named.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: a name that fits no network, or several; or a negative number of audits.
    """
    if most_audits < 0:
        raise InputError(f"most_audits is {most_audits}; it is a number of networks, at least 0")
    summary = summarize(sweep)
    everything = kept_networks(sweep)
    chosen = kept_networks(sweep, networks) if networks else everything[:most_audits]
    tables = sweep_tables(sweep, summary, MOST_ROWS)
    figures, missing = _figures(sweep)
    theirs_and_ours = beside_lines(summary.beside)
    values = {
        "title": f"{sweep.plan.name}: {sweep.plan.title or 'how often is there only one explanation?'}",
        "plan": sweep.plan,
        "summary": summary,
        "level_text": value_text,
        "beside": [(measure, tuple(lines)) for measure, lines in groupby(theirs_and_ours, lambda line: line.measure)],
        "tested": any(line.p for line in theirs_and_ours),
        "notes": beside_notes(summary.name, summary.beside),
        "figures": [(name, CAPTIONS[name], image) for name, image in figures.items()],
        "options": summary.options,
        "missing": missing,
        "data": {"tables": plain_tables(tables)},
        "explained": len(everything),
        "run_command": f"everyhow report {sweep.folder} --network NAME",
        "toml": sweep.plan.toml(),
    }
    room = LARGEST - len(render("sweep.html.jinja", SWEEP, AUDIT, networks=[], **values).encode())
    inside: list[dict[str, Any]] = []
    for one, audit in Progress(progress).track(audits(sweep, chosen), len(chosen), "audits"):
        entry = {"name": one.name, "label": _label(sweep, one, audit), "page": packed(audit_page(audit, LITTLE))}
        room -= len(entry["page"]) + 500
        if room < 0:
            break
        inside.append(entry)
    page = render("sweep.html.jinja", SWEEP, AUDIT, networks=inside, **values)
    return write_atomically(Path(target), page.encode())


def _label(sweep: Sweep, one: KeptNetwork, audit: Audit) -> str:
    perfect = ", ".join(next(answers(part)).text for part in audit.outputs or (audit,))
    return f"{one.setting or sweep.plan.name}, network {one.replicate}: {one.task} ({perfect})"


def _figures(sweep: Sweep) -> tuple[dict[str, str], str | None]:
    """Every figure as an image inside the page; or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            paths = draw_figures(sweep, folder, ("svg",))
        except (MissingExtraError, InputError) as error:
            return {}, str(error)
        return {
            path.stem: f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}" for path in paths
        }, None
