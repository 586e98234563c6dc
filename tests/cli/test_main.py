"""The command line: what it prints where, its exit codes and its messages."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import everyhow as eh
from everyhow.cli import audits
from everyhow.cli.options import announce_compilation
from everyhow.kernels import announcing
from everyhow.kinds import save_model as save_network

from ..conftest import REFERENCE, reference

XOR = str(REFERENCE / "xor-2-3-3-1-seed0.json")


def test_audit_reads_at_a_glance(run_command):
    """All parts of the audit are there, none wider than the terminal, and nothing is coloured."""
    code, out, err = run_command("audit", "XOR", "--network", XOR)
    assert (code, err) == (0, "")
    for part in (
        "Task     XOR", "Network  2-3-3-1, leaky_relu, 18 edges",
        "Is the explanation the only one, by the loosest criterion of each kind?",
        "circuit         no    120 perfect of 10,647, of 11 edges or more; 4 minimal",
        "codes           none  layer 1 and layer 2: 29 exact sets, as in any layer with 3",
        "algorithm       no    2 of the 250 formulas for XOR fit this network; without",
        "redundant gates 1 of 18", "of neurons have 6 different effects on the output",
        "what, then where", "where, then what",
        "resample_faithful_fewest_edges  █", "none valid by joint", "identifiable by resample_faithful_fewest_edges",
        "├─ AND(A,¬B)               h1.1", "Smallest circuit left by",
    ):  # fmt: skip
        assert part in out
    assert "\x1b" not in out
    assert all(len(line) <= 80 and line == line.rstrip() for line in out.splitlines())


def test_audit_json_is_one_document(run_command, tmp_path):
    """--json prints one document on stdout and nothing else, the same as the file that --out writes."""
    code, out, err = run_command("audit", "XOR", "--network", XOR, "--json", "--out", tmp_path / "run")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document == json.loads((tmp_path / "run" / "audit.json").read_text())
    assert reference("xor-2-3-3-1-seed0")[0]["paper"]["perfect_circuits"] == document["counts"]["perfect_circuits"]


def test_audit_names_its_files(run_command, tmp_path):
    """Where the files are is the last thing said."""
    _, out, _ = run_command("audit", "XOR", "--network", "xornet", "--out", tmp_path / "run")
    assert out.splitlines()[-2].strip() == "Files" or "Files" in out
    assert "audit.json" in "".join(out.split()), "a long path is folded"


def test_authors_preset(run_command):
    """The preset of the released code gives the authors block."""
    code, out, _ = run_command("audit", "XOR", "--network", XOR, "--preset", "authors", "--json")
    counts = json.loads(out)["counts"]
    assert reference("xor-2-3-3-1-seed0")[0]["authors"] == {k: counts[k] for k in counts if k != "min_node_sparsity"}
    assert code == 0
    _, out, _ = run_command("audit", "XOR", "--network", XOR, "--preset", "authors")
    assert "15 accurate of 3,000" in out


def test_wrong_task_is_said(run_command):
    """A network that does not compute the task is audited, with the inputs at which it differs."""
    code, out, _ = run_command("audit", "OR", "--network", XOR)
    assert code == 0
    assert "computes XOR, not OR; differs at 11" in out.replace("\n", " ")


def test_several_outputs(run_command):
    """One section per output, and one audit each in the document."""
    path = REFERENCE / "authors-xor-and-2-3-3-2-seed0.json"
    _, out, _ = run_command("audit", "XOR,AND", "--network", path)
    assert "Output XOR" in out and "Output AND" in out
    _, out, _ = run_command("audit", "XOR,AND", "--network", path, "--json")
    assert [part["task"] for part in json.loads(out)["outputs"]] == ["XOR", "AND"]


def test_none_aligned_shows_near_misses(run_command, tmp_path):
    """When nothing is aligned, the nearest misses are shown with their IIA, which is below 1."""
    network = eh.Network([np.ones((4, 3)), np.full((1, 4), 0.25)], [np.zeros(4), [-0.9]], ["identity", "identity"])
    path = eh.save_network(network, tmp_path / "majority.json")
    code, out, _ = run_command("audit", "MAJORITY", "--network", path, "--depth", "3")
    assert code == 0
    assert "none valid by single" in out
    assert "Nearest misses among the 100 simplest of 204 irredundant algorithms" in " ".join(out.split())
    misses = eh.audit(network, "MAJORITY", depth=3).findings.mappings.near_misses
    assert all(miss.least < 1 for miss in misses)
    assert sorted((miss.least for miss in misses), reverse=True) == [miss.least for miss in misses]


def test_count(run_command):
    """count prints the perfect circuits, or the two numbers they lie between."""
    code, out, _ = run_command("count", "XOR", "--network", XOR, "--json")
    assert (code, json.loads(out)["perfect_circuits"]) == (0, 120)
    _, out, _ = run_command("count", "XOR", "--network", XOR, "--preset", "authors", "--json")
    assert json.loads(out)["perfect_circuits"] == 15
    _, out, _ = run_command("count", "XOR", "--network", XOR, "--decision", "round", "--json")
    assert json.loads(out)["decision"] == "round"
    _, out, _ = run_command("count", "XOR", "--network", XOR)
    assert "perfect_circuits           120" in out


def test_a_count_is_printed_in_words(run_command, tmp_path):
    """Two ends of a number, and numbers by size, are told as people write them; what is for programs is in JSON."""
    edge = {"weights": [[[1, -1], [-1, 1], [1, 1]], [[1, 1, -0.5]]], "biases": [[0, 0, -1], [0]],
            "activations": ["relu", "identity"]}  # fmt: skip
    (tmp_path / "edge.json").write_text(json.dumps(edge))
    _, out, _ = run_command("count", "XOR", "--network", tmp_path / "edge.json")
    assert "\nperfect_circuits_between   4 to 6\n" in out
    transformer = REFERENCE / "transformers" / "transformer-xor-1l2h-mlp8-seed0.json"
    asked = ("count", "XOR", "--network", transformer, "--scope", "a0.h0,m0", "--others", "in")
    _, out, _ = run_command(*asked)
    assert "\nperfect_circuits_by_edges  4: 1, 5: 3, 6: 5, 7: 2, 8: 1\n" in out
    assert "\nscope                      parts: a0.h0, m0, others: in\n" in out
    assert "within" not in out and "counts_exact" not in out and "{" not in out
    _, out, _ = run_command(*asked, "--json")
    said = json.loads(out)
    assert said["counts_exact"]["perfect_circuits"] == "12" and said["within"] is None


def test_count_of_several_outputs(run_command):
    """All outputs together, and each on its own."""
    path = REFERENCE / "authors-xor-and-2-3-3-2-seed0.json"
    _, out, _ = run_command("count", "XOR,AND", "--network", path, "--json")
    document = json.loads(out)
    each = [part["perfect_circuits"] for part in document["outputs"]]
    network = reference("authors-xor-and-2-3-3-2-seed0")[1]
    assert [eh.circuits(network.output(k)).count().between[0] for k in range(2)] == each
    assert eh.circuits(network).count().between[0] == document["perfect_circuits"]


def test_count_between(run_command, tmp_path):
    """Circuits on the decision boundary give two numbers."""
    network = eh.Network([[[1.0, 1.0]]], [[-0.5]], ["identity"])
    path = eh.save_network(network, tmp_path / "tie.json")
    _, out, _ = run_command("count", "AND", "--network", path, "--json")
    document = json.loads(out)
    assert "perfect_circuits" not in document and len(document["perfect_circuits_between"]) == 2


WRONG = [
    (["audit", "FOO", "--network", XOR], "unknown gate 'FOO'"),
    (["audit", "A & C", "--network", XOR], "3 inputs but the network has 2"),
    (["audit", "011", "--network", XOR], "length 3"),
    (["audit", "XOR", "--network", "nowhere.json"], "no such file"),
    (["audit", "XOR", "--network", __file__], "files, not '.py'"),
    (["audit", "XOR,AND", "--network", XOR], "2 output(s) but the network has 1"),
    (["audit", "XOR", "--network", XOR, "--preset", "best"], "unknown preset"),
    (["audit", "XOR", "--network", XOR, "--depth", "99"], "depth is 99"),
    (["audit", "XOR", "--network", XOR, "--budget", "0"], "budget is 0"),
    (["audit", "XOR", "--network", XOR, "--out", str(REFERENCE)], "exists and is not a run"),
    (["audit", "XOR", "--widths", "3,x"], "--widths is '3,x'"),
    (["train", "XOR", "--learning-rate", "-1"], "learning_rate is -1.0 but must be above 0"),
    (["train", "XOR", "--show", "00,7"], "show names 7"),
    (["train", "XOR", "--epochs", "1", "--out", "net.pt"], "ends in .json or .safetensors"),
    (["audit"], "everyhow: missing argument 'TASK'; everyhow audit --help tells what there is"),
    (
        ["audit", "XOR", "--sedes", "3"],
        "no such option: --sedes (possible options: --scheduler, --seed); everyhow audit",
    ),
    (["audit", "XOR", "--seed"], "'--seed' requires an argument; everyhow audit --help tells what there is"),
    (["audit", "XOR", "--seed", "x"], "value for '--seed': Input should be a valid integer; everyhow audit --help"),
    (["audit", "XOR", "--\x1b[31m"], "no such option: --\\x1b[31m; everyhow audit"),
    (["audti"], "everyhow: no such command 'audti' (did you mean 'audit'?); everyhow --help tells what there is"),
    (["--sideways"], "everyhow: no such option: --sideways; everyhow --help tells what there is"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input(run_command, arguments, message):
    """Wrong input ends with 1 and a message on stderr, without a traceback and with nothing on stdout."""
    code, out, err = run_command(*arguments)
    assert (code, out) == (1, "")
    assert message in " ".join(err.split())
    assert err.startswith("everyhow: ") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--ablation", "none"], "unknown ablation 'none'"),
        (["--preset", "best"], "unknown preset 'best'"),
        (["--depth", "99"], "depth is 99"),
        (["--budget", "0"], "budget is 0"),
        (["--show", "33"], "show names 33"),
        (["--preset", "authors", "--pair-order", "AX"], "pair_order is 'AX'"),
        (["--decision", "argmax"], "the decision argmax is among classes"),
        (["--inputs", "1,1"], "inputs is (1.0, 1.0)"),
        (["--preset", "authors", "--inputs", "0,1", "--threshold", "0.25"], "authors rounds outputs to 0 and 1"),
    ],
)
def test_questions_are_understood_before_a_network_is_trained(run_command, monkeypatch, asked, message):
    """What an audit cannot be asked is told before the network is trained that it would be asked of."""
    monkeypatch.setitem(sys.modules, "torch", None)
    code, _, err = run_command("audit", "XOR", *asked)
    assert code == 1 and message in err
    assert "needs PyTorch" in run_command("audit", "XOR", "--decision", "round")[2]


def test_budget(run_command, tmp_path):
    """A budget that stops something ends with 3, the partial result printed, saved and marked."""
    code, out, _ = run_command("audit", "XOR", "--network", XOR, "--budget", "1e4", "--out", tmp_path / "run")
    assert code == 3
    assert "Not counted exactly" in out and "unknown" in out
    saved = json.loads((tmp_path / "run" / "audit.json").read_text())
    assert saved["capped"] and saved["counts"]["perfect_circuits"] is None
    code, out, err = run_command("count", "XOR", "--network", XOR, "--budget", "1e4")
    assert (code, err) == (3, "")
    assert "perfect_circuits           not counted" in out and "95% interval" in out and "the budget is 1e+04" in out
    code, out, err = run_command("count", "XOR", "--network", XOR, "--budget", "1e4", "--preset", "authors")
    assert (code, out) == (3, "")
    assert "Raise it with --budget" in err


@pytest.mark.parametrize("preset", ["paper", "authors"])
@pytest.mark.parametrize("budget", ["1", "100", "5e3", "2e4", "3e5", "1e7"])
def test_every_budget_ends_well(run_command, budget, preset):
    """Whatever the budget stops, the rest is printed, and the exit code says whether anything is missing."""
    code, out, err = run_command("audit", "XOR", "--network", XOR, "--budget", budget, "--preset", preset)
    assert err == ""
    assert code == (3 if "Not counted exactly" in out else 0)
    assert "None" not in out


def test_files_are_named_in_what_is_found_later(run_command, tmp_path, monkeypatch):
    """An error about a network that was read well names its file; so does one about the network and its inputs."""
    monkeypatch.chdir(tmp_path)
    narrow = eh.Network(([[1.0]],), ([0.0],), ("identity",), threshold=0.5)
    save_network(narrow, "one\x1b[31m.json")
    (tmp_path / "rows.csv").write_text("0,1\n1,0\n")
    code, out, err = run_command("count", "XOR", "--network", "one\x1b[31m.json")
    assert (code, out) == (1, "")
    assert err.startswith("everyhow: task XOR has 2 inputs but the network has 1; ")
    assert err.endswith(" (network: one\\x1b[31m.json)\n")
    *_, err = run_command("audit-data", "rows.csv", "--no-header", "--network", "one\x1b[31m.json")
    assert err.endswith("one row per input (network: one\\x1b[31m.json; inputs: rows.csv)\n")
    *_, err = run_command("audit", "XOR", "--network", "absent.json")
    assert err.startswith("everyhow: absent.json: no such file") and "(network" not in err


def test_internal_failure(run_command, monkeypatch):
    """An unforeseen failure ends with 2 and says where it happened."""

    def fail(source):
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr(audits, "stored_network", fail)
    code, _, err = run_command("audit", "XOR", "--network", XOR)
    assert code == 2
    assert "unforeseen" in err and "internal failure" in err


def test_xornet_table(run_command):
    """The essay's table, to two decimals."""
    _, out, _ = run_command("xornet")
    assert out.splitlines() == [
        "A  B  h1.0  h1.1  h1.2  out0",
        "0  0  0.00  0.00  0.00  0.00",
        "0  1  0.00  1.00  0.00  1.00",
        "1  0  1.00  0.00  0.00  1.00",
        "1  1  1.00  1.00  1.00  0.00",
    ]


