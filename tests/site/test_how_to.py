"""The pages that answer one question each: all that they show is run, in their order, and prints what they show."""

import inspect
import re
import shlex

import pytest

import everyhow as eh
from everyhow.sweeps.run import sweep

from .followed import ROOT, blocks, files_of_the_repository, follow, not_run, run_as_typed

HOW_TO = ROOT / "docs" / "how-to"
PAGES = {path.stem: path.read_text("utf-8") for path in sorted(HOW_TO.glob("*.md")) if path.stem != "index"}
# Pages that train networks in processes of their own, and one whose longest commands stand in the guide, too, and are
# run there.
LONG = {"compare-two-seeds", "run-on-a-cluster", "the-papers-table"}
# What a page needs beside the base.
NEEDS = {
    "figure-for-a-paper": ["duckdb", "matplotlib", "pandas"],
    "my-onnx-file": ["onnx", "onnxruntime"],
    "my-pytorch-model": ["torch"],
    "run-on-a-cluster": ["torch", "distributed", "duckdb"],
    "tail-of-a-bigger-model": ["torch"],
    "the-papers-table": ["torch", "distributed", "duckdb"],
    "transformer": ["torch"],
}
# How many blocks of a page need what a test does not have: a cluster, a large model, many minutes.
NOT_RUN = {
    "count-a-space-too-large-to-list": 1, "my-onnx-file": 1, "run-on-a-cluster": 3, "the-papers-table": 1,
    "transformer": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.nightly if name in LONG else ()) for name in PAGES]
)
def test_pages(name, tmp_path, monkeypatch):
    """A page, followed from top to bottom, prints what it shows."""
    for module in NEEDS.get(name, ()):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    files_of_the_repository(tmp_path)
    steps = list(follow(PAGES[name]))
    assert sum(1 for step in steps if step.shown) >= 5
    wrong = [f"{name}.md:{step.line}: {step.typed}prints\n{step.printed}" for step in steps if not step.same]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", PAGES)
def test_errors_that_pages_show_are_told_to_people(name):
    """An error that a page shows is one of the library, which says what to do next: not a slip in the page's lines."""
    shown = re.findall(r"^Traceback .*\n    \.\.\.\n(.*)$", PAGES[name], re.M)
    assert PAGES[name].count("Traceback") == len(shown)
    assert all(error.startswith("everyhow.common.errors.") for error in shown), shown


def test_what_cannot_be_run():
    """Few blocks are not run; each is known here. Their options are those of the program, and of the library."""
    left = {name: not_run(text) for name, text in PAGES.items()}
    assert {name: len(blocks) for name, blocks in left.items() if blocks} == NOT_RUN
    helps = {}
    for block in (block for found in left.values() for block in found):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("everyhow "):
                _, command, *rest = shlex.split(line, comments=True)
                helps[command] = helps.get(command) or run_as_typed(f"everyhow {command} --help")
                assert all(re.search(rf"{one}\b", helps[command]) for one in rest if one.startswith("--")), line
    (script,) = [block for block in left["run-on-a-cluster"] if "SLURMCluster" in block]
    compile(script, "script", "exec")
    given = re.findall(r"^ {12}(\w+)=", script, re.M)
    assert len(given) == 4 and set(given) <= set(inspect.signature(sweep).parameters) and eh.sweep is sweep


def test_every_page_is_in_the_list():
    """The list of pages has each by its own title, and the tree of the site has them in the same order."""
    index = (HOW_TO / "index.md").read_text("utf-8")
    listed = re.findall(r"^- \[(.*)\]\((.*)\.md\)$", index, re.M)
    assert {name: title for title, name in listed} == {
        name: text.splitlines()[0].removeprefix("# ") for name, text in PAGES.items()
    }
    (tree,) = [block.inside for block in blocks(index) if block.language == "{toctree}"]
    assert tree.split()[1:] == [name for _, name in listed] + ["../examples/digits/README"]


PAGE = """
```{code-block} text
:caption: bits.csv

0,1
```

```python
>>> from pathlib import Path
>>> bits = Path("bits.csv").read_text().split(",")
>>> int(bits[1])
1
>>> int("x")
Traceback (most recent call last):
    ...
ValueError: invalid literal for int() with base 10: 'x'
```

```python
>>> bits[0]
'0'
```

```
$ everyhow count XOR \\
    --network xornet
...
perfect_circuits           1
fewest_edges               7
$ everyhow count XOR --network missing.json
everyhow: missing.json: no such file; ...
```

```text
$ everyhow count XOR --network xornet
task XOR
preset paper
decision threshold
circuits_in_space 16
perfect_circuits 2
fewest_edges 8
```
"""


def test_a_page_that_shows_what_is_printed(tmp_path, monkeypatch):
    """Each kind of step is run once, and is as it is shown."""
    monkeypatch.chdir(tmp_path)
    steps = list(follow(PAGE))
    assert all(step.same for step in steps) and len(steps) == 8


@pytest.mark.parametrize(("shown", "other", "line"), [
    ("1\n>>> int", "2\n>>> int", 11), ("with base 10: 'x'", "with base 2: 'x'", 13), ("'0'\n", "'1'\n", 20),
    ("circuits           1", "circuits           2", 25), ("no such file", "no such folder", 30),
    ("preset paper", "preset authors", 35), ("0,1\n", "0,2\n", 11), ("'x'\n```", "'x'\n>>> bits\n```", 17),
    (">>> bits = Path", ">>> others = Path", 11),
])  # fmt: skip
def test_a_page_that_shows_something_else(shown, other, line, tmp_path, monkeypatch):
    """Each kind of step is seen to differ, at its line."""
    monkeypatch.chdir(tmp_path)
    assert PAGE.count(shown) == 1
    assert line in [step.line for step in follow(PAGE.replace(shown, other)) if not step.same]


def test_a_command_that_fails_inside(monkeypatch):
    """A failure of the library itself is not what a page shows, whatever it prints."""
    monkeypatch.setattr("everyhow.network.network.xornet", None)
    with pytest.raises(AssertionError, match=r"^everyhow xornet ended with 2"):
        run_as_typed("everyhow xornet")


def test_a_block_of_no_known_kind():
    """A block that no rule runs is not passed over."""
    with pytest.raises(ValueError, match=r"^line 3: a block of bash is not run by any rule$"):
        list(follow("\n```bash\nls\n```\n"))
