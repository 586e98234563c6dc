"""The command `everyhow import`: a network of another library's file, checked and written as a network file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..common.errors import visible
from ..common.progress import showing
from .options import HeaderOption, InputsOption, JsonOption, ThresholdOption, coding, numbers, print_json, rows_of_file
from .standard_input import Read
from .writing import ForceOption, check_free

if TYPE_CHECKING:
    from ..model.model import Model
    from ..model.origin import Origin


@dataclass(frozen=True)
class Described:
    """What a file does not say of its network."""

    widths: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...", help="For a state dict: the neurons of each hidden layer, to be checked, such as 3,3."
        ),
    ] = None
    hidden_activation: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="For a state dict: the activation of all hidden layers, or one for each: relu,tanh."
        ),
    ] = None
    output_activation: Annotated[
        str | None, typer.Option(metavar="NAME", help="For a state dict: the activation of the output layer.")
    ] = None
    order: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,...",
            help="For a state dict: the names of the layers as they run, such as input,hidden,output.",
        ),
    ] = None
    part: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="For a checkpoint of several state dicts: the path of the one to take."),
    ] = None
    config: Annotated[
        Path | None,
        typer.Option(help="For tensors by TransformerLens's names: the configuration of the model (.json)."),
    ] = None
    threshold: ThresholdOption = None


@dataclass(frozen=True)
class Checked:
    """The inputs that a network is checked on."""

    data: Annotated[
        Path | None,
        typer.Option(help="Inputs to check the network on, one per row (.csv or .npy). If not given: corners."),
        Read(".csv"),
    ] = None
    header: HeaderOption = None


def import_command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="An ONNX file, or a file that holds a state dict: .pt, .pth, .ckpt, .bin, .safetensors; - for "
            "standard input.",
        ),
        Read(".onnx"),
    ],
    described: Described,
    checked: Checked,
    out: Annotated[Path, typer.Option(help="Network file to write (.json or .safetensors).")] = Path("network.json"),
    force: ForceOption = False,
    inputs: InputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a network from a file of another library, check it against that file, and write a network file."""
    from ..common.reading import read_document
    from ..importing.load import load
    from ..kinds import save_model
    from ..network.documents import check_network_path
    from ..network.network import Network

    check_free([check_network_path(out)], force)
    widths = None if described.widths is None else numbers(described.widths, "widths", int)
    rows = None if checked.data is None else rows_of_file(checked.data, "inputs", checked.header)
    config = None if described.config is None else read_document(described.config, "a configuration")
    with showing("importing"):
        network = load(source, data=rows, **{**vars(described), "widths": widths, "config": config})
    network = network.read(inputs=coding(inputs, "inputs"))
    path = save_model(network, out)
    shape: dict[str, Any] = {"kind": network.kind, "shape": network.in_short}
    if isinstance(network, Network):
        shape = {"widths": "-".join(map(str, network.widths)), "activations": ", ".join(network.activations)}
    if as_json:
        origin = None if network.origin is None else network.origin.document()
        read = {"threshold": network.threshold, "inputs": list(network.input_values)}
        print_json({"network": str(path), **shape, "edges": len(network.graph.edges), **read, "origin": origin})
        return
    told = {"network": str(path), **shape, "read by": _read_by(network)} | (
        _told(network.origin) if network.origin else {}
    )
    for key, value in told.items():
        typer.echo(visible(f"{key:<20} {value}"))


def _read_by(network: "Model") -> str:
    """How the numbers of the network are read, as far as anyone said."""
    inputs = "inputs {:g} and {:g}".format(*network.input_values)
    if network.threshold is not None:
        return f"{inputs}; an output above {network.threshold:g} is 1"
    said = f"{inputs}; nothing says where outputs turn from 0 to 1: give --threshold here, or where it is asked for"
    if network.outputs == 1:
        return said
    return f"{said}; where they stand for classes, give --decision argmax to audit, test, neuron and decide instead"


def _told(origin: "Origin") -> dict[str, str]:
    told = {"source": origin.source, "folded": "; ".join(origin.folded) or "nothing"}
    if not origin.inputs_checked:
        return told | {"checked": origin.checked_on}
    ties = f"; {origin.ties:,} within rounding of the boundary (ties)" if origin.ties else ""
    return told | {
        "checked on": f"{origin.checked_on}, in {origin.precision}",
        "largest difference": f"{origin.largest_difference:.3g}",
        "allowed there": f"{origin.allowed_difference:.3g}",
        "decisions changed": f"{origin.decisions_changed}{ties}",
    }
