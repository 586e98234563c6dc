"""The plan of a sweep: a TOML file, the points of its grid, and the blocks that they are computed in."""

import difflib
import hashlib
import itertools
import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..auditing.fitting import PRESETS, Preset, check_bits, check_decision
from ..common.arguments import is_number, is_whole, quoted
from ..common.budget import DEFAULT_BUDGET, rounded
from ..common.errors import FileFormatError, InputError, shortened
from ..common.reading import check_plain, cut, naming, read_toml, toml_of, typed
from ..training.settings import TrainingSettings
from .settings import MODEL, TYPES, Setting, deciding, flat, setting_with

EPOCH = "epoch"
# The checkpoint of a network that has none: its training's end. And the value of an option that is not set.
LAST, NONE = "last", "none"
# The value of a swept option: a number, a text, or None where it is not set.
Level = str | int | float | None
HEAD = {
    "name": str, "title": str, "axis": (str, list), "seeds": int, "presets": list, "budget": (int, float),
    "exact_up_to": int, "block": int, "settings": dict, "grid": (dict, list),
}  # fmt: skip
# The largest plan that is read, and that is carried out: its points, networks, blocks, and rows of results.
MOST_BYTES = 1 << 20
MOST_POINTS, MOST_NETWORKS, MOST_BLOCKS, MOST_ROWS = 10_000, 1_000_000, 100_000, 10_000_000
# Of one block, which is held in memory.
MOST_ROWS_OF_A_BLOCK = 100_000
LONGEST_NAME, LONGEST_TITLE = 100, 500


@dataclass(frozen=True)
class Block:
    """Networks of one point that are trained as one stack and explained together.

    Attributes:
        index: its number among the plan's blocks.
        point: the number of its setting among the plan's points.
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

    def behaviors(self) -> dict[str, bytes]:
        """The files of behaviors by which models of its points are explained again, by name."""
        return dict(found for point in self.points if (found := point.behavior) is not None)

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

    def label(self, point: int, epoch: str | None = None) -> str:
        """What tells a point, or one of its checkpoints, from the others: every swept option with its value.

        Args:
            point: its number.
            epoch: what to write for the epoch; `last` where it is not given.

        Example:
            >>> plan_of({"grid": {"input_noise": [0.0, 0.1], "widths": [[3, 3], [2]]}}).label(0)
            'input_noise 0; widths 3,3'
        """
        values = self.levels(point)
        named = {key: value_text(value) for key, value in values.items()} | ({} if epoch is None else {EPOCH: epoch})
        return "; ".join(f"{key} {named[key]}" for key in self.axis)

    def levels(self, point: int) -> dict[str, Level]:
        """The swept options of a point, each with its value: a number, or a text as in labels.

        The value of `epoch` is `last`: only the rows of the results know which checkpoint they are of.
        """
        values = flat(self.points[point])
        return {key: LAST if key == EPOCH else level_of(values.get(key)) for key in self.axis}

    def toml(self) -> str:
        """The plan as a TOML file; what is read from it is this plan again."""
        tables = ("settings", "grid")
        lines = [f"{key} = {_toml_value(value)}" for key, value in self.document.items() if key not in tables]
        if self.document.get("settings"):
            lines += ["", "[settings]", *_toml_lines(self.document["settings"])]
        for table in _grid_tables(self.document):
            lines += ["", "[[grid]]", *_toml_lines(table)]
        return "\n".join(lines) + "\n"


def level_of(value: object) -> Level:
    """The value of an option as one number or one text, None where it has none.

    Example:
        >>> level_of([3, 3]), level_of(1e-4), level_of([])
        ('3,3', 0.0001, None)
    """
    if isinstance(value, list | tuple):
        return ",".join(map(value_text, value)) or None
    return value if value is None or (isinstance(value, int | float) and not isinstance(value, bool)) else str(value)


def value_text(value: object) -> str:
    """The value of an option in a few characters.

    Example:
        >>> value_text([3, 3]), value_text(1e-4), value_text("XOR"), value_text(None)
        ('3,3', '0.0001', 'XOR', 'none')
    """
    if isinstance(value, list | tuple):
        return ",".join(map(value_text, value)) or NONE
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return NONE if value is None else str(value)


def named_plans() -> dict[str, str]:
    """The titles of the experiments that come with everyhow, by name."""
    import tomllib

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
        InputError: an unknown name or key, or a value that is not allowed; the message names the key.
    """
    if isinstance(source, str) and not source.endswith(".toml"):
        if source not in named_plans():
            raise InputError(
                f"unknown experiment {quoted(source)}; give a plan file (.toml) or one of {', '.join(named_plans())}"
            )
        name = source
        document = toml_of(files("everyhow.sweeps").joinpath("named", f"{source}.toml").read_text("utf-8"))
    else:
        name = str(source)
        document = _plan_document(Path(source))
    if seeds is not None:
        document["seeds"] = seeds
    try:
        return plan_of(document)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def _plan_document(path: Path) -> dict[str, Any]:
    with naming(path):
        if not path.is_file():
            raise FileFormatError(f"{path}: no such file; give a plan (.toml) or one of {', '.join(named_plans())}")
        return read_toml(path, "a plan", MOST_BYTES)


