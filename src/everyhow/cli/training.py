"""The command `train`: networks or transformers, by the settings of training."""

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from ..common.arguments import choice
from ..common.errors import InputError, visible
from ..model.token_families import FAMILIES, ROWS, parse_token_task, written
from ..model.token_task import TokenTask, check_behavior_path
from ..network.documents import check_network_path
from ..training.settings import TrainingSettings
from ..training.transformer_settings import NORMS, TransformerSettings
from ..transformer.parts import ACTIVATIONS
from . import completion
from .audits import GATE
from .options import Group, HeaderOption, InputsOption, JsonOption, coding, numbers, option, print_json, sentence
from .writing import ForceOption, check_free

# Of the settings, those that the command writes in another way, or does not have.
OTHERWISE = ("input_values", "output_values")
MODELS = {"network": TrainingSettings, "transformer": TransformerSettings}
HINTS = {name: hint for kind in MODELS.values() for name, hint in get_type_hints(kind).items()}
FAMILIES_WRITTEN = ", ".join(map(written, FAMILIES))
TASKS = completion.offering(completion.tasks)
OF_A_TRANSFORMER = "A transformer (--model transformer)"
# The headings in help, in their order; all other settings are about how the model is trained.
HOW = "How it is trained"
TITLES = {
    "The network": ("widths", "hidden_activation", "output_activation"),
    OF_A_TRANSFORMER: ("layers", "heads", "width", "head_width", "mlp", "activation", "norm", "causal"),
    HOW: (),
    "What it is trained on": ("rows", "input_noise", "input_weights", "show", "share", "labels"),
    "The numbers by which bits are written": ("threshold",),
    "What is kept": ("checkpoints",),
}
WRITTEN = {
    "widths": "N,N,...", "hidden_activation": "NAME", "output_activation": "NAME", "input_weights": "NUMBER,NUMBER,...",
    "show": "ROW,ROW,...", "labels": "KIND", "checkpoints": "N,N,...", "activation": "NAME", "norm": "KIND",
}  # fmt: skip
OFFERED = {
    "hidden_activation": completion.activations, "output_activation": completion.activations,
    "activation": lambda: ACTIVATIONS, "norm": lambda: NORMS,
}  # fmt: skip
# Models that are trained at once; the memory that they take is looked at as well.
MOST_SEEDS = 10_000
# What a flag is called, when it is set and when it is not.
FLAGS = {"causal": "--causal/--bidirectional"}


@dataclass(frozen=True)
class Values:
    """The numbers by which bits are written."""

    inputs: InputsOption = None
    outputs: Annotated[
        str | None,
        typer.Option(
            metavar="ZERO,ONE", help="The numbers that outputs are trained towards, for 0 and for 1, such as -1,1."
        ),
    ] = None

    @property
    def keywords(self) -> dict[str, Any]:
        """These options as settings of training."""
        given = {"input_values": coding(self.inputs, "inputs"), "output_values": coding(self.outputs, "outputs")}
        return {name: pair for name, pair in given.items() if pair is not None}


@dataclass(frozen=True)
class TokenRows:
    """The rows of a transformer's task."""

    equals: Annotated[
        bool | None,
        typer.Option(
            "--equals/--no-equals",
            help="Whether rows end with the token =, where the answer is read. If not given: in Boolean tasks, ADD and "
            "FIRST_EQUALS_LAST they do.",
        ),
    ] = None
    task_rows: Annotated[
        int | None, typer.Option(help=f"How many rows of the task are taken at most. If not given: {ROWS:,}.")
    ] = None
    rows_seed: Annotated[
        int | None, typer.Option(help="Seed by which rows are drawn from a task that has more. If not given: 0.")
    ] = None
    answer_positions: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...", help="Of a table: where the answers are read, such as 1,2,3. If not given: at the last."
        ),
    ] = None
    header: HeaderOption = None

    @property
    def given(self) -> dict[str, object]:
        """What was said, by how a person writes it; None where nothing was."""
        return {f"--{name.replace('_', '-')}": value for name, value in vars(self).items()}

    def task(self, what: str) -> TokenTask:
        """The task that these options describe."""
        positions, rows = self.answer_positions, self.task_rows
        return parse_token_task(
            what, self.equals, ROWS if rows is None else rows, self.rows_seed or 0,
            None if positions is None else numbers(positions, "answer-positions", int), self.header,
        )  # fmt: skip


@dataclass(frozen=True)
class Written:
    """Where the model is written to."""

    out: Annotated[
        Path | None,
        typer.Option(help="File of the model (.json or .safetensors). If not given: network.json or transformer.json."),
    ] = None
    behavior: Annotated[
        Path | None,
        typer.Option(
            help="Of a transformer: file of its behavior (.json), which audit and count take where a task could stand. "
            "If not given, it is called after --out, as in transformer-behavior.json."
        ),
    ] = None
    force: ForceOption = False
    as_json: JsonOption = False


