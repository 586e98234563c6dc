"""Tasks of tokens: what a transformer is meant to answer, whatever transformer it is."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..boolean.truth_table import MAX_INPUTS
from ..common.arguments import WIDEST, check_sizes, is_whole, listed, quoted
from ..common.errors import FileFormatError, InputError
from ..common.files import write_atomically
from ..common.shapes import Bool, Int
from ..given.arrays import array_of
from ..given.points import LARGEST_WHOLE, points_of
from .answer import Answer
from .behavior import Behavior
from .behavior_files import LARGEST, behavior_of_tokens


@dataclass(frozen=True, eq=False)
class TokenTask:
    """Rows of tokens, the positions at which an answer is read, and the class wanted at each.

    Args:
        tokens: shape (rows, positions), whole numbers from 0; a row that comes again counts again.
        labels: shape (rows,), or (rows, answers) where there are several; whole numbers, or texts. Where `names` is
            given they are places in it, from 0. Otherwise the classes are the different labels in sorted order, called
            as they are written.
        positions: where the answers are read, from 0, or from the end when negative; -1 is the last.
        name: what the task is called.
        names: what the classes are called, class 0 first.
        vocabulary: how many tokens there are; one more than the largest one when not given.
        about: what the rows are, in words.

    Raises:
        InputError: tokens or labels that are not such, that do not fit one another, or of one class only; a position
            that the rows do not have; equal rows of different labels.

    Example:
        >>> task = TokenTask([[0, 1], [1, 0]], ["up", "down"], name="steps")
        >>> task, task.names, task.labels.tolist()
        (TokenTask(steps: 2 rows of 2 tokens, 2 classes at position -1), ('down', 'up'), [[1], [0]])
    """

    tokens: Int[np.ndarray, "rows positions"]
    labels: Int[np.ndarray, "rows answers"]
    positions: int | tuple[int, ...] = (-1,)
    name: str = "rows"
    names: tuple[str, ...] | None = None
    vocabulary: int | None = None
    about: str = ""

    if TYPE_CHECKING:

        def __init__(
            self,
            tokens: ArrayLike,
            labels: ArrayLike,
            positions: int | Iterable[int] = (-1,),
            name: str = "rows",
            names: Iterable[str] | None = None,
            vocabulary: int | None = None,
            about: str = "",
        ) -> None: ...

    def __repr__(self) -> str:
        rows, tokens = self.tokens.shape
        at = ", ".join(map(str, self.answer.positions))
        places = f"position{'s'[: self.labels.shape[1] != 1]} {at}"
        said = f"{rows:,} row{'s'[: rows != 1]} of {tokens} token{'s'[: tokens != 1]}"
        return f"TokenTask({self.name}: {said}, {len(self.names or ())} classes at {places})"

    def __post_init__(self) -> None:
        tokens = _whole(points_of(self.tokens, "tokens"), "tokens")
        answer = Answer(self.positions)  # type: ignore[arg-type]
        answer.at(tokens.shape[1])
        if not isinstance(self.name, str) or not isinstance(self.about, str):
            raise InputError(f"name is {quoted(self.name)}, about {quoted(self.about)}; each is a text")
        names, labels = _classes(self.labels, self.names, (len(tokens), len(answer.positions)))
        most = int(tokens.max()) + 1
        vocabulary = most if self.vocabulary is None else self.vocabulary
        if not is_whole(vocabulary, most, WIDEST):
            raise InputError(
                f"vocabulary is {quoted(vocabulary)}, and the largest token is {most - 1}: give a whole number from "
                f"{most} to {WIDEST:,}"
            )
        check_sizes([len(names)], f"the task {self.name}", counted="classes")
        if len(names) < 2:
            raise InputError(
                f"every label is {', '.join(names)}, and one class alone is always the largest: give rows of several "
                f"classes"
            )
        for array in (tokens, labels):
            array.setflags(write=False)
        found = {"tokens": tokens, "labels": labels, "positions": answer.positions, "names": names}
        for name, value in (found | {"vocabulary": int(vocabulary)}).items():  # type: ignore[arg-type]
            object.__setattr__(self, name, value)
        self.check_answerable(causal=False)

    @property
    def answer(self) -> Answer:
        """Where the answers are read, among all logits."""
        return Answer(self.positions)  # type: ignore[arg-type]

    @property
    def classes(self) -> int:
        """How many there are; a transformer has a logit for each."""
        return len(self.names or ())

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return self.vocabulary or 0

    @cached_property
    def features(self) -> Bool[np.ndarray, "rows variables"] | None:
        """The bits of each row: the tokens at the positions at which rows differ, where these are 0 and 1 and few
        enough; otherwise None.

        Example:
            >>> TokenTask([[0, 1, 2], [1, 1, 2], [0, 0, 2]], [0, 1, 1]).features.astype(int).tolist()
            [[0, 1], [1, 1], [0, 0]]
        """
        differ = self.tokens[:, (self.tokens != self.tokens[0]).any(axis=0)]
        fits = 1 <= differ.shape[1] <= MAX_INPUTS and differ.max() <= 1
        return differ == 1 if fits else None

    def check_answerable(self, causal: bool) -> None:
        """See that rows do not want different answers where they look the same.

        Args:
            causal: whether a position sees only the tokens up to itself.

        Raises:
            InputError: two rows do.
        """
        for k, place in enumerate(self.answer.at(self.tokens.shape[1])):
            seen = self.tokens[:, : place + 1] if causal else self.tokens
            _, first, which = np.unique(seen, axis=0, return_index=True, return_inverse=True)
            other = first[which.ravel()]
            torn = np.flatnonzero(self.labels[:, k] != self.labels[other, k])
            if len(torn) and not causal:
                raise InputError(
                    f"rows {other[torn[0]] + 1} and {torn[0] + 1} are the same tokens with different labels; drop one "
                    f"of them"
                )
            if len(torn):
                raise InputError(
                    f"rows {other[torn[0]] + 1} and {torn[0] + 1} want different answers at position {place}, and are "
                    f"the same up to there, which is all that a causal transformer sees: say causal=False "
                    f"(--bidirectional)"
                )

    def document(self) -> dict[str, Any]:
        """The task as the document of a behavior; see docs/guide/transformers.md."""
        labels = self.labels[:, 0] if self.labels.shape[1] == 1 else self.labels
        found = {"name": self.name, "about": self.about, "tokens": self.tokens.tolist()}
        found |= {"answer_positions": list(self.answer.positions), "classes": list(range(self.classes))}
        found |= {"labels": labels.tolist(), "names": list(self.names or ())}
        return found | ({} if self.features is None else {"features": self.features.astype(int).tolist()})

    def behavior(self, model: Any) -> Behavior:
        """What is wanted of a model: the answers of the task, at each of its rows.

        Raises:
            InputError: the model does not take such rows, or has fewer logits than there are classes.
        """
        return behavior_of_tokens(self.document(), model)

    def content(self) -> bytes:
        """The file of a behavior, which commands take where a task could stand.

        Raises:
            InputError: it would be larger than such a file may be.
        """
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in self.document().items()]
        content = ("{\n " + ",\n ".join(lines) + "\n}\n").encode()
        if len(content) > LARGEST:
            raise InputError(
                f"the file of the behavior {self.name} would have {len(content):,} bytes; at most {LARGEST:,} are "
                f"read: take fewer rows"
            )
        return content

    def save(self, target: str | Path) -> Path:
        """Write the file of a behavior; returns the path.

        Raises:
            FileFormatError: the name does not end in .json.
            InputError: the file would be too large.
        """
        return write_atomically(check_behavior_path(target), self.content())


def check_behavior_path(path: str | Path) -> Path:
    """The path, if its name is that of a file of a behavior.

    Raises:
        FileFormatError: it ends otherwise.
    """
    if not isinstance(path, str | Path):
        raise InputError(f"a file of a behavior is named by {quoted(path)}; give a path that ends in .json")
    if Path(path).suffix != ".json":
        raise FileFormatError(f"{path}: a file of a behavior ends in .json, not {Path(path).suffix or 'nothing'!r}")
    return Path(path)


def _whole(values: np.ndarray, what: str) -> Int[np.ndarray, "rows columns"]:
    """Whole numbers from 0.

    Raises:
        InputError: one is something else.
    """
    wrong = ~((values >= 0) & (values < WIDEST) & (values == np.floor(values)))
    if wrong.any():
        row, column = (int(k) for k in np.argwhere(wrong)[0])
        raise InputError(
            f"{what} has {values[row, column]:g} in row {row + 1}, column {column + 1}; tokens are whole numbers from "
            f"0 to {WIDEST - 1:,}"
        )
    return values.astype(np.int64)


def _classes(
    labels: Any, names: Iterable[str] | None, shape: tuple[int, int]
) -> tuple[tuple[str, ...], Int[np.ndarray, "rows answers"]]:
    """What the classes are called, and the place among them of each label.

    Raises:
        InputError: another number of labels than answers, labels that are not whole numbers or texts, or, where names
            are given, places that these do not have.
    """
    given = array_of(labels, "labels")
    given = given[:, None] if given.ndim == 1 else given
    if given.shape != shape:
        raise InputError(
            f"labels have shape {given.shape}; expected {shape}: one label for each row and answer position"
        )
    if given.dtype.kind != "O":
        numbers = given.astype(np.float64)
        wrong = ~((numbers == np.floor(numbers)) & (abs(numbers) <= LARGEST_WHOLE))
        if wrong.any():
            row = int(np.argwhere(wrong)[0][0])
            raise InputError(f"label {given[wrong][0]:g} of row {row + 1} is not a whole number; classes are")
        given = numbers.astype(np.int64)
    if names is None:
        known, places = np.unique(given.astype(str) if given.dtype.kind == "O" else given, return_inverse=True)
        return tuple(map(str, known.tolist())), places.reshape(shape)
    called = listed("names", names, "a text for each class")
    if not called or not all(isinstance(one, str) for one in called):
        raise InputError(f"names is {quoted(names)}; give a text for each class")
    values = given.ravel().tolist()
    strange = [one for one in values if isinstance(one, str) or not 0 <= one < len(called)]
    if strange:
        raise InputError(
            f"labels are places among the {len(called)} names, from 0 to {len(called) - 1}, but there is "
            f"{quoted(strange[0])}: leave the names out, and labels are called as they are written"
        )
    return tuple(called), given
