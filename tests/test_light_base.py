"""What is installed by default: all but sweeps and SQL works without Dask and DuckDB; these say what installs them."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import everyhow
from everyhow.common.errors import MissingExtraError
from everyhow.common.extras import EXTRAS, is_installed, load, need

from .sweeps.fabricated import even_row, fabricate

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# What is imported under another name than it is installed by, and what comes with a dependency that must bring it.
IMPORTED_AS = {"dm-haiku": "haiku", "tracr-pypi": "tracr"}
COMES_WITH = {"numba": {"llvmlite"}, "jinja2": {"markupsafe"}, "dask": {"distributed"}, "tracr": {"jax", "haiku"}}
# Understood when a person brings such a model, so it is there.
BROUGHT = {"sklearn"}

# Runs commands in a process that has none of some packages, and writes what each gave.
WITHOUT = """
import contextlib, io, json, sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refusing())
import everyhow as eh
from everyhow.cli.main import main

found = []
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["everyhow", *arguments]
    code, out, err = 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
    found.append((code, out.getvalue(), err.getvalue()))
try:
    eh.sweep("basic", "never", workers=1)
except ImportError as error:
    found.append((type(error).__name__, "", str(error)))
print(json.dumps(found))
"""


def without(packages, commands, folder):
    """The exit code, output and errors of commands where some packages cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(blocked=set(packages)), json.dumps(commands)],
        capture_output=True, text=True, cwd=folder, env={**os.environ, "COLUMNS": "200", "TERM": "dumb"}, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_without_sweeps(tmp_path):
    """Audits, counts, reports and help work without Dask, DuckDB and psutil; a sweep and a question say what is missing
    and what installs it, in one line, with exit code 1, and nothing is written."""
    fabricate(tmp_path / "swept", {"name": "swept", "seeds": 1}, even_row)
    work = [
        ["--help"], ["audit", "XOR", "--network", "xornet", "--out", "run"], ["count", "XOR", "--network", "xornet"],
        ["report", "run"], ["tables", "run", "ladder"], ["figures", "run", "--format", "svg"], ["sweep", "--list"],
        ["sweep", "basic", "--dry-run", "--probe", "0"],
    ]  # fmt: skip
    refused = {
        "a question in SQL needs DuckDB, which is": [["query", "run", "SELECT 1"], ["query", "swept", "SELECT 1"]],
        "reading the results of a sweep needs DuckDB, which is": [
            ["report", "swept"], ["tables", "swept"], ["figures", "swept"],
        ],
        "a scheduler needs Dask and distributed, which are": [
            ["count", "XOR", "--network", "xornet", "--scheduler", "tcp://127.0.0.1:1"],
        ],
        "a sweep needs Dask, distributed, DuckDB and psutil, which are": [["sweep", "basic", "--out", "never"]],
    }  # fmt: skip
    found = without(
        EXTRAS["sweeps"], [*work, *(command for commands in refused.values() for command in commands)], tmp_path
    )
    for command, (code, out, err) in zip(work, found, strict=False):
        assert code == 0 and out and "not installed" not in err, (command, err)
    assert (tmp_path / "run" / "report.html").stat().st_size > 100_000
    expected = [begins for begins, commands in refused.items() for _ in commands]
    *refusals, by_python = found[len(work) :]
    for begins, (code, out, err) in zip(expected, refusals, strict=True):
        assert (code, out) == (1, "")
        (line,) = err.splitlines()
        assert line.startswith(f"everyhow: {begins} not installed: pip install 'everyhow[sweeps]'")
    assert by_python[0] == "MissingExtraError" and by_python[2] in refusals[-1][2]
    assert not (tmp_path / "never").exists()


def test_the_check_above_can_fail(tmp_path):
    """What a base package is needed for does fail where that package is refused."""
    code, _, err = without(["numpy"], [["xornet"]], tmp_path)[0]
    assert code == 2 and "No module named 'numpy'" in err


def requirements(extra=None):
    """The names of what the base, or an extra, asks for, as they are imported; extras of everyhow by their names."""
    asked = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    names = set()
    for requirement in asked:
        own = re.fullmatch(r"everyhow\[([\w,]+)\]", requirement)
        name = re.split(r"[\[<>=~! ]", requirement)[0]
        names |= {f"[{one}]" for one in own[1].split(",")} if own else {IMPORTED_AS.get(name, name)}
    return names


def test_extras_of_the_project():
    """The base has none of what sweeps need; what brings everything has the extra; names are as in pyproject.toml."""
    assert requirements().isdisjoint(EXTRAS["sweeps"])
    assert requirements("sweeps") == {"dask", "duckdb", "psutil"}
    assert all("[sweeps]" in requirements(extra) for extra in ("all", "test", "cluster"))
    for extra, modules in EXTRAS.items():
        brought = requirements(extra)
        brought |= {module for name in brought for module in COMES_WITH.get(name, ())}
        assert set(modules) <= brought, extra


def test_imports_are_declared():
    """What the code imports comes with the base or with an extra that has a name."""
    base = requirements() | {module for name in requirements() for module in COMES_WITH.get(name, ())}
    extras = {module for modules in EXTRAS.values() for module in modules}
    allowed = base | extras | BROUGHT | set(sys.stdlib_module_names) | {"everyhow"}
    found = {}
    # Shapes are checked while the tests run, and by nobody else; a bar moves below a cell where there is a notebook.
    allowed |= {"jaxtyping", "IPython"}
    for path in Path(everyhow.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            found |= {name.partition(".")[0]: path for name in names}
    assert {"numpy", "dask", "duckdb", "torch", "pydantic"} <= set(found)
    assert {name: str(path) for name, path in found.items() if name not in allowed} == {}


def test_what_is_missing_is_named(monkeypatch):
    """The message names what is missing and no more, and is one where something is installed but broken."""
    need("nothing needs", "sweeps")
    assert is_installed("sweeps")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert not is_installed("sweeps")
    with pytest.raises(MissingExtraError) as caught:
        need("this needs", "sweeps", otherwise=", or do without")
    assert str(caught.value) == (
        "this needs DuckDB, which is not installed: pip install 'everyhow[sweeps]', or do without"
    )
    need("that needs", "sweeps", "dask", "distributed")
    broken = "everyhow_broken"
    monkeypatch.setitem(EXTRAS["plot"], broken, "Broken")

    def find(name):
        return object() if name == broken else None

    monkeypatch.setattr("everyhow.common.extras.find_spec", find)
    with pytest.raises(
        MissingExtraError,
        match=r"^a figure needs Broken, which cannot be loaded \(No module named 'everyhow_broken'\): "
        r"pip install --upgrade 'everyhow\[plot\]'$",
    ):
        load(broken, "a figure needs", "plot")
