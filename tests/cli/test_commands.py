"""What all commands have in common: help, completion, standard input, files that stay, options that exclude others."""

import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import everyhow as eh
from everyhow.cli import standard_input
from everyhow.cli.contradictions import RULES
from everyhow.cli.main import COMMANDS
from everyhow.cli.standard_input import suffix_of

from ..conftest import REFERENCE

XOR = REFERENCE / "xor-2-3-3-1-seed0.json"
NAMES = [name for commands in COMMANDS.values() for name in commands]
# The arguments of each command, as its usage line names them.
ARGUMENTS = {
    "audit": "TASK", "audit-data": "FILE", "count": "TASK", "train": "TASK", "import": "FILE", "xornet": "",
    "sweep": "[PLAN]", "report": "RUN", "figures": "RUN [NAMES]...", "tables": "RUN [NAMES]...", "query": "RUN SQL",
    "verify": "RUN", "place": "GRAPH TASK", "align": "MODEL [BEHAVIOR]", "export": "RUN",
    "test": "HYPOTHESIS", "decide": "FIRST SECOND", "neuron": "NAME",
    "compare": "ONE TWO", "over": "FILES...", "patch": "FOLDER BEHAVIOR",
}  # fmt: skip


@pytest.fixture
def send(monkeypatch):
    """Sends bytes by standard input to the commands that follow."""

    def sent(content):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    return sent


def test_version(run_command):
    """One line: the name and the version that is installed."""
    assert run_command("--version") == (0, f"everyhow {eh.__version__}\n", "")


@pytest.mark.parametrize("name", NAMES)
def test_help(run_command, name):
    """Arguments have names, options words for their values, and nothing shows a type of Python."""
    code, out, err = run_command(name, "-h")
    assert (code, err) == (0, "") and run_command(name, "--help")[1] == out
    flat = " ".join(out.split())
    # Typer writes the dots after a list since 0.29.
    usage = f"Usage: everyhow {name} [OPTIONS] {ARGUMENTS[name]}".strip()
    assert usage.replace("...", "") in flat.replace("...", "")
    assert not re.search(r"<\w+>|\{[A-Z]", out)
    assert all(len(line) <= 80 for line in out.splitlines())


