"""Outputs that stay equal to the last byte while code moves: audits, terminal texts, pages, a sweep."""

import base64
import gzip
import json

import numpy as np
import pytest

import everyhow as eh
from everyhow.report.page.contents import contents
from everyhow.report.page.html import packed
from everyhow.report.page.room import Room
from everyhow.sweeps.plan import plan_of
from everyhow.sweeps.rows import digest_of
from everyhow.sweeps.work import run_block

from .conftest import REFERENCE, reference, reference_names

AUDITS = [(name, preset) for name in reference_names() for preset in ("paper", "authors")]


def frozen_document(audit):
    """What audit.json says, without when and by which versions it was found."""
    document = json.loads(json.dumps(audit.document()))
    for part in (document, *document.get("outputs", [])):
        part["provenance"] = {"network_sha256": part["provenance"]["network_sha256"]}
        del part["everyhow_version"]
    return document


# A network with as many layers and more circuits is count-xor-2-5-5-1-seed0.
LONG = (("authors-xor-2-4-4-1-seed0", "paper"), ("count-xor-2-4-4-1-seed0", "paper"))


@pytest.mark.parametrize(
    ("name", "preset"), [pytest.param(*one, marks=pytest.mark.nightly if one in LONG else ()) for one in AUDITS]
)
def test_audits(name, preset, freeze):
    """Every reference network by both presets; the largest one, which takes `authors` minutes, within a budget."""
    stated, network = reference(name)
    tasks = stated["task"]
    limits = {"budget": 10**7} if (name, preset) == ("count-xor-2-5-5-1-seed0", "authors") else {}
    audit = eh.audit(network, tasks if isinstance(tasks, str) else ",".join(tasks), preset, **limits)
    freeze(f"audit-{name}-{preset}", frozen_document(audit))


def test_noisy_audit_by_data(xor, freeze):
    """XOR amid noise, with the inputs as features."""
    behavior = eh.Behavior.noisy(eh.parse_task("XOR"), 0.05, 8, epsilon=0.1)
    features = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], 8, axis=0)
    audit = eh.audit_behavior(xor, behavior, features=features)
    freeze("audit-by-noise", frozen_document(audit))


def test_audit_by_labels(freeze):
    """A network of two outputs by labels of its own choice at points between those of a truth table."""
    _, network = reference("authors-xor-and-2-3-3-2-seed0")
    points = np.random.default_rng(0).uniform(0, 1, (20, 2))
    behavior = eh.Behavior.of_data(points, network.run(points).argmax(axis=1), outputs=2)
    freeze("audit-by-labels", frozen_document(eh.audit_behavior(network, behavior, decision="argmax")))


@pytest.mark.parametrize(("name", "arguments"), [
    ("xor", ["XOR", "--network", REFERENCE / "xor-2-3-3-1-seed0.json"]),
    ("xornet", ["XOR", "--network", "xornet", "--signals", "2"]),
    ("authors", ["XOR,AND", "--network", REFERENCE / "authors-xor-and-2-3-3-2-seed0.json", "--preset", "authors"]),
])  # fmt: skip
def test_terminal(name, arguments, freeze, run_command, monkeypatch):
    """The terminal's text at 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    code, out, err = run_command("audit", *arguments)
    assert (code, err) == (0, "")
    freeze(f"terminal-{name}", out.splitlines())


@pytest.mark.parametrize("name", ["xor-2-3-3-1-seed0", "xornet"])
def test_pages(name, freeze):
    """What the script of a page is given."""
    given = contents(eh.audit(reference(name)[1], "XOR"), Room())
    given["method"] |= {"provenance": {}, "seconds": 0}
    freeze(f"page-{name}", json.loads(gzip.decompress(base64.b64decode(packed(given)))))


def test_sweep(freeze):
    """Every row of a small sweep by both presets, and the digest that names them."""
    plan = plan_of(
        {
            "seeds": 6,
            "block": 6,
            "presets": ["paper", "authors"],
            "settings": {"widths": [2, 2], "origin": "untrained", "keep": "accurate"},
        }
    )
    (block,) = plan.blocks()
    rows = run_block(block).rows
    freeze("sweep", {"plan": plan.digest, "rows": digest_of(rows)})
