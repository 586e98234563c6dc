"""Markdown from values: what the directives give to the page's own parser."""

import re
from collections.abc import Iterable

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


class FromMarkdown(SphinxDirective):
    """A directive that stands for some Markdown, with headings where it has them."""

    has_content = False

    def markdown(self) -> str:
        """What stands in its place."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """The Markdown, read as the page is."""
        return self.parse_text_to_nodes(self.markdown(), allow_section_headings=True)


def escaped(text: str) -> str:
    """A text in which no sign means anything to Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text)


def cell(text: str) -> str:
    """A text that can stand in a cell of a table: on one line, with bars that do not end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """A text as code in a line, whatever marks it holds."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table: its heads, and rows of as many cells."""
    lines = [list(heads)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell(one) for one in line) + " |" for line in lines) + "\n"
