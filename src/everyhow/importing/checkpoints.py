"""Which part of a checkpoint is the state dict of linear layers, and what its other parts say of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ..errors import InputError
from .pickles import Call, Name, items_of, kind_of
from .state_dicts import Description, texts
from .stored_layers import COUNTS, StoredLayer, unwrapped

SAVE = "save model.state_dict() with torch.save, or import the module itself with everyhow.from_torch"
# Names of what is left out, or could be meant, shown in one message.
MOST_NAMED = 12
# What the matrices of linear layers end in; an optimizer keeps tensors under other names.
WEIGHTS = re.compile(r"(.*\.)?(weight|weight_g|weight_v|weight_orig|parametrizations\.weight\.original[01]?)")
TENSORS = re.compile(r"torch\._utils\._rebuild_(\w*tensor\w*|parameter\w*)|torch\._tensor\._rebuild_from_type\w*")
ACTIVATIONS = ("leaky_relu", "relu", "tanh", "sigmoid")


@dataclass(frozen=True, eq=False)
class Part:
    """A state dict inside a checkpoint.

    Attributes:
        place: the keys that lead to it, joined by strokes.
        held: all that it holds by name; most of it are tensors.
        beside: what the dictionary around it holds by name.
        left_out: the places of what is not a tensor of the state dict.
    """

    place: str
    held: Mapping[str, Any]
    beside: Mapping[str, Any]
    left_out: tuple[str, ...]

    @property
    def tensors(self) -> dict[str, Any]:
        """The tensors by name.

        Raises:
            InputError: something else stands where the weights or biases of a layer would.
        """
        for name, value in self.held.items():
            if not is_tensor(value) and (WEIGHTS.fullmatch(name) or name.rpartition(".")[2].startswith("bias")):
                raise InputError(
                    f"under {name[:80]!r} it holds {kind_of(value)}, not a tensor, and nothing in it was executed: "
                    f"{SAVE}"
                )
        return {name: value for name, value in self.held.items() if is_tensor(value)}


def is_tensor(value: Any) -> bool:
    """Whether a described value is a tensor of any kind."""
    return isinstance(value, Call) and isinstance(value.function, Name) and bool(TENSORS.fullmatch(value.function.text))


def state_dict_in(document: Any, part: str | None = None) -> Part:
    """The state dict of linear layers in a described checkpoint, wherever it lies.

    Args:
        document: what the pickle of the checkpoint describes.
        part: the place of the state dict, where there are several; or what the names of the tensors meant begin with.

    Raises:
        InputError: there is none, or there are several and none of them was chosen.
    """
    found = list(_parts(document))
    if not found:
        raise InputError(_nothing_found(document))
    places = [one.place for one in found]
    if part is None:
        if len(found) > 1:
            raise InputError(
                f"it holds {len(found)} state dicts, {_named(places)}; choose one, such as part={places[0]!r} "
                f"(--part {places[0]} on the command line)"
            )
        return found[0]
    if isinstance(part, str) and part in places:
        return found[places.index(part)]
    inside = [one for one in (_beginning(one, part) for one in found) if one] if isinstance(part, str) else []
    if len(inside) != 1:
        raise InputError(f"it holds no state dict at the part {part!r:.80}; those that it holds are {_named(places)}")
    return inside[0]


def _beginning(part: Part, wanted: str) -> Part | None:
    """Of a state dict the tensors whose names begin with what is wanted, such as those of one of several networks."""
    beginning = f"{wanted.removeprefix(f'{part.place}/')}."
    names = [name for name, one in part.held.items() if is_tensor(one) and name not in COUNTS]
    short = dict(zip(names, unwrapped(names), strict=True))
    chosen = {name for name in names if name.startswith(beginning) or short[name].startswith(beginning)}
    others = [name if part.place == "." else f"{part.place}/{name}" for name in names if name not in chosen]
    held = {name: part.held[name] for name in part.held if name in chosen}
    return replace(part, held=held, left_out=(*part.left_out, *others)) if chosen else None


def described_by(part: Part, said: Description) -> tuple[Description, tuple[str, ...]]:
    """What a user says of a state dict, and what is said beside it, in the form of the paper's released code: its
    `activation`, with `layer_sizes`, or with `input_size`, `hidden_sizes` and `output_size`; and this in words.

    The released code has a linear last layer, whose output it rounds.

    Raises:
        InputError: the user says otherwise.
    """
    sizes, name = _sizes(part.beside), part.beside.get("activation")
    if sizes is None or not isinstance(name, str):
        return said, ()
    if name not in ACTIVATIONS and said.hidden_activation is None:
        raise InputError(
            f"it has the activation {name[:80]!r}, which the released code does not know; give another one"
        )
    hidden = (name,) if said.hidden_activation is None else texts(said.hidden_activation, "hidden_activation")
    if set(hidden) != {name}:
        raise InputError(
            f"it says activation {name!r} itself, but hidden_activation is {', '.join(hidden)[:80]!r}; leave the "
            "latter out, or give the state dict alone to everyhow.from_state_dict"
        )
    widths = tuple(sizes[1:-1]) if said.widths is None else said.widths
    known = replace(said, hidden_activation=hidden, widths=widths)
    words = f"layer sizes {'-'.join(map(str, sizes))} and activation {name} as the file says"
    if said.output_activation is None and said.threshold is None:
        known = replace(known, threshold=0.5)
        words += "; the output linear and read as 1 above 0.5, as the paper's released code does"
    return known, (words,)


def check_sizes(part: Part, layers: Iterable[StoredLayer]) -> None:
    """See that the layer sizes beside a state dict are those of its layers.

    Raises:
        InputError: they are not.
    """
    sizes = _sizes(part.beside) or []
    found = sorted(layer.weights.shape for layer in layers)
    if sorted((b, a) for a, b in pairwise(sizes)) != found:
        raise InputError(
            f"it says layer sizes {'-'.join(map(str, sizes))}, but has matrices of the shapes (outgoing, incoming) "
            f"{', '.join(map(str, found[:MOST_NAMED]))}; save it again, or its state dict alone"
        )


def _sizes(beside: Mapping[str, Any]) -> list[int] | None:
    sizes = beside.get("layer_sizes")
    if sizes is None and isinstance(beside.get("hidden_sizes"), list | tuple):
        sizes = [beside.get("input_size"), *beside["hidden_sizes"], beside.get("output_size")]
    if not isinstance(sizes, list | tuple) or len(sizes) < 2:
        return None
    return list(sizes) if all(type(size) is int and 0 < size < 2**31 for size in sizes) else None


def _parts(document: Any) -> Iterator[Part]:
    """Every dictionary in it that holds a matrix of a linear layer by name; each object is looked at once."""
    seen: set[int] = set()
    # With each value, the dictionaries on the way to it and the keys that were taken there.
    waiting: list[tuple[Any, tuple[Mapping[str, Any], ...], tuple[str, ...]]] = [(document, (), ())]
    while waiting:
        value, above, place = waiting.pop()
        held = _held(value)
        if held is None or id(value) in seen:
            continue
        seen.add(id(value))
        tensors = {key: one for key, one in held.items() if is_tensor(one)}
        if any(WEIGHTS.fullmatch(key) for key in tensors):
            beside = ((outer, place[:depth], place[depth]) for depth, outer in enumerate(above))
            others = ["/".join((*way, key)) for outer, way, taken in beside for key in outer if key != taken]
            others += [key for key in held if key not in tensors]
            yield Part("/".join(place) or ".", held, above[-1] if above else {}, tuple(others))
        waiting += [(one, (*above, held), (*place, key)) for key, one in reversed(held.items()) if key not in tensors]


def _held(value: Any) -> dict[str, Any] | None:
    """What a dictionary or a list holds by key or number."""
    items = dict(enumerate(value)) if isinstance(value, list | tuple) else items_of(value)
    return None if items is None else {str(key): one for key, one in items.items() if isinstance(key, str | int)}


def _nothing_found(document: Any) -> str:
    items = items_of(document)
    if items is None:
        what = "a tensor" if is_tensor(document) else kind_of(document)
        return f"it holds {what}, not tensors by name, and nothing in it was executed: {SAVE}"
    if any("_packed_params" in str(key) for key in items if isinstance(key, str)):
        raise InputError(f"it is the state dict of a quantized model; of the model before that, {SAVE}")
    told = [f"{str(key)[:80]!r} ({'a tensor' if is_tensor(one) else kind_of(one)})" for key, one in items.items()
            if isinstance(key, str | int)]  # fmt: skip
    return (
        f"it holds no state dict of linear layers, with tensors such as 0.weight; it holds {_named(told) or 'nothing'}"
        f". Nothing in it was executed: {SAVE}"
    )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(name[:120] for name in names[:MOST_NAMED]) + more


def told_left_out(part: Part) -> tuple[str, ...]:
    """In words, what of the checkpoint beside the state dict was not imported."""
    return (f"left out of the file: {_named(list(part.left_out))}",) if part.left_out else ()
