"""What several commands of the command line take and print."""

import inspect
import json
import os
import re
import sys
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from ..auditing.meanings import Asked, plain_questions
from ..common.budget import DEFAULT_BUDGET
from ..common.errors import InputError, visible
from . import completion
from .contradictions import check_together
from .leaving import FILES_READ, hide_compilation
from .standard_input import Read, from_standard_input

if TYPE_CHECKING:
    from rich.console import Console

    from ..model.model import Model

# Beside those that JSON itself writes by their codes: what ends or steers a line in a terminal, seen by nobody.
UNSEEN = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
NETWORK = typer.Option(
    "--network", metavar="FILE", autocompletion=completion.offering(completion.networks),
    help="A network file (.json, .safetensors or .onnx), the folder of an audit (--out), - for standard input, or "
    "xornet.",
)  # fmt: skip


def check_model(source: str) -> None:
    """See that what `--network` names is there: a file, the folder of an audit, or the analytic network.

    Raises:
        InputError: it is not.
    """
    from ..importing.model_files import is_folder, readable

    if source != "xornet" and not is_folder(Path(source)):
        readable(source)


MODEL = Read(".json", check_model)
NetworkOption = Annotated[str, NETWORK, MODEL]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="FORM", autocompletion=completion.offering(completion.formats),
        help="How to print tables: text, markdown, latex, csv or json. If not given: text.",
    ),
]  # fmt: skip
# What stands for a value in usage lines and help, by its type and, where values are few, by the question.
METAVARS: dict[Any, str] = {int: "N", float: "NUMBER", str: "TEXT", Path: "FILE"}
FEW = {"decision": completion.decisions, "ablation": completion.ablations, "grain": completion.grains}
WRITTEN = {
    "decision": "RULE",
    "ablation": "KIND",
    "grain": "KIND",
    "pair_order": "LETTERS",
    "familiar": "GATE=PRICE,...",
    "show": "ROW,ROW,...",
}


ThresholdOption = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER",
        help="Outputs above this number are read as 1: 0 for logits, 0.5 for outputs trained towards 0 and 1.",
    ),
]
InputsOption = Annotated[
    str | None,
    typer.Option(
        metavar="ZERO,ONE",
        help="The two numbers that stand for 0 and 1 in the inputs, such as --inputs=-1,1. If not given: 0,1.",
    ),
]


HeaderOption = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the file of inputs begins with a line of names. If not given, everyhow finds out.",
    ),
]


BudgetOption = Annotated[
    float,
    typer.Option(
        metavar="NUMBER", show_default=False, help="How many candidate evaluations are allowed. If not given: 1e10."
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Address of a Dask scheduler that counts the circuits, such as tcp://HOST:8786."
    ),
]
# No kernel is compiled in this process.
ELSEWHERE = 0


class Group(NamedTuple):
    """Several options that a command gets as one value.

    Attributes:
        options: each with its type, its default and its help.
        value: what the command gets, of the values of all by name.
        title: above the options in help; without one they stand among the command's own.
    """

    options: tuple[inspect.Parameter, ...]
    value: Callable[[dict[str, Any]], Any]
    title: str | None = None


@dataclass(frozen=True)
class Running:
    """How long counts may take, and where they are made."""

    budget: BudgetOption = DEFAULT_BUDGET
    scheduler: SchedulerOption = None

    @property
    def keywords(self) -> dict[str, Any]:
        """These options as keywords of the library."""
        from ..common.arguments import checked_budget

        return {"budget": checked_budget(self.budget), "scheduler": self.scheduler, "progress": True}


def questions(*of: Asked) -> Group:
    """The options of the questions, without how numbers stand for bits; a command gets them as keywords of the
    library."""
    options = []
    for one in plain_questions(*of):
        if one.key not in ("threshold", "inputs"):
            only = "preset authors: " if "authors" in one.of and not {"paper", "data"} & set(one.of) else ""
            kind = one.kind if one.default is not None else one.kind | None
            few = FEW.get(one.key)
            told = typer.Option(
                help=sentence(f"{only}{one.says}"),
                metavar=WRITTEN.get(one.key),
                autocompletion=completion.offering(few) if few else None,
            )
            options.append(option(one.key, Annotated[kind, told], one.default))
    return Group(tuple(options), _asked, "What is asked")


