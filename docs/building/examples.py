"""The folder `examples` as a part of the site: its pages and notebooks are copied beside the others when the site is
built, and links that lead from one folder to the other are turned to the copies."""

import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

DOCS = Path(__file__).parents[1]
EXAMPLES = DOCS.parent / "examples"
COPIES = DOCS / "examples"


def bring(app: Sphinx, config: Config) -> None:
    """Copy the examples; a file that is as it was keeps its time, so that its page is not made again."""
    for file in sorted(EXAMPLES.rglob("*")):
        if not file.is_file() or "__pycache__" in file.parts:
            continue
        copy = COPIES / file.relative_to(EXAMPLES)
        if not copy.exists() or copy.read_bytes() != file.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


def link(app: Sphinx, name: str, source: list[str]) -> None:
    """Turn the links of a page: `../../examples/x` of a page in docs/guide to `../examples/x`, and `../../docs/x` of an
    example to `../../x`."""
    source[0] = turned(source[0], name)


def turned(text: str, name: str) -> str:
    """The text of the page `name` with its links turned."""
    if name.startswith("examples/"):
        return re.sub(r"\]\(((?:\.\./)+)docs/", r"](\1", text)
    return re.sub(r"\]\(\.\./((?:\.\./)*)examples/", r"](\1examples/", text)