def settings() -> Group:
    """The options of training, from the settings of every kind of model; a list is written with commas."""
    options, known = [], _known()
    for name in sorted(known, key=lambda name: list(TITLES).index(_title(name))):
        flag = FLAGS.get(name)
        kind = bool if flag else str if _item(name) is not None else _number(HINTS[name])
        told = typer.Option(
            *([flag] if flag else ()), help=_help(known[name]), metavar=WRITTEN.get(name), rich_help_panel=_title(name),
            autocompletion=completion.offering(OFFERED[name]) if name in OFFERED else None,
        )  # fmt: skip
        options.append(option(name, Annotated[kind | None, told], None))
    return Group(
        tuple(options), lambda given: {name: _read(name, value) for name, value in given.items() if value is not None}
    )


def _known() -> dict[str, dict[str, Field[Any]]]:
    """The settings by name, each with the kinds of models that have it."""
    found: dict[str, dict[str, Field[Any]]] = {}
    for model, kind in MODELS.items():
        for one in fields(kind):
            if one.name not in OTHERWISE:
                found.setdefault(one.name, {})[model] = one
    return found


def _title(name: str) -> str:
    """The heading above a setting."""
    return next((title for title, names in TITLES.items() if name in names), HOW)


def _help(of: dict[str, Field[Any]]) -> str:
    """What a setting means, and what it is when it is not given, for every kind of model that has it."""
    says = [one.metadata["says"].replace("when None", "if not given") for one in of.values()]
    usual = {model: _usual(one.default) for model, one in of.items()}
    text = sentence(says[0]) + "".join(f" Of a transformer: {other}." for other in says[1:] if other != says[0])
    if len(set(usual.values())) > 1:
        said = "; ".join(f"of a {model} {value}" for model, value in usual.items() if value)
    else:
        said = next(iter(usual.values()))
    return f"{text} If not given: {said}." if said else text


def _usual(default: Any) -> str | None:
    """The default of a setting, as it is written; None where there is nothing to write."""
    if isinstance(default, bool):
        return FLAGS["causal"].partition("/")[0]
    if isinstance(default, tuple):
        return ",".join(map(str, default)) or None
    return None if default is None else f"{default}"


def _number(hint: Any) -> Any:
    """int or float, where an option takes one; else str."""
    return next((one for one in (hint, *get_args(hint)) if one in (int, float)), str)


def _item(name: str) -> Any:
    """The type of the items of an option that is a list; None for one that is not."""
    lists = (one for one in (HINTS[name], *get_args(HINTS[name])) if get_origin(one) is tuple)
    return next((get_args(one)[0] for one in lists), None)


def _read(name: str, value: Any) -> Any:
    item = _item(name)
    if item is None or value is None:
        return value
    if item is str:
        return tuple(part.strip() for part in value.split(","))
    return numbers(value, name.replace("_", "-"), item)


