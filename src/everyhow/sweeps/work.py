"""The work of one block: its networks trained, explained, and told as rows. Pure: nothing is written."""

import json
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from ..auditing.asked import Questions
from ..auditing.findings import Findings, count_explanations, read_layers
from ..auditing.fitting import Preset
from ..auditing.provenance import network_digest
from ..authors import findings as authors
from ..authors.findings import AuthorsFindings
from ..boolean.gates import name_of
from ..circuit.overlap import jaccard
from ..common.errors import EveryhowError, InputError
from ..common.progress import Progress
from ..common.threads import one_thread
from ..experiment.ranking import cheapest_mappings
from ..mapping.findings import RUNGS as MAPPING_RUNGS
from ..model.behavior import Behavior
from ..model.criterion import perfect
from ..model.model import Model
from ..model.task import Task
from ..readout.readouts import RUNGS as READOUT_RUNGS
from ..training import train_each
from ..training.trained import Trained
from ..training.untrained import untrained
from .models import Explained
from .plan import Block
from .settings import LATER, Setting, flat

ENOUGH_ACCURACY = 0.99
# Overlaps are those of all pairs of perfect circuits up to so many circuits, else of a sample of so many.
OVERLAPPING, OVERLAPPING_SAMPLE = 500, 200
OVERLAP_BINS = 20
REASONS_JOINED_BY = " | "
# What of the released code's counts are not one number.
NOT_NUMBERS = ("interpretations_per_circuit", "mappings_per_formula", "pair_order", "min_node_sparsity")
# PyTorch's number of threads is the whole process's.
_ONE_AT_A_TIME = threading.Lock()
# The blocks that this process has computed.
_DONE: list[int] = []


@dataclass(frozen=True)
class Spent:
    """What a block took; not part of its results.

    Attributes:
        training: seconds of a processor.
        explaining: seconds of a processor.
        seconds: from its beginning to its end.
        first: whether it was the first of its process, which loads what others find there.
    """

    training: float
    explaining: float
    seconds: float
    first: bool


@dataclass(frozen=True)
class BlockResult:
    """What a block gives.

    Attributes:
        rows: one per network, checkpoint, output and preset; see `store.COLUMNS`.
        networks: the content of each network file, by name.
        spent: what it took, where that was measured.
    """

    rows: tuple[dict[str, Any], ...]
    networks: dict[str, bytes]
    spent: Spent | None = None


@dataclass(frozen=True)
class _Candidate:
    """A network with what training says of it; `epoch` only for checkpoints, no network where training ended before.
    The task is that of its kind of model."""

    replicate: int
    trained: Trained[Any]
    network: Model | None
    task: Any
    epoch: int | None
    loss: float | None
    accuracy: float | None
    name: str


def run_block(block: Block, asked_by: str | None = None) -> BlockResult:
    """Train and explain the networks of a block, in one thread, so that results depend on the block alone.

    Args:
        block: what to do.
        asked_by: the version of everyhow that asks; no other may answer.

    Raises:
        InputError: this is another version.
    """
    if asked_by not in (None, version("everyhow")):
        raise InputError(
            f"a worker has everyhow {version('everyhow')}, this is {asked_by}; install the same version there"
        )
    from ..training.stacked import in_one_thread

    with _ONE_AT_A_TIME, one_thread(), in_one_thread():
        began, before = time.perf_counter(), time.process_time()
        candidates = list(_candidates(block))
        trained = time.process_time()
        rows = [row for candidate in candidates for row in _rows(block, candidate)]
        first = not _DONE
        _DONE.append(block.index)
        spent = Spent(trained - before, time.process_time() - trained, time.perf_counter() - began, first)
    kind = block.setting.kind
    contents = {f"{c.name}{kind.ending}": kind.content(c.network) for c in candidates if c.network}
    return BlockResult(tuple(rows), contents, spent)


def _candidates(block: Block) -> Iterator[_Candidate]:
    """Every network of the block and its checkpoints."""
    setting = block.setting
    seeds = [setting.seed(replicate) for replicate in block.stack]
    tasks = [setting.task_of(seed) for seed in seeds]
    if setting.origin == "untrained":
        results = [untrained(task, seed, setting.training) for task, seed in zip(tasks, seeds, strict=True)]
    else:
        results = train_each(tasks, seeds, setting.training)
    for replicate, task, result in zip(block.stack, tasks, results, strict=True):
        if replicate not in block.replicates:
            continue
        name = setting.identity(replicate)
        reached = {kept.epoch: kept for kept in result.checkpoints}
        for epoch in setting.training.checkpoints:
            kept = reached.get(epoch)
            found = (None, None, None) if kept is None else (kept.network, kept.loss, kept.accuracy)
            yield _Candidate(replicate, result, found[0], task, epoch, *found[1:], f"{name}-{epoch}")
        if not setting.training.checkpoints:
            yield _Candidate(replicate, result, result.network, task, None, result.loss, result.accuracy, name)


