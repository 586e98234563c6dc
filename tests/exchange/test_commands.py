"""The commands place, align and export."""

import json

import pytest

import everyhow as eh
from everyhow.exchange.graph_json import circuit_from_graph, circuit_to_graph, read_graph, write_graph
from everyhow.exchange.interventions import mapping_from_interventions
from everyhow.model.circuit import Circuit

from ..conftest import REFERENCE, reference

NAME = "xor-2-3-3-1-seed0"
XOR = str(REFERENCE / f"{NAME}.json")


def test_place(run_command, tmp_path):
    """The sentence comes first; the document says the same and more."""
    _, network = reference(NAME)
    path = write_graph(tmp_path / "graph.json", Circuit.whole(network), network)
    code, out, err = run_command("place", path, "XOR", "--network", XOR)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "your circuit is perfect, not minimal; 8 of its edges are removable; it is one of 120 perfect circuits",
        "edges that can be removed: A→h1.2 h1.2→h2.0 h1.0→h2.1 h1.1→h2.1 h1.2→h2.1 h1.0→h2.2 h1.2→h2.2 h2.1→out0",
        "minimal perfect circuits inside this circuit: 4, of 11 edges",
        "perfect circuits of 18 edges or fewer: 120 of 120",
        "resample-faithful: yes",
        "perfect by ablation: zero yes, mean yes, resample yes",
        "decides right at 100 % of the inputs",
    ]
    code, out, _ = run_command("place", path, "XOR", "--network", XOR, "--json")
    document = json.loads(out)
    assert document["summary"].startswith("your circuit is perfect") and document["minimal"] is False
    assert [len(document[key]) for key in ("circuit", "removable", "minimal_inside")] == [18, 8, 4]
    assert (document["of_perfect"], document["of_size"], document["nearest"]) == (120, 120, None)


def test_place_what_is_not_perfect(run_command, tmp_path):
    """The nearest perfect circuit is told, and where this one decides otherwise."""
    _, network = reference(NAME)
    path = write_graph(tmp_path / "graph.json", Circuit.whole(network).without((1, 0, 0)), network)
    _, out, _ = run_command("place", path, "XOR", "--network", XOR)
    assert "the nearest of 120 perfect circuits has h1.0→h2.2 removed (1 edge)" in out
    assert "resample-faithful: no; alone, it decides otherwise at 11" in out
    _, out, _ = run_command("place", path, "XOR", "--network", XOR, "--json")
    assert len(json.loads(out)["nearest"]) == 16 and json.loads(out)["fault"] == "alone, it decides otherwise at 11"


def test_place_by_scores(run_command, tmp_path):
    """Edges chosen by score may lead nowhere, which is an error unless the rest is asked for."""
    network = eh.xornet()
    document = circuit_to_graph(Circuit.whole(network), network)
    scores = {"x0->h1.2": 5, "x1->h1.2": 4, "h1.2->y0": 3, "x0->h1.0": 2}
    for name, edge in document["edges"].items():
        edge |= {"in_graph": False, "score": scores.get(name, 0)}
    path = tmp_path / "scores.json"
    path.write_text(json.dumps(document))
    arguments = ("place", path, "XOR", "--network", "xornet")
    code, _, err = run_command(*arguments)
    assert code == 1 and f"{path}: no edge of the graph has in_graph true; to choose by score give top" in err
    code, _, err = run_command(*arguments, "--top", "4")
    assert code == 1 and "these edges are not a circuit: h1.0 has no edge out; connected_part" in err
    code, out, _ = run_command(*arguments, "--threshold", "2", "--connected")
    assert code == 0 and "edges left out because nothing enters or leaves a node: A→h1.0\n" in out
    assert "nothing enters h1" not in out
    assert "your circuit is not perfect: alone, it decides otherwise at 01; the only perfect circuit has " in out
    code, out, _ = run_command(*arguments, "--top", "4", "--connected", "--json")
    assert (json.loads(out)["left_out"], len(json.loads(out)["circuit"])) == ([[1, 0, 0]], 3)


def test_place_without_what_a_bias_sends(run_command, tmp_path):
    """A tool that cuts single edges may leave a neuron that nothing enters: it still sends its bias. Here the network
    with these edges decides right, the circuit without them does not."""
    network = eh.Network([[[1, 1], [1, 1]], [[-1, 1]]], [[1, -0.5], [0]], ["relu", "identity"], threshold=-0.75)
    edges = {"x0->h1.1": True, "x1->h1.1": True, "h1.0->y0": True, "h1.1->y0": True}
    cut = eh.Network([[[0, 0], [1, 1]], [[-1, 1]]], [[1, -0.5], [0]], ["relu", "identity"], threshold=-0.75)
    assert [value > -0.75 for (value,) in cut.run(cut.corners)] == [False, True, True, True]
    path = tmp_path / "cut.json"
    path.write_text(json.dumps({"edges": {name: {"in_graph": kept} for name, kept in edges.items()}}))
    stored = eh.save_network(network, tmp_path / "network.json")
    code, out, _ = run_command("place", path, "OR", "--network", stored, "--connected")
    assert code == 0 and "edges left out because nothing enters or leaves a node: h1.0→out0\n" in out
    assert (
        "nothing enters h1.0, and no circuit has what is sent from there without an input: a network with these edges "
        "may decide otherwise\n"
    ) in out


