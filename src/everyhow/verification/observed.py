"""An audit by data, found again: what of it has to stand in audit.json."""

import itertools
from typing import Any

import numpy as np

from ..auditing.schema import EXACT, WHOLE_BY_DATA
from ..model.behavior import behavior_from_document
from ..network.network import Network
from . import plain
from .circuit_runs import Found, decided_as
from .circuits import CircuitsAgain, number_or_between
from .comparing import Holds, Open
from .output import OutputAgain
from .placing import TOO_MANY, is_open
from .reasons import forced_ties, still_open
from .trying import NOTHING_KNOWN

NEEDS_TRUTH_TABLE = "interpretations and experiments need the rows of a truth table as inputs"
# What was said until mappings by data had a ladder.
NEEDED_EARLIER = "interpretations, the ladder of algorithms and experiments need the rows of a truth table as inputs"
OF_EACH = "causal signatures and algorithms are of one output: see those of each output"
OF_CLASSES = "algorithms are placed in networks of one output; this one tells classes apart"
NO_FEATURES = "algorithms are placed by features, bits known of each input; none were given"
# So many combinations of bits may never occur.
MOST_OPEN_ROWS = 8
# What earlier schemas have of the counts of algorithms.
COUNTED_EARLIER = ("aligned_algorithms", "mappings")


def data_document(again: OutputAgain, said: dict[str, Any]) -> dict[str, Any]:
    """The audit by data as it has to stand in audit.json, its outputs aside; what `said` says is used only where the
    audit was not allowed to count, and for lists of names."""
    asked, whole = again.asked, again.asked.version >= WHOLE_BY_DATA
    counts, rungs, of_circuits, circuit_verdict = again.counted_circuits(said)
    if again.circuits is not None:
        counts |= _as_released(again.circuits, said["counts"])
    if not whole or asked.together:
        counts = {key: n for key, n in counts.items() if "interpretations" not in key}
    counts["distinct_causal_signatures"] = again.distinct(said["counts"]["distinct_causal_signatures"])
    ladder, verdict = {"circuits": rungs}, {"where_then_what": circuit_verdict}
    details: dict[str, Any] = {"circuits": of_circuits, "readouts": _layers(again), "mappings": None}
    if whole:
        details |= dict.fromkeys(("interpretations", "experiments", "costs", "algorithms"))
    if whole and not asked.together:
        details |= {"interpretations": again.read(said), "experiments": again.disputes, "costs": again.costs}
    if asked.placed:
        mapped = again.mappings(said)
        signatures = said["counts"]["distinct_causal_signatures"]
        known = "single" not in asked.uncounted if asked.version >= EXACT else signatures is not None
        if whole:
            counts |= mapped.counts
            details["algorithms"] = mapped.details
        elif known:
            counts |= {key: mapped.counts[key] for key in COUNTED_EARLIER}
        if asked.version >= EXACT:
            ladder |= mapped.ladder
            verdict["what_then_where"] = mapped.verdict
        if known:
            details["mappings"] = again.places.by_algorithm() if again.places.affordable else Open(TOO_MANY)
    return {
        "counts": counts,
        "ladder": ladder,
        "verdict": verdict,
        "capped": _capped(again, said),
        "beyond": _beyond(again, said),
        "details": details,
    }


def known_bits(document: dict[str, Any], network: Network) -> list[list[int]] | None:
    """The bits of each input that algorithms are over: the features, or the inputs' own bits where these are the rows
    of a truth table; None where no algorithm is looked for."""
    if network.widths[-1] > 1:
        return None
    bits, behavior = document["options"]["features"], behavior_from_document(document["behavior"], document["decision"])
    if document["schema_version"] < EXACT:
        return bits
    if bits is None and behavior.is_truth_table:
        bits = [list(map(int, row)) for row in itertools.product((0, 1), repeat=behavior.points.shape[1])]
    wanted = np.asarray(behavior.wanted)[:, 0].tolist()
    return None if bits is None or is_open(bits, wanted, MOST_OPEN_ROWS) else bits


