"""The linear layers whose tensors a state dict holds, weights that hooks make put together from their parts."""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..common.errors import InputError, first_line
from ..common.shapes import Float
from ..given.arrays import detached
from .rounding import PRECISIONS

NEXT = "import the module itself with everyhow.from_torch"
# So many layers are put in order; a network of more is not one that anyone explains.
MOST_LAYERS = 500
# What wrappers put before every name: DataParallel, Lightning, torch.compile.
WRAPPERS = ("module.", "_orig_mod.", "model.", "net.", "network.")
# A count that torch.optim.swa_utils.AveragedModel keeps beside the averaged tensors.
COUNTS = ("n_averaged",)
# What tensors of other layers are called at their end, and what they belong to.
OTHERS = {
    "running_mean": "a batch normalization", "running_var": "a batch normalization",
    "num_batches_tracked": "a batch normalization", "in_proj_weight": "an attention layer",
    "in_proj_bias": "an attention layer", "weight_ih_l0": "a recurrent layer", "weight_hh_l0": "a recurrent layer",
    "weight_ih": "a recurrent layer", "weight_hh": "a recurrent layer", "pos_weight": "a loss",
}  # fmt: skip
PART = re.compile(r"(?:(?P<layer>.*?)\.)?(?P<part>parametrizations\.(?:weight|bias)\..+|[^.]+)", re.DOTALL)

Parts = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class StoredLayer:
    """A linear layer of a state dict, in float64.

    Attributes:
        name: what the state dict calls it, without what wrappers put before every name.
        weights: its matrix.
        biases: its vector; of zeros if none is stored.
        made: from what its weights were put together, if they were.
        memory: where its weights lie, if that is known; layers in the same memory are one layer.
    """

    name: str
    weights: Float[np.ndarray, "outgoing incoming"]
    biases: Float[np.ndarray, " outgoing"]
    made: str
    memory: Hashable = None


def stored_arrays(tensors: Any) -> dict[str, np.ndarray]:
    """The tensors as arrays of the precision that they are stored in, in their order.

    Raises:
        InputError: not a mapping of texts to tensors, or values that are not floating-point numbers.
    """
    if not isinstance(tensors, Mapping):
        raise InputError(f"a state dict is a mapping of names to tensors, not {type(tensors).__name__}; {NEXT}")
    packed = next((name for name in tensors if isinstance(name, str) and "_packed_params" in name), None)
    if packed is not None:
        raise InputError(f"{packed[:80]} belongs to a quantized layer; give the state dict of the model before that")
    found = {}
    for name, value in tensors.items():
        if not isinstance(name, str):
            raise InputError(
                f"the state dict has the key {name!r:.80}, which is not a text; its tensors have names such as 0.weight"
            )
        inner = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(one, Mapping) and one and set(one) <= {"weight", "bias"} for one in inner):
            raise InputError(
                f"under {name[:80]!r} it holds layers as dictionaries of their own; put the tensors of all layers into "
                f"one, under names such as {name[:80] if inner[0] is value else '0'}.weight"
            )
        if isinstance(value, Mapping):
            raise InputError(
                f"under {name[:80]!r} it holds a dictionary, not a tensor; of a checkpoint, give the state dict alone, "
                "or the file to everyhow.load"
            )
        found[name] = _array(name, value)
    return found


def stored_layers(arrays: Mapping[str, np.ndarray], memory: Mapping[str, Hashable] | None = None) -> list[StoredLayer]:
    """The layers in the order in which their first tensors come.

    Weight normalization, spectral normalization and pruning are put together as PyTorch does in eval mode.

    Args:
        arrays: the tensors by name.
        memory: where their numbers lie, of those of which it is known.

    Raises:
        InputError: tensors of other layers, shapes that do not fit, or numbers that are not finite.
    """
    found: dict[str, Parts] = {}
    at: dict[str, Hashable] = {}
    for name, array in arrays.items():
        if name.rpartition(".")[2] not in COUNTS:
            match = PART.fullmatch(name)
            if match is None:
                raise InputError(_unknown(name, array))
            found.setdefault(match["layer"] or "", {})[match["part"]] = array
            if match["part"] == "weight":
                at[match["layer"] or ""] = (memory or {}).get(name)
    if not found:
        raise InputError("there are no tensors; expected NAME.weight and NAME.bias of linear layers")
    if len(found) > MOST_LAYERS:
        raise InputError(f"it holds tensors of {len(found):,} layers; at most {MOST_LAYERS} are imported: {NEXT}")
    short = dict(zip(unwrapped(found), found, strict=True))
    return [replace(_layer(name, found[whole]), memory=at.get(whole)) for name, whole in short.items()]


def memory_of(tensors: Mapping[str, Any]) -> dict[str, Hashable]:
    """Where the numbers of PyTorch tensors lie: the same for two names of one tensor."""
    return {
        name: (str(value.device), value.data_ptr(), tuple(value.shape))
        for name, value in tensors.items()
        if hasattr(value, "data_ptr") and getattr(value, "layout", None) is not None and value.data_ptr()
    }