def test_help_is_grouped(run_command):
    """Commands stand under headings, and so do the options of a command."""
    _, out, _ = run_command("--help")
    headings = re.findall(r"─ ([A-Z].*?) ─", out)
    assert headings == ["Options", *COMMANDS]
    assert "Begin with everyhow audit XOR" in " ".join(out.split())
    _, out, _ = run_command("audit", "--help")
    assert re.findall(r"─ ([A-Z].*?) ─", out) == [
        "Arguments", "Options", "The network to explain: one in a file, or one that is trained first",
        "How the numbers of a network stand for bits", "How long counts may take, and where they are made",
        "Where an audit is written to", "What is asked",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_list_says_what_commands_say(name):
    """The list of all commands tells of each what its own help begins with, and names the function that it is."""
    (listed,) = (commands[name] for commands in COMMANDS.values() if name in commands)
    file, function = listed.place.split(".")
    command = getattr(importlib.import_module(f"everyhow.cli.{file}"), function)
    assert " ".join((command.__doc__ or "").partition("\n\n")[0].split()) == listed.says


LIST = [["--help"], ["--version"], [], ["audti"]]
OPTIONS = [["audit", "--help"], ["audit", "XOR", "--sideways"], ["audit", "XOR", "--network", "none.json"]]


@pytest.mark.parametrize("words", [*LIST, *OPTIONS], ids=" ".join)
def test_what_is_told_at_once(words):
    """Whoever asks for the list, the version or options, or mistypes one, waits for no part of the library; an error is
    told without most of Rich."""
    code = (
        "import sys; from everyhow.cli.main import main\ntry: main()\nexcept SystemExit: pass\n"
        "print(*{'numpy', 'rich.markdown', 'everyhow.cli.audits', 'everyhow.auditing.asked'} & {*sys.modules}, "
        "file=sys.stderr)"
    )

    def loaded(*words):
        line = [sys.executable, "-c", code, *words]
        return {*subprocess.run(line, check=True, capture_output=True, text=True).stderr.splitlines()[-1].split()}

    helps = words in (["--help"], [], ["audit", "--help"])
    assert loaded(*words) == ({"everyhow.cli.audits"} if words in OPTIONS else set()) | (
        {"rich.markdown"} if helps else set()
    )
    if words == ["--version"]:
        assert {"numpy", "everyhow.auditing.asked"} < loaded("audit", "XOR", "--network", "xornet", "--depth", "99")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("everyhow au", {"audit", "audit-data"}),
        ("everyhow audit MAJ", {"MAJORITY"}),
        ("everyhow audit XOR,AN", {"XOR,AND"}),
        ("everyhow audit XOR --preset a", {"authors"}),
        ("everyhow audit XOR --ablation re", {"resample"}),
        ("everyhow sweep wid", {"width"}),
        ("everyhow train XOR --hidden-activation t", {"tanh"}),
        ("everyhow count XOR --network x", {"xornet"}),
        ("everyhow --vers", {"--version"}),
        ("everyhow audit XOR --abl", {"--ablation"}),
        ("everyhow sweep basic --dry", {"--dry-run"}),
    ],
)
def test_completion(words, offered, run_command, monkeypatch):
    """What the shell offers for the last word."""
    monkeypatch.setenv("_EVERYHOW_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    code, out, err = run_command()
    assert (code, set(out.split()), err) == (0, offered, "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "offered"), [("everyhow co", ["compare", "count"]), ("everyhow audit --abl", ["--ablation"])]
)
def test_completion_in_other_shells(shell, words, offered, run_command, monkeypatch):
    """They get the same words, each with what it is."""
    monkeypatch.setenv("_EVERYHOW_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", words)
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    code, out, err = run_command()
    found = re.findall(r'"([\w-]+)":"\w' if shell == "zsh" else r"^([\w-]+)\t\w", out, re.M)
    assert (code, sorted(found), err) == (0, offered, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_completion_in_bash(tmp_path):
    """What --show-completion prints makes bash complete commands."""
    command = tmp_path / "everyhow"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m everyhow "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    line = (
        'eval "$($0 --show-completion)"; COMP_WORDS=(everyhow cou); COMP_CWORD=1; _everyhow_completion $0; '
        'echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", line, str(command)], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("count\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("audit", "XOR", "--network", XOR, "--widths", "3"), "--network and --widths do not go together"),
        (("audit", "XOR", "--network", XOR, "--seed", "0"), "--network and --seed do not go together"),
        (
            ("train", "XOR", "--loss-target", "1", "--loss-target-per-output", "1"),
            "--loss-target-per-output and --loss-target do not go together: the first replaces the second; leave one",
        ),
        (("import", XOR, "--no-header"), "--header is given without --data: it says how the file of inputs begins"),
        (("sweep", "basic", "--list"), "--list and PLAN do not go together"),
        (("sweep", "--list", "--json", "--workers", "2"), "--list and --workers do not go together"),
        (
            ("sweep", "--out", "x"),
            "--out is given without PLAN: there is nothing to run; give PLAN, or leave --out out",
        ),
        (("sweep", "basic", "--dry-run", "--resume"), "--dry-run and --resume do not go together"),
        (("sweep", "basic", "--probe", "3"), "--probe is given without --dry-run"),
        (("query", "x", "SELECT 1", "--format", "latex", "--csv"), "--format and --csv do not go together"),
        (("sweep", "basic", "--wait", "3"), "--wait is given without --scheduler"),
        (("sweep", "basic", "--workers", "2", "--scheduler", "x"), "--scheduler and --workers do not go together"),
        (("figures", "x", "network", "--list"), "--list and NAMES do not go together: --list writes nothing"),
        (("figures", "x", "--list", "--format", "svg"), "--list and --format do not go together"),
        (("tables", "x", "--force"), "--force is given without --out: nothing is written"),
        (("query", "x", "SELECT 1", "--csv", "--json"), "--csv and --json do not go together: they are two ways"),
        (("place", "x", "XOR", "--network", XOR, "--top", "1", "--threshold", "1"), "--top and --threshold do not go"),
        (
            ("audit-data", "x.csv", "--network", XOR, "--one-class", "1", "--classes", "0,1"),
            "--one-class and --classes do not go together: one class against the rest, and some classes among",
        ),
        (
            ("place", "x", "x.csv", "--network", XOR, "--one-class", "1", "--classes", "0,1"),
            "--one-class and --classes",
        ),
        (("place", "x", "XOR", "--network", XOR, "--top", "1", "--circuit", "a"), "--circuit and --top do not go"),
    ],
)
def test_contradictions(run_command, arguments, said):
    """Two options of which one would be ignored are refused, with the reason, before anything is read."""
    code, out, err = run_command(*arguments)
    assert (code, out) == (1, "") and f"everyhow: {said}" in err


