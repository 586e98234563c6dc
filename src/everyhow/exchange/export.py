"""The explanations of an audit as files for other tools."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from ..auditing.audit import Audit
from ..auditing.behavior_audit import BehaviorAudit
from ..auditing.paper import PaperFindings
from ..circuit.findings import CircuitFindings
from ..common.errors import InputError
from ..common.files import write_atomically, writing_folder
from ..mapping.alignment import minimal_mappings
from ..mapping.findings import MappingFindings
from ..mapping.mapping import Mapping
from ..model.circuit import Circuit
from ..network.network import Network, network_of
from .graph_json import write_graph
from .interventions import mapping_to_interventions

# Mappings that no rung but the first sorts may be very many; so many of them are written.
MOST_MAPPINGS = 1000


def export_audit(audit: Audit | BehaviorAudit, folder: str | Path) -> dict[str, int | None]:
    """Write the minimal circuits, the minimal resample-faithful circuits and the surviving mappings of an audit.

    In `folder`: `minimal/1.json`, ... and `resample-faithful-minimal/1.json`, ... hold one graph each, fewest edges
    first, and `mappings/1.json`, ... one mapping each: those left by the strictest rung that any passes, at most 1,000
    of those that only the first sorts. An audit of several outputs writes the same into `output-0`, `output-1`, ...

    Returns:
        By folder, how many there are, written or not; None where the audit did not find them all.

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
    network = network_of(audit.network, "files for other tools are written")
    if isinstance(audit, BehaviorAudit):
        placed = audit.findings.placed
        mappings = None if placed is None else list(islice(chain.from_iterable(placed.values()), MOST_MAPPINGS))
        _write_mappings(mappings or (), network, target / "mappings")
        return _written_circuits(audit.findings.circuits, network, target) | {
            "mappings": None if placed is None else sum(map(len, placed.values()))
        }
    if not isinstance(audit.findings, PaperFindings):
        raise InputError(
            f"an audit by the preset {audit.preset} lists no circuits; audit by the preset paper to export"
        )
    found = audit.findings.mappings
    left = found.surviving_mappings[found.strictest] if found.strictest else 0
    _write_mappings(_surviving(found), network, target / "mappings")
    return _written_circuits(audit.findings.circuits, network, target) | {
        "mappings": left if found.aligned is not None else None
    }


def _written_circuits(circuits: CircuitFindings, network: Network, folder: Path) -> dict[str, int | None]:
    """The circuits that contain no smaller one of their kind, written; how many there are."""
    return {
        "minimal": _write_circuits(circuits.minimal, network, folder / "minimal"),
        "resample-faithful-minimal": _write_circuits(
            circuits.faithful_minimal, network, folder / "resample-faithful-minimal"
        ),
    }


def _write_circuits(circuits: tuple[Circuit, ...] | None, network: Network, folder: Path) -> int | None:
    for number, circuit in enumerate(circuits or (), start=1):
        write_graph(folder / f"{number}.json", circuit, network)
    return None if circuits is None else len(circuits)


def _write_mappings(mappings: Iterable[Mapping], network: Network, folder: Path) -> None:
    for number, mapping in enumerate(mappings, start=1):
        content = json.dumps(mapping_to_interventions(mapping, network), indent=1, ensure_ascii=False)
        write_atomically(folder / f"{number}.json", content.encode())


def _surviving(mappings: MappingFindings) -> Iterator[Mapping]:
    strictest = mappings.strictest
    if strictest == "single" and mappings.aligned is not None and mappings.signatures is not None:
        found = mappings.signatures
        everything = chain.from_iterable(minimal_mappings(found, algorithm) for algorithm in mappings.aligned)
        return islice(everything, MOST_MAPPINGS)
    return iter(mappings.survivors[strictest] if strictest else ())
