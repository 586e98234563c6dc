"""Training small networks; PyTorch is loaded only when a network is trained."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from importlib.util import find_spec
from typing import Any

from ..common.arguments import is_whole, listed, quoted
from ..common.errors import InputError, MissingExtraError
from ..model.task import Task, parse_task
from ..network.network import Network
from .settings import Trained, TrainingSettings, check_memory, training_rows

# What PyTorch's generators take.
LARGEST_SEED = 2**63


def train(
    task: Any,
    widths: Iterable[int] = (3, 3),
    seed: int = 0,
    progress: bool = False,
    inputs: Iterable[float] = (0.0, 1.0),
    outputs: Iterable[float] = (0.0, 1.0),
    **settings: Any,
) -> Network:
    """Train one network with hidden layers of the given `widths` on a task.

    Args:
        task: a gate, formula or truth table; several outputs joined by commas.
        widths: neurons of each hidden layer.
        seed: of the weights, the rows drawn and their order.
        progress: show progress on stderr.
        inputs: the two numbers by which each input stands for 0 and for 1.
        outputs: the two numbers that outputs are trained towards, for 0 and for 1; an output above their middle is 1.
        **settings: any other field of TrainingSettings.

    Warns:
        UserWarning: the network did not converge.

    Raises:
        InputError: a setting out of range.
        MissingExtraError: PyTorch is not installed.
    """
    unknown = [name for name in settings if name not in {one.name for one in fields(TrainingSettings)}]
    if unknown:
        names = ", ".join(one.name for one in fields(TrainingSettings))
        raise InputError(f"unknown training settings {', '.join(unknown)}; the settings are {names}")
    given = {
        "widths": listed("widths", widths, "the neurons of each hidden layer, such as (3, 3)"),
        "input_values": listed("inputs", inputs, "the two numbers by which inputs stand for 0 and for 1"),
        "output_values": listed("outputs", outputs, "the two numbers that outputs are trained towards"),
    }
    if not is_whole(seed, 0, 2**63 - 1):
        raise InputError(f"seed is {quoted(seed)}; it is a whole number of at least 0")
    chosen = TrainingSettings(**{name: tuple(values) for name, values in given.items()}, **settings)
    (result,) = train_many(task, [seed], chosen, progress)
    if not result.converged:
        import warnings

        warnings.warn(f"the network did not converge: {result.reason}", stacklevel=2)
    return result.network


def train_many(
    task: str | Task, seeds: Iterable[int], settings: TrainingSettings | None = None, progress: bool = False
) -> tuple[Trained, ...]:
    """Train one network per seed, all at once as stacked tensors; the results come in the order of the seeds.

    A network that does not converge is a result like any other, with the reason. The same seeds and settings give the
    same weights, run after run; a seed trained beside other seeds may differ from it trained alone in the last bits,
    since a stack of another size sums in another order.

    Raises:
        InputError: a setting out of range, or that does not fit the task.
        MissingExtraError: PyTorch is not installed.
    """
    parsed, chosen_seeds = parse_task(task), tuple(seeds)
    for seed in chosen_seeds:
        if not is_whole(seed, -LARGEST_SEED, LARGEST_SEED):
            raise InputError(f"seed is {quoted(seed)}; it is a whole number from -2^63 to 2^63")
    return train_each([parsed] * len(chosen_seeds), chosen_seeds, settings or TrainingSettings(), progress)


def train_each(
    tasks: Sequence[Task], seeds: Sequence[int], settings: TrainingSettings, progress: bool = False
) -> tuple[Trained, ...]:
    """Train one network per task and seed, as `train_many` does; the tasks have equal numbers of inputs and outputs.

    Raises:
        InputError: a setting out of range, or that does not fit a task.
        MissingExtraError: PyTorch is not installed.
    """
    for task in tasks:
        training_rows(task, settings)
        check_memory(task, settings, len(tasks))
    check_installed()
    from .stacked import train_stack

    return train_stack(tuple(tasks), tuple(seeds), settings, progress)


def is_installed() -> bool:
    """Whether PyTorch is there."""
    return find_spec("torch") is not None


def check_installed() -> None:
    """Raises MissingExtraError when PyTorch is not there."""
    if not is_installed():
        raise MissingExtraError(
            "training needs PyTorch, which is not installed: pip install 'everyhow[train]'. "
            "Auditing a network file (--network) works without it."
        )
