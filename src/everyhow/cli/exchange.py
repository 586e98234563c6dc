"""Commands that exchange explanations with other tools: place a circuit, align a causal model, export a run."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..common.arguments import checked_budget
from ..common.budget import DEFAULT_BUDGET
from ..common.errors import InputError, visible
from ..common.progress import showing, tracked
from ..common.reading import naming
from ..common.spoken import joined
from . import completion
from .by_data import DataFiles, behavior_of_rows, names_rows
from .contradictions import check_unused
from .leaving import OVER_BUDGET
from .options import InputsOption, JsonOption, NetworkOption, ThresholdOption, coding, print_json, stored_network
from .standard_input import Read

if TYPE_CHECKING:
    from ..circuit.standing import Standing
    from ..ladder import Fault
    from ..model.graph import Edge


# Placements printed; the number of all of them is printed, too.
MOST_SHOWN = 1000
MOST_SMALLEST_SHOWN = 5
TASKS = completion.offering(completion.tasks)


@dataclass(frozen=True)
class Chosen:
    """Which circuit of a file is meant."""

    top: Annotated[int | None, typer.Option(help="Take so many edges: those of the largest absolute scores.")] = None
    threshold: Annotated[float | None, typer.Option(help="Take the edges of at least this absolute score.")] = None
    circuit: Annotated[str | None, typer.Option(help="Which circuit of a log to take: EPOCH/OUTPUT/NUMBER.")] = None


@dataclass(frozen=True)
class Judged:
    """How a circuit is judged."""

    decision: Annotated[
        str | None, typer.Option(metavar="RULE", help="How outputs become bits: threshold, round or argmax.")
    ] = None
    output_threshold: Annotated[
        float | None,
        typer.Option(help="Outputs above this number are read as 1. If not given: the network's own threshold."),
    ] = None
    inputs: InputsOption = None
    ablation: Annotated[
        str, typer.Option(metavar="KIND", help="What removed edges carry: zero, mean, resample or paired.")
    ] = "zero"
    grain: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="What circuits of a transformer are sets of: edges-qkv, edges or nodes."),
    ] = None
    scope: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Place it among circuits that differ in these parts of a transformer only, such as a0.h0,m0.",
        ),
    ] = None
    others: Annotated[
        str | None,
        typer.Option(
            metavar="KIND", help="Of a scope, where all other edges are: in every circuit (in), or in none (out)."
        ),
    ] = None
    budget: Annotated[
        float,
        typer.Option(
            show_default=False, help="How many candidate evaluations each search may take. If not given: 1e10."
        ),
    ] = DEFAULT_BUDGET


def place_command(
    graph: Annotated[
        Path,
        typer.Argument(help="A circuit as graph JSON (EAP-IG, MIB), or as edge masks (.npz, or a JSON log); or -."),
        Read(".json"),
    ],
    task: Annotated[
        str,
        Read(".csv"),
        typer.Argument(
            autocompletion=TASKS,
            help="A gate, a formula or a truth table, of a transformer also such as MAX:n:v: the circuit is judged by "
            "what the model itself decides. Or inputs, one per row (.csv or .npy), as audit-data takes them; or a "
            "file of a behavior (.json), of token rows.",
        ),
    ],
    network: NetworkOption,
    read: Chosen,
    judged: Judged,
    files: DataFiles,
    connected: Annotated[
        bool, typer.Option("--connected", help="Leave out edges that lead nowhere, and name them.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell where a circuit that another tool found stands among all circuits of its network."""
    from ..auditing.asked import Questions, from_plain
    from ..exchange.graph_json import read_graph, read_graph_edges
    from ..model.circuit import connected_part
    from ..model.explained import one_for_two_classes
    from ..questions import place

    most = checked_budget(judged.budget)
    whole, dropped = stored_network(network).read(judged.output_threshold, coding(judged.inputs, "inputs")), ()
    plain = from_plain({"grain": judged.grain, "scope": judged.scope, "others": judged.others})
    whole = Questions(**plain).narrowed(whole)
    what: Any = task
    if names_rows(task):
        whole, what, _ = behavior_of_rows(whole, Path(task), files, judged.decision, judged.output_threshold)
        whole, what = one_for_two_classes(what.read(whole), what)
    else:
        given = files.of_rows | files.of_tokens | {"--classes": files.classes}
        check_unused("a task, or a file of a behavior", given)
        if judged.decision == "argmax" and whole.outputs == 2 and not _is_of(graph, whole, read):
            whole = whole.folded()
    if connected:
        edges = read_graph_edges(graph, whole, read.top, read.threshold, read.circuit)
        with naming(graph):
            placed, dropped = connected_part(whole.unscoped.graph, edges)
            placed = placed.on(whole.graph)
    else:
        placed = read_graph(graph, whole, read.top, read.threshold, read.circuit)
    with showing("placing the circuit"):
        decision = None if names_rows(task) or whole.outputs == 1 else judged.decision
        found = place(whole, what, placed, decision, most, judged.ablation)  # type: ignore[arg-type]
    if as_json:
        print_json(_standing_document(found, dropped))
    else:
        for line in _standing_lines(found, dropped):
            typer.echo(visible(line))
    if found.refused:
        raise typer.Exit(OVER_BUDGET)


