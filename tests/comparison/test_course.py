"""Networks that follow one another: births and deaths by differences of sets, and the order of files."""

import json
from pathlib import Path

import pytest

import everyhow as eh
from everyhow.common.errors import InputError
from everyhow.comparison.course import Life
from everyhow.comparison.order import in_order

from ..conftest import REFERENCE, reference

NAMES = ["xor-2-3-3-1-seed0", "and-2-3-3-1-seed0", "xor-2-3-3-1-seed2", "xor-2-3-3-1-seed0", "nor-2-3-3-1-seed0"]


@pytest.fixture(scope="module")
def course():
    """Networks by epoch, one of which comes back."""
    networks = {epoch: reference(name)[1] for epoch, name in zip((0, 10, 30, 100, 300), NAMES, strict=True)}
    return eh.over(networks, "XOR", rung="single", depth=2)


def test_births_and_deaths(course):
    """What comes and goes is what one network's mappings have more than the network's before."""
    there = []
    for side in course.sides:
        (table,) = side.computes
        found = (eh.mappings(side.network, one) for one in eh.algorithms(table, depth=2))
        there.append({repr(mapping) for mappings in found for mapping in mappings})
    before = set()
    for k, (now, change) in enumerate(zip(there, course.changes, strict=True)):
        assert {repr(one.mapping) for one in change.born} == now - before
        assert {repr(one.mapping) for one in change.died} == before - now
        assert {repr(one.mapping) for one in course.lives if one.present[k]} == now
        assert course.counts(k)["mappings_single"] == len(now)
        before = now
    assert {repr(one.mapping) for one in course.lives} == set().union(*there)
    # What the first has comes back with it.
    assert all((one.spans[0][0] == 0 and (3, 3) in one.spans[-1:]) or len(one.spans) == 1
               for one in course.lives if one.present[0])  # fmt: skip


def test_tables(course):
    """A row for each network, and one for each time in which an explanation is there."""
    tables = course.tables()
    rows = tables["networks"].table.records()
    assert [row["epoch"] for row in rows] == [0, 10, 30, 100, 300]
    assert [row["computes"] for row in rows] == ["XOR", "AND", "XOR", "XOR", "NOR"]
    assert [row["computes_task"] for row in rows] == [True, False, True, True, False]
    assert rows[0]["perfect_circuits"] == 120
    assert [row["born"] for row in rows] == [len(change.born) for change in course.changes]
    lives = tables["explanations"].table.records()
    assert len(lives) == sum(len(one.spans) for one in course.lives)
    assert sum(row["networks"] for row in lives) == sum(one.length for one in course.lives)
    last = [row for row in lives if row["vanished_by"] is None]
    assert {row["last_seen"] for row in last} == {"epoch 300"}
    document = json.loads(json.dumps(course.document()))
    assert document["order"] == "by epoch" and len(document["explanations"]) == len(lives)


def test_spans():
    """From the first to the last of each time in which it is there; what is not known ends a time."""
    assert Life("", None, (True, True, False, None, True)).spans == ((0, 1), (4, 4))
    assert Life("", None, (False, None)).spans == ()


def test_the_strictest_rung():
    """When none is named, explanations are followed at the strictest rung that one with neurons passes."""
    found = eh.over([reference(name)[1] for name in ("xor-2-3-3-1-seed0", "xor-2-3-3-1-seed2")])
    passed = []
    for side in found.sides:
        ladder = side.parts[0].findings.ladder
        passed.append({rung for rung, number in ladder["mappings"].items() if number > ladder["trivial"].get(rung, 0)})
    rungs = ["single", "irredundant", "ordered", "joint", "inert", "transitive"]
    assert found.rung == max(set().union(*passed) & set(rungs), key=rungs.index)
    assert "in the order given, from network 1 to network 2" in found.paragraph


def test_shown(course):
    """The answer first, then tables within 80 columns; a picture with a bar for each time an explanation is there."""
    assert course.paragraph.startswith("5 networks of the widths 2-3-3-1, by epoch, from epoch 0 to epoch 300.")
    assert all(len(line) <= 80 for line in course.lines[1:])
    assert course.summary() == course.paragraph and str(course).startswith(course.paragraph)
    drawing = course.picture()
    lives = [part for part in drawing.parts if part.key.startswith("life-")]
    assert 0 < len(lives) <= len(course.lives)
    bars = [[shape for shape in part.shapes if shape.role == "bar"] for part in lives]
    assert [len(those) for those in bars] == [len(one.spans) for one in course.lives[: len(lives)]]
    assert "<pre>" in course._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(("files", "labels", "by_epoch"), [
    (["x-epoch-100.json", "x-epoch-0.json", "x-epoch-30.json"], ["epoch 0", "epoch 30", "epoch 100"], True),
    (["x.json", "x-epoch-30.json", "x-epoch-0.json"], ["epoch 0", "epoch 30", "end"], True),
    (["b.json", "a.json"], ["b.json", "a.json"], False),
    (["s0-epoch-10.json", "s1-epoch-0.json"], ["s0-epoch-10.json", "s1-epoch-0.json"], False),
    (["first.json", "x-epoch-0.json", "x-epoch-10.json"], ["first.json", "x-epoch-0.json", "x-epoch-10.json"], False),
    (["a/x.json", "b/x.json"], ["a/x.json", "b/x.json"], False),
])  # fmt: skip
def test_order(files, labels, by_epoch):
    """One training by its epochs, what it ended with last; all others as given."""
    found = in_order(files)
    assert ([moment.label for moment in found.moments], found.by_epoch) == (labels, by_epoch)
    assert {moment.given for moment in found.moments} == set(files)


@pytest.mark.parametrize(("given", "message"), [
    (["x-epoch-10.json", "x-epoch-0.json", "other.json"],
     "the order of the files can be read in two ways: as given, x-epoch-10.json, x-epoch-0.json, other.json; or by the "
     "epochs in their names, x-epoch-0.json, x-epoch-10.json, other.json, where other.json has none. Give the files of "
     "one training, or give them in order"),
    (["x-epoch-1.json", "x-epoch-01.json"], "x-epoch-1.json and x-epoch-01.json are both of epoch 1; give one of them"),
    (["a.json", "b.json", "a.json"], "a.json is given twice; give each network once"),
    (["a.json"], "1 network given; give at least two, "),
    ("a.json", "one network alone has nothing to follow it: give several, "),
    ({0: 1}, "1 network given; give at least two, "),
    ({"0": 1, 1: 2}, "an epoch is '0'; networks by epoch have whole numbers of at least 0"),
])  # fmt: skip
def test_orders_that_are_not_clear(given, message):
    with pytest.raises(InputError) as caught:
        in_order(given)
    assert str(caught.value).startswith(message)


def test_other_shapes():
    """Networks of other inputs than the first are refused; other widths are followed by what neurons are called."""
    with pytest.raises(InputError, match="epoch 0 has 2 inputs and epoch 1 has 1"):
        eh.over({0: eh.xornet(), 1: eh.Network([[[1.0]]], [[0.0]], ["identity"], threshold=0.5)})
    found = eh.over([Path(REFERENCE / f"{name}.json") for name in ("xor-2-4-1-seed0", "xor-2-3-3-1-seed0")])
    assert "2 networks of the widths 2-4-1 and 2-3-3-1, in the order given" in found.paragraph
