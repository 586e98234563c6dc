"""What docs/guide/exchange.md shows: its documents are read, and its numbers are so."""

import json
import re
from pathlib import Path

import everyhow as eh
from everyhow.exchange.causal_model_files import causal_model_from_document
from everyhow.exchange.graph_json import graph_edges
from everyhow.exchange.interventions import mapping_from_interventions, mapping_to_interventions

from ..conftest import reference

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "exchange.md").read_text(encoding="utf-8")


def test_documents():
    """The graph, the entry of a mapping and the causal model."""
    graph, entry, model = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    assert graph_edges(graph, eh.xornet()) == ((1, 0, 0), (2, 0, 0))
    (mapping,) = eh.mappings(eh.xornet(), next(eh.algorithms("XOR", depth=2)))
    document = mapping_to_interventions(mapping, eh.xornet())
    assert document["variables"][0] == entry
    entries = {"variables": [entry, document["variables"][1]]}
    assert mapping_from_interventions(entries, mapping.algorithm, eh.xornet()) == mapping
    _, network = reference("xor-2-3-3-1-seed0")
    (placement,) = eh.align(network, causal_model_from_document(model))
    assert f"  {placement.named(network.graph)}. Counterexample: on input 01, give left" in PAGE


def test_sentence():
    """The one line about a circuit."""
    _, network = reference("xor-2-3-3-1-seed0")
    said, *more = str(eh.place(network, "XOR", eh.Circuit.whole(network))).splitlines()
    assert f"\n{said}\n" in PAGE and more[0] in PAGE
