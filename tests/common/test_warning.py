"""Warnings name the line of whoever called the package, and are of a kind that people can filter."""

import ast
import runpy
import warnings
from pathlib import Path

import pytest

import everyhow as eh
from everyhow.common import warning
from everyhow.common.errors import ConvergenceWarning

SOURCE = Path(eh.__file__).parent
# Every place that warns, with lines of a user that make it do so; the last line is what the warning names.
PLACES = {
    "training/__init__.py:_one": (
        'import everyhow as eh\n\n\ndef trained():\n    return eh.train("XOR", epochs=1)\n\n\ntrained()\n',
        'import everyhow as eh\n\n\ndef trained():\n    return eh.train_transformer("XOR", epochs=1)\n\n\ntrained()\n',
    ),
}


def warning_places():
    """Every function of the package that warns, by its file; whether by this package's way or by Python's own."""
    for path in sorted(SOURCE.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and ast.unparse(call.func) in ("warn", "warnings.warn"):
                        yield f"{path.relative_to(SOURCE).as_posix()}:{function.name}", ast.unparse(call.func)


def test_every_place_is_tried():
    """One place calls Python's own warnings, and every other one is tried below."""
    found = set(warning_places())
    assert {place for place, by in found if by == "warnings.warn"} == {"common/warning.py:warn"}
    assert {place for place, by in found if by == "warn"} == set(PLACES)


@pytest.mark.parametrize("script", [script for scripts in PLACES.values() for script in scripts])
def test_the_line_of_the_caller(script, tmp_path):
    """The warning names the user's file and the line that called, is shown once, and goes away by its category."""
    pytest.importorskip("torch")
    path = tmp_path / "mine.py"
    path.write_text(script)
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        runpy.run_path(str(path))
    (one,) = given
    assert (one.filename, one.lineno, one.category) == (str(path), 5, ConvergenceWarning)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", eh.EveryhowWarning)
        runpy.run_path(str(path))


@pytest.mark.parametrize("deep", [1, 2, 9])
def test_however_deep(deep, monkeypatch):
    """The innermost line outside the package is named, through any number of the package's own functions."""
    inside = f"{warning.PACKAGE}somewhere.py"
    own = {"warn": warning.warn}
    exec(compile("def go(n):\n    go(n - 1) if n else warn('said')", inside, "exec"), own)
    users = {"go": own["go"]}
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        exec(compile(f"1\n2\ngo({deep})", "users.py", "exec"), users)
    assert [(one.filename, one.lineno, one.category) for one in given] == [("users.py", 3, eh.EveryhowWarning)]
