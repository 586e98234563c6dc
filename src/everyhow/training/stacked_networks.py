"""Networks of layers in a stack: weights (seeds, in, out), biases (seeds, 1, out), rows (seeds, rows, inputs), targets
(seeds, rows, outputs)."""

import itertools
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from ..model.activations import LEAKY, TANH, activation
from ..model.task import Task
from ..network.network import Network
from .settings import TrainingSettings, accuracy_of, training_rows
from .stacked import Learner

# Below so many activations in a step threads take longer to share it than one of them to take it.
LARGE = 2**17


class Networks(Learner[Task, Network, TrainingSettings]):
    """Networks that learn a Boolean task each, by its squared error."""

    plural = "networks"

    def begin(self, generators: Sequence[torch.Generator]) -> list[Tensor]:
        """As torch.nn.Linear: uniform within 1 / sqrt(fan in), weights and biases alike."""
        sizes = (self.tasks[0].inputs, *self.settings.widths, self.tasks[0].outputs)
        weights = []
        for fan_in, width in itertools.pairwise(sizes):
            reach = fan_in**-0.5
            drawn = [(torch.rand(fan_in + 1, width, generator=g) * 2 - 1) * reach for g in generators]
            stacked = torch.stack(drawn)
            weights += [stacked[:, :-1].clone(), stacked[:, -1:].clone()]
        return weights

    def rows(self, task: Task, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The rows drawn, with their noise, (rows, inputs), and their targets, (rows, outputs)."""
        settings = self.settings
        probabilities = torch.from_numpy(training_rows(task, settings))
        drawn = torch.multinomial(probabilities, settings.rows, replacement=True, generator=generator)
        inputs = torch.from_numpy(settings.points(task)).float()[drawn]
        if settings.input_noise:
            inputs = inputs + settings.input_noise * torch.randn(inputs.shape, generator=generator)
        targets = torch.from_numpy(settings.targets(task)).float()[drawn]
        if settings.labels == "shuffled":
            targets = targets[torch.randperm(len(targets), generator=generator)]
        return inputs, targets

    def losses(self, weights: list[Tensor], rows: Tensor, targets: Tensor, kept: list[Tensor]) -> Tensor:
        """The mean squared error of each seed."""
        _, states = self._passed(weights, rows, kept)
        return (states[-1] - targets).square().mean(dim=(1, 2))

    def _passed(
        self, weights: list[Tensor], rows: Tensor, kept: Sequence[Tensor] = ()
    ) -> tuple[list[Tensor], list[Tensor]]:
        """What each layer sums up; and the rows, with the activations of each layer after them."""
        sums, states = list[Tensor](), [rows]
        for layer, name in enumerate(self.settings.activations):
            matrix, bias = weights[2 * layer : 2 * layer + 2]
            sums.append(torch.baddbmm(bias, states[-1], matrix))
            state = _activate(name)(sums[-1])
            states.append(state * kept[layer] / (1 - self.settings.dropout) if layer < len(kept) else state)
        return sums, states

    def gradients(
        self, weights: list[Tensor], rows: Tensor, targets: Tensor, kept: list[Tensor]
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """As autograd finds them, to the bit, by the same operations: networks are so small that what autograd notes of
        each operation takes longer than the operation."""
        if kept or self.settings.l1 or self.settings.l2:
            return super().gradients(weights, rows, targets, kept)
        return self._propagated_back(weights, rows, targets)

    def _propagated_back(self, weights: list[Tensor], rows: Tensor, targets: Tensor) -> tuple[Tensor, Sequence[Tensor]]:
        """The loss of each seed, and its gradient by each weight, layer by layer from the last."""
        sums, states = self._passed(weights, rows)
        missed = states[-1] - targets
        found: list[Tensor] = []
        back = missed * (2 / (missed.shape[1] * missed.shape[2]))
        for layer, name in reversed([*enumerate(self.settings.activations)]):
            back = _activate_back(name)(back, sums[layer], states[layer + 1])
            found = [states[layer].mT.bmm(back), back.sum(dim=1, keepdim=True), *found]
            if layer:
                back = back.bmm(weights[2 * layer].mT)
        return missed.square().mean(dim=(1, 2)), found

    def needs_threads(self) -> bool:
        """Small steps take longer when threads share them."""
        settings, (task, *_) = self.settings, self.tasks
        neurons = sum(settings.widths) + task.outputs
        return len(self.tasks) * min(settings.batch_size, settings.rows) * neurons > LARGE

    def dropout(self, count: int, generators: Sequence[torch.Generator]) -> list[Tensor]:
        """1 for each hidden activation of each row that is kept, else 0; nothing where all are."""
        share = self.settings.dropout
        if not share:
            return []
        return [
            torch.stack([(torch.rand(count, width, generator=g) >= share).float() for g in generators])
            for width in self.settings.widths
        ]

    def penalized(self, loss: Tensor, weights: list[Tensor]) -> Tensor:
        """The loss with the sums of absolute and of squared weights."""
        if self.settings.l1:
            loss = loss + self.settings.l1 * sum(p.abs().sum() for p in weights)
        if self.settings.l2:
            loss = loss + self.settings.l2 * sum(p.square().sum() for p in weights)
        return loss

    def model(self, task: Task, weights: Sequence[np.ndarray]) -> Network:
        """One network; its file has outputs first."""
        matrices, biases = tuple(w.T for w in weights[::2]), tuple(b[0] for b in weights[1::2])
        return Network(matrices, biases, self.settings.activations, **self.settings.coding)

    def accuracy(self, model: Network, task: Task) -> float:
        """By the rows of the truth table."""
        return accuracy_of(model, task)

    def loss_target(self, task: Task) -> float:
        """As the settings say, which may count outputs."""
        return self.settings.loss_target_of(task.outputs)


@cache
def _activate(name: str) -> Callable[[Tensor], Tensor]:
    """What gives the activations of the sums of a layer."""
    function = activation(name)
    if function.code == LEAKY:
        return lambda z: torch.nn.functional.leaky_relu(z, function.parameters[0])
    return torch.tanh if function.code == TANH else lambda z: torch.sigmoid(function.parameters[0] * z)


@cache
def _activate_back(name: str) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """What tells how the loss changes with the sums of a layer, given how it changes with the activations, the sums,
    and the activations."""
    function, aten = activation(name), torch.ops.aten
    if function.code == LEAKY:
        return lambda back, z, _: aten.leaky_relu_backward(back, z, function.parameters[0], False)
    if function.code == TANH:
        return lambda back, _, state: aten.tanh_backward(back, state)
    return lambda back, _, state: aten.sigmoid_backward(back, state) * function.parameters[0]
