"""What an audit was asked, and by what and when it was made: what of that follows from the rest, and what has to have a
certain form."""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from ..auditing.provenance import DOCUMENT_DIGEST, behavior_digest
from ..auditing.schema import BOUND, DISTURBED, EXACT, HEREDITARY, RELEASED, WHOLE_BY_DATA
from ..boolean.cost import CostModel
from ..boolean.gates import GATES
from ..common.errors import InputError
from ..model.task import parse_task
from ..network.network import Network
from .check import Check
from .comparing import Holds, Open, compared
from .observed import known_bits

TASK_KEYS = ("schema_version", "everyhow_version", "task", "preset", "decision", "depth", "options", "network")
DATA_KEYS = (
    "schema_version", "everyhow_version", "behavior", "decision", "options", "network", "counts", "ladder", "verdict",
    "capped", "beyond", "details",
)  # fmt: skip
COUNTED_KEYS = ("computes", "counts", "counts_exact", "ladder", "verdict", "capped", "details")
# Of audits before codes were disturbed.
OPTIONS = (
    "tables", "min_node_sparsity", "pair_order", "tolerance", "signals", "costs", "shown", "ablation",
    "epsilon", "within", "robust", "budget",
)  # fmt: skip
CIRCUIT_RUNGS = [
    "perfect", "resample_faithful", "resample_faithful_minimal", "resample_faithful_fewest_edges",
]  # fmt: skip
# Where the rung beside these is asked: edges, inputs and perfect circuits at most.
MOST_EDGES, MOST_INPUTS, MOST_PERFECT = 22, 64, 1_000_000
ABLATIONS = (None, "zero", "mean", "resample")
# Why what was given may be changed unnoticed by whoever makes the digest anew.
ANY_OTHER = "asked by a person; any other that gives the same answers would do"
BY_WHOM = "when and on what machine it was made is known from the file alone"
ELSEWHERE = "the model that the network was imported from is not here"
OWN_NAME = "a name of one's own, which no gate or formula has"


def check_schema(document: dict[str, Any]) -> Iterator[Check]:
    """The keys of a document, and its versions."""
    provenance = document["provenance"]
    bound = DOCUMENT_DIGEST in provenance
    if bound:
        known = [version for version in RELEASED if version >= BOUND]
        said = Holds(lambda version: version in known, f"one of {', '.join(map(str, known))}, which have a digest")
        yield compared("schema_version", "the file", document["schema_version"], said)
        yield compared("keys", "the file", sorted(document), sorted(_keys(document)))
    yield compared("everyhow_version", "provenance", document["everyhow_version"], provenance["everyhow"])


def _keys(document: dict[str, Any]) -> list[str]:
    if "behavior" in document:
        exact = ["counts_exact"] if document["schema_version"] >= EXACT else []
        return [*DATA_KEYS, *exact, "provenance", *(["outputs"] if "outputs" in document else [])]
    if "outputs" in document:
        together = ["together"] if document["preset"] == "paper" else []
        return [*TASK_KEYS, "outputs", *together, "provenance"]
    beyond = ["beyond"] if document["schema_version"] >= WHOLE_BY_DATA else []
    return [*TASK_KEYS, *COUNTED_KEYS, *beyond, "provenance"]


def asked_again(
    document: dict[str, Any], network: Network, whole: dict[str, Any] | None = None, output: int | None = None
) -> dict[str, Any]:
    """What has to stand where it says what was asked. Of one output of several, `whole` says it too."""
    found: dict[str, Any] = {"provenance": _provenance(document), "network": network.document()}
    if DOCUMENT_DIGEST in document["provenance"] and "ladder" in document and document.get("preset") != "authors":
        rungs = _rungs_of_circuits(document, network)
        parts = {"mappings", "algorithms", "circuits", "trivial"}
        if "behavior" in document and (document["schema_version"] < EXACT or known_bits(document, network) is None):
            parts = {"circuits"}
        said = f"{', '.join(sorted(parts))}, and the rungs {', '.join(rungs)}"
        found["ladder"] = Holds(lambda one: set(one) == parts and list(one["circuits"]) == rungs, said)
    if "behavior" in document:
        found["options"] = _data_options(document)
        if whole is not None:
            found |= {key: whole[key] for key in ("decision", "options")}
            wanted = [[row[output or 0]] for row in whole["behavior"]["wanted"]]
            found["behavior"] = whole["behavior"] | {"wanted": wanted}
        return found
    options = document["options"]
    found |= {"task": _task(document, network), "options": _task_options(document)}
    found["preset"] = Holds(lambda t: t in ("paper", "authors"), "paper or authors")
    found["decision"] = Holds(lambda t: t in ("threshold", "round"), "threshold or round", ANY_OTHER)
    if document["preset"] == "authors":
        found["decision"] = "round"
    if whole is not None:
        found |= {key: whole[key] for key in ("preset", "decision", "depth")}
        tables = whole["options"]["tables"]
        found["options"] = found["options"] | whole["options"] | {"tables": [tables[output or 0]]}
        if options.get("pair_order") is not None or "counts" not in document:
            found["options"]["pair_order"] = whole["options"]["pair_order"]
    elif "outputs" in document:
        names = [part["task"] for part in document["outputs"]]
        found["options"]["tables"] = [part["options"]["tables"][0] for part in document["outputs"]]
        found["task"] = ",".join(names) if all(isinstance(name, str) for name in names) else "names"
    return found