def _asked(values: dict[str, Any]) -> dict[str, Any]:
    from ..auditing.asked import from_plain

    return from_plain(values)


def sentence(text: str) -> str:
    """A text as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}."


def option(name: str, kind: Any, default: Any) -> inspect.Parameter:
    """One option: its name with underscores, its type with its help, and its default."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _group(kind: Any) -> Group | None:
    """The options that one parameter of a command stands for: a dataclass of options, under the first line of its
    docstring, or what `questions` gives."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind, include_extras=True)
        options = tuple(option(one.name, hints[one.name], one.default) for one in fields(kind))
        title = (kind.__doc__ or "").partition("\n")[0].removesuffix(".")
        return Group(options, lambda given: kind(**given), title)
    return next((one for one in getattr(kind, "__metadata__", ()) if isinstance(one, Group)), None)


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command for Typer: every group of options among its parameters becomes single options.

    Before the command runs, options that contradict each other are refused, and a dash in the place of a file becomes a
    file with what comes by standard input.
    """
    signature = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    groups = {name: group for name in signature.parameters if (group := _group(hints[name])) is not None}
    own = [
        one.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, one in signature.parameters.items()
        if name not in groups
    ]
    shown = [_described(one) for one in own]
    shown += [_described(one, group.title) for group in groups.values() for one in group.options]
    written, said = {one.name: _written(one) for one in shown}, {_said(one): _written(one) for one in shown}

    @wraps(command)
    def run(context: typer.Context, **given: Any) -> None:
        asked = [one for one in shown if _is_given(context, one.name)]
        check_together(context.info_name or "", [_said(one) for one in asked], said)
        for one in asked:
            if read := _read(one):
                given[one.name] = from_standard_input(written[one.name], given[one.name], read.suffix)
                if read.check is not None:
                    read.check(given[one.name])
        whole = {
            name: group.value({one.name: given.pop(one.name) for one in group.options})
            for name, group in groups.items()
        }
        command(**given, **whole)

    first = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    run.__signature__ = signature.replace(parameters=[first, *shown])  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in (first, *shown)}
    return run


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _told(one: inspect.Parameter) -> OptionInfo | ArgumentInfo:
    """What Typer is told of an argument or an option."""
    found = [told for told in one.annotation.__metadata__ if isinstance(told, OptionInfo | ArgumentInfo)]
    return found[0]


def _read(one: inspect.Parameter) -> Read | None:
    return next((told for told in one.annotation.__metadata__ if isinstance(told, Read)), None)


def _written(one: inspect.Parameter) -> str:
    """How a person writes it: --min-node-sparsity, or TASK."""
    told = _told(one)
    if isinstance(told, ArgumentInfo):
        return told.metavar or one.name.upper()
    # What stands first in an annotation Typer keeps as the default until it builds the command.
    named = [str(told.default), *(told.param_decls or ()), f"--{one.name.replace('_', '-')}"]
    return next(name for name in named if name.startswith("--")).partition("/")[0]


def _said(one: inspect.Parameter) -> str:
    """Its name, as rules about options have it: that of the option without dashes."""
    return one.name if isinstance(_told(one), ArgumentInfo) else _written(one)[2:].replace("-", "_")


def _described(one: inspect.Parameter, title: str | None = None) -> inspect.Parameter:
    """A parameter with what help says of it: the title above it, and a word for its value."""
    kind, *others = one.annotation.__origin__, *one.annotation.__metadata__
    told = copy(_told(one))
    held = next((part for part in get_args(kind) or (kind,) if part in METAVARS), None)
    is_flag = bool in (get_args(kind) or (kind,))
    if isinstance(told, ArgumentInfo):
        told.metavar = told.metavar or one.name.upper()
    elif told.metavar is None and not is_flag and held is not None:
        told.metavar = METAVARS[held]
    if title is not None and told.rich_help_panel is None:
        told.rich_help_panel = title
    others = [told if isinstance(other, OptionInfo | ArgumentInfo) else other for other in others]
    return one.replace(annotation=Annotated[(kind, *others)])


