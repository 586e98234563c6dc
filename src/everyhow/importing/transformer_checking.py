"""The check that every import of a transformer passes: its logits here against those of the source, at the same tokens.

What a source does with its weights is code. So there may be several readings of the same weights, such as a causal and
a bidirectional one. The source decides between them: exactly one may agree with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from ..common.errors import InputError
from ..model.answer import LAST, Answer
from ..model.origin import Origin
from ..transformer.transformer import Transformer
from .rounding import PRECISIONS, Precision
from .transformer_rounding import allowed_logits

# On so many sequences every reading is tried first; what fails there is not tried on all.
FIRST = 8
NOTHING = "nothing to compare with: arrays are not the model"
MOST_NAMED = 4


@dataclass(frozen=True, eq=False)
class Source:
    """A transformer elsewhere, and what it gave for some sequences.

    Attributes:
        name: what it is called, such as "torch Model".
        precision: what it computes in.
        tokens: the sequences, one a row.
        told: what these are, in words.
        logits: what it gave at each position, or at one position only.
        exactly: what a copy of it in float64 gave, where there is such a copy: it tells readings apart that its own
            precision does not.
    """

    name: str
    precision: Precision
    tokens: Int[np.ndarray, "inputs positions"]
    told: str
    logits: Float[np.ndarray, "inputs answers d_vocab_out"]
    exactly: Float[np.ndarray, "inputs answers d_vocab_out"] | None = None


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
    first = replace(
        source, tokens=source.tokens[:FIRST], logits=source.logits[:FIRST],
        exactly=None if source.exactly is None else source.exactly[:FIRST],
    )  # fmt: skip
    left = [one for one in _distinct(readings) if _agrees(one, first)]
    left = [one for one in left if _agrees(one, source)]
    if not left:
        raise InputError(_none(readings, source))
    if len(left) > 1 and source.exactly is not None:
        exactly = replace(source, logits=source.exactly, precision=PRECISIONS["float64"])
        left = [one for one in left if _agrees(one, exactly)] or left
    if len(left) > 1:
        raise InputError(
            f"{source.name}: {len(left)} readings of it agree with it within what {source.precision.name} arithmetic "
            f"explains, on {source.told}: {_named(left)}. Nothing was imported, since they differ as circuits: give "
            "tokens on which they differ (data=), or make the one that is meant with everyhow.Transformer"
        )
    (one,) = left
    answer = one.model.answer
    if one.position is not None:
        answer = LAST if one.position == one.model.features - 1 else Answer((one.position,))
    return replace(one.model, answer=answer, origin=_origin(one, source))


def unchecked(reading: Reading, name: str, precision: Precision) -> Transformer:
    """A transformer of arrays that come without a model to compare with; its origin says so."""
    origin = Origin(name, reading.folded, precision.name, NOTHING, 0, 0.0, 0.0, 0, 0, 0)
    return replace(reading.model, origin=origin)


def _agrees(reading: Reading, source: Source) -> bool:
    if reading.logits(source.tokens[:1]).shape[1:] != source.logits.shape[1:]:
        return False
    with np.errstate(invalid="ignore"):
        difference = np.abs(reading.logits(source.tokens) - source.logits)
        allowed = reading.allowed(source.tokens, source.precision)
    # What rounding may move by any amount shows nothing.
    return bool((np.isfinite(allowed) & (difference <= allowed)).all())


def _distinct(readings: Sequence[Reading]) -> Iterator[Reading]:
    """Each model once: several choices may come to the same one, such as one head and any order of heads."""
    seen: set[tuple] = set()
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
        key = (*told, *((array.shape, array.tobytes()) for array in arrays))
        if key not in seen:
            seen.add(key)
            yield one


def _origin(reading: Reading, source: Source) -> Origin:
    ours, allowed = reading.logits(source.tokens), reading.allowed(source.tokens, source.precision)
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
    found = []
    for one in readings:
        ours = one.logits(source.tokens)
        if ours.shape[1:] != source.logits.shape[1:]:
            continue
        with np.errstate(invalid="ignore"):
            difference = np.nan_to_num(np.abs(ours - source.logits), nan=np.inf)
            allowed = one.allowed(source.tokens, source.precision)
            over = np.where(difference <= allowed, -1.0, difference)
        at = np.unravel_index(np.argmax(over), over.shape)
        found.append((float(difference[at]), one, at, float(ours[at]), float(allowed[at])))
    if not found:
        given, ours = source.logits.shape, readings[0].logits(source.tokens).shape
        return (
            f"{source.name}: it gives logits of shape {given} (inputs, positions, d_vocab_out), its parts {ours}; "
            "give a model that returns the logits of its unembedding, at every position, at the first or at the last"
        )
    found.sort(key=lambda one: one[0])
    size, one, at, ours, allowed = found[0]
    row, place, logit = (int(i) for i in at)
    place = place if one.position is None else one.position
    read = "" if len(found) == 1 else f" None of {len(found)} readings agrees; the nearest is: {one}."
    others = "" if len(found) == 1 else f" Others: {_named([other for _, other, *_ in found[1:]])}."
    if not np.isfinite(allowed):
        return (
            f"{source.name}: at the tokens {source.tokens[row].tolist()[:16]} rounding may move its logits by any "
            f"amount, so that nothing can be compared (checked on {source.told}). Nothing was imported: give other "
            "tokens (data=), or the model in float64"
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