def plan_of(document: Mapping[str, Any]) -> Plan:
    """The plan that a TOML document describes.

    Raises:
        InputError: an unknown key, a value that is not allowed, or more networks than a sweep may have; the message
            names the key.
    """
    _check_head(document)
    name, title = document.get("name", "sweep"), document.get("title", "")
    if not re.fullmatch(r"[\w-]+", name) or len(name) > LONGEST_NAME:
        raise InputError(
            f"name is {quoted(name)}; it must be one word of letters, digits, - and _, of at most {LONGEST_NAME} "
            f"characters"
        )
    if not title.isprintable() or len(title) > LONGEST_TITLE:
        raise InputError(
            f"title is {quoted(title)}; it must be one line of at most {LONGEST_TITLE} characters that can be seen"
        )
    presets = document.get("presets", ["paper"])
    if not presets or any(preset not in PRESETS or presets.count(preset) > 1 for preset in presets[: len(PRESETS) + 1]):
        raise InputError(f"presets is {quoted(presets)}; it must list one or both of {' and '.join(PRESETS)}")
    tables = _grid_tables(document)
    seeds = document.get("seeds", 100)
    _check_number("points", sum(math.prod(map(len, table.values())) for table in tables), MOST_POINTS, "the grid")
    # A point that several tables of the grid have in common is one point.
    points = tuple(dict.fromkeys(_points(document, tables)))
    _check_size(points, seeds, len(presets))
    for preset in presets:
        other = next((point.kind.name for point in points if preset not in point.kind.presets), None)
        if other is not None:
            raise InputError(
                f"presets lists {preset}, which counts as the released code does, networks only, and the plan has "
                f'{other}s; leave {preset} out (presets = ["paper"])'
            )
    turning = [level for level in map(_level, points) if level != 0.5]
    if "authors" in presets and turning:
        raise InputError(
            f"presets lists authors, which rounds outputs to 0 and 1, but outputs turn at {turning[0]:g}; "
            'leave authors out (presets = ["paper"]), or train towards 0 and 1'
        )
    _check_presets(points, presets)
    return Plan(
        name=name,
        title=title,
        axis=_axis(document, points),
        seeds=seeds,
        presets=tuple(presets),
        budget=int(document.get("budget", DEFAULT_BUDGET)),
        exact_up_to=document.get("exact_up_to", 1_000_000),
        points=points,
        document=document,
    )


def _level(point: Setting) -> float:
    """Where the outputs of networks turn; answers among classes do not."""
    return point.training.level if isinstance(point.training, TrainingSettings) else 0.5


