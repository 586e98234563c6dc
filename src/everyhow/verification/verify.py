"""Checking a stored audit: every value that can be found again by the slow, plain methods, whole or on samples; what
follows from others; and a digest that binds the rest."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..auditing.provenance import DOCUMENT_DIGEST, document_digest, network_digest
from ..auditing.run_folder import read_audit
from ..auditing.schema import COUNTED, EXACT, SINCE, told_of_schema
from ..common.errors import FileFormatError, InputError
from ..model.behavior import behavior_from_document
from ..network.documents import network_from_document
from ..network.network import Network
from . import plain
from .asked import OPTIONS, asked_again, check_schema
from .authors import authors_again
from .check import Check
from .circuit_runs import BOUNDARY, all_circuits_run
from .circuits import CircuitsAgain
from .comparing import Holds, Open, compared, left_open, shown
from .judging import verdict_of
from .large_spaces import check_large
from .mappings import check_mappings
from .observed import data_document, known_bits
from .output import Asked, OutputAgain
from .paper import behavior_for, task_document


@dataclass(frozen=True)
class Verification:
    """What was checked of a stored audit, what came out, and what was not checked.

    Attributes:
        checks: each with what the file says and what was found.
        unchecked: the paths of what was not found again, each with the reason; a digest binds them to the rest.
        bound: whether the file has that digest; audits of earlier versions have none.
    """

    checks: tuple[Check, ...]
    unchecked: tuple[str, ...] = ()
    bound: bool = True

    @property
    def agrees(self) -> bool:
        """Whether everything that was checked agrees."""
        return all(check.agrees for check in self.checks)

    def __str__(self) -> str:
        wrong = sum(not check.agrees for check in self.checks)
        return f"{len(self.checks)} checks, " + ("all agree" if not wrong else f"{wrong} do not agree")


def verify(folder: str | Path, seed: int = 0) -> Verification:
    """Check the audit in a run folder against its network by slow, plain methods. These share with the code
    that made the audit only how files and tasks are read, circuits drawn, and explanations named and priced.

    The audit is found again as a whole from the network and what was asked, and compared value by value. Of a large
    space some circuits are drawn, and the numbers are held to each other. Each check says what it went through; what
    was not checked is listed with the reason, and a digest of the whole document tells whether any of it was changed.

    Args:
        folder: what `everyhow audit --out` or `Audit.save` wrote; of any released schema.
        seed: of the samples.

    Raises:
        FileFormatError: there is no audit in the folder, or it lacks what every audit has.
    """
    path = Path(folder) / "audit.json"
    return verify_document(read_audit(path), path, seed)


def verify_document(document: dict[str, Any], path: Path, seed: int = 0) -> Verification:
    """What `verify` gives, for a document that was read from `path`."""
    try:
        unchecked: dict[str, str] = {}
        checks = tuple(_checks(document, seed, unchecked))
        if not all(check.agrees for check in checks) and _rounding_decides(document):
            checks = tuple(_without_rounded(checks, unchecked))
        listed = tuple(f"{path} ({reason})" for path, reason in unchecked.items())
        return Verification(checks, listed, DOCUMENT_DIGEST in document["provenance"])
    except FileFormatError:
        raise
    except (InputError, KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise FileFormatError(f"{path}: not an audit that can be checked ({reason}); audit the network again") from None


def _checks(document: dict[str, Any], seed: int, unchecked: dict[str, str]) -> Iterator[Check]:
    network = network_from_document(document)
    if document["schema_version"] == 1:
        # What the first schema did not ask, it asked as if nothing had been said.
        document = document | {"options": dict.fromkeys(OPTIONS) | document["options"]}
    yield from _digests(document, network)
    yield from check_schema(document)
    yield from compare_all("", document, asked_again(document, network), unchecked, GIVEN)
    if "behavior" in document:
        yield from _by_data("", document, network, seed, unchecked)
    elif "outputs" in document:
        yield from _several(document, network, seed, unchecked)
    else:
        yield from _part("", document, network, seed, unchecked)


def _rounding_decides(document: dict[str, Any]) -> bool:
    """Whether an audit reports ties, and rounding may reach further in its network than the 1e-9 of the plain
    methods."""
    if not any(map(_tells_ties, (document, *(document.get("outputs") or ())))):
        return False
    network = network_from_document(document)
    points, weights = network.corners, np.full(len(network.corners), 1 / len(network.corners))
    if "behavior" in document:
        points, weights = (np.array(document["behavior"][key]) for key in ("points", "weights"))
    runs = network.runs(points)
    reaches = any(after.steps or after.margin > BOUNDARY for after in map(runs.after, range(network.depth)))
    # Means of whole numbers are rounded too, unless there are as many as a power of two.
    means = np.concatenate([weights @ state for state in plain.run(network, points)])
    steps = any(name in ("step", "sign") for name in network.activations)
    return reaches or (steps and bool((1024 * means != np.round(1024 * means)).any()))


def _tells_ties(part: dict[str, Any]) -> bool:
    """Whether an audit of one output says that rounding decides something, or has a count between two numbers."""
    circuits = (part.get("details") or {}).get("circuits") or {}
    numbers = [*(circuits.get("by_ablation") or {}).values(), *(part.get("counts") or {}).values()]
    between = any(isinstance(number, list) for number in numbers)
    return between or any(word in reason for reason in part.get("capped") or () for word in TIED)


def _without_rounded(checks: Iterable[Check], unchecked: dict[str, str]) -> Iterator[Check]:
    """The checks without those that do not agree and may be decided by rounding, which are then told as unchecked."""
    for check in checks:
        # The name of a count says whether it is one number or two; where it is two, a rung is not asked.
        names = check.what.endswith(("counts keys", "ladder.circuits rungs"))
        is_named = names and check.scope == "the file"
        if check.agrees or (check.scope in (GIVEN, "the file", "the whole file") and not is_named):
            yield check
        else:
            unchecked[check.what] = "rounding decides it, further than the slow methods follow"


def _digests(document: dict[str, Any], network: Network) -> Iterator[Check]:
    stated = document["provenance"].get(DOCUMENT_DIGEST)
    if stated is not None:
        yield Check("digest of the document", "the whole file", stated, document_digest(document))
    yield Check("digest of the network", "the file", document["provenance"]["network_sha256"], network_digest(network))


def _given_of_output(
    document: dict[str, Any], network: Network, k: int, own: Network, unchecked: dict[str, str]
) -> Iterator[Check]:
    """What the audit of output `k`, of a network of its own, was given: that network, and what was asked of all."""
    name, part = f"outputs[{k}]", document["outputs"][k]
    yield Check(f"{name}: network", "the file", network_digest(network.output(k)), network_digest(own))
    for check in (*_digests(part, own), *check_schema(part)):
        yield Check(f"{name}: {check.what}", check.scope, check.stated, check.found)
    yield from compare_all(f"{name}.", part, asked_again(part, own, document, k), unchecked, GIVEN)


def _several(document: dict[str, Any], network: Network, seed: int, unchecked: dict[str, str]) -> Iterator[Check]:
    yield Check("outputs", "of the network", len(document["outputs"]), network.widths[-1])
    for k, part in enumerate(document["outputs"]):
        own = network_from_document(part)
        yield from _given_of_output(document, network, k, own, unchecked)
        yield from _part(f"outputs[{k}].", part, own, seed, unchecked)
    if "together" in document:
        said, options = document["together"], document["options"]
        exact = ["counts_exact"] if document["schema_version"] >= EXACT else []
        yield compared("together keys", "the file", sorted(said), ["circuits", "counts", *exact, "ladder", "verdict"])
        given = [document[key] for key in ("network", "decision", "options", "schema_version")]
        found = _together(_text([*given, list(said["ladder"]["circuits"])]))
        if found is None:
            behavior = behavior_for(network, document["decision"], options)
            part = said | {"options": options}
            for check in check_large(part, network, behavior, options["ablation"] or "zero", seed):
                yield Check(f"together.{check.what}", check.scope, check.stated, check.found)
            left = said["ladder"]["circuits"]
            if None not in left.values():
                again = {"where_then_what": verdict_of(left, f"all {said['counts']['circuits_in_space']:,} circuits")}
                yield compared("together.verdict", "the ladder", said["verdict"], again)
            yield from compare_all("together.", said, _exact(document, said), unchecked, "the counts")
            unchecked["together"] = "more circuits than are run one by one, but for the sums above"
        else:
            yield from compare_all(
                "together.",
                said,
                found(said) | _exact(document, said),
                unchecked,
                f"all {said['counts']['circuits_in_space']:,} circuits run",
            )


def _exact(document: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """The digits of counts, where the schema has them."""
    if document["schema_version"] < EXACT:
        return {}
    return {"counts_exact": {key: str(number) for key, number in said["counts"].items() if type(number) is int}}


def _part(prefix: str, part: dict[str, Any], network: Network, seed: int, unchecked: dict[str, str]) -> Iterator[Check]:
    if part["preset"] == "authors":
        found = authors_again(part, network)
        if part["schema_version"] < COUNTED:
            found = _of_schema(part, found, part["schema_version"])
        yield from compare_all(prefix, part, found, unchecked, "every circuit and every formula")
        return
    again = found_again(part)
    if again.circuits is None:
        behavior = again.asked.behavior
        for check in check_large(part, network, behavior, again.asked.ablation, seed):
            yield Check(prefix + check.what, check.scope, check.stated, check.found)
    if not again.places.affordable and "single" not in again.asked.uncounted:
        for check in check_mappings(part, network):
            yield Check(prefix + check.what, check.scope, check.stated, check.found)
    version = part["schema_version"]
    found = task_document(again, part)
    if version < COUNTED:
        found = _of_schema(part, found, version)
        unchecked["the rungs inert and transitive"] = str(told_of_schema(version))
    yield from compare_all(prefix, part, found, unchecked, None)


def _of_schema(said: dict[str, Any], found: dict[str, Any], version: int) -> dict[str, Any]:
    """What is found of an audit of an earlier schema, without what that lacks or defines otherwise."""
    reason = Open(f"defined otherwise by schema {version}")
    for path in [*(path for path, first in SINCE.items() if first > version), *FOLLOWING]:
        part: Any = found
        for key in path[:-1]:
            part = part.get(key, {}) if isinstance(part, dict) else {}
        if isinstance(part, dict) and path[-1] in part:
            part[path[-1]] = reason
    return _known(said, found)


def _known(said: Any, found: Any) -> Any:
    """What is found, without the keys that are not there in what is said."""
    if not isinstance(found, dict) or not isinstance(said, dict):
        return found
    return {key: _known(said[key], value) for key, value in found.items() if key in said}


# What follows from the rungs of mappings that were defined anew.
FOLLOWING = (("details", "mappings", "survivors", "inert"), ("details", "experiments"), ("details", "costs"))


def _by_data(
    prefix: str, document: dict[str, Any], network: Network, seed: int, unchecked: dict[str, str]
) -> Iterator[Check]:
    again = found_again(document)
    found = data_document(again, document) | _exact(document, document)
    if again.circuits is None:
        for check in check_large(document, network, again.asked.behavior, again.asked.ablation, seed):
            yield Check(prefix + check.what, check.scope, check.stated, check.found)
    yield from compare_all(prefix, document, found, unchecked, None)
    if "outputs" in document:
        yield Check(prefix + "outputs", "of the network", len(document["outputs"]), network.widths[-1])
    for k, part in enumerate(document.get("outputs", ())):
        own = network_from_document(part)
        yield from _given_of_output(document, network, k, own, unchecked)
        yield from _by_data(f"outputs[{k}].", part, own, seed, unchecked)


GIVEN = "what was asked"
# What an audit says of counts that rounding decides.
TIED = ("decision boundary", "rounding decides")
# What each part of an audit was found again by.
SCOPES = {
    "computes": "every row run",
    "counts": "found again, one by one",
    "counts_exact": "the counts",
    "ladder": "every rung, one by one",
    "verdict": "the ladder",
    "capped": "the counts",
    "details.circuits": "every circuit run",
    "details.interpretations": "every reading of the simplest circuit",
    "details.readouts": "every signal fitted, every set of signals tried",
    "details.experiments": "every interchange and trial run again",
    "details.costs": "every price again",
    "details.lesson": "every circuit and algorithm at the rows shown",
    "details.mappings": "every tree and every neuron set",
    "details.algorithms": "every tree and every neuron set",
    "beyond": "what was asked",
}


def compare_all(
    prefix: str, said: dict[str, Any], found: dict[str, Any], unchecked: dict[str, str], scope: str | None
) -> Iterator[Check]:
    """One check for each part of a document, of counts and rungs one for each number."""
    for key, value in found.items():
        if key not in said:
            yield Check(prefix + key, scope or SCOPES.get(key, "the file"), "nothing", "something")
            continue
        stated = said[key]
        if key == "ladder" and isinstance(value, Holds):
            yield compared(prefix + "ladder.circuits rungs", GIVEN, stated, value)
            continue
        for path, reason in left_open(stated, value, (key,)):
            unchecked.setdefault(prefix + _pattern(path), reason)
        if key in ("counts", "ladder", "verdict", "details") and isinstance(value, dict) and isinstance(stated, dict):
            yield from _each(prefix, key, stated, value, scope)
        elif not isinstance(value, Open):
            yield compared(prefix + key, scope or SCOPES.get(key, "the file"), stated, value)


def _each(prefix: str, part: str, stated: dict[str, Any], found: dict[str, Any], scope: str | None) -> Iterator[Check]:
    yield compared(f"{prefix}{part} keys", "the file", sorted(stated), sorted(found))
    for key, value in found.items():
        if key not in stated:
            continue
        own = scope or SCOPES.get(f"{part}.{key}", SCOPES.get(part, "the file"))
        if part == "ladder" and isinstance(value, dict) and isinstance(stated[key], dict):
            yield compared(f"{prefix}{part}.{key} rungs", "the file", list(stated[key]), list(value))
            for rung, number in value.items():
                if rung in stated[key] and not isinstance(number, Open):
                    yield compared(f"{prefix}{part}.{key}.{rung}", own, stated[key][rung], number)
        elif not isinstance(value, Open):
            name = key if part == "counts" else f"{part}.{key}"
            yield compared(prefix + name, own, stated[key], value)


def _pattern(path: tuple[Any, ...]) -> str:
    """A path without the numbers of items in lists."""
    return shown(tuple("[]" if isinstance(step, int) else step for step in path)).replace(".[]", "[]")


def found_again(part: dict[str, Any]) -> OutputAgain:
    """Everything of one output, found again from what was given: the network, the inputs and the options."""
    ladder, details = part["ladder"], part["details"]["circuits"]
    rungs = {key: list(ladder.get(key, ())) for key in ("mappings", "circuits")}
    uncounted = [rung for rung, number in ladder.get("mappings", {}).items() if number is None]
    kinds = (details["resample_faithful_minimal"], details["minimal"])
    # To go on with where the circuits are too many to be run.
    listed: list[Any] = next((one["listed"] for one in kinds if one and one["listed"]), [])
    given = ["network", "options", "decision", "depth", "schema_version", "behavior"]
    return _again(_text([{key: part[key] for key in given if key in part}, rungs, uncounted, listed]))


def _text(given: Any) -> str:
    return json.dumps(given, ensure_ascii=False)


@lru_cache(maxsize=8)
def _again(text: str) -> OutputAgain:
    given, rungs, uncounted, listed = json.loads(text)
    network, options, version = network_from_document(given["network"]), given["options"], given["schema_version"]
    kept = {key: tuple(one) for key, one in rungs.items()}
    by_data = "behavior" in given
    if by_data:
        known, depth = known_bits(given, network), options["depth"]
        behavior = replace(behavior_from_document(given["behavior"], given["decision"]), features=options["features"])
    else:
        known, depth = True, given["depth"]
        behavior = behavior_for(network, given["decision"], options)
    asked = Asked(
        network, behavior, by_data, depth, options, version, kept, known is not None, tuple(uncounted), tuple(listed)
    )
    return OutputAgain(asked)


@lru_cache(maxsize=8)
def _together(given: str) -> Any:
    """What is said of all outputs together, found again; None where the circuits are too many."""
    document, decision, options, version, rungs = json.loads(given)
    network = network_from_document(document)
    ablation = options["ablation"] or "zero"
    run = all_circuits_run(network, behavior_for(network, decision, options), ablation)
    if run is None:
        return None
    circuits = CircuitsAgain(run, ablation, options["robust"], options["budget"], version)
    return lambda said: {
        "counts": circuits.counts(said["counts"]),
        "ladder": {"circuits": circuits.survivors(rungs)},
        "verdict": {
            "where_then_what": circuits.verdict(rungs, said["verdict"]["where_then_what"]["reason"].split("; "))
        },
        "circuits": circuits.details(),
    }
