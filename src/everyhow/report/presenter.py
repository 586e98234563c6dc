"""What the values of the library are made visible by: the one thing of the report that rooms below it are handed."""

from pathlib import Path
from typing import Any

from ..auditing.behavior_audit import BehaviorAudit
from ..common.sql import RunTable
from .audit_drawings import Drawings, audit_drawings
from .audit_tables import audit_tables
from .behavior_drawings import behavior_drawings
from .behavior_words import behavior_tables
from .notebook import bundle as bundle
from .page.behavior import write_behavior_report
from .page.html import write_report


def drawings(audit: Any) -> Drawings:
    """Every picture of an audit, by name."""
    return behavior_drawings(audit) if isinstance(audit, BehaviorAudit) else audit_drawings(audit)


def tables(audit: Any) -> dict[str, RunTable]:
    """Everything that an audit found, as tables by name."""
    return behavior_tables(audit) if isinstance(audit, BehaviorAudit) else audit_tables(audit)


def report(audit: Any, path: str | Path) -> Path:
    """Write an audit's page; returns its path."""
    return write_behavior_report(audit, path) if isinstance(audit, BehaviorAudit) else write_report(audit, path)