def _as_released(circuits: CircuitsAgain, said: dict[str, Any]) -> dict[str, Any]:
    """The circuits that use every input, and those that the released code would look at."""
    run, network, behavior = circuits.run, circuits.run.network, circuits.run.behavior
    found: dict[str, Any] = {}
    using = np.array([
        {i for parents in c[0] for i in parents} == set(range(network.widths[0])) for c in run.circuits
    ], bool)  # fmt: skip
    if "circuits_using_every_input" in said:
        found["circuits_using_every_input"] = int(using.sum())
        right = run.right(circuits.asked) & Found(using, using, using)
        found["perfect_circuits_using_every_input"] = number_or_between(right)
    if "circuits_in_authors_space" in said:
        few = np.array([any(not parents for layer in c[:-1] for parents in layer) for c in run.circuits], bool)
        chosen = [run.circuits[k] for k in np.flatnonzero(using & few).tolist()]
        found["circuits_in_authors_space"] = len(chosen)
        ends = [np.zeros(0, bool)] * 3
        if chosen:
            outputs, _ = plain.run_many(network, behavior.points, chosen)
            weights = np.asarray(behavior.weights)
            good = decided_as(outputs, np.asarray(behavior.wanted), "round", 0.5)
            ends = [(~which) @ weights <= 0.01 - 1e-9 + 1e-12 for which in good]
        found["accurate_circuits_in_authors_space"] = number_or_between(Found(*ends))
    return found


def _layers(again: OutputAgain) -> list[dict[str, Any]]:
    read = again.readouts
    return [
        layer.document_by_data() | (layer.explanations() if read.explained else {}) for layer in read.layers
    ]  # fmt: skip


def _beyond(again: OutputAgain, said: dict[str, Any]) -> list[Any]:
    """What has no answer: of interpretations, of algorithms, of readouts, then of each output."""
    asked, features = again.asked, again.asked.options["features"]
    if asked.version < WHOLE_BY_DATA:
        earlier = asked.version < EXACT
        found: list[Any] = [NEEDED_EARLIER if earlier else NEEDS_TRUTH_TABLE]
        if asked.network.widths[-1] > 1 and not asked.together and earlier and features is None:
            return found
        return [*found, *_unplaced(again)]
    of_outputs = [f"output {k}: {text}" for k, part in enumerate(said.get("outputs", ())) for text in part["beyond"]]
    own = [*_unplaced(again), *again.readouts.beyond]
    if not asked.together:
        unknown = again.experiments is None and NOTHING_KNOWN in said["beyond"]
        experiments = again.experiments.beyond if again.experiments else (NOTHING_KNOWN,) * unknown
        own = [*again.interpretations.beyond, *own, *experiments]
    return list(dict.fromkeys([*own, *of_outputs]))


def _unplaced(again: OutputAgain) -> list[Any]:
    """Why no algorithm is looked for."""
    asked = again.asked
    if asked.together:
        return [OF_EACH]
    if asked.network.widths[-1] > 1:
        return [OF_CLASSES]
    if asked.placed:
        return []
    if asked.options["features"] is None:
        return [NO_FEATURES]
    return [Holds(lambda text: isinstance(text, str) and bool(text), "why no function is wanted", "in words")]


def _capped(again: OutputAgain, said: dict[str, Any]) -> Any:
    """Why something was not counted: what the budget did not allow, then ties."""
    asked, circuits, whole = again.asked, again.circuits, again.asked.version >= WHOLE_BY_DATA
    read = again.interpretations if whole and not asked.together else None
    refused = list(circuits.refused) if circuits else []
    refused += [*(read.refused if read else ()), *(again.readouts.refused if whole else again.readouts.beyond)]
    signatures = said["counts"]["distinct_causal_signatures"]
    unread = again.readouts.explained and any(layer.codes is None for layer in again.readouts.layers)
    unknown = circuits is None or asked.uncounted or unread or (signatures is None and not asked.together)
    if unknown or "outputs" in said or not again.signatures.affordable:
        held = "why something was not counted is told in words"
        are_texts = lambda t: isinstance(t, list) and all(isinstance(one, str) and one for one in t)  # noqa: E731
        return Holds(lambda t: are_texts(t) and all(one in t for one in refused), "reasons", held)
    assert circuits is not None
    ties = again.tied_signatures
    if asked.version < EXACT:
        ties = [tie.removesuffix(", so that rounding decides them") for tie in ties]
    capped = said["capped"]
    of_readouts = again.readouts.ties if whole else ()
    return [*refused, *circuits.ties, *still_open(capped), *ties, *forced_ties(capped), *of_readouts]
