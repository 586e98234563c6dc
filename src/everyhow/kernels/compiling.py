"""How kernels are compiled and kept: once for all where files can be kept, else anew in each process.

Compiling what an audit needs takes about half a minute of one core, so what is compiled is stored in files. Processes
that begin at once and files that were cut short must not spoil each other, so a file is named by what it holds.

A kernel is compiled in two forms: for Python, which is stored, and for other kernels, which take it into their own
code. The second form leaves out what translates Python's values, which is half of the work.
"""

import atexit
import contextlib
import hashlib
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache as once
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
from numba.core import event
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile
from numba.core.environment import Environment, _rebuild_env, lookup_environment
from numba.core.runtime.nrt import rtsys
from numba.core.types import unliteral

from .announcing import ANNOUNCER

Function = Callable[..., Any]
# Seconds between two looks at what another process has compiled, and after which it is waited for no longer.
PAUSE, LONGEST = 0.05, 60.0


class _Heard(event.Listener):
    """Tells the announcer when a kernel of this package is compiled; what is found compiled is not told."""

    def on_start(self, event: event.Event) -> None:
        if _is_ours(event):
            ANNOUNCER.begin()

    def on_end(self, event: event.Event) -> None:
        if _is_ours(event):
            ANNOUNCER.end()


def _is_ours(event: event.Event) -> bool:
    function = getattr((event.data or {}).get("dispatcher"), "py_func", None)
    # What is made by `exec` has no module, or None.
    return str(getattr(function, "__module__", "")).startswith("everyhow.")


event.register("numba:compile", _Heard())


def njit(*, cache: bool, **options: Any) -> Callable[[Function], Function]:
    """Numba's decorator; with `cache`, compiled code is kept if there is a place for it, and only told where not."""

    def compiled(function: Function) -> Function:
        found = numba.njit(no_cfunc_wrapper=True, **options)(function)
        # Where NUMBA_DISABLE_JIT is set there is nothing to compile and nothing to keep.
        if hasattr(found, "enable_caching"):
            inside = numba.njit(no_cfunc_wrapper=True, no_cpython_wrapper=True, **options)
            _call_inside(found, once(lambda: inside(function)))
            if cache:
                _keep(found, function)
        return found

    return compiled


def _call_inside(kernel: Any, inner: Callable[[], Any]) -> None:
    """Have other kernels call what `inner` gives for `kernel`: the same function, which Python cannot call."""

    def get_call_template(arguments: Any, keywords: Any) -> Any:
        # Numba would compile a function anew for each number that is written out in a call.
        return inner().get_call_template([unliteral(one) for one in arguments], keywords)

    def get_overload(arguments: Any) -> Any:
        return inner().get_overload(arguments)

    kernel.get_call_template, kernel.get_overload = get_call_template, get_overload


def _keep(kernel: Any, function: Function) -> None:
    try:
        kernel._cache = _Kept(function)
    except RuntimeError as error:
        if "no locator" not in str(error):
            raise
        _tell_slow("no folder for them can be written to")


