"""The package as a whole: its one door, what importing it loads, and its examples."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
import types
from functools import cached_property
from pathlib import Path

import pytest

import everyhow as eh
from everyhow.common.attributes import computed

HEAVY = ["torch", "numba", "dask", "duckdb", "matplotlib", "safetensors", "typer", "rich", "tqdm"]
HEAVY += ["jaxtyping", "onnx", "onnxruntime", "sklearn", "scipy", "pydantic"]
MODULES = [m.name for m in pkgutil.walk_packages(eh.__path__, "everyhow.") if not m.name.endswith("__main__")]
# What modules need that is installed with an extra.
NEEDS = {
    "everyhow.importing.capture": "torch",
    "everyhow.importing.sklearn_models": "sklearn",
    "everyhow.model.behavior": "pandas",
    "everyhow.training": "torch",
    "everyhow.transformer.transformer": "torch",  # an example trains one
    "everyhow.importing.torch_": "torch",
    "everyhow.patched.torch_": "torch",
    "everyhow.importing.onnx_graph": "onnx",
    "everyhow.importing.onnx_files": "onnxruntime",
    "everyhow.importing.onnx_models": "onnx",
    "everyhow.importing.onnx_operators": "onnx",
}


def loaded(statement):
    """The heavy packages that are loaded after a statement, in a fresh interpreter."""
    code = f"import sys; {statement}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()


def test_import_is_light():
    """Importing everyhow loads none of the heavy packages."""
    assert loaded("import everyhow") == []


def test_the_check_above_can_fail():
    """The check does see a package that is loaded."""
    assert "numba" in loaded("import everyhow.kernels.circuits")


def test_numba_comes_with_the_first_kernel():
    """A question that needs no kernel loads none."""
    assert loaded("import everyhow as eh; eh.mappings(eh.xornet(), next(eh.algorithms('XOR', 2)))") == []


def test_readers_of_files_load_nothing_before_they_read():
    """Each library comes with the first file that needs it."""
    importing = "from everyhow.importing import onnx_files, torch_files; from everyhow.given import csv_files"
    assert loaded(f"{importing}; import everyhow.network.safetensors_files") == []


def test_public_names():
    """Every public name is there and documented; there are a few dozen at most."""
    names = [name for name in dir(eh) if not name.startswith("_")]
    assert 15 <= len(names) <= 52
    assert all(getattr(eh, name).__doc__ for name in names)
    everything = {}
    exec("from everyhow import *", everything)
    assert {name for name in everything if name[0] != "_"} == set(names)


def test_names_are_loaded_when_asked_for():
    """Importing loads no room that computes; a name loads its own; what is not there is told as Python tells it."""
    assert rooms("import everyhow") == {"common", "model"}
    assert rooms("import everyhow as eh; eh.InputError; eh.__version__") == {"common", "model"}
    assert {"auditing", "network"} < rooms("from everyhow import audit") - {"sweeps", "comparison", "cli", "report"}
    with pytest.raises(AttributeError, match=r"^module 'everyhow' has no attribute 'audits'$"):
        eh.audits  # noqa: B018


def rooms(statement):
    """The rooms of which a module is loaded after a statement, in a fresh interpreter."""
    code = f"import sys; {statement}; print(*{{m.split('.')[1] for m in sys.modules if m.startswith('everyhow.')}})"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_editors_see_the_same_names():
    """The names that type checkers read are those that are loaded, from the same rooms."""
    tree = ast.parse(Path(eh.__file__).read_text(encoding="utf-8"))
    typed = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    read = {a.name: n.module for n in typed.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert read == eh._ROOMS
    assert "save_network, load_audit = (save_model, _reopen)" in ast.unparse(typed)
    assert eh.save_network is eh.save_model and eh.load_audit.__name__ == "reopen"


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    """Every module imports, says what it is for, and its examples give the results they show."""
    for start, needed in NEEDS.items():
        if name.startswith(start):
            pytest.importorskip(needed)
    module = importlib.import_module(name)
    assert module.__doc__ or not module.__file__.endswith("__init__.py") or name.count(".") == 1
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert sum(runner.run(one).failed for one in of_attributes(module)) == 0


def of_attributes(module):
    """The examples of attributes that are computed, which doctest looks for in plain properties alone."""
    for kind in vars(module).values():
        if inspect.isclass(kind) and kind.__module__ == module.__name__:
            for name, member in vars(kind).items():
                if isinstance(member, cached_property | computed) and ">>>" in (member.__doc__ or ""):
                    where = f"{module.__name__}.{kind.__name__}.{name}"
                    yield doctest.DocTestParser().get_doctest(member.__doc__, dict(vars(module)), where, None, 0)


def test_examples_of_attributes_run():
    """The examples of both kinds are found, and a wrong one fails."""

    def one(self):
        """A number.

        >>> 1
        2
        """

    def other(self):
        """A number.

        >>> 2
        2
        """

    module = types.ModuleType("made")
    module.Kind = type("Kind", (), {"__module__": "made", "one": cached_property(one), "other": computed(other)})
    runner = doctest.DocTestRunner()
    found = {each.name: runner.run(each, out=lambda said: None).failed for each in of_attributes(module)}
    assert found == {"made.Kind.one": 1, "made.Kind.other": 0}


def test_errors_subclass_what_callers_catch():
    """One base class; each error is also the built-in that a caller would catch."""
    from everyhow.common import errors

    kinds = {errors.InputError: ValueError, errors.MissingExtraError: ImportError, errors.BudgetError: RuntimeError}
    for kind, built_in in kinds.items():
        assert issubclass(kind, eh.EveryhowError) and issubclass(kind, built_in)
