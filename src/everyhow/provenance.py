"""By what and when something was found."""

import hashlib
import json
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from .network import Network
from .network_files import network_document


def provenance_of(network: Network, started: float) -> dict[str, Any]:
    """Versions, date, the seconds since `started`, and the digest of the network."""
    return {
        **{package: version(package) for package in ("everyhow", "numpy", "numba")},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - started, 4),
        "network_sha256": network_digest(network),
        **({} if network.origin is None else {"origin": network.origin.document()}),
    }


def network_digest(network: Network) -> str:
    """The SHA-256 of a network's three keys as JSON."""
    return hashlib.sha256(json.dumps(network_document(network), sort_keys=True).encode()).hexdigest()
