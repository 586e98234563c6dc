"""The check that every import of a transformer passes: its logits here against those of the source, at the same tokens.

What a source does with its weights is code. So there may be several readings of the same weights, such as a causal and
a bidirectional one. The source decides between them: exactly one may agree with it.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Float, Int
from ..model.answer import LAST, Answer
from ..model.origin import Origin
from ..transformer.transformer import Transformer
from .rounding import PRECISIONS, Precision
from .transformer_rounding import allowed_logits

# On so many sequences every reading is tried first; what fails there is not tried on all.
FIRST = 8
NOTHING = "nothing to compare with: arrays are not the model"
MOST_NAMED = 4


class NoAttentionError(InputError):
    """A module in which no attention was seen, and that is not read as a transformer without any."""


@dataclass(frozen=True, eq=False)
class Source:
    """A transformer elsewhere, and what it gave for some sequences.

    Attributes:
        name: what it is called, such as "torch Model".
        precision: what it computes in.
        tokens: the sequences, one a row.
        told: what these are, in words.
        logits: what it gave at each position, or at one position only.
        in_double: runs a copy of it in float64, where there is such a copy: it tells readings apart that its own
            precision does not. It gives None where the copy does not run.
    """

    name: str
    precision: Precision
    tokens: Int[np.ndarray, "inputs positions"]
    told: str
    logits: Float[np.ndarray, "inputs answers d_vocab_out"]
    in_double: Callable[[], np.ndarray | None] | None = None


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to understand a source.

    Attributes:
        model: the transformer that this is.
        choices: what was chosen where the weights leave it open, such as "causal".
        folded: what was put together or left out, in words.
        position: the one position at which the source gives logits; None when it gives them at every one.
    """

    model: Transformer
    choices: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    position: int | None = None

    def logits(self, tokens: Int[np.ndarray, "inputs positions"]) -> Float[np.ndarray, "inputs answers d_vocab_out"]:
        """What this reading gives where the source gives logits."""
        return self._read(self.model.logits(tokens))

    def allowed(
        self, tokens: Int[np.ndarray, "inputs positions"], precision: Precision
    ) -> Float[np.ndarray, "inputs answers d_vocab_out"]:
        """How far rounding may move these."""
        return self._read(allowed_logits(self.model, tokens, precision))

    def _read(self, logits: np.ndarray) -> np.ndarray:
        return logits if self.position is None else logits[:, [self.position]]

    def __str__(self) -> str:
        return ", ".join(self.choices) or "as its parts say"


def decided(readings: Sequence[Reading], source: Source) -> Transformer:
    """The one reading that computes what the source does, with its origin.

    Args:
        readings: at least one.
        source: what they are readings of.

    Raises:
        InputError: no reading agrees with the source within the bound of rounding, or several do.
    """
    first = replace(source, tokens=source.tokens[:FIRST], logits=source.logits[:FIRST])
    found = [_compared(one, source) for one in _distinct(readings) if _compared(one, first).agree]
    left = [one for one in found if one.agree]
    if not left:
        raise InputError(_none(readings, source))
    exactly = source.in_double() if len(left) > 1 and source.in_double is not None else None
    if exactly is not None:
        in_double = replace(source, logits=exactly, precision=PRECISIONS["float64"])
        left = [one for one in left if _compared(one.reading, in_double).agree] or left
    if len(left) > 1:
        raise InputError(
            f"{source.name}: {len(left)} readings of it agree with it within what {source.precision.name} arithmetic "
            f"explains, on {source.told}: {_named([one.reading for one in left])}. Nothing was imported, since they "
            "differ as circuits: give tokens on which they differ (data=), or make the one that is meant with "
            "everyhow.Transformer"
        )
    (compared,) = left
    one = compared.reading
    answer = one.model.answer
    if one.position is not None:
        answer = LAST if one.position == one.model.features - 1 else Answer((one.position,))
    return replace(one.model, answer=answer, origin=_origin(compared, source))


def unchecked(reading: Reading, name: str, precision: Precision) -> Transformer:
    """A transformer of arrays that come without a model to compare with; its origin says so."""
    origin = Origin(name, reading.folded, precision.name, NOTHING, 0, 0.0, 0.0, 0, 0, 0)
    return replace(reading.model, origin=origin)


@dataclass(frozen=True, eq=False)
class _Compared:
    """What a reading gives, and how far that may be from what the source gives; empty where the shapes differ."""

    reading: Reading
    ours: np.ndarray
    allowed: np.ndarray
    agree: bool


def _compared(reading: Reading, source: Source) -> _Compared:
    nothing = np.zeros(0)
    if reading.logits(source.tokens[:1]).shape[1:] != source.logits.shape[1:]:
        return _Compared(reading, nothing, nothing, False)
    ours = reading.logits(source.tokens)
    with np.errstate(invalid="ignore"):
        allowed = reading.allowed(source.tokens, source.precision)
        # What rounding may move by any amount shows nothing.
        agree = np.isfinite(allowed) & (np.abs(ours - source.logits) <= allowed)
    return _Compared(reading, ours, allowed, bool(agree.all()))


