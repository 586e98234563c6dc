"""The door: whatever is thrown at a public function, what comes out is a value or an error of everyhow's own."""

import datetime
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import everyhow as eh
from everyhow.auditing.counting import count
from everyhow.common.errors import EveryhowError
from everyhow.importing.door import as_model

resource = pytest.importorskip("resource", reason="limits of POSIX")
torch = pytest.importorskip("torch")


class Contrary:
    """An object that refuses whatever it is asked for."""

    def __getattr__(self, name):
        raise RuntimeError(f"no {name} here")

    def __repr__(self):
        return "a contrary object"


class Endless:
    def __iter__(self):
        while True:
            yield 1


def frame():
    """What looks like a data frame."""

    class DataFrame:
        columns = ("a", "b")
        shape = (2, 2)

        def to_numpy(self, *args, **kwargs):
            return np.array([["x", 1], ["y", 2]], dtype=object)

        def __len__(self):
            return 2

    return DataFrame()


ODD = {
    "None": None, "true": True, "zero": 0, "minus": -1, "huge": 2**70, "large": 1e308, "nan": float("nan"),
    "infinite": float("inf"), "complex": 1j, "fraction": Fraction(1, 3), "text": "nonsense", "empty text": "",
    "digits": "0110", "signs": "\x1b[31m\x00", "bytes": b"\xff\xfe", "list": [], "nested": [[], []],
    "ragged": [[1], [1, 2]],
    "texts": ["a", "b"], "nothing in it": [None, None], "mixed": [1, "a", None], "deep": [[[[1.0]]]], "tuple": (1, 2),
    "pair": ([[0, 1]], [1]), "dictionary": {"a": 1}, "ordered": OrderedDict(a=np.ones(2)), "set": {1, 2},
    "class": dict, "function": len, "module": np, "generator": (k for k in (1, 2)), "range": range(3),
    "object": object(),
    "contrary": Contrary(), "endless": Endless(), "frame": frame(), "date": datetime.date(2020, 1, 1),
    "dates": np.array(["2020-01-01"], "datetime64[D]"), "scalar": np.float64(0.5), "array": np.zeros((0, 2)),
    "wide": np.ones((2, 7)), "objects": np.array([object(), None]), "nans": np.full((4, 2), np.nan),
    "complex array": np.ones((4, 2), complex), "masked": np.ma.masked_array(np.ones((4, 2)), True),
    "tensor": torch.ones(4, 2, requires_grad=True), "integers": torch.ones(4, 2, dtype=torch.int64),
    "meta": torch.ones(4, 2, device="meta"), "sparse": torch.eye(4).to_sparse(), "bool tensor": torch.tensor(True),
    "module of torch": torch.nn.LSTM(2, 2), "untrained": torch.nn.LazyLinear(2), "path": "/nowhere/at/all.json",
    "folder": "/",
}  # fmt: skip


def points():
    return [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def behavior():
    return eh.Behavior.of_data(points(), [0, 1, 1, 0])


def causal():
    bits = [0, 1]
    return eh.CausalModel(
        ["A", "B", "Y"], {"A": bits, "B": bits, "Y": bits}, {"Y": ["A", "B"]}, {"Y": lambda a, b: a ^ b}
    )


def module():
    return torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1)).eval()


