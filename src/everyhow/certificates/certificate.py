"""Writing a certificate: the number of perfect circuits, and groups of circuits that are wholly right or wholly wrong.

The module `check` alone says what a certificate is; nothing is written that it has not confirmed.
"""

import gzip
import hashlib
import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..common.errors import EveryhowError, InputError
from ..common.files import write_atomically
from ..common.progress import Progress, tracked
from ..model.behavior import Behavior
from ..model.criterion import Ablation, Criterion, check_ablation, perfect
from ..model.model import CircuitCount, Model
from ..network.counting import count_circuits
from ..network.network import Network, network_of
from . import check

# Sums of rows and columns are smaller than this; limits beyond it are as good as infinite.
BEYOND_SUMS = 2.0**60
# Of the products that the checker names, as it has them.
LIMITS = (
    " (rows x columns x conditions; at most 2**18 prefixes, 2**22 rows or columns by conditions, 2**31 rows by columns "
    "by conditions, and 2**40 of these in all prefixes)"
)
ALONE = "; leave --certificate out, or ask without it"


def write_certificate(
    model: Model,
    behavior: Behavior,
    path: str | Path,
    ablation: Ablation = "zero",
    counted: CircuitCount | None = None,
    progress: bool = False,
) -> Path:
    """Write what `python check.py FILE` needs to confirm the number of perfect circuits, by number of edges.

    The file is gzipped JSON lines, described in docs/guide/certificates.md. It is written only once `check` confirms
    it and the count of the fast method agrees with it.

    Args:
        model: the network whose circuits are counted.
        behavior: the inputs, and what is wanted at each; no epsilon, no within.
        path: of the file; its folder is made if it is not there.
        ablation: what removed edges carry.
        counted: the number of perfect circuits, where it is known already.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Returns:
        The path.

    Raises:
        InputError: a question that certificates do not cover, another kind of model, or too large a space.
        FileFormatError: the file cannot be written.

    Example:
        >>> import everyhow as eh, tempfile
        >>> network = eh.xornet()
        >>> behavior = eh.Behavior.of_network(network, network.corners)
        >>> path = write_certificate(network, behavior, tempfile.mkdtemp() + "/xornet.gz")
        >>> check.confirm(path)["circuits"]
        [1, 1]
    """
    check_certifiable(behavior.epsilon, behavior.within)
    criterion = perfect(network_of(model, "certificates are"), behavior, check_ablation(ablation))
    asked = json.dumps(_document(criterion, ablation)).encode()
    question = _question(criterion.model, json.loads(asked))
    if counted is None:
        counted = count_circuits(criterion)
    certain: Counter[int] = Counter()
    possible: Counter[int] = Counter()
    lines, prefixes = [], question.prefixes()
    with Progress(progress).doing("writing the certificate"):
        for prefix, used in tracked(prefixes, len(prefixes), "writing the certificate"):
            with _refusing():
                groups = _groups(question, prefix, used)
                question.count(prefix, used, groups, certain, possible)
            lines.append(json.dumps([prefix, groups], separators=(",", ":")).encode())
    _check_agreement(counted, certain, possible)
    answer = {
        "question_sha256": hashlib.sha256(asked).hexdigest(),
        "circuits": [certain.total(), possible.total()],
        "certain": {str(edges): certain[edges] for edges in sorted(+certain)},
        "possible": {str(edges): possible[edges] for edges in sorted(+possible)},
    }
    text = b"\n".join([asked, json.dumps(answer).encode(), *lines])
    if len(text) >= check.BYTES:
        raise InputError(
            f"the certificate would have {len(text):,} bytes before it is packed, and checkers read fewer than "
            f"{check.BYTES:,}: certify a smaller network{ALONE}"
        )
    return write_atomically(Path(path), gzip.compress(text, 9, mtime=0))


def check_certifiable(epsilon: float | None, within: float | None, preset: str = "paper") -> None:
    """Raises InputError when certificates do not cover what is asked."""
    asked = [name for name, value in (("epsilon", epsilon), ("within", within)) if value]
    if asked:
        raise InputError(
            f"a certificate covers circuits that decide as the network does at every input; {' and '.join(asked)} "
            f"{'was' if len(asked) == 1 else 'were'} given: leave out one or the other"
        )
    if preset != "paper":
        raise InputError(
            f"a certificate covers the perfect circuits of the preset paper; the preset is {preset}: leave out "
            "--certificate, or choose the preset paper"
        )


def _document(criterion: Criterion[Any], ablation: Ablation) -> dict[str, Any]:
    network, behavior = criterion.model, criterion.behavior
    return {
        "certificate": 1,
        "network": {
            "weights": [w.tolist() for w in network.weights],
            "biases": [b.tolist() for b in network.biases],
            "activations": list(network.activations),
        },
        "decision": criterion.decision,
        "level": criterion.level,
        "points": behavior.points.tolist(),
        "weights": behavior.weights.tolist(),
        "wanted": behavior.wanted.astype(int).tolist(),
        "ablation": ablation,
    }


def _question(network: Network, asked: dict[str, Any]) -> check.Question:
    """The question as the checker understands it.

    Raises:
        InputError: the checker does not take on such a question.
    """
    if network.depth < 2:
        raise InputError(
            "a certificate covers a network with a hidden layer; this network has none, and its circuits are few "
            "enough to be listed: eh.circuits"
        )
    unknown = [name for name in network.activations if name.split(":")[0] not in check.ACTIVATIONS]
    if unknown:
        raise InputError(
            f"certificates do not cover the activation {unknown[0]}, which falls somewhere; they cover "
            f"{', '.join(check.ACTIVATIONS)}{ALONE}"
        )
    with _refusing():
        return check.Question(asked)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turns what the checker does not take on into an InputError."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        allowed = LIMITS if str(error).startswith("too large") else ""
        raise InputError(f"no certificate can be made of this count: {error}{allowed}{ALONE}") from None


def _groups(question: check.Question, prefix: list[Any], used: int) -> list[Any]:
    """For each row, the first condition that all columns break, or else the cuts of every condition."""
    found = []
    adds, _, ends, met, broken = zip(*question.grid(prefix, question.sides(used)[0]), strict=True)
    enough, short = ([max(-BEYOND_SUMS, min(BEYOND_SUMS, limit)) for limit in limits] for limits in (met, broken))
    for sums in zip(*adds, strict=True):
        whole = next((d for d, x in enumerate(sums) if x + ends[d][-2] <= broken[d]), None)
        if whole is not None:
            found.append(whole)
            continue
        found.append([
            [bisect_right(sorted_sums, most - x) - 1, bisect_left(sorted_sums, least - x) - 1]
            for x, sorted_sums, least, most in zip(sums, ends, enough, short, strict=True)
        ])  # fmt: skip
    return found


def _check_agreement(counted: CircuitCount, certain: Counter[int], possible: Counter[int]) -> None:
    """Raises EveryhowError when no number lies between the ends of both counts."""
    for edges in sorted({*counted.possible, *possible}):
        low, high = counted.certain.get(edges, 0), counted.possible.get(edges, 0)
        if max(low, certain[edges]) > min(high, possible[edges]):
            raise EveryhowError(
                f"of {edges} edges, between {low:,} and {high:,} perfect circuits were counted, but exact arithmetic "
                f"finds between {certain[edges]:,} and {possible[edges]:,}: the count is wrong, and no certificate was "
                "written; please report it, with the network"
            )
