"""Plans by people who mistype or mean harm: each is a plan, or an error that names the file and the key."""

import itertools
import json
import random
import time

import pytest

import everyhow as eh
from everyhow.sweeps.costs import forecast
from everyhow.sweeps.plan import plan_of, read_plan

WHOLE = {
    "name": "made-up", "title": "a title", "axis": ["l1", "labels", "rows", "epoch"], "seeds": 3,
    "presets": ["paper"], "budget": 1e6, "exact_up_to": 5, "block": 2,
    "settings": {"task": "AND", "widths": [2, 3], "epochs": 5, "keep": "all", "depth": 2, "show": ["00", "11"],
                 "input_weights": [1, 2, 3, 4], "checkpoints": [0, 1], "input_values": [-1, 1], "threshold": 0.5},
    "grid": [{"l1": [0.0, 0.1], "labels": ["true", "shuffled"]}, {"rows": [5, 6]}],
}  # fmt: skip
# Of a value that stands anywhere in a plan, what may come instead: texts of TOML.
STRANGE = [
    "true", "false", "0", "-1", "1.5", "-0.0", "nan", "inf", "-inf", "1e308", "9" * 30, "9" * 400, "9" * 5000,
    "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", '""', '"x"', '"[bold]"', r'"\u001b[31mred"', r'"\u202Eabc"',
    r'"\u0000"', '"=1+1"', f'"{"long" * 5000}"', "[]", "[[]]", "[1, 1]", "[true]", '["paper", 1]', "[1e308]",
    "{}", "{a = 1}",
    "[{}]", f"{'[' * 60}{']' * 60}", f"{'[' * 5000}{']' * 5000}", f"[{'1, ' * 2000}]", '"random:6"', '"random:99"',
    '"AND:99999999999"', '"' + "(" * 4000 + "A" + ")" * 4000 + '"', '"' + "A & " * 3000 + 'B"', '"XOR,' * 1 + 'AND"',
    "[99999999999]", "[1000000, 1000000]", "1_000_000_000", '"leaky_relu:1e400"', "[0.5, 0.5]",
]  # fmt: skip


def written(document, strange=None, at=None):
    """A plan as TOML, where `strange` stands at the place `at` instead of what was there."""

    def value(one, place):
        if place == at:
            return strange
        if isinstance(one, dict):
            return "{" + ", ".join(f"{key} = {value(v, (*place, key))}" for key, v in one.items()) + "}"
        if isinstance(one, list):
            return "[" + ", ".join(value(v, (*place, k)) for k, v in enumerate(one)) + "]"
        return json.dumps(one)

    return "\n".join(f"{key} = {value(one, (key,))}" for key, one in document.items())


def places(value, place=()):
    """Every place in a plan: its keys, and their values' places."""
    if place:
        yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from places(one, (*place, key))


def check(path):
    """A file is a plan that can be forecast and written again, or is refused in one line that names it."""
    try:
        plan = read_plan(path)
    except eh.InputError as error:
        told = str(error)
        assert told.startswith(str(path)) and told.isprintable() and len(told) < 1500, told
        return None
    forecast(plan)
    path.write_text(plan.toml())
    assert read_plan(path).digest == plan.digest
    assert all(plan.label(k).isprintable() for k in range(len(plan.points))) and plan.title.isprintable()
    return plan


def test_strange_values_anywhere(tmp_path):
    """Values of other types and sizes at every place of a plan, drawn at random."""
    path = tmp_path / "plan.toml"
    path.write_text(written(WHOLE))
    assert check(path).networks == 18
    cases = list(itertools.product(places(WHOLE), STRANGE))
    taken = 0
    for place, strange in random.Random(7).sample(cases, 250):
        path.write_text(written(WHOLE, strange, place))
        began = time.perf_counter()
        taken += check(path) is not None
        assert time.perf_counter() - began < 20, (place, strange[:80])
    assert 3 < taken < 100


