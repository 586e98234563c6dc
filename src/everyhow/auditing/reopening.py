"""An audit taken up again from its run folder."""

import json
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from ..boolean.cost import CostModel
from ..boolean.truth_table import TruthTable
from ..common.arguments import quoted
from ..common.errors import FileFormatError, InputError, shortened
from ..kinds import model_from_document
from ..model.behavior import behavior_from_document
from ..model.task import Task
from .audit import Audit
from .explaining import audit, audit_behavior
from .provenance import DOCUMENT_DIGEST, document_digest
from .run_folder import read_audit
from .schema import WHOLE_BY_DATA, told_of_schema, without_redefined


def reopen(folder: str | Path, progress: bool = False) -> Audit:
    """The audit that a run folder holds, of a task or by data, with everything it found.

    audit.json holds counts and lists; what else there is to see follows from the network. So the audit is repeated with
    the options stored beside its counts, and takes as long again. What an earlier schema counted by another definition
    is found by the present one, and that is said among the audit's remarks.

    Args:
        folder: of the run, which `Audit.save` or `everyhow audit --out` wrote.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: something that is not a path.
        FileFormatError: audit.json is missing, is not an audit, or repeating the audit gives other counts.

    Example:
        >>> import tempfile
        >>> import everyhow as eh
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = eh.audit(eh.xornet(), "XOR").save(folder)
        ...     eh.load_audit(folder).counts["interpretations"]
        2
    """
    if not isinstance(folder, str | PathLike):
        raise InputError(f"the folder is {quoted(folder)}; give the path of the folder that everyhow audit --out wrote")
    path = Path(folder) / "audit.json"
    document = read_audit(path)
    try:
        found = _repeat_by_data(document, progress) if "behavior" in document else _repeat(document, progress)
        _check_same(path, document, found.document())
        _check_digest(path, document)
        return _as_stored(found, document)
    except FileFormatError:
        raise
    except (InputError, KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else shortened(error)
        raise FileFormatError(
            f"{path}: not an audit that can be repeated ({reason}); audit the network again"
        ) from None


def _check_digest(path: Path, document: dict[str, Any]) -> None:
    """Raises FileFormatError when a stored audit has a digest, and is not what it was taken of."""
    stated = document["provenance"].get(DOCUMENT_DIGEST)
    if stated is not None and stated != document_digest(document):
        raise FileFormatError(
            f"{path}: provenance.{DOCUMENT_DIGEST} is not the digest of the rest, so the file was changed after it was "
            f"written; everyhow verify tells more; audit the network again"
        )


def _repeat(document: dict[str, Any], progress: bool) -> Audit:
    options = dict(document["options"])
    tables = tuple(map(TruthTable.parse, options.pop("tables")))
    names = [part["task"] for part in document.get("outputs", [document])]
    costs = options.pop("costs")
    return audit(
        model_from_document(document),
        Task(tuple(map(str, names)), tables),
        document["preset"],
        decision=document["decision"] if document["preset"] == "paper" else None,
        depth=document["depth"],
        costs=None if costs is None else CostModel(**costs),
        progress=progress,
        **options,
    )


def _repeat_by_data(document: dict[str, Any], progress: bool) -> Audit:
    said, options = document["behavior"], dict(document["options"])
    behavior = behavior_from_document(said, document["decision"])
    costs = options.pop("costs", None)
    if costs is not None:
        options["costs"] = CostModel(**costs)
    return audit_behavior(model_from_document(document), behavior, progress=progress, **options)


def _stored_provenance(found: Mapping[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The versions, date and time that the file says; of one of an earlier schema also that it is one."""
    stored = document.get("provenance")
    told = told_of_schema(document["schema_version"]) if _has_readouts(document) else None
    return {
        **found,
        **(stored if isinstance(stored, dict) else {}),
        **({} if told is None else {"recounted": f"The audit was {told}. Here all of it is counted anew."}),
    }


def _has_readouts(document: dict[str, Any]) -> bool:
    """Whether population codes of any output were searched for explanations."""
    parts = [part.get("details") for part in document.get("outputs", [document])]
    found = [part.get("readouts") for part in parts if isinstance(part, dict)]
    layers = [layers.get("layers", ()) if isinstance(layers, dict) else layers for layers in found]
    return any("ladder" in layer for each in layers for layer in each or ())


def _as_stored(found: Audit, document: dict[str, Any]) -> Audit:
    """The audit with the versions, date and time that the file says."""
    parts = zip(found.outputs, document.get("outputs", []), strict=True)
    return replace(
        found,
        outputs=tuple(_as_stored(part, said) for part, said in parts),
        provenance=_stored_provenance(found.provenance, document),
    )


def _check_same(path: Path, stored: dict[str, Any], found: dict[str, Any]) -> None:
    """Raises FileFormatError at the first count, rung or verdict that differs."""
    pairs = [*zip(stored.get("outputs", [stored]), found.get("outputs", [found]), strict=True)]
    if "behavior" in stored and "outputs" in stored:
        pairs.append((stored, found))
    if "together" in stored and "together" in found:
        pairs.append((stored["together"], found["together"]))
    version = stored["schema_version"]
    for one, other in pairs:
        for part in ("counts", "ladder", "verdict"):
            said, now = (without_redefined(document.get(part, {}), version, part) for document in (one, other))
            for key, value in json.loads(json.dumps(now)).items():
                # By data, less was found before.
                if "behavior" in stored and version < WHOLE_BY_DATA and key not in said:
                    continue
                if said.get(key) != value:
                    shown = json.dumps(said.get(key))
                    raise FileFormatError(
                        f"{path}: {part} says {key} is {shown[:200]}, but the network stored there gives "
                        f"{json.dumps(value)}; the file was changed, or written by another version: audit again"
                    )
