"""The site as a whole: it builds without a warning and without a network, every link leads somewhere, and everybody can
read it."""

import itertools
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

import everyhow as eh
from everyhow.cli.commands import COMMANDS

ROOT = Path(__file__).parents[2]
pytest.importorskip("sphinx")
pytest.importorskip("furo")
pytest.importorskip("myst_nb")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the site, built as `make docs` does, with warnings as errors."""
    made = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", made / "trees"]
    built = subprocess.run([*command, ROOT / "docs", made / "html"], capture_output=True, encoding="utf-8")
    assert built.returncode == 0 and not built.stderr, built.stderr
    return made / "html"


class Read(HTMLParser):
    """What a page names (ids) and what it asks for: links, and files that a browser loads by itself."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found["id"]} if found.get("id") else set()
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in ("script", "img", "source", "iframe") and found.get("src"):
            self.loaded.append(found["src"])
        if tag == "link" and found.get("href"):
            self.loaded.append(found["href"])


@pytest.fixture(scope="session")
def read(site):
    """Every page by its path, read."""
    return {path: Read(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts}


def test_every_link_leads_somewhere(site, read):
    """Also to a heading; and no page loads anything from elsewhere."""
    lost = []
    for path, page in read.items():
        for link in page.links + page.loaded:
            address, _, place = link.partition("#")
            if re.match(r"https?:|mailto:", address):
                lost += [(path.name, link)] if link in page.loaded else []
                continue
            target = (path.parent / unquote(address.partition("?")[0])).resolve() if address else path
            named = not place or target.suffix != ".html" or unquote(place) in read[target].ids
            if not target.exists() or not named:
                lost.append((str(path.relative_to(site)), link))
    assert len(read) > 40 and not lost


def test_everything_is_documented(read, site):
    """Each name of the door, each command, each key of an audit."""
    named = {one for path, page in read.items() if "api" in path.parts for one in page.ids}
    assert {name for name in eh.__all__ if f"everyhow.{name}" not in named} == set()
    commands = read[site / "reference" / "commands.html"].ids
    assert {f"everyhow-{name}" for listed in COMMANDS.values() for name in listed} <= commands
    files = (site / "reference" / "files.html").read_text("utf-8")
    by_task = eh.audit(eh.xornet(), "XOR").document()
    assert {
        key for key in (*by_task, "behavior", *by_task["network"]) if f'<span class="pre">{key}</span>' not in files
    } == set()
    options = (site / "reference" / "commands.html").read_text("utf-8")
    assert "--show-completion" not in options and "--min-node-sparsity" in options


def test_no_number_begins_a_list_by_chance():
    """A line of a paragraph that begins with "1) " or "1. " would be read as an item."""
    pages = [page for page in (ROOT / "docs").rglob("*.md") if not {"_build", "examples"} & set(page.parts)]
    assert len(pages) > 60
    for page in pages:
        for before, line in itertools.pairwise(page.read_text("utf-8").splitlines()):
            by_chance = re.match(r"\d+[.)] ", line) and before and not re.match(r"\d+[.)] |\s|#|-", before)
            assert not by_chance, f"{page}: {line}"


@pytest.mark.parametrize("word", ["ablation", "interchange", "IIA"])
def test_search(word, site, opened):
    """The search finds what people look for, without a server."""
    found = opened(site / "search.html", ready=False)
    found.page.goto((site / "search.html").as_uri() + f"?q={word}")
    found.page.wait_for_selector("#search-results li", timeout=20_000)
    assert found.page.locator("#search-results li").count() >= 5
    assert all(url.startswith("file:") for url in found.requests)


def test_no_page_is_wider_than_a_phone(site, read, opened):
    """Nor does any ask for something from the network, or complain."""
    found = opened(site / "index.html", width=400, ready=False)
    wide = []
    for path in read:
        found.page.goto(path.as_uri())
        if found.page.evaluate("document.documentElement.scrollWidth") > 400:
            wide.append(str(path.relative_to(site)))
    assert not wide
    assert all(url.startswith(("file:", "data:")) for url in found.requests) and not found.complaints


KINDS = {
    "light": ["index", "start/ten-minutes", "how-to/index", "findings/experiments/basic", "reference/api/audit"],
    "dark": ["ideas/index", "gallery/index", "guide/report", "reference/criteria", "examples/textbook/induction"],
}


@pytest.mark.parametrize("scheme", KINDS)
def test_everybody_can_read_it(scheme, site, opened):
    """axe finds nothing serious in a page of each kind."""
    assert serious([site / f"{kind}.html" for kind in KINDS[scheme]], scheme, opened) == {}


@pytest.mark.nightly
@pytest.mark.parametrize("scheme", KINDS)
def test_everybody_can_read_all_of_it(scheme, site, read, opened):
    """Nor in any other page."""
    assert serious(read, scheme, opened) == {}


def serious(pages, scheme, opened):
    """The serious faults that axe finds, by page: the rule, and the first place."""
    from axe_playwright_python.sync_playwright import Axe

    found, faults = opened(next(iter(pages)), ready=False, color_scheme=scheme), {}
    for path in pages:
        found.page.goto(path.as_uri())
        violations = [one for one in Axe().run(found.page).response["violations"]
                      if one["impact"] in ("serious", "critical")]  # fmt: skip
        if violations:
            faults[path.name] = [(one["id"], one["nodes"][0]["html"][:120]) for one in violations]
    return faults
