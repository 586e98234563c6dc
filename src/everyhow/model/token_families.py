"""Tasks of tokens by name: Boolean functions of bits, families such as ADD:p, and tables in files."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..boolean.gates import GATES
from ..boolean.truth_table import assignments
from ..common.arguments import WIDEST, is_whole, quoted
from ..common.errors import InputError
from ..common.reading import naming
from ..common.shapes import Int
from ..given.points import read_rows
from .answer import Answer
from .task import FILES_OF_ROWS, parse_task
from .token_task import TokenTask

# As many rows of a task are taken, where nothing is said.
ROWS = 2**14
# A file of a behavior holds no more: a list for the tokens, the labels and the bits of each row, and so many numbers.
MOST_ROWS, MOST_TOKENS = 2**18, 2**22
# The numbers after the name of a family, such as 4, 8 of MAX:4:8; and its rows, each by the choices that make it.
Sizes = Sequence[int]
Choices = Int[np.ndarray, "rows choices"]


class Family(NamedTuple):
    """Tasks of one kind, each by numbers after its name.

    Attributes:
        numbers: the name of each number, what it is when it is not given, and the least that it may be. Without a usual
            value the number must be given.
        says: what is asked, with {n}, {p}, and {most} for the largest token.
        choices: how many values each of the choices has that make a row, by the numbers.
        rows: the tokens of the rows, by the numbers and the choices.
        labels: the class of each answer, by the numbers and the tokens.
        classes: what the classes are called, by the numbers.
        equals: whether rows end with the token =, when nothing is said; None where they never do.
        everywhere: whether there is an answer at every position, and not only at the last.
    """

    numbers: tuple[tuple[str, int | None, int], ...]
    says: str
    choices: Callable[[Sizes], Sizes]
    rows: Callable[[Sizes, Choices], np.ndarray]
    labels: Callable[[Sizes, np.ndarray], np.ndarray]
    classes: Callable[[Sizes], Sequence[str]]
    equals: bool | None
    everywhere: bool = False


def _numbered(first: int, count: int) -> Sequence[str]:
    return [str(k) for k in range(first, first + count)]


def _induction_rows(sizes: Sizes, choices: Choices) -> np.ndarray:
    """The last token, once more somewhere before, and between them other tokens."""
    length, _ = sizes
    last, place, others = choices[:, :1], choices[:, 1:2], choices[:, 2:]
    tokens = np.repeat(last, length, axis=1)
    # A token of the rest is counted among those that are not the last one.
    rest = others + (others >= last)
    columns = np.arange(length - 2) + (np.arange(length - 2) >= place)
    np.put_along_axis(tokens, columns, rest, axis=1)
    return tokens


def _induction_labels(_: Sizes, tokens: np.ndarray) -> np.ndarray:
    """The token after the place at which the last one came before."""
    before = (tokens[:, :-1] == tokens[:, -1:]).argmax(axis=1)
    return tokens[np.arange(len(tokens)), before + 1]


FAMILIES = {
    "ADD": Family(
        (("p", None, 2),), "the sum modulo {p} of two tokens",
        lambda sizes: (sizes[0],) * 2, lambda _, choices: choices,
        lambda sizes, tokens: tokens.sum(axis=1) % sizes[0], lambda sizes: _numbered(0, sizes[0]), equals=True,
    ),
    "MAX": Family(
        (("n", 4, 2), ("v", 8, 2)), "the largest of {n} tokens from 0 to {most}",
        lambda sizes: (sizes[1],) * sizes[0], lambda _, choices: choices,
        lambda _, tokens: tokens.max(axis=1), lambda sizes: _numbered(0, sizes[1]), equals=False,
    ),
    "FIRST_EQUALS_LAST": Family(
        (("n", 3, 2), ("v", 2, 2)), "whether the first of {n} tokens from 0 to {most} equals the last",
        lambda sizes: (sizes[1],) * sizes[0], lambda _, choices: choices,
        lambda _, tokens: (tokens[:, 0] == tokens[:, -1]).astype(int), lambda _: ("0", "1"), equals=True,
    ),
    "INDUCTION": Family(
        (("n", 5, 3), ("v", 4, 2)), "what came after the last of {n} tokens from 0 to {most} when it came before: "
        "... a b ... a asks for b",
        lambda sizes: (sizes[1], sizes[0] - 2, *(sizes[1] - 1,) * (sizes[0] - 2)), _induction_rows, _induction_labels,
        lambda sizes: _numbered(0, sizes[1]), equals=None,
    ),
    "HISTOGRAM": Family(
        (("n", 4, 2), ("v", 3, 2)), "at each of {n} tokens from 0 to {most}, how often it occurs",
        lambda sizes: (sizes[1],) * sizes[0], lambda _, choices: choices,
        lambda _, tokens: (tokens[:, :, None] == tokens[:, None]).sum(axis=2) - 1,
        lambda sizes: _numbered(1, sizes[0]), equals=None, everywhere=True,
    ),
}  # fmt: skip


def parse_token_task(
    what: Any,
    equals: bool | None = None,
    rows: int = ROWS,
    seed: int = 0,
    positions: int | Sequence[int] | None = None,
    header: bool | None = None,
) -> TokenTask:
    """The task of tokens that is described.

    A Boolean task of n inputs is n tokens, 0 or 1, and the classes 0 and 1. `ADD:p`, `MAX:n:v`,
    `FIRST_EQUALS_LAST:n:v`, `INDUCTION:n:v` and `HISTOGRAM:n:v` are families: n tokens from 0 to v-1. Rows of Boolean
    tasks, of ADD and of FIRST_EQUALS_LAST end with one token more, =, at which the answer is read; those of the others
    do not. In rows of INDUCTION the last token comes exactly once before, and not right before. HISTOGRAM has an answer
    at every token.

    Args:
        what: a gate, formula or truth table of one output, as `parse_task` takes it; a family, such as `MAX:4:8`, of
            which the numbers after the first one may be left out; the path of a table (.csv or .npy) whose columns are
            tokens, and then the label of each answer; or a TokenTask, which is returned as it is.
        equals: whether rows end with the token =; where the answer is at the last token only.
        rows: how many rows are taken at most; of more, so many different ones are drawn, which `about` says.
        seed: by which they are drawn.
        positions: of a table: where the answers are read; the last token when not given.
        header: of a table: whether it begins with a line of names; found out when not given.

    Raises:
        InputError: an unknown task, numbers that it does not have, or something said that it does not have.

    Example:
        >>> task = parse_token_task("ADD:3")
        >>> task, task.tokens[5].tolist(), task.names[int(task.labels[5, 0])]
        (TokenTask(ADD:3: 9 rows of 3 tokens, 3 classes at position -1), [1, 2, 3], '0')
        >>> parse_token_task("MAX:4:64", rows=1000).about
        'the largest of 4 tokens from 0 to 63; 1,000 of 16,777,216 rows, drawn by seed 0'
    """
    if not is_whole(rows, 1, MOST_ROWS):
        raise InputError(f"rows is {quoted(rows)}; at most so many are taken: a whole number from 1 to {MOST_ROWS:,}")
    if not is_whole(seed, 0):
        raise InputError(f"seed is {quoted(seed)}; it is a whole number of at least 0, by which rows are drawn")
    if equals is not None and not isinstance(equals, bool):
        raise InputError(f"equals is {quoted(equals)}; say True, rows end with the token =, or False")
    is_file = isinstance(what, PathLike) or (isinstance(what, str) and what.lower().endswith(FILES_OF_ROWS))
    if not is_file:
        _refuse_given("what is not a table in a file", positions=positions, header=header)
    if isinstance(what, TokenTask):
        _refuse_given("a TokenTask, which has its rows", equals=equals)
        return what
    if is_file:
        _refuse_given("a table, whose rows are taken as they are", equals=equals)
        return _of_table(Path(what), -1 if positions is None else positions, header, rows, seed)
    name, *numbers = _named(what)
    if name in FAMILIES:
        return _of_family(name, numbers, equals, rows, seed)
    if name and name not in GATES:
        families = ", ".join(written(name) for name in FAMILIES)
        raise InputError(
            f"unknown task {quoted(what)}; the tasks of tokens are {families}, and the gates {', '.join(GATES)}; or "
            f"give a formula, a truth table, or a table of rows (.csv)"
        )
    return _of_bits(what, equals)


def check_of_bits(what: Any) -> None:
    """See that a task is not one of tokens, where a network is meant to learn it.

    Raises:
        InputError: it is.
    """
    if _named(what)[0] in FAMILIES:
        raise InputError(
            f"{what.strip()} is a task of tokens, which transformers learn: say --model transformer "
            f"(eh.train_transformer), or give a task of bits, such as XOR"
        )


def _named(what: Any) -> list[str]:
    """A name in capitals and the numbers after it, as texts; an empty name where a task is described otherwise."""
    found = re.fullmatch(r"\s*([A-Za-z]\w+)((?::\w*)*)\s*", what) if isinstance(what, str) else None
    return [found[1].upper(), *found[2].split(":")[1:]] if found else [""]


def written(name: str) -> str:
    """A family as it is written, such as MAX:n:v."""
    return ":".join([name, *(number for number, _, _ in FAMILIES[name].numbers)])


def said_of(name: str) -> str:
    """What a family asks, in words, for any numbers.

    Example:
        >>> said_of("MAX")
        'the largest of n tokens from 0 to v-1'
    """
    family = FAMILIES[name]
    return family.says.format(**{number: number for number, _, _ in family.numbers}, most="v-1")


def _refuse_given(beside: str, **given: object) -> None:
    """Raises InputError when something is said that has no meaning beside something else."""
    for name, value in given.items():
        if value is not None:
            raise InputError(f"{name} is {quoted(value)}, which has no meaning beside {beside}; leave it out")


def _of_bits(what: Any, equals: bool | None) -> TokenTask:
    """A Boolean task of one output: a token for each input."""
    task = parse_task(what)
    if task.outputs != 1:
        raise InputError(
            f"task {task.name} has {task.outputs} outputs, and a transformer answers a task of tokens with one class: "
            f"give one of them"
        )
    tokens = assignments(task.inputs).astype(int)
    whole = TokenTask(
        tokens, task.bits()[:, 0].astype(int), name=task.name, names=("0", "1"), vocabulary=2,
        about=f"{task.name} of {task.inputs} bits, each of them a token",
    )  # fmt: skip
    return whole if equals is False else with_equals(whole)


def _of_family(name: str, numbers: Sequence[str], equals: bool | None, rows: int, seed: int) -> TokenTask:
    family = FAMILIES[name]
    sizes = _sizes(name, numbers)
    if family.equals is None:
        _refuse_given(f"{name}, whose rows do not end with one", equals=equals)
    choices, said = _chosen(family.choices(sizes), rows, seed)
    tokens = family.rows(sizes, choices)
    called = {number: value for (number, _, _), value in zip(family.numbers, sizes, strict=True)}
    about = family.says.format(**called, most=sizes[-1] - 1)
    task = TokenTask(
        tokens, family.labels(sizes, tokens), tuple(range(tokens.shape[1])) if family.everywhere else -1,
        ":".join([name, *map(str, sizes)]), tuple(family.classes(sizes)), sizes[-1], about + said,
    )  # fmt: skip
    return with_equals(task) if (family.equals if equals is None else equals) else task


def with_equals(task: TokenTask) -> TokenTask:
    """The task with one more token, =, at the end of each row, where the answer is then read.

    Example:
        >>> with_equals(TokenTask([[0], [1]], [0, 1])).tokens.tolist()
        [[0, 2], [1, 2]]
    """
    ends = np.full((len(task.tokens), 1), task.size)
    about = f"{task.about}; the last token, {task.size}, is =".removeprefix("; ")
    return replace(task, tokens=np.hstack([task.tokens, ends]), vocabulary=task.size + 1, about=about)


def _sizes(name: str, given: Sequence[str]) -> Sizes:
    """The numbers after the name of a family.

    Raises:
        InputError: one is missing, too small or not a number, or there are too many.
    """
    numbers, whole = FAMILIES[name].numbers, ":".join([name, *given])
    if len(given) > len(numbers):
        raise InputError(f"{whole} has {len(given)} numbers; write {written(name)}: {said_of(name)}")
    found = []
    for k, (number, usual, least) in enumerate(numbers):
        text = given[k] if k < len(given) else None
        if text is None and usual is None:
            raise InputError(f"{name} says no {number}; write {written(name)}: {said_of(name)}")
        value = usual if text is None else int(text) if text.isdecimal() and len(text) < 7 else None
        if value is None or not least <= value <= WIDEST:
            raise InputError(
                f"{number} of {whole} is {quoted(text)}; in {written(name)} it is a whole number from {least} to "
                f"{WIDEST:,}"
            )
        found.append(value)
    return found


def _chosen(sizes: Sizes, rows: int, seed: int) -> tuple[Choices, str]:
    """All ways to choose, in order; or, of too many, so many different ones drawn by a seed, and that in words."""
    total = math.prod(map(int, sizes))
    if min(rows, total) * len(sizes) > MOST_TOKENS:
        raise InputError(
            f"{min(rows, total):,} rows of {len(sizes):,} tokens are more than {MOST_TOKENS:,} tokens, which no file "
            f"of a behavior holds; take fewer rows, or shorter ones"
        )
    said = "" if total <= rows else f"; {rows:,} of {total:,} rows, drawn by seed {seed}"
    generator = np.random.default_rng(seed)
    if total <= 2 * rows:
        kept = np.arange(total) if total <= rows else np.sort(generator.permutation(total)[:rows])
        return _digits(kept, sizes), said
    # At most half of all are drawn, so that most of those drawn are new.
    drawn = np.zeros((0, len(sizes)), np.int64)
    while len(drawn) < rows:
        more = generator.integers(0, sizes, (rows, len(sizes)))
        drawn = np.unique(np.concatenate([drawn, more]), axis=0)
    return drawn[np.sort(generator.permutation(len(drawn))[:rows])], said


def _digits(numbers: Int[np.ndarray, " rows"], sizes: Sizes) -> Choices:
    """Each number by its digits, of which the last counts ones; each digit has a size of its own.

    Example:
        >>> _digits(np.arange(4), (2, 2)).tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    found = np.zeros((len(numbers), len(sizes)), np.int64)
    for k in range(len(sizes))[::-1]:
        numbers, found[:, k] = np.divmod(numbers, sizes[k])
    return found


def _of_table(path: Path, positions: int | Sequence[int], header: bool | None, rows: int, seed: int) -> TokenTask:
    """The rows of a file, the last columns of which are the labels."""
    found = read_rows(path, header)
    with naming(path):
        answers = len(Answer(positions).positions)  # type: ignore[arg-type]
        values = found.values
        if values.ndim != 2 or values.shape[1] <= answers:
            raise InputError(
                f"has shape {values.shape}; expected a column for each token, and then one for the label of each of "
                f"the {answers} answer{'s'[: answers != 1]}"
            )
        kept, said = np.arange(len(values)), ""
        if len(values) > rows:
            kept = np.sort(np.random.default_rng(seed).permutation(len(values))[:rows])
            said = f"; {rows:,} of {len(values):,} rows, drawn by seed {seed}"
        tokens, labels = values[kept, :-answers], values[kept, -answers:]
        most = values[:, :-answers].max() + 1
        vocabulary = int(most) if is_whole(most, 1, WIDEST) else None
        return TokenTask(tokens, labels, positions, path.stem, None, vocabulary, f"{found}{said}")  # type: ignore[arg-type]
