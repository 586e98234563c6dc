"""How networks are trained; and what is asked of the settings of every kind of model."""

import itertools
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..boolean.truth_table import assignments, row_name
from ..common.arguments import check_sizes, is_number, is_whole, quoted
from ..common.budget import rounded
from ..common.errors import InputError
from ..common.options import told
from ..common.shapes import Float
from ..model.activations import LEAKY, SIGMOID, TANH, activation
from ..model.coding import checked_input_values, checked_threshold, coded
from ..model.task import Task
from ..network.feed_forward import MOST_LAYERS
from ..network.network import Network

# More rows, epochs or neurons than this are a mistake of typing, and more than memory holds.
MOST = 10**9
# Numbers that training holds at once, four bytes each: four of each weight, and the rows.
MOST_NUMBERS = 250_000_000
# The functions that training knows, by code and by name.
TRAINED = (LEAKY, TANH, SIGMOID)
TRAINED_NAMES = "identity, relu, leaky_relu[:SLOPE], tanh, sigmoid[:STEEPNESS]"


@told
@dataclass(frozen=True)
class TrainingSettings:
    """Everything that decides a training run, but the task and the seed.

    Raises:
        InputError: a setting out of range.
    """

    widths: tuple[int, ...] = field(default=(3, 3), metadata={"says":
        "neurons of each hidden layer, such as 3,3"
    })  # fmt: skip
    hidden_activation: str = field(default="leaky_relu", metadata={"says": "name, as in a network file"})
    output_activation: str = field(default="leaky_relu", metadata={"says": "name, as in a network file"})
    learning_rate: float = field(default=1e-3, metadata={"says": "of AdamW"})
    loss_target: float = field(default=0.01, metadata={"says":
        "training stops when the mean squared error of an epoch falls below it"
    })  # fmt: skip
    loss_target_per_output: float | None = field(default=None, metadata={"says":
        "replaces the loss target by so much for each output of the task"
    })  # fmt: skip
    rows: int = field(default=4000, metadata={"says": "how many rows of the truth table are drawn, with repetition"})
    batch_size: int = field(default=100, metadata={"says": "rows per step"})
    epochs: int = field(default=1000, metadata={"says": "passes over the drawn rows, at most"})
    patience: int = field(default=3, metadata={"says":
        "training stops when so many epochs in a row do not improve the loss"
    })  # fmt: skip
    weight_decay: float = field(default=0.01, metadata={"says": "of AdamW"})
    l1: float = field(default=0.0, metadata={"says": "weight of the sum of absolute weights and biases in the loss"})
    l2: float = field(default=0.0, metadata={"says":
        "weight of the sum of squared weights and biases in the loss; unlike weight decay, it goes through "
        "AdamW's scaling of gradients"
    })  # fmt: skip
    dropout: float = field(default=0.0, metadata={"says": "share of hidden activations set to 0 in training"})
    input_noise: float = field(default=0.0, metadata={"says":
        "standard deviation of the noise added to the drawn rows"
    })  # fmt: skip
    input_weights: tuple[float, ...] | None = field(default=None, metadata={"says":
        "how often each row of the truth table is drawn, in row order; evenly when None"
    })  # fmt: skip
    show: tuple[str, ...] | None = field(default=None, metadata={"says":
        "the rows drawn from, as digits such as 01; all when None"
    })  # fmt: skip
    labels: Literal["true", "shuffled"] = field(default="true", metadata={"says":
        "true, or shuffled among the drawn rows, so that nothing but their frequency can be learned"
    })  # fmt: skip
    input_values: tuple[float, float] = field(default=(0.0, 1.0), metadata={"says":
        "the two numbers by which each input stands for 0 and for 1"
    })  # fmt: skip
    output_values: tuple[float, float] = field(default=(0.0, 1.0), metadata={"says":
        "the two numbers that outputs are trained towards, for 0 and for 1"
    })  # fmt: skip
    threshold: float | None = field(default=None, metadata={"says":
        "an output above it is read as 1; halfway between the output values when None"
    })  # fmt: skip
    checkpoints: tuple[int, ...] = field(default=(), metadata={"says":
        "the epochs after which the model is kept as well, as far as training goes; 0 is before the first"
    })  # fmt: skip

    def __post_init__(self) -> None:
        for name in ("hidden_activation", "output_activation"):
            try:
                known = activation(getattr(self, name))
            except InputError as error:
                raise InputError(f"{name}: {error}") from None
            if known.code not in TRAINED:
                raise InputError(f"{name}: networks are not trained with {known.name} here; allowed: {TRAINED_NAMES}")
        check_sizes([len(self.widths) + 1], "a network of these widths", MOST_LAYERS, "layers")
        check_sizes((w for w in self.widths if is_whole(w, 1)), "a network of these widths")
        checked_input_values(self.input_values)
        checked_threshold(self.threshold)
        rules = {
            "widths": (all(is_whole(w, 1, MOST) for w in self.widths), f"whole numbers from 1 to {MOST:,}"),
            "loss_target_per_output": (
                self.loss_target_per_output is None or is_number(self.loss_target_per_output, 0),
                "at least 0",
            ),
            **{
                name: (is_whole(getattr(self, name), 1, MOST), f"a whole number from 1 to {MOST:,}")
                for name in ("rows", "batch_size")
            },
            **{name: (is_number(getattr(self, name), 0), "at least 0") for name in ("l1", "l2")},
            "dropout": (is_number(self.dropout, 0) and self.dropout < 1, "at least 0 and below 1"),
            "input_noise": (is_number(self.input_noise, 0), "at least 0"),
            "output_values": (
                len(self.output_values) == 2
                and all(map(is_number, self.output_values))
                and self.output_values[0] < self.output_values[1],
                "two finite numbers, that of 0 below that of 1",
            ),
            **schedule_rules(self),
        }
        rules |= self._reachable()
        check_rules(self, rules)

    def _reachable(self) -> dict[str, tuple[bool, str]]:
        """Whether outputs can come to what they are trained towards, on either side of where they turn."""
        values = self.output_values
        if len(values) != 2 or not all(map(is_number, values)):
            return {}
        ends = activation(self.output_activation)(np.array([-1e300, 1e300]))
        rules = {}
        if values[0] < values[1] and not (ends[0] <= values[0] and values[1] <= ends[1]):
            shown = " to ".join(f"{end:g}" for end in ends)
            rules["output_values"] = (
                False,
                f"within what {self.output_activation} gives, {shown}",
            )
        if self.threshold is not None and not values[0] < self.threshold < values[1]:
            rules["threshold"] = (False, f"between the output values {values[0]:g} and {values[1]:g}")
        return rules

    @property
    def level(self) -> float:
        """An output above it is read as 1."""
        return sum(self.output_values) / 2 if self.threshold is None else self.threshold

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation of each layer."""
        return (self.hidden_activation,) * len(self.widths) + (self.output_activation,)

    @property
    def coding(self) -> dict[str, Any]:
        """What a trained network keeps of how its numbers stand for bits."""
        return {"threshold": self.level, "input_values": self.input_values}

    def points(self, task: Task) -> Float[np.ndarray, "rows features"]:
        """The rows of the truth table as inputs."""
        return coded(assignments(task.inputs), self.input_values)

    def targets(self, task: Task) -> Float[np.ndarray, "rows outputs"]:
        """What the outputs are trained towards at each row."""
        return coded(task.bits(), self.output_values)

    def loss_target_of(self, outputs: int) -> float:
        """The loss at which training stops for a task of so many outputs."""
        return self.loss_target if self.loss_target_per_output is None else self.loss_target_per_output * outputs


def schedule_rules(settings: Any) -> dict[str, tuple[bool, str]]:
    """Of the settings that every kind of model has: whether each can be used, and what it must be."""
    kept, epochs = settings.checkpoints, settings.epochs
    return {
        "learning_rate": (is_number(settings.learning_rate) and settings.learning_rate > 0, "above 0"),
        "loss_target": (is_number(settings.loss_target, 0), "at least 0"),
        **{
            name: (is_whole(getattr(settings, name), 1, MOST), f"a whole number from 1 to {MOST:,}")
            for name in ("epochs", "patience")
        },
        "weight_decay": (is_number(settings.weight_decay, 0), "at least 0"),
        "labels": (isinstance(settings.labels, str) and settings.labels in ("true", "shuffled"), "true or shuffled"),
        "checkpoints": (
            all(is_whole(epoch, 0, epochs if is_whole(epochs, 1) else MOST) for epoch in kept)
            and list(kept) == sorted(set(kept)),
            "rising epochs, none beyond the last",
        ),
    }


def check_rules(settings: Any, rules: dict[str, tuple[bool, str]]) -> None:
    """See that every setting can be used.

    Args:
        settings: all of them.
        rules: of each that is asked about, whether it can be used, and what it must be.

    Raises:
        InputError: some cannot; the message names each of them.
    """
    faults = [
        f"{name} is {quoted(getattr(settings, name))} but must be {rule}"
        for name, (holds, rule) in rules.items()
        if not holds
    ]
    if faults:
        raise InputError("these training settings cannot be used: " + "; ".join(faults))


def accuracy_of(network: Network, task: Task) -> float:
    """The share of the truth table's rows that a network decides as the task wants, with all outputs right."""
    decided = network.run(network.corners) > network.level
    return float((decided == task.bits()).all(axis=1).mean())