def _rungs_of_circuits(document: dict[str, Any], network: Network) -> list[str]:
    """The rungs that the ladder of circuits has to have, which follows from what was asked and counted."""
    said, edges = document["ladder"]["circuits"], sum(int((w != 0).sum()) for w in network.weights)
    inputs = len(document["behavior"]["points"]) if "behavior" in document else 2 ** network.widths[0]
    counted = all(type(said.get(rung)) is int for rung in CIRCUIT_RUNGS[:2])
    fits = edges <= MOST_EDGES and inputs <= MOST_INPUTS and document["schema_version"] >= HEREDITARY
    beside = ["hereditary"] if counted and fits and said["perfect"] <= MOST_PERFECT else []
    robust = [] if document["options"]["robust"] is None else ["robust"]
    return [*CIRCUIT_RUNGS[:2], *beside, *CIRCUIT_RUNGS[2:], *robust]


def _provenance(document: dict[str, Any]) -> dict[str, Any]:
    said = document["provenance"]
    version = Holds(lambda t: bool(re.fullmatch(r"\d+(\.\w+)*([+-][\w.]+)?", t)), "a version", BY_WHOM)
    found: dict[str, Any] = {
        "everyhow": version, "numpy": version, "numba": version, "python": version,
        "machine": Holds(lambda t: bool(re.fullmatch(r"\w[\w ./-]{0,40}", t)), "a machine", BY_WHOM),
        "finished": Holds(lambda t: datetime.fromisoformat(t).tzinfo is not None, "a date and time", BY_WHOM),
        "seconds": Holds(lambda n: type(n) in (int, float) and 0 <= n < 1e9, "a number of seconds", BY_WHOM),
        "network_sha256": Open(""),
    }  # fmt: skip
    if "recounted" in said:
        found["recounted"] = Holds(lambda t: "counted anew" in t, "that it was counted anew", BY_WHOM)
    if "origin" in said:
        found["origin"] = _origin(said["origin"])
    if DOCUMENT_DIGEST in said:
        found[DOCUMENT_DIGEST] = Open("")
    if "behavior" in document and (DOCUMENT_DIGEST in said or "behavior_sha256" in said):
        found["behavior_sha256"] = behavior_digest(document["behavior"])
    return found


def _origin(said: dict[str, Any]) -> dict[str, Any]:
    keys = ("source", "folded", "precision", "checked_on", "inputs_checked", "largest_difference",
            "allowed_difference", "decisions_changed", "ties", "largest_output_changed")  # fmt: skip
    words = {key: Holds(lambda v: True, "anything", ELSEWHERE) for key in keys}
    if said["decisions_changed"] > said["ties"]:
        words["ties"] = Holds(lambda v: False, f"at least {said['decisions_changed']}")
    return words


def _task(document: dict[str, Any], network: Network) -> Holds:
    tables, inputs = document["options"]["tables"], network.widths[0]

    def named(text: Any) -> bool:
        try:
            return [str(table) for table in parse_task(text, inputs).tables] == tables
        except InputError:
            base, _, suffix = text.partition(".")
            if base in GATES and suffix:
                known = {name: str(table) for name, table in GATES[base].tables()}
                return [known.get(text)] == tables
            return True

    def is_own() -> bool:
        try:
            parse_task(document["task"], inputs)
        except InputError:
            return "." not in str(document["task"])
        return False

    said = f"a task of the tables {', '.join(map(str, tables))}"
    return Holds(lambda t: isinstance(t, str) and bool(t) and named(t), said, OWN_NAME if is_own() else None)


def _number(low: float, high: float, open_ends: bool = False) -> Holds:
    def within(n: Any) -> bool:
        good = n is None or (type(n) in (int, float) and low <= n <= high)
        return good and not (open_ends and n in (low, high))

    return Holds(within, f"nothing, or a number from {low:g} to {high:g}", ANY_OTHER)


