"""The worked examples print what stands beside them."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_alice_and_bob():
    """The story is the script's own output."""
    folder = EXAMPLES / "alice_and_bob"
    command = [sys.executable, "-X", "utf8", folder / "tell.py"]
    told = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout

    assert told == (folder / "README.md").read_text(encoding="utf-8")
