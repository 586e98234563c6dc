"""Pages of documentation: their examples run, and give what they show."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("name", ["losses.md"])
def test_examples(name):
    pytest.importorskip("torch")
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testfile(str(DOCS / name), module_relative=False, optionflags=options)
    assert found.attempted > 10 and found.failed == 0
