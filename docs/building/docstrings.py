"""Docstrings as pages: Google style to reStructuredText, and names that a signature or a docstring mentions as links.

Napoleon is called here, and not loaded as an extension: what it reads as the type of a property ("The survivors: ...")
is a sentence here.
"""

from typing import Any

from docutils import nodes
from numpy.typing import ArrayLike
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.environment import BuildEnvironment
from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import stringify_annotation

import everyhow

# Sphinx calls them variables; everybody else, and the docstrings here, attributes.
for field in PyObject.doc_field_types:
    if field.name == "variable":
        field.label = "Attributes"
# What Python makes of numpy.typing.ArrayLike.
ARRAY_LIKE = stringify_annotation(ArrayLike, "smart")
STYLE = Config(napoleon_use_rtype=False, napoleon_use_ivar=True)


def read(app: Sphinx, what: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    """Turn the lines of a docstring into reStructuredText."""
    # What is computed as a property is one to readers, whatever computes it.
    kind = "method" if what in ("property", "attribute") else what
    read_as = GoogleDocstring(lines, STYLE, app, kind, name, item, options).lines()
    # A star in a shape, such as "inputs *numbers", is a star.
    lines[:] = [
        line.replace("jaxtyping.", "").replace("*", r"\*") if line.lstrip().startswith(":vartype") else line
        for line in read_as
    ]


def signature(
    app: Sphinx, what: str, name: str, item: Any, options: Any, arguments: str | None, gives: str | None
) -> tuple[str | None, str | None]:
    """A signature as a person writes it: `...` for what is made anew for each value, and the one name for all that
    NumPy takes as an array."""
    return arguments and arguments.replace("<factory>", "...").replace(ARRAY_LIKE, "~numpy.typing.ArrayLike"), gives


def find(app: Sphinx, environment: BuildEnvironment, node: pending_xref, shown: nodes.Element) -> nodes.Element | None:
    """The place of a name that is not written in full: of the library's door, wherever it is at home."""
    if node.get("refdomain") != "py":
        return None
    last = node["reftarget"].rpartition(".")[2]
    for name in (f"everyhow.{last}", *places(environment, f".{last}")):
        found = environment.domains.python_domain.objects.get(name)
        if found is not None:
            return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, [shown], name)
    return shown if known_elsewhere(node["reftarget"]) else None


def places(environment: BuildEnvironment, ending: str) -> list[str]:
    """Everything on the pages whose name ends so; a name that stands for two things leads to neither."""
    found = [name for name in environment.domains.python_domain.objects if name.endswith(ending)]
    return found if len(found) == 1 else []


def known_elsewhere(target: str) -> bool:
    """Whether a name is of another library, or of a part of this one that has no page of its own: shown without a link.
    A name of the door without a place is a fault."""
    return target.rpartition(".")[2] not in dir(everyhow)
