"""A page of the site, followed from top to bottom as a reader would: its files written, its lines run.

On a page stand

- Python, in blocks whose lines begin with `>>>`: all blocks of a page share their names, as in one interpreter;
- commands, in blocks without a language whose lines begin with `$ everyhow`, with what they print below: what goes to
  the standard output, and after it the error of a command that fails;
- commands that train, in blocks of `text`: the numbers there, and how wide columns are, are of the machine, so only
  words are compared;
- files, in blocks of `code-block` whose caption is the file's name;
- what cannot be run where tests run, in blocks of `sh` and `py`.

`...` stands for anything. In what Python prints any white space is as good as any other, so that a page may fold a long
line; what commands print is compared as it is, lines that are wider than a page being folded between words.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from everyhow.cli.leaving import OVER_BUDGET, WRONG_INPUT
from everyhow.cli.main import main

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^```(?P<language>[^\n`]*)\n(?P<inside>.*?)^```$", re.S | re.M)
CAPTIONED = re.compile(r":caption: (?P<name>\S+)\n\n(?P<text>.*)", re.S)
COMMAND = re.compile(r"^\$ (?P<typed>(?:[^\n]*\\\n)*[^\n]*)\n(?P<shown>(?:(?!\$ )[^\n]*\n)*)", re.M)
# What is said while something long goes on, on the standard error, depends on the machine.
MOVING = re.compile(r"^.*; kernels are being compiled, which happens once\n|^.*%.*\[[#.]*\].*\n", re.M)
WAYS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
COLUMNS = 80
# So many signs of code have room on a page.
WIDTH = 88


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: what stands behind its first backticks, and what it holds."""

    language: str
    inside: str
    line: int


@dataclass(frozen=True)
class Step:
    """What one line of a page's Python, or one command, printed, and what the page shows below it."""

    line: int
    typed: str
    shown: str
    printed: str
    same: bool


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for found in FENCED.finditer(text):
        yield Block(found["language"], found["inside"], text.count("\n", 0, found.start("inside")) + 1)


def not_run(text: str) -> list[str]:
    """The blocks of a page that a test cannot run."""
    return [block.inside for block in blocks(text) if block.language in ("sh", "py")]


def files_of_the_repository(folder: Path) -> None:
    """Put the files that pages use where a reader's clone has them."""
    for name in ("examples", "tests"):
        (folder / name).symlink_to(ROOT / name, target_is_directory=True)


def follow(text: str) -> Iterator[Step]:
    """Do what a page says, in the folder in which the process is.

    Raises:
        ValueError: A block is of none of the kinds that a page has.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(text):
        if block.language == "python" and block.inside.startswith(">>> "):
            yield from _python(block, names)
        elif block.language in ("", "text") and block.inside.startswith("$ everyhow "):
            yield from _commands(block)
        elif block.language.startswith("{code-block}") and (file := CAPTIONED.match(block.inside)):
            Path(file["name"]).write_text(file["text"], "utf-8")
        elif block.language not in ("sh", "py"):
            raise ValueError(f"line {block.line}: a block of {block.language or 'no language'} is not run by any rule")


@dataclass
class _Noting(doctest.OutputChecker):
    """Compares what is printed, and keeps it."""

    printed: list[tuple[str, bool]] = field(default_factory=list)

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Whether both are the same."""
        same = super().check_output(want, got, optionflags)
        self.printed.append((got, same))
        return same


def _python(block: Block, names: dict[str, Any]) -> Iterator[Step]:
    examples = doctest.DocTestParser().get_examples(block.inside)
    for example in examples:
        noting, said = _Noting(), io.StringIO()
        runner = doctest.DocTestRunner(checker=noting, verbose=False, optionflags=WAYS)
        one = doctest.DocTest([example], names, f"line {block.line + example.lineno}", None, None, None)
        failed = runner.run(one, out=said.write, clear_globs=False).failed > 0
        names.update(one.globs)
        printed, same = noting.printed[-1] if noting.printed else (said.getvalue(), not failed)
        want = example.want if example.exc_msg is None else example.exc_msg
        yield Step(block.line + example.lineno, example.source, want, printed, same and not failed)


def _commands(block: Block) -> Iterator[Step]:
    for found in COMMAND.finditer(block.inside):
        line = block.line + block.inside.count("\n", 0, found.start())
        printed = run_as_typed(found["typed"])
        shown, got = found["shown"], folded(printed)
        if block.language == "text":
            shown, got = _words(shown), _words(got)
        same = doctest.OutputChecker().check_output(shown, got, doctest.ELLIPSIS)
        yield Step(line, found["typed"], found["shown"], folded(printed), same)


def folded(text: str) -> str:
    """A text whose lines have room on a page, folded between words where they are longer."""
    lines = [
        part
        for line in text.splitlines()
        for part in (
            textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) if len(line) > WIDTH else [line]
        )
    ]
    return "".join(f"{line}\n" for line in lines)


def _words(text: str) -> str:
    """A text without its numbers, digests and bars, `...` staying what it is."""
    return " ".join(re.findall(r"\.\.\.|\b[A-Za-zé]+\b", re.sub(r"\b[0-9a-f]{64}\b|[\d.,]+e\d+", "", text))) + "\n"


def run_as_typed(typed: str) -> str:
    """What a command prints at 80 columns; where what was asked is wrong, its error too."""
    arguments = shlex.split(typed.replace("\\\n", " "))
    before = {name: os.environ.get(name) for name in ("COLUMNS", "TERM")}
    argv, code = sys.argv, 0
    out, err = io.StringIO(), io.StringIO()
    os.environ.update({"COLUMNS": str(COLUMNS), "TERM": "dumb"})
    sys.argv = arguments
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as left:
        code = left.code
    finally:
        sys.argv = argv
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    assert code in (0, WRONG_INPUT, OVER_BUDGET), f"{typed} ended with {code}: {err.getvalue()}"
    return out.getvalue() + (MOVING.sub("", err.getvalue()) if code == WRONG_INPUT else "")
