"""How kernels are compiled and kept: once for all where files can be kept, else anew in each process.

Compiling every kernel takes about half a minute, so what is compiled is stored in files. Processes that begin at once
and files that were cut short must not spoil each other, so a file is named by what it holds.
"""

import hashlib
import sys
from collections.abc import Callable
from functools import cache as once
from typing import Any

import numba
from numba.core import event
from numba.core.caching import FunctionCache, IndexDataCacheFile

from .announcing import ANNOUNCER

Function = Callable[..., Any]


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
    return getattr(function, "__module__", "").startswith("everyhow.")


event.register("numba:compile", _Heard())


def njit(*, cache: bool, **options: Any) -> Callable[[Function], Function]:
    """Numba's decorator; with `cache`, compiled code is kept if there is a place for it, and only told where not."""

    def compiled(function: Function) -> Function:
        found = numba.njit(**options)(function)
        # Where NUMBA_DISABLE_JIT is set there is nothing to keep.
        if cache and hasattr(found, "enable_caching"):
            try:
                found._cache = _Kept(function)
            except RuntimeError as error:
                if "no locator" not in str(error):
                    raise
                _tell_slow("no folder for them can be written to")
        return found

    return compiled


class _Kept(FunctionCache):
    """The files of a compiled kernel; where they are damaged or cannot be written, it is compiled again."""

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        files = self._cache_file
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, files._source_stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever reading a file that was cut short leads to
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _tell_slow(f"{self._cache_path}: {error.strerror}")


class _Files(IndexDataCacheFile):
    def _load_index(self) -> dict[Any, str]:
        try:
            return super()._load_index()
        except Exception:  # whatever reading a file that was cut short leads to
            return {}

    def save(self, key: Any, data: Any) -> None:
        """Keep a kernel compiled for one signature, in a file named by what it is.

        Numba numbers the files instead, so two processes that begin at once give one name to two signatures, and one of
        them runs the other's code from then on. Now they lose an entry of the index at most, and compile it again.
        """
        name = self._data_name(int(hashlib.sha256(repr(key).encode()).hexdigest()[:15], 16))
        self._save_data(name, data)
        self._save_index({**self._load_index(), key: name})


@once
def _tell_slow(reason: str) -> None:
    sys.stderr.write(
        f"everyhow: compiled kernels cannot be kept ({reason}), so each start compiles them anew, for about half a "
        f"minute; set NUMBA_CACHE_DIR to a folder that can be written to\n"
    )