def test_rules_name_options_that_are_there(run_command):
    """A rule whose option was renamed would never be kept."""
    for name, rules in RULES.items():
        text = run_command(name, "-h")[1]
        for rule in rules:
            for option in (rule.option, *rule.others):
                words = (f"--{option.replace('_', '-')}", option.upper())
                assert any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) for word in words), (name, option)


def test_what_a_behavior_says_already(run_command, tmp_path):
    """Beside a file of a behavior, options about rows are refused; beside rows of a network, those about tokens."""
    said, rows = tmp_path / "behavior.json", tmp_path / "rows.csv"
    said.write_text('{"tokens": [[0]], "classes": [0]}')
    rows.write_text("0.5,1\n1,0.5\n")
    for options in (
        ("--labels", rows),
        ("--no-header",),
        ("--epsilon", "0.1"),
        ("--classes", "0"),
        ("--decision", "round"),
    ):
        code, _, err = run_command("audit-data", said, "--network", XOR, *options)
        name = options[0].replace("--no-", "--")
        assert code == 1 and f"{name} has no meaning beside the file of a behavior; leave it out" in err
    code, _, err = run_command("audit-data", rows, "--network", XOR, "--answer-positions", "1")
    assert code == 1 and "--answer-positions has no meaning beside the inputs of a network" in err


def test_networks_and_rows_by_standard_input(run_command, send, tmp_path):
    """A dash stands for what is sent: the answer is that for the file, and nothing stays in the temporary folder."""
    _, expected, _ = run_command("count", "XOR", "--network", XOR)
    send(XOR.read_bytes())
    assert run_command("count", "XOR", "--network", "-") == (0, expected, "")
    asked = ("neuron", "h1.0", "--json", "--network")
    _, expected_of_neuron, _ = run_command(*asked, XOR)
    send(XOR.read_bytes())
    assert run_command(*asked, "-") == (0, expected_of_neuron, "")
    network = eh.load(XOR)
    for suffix in (".safetensors", ".json"):
        send(eh.save_network(network, tmp_path / f"network{suffix}").read_bytes())
        assert run_command("count", "XOR", "--network", "-")[1] == expected
    array = io.BytesIO()
    np.save(array, np.array([[0.5, 1.0], [1.0, 0.5]]))
    found = []
    for content in (b"0.5,1\n1,0.5\n", array.getvalue()):
        send(content)
        code, out, err = run_command("audit-data", "-", "--network", XOR, "--json")
        assert code == 0 and "read 2 rows of 2 columns from standard-input." in err
        found.append(json.loads(out)["counts"])
    assert found[0] == found[1]
    assert not any(path.exists() for path in standard_input._KEPT)


def test_other_files_by_standard_input(run_command, send):
    """A plan, and a causal model that is none."""
    send(b'name = "sent"\nseeds = 1\n[settings]\nwidths = [2]\n')
    code, out, _ = run_command("sweep", "-", "--dry-run", "--probe", "0", "--json")
    assert code == 0 and json.loads(out)["plan"] == "sent"
    send(b'{"variables": []}')
    code, _, err = run_command("align", "-", "--network", XOR)
    assert code == 1 and err.startswith("everyhow: standard input: the causal model is not usable")


def test_standard_input_is_read_once(run_command, send):
    """Twice, empty, or broken: said by the name of what asked for it."""
    send(b"0,1\n")
    code, _, err = run_command("audit-data", "-", "--network", "-")
    assert code == 1 and "FILE and --network are both -, and standard input is read once: give one of them as" in err
    send(b"")
    code, _, err = run_command("count", "XOR", "--network", "-")
    assert code == 1 and "--network is -, and nothing comes by standard input; give a file, or send one: < FILE" in err
    send(b'{"weights": 3}')
    code, _, err = run_command("count", "XOR", "--network", "-")
    assert code == 1 and err.startswith("everyhow: standard input: a network needs the lists")


