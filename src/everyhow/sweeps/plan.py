"""The plan of a sweep: a TOML file, the points of its grid, and the blocks that they are computed in."""

import hashlib
import itertools
import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..budget import DEFAULT_BUDGET
from ..errors import FileFormatError, InputError
from ..options import PRESETS, Preset
from .settings import DEFAULTS, TYPES, Setting, deciding, flat, setting_of

EPOCH = "epoch"
HEAD = {
    "name": str, "title": str, "axis": (str, list), "seeds": int, "presets": list, "budget": (int, float),
    "exact_up_to": int, "block": int, "settings": dict, "grid": (dict, list),
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """Networks of one point that are trained as one stack and explained together.

    Attributes:
        index: its place among the plan's blocks.
        point: the place of its setting among the plan's points.
        setting: of all its networks.
        stack: which of the point's networks are trained together; always as many, so that each is the same in
            every plan.
        replicates: those of them that the plan asks for.
        presets: by which each is explained.
        budget: of each explanation, in candidate evaluations.
        exact_up_to: the interpretations of so many circuits are counted one by one within ten times the budget.
    """

    index: int
    point: int
    setting: Setting
    stack: tuple[int, ...]
    replicates: tuple[int, ...]
    presets: tuple[Preset, ...]
    budget: int
    exact_up_to: int


@dataclass(frozen=True)
class Plan:
    """What a sweep computes; nothing else decides its results.

    Attributes:
        name: of the experiment, one word.
        title: one line that says what is swept.
        axis: the swept options, by which results are grouped; `epoch` for checkpoints.
        seeds: networks of each point.
        presets: by which each network is explained.
        budget: of each explanation, in candidate evaluations.
        exact_up_to: the interpretations of so many circuits are counted one by one within ten times the budget.
        points: the settings of the grid.
        document: the plan as it was read.
    """

    name: str
    title: str
    axis: tuple[str, ...]
    seeds: int
    presets: tuple[Preset, ...]
    budget: int
    exact_up_to: int
    points: tuple[Setting, ...]
    document: Mapping[str, Any]

    @property
    def networks(self) -> int:
        """The number of networks trained."""
        return len(self.points) * self.seeds

    def blocks(self) -> Iterator[Block]:
        """The blocks, point after point."""
        index = 0
        for point, setting in enumerate(self.points):
            for start in range(0, self.seeds, setting.block):
                stack = tuple(range(start, start + setting.block))
                asked = tuple(replicate for replicate in stack if replicate < self.seeds)
                yield Block(index, point, setting, stack, asked, self.presets, self.budget, self.exact_up_to)
                index += 1

    @property
    def digest(self) -> str:
        """A hash of everything that decides the results."""
        document = {
            "points": [deciding(point) for point in self.points],
            "seeds": self.seeds,
            "presets": self.presets,
            "budget": self.budget,
            "exact_up_to": self.exact_up_to,
        }
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    def label(self, point: int) -> str:
        """What tells a point from the others: the values of the axis; for several options, of those not at their
        defaults."""
        values = flat(self.points[point])
        keys = [key for key in self.axis if key != EPOCH]
        if len(keys) == 1:
            return value_text(values[keys[0]])
        named = [f"{key}={value_text(values[key])}" for key in keys if values[key] != DEFAULTS[key]]
        return " ".join(named) or ("as usual" if keys else "")

    def toml(self) -> str:
        """The plan as a TOML file; what is read from it is this plan again."""
        tables = ("settings", "grid")
        lines = [f"{key} = {_toml_value(value)}" for key, value in self.document.items() if key not in tables]
        if self.document.get("settings"):
            lines += ["", "[settings]", *_toml_lines(self.document["settings"])]
        for table in _grid_tables(self.document):
            lines += ["", "[[grid]]", *_toml_lines(table)]
        return "\n".join(lines) + "\n"


def value_text(value: object) -> str:
    """The value of an option in a few signs.

    Example:
        >>> value_text([3, 3]), value_text(1e-4), value_text("XOR")
        ('3,3', '0.0001', 'XOR')
    """
    if isinstance(value, list | tuple):
        return ",".join(map(value_text, value))
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)


def named_plans() -> dict[str, str]:
    """The titles of the experiments that come with everyhow, by name."""
    found = (entry for entry in files("everyhow.sweeps").joinpath("named").iterdir() if entry.name.endswith(".toml"))
    documents = (tomllib.loads(entry.read_text("utf-8")) for entry in found)
    return {document["name"]: document["title"] for document in sorted(documents, key=lambda d: d["name"])}