def are_registered(names: Mapping[str, Any]) -> bool:
    """Whether the order of the names can be that of a module, which registers weights before biases, and not a sorted
    one, as of safetensors.

    Example:
        >>> are_registered({"b.weight": 0, "b.bias": 0}), are_registered({"b.bias": 0, "b.weight": 0})
        (True, False)
    """
    order = {name: rank for rank, name in enumerate(names)}
    turned = any(
        rank > order.get(f"{name.removesuffix('weight')}bias", rank)
        for name, rank in order.items()
        if name.rpartition(".")[2] == "weight"
    )
    return not turned and list(names) != sorted(names)


def _array(name: str, value: Any) -> np.ndarray:
    try:
        _check_plain(name, value)
        array = np.asarray(detached(value))
    except InputError:
        raise
    except Exception as error:
        # Tensors of kinds that NumPy lacks are refused in many ways.
        raise InputError(f"{name[:80]} cannot be read as an array ({first_line(error)}); {NEXT}") from None
    if array.dtype.name not in PRECISIONS and name.rpartition(".")[2] not in (*OTHERS, *COUNTS):
        raise InputError(
            f"{name[:80]} holds values of type {array.dtype}; tensors of {', '.join(PRECISIONS)} are supported: {NEXT}"
        )
    return array


def _check_plain(name: str, value: Any) -> None:
    """Raises InputError where a PyTorch tensor does not hold its numbers one by one."""
    if getattr(value, "is_quantized", False):
        raise InputError(f"{name[:80]} is a quantized tensor; give what its dequantize() returns")
    if "sparse" in str(getattr(value, "layout", "")):
        raise InputError(f"{name[:80]} is a sparse tensor; give what its to_dense() returns")
    if getattr(value, "is_meta", False):
        raise InputError(f"{name[:80]} is on the device meta, so it holds no numbers; load the model before")


def unwrapped(names: Iterable[str]) -> list[str]:
    """The names of layers without what wrappers put before each of them."""
    names = list(names)
    for wrapper in WRAPPERS:
        if all(name.startswith(wrapper) for name in names):
            return unwrapped(name.removeprefix(wrapper) for name in names)
    return names


def _layer(name: str, parts: Parts) -> StoredLayer:
    dot = f"{name}." if name else ""
    weight_keys = frozenset(key for key in parts if not key.startswith(("bias", "parametrizations.bias.")))
    bias_keys = frozenset(parts) - weight_keys
    if weight_keys not in WEIGHTS:
        key = next((key for key in parts if key.rpartition(".")[2] in OTHERS), None)
        pruned = [key for key in parts if key[-5:] in ("_orig", "_mask") and key[:-5] not in ("weight", "bias")]
        if pruned and not key:
            told = " and ".join(f"{dot}{key}"[:120] for key in pruned)
            raise InputError(
                f"{told} are of a pruning of a tensor that another hook makes the weights of; take it off with "
                f"torch.nn.utils.prune.remove and save again, or {NEXT}"
            )
        key = key or next((key for key in parts if key not in ("weight", "bias")), "bias")
        if not weight_keys:
            raise InputError(f"{dot}{key} has no {dot}weight beside it; {NEXT}")
        raise InputError(_unknown(f"{dot}{key}", parts[key]))
    made, kind = WEIGHTS[weight_keys]
    for key in weight_keys:
        _check_numbers(f"{dot}{key}", parts[key])
    weights = made({key.rpartition(".")[2]: parts[key].astype(np.float64) for key in weight_keys}, f"{dot}weight")
    if weights.ndim != 2 or weights.size == 0:
        raise InputError(_other_shape(f"{dot}weight", weights, bool(bias_keys)))
    if not bias_keys and re.search(r"(^|[._])emb", name.lower()):
        raise InputError(
            f"{dot}weight has no bias, and its name is that of an embedding, which takes rows, not products; {NEXT}"
        )
    if bias_keys not in BIASES:
        raise InputError(_unknown(f"{dot}{sorted(bias_keys)[0]}", parts[sorted(bias_keys)[0]]))
    biases = np.ones(()) if bias_keys else np.zeros(len(weights))
    for key in bias_keys:
        _check_numbers(f"{dot}{key}", parts[key])
        biases = biases * parts[key].astype(np.float64)
    if biases.shape != (len(weights),):
        raise InputError(
            f"{dot}weight has {len(weights)} outgoing neurons but {dot}bias the shape {biases.shape}; of a linear "
            f"layer it has one number for each: {NEXT}"
        )
    kinds = dict.fromkeys([kind, "pruning" if len(bias_keys) == 2 else ""])
    return StoredLayer(name, weights, biases, " and ".join(filter(None, kinds)))


def _plain(parts: Parts, name: str) -> np.ndarray:
    (weights,) = parts.values()
    return weights


