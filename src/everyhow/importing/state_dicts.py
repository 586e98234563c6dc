"""Importing state dicts: tensors by name, without the module that they belong to."""

import operator
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..boolean.truth_table import assignments
from ..common.arguments import listed, number_in, quoted
from ..common.errors import InputError
from ..given.arrays import detached
from ..given.points import points_for
from ..model.activations import activation
from ..model.origin import Origin
from ..network.network import Network
from ..transformer.transformer import Transformer
from .checking import imported, read_at
from .layer_order import order_of, shown
from .layers import Affine, Nonlinear, Step, fold
from .rounding import Precision, coarsest
from .stored_layers import COUNTS, StoredLayer, are_registered, memory_of, stored_arrays, stored_layers
from .transformer_arrays import are_of_transformer, transformer_of_arrays

NOTHING = "nothing to compare with: a state dict holds tensors, not the model"
# Inputs up to which a question shows the truth tables of its answers.
MOST_INPUTS_SHOWN = 4


@dataclass(frozen=True)
class Description:
    """What a user says of a state dict that it does not say itself; see `from_state_dict`."""

    hidden_activation: str | Iterable[str] | None = None
    output_activation: str | None = None
    widths: Iterable[int] | None = None
    data: Any = None
    order: str | Iterable[str] | None = None
    threshold: float | None = None


def from_state_dict(
    tensors: Mapping[str, Any],
    hidden_activation: str | Iterable[str] | None = None,
    output_activation: str | None = None,
    widths: Iterable[int] | None = None,
    data: Any = None,
    source: str = "state dict",
    order: str | Iterable[str] | None = None,
    threshold: float | None = None,
    config: Any = None,
) -> Network | Transformer:
    """The network of linear layers whose tensors are given by name; or the transformer of named arrays.

    A state dict does not say which activations a model has, nor in what order its layers run. The activations are
    given. The order is the only one that the shapes allow; where they allow several, that of the numbers in the names,
    or that in which a module registered its layers, if the names do not contradict it; else it is asked for. It is told
    in the origin. There is no model to compare with, unless `data` gives inputs with the outputs of the model.

    Tensors by TransformerLens's names (`embed.W_E`, `blocks.0.attn.W_Q`, ...) are those of a transformer, and need
    `config`: its activation, norms, mask and scale. Arrays by the keys of a transformer's file (`W_E`, `layers`, ...)
    say everything themselves.

    Args:
        tensors: matrices `NAME.weight` and vectors `NAME.bias`, as arrays or PyTorch tensors; biases may be missing.
            Those of weight normalization, spectral normalization and pruning are put together. Or the arrays of a
            transformer.
        hidden_activation: of every layer but the last: relu, leaky_relu[:SLOPE], tanh, sigmoid[:STEEPNESS]; or one for
            each of them, as a sequence or joined by commas.
        output_activation: of the last layer; also identity. Where it is not given, one output needs a threshold, and
            several outputs, of which the largest decides, are linear.
        widths: neurons of each hidden layer, such as (3, 3), if they are to be checked.
        data: inputs (inputs, features), or a pair of inputs and the model's outputs there to check the network on; of a
            transformer tokens (inputs, positions) and its logits at every position.
        source: what the tensors are called in the network's origin.
        order: the names of the layers as they run, as a sequence or joined by commas.
        threshold: the output of a linear last layer above which it is read as 1: 0 of logits, 0.5 of what was trained
            towards 0 and 1.
        config: of a transformer, TransformerLens's configuration: an object such as `model.cfg`, or a mapping with at
            least `act_fn`, `normalization_type` and `attention_dir`.

    Raises:
        InputError: tensors of other names or shapes, an order or a threshold that is not known, other widths or outputs
            than given, numbers that are not finite.

    Example:
        >>> tensors = {"0.weight": np.ones((3, 2)), "2.weight": np.ones((1, 3)), "2.bias": np.ones(1)}
        >>> from_state_dict(tensors, "relu", threshold=0)
        Network(2-3-1, relu, identity, 9 edges, threshold 0)
    """
    if are_of_transformer(tensors):
        check_needs_none((hidden_activation, output_activation, widths, order))
        return transformer_of_arrays(tensors, config, data, source).read(threshold)
    if config is not None:
        raise InputError(
            "config is that of a transformer, but the tensors do not have TransformerLens's names (embed.W_E, "
            "blocks.0.attn.W_Q, ...); of linear layers leave config out"
        )
    said = Description(hidden_activation, output_activation, widths, data, order, threshold)
    arrays = stored_arrays(tensors)
    return from_arrays(arrays, said, source, registered=are_registered(arrays), memory=memory_of(tensors))


