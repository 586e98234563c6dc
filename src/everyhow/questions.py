"""The single questions behind an audit, for whoever wants only one of them answered."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from .behavior import Behavior, Decision, Task, parse_task
from .boolean.algorithms import Algorithm
from .boolean.algorithms import algorithms as list_algorithms
from .boolean.truth_table import assignments
from .budget import DEFAULT_BUDGET
from .circuits.circuit import Circuit
from .circuits.circuits import Circuits
from .circuits.criterion import Ablation, check_ablation, perfect, resample_faithful
from .circuits.standing import Standing, standing
from .errors import InputError
from .exchange.causal_models import CausalModel
from .exchange.placements import Placement, placements
from .interpretations.count import ReadingRule
from .interpretations.interpretations import Interpretations
from .mappings.alignment import minimal_mappings
from .mappings.mapping import Mapping
from .mappings.signatures import signatures
from .network import Network
from .options import check_decision


def circuits(
    network: Network,
    task: str | Task | Behavior | None = None,
    criterion: Literal["perfect", "resample_faithful"] = "perfect",
    decision: Decision = "threshold",
    *,
    ablation: Ablation = "zero",
    epsilon: float | None = None,
    within: float | None = None,
) -> Circuits:
    """The circuits that decide as the network does: iterate over them, count them, or draw some.

    Args:
        network: the network; several outputs are judged together.
        task: what the network was meant to compute, which must fit it; as in an audit, circuits are judged by what
            the network does decide. A Behavior is judged by the decisions that it wants.
        criterion: `perfect`, or `resample_faithful` (and also when removed edges carry what they carry at any input).
        decision: how outputs become bits.
        ablation: what removed edges carry: `zero`, their `mean`, or, in `resample`, what they carry at any input.
        epsilon: the circuit error allowed, the weight of the inputs at which a circuit may decide otherwise; that of
            the Behavior, or 0, when not given.
        within: how near outputs must come to the network's, before the last activation; any distance when not given.

    Example:
        >>> import everyhow as eh
        >>> eh.circuits(eh.xornet(), "XOR").count().between
        (1, 1)
    """
    check_ablation(ablation)
    wanted = _behavior(network, task, decision)
    wanted = replace(
        wanted,
        epsilon=wanted.epsilon if epsilon is None else epsilon,
        within=wanted.within if within is None else within,
    )
    criteria = {"perfect": perfect, "resample_faithful": resample_faithful}
    if criterion not in criteria:
        raise InputError(f"unknown criterion {criterion!r}; the criteria are {' and '.join(criteria)}")
    return Circuits(criteria[criterion](network, wanted, decision, ablation))


def place(
    network: Network,
    task: str | Task | Behavior | None,
    circuit: Circuit,
    decision: Decision = "threshold",
    budget: int = DEFAULT_BUDGET,
    ablation: Ablation = "zero",
) -> Standing:
    """Where a circuit, perhaps found by another tool, stands among all circuits of its network.

    Args:
        network: the network; several outputs are judged together.
        task: as for `circuits`: the circuit is judged by what the network does decide; a Behavior by what it wants.
        circuit: the circuit; `everyhow.exchange.graph_json.read_graph` reads one from a graph of EAP-IG or MIB.
        decision: how outputs become bits.
        budget: candidate evaluations allowed for each search.
        ablation: what removed edges carry: `zero`, their `mean`, or, in `resample`, what they carry at any input.

    Example:
        >>> import everyhow as eh
        >>> print(eh.place(eh.xornet(), "XOR", eh.Circuit.whole(eh.xornet())))
        your circuit is perfect and minimal; it is the only perfect circuit
    """
    check_ablation(ablation)
    return standing(network, _behavior(network, task, decision), circuit, decision, budget, ablation)


def interpretations(network: Network, circuit: Circuit, decision: Decision = "threshold") -> Interpretations:
    """The interpretations of one circuit over the truth table: iterate over them, count them, or draw some.

    Example:
        >>> import everyhow as eh
        >>> eh.interpretations(eh.xornet(), eh.Circuit.whole(eh.xornet())).count
        2
    """
    return Interpretations(network, circuit, assignments(network.widths[0]), ReadingRule(decision=decision))


def algorithms(task: str | Task, depth: int) -> Iterator[Algorithm]:
    """Every algorithm of depth at most `depth` that computes a task of one output; see Algorithm for what counts.

    Example:
        >>> import everyhow as eh
        >>> sum(1 for _ in eh.algorithms("XOR", depth=3))
        250
    """
    parsed = parse_task(task)
    if depth < 1:
        raise InputError(f"depth is {depth}; algorithms have a depth of at least 1")
    if parsed.outputs != 1:
        raise InputError(f"task {parsed.name} has {parsed.outputs} outputs; algorithms are listed for one output")
    return list_algorithms(parsed.tables[0], depth)


def mappings(network: Network, algorithm: Algorithm) -> tuple[Mapping, ...]:
    """The minimal mappings of an algorithm into a network with one output; empty when it is not aligned.

    Raises:
        InputError: network and algorithm have different numbers of inputs.

    Example:
        >>> import everyhow as eh
        >>> [len(eh.mappings(eh.xornet(), algorithm)) for algorithm in eh.algorithms("XOR", depth=2)]
        [1, 0]
    """
    if not isinstance(algorithm, Algorithm):
        raise InputError(
            f"mappings are of one algorithm, not of {type(algorithm).__name__}; take one from algorithms()"
        )
    if algorithm.inputs != network.widths[0]:
        raise InputError(f"the algorithm has {algorithm.inputs} inputs but the network has {network.widths[0]}")
    return tuple(minimal_mappings(signatures(network, assignments(algorithm.inputs)), algorithm))


def align(network: Network, model: CausalModel) -> tuple[Placement, ...]:
    """The minimal placements of a causal model in a network with one output; empty when it is not aligned.

    Each gives every inner variable of the model a set of neurons of one hidden layer that agrees with it in every
    interchange; `everyhow.exchange.placements` also counts them, and asks whether one agrees jointly.

    Raises:
        InputError: the model's inputs and output are not those of the network, or not 0 and 1.

    Example:
        >>> import everyhow as eh
        >>> bits = [0, 1]
        >>> model = eh.CausalModel(
        ...     ["A", "B", "nand", "Y"], {"A": bits, "B": bits, "nand": bits, "Y": bits},
        ...     {"nand": ["A", "B"], "Y": ["A", "B", "nand"]},
        ...     {"nand": lambda a, b: 1 - a * b, "Y": lambda a, b, nand: (a | b) & nand},
        ... )
        >>> [str(placement) for placement in eh.align(eh.xornet(), model)]
        ['nand in layer 1: 2']
    """
    if not isinstance(model, CausalModel):
        raise InputError(f"a causal model is aligned, not {type(model).__name__}; mappings() places an algorithm")
    return tuple(placements(network, model))


def _behavior(network: Network, task: str | Task | Behavior | None, decision: Decision) -> Behavior:
    """What circuits are judged by: a Behavior as it is, else what the network decides, if the task fits it."""
    check_decision("paper", decision)
    wanted = task
    if not isinstance(wanted, Behavior):
        wanted = Behavior.of_network(network, assignments(network.widths[0]), decision)
    outputs = wanted.wanted.shape[1]
    if task is not None and not isinstance(task, Behavior):
        outputs = parse_task(task, network.widths[0]).outputs
    if outputs != network.widths[-1]:
        raise InputError(
            f"the task has {outputs} output(s) but the network has {network.widths[-1]}; "
            f"give one gate, formula or table per output, joined by commas"
        )
    return wanted
