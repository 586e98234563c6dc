"""`python -m everyhow`."""

from .cli import main

main()
