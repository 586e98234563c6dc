"""The command `patch`: every subset of some heads and MLPs of a larger transformer, run in PyTorch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..common.errors import InputError, visible
from . import completion
from .options import JsonOption, print_json, terminal
from .standard_input import Read
from .writing import ForceOption, check_free

if TYPE_CHECKING:
    from ..patched.patching import Patching
    from ..patched.standing import PatchedStanding

# Minimal subsets printed; the number of all of them is printed, too.
MOST_SHOWN = 20
# Tables are written in these forms.
KINDS = ("csv", "markdown")


@dataclass(frozen=True)
class Running:
    """How subsets are run."""

    device: Annotated[
        str | None, typer.Option(help="Where subsets run: cpu or cuda. If not given: CUDA where there is one.")
    ] = None
    precision: Annotated[
        str,
        typer.Option(
            help="float32, with what is near its boundary again in float64; or float64.",
            autocompletion=completion.offering(lambda: ("float32", "float64")),
        ),
    ] = "float32"
    batch: Annotated[int | None, typer.Option(help="How many streams are run at once. If not given: what fits.")] = None


@dataclass(frozen=True)
class Placed:
    """The circuit that is placed among all subsets."""

    circuit: Annotated[
        Path | None,
        typer.Option(help="A circuit as graph JSON (EAP-IG, MIB): tell where its heads and MLPs stand; or -."),
        Read(".json"),
    ] = None
    top: Annotated[
        int | None, typer.Option(help="Of the circuit take so many entries: those of the largest absolute scores.")
    ] = None
    threshold: Annotated[
        float | None, typer.Option(help="Of the circuit take the entries of at least this absolute score.")
    ] = None


def patch_command(
    model: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder of a Hugging Face model: config.json and safetensors.")
    ],
    behavior: Annotated[
        Path,
        typer.Argument(
            help="A file of a behavior (.json) with tokens, a counterfactual row for each (paired), classes."
        ),
        Read(".json"),
    ],
    components: Annotated[
        str, typer.Option(metavar="NAMES", help="Heads and MLPs, every subset of which is patched, such as a9.h6,m10.")
    ],
    running: Running,
    placed: Placed,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write tables of what was found into a folder, as CSV and Markdown."),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Patch every subset of some heads and MLPs of a transformer, run in PyTorch, and tell which are perfect."""
    from ..patched.patch import patch
    from ..patched.patching import TABLES
    from ..report.table_files import table_files, write_tables

    if placed.circuit is None and (placed.top is not None or placed.threshold is not None):
        raise InputError(
            "--top and --threshold choose among the scores of a circuit; give --circuit, or leave them out"
        )
    if out is not None:
        check_free(table_files(dict.fromkeys(TABLES), out, KINDS), force)  # type: ignore[arg-type]
    names = [name.strip() for name in components.split(",") if name.strip()]
    how = {"device": running.device, "precision": running.precision, "batch": running.batch}
    found = patch(model, behavior, names, **how, progress=True)
    stands = None if placed.circuit is None else found.place(placed.circuit, placed.top, placed.threshold)
    if out is not None:
        write_tables(dict(found.tables), out, KINDS)
    if as_json:
        print_json(_document(found, stands))
    else:
        _print(found, stands)


def _print(found: "Patching", stands: "PatchedStanding | None") -> None:
    from ..report.tables import print_table

    for line in str(found).splitlines():
        typer.echo(visible(line))
    print_table(found.tables["sizes"].table, terminal())
    minimal = found.minimal or ()
    for one in minimal[:MOST_SHOWN]:
        typer.echo(visible(f"minimal: {' '.join(map(found.graph.name, one.edges)) or 'none of them'}"))
    if len(minimal) > MOST_SHOWN:
        typer.echo(f"the first {MOST_SHOWN} of {len(minimal):,} are shown")
    for line in str(stands).splitlines() if stands is not None else ():
        typer.echo(visible(line))


def _document(found: "Patching", stands: "PatchedStanding | None") -> dict[str, Any]:
    names, count = found.graph.name, found.count
    known = found.usage is not None
    document: dict[str, Any] = {
        "summary": found.summary,
        "components": found.components,
        "rows": len(found.behavior.points),
        "subsets": found.subsets,
        **count.count.named("perfect_subsets"),
        "perfect_subsets_by_size": count.certain if count.certified else None,
        "minimal": None if found.minimal is None else [list(map(names, one.edges)) for one in found.minimal],
        **{role: found.of_role(role) if known else None for role in ("core", "contingent", "never")},
        "settled": vars(found.settled),
    }
    if stands is not None:
        score, near, inside = stands.score, stands.nearest, stands.minimal_inside
        document["circuit"] = {
            "summary": stands.summary,
            "components": list(map(names, stands.circuit.edges)),
            "perfect": stands.perfect,
            "minimal": stands.minimal,
            "removable": stands.removable,
            "minimal_inside": None if inside is None else [list(map(names, one.edges)) for one in inside],
            "of_perfect": stands.of_perfect,
            "of_size": stands.of_size,
            "nearest": None if near is None else list(map(names, near.edges)),
            "right": score.right,
            "logit_difference": score.difference,
            "outside": stands.outside,
            "loose": stands.loose,
        }
    return document
