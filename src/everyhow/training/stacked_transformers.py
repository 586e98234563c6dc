"""Transformers in a stack: all weights of a seed are one row of one tensor; tokens (seeds, rows, positions), classes
wanted (seeds, rows, answers).

Every weight begins at a whole multiple of 64 bytes, whatever seed it is of, so that vectors of a processor hold the
same parts of it: a step is then the same to the last bit, whatever other seeds there are.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..model.token_task import TokenTask
from ..transformer.transformer import Transformer
from .stacked import Learner
from .transformer_settings import EPS, TransformerSettings

# Numbers in 64 bytes.
ALIGNED = 8
# Steps that compute more numbers are shared among threads.
LARGE = 2**25
# Of random transformers that are looked at together.
COMPUTED_AT_ONCE = 2**22


class Transformers(Learner[TokenTask, Transformer, TransformerSettings]):
    """Transformers that learn a task of tokens each, by the cross-entropy of its answers among its classes. They are
    trained in double precision."""

    plural = "transformers"

    def begin(self, generators: Sequence[torch.Generator]) -> list[Tensor]:
        """As TransformerLens: matrices, embeddings among them, normal of deviation 0.8 / sqrt(d_model), biases 0;
        norms begin with weights of 1."""

        def drawn(shape: tuple[int, ...]) -> Tensor:
            return torch.stack([torch.randn(shape, generator=g, dtype=torch.float64) for g in generators])

        return [self._begun(len(generators), drawn)]

    def begin_many(self, number: int, generator: torch.Generator) -> list[Tensor]:
        """As `begin`, so many of them by one generator."""
        return [
            self._begun(number, lambda shape: torch.randn((number, *shape), generator=generator, dtype=torch.float64))
        ]

    def _begun(self, number: int, drawn: Callable[[tuple[int, ...]], Tensor]) -> Tensor:
        """All weights of so many transformers, given what draws a normal matrix for each."""
        reach, found = 0.8 / self.settings.width**0.5, []
        for name, shape in self.settings.shapes(self.tasks[0]).items():
            if ".W_" in name:
                begun = (drawn(shape) * reach).flatten(1)
            else:
                begun = torch.full((number, math.prod(shape)), float(name.endswith(".w")), dtype=torch.float64)
            found.append(functional.pad(begun, (0, -begun.shape[1] % ALIGNED)))
        return torch.cat(found, dim=1)

    def named(self, weights: Tensor) -> dict[str, Tensor]:
        """Every weight of every seed, by the names that files have for them, of their rows."""
        shapes = self.settings.shapes(self.tasks[0])
        counts = [math.prod(shape) for shape in shapes.values()]
        parts = weights.split([count + -count % ALIGNED for count in counts], dim=1)
        return {
            name: part[:, :count].unflatten(1, shape)
            for (name, shape), part, count in zip(shapes.items(), parts, counts, strict=True)
        }

    def rows(self, task: TokenTask, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The rows that are trained on, (rows, positions), and the classes wanted, (rows, answers)."""
        tokens, labels = torch.tensor(task.tokens), torch.tensor(task.labels)
        if self.settings.share < 1:
            shown = torch.randperm(len(tokens), generator=generator)[: self.settings.rows_shown(task)]
            tokens, labels = tokens[shown], labels[shown]
        if self.settings.labels == "shuffled":
            labels = labels[torch.randperm(len(labels), generator=generator)]
        return tokens, labels

    def losses(self, weights: list[Tensor], rows: Tensor, targets: Tensor, kept: list[Tensor]) -> Tensor:
        """The mean cross-entropy of each seed over all answers of its rows."""
        logits = self.logits(weights, rows)
        found = functional.cross_entropy(logits.flatten(0, 2), targets.flatten(), reduction="none")
        return found.view(len(rows), -1).mean(dim=1)

    def logits(self, weights: list[Tensor], tokens: Tensor) -> Tensor:
        """Those of each class at each answer: (seeds, rows, answers, classes)."""
        settings, task = self.settings, self.tasks[0]
        named = self.named(weights[0])
        seeds, rows, positions = tokens.shape
        # One table for all seeds, of which each takes its own part.
        table = named["embed.W_E"].flatten(0, 1)
        own = tokens + task.size * torch.arange(seeds)[:, None, None]
        stream = functional.embedding(own, table) + named["pos_embed.W_pos"][:, None]
        hidden = torch.ones(positions, positions, dtype=torch.bool).triu(1) if settings.causal else None
        for k in range(settings.layers):
            at = f"blocks.{k}"
            seen = _normed(named, f"{at}.ln1", stream)
            q, key, v = (torch.einsum("srtd,shde->srhte", seen, named[f"{at}.attn.W_{name}"]) for name in "QKV")
            q, v = (one + named[f"{at}.attn.b_{name}"][:, None, :, None] for one, name in ((q, "Q"), (v, "V")))
            scores = q @ key.mT / settings.d_head**0.5
            if hidden is not None:
                scores = scores.masked_fill(hidden, -torch.inf)
            mixed = scores.softmax(dim=-1) @ v
            written = torch.einsum("srhte,shed->srtd", mixed, named[f"{at}.attn.W_O"])
            stream = stream + written + _spread(named[f"{at}.attn.b_O"])
            if settings.mlp:
                seen = _normed(named, f"{at}.ln2", stream)
                inner = seen.flatten(1, 2) @ named[f"{at}.mlp.W_in"] + named[f"{at}.mlp.b_in"][:, None]
                outer = _activated(settings.activation, inner) @ named[f"{at}.mlp.W_out"]
                stream = stream + outer.view(stream.shape) + _spread(named[f"{at}.mlp.b_out"])
        read = _normed(named, "ln_final", stream[:, :, list(task.answer.at(positions))])
        matrix = functional.pad(named["unembed.W_U"], (0, -task.classes % ALIGNED))
        logits = (read.flatten(1, 2) @ matrix)[..., : task.classes] + named["unembed.b_U"][:, None]
        return logits.view(seeds, rows, -1, task.classes)

    def model(self, task: TokenTask, weights: Sequence[np.ndarray]) -> Transformer:
        """One transformer, which answers where the task asks."""
        named = self.named(torch.from_numpy(weights[0])[None])
        return self.settings.transformer(task, {name: weight[0].numpy() for name, weight in named.items()})

    def accuracy(self, model: Transformer, task: TokenTask) -> float:
        """By all rows of the task, those held out among them."""
        return float(_right(model, task).mean())

    def loss_target(self, task: TokenTask) -> float:
        """As the settings say."""
        return self.settings.loss_target

    def needs_threads(self) -> bool:
        """Small steps take longer when threads share them."""
        return len(self.tasks) * self.settings.computed_in_a_step(self.tasks[0]) > LARGE

    def held_out(self, model: Transformer, task: TokenTask, rows: Tensor) -> float | None:
        """The accuracy at those rows of the task that are not among the rows trained on; None where all are."""
        shown = set(map(tuple, rows.tolist()))
        others = [tuple(row) not in shown for row in task.tokens.tolist()]
        return float(_right(model, task)[others].mean()) if any(others) else None


