"""The JSON Schemas that the site offers take what is written and what is read, and refuse what readers refuse."""

import gzip
import json
import re
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import everyhow as eh
from everyhow.auditing.counting import count
from everyhow.auditing.provenance import bound, document_digest
from everyhow.auditing.reopening import reopen
from everyhow.exchange.causal_model_files import causal_model_from_document
from everyhow.exchange.component_graphs import component_graph
from everyhow.exchange.graph_json import circuit_to_graph, graph_edges
from everyhow.exchange.interventions import mapping_from_interventions, mapping_to_interventions
from everyhow.kinds import model_from_document, save_model
from everyhow.model.behavior_files import behavior_of_tokens
from everyhow.model.scope import Scope
from everyhow.transformer.parts import MLP, Attention, Layer, Norm

from ..conftest import REFERENCE, reference, reference_names
from .schemas import FOLDER, NAMED, SCHEMAS, VALID, changes, closed, faults, referred, subschemas, validators

ROOT = FOLDER.parents[2]
NAMES = ["audit", "behavior", "causal-model", "count", "graph", "mapping", "network", "transformer"]
ORIGIN = {
    "source": "torch Sequential", "folded": ["left out"], "precision": "float32", "checked_on": "4 corners",
    "inputs_checked": 4, "largest_difference": 0.0, "allowed_difference": 1e-6, "decisions_changed": 0, "ties": 0,
    "largest_output_changed": 0,
}  # fmt: skip
TOKENS = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR = eh.xornet()
TIED = eh.Network([[[1, 1], [1, -1]], [[1, 1]]], [[-0.5, 0], [0]], ["relu", "identity"])
CAUSAL = {
    "variables": ["A", "B", "left", "right", "Y"], "values": {"left": [0, 1]},
    "parents": {"A": [], "left": ["A", "B"], "right": ["A", "B"], "Y": ["left", "right"]},
    "mechanisms": {"left": "A & ~B", "right": "0100", "Y": [0, 1, 1, 1]},
}  # fmt: skip


def small_transformer(**said: Any) -> eh.Transformer:
    """Of one layer with a head, an MLP and all norms, with numbers drawn at random."""
    rng = np.random.default_rng(0)
    attention = Attention(*(rng.normal(size=(1, 2, 2)) for _ in range(4)))
    inner = MLP(rng.normal(size=(2, 3)), rng.normal(size=(3, 2)))
    norms = Norm(np.ones(2), np.zeros(2)), Norm(np.ones(2), rms=True)
    layer = Layer(attention, inner, *norms)
    return eh.Transformer(
        rng.normal(size=(2, 2)), rng.normal(size=(2, 2)), (layer,), rng.normal(size=(2, 2)), ln_final=norms[0], **said
    )


SMALL = small_transformer()


@cache
def the_mapping():
    """The mapping into the network of XOR."""
    (found,) = eh.mappings(XOR, next(eh.algorithms("XOR", depth=2)))
    return found


def frozen_audits():
    """The frozen audits by name, with what they leave out: when and by which versions they were found."""
    said = dict.fromkeys(("everyhow", "numpy", "numba", "python", "machine", "finished", "document_sha256"), "")
    for path in sorted((ROOT / "tests" / "frozen").glob("audit*.json.gz")):
        document = json.loads(gzip.decompress(path.read_bytes()))
        for part in (document, *document.get("outputs", [])):
            part |= {"everyhow_version": "", "provenance": part["provenance"] | said | {"seconds": 1.0}}
        yield path.name, document


def test_schemas_are_schemas():
    """Each says what it is, and what every key is; what it refers to is there, and nothing is asked of a network."""
    assert list(SCHEMAS) == NAMES
    for name, schema in SCHEMAS.items():
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["title"] and schema["description"]
        for part in subschemas({key: value for key, value in schema.items() if key != "$schema"}):
            assert "$id" not in part and "://" not in json.dumps(part.get("$ref", ""))
            if "$ref" in part:
                assert isinstance(referred(name, part["$ref"]), dict)
        assert not list(undescribed(name, schema)), name


def undescribed(name, schema, path=""):
    """The places of keys that nothing is said of. What stands in a condition is described elsewhere."""
    if isinstance(schema, list):
        for number, one in enumerate(schema):
            yield from undescribed(name, one, f"{path}/{number}")
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties" and not path.endswith(("/if", "/then", "/else")) and "anyOf" not in path:
                for one, said in value.items():
                    known = referred(name, said["$ref"]) if "$ref" in said else {}
                    if not (said.get("description") or known.get("description")):
                        yield f"{path}/{one}"
            if key not in ("enum", "const", "required"):
                yield from undescribed(name, value, f"{path}/{key}")


