"""A real browser, cut off from every network."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium")
MISSING = "Chromium is not installed; on Debian: apt-get install chromium"


@pytest.fixture(scope="session")
def chromium():
    """The browser; tests that need it are skipped, saying so, where it or Playwright is missing."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with pytest.importorskip("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Opened:
    """A page opened from disk, with all it asked for and all it complained about."""

    def __init__(self, page):
        self.page, self.requests, self.complaints = page, [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def text(self, selector):
        return " ".join(self.page.locator(selector).first.inner_text().split())


@pytest.fixture
def opened(chromium):
    """Opens a page from disk with the network off and waits until it answers; every page is closed afterwards."""
    contexts = []

    def open_page(path, width=1600, ready=True, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.goto(path.as_uri())
        if ready:
            found.page.wait_for_selector("html[data-ready]", timeout=20_000)
        return found

    yield open_page
    for context in contexts:
        context.close()