def _is_of(graph: Path, whole: Any, read: Chosen) -> bool:
    """Whether a file holds a circuit of a model as it is, not of the one output that two classes are folded into."""
    from ..common.errors import EveryhowError
    from ..exchange.graph_json import read_graph

    try:
        read_graph(graph, whole, read.top, read.threshold, read.circuit)
    except EveryhowError:
        return False
    return True


def align_command(
    model: Annotated[
        Path,
        typer.Argument(help="A causal model (.json): variables, values, parents, mechanisms; or -."),
        Read(".json"),
    ],
    network: NetworkOption,
    behavior: Annotated[
        str | None,
        Read(".json"),
        typer.Argument(
            autocompletion=TASKS,
            help="Of a transformer: the token rows it is aligned over, as a task such as XOR or MAX:2:3, or as a file "
            "of a behavior (.json).",
        ),
    ] = None,
    joint: Annotated[
        bool,
        typer.Option("--joint", help="Also hold several variables at once, each at the value of a source of its own."),
    ] = False,
    threshold: ThresholdOption = None,
    inputs: InputsOption = None,
    decision: Annotated[
        str | None, typer.Option(help="argmax: two outputs that stand for two classes are folded into one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find every minimal place of a causal model in a network or a transformer, by interchange of one variable at a
    time."""
    from ..auditing.fitting import behavior_or_task, check_takes_tasks
    from ..common.arguments import choice
    from ..exchange.causal_model_files import read_causal_model
    from ..importing.door import as_explained
    from ..mapping.placements import count_placements, differences, joint_disagreement, placements
    from ..model.behavior import Behavior
    from ..model.decision import DECISIONS

    read = read_causal_model(model)
    whole = stored_network(network).read(threshold, coding(inputs, "inputs"))
    if decision is not None and choice("decision", decision, DECISIONS) == "argmax":
        whole = whole.folded()
    over = None
    if behavior is None:
        check_takes_tasks(whole)
    else:
        asked = behavior_or_task(whole, behavior)
        if not isinstance(asked, Behavior):
            raise InputError(
                f"{behavior} is a task, and a {whole.kind} is aligned over its truth table, whatever its task: leave "
                "it out"
            )
        whole, over = as_explained(whole, asked)
    shown = []
    with showing("placing the model"):
        with naming(model):
            differs, number = differences(whole, read, over), count_placements(whole, read, over)
        listed = islice(placements(whole, read, over), MOST_SHOWN)
        for placement in tracked(listed, min(number, MOST_SHOWN), "the places of the model"):
            pairs = zip(placement.variables, placement.sets, strict=True)
            entry: dict[str, Any] = {"sets": {name: [list(node) for node in s.nodes] for name, s in pairs}}
            if over is not None:
                places = zip(placement.variables, placement.sets, strict=True)
                entry |= {"components": {name: s.names(whole.graph) for name, s in places}}
            if joint:
                disagreement = joint_disagreement(whole, read, placement, behavior=over)
                entry |= {"joint": disagreement is None, "disagreement": disagreement and str(disagreement)}
            shown.append((placement.named(whole.graph), entry))
    if as_json:
        print_json({"placements": number, "listed": [entry for _, entry in shown], "differs_at": list(differs)})
        return
    if differs:
        typer.echo(visible(f"the model and the {whole.kind} differ at {', '.join(differs)}"))
    typer.echo(f"{number:,} minimal placement{'' if number == 1 else 's'}")
    for text, entry in shown:
        told = {True: "; agrees jointly", False: f". {entry.get('disagreement')}", None: ""}[entry.get("joint")]
        typer.echo(visible(f"  {text}{told}"))
    if number > len(shown):
        typer.echo(f"  the first {len(shown):,} are shown")


def export_command(
    run: Annotated[Path, typer.Argument(help="The folder of an audit.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder to write into; a new one, or one that is empty.")],
) -> None:
    """Write the minimal circuits of an audit as graph JSON, and its surviving mappings as intervention dicts."""
    from ..auditing.reopening import reopen
    from ..exchange.export import MOST_MAPPINGS, export_audit

    audit = reopen(run, progress=True)
    missing = {"mappings": "not written: interventions are of neurons of a network"} if audit.network.residual else {}
    for name, number in export_audit(audit, out).items():
        cut = (
            f", the first {MOST_MAPPINGS:,} written"
            if name.endswith("mappings") and (number or 0) > MOST_MAPPINGS
            else ""
        )
        typer.echo(
            visible(
                f"{out / name}: {missing.get(name, 'not found by the audit') if number is None else f'{number:,}{cut}'}"
            )
        )


def _dropped_lines(found: "Standing", dropped: "tuple[Edge, ...]") -> list[str]:
    """The edges that are left out, and what that changes where a tool cut single edges: a node that nothing enters
    still sends what its bias makes of nothing."""
    graph = found.circuit.graph
    lines = [f"edges left out because nothing enters or leaves a node: {' '.join(map(graph.name, dropped))}"]
    entered = {edge.child for edge in (*found.circuit.edges, *dropped)}
    unfed = sorted({edge.parent for edge in dropped if edge.parent.stage} - entered)
    if unfed:
        nodes = joined([graph.names[stage][place] for stage, place in unfed])
        lines.append(
            f"nothing enters {nodes}, and no circuit has what is sent from there without an input: a network with "
            "these edges may decide otherwise"
        )
    return lines


def _standing_lines(found: "Standing", dropped: "tuple[Edge, ...]") -> list[str]:
    name, lines = found.circuit.graph.name, [found.summary]
    lines += _dropped_lines(found, dropped) if dropped else []
    lines += [f"edges that can be removed: {' '.join(map(name, found.removable))}"] if found.removable else []
    if found.minimal_inside:
        sizes = sorted({len(circuit) for circuit in found.minimal_inside})
        lines.append(
            f"minimal perfect circuits inside this circuit: {len(found.minimal_inside):,}, "
            f"of {joined(list(map(str, sizes)))} edges"
        )
    if found.of_size is not None:
        lines.append(
            f"perfect circuits of {len(found.circuit)} edges or fewer: {found.of_size:,} of {found.of_perfect:,}"
        )
    from ..common.shares import percent

    lines += _smallest_lines(found)
    if not any("every base" in reason for reason in found.refused):
        lines.append(f"resample-faithful: {'yes' if found.resample_fault is None else f'no; {found.resample_fault}'}")
    known = [f"{kind} {'yes' if fault is None else 'no'}" for kind, fault in found.by_ablation.items()]
    lines.append(f"perfect by ablation: {', '.join(known)}")
    lines.append(f"decides right at {percent(found.score.right)} % of the inputs{_difference(found)}")
    return lines + [f"not found out: {reason}" for reason in found.notes.all]


def _smallest_lines(found: "Standing") -> list[str]:
    """The smallest perfect circuits, and how each differs from this one."""
    name, lines = found.circuit.graph.name, []
    for smallest in (found.smallest or ())[:MOST_SMALLEST_SHOWN]:
        added = [name(edge) for edge in smallest.edges if edge not in found.circuit]
        removed = [name(edge) for edge in found.circuit.edges if edge not in smallest]
        changes = [f"{' '.join(edges)} {word}" for edges, word in ((added, "added"), (removed, "removed")) if edges]
        differs = " and ".join(changes) or "it is this one"
        lines.append(f"smallest perfect circuit, of {len(smallest)} edges: {differs}")
    more = len(found.smallest or ()) - len(lines)
    return lines + ([f"and {more:,} more of {len(found.smallest[0])} edges"] if found.smallest and more > 0 else [])


def _difference(found: "Standing") -> str:
    """The normalized logit difference, where there is one."""
    difference = found.score.difference
    return "" if difference is None else f"; normalized logit difference {difference:.4g}"


def _standing_document(found: "Standing", dropped: "tuple[Edge, ...]") -> dict[str, Any]:
    inside = found.minimal_inside
    return {
        "summary": found.summary,
        "circuit": found.circuit.edges,
        "left_out": dropped,
        "perfect": found.perfect,
        "fault": _fault(found.fault),
        "minimal": found.minimal,
        "removable": found.removable,
        "minimal_inside": None if inside is None else [circuit.edges for circuit in inside],
        "resample_faithful": found.resample_faithful,
        "resample_fault": _fault(found.resample_fault),
        "of_perfect": found.of_perfect,
        "of_size": found.of_size,
        "nearest": found.nearest and found.nearest.edges,
        "smallest": None if found.smallest is None else [circuit.edges for circuit in found.smallest],
        "right": found.score.right,
        "logit_difference": found.score.difference,
        "by_ablation": {kind: fault is None for kind, fault in found.by_ablation.items()},
        "refused": found.refused,
        "ties": found.ties,
    }


def _fault(fault: "Fault | None") -> str | None:
    return None if fault is None else str(fault)
