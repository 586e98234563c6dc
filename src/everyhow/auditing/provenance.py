"""By what and when something was found."""

import hashlib
import json
import platform
import time
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from ..model.model import Model

# Where in the provenance the digest of the whole document stands.
DOCUMENT_DIGEST = "document_sha256"
# Looked up once: the folders of all packages are gone through.
_version = cache(version)


def provenance_of(network: Model, started: float) -> dict[str, Any]:
    """Versions, date, the seconds since `started`, and the digest of the network."""
    return {
        **{package: _version(package) for package in ("everyhow", "numpy", "numba")},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - started, 4),
        "network_sha256": network_digest(network),
        **({} if network.origin is None else {"origin": network.origin.document()}),
    }


def bound(document: dict[str, Any]) -> dict[str, Any]:
    """The document of an audit with a digest of all of it in its provenance, so that a later change is noticed."""
    named = {**document, "provenance": {k: v for k, v in document["provenance"].items() if k != DOCUMENT_DIGEST}}
    return {**named, "provenance": named["provenance"] | {DOCUMENT_DIGEST: document_digest(named)}}


def document_digest(document: dict[str, Any]) -> str:
    """The SHA-256 of a document as JSON, its keys in order, without the digest itself."""
    provenance = {k: v for k, v in document["provenance"].items() if k != DOCUMENT_DIGEST}
    return _sha256({**document, "provenance": provenance})


def behavior_digest(behavior: dict[str, Any]) -> str:
    """The SHA-256 of what an audit by data was asked to explain, as it stands in the document."""
    return _sha256(behavior)


def _sha256(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def network_digest(network: Model) -> str:
    """The SHA-256 of a network's three keys as JSON."""
    return hashlib.sha256(json.dumps(network.document(), sort_keys=True).encode()).hexdigest()