def _check_presets(points: Iterable[Setting], presets: Sequence[Preset]) -> None:
    """Raises InputError when a point asks what no preset of the plan has, or decides as a preset cannot."""
    for point in points:
        foreign = point.foreign(presets)
        if foreign:
            (other,) = set(PRESETS) - set(presets)
            raise InputError(
                f"{' and '.join(foreign)}: the preset {presets[0]} does not ask this; leave it out, or add {other} to "
                "the presets"
            )
        for preset in presets:
            decision = check_decision(preset, point.asked.decision)
            check_bits(decision)
            if preset == "paper" and decision == "round" and _level(point) != 0.5:
                raise InputError(
                    f"decision: round takes the nearest of 0 and 1, and outputs turn at {_level(point):g}; "
                    "leave it out, or train towards 0 and 1"
                )


def _check_head(document: Mapping[str, Any]) -> None:
    """Raises InputError at a key that a plan does not have, or a value of another type or size than it may have."""
    try:
        check_plain(document)
    except RecursionError:
        raise InputError("it is nested deeper than any plan") from None
    for key, value in document.items():
        if key not in HEAD:
            raise InputError(f"{cut(key)[1:-1]}: unknown key{_meant(key, HEAD)}; the keys are {', '.join(HEAD)}")
        if not isinstance(value, HEAD[key]) or isinstance(value, bool):
            kinds = HEAD[key] if isinstance(HEAD[key], tuple) else (HEAD[key],)
            must = " or ".join(KINDS[kind] for kind in kinds)
            raise InputError(f"{key} is {quoted(value)}; it must be {must}")
    for key, least in (("seeds", 1), ("exact_up_to", 0)):
        if not is_whole(document.get(key, least), least):
            raise InputError(f"{key} is {quoted(document[key])}; it must be at least {least}")
    if not is_number(document.get("budget", 1), 1):
        raise InputError(f"budget is {quoted(document['budget'])}; it must be at least 1")


