"""Checking a stored audit: every number that can be found again by the slow, plain methods, whole or on samples."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..behavior import Behavior
from ..errors import FileFormatError, InputError
from ..network import Network
from ..network_files import network_from_document
from ..provenance import network_digest
from ..run_folder import read_audit
from ..schema import told_of_schema
from .authors import check_authors
from .check import Check
from .circuits import check_circuits, check_estimate
from .mappings import check_mappings
from .tables import behavior_of, check_decisions


@dataclass(frozen=True)
class Verification:
    """What was checked of a stored audit, what came out, and which of its counts were not checked."""

    checks: tuple[Check, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether everything that was checked agrees."""
        return all(check.agrees for check in self.checks)

    def __str__(self) -> str:
        wrong = sum(not check.agrees for check in self.checks)
        return f"{len(self.checks)} checks, " + ("all agree" if not wrong else f"{wrong} do not agree")


def verify(folder: str | Path, seed: int = 0) -> Verification:
    """Check the audit in a run folder against its network by slow, plain methods. They share with what found it no more
    than how files and tasks are read and circuits drawn.

    Every circuit of a small space is run; of a large one some are drawn. The same holds of interpretations, algorithms
    and mappings. Each check says what it went through.

    Args:
        folder: what `everyhow audit --out` or `Audit.save` wrote; of any released schema.
        seed: of the samples.

    Raises:
        FileFormatError: there is no audit in the folder, or it lacks what every audit has.
    """
    path = Path(folder) / "audit.json"
    document = read_audit(path)
    try:
        checks = tuple(_checks(document, seed))
        return Verification(checks, tuple(_unchecked(document, checks)))
    except FileFormatError:
        raise
    except (InputError, KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise FileFormatError(f"{path}: not an audit that can be checked ({reason}); audit the network again") from None


def _checks(document: dict[str, Any], seed: int) -> Iterator[Check]:
    network = network_from_document(document)
    yield Check("digest of the network", "the file", document["provenance"]["network_sha256"], network_digest(network))
    if "counts" in document:
        yield from _part(document, network, seed)
    for k, part in enumerate(document.get("outputs", ())):
        own = network_from_document(part)
        yield Check(f"network of output {k}", "the file", network_digest(network.output(k)), network_digest(own))
        for check in _part(part, own, seed):
            yield Check(f"{part.get('task', f'output {k}')}: {check.what}", check.scope, check.stated, check.found)
    if "together" in document:
        said = document["together"] | {"options": document["options"]}
        behavior = behavior_of(document, network)
        for check in _circuits(said, network, behavior, document["decision"], seed):
            yield Check(f"together: {check.what}", check.scope, check.stated, check.found)


def _unchecked(document: dict[str, Any], checks: Iterable[Check]) -> Iterator[str]:
    """The counts of which no check has the name, and what is never checked."""
    named = " ".join(check.what for check in checks)
    counts = {key for part in document.get("outputs", [document]) for key, n in part["counts"].items() if n is not None}
    yield from sorted(key for key in counts if key.removesuffix("_between") not in named)
    yield from ("counts by ablation", "usage", "readouts", "experiments")
    if told := told_of_schema(document["schema_version"]):
        yield f"the rungs inert and transitive ({told})"


def _part(document: dict[str, Any], network: Network, seed: int) -> Iterator[Check]:
    if document.get("preset") == "authors":
        yield from check_authors(document, network)
        return
    behavior = behavior_of(document, network)
    if "behavior" not in document:
        yield from check_decisions(document, network)
    yield from _circuits(document, network, behavior, document["decision"], seed)
    if "behavior" not in document:
        yield from check_mappings(document, network)


def _circuits(
    document: dict[str, Any], network: Network, behavior: Behavior, decision: Any, seed: int
) -> Iterator[Check]:
    if document["counts"].get("perfect_circuits_estimated"):
        yield from check_estimate(document, network, behavior, decision, seed)
    else:
        yield from check_circuits(document, network, behavior, decision, seed)
