"""Many networks trained at once: the same layer of all seeds is one tensor whose first axis is the seed."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.optim.adamw import adamw

from ..common.progress import Progress, doing
from ..model.activations import LEAKY, TANH, activation
from ..model.task import Task
from ..network.network import Network
from .settings import Checkpoint, Trained, TrainingSettings, accuracy_of, training_rows


def train_stack(
    tasks: tuple[Task, ...], seeds: tuple[int, ...], settings: TrainingSettings, progress: bool
) -> tuple[Trained, ...]:
    """Train one network per seed on a task of its own, all of one shape; a seed that is done leaves the stack and costs
    nothing more."""
    if not seeds:
        return ()
    stack = _Stack.start(tasks, seeds, settings)
    results: dict[int, Trained] = {}
    kept: list[list[Checkpoint]] = [[] for _ in seeds]
    if 0 in settings.checkpoints:
        stack.keep_checkpoints(kept, 0, np.full(len(seeds), np.nan))
    with Progress(progress).throughout(), doing("training") as work:
        for epoch in range(1, settings.epochs + 1):
            if work is not None:
                work.label = f"training: {len(results):,} of {len(seeds):,} networks, epoch {epoch:,}"
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
class _Stack:
    """The networks still training. Tensors have the seed first: weights (seeds, in, out), biases (seeds, 1, out),
    rows (seeds, rows, inputs), targets (seeds, rows, outputs). The first and second moments of AdamW are those of each
    parameter; each counts its steps."""

    settings: TrainingSettings
    tasks: list[Task]
    order: list[int]
    seeds: list[int]
    generators: list[torch.Generator]
    parameters: list[Tensor]
    rows: Tensor
    targets: Tensor
    moments: list[list[Tensor]]
    steps: list[Tensor]
    best: np.ndarray
    bad_epochs: np.ndarray

    @staticmethod
    def start(tasks: Sequence[Task], seeds: Sequence[int], settings: TrainingSettings) -> "_Stack":
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        sizes = (tasks[0].inputs, *settings.widths, tasks[0].outputs)
        parameters = []
        for fan_in, width in itertools.pairwise(sizes):
            # As torch.nn.Linear: uniform within 1 / sqrt(fan in), weights and biases alike.
            reach = fan_in**-0.5
            drawn = [(torch.rand(fan_in + 1, width, generator=g) * 2 - 1) * reach for g in generators]
            stacked = torch.stack(drawn)
            parameters += [stacked[:, :-1].clone(), stacked[:, -1:].clone()]
        drawn_rows = [_draw_rows(task, settings, g) for task, g in zip(tasks, generators, strict=True)]
        rows, targets = zip(*drawn_rows, strict=True)
        parameters = [p.requires_grad_() for p in parameters]
        moments = [[torch.zeros_like(p) for p in parameters] for _ in range(2)]
        steps = [torch.zeros(()) for _ in parameters]
        count = len(seeds)
        return _Stack(
            settings, list(tasks), list(range(count)), list(seeds), generators, parameters, torch.stack(rows),
            torch.stack(targets), moments, steps, np.full(count, np.inf), np.zeros(count, int),
        )  # fmt: skip

    def run_epoch(self) -> np.ndarray:
        """One pass over every seed's rows, in an order of its own; returns each seed's mean loss."""
        settings = self.settings
        count = self.rows.shape[1]
        order = torch.stack([torch.randperm(count, generator=g) for g in self.generators])
        rows = torch.gather(self.rows, 1, order[..., None].expand_as(self.rows))
        targets = torch.gather(self.targets, 1, order[..., None].expand_as(self.targets))
        kept = self._dropout_masks(count)
        losses = []
        for start in range(0, count, settings.batch_size):
            batch = slice(start, start + settings.batch_size)
            outputs = self._forward(rows[:, batch], [mask[:, batch] for mask in kept])
            errors = (outputs - targets[:, batch]).square().mean(dim=(1, 2))
            losses.append(errors.detach())
            loss = errors.sum()
            if settings.l1:
                loss = loss + settings.l1 * sum(p.abs().sum() for p in self.parameters)
            if settings.l2:
                loss = loss + settings.l2 * sum(p.square().sum() for p in self.parameters)
            self._step(torch.autograd.grad(loss, self.parameters))
        return torch.stack(losses).mean(dim=0).numpy()

    def stop_reasons(self, losses: np.ndarray, epoch: int) -> dict[int, str]:
        """Which positions of the stack are done, and why."""
        settings = self.settings
        improved = losses < self.best
        self.best = np.where(improved, losses, self.best)
        self.bad_epochs = np.where(improved, 0, self.bad_epochs + 1)
        reasons = {}
        for position, loss in enumerate(losses):
            if not np.isfinite(loss):
                reasons[position] = f"the loss became {loss} in epoch {epoch}"
            elif loss < settings.loss_target_of(self.tasks[position].outputs):
                reasons[position] = "the loss target was reached"
            elif self.bad_epochs[position] >= settings.patience:
                reasons[position] = f"the loss did not improve for {settings.patience} epochs, the last being {epoch}"
            elif epoch == settings.epochs:
                reasons[position] = f"the loss target was not reached in {epoch} epochs"
        return reasons

    def keep_checkpoints(self, kept: list[list[Checkpoint]], epoch: int, losses: np.ndarray) -> None:
        """Add every network as it is now to those kept of its seed."""
        for position, index in enumerate(self.order):
            network, _ = self.network(position)
            loss = float(losses[position]) if epoch else None
            kept[index].append(Checkpoint(epoch, network, loss, accuracy_of(network, self.tasks[position])))

    def network(self, position: int) -> tuple[Network, bool]:
        """The network at a position of the stack, weights that are not finite replaced by 0, and whether any were."""
        arrays = [p[position].detach().double().numpy() for p in self.parameters]
        broken = not all(np.isfinite(a).all() for a in arrays)
        if broken:
            arrays = [np.nan_to_num(a, nan=0.0, posinf=0.0, neginf=0.0) for a in arrays]
        weights, biases = tuple(w.T for w in arrays[::2]), tuple(b[0] for b in arrays[1::2])
        return Network(weights, biases, self.settings.activations, **self.settings.coding), broken

    def result(
        self, position: int, reason: str, epoch: int, loss: float, checkpoints: tuple[Checkpoint, ...]
    ) -> Trained:
        """What became of the network at a position of the stack."""
        network, broken = self.network(position)
        task = self.tasks[position]
        return Trained(
            seed=self.seeds[position],
            network=network,
            converged=loss < self.settings.loss_target_of(task.outputs),
            reason=reason + "; weights that are not finite were replaced by 0" * broken,
            epochs=epoch,
            loss=loss,
            accuracy=accuracy_of(network, task),
            checkpoints=checkpoints,
        )

    def without(self, done: set[int]) -> "_Stack":
        """The stack without the positions that are done; the optimizer keeps what it knows of the others."""
        kept = [position for position in range(len(self.seeds)) if position not in done]
        index = torch.tensor(kept)
        parameters = [p.detach()[index].requires_grad_() for p in self.parameters]
        moments = [[moment[index] for moment in kind] for kind in self.moments]
        return _Stack(
            self.settings, [self.tasks[k] for k in kept], [self.order[k] for k in kept], [self.seeds[k] for k in kept],
            [self.generators[k] for k in kept], parameters, self.rows[index], self.targets[index], moments, self.steps,
            self.best[kept], self.bad_epochs[kept],
        )  # fmt: skip

    @torch.no_grad()
    def _step(self, gradients: Sequence[Tensor]) -> None:
        # The function behind torch.optim.AdamW: the class loads a compiler, which takes seconds and is not needed.
        first, second = self.moments
        settings = self.settings
        adamw(
            self.parameters, list(gradients), first, second, [], self.steps, fused=True, amsgrad=False, maximize=False,
            beta1=0.9, beta2=0.999, eps=1e-8, lr=settings.learning_rate, weight_decay=settings.weight_decay,
        )  # fmt: skip

    def _forward(self, rows: Tensor, kept: list[Tensor]) -> Tensor:
        settings = self.settings
        state = rows
        for layer, name in enumerate(settings.activations):
            weights, biases = self.parameters[2 * layer : 2 * layer + 2]
            state = _activate(name, torch.baddbmm(biases, state, weights))
            if kept and layer < len(kept):
                state = state * kept[layer] / (1 - settings.dropout)
        return state

    def _dropout_masks(self, count: int) -> list[Tensor]:
        share = self.settings.dropout
        if not share:
            return []
        return [
            torch.stack([(torch.rand(count, width, generator=g) >= share).float() for g in self.generators])
            for width in self.settings.widths
        ]


def _draw_rows(task: Task, settings: TrainingSettings, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The rows that one seed trains on, (rows, inputs), and their targets, (rows, outputs)."""
    probabilities = torch.from_numpy(training_rows(task, settings))
    drawn = torch.multinomial(probabilities, settings.rows, replacement=True, generator=generator)
    inputs = torch.from_numpy(settings.points(task)).float()[drawn]
    if settings.input_noise:
        inputs = inputs + settings.input_noise * torch.randn(inputs.shape, generator=generator)
    targets = torch.from_numpy(settings.targets(task)).float()[drawn]
    if settings.labels == "shuffled":
        targets = targets[torch.randperm(len(targets), generator=generator)]
    return inputs, targets


def _activate(name: str, z: Tensor) -> Tensor:
    function = activation(name)
    if function.code == LEAKY:
        return torch.nn.functional.leaky_relu(z, function.parameters[0])
    return torch.tanh(z) if function.code == TANH else torch.sigmoid(function.parameters[0] * z)
