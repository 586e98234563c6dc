"""The command `everyhow verify`: a stored audit against the slow, plain methods."""

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from ..common.errors import InputError, visible
from ..common.progress import showing
from .options import JsonOption, print_json

# How wide lines are, and of values that differ the most that is shown.
WIDTH, LONGEST = 80, 120
NOTHING_BINDS = "nothing binds these values to the rest, since the file is of a version without a digest:"


def verify_command(
    run: Annotated[Path, typer.Argument(help="The folder of an audit.")],
    seed: Annotated[int, typer.Option(help="Seed of the samples.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Check a stored audit by slow, plain methods, and tell what was not checked."""
    from ..verification.verify import verify

    with showing("verifying"):
        found = verify(run, seed)
    if as_json:
        checks = [vars(check) | {"agrees": check.agrees} for check in found.checks]
        print_json({"run": str(run), "agrees": found.agrees, "checks": checks, "unchecked": found.unchecked,
                    "bound": found.bound})  # fmt: skip
    else:
        for check in found.checks:
            word = "agrees" if check.agrees else "DIFFERS"
            said = "" if check.agrees else f": the file says {_short(check.stated)}, found {_short(check.found)}"
            shown = "" if isinstance(check.stated, bool | str) or not check.agrees else f" {_short(check.stated)}"
            _tell(f"{word:<8} {check.what}{shown}{said} ({check.scope})")
        _tell(str(found))
        if found.unchecked:
            _tell(
                "not checked, or only on samples; "
                + ("the digest of the document binds these values to the rest:" if found.bound else NOTHING_BINDS)
            )
        for reason, paths in _by_reason(found.unchecked).items():
            _tell(f"  {', '.join(paths)} ({reason})", "    ")
    if not found.agrees:
        wrong = next(check for check in found.checks if not check.agrees)
        raise InputError(
            f"{run / 'audit.json'}: {wrong.what} does not agree with the network stored there; the file was changed, "
            f"or there is a mistake in everyhow: audit the network again and compare"
        )


def _short(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _tell(text: str, indent: str = " " * 9) -> None:
    typer.echo(textwrap.fill(visible(text), WIDTH, subsequent_indent=indent, break_on_hyphens=False))


def _by_reason(unchecked: tuple[str, ...]) -> dict[str, list[str]]:
    """The paths of what was not checked, by the reason."""
    found: dict[str, list[str]] = {}
    for one in unchecked:
        path, _, reason = one.partition(" (")
        found.setdefault(reason.removesuffix(")"), []).append(path)
    return found
