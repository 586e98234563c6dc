"""Tasks of tokens: every family against loops over lists, tables of files, and what is refused."""

import itertools
import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.gates import GATES
from everyhow.common.errors import FileFormatError, InputError
from everyhow.model import token_task
from everyhow.model.behavior_files import read_behavior
from everyhow.model.token_families import FAMILIES, parse_token_task, said_of, with_equals, written
from everyhow.model.token_task import TokenTask


def listed(task):
    """Rows with the names of their answers, as lists."""
    return [
        (row, [task.names[k] for k in wanted])
        for row, wanted in zip(task.tokens.tolist(), task.labels.tolist(), strict=True)
    ]


def sequences(n, v):
    return map(list, itertools.product(range(v), repeat=n))


def induction(n, v):
    """Rows whose last token comes once before, not right before; and what came after it there."""
    for row in sequences(n, v):
        before = [i for i in range(n - 1) if row[i] == row[-1]]
        if len(before) == 1 and before[0] < n - 2:
            yield row, [str(row[before[0] + 1])]


SLOWLY = {
    "ADD": lambda p: (([a, b], [str((a + b) % p)]) for a in range(p) for b in range(p)),
    "MAX": lambda n, v: ((row, [str(max(row))]) for row in sequences(n, v)),
    "FIRST_EQUALS_LAST": lambda n, v: ((row, [str(int(row[0] == row[-1]))]) for row in sequences(n, v)),
    "INDUCTION": induction,
    "HISTOGRAM": lambda n, v: ((row, [str(row.count(one)) for one in row]) for row in sequences(n, v)),
}
SIZES = {
    "ADD": [(2,), (3,), (7,)], "MAX": [(2, 2), (3, 4), (4, 2)], "FIRST_EQUALS_LAST": [(2, 3), (3, 2), (4, 3)],
    "INDUCTION": [(3, 2), (4, 3), (5, 4), (6, 2)], "HISTOGRAM": [(2, 2), (3, 3), (4, 2)],
}  # fmt: skip
CASES = [(name, sizes) for name, several in SIZES.items() for sizes in several]


@pytest.mark.parametrize(("name", "sizes"), CASES)
def test_families(name, sizes):
    """Every row, once, with its answers; at the end the token =, where the answer is then read."""
    text = ":".join([name, *map(str, sizes)])
    slow = sorted(SLOWLY[name](*sizes))
    task = parse_token_task(text.lower())
    ends = [sizes[-1]] if name in ("ADD", "FIRST_EQUALS_LAST") else []
    assert sorted(listed(task)) == [(row + ends, wanted) for row, wanted in slow]
    assert task.name == text and task.size == sizes[-1] + bool(ends)
    everywhere = list(range(sizes[0])) if name == "HISTOGRAM" else [len(slow[0][0]) - 1 + bool(ends)]
    assert list(task.answer.at(task.tokens.shape[1])) == everywhere
    if FAMILIES[name].equals is not None:
        other = parse_token_task(text, equals=not ends)
        assert sorted(listed(other)) == [(row + [sizes[-1]] * (not ends), wanted) for row, wanted in slow]


def test_usual_numbers():
    """Numbers that are left out."""
    names = {name: parse_token_task(name).name for name in FAMILIES if name != "ADD"}
    assert names == {
        "MAX": "MAX:4:8", "FIRST_EQUALS_LAST": "FIRST_EQUALS_LAST:3:2", "INDUCTION": "INDUCTION:5:4",
        "HISTOGRAM": "HISTOGRAM:4:3",
    }  # fmt: skip
    assert parse_token_task("MAX:3").name == "MAX:3:8" and written("MAX") == "MAX:n:v"
    assert all("{" not in said_of(name) for name in FAMILIES)


@pytest.mark.parametrize("name", [*(gate for gate in GATES if gate != "FULL_ADDER"), "A & ~B | C", "01101001"])
def test_boolean_tasks(name):
    """A token for each bit, whatever describes the function; the bits are what is known of each row."""
    table = eh.parse_task(name)
    n = table.inputs
    rows = [[int(digit) for digit in format(row, f"0{n}b")] for row in range(2**n)]
    wanted = [str(table.tables[0].bits >> row & 1) for row in range(2**n)]
    for equals in (None, True, False):
        task = parse_token_task(name, equals=equals)
        ends = [] if equals is False else [2]
        assert listed(task) == [(row + ends, [answer]) for row, answer in zip(rows, wanted, strict=True)]
        assert task.features.astype(int).tolist() == rows and task.names == ("0", "1")
    assert listed(parse_token_task(table)) == listed(parse_token_task(name))


def test_bits_are_known_where_tokens_are_bits():
    """Of families too; not of more tokens than features may be, nor of larger ones."""
    assert parse_token_task("FIRST_EQUALS_LAST:3").features.shape == (8, 3)
    assert parse_token_task("HISTOGRAM:3:2").features.astype(int).tolist() == list(sequences(3, 2))
    assert parse_token_task("MAX:2:3").features is None and parse_token_task("MAX:7:2").features is None


