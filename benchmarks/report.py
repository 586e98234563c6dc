"""Pages of the reference networks: how long they take to make, how large they are, how soon they answer.

python benchmarks/report.py; needs Chromium and the extra test.
"""

import json
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

import everyhow as eh
from everyhow.network.documents import network_from_document

REFERENCE = Path(__file__).parent.parent / "tests" / "reference"


def main() -> None:
    """Print one line per reference network."""
    print(f"{'network':<40} {'audit':>8} {'page':>8} {'size':>9} {'answers after':>14}")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        eh.audit(eh.xornet(), "XOR")
        for path in sorted(REFERENCE.glob("*.json")):
            document = json.loads(path.read_text())
            network = network_from_document(document)
            started = time.perf_counter()
            task = document["task"]
            audit = eh.audit(network, ",".join(task) if isinstance(task, list) else task)
            audited = time.perf_counter()
            page = audit.report(Path(folder) / f"{path.stem}.html")
            made = time.perf_counter()
            seconds = min(opening(browser, page) for _ in range(3))
            size = page.stat().st_size / 1e6
            print(f"{path.stem:<40} {audited - started:7.2f}s {made - audited:7.2f}s {size:7.2f}MB {seconds:13.2f}s")
        browser.close()


def opening(browser, page: Path) -> float:
    """From going to the page until every view answers."""
    context = browser.new_context(offline=True)
    tab = context.new_page()
    started = time.perf_counter()
    tab.goto(page.as_uri())
    tab.wait_for_selector("html[data-ready]")
    seconds = time.perf_counter() - started
    context.close()
    return seconds


if __name__ == "__main__":
    main()
