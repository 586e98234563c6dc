"""Models of TransformerLens: the bridge of 4.x, and HookedTransformer of 3.x."""

from typing import Any

from .transformer_arrays import reading_of
from .transformer_checking import Reading

LENS = ("TransformerBridge", "HookedTransformer")
OF_LAYERS = {
    "attn": ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O"),
    "mlp": ("W_in", "W_out", "b_in", "b_out"),
}


def is_transformer_lens(module: Any) -> bool:
    """Whether a module is a model of TransformerLens, found by the name of its class: the library is not loaded."""
    return any(
        one.__name__ in LENS and one.__module__.partition(".")[0] == "transformer_lens" for one in type(module).__mro__
    )


def lens_reading(module: Any) -> Reading:
    """What a model of TransformerLens says that it is.

    Raises:
        InputError: something in it that is not supported.
    """
    name = type(module).__name__
    config = module.cfg
    if not hasattr(module, "original_model"):
        return reading_of(module.state_dict(), config, name)
    rms = bool(getattr(config, "uses_rms_norm", False))
    return reading_of(_arrays(module), config, name, rms=rms)


def _arrays(bridge: Any) -> dict[str, Any]:
    """The arrays of a bridge by TransformerLens's names; a bias that a model does not have is left out."""
    found = {
        "embed.W_E": bridge.W_E, "pos_embed.W_pos": _attribute(bridge, "W_pos"), "unembed.W_U": bridge.W_U,
        "unembed.b_U": _attribute(bridge, "b_U"),
    }  # fmt: skip
    for part, names in OF_LAYERS.items():
        for name in names:
            stacked = _attribute(bridge, name)
            if stacked is not None:
                found |= {f"blocks.{k}.{part}.{name}": one for k, one in enumerate(stacked)}
    norms = {"ln_final": getattr(bridge, "ln_final", None)}
    for k, block in enumerate(bridge.blocks):
        norms |= {f"blocks.{k}.{name}": getattr(block, name, None) for name in ("ln1", "ln2")}
    for place, norm in norms.items():
        found[f"{place}.w"] = getattr(norm, "weight", None)
        found[f"{place}.b"] = getattr(norm, "bias", None)
    return {name: one for name, one in found.items() if one is not None}


def _attribute(bridge: Any, name: str) -> Any:
    """A stack of weights, or None where the model has none; the bridge raises errors of several kinds then."""
    try:
        return getattr(bridge, name)
    except (AttributeError, TypeError, RuntimeError, ValueError):
        return None