def check_needs_none(options: Iterable[Any]) -> None:
    """See that nothing is said of a transformer that only linear layers need.

    Raises:
        InputError: something is.
    """
    if any(option is not None for option in options):
        raise InputError(
            "hidden_activation, output_activation, widths and order are of linear layers, but the tensors are those of "
            "a transformer: leave them out; config= says what its tensors do not"
        )


def from_arrays(
    arrays: Mapping[str, np.ndarray],
    said: Description,
    source: str,
    *,
    registered: bool,
    told: Sequence[str] = (),
    memory: Mapping[str, Hashable] | None = None,
) -> Network:
    """The network of arrays by name; see `from_state_dict`.

    Args:
        arrays: the tensors.
        said: what the user says of them.
        source: what they are called in the network's origin.
        registered: whether their order can be that of a module; see `order_of`.
        told: what else the origin says of them.
        memory: where the numbers of tensors lie, by name, if that is known; tensors in the same memory are one tensor.

    Raises:
        InputError: as `from_state_dict`.
    """
    layers = _named_once(stored_layers(arrays, memory or {}), said.order)
    sizes = {name: (layer.weights.shape[1], layer.weights.shape[0]) for name, layer in layers.items()}
    order = order_of(sizes, registered, _widths(said.widths), _names(said.order, sizes))
    chain = [layers[name] for name in order.names]
    hidden = _hidden(said.hidden_activation, [layer.name for layer in chain[:-1]])
    _check_output(said)
    weights, biases = tuple(layer.weights for layer in chain), tuple(layer.biases for layer in chain)
    if said.output_activation is None and said.threshold is None and len(biases[-1]) == 1:
        raise InputError(_question(Network(weights, biases, (*hidden, "identity"))))
    names = (*hidden, said.output_activation or "identity")
    counts = [name for name in arrays if name.rpartition(".")[2] in COUNTS]
    words = [
        *told,
        *(f"{name} left out" for name in counts),
        f"order taken: {shown(order.names, sizes)}; {order.reason}",
    ]
    words += [f"{layer.made} of {layer.name or 'the layer'} put together" for layer in chain if layer.made]
    steps: list[Step] = []
    for layer, name in zip(chain, names, strict=True):
        steps.append(Affine(layer.weights, layer.biases, layer.name))
        if name != "identity":
            steps.append(Nonlinear(name, f"{name} after {layer.name}"))
    precision = coarsest({array.dtype.name for array in arrays.values() if array.dtype.kind == "f"})
    return _compared(steps, said, source, tuple(words), precision)


def _named_once(layers: Sequence[StoredLayer], order: str | Iterable[str] | None) -> dict[str, StoredLayer]:
    """The layers by name; of those that are one and the same under several names, what the user's order names."""
    by_memory: dict[Hashable, list[str]] = {}
    for layer in layers:
        by_memory.setdefault(layer.name if layer.memory is None else (layer.memory,), []).append(layer.name)
    several = [names for names in by_memory.values() if len(names) > 1]
    if several and order is None:
        once = ",".join(names[0] for names in by_memory.values())
        raise InputError(
            f"{' and '.join(several[0])} are one tensor: the module names a layer twice, or runs it twice, and a state "
            f"dict does not say which; give the layers as they run, such as order={once[:200]!r} (--order on the "
            "command line)"
        )
    chosen = _names(order, [layer.name for layer in layers]) or ()
    left_out = {name for names in several for name in names if name not in chosen and set(names) & set(chosen)}
    return {layer.name: layer for layer in layers if layer.name not in left_out}


def _compared(
    steps: Sequence[Step], said: Description, source: str, words: tuple[str, ...], precision: Precision
) -> Network:
    """The network of the steps, compared with outputs of the model where these are given."""
    inputs, outputs = said.data if _is_pair(said.data) else (said.data, None)
    if _is_pair(said.data) and outputs is None:
        raise InputError("the outputs in data are None; give one row per input, or the inputs alone")
    network = read_at(fold(steps)[0], said.threshold)
    points, told = points_for(network.widths[0], inputs)
    if outputs is None:
        return replace(network, origin=Origin(source, words, precision.name, NOTHING, 0, 0.0, 0.0, 0, 0, 0))
    network = imported(
        steps, points, _outputs(outputs, len(points), network.widths[-1]), source=source, precision=precision,
        checked_on=f"{told}, with the outputs given", threshold=said.threshold,
    )  # fmt: skip
    return replace(network, origin=replace(network.origin, folded=words))  # type: ignore[type-var]


def _is_pair(data: Any) -> bool:
    """Whether data is a pair of inputs and outputs, rather than an array of inputs: the first is one row per input."""
    if not isinstance(data, tuple) or len(data) != 2:
        return False
    try:
        return np.ndim(data[0]) == 2
    except Exception:  # of what is not an array; the points say so
        return False