def _weight_norm(parts: Parts, name: str) -> np.ndarray:
    """The direction v, brought to the length g along every axis of which g keeps one number."""
    g, v = (parts["weight_g"], parts["weight_v"]) if "weight_g" in parts else (parts["original0"], parts["original1"])
    fits = v.ndim == 2 and (g.ndim == 0 or (g.ndim == 2 and all(a in (1, b) for a, b in zip(g.shape, v.shape))))  # noqa: B905
    if not fits or v.size == 0:
        raise InputError(
            f"{name} is stored as two tensors of shapes {g.shape} and {v.shape}, which are not those of a weight "
            f"normalization of a linear layer: {NEXT}"
        )
    axes = tuple(axis for axis in (0, 1) if g.ndim == 0 or g.shape[axis] == 1)
    return v * (g / np.sqrt((v * v).sum(axis=axes, keepdims=True)))


def _spectral_norm(parts: Parts, name: str) -> np.ndarray:
    """The stored matrix over u W v, with vectors u and v that are stored, too; in eval mode they are taken as they are.

    The rows that u counts are those of the matrix, or its columns where the normalization was given dim=1.
    """
    new = "original" in parts
    weights, u, v = (
        parts[key] for key in (("original", "_u", "_v") if new else ("weight_orig", "weight_u", "weight_v"))
    )
    turned = (weights, weights.T) if weights.ndim == 2 and weights.size else ()
    fits = [one for one in turned if (u.shape, v.shape) == ((one.shape[0],), (one.shape[1],))]
    if not fits:
        raise InputError(
            f"{name} is stored with vectors of shapes {u.shape} and {v.shape} beside a matrix of {weights.shape}; the "
            f"spectral normalization of a linear layer has one per row and one per column: {NEXT}"
        )
    # Training makes u the direction of W v, so that of a square matrix rows and columns are told apart by that.
    off = [float(np.linalg.norm(one @ v / np.linalg.norm(one @ v) - u)) for one in fits]
    if len(fits) == 2 and not (off[0] <= off[1] or off[1] < off[0] / 10):
        raise InputError(
            f"{name} is of a spectral normalization of a square matrix, and its vectors fit the columns (dim=1) as "
            f"well as the rows; make it plain with remove_spectral_norm or remove_parametrizations, or {NEXT}"
        )
    return weights / (u @ fits[off.index(min(off))] @ v)


def _pruned(parts: Parts, name: str) -> np.ndarray:
    if parts["weight_orig"].shape != parts["weight_mask"].shape:
        raise InputError(
            f"{name}_orig has the shape {parts['weight_orig'].shape}, {name}_mask {parts['weight_mask'].shape}; they "
            "are of one shape"
        )
    return parts["weight_orig"] * parts["weight_mask"]


_P = "parametrizations.weight."
WEIGHTS: dict[frozenset[str], tuple[Callable[[Parts, str], np.ndarray], str]] = {
    frozenset({"weight"}): (_plain, ""),
    frozenset({"weight_g", "weight_v"}): (_weight_norm, "weight normalization"),
    frozenset({f"{_P}original0", f"{_P}original1"}): (_weight_norm, "weight normalization"),
    frozenset({"weight_orig", "weight_u", "weight_v"}): (_spectral_norm, "spectral normalization"),
    frozenset({f"{_P}original", f"{_P}0._u", f"{_P}0._v"}): (_spectral_norm, "spectral normalization"),
    frozenset({"weight_orig", "weight_mask"}): (_pruned, "pruning"),
}
BIASES = (frozenset(), frozenset({"bias"}), frozenset({"bias_orig", "bias_mask"}))


def _check_numbers(name: str, array: np.ndarray) -> None:
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        at = [int(i) for i in wrong[0]]
        raise InputError(f"{name}{at} is {array[tuple(at)]}; every value must be finite: train or save it again")


def _unknown(name: str, array: np.ndarray) -> str:
    end = name.rpartition(".")[2]
    if end in OTHERS:
        where = (
            ", whose place among the activations a state dict does not say" if end.startswith(("run", "num")) else ""
        )
        mode = ", in eval mode" if where else ""
        return f"{name[:80]} belongs to {OTHERS[end]}{where}; {NEXT}{mode}"
    if ".parametrizations." in f".{name}":
        return (
            f"{name[:120]} belongs to a parametrization that is not weight or spectral normalization; make its weights "
            f"plain with torch.nn.utils.parametrize.remove_parametrizations, or {NEXT}"
        )
    return f"unknown tensor {name[:80]}; expected NAME.weight and NAME.bias of linear layers: {NEXT}"


def _other_shape(name: str, weights: np.ndarray, biased: bool) -> str:
    may_be = {1: "a normalization" if biased else "a PReLU or a normalization", 3: "a convolution", 4: "a convolution"}
    what = f", so it may belong to {may_be[weights.ndim]}" if weights.ndim in may_be and weights.size else ""
    return (
        f"{name[:80]} has shape {weights.shape}{what}; of a linear layer it is a matrix (outgoing, incoming), not "
        f"empty: {NEXT}"
    )