def test_files_of_the_repository():
    """Every file of its kind: reference files, frozen audits and those of earlier schemas, examples."""
    files: list[tuple[str, str, Any]] = [
        ("network", name, json.loads((REFERENCE / f"{name}.json").read_text())) for name in reference_names()
    ]
    files += [("audit", *one) for one in frozen_audits()]
    for path in sorted(REFERENCE.glob("*/*.json")) + sorted((ROOT / "examples").rglob("*.json")):
        document = json.loads(path.read_text("utf-8"))
        kinds = {"schema_version": "audit", "weights": "network", "W_E": "transformer", "model": "transformer",
                 "tokens": "behavior"}  # fmt: skip
        files += [(kinds[key], path.name, document) for key in list(kinds) if key in document][:1]
    assert Counter(kind for kind, _, _ in files) == {"network": 22, "transformer": 13, "behavior": 4, "audit": 37}
    for kind, name, document in files:
        assert not faults(VALID[kind], document), name


def written_documents():
    """What is written, by kind: audits of many kinds among them."""
    two = reference("authors-xor-and-2-3-3-2-seed0")[1]
    table = [[0, 0], [0, 1], [1, 0], [1, 1]]
    known = eh.Behavior.of_network(XOR, [*table, [0.9, 1]], features=[*table, [1, 1]], within=9.0)
    tokens = eh.Behavior.of_tokens(SMALL, TOKENS, eh.Answer((-1,), (0, 1)), paired=TOKENS[::-1])
    prices = eh.CostModel(negation=0.5, familiar={"NAND": 0.5})
    refused = reference("xor-2-3-3-1-seed0")[1]
    audits = {
        "prices": eh.audit(XOR, "XOR", costs=prices, shown=["00", "01"]),
        "another ablation": eh.audit(XOR, "AND", ablation="mean", epsilon=0.25, within=0.5),
        "authors": eh.audit(reference("xor-2-2-2-1-seed2")[1], "XOR", "authors", min_node_sparsity=0.1),
        "two outputs": eh.audit(two, "XOR,AND", budget=10**5),
        "two outputs, authors": eh.audit(two, "XOR,AND", "authors", budget=10**5),
        "refused": eh.audit(refused, "XOR", budget=2000),
        "ties": eh.audit(TIED.read(0.5), "XOR"),
        "by data": eh.audit_behavior(XOR, known),
        "two outputs, by data": eh.audit_behavior(
            two, eh.Behavior.of_network(two, table, decision="threshold", threshold=0.5), budget=10**5
        ),
        "transformer": eh.audit_behavior(SMALL, tokens, grain="nodes", ablation="paired"),
        "stream": eh.audit_behavior(SMALL, tokens, stream=-1),
        "scope": eh.audit_behavior(SMALL, tokens, scope=Scope(("a0.h0",), "in")),
    }
    yield from (("audit", name, audit.document()) for name, audit in audits.items())
    # This one has everything that the others may leave out.
    everything = audits["prices"].document()
    assert None not in everything["details"].values() and everything["details"]["experiments"]["cross_examination"]
    counts = {
        "XOR": count(XOR, "XOR"), "ties": count(TIED.read(0.5), "XOR"), "refused": count(refused, "XOR", budget=2000),
        "read": count(XOR.read(0.4, (0, 2)), "XOR", ablation="mean", epsilon=0.25, within=0.5),
        "authors": count(two, "XOR,AND", "authors"), "two": count(two, "XOR,AND", budget=10**5),
        "tokens": count(SMALL, tokens, grain="nodes"),
        "scope": count(SMALL, tokens, scope=Scope(("a0.h0",), "in")),
    }  # fmt: skip
    yield from (("count", name, document) for name, document in counts.items())
    read = TIED.read(0.0, (-1, 1))
    for name, model in {
        "network": XOR,
        "read": read,
        "transformer": SMALL,
        "nodes": SMALL.at("nodes").read(0.5),
    }.items():
        yield ("network" if isinstance(model, eh.Network) else "transformer"), name, model.document()
    yield "transformer", "scope", SMALL.with_split_input().scoped(["a0.h0"], "out").document()
    for task in ("XOR", "HISTOGRAM:3:2"):
        yield "behavior", task, eh.parse_token_task(task).document()
    for model in (XOR, SMALL, SMALL.at("nodes")):
        yield "graph", repr(model), circuit_to_graph(eh.Circuit.whole(model), model)
    yield "mapping", "mapping", mapping_to_interventions(the_mapping(), XOR)


def test_what_is_written():
    """Every document that is written, and every key of it is named."""
    for kind, name, document in written_documents():
        assert not faults(NAMED[kind], document), (kind, name)