class Beside:
    """Kernels that another process compiles meanwhile. Who comes to one of them waits until it is kept."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._module, self._until = "", 0.0

    def begin(self, command: list[str], module: str) -> None:
        """Start a process that compiles the kernels of a module of this package."""
        self._module, self._until = module, time.monotonic() + LONGEST
        nowhere = subprocess.DEVNULL
        with contextlib.suppress(OSError):  # then they are compiled here
            self._process = subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere)
            # When this process ends, what the other took is told of it, too, if that has ended.
            atexit.register(self._process.poll)

    @contextlib.contextmanager
    def waiting(self, function: Function) -> Iterator[Callable[[], bool]]:
        """What tells, after a pause each time, whether a kernel may still be kept by the other process."""
        begun = False

        def is_coming() -> bool:
            nonlocal begun
            if self._process is None or function.__module__ != self._module or time.monotonic() > self._until:
                return False
            if self._process.poll() is not None:
                return False
            if begun:
                time.sleep(PAUSE)
            else:
                ANNOUNCER.begin()
                begun = True
            return True

        yield is_coming
        if begun:
            ANNOUNCER.end()


BESIDE = Beside()


class _ForPython(CompileResultCacheImpl):
    """What is kept of a compiled kernel: machine code."""

    def reduce(self, cres: Any) -> Any:
        """What goes into a file. Numba also keeps what other kernels need to take this one into their code. None does,
        and reading it takes longer than all else, so of that only the names are kept that Python calls."""
        kept = super().reduce(cres)
        try:
            (name, kind, (machine, _)), described, *others = kept
            names = described.llvm_func_name, described.llvm_cpython_wrapper_name
        except (AttributeError, TypeError, ValueError):  # a Numba that keeps it otherwise
            return kept
        stub = llvm.parse_assembly("".join(f'define void @"{one}"() {{ ret void }}\n' for one in names))
        return (name, kind, (machine, stub.as_bitcode())), described, *others


class _Kept(FunctionCache):
    """The files of a compiled kernel; where they are damaged or cannot be written, it is compiled again."""

    _impl_class = _ForPython

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        # The code of a kernel holds that of those that it calls, so it is as old as the last change of any of them.
        stamp = self._cache_file._source_stamp, _stamps(Path(function.__code__.co_filename).parent)
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        with BESIDE.waiting(self._py_func) as is_coming:
            while True:
                coming = is_coming()
                found = self._read(sig, target_context)
                if found is not None or not coming:
                    return found

    def _read(self, sig: Any, target_context: Any) -> Any:
        try:
            # Numba would first load all that it needs to compile, and much of SciPy: a third of a second.
            rtsys.initialize(target_context)
            return self._load_overload(sig, target_context)
        except Exception:  # whatever reading a file that was cut short leads to
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _tell_slow(f"{self._cache_path}: {error.strerror}")


@once
def _stamps(folder: Path) -> tuple[tuple[str, float, int], ...]:
    """When each Python file of a folder was changed, and its size."""
    found = sorted((path.name, path.stat()) for path in folder.glob("*.py"))
    return tuple((name, status.st_mtime, status.st_size) for name, status in found)


class _Files(IndexDataCacheFile):
    def _load_index(self) -> dict[Any, str]:
        try:
            return super()._load_index()
        except Exception:  # whatever reading a file that was cut short leads to
            return {}

    def _load_data(self, name: str) -> Any:
        with Path(self._data_path(name)).open("rb") as file:
            return _Unpickler(file).load()

    def save(self, key: Any, data: Any) -> None:
        """Keep a kernel compiled for one signature, in a file named by what it is.

        Numba numbers the files instead, so two processes that begin at once give one name to two signatures, and one of
        them runs the other's code from then on. Now they lose an entry of the index at most, and compile it again.
        """
        name = self._data_name(int(hashlib.sha256(repr(key).encode()).hexdigest()[:15], 16))
        self._save_data(name, data)
        self._save_index({**self._load_index(), key: name})


class _Unpickler(pickle.Unpickler):
    """Reads a compiled kernel without the modules of Numba from which it took functions."""

    def find_class(self, module: str, name: str) -> Any:
        """What a name in the file stands for."""
        if (module, name) == (_rebuild_env.__module__, _rebuild_env.__name__):
            return _environment
        return super().find_class(module, name)


def _environment(module: str, constants: Any, name: str) -> Environment:
    """The constants of a compiled function, and the names of its module, which only functions of Python look up."""
    if module in sys.modules or not module.startswith("numba.") or lookup_environment(name) is not None:
        return _rebuild_env(module, constants, name)
    found = Environment({"__name__": module})
    found.consts[:] = constants
    found.env_name = name
    Environment._memo[name] = found
    return found


@once
def _tell_slow(reason: str) -> None:
    sys.stderr.write(
        f"everyhow: compiled kernels cannot be kept ({reason}), so each start compiles them anew, for about half a "
        f"minute; set NUMBA_CACHE_DIR to a folder that can be written to\n"
    )
