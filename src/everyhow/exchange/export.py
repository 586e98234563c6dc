"""The explanations of an audit as files for other tools."""

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from ..auditing.audit import Audit
from ..auditing.findings import Findings
from ..common.errors import InputError
from ..common.files import write_atomically, writing_folder
from ..mapping.mapping import Mapping
from ..model.circuit import Circuit
from ..model.model import Model
from ..network.network import Network
from .graph_json import write_graph
from .interventions import mapping_to_interventions

# Mappings that no rung but the first sorts may be very many; so many of them are written.
MOST_MAPPINGS = 1000


def export_audit(audit: Audit, folder: str | Path) -> dict[str, int | None]:
    """Write the minimal circuits, the minimal resample-faithful circuits and the surviving mappings of an audit.

    In `folder`: `minimal/1.json`, ... and `resample-faithful-minimal/1.json`, ... hold one graph each, fewest edges
    first, and `mappings/1.json`, ... one mapping each: those left by the strictest rung that any passes, at most 1,000
    of those that only the first sorts. An audit of several outputs writes the same into `output-0`, `output-1`, ...

    Returns:
        By folder, how many there are, written or not; None where the audit did not find them all, and of mappings into
        other models than networks.

    Raises:
        InputError: the audit is of the preset authors, which lists no circuits; or the folder is not empty.
        FileFormatError: the folder cannot be written to.
    """
    target = writing_folder(folder)
    if any(target.iterdir()):
        raise InputError(f"{target} is not empty; give a new folder, so that it holds this export and nothing else")
    if audit.outputs:
        parts = [export_audit(part, target / f"output-{k}") for k, part in enumerate(audit.outputs)]
        return {f"output-{k}/{name}": number for k, part in enumerate(parts) for name, number in part.items()}
    network = audit.network
    if not isinstance(audit.findings, Findings):
        raise InputError(
            f"an audit by the preset {audit.preset} lists no circuits; audit by the preset paper to export"
        )
    circuits, found = audit.findings.circuits, audit.findings.mappings
    written = {
        kind: _write_circuits(listed, network, target / kind)
        for kind, listed in (
            ("minimal", circuits.minimal), ("resample-faithful-minimal", circuits.faithful_minimal)
        )
    }  # fmt: skip
    if found is None or found.aligned is None or not isinstance(network, Network):
        return written | {"mappings": None}
    kept = found.last_survivors if found.strictest != "single" else islice(found.placed, MOST_MAPPINGS)
    _write_mappings(kept, network, target / "mappings")
    return written | {"mappings": found.surviving_mappings[found.strictest] if found.strictest else 0}


def _write_circuits(circuits: tuple[Circuit, ...] | None, network: Model, folder: Path) -> int | None:
    for number, circuit in enumerate(circuits or (), start=1):
        write_graph(folder / f"{number}.json", circuit, network)
    return None if circuits is None else len(circuits)


def _write_mappings(mappings: Iterable[Mapping], network: Network, folder: Path) -> None:
    for number, mapping in enumerate(mappings, start=1):
        content = json.dumps(mapping_to_interventions(mapping, network), indent=1, ensure_ascii=False)
        write_atomically(folder / f"{number}.json", content.encode())
