"""What the named experiments show, from the tables that are stored in docs/findings/tables.

`python docs/findings/store.py RUN...` stores the summaries of finished runs. A table has the plan, the digest of the
results and the versions with which they were made beside what was found, so that anyone can run it again and see
whether it is the same.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from everyhow.common.shares import share_interval
from everyhow.ladder import BESIDE
from everyhow.sweeps.plan import EPOCH, named_plans, read_plan, value_text
from everyhow.sweeps.published import NOTES, Published
from everyhow.sweeps.results import Sweep
from everyhow.sweeps.statistics import MEASURES
from everyhow.sweeps.summary import summarize

from .markup import FromMarkdown, code, table

TABLES = Path(__file__).parents[1] / "findings" / "tables"
# What stands beside models of each kind that are trained on XOR with the default settings.
CONTROLS, OF_TRANSFORMERS = "controls", "transformer-"
# The rung of each kind behind which nothing but a price decides.
LAST = {"circuits": "resample_faithful_fewest_edges", "mappings": "transitive", "algorithms": "transitive"}
ONE = {
    "circuits": "exactly one circuit",
    "mappings": "exactly one algorithm with its place",
    "algorithms": "exactly one algorithm, wherever it sits",
}
# The only setting where nothing is swept.
ALL = "all"
# Of a setting with fewer networks explained, a share says nothing.
FEW = 10
# A space at which no line is broken.
SPACE = "&nbsp;"
# A difference with a smaller p, corrected, is told.
SELDOM = 0.05


def document(run: Sweep) -> dict[str, Any]:
    """What is stored of a run: what was asked, what made it, and its summary.

    Raises:
        ValueError: it is not a finished run of a named experiment, as that is planned today but for its seeds.
    """
    plan = run.plan
    if run.digest is None or plan.name not in named_plans() or read_plan(plan.name, plan.seeds).digest != plan.digest:
        raise ValueError(f"{run.folder}: not a finished run of a named experiment, as it is planned today")
    made = json.loads((run.folder / "run.json").read_text("utf-8"))
    found = summarize(run).document()
    head = {
        "name": plan.name,
        "title": plan.title,
        "plan": plan.toml(),
        "networks_of_each_setting": plan.seeds,
        "digest": run.digest,
        "versions": made["versions"],
        "machine": f"{made['system']} {made['machine']}",
        "levels": found["levels"],
    }
    kept = ("samples", "survivors", "spreads", "trends", "contrasts", "effects", "beside", "reasons")
    return head | {name: found[name] for name in kept}


def text(stored: Mapping[str, Any]) -> str:
    """A document as it is stored: a line for each entry of a list, numbers to six digits."""
    lines = []
    for name, value in stored.items():
        if isinstance(value, list | tuple) and value:
            entries = ",\n  ".join(json.dumps(_short(one), ensure_ascii=False) for one in value)
            lines.append(f' "{name}": [\n  {entries}\n ]')
        else:
            lines.append(f' "{name}": {json.dumps(_short(value), ensure_ascii=False)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _short(value: Any) -> Any:
    """Numbers to six digits, wherever they are."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {key: _short(one) for key, one in value.items()}
    return [_short(one) for one in value] if isinstance(value, list | tuple) else value


def read(name: str) -> dict[str, Any] | None:
    """The stored table of an experiment; None where it was not run."""
    path = TABLES / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


class Found(FromMarkdown):
    """What one experiment shows; without a name, a line of every experiment that was run."""

    optional_arguments = 1

    def markdown(self) -> str:
        """Of one experiment its tables, else all in one."""
        note(self)
        if not self.arguments:
            return overview()
        stored = read(self.arguments[0])
        if stored is None:
            raise self.error(f"{self.arguments[0]} has no table in {TABLES}")
        return "\n\n".join(said(stored, read(controls_of(stored["name"]))))


def controls_of(name: str) -> str:
    """The experiment whose models stand beside those of another one: of their own kind."""
    return f"{OF_TRANSFORMERS if name.startswith(OF_TRANSFORMERS) else ''}{CONTROLS}"