def _distinct(readings: Sequence[Reading]) -> Iterator[Reading]:
    """Each model once: several choices may come to the same one, such as one head and any order of heads."""
    seen: set[tuple[Any, ...]] = set()
    for one in readings:
        model = one.model
        arrays = [model.W_E, model.W_pos, model.W_U, model.b_U]
        for layer in model.layers:
            arrays += [vars(layer.attention)[name] for name in sorted(vars(layer.attention))]
            arrays += [] if layer.mlp is None else [layer.mlp.W_in, layer.mlp.W_out]
        norms = [model.ln_final, *(norm for layer in model.layers for norm in (layer.ln1, layer.ln2))]
        arrays += [norm.w for norm in norms if norm is not None]
        scales = tuple(model.divisor(layer) for layer in model.layers)
        has_mlp = any(layer.mlp is not None for layer in model.layers)
        name = model.activation if has_mlp else ""
        causal = model.causal or model.features == 1
        normed = tuple(norm is not None for norm in norms)
        told = (causal if model.layers else True, name, scales, normed, one.position)
        digest = hashlib.sha256()
        for array in arrays:
            digest.update(str(array.shape).encode() + array.tobytes())
        key = (*told, digest.digest())
        if key not in seen:
            seen.add(key)
            yield one


def _origin(compared: _Compared, source: Source) -> Origin:
    reading, ours, allowed = compared.reading, compared.ours, compared.allowed
    difference = np.abs(ours - source.logits)
    at = np.unravel_index(np.argmax(difference), difference.shape)
    read = slice(None) if reading.position is not None else list(reading.model.answered)
    several = ours.shape[2] > 1
    changed = (ours.argmax(axis=2) != source.logits.argmax(axis=2))[:, read]
    ties = 0
    if several:
        two = np.sort(ours, axis=2)[:, read, -2:]
        ties = int((two[..., 1] - two[..., 0] <= 2 * allowed[:, read].max(axis=2)).sum())
    return Origin(
        source=source.name,
        folded=(*reading.folded, *(f"read as {choice}, which agrees with it" for choice in reading.choices)),
        precision=source.precision.name,
        checked_on=source.told,
        inputs_checked=len(source.tokens),
        largest_difference=float(difference[at]),
        allowed_difference=float(allowed[at]),
        decisions_changed=int(changed.sum()) if several else 0,
        ties=ties,
        largest_output_changed=int(changed.any(axis=1).sum()) if several else 0,
    )


def _none(readings: Sequence[Reading], source: Source) -> str:
    """That no reading agrees: what each differs by."""
    ranked = []
    for one in readings:
        compared = _compared(one, replace(source, tokens=source.tokens[:FIRST], logits=source.logits[:FIRST]))
        if compared.ours.size:
            with np.errstate(invalid="ignore"):
                apart = np.nan_to_num(np.abs(compared.ours - source.logits[:FIRST]), nan=np.inf).max()
            ranked.append((float(apart), one))
    if not ranked:
        given, ours = source.logits.shape, readings[0].logits(source.tokens).shape
        return (
            f"{source.name}: it gives logits of shape {given} (inputs, positions, d_vocab_out), its parts {ours}; "
            "give a model that returns the logits of its unembedding, at every position, at the first or at the last"
        )
    ranked.sort(key=lambda one: one[0])
    nearest = _compared(ranked[0][1], source)
    one = nearest.reading
    with np.errstate(invalid="ignore"):
        difference = np.nan_to_num(np.abs(nearest.ours - source.logits), nan=np.inf)
        over = np.where(difference <= nearest.allowed, -1.0, difference)
    at = np.unravel_index(np.argmax(over), over.shape)
    size, ours, allowed = float(difference[at]), float(nearest.ours[at]), float(nearest.allowed[at])
    row, place, logit = (int(i) for i in at)
    place = place if one.position is None else one.position
    read = "" if len(ranked) == 1 else f" None of {len(ranked)} readings agrees; the nearest is: {one}."
    others = "" if len(ranked) == 1 else f" Others: {_named([other for _, other in ranked[1:]])}."
    if not np.isfinite(allowed):
        return (
            f"{source.name}: at the tokens {source.tokens[row].tolist()[:16]} rounding may move its logits by any "
            f"amount, so that nothing can be compared (checked on {source.told}). Nothing was imported: give the "
            "model in float32 or float64, such as model.float(), or other tokens (data=)"
        )
    return (
        f"{source.name}: the imported transformer computes something else.{read} The largest difference is {size:.3g}, "
        f"in logit {logit} at position {place} of the tokens {source.tokens[row].tolist()[:16]}: {ours:.9g} here, "
        f"{float(source.logits[at]):.9g} in the source, where {source.precision.name} arithmetic explains "
        f"{allowed:.3g} (checked on {source.told}).{others} Nothing was imported: the model does more than its parts "
        "say, such as rotary positions or a norm elsewhere; write it as these parts, or give its arrays to "
        "everyhow.Transformer"
    )


def _named(readings: Sequence[Reading]) -> str:
    shown = "; ".join(f"({k + 1}) {one}" for k, one in enumerate(readings[:MOST_NAMED]))
    return shown + (f"; and {len(readings) - MOST_NAMED} more" if len(readings) > MOST_NAMED else "")
