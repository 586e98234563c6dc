"""Files of every kind, broken at random: `python -m tests.fuzzing FOLDER SEED COUNT [KIND ...]`.

Every case is read in this process, under an alarm and a limit of memory. What is not a success or a refusal that names
the file is printed, one JSON line for each; a case that the process dies of is the last one named in FOLDER/now.
"""

import io
import json
import random
import resource
import signal
import struct
import sys
import warnings
import zipfile
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

import everyhow as eh
from everyhow.auditing.reopening import reopen
from everyhow.common.reading import naming, read_document
from everyhow.exchange.causal_model_files import read_causal_model
from everyhow.exchange.graph_json import circuit_to_graph, read_graph
from everyhow.exchange.interventions import mapping_from_interventions, mapping_to_interventions
from everyhow.given.labels import read_labels
from everyhow.given.points import read_rows
from everyhow.hypotheses.files import read_hypothesis
from everyhow.mapping.placements import count_placements
from everyhow.network.documents import network_bytes
from everyhow.sweeps.plan import read_plan
from everyhow.verification.verify import verify

SECONDS = 20
BYTES = 3 * 2**30
LONGEST = 4000
ALGORITHM = next(eh.algorithms("XOR", depth=2))
XOR = eh.xornet()
ESCAPE = "\x1b[31m\u202e\n"


def seeds() -> dict[str, bytes]:
    """A good file of each kind, by the name under which it is written."""
    origin = {
        "source": "torch Sequential", "folded": ["left out"], "precision": "float32", "checked_on": "4 corners",
        "inputs_checked": 4, "largest_difference": 1e-7, "allowed_difference": 1e-6, "decisions_changed": 0, "ties": 0,
        "largest_output_changed": 0,
    }  # fmt: skip
    rows, masks = io.BytesIO(), io.BytesIO()
    np.save(rows, np.array([[0.5, 1.0], [0.25, -3.0], [1.0, 1.0]]))
    (circuit,) = eh.circuits(XOR).minimal()[:1]
    edge_masks = [mask.astype(int) for mask in XOR.masks(circuit)]
    np.savez(masks, **{f"edge_mask_{k}": mask for k, mask in enumerate(edge_masks)})  # type: ignore[arg-type]
    (mapping,) = eh.mappings(XOR, ALGORITHM)
    log = [{"epoch": 10, "outputs": [{"circuits": [{"edge_masks": [mask.tolist() for mask in edge_masks]}]}]}]
    audit = eh.audit(XOR, "XOR", depth=2).document()
    data = eh.audit_behavior(XOR, eh.Behavior.of_network(XOR, np.array([[0, 0], [0.1, 1], [1, 0]]))).document()
    arrays = {"0.weight": np.ones((3, 2)), "0.bias": np.zeros(3), "2.weight": np.ones((1, 3), np.float32)}
    model = {
        "variables": ["a", "b", "c", "o"], "values": {"c": [0, 1]}, "parents": {"c": ["a", "b"], "o": ["a", "b", "c"]},
        "mechanisms": {"c": "a & b", "o": [0, 0, 1, 1, 1, 1, 0, 0]},
    }  # fmt: skip
    plan = (
        'name = "a"\ntitle = "b"\naxis = ["widths"]\nseeds = 3\npresets = ["paper"]\nbudget = 1e6\n[settings]\n'
        'task = "XOR"\nepochs = 10\n[[grid]]\nwidths = [[2], [3, 3]]\nlearning_rate = [0.01, 1e-3]\n'
    )
    hypothesis = (
        'formula = "AND(OR(A,B), NAND(A,B))"\ntask = "XOR"\n[places]\n"OR(A,B)" = ["h1.0", "h1.1"]\n'
        '"NAND(A,B)" = "h1.2"\n'
    )
    found = {
        "network.json": json.dumps(XOR.document() | {"origin": origin, "remarks": ["made"]}).encode(),
        "network.safetensors": network_bytes(XOR), "state.safetensors": save(arrays), "rows.npy": rows.getvalue(),
        "points.csv": b'a;"b"\n0,5;1\n# c\n-2;3e2\n', "labels.csv": b"kind\nred\nblue\nred\n",
        "hypothesis.toml": hypothesis.encode(),
        "masks.npz": masks.getvalue(), "masks.json": json.dumps(log).encode(), "plan.toml": plan.encode(),
        "graph.json": json.dumps(circuit_to_graph(circuit, XOR)).encode(), "model.json": json.dumps(model).encode(),
        "interventions.json": json.dumps(mapping_to_interventions(mapping, XOR)).encode(),
        "audit.json": json.dumps(audit, default=str).encode(),
        "data/audit.json": json.dumps(data, default=str).encode(),
    }  # fmt: skip
    return found | _of_other_libraries()


