"""Many models trained at once: the same weight of all seeds is one tensor whose first axis is the seed.

What is trained, networks or transformers, says how it begins, what it loses and what becomes of its weights; the loop
is one for all.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from ..common.progress import Progress
from .trained import Checkpoint, Kind, Trained

Goal = TypeVar("Goal")


class Schedule(Protocol):
    """How long training goes on, and by which steps: what the settings of every kind of model say."""

    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def epochs(self) -> int: ...
    @property
    def patience(self) -> int: ...
    @property
    def batch_size(self) -> int | None: ...
    @property
    def checkpoints(self) -> tuple[int, ...]: ...


Told = TypeVar("Told", bound=Schedule)


class Learner(ABC, Generic[Goal, Kind, Told]):
    """What models of one kind are, while they are tensors with the seed first, and what each of them learns.

    Attributes:
        plural: what many of the models are called.
        settings: how they are trained.
        tasks: what each learns, in the order of the seeds; all of one shape.
    """

    plural: ClassVar[str]

    def __init__(self, settings: Told, tasks: Sequence[Goal]) -> None:
        self.settings, self.tasks = settings, list(tasks)

    @abstractmethod
    def begin(self, generators: Sequence[torch.Generator]) -> list[Tensor]:
        """Every weight as training starts with it; of each, those of all seeds."""

    @abstractmethod
    def rows(self, task: Goal, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The rows that one seed trains on, (rows, features), and what it is trained towards there, (rows, targets)."""

    @abstractmethod
    def losses(self, weights: list[Tensor], rows: Tensor, targets: Tensor, kept: list[Tensor]) -> Tensor:
        """The mean loss of each seed over its rows; of what `dropout` gives, some are kept."""

    @abstractmethod
    def model(self, task: Goal, weights: Sequence[np.ndarray]) -> Kind:
        """One of them as a value."""

    @abstractmethod
    def accuracy(self, model: Kind, task: Goal) -> float:
        """The share of the task's rows that a model decides as the task wants."""

    @abstractmethod
    def loss_target(self, task: Goal) -> float:
        """The loss below which training stops."""

    def dropout(self, count: int, generators: Sequence[torch.Generator]) -> list[Tensor]:
        """What is kept of hidden activations in an epoch of so many rows; nothing where all are."""
        return []

    def penalized(self, loss: Tensor, weights: list[Tensor]) -> Tensor:
        """The loss of all seeds together with what their weights cost, if anything."""
        return loss

    def gradients(
        self, weights: list[Tensor], rows: Tensor, targets: Tensor, kept: list[Tensor]
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """The mean loss of each seed, and how what is minimized, penalties included, changes with each weight."""
        with torch.enable_grad():
            errors = self.losses(weights, rows, targets, kept)
            return errors.detach(), torch.autograd.grad(self.penalized(errors.sum(), weights), weights)

    @abstractmethod
    def needs_threads(self) -> bool:
        """Whether a step is large enough to be shared among threads; small ones take longer then."""

    def held_out(self, model: Kind, task: Goal, rows: Tensor) -> float | None:
        """The accuracy at those rows of the task that are not among the rows trained on; None where all are."""
        return None


def train_stack(learner: Learner[Goal, Kind, Any], seeds: tuple[int, ...], progress: bool) -> tuple[Trained[Kind], ...]:
    """Train one model per seed on a task of its own, all of one shape; a seed that is done leaves the stack and costs
    nothing more."""
    if not seeds:
        return ()
    with contextlib.nullcontext() if learner.needs_threads() else in_one_thread():
        return _trained(learner, seeds, progress)


@contextlib.contextmanager
def in_one_thread() -> Iterator[None]:
    """While this lasts PyTorch computes in one thread; the number of threads is the whole process's."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _trained(learner: Learner[Goal, Kind, Any], seeds: tuple[int, ...], progress: bool) -> tuple[Trained[Kind], ...]:
    settings = learner.settings
    stack = Stack.start(learner, seeds)
    results: dict[int, Trained[Kind]] = {}
    kept: list[list[Checkpoint[Kind]]] = [[] for _ in seeds]
    if 0 in settings.checkpoints:
        stack.keep_checkpoints(kept, 0, np.full(len(seeds), np.nan))
    with Progress(progress).doing("training") as work:
        for epoch in range(1, settings.epochs + 1):
            if work is not None:
                work.label = f"training: {len(results):,} of {len(seeds):,} {learner.plural}, epoch {epoch:,}"
            losses = stack.run_epoch()
            if epoch in settings.checkpoints:
                stack.keep_checkpoints(kept, epoch, losses)
            reasons = stack.stop_reasons(losses, epoch)
            for position, reason in reasons.items():
                index = stack.order[position]
                loss = float(losses[position])
                results[index] = stack.result(position, reason, epoch, loss, tuple(kept[index]))
            if len(results) == len(seeds):
                break
            if reasons:
                stack = stack.without(set(reasons))
    return tuple(results[index] for index in range(len(seeds)))


@dataclass
class Stack(Generic[Goal, Kind]):
    """The models still training. Tensors have the seed first: every weight, rows (seeds, rows, features), targets
    (seeds, rows, targets). The first and second moments of AdamW are those of each weight; `steps` are those made."""

    learner: Learner[Goal, Kind, Any]
    order: list[int]
    seeds: list[int]
    generators: list[torch.Generator]
    parameters: list[Tensor]
    rows: Tensor
    targets: Tensor
    moments: list[list[Tensor]]
    steps: Tensor
    best: np.ndarray
    bad_epochs: np.ndarray

    @staticmethod
    def start(learner: Learner[Goal, Kind, Any], seeds: Sequence[int]) -> "Stack[Goal, Kind]":
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        parameters = learner.begin(generators)
        drawn_rows = [learner.rows(task, g) for task, g in zip(learner.tasks, generators, strict=True)]
        rows, targets = zip(*drawn_rows, strict=True)
        parameters = [p.requires_grad_() for p in parameters]
        moments = [[torch.zeros_like(p) for p in parameters] for _ in range(2)]
        steps = torch.zeros(())
        count = len(seeds)
        return Stack(
            learner, list(range(count)), list(seeds), generators, parameters, torch.stack(rows),
            torch.stack(targets), moments, steps, np.full(count, np.inf), np.zeros(count, int),
        )  # fmt: skip

    @property
    def tasks(self) -> list[Goal]:
        """What each model of the stack learns."""
        return [self.learner.tasks[index] for index in self.order]

    @torch.no_grad()
    def run_epoch(self) -> np.ndarray:
        """One pass over every seed's rows, in an order of its own; returns each seed's mean loss."""
        count = self.rows.shape[1]
        order = torch.stack([torch.randperm(count, generator=g) for g in self.generators])
        rows = torch.gather(self.rows, 1, order[..., None].expand_as(self.rows))
        targets = torch.gather(self.targets, 1, order[..., None].expand_as(self.targets))
        kept = self.learner.dropout(count, self.generators)
        losses = []
        size = self.learner.settings.batch_size or count
        for of_rows, of_targets, *of_kept in zip(
            *(one.split(size, dim=1) for one in (rows, targets, *kept)), strict=True
        ):
            errors, gradients = self.learner.gradients(self.parameters, of_rows, of_targets, of_kept)
            losses.append(errors)
            self._step(gradients)
        return torch.stack(losses).mean(dim=0).numpy()

    def stop_reasons(self, losses: np.ndarray, epoch: int) -> dict[int, str]:
        """Which positions of the stack are done, and why."""
        settings = self.learner.settings
        improved = losses < self.best
        self.best = np.where(improved, losses, self.best)
        self.bad_epochs = np.where(improved, 0, self.bad_epochs + 1)
        reasons = {}
        for position, (task, loss) in enumerate(zip(self.tasks, losses, strict=True)):
            if not np.isfinite(loss):
                reasons[position] = f"the loss became {loss} in epoch {epoch}"
            elif loss < self.learner.loss_target(task):
                reasons[position] = "the loss target was reached"
            elif self.bad_epochs[position] >= settings.patience:
                reasons[position] = f"the loss did not improve for {settings.patience} epochs, the last being {epoch}"
            elif epoch == settings.epochs:
                reasons[position] = f"the loss target was not reached in {epoch} epochs"
        return reasons

    def keep_checkpoints(self, kept: list[list[Checkpoint[Kind]]], epoch: int, losses: np.ndarray) -> None:
        """Add every model as it is now to those kept of its seed."""
        for position, (index, task) in enumerate(zip(self.order, self.tasks, strict=True)):
            model, _ = self.model(position)
            loss = float(losses[position]) if epoch else None
            kept[index].append(Checkpoint(epoch, model, loss, self.learner.accuracy(model, task)))

    def model(self, position: int) -> tuple[Kind, bool]:
        """The model at a position of the stack, weights that are not finite replaced by 0, and whether any were.

        Weights are kept to single precision, whatever they were trained in.
        """
        arrays = [p[position].detach().float().double().numpy() for p in self.parameters]
        broken = not all(np.isfinite(a).all() for a in arrays)
        if broken:
            arrays = [np.nan_to_num(a, nan=0.0, posinf=0.0, neginf=0.0) for a in arrays]
        return self.learner.model(self.tasks[position], arrays), broken

    def result(
        self, position: int, reason: str, epoch: int, loss: float, checkpoints: tuple[Checkpoint[Kind], ...]
    ) -> Trained[Kind]:
        """What became of the model at a position of the stack."""
        model, broken = self.model(position)
        task = self.tasks[position]
        return Trained(
            seed=self.seeds[position],
            network=model,
            converged=loss < self.learner.loss_target(task),
            reason=reason + "; weights that are not finite were replaced by 0" * broken,
            epochs=epoch,
            loss=loss,
            accuracy=self.learner.accuracy(model, task),
            checkpoints=checkpoints,
            held_out=self.learner.held_out(model, task, self.rows[position]),
        )

    def without(self, done: set[int]) -> "Stack[Goal, Kind]":
        """The stack without the positions that are done; the optimizer keeps what it knows of the others."""
        kept = [position for position in range(len(self.seeds)) if position not in done]
        index = torch.tensor(kept)
        parameters = [p.detach()[index].requires_grad_() for p in self.parameters]
        moments = [[moment[index] for moment in kind] for kind in self.moments]
        return Stack(
            self.learner, [self.order[k] for k in kept], [self.seeds[k] for k in kept],
            [self.generators[k] for k in kept], parameters, self.rows[index], self.targets[index], moments, self.steps,
            self.best[kept], self.bad_epochs[kept],
        )  # fmt: skip

    def _step(self, gradients: Sequence[Tensor]) -> None:
        # What torch.optim.AdamW does when it is fused. The class loads a compiler, which takes seconds and is not
        # needed; the function that it calls sorts the tensors anew in each step, which takes longer than the step. This
        # one takes numbers as they lie in memory, so that gradients must lie there as weights do.
        first, second = self.moments
        settings = self.learner.settings
        lying = [gradient.contiguous() for gradient in gradients]
        self.steps.add_(1)
        torch._fused_adamw_(  # pyright: ignore[reportPrivateImportUsage]
            self.parameters, lying, first, second, [], [self.steps] * len(lying), lr=settings.learning_rate, beta1=0.9,
            beta2=0.999, weight_decay=settings.weight_decay, eps=1e-8, amsgrad=False, maximize=False,
        )  # fmt: skip