def _rows(block: Block, candidate: _Candidate) -> Iterator[dict[str, Any]]:
    setting = block.setting
    network = candidate.network
    head = {
        "point": block.point,
        "replicate": candidate.replicate,
        "identity": setting.identity(candidate.replicate),
        "seed": setting.seed(candidate.replicate),
        **{key: _plain(value) for key, value in flat(setting).items()},
        "network": None if network is None else f"{candidate.name}{setting.kind.ending}",
        "network_sha256": None if network is None else network_digest(network),
        "trained_task": candidate.task.name,
        "epoch": candidate.trained.epochs if candidate.epoch is None else candidate.epoch,
        "loss": candidate.loss,
        "accuracy": candidate.accuracy,
        "converged": candidate.trained.converged,
        "held_out": None if candidate.epoch is not None else candidate.trained.held_out,
        "behavior": setting.behavior[0] if setting.behavior else None,
    }
    refusal = _refusal(setting, candidate)
    for index, name in enumerate(setting.kind.outputs(candidate.task)):
        for preset in block.presets:
            started = time.perf_counter()
            row = head | {"output": index, "output_task": name, "preset": preset}
            row |= dict.fromkeys(key for key in setting.foreign([preset]) if key in LATER)
            if network is None or refusal:
                row |= {"status": "not kept", "reason": refusal}
            else:
                row |= _explained(block, network, candidate.task, index, preset)
            yield row | {"seconds": time.perf_counter() - started}


def _plain(value: object) -> Any:
    """Lists as text joined by commas, as they stand in a plan."""
    return ",".join(map(str, value)) if isinstance(value, list) else value


def _refusal(setting: Setting, candidate: _Candidate) -> str | None:
    """Why a network is not explained, in words; None when it is."""
    if candidate.accuracy is None:
        return f"training ended after {candidate.trained.epochs} epochs, before this checkpoint"
    if setting.keep == "all":
        return None
    accuracy = f"its accuracy is {candidate.accuracy:.3g}"
    if setting.keep == "accurate":
        return None if candidate.accuracy >= ENOUGH_ACCURACY else accuracy
    if not candidate.trained.converged:
        return candidate.trained.reason
    return None if candidate.accuracy >= ENOUGH_ACCURACY else f"{candidate.trained.reason}, but {accuracy}"


def _explained(block: Block, network: Model, task: Any, output: int, preset: Preset) -> dict[str, Any]:
    """What a preset finds of one output; an error becomes a row with its reason, unless it is the machine's."""
    try:
        asked = block.setting.questions(preset)
        part = block.setting.kind.explained(network, task, output, asked, preset)
        table = part.computes
        computes = {} if table is None else {"computes": str(table), "computes_name": name_of(table)}
        found = (
            _by_paper(block, part, asked) if preset == "paper" else _by_authors(block, part, task.output(output), asked)
        )
        return {"status": "explained", **computes, **found}
    except EveryhowError as error:
        return {"status": "failed", "reason": str(error)}
    except (MemoryError, OSError):
        raise
    except Exception as error:  # a network that cannot be explained must not cost its block
        return {"status": "failed", "reason": f"internal failure: {type(error).__name__}: {error}"}


def _by_paper(block: Block, part: Explained, asked: Questions) -> dict[str, Any]:
    network, behavior = part.model, part.behavior
    found = count_explanations(
        network, behavior, part.depth, block.budget, Progress(False), block.exact_up_to, asked.circuits
    )
    codes, uncounted = _codes(network, behavior, asked, block.budget)
    counts = _bracketed(found)
    estimate = found.interpretations and found.interpretations.estimate
    survivors = {f"{kind}_{rung}": number for kind, rungs in found.ladder.items() for rung, number in rungs.items()}
    return {
        "explained_depth": part.depth,
        "decision": behavior.decision,
        **_as_doubles(counts),
        **({} if estimate is None else {f"interpretations_{key}": value for key, value in _interval(estimate).items()}),
        **_as_doubles(survivors),
        **{
            f"{strategy}_{piece}": getattr(verdict, piece)
            for strategy, verdict in found.verdict.items()
            for piece in ("status", "criterion", "reason")
        },
        **_overlap(network, behavior, found),
        **_cheapest(found, asked),
        **codes,
        "counts_exact": _digits(counts | survivors),
        "capped": REASONS_JOINED_BY.join((*block.setting.kind.reasons(found.notes), *uncounted)) or None,
    }


