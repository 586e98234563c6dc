"""The part of the site that the program itself knows: an extension of Sphinx with a file for each kind of thing."""

from typing import Any

from sphinx.application import Sphinx

from . import (
    accessible,
    benchmarks,
    commands,
    docstrings,
    door,
    examples,
    experiments,
    findings,
    gallery,
    limits,
    schemas,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """What the pages can name: directives, and the examples as pages."""
    app.connect("config-inited", examples.bring)
    app.connect("source-read", examples.link)
    app.connect("autodoc-process-docstring", docstrings.read)
    app.connect("autodoc-process-signature", docstrings.signature)
    app.connect("missing-reference", docstrings.find)
    app.connect("html-page-context", accessible.mend, priority=900)
    app.connect("doctree-read", gallery.put_away)
    app.connect("doctree-resolved", gallery.link)
    app.add_css_file("gallery.css")
    for name, directive in {
        "commands": commands.Commands,
        "door": door.Door,
        "experiments": experiments.Experiments,
        "benchmark": benchmarks.Benchmark,
        "found": findings.Found,
        "not-run": findings.NotRun,
        "picture": gallery.Picture,
        "limits": limits.Limits,
        "keys": schemas.Keys,
    }.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
