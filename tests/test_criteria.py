"""The page of criteria is whole: every rung and criterion of the code has its row, as the code defines it."""

import importlib
import re
from pathlib import Path

import pytest

from everyhow.auditing.fitting import PRESETS
from everyhow.circuit.findings import RUNGS as CIRCUIT_RUNGS
from everyhow.ladder import BESIDE, DEFINITIONS
from everyhow.mapping.findings import RUNGS as MAPPING_RUNGS
from everyhow.model.criterion import ABLATIONS
from everyhow.model.decision import DECISIONS
from everyhow.readout.readouts import RUNGS as READOUT_RUNGS

PAGE = (Path(__file__).parents[1] / "docs" / "reference" / "criteria.md").read_text(encoding="utf-8")
HEADERS = [["rung", "definition", "source", "implemented by", "cost"]]
HEADERS.append(["criterion", *HEADERS[0][1:]])
# A definition of the paper is named by its number; nothing else of it is cited.
SOURCES = r"ours|released code|Méloux et al\. 2025, Def\. [346]|Singh et al\. 2019"


def rows_of(text):
    """The rows of the tables in a part of the page, without headers, by cells."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [row for row in cells if row not in HEADERS and not row[0].startswith("---")]


SECTIONS = {part.partition("\n")[0]: rows_of(part) for part in PAGE.split("\n## ")[1:]}
ROWS = [row for rows in SECTIONS.values() for row in rows]


def names(section):
    """What the rows of a section are of, in order, backticks aside."""
    return [row[0].strip("`") for row in SECTIONS[section]]


def test_rungs_have_their_rows():
    """Each kind's rungs in order, and every criterion that the code knows by name."""
    assert names("Circuits")[:6] == [*CIRCUIT_RUNGS[:2], *BESIDE, *CIRCUIT_RUNGS[2:], "robust"]
    assert names("Algorithms with mappings")[:8] == [*MAPPING_RUNGS, "cheapest", "aligned"]
    assert names("Population codes") == list(READOUT_RUNGS)
    told = {row[0].strip("`") for row in ROWS}
    options = {"epsilon", "within", "min_node_sparsity", "pair_order"}
    asked = {f'ablation="{kind}"' for kind in ABLATIONS} | {f'decision="{kind}"' for kind in DECISIONS} | options
    assert told >= set(DEFINITIONS) | asked
    assert not {text.partition("=")[0] for text in told if "=" in text} - {"ablation", "decision"}
    assert all(f"preset `{preset}`" in PAGE for preset in PRESETS if preset != "paper")


def test_definitions_are_those_of_the_code():
    """A rung's row has the sentence that audits print."""
    defined = [(name, row[1]) for row in ROWS if (name := row[0].strip("`")) in DEFINITIONS]
    assert len(defined) == len(DEFINITIONS) + 1  # `cheapest` is a rung of two kinds
    assert all(text == DEFINITIONS[name] for name, text in defined)


@pytest.mark.parametrize("row", ROWS, ids=[row[0].strip("`") for row in ROWS])
def test_rows_are_whole(row):
    """Every cell is filled, what implements it is there, and its source is one of those that are cited."""
    assert len(row) == 5 and all(row)
    module, _, item = row[3].strip("`").rpartition(".")
    assert hasattr(importlib.import_module(module), item)
    assert re.search(SOURCES, row[2])
    assert not re.search(r"\bDef\. (?![346]\b)", row[2])