REFUSED = [
    ("seeds = 99999999999999999999", r"the plan has 1e\+20 networks; a sweep has at most 1,000,000: divide it"),
    (f"seeds = {10**400}", "seeds is 1000.*0000; it must be at least 1"),
    ("seeds = 1000000\nblock = 1", "the plan has 1e.06 blocks; a sweep has at most 100,000"),
    ("seeds = 1000000\n[settings]\nblock = 5000\nepochs = 50\ncheckpoints = [" + ",".join(map(str, range(50))) + "]",
     "the plan has 5e.07 rows of results"),
    ("block = 1000000000", "settings: block is 1000000000; it is a number of networks from 1 to 10,000"),
    (f"exact_up_to = {'9' * 400}", "exact_up_to is 9999.*9999; it must be at least 0"),
    ("[grid]\n" + "\n".join(f"{key} = [{', '.join(f'0.{k:03}' for k in range(1, 101))}]" for key in
                            ("l1", "l2", "dropout", "input_noise", "learning_rate", "weight_decay")),
     r"the grid has 1e\+12 points; a sweep has at most 10,000: divide it into several"),
    ("[grid]\nl1 = [0, 0.0]", "grid.l1: 0.0 stands twice among the values to try; leave one out"),
    ("[grid]\nwidths = [[2], [3], [2]]", r"grid.widths: \[2\] stands twice"),
    ('axis = ["l1", "l1"]', "axis is .*; it must name each option once"),
    ('title = "a\\u001b[31mb"', r"title is 'a\\x1b\[31mb'; it must be one line of at most 500 characters"),
    (f'title = "{"x" * 501}"', "title is 'xxx.*xxx'; it must be one line of at most 500 characters"),
    (f'name = "{"x" * 101}"', "name is .* of at most 100 characters"),
    ("a." * 100_000 + "b = 1", "it is nested more than 64 deep"),
    ("[" + "a." * 100_000 + "b]", "it is nested more than 64 deep"),
    ("seeds = " + "[" * 100_000 + "]" * 100_000, "it is nested more than 64 deep"),
    ("x = " + "{a=" * 10_000 + "1" + "}" * 10_000, "it is nested more than 64 deep"),
    ("seeds = " + "9" * 5000, "a number has more than 4,300 digits"),
    ("seeds = 1979-05-27", "seeds is a date or time, 1979-05-27; write it as a text"),
    ('"\\u001b[31m" = 1', r"\\x1b\[31m: unknown key; the keys are"),
    ("seeds = 1\nseeds = 2", "not a TOML file .*Cannot overwrite a value"),
    ("[settings]\nseeds = 5", "settings.seeds: unknown option; the options are|did you mean"),
    ("[settings]\nwidths = [1000000, 1000000]",
     r"settings: .*widths.* at most"),
    ("[settings]\nwidths = [60000, 60000]", r"training 10 networks at once, each of 3.6e\+09 weights .* are held"),
    ("[settings]\nrows = 1000000000", r"on 1,000,000,000 rows, takes 3e\+10 numbers"),
    ("[settings]\nepochs = 99999999999", "epochs is 99999999999 but must be a whole number from 1 to 1,000,000,000"),
    ("# " + "x" * 2_000_000, "has 2,000,002 bytes; a plan has at most 1,048,576"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refused_by_name(text, message, tmp_path):
    """Sizes are seen before anything of that size is made, and each error names the file and the key."""
    path = tmp_path / "plan.toml"
    path.write_text(text)
    began = time.perf_counter()
    with pytest.raises(eh.InputError, match=message) as caught:
        read_plan(path)
    assert str(caught.value).startswith(f"{path}: ") and str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000 and time.perf_counter() - began < 20


def test_other_things_than_files(tmp_path):
    """Folders, pipes and devices are told as such, at once."""
    import os

    (tmp_path / "folder.toml").mkdir()
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    for name in ("folder", "pipe", "zero", "loop"):
        with pytest.raises(eh.InputError, match=rf"{name}.toml: no such file; give a plan"):
            read_plan(tmp_path / f"{name}.toml")


def test_limits_are_met():
    """As many points and networks as are allowed are a plan."""
    values = [k / 1000 for k in range(100)]
    plan = plan_of({"seeds": 10_000, "grid": {"l1": values}})
    assert len(plan.points) == 100 and plan.networks == 1_000_000
    with pytest.raises(eh.InputError, match=r"the plan has 1.01e\+06 networks"):
        plan_of({"seeds": 10_100, "grid": {"l1": values}})


def test_deep_documents():
    """A document that was never a file may be deeper than any."""
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for document in ({"seeds": deep}, {"settings": {"widths": deep}}, {"grid": {"l1": deep}}):
        with pytest.raises(eh.InputError, match="it is nested deeper than any plan"):
            plan_of(document)