class NotRun(FromMarkdown):
    """A line of every experiment that has no table."""

    def markdown(self) -> str:
        """Their names, what they ask, and how many networks that takes."""
        note(self)
        return missing()


def note(directive: FromMarkdown) -> None:
    """Have a page made again when a table changes."""
    for path in (*TABLES.glob("*.json"), Path(__file__)):
        directive.env.note_dependency(path)


def overview() -> str:
    """Of the experiments that were run, how often one explanation is left at the end."""
    rows = []
    for stored in filter(None, map(read, named_plans())):
        explained = [one["explained"] for one in stored["samples"]]
        asked = f"[{stored['title']}](experiments/{stored['name']}.md)"
        rows.append((asked, spread(explained), *(ends(stored, kind, rung) for kind, rung in LAST.items())))
    return table(("experiment", "networks explained of each setting", *ONE.values()), rows)


def missing() -> str:
    """The experiments that have no table, if there are any."""
    plans = [read_plan(name) for name in named_plans() if read(name) is None]
    if not plans:
        return ""
    rows = [(code(plan.name), plan.title, f"{plan.networks:,}") for plan in plans]
    return f"Not run here:\n\n{table(('experiment', 'what is asked', 'networks'), rows)}"


def spread(numbers: Sequence[int]) -> str:
    """The smallest and the largest of some numbers."""
    return f"{min(numbers)}" if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"


def ends(stored: Mapping[str, Any], kind: str, rung: str) -> str:
    """The shares with exactly one left after a rung, of the settings with the lowest and the highest, among those that
    have a few networks of which all is known."""
    shares = [100 * one["one"] / of for one in stored["survivors"] if (one["kind"], one["rung"]) == (kind, rung)
              if (of := _outputs(one)) >= FEW and not one["unknown"]]  # fmt: skip
    return f"{spread([round(share) for share in shares])} %".replace(" ", SPACE) if shares else ""


def said(stored: Mapping[str, Any], controls: Mapping[str, Any] | None) -> Iterator[str]:
    """What is told of one experiment, in Markdown."""
    yield summed(stored)
    option, called = settings_of(stored)
    levels = {} if controls is None else controls["levels"]
    beside = [] if controls is None or controls["name"] == stored["name"] else _untrained(controls)
    for kind, title in ONE.items():
        rungs = list(dict.fromkeys(one["rung"] for one in stored["survivors"] if one["kind"] == kind))
        if not rungs:
            continue
        yield f"**{title[0].upper()}{title[1:]}** is left in so many percent, by each criterion:"
        cells = {(one["setting"], one["rung"]): one for one in stored["survivors"] if one["kind"] == kind}
        rows = [(value, *(share(cells.get((setting, rung))) for rung in rungs)) for setting, value in called.items()]
        other = {(one["setting"], one["rung"]): one for _, one in beside if one["kind"] == kind}
        rows += [(f"*{what}*", *(share(other.get((setting, rung))) for rung in rungs))
                 for setting, what in _settings(beside, levels)]  # fmt: skip
        yield table((option, *(_rung(rung) for rung in rungs)), rows)
    yield "**How many there are**, the median of each count over the networks explained:"
    yield medians(stored, option, called)
    yield changes(stored)
    if stored["beside"]:
        yield "**Beside the published numbers** of Méloux et al. (ICLR 2025), counted by the preset `authors`:"
        yield published(stored["beside"])
        yield "\n".join(f"- {note}." for note in NOTES.get(stored["name"], ()))
    yield repeated(stored)


def summed(stored: Mapping[str, Any]) -> str:
    """How many networks there are, and what became of them."""
    samples = stored["samples"]
    networks, explained = (sum(one[key] for one in samples) for key in ("networks", "explained"))
    if all(EPOCH in one for one in samples):
        return (
            f"{networks // len(samples)} networks, each explained at {len(samples)} checkpoints: {explained:,} audits."
        )
    settings = f" at {len(samples)} settings" if len(samples) > 1 else ""
    lost = sum(one["not_kept"] for one in samples)
    left = f"; {lost:,} did not learn their task, and are left out" if lost else ""
    failed = sum(one["failed"] for one in samples)
    left += f"; {failed:,} failed" if failed else ""
    return f"{networks:,} networks{settings}; {explained:,} of them are explained{left}."


