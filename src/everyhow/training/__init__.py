"""Training small networks and transformers; PyTorch is loaded only when one is trained."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar, overload

from ..common.arguments import is_whole, listed, quoted
from ..common.errors import ConvergenceWarning, InputError
from ..common.extras import need
from ..common.warning import warn
from ..model.behavior import Behavior
from ..model.task import Task, parse_task
from ..model.token_families import check_of_bits, parse_token_task
from ..model.token_task import TokenTask
from ..network.network import Network
from ..transformer.transformer import Transformer
from .settings import TrainingSettings, check_memory, training_rows
from .trained import Trained
from .transformer_settings import TransformerSettings

Settings = TypeVar("Settings", TrainingSettings, TransformerSettings)
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
        progress: show a bar, below the cell in a notebook and else on stderr.
        inputs: the two numbers by which each input stands for 0 and for 1.
        outputs: the two numbers that outputs are trained towards, for 0 and for 1; an output above their middle is 1.
        **settings: any other field of TrainingSettings.

    Warns:
        ConvergenceWarning: the network did not converge; it names your line, and is an `everyhow.EveryhowWarning`.

    Raises:
        InputError: a setting out of range.
        MissingExtraError: PyTorch is not installed.

    Example:
        >>> network = train("XOR", widths=(3, 3), seed=0)
        >>> network, (network.run(network.corners) > 0.5).ravel().tolist()
        (Network(2-3-3-1, leaky_relu, 18 edges), [False, True, True, False])
    """
    given = {
        "widths": listed("widths", widths, "the neurons of each hidden layer, such as (3, 3)"),
        "input_values": listed("inputs", inputs, "the two numbers by which inputs stand for 0 and for 1"),
        "output_values": listed("outputs", outputs, "the two numbers that outputs are trained towards"),
    }
    chosen = _settings(TrainingSettings, {name: tuple(values) for name, values in given.items()}, settings)
    return _one(train_many(task, [_one_seed(seed)], chosen, progress))


def train_transformer(
    task: Any, seed: int = 0, progress: bool = False, **settings: Any
) -> tuple[Transformer, Behavior]:
    """Train one small transformer on a task of tokens, and say what is wanted of it, as audits and counts ask for it.

    Weights begin as in TransformerLens: every matrix, embeddings among them, is normal with a deviation of
    0.8 / sqrt(d_model), and biases are 0. They are trained by AdamW in double precision and kept to single precision.

    Args:
        task: a gate, formula or truth table, `ADD:p`, `MAX:n:v`, `FIRST_EQUALS_LAST:n:v`, `INDUCTION:n:v`,
            `HISTOGRAM:n:v`, the path of a table of tokens and labels (.csv), or a TokenTask; `eh.parse_token_task` says
            what each means.
        seed: of the weights, the rows shown and their order.
        progress: show a bar, below the cell in a notebook and else on stderr.
        **settings: any field of TransformerSettings, such as `layers`, `heads`, `width`, `mlp`, `norm`, `causal`.

    Returns:
        The transformer, and the behavior of all rows of the task.

    Warns:
        ConvergenceWarning: the transformer did not converge; it names your line, and is an `everyhow.EveryhowWarning`.

    Raises:
        InputError: a setting out of range, or a task that is unknown or that such transformers do not learn.
        MissingExtraError: PyTorch is not installed.

    Example:
        >>> model, behavior = train_transformer("XOR", layers=1, heads=2, width=8, mlp=8, seed=3)
        >>> model
        Transformer(1 layer of 2 heads and an MLP, d_model 8, 3 positions, 13 edges)
        >>> model.run(behavior.points).argmax(axis=1).tolist()
        [0, 1, 1, 0]
    """
    chosen = _settings(TransformerSettings, {}, settings)
    parsed = parse_token_task(task)
    transformer = _one(train_many(parsed, [_one_seed(seed)], chosen, progress))
    return transformer, parsed.behavior(transformer)


def _settings(kind: type[Settings], own: dict[str, Any], given: dict[str, Any]) -> Settings:
    """The settings of a kind.

    Raises:
        InputError: one that is unknown or out of range.
    """
    names = [one.name for one in fields(kind)]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InputError(f"unknown training settings {', '.join(unknown)}; the settings are {', '.join(names)}")
    return kind(**own, **given)