def _outputs(outputs: Any, inputs: int, width: int) -> np.ndarray:
    try:
        values = np.asarray(detached(outputs), dtype=np.float64)
    except Exception:
        raise InputError("the outputs in data are not an array of numbers; give one row per input") from None
    if values.shape not in ((inputs, width), (inputs,) if width == 1 else (inputs, width)):
        raise InputError(f"the outputs in data have the shape {values.shape}; the network gives {(inputs, width)}")
    return values.reshape(inputs, width)


def _hidden(said: str | Iterable[str] | None, layers: Sequence[str]) -> tuple[str, ...]:
    """The activation of each hidden layer."""
    if said is None:
        if not layers:
            return ()
        raise InputError(
            'a state dict does not say its activations; give them, such as hidden_activation="relu", or one for each '
            f"of the {len(layers)} hidden layers, joined by commas (--hidden-activation on the command line)"
        )
    names = texts(said, "hidden_activation")
    for name in names:
        activation(name)
    if len(names) == 1:
        return names * len(layers)
    if len(names) != len(layers):
        raise InputError(
            f"hidden_activation names {len(names)} activations ({', '.join(names)}), but there are {len(layers)} "
            f"hidden layers ({', '.join(layers) or 'none'}); give one for all, or one for each"
        )
    return names


def _check_output(said: Description) -> None:
    if said.output_activation is not None:
        if not isinstance(said.output_activation, str):
            raise InputError(f"output_activation is {said.output_activation!r:.80}; it is the name of one activation")
        activation(said.output_activation)
    value = said.threshold
    if value is not None and number_in(value) is None:
        raise InputError(
            f"threshold is {value!r:.80}; it is the number above which an output is read as 1, such as 0 or 0.5"
        )


def _names(order: str | Iterable[str] | None, layers: Iterable[str]) -> tuple[str, ...] | None:
    """The names of layers in the order given; what a wrapper puts before them may be there."""
    if order is None:
        return None
    known = list(layers)
    names = texts(order, "order")
    ends = {name: [one for one in known if name.endswith(f".{one}")] for name in names}
    return tuple(ends[name][0] if name not in known and len(ends[name]) == 1 else name for name in names)


def texts(said: Any, option: str) -> tuple[str, ...]:
    """Names that are given as a sequence, or joined by commas.

    Raises:
        InputError: they are not texts.

    Example:
        >>> texts("relu, tanh", "hidden_activation")
        ('relu', 'tanh')
    """
    rule = "names, as a sequence or joined by commas"
    texts = said.split(",") if isinstance(said, str) else listed(option, said, rule)
    if isinstance(said, Set) or not all(isinstance(text, str) for text in texts):
        raise InputError(f"{option} is {quoted(said)}; give {rule}")
    return tuple(text.strip() for text in texts)


def _widths(said: Any) -> tuple[int, ...] | None:
    if said is None:
        return None
    try:
        if isinstance(said, Set):
            raise TypeError
        widths = listed("widths", said, "the neurons of each hidden layer")
        if any(isinstance(width, bool | np.bool_) for width in widths):
            raise TypeError
        return tuple(map(operator.index, widths))
    except Exception:
        raise InputError(f"widths is {said!r:.80}; give the neurons of each hidden layer, such as (3, 3)") from None


def _question(network: Network) -> str:
    """Asks what the output means of a last layer that is linear as far as anyone said; with what follows from each."""
    either = then = signs = ""
    if network.widths[0] <= MOST_INPUTS_SHOWN:
        outputs = network.run(assignments(network.widths[0]))[:, 0]
        logits, values = ("".join(str(int(value > level)) for value in outputs) for level in (0, 0.5))
        either, then = f": either way it computes {logits} on inputs of 0 and 1", f": it then computes {values}"
        by_signs = "".join(str(int(value > 0)) for value in network.run(2 * assignments(network.widths[0]) - 1)[:, 0])
        signs = f": by threshold 0 it then computes {by_signs}"
    return (
        "a state dict does not say what its output means; say it: "
        'output_activation="sigmoid" (--output-activation sigmoid) if the model ends in a sigmoid, or '
        'output_activation="identity", threshold=0 (--threshold 0) if it gives logits, as for BCEWithLogitsLoss'
        f"{either}; or threshold=0.5 (--threshold 0.5) if it was trained towards 0 and 1{then}; or "
        f'output_activation="tanh", threshold=0 if it ends in a tanh. Inputs that were -1 and 1 are said where the '
        f"network is asked (--inputs=-1,1, or network.read(inputs=(-1, 1))){signs}"
    )
