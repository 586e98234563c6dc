"""What every subset decides at every row: in float32, and again in float64 where that is near its boundary."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..common.errors import InputError
from ..common.progress import Work
from ..common.shapes import Bool, Float, Int
from ..model.behavior import Behavior
from ..model.runnable import BOUNDARY_SHIFT
from .decided import Decided, Settled
from .torch_blocks import Blocks, Row
from .torch_tree import Component, Tree

# Subsets of each row that are run in both precisions, and how many times the largest difference seen is the bound.
COMPARED, TIMES = 64, 10.0


@dataclass(frozen=True, eq=False)
class Asked:
    """What is run.

    Attributes:
        exact: the transformer in double precision.
        quick: the one that runs all subsets; `exact` itself, where that does.
        components: of interest, in the order in which they run.
        behavior: the rows, their counterfactuals, and the classes wanted.
        answered: the positions of the answers.
        classes: the logits among which answers are read.
        most: how many streams are run at once; None for as many as fit.
    """

    exact: Blocks
    quick: Blocks
    components: tuple[Component, ...]
    behavior: Behavior
    answered: tuple[int, ...]
    classes: tuple[int, ...]
    most: int | None = None

    @property
    def subsets(self) -> int:
        """How many there are."""
        return 1 << len(self.components)

    def tree(self, blocks: Blocks, row: int) -> Tree:
        """The subsets at one row."""
        base, paired = self.behavior.points, self.behavior.paired
        assert paired is not None
        first, other = (blocks.row(each[row].astype(np.int64)) for each in (base, paired))
        return Tree(first, other, self.components, self.answered, self.classes, self.most)

    def wanted(self, row: int) -> Int[np.ndarray, " answers"]:
        """The place among the classes of the one wanted, answer by answer."""
        return self.behavior.wanted[row].reshape(len(self.answered), -1).argmax(axis=1)


@dataclass(frozen=True, eq=False)
class _AtRow:
    """What subsets give at one row; of those that were not run, nothing that means anything.

    Attributes:
        nearest: the least, over answers and other classes, of how much larger the wanted class's logit is.
        right: whether every answer is the class wanted, the first of equal ones being the answer.
        doubtful: whether moving boundaries by 1e-9 may change that. Logits that are equal to the last bit are equal.
        difference: the mean over answers of the wanted class's logit less the mean of all others.
    """

    nearest: Float[np.ndarray, " subsets"]
    right: Bool[np.ndarray, " subsets"]
    doubtful: Bool[np.ndarray, " subsets"]
    difference: Float[np.ndarray, " subsets"]

    def taking(self, other: "_AtRow", some: Bool[np.ndarray, " subsets"]) -> "_AtRow":
        """These numbers, but those of some subsets as they are in another."""
        return _AtRow(**{name: np.where(some, there, vars(self)[name]) for name, there in vars(other).items()})


def decided(asked: Asked, work: Work | None = None) -> Decided:
    """What every subset decides at every row, and how that was found.

    Args:
        asked: what is run.
        work: is told how far it is; None where nobody looks.

    Raises:
        InputError: the transformer gives numbers that are not finite.
    """
    quick = asked.quick is not asked.exact
    settled = Settled("float32" if quick else "float64", str(asked.quick.like.device))
    wrong, difference, ends = np.zeros((2, asked.subsets)), np.zeros(asked.subsets), np.zeros(2)
    for row, weight in enumerate(asked.behavior.weights):
        exact, wanted = asked.tree(asked.exact, row), asked.wanted(row)
        if quick:
            found = _run(asked.tree(asked.quick, row), wanted, None, work)
            found, settled = _settled(exact, wanted, found, settled)
        else:
            found = _run(exact, wanted, None, work)
        settled = replace(settled, left_open=settled.left_open + int(found.doubtful.sum()))
        wrong[0] += weight * (~found.right & ~found.doubtful)
        wrong[1] += weight * (~found.right | found.doubtful)
        difference += weight * found.difference
        ends += weight * np.array([_margins(one, wanted)[3].item() for one in _ends(exact)])
    return Decided(wrong, difference, (float(ends[0]), float(ends[1])), settled)


def _settled(
    exact: Tree, wanted: Int[np.ndarray, " answers"], found: _AtRow, settled: Settled
) -> tuple[_AtRow, Settled]:
    """What was found in float32, with what is near its boundary in float64."""
    some = _compared(len(exact.components))
    both = _run(exact, wanted, some, None)
    off = max(
        float(np.abs(one[some] - other[some]).max())
        for one, other in ((found.nearest, both.nearest), (found.difference, both.difference))
    )
    found = found.taking(both, some)
    near = (np.abs(found.nearest) <= TIMES * off) & ~some
    if near.any():
        found = found.taking(_run(exact, wanted, near, None), near)
    bound = max(settled.bound, TIMES * off)
    numbers = {"compared": settled.compared + int(some.sum()), "again": settled.again + int(near.sum())}
    return found, replace(settled, bound=bound, **numbers)


def _compared(components: int) -> Bool[np.ndarray, " subsets"]:
    """The subsets that are run in both precisions: all of few; else that of all components, of none, of each one alone
    and of all but one, and some at random."""
    every = (1 << components) - 1
    if every < COMPARED:
        return np.ones(every + 1, bool)
    chosen = {0, every, *(1 << k for k in range(components)), *(every ^ 1 << k for k in range(components))}
    drawn = np.random.default_rng(0).integers(0, every + 1, max(0, COMPARED - len(chosen)))
    found = np.zeros(every + 1, bool)
    found[[*chosen, *drawn.tolist()]] = True
    return found


def _run(
    tree: Tree, wanted: Int[np.ndarray, " answers"], some: Bool[np.ndarray, " subsets"] | None, work: Work | None
) -> _AtRow:
    """What subsets give at a row: some of them, or all."""
    size = 1 << len(tree.components)
    found = _AtRow(np.full(size, np.inf), np.zeros(size, bool), np.zeros(size, bool), np.zeros(size))

    def see(subsets: Int[np.ndarray, " subsets"], logits: Tensor) -> None:
        gave = [one.cpu().numpy() for one in _margins(logits, wanted)]
        if not np.isfinite(gave[0]).all():
            raise InputError(
                f"{tree.base.blocks.name} gives logits that are not finite numbers with some heads and MLPs patched, "
                f"in {str(logits.dtype).removeprefix('torch.')}; give a model whose logits are numbers, or "
                'precision="float64"'
            )
        for each, values in zip(vars(found).values(), gave, strict=True):
            each[subsets] = values
        if work is not None:
            work.advance(len(subsets))

    tree.run(some, see)
    return found


def _margins(logits: Tensor, wanted: Int[np.ndarray, " answers"]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of each state, as in `_AtRow`, from its logits: (states, answers, classes)."""
    classes = logits.shape[2]
    own = torch.from_numpy(wanted).to(logits.device)
    of_wanted = logits.gather(2, own[None, :, None].expand(len(logits), -1, 1))
    larger = of_wanted - logits
    places = torch.arange(classes, device=logits.device)
    itself, earlier = places == own[:, None], places < own[:, None]
    nearest = larger.masked_fill(itself, torch.inf).amin(dim=(1, 2))
    # Of equal logits the first is the answer: one that comes earlier must be smaller.
    surely_wrong = (larger < -BOUNDARY_SHIFT) | ((larger == 0) & earlier & ~itself)
    close = (larger.abs() <= BOUNDARY_SHIFT) & (larger != 0)
    right = ((larger > 0) | ((larger == 0) & ~earlier)).flatten(1).all(dim=1)
    doubtful = close.flatten(1).any(dim=1) & ~surely_wrong.flatten(1).any(dim=1)
    each = logits.double()
    others = (each.sum(dim=2) - of_wanted[..., 0].double()) / (classes - 1)
    return nearest.double(), right, doubtful, (of_wanted[..., 0].double() - others).mean(dim=1)


def _ends(tree: Tree) -> tuple[Tensor, Tensor]:
    """The logits of the whole model, and of the model with every head and MLP patched, each as of one state."""
    base, paired = tree.base, tree.paired
    answered, classes = list(tree.answered), list(tree.classes)
    with torch.no_grad():
        stream = base.streams[0][0] + sum(_written(paired))
        nothing = base.read(stream[None, answered], torch.tensor(classes, device=stream.device))
    return base.logits[None, answered][..., classes], nothing


def _written(row: Row) -> list[Tensor]:
    """What the attention and the MLP of each block write at a row."""
    attended = [row.blocks.back(k)(one) for k, one in enumerate(row.attended)]
    return [*attended, *row.wrote]
