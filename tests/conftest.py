"""Shared by all tests."""

import json
import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# Several processes of tests share the cores: a library that starts a thread on each of them makes all of them wait.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# In these modules shapes and types in signatures are checked as the tests run: most of those that compute with arrays.
# Left out are `kernels/`, whose compilation the check breaks, and what takes a list for an array, a whole number for a
# float or a NumPy number for a bit: all that is asked at the door, `network.network`, `behavior`, `decision`,
# `mapping.causal_models`, and what stands behind them.
CHECKED = [
    "authors", "boolean.algorithms", "boolean.formulas", "boolean.gates", "circuit", "experiment.circuit_trials",
    "given.points", "hypotheses.experiments", "hypotheses.interchanges", "hypotheses.placed", "hypotheses.recipes",
    "importing.checking", "importing.layers", "importing.rounding",
    "importing.transformer_checking", "importing.transformer_rounding", "importing.transformer_tokens",
    "interpretation",
    "mapping.alignment", "mapping.faults", "mapping.findings", "mapping.grounds", "mapping.placeable",
    "mapping.interchange", "mapping.mapping", "mapping.patterns", "mapping.placements", "mapping.signatures",
    "model.criterion", "model.inputs", "model.running_search", "model.uniform", "sweeps.inference",
    "network.box_faults", "network.boxes", "network.cells", "network.counting", "network.layout", "network.listing",
    "network.radius", "network.reading_counts", "network.robust", "network.rounding", "network.running",
    "network.runs", "network.sampling", "patched.patching", "patched.torch_decisions", "patched.torch_tree",
    "readout.search", "readout.signal", "readout.span",
    "transformer.runs",
]  # fmt: skip
install_import_hook([f"everyhow.{name}" for name in CHECKED], "beartype.beartype")

from everyhow.network.documents import network_from_document  # noqa: E402 (the hook above comes first)

from .browser import chromium, opened  # noqa: E402
from .frozen import check_frozen  # noqa: E402

# Fixtures of every test that opens a page: a process of tests starts one browser.
__all__ = ["REFERENCE", "chromium", "opened"]
REFERENCE = Path(__file__).parent / "reference"

# Kernels compile on first use, which says nothing about the code under test.
settings.register_profile(
    "everyhow", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("everyhow")


def pytest_addoption(parser):
    """`--freeze` writes the frozen outputs anew."""
    parser.addoption("--freeze", action="store_true", help="write tests/frozen anew, after a change that is meant")


@pytest.fixture
def freeze(request):
    """Compares an output with the frozen one of a name, or freezes it."""
    return partial(check_frozen, anew=request.config.getoption("freeze"))


def reference_names(block=None):
    """The reference networks, or those with a block of a preset."""
    paths = sorted(REFERENCE.glob("*.json"))
    return [path.stem for path in paths if block is None or block in json.loads(path.read_text())]


def reference(name):
    """A reference file and its network."""
    document = json.loads((REFERENCE / f"{name}.json").read_text())
    return document, network_from_document(document)


@pytest.fixture
def xor():
    """A trained 2-3-3-1 network that computes XOR."""
    return reference("xor-2-3-3-1-seed0")[1]


@pytest.fixture
def run_command(capsys, monkeypatch):
    """Runs a command in this process, at 80 columns without colours, and gives its exit code, output and errors."""
    from everyhow.cli.main import main

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["everyhow", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setenv("TERM", "dumb")
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
