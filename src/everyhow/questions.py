"""The single questions behind an audit, for whoever wants only one of them answered."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from .behavior import Behavior, Decision, Task, parse_task
from .boolean.algorithms import Algorithm
from .boolean.algorithms import algorithms as list_algorithms
from .boolean.truth_table import assignments
from .circuits.circuit import Circuit
from .circuits.circuits import Circuits
from .circuits.criterion import Ablation, check_ablation, perfect, resample_faithful
from .errors import InputError
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
    check_decision("paper", decision)
    check_ablation(ablation)
    if isinstance(task, Behavior):
        wanted = task
    else:
        wanted = Behavior.of_network(network, assignments(network.widths[0]), decision)
    wanted = replace(
        wanted,
        epsilon=wanted.epsilon if epsilon is None else epsilon,
        within=wanted.within if within is None else within,
    )
    outputs = wanted.wanted.shape[1]
    if task is not None and not isinstance(task, Behavior):
        outputs = parse_task(task, network.widths[0]).outputs
    if outputs != network.widths[-1]:
        raise InputError(
            f"the task has {outputs} output(s) but the network has {network.widths[-1]}; "
            f"give one gate, formula or table per output, joined by commas"
        )
    criteria = {"perfect": perfect, "resample_faithful": resample_faithful}
    if criterion not in criteria:
        raise InputError(f"unknown criterion {criterion!r}; the criteria are {' and '.join(criteria)}")
    return Circuits(criteria[criterion](network, wanted, decision, ablation))


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
