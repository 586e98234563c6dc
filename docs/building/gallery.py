"""Pictures beside the lines that make them: the lines are run when the site is built, so no picture is older than them.

    ```{picture} What is to be seen, for those who do not see it
    :command: everyhow figures runs/xor network --format svg
    audit.drawings()["network"].save("network.svg")
    ```

The SVG file that lines save stands below them; without a description none does. The blocks of a page are one program: a
name of one block is known in those that follow. A line that begins with `everyhow` is a command; of several files that
it writes, each is shown where `:file:` names it. `:command:` is another way to the same picture: it is shown, and a
test sees that it gives the same file.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
# Whatever changes there may change a picture.
SOURCE = ROOT / "src" / "everyhow"
# A folder of the site that holds what the lines make; it is made anew, and never stored.
PICTURES = DOCS / "gallery" / "pictures"
# What the lines may read, by its name in the repository.
READ = ("examples", "tests", "docs")
# Beyond so many points a picture is wider than a page: it is then moved sideways instead of being made small.
WIDE = 560
# Letters of a command on one line.
ROOM = 76
BLOCK = re.compile(r"^```\{picture\}(?P<said>.*)\n(?P<options>(?::\w+: .*\n)*)(?P<lines>(?:.*\n)*?)```$", re.M)


@dataclass(frozen=True)
class Block:
    """Lines of a page, what is to be seen in what they save, and of the options a command that gives the same, and the
    file that is shown."""

    said: str
    lines: str
    command: str = ""
    file: str = ""


@dataclass
class Page:
    """The lines of a page that have been run: what they named, and the folder in which they run."""

    folder: Path
    names: dict[str, Any] = field(default_factory=dict)

    def run(self, block: Block) -> Path | None:
        """Run the lines of a block; returns the SVG file that is to be shown, if any.

        Raises:
            RuntimeError: a command fails, or it is not one file that can be shown.
        """
        before = self._written()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(io.StringIO()):
            for is_command, lines in parts(block.lines):
                if is_command:
                    run_command(lines)
                else:
                    exec(compile(lines, f"<{block.said or 'lines of the gallery'}>", "exec"), self.names)
        if not block.said:
            return None
        after = self._written()
        written = [one for one in after if after[one] != before.get(one)]
        if block.file:
            written = [one for one in after if one == self.folder / block.file]
        if len(written) != 1:
            names = ", ".join(sorted(str(one.relative_to(self.folder)) for one in written or after)) or "none"
            raise RuntimeError(f"one file is shown of those that are written, here {names}; name it by :file:")
        return written[0]

    def _written(self) -> dict[Path, int]:
        """Every SVG file below the folder, with the time at which it was written."""
        files = (Path(top) / name for top, _, names in os.walk(self.folder) for name in names)
        return {file: file.stat().st_mtime_ns for file in files if file.suffix == ".svg"}


def blocks(page: str) -> list[Block]:
    """The blocks of a page, from its text."""
    found = []
    for one in BLOCK.finditer(page):
        options = dict(line[1:].split(": ", 1) for line in one["options"].splitlines())
        found.append(Block(one["said"].strip(), one["lines"], **options))
    return found


def parts(lines: str) -> Iterator[tuple[bool, str]]:
    """Lines in runs of commands, each for itself, and of Python: whether it is a command, and the text."""
    python: list[str] = []
    for line in lines.splitlines():
        if not line.startswith("everyhow "):
            python.append(line)
            continue
        if python:
            yield False, "\n".join(python)
        python = []
        yield True, line
    if python:
        yield False, "\n".join(python)


def commands(option: str) -> list[str]:
    """The commands of an option, one a line."""
    return option.split(" && ")


def folded(command: str) -> str:
    """A command on lines that a page has room for, as a shell joins them again."""
    lines = textwrap.wrap(command, ROOM, break_long_words=False, break_on_hyphens=False, subsequent_indent="    ")
    return " \\\n".join(lines)


def run_command(line: str) -> None:
    """Run a command of everyhow where the process stands."""
    words = [sys.executable, "-X", "utf8", "-m", *shlex.split(line)]
    done = subprocess.run(words, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"{line}: ended with {done.returncode}: {done.stderr.strip()}")


@contextlib.contextmanager
def place_to_run() -> Iterator[Path]:
    """A folder from which the files of the repository have the names that they have from its top."""
    with tempfile.TemporaryDirectory() as folder:
        for name in READ:
            (Path(folder) / name).symlink_to(ROOT / name, target_is_directory=True)
        yield Path(folder)


def width_of(picture: Path) -> float:
    """The width that an SVG file says it has, in points."""
    return float(ElementTree.parse(picture).getroot().attrib["width"].removesuffix("pt"))


class Picture(SphinxDirective):
    """Lines, and the pictures that they save."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"command": directives.unchanged, "file": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """The lines as code, the command, and the picture."""
        lines = "".join(f"{line}\n" for line in self.content)
        block = Block(" ".join(self.arguments), lines, **self.options)
        found: list[nodes.Node] = []
        if lines:
            found.append(shown(lines, "text" if lines.startswith("everyhow ") else "python"))
        if block.command:
            found.append(shown("\n".join(map(folded, commands(block.command))), "text"))
        try:
            written = self.page().run(block)
        except Exception as error:
            raise self.error(f"the lines do not run: {type(error).__name__}: {error}") from error
        return found if written is None else [*found, self.image(written, block.said)]

    def page(self) -> Page:
        """What this page has run so far; its folder is there until the page is read."""
        kept = self.env.temp_data
        if "gallery" not in kept:
            kept["gallery_folder"] = contextlib.ExitStack()
            kept["gallery"] = Page(kept["gallery_folder"].enter_context(place_to_run()))
            for file in SOURCE.rglob("*.py"):
                self.env.note_dependency(file)
        return kept["gallery"]

    def image(self, written: Path, said: str) -> nodes.Node:
        """A picture at its place in the site."""
        target = PICTURES / self.env.docname.rpartition("/")[2] / written.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(written, target)
        here = Path(self.env.doc2path(self.env.docname)).parent
        image = nodes.image(uri=Path(os.path.relpath(target, here)).as_posix(), alt=said)
        holder = nodes.container("", image, classes=["picture", *(["wide"] if width_of(written) > WIDE else [])])
        self.set_source_info(image)
        return holder


def put_away(app: Sphinx, doctree: nodes.document) -> None:
    """Remove the folder in which the lines of a page ran."""
    folder = app.env.temp_data.get("gallery_folder")
    if folder is not None:
        folder.close()


def link(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Have each picture of a page lead to its file, where it can be made larger."""
    if app.builder.format != "html":
        return
    for image in list(doctree.findall(nodes.image)):
        if isinstance(image.parent, nodes.container) and "picture" in image.parent["classes"]:
            _, file = app.env.images[image["uri"]]
            place = relative_uri(app.builder.get_target_uri(name), f"{app.builder.imagedir}/{file}")
            image.replace_self(nodes.reference("", "", image.deepcopy(), refuri=place))


def shown(lines: str, language: str) -> nodes.Node:
    """Lines as a block of code."""
    text = lines.strip("\n")
    return nodes.literal_block(text, text, language=language)