MODULE = module()
NET = eh.xornet()
ALGORITHM = next(eh.algorithms("XOR", depth=2))
MAPPING = eh.mappings(NET, ALGORITHM)[0]
READOUT = next(iter(eh.readouts(NET)))
HYPOTHESIS = eh.hypothesis("AND(OR(A,B), NAND(A,B))", {"OR(A,B)": "h1.0 + h1.1", "NAND(A,B)": "h1.2"})
# Each public function with arguments that it takes; every one of them is replaced by every odd object in turn.
CALLS = {
    "audit": (eh.audit, {
        "model": NET, "what": "XOR", "preset": "paper", "decision": "threshold", "threshold": 0.5, "inputs": (0, 1),
        "depth": 1, "min_node_sparsity": 0.0, "pair_order": None, "tolerance": 1e-3, "signals": 1, "costs": None,
        "shown": None, "ablation": "zero", "epsilon": 0.0, "within": None, "robust": None, "budget": 100,
    }),
    "Questions": (eh.Questions, {
        "decision": "threshold", "threshold": 0.5, "inputs": (0, 1), "depth": 1, "min_node_sparsity": 0.0,
        "pair_order": None, "tolerance": 1e-3, "signals": 1, "costs": None, "shown": None, "ablation": "zero",
        "epsilon": 0.0, "within": None, "robust": None,
    }),
    "audit_behavior": (eh.audit_behavior, {
        "network": NET, "behavior": behavior(), "decision": None, "features": points(), "depth": 1, "ablation": "zero",
        "robust": None, "tolerance": 1e-3, "budget": 100,
    }),
    "count": (count, {
        "network": NET, "task": "XOR", "preset": "paper", "decision": "threshold", "threshold": 0.5, "inputs": (0, 1),
        "min_node_sparsity": 0.0, "ablation": "zero", "epsilon": 0.0, "within": None, "budget": 1000,
    }),
    "Behavior": (eh.Behavior, {
        "points": points(), "weights": [1, 1, 1, 1], "wanted": [[0], [1], [1], [0]], "epsilon": 0.0, "within": None,
        "decision": "threshold", "threshold": None, "input_values": (0, 1), "names": (),
    }),
    "of_data": (eh.Behavior.of_data, {
        "points": points(), "labels": [0, 1, 1, 0], "outputs": 1, "epsilon": 0.0, "within": None, "decision": None,
        "threshold": None, "inputs": None,
    }),
    "of_network": (eh.Behavior.of_network, {
        "network": NET, "points": points(), "decision": "threshold", "weights": None, "epsilon": 0.0, "within": None,
        "threshold": None,
    }),
    "of_task": (eh.Behavior.of_task, {"task": eh.parse_task("XOR"), "input_values": (0, 1)}),
    "noisy": (eh.Behavior.noisy, {
        "task": eh.parse_task("XOR"), "deviation": 0.1, "copies": 2, "seed": 0, "epsilon": 0.0,
    }),
    "parse_task": (eh.parse_task, {"text": "XOR", "inputs": 2}),
    "CostModel": (eh.CostModel, {"negation": 0.0, "familiar": {"XOR": 1.0}}),
    "CausalModel": (eh.CausalModel, {
        "variables": ["A", "B", "Y"], "values": {"A": [0, 1], "B": [0, 1], "Y": [0, 1]}, "parents": {"Y": ["A", "B"]},
        "mechanisms": {"Y": lambda a, b: a ^ b},
    }),
    "Circuit": (eh.Circuit.of_edges, {"widths": (2, 1), "edges": [(1, 0, 0)]}),
    "whole circuit": (eh.Circuit.whole, {"network": NET}),
    "Network": (eh.Network, {
        "weights": [[[1.0, 1.0]]], "biases": [[0.0]], "activations": ["relu"], "origin": None, "threshold": 0.5,
        "input_values": (0, 1), "remarks": (),
    }),
    "run": (NET.run, {
        "inputs": points(), "interventions": [eh.Intervention(1, (0,), np.zeros((4, 1)))], "patch": {"h1.1": 0.0},
    }),
    "patch": (lambda values: NET.run(points(), patch={"h1.1": values}), {"values": [0, 1, 0, 1]}),
    "xornet": (eh.xornet, {"steepness": 25.0}),
    "Graph": (eh.Graph, {
        "names": (("A", "B"), ("out0",)), "edges": ((1, 0, 0), (1, 0, 1)), "numbers": (1, 1), "slots": (("",),) * 2,
    }),
    "as_model": (as_model, {"given": NET, "threshold": 0.5, "inputs": (0, 1)}),
    "from_torch": (eh.from_torch, {"module": MODULE, "data": points(), "threshold": 0.0}),
    "from_sklearn": (eh.from_sklearn, {"model": NET, "data": points(), "threshold": 0.0}),
    "from_onnx": (eh.from_onnx, {"path": "nowhere.onnx", "data": points(), "threshold": 0.0}),
    "from_state_dict": (eh.from_state_dict, {
        "tensors": MODULE.state_dict(), "hidden_activation": "relu", "output_activation": "identity", "widths": (2,),
        "data": points(), "order": None, "threshold": 0.0, "config": None,
    }),
    "load": (eh.load, {
        "source": "nowhere.pt", "widths": (2,), "hidden_activation": "relu", "output_activation": "identity",
        "data": points(), "order": None, "threshold": 0.0, "part": None, "config": None,
    }),
    "capture": (eh.capture, {"model": MODULE, "tail": MODULE[2:], "batches": [torch.rand(3, 2)]}),
    "circuits": (eh.circuits, {
        "network": NET, "task": "XOR", "criterion": "perfect", "decision": "threshold", "ablation": "zero",
        "epsilon": 0.0, "within": None, "grain": None,
    }),
    "place": (eh.place, {
        "network": NET, "task": "XOR", "circuit": eh.Circuit.whole(NET), "decision": "threshold", "budget": 1000,
        "ablation": "zero",
    }),
    "interpretations": (eh.interpretations, {
        "network": NET, "circuit": eh.Circuit.whole(NET), "decision": "threshold",
    }),
    "algorithms": (eh.algorithms, {"task": "XOR", "depth": 1}),
    "mappings": (eh.mappings, {"network": NET, "algorithm": ALGORITHM}),
    "align": (eh.align, {"network": NET, "model": causal(), "threshold": 0.5, "inputs": (0, 1)}),
    "readouts": (eh.readouts, {"network": NET, "layer": 1, "tolerance": 1e-3}),
    "interchange": (eh.interchange, {"network": NET, "explanation": READOUT}),
    "cross_examine": (eh.cross_examine, {"network": NET, "explanations": [MAPPING, READOUT]}),
    "decide_between": (eh.decide_between, {"network": NET, "one": MAPPING, "other": READOUT, "decision": "threshold"}),
    "hypothesis": (eh.hypothesis, {
        "stated": "AND(A, OR(A,B))", "places": {"OR(A,B)": "h1.0"}, "task": "XOR",
    }),
    "place of a hypothesis": (lambda place: eh.hypothesis("AND(A, OR(A,B))", {"OR(A,B)": place}), {"place": "h1.0"}),
    "test": (eh.test, {
        "network": NET, "hypothesis": HYPOTHESIS, "task": "XOR", "decision": "threshold", "depth": 2, "budget": 10**6,
    }),
    "decide": (eh.decide, {
        "network": NET, "one": HYPOTHESIS, "other": HYPOTHESIS, "task": None, "decision": "threshold", "seed": 0,
    }),
    "neuron": (eh.neuron, {
        "network": NET, "name": "h1.2", "task": "XOR", "read_as": "AND(A,B)", "decision": "threshold", "depth": 2,
        "budget": 10**6,
    }),
    "load_audit": (eh.load_audit, {"folder": "nowhere", "progress": False}),
    "train": (eh.train, {
        "task": "A", "widths": (1,), "seed": 0, "inputs": (0, 1), "outputs": (0, 1), "epochs": 1, "rows": 2,
        "learning_rate": 1e-3,
    }),
    "train_transformer": (eh.train_transformer, {
        "task": "A", "seed": 0, "layers": 1, "heads": 1, "width": 2, "head_width": 2, "mlp": 0, "activation": "relu",
        "norm": "none", "causal": True, "epochs": 1, "patience": 1, "learning_rate": 1e-3, "batch_size": 2,
        "share": 1.0, "labels": "true", "checkpoints": (), "loss_target": 0.1, "weight_decay": 0.0,
    }),
    "parse_token_task": (eh.parse_token_task, {
        "what": "MAX:2:2", "equals": True, "rows": 4, "seed": 0, "positions": None, "header": None,
    }),
    "TokenTask": (eh.TokenTask, {
        "tokens": [[0, 1], [1, 1]], "labels": [0, 1], "positions": (-1,), "name": "rows", "names": ("a", "b"),
        "vocabulary": 2, "about": "",
    }),
    "save_network": (eh.save_network, {"network": NET, "target": "nowhere.txt"}),
    "save_model": (eh.save_model, {"network": NET, "target": "nowhere.txt"}),
    "Answer": (eh.Answer, {"positions": (0, 1), "classes": (0, 1)}),
    "Transformer": (eh.Transformer, {
        "W_E": np.eye(2), "W_pos": np.zeros((3, 2)), "layers": (), "W_U": np.eye(2), "b_U": np.zeros(2),
        "ln_final": None, "activation": "relu", "causal": True, "scale": None, "answer": eh.Answer(),
        "grain": "edges-qkv", "difference": False, "origin": None, "threshold": 0.0, "input_values": (0, 1),
        "remarks": (), "softmax": False,
    }),
    "of_tokens": (eh.Behavior.of_tokens, {
        "network": eh.Transformer(np.eye(2), np.zeros((3, 2)), (), np.eye(2)), "tokens": [[0, 1, 1], [1, 1, 0]],
        "answer": eh.Answer(), "labels": [0, 1], "weights": [1.0, 2.0], "epsilon": 0.0, "within": None, "paired": None,
    }),
    "compare": (eh.compare, {
        "one": NET, "two": NET, "task": "XOR", "match": "best", "decision": None, "depth": 1, "budget": 100,
    }),
    "over": (eh.over, {
        "networks": [NET, NET], "task": "XOR", "rung": None, "decision": None, "depth": 1, "budget": 100,
    }),
    "sweep": (eh.sweep, {"plan": "nowhere.toml", "out": "nowhere", "seeds": 1, "workers": 1}),
}  # fmt: skip


