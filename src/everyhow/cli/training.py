"""The command `train`: one network or one transformer, by the settings of training."""

import math
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


def _known() -> dict[str, dict[str, Field]]:
    """The settings by name, each with the kinds of models that have it."""
    found: dict[str, dict[str, Field]] = {}
    for model, kind in MODELS.items():
        for one in fields(kind):
            if one.name not in OTHERWISE:
                found.setdefault(one.name, {})[model] = one
    return found


def _title(name: str) -> str:
    """The heading above a setting."""
    return next((title for title, names in TITLES.items() if name in names), HOW)


def _help(of: dict[str, Field]) -> str:
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
) -> None:  # fmt: skip
    """Train one network, or one transformer, and write it to a file; of a transformer also a file of its behavior, by
    which audit and count ask about it. With --checkpoints what it was on the way is written as well, each in a file of
    its own, such as network-epoch-10.json."""
    from ..kinds import save_model
    from ..training import train_many

    kind = MODELS[choice("model", model, MODELS)]
    _check_of_model(model, trained, values.keywords, token_rows.given | {"--behavior": written_to.behavior})
    asked = kind(**trained, **values.keywords)
    target = check_network_path(written_to.out or Path(f"{model}.json"))
    files = {epoch: target.with_name(f"{target.stem}-epoch-{epoch}{target.suffix}") for epoch in asked.checkpoints}
    if isinstance(asked, TransformerSettings):
        learned: Any = token_rows.task(task)
        behavior = check_behavior_path(written_to.behavior or target.with_name(f"{target.stem}-behavior.json"))
        if behavior == target:
            raise InputError(f"{target} is to hold the transformer and its behavior; give another place by --behavior")
        # A file that would be too large is refused before anything is trained.
        learned.content()
    else:
        learned, behavior = task, None
    check_free([target, behavior, *files.values()], written_to.force)
    (result,) = train_many(learned, [seed], asked, progress=True)
    path = save_model(result.network, target)
    kept = [save_model(one.network, files[one.epoch]) for one in result.checkpoints]
    summary = {
        "converged": result.converged, "reason": result.reason, "epochs": result.epochs,
        "loss": result.loss if math.isfinite(result.loss) else None, "accuracy": result.accuracy,
        **({} if result.held_out is None else {"held_out": result.held_out}), "seed": result.seed, model: str(path),
        **({} if behavior is None else {"behavior": str(learned.save(behavior)), "task": learned.about}),
        **({"checkpoints": list(map(str, kept))} if files else {}),
    }  # fmt: skip
    if written_to.as_json:
        print_json(summary)
        return
    if files:
        missing = [str(epoch) for epoch in list(files)[len(kept) :]]
        ended = f"training ended before epoch {', '.join(missing)}" if missing else ""
        summary["checkpoints"] = "; ".join(part for part in (", ".join(map(str, kept)), ended) if part)
    width = max(10, *map(len, summary))
    for key, value in summary.items():
        typer.echo(visible(f"{key:<{width}} {value}"))


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
