"""The package as a whole: its one door, what importing it loads, and its examples."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import everyhow as eh

HEAVY = ["torch", "numba", "dask", "duckdb", "matplotlib", "safetensors", "typer", "rich", "tqdm"]
HEAVY += ["onnx", "onnxruntime", "sklearn", "scipy", "pydantic"]
MODULES = [m.name for m in pkgutil.walk_packages(eh.__path__, "everyhow.") if not m.name.endswith("__main__")]
# What modules need that is installed with an extra.
NEEDS = {
    "everyhow.training.stacked": "torch",
    "everyhow.importing.torch_": "torch",
    "everyhow.patched.torch_": "torch",
    "everyhow.importing.onnx_graph": "onnx",
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
    names = [name for name in vars(eh) if not name.startswith("_") and not isinstance(vars(eh)[name], type(sys))]
    assert 15 <= len(names) <= 51
    assert all(getattr(eh, name).__doc__ for name in names)


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    """Every module imports, says what it is for, and its examples give the results they show."""
    for start, needed in NEEDS.items():
        if name.startswith(start):
            pytest.importorskip(needed)
    module = importlib.import_module(name)
    assert module.__doc__ or not module.__file__.endswith("__init__.py") or name.count(".") == 1
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_errors_subclass_what_callers_catch():
    """One base class; each error is also the built-in that a caller would catch."""
    from everyhow.common import errors

    kinds = {errors.InputError: ValueError, errors.MissingExtraError: ImportError, errors.BudgetError: RuntimeError}
    for kind, built_in in kinds.items():
        assert issubclass(kind, eh.EveryhowError) and issubclass(kind, built_in)
