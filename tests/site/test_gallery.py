"""The gallery: every drawing of the library is there, its lines run, and the command beside them gives the same."""

import importlib
import pkgutil
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from xml.etree import ElementTree

import pytest

from everyhow.report import audit_drawings, drawings, notebook
from everyhow.report.drawings.drawing import Drawing
from everyhow.report.figures import figures
from everyhow.sweeps.results import Sweep

from .building import DOCS, gallery

PAGES = ("network", "transformer", "values", "answers")


@dataclass
class Made:
    """What running the pages gave: of each page its names and its blocks with their pictures, and which code ran."""

    names: dict[str, dict] = field(default_factory=dict)
    pictures: dict[str, list] = field(default_factory=dict)
    ran: set[CodeType] = field(default_factory=set)


def text(page):
    return (DOCS / "gallery" / f"{page}.md").read_text("utf-8")


def here(line):
    """Run a command of a page in this process."""
    from everyhow.cli.main import main

    before = sys.argv
    sys.argv = shlex.split(line)
    try:
        main()
    except SystemExit as stop:
        assert not stop.code, line
    finally:
        sys.argv = before


def run_page(name, found):
    """Run a page; which functions of the report ran for its pictures is written down."""

    def note(frame, event, _):
        if event == "call" and "/everyhow/report/" in frame.f_code.co_filename:
            found.ran.add(frame.f_code)

    with gallery.place_to_run() as folder:
        page, found.pictures[name] = gallery.Page(folder), []
        for block in gallery.blocks(text(name)):
            sys.setprofile(note if block.said else None)
            try:
                picture = page.run(block)
            finally:
                sys.setprofile(None)
            found.pictures[name].append((block, picture, picture and picture.read_bytes()))
        found.names[name] = page.names


@pytest.fixture(scope="module")
def made():
    """Every page of drawings, run once."""
    found = Made()
    for name in PAGES:
        run_page(name, found)
    return found


def functions(package):
    """The functions of a package, or a file, that draw; by name."""
    modules = [package]
    if hasattr(package, "__path__"):
        names = [one.name for one in pkgutil.iter_modules(package.__path__)]
        modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    for module in modules:
        for name, function in vars(module).items():
            if name.startswith("draw_") and getattr(function, "__module__", "") == module.__name__:
                yield f"{module.__name__}.{name}", function


def test_every_function_that_draws_is_shown(made):
    """Whatever draws, of an audit and of a value, has drawn something for the gallery."""
    listed = [one for package in (drawings, audit_drawings) for one in functions(package)]
    assert len(listed) > 20
    for name, function in listed:
        kinds = getattr(function, "registry", {object: function})
        codes = [one.__code__ for kind, one in kinds.items() if kind is not object or len(kinds) == 1]
        assert [name for code in codes if code not in made.ran] == []


def test_every_value_with_a_picture_is_shown(made):
    """Every kind of value that a notebook shows as a picture; a drawing is its own."""
    kinds = {kind: shown for kind, shown in notebook.picture_of.registry.items() if kind not in (object, Drawing)}
    assert len(kinds) > 10
    assert [kind.__name__ for kind, shown in kinds.items() if shown.__code__ not in made.ran] == []


def test_every_name_is_shown(made):
    """Every name that `figures --list` has of these audits, of numbered ones the kind."""

    def kind(name):
        start, _, number = name.rpartition("-")
        return start if number.isdecimal() else name

    shown = {kind(file.stem) for page in ("network", "transformer") for _, file, _ in made.pictures[page] if file}
    for page, audit in (("network", "drawings"), ("network", "rivals"), ("transformer", "drawings")):
        assert {kind(name) for name in made.names[page][audit]} <= shown


def test_every_figure_of_a_sweep_is_shown(monkeypatch):
    """The stored runs have every figure that there is, by every function that draws one, and the page shows each."""
    ran, listed = set(), {name for name in vars(figures) if name.startswith("draw_")} - {"draw_figures"}
    for name in listed:
        monkeypatch.setattr(figures, name, lambda *_, name=name: ran.add(name))
    found = set()
    for folder in (DOCS / "gallery" / "stored").iterdir():
        for name, draw in figures.figures_of(Sweep.open(folder)):
            found.add(name)
            draw()
    assert ran == listed and len(listed) > 3
    assert {Path(block.file).stem for block in gallery.blocks(text("sweep")) if block.file} == found


def test_every_picture_can_be_read(made):
    """Each is well formed, on a ground of its own, small, and described for those who do not see it."""
    assert check_pictures(made) > 30


