"""The reference of the command line, read off the commands themselves: what each does, its arguments and options."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from everyhow.cli.commands import COMMANDS, loaded
from everyhow.cli.main import Command

from .markup import FromMarkdown, code, table


class Commands(FromMarkdown):
    """Every command under its heading."""

    def markdown(self) -> str:
        """The headings of the help page, and below each its commands."""
        return "\n\n".join(
            line
            for heading, commands in COMMANDS.items()
            for line in (f"## {heading}", *(described(name) for name in commands))
        )


def described(name: str) -> str:
    """One command: its usage line, what it does, and a table for each group of options that its help shows."""
    command = loaded(name, Command)
    context = command.make_context(f"everyhow {name}", [], resilient_parsing=True)
    parts = [f"### everyhow {name}", f"```text\n{command.get_usage(context)}\n```", (command.help or "").strip()]
    for title, options in grouped(command, context):
        parts.append(table((title or "Arguments and options", ""), [row(one, context) for one in options]))
    return "\n\n".join(parts)


def grouped(command: Any, context: Any) -> Iterator[tuple[str, list[Any]]]:
    """The arguments and options by the group that help shows them in, in its order."""
    shown = [one for one in command.get_params(context) if not getattr(one, "hidden", False)]
    for title, options in groupby(shown, lambda one: one.rich_help_panel or ""):
        yield title, list(options)


def row(option: Any, context: Any) -> tuple[str, str]:
    """How it is typed, and what it does."""
    written, said = option.get_help_record(context)
    return code(" ".join(written.split())), said.replace("[", "(").replace("]", ")")
