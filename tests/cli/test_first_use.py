"""At the first use a second process compiles the kernels of interpretations."""

import os
import subprocess
import sys

import pytest

from everyhow.cli import audits, first_use
from everyhow.kernels import compiling

from ..conftest import REFERENCE


@pytest.fixture
def begun(monkeypatch):
    """The processes that are begun, none of which runs."""
    found = []
    monkeypatch.setattr(compiling.BESIDE, "begin", lambda *begun: found.append(begun))
    return found


def test_only_the_first_use(begun, monkeypatch, run_command):
    """It is begun by the first audit; not by a later one, nor by a count, nor where there is one core."""
    assert run_command("audit", "XOR", "--network", REFERENCE / "xor-2-3-3-1-seed0.json")[0] == 0 and begun == []
    monkeypatch.setattr(audits, "announce_compilation", lambda kernels=None: True)
    assert run_command("count", "XOR", "--network", "xornet")[0] == 0 and begun == []
    monkeypatch.setattr(first_use, "cores", lambda: 2)
    assert run_command("audit", "XOR", "--network", "xornet")[0] == 0
    assert begun == [([sys.executable, "-P", "-m", "everyhow.cli.first_use"], "everyhow.kernels.reading_tables")]
    monkeypatch.setattr(first_use, "cores", lambda: 1)
    assert run_command("audit", "XOR", "--network", "xornet")[0] == 0 and len(begun) == 1


def test_it_compiles_what_an_audit_waits_for():
    """What the program compiles is all that an audit of a network asks for of these kernels, for the same types."""
    path = REFERENCE / "xor-2-3-3-1-seed0.json"
    needed = compiled(f"import everyhow as eh; eh.audit({str(path)!r}, 'XOR')")
    assert needed and needed <= compiled("from everyhow.cli.first_use import main; main()")


def compiled(statement):
    """The kernels of that module, with types, that a statement calls in a fresh interpreter."""
    code = (
        f"{statement}; import sys; kernels = vars(sys.modules[{first_use.KERNELS!r}]).items(); "
        "print(*[(name, one) for name, kernel in kernels for one in getattr(kernel, 'signatures', ())], sep='\\n')"
    )
    return set(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split("\n")
    )


def test_cores():
    """As many as this process may use."""
    assert 1 <= first_use.cores() <= (os.cpu_count() or 1)
