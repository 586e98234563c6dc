"""The types that a user's checker sees at the door, as Pyright finds them in a package that says it has types."""

import ast
import importlib.util
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import everyhow as eh

from . import door_in_use

USED = Path(door_in_use.__file__)
SOURCE = Path(eh.__file__).parents[1]
# What a checker must find, so that finding nothing above means something.
WRONG = """
import everyhow as eh

print(eh.xornet().no_such_attribute)
path: str = eh.audit(eh.xornet(), "XOR").report("page.html")
print(eh.circuits(eh.xornet(), "XOR", criterion="no such criterion"))
"""


def needs_pyright():
    """Skips where Pyright is not installed; it comes with the extra `dev`."""
    if importlib.util.find_spec("pyright") is None:
        pytest.skip("Pyright is not installed: pip install 'everyhow[dev]'")


def test_a_user_in_strict_mode(tmp_path):
    """Pyright, strict, finds nothing in a script that uses all names of the door, and finds the mistakes of another."""
    needs_pyright()
    (tmp_path / "used.py").write_text(USED.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    # On the path of the interpreter, and not in the project: Pyright reads it as an installed package.
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", "-p", str(tmp_path)],
        capture_output=True, text=True, env=environment, cwd=tmp_path,
    )  # fmt: skip
    if "generalDiagnostics" not in done.stdout:
        pytest.skip(f"Pyright does not run here: {done.stderr[-300:]}")
    found = [
        (Path(one["file"]).name, one["range"]["start"]["line"], one.get("rule"), one["message"])
        for one in json.loads(done.stdout)["generalDiagnostics"]
    ]
    assert [one for one in found if one[0] != "wrong.py"] == []
    rules = {(line, rule) for _, line, rule, _ in found}
    assert {(3, "reportAttributeAccessIssue"), (4, "reportAssignmentType"), (5, "reportArgumentType")} <= rules


def test_every_name_is_used():
    """The script above uses every name of the door."""
    tree = ast.parse(USED.read_text(encoding="utf-8"))
    used = {one.attr for one in ast.walk(tree) if isinstance(one, ast.Attribute) and ast.unparse(one.value) == "eh"}
    assert used == set(dir(eh))


def test_what_is_checked_also_runs(tmp_path):
    """The script gives what its types say. Training, sweeps and models of other libraries are run elsewhere."""
    assert door_in_use.networks(tmp_path)[1] == (2, 1, 1)
    assert door_in_use.audits(tmp_path)[3] == "page.html"
    assert door_in_use.questions()[:2] == [eh.circuits(eh.xornet(), "XOR").count(), 1]
    assert door_in_use.hypotheses()[7] == 1
    assert door_in_use.several()[0] is True
    assert door_in_use.refused() == "depth is -1; algorithms have a depth from 1 to 8"


@pytest.mark.parametrize("kind", [eh.Network, eh.TokenTask])
def test_constructors_as_they_are_typed(kind):
    """A constructor typed by hand, since it takes lists as well, has the parameters and defaults of the fields."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    (typed,) = [
        one
        for block in tree.body
        if isinstance(block, ast.If)
        for one in block.body
        if isinstance(one, ast.FunctionDef)
    ]
    names = [one.arg for one in typed.args.args][1:]
    parameters = list(inspect.signature(kind).parameters.values())
    assert names == [one.name for one in parameters]
    said = [ast.literal_eval(one) for one in typed.args.defaults]
    assert said == [one.default for one in parameters if one.default is not inspect.Parameter.empty]
