"""Outputs as they were when they were frozen: what moving code may not change.

`pytest --freeze` writes them anew. Do that only in a commit of its own that says why an output changes.
"""

import gzip
import json
import math
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def check_frozen(name: str, value: Any, anew: bool) -> None:
    """Whether a text, or plain JSON, is what was frozen under a name.

    All is compared exactly, the order of keys included; only numbers that are not whole may differ as the mathematical
    libraries of machines do, by a part in 10^9.

    Raises:
        AssertionError: it is not; the first place that differs is named.
    """
    path = FOLDER / f"{name}.json.gz"
    if anew:
        path.write_bytes(gzip.compress(json.dumps(value, ensure_ascii=False).encode(), 9, mtime=0))
    before = json.loads(gzip.decompress(path.read_bytes()))
    now = json.loads(json.dumps(value, ensure_ascii=False))
    assert first_difference(before, now) is None, f"{name}: {first_difference(before, now)}"


def first_difference(before: Any, now: Any, place: str = "") -> str | None:
    """The first place at which two JSON values differ, and how; None where they are the same."""
    if isinstance(before, dict) and isinstance(now, dict) and list(before) == list(now):
        pairs = [(before[key], now[key], f"{place}.{key}") for key in before]
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = [(one, other, f"{place}[{k}]") for k, (one, other) in enumerate(zip(before, now, strict=True))]
    elif (
        isinstance(before, float) and isinstance(now, float) and math.isclose(before, now, rel_tol=1e-9, abs_tol=1e-12)
    ) or (type(before) is type(now) and before == now and not isinstance(before, dict)):
        return None
    else:
        return f"{place or 'all of it'} was {str(before)[:300]}, is {str(now)[:300]}"
    return next((found for one, other, where in pairs if (found := first_difference(one, other, where))), None)
