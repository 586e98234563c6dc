"""What a person writes who uses the door, every name of it, and the values it gives: read by type checkers, and run."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import everyhow as eh

Told = list[object]


def networks(folder: Path) -> Told:
    """Models made, stored, read back and run."""
    network: eh.Network = eh.xornet()
    made = eh.Network([np.ones((1, 2)), [[1.0]]], [[0.0], [0.5]], ["relu", "identity"], input_values=[0, 1])
    stored: Path = eh.save_network(network, folder / "xornet.json")
    loaded: eh.Model = eh.load(eh.save_model(network, stored))
    values = network.run([[0, 1]], patch={"h1.2": network.node_values([[0, 1]])["h1.2"]})
    held = network.run(np.zeros((1, 2)), [eh.Intervention(1, (0,), np.zeros((1, 1)))])
    part, kept = network.without_constant(np.array([[0.0, 1.0], [1.0, 1.0]]))
    shapes = {"0.weight": np.ones((2, 2)), "0.bias": np.zeros(2), "2.weight": np.ones((1, 2)), "2.bias": np.zeros(1)}
    given = eh.from_state_dict(shapes, hidden_activation="relu", output_activation="identity")
    transformer = eh.Transformer(np.eye(2), np.zeros((2, 2)), (), np.eye(2), answer=eh.Answer((-1,)))
    names: list[str] = [name for stage in network.graph.names for name in stage]
    return [
        eh.__version__, made.widths, made.threshold, loaded.graph.edges, float(values[0, 0]), held.shape, names,
        part.widths, kept.shape, given.graph.names, transformer.logits([[0, 1]]).shape,
    ]  # fmt: skip


def imported(module: Any, perceptron: Any, batches: list[Any]) -> Told:
    """Models of other libraries."""
    captured = eh.capture(module, module, batches)
    assert captured.labels is not None
    behavior = eh.Behavior.of_data(captured.points, captured.labels)
    patched = eh.patch(module, behavior, "heads")
    models = eh.from_torch(module), eh.from_onnx("model.onnx"), eh.from_sklearn(perceptron)
    return [patched.minimal, *(model.kind for model in models)]


def audits(folder: Path) -> Told:
    """Audits by a task and by data, kept, opened again and shown."""
    audit: eh.Audit = eh.audit(eh.xornet(), "XOR", budget=10**6, ablation="mean")
    saved: Path = audit.save(folder / "run")
    again: eh.Audit = eh.load_audit(saved.parent)
    page: Path = again.report(folder / "page.html")
    pictures: dict[str, str] = {name: drawing.svg() for name, drawing in again.drawings().items()}
    tables: dict[str, list[Any]] = {
        name: [row[0] for row in one.table.rows] for name, one in again.tables().items()
    }  # fmt: skip
    records: list[dict[str, Any]] = again.tables()["ladder"].table.records()
    behavior = eh.Behavior.of_data([[0.5, 1.0], [1.0, 0.5]], [1, 0], features=[[0, 1], [1, 0]])
    by_data: eh.Audit = eh.audit_behavior(eh.Network([[[1.0, -1.0]]], [[0.0]], ["identity"]), behavior, depth=1)
    own = eh.Behavior.of_network(eh.xornet(), [[0, 0], [0, 1]])
    counts: Mapping[str, object] = by_data.counts
    return [
        audit.counts["perfect_circuits"], audit.capped, audit.summary(), page.name, len(pictures), sorted(tables),
        records[0], counts, own.wanted.tolist(), eh.Questions(ablation="mean").depth, str(by_data.document()["counts"]),
    ]  # fmt: skip


def questions() -> Told:
    """One question each."""
    network = eh.xornet()
    found = eh.circuits(network, "XOR")
    circuits: list[eh.Circuit] = list(found)
    graph: eh.Graph = network.graph
    told: Told = [found.count(), len(found.minimal()), sorted(circuits[0].edges), graph.nodes]
    told.append(eh.place(network, "XOR", circuits[0]).perfect)
    told += [str(one) for one in eh.interpretations(network, circuits[0])]
    for algorithm in eh.algorithms("XOR", 2):
        told += [str(mapping) for mapping in eh.mappings(network, algorithm)]
    for explanation in eh.readouts(network, costs=eh.CostModel(parity=2)).explanations("exact"):
        told.append(eh.interchange(network, explanation).joint)
    task: eh.Task = eh.parse_task("XOR,AND")
    tokens: eh.TokenTask = eh.parse_token_task("MAX:2:3")
    own = eh.TokenTask([[0, 1], [1, 1]], ["up", "down"], positions=[-1])
    return [*told, task.tables, task.output(0).names, tokens.names, own.labels.tolist()]


def hypotheses() -> Told:
    """What a person states, and what comes of it."""
    network = eh.xornet()
    text = "OR(AND(A,~B), AND(~A,B))"
    stated = eh.hypothesis(text, {"AND(A,~B)": "h1.0 - h1.2", "AND(~A,B)": "h1.1 - h1.2"})
    tested = eh.test(network, stated)
    decided = eh.decide(network, stated, eh.hypothesis(text, {"AND(A,~B)": "?", "AND(~A,B)": "h1.0"}))
    readings = eh.neuron(network, "h1.0")
    bits = [0, 1]

    def exclusive(a: int, b: int) -> int:
        return a ^ b

    model = eh.CausalModel(
        ["a", "b", "odd"], {"a": bits, "b": bits, "odd": bits}, {"odd": ["a", "b"]}, {"odd": exclusive}
    )
    placements: list[str] = [str(one) for one in eh.align(network, model)]
    explanations = list(eh.readouts(network))[:2]
    examined = eh.cross_examine(network, explanations)
    dispute = eh.decide_between(network, explanations[0], explanations[1])
    return [
        tested.passed, tested.fell, tested.lines, decided.refuted, decided.lines, str(readings), model.output,
        model.run({"a": 0, "b": 1})["odd"], placements, examined.matrix, dispute.family,
    ]  # fmt: skip


def several() -> Told:
    """Two networks, and networks in their order."""
    compared = eh.compare(eh.xornet(), eh.xornet(20.0), "XOR")
    course = eh.over([eh.xornet(10.0), eh.xornet()], "XOR")
    return [compared.same_function, compared.summary(), course.labels, course.counts(0), str(course)]


def trained(folder: Path) -> Told:
    """Networks trained here, one and many."""
    network: eh.Network = eh.train("XOR", widths=[3], seed=0)
    transformer, behavior = eh.train_transformer("MAX:2:3", seed=0)
    swept = eh.sweep("basic", folder, seeds=2)
    rows: tuple[tuple[Any, ...], ...] = swept.query("SELECT count(*) FROM results").rows
    return [network.widths, transformer.graph.nodes, behavior.points.shape, rows[0][0], swept.settings, swept.complete]


def refused() -> str:
    """Errors, each caught as what it is; warnings of this package are left aside."""
    warnings.simplefilter("ignore", eh.EveryhowWarning)
    try:
        eh.audit(eh.xornet(), "XOR", depth=-1)
    except eh.BudgetError as error:
        return f"{error.needed} of {error.budget}"
    except eh.InputError as error:
        return str(error)
    except eh.EveryhowError as error:
        return type(error).__name__
    return ""
