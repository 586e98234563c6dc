"""The part of the site that the program itself knows: an extension of Sphinx with a file for each kind of thing."""

from typing import Any

from sphinx.application import Sphinx

from . import accessible, benchmarks, commands, docstrings, door, examples, experiments, limits


def setup(app: Sphinx) -> dict[str, Any]:
    """What the pages can name: directives, and the examples as pages."""
    app.connect("config-inited", examples.bring)
    app.connect("source-read", examples.link)
    app.connect("autodoc-process-docstring", docstrings.read)
    app.connect("missing-reference", docstrings.find)
    app.connect("html-page-context", accessible.mend, priority=900)
    for name, directive in {
        "commands": commands.Commands,
        "door": door.Door,
        "experiments": experiments.Experiments,
        "benchmark": benchmarks.Benchmark,
        "limits": limits.Limits,
    }.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