@given(name=st.sampled_from(sorted(SLOWLY)), rows=st.integers(1, 40), seed=st.integers(0, 3))
def test_samples(name, rows, seed):
    """So many different rows of all, the same by the same seed, with the answers that they have; and it is said."""
    sizes = SIZES[name][-1]
    text, slow = ":".join([name, *map(str, sizes)]), [tuple(map(tuple, one)) for one in SLOWLY[name](*sizes)]
    equals = None if FAMILIES[name].equals is None else False
    task = parse_token_task(text, equals=equals, rows=rows, seed=seed)
    found = [tuple(map(tuple, one)) for one in listed(task)]
    assert len(found) == len(set(found)) == min(rows, len(slow)) and set(found) <= set(slow)
    assert (f"; {rows:,} of {len(slow):,} rows, drawn by seed {seed}" in task.about) == (rows < len(slow))
    assert listed(parse_token_task(text, equals=equals, rows=rows, seed=seed)) == listed(task)


def test_samples_of_very_many():
    """Where the rows cannot be numbered they are drawn token by token, evenly; another seed draws others."""
    task = parse_token_task("MAX:40:50", rows=4000)
    assert task.tokens.shape == (4000, 40) and len(np.unique(task.tokens, axis=0)) == 4000
    assert abs(task.tokens.mean() - 24.5) < 0.2 and task.about.endswith("rows, drawn by seed 0")
    assert (parse_token_task("MAX:40:50", rows=4000, seed=1).tokens != task.tokens).any()
    often = Counter(
        tuple(row) for seed in range(300) for row in parse_token_task("MAX:2:3", rows=3, seed=seed).tokens.tolist()
    )
    assert len(often) == 9 and all(abs(count - 100) <= 25 for count in often.values()), often


def test_rows_of_ones_own():
    """Lists, arrays and texts; classes are counted in sorted order and keep their names."""
    task = TokenTask([[0, 3], [1, 2], [1, 2]], np.array([8, 3, 3]))
    assert (task.names, task.labels.tolist(), task.size) == (("3", "8"), [[1], [0], [0]], 4)
    assert repr(task) == "TokenTask(rows: 3 rows of 2 tokens, 2 classes at position -1)"
    several = TokenTask([[0, 1], [1, 0]], [["a", "b"], ["b", "b"]], (0, -1), "letters")
    assert several.labels.tolist() == [[0, 1], [1, 1]]
    assert repr(several) == "TokenTask(letters: 2 rows of 2 tokens, 2 classes at positions 0, -1)"
    assert with_equals(task).tokens.tolist() == [[0, 3, 4], [1, 2, 4], [1, 2, 4]]
    assert parse_token_task(task) is task


REFUSED = [
    (lambda: TokenTask([[0.5, 1]], [0]), "tokens has 0.5 in row 1, column 1; tokens are whole numbers .* to 65,535"),
    (lambda: TokenTask([[-1, 1]], [0]), "tokens has -1 in row 1"),
    (lambda: TokenTask([[1e300, 1]], [0]), r"tokens has 1e\+300 in row 1"),
    (lambda: TokenTask([[0, 1]], [0, 1]), r"labels have shape \(2, 1\); expected \(1, 1\): one label for each row"),
    (lambda: TokenTask([[0], [1]], [0, 0.5]), "label 0.5 of row 2 is not a whole number"),
    (lambda: TokenTask([[0], [1]], [7, 7]), "every label is 7, and one class alone is always the largest"),
    (lambda: TokenTask([[0], [1], [0]], [0, 1, 1]), "rows 1 and 3 are the same tokens with different labels"),
    (lambda: TokenTask([[0], [1]], [0, 1], 1), "answer_positions names 1, but the sequences have 1 tokens"),
    (lambda: TokenTask([[0], [5]], [0, 1], vocabulary=5), "the largest token is 5: give a whole number from 6"),
    (lambda: TokenTask([[0], [5]], [0, 2], names=("a", "b")), "labels are places among the 2 names, from 0 to 1, .* 2"),
    (lambda: TokenTask([[0], [5]], [0, 1], names="ab"), "names is 'ab'"),
    (lambda: TokenTask([[0], [5]], [0, 1], name=3), "name is 3"),
    (lambda: parse_token_task("ADD"), "ADD says no p; write ADD:p: the sum modulo p of two tokens"),
    (lambda: parse_token_task("ADD:1"), "p of ADD:1 is '1'; in ADD:p it is a whole number from 2 to 65,536"),
    (lambda: parse_token_task("MAX:4:8:2"), "MAX:4:8:2 has 3 numbers; write MAX:n:v"),
    (lambda: parse_token_task("MAX:x"), "n of MAX:x is 'x'"),
    (lambda: parse_token_task("INDUCTION:2"), "n of INDUCTION:2 is '2'; .* from 3 to"),
    (lambda: parse_token_task("FOO:3"), "unknown task 'FOO:3'; the tasks of tokens are ADD:p, .*, and the gates ID,"),
    (lambda: parse_token_task("XOR,AND"), "task XOR,AND has 2 outputs, and a transformer answers .* give one of them"),
    (lambda: parse_token_task("HISTOGRAM", equals=True), "equals is True, which has no meaning beside HISTOGRAM"),
    (lambda: parse_token_task("XOR", positions=-1), "positions is -1, which has no meaning beside what is not a table"),
    (lambda: parse_token_task("XOR", header=True), "header is True, which has no meaning"),
    (lambda: parse_token_task("XOR", equals="yes"), "equals is 'yes'; say True"),
    (lambda: parse_token_task("XOR", rows=0), "rows is 0; at most so many are taken: a whole number from 1 to 262,144"),
    (lambda: parse_token_task("XOR", seed=-1), "seed is -1"),
    (lambda: parse_token_task("MAX:60000:2"), "16,384 rows of 60,000 tokens are more than 4,194,304 tokens"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "said"), REFUSED)
