"""The command `everyhow import`, and imported files where networks are asked for."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest

import everyhow as eh

from .strategies import trainable

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")


@pytest.fixture
def files(tmp_path):
    """A folder with one network as an ONNX file and as a state dict, and inputs."""
    module = trainable()
    torch.save(module.state_dict(), tmp_path / "model.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, 2),), tmp_path / "model.onnx", dynamo=False)
    np.save(tmp_path / "data.npy", np.ones((5, 2)))
    (tmp_path / "data.csv").write_text("a,b\n0,1\n1,0\n")
    return tmp_path


def test_import(run_command, files):
    """The check is printed, and the network is written with it."""
    out = files / "network.json"
    code, printed, err = run_command("import", files / "model.onnx", "--out", out)
    assert (code, err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in printed.splitlines() if line.startswith(("network", "widths")))
    assert lines == {"network": str(out), "widths": "2-3-3-1"}
    for part in ("activations          relu, relu, identity", "source               ONNX file model.onnx",
                 "folded               nothing", "checked on           4 corners and 128 random inputs, in float32",
                 "largest difference   ", "allowed there        ", "decisions changed    0"):  # fmt: skip
        assert part in printed
    assert eh.load(out) == eh.from_torch(trainable()) and eh.load(out).origin.source == "ONNX file model.onnx"


def test_state_dict(run_command, files):
    """A state dict needs its activations; widths and data are looked at; --json prints one document."""
    out = files / "network.safetensors"
    named = ["--hidden-activation", "relu", "--output-activation", "identity"]
    options = [*named, "--widths", "3,3", "--data", files / "data.npy", "--json"]
    code, printed, err = run_command("import", files / "model.pt", "--out", out, *options)
    document = json.loads(printed)
    assert code == 0 and err == "read 5 rows of 2 columns from data.npy, no header; first row 1, 1\n"
    assert document["network"] == str(out) and document["edges"] == 18
    assert document["origin"]["checked_on"].startswith("nothing to compare with: a state dict holds tensors")
    assert document["origin"] == eh.load(out).origin.document()
    code, _, err = run_command("import", files / "model.pt", "--out", out, *named, "--widths", "4", "--force")
    assert code == 1 and "model.pt: the widths asked for are (4,), but the tensors have" in err
    code, _, err = run_command("import", files / "model.pt", "--out", out, "--force")
    assert code == 1 and "--hidden-activation relu --out network.json" in err
    code, _, err = run_command("import", files / "model.onnx", "--out", out, "--data", files / "model.pt", "--force")
    assert code == 1 and "data is read from .npy or .csv files, not '.pt'" in err
    code, printed, _ = run_command(
        "import", files / "model.onnx", "--out", out, "--data", files / "data.csv", "--force"
    )
    assert code == 0 and "2 given inputs, in float32" in printed
    code, _, err = run_command("import", files / "model.onnx", "--out", files / "net.txt")
    assert code == 1 and "net.txt: a network file ends in .json or .safetensors" in err


def test_what_is_told_of_a_state_dict(run_command, files):
    """The order taken, what was left out of a checkpoint, and that there was nothing to compare with are printed."""
    torch.save({"epoch": 3, "model": trainable().state_dict(), "ema": trainable().state_dict()}, files / "two.ckpt")
    command = ["import", files / "two.ckpt", "--out", files / "out.json", "--hidden-activation", "relu,tanh"]
    code, _, err = run_command(*command)
    assert code == 1 and "two.ckpt: it holds 2 state dicts, model, ema; choose one, such as part='model' (--part" in err
    code, _, err = run_command(*command, "--part", "ema")
    assert code == 1 and "two.ckpt: a state dict does not say what its output means; say it: " in err
    command += ["--part", "ema", "--output-activation", "sigmoid"]
    code, printed, _ = run_command(*command, "--order", "0,2,4")
    assert code == 0
    assert "activations          relu, tanh, sigmoid\n" in printed
    assert "folded               left out of the file: epoch, model; order taken: 0 (2 to 3), 2 (3 to 3), " in printed
    assert "checked              nothing to compare with: a state dict holds tensors, not the model\n" in printed
    assert "difference" not in printed
    code, _, err = run_command(*command, "--order", "4,2,0", "--force")
    assert code == 1 and "in the order given, 4 gives 1 neurons but 2 takes 3" in err


def test_where_networks_are_asked_for(run_command, files):
    """An ONNX file is counted like any network file; a state dict is sent to the command that imports it."""
    code, _, err = run_command("count", "XOR", "--network", files / "model.onnx", "--json")
    assert code == 1 and "nothing says where the outputs of this network turn from 0 to 1" in err
    code, printed, _ = run_command("count", "XOR", "--network", files / "model.onnx", "--threshold", "0", "--json")
    assert code == 0
    eh.save_network(eh.from_torch(trainable()), files / "same.json")
    assert run_command("count", "XOR", "--network", files / "same.json", "--threshold=0", "--json")[1] == printed
    code, _, err = run_command("count", "XOR", "--network", files / "model.pt")
    assert code == 1 and f"everyhow import {files / 'model.pt'} --hidden-activation relu" in err


def test_networks_without_origin(run_command, files):
    """A network file of everyhow is imported as it is."""
    path = eh.save_network(eh.xornet(), files / "xornet.json")
    code, printed, _ = run_command("import", path, "--out", files / "again.safetensors")
    assert code == 0 and "source" not in printed and eh.load(files / "again.safetensors") == eh.xornet()
    document = json.loads(run_command("import", path, "--out", files / "again.json", "--json")[1])
    assert document["origin"] is None


def test_reading_loads_only_what_it_needs(files):
    """A broken state dict is refused without PyTorch, and ONNX is not loaded for other files."""
    (files / "broken.pt").write_bytes(b"PK\x03\x04")
    code = (
        "import sys, everyhow as eh\n"
        "try: eh.load(sys.argv[1], hidden_activation='relu')\n"
        "except eh.InputError as error: print(error)\n"
        "print(*[m for m in ('torch', 'onnx', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(files / "broken.pt")], check=True, capture_output=True, text=True
    )
    first, second = done.stdout.splitlines()
    assert "broken.pt: its zip directory is broken" in first and second == ""
