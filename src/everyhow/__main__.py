"""`python -m everyhow`."""

from .cli.main import main

main()