def test_what_is_refused(ask, said):
    with pytest.raises(InputError, match=said):
        ask()


def test_what_a_causal_transformer_cannot_answer():
    """Rows that look the same up to an answer, and want different ones."""
    with pytest.raises(InputError, match=r"rows 1 and 2 want different answers at position 0, .* say causal=False"):
        parse_token_task("HISTOGRAM").check_answerable(causal=True)
    parse_token_task("HISTOGRAM").check_answerable(causal=False)
    so_far = [[row[: k + 1].count(row[k]) for k in range(3)] for row in sequences(3, 2)]
    TokenTask(list(sequences(3, 2)), so_far, (0, 1, 2)).check_answerable(causal=True)


def test_tables(tmp_path):
    """Columns of tokens, then a label for each answer; a header, names of columns and how it was understood."""
    (tmp_path / "rows.csv").write_text("first,second,label\n0,1,8\n1,1,3\n2,0,8\n")
    task = parse_token_task(tmp_path / "rows.csv")
    assert listed(task) == [([0, 1], ["8"]), ([1, 1], ["3"]), ([2, 0], ["8"])] and task.name == "rows"
    assert task.about.startswith("read 3 rows of 3 columns from rows.csv, header first, second, label")
    np.save(tmp_path / "two.npy", [[0, 1, 5, 6], [1, 1, 6, 6]])
    two = parse_token_task(str(tmp_path / "two.npy"), positions=(0, 1))
    assert listed(two) == [([0, 1], ["5", "6"]), ([1, 1], ["6", "6"])]
    drawn = parse_token_task(tmp_path / "rows.csv", rows=2, seed=3)
    assert len(drawn.tokens) == 2 and drawn.size == 3 and drawn.about.endswith("; 2 of 3 rows, drawn by seed 3")
    with pytest.raises(FileFormatError, match=r"two.npy: has shape \(2, 4\); expected a column for each token"):
        parse_token_task(tmp_path / "two.npy", positions=(0, 1, 2, 3))
    with pytest.raises(FileFormatError, match="no such file"):
        parse_token_task("nowhere.csv")
    with pytest.raises(InputError, match="equals is True, which has no meaning beside a table"):
        parse_token_task(tmp_path / "rows.csv", equals=True)


@pytest.mark.parametrize("text", ["XOR", "ADD:3", "MAX:2:3", "INDUCTION:4:3", "HISTOGRAM:3:2"])
def test_files(text, tmp_path):
    """What is written is read as the same behavior, with names and bits, and says what it is."""
    task = parse_token_task(text)
    positions, classes = task.tokens.shape[1], task.classes
    noise = np.random.default_rng(0)
    model = eh.Transformer(
        noise.normal(size=(task.size, 3)), noise.normal(size=(positions, 3)), (), noise.normal(size=(3, classes))
    )
    path = task.save(tmp_path / "behavior.json")
    found, own = read_behavior(path, model), task.behavior(model)
    for one in (found, own):
        assert one.points.tolist() == task.tokens.tolist() and one.names == task.names
        wanted = one.wanted.reshape(len(task.tokens), -1, classes).argmax(axis=2)
        assert wanted.tolist() == task.labels.tolist() and one.answer.at(positions) == task.answer.at(positions)
        assert (one.features is None) == (task.features is None)
        assert task.features is None or (one.features == task.features).all()
    said = json.loads(path.read_text())
    assert said["name"] == task.name and said["about"] == task.about
    with pytest.raises(FileFormatError, match=r"a file of a behavior ends in .json, not '.csv'"):
        task.save(tmp_path / "behavior.csv")


def test_rows_that_come_again():
    """A row that comes twice weighs twice."""
    model = eh.Transformer(np.eye(2), np.zeros((1, 2)), (), np.eye(2))
    behavior = TokenTask([[0], [1], [1]], [0, 1, 1]).behavior(model)
    assert behavior.weights.tolist() == pytest.approx([1 / 3, 2 / 3]) and len(behavior.points) == 2


def test_files_that_would_be_too_large(monkeypatch, tmp_path):
    """Seen before anything is written."""
    monkeypatch.setattr(token_task, "LARGEST", 1000)
    with pytest.raises(
        InputError, match=r"behavior MAX:3:8 would have [0-9,]+ bytes; at most 1,000 .*: take fewer rows"
    ):
        parse_token_task("MAX:3:8").save(tmp_path / "behavior.json")
    assert not list(tmp_path.iterdir())
