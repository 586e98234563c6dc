"""An audit of a task, found again: what of one output has to stand in audit.json."""

from typing import Any

import numpy as np

from ..auditing.schema import WHOLE_BY_DATA
from ..boolean.gates import name_of
from ..boolean.truth_table import TruthTable
from ..model.behavior import Behavior
from ..network.network import Network
from . import plain
from .comparing import Holds
from .learning import lesson_again
from .output import OutputAgain
from .reasons import are_reasons, covers, forced_ties, still_open


def behavior_for(network: Network, decision: Any, options: dict[str, Any]) -> Behavior:
    """What the network decides at every row, with the error and the distance that were allowed."""
    points = plain.corners(network)
    outputs = plain.run(network, points)[-1]
    level: Any = network.threshold
    wanted = np.array([plain.chosen(row, decision, level) for row in outputs]) == 1
    return Behavior(
        points, np.ones(len(points)), wanted, options.get("epsilon") or 0.0, options.get("within"),
        decision, None, network.input_values,
    )  # fmt: skip


def task_document(again: OutputAgain, said: dict[str, Any]) -> dict[str, Any]:
    """The audit of one output of a task, as it has to stand in audit.json; what `said` says is used only where the
    audit was not allowed to count, and for lists of names."""
    asked = again.asked
    counts, rungs, of_circuits, circuit_verdict = again.counted_circuits(said)
    mapped = again.mappings(said)
    counts |= mapped.counts
    counts["distinct_causal_signatures"] = again.distinct(said["counts"]["distinct_causal_signatures"])
    table = "".join(str(int(bit)) for bit in np.asarray(asked.behavior.wanted)[:, 0])
    lesson, unlearned = _lesson(again, table)
    ladder = mapped.ladder | {"circuits": rungs}
    return {
        "computes": _computes(table, asked.options["tables"][0]),
        "counts": counts,
        "counts_exact": {key: str(n) for key, n in said["counts"].items() if type(n) is int},
        "ladder": {key: ladder[key] for key in ("mappings", "algorithms", "circuits", "trivial") if key in ladder},
        "verdict": {"what_then_where": mapped.verdict, "where_then_what": circuit_verdict},
        "capped": _capped(again, said, unlearned),
        **({"beyond": _beyond(again)} if asked.version >= WHOLE_BY_DATA else {}),
        "details": {
            "circuits": of_circuits,
            "interpretations": again.read(said),
            "readouts": {"layers": [one.document() for one in again.readouts.layers if again.readouts.explained]},
            "experiments": again.disputes,
            "costs": again.costs,
            "lesson": lesson,
            "mappings": mapped.details,
        },
    }


def _lesson(again: OutputAgain, computes: str) -> tuple[Any, list[str]]:
    """What fits the rows that were shown, and what the budget did not allow."""
    asked = again.asked
    run = None if again.circuits is None else again.circuits.run
    return lesson_again(
        asked.network, asked.options["tables"][0], computes, asked.behavior.decision, asked.depth,
        asked.options["shown"], asked.budget, run,
    )  # fmt: skip


def _computes(table: str, task: str) -> dict[str, Any]:
    """What the network computes, and where that is not the task."""
    inputs = len(task).bit_length() - 1
    differs = [format(k, f"0{inputs}b") for k in range(len(table)) if table[k] != task[k]]
    return {"table": table, "name": name_of(TruthTable.parse(table)), "differs_from_task_at": differs}


def _beyond(again: OutputAgain) -> list[str]:
    """What has no answer: of interpretations, then of readouts."""
    return [*again.interpretations.beyond, *again.readouts.beyond]


def _capped(again: OutputAgain, said: dict[str, Any], unlearned: list[str]) -> Any:
    """Why something was not counted: refusals, what has no answer, then ties."""
    stated, circuits, read = said["capped"], again.circuits, again.interpretations
    if circuits is None or again.asked.uncounted or not again.places.affordable:
        held = "why something was not counted, in words"
        fits = lambda texts: are_reasons(texts, again.asked.budget) and covers(texts, said)  # noqa: E731
        return Holds(fits, "what the verdicts say", held)
    refused = [*circuits.refused, *read.refused]
    ties = [*circuits.ties, *still_open(stated), *again.tied_signatures, *forced_ties(stated), *again.readouts.ties]
    if again.asked.version < WHOLE_BY_DATA:
        return [*refused, *again.readouts.beyond, *again.readouts.refused, *unlearned, *read.beyond, *ties]
    return [*refused, *again.readouts.refused, *unlearned, *_beyond(again), *ties]