def first_that_answers(
    task: TokenTask, seed: int, settings: TransformerSettings, most_drawn: int
) -> tuple[Transformer, int, bool]:
    """The first of a sequence of random transformers that answers every row of a task as wanted, or else the last one;
    how many were drawn until there; and whether it does."""
    generator, learner = torch.Generator().manual_seed(seed), Transformers(settings, [task])
    tokens, labels = torch.tensor(task.tokens), torch.tensor(task.labels)
    at_once = max(1, min(most_drawn, COMPUTED_AT_ONCE // settings.computed_in_a_step(task)))
    drawn, last = 0, None
    while drawn < most_drawn:
        number = min(at_once, most_drawn - drawn)
        # Kept to single precision, as what is trained.
        weights = [one.float().double() for one in learner.begin_many(number, generator)]
        with torch.no_grad():
            chosen = learner.logits(weights, tokens.expand(number, -1, -1)).argmax(dim=3)
        for k in torch.nonzero((chosen == labels).all(dim=2).all(dim=1)).flatten().tolist():
            found = learner.model(task, [weights[0][k].numpy()])
            # Sums in another order may decide otherwise where two logits are all but equal.
            if _right(found, task).all():
                return found, drawn + k + 1, True
        drawn += number
        last = weights[0][-1].numpy()
    assert last is not None
    return learner.model(task, [last]), drawn, False


def _right(model: Transformer, task: TokenTask) -> np.ndarray:
    """Whether all answers are right, at each row of a task."""
    chosen = model.run(task.tokens).reshape(*task.labels.shape, -1).argmax(axis=2)
    return (chosen == task.labels).all(axis=1)


def _normed(named: dict[str, Tensor], norm: str, x: Tensor) -> Tensor:
    """What a component sees of what it receives, (seeds, rows, positions, d_model)."""
    if f"{norm}.w" not in named:
        return x
    shift = named.get(f"{norm}.b")
    if shift is not None:
        x = x - x.mean(dim=-1, keepdim=True)
    scaled = x * (x.square().mean(dim=-1, keepdim=True) + EPS).rsqrt() * _spread(named[f"{norm}.w"])
    return scaled if shift is None else scaled + _spread(shift)


def _spread(bias: Tensor) -> Tensor:
    """A number for each place of the stream, for all rows and positions."""
    return bias[:, None, None]


def _activated(name: str, z: Tensor) -> Tensor:
    if name == "gelu_new":
        return functional.gelu(z, approximate="tanh")
    return {"relu": torch.relu, "gelu": functional.gelu, "silu": functional.silu}[name](z)