@pytest.mark.nightly
def test_figures_can_be_read(monkeypatch):
    """Those of the stored runs, too, drawn by the command that the page shows."""
    found = Made()
    monkeypatch.setattr(gallery, "run_command", here)
    run_page("sweep", found)
    assert check_pictures(found) == 6


def check_pictures(made):
    """Look at every picture; returns how many there are."""
    count = 0
    for blocks in made.pictures.values():
        said = [block.said for block, _, picture in blocks if picture]
        assert len(set(said)) == len(said)
        for block, _, picture in blocks:
            assert (picture is None) == (not block.said)
            if picture:
                count += 1
                root = ElementTree.fromstring(picture)
                assert len(picture) < 200_000 and len(block.said.split()) > 4, block.said
                marks = [one for one in root.iter() if one.tag.endswith(("rect", "path"))]
                grounds = [one.get("fill", one.get("style", "")) for one in marks]
                assert any("#ffffff" in ground for ground in grounds[:2]), block.said
    return count


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.nightly) for page in ("network", "answers")] + ["transformer"]
)
def test_commands_give_the_same_pictures(made, page, monkeypatch):
    """What a command beside the lines writes is the same file, byte by byte."""
    compared = 0
    with gallery.place_to_run() as folder:
        monkeypatch.chdir(folder)
        for block, file, picture in made.pictures[page]:
            for line in gallery.commands(block.command) if block.command else ():
                here(line)
            if file and block.command:
                words = shlex.split(gallery.commands(block.command)[-1])
                run = folder / words[2] / "figures" if words[1] == "figures" else folder
                assert (run / file.name).read_bytes() == picture, block.command
                compared += 1
    assert compared == {"network": 17, "transformer": 5, "answers": 5}[page]


def test_one_command_gives_the_same_pictures(made, tmp_path):
    """Those of the first audit, whose commands differ in the name alone, at once."""
    first, *others = made.pictures["network"][:-2]
    names = []
    for block, file, _ in others:
        assert shlex.split(block.command) == ["everyhow", "figures", "runs/xor", file.stem, "--format", "svg"]
        names.append(file.stem)
    run = tmp_path / "xor"
    with gallery.contextlib.chdir(gallery.ROOT):
        here(first[0].command.replace("runs/xor", str(run)))
    here(shlex.join(["everyhow", "figures", str(run), *names, "--format", "svg"]))
    for _, file, picture in others:
        assert (run / "figures" / file.name).read_bytes() == picture


def test_what_cannot_be_shown_is_refused(tmp_path):
    """A command that fails, lines that write nothing, and several files none of which is named."""
    page = gallery.Page(tmp_path)
    with pytest.raises(RuntimeError, match="everyhow nothing: ended with 1: "):
        page.run(gallery.Block("", "everyhow nothing\n"))
    with pytest.raises(RuntimeError, match="one file is shown of those that are written, here none; name it by :file:"):
        page.run(gallery.Block("Nothing", "1 + 1\n"))
    lines = "from pathlib import Path\nfor name in 'ab':\n    Path(f'{name}.svg').write_text(name)\n"
    with pytest.raises(RuntimeError, match=r"written, here a.svg, b.svg; name it by :file:"):
        page.run(gallery.Block("Two", lines))
    shown = page.run(gallery.Block("Two", lines, file="b.svg"))
    assert shown == tmp_path / "b.svg" and page.names["name"] == "b"


def test_long_commands_are_folded():
    """Lines that a page has room for; joined at their backslashes they are the command again."""
    options = [block.command for page in PAGES for block in gallery.blocks(text(page)) if block.command]
    for command in (command for option in options for command in gallery.commands(option)):
        lines = gallery.folded(command).split(" \\\n")
        assert shlex.split(" ".join(lines)) == shlex.split(command)
        assert all(len(line) <= gallery.ROOM or " " not in line.strip() for line in lines)


def test_blocks_are_found_as_they_stand():
    """Lines, options and descriptions of a page; every page of the gallery but the first has some."""
    first = "```{picture} A\n:command: everyhow x\n:file: a.svg\none\n\ntwo\n```\n"
    one, other = gallery.blocks(f"{first}\n```text\nno\n```\n\n```{{picture}}\nthree\n```\n")
    assert one == gallery.Block("A", "one\n\ntwo\n", "everyhow x", "a.svg")
    assert other == gallery.Block("", "three\n")
    pages = {file.stem for file in (DOCS / "gallery").glob("*.md")}
    assert pages == {"index", "sweep", *PAGES}
    for name in (*PAGES, "sweep"):
        assert len(gallery.blocks(text(name))) == text(name).count("```{picture}") > 4