def test_without_torch(run_command, monkeypatch):
    """Training without PyTorch says which command installs it; auditing a file works without."""
    monkeypatch.setitem(sys.modules, "torch", None)
    code, _, err = run_command("train", "XOR")
    assert code == 1
    assert "pip install 'everyhow[train]'" in err
    code, _, _ = run_command("audit", "XOR", "--network", XOR, "--json")
    assert code == 0


def test_as_a_program():
    """Run as a program and piped: plain text, wrong input without a traceback."""
    environment = {**os.environ, "COLUMNS": "140"}
    command = [sys.executable, "-m", "everyhow"]
    done = subprocess.run(
        [*command, "audit", "XOR", "--network", "xornet"], capture_output=True, text=True, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "identifiable by single" in done.stdout and "\x1b" not in done.stdout
    done = subprocess.run([*command, "audit", "FOO"], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("everyhow: unknown gate 'FOO'")


def test_population_codes_and_rivals(run_command):
    """The sections on rival explanations of the analytic network, in the terminal's width."""
    code, out, err = run_command("audit", "XOR", "--network", "xornet", "--full")
    assert (code, err) == (0, "")
    for part in (
        "codes, layer 1  no   3 exact by fewer than 3 signals, beside 8 that any layer",
        "  cheapest        ████████         1           1  by the price of its gates",
        "  layer 1: 7 of 7 signals readable within 0.001            by 1  2  3  in all",
        "    exact                                        ████████     1  2  8      11",
        "    bounded                                      ██           1  2  0       3",
        "  identifiable by fewest_signals",
        "OR(AND(A,¬B), AND(¬A,B))  layer 1: OR of AND(A,¬B) = h1.0 - h1.2;",
        "Cross-examination: of the row's swaps, the percentage whose outcome the column",
        "Mappings that pass transitive; readout explanations of layer 1 that pass",
        "Which is cheapest, by the price of NOT",
        "Experiments that decide between them",
        "4 of 6 pairs of explanations part company; 2 pairs agree. Tried were all",
        "#1 or #2: on input 00, give the code h1.0 + h1.1 - 2 h1.2 its value from input",
    ):
        assert part in out
    assert all(len(line) <= 80 and line == line.rstrip() for line in out.splitlines())


def test_a_wrong_lesson(run_command, tmp_path):
    """Trained without 11, a network computes OR; what fits the shown rows is told apart by the row it was not shown."""
    pytest.importorskip("torch")
    network = tmp_path / "network.json"
    assert run_command("train", "XOR", "--show", "00,01,10", "--out", network)[0] == 0
    code, out, _ = run_command("audit", "XOR", "--network", network, "--show", "00,01,10")
    assert code == 0
    flat = " ".join(out.split())
    assert "computes OR, not XOR; differs at 11" in flat
    assert "The lesson: what fits the rows it was shown, 00 01 10" in flat
    # How many circuits depends on the machine that trains; those of a network that is kept are in the README.
    assert re.search(r"0 of the [\d,]+ circuits that decide right there generalize to XOR", flat)
    _, out, _ = run_command("audit", "XOR", "--network", network, "--show", "10,11")
    assert "The network itself is wrong at 11, which it was shown." in " ".join(out.split())
    _, out, _ = run_command("audit", "XOR", "--network", network)
    assert "The lesson: what fits the rows at which it is right, 00 01 10" in " ".join(out.split())


def test_readout_options_reach_the_audit(run_command):
    """Tolerance, number of signals and prices."""
    options = [
        "--tolerance",
        "0.5",
        "--signals",
        "2",
        "--not-price",
        "1",
        "--familiar",
        "NIMP=0.5,MAJORITY=1",
        "--json",
    ]
    code, out, _ = run_command("audit", "XOR", "--network", "xornet", *options)
    details = json.loads(out)["details"]
    assert code == 0
    assert details["readouts"]["layers"][0]["tolerance"] == 0.5
    assert set(details["readouts"]["layers"][0]["by_signals"]["exact"]) == {"1", "2"}
    assert details["costs"]["prices"] == {"gate": 1, "not": 1, "xor": 3, "familiar": {"NIMP": 0.5, "MAJORITY": 1}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tolerance", "0"], "tolerance is 0.0; it is a relative residual, above 0 and below 1, such as 1e-3"),
        (["--signals", "0"], "signals is 0; a readout explanation has at least 1 signal"),
        (["--not-price", "-1"], "the price of negation is -1.0; a price is a finite number of at least 0"),
        (["--familiar", "NAND"], "familiar has 'NAND'; it takes gates with prices, such as NAND=0.5,XOR=1"),
        (["--familiar", "WHAT=1"], "unknown gate or variable 'WHAT'"),
        (["--show", "00,2"], "show names 2; the rows are 00, 01, 10, 11"),
        (
            ["--preset", "authors", "--signals", "2", "--not-price", "1"],
            "signals and costs: this belongs to the preset paper; leave it out, or choose that",
        ),
    ],
)
def test_wrong_readout_options(run_command, options, message):
    """Exit code 1 and the option's own message."""
    code, out, err = run_command("audit", "XOR", "--network", "xornet", *options)
    assert (code, out) == (1, "")
    assert message in err


@pytest.mark.parametrize(
    "arguments", [["--a\u202e\x1b[31m"], ["xornet", "--a\u202e\x1b[31m"], ["xornet", "a\u202e\x1b[31m"]]
)
def test_what_was_typed_does_not_steer_the_terminal(run_command, arguments):
    """An unknown option, and an argument too many, are quoted by the codes of their signs."""
    code, out, err = run_command(*arguments)
    assert (code, out) == (1, "")
    assert "a\\u202e\\x1b[31m" in err and "\u202e" not in err and "\x1b" not in err


def test_paths_do_not_steer_the_terminal(run_command, tmp_path):
    """The name of a file that was written is shown by the codes of its signs."""
    pytest.importorskip("torch")
    code, out, _ = run_command(
        "train", "AND", "--widths", "2", "--epochs", "1", "--out", tmp_path / "a\u202e\x1b[31m.json"
    )
    assert code == 0 and (tmp_path / "a\u202e\x1b[31m.json").is_file()
    assert "a\\u202e\\x1b[31m.json" in out and "\x1b" not in out


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed, tmp_path):
    """With streams closed by the shell everything else goes on, and no file is taken for one of them."""
    command = f'"{sys.executable}" -m everyhow count XOR --network xornet --certificate found.gz {closed}'
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "found.gz").read_bytes()[:2] == b"\x1f\x8b"
    command = f'"{sys.executable}" -m everyhow count AND --network absent.json {closed}'
    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True).returncode == 1