def _whole(least: int) -> Holds:
    return Holds(lambda n: n is None or (type(n) is int and n >= least), f"a whole number from {least}", ANY_OTHER)


def _disturbance(document: dict[str, Any]) -> dict[str, Holds]:
    """What may stand as the disturbance of codes, where the schema has it."""
    return {"disturbance": _number(0, 0.5, open_ends=True)} if document["schema_version"] >= DISTURBED else {}


def _costs() -> Holds:
    keys = {field.name for field in fields(CostModel)}
    return Holds(lambda c: c is None or (set(c) == keys and CostModel(**c) is not None), "prices")


def _task_options(document: dict[str, Any]) -> dict[str, Any]:
    said, paper = document["options"], document["preset"] == "paper"
    if paper:
        inside: Any = 0.0
    else:
        inside = Holds(lambda n: type(n) in (int, float) and 0 <= n < 1, "a share below 1", ANY_OTHER)
    found: dict[str, Any] = {
        "tables": Holds(lambda t: all(set(one) <= {"0", "1"} and one for one in t) and len(t) > 0, "tables"),
        "min_node_sparsity": inside,
        "pair_order": None,
        "tolerance": _number(0, 1, open_ends=True),
        "signals": _whole(1),
        **_disturbance(document),
        "costs": _costs(),
        "shown": Holds(_rows(len(said["tables"][0])), "rows, as digits"),
        "ablation": Holds(lambda a: a in ABLATIONS, "a kind of ablation", ANY_OTHER),
        "epsilon": _number(0, 1),
        "within": Holds(lambda n: n is None or (type(n) in (int, float) and n > 0), "a distance", ANY_OTHER),
        "robust": Holds(lambda n: n is None or (type(n) in (int, float) and n >= 0), "a radius", ANY_OTHER),
        "budget": Holds(lambda n: type(n) is int and n >= 1, "a whole number from 1", ANY_OTHER),
    }
    if not paper:
        order = document.get("counts", {}).get("pair_order")
        asked = (
            "tolerance",
            "signals",
            *_disturbance(document),
            "costs",
            "shown",
            "ablation",
            "epsilon",
            "within",
            "robust",
        )
        found |= dict.fromkeys(asked)
        inputs = len(said["tables"][0]).bit_length() - 1
        counted = "counts" in document
        found["pair_order"] = Holds(
            lambda t: sorted(t) == list("ABCDEF"[:inputs]) and (t == order or not counted), "the inputs in some order"
        )
    elif said["tolerance"] is not None and "details" in document:
        layers = document["details"]["readouts"]["layers"]
        if layers:
            found["tolerance"] = float(layers[0]["tolerance"])
    if paper and "ladder" in document and ("robust" in document["ladder"]["circuits"]) != (said["robust"] is not None):
        found["robust"] = Holds(lambda n: False, "what the ladder has")
    return found


def _rows(number: int):
    inputs = number.bit_length() - 1
    names = [format(row, f"0{inputs}b") for row in range(number)]

    def are_rows(rows: Any) -> bool:
        if rows is None:
            return True
        return isinstance(rows, list) and bool(rows) and rows == [name for name in names if name in rows]

    return are_rows


def _data_options(document: dict[str, Any]) -> dict[str, Any]:
    points = len(document["behavior"]["points"])

    def is_bits(rows: Any) -> bool:
        if rows is None:
            return True
        return len(rows) == points and all(bit in (0, 1) and type(bit) is int for row in rows for bit in row)

    found: dict[str, Any] = {
        "features": Holds(is_bits, "bits of each input", ANY_OTHER),
        "depth": Holds(lambda n: type(n) is int and 1 <= n <= 8, "a depth from 1 to 8", ANY_OTHER),
        "ablation": Holds(lambda a: a in ABLATIONS, "a kind of ablation", ANY_OTHER),
        "robust": Holds(lambda n: n is None or (type(n) in (int, float) and n >= 0), "a radius", ANY_OTHER),
        "tolerance": Holds(lambda n: type(n) in (int, float) and 0 < n < 1, "a number between 0 and 1", ANY_OTHER),
        "budget": Holds(lambda n: type(n) is int and n >= 1, "a whole number from 1", ANY_OTHER),
    }
    if document["schema_version"] < WHOLE_BY_DATA:
        return found
    explained = [layer for layer in document["details"]["readouts"] if "tolerance" in layer]
    if explained:
        found["tolerance"] = float(explained[0]["tolerance"])
    return found | {"signals": _whole(1), **_disturbance(document), "costs": _costs()}
