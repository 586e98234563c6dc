"""Which part of a checkpoint is the state dict of linear layers, and what its other parts say of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ..common.errors import InputError
from ..model.activations import FAMILIES, PLAIN, activation
from .pickles import Call, Name, items_of, kind_of
from .state_dicts import Description, texts
from .stored_layers import COUNTS, StoredLayer, unwrapped

SAVE = "save model.state_dict() with torch.save, or import the module itself with everyhow.from_torch"
# Names of what is left out, or could be meant, shown in one message.
MOST_NAMED = 12
# What the matrices of linear layers end in, and what TransformerLens calls its first one; an optimizer keeps tensors
# under other names.
WEIGHTS = r"(.*\.)?(weight|weight_g|weight_v|weight_orig|parametrizations\.weight\.original[01]?|embed\.W_E)"
TENSORS = r"torch\._utils\._rebuild_(\w*tensor\w*|parameter\w*)|torch\._tensor\._rebuild_from_type\w*"
# What people call the activations, in small letters and digits alone.
ACTIVATIONS = {name.replace("_", ""): name for name in (*PLAIN, *FAMILIES)} | {"linear": "identity"}
# The keys that the paper's released code writes; with dropout_rate in a later version.
RELEASED = (
    {"layer_sizes", "activation", "state_dict"},
    {"input_size", "hidden_sizes", "output_size", "activation", "state_dict"},
)


@dataclass(frozen=True, eq=False)
class Part:
    """A state dict inside a checkpoint.

    Attributes:
        path: the keys that lead to it, joined by strokes.
        held: all that it holds by name; most of it are tensors.
        beside: what the dictionary around it holds by name.
        left_out: the paths of what is not a tensor of the state dict.
    """

    path: str
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
            if not is_tensor(value) and (re.fullmatch(WEIGHTS, name) or name.rpartition(".")[2].startswith("bias")):
                raise InputError(
                    f"under {name[:80]!r} it holds {kind_of(value)}, not a tensor, and nothing in it was executed: "
                    f"{SAVE}"
                )
        return {name: value for name, value in self.held.items() if is_tensor(value)}


def is_tensor(value: Any) -> bool:
    """Whether a described value is a tensor of any kind."""
    return (
        isinstance(value, Call)
        and isinstance(value.function, Name)
        and bool(re.fullmatch(TENSORS, value.function.text))
    )


def state_dict_in(document: Any, part: str | None = None) -> Part:
    """The state dict of linear layers in a described checkpoint, wherever it lies.

    Args:
        document: what the pickle of the checkpoint describes.
        part: the path of the state dict, where there are several; or what the names of the tensors meant begin with.

    Raises:
        InputError: the checkpoint holds no state dict, or several and none of them was chosen.
    """
    found = list(_parts(document))
    if not found:
        raise InputError(_nothing_found(document))
    paths = [one.path for one in found]
    if part is None:
        if len(found) > 1:
            raise InputError(
                f"it holds {len(found)} state dicts, {_named(paths)}; choose one, such as part={paths[0]!r} "
                f"(--part {paths[0]} on the command line){_of_one_layer(found)}"
            )
        return found[0]
    if isinstance(part, str) and part in paths:
        return found[paths.index(part)]
    inside = [one for one in (_beginning(one, part) for one in found) if one] if isinstance(part, str) else []
    if len(inside) != 1:
        raise InputError(f"it holds no state dict at the part {part!r:.80}; those that it holds are {_named(paths)}")
    return inside[0]


def _of_one_layer(found: list[Part]) -> str:
    """What to do where every state dict is one layer, so that they may be those of one network."""
    if any(is_tensor(one) and name not in ("weight", "bias") for part in found for name, one in part.held.items()):
        return ""
    name = found[0].path.rpartition("/")[2]
    return (
        "; each is one layer: if they are the layers of one network, put their tensors into one dictionary, as "
        f"{name}.weight and {name}.bias, and save that"
    )


def _beginning(part: Part, wanted: str) -> Part | None:
    """Of a state dict the tensors whose names begin with what is wanted, such as those of one of several networks."""
    beginning = f"{wanted.removeprefix(f'{part.path}/')}."
    names = [name for name, one in part.held.items() if is_tensor(one) and name not in COUNTS]
    short = dict(zip(names, unwrapped(names), strict=True))
    chosen = {name for name in names if name.startswith(beginning) or short[name].startswith(beginning)}
    others = [name if part.path == "." else f"{part.path}/{name}" for name in names if name not in chosen]
    held = {name: part.held[name] for name in part.held if name in chosen}
    return replace(part, held=held, left_out=(*part.left_out, *others)) if chosen else None


def described_by(part: Part, said: Description) -> tuple[Description, tuple[str, ...]]:
    """What a user says of a state dict, and what is said beside it; and the latter in words.

    That is its `output_activation`; and in the form of the paper's released code its `activation`, with `layer_sizes`,
    or with `input_size`, `hidden_sizes` and `output_size`. The released code has a linear last layer, whose output it
    rounds; a dictionary that holds anything else may be of another code, of which nothing like that is known.

    Raises:
        InputError: the user says otherwise, or an activation is not known.
    """
    known, words, output = said, [], part.beside.get("output_activation")
    if isinstance(output, str):
        known = replace(known, output_activation=_one_said("output_activation", output, said.output_activation))
        words.append(f"output activation {known.output_activation} {_as_said(output)}")
    if _describes(part):
        sizes, name = _sizes(part.beside) or [], part.beside["activation"]
        given = None if said.hidden_activation is None else texts(said.hidden_activation, "hidden_activation")
        hidden = _one_said("activation", name, given, "hidden_activation")
        widths = tuple(sizes[1:-1]) if said.widths is None else said.widths
        known = replace(known, hidden_activation=hidden, widths=widths)
        shown = ",".join(texts(hidden, "hidden_activation"))
        words.append(
            f"layer sizes {'-'.join(map(str, sizes))} as the file says, and activation {shown} {_as_said(name)}"
        )
        released = part.path == "state_dict" and set(part.beside) - {"dropout_rate"} in RELEASED
        if released and said.output_activation is None and said.threshold is None:
            known = replace(known, threshold=0.5)
            words.append("the output linear and read as 1 above 0.5, as the paper's released code does")
    return known, ("; ".join(words),) if words else ()


def _one_said(key: str, name: str, given: Any, option: str | None = None) -> Any:
    """The activation that a file has under a key, or what the user gave, where the file's is not known.

    Raises:
        InputError: the file and the user say different ones, or neither says one that is known.
    """
    found, option = _known(name), option or key
    if found is None and given is None:
        raise InputError(
            f"it has the {key} {name[:80]!r}, which is not known; give another one, which is then taken: {option}= "
            f"(--{option.replace('_', '-')} on the command line)"
        )
    if found is None or given is None:
        return found if given is None else given
    told = {_known(one) or one for one in texts(given, option)}
    if told != {found}:
        raise InputError(
            f"it says {key} {name[:80]!r} itself, but {option} is {', '.join(texts(given, option))[:80]!r}; leave the "
            "latter out, or give the state dict alone to everyhow.from_state_dict"
        )
    return given


def _as_said(name: str) -> str:
    return "as the file says" if _known(name) else f"as given, in place of the file's {name[:80]!r}"


def _known(name: str) -> str | None:
    """The activation that people call so, in letters of any size: ReLU, LeakyReLU, leaky-relu:0.2."""
    kind, colon, numbers = name.partition(":")
    found = f"{ACTIVATIONS.get(re.sub('[^a-z0-9]', '', kind.lower()))}{colon}{numbers}"
    try:
        activation(found)
    except InputError:
        return None
    return found


def _describes(part: Part) -> bool:
    """Whether layer sizes and an activation stand beside a state dict."""
    return _sizes(part.beside) is not None and isinstance(part.beside.get("activation"), str)


def check_sizes(part: Part, layers: Iterable[StoredLayer]) -> None:
    """See that the layer sizes beside a state dict, if there are any with an activation, are those of its layers.

    Raises:
        InputError: the sizes differ.
    """
    if not _describes(part):
        return
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
        value, above, path = waiting.pop()
        held = _held(value)
        if held is None or id(value) in seen:
            continue
        seen.add(id(value))
        tensors = {key: one for key, one in held.items() if is_tensor(one)}
        if any(re.fullmatch(WEIGHTS, key) for key in tensors):
            beside = ((outer, path[:depth], path[depth]) for depth, outer in enumerate(above))
            others = ["/".join((*way, key)) for outer, way, taken in beside for key in outer if key != taken]
            others += [key for key in held if key not in tensors]
            yield Part("/".join(path) or ".", held, above[-1] if above else {}, tuple(others))
        waiting += [(one, (*above, held), (*path, key)) for key, one in reversed(held.items()) if key not in tensors]


def _held(value: Any) -> dict[str, Any] | None:
    """What a dictionary or a list holds by key or number."""
    items = dict(enumerate(value)) if isinstance(value, list | tuple) else items_of(value)
    if items is None:
        return None
    found: dict[str, Any] = {}
    for key, one in items.items():
        if isinstance(key, str | int):
            if str(key) in found:
                raise InputError(
                    f"one of its dictionaries holds both the key {str(key)[:80]} and the key {str(key)[:80]!r}, which "
                    f"are one name; give one of them another name, or {SAVE}"
                )
            found[str(key)] = one
    return found


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