def train_command(
    task: Annotated[
        str,
        typer.Argument(
            help=f"{GATE}; of a transformer also {FAMILIES_WRITTEN}, or a table of tokens and their labels (.csv).",
            autocompletion=TASKS,
        ),
    ],
    trained: Annotated[dict[str, Any], settings()],
    values: Values,
    token_rows: TokenRows,
    written_to: Written,
    model: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="What is trained: network or transformer.",
            autocompletion=completion.offering(lambda: tuple(MODELS)),
        ),
    ] = "network",
    seed: Annotated[int, typer.Option(help="Seed of the weights, and of the rows drawn and their order.")] = 0,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="N-N,N,...", help="Train one model for each of these seeds, such as 0-99, all at once; each goes "
            "into a file of its own, such as network-seed-7.json.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Train one network, or one transformer, and write it to a file; of a transformer also a file of its behavior, by
    which audit and count ask about it. With --seeds many are trained, each written to a file of its own. With
    --checkpoints what it was on the way is written as well, each in a file of its own, such as network-epoch-10.json.
    """
    from ..kinds import save_model
    from ..training import train_many

    kind = MODELS[choice("model", model, MODELS)]
    _check_of_model(model, trained, values.keywords, token_rows.given | {"--behavior": written_to.behavior})
    asked = kind(**trained, **values.keywords)
    chosen = [seed] if seeds is None else seeds_of(seeds)
    target = check_network_path(written_to.out or Path(f"{model}.json"))
    files = [target if seeds is None else _beside(target, f"seed-{one}") for one in chosen]
    behavior: Path | None = None
    learned: Any = task
    if isinstance(asked, TransformerSettings):
        learned = token_rows.task(task)
        behavior = check_behavior_path(written_to.behavior or target.with_name(f"{target.stem}-behavior.json"))
        if behavior in files:
            raise InputError(
                f"{behavior} is to hold the transformer and its behavior; give another place by --behavior"
            )
        # A file that would be too large is refused before anything is trained.
        learned.content()
    on_the_way = [[_beside(file, f"epoch-{epoch}") for epoch in asked.checkpoints] for file in files]
    check_free([*files, behavior, *itertools.chain(*on_the_way)], written_to.force)
    found = []
    for file, kept, result in zip(files, on_the_way, train_many(learned, chosen, asked, progress=True), strict=True):
        path = save_model(result.network, file)
        saved = [save_model(one.network, place) for one, place in zip(result.checkpoints, kept, strict=False)]
        summary = {
            "converged": result.converged, "reason": result.reason, "epochs": result.epochs,
            "loss": result.loss if math.isfinite(result.loss) else None, "accuracy": result.accuracy,
            **({} if result.held_out is None else {"held_out": result.held_out}), "seed": result.seed, model: str(path),
        }  # fmt: skip
        found.append(summary | ({"checkpoints": list(map(str, saved))} if kept else {}))
    told = {} if behavior is None else {"behavior": str(learned.save(behavior)), "task": learned.about}
    if written_to.as_json:
        print_json({"models": found, **told} if seeds is not None else _as_one(found[0], told))
    elif seeds is None:
        _print_one(_as_one(found[0], told), asked.checkpoints)
    else:
        _print_each(found, told, model)


def seeds_of(text: str) -> list[int]:
    """The seeds in a text: numbers and ranges, both ends included, joined by commas.

    Raises:
        InputError: something else, a range that ends before it begins, or a seed that comes twice.

    Example:
        >>> seeds_of("0-2,7")
        [0, 1, 2, 7]
    """
    found: list[int] = []
    for part in text.split(","):
        ends = re.fullmatch(r"\s*(\d{1,18})\s*(?:-\s*(\d{1,18})\s*)?", part)
        first, last = (0, -1) if ends is None else (int(ends[1]), int(ends[2] or ends[1]))
        if not first <= last < first + MOST_SEEDS:
            raise InputError(
                f"--seeds is {text!r}; give seeds and ranges of seeds joined by commas, such as 0-99 or 0,3,5-7, at "
                f"most {MOST_SEEDS:,}"
            )
        found += range(first, last + 1)
    if len(set(found)) < len(found) or len(found) > MOST_SEEDS:
        raise InputError(f"--seeds is {text!r}, which has {len(found):,} seeds, {len(set(found)):,} different ones; "
                         f"name each once, and at most {MOST_SEEDS:,}")  # fmt: skip
    return found


def _beside(file: Path, name: str) -> Path:
    """A file beside another one, called after it."""
    return file.with_name(f"{file.stem}-{name}{file.suffix}")


def _as_one(summary: dict[str, Any], told: dict[str, str]) -> dict[str, Any]:
    """What is told of one model: its checkpoints last."""
    last = {key: value for key, value in summary.items() if key == "checkpoints"}
    return {key: value for key, value in summary.items() if key not in last} | told | last


def _print_one(summary: dict[str, Any], epochs: Sequence[int]) -> None:
    """What is told of one model, a line each."""
    if "checkpoints" in summary:
        saved = summary["checkpoints"]
        missing = [str(epoch) for epoch in epochs[len(saved) :]]
        ended = f"training ended before epoch {', '.join(missing)}" if missing else ""
        summary = summary | {"checkpoints": "; ".join(part for part in (", ".join(saved), ended) if part)}
    width = max(10, *map(len, summary))
    for key, value in summary.items():
        typer.echo(visible(f"{key:<{width}} {value}"))


def _print_each(found: Sequence[dict[str, Any]], told: dict[str, str], model: str) -> None:
    """A line for each of many models, and what is told of all of them."""
    digits = max(len(str(one["seed"])) for one in found)
    for one in found:
        loss = "none" if one["loss"] is None else f"{one['loss']:.3g}"
        held_out = f"  held out {one['held_out']:<5.3g}" if "held_out" in one else ""
        ended = "converged    " if one["converged"] else "not converged"
        kept = f" and {len(one['checkpoints'])} on the way" if "checkpoints" in one else ""
        typer.echo(
            visible(
                f"seed {one['seed']:>{digits}}  {ended}  {one['epochs']:>5} epochs  loss {loss:<8}  accuracy "
                f"{one['accuracy']:<5.3g}{held_out}  {one[model]}{kept}"
            )
        )
    number = sum(one["converged"] for one in found)
    for key, value in {"converged": f"{number:,} of {len(found):,}", **told}.items():
        typer.echo(visible(f"{key:<10} {value}"))


def _check_of_model(model: str, trained: dict[str, Any], values: dict[str, Any], rows: dict[str, object]) -> None:
    """See that no option of another kind of model was given.

    Raises:
        InputError: the first that was.
    """
    other = next(name for name in MODELS if name != model)
    own = {one.name for one in fields(MODELS[model])}
    given = [f"--{name.replace('_', '-')}" for name in trained if name not in own]
    if model == "network":
        given += [name for name, value in rows.items() if value is not None]
    else:
        given += [
            name for name, value in (("--inputs", "input_values"), ("--outputs", "output_values")) if value in values
        ]
    if given:
        raise InputError(
            f"{given[0]} is an option of a {other}, and a {model} is trained: leave it out, or say --model {other}"
        )