def _cheapest(found: Findings, asked: Questions) -> dict[str, Any]:
    """The mappings of least price among those that pass every rung, where the plan gives prices."""
    last = found.mappings and found.mappings.survivors.get(MAPPING_RUNGS[-1])
    if asked.costs is None or last is None:
        return {}
    cheapest = cheapest_mappings(last, asked.prices)
    return {"mappings_cheapest": len(cheapest), "algorithms_cheapest": len({mapping.algorithm for mapping in cheapest})}


def _codes(network: Model, behavior: Behavior, asked: Questions, budget: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The population codes of each hidden layer, where the plan asks for them: by a tolerance, signals, a
    disturbance or prices. And what of them was not counted exactly."""
    if (asked.tolerance, asked.signals, asked.disturbance, asked.costs) == (None,) * 4:
        return {}, ()
    found = read_layers(network, behavior, asked, budget)
    if not found.layers and not found.notes.all:
        return {}, ()
    by_rung = {f"codes_{rung}": [_double(layer.survivors[rung]) for layer in found.explained] for rung in READOUT_RUNGS}
    readable = [float(len(layer.signals)) for layer in found.explained]
    return {"codes_readable": readable, **by_rung}, found.notes.all


def _digits(counts: dict[str, int | None]) -> str:
    """The counts in full, as JSON; those of more than four thousand digits in hexadecimal ones."""
    return json.dumps({k: str(n) if n.bit_length() < 13_000 else hex(n) for k, n in counts.items() if n is not None})


def _as_doubles(counts: dict[str, int | None]) -> dict[str, float | None]:
    """The counts as the columns hold them; infinite where a double does not reach so far."""
    return {key: _double(n) for key, n in counts.items()}


def _double(number: int | None) -> float | None:
    return number if number is None else float(number) if number.bit_length() < 1024 else math.inf


def _bracketed(found: Findings | AuthorsFindings) -> dict[str, Any]:
    """The counts that are numbers, with both ends of those of circuits, which are one unless some are tied."""
    ends = {"perfect_circuits": found.number}
    if isinstance(found, Findings) and found.circuits.robust is not None:
        ends["robust_circuits"] = found.circuits.robust.count
    left_out = (*NOT_NUMBERS, *(f"{key}_between" for key in ends), "robust_circuits", "perfect_circuits_estimated")
    rest = {key: value for key, value in found.counts.items() if key not in left_out}
    between = {f"{key}_{end}": getattr(count, end) for key, count in ends.items() for end in ("low", "high")}
    return {"perfect_circuits": None} | rest | between


def _interval(estimate: Any) -> dict[str, float]:
    return {"estimate": estimate.value, "estimate_low": estimate.low, "estimate_high": estimate.high}


def _overlap(network: Model, behavior: Behavior, found: Findings) -> dict[str, Any]:
    """How the perfect circuits overlap, pair by pair, and which edges all or none of them use."""
    perfect_count = found.circuits.perfect
    if perfect_count is None or perfect_count.between[0] < 2 or not network.listable:
        return {}
    search = network.search(perfect(network, behavior, found.circuits.asked.ablation))
    number = perfect_count.between[1]
    circuits = tuple(search.circuits()) if number <= OVERLAPPING else search.sample(OVERLAPPING_SAMPLE)
    shares = jaccard(circuits)[np.triu_indices(len(circuits), 1)]
    # Overlaps are fractions: one that is the edge of two bins, up to rounding, is in the upper.
    bins = np.minimum((shares * OVERLAP_BINS + 1e-9).astype(int), OVERLAP_BINS - 1)
    histogram = np.bincount(bins, minlength=OVERLAP_BINS)
    usage = found.circuits.usage
    roles = [] if usage is None else [usage.role(edge) for edge in usage.edges]
    return {
        "overlap_mean": float(shares.mean()),
        "overlap_histogram": (histogram / len(shares)).tolist(),
        "overlap_circuits": len(circuits),
        "edges": len(network.graph.edges),
        **({} if usage is None else {"core_edges": roles.count("core"), "unused_edges": roles.count("never")}),
    }


def _by_authors(block: Block, part: Explained, task: Task, asked: Questions) -> dict[str, Any]:
    order = asked.order(task.inputs)
    found = authors.explain(part.model, task, part.depth, asked.min_node_sparsity, order, block.budget, Progress(False))
    counts = _bracketed(found)
    return {
        "explained_depth": part.depth,
        "decision": "round",
        **_as_doubles(counts),
        "pair_order": order,
        "counts_exact": _digits(counts),
        "capped": REASONS_JOINED_BY.join(found.notes.all) or None,
    }