def announce_compilation(kernels: int | None = None) -> bool:
    """Tell a person who waits that the first use compiles so many kernels, as many as an audit when not given, from the
    first second on; later uses find them compiled. With ELSEWHERE other processes compile them. Returns whether this is
    the first use."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    kept = Path(named) if named else Path(__file__).parents[1] / "kernels" / "__pycache__"
    # Where nothing can be kept here, what is compiled tells of itself.
    if not (named or os.access(kept.parent, os.W_OK)) or any(kept.rglob("circuits.*.nbi")):
        return False
    from ..kernels.announcing import ANNOUNCER, OF_AN_AUDIT

    if kernels == ELSEWHERE:
        ANNOUNCER.tell()
    else:
        ANNOUNCER.expect(OF_AN_AUDIT if kernels is None else kernels)
    return True


def check_page(page: Path | None) -> None:
    """See before a long computation that a page can be written under its name.

    Raises:
        InputError: it is a folder.
    """
    if page is not None and page.is_dir():
        raise InputError(f"{page} is a folder; give the name of the page, such as {page / 'report.html'}")


def coding(text: str | None, option: str) -> tuple[float, float] | None:
    """The two numbers by which bits are written; None when the option is not given.

    Raises:
        InputError: something else stands there.
    """
    if text is None:
        return None
    found = numbers(text, option, float)
    if len(found) != 2:
        raise InputError(f"--{option} is {text!r}; give two numbers, such as --{option}=-1,1")
    return found


def stored_network(source: str | Path, threshold: float | None = None) -> "Model":
    """The model in a file, or that of the audit in a run folder, or the analytic one by its name, xornet."""
    from ..importing.load import load
    from ..importing.model_files import is_folder
    from ..network.network import xornet

    if source == "xornet":
        return xornet()
    network = _of_run(Path(source)).read(threshold) if is_folder(Path(source)) else load(source, threshold=threshold)
    FILES_READ["network"] = str(source)
    return network


def _of_run(folder: Path) -> "Model":
    """The model of the audit that a run folder holds.

    Raises:
        InputError: it holds none.
    """
    from ..auditing.run_folder import read_audit
    from ..common.reading import naming
    from ..kinds import model_from_document

    if not (folder / "audit.json").is_file():
        raise InputError(
            f"{folder} is a folder, and holds no audit.json; give a network file, or the folder that everyhow audit "
            f"--out wrote"
        )
    with naming(folder / "audit.json"):
        return model_from_document(read_audit(folder / "audit.json"))


def rows_of_file(path: Path, what: str, header: bool | None, rows: int | None = None) -> Any:
    """The rows of numbers in a file; how the file was understood is told on stderr.

    Args:
        path: the file.
        what: the rows are, such as inputs, in errors that come later.
        header: whether it begins with a line of names; found out if not given.
        rows: how many there must be, if that is known.
    """
    from ..given.points import read_rows

    found = read_rows(path, header, rows)
    FILES_READ[what] = str(path)
    typer.echo(visible(str(found)), err=True)
    return found.values


def numbers(text: str, option: str, kind: type) -> tuple[Any, ...]:
    """The numbers in the text of an option.

    Raises:
        InputError: something else stands there.
    """
    try:
        return tuple(kind(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InputError(f"--{option} is {text!r}; give numbers joined by commas, such as 3,3") from None


def format_of(given: str | None, as_json: bool = False, as_csv: bool = False) -> str:
    """The form that tables are printed in: `--json` and `--csv` are short for two of them.

    Raises:
        InputError: there is no such form.
    """
    from ..report.formats import check_format

    return "json" if as_json else "csv" if as_csv else check_format(given or "text")


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on stdout; signs that a terminal would obey are written by their codes."""
    hide_compilation()
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
    sys.stdout.write(UNSEEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text) + "\n")


def terminal() -> "Console":
    """Where tables and texts for people are printed."""
    from rich.console import Console

    hide_compilation()
    return Console(highlight=False)
