"""Commands about hypotheses of one's own: `test` one, `decide` between two, and what one `neuron` can be read as."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ..common.arguments import checked_budget
from ..common.budget import DEFAULT_BUDGET
from ..common.errors import visible
from .leaving import FILES_READ, OVER_BUDGET
from .options import (
    InputsOption,
    JsonOption,
    NetworkOption,
    ThresholdOption,
    announce_compilation,
    coding,
    print_json,
    stored_network,
    terminal,
)
from .writing import ForceOption, check_free

# Longer lines are hard to read.
WIDEST = 120
TaskOption = Annotated[
    str | None,
    typer.Option(
        help="What the network was meant to compute: a gate, a formula or a truth table; of a transformer also a task "
        "of tokens, such as FIRST_EQUALS_LAST, or a behavior (.json). If not given: what the hypothesis says, or else "
        "what a network computes."
    ),
]
FullOption = Annotated[
    bool, typer.Option("--full", help="Print everything: all that passes as much, every reading, the runs in Python.")
]
BudgetOption = Annotated[float, typer.Option(help="How many candidate evaluations are allowed.")]
HypothesisArgument = Annotated[Path, typer.Argument(help="A hypothesis (.toml): a formula or a model, and places.")]


@dataclass(frozen=True)
class Read:
    """How the numbers of a network stand for bits."""

    threshold: ThresholdOption = None
    inputs: InputsOption = None
    decision: Annotated[
        str | None, typer.Option(help="argmax: two outputs that stand for two classes are folded into one.")
    ] = None

    def network(self, source: str) -> Any:
        """The network of a file, read so."""
        return stored_network(source).read(self.threshold, coding(self.inputs, "inputs"))


@dataclass(frozen=True)
class Wanted(Read):
    """What is wanted of a network, and how its numbers stand for bits."""

    task: TaskOption = None
    stream: Annotated[
        int | None,
        typer.Option(
            metavar="POSITION", help="Of a transformer, ask of its residual stream there (-1: the last position)."
        ),
    ] = None

    def network(self, source: str) -> Any:
        """The network of a file, read so; of a transformer its stream where that is asked about."""
        whole = super().network(source)
        return whole if self.stream is None else whole.stream(self.stream)


@dataclass(frozen=True)
class Drawn:
    """Where what is told is drawn."""

    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Picture to write, as .svg or .pdf: what is told, drawn.")
    ] = None
    force: ForceOption = False

    def check_free(self) -> None:
        """See that no file would be replaced unasked."""
        check_free([self.picture], self.force, "--picture")


@dataclass(frozen=True)
class Shown(Drawn):
    """How much is told, and where it is drawn."""

    full: FullOption = False


def test_command(
    hypothesis: HypothesisArgument,
    network: NetworkOption,
    read: Wanted,
    shown: Shown,
    depth: Annotated[
        int | None, typer.Option(help="Largest depth of the formulas that rivals are looked for in.")
    ] = None,
    budget: BudgetOption = DEFAULT_BUDGET,
    as_json: JsonOption = False,
) -> None:
    """Put your own hypothesis to the test: which rungs it passes, where it falls, and what passes as much."""
    from ..hypotheses.files import read_hypothesis
    from ..hypotheses.testing import test

    shown.check_free()
    most = checked_budget(budget)
    stated = read_hypothesis(hypothesis)
    whole = read.network(network)
    FILES_READ["hypothesis"] = str(hypothesis)
    found = test(whole, stated, read.task, decision=read.decision, depth=depth, budget=most, progress=True)
    tell(found, shown, as_json)
    if found.notes.refused:
        raise typer.Exit(OVER_BUDGET)


def decide_command(
    first: HypothesisArgument,
    second: Annotated[Path, typer.Argument(help="The other hypothesis (.toml).")],
    network: NetworkOption,
    read: Wanted,
    shown: Shown,
    budget: BudgetOption = DEFAULT_BUDGET,
    as_json: JsonOption = False,
) -> None:
    """Run the cheapest experiments on which two hypotheses differ, and say which of the two they refute."""
    from ..hypotheses.deciding import decide
    from ..hypotheses.files import read_hypothesis

    shown.check_free()
    pair = read_hypothesis(first), read_hypothesis(second)
    whole = read.network(network)
    FILES_READ.update({"first": str(first), "second": str(second)})
    found = decide(whole, *pair, read.task, decision=read.decision, budget=checked_budget(budget))
    tell(found, shown, as_json)


def neuron_command(
    name: Annotated[str, typer.Argument(help="A hidden neuron, such as h1.2, or a head or MLP, such as a0.h1.")],
    network: NetworkOption,
    read: Wanted,
    shown: Shown,
    read_as: Annotated[
        str | None,
        typer.Option("--is", help="A function, such as 'AND(A,B)': is it a reading of the neuron, and the only one?"),
    ] = None,
    depth: Annotated[int | None, typer.Option(help="Largest depth of the formulas.")] = None,
    budget: BudgetOption = DEFAULT_BUDGET,
    as_json: JsonOption = False,
) -> None:
    """Tell everything that one neuron can be read as: over circuits, as a variable, and in codes."""
    from ..hypotheses.neuron import neuron

    shown.check_free()
    most = checked_budget(budget)
    whole = read.network(network)
    announce_compilation()
    found = neuron(
        whole, name, read.task, read_as=read_as, decision=read.decision, depth=depth, budget=most, progress=True
    )
    tell(found, shown, as_json)
    if found.notes.refused:
        raise typer.Exit(OVER_BUDGET)


def tell(found: Any, shown: Shown, as_json: bool) -> None:
    """Print what was found, as sentences or as one JSON document, after its picture is written where one is asked."""
    if shown.picture is not None:
        found.picture().save(shown.picture)
    if as_json:
        print_json(found.document())
    else:
        print_lines(found.full if shown.full else found.lines)


def print_lines(lines: Iterable[str]) -> None:
    """Sentences, each beginning a line of its own; in a terminal, lines end between words, and go on indented."""
    console = terminal()
    for line in lines:
        text = visible(line)
        if console.is_terminal:
            within = " " * (len(text) - len(text.lstrip()) + 2)
            text = textwrap.fill(
                text, min(console.width, WIDEST), subsequent_indent=within, drop_whitespace=True, break_on_hyphens=False
            )
        typer.echo(text)
