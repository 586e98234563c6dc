"""The command `everyhow verify`: a stored audit against the slow, plain methods."""

from pathlib import Path
from typing import Annotated

import typer

from .cli_options import JsonOption, print_json
from .errors import InputError


def verify_command(
    run: Annotated[Path, typer.Argument(help="The folder of an audit.")],
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Check a stored audit by slow, plain methods, and tell what was not checked."""
    from .verification.verify import verify

    found = verify(run, seed)
    if as_json:
        checks = [vars(check) | {"agrees": check.agrees} for check in found.checks]
        print_json({"run": str(run), "agrees": found.agrees, "checks": checks, "unchecked": found.unchecked})
    else:
        for check in found.checks:
            word = "agrees" if check.agrees else "DIFFERS"
            said = "" if check.agrees else f": the file says {_short(check.stated)}, found {_short(check.found)}"
            shown = "" if isinstance(check.stated, bool | str) or not check.agrees else f" {_short(check.stated)}"
            typer.echo(f"{word:<8} {check.what}{shown}{said} ({check.scope})")
        typer.echo(f"{found}; not checked: {', '.join(found.unchecked)}")
    if not found.agrees:
        wrong = next(check for check in found.checks if not check.agrees)
        raise InputError(
            f"{run / 'audit.json'}: {wrong.what} does not agree with the network stored there; the file was changed, "
            f"or there is a mistake in everyhow: audit the network again and compare"
        )


def _short(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
