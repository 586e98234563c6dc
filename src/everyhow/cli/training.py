"""The command `train`: one network, by the settings of training."""

import math
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from ..common.errors import visible
from ..training.settings import TrainingSettings
from .audits import TaskArgument
from .options import Group, InputsOption, JsonOption, coding, numbers, option, print_json, sentence

# Of the settings, those that the command writes in another way, or does not have.
OTHERWISE = ("input_values", "output_values", "checkpoints")
HINTS = get_type_hints(TrainingSettings)


@dataclass(frozen=True)
class Values:
    """The numbers by which bits are written."""

    inputs: InputsOption = None
    outputs: Annotated[
        str | None,
        typer.Option(help="The numbers that outputs are trained towards, for 0 and for 1, such as -1,1."),
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
            told = typer.Option(help=sentence(one.metadata["says"].replace("when None", "if not given")))
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
    task: TaskArgument,
    trained: Annotated[dict[str, Any], settings()],
    values: Values,
    seed: Annotated[int, typer.Option(help="Seed of the weights, and of the rows drawn and their order.")] = 0,
    out: Annotated[Path, typer.Option(help="Network file to write (.json or .safetensors).")] = Path("network.json"),
    as_json: JsonOption = False,
) -> None:
    """Train one network and write it to a file."""
    from ..kinds import save_model
    from ..network.documents import check_network_path
    from ..training import train_many

    check_network_path(out)
    (result,) = train_many(task, [seed], TrainingSettings(**trained, **values.keywords), progress=sys.stderr.isatty())
    path = save_model(result.network, out)
    summary = {
        "converged": result.converged, "reason": result.reason, "epochs": result.epochs,
        "loss": result.loss if math.isfinite(result.loss) else None,
        "accuracy": result.accuracy, "seed": result.seed, "network": str(path),
    }  # fmt: skip
    if as_json:
        print_json(summary)
        return
    for key, value in summary.items():
        typer.echo(visible(f"{key:<10} {value}"))