def thrown(name):
    """What came out of a public function that was neither a value nor an error of ours, whatever was thrown at it."""

    raw = []

    def too_long(*_):
        # Somebody may catch what is raised here.
        raw.append(f"{argument} = {odd}: it takes longer than 20 seconds")
        raise TimeoutError("it takes longer than 20 seconds")

    function, arguments = CALLS[name]
    signal.signal(signal.SIGALRM, too_long)
    for argument, (odd, value) in itertools.product(arguments, ODD.items()):
        signal.alarm(20)
        try:
            function(**{**arguments, argument: (k for k in (1, 2)) if odd == "generator" else value})
        except EveryhowError as error:
            if len(str(error)) <= 20 or "\x1b" in str(error) or "\x00" in str(error):
                raw.append(f"{argument} = {odd}: says {str(error)!r:.100}")
        except BaseException as error:
            raw.append(f"{argument} = {odd}: {type(error).__name__}: {str(error)[:100]}")
        finally:
            signal.alarm(0)
    return raw


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Everything is thrown in a process of its own, with bounded memory and without the checks of shapes."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.test_door"], capture_output=True, text=True, timeout=600,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, ["src", os.environ.get("PYTHONPATH")]))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", CALLS)
def test_odd_objects(outcomes, name):
    """Every argument of every public function, replaced by objects of any kind: a value, or an error of ours."""
    assert outcomes[name] == []


def test_every_public_function_is_tried():
    """A public name that is not tried above is a type that only the others return or take."""
    public = {name for name in dir(eh) if not name.startswith("_")}
    tried = {*CALLS, "Circuit", "Behavior"}
    assert public - tried == {
        "Audit",
        "Task",
        "BudgetError",
        "EveryhowError",
        "EveryhowWarning",
        "InputError",
        "Intervention",
        "Model",
    }


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
    os.chdir(tempfile.mkdtemp())
    chosen = sys.argv[1:] or CALLS
    sys.stdout.write("\n" + json.dumps({name: thrown(name) for name in chosen}) + "\n")
