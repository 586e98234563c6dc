"""`python -m everyhow`."""

from .cli.main import run

run()