def share(one: Mapping[str, Any] | None) -> str:
    """The share with exactly one left, in percent with its standard error; of none or all of them how far it may be
    from that, the end of its 95% interval. Where some are not known, the least and the most that the share can be."""
    if one is None or not (of := _outputs(one)):
        return "–"
    if one["unknown"] == of:
        return "not known"
    part = one["one"] / of
    low, high = share_interval(one["one"], of)
    if one["unknown"]:
        shown = f"{100 * part:.0f} to {100 * (part + one['unknown'] / of):.0f}, {one['unknown']} not known"
    elif one["one"] == 0:
        shown = f"0 (to {100 * high:.0f})"
    elif one["one"] == of:
        shown = f"100 (from {100 * low:.0f})"
    else:
        shown = f"{100 * part:.0f} ± {100 * math.sqrt(part * (1 - part) / of):.0f}"
    # A line is broken before what is not known alone.
    return shown.replace(" ", SPACE).replace(f",{SPACE}", ", ")


def _outputs(one: Mapping[str, Any]) -> int:
    return sum(one[key] for key in ("none", "trivial", "one", "several", "unknown"))


def _untrained(controls: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The survivors of all settings of the controls but the first, the networks trained as usual, with the setting."""
    usual = next(iter(controls["levels"]))
    return [(one["setting"], one) for one in controls["survivors"] if one["setting"] != usual]


def _settings(beside: Iterable[tuple[str, Mapping[str, Any]]], levels: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The settings of the controls, each with what it has that networks trained as usual do not have."""
    usual = next(iter(levels.values()), {})
    for setting in dict.fromkeys(setting for setting, _ in beside):
        other = [f"{key} {value}" for key, value in levels[setting].items() if value != usual[key]]
        yield setting, f"control: {', '.join(other)}"


def settings_of(stored: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """What is swept, for the head of a column, and how each setting is called there: by its value, where one option is
    swept, else by all its values."""
    levels = {one["setting"]: stored["levels"][one["setting"]] for one in stored["samples"]}
    options = {option for one in levels.values() for option in one}
    if len(options) == 1:
        (option,) = options
        return option.replace("_", " "), {setting: value_text(one[option]) for setting, one in levels.items()}
    # A line is broken between options alone.
    return "setting", {setting: setting.replace(" ", SPACE).replace(f";{SPACE}", "; ") or ALL for setting in levels}


def _rung(rung: str) -> str:
    return rung.replace("_", " ") + (" (beside)" if rung in BESIDE else "")


def medians(stored: Mapping[str, Any], option: str, called: Mapping[str, str]) -> str:
    """A line for each setting, a column for each count, of the preset paper."""
    spreads = {(one["setting"], one["measure"]["key"]): one for one in stored["spreads"]
               if one["measure"]["preset"] == "paper"}  # fmt: skip
    titles = {one.key: one.title for one in MEASURES if one.preset == "paper"}
    there = [key for key in titles if any(measure == key for _, measure in spreads)]
    rows = [(value, *(number(spreads.get((setting, key))) for key in there)) for setting, value in called.items()]
    return table((option, *(titles[key] for key in there)), rows)


def number(one: Mapping[str, Any] | None) -> str:
    """A median; from a million on by its power of ten, and said to be of estimates where any is."""
    if one is None:
        return ""
    median = float(one["median"])
    shown = f"{median:.2g}" if median < 1 or median >= 1e6 else f"{median:,.4g}" if median < 1e3 else f"{median:,.0f}"
    return shown + (f" ({one['partial']} estimated)" if one["partial"] else "")


def changes(stored: Mapping[str, Any]) -> str:
    """Which counts change with a setting beyond chance, each p corrected by Holm over the tests of its count."""
    tested = [one for one in (*stored["trends"], *stored["contrasts"]) if one["measure"]["preset"] == "paper"]
    if not tested:
        return ""
    rows = []
    for one in stored["trends"]:
        if one["measure"]["preset"] == "paper" and one["p"] < SELDOM:
            values = [level[one["option"]] for level in stored["levels"].values()]
            rows.append((one["measure"]["title"], along(one, values), one["at"], f"{one['p']:.2g}"))
    for one in stored["contrasts"]:
        if one["measure"]["preset"] == "paper" and one["p"] < SELDOM:
            much = f"{one['option']} {one['other']} above {one['one']} in {100 * one['larger']:.0f} % of the pairs"
            rows.append((one["measure"]["title"], much, one["at"], f"{one['p']:.2g}"))
    if not rows:
        return (
            f"**What changes.** Nothing beyond chance: of {len(tested)} tests of counts, each corrected by Holm over "
            f"the tests of its count, none has p below {SELDOM:g}. With so few networks a small change is not seen."
        )
    heads = ("count", "changes", "at", "p")
    if not any(row[2] for row in rows):
        heads, rows = heads[:2] + heads[3:], [row[:2] + row[3:] for row in rows]
    return (
        f"**What changes** beyond chance: {len(rows)} of {len(tested)} tests have p below {SELDOM:g}, corrected by "
        f"Holm over the tests of one count.\n\n{table(heads, rows)}"
    )


def along(trend: Mapping[str, Any], values: Sequence[float]) -> str:
    """What a count does from the smallest value of an option to the largest, by the slope of its logarithm; of an
    option that is taken by its logarithm from the smallest that is above 0."""
    low, high = min(value for value in values if value > 0 or not trend["logarithmic"]), max(values)
    steps = math.log10(high / low) if trend["logarithmic"] else high - low
    factor, *ends = (10 ** (trend[key] * steps) for key in ("slope", "low", "high"))
    return (
        f"1 + count is {factor:.2g} times as much at {trend['option']} {high:g} as at {low:g} "
        f"({min(ends):.2g} to {max(ends):.2g})"
    )


def published(beside: Sequence[Mapping[str, Any]]) -> str:
    """The published numbers beside ours."""
    rows = []
    for one in beside:
        theirs = Published(**one["published"])
        source = " (rerun)" if theirs.source == "rerun" else ""
        p = "" if one["p"] is None else f"{one['p']:.2g}"
        rows.append((theirs.setting or ALL, theirs.title, theirs.statistic, theirs.text + source, ours(theirs, one),
                     str(one["networks"]), p))  # fmt: skip
    return table(
        ("neurons a layer" if rows[0][0] != ALL else "", "count", "statistic", "theirs", "ours", "n", "p"), rows
    )


def ours(theirs: Published, one: Mapping[str, Any]) -> str:
    """The same statistic of our networks: a mean with its standard error, others with their 95% interval."""
    if one["ours"] is None:
        return ""
    shown = theirs.shown(one["ours"])
    if one["error"] is not None:
        return f"{shown} ± {one['error']:.2g}" if one["error"] < 100 else f"{shown} ± {one['error']:,.0f}"
    return shown if one["low"] is None else f"{shown} ({theirs.shown(one['low'])} to {theirs.shown(one['high'])})"


def repeated(stored: Mapping[str, Any]) -> str:
    """How to run it again, and what the run that is shown was."""
    own = read_plan(stored["name"])
    seeds = stored["networks_of_each_setting"]
    less = "" if seeds == own.seeds else f" --seeds {seeds}"
    of = "" if seeds == own.seeds else f"Of each setting {seeds} networks were made; the plan has {own.seeds}. "
    versions = ", ".join(f"{what} {stored['versions'][what]}" for what in ("everyhow", "python", "torch"))
    command = f"everyhow sweep {stored['name']}{less} --out runs/{stored['name']}"
    return (
        f"```text\n{command}\n```\n\n{of}The run that is shown: {versions}, {stored['machine']}; digest "
        f"`{stored['digest'][:16]}`. Another run on this kind of machine has the same digest."
    )


def store(folder: str) -> Path:
    """Store the summary of a finished run of a named experiment; returns the file."""
    found = document(Sweep.open(folder))
    TABLES.mkdir(parents=True, exist_ok=True)
    path = TABLES / f"{found['name']}.json"
    path.write_text(text(found), "utf-8")
    return path