def _of_other_libraries() -> dict[str, bytes]:
    found = {}
    if find_spec("torch"):
        import torch

        module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape) / 7 - 0.3)
        saved, checkpoint = io.BytesIO(), io.BytesIO()
        torch.save(module.state_dict(), saved)
        torch.save({"epoch": 3, "layer_sizes": [2, 3, 1], "activation": "relu", "state_dict": module.state_dict()},
                   checkpoint)  # fmt: skip
        found |= {"model.pt": saved.getvalue(), "checkpoint.pt": checkpoint.getvalue()}
    if find_spec("onnx") and find_spec("onnxruntime"):
        from onnx import TensorProto, helper, numpy_helper

        arrays = {"w": np.ones((3, 2)), "b": np.zeros(3), "v": np.ones((1, 3)), "c": np.zeros(1)}
        nodes = [
            helper.make_node("Gemm", ["x", "w", "b"], ["h"], transB=1), helper.make_node("Relu", ["h"], ["r"]),
            helper.make_node("Gemm", ["r", "v", "c"], ["y"], transB=1),
        ]  # fmt: skip
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, n]) for name, n in (("x", 2), ("y", 1))]
        stored = [numpy_helper.from_array(one.astype(np.float32), name) for name, one in arrays.items()]
        graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], stored)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        found["model.onnx"] = model.SerializeToString()
    return found


def read(path: Path) -> None:
    """Read a file as its name says, and look at what came out of it."""
    name = path.name
    if name in ("network.json", "network.safetensors", "model.onnx"):
        _look_at(eh.load(path))
    elif name.endswith((".safetensors", ".pt")):
        _look_at(eh.load(path, hidden_activation="relu", threshold=0.5))
    elif name in ("rows.npy", "points.csv"):
        str(read_rows(path))
    elif name == "labels.csv":
        str(read_labels(path, header=True))
    elif name == "model.json":
        model = read_causal_model(path)
        with naming(path):
            count_placements(XOR, model)
    elif name == "interventions.json":
        document = read_document(path, "interventions")
        with naming(path):
            mapping_from_interventions(document, ALGORITHM, XOR)
    elif name.startswith(("masks", "graph")):
        read_graph(path, XOR)
    elif name == "plan.toml":
        read_plan(path)
    elif name == "hypothesis.toml":
        stated = read_hypothesis(path)
        with naming(path):
            str(eh.test(XOR, stated))
    else:
        str(verify(path.parent))
        reopen(path.parent)


def _look_at(network: eh.Network) -> None:
    repr(network)
    network.run(np.zeros((1, network.widths[0])))
    json.dumps(network.document(), allow_nan=False)


