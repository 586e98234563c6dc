"""The single questions behind an audit, for whoever wants only one of them answered."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Literal

from .auditing.fitting import (
    are_classes,
    behavior_or_task,
    check_bits,
    check_decision,
    check_outputs,
    check_takes_tasks,
    classes_as_one,
)
from .boolean.algorithms import Algorithm
from .boolean.algorithms import algorithms as list_algorithms
from .circuit.circuits import Circuits
from .circuit.standing import Standing, standing
from .common.arguments import checked_budget, choice, instance, is_whole, quoted
from .common.budget import DEFAULT_BUDGET, Budget
from .common.errors import InputError
from .common.progress import Progress
from .importing.door import as_explained, as_model
from .interpretation.interpretations import Interpretations
from .interpretation.interpretations import interpretations as of_circuit
from .mapping.alignment import minimal_mappings
from .mapping.causal_models import CausalModel
from .mapping.grounds import ground_of
from .mapping.mapping import Mapping
from .mapping.patterns import Patterns
from .mapping.placements import Placement, placements
from .mapping.signatures import signatures
from .model.behavior import Behavior
from .model.circuit import Circuit
from .model.criterion import Ablation, check_ablation, perfect, resample_faithful
from .model.decision import Decision
from .model.explained import check_fits, check_said_once, one_for_two_classes
from .model.model import Model
from .model.reading import ReadingRule
from .model.runnable import one_of
from .model.task import parse_task


def circuits(
    network: Any,
    task: Any = None,
    criterion: Literal["perfect", "resample_faithful"] = "perfect",
    decision: Decision | None = None,
    *,
    ablation: Ablation = "zero",
    epsilon: float | None = None,
    within: float | None = None,
    grain: str | None = None,
) -> Circuits:
    """The circuits that decide as the network does: iterate over them, count them, or draw some.

    Args:
        network: the network; several outputs are judged together.
        task: what the network was meant to compute, which must fit it; as in an audit, circuits are judged by what
            the network does decide. A Behavior, or the path of a JSON file that holds one, is judged by the decisions
            that it wants.
        criterion: `perfect`, or `resample_faithful` (and also when removed edges carry what they carry at any input).
        decision: how outputs become bits; that of a Behavior, else `threshold`, when not given. By `argmax` two outputs
            are folded into their difference, as in an audit.
        ablation: what removed edges carry: `zero`, their `mean`; in `resample`, what they carry at any input; or, in
            `paired`, at the counterfactual input that the Behavior gives each.
        epsilon: the circuit error allowed, the weight of the inputs at which a circuit may decide otherwise; that of
            the Behavior, or 0, when not given.
        within: how near outputs must come to the network's, before the last activation; any distance when not given.
        grain: of a transformer, what a circuit is a set of: `edges-qkv`, `edges` or `nodes`.

    Raises:
        InputError: an unknown criterion, ablation or decision, or a task or Behavior that does not fit the network.

    Example:
        >>> import everyhow as eh
        >>> eh.circuits(eh.xornet(), "XOR").count().between
        (1, 1)
    """
    check_ablation(ablation)
    criteria = {"perfect": perfect, "resample_faithful": resample_faithful}
    choice("criterion", criterion, criteria, "criteria")
    network, wanted = _asked(_of_grain(network, grain), task, decision)
    network, wanted = one_for_two_classes(network, wanted)
    wanted = replace(
        wanted,
        epsilon=wanted.epsilon if epsilon is None else epsilon,
        within=wanted.within if within is None else within,
    )
    return Circuits(criteria[criterion](network, wanted, ablation))


def place(
    network: Any,
    task: Any,
    circuit: Circuit,
    decision: Decision | None = None,
    budget: int = DEFAULT_BUDGET,
    ablation: Ablation = "zero",
    progress: bool = False,
) -> Standing:
    """Where a circuit, perhaps found by another tool, stands among all circuits of its network.

    Args:
        network: the network; several outputs are judged together.
        task: as for `circuits`: the circuit is judged by what the network does decide; a Behavior by what it wants.
        circuit: the circuit; `everyhow.exchange.graph_json.read_graph` reads one from a graph of EAP-IG or MIB.
        decision: how outputs become bits; as for `circuits`, but that a circuit of two outputs keeps both.
        budget: candidate evaluations allowed for each search.
        ablation: what removed edges carry: `zero`, their `mean`, or, in `resample`, what they carry at any input.
        progress: show a bar, below the cell in a notebook and else on stderr. The three searches take as long as
            counting the circuits does.

    Raises:
        InputError: something that is not a circuit of this network, or a task that does not fit it.

    Example:
        >>> import everyhow as eh
        >>> print(eh.place(eh.xornet(), "XOR", eh.Circuit.whole(eh.xornet())))
        your circuit is the whole network, and no smaller circuit is perfect
    """
    check_ablation(ablation)
    instance(circuit, Circuit, "a Circuit", "everyhow.exchange.graph_json.read_graph reads one from a file")
    budget = checked_budget(budget)
    network, wanted = _asked(as_model(network), task, decision, circuit.graph.outputs == 2)
    if circuit.graph.outputs == 1:
        network, wanted = one_for_two_classes(network, wanted)
    with Progress(progress).doing("placing the circuit"):
        return standing(network, wanted, circuit, budget, ablation)


def interpretations(network: Any, circuit: Circuit, decision: Decision = "threshold") -> Interpretations:
    """The interpretations of one circuit over the truth table: iterate over them, count them, or draw some.

    An interpretation reads every neuron that varies as a bit, such that each is a function of the bits of its parents
    (paper, Def. 3). Two are the same when every neuron has the same truth table.

    Args:
        network: the network, or what `audit` would import.
        circuit: one of its circuits, from `eh.circuits`.
        decision: how outputs become bits: `threshold`, `round`, or `argmax` of two classes.

    Raises:
        InputError: something that is not a circuit or does not fit the network, or an unknown decision.

    Example:
        >>> import everyhow as eh
        >>> eh.interpretations(eh.xornet(), eh.Circuit.whole(eh.xornet())).count
        2
    """
    network = as_model(network)
    instance(circuit, Circuit, "a Circuit", "eh.circuits lists those of a network")
    check_decision("paper", decision)
    if network.outputs == 2 and are_classes(network, None if decision == "threshold" else decision):
        network, decision = network.folded(), "threshold"
    return of_circuit(network, circuit, rule=ReadingRule(decision=decision))


def algorithms(task: Any, depth: int) -> Iterator[Algorithm]:
    """Every algorithm of depth at most `depth` that computes a task of one output: a tree of AND-type gates, two being
    the same up to commutativity. They are made one by one, as the iterator is asked.

    Args:
        task: a gate, formula or truth table, as `eh.parse_task` takes it.
        depth: the most gates from an input to the output.

    Raises:
        InputError: an unknown task, one of several outputs, or a depth below 1.

    Example:
        >>> import everyhow as eh
        >>> sum(1 for _ in eh.algorithms("XOR", depth=3))
        250
    """
    parsed = parse_task(task)
    if not is_whole(depth, 1):
        raise InputError(f"depth is {quoted(depth)}; algorithms have a depth of at least 1")
    if parsed.outputs != 1:
        raise InputError(f"task {parsed.name} has {parsed.outputs} outputs; algorithms are listed for one output")
    return list_algorithms(parsed.tables[0], int(depth))


def mappings(
    network: Any, algorithm: Algorithm, behavior: Any = None, *, budget: int = DEFAULT_BUDGET, progress: bool = False
) -> tuple[Mapping, ...]:
    """The minimal mappings of an algorithm into a network with one output, or into the heads and MLPs of a transformer
    that answers with one of two classes; empty when it is not aligned.

    Args:
        network: the network or transformer, or a model or file that `audit` would import.
        algorithm: over the inputs of the network; over a behavior, over the bits known of its inputs.
        behavior: the inputs: a Behavior, or the path of a JSON file that holds one. The truth table of the network when
            not given; a transformer has none.
        budget: candidate evaluations allowed for the signatures over a behavior.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: network and algorithm have different numbers of inputs, or no bits are known of the inputs.
        BudgetError: the signatures take more than the budget.

    Example:
        >>> import everyhow as eh
        >>> [len(eh.mappings(eh.xornet(), algorithm)) for algorithm in eh.algorithms("XOR", depth=2)]
        [1, 0]
    """
    if not isinstance(algorithm, Algorithm):
        raise InputError(
            f"mappings are of one algorithm, not of {type(algorithm).__name__}; take one from algorithms()"
        )
    if behavior is not None:
        model, over = _over(network, behavior)
        with Progress(progress).doing("mappings"):
            return _mappings_over(model, over, algorithm, checked_budget(budget))
    network = as_model(network)
    check_takes_tasks(network)
    if network.outputs != 1:
        raise InputError(f"mappings are into networks of one output; this one has {network.outputs}: {one_of(network)}")
    if algorithm.inputs != network.features:
        raise InputError(f"the algorithm has {algorithm.inputs} inputs but the network has {network.features}")
    with Progress(progress).doing("mappings"):
        return tuple(minimal_mappings(signatures(network, network.corners), algorithm))


def _mappings_over(model: Model, behavior: Behavior, algorithm: Algorithm, budget: int) -> tuple[Mapping, ...]:
    ground = ground_of(model, behavior)
    if model.outputs != 1:
        raise InputError(
            f"an algorithm decides between two classes, and this behavior among {model.outputs}: give two classes, or "
            "a causal model (eh.align)"
        )
    known = 0 if behavior.bits is None else behavior.bits.shape[1]
    if algorithm.inputs != known:
        raise InputError(
            f"the algorithm has {algorithm.inputs} inputs but {known} bits are known of each input: give the behavior "
            "features, a row of bits for each input, in the order of the algorithm's"
        )
    return tuple(minimal_mappings(ground.signatures(Budget(budget)), algorithm, Patterns.of(behavior)))


def _over(network: Any, behavior: Any) -> tuple[Model, Behavior]:
    """A model and a behavior as they are explained, two classes being one output."""
    model = as_model(network)
    what = behavior_or_task(model, behavior)
    if not isinstance(what, Behavior):
        raise InputError(f"behavior is {quoted(behavior)}; give a Behavior, or the path of a JSON file that holds one")
    model, what = as_explained(model, what)
    return model, what  # type: ignore[return-value]


def align(
    network: Any,
    model: CausalModel,
    threshold: float | None = None,
    inputs: Iterable[float] | None = None,
    *,
    behavior: Any = None,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
) -> tuple[Placement, ...]:
    """The minimal placements of a causal model in a network with one output, or in the heads and MLPs of a transformer;
    empty when it is not aligned.

    Each gives every inner variable of the model a set of neurons of one hidden layer, or of heads and MLPs of any
    layers, that agrees with it in every interchange; `everyhow.mapping.placements` also counts them, and asks whether
    one agrees jointly.

    Args:
        network: the network or transformer, or a model or file that `audit` would import.
        model: the causal model. Over a truth table its inputs and its output are 0 and 1. Over a behavior its inputs
            are the bits known of each input, or the tokens at the positions where rows differ, and its output is 0 or
            1 (of two classes the second), or one of several classes.
        threshold: an output above it is read as 1; the network's own when not given.
        inputs: the two numbers by which each input stands for 0 and for 1; the network's own when not given.
        behavior: the inputs: a Behavior, or the path of a JSON file that holds one. The truth table of the network when
            not given; a transformer has none.
        budget: candidate evaluations allowed for the signatures over a behavior.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: the model's inputs and output are not those of the network, or of the behavior.
        BudgetError: the signatures take more than the budget.

    Example:
        >>> import everyhow as eh
        >>> bits = [0, 1]
        >>> model = eh.CausalModel(
        ...     ["A", "B", "nand", "Y"], {"A": bits, "B": bits, "nand": bits, "Y": bits},
        ...     {"nand": ["A", "B"], "Y": ["A", "B", "nand"]},
        ...     {"nand": lambda a, b: 1 - a * b, "Y": lambda a, b, nand: (a | b) & nand},
        ... )
        >>> [str(placement) for placement in eh.align(eh.xornet(), model)]
        ['nand in h1.2']
    """
    if not isinstance(model, CausalModel):
        raise InputError(f"a causal model is aligned, not {type(model).__name__}; mappings() places an algorithm")
    read = as_model(network, threshold, inputs)
    if behavior is None:
        check_takes_tasks(read)
        with Progress(progress).doing("placements"):
            return tuple(placements(read, model))
    read, over = _over(read, behavior)
    with Progress(progress).doing("placements"):
        return tuple(placements(read, model, over, checked_budget(budget)))


def _of_grain(network: Any, grain: str | None) -> Model:
    """The model, its circuits being sets of parts of a grain, where one is said."""
    model = as_model(network)
    return model if grain is None else model.at(grain)


def _asked(network: Model, task: Any, decision: str | None, keep: bool = False) -> tuple[Model, Behavior]:
    """The network as it is read, and what its circuits are judged by: a Behavior as it is, else what the network
    decides, if the task fits it. Two outputs that stand for two classes are folded into one, or, to `keep`, are not."""
    task = behavior_or_task(network, task)
    if isinstance(task, Behavior):
        check_said_once(task, decision)
        network = task.read(network)
        check_fits(network, task)
        return network, task
    check_takes_tasks(network)
    check_decision("paper", decision)
    parsed = None if task is None else parse_task(task, network.features)
    if parsed is not None and not (
        keep and (network.outputs, parsed.outputs) == (2, 1) and are_classes(network, decision)
    ):
        network, decision = classes_as_one(network, parsed, decision)
        check_outputs(network, parsed)
        check_bits(decision)
    usual = "argmax" if network.softmax else "threshold"
    wanted = Behavior.of_network(network, network.corners, decision or usual)  # type: ignore[arg-type]
    return network, wanted