def test_a_key_that_is_not_named():
    """The schemas that refuse what they do not name do so at every place that has keys of its own."""
    document = eh.audit(XOR, "XOR").document()
    for place in (
        document, document["counts"], document["network"], document["details"], document["details"]["circuits"],
        document["details"]["readouts"]["layers"][0], document["verdict"]["what_then_where"], document["provenance"],
        document["details"]["mappings"]["aligned"]["listed"][0], document["options"],
    ):  # fmt: skip
        place["unheard_of"] = 1
        assert faults(NAMED["audit"], document)
        del place["unheard_of"]
    assert not faults(NAMED["audit"], document)


def read_graph(document):
    """A graph of a transformer, as `place` or `patch` read it."""
    try:
        return graph_edges(document, SMALL)
    except eh.InputError:
        settings = {"n_layers": 1, "n_heads": 1, "parallel_attn_mlp": False, "d_model": 2}
        return component_graph(document, [["input"], ["a0.h0"], ["m0"], ["logits"]], settings)


def some_of(graph):
    """A graph with the first two of its nodes and edges."""
    return graph | {key: dict(list(graph[key].items())[:2]) for key in ("nodes", "edges")}


NAMES_OF_ALL = [["A", "B"], ["h1", "h2", "h3"], ["out0"]]
BESIDE = {"origin": ORIGIN, "remarks": ["made"], "threshold": 0.25, "inputs": [-1, 1], "softmax": False}
READ = {"answer_positions": [-1], "classes": [0, 1], "scale": 2.0, "grain": "edges-qkv", "split_input": False,
        "scope": {"parts": ["a0.h0"], "others": "in"}, "difference": False, "name": "a", "about": "b"}  # fmt: skip