def broken(name: str, content: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """The content of a file with one to three things in it changed."""
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        content = _changed(name, content, others, chance)
    return content


def _changed(name: str, content: bytes, others: list[bytes], chance: random.Random) -> bytes:
    try:
        if name.endswith(".json") and chance.random() < 0.85:
            return json_text(changed_value(json.loads(content), chance), chance).encode("utf-8", "surrogatepass")
        if name.endswith(".safetensors") and chance.random() < 0.7:
            size = int.from_bytes(content[:8], "little")
            header = json_text(changed_value(json.loads(content[8 : 8 + size]), chance), chance)
            encoded = header.encode("utf-8", "surrogatepass")
            return struct.pack("<Q", len(encoded)) + encoded + content[8 + size :]
        if name.endswith((".pt", ".npz")) and chance.random() < 0.7:
            return _changed_archive(content, others, chance)
    except (ValueError, OverflowError, RuntimeError, KeyError, EOFError, OSError, zipfile.BadZipFile, zlib.error):
        pass
    return _changed_bytes(content, others, chance)


PIECES = [
    b"NaN", b"Infinity", b"-1", b"1e999", b"9" * 30, b"9" * 5000, b"[" * 100, b"{" * 2000, b"\x00", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\x1b[31m", "\u202e".encode(), b"\xff" * 7 + b"\x7f", b"\x00\x00\xc0\x7f", b'"', b"\n", b",",
    b"=1+1", b"\\ud800", b"a." * 500, b"0x" + b"f" * 5000, b"1979-05-27", b"'''", b'"""', b"inf", b"PK\x05\x06",
    b"(", b"0,", b";", b"true",
]  # fmt: skip


def _changed_bytes(content: bytes, others: list[bytes], chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    end = min(len(content), place + chance.choice([1, 1, 2, 4, 8, 40]))
    piece = chance.choice(
        [
            bytes([chance.randrange(256)]),
            b"",
            chance.choice(PIECES),
            content[place:end] * 2,
            chance.choice(others)[:300],
        ]
    )
    return content[:place] if chance.random() < 0.1 else content[:place] + piece + content[end:]


def _changed_archive(content: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """An archive with a member renamed, changed, left out, written twice or packed, or with a comment."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    at = chance.randrange(len(members))
    name, held = members[at]
    way = chance.randrange(6)
    if way == 0:
        members[at] = (chance.choice([f"{name}{ESCAPE}", "../x", "/x", "x", "a/data.pkl", name.upper()]), held)
    elif way < 3:
        members[at] = (name, _changed_bytes(held, others, chance))
    elif way == 3:
        del members[at]
    elif way == 4:
        members.append((name, held))
    written, packed = io.BytesIO(), zipfile.ZIP_DEFLATED if way == 5 else zipfile.ZIP_STORED
    with zipfile.ZipFile(written, "w", packed) as archive:
        for one, value in members:
            archive.writestr(one, value)
        archive.comment = chance.choice([b"", b"", b"\x1b[31m", b"PK\x05\x06" * 100])
    return written.getvalue()


class Raw(str):
    """JSON text that stands for a value."""


def strange(chance: random.Random) -> object:
    """A value that nobody expects."""
    deep: object = 1
    for _ in range(chance.choice([5, 63, 70, 300])):
        deep = [deep] if chance.random() < 0.5 else {"a": deep}
    return chance.choice([
        None, True, False, 0, 1, -1, 2, 0.5, 1e-320, 10**18, 10**25, 10**400, -(2**63), Raw("1e999"), Raw("NaN"),
        Raw("9" * 5000), Raw("-Infinity"), Raw('{"a": 1, "a": 2}'), "", "0", "XOR", ESCAPE, "\ud800", "\0",
        "x" * 50_000, "=cmd()", "[red]x[/]", "$\\frac{1}{2}$", "A & " * 200 + "A", "(" * 400, "../../etc/passwd", [],
        [[]], [None], {}, {"": {}}, deep, [0] * 5000, [[0, 1]] * 3000, {str(k): k for k in range(2000)},
        [1, "a", None, [2]],
    ])  # fmt: skip


def changed_value(value: Any, chance: random.Random) -> Any:
    """The value with something at a random place in it changed."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not keys or chance.random() < 0.12:
        return _changed_leaf(value, chance)
    at, found = chance.choice(keys), value.copy()
    way = chance.random()
    if way < 0.75:
        found[at] = changed_value(value[at], chance)
    elif way < 0.83:
        del found[at]
    elif isinstance(value, dict):
        key = chance.choice([f"{at}{ESCAPE}", "", str(at).upper(), "\ud800", "__proto__", "x" * 5000])
        found[key] = found[at] if way < 0.9 else found.pop(at)
    else:
        found.insert(at, found[at] if way < 0.9 else strange(chance))
    return found


def _changed_leaf(value: Any, chance: random.Random) -> Any:
    if type(value) in (int, float) and chance.random() < 0.5:
        return chance.choice([value + 1, -value, value * 2**70, value * 0.5])
    if isinstance(value, str) and chance.random() < 0.4:
        return chance.choice([value + ESCAPE, value[:-1], value * 3, value.upper(), f"{value},{value}"])
    return strange(chance)


def json_text(value: object, chance: random.Random) -> str:
    """The value as JSON, names that stand twice now and then, and signs written as they are in half of the cases."""
    ascii_only = chance.random() < 0.5

    def text(one: object) -> str:
        if isinstance(one, Raw):
            return one
        if isinstance(one, list):
            return f"[{', '.join(map(text, one))}]"
        if isinstance(one, dict):
            pairs = [f"{json.dumps(str(key), ensure_ascii=ascii_only)}: {text(inside)}" for key, inside in one.items()]
            if pairs and chance.random() < 0.002:
                pairs.append(chance.choice(pairs).rpartition(": ")[0] + ": 0")
            return f"{{{', '.join(pairs)}}}"
        return json.dumps(one, ensure_ascii=ascii_only)

    return text(value)


def fault(path: Path) -> str | None:
    """What is wrong with how a file is read; None when it is read, or refused as it should be."""
    try:
        read(path)
    except eh.EveryhowError as error:
        said = str(error)
        if not said.isprintable() or len(said) > LONGEST:
            return f"a message of {len(said)} signs, or with signs that a terminal obeys: {said[:300]!r}"
        named = said.startswith(f"{path}: ") or (said.startswith(f"{path.parent}") and path.name in said)
        return None if named else f"the file is not named first: {said[:300]!r}"
    except BaseException as error:
        place = error.__traceback__
        while place and place.tb_next:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
        return f"{type(error).__name__} at {where}: {str(error)[:200]}"
    return None


def main(folder: Path, seed: int, count: int, kinds: list[str]) -> None:
    """Break so many files of each kind, and print what is wrong with how they are read."""
    good = seeds()
    for name, content in good.items():
        path = folder / "good" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        read(path)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + BYTES, resource.RLIM_INFINITY))

    def too_long(*_: object) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    signal.signal(signal.SIGALRM, too_long)
    for name in kinds or good:
        chance = random.Random(f"{seed} {name}")
        others = list(good.values())
        slow = count if not name.endswith("audit.json") else max(1, count // 10)
        path = folder / "broken" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for number in range(slow):
            content = broken(name, good[name], others, chance)
            path.write_bytes(content)
            (folder / "now").write_text(f"{name} {seed} {number}")
            signal.alarm(SECONDS)
            found = fault(path)
            signal.alarm(0)
            if found:
                kept = folder / f"{seed}-{number}-{name.replace('/', '-')}"
                kept.write_bytes(content)
                told = {"kind": name, "seed": seed, "number": number, "fault": found}
                sys.stdout.write(f"{json.dumps(told)}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