def read_plan(source: str | Path, seeds: int | None = None) -> Plan:
    """The plan in a TOML file, or the experiment of this name.

    Args:
        source: a path that ends in .toml, or a name.
        seeds: networks of each point, in place of the plan's own number.

    Raises:
        FileFormatError: there is no such file, or it is not TOML.
        InputError: an unknown name or key, or a value that will not do; the message names the key.
    """
    if isinstance(source, str) and not source.endswith(".toml"):
        if source not in named_plans():
            raise InputError(
                f"unknown experiment {source!r}; give a plan file (.toml) or one of {', '.join(named_plans())}"
            )
        name, text = source, files("everyhow.sweeps").joinpath("named", f"{source}.toml").read_text("utf-8")
    else:
        path = Path(source)
        name = str(path)
        if not path.is_file():
            raise FileFormatError(f"{path}: no such file; give a plan (.toml) or one of {', '.join(named_plans())}")
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FileFormatError(f"{path}: not a text file ({error})") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileFormatError(f"{name}: not a TOML file ({error})") from None
    if seeds is not None:
        document["seeds"] = seeds
    try:
        return plan_of(document)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def plan_of(document: Mapping[str, Any]) -> Plan:
    """The plan that a TOML document describes.

    Raises:
        InputError: an unknown key, or a value that will not do; the message names the key.
    """
    for key, value in document.items():
        if key not in HEAD:
            raise InputError(f"{key}: unknown key; the keys are {', '.join(HEAD)}")
        if not isinstance(value, HEAD[key]) or isinstance(value, bool):
            kinds = HEAD[key] if isinstance(HEAD[key], tuple) else (HEAD[key],)
            raise InputError(f"{key}: {value!r} will not do; it must be {' or '.join(KINDS[kind] for kind in kinds)}")
    for key, least in (("seeds", 1), ("budget", 1), ("exact_up_to", 0), ("block", 1)):
        if not least <= document.get(key, least) < math.inf:
            raise InputError(f"{key}: {document[key]} will not do; it must be at least {least}")
    name = document.get("name", "sweep")
    if not re.fullmatch(r"[\w-]+", name):
        raise InputError(f"name: {name!r} will not do; it must be one word of letters, digits, - and _")
    presets = document.get("presets", ["paper"])
    if not presets or any(preset not in PRESETS or presets.count(preset) > 1 for preset in presets):
        raise InputError(f"presets: {presets} will not do; it lists one or both of {' and '.join(PRESETS)}")
    # A point that several tables of the grid have in common is one point.
    points = tuple(dict.fromkeys(_points(document)))
    turning = [point.training.level for point in points if point.training.level != 0.5]
    if "authors" in presets and turning:
        raise InputError(
            f"presets: authors will not do, since it rounds outputs to 0 and 1, and outputs turn at {turning[0]:g}; "
            'leave it out (presets = ["paper"]), or train towards 0 and 1'
        )
    return Plan(
        name=name,
        title=document.get("title", ""),
        axis=_axis(document, points),
        seeds=document.get("seeds", 100),
        presets=tuple(presets),
        budget=int(document.get("budget", DEFAULT_BUDGET)),
        exact_up_to=document.get("exact_up_to", 1_000_000),
        points=points,
        document=document,
    )


KINDS = {str: "a text", list: "a list", int: "a whole number", float: "a number", dict: "a table"}


def _grid_tables(document: Mapping[str, Any]) -> list[dict[str, list]]:
    grid = document.get("grid", [])
    return [grid] if isinstance(grid, dict) else list(grid)


def _points(document: Mapping[str, Any]) -> Iterator[Setting]:
    """Every combination of each table of the grid, the first key varying slowest, over the shared settings."""
    shared = {**({"block": document["block"]} if "block" in document else {}), **document.get("settings", {})}
    for number, table in enumerate(_grid_tables(document) or [{}], start=1):
        where = f"grid {number}" if len(_grid_tables(document)) > 1 else "grid"
        if not isinstance(table, dict):
            raise InputError(f"{where}: {table!r} will not do; it must be a table of lists")
        for key, values in table.items():
            if not isinstance(values, list) or not values:
                raise InputError(f"{where}.{key}: {values!r} will not do; it must be a list of values to try")
        for chosen in itertools.product(*table.values()):
            own = dict(zip(table, chosen, strict=True))
            try:
                yield setting_of({**shared, **own})
            except InputError as error:
                at = ", ".join(f"{key} = {value_text(value)}" for key, value in own.items())
                place = "settings" if not own or _fault(shared) == str(error) else where
                raise InputError(f"{place}: {error}" + f" (at {at})" * (place == where)) from None


def _fault(options: Mapping[str, Any]) -> str | None:
    """What is wrong with some options on their own."""
    try:
        setting_of(options)
    except InputError as error:
        return str(error)
    return None


def _axis(document: Mapping[str, Any], points: tuple[Setting, ...]) -> tuple[str, ...]:
    """The options by which results are grouped: those named, or else all that differ between points."""
    swept = tuple(key for key in TYPES if len({json.dumps(flat(point)[key]) for point in points}) > 1)
    checkpoints = any(point.training.checkpoints for point in points)
    named = document.get("axis")
    if named is None:
        return (*swept, *((EPOCH,) if checkpoints else ()))
    axis = (named,) if isinstance(named, str) else tuple(named)
    if checkpoints and EPOCH not in axis:
        raise InputError(f"axis: {named!r} will not do; the plan has checkpoints, so that epoch is among what is swept")
    for key in axis:
        if not isinstance(key, str) or (key not in TYPES and not (key == EPOCH and checkpoints)):
            raise InputError(
                f"axis: {key!r} will not do; it names options of the plan, or epoch where it has checkpoints"
            )
    return axis


def _toml_lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml_value(value)}" for key, value in table.items()]


def _toml_value(value: object) -> str:
    """Texts, numbers, truth values and lists of them are written alike in JSON and TOML."""
    return json.dumps(value, ensure_ascii=False)
