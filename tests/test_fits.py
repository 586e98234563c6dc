"""What can be asked of what, line by line of docs/reference/fits.md."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import everyhow as eh
from everyhow.kinds import model_from_document

from .conftest import REFERENCE, reference

RNG = np.random.default_rng(0)


def network(*widths):
    """A random network of layers."""
    weights = [RNG.normal(size=(after, before)) for before, after in itertools.pairwise(widths)]
    return eh.Network(
        weights, [RNG.normal(size=width) for width in widths[1:]], ["relu"] * (len(widths) - 2) + ["identity"]
    )


def data(of, points, decision="threshold", **known):
    """What a network decides at random points."""
    return eh.Behavior.of_network(of, RNG.normal(size=(points, of.features)), decision, **known)


def not_asked(of, behavior):
    """What an audit by data says that it does not ask."""
    return " ".join(eh.audit_behavior(of, behavior, budget=10**7).notes.beyond)


TRANSFORMERS = REFERENCE / "transformers"
ONE, CLASSES, WIDE = network(3, 3, 1), network(3, 2, 3), network(5, 2, 1)
_, XOR = reference("xor-2-2-2-1-seed2")


def test_what_is_asked_of_networks():
    """Circuits of any points and classes; what needs few points, bits or one output says so where it has none."""
    many, few, classes = data(ONE, 65), data(ONE, 12), data(CLASSES, 12, "argmax")
    assert eh.audit_behavior(ONE, many).counts["perfect_circuits"] >= 1
    assert eh.audit_behavior(CLASSES, classes, ablation="mean").counts["perfect_circuits"] >= 1
    assert "interpretations are counted over at most 64 inputs, not 65" in not_asked(ONE, many)
    assert "readout explanations are searched for over at most 64 inputs; these data have 65" in not_asked(ONE, many)
    assert not_asked(ONE, few) == "algorithms are placed by features, bits known of each input; none were given"
    assert "readouts explain one output; the network has 3" in not_asked(CLASSES, classes)
    task = str(eh.Behavior.of_network(WIDE, WIDE.corners).tables()[0])
    (beyond,) = eh.audit(WIDE, task, budget=10**6).notes.beyond
    assert beyond == "readouts are searched for at most 4 inputs; the network has 5"


@pytest.mark.parametrize(("ask", "said"), [
    (lambda: eh.audit(network(7, 2, 1), "0" * 128), "n from 1 to 6"),
    (lambda: eh.mappings(CLASSES, next(eh.algorithms("XOR", depth=2))), "mappings are into networks of one output"),
    (lambda: eh.readouts(CLASSES), "readouts explain one output; the network has 3"),
    (lambda: eh.audit(XOR, "XOR", robust=0.1, ablation="mean"), "robust circuits .* run alone"),
    (lambda: eh.audit(XOR, "XOR", robust=0.1, epsilon=0.25), "robust circuits .* run alone"),
    (lambda: eh.neuron(ONE, "h1.0", data(ONE, 12)), "features="),
])  # fmt: skip
def test_what_is_refused(ask, said):
    with pytest.raises(eh.InputError, match=said):
        ask()


def test_what_is_trained():
    """Networks on tasks of bits; transformers also on families and tables, with classes at one position or several."""
    pytest.importorskip("torch")
    from everyhow.training import TrainingSettings, TransformerSettings, train_many

    one = TransformerSettings(epochs=1, causal=False)
    for task in ("XOR", "ADD:3", "HISTOGRAM:2:2", eh.TokenTask([[0, 1], [1, 1]], [7, 8])):
        (trained,) = train_many(task, [0], one)
        assert isinstance(trained.network, eh.Transformer)
    (trained,) = train_many("XOR,AND", [0], TrainingSettings(epochs=1))
    assert isinstance(trained.network, eh.Network)
    for task, settings, said in (
        ("ADD:3", TrainingSettings(), "ADD:3 is a task of tokens, which transformers learn: say --model transformer"),
        ("XOR,AND", one, "task XOR,AND has 2 outputs, and a transformer answers a task of tokens with one class"),
    ):
        with pytest.raises(eh.InputError, match=said):
            train_many(task, [0], settings)


def test_what_is_asked_of_transformers():
    """Algorithms with their places and hypotheses over tokens that are bits or over features; causal models over tokens
    of any values."""
    adding = TRANSFORMERS / "transformer-add-mod3-1l2h-mlp16-seed0.json"
    document = json.loads(adding.read_text())
    model = model_from_document({"kind": "transformer", **document["model"]})
    bits = [row for row in document["tokens"] if max(row[:2]) < 2]
    two = eh.Behavior.of_tokens(model, bits, eh.Answer(-1, [0, 1]))
    assert eh.audit(model, two, grain="nodes").counts["algorithms"] is not None
    assert "give the behavior features" in not_asked(model, eh.Behavior.of_tokens(model, document["tokens"][:3],
                                                                                  eh.Answer(-1, [0, 1])))  # fmt: skip
    values = [0, 1, 2]
    whole = eh.CausalModel(
        ["a", "b", "sum", "y"], dict.fromkeys(["a", "b", "sum", "y"], values), {"sum": ["a", "b"], "y": ["sum"]},
        {"sum": lambda a, b: (a + b) % 3, "y": lambda one: one},
    )  # fmt: skip
    assert len(eh.align(model, whole, behavior=eh.Behavior.of_tokens(model, document["tokens"]))) == 3
    assert eh.neuron(model, "a0.h0", two).circuits > 0
    with pytest.raises(eh.InputError, match="takes sequences of tokens, and nothing says which: give a task"):
        eh.neuron(model, "a0.h0")


def test_the_numbers_of_the_table():
    """The limits in the table are those of the code."""
    from everyhow.boolean.smallest import MOST_INPUTS as SIGNAL_INPUTS
    from everyhow.boolean.truth_table import MAX_INPUTS
    from everyhow.model.reading import MOST_INPUTS as READ_INPUTS
    from everyhow.readout.search import MOST_POINTS
    from everyhow.readout.span import MOST_DIRECTIONS
    from everyhow.transformer.diagram import MOST_EDGES

    text = (Path(__file__).parents[1] / "docs" / "reference" / "fits.md").read_text(encoding="utf-8")
    for said in (
        f"a task of at most {MAX_INPUTS} inputs", f"at most {MAX_INPUTS} bits are known",
        f"a task of at most {SIGNAL_INPUTS} inputs", f"at most {MOST_DIRECTIONS} directions",
        f"| no | at most {READ_INPUTS} points", f"the same, and at most {MOST_POINTS} points",
        f"transformers of up to {MOST_EDGES} edges",
    ):  # fmt: skip
        assert said in text
