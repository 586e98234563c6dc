"""Pages of documentation: their examples run, and give what they show."""

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
# The pages of docs/how-to are run from top to bottom by tests/site.
ELSEWHERE = [page for folder in ("examples", "how-to") for page in (DOCS / folder).rglob("*.md")]
PAGES = [ROOT / "README.md", *sorted(set(DOCS.rglob("*.md")) - set(ELSEWHERE))]


@pytest.mark.parametrize("name", ["guide/hypotheses.md", "guide/losses.md", "guide/models.md"])
def test_examples(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    if name == "guide/losses.md":
        pytest.importorskip("torch")
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testfile(str(DOCS / name), module_relative=False, optionflags=options)
    assert found.attempted > 10 and found.failed == 0


def transcripts():
    """Every audit, every question about a hypothesis, and every comparison, that a page shows with what it prints: the
    arguments, and the output."""
    for page in PAGES:
        for block in re.findall(
            r"^```\n\$ everyhow ((?:audit|test|decide|neuron|compare|over).*?)^```$",
            page.read_text("utf-8"),
            re.S | re.M,
        ):
            # A command ends with its line, or with the last of several that backslashes join.
            command, shown = block.replace("\\\n", " ").split("\n", 1)
            yield shlex.split(command), shown


SHOWN = list(transcripts())


def test_what_is_shown_can_be_repeated():
    """Audits are shown of networks that are kept here, so that their counts are the same on every machine."""
    beside = [arguments for arguments, _ in SHOWN if arguments[0] in ("compare", "over")]
    networks = [arguments[arguments.index("--network") + 1] for arguments, _ in SHOWN if arguments not in beside]
    assert len(networks) > 6
    files = [file for arguments in beside for file in arguments if file.endswith(".json")]
    assert len(beside) > 1 and len(files) > 5
    networks += files
    assert all(network == "xornet" or (ROOT / network).is_file() for network in networks)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        pytest.param(*one, id=" ".join(one[0]), marks=pytest.mark.nightly if one[0][0] == "audit-data" else ())
        for one in SHOWN
    ],
)
def test_transcripts(arguments, shown):
    """A command that a page shows prints what stands below it, "..." being anything."""
    command = [sys.executable, "-X", "utf8", "-m", "everyhow", *arguments]
    printed = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", cwd=ROOT).stdout
    assert doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS), printed


def test_audits_are_shown_as_the_demo_prints_them(tmp_path):
    """The first sample of docs/guide/audits.md is the output of `make demo`, line by line, and the page is
    there. The command is that of this environment; nothing is installed, and a Makefile that would install something
    fails."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    (tmp_path / "bin").mkdir()
    called = f'exec {shlex.quote(sys.executable)} -X utf8 -m everyhow "$@"'
    for name, does in (("everyhow", called), ("python", "exit 1")):
        script = tmp_path / "bin" / name
        script.write_text(f"#!/bin/sh\n{does}\n")
        script.chmod(0o755)
    stamp = tmp_path / ".with-core"
    stamp.touch()
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    # A long name would be folded.
    with tempfile.TemporaryDirectory(prefix="r") as runs:
        command = ["make", "-s", "-o", str(stamp), "demo", f"VENV={tmp_path}", f"RUNS={runs}"]
        printed = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", cwd=ROOT, env=environment)
        assert (Path(runs) / "demo.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    (shown,) = re.findall(
        r"^```\n\$ make demo\n(.*?)^```$", (DOCS / "guide" / "audits.md").read_text("utf-8"), re.S | re.M
    )
    assert printed.stdout.replace(runs, "runs") == shown
