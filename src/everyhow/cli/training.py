"""The command `train`: one network, by the settings of training."""

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from ..common.errors import visible
from ..training.settings import TrainingSettings
from . import completion
from .audits import GATE, GATES
from .options import Group, InputsOption, JsonOption, coding, numbers, option, print_json, sentence
from .writing import ForceOption, check_free

# Of the settings, those that the command writes in another way, or does not have.
OTHERWISE = ("input_values", "output_values")
HINTS = get_type_hints(TrainingSettings)
# The headings in help; all other settings are about how the network is trained.
TITLES = {
    "The network": ("widths", "hidden_activation", "output_activation"),
    "What it is trained on": ("rows", "input_noise", "input_weights", "show", "labels"),
    "The numbers by which bits are written": ("threshold",),
    "What is kept": ("checkpoints",),
}
WRITTEN = {
    "widths": "N,N,...", "hidden_activation": "NAME", "output_activation": "NAME", "input_weights": "NUMBER,NUMBER,...",
    "show": "ROW,ROW,...", "labels": "KIND", "checkpoints": "N,N,...",
}  # fmt: skip


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


def settings() -> Group:
    """The options of training, from the settings; a list is written with commas."""
    options = []
    for one in fields(TrainingSettings):
        if one.name not in OTHERWISE:
            default = ",".join(map(str, one.default)) if isinstance(one.default, tuple) else one.default
            kind = str if _item(one.name) is not None else _number(HINTS[one.name])
            title = next((title for title, names in TITLES.items() if one.name in names), "How it is trained")
            told = typer.Option(
                help=sentence(one.metadata["says"].replace("when None", "if not given")),
                metavar=WRITTEN.get(one.name), rich_help_panel=title,
                autocompletion=completion.offering(completion.activations) if "activation" in one.name else None,
            )  # fmt: skip
            options.append(option(one.name, Annotated[kind if default is not None else kind | None, told], default))
    return Group(tuple(options), lambda given: {name: _read(name, value) for name, value in given.items()})


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
    task: Annotated[str, typer.Argument(help=f"{GATE}.", autocompletion=GATES)],
    trained: Annotated[dict[str, Any], settings()],
    values: Values,
    seed: Annotated[int, typer.Option(help="Seed of the weights, and of the rows drawn and their order.")] = 0,
    out: Annotated[Path, typer.Option(help="Network file to write (.json or .safetensors).")] = Path("network.json"),
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train one network and write it to a file; with --checkpoints also what it was on the way, each in a file of its
    own, such as network-epoch-10.json."""
    from ..kinds import save_model
    from ..network.documents import check_network_path
    from ..training import train_many

    asked = TrainingSettings(**trained, **values.keywords)
    files = {epoch: out.with_name(f"{out.stem}-epoch-{epoch}{out.suffix}") for epoch in asked.checkpoints}
    check_free([check_network_path(out), *files.values()], force)
    (result,) = train_many(task, [seed], asked, progress=True)
    path = save_model(result.network, out)
    kept = [save_model(one.network, files[one.epoch]) for one in result.checkpoints]
    summary = {
        "converged": result.converged, "reason": result.reason, "epochs": result.epochs,
        "loss": result.loss if math.isfinite(result.loss) else None,
        "accuracy": result.accuracy, "seed": result.seed, "network": str(path),
        **({"checkpoints": list(map(str, kept))} if files else {}),
    }  # fmt: skip
    if as_json:
        print_json(summary)
        return
    if files:
        missing = [str(epoch) for epoch in list(files)[len(kept) :]]
        ended = f"training ended before epoch {', '.join(missing)}" if missing else ""
        summary["checkpoints"] = "; ".join(part for part in (", ".join(map(str, kept)), ended) if part)
    width = max(10, *map(len, summary))
    for key, value in summary.items():
        typer.echo(visible(f"{key:<{width}} {value}"))