@pytest.mark.parametrize("said", ["99999999", "\u00b2", "-5", "wide", ""])
def test_odd_widths(said):
    """A terminal that is said to be of an odd width has the usual one."""
    usual = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "TERMINAL_WIDTH")}
    found = [
        subprocess.run([sys.executable, "-m", "everyhow", "--help"], env=env, capture_output=True, check=True).stdout
        for env in (usual, usual | dict.fromkeys(("COLUMNS", "LINES", "TERMINAL_WIDTH"), said))
    ]
    assert found[0] == found[1] != b""


def test_compiling_is_told_once(tmp_path, monkeypatch, capsys):
    """Whoever waits is told that kernels are compiled, and no more once they are kept, wherever that is."""
    list(eh.circuits(eh.xornet()))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    announce_compilation()
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(announcing, "ANNOUNCER", announcer := announcing.Announcer())
    announce_compilation()
    announcer.hide()
    assert "compiling the kernels; this happens once" in capsys.readouterr().err
    (tmp_path / "of_a_folder").mkdir()
    (tmp_path / "of_a_folder" / "circuits.count-1.py311.nbi").touch()
    announce_compilation()
    assert capsys.readouterr().err == ""


def test_train_keeps_checkpoints(run_command, tmp_path, monkeypatch):
    """Networks on the way stand beside the last one; what was not reached is said; nothing is replaced unasked."""
    pytest.importorskip("torch")
    from everyhow.training import TrainingSettings, train_many

    monkeypatch.chdir(tmp_path)
    asked = ("train", "XOR", "--widths", "3,3", "--checkpoints", "0,2,900", "--out", "one.json")
    code, out, _ = run_command(*asked)
    assert code == 0 and "checkpoints one-epoch-0.json, one-epoch-2.json; training ended before epoch 900" in out
    (early,) = train_many("XOR", [0], TrainingSettings(widths=(3, 3), epochs=2))
    assert eh.load("one-epoch-2.json").document()["weights"] == early.network.document()["weights"]
    code, _, err = run_command(*asked[:-1], "two.json")
    assert code == 0
    (tmp_path / "two.json").unlink()
    code, _, err = run_command(*asked[:-1], "two.json")
    assert code == 1 and "two-epoch-0.json and 1 more are there already" in err
    code, out, _ = run_command("train", "XOR", "--epochs", "1", "--out", "three.json", "--json")
    assert code == 0 and "checkpoints" not in json.loads(out)


@pytest.mark.parametrize("going_on", [False, True])
def test_the_end(going_on):
    """What was printed is written, what was registered for the end runs, and threads that go on are waited for."""
    script = (
        "import atexit, sys, threading, time\n"
        "atexit.register(print, 'at the end')\n"
        "def later(): time.sleep(0.3); print('later')\n"
        f"if {going_on}: threading.Thread(target=later).start()\n"
        "sys.argv = ['everyhow', 'audit', 'XNANDOR', '--network', 'xornet']\n"
        "from everyhow.cli.main import run\n"
        "print('first')\n"
        "run()\n"
        "print('never')\n"
    )
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=buffered)
    assert done.stdout.split("\n") == ["first", *["later"] * going_on, "at the end", ""]
    assert done.stderr.startswith("everyhow: unknown gate 'XNANDOR'") and done.returncode == 1
