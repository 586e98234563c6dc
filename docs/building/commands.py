"""The reference of the command line, read off the commands themselves: what each does, its arguments and options."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from everyhow.cli.commands import COMMANDS, loaded
from everyhow.cli.main import Command

from .markup import FromMarkdown, code, escaped

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*(?:=[\w.,-]*\w)?")


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
    """One command: its usage line, what it does, and its options by the groups of its help."""
    command = loaded(name, Command)
    context = command.make_context(f"everyhow {name}", [], resilient_parsing=True)
    parts = [f"### everyhow {name}", f"```text\n{command.get_usage(context)}\n```", prose(command.help or "")]
    for title, options in grouped(command, context):
        parts += [f"**{prose(title)}**"] * bool(title) + [entry(one, context) for one in options]
    return "\n\n".join(parts)


def grouped(command: Any, context: Any) -> Iterator[tuple[str, list[Any]]]:
    """The arguments and options by the group that help shows them in, in its order."""
    shown = [one for one in command.get_params(context) if not getattr(one, "hidden", False)]
    for title, options in groupby(shown, lambda one: one.rich_help_panel or ""):
        yield title, list(options)


def entry(option: Any, context: Any) -> str:
    """How it is typed, and what it does, as an entry of a list of definitions."""
    written, said = option.get_help_record(context)
    return f"{code(' '.join(written.split()))}\n: {prose(' '.join(said.split()))}"


def prose(text: str) -> str:
    """What help says, in which only options are marked: as code, so that a dash stays a dash."""
    return OPTION.sub(lambda found: code(found[0]), escaped(text.strip()))
