"""The browser that opens the site."""

from ..browser import chromium, opened

__all__ = ["chromium", "opened"]