def training_rows(task: Task, settings: TrainingSettings) -> Float[np.ndarray, " rows"]:
    """The probability with which each row of the truth table is drawn.

    Raises:
        InputError: rows or weights that do not fit the task.
    """
    count = 1 << task.inputs
    weights = np.ones(count)
    if settings.input_weights is not None:
        weights = np.array(settings.input_weights, dtype=float)
        if weights.shape != (count,) or not np.isfinite(weights).all() or (weights < 0).any():
            raise InputError(
                f"input_weights has {len(settings.input_weights)} values; task {task.name} needs {count}, one per row "
                f"of its truth table, none negative"
            )
    if settings.show is not None:
        names = [row_name(row, task.inputs) for row in range(count)]
        unknown = [row for row in settings.show if row not in names]
        if unknown or not settings.show:
            raise InputError(f"show names {', '.join(unknown) or 'no rows'}; the rows are {', '.join(names)}")
        weights = weights * [name in settings.show for name in names]
    if not weights.sum() > 0:
        raise InputError("no row of the truth table has a weight above 0, so there is nothing to train on")
    return weights / weights.sum()


def check_memory(task: Task, settings: TrainingSettings, networks: int) -> None:
    """Check that so many networks and the rows that they train on fit in memory together, before any of them is made.

    Raises:
        InputError: they hold too many numbers.
    """
    widths = [task.inputs, *settings.widths, task.outputs]
    weights = sum((before + 1) * after for before, after in itertools.pairwise(widths))
    numbers = networks * (4 * weights + settings.rows * (task.inputs + task.outputs))
    if numbers > MOST_NUMBERS:
        raise InputError(
            f"training {networks:,} networks at once, each of {rounded(weights)} weights (widths {quoted(widths)}) on "
            f"{settings.rows:,} rows, takes {rounded(numbers)} numbers; at most {MOST_NUMBERS:,} are held: give fewer "
            f"neurons, rows or networks"
        )