def _one_seed(seed: Any) -> int:
    """A seed.

    Raises:
        InputError: it is something else.
    """
    if not is_whole(seed, 0, LARGEST_SEED - 1):
        raise InputError(f"seed is {quoted(seed)}; it is a whole number of at least 0")
    return int(seed)


def _one(results: tuple[Trained[Any], ...]) -> Any:
    """The one model that was trained, with a warning where it did not converge."""
    (result,) = results
    if not result.converged:
        warn(f"the {result.network.kind} did not converge: {result.reason}", ConvergenceWarning)
    return result.network


@overload
def train_many(
    task: Any, seeds: Iterable[int], settings: TrainingSettings | None = None, progress: bool = False
) -> tuple[Trained[Network], ...]: ...


@overload
def train_many(
    task: Any, seeds: Iterable[int], settings: TransformerSettings, progress: bool = False
) -> tuple[Trained[Transformer], ...]: ...


def train_many(
    task: Any,
    seeds: Iterable[int],
    settings: TrainingSettings | TransformerSettings | None = None,
    progress: bool = False,
) -> tuple[Trained[Any], ...]:
    """Train one model per seed, all at once as stacked tensors; the results come in the order of the seeds.

    The kind of settings says what is trained: networks, also where none are given, or transformers. A model that does
    not converge is a result like any other, with the reason. The same seeds and settings give the same weights, run
    after run.

    A network that is trained beside other seeds may differ from it trained alone in the last bits, since a stack of
    another size sums in another order. So does a transformer, but in those of double precision; since its weights are
    kept to single precision it comes out the same, unless training makes differences of 1e-16 a hundred million times
    larger.

    Args:
        task: as `parse_task` takes it; of transformers, as `parse_token_task` does.
        seeds: of the weights, the rows drawn and their order.
        settings: how they are trained.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: a setting out of range, or that does not fit the task.
        MissingExtraError: PyTorch is not installed.
    """
    chosen_seeds = tuple(seeds)
    for seed in chosen_seeds:
        if not is_whole(seed, -LARGEST_SEED, LARGEST_SEED):
            raise InputError(f"seed is {quoted(seed)}; it is a whole number from -2^63 to 2^63")
    if isinstance(settings, TransformerSettings):
        return train_each([parse_token_task(task)] * len(chosen_seeds), chosen_seeds, settings, progress)
    check_of_bits(task)
    return train_each([parse_task(task)] * len(chosen_seeds), chosen_seeds, settings or TrainingSettings(), progress)


@overload
def train_each(
    tasks: Sequence[Task], seeds: Sequence[int], settings: TrainingSettings, progress: bool = False
) -> tuple[Trained[Network], ...]: ...


@overload
def train_each(
    tasks: Sequence[TokenTask], seeds: Sequence[int], settings: TransformerSettings, progress: bool = False
) -> tuple[Trained[Transformer], ...]: ...


def train_each(
    tasks: Sequence[Any],
    seeds: Sequence[int],
    settings: TrainingSettings | TransformerSettings,
    progress: bool = False,
) -> tuple[Trained[Any], ...]:
    """Train one model per task and seed, as `train_many` does; the tasks have equal shapes.

    Raises:
        InputError: a setting out of range, or that does not fit a task.
        MissingExtraError: PyTorch is not installed.
    """
    for task in {id(task): task for task in tasks}.values():
        if isinstance(settings, TransformerSettings):
            settings.check_fits(task, len(tasks))
        else:
            training_rows(task, settings)
            check_memory(task, settings, len(tasks))
    check_installed()
    from .stacked import train_stack

    if isinstance(settings, TransformerSettings):
        from .stacked_transformers import Transformers

        return train_stack(Transformers(settings, tasks), tuple(seeds), progress)
    from .stacked_networks import Networks

    return train_stack(Networks(settings, tasks), tuple(seeds), progress)


def check_installed() -> None:
    """Raises MissingExtraError when PyTorch is not there."""
    need("training needs", "train", otherwise=". Auditing a network file (--network) works without it.")
