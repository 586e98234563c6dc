"""Stored measurements as tables, with the machine that they were made on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .markup import FromMarkdown, code, table

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


class Benchmark(FromMarkdown):
    """The run that is kept in `benchmarks/stored.json`; beside the one before it, where `before.json` is kept, too."""

    def markdown(self) -> str:
        """The machines, and a line for each row."""
        for name in ("stored", "before"):
            self.env.note_dependency(BENCHMARKS / f"{name}.json")
        run = kept("stored")
        if run is None:
            raise self.error(f"{BENCHMARKS} has no stored.json; python benchmarks/run.py --store writes it")
        return measured(run, kept("before"))


def kept(name: str) -> dict[str, Any] | None:
    """A run that is kept under a name; None where there is none."""
    path = BENCHMARKS / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def measured(run: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    """A run as a paragraph about its machine and a table; the ratio to another run is by processor time, and only of
    rows that did the same there."""
    lines = [f"Commit {run['machine']['commit']}, on {machine(run['machine'])}."]
    if before is not None:
        lines.append(f"Before: commit {before['machine']['commit']}, on {machine(before['machine'])}.")
    heads = ("what", "time", "processor time", "memory", "beside another way, or what comes of it")
    heads += ("beside before",) if before else ()
    rows = []
    for name, row in run["rows"].items():
        if "failed" in row:
            rows.append((name, "failed", "", "", row["failed"], *([""] if before else [])))
            continue
        told = (
            worded(row["what"]),
            seconds(row["wall"]),
            seconds(row["processor"]),
            f"{row['peak_bytes'] / 2**20:,.0f}&nbsp;MiB",
        )
        rows.append((*told, row["note"], *([ratio(row, before["rows"].get(name))] if before else [])))
    return " ".join(lines) + "\n\n" + table(heads, rows)


def machine(about: Mapping[str, Any]) -> str:
    """The machine of a run, in words."""
    return (
        f"{about['cpu'] or 'a processor that does not tell its name'}, {about['cores']} cores, {about['system']}, "
        f"Python {about['python']}, NumPy {about['numpy']}, Numba {about['numba']}"
    )


def ratio(row: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    """How many times less processor time a row takes than before; what it did then, where that was something else."""
    if before is None:
        return "new"
    if "failed" in before:
        return "failed before"
    if row["processor"] <= 0:
        return ""
    now, then = row["processor"], before["processor"]
    times = f"{then / now:.2g} x faster" if then > now else f"{now / then:.2g} x slower"
    return times if _alike(row, before) else f"{times}, at other work ({before['note'] or before['what']})"


def _alike(row: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether both did the same: one row in words, and not a number estimated in one run and counted in the other."""
    return row["what"] == before["what"] and ("estimated" in row["note"]) == ("estimated" in before["note"])


def worded(what: str) -> str:
    """What a row did; a command that it ran, as code."""
    command, comma, rest = what.partition(",")
    return f"{code(command)}{comma}{rest}" if "--" in command else what


def seconds(number: float) -> str:
    """A time as people say it, on one line."""
    return f"{number * 1e3:.1f}&nbsp;ms" if number < 1 else f"{number:.1f}&nbsp;s"