def test_place_beyond_the_budget(run_command, tmp_path):
    """What the budget did not allow is said, and the exit code is 3."""
    _, network = reference(NAME)
    path = write_graph(tmp_path / "graph.json", Circuit.whole(network), network)
    code, out, _ = run_command("place", path, "XOR", "--network", XOR, "--budget", "100")
    assert code == 3 and "not found out: counting the circuits needs about 1.06e+04 candidate evaluations" in out
    code, _, err = run_command("place", path, "XOR", "--network", XOR, "--budget", "0")
    assert code == 1 and "budget is 0.0; it is a number of candidate evaluations" in err


def test_align(run_command, tmp_path):
    """The placements of a model, and whether they agree jointly."""
    path = tmp_path / "model.json"
    model = {
        "variables": ["A", "B", "left", "right", "Y"],
        "parents": {"left": ["A", "B"], "right": ["A", "B"], "Y": ["left", "right"]},
        "mechanisms": {"left": "A & ~B", "right": "~A & B", "Y": "left | right"},
    }
    path.write_text(json.dumps(model))
    code, out, err = run_command("align", path, "--network", XOR)
    assert (code, err) == (0, "")
    assert out == "1 minimal placement\n  left in h1.1; right in h1.0\n"
    _, out, _ = run_command("align", path, "--network", XOR, "--joint")
    assert ". Counterexample: on input 01, give left and right their values from input 00: the model says 0" in out
    _, out, _ = run_command("align", path, "--network", XOR, "--joint", "--json")
    document = json.loads(out)
    assert document["placements"] == 1 and document["differs_at"] == []
    assert document["listed"][0]["sets"] == {"left": [[1, 1]], "right": [[1, 0]]}
    assert document["listed"][0]["joint"] is False
    path.write_text(json.dumps(model | {"mechanisms": model["mechanisms"] | {"Y": "1111"}}))
    _, out, _ = run_command("align", path, "--network", XOR)
    assert out == "the model and the network differ at 00, 11\n0 minimal placements\n"
    code, _, err = run_command("align", tmp_path / "no.json", "--network", XOR)
    assert code == 1 and "no.json: no such file; give the path of a causal model" in err


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of an audit."""
    place = tmp_path_factory.mktemp("runs") / "xor"
    eh.audit(reference(NAME)[1], "XOR").save(place)
    return place


def test_export(run_command, folder, tmp_path):
    """Every file comes back as what the audit found."""
    code, out, err = run_command("export", folder, "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    assert [line.removeprefix(str(tmp_path / "out")) for line in out.splitlines()] == [
        "/minimal: 4", "/resample-faithful-minimal: 2", "/mappings: 1",
    ]  # fmt: skip
    _, network = reference(NAME)
    for name, criterion in (("minimal", "perfect"), ("resample-faithful-minimal", "resample_faithful")):
        expected = eh.circuits(network, "XOR", criterion).minimal()
        files = [tmp_path / "out" / name / f"{k}.json" for k in range(1, len(expected) + 1)]
        assert tuple(read_graph(path, network) for path in files) == expected
        assert len(list((tmp_path / "out" / name).iterdir())) == len(expected)
    document = json.loads((tmp_path / "out" / "mappings" / "1.json").read_text(encoding="utf-8"))
    algorithm = next(a for a in eh.algorithms("XOR", depth=3) if str(a) == document["algorithm"])
    assert mapping_from_interventions(document, algorithm, network) in eh.mappings(network, algorithm)
    code, _, err = run_command("export", folder, "--out", tmp_path / "out")
    assert code == 1 and "out is not empty; give a new folder" in err
    code, _, err = run_command("export", tmp_path, "--out", tmp_path / "other")
    assert code == 1 and "audit.json: no such file; give the folder that everyhow audit --out wrote" in err


def test_export_of_several_outputs(tmp_path):
    """One folder per output, its graphs those of the network with that output only."""
    from everyhow.exchange.export import export_audit

    weights = [[[1.0, 1.0], [1.0, 0.5]], [[1.0, 0.0], [0.5, 0.5]]]
    network = eh.Network(weights, [[0.0, -1.0], [0.0, -0.4]], ["relu", "identity"])
    audit = eh.audit(network, "A | B,A & B")
    found = export_audit(audit, tmp_path)
    assert set(found) == {
        f"output-{k}/{name}" for k in (0, 1) for name in ("minimal", "resample-faithful-minimal", "mappings")
    }
    graph = json.loads((tmp_path / "output-1" / "minimal" / "1.json").read_text())
    assert circuit_from_graph(graph, network.output(1)) == eh.circuits(network.output(1)).minimal()[0]


def test_export_of_the_other_preset(tmp_path):
    """The preset authors lists no circuits."""
    from everyhow.exchange.export import export_audit

    with pytest.raises(
        eh.InputError, match="an audit by the preset authors lists no circuits; audit by the preset paper"
    ):
        export_audit(eh.audit(reference("xor-2-2-2-1-seed2")[1], "XOR", preset="authors"), tmp_path)
