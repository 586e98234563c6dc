"""The command line: every command parses, calls one library function, and prints."""

import atexit
import contextlib
import io
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from ..common.errors import BudgetError, EveryhowError, InputError, LostBlocksError, visible
from ..common.files import remove_unfinished
from ..common.interruption import leaving_when_asked
from . import standard_input
from .commands import COMMANDS, loaded
from .leaving import FILES_READ, OVER_BUDGET, WRONG_INPUT, hide_compilation, with_files


class Command(TyperCommand):
    """One command. Usage lines and help name arguments and values by what they are; a flag has no value."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The arguments and options."""
        return _without_values(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands in the usage line after the name."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]


class Commands(TyperGroup):
    """The commands. What is typed wrongly is told as all other errors are."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The options before the command."""
        return _without_values(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that is called, loaded with its options, and its arguments."""
        name, listed, following = super().resolve_command(ctx, args)
        return name, listed and loaded(listed.name or "", Command), following

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """The context of the arguments before the command."""
        with _told_as_others():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """The command, with the arguments after it."""
        with _told_as_others(ctx):
            return super().invoke(ctx)


def _without_values(parameters: list[Any]) -> list[Any]:
    for one in parameters:
        if getattr(one, "is_flag", False) and one.metavar is None:
            one.metavar = ""
        if isinstance(one, TyperArgument):
            vars(one)["display_type_rich"] = lambda ctx: None  # its name is enough
    return parameters


@contextlib.contextmanager
def _told_as_others(context: Any = None) -> Iterator[None]:
    """What Typer finds wrong becomes an error like all others. Its own way to tell one loads much of Rich."""
    try:
        yield
    except Exception as error:
        worded = getattr(error, "format_message", None)
        # Without arguments there is help, which Typer tells by an error, too.
        if worded is None or type(error).__name__ == "NoArgsIsHelpError":
            raise
        named = getattr(context, "invoked_subcommand", None)
        command = f"everyhow {named}" if named else "everyhow"
        said = visible(worded()).removesuffix(".").partition(", unable to parse")[0]
        said = DID_YOU_MEAN.sub(r" (did you mean \1?)", said).replace("(Possible", "(possible")
        raise InputError(f"{said[:1].lower()}{said[1:]}; {command} --help tells what there is") from None


def _version(asked: bool) -> None:
    if asked:
        from ..common.version import own_version

        typer.echo(f"everyhow {own_version()}")
        raise typer.Exit


DID_YOU_MEAN = re.compile(r"\. Did you mean (.+)\?$")
app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _unloaded() -> None:
    """What stands for a command in the list of all."""


for heading, commands in COMMANDS.items():
    for name, listed in commands.items():
        app.command(name, help=listed.says, rich_help_panel=heading)(_unloaded)


@app.callback(
    epilog="Begin with everyhow audit XOR, which trains a network and explains it. "
    "everyhow COMMAND --help tells the options of a command. Where a file is read, - stands for standard input."
)
def everyhow(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Count every explanation of a small network in four defined families; find the criterion that leaves only one."""


FAILURE = 2
# Of the width of a terminal; lines of more than 10,000 signs take gigabytes to fill.
MOST_DIGITS = 4


def main() -> None:
    """Run the command line; every error that a user can mend becomes one line on stderr."""
    _open_closed_streams()
    _leave_out_odd_sizes()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal or pipe that cannot show the logical signs gets their codes rather than an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    FILES_READ.clear()
    standard_input.forget()
    with leaving_when_asked() as asked:
        try:
            app(prog_name="everyhow")
        except SystemExit as stop:
            # Typer leaves with 2 after a wrong option or a missing argument, and has told the user so.
            sys.exit(WRONG_INPUT if stop.code == FAILURE else stop.code)
        except Exception as error:
            # After a request to end, an error only says how a library took the request.
            if not asked:
                _tell(error)
        finally:
            remove_unfinished()


def run() -> None:
    """What `everyhow` starts: `main`, and then the end at once.

    To take hundreds of modules apart takes Python a tenth of a second. After other processes were started, while
    threads go on, or where what was printed cannot be written, the end is the usual one.
    """
    code: int | str | None = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code
    goes_on = any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())
    if goes_on or "multiprocessing.util" in sys.modules or not isinstance(code, int):
        sys.exit(code)
    # Such as the end of a log, which the libraries in use have asked for.
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)
    os._exit(code)


def _leave_out_odd_sizes() -> None:
    """Forget a size of the terminal that is not a number, or too large; then the size is found out."""
    for name in ("COLUMNS", "LINES", "TERMINAL_WIDTH"):
        said = os.environ.get(name, "0")
        if not (said.isascii() and said.isdecimal() and len(said) <= MOST_DIGITS):
            del os.environ[name]


def _open_closed_streams() -> None:
    """Open the null device for each standard stream that the shell has closed: else the next file took its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (as long as the process)


def _tell(error: Exception) -> None:
    """End with what an error says; where the mistake is in everyhow, with the place where it happened."""
    if isinstance(error, BudgetError):
        _stop(str(error), OVER_BUDGET)
    if isinstance(error, LostBlocksError):
        _stop(str(error), FAILURE)
    if isinstance(error, InputError):
        _stop(with_files(error), WRONG_INPUT)
    if isinstance(error, EveryhowError):
        _stop(str(error), WRONG_INPUT)
    if isinstance(error, OSError):
        _stop(f"cannot write the output ({error.strerror})", WRONG_INPUT)
    traceback.print_exception(error)
    _stop(
        "internal failure: the lines above say where. Please report these lines with the command that you gave", FAILURE
    )


def _stop(message: str, code: int) -> None:
    hide_compilation()
    sys.stderr.write(f"everyhow: {standard_input.without_paths(message)}\n")
    sys.exit(code)
