"""An audit by data as one page: what there is to see stands still, so that it needs no script."""

from pathlib import Path
from typing import Any

from ...auditing.behavior_audit import BehaviorAudit
from ...common.files import write_atomically
from ...ladder import DEFINITIONS
from ..behavior_drawings import behavior_drawings
from ..behavior_words import behavior_answers, behavior_tables, facts, rungs_by_data
from ..drawings.svg import inside_page
from ..words import strategy_name
from .html import render

# Circuits that are drawn, of each kind, and rows of a table.
MOST_DRAWN, MOST_ROWS = 12, 200
KINDS = {"minimal": "minimal perfect circuit", "resample-faithful-minimal": "minimal resample-faithful circuit"}


def write_behavior_report(audit: BehaviorAudit, target: str | Path) -> Path:
    """Write the page, whole or not at all; returns its path."""
    return write_atomically(Path(target), behavior_page(audit).encode())


def behavior_page(audit: BehaviorAudit) -> str:
    """An audit by data as one HTML page that opens offline."""
    drawings, circuits = behavior_drawings(audit), audit.findings.circuits
    listed = {"minimal": circuits.minimal or (), "resample-faithful-minimal": circuits.faithful_minimal or ()}
    return render(
        "behavior.html.jinja",
        (),
        title="Is the explanation the only one? An audit by data",
        facts=facts(audit),
        **_answered(audit),
        outputs=[_answered(output) for output in audit.outputs],
        rungs=[
            (kind, rung, left, DEFINITIONS[rung])
            for kind, rungs in rungs_by_data(audit).items()
            if kind in ("mappings", "circuits")
            for rung, left in rungs.items()
        ],
        figures=[(name, inside_page(drawings[name])) for name in ("usage", "circuits-by-edges") if name in drawings],
        captions={"usage": "Use by the perfect circuits: in all, in some (set back), in none", "circuits-by-edges": ""},
        network=inside_page(drawings["network"]),
        families=[
            {
                "title": KINDS[kind],
                "number": len(found),
                "drawn": [inside_page(drawings[f"{kind}-{k}"]) for k in range(1, min(MOST_DRAWN, len(found)) + 1)],
            }
            for kind, found in listed.items()
            if found
        ],
        tables=[_table(one) for one in behavior_tables(audit).values() if one.name not in ("ladder", "circuits")],
        capped=audit.capped,
        beyond=audit.findings.beyond,
        provenance=audit.provenance,
    )


def _answered(audit: BehaviorAudit) -> dict[str, Any]:
    return {
        "answers": [vars(answer) | {"word": answer.word} for answer in behavior_answers(audit)],
        "verdicts": [(strategy_name(name), verdict) for name, verdict in audit.verdict.items()],
    }


def _table(one) -> dict[str, Any]:
    rows = one.table.rows
    left_out = "" if len(rows) <= MOST_ROWS else f"The first {MOST_ROWS} rows of {len(rows):,}."
    return {"title": one.title, "columns": one.table.columns, "rows": rows[:MOST_ROWS], "note": left_out}
