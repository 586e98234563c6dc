"""Commands about several networks: `compare` two, and what comes and goes `over` training."""

import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..common.budget import DEFAULT_BUDGET
from ..common.errors import visible
from . import completion
from .hypotheses import WIDEST, Drawn, Read
from .leaving import FILES_READ, OVER_BUDGET
from .options import MODEL, BudgetOption, JsonOption, announce_compilation, print_json, terminal
from .standard_input import from_standard_input

if TYPE_CHECKING:
    from ..comparison.side import Asked

# The width of what is printed into a file or another program.
PIPED = 80
TaskOption = Annotated[
    str | None,
    typer.Option(
        help="What the networks were meant to compute: a gate, a formula or a truth table. If not given, each is "
        "explained by what it computes, and nothing is said of a task."
    ),
]
DepthOption = Annotated[
    int | None, typer.Option(help="Largest depth of the algorithms. If not given: the number of weight layers.")
]


@dataclass(frozen=True)
class Explaining:
    """What is asked of each network."""

    task: TaskOption = None
    depth: DepthOption = None
    budget: BudgetOption = DEFAULT_BUDGET

    def asked(self, read: Read) -> "Asked":
        """These options as the library takes them."""
        from ..common.arguments import checked_budget
        from ..comparison.side import Asked

        return Asked(self.task, read.decision, self.depth, checked_budget(self.budget))


ONE = typer.Argument(
    help="A network file, such as --network takes, or xornet.",
    autocompletion=completion.offering(completion.networks),
)


def compare_command(
    one: Annotated[str, ONE, MODEL],
    two: Annotated[
        str,
        typer.Argument(help="The other network.", autocompletion=completion.offering(completion.networks)),
        MODEL,
    ],
    read: Read,
    drawn: Drawn,
    explaining: Explaining,
    match: Annotated[
        str,
        typer.Option(
            help="Which neuron is which: best, the permutation by which they have most in common; or names, each is "
            "the one of its own name, as between checkpoints.",
            autocompletion=completion.offering(lambda: ("best", "names")),
        ),
    ] = "best",
    as_json: JsonOption = False,
) -> None:
    """Compare two networks: function, weights, algorithms and circuits, neurons matched; what shows the difference."""
    from ..common.arguments import choice
    from ..comparison.comparing import MATCHES, compare_named

    drawn.check_free()
    choice("match", match, MATCHES, "ways to match")
    asked = explaining.asked(read)
    networks = _named([one, two], read)
    announce_compilation()
    found = compare_named(networks, asked, match, progress=True)  # type: ignore[arg-type]
    _tell(found, drawn, as_json)


def over_command(
    files: Annotated[list[str], typer.Argument(help="Network files, such as everyhow train --checkpoints writes.")],
    read: Read,
    drawn: Drawn,
    explaining: Explaining,
    rung: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The rung at which explanations are followed. If not given: the strictest that any passes.",
            autocompletion=completion.offering(completion.rungs),
        ),
    ] = None,
    csv: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE",
            help="Print one table as comma-separated values and nothing else: networks, or explanations.",
            autocompletion=completion.offering(completion.courses),
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Follow networks over training: what is computed, counts, and which explanations come and go, and when."""
    from ..common.arguments import choice
    from ..comparison.course import TABLES, follow
    from ..comparison.order import in_order
    from ..mapping.findings import RUNGS
    from ..report.tables import print_csv

    drawn.check_free()
    if csv is not None:
        choice("table", csv, TABLES)
    if rung is not None:
        choice("rung", rung, RUNGS)
    asked = explaining.asked(read)
    ordered = in_order([from_standard_input("FILES", file, ".json") for file in files])
    networks = [network for _, network in _named([one.given for one in ordered.moments], read)]
    announce_compilation()
    found = follow(ordered.holding(networks), asked, rung, progress=True)
    if csv is not None:
        _draw(found, drawn)
        print_csv(found.tables()[csv].table, sys.stdout)
    else:
        _tell(found, drawn, as_json)


def _named(sources: list[str], read: Read) -> list[tuple[str, Any]]:
    """The networks of some files, each with what it is called."""
    from ..comparison.side import names_of

    found = []
    for name, source in zip(names_of(sources), sources, strict=True):
        found.append((name, read.network(source)))
    FILES_READ.pop("network", None)
    return found


def _draw(found: Any, drawn: Drawn) -> None:
    if drawn.picture is not None:
        found.picture().save(drawn.picture)


def _tell(found: Any, drawn: Drawn, as_json: bool) -> None:
    """Print what was found: a paragraph, and what stands below it; or one JSON document."""
    _draw(found, drawn)
    if as_json:
        print_json(found.document())
    else:
        console = terminal()
        # A paragraph is hard to read in lines of a whole wide screen.
        width = min(console.width, WIDEST) if console.is_terminal else PIPED
        typer.echo(textwrap.fill(visible(found.paragraph), width, break_long_words=False, break_on_hyphens=False))
        for line in found.lines[1:]:
            text = visible(line)
            within = " " * (len(text) - len(text.lstrip()) + 2)
            for part in (
                textwrap.wrap(
                    text,
                    width,
                    subsequent_indent=within,
                    drop_whitespace=True,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
                if len(text) > width
                else [text]
            ):
                typer.echo(part)
    if found.notes.refused:
        raise typer.Exit(OVER_BUDGET)
