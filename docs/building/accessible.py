"""What Sphinx and the theme write in a way that a screen reader stumbles over, written otherwise."""

import re
from typing import Any

from sphinx.application import Sphinx

# The parameters of a long signature stand in a list of definitions that defines nothing.
PARAMETERS = re.compile(r"<dl>\s*((?:<dd><em class=\"sig-param\">.*?</em>,?</dd>\s*)+)</dl>", re.S)


def mend(app: Sphinx, name: str, template: str, context: dict[str, Any], page: Any) -> None:
    """Change the parts of a page before they are put together."""
    context["body"] = PARAMETERS.sub(as_lines, context.get("body", ""))
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('class="caption" role="heading"', 'class="caption"')


def as_lines(found: re.Match[str]) -> str:
    """Parameters as lines of the signature."""
    lines = found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
    return f'<span class="sig-lines">{lines}</span>'