def test_more_than_any_file(run_command, send, monkeypatch):
    """What has no end is not read to the end."""
    monkeypatch.setattr(standard_input, "MOST", 100)
    send(b"0" * 101)
    code, _, err = run_command("count", "XOR", "--network", "-")
    assert code == 1 and "--network: standard input is larger than 100 bytes; no file may be as large" in err


@pytest.mark.parametrize(
    ("content", "otherwise", "suffix"),
    [
        (b"\x93NUMPY", ".csv", ".npy"), (b"PK\x03\x04..edges.npy", ".json", ".npz"),
        (b"PK\x03\x04archive/data.pkl", ".json", ".pt"), (b"\xef\xbb\xbf {", ".csv", ".json"),
        (b"\x02\0\0\0\0\0\0\0{}", ".json", ".safetensors"), (b"[[grid]]", ".toml", ".toml"), (b"[1]", ".json", ".json"),
        (b"\x08\x07", ".json", ".onnx"), (b"a,b", ".csv", ".csv"), (b"", ".csv", ".csv"),
    ],
)  # fmt: skip
def test_kinds_of_content(content, otherwise, suffix):
    assert suffix_of(content, otherwise) == suffix


def test_nothing_is_replaced_unasked(run_command, tmp_path, monkeypatch):
    """Every command that writes leaves alone what is there, says so before it computes, and obeys --force."""
    monkeypatch.chdir(tmp_path)
    run, page = tmp_path / "run", tmp_path / "page.html"
    audited = ("audit", "XOR", "--network", "xornet", "--out", run, "--report", page)
    assert run_command(*audited)[0] == 0
    rows = tmp_path / "rows.csv"
    rows.write_text("0.5,1\n1,0.5\n")
    certificate = tmp_path / "certificate.gz"
    (tmp_path / "network.json").write_text("kept")
    certificate.write_text("kept")
    for name in ("report", "tables", "figures"):
        said = {"report": (), "tables": ("--out", tmp_path / "tables"), "figures": ("network", "--format", "svg")}[name]
        assert run_command(name, run, *said)[0] == 0
    for command, file, option in (
        (audited, run / "audit.json", "--out"),
        (("audit", "XOR", "--network", "xornet", "--report", page), page, "--report"),
        (("audit", "XOR", "--network", "xornet", "--certificate", certificate), certificate, "--certificate"),
        (("audit-data", rows, "--network", "xornet", "--out", run), run / "audit.json", "--out"),
        (("count", "XOR", "--network", "xornet", "--certificate", certificate), certificate, "--certificate"),
        (("import", XOR), "network.json", "--out"),
        (("train", "XOR", "--epochs", "1"), "network.json", "--out"),
        (("report", run), run / "report.html", "--out"),
        (("tables", run, "--out", tmp_path / "tables"), tmp_path / "tables" / "counts.csv", "--out"),
        (("figures", run, "network", "--format", "svg"), run / "figures" / "network.svg", "--out"),
        (("neuron", "h1.0", "--network", "xornet", "--picture", certificate), certificate, "--picture"),
    ):
        before = (tmp_path / file).stat().st_mtime_ns
        code, out, err = run_command(*command)
        assert (code, out) == (1, ""), command
        assert err.startswith(f"everyhow: {file} ") and f"give another place by {option}, or --force to replace" in err
        assert (tmp_path / file).stat().st_mtime_ns == before
    for command in (("import", XOR, "--force"), ("report", run, "--force"), (*audited, "--force")):
        assert run_command(*command)[0] == 0
    assert json.loads((tmp_path / "network.json").read_text())["weights"]


def test_as_a_program(tmp_path):
    """Sent by a pipe, and completed by a shell; the folder of temporary files is empty afterwards."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", "everyhow", "count", "XOR", "--network", "-", "--json"],
        input=XOR.read_bytes(), capture_output=True, env=environment, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["perfect_circuits"] == 120 and done.stderr == b""
    assert list(tmp_path.iterdir()) == []