OF_NODES = SMALL.at("nodes")
# What is read, with everything that it may say, and less: the kind, the document, and what reads it.
SAMPLES: dict[str, tuple[str, Any, Any]] = {
    "network": ("network", XOR.document() | BESIDE | {"names": NAMES_OF_ALL}, model_from_document),
    "network inside": ("network", {"network": XOR.document(), "task": "XOR"}, model_from_document),
    "transformer": ("transformer", SMALL.document() | BESIDE | READ, model_from_document),
    "transformer inside": ("transformer", {"model": {"kind": "transformer", **SMALL.document()}}, model_from_document),
    "behavior": (
        "behavior",
        {"tokens": TOKENS, "answer_positions": [-1], "classes": [0, 1], "labels": [0, 1, 1, 0], "within": 9.5,
         "weights": [1.0] * 4, "features": TOKENS, "paired": TOKENS[::-1], "names": ["no", "yes"], "epsilon": 0.1,
         "kind": "behavior", "name": "a", "about": "b"},
        lambda document: behavior_of_tokens(document, SMALL),
    ),
    "behavior of several positions": (
        "behavior", {"tokens": TOKENS, "answer_positions": [0, -1], "classes": [0, 1], "labels": TOKENS},
        lambda document: behavior_of_tokens(document, SMALL),
    ),
    "behavior of numbers": (
        "behavior", {"tokens": TOKENS, "answer_positions": -1, "within": 0.5},
        lambda document: behavior_of_tokens(document, SMALL),
    ),
    "causal model": ("causal-model", CAUSAL, causal_model_from_document),
    "graph": (
        "graph", some_of(circuit_to_graph(eh.Circuit.whole(XOR), XOR)), lambda document: graph_edges(document, XOR)
    ),
    "graph of a transformer": ("graph", some_of(circuit_to_graph(eh.Circuit.whole(SMALL), SMALL)), read_graph),
    "graph of nodes": (
        "graph", circuit_to_graph(eh.Circuit.whole(OF_NODES), OF_NODES),
        lambda document: graph_edges(document, OF_NODES),
    ),
    "mapping": (
        "mapping", lambda: mapping_to_interventions(the_mapping(), XOR),
        lambda document: mapping_from_interventions(document, the_mapping().algorithm, XOR),
    ),
}  # fmt: skip
# Where schema and reader say different things: the samples, the place, what it is changed to, and why.
EXCEPTIONS = (
    ("transformer.*|behavior.*", r".*/0", "true", "the reader takes an array as NumPy does, true for 1"),
    ("graph of .*", "cfg/n_layers|cfg/n_heads", "true", "the reader compares it with 1, to which true is equal"),
    ("graph|graph of a transformer", "nodes", r"\[\]", "the reader takes any nothing for no nodes"),
    ("graph|graph of nodes", "edges", "removed", "patch reads nodes alone, place does not"),
    ("graph of nodes", "nodes", "removed|null", "of which grain the model is a schema cannot know"),
    ("causal model", r"values/left/0|mechanisms/Y/0", ".*", "a mechanism must give one of the values of its variable"),
    ("causal model", "mechanisms/.*", r'removed|"\?"', "each variable with parents has a mechanism, in their names"),
    ("causal model", "parents/.*", "removed", "what has a mechanism has parents, and there is one output"),
    ("behavior of several positions", "answer_positions", "removed", "each row has a label for each position"),
    ("mapping", "variables/0/subspaces", "null", "the sets of a mapping are disjoint"),
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_changes(name):
    """What a schema refuses the reader refuses, and what a reader refuses the schema, but for the exceptions."""
    kind, document, reader = SAMPLES[name]
    document = document() if callable(document) else document
    assert not faults(NAMED[kind], document)
    reader(document)
    allowed = [one for one in EXCEPTIONS if re.fullmatch(one[0], name)]
    seen, refused, differ, used = 0, 0, [], set()
    for change in changes(document):
        try:
            reader(json.loads(json.dumps(change.document)))
            takes = True
        except eh.InputError:
            takes = False
        seen, refused = seen + 1, refused + (not takes)
        if takes != VALID[kind].is_valid(change.document):
            known = {one for one in allowed if re.fullmatch(one[1], change.path) and re.fullmatch(one[2], change.to)}
            differ += [] if known else [(change.path, change.to, "read" if takes else "refused by the reader")]
            used |= known
    assert not differ and seen > 20 and refused > seen / 3
    assert used == set(allowed)


def test_audits_changed_after_they_were_written():
    """A stored audit is refused whatever is changed in it, and by the schema where that is not of the right form."""
    document = bound(json.loads(json.dumps(eh.audit(XOR, "XOR").document() | {"details": {}})))
    digest = document["provenance"]["document_sha256"]
    seen = refused = 0
    for change in changes({key: value for key, value in document.items() if key != "provenance"}):
        whole = change.document | {"provenance": document["provenance"]}
        assert document_digest(whole) != digest
        seen, refused = seen + 1, refused + (not VALID["audit"].is_valid(whole))
    # What it takes are keys that depend on what was asked, and null where nothing was counted or said.
    assert seen > 500 and refused > 0.8 * seen


# What of an audit is not needed to repeat it; its digest holds it all the same.
NOT_REPEATED = {"everyhow_version", "capped", "beyond", "counts_exact", "details"}


def test_audits_that_cannot_be_repeated(tmp_path):
    """What the schema needs of an audit the reader needs, even if somebody takes the digest anew."""
    document = eh.audit_behavior(XOR, eh.Behavior.of_network(XOR, [[0, 0], [0.1, 1], [1, 0]])).document()
    path = tmp_path / "audit.json"

    def reads(changed):
        path.write_text(json.dumps(bound(changed) if isinstance(changed.get("provenance"), dict) else changed))
        try:
            return bool(reopen(tmp_path))
        except eh.InputError:
            return False

    assert reads(document) and not faults(VALID["audit"], document)
    needed = [
        *SCHEMAS["audit"]["required"],
        *SCHEMAS["audit"]["then"]["required"],
        "counts_exact",
        "beyond",
        "behavior",
    ]
    for key in needed:
        for changed in ({k: v for k, v in document.items() if k != key}, document | {key: "?"}):
            told = key == "everyhow_version" and "everyhow_version" in changed
            assert VALID["audit"].is_valid(changed) == told
            assert reads(changed) == (key in NOT_REPEATED), key
    for key in SCHEMAS["audit"]["properties"]["behavior"]["required"]:
        changed = document | {"behavior": {k: v for k, v in document["behavior"].items() if k != key}}
        assert not VALID["audit"].is_valid(changed) and not reads(changed), key


def test_a_wrong_schema_is_noticed():
    """A schema without a rule takes what the reader refuses."""
    loose = json.loads(json.dumps(SCHEMAS["network"]))
    loose["$defs"]["network"]["required"].remove("biases")
    document = {key: value for key, value in XOR.document().items() if key != "biases"}
    assert validators(SCHEMAS | {"network": loose})["network"].is_valid(document)
    assert not VALID["network"].is_valid(document)
    assert "unevaluatedProperties" in closed(loose)["$defs"]["network"]


def test_transformers_are_read_as_they_were_written(tmp_path):
    """Also with the threshold 0.5, which is what a network has when nothing is said, and a transformer is not."""
    for threshold in (None, 0.0, 0.5):
        model = small_transformer(threshold=threshold)
        for ending in ("json", "safetensors"):
            assert eh.load(save_model(model, tmp_path / f"model.{ending}")).threshold == threshold