def _meant(key: object, known: Collection[str]) -> str:
    """What may have been meant by a key that does not exist."""
    close = difflib.get_close_matches(str(key)[:LONGEST_NAME], known, 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _check_number(what: str, number: int, most: int, who: str = "the plan") -> None:
    if number > most:
        raise InputError(f"{who} has {rounded(number)} {what}; a sweep has at most {most:,}: divide it into several")


def _check_size(points: tuple[Setting, ...], seeds: int, presets: int) -> None:
    """Raises InputError when a plan has more networks, blocks or rows than a sweep may have."""
    _check_number("networks", len(points) * seeds, MOST_NETWORKS)
    _check_number("blocks", sum(-(-seeds // point.block) for point in points), MOST_BLOCKS)
    rows = [presets * (len(point.training.checkpoints) or 1) * point.outputs_at_most for point in points]
    _check_number("rows of results", sum(rows) * seeds, MOST_ROWS)
    of_a_block = max(number * min(seeds, point.block) for number, point in zip(rows, points, strict=True))
    _check_number("rows of results", of_a_block, MOST_ROWS_OF_A_BLOCK, "a block of the plan")


KINDS = {str: "a text", list: "a list", int: "a whole number", float: "a number", dict: "a table"}


def _grid_tables(document: Mapping[str, Any]) -> list[dict[str, list[Any]]]:
    """The tables of the grid, one without options where there is none.

    Raises:
        InputError: one is not a table of lists.
    """
    grid = document.get("grid", [])
    tables = [grid] if isinstance(grid, dict) else list(grid)
    for number, table in enumerate(tables, start=1):
        where = _named(number, tables)
        if not isinstance(table, dict):
            raise InputError(f"{where} is {quoted(table)}; it must be a table of lists")
        for key, values in table.items():
            if not isinstance(values, list) or not values:
                raise InputError(f"{where}.{cut(key)[1:-1]} is {quoted(values)}; it must be a list of values to try")
    return tables or [{}]


def _named(number: int, tables: list[Any]) -> str:
    return f"grid {number}" if len(tables) > 1 else "grid"


def _points(document: Mapping[str, Any], tables: list[dict[str, list[Any]]]) -> Iterator[Setting]:
    """Every combination of each table of the grid, the first key varying slowest, over the shared settings."""
    given = {**({"block": document["block"]} if "block" in document else {}), **document.get("settings", {})}
    shared = {key: _option(key, value, "settings") for key, value in given.items()}
    for number, table in enumerate(tables, start=1):
        where = _named(number, tables)
        tried = {key: _tried(key, values, where) for key, values in table.items()}
        for chosen in itertools.product(*tried.values()):
            own = dict(zip(table, chosen, strict=True))
            try:
                yield setting_with({**shared, **own})
            except InputError as error:
                at = ", ".join(f"{key} = {quoted(value_text(value))[1:-1]}" for key, value in own.items())
                blamed = "settings" if not own or _fault(shared) == str(error) else where
                raise InputError(f"{blamed}: {shortened(error)}" + f" (at {at})" * (blamed == where)) from None


def _option(key: str, value: object, path: str) -> Any:
    if key not in TYPES:
        raise InputError(
            f"{path}.{cut(key)[1:-1]}: unknown option{_meant(key, TYPES)}; the options are {', '.join(TYPES)}"
        )
    try:
        return typed(value, TYPES[key], key)
    except InputError as error:
        raise InputError(f"{path}.{error}") from None


def _tried(key: str, values: list[Any], where: str) -> list[Any]:
    """The values of an option that a table of the grid lists, each once."""
    found: dict[Any, None] = {}
    for value in values:
        one = _option(key, value, where)
        if one in found:
            raise InputError(f"{where}.{key}: {quoted(value)} stands twice among the values to try; leave one out")
        found[one] = None
    return list(found)


def _fault(options: Mapping[str, Any]) -> str | None:
    """What is wrong with some options on their own."""
    try:
        setting_with(options)
    except InputError as error:
        return str(error)
    return None


def _axis(document: Mapping[str, Any], points: tuple[Setting, ...]) -> tuple[str, ...]:
    """The options by which results are grouped: those named, or else all that differ between points."""
    options = [flat(point) for point in points]
    # In the order in which the grid names them.
    tried = dict.fromkeys((*(key for table in _grid_tables(document) for key in table), *TYPES))
    named = {key for table in _grid_tables(document) for key in table}
    swept = tuple(key for key in tried if _is_swept(key, options, key in named))
    checkpoints = any(point.training.checkpoints for point in points)
    given = document.get("axis")
    if given is None:
        return (*swept, *((EPOCH,) if checkpoints else ()))
    axis = (given,) if isinstance(given, str) else tuple(given)
    if len({str(key) for key in axis}) < len(axis):
        raise InputError(f"axis is {quoted(given)}; it must name each option once")
    if checkpoints and EPOCH not in axis:
        raise InputError(
            f"axis is {quoted(given)}; the plan has checkpoints, so epoch is swept too, and axis must name it"
        )
    for key in axis:
        if not isinstance(key, str) or (key not in TYPES and not (key == EPOCH and checkpoints)):
            raise InputError(
                f"axis names {quoted(key)}; it must name options of the plan, or epoch where it has checkpoints"
            )
    return axis


def _is_swept(key: str, options: list[dict[str, Any]], named: bool) -> bool:
    """Whether an option differs between points that the grid tells apart by it, or between models of one kind; what
    two kinds of models have by default differs anyway."""
    by_kind: dict[Any, set[str]] = {}
    for one in options:
        by_kind.setdefault(None if named else one[MODEL], set()).add(json.dumps(one.get(key)))
    return any(len(values) > 1 for values in by_kind.values())


def _toml_lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml_value(value)}" for key, value in table.items()]


def _toml_value(value: object) -> str:
    """Texts, numbers, truth values and lists of them are written alike in JSON and TOML."""
    return json.dumps(value, ensure_ascii=False)
