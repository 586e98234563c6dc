"""The part of the site that the program itself knows, docs/building; tests of it are skipped without the extra docs."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="the site is built by the extra docs")

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

from building import benchmarks, experiments, findings, gallery  # noqa: E402

__all__ = ["DOCS", "ROOT", "benchmarks", "experiments", "findings", "gallery"]
