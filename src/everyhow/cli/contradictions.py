"""Options that do not go together: each pair is refused with the reason, since one of the two would be ignored."""

from collections.abc import Collection
from typing import NamedTuple

from ..common.errors import InputError


class Rule(NamedTuple):
    """Options of one command that have no meaning beside another option, or without it.

    Attributes:
        option: by its name in Python.
        others: those that have no meaning beside it; or, where `needed`, without it.
        why: what the error says.
        needed: whether the others ask for the option instead of excluding it.
    """

    option: str
    others: tuple[str, ...]
    why: str
    needed: bool = False


LISTS = "--list only lists the experiments"
TWO_QUESTIONS = "one class against the rest, and some classes among themselves, are two questions"
RULES: dict[str, tuple[Rule, ...]] = {
    "audit": (
        Rule("network", ("widths", "seed"), "--network names a network that is there, and the other is of one that is "
                                            "trained first"),
    ),
    "audit-data": (
        Rule("one_class", ("classes",), TWO_QUESTIONS),
    ),
    "train": (
        Rule("loss_target_per_output", ("loss_target",), "the first replaces the second"),
        Rule("seeds", ("seed",), "the first names all seeds, the second one"),
    ),
    "import": (
        Rule("data", ("header",), "it says how the file of inputs begins", needed=True),
    ),
    "sweep": (
        Rule("format", ("json",), "they are two ways to print"),
        Rule("list", ("plan", "out", "seeds", "dry_run", "probe", "workers", "scheduler", "wait", "resume"), LISTS),
        Rule("dry_run", ("out", "scheduler", "wait", "resume"), "--dry-run computes nothing"),
        Rule("dry_run", ("probe",), "networks are tried out for a forecast only", needed=True),
        Rule("scheduler", ("workers",), "the workers are those of the scheduler"),
        Rule("scheduler", ("wait",), "it is how long a scheduler may be without workers", needed=True),
        Rule("plan", ("out", "seeds", "dry_run", "workers", "resume"), "there is nothing to run", needed=True),
    ),
    "figures": (
        Rule("list", ("names", "out", "format", "force"), "--list writes nothing"),
    ),
    "tables": (
        Rule("out", ("force",), "nothing is written", needed=True),
    ),
    "test": (
        Rule("picture", ("force",), "nothing is written", needed=True),
        Rule("json", ("full",), "the document has everything"),
    ),
    "decide": (
        Rule("picture", ("force",), "nothing is written", needed=True),
        Rule("json", ("full",), "the document has everything"),
    ),
    "neuron": (
        Rule("picture", ("force",), "nothing is written", needed=True),
        Rule("json", ("full",), "the document has everything"),
    ),
    "compare": (
        Rule("picture", ("force",), "nothing is written", needed=True),
    ),
    "over": (
        Rule("picture", ("force",), "nothing is written", needed=True),
        Rule("csv", ("json",), "they are two ways to print"),
    ),
    "query": (
        Rule("csv", ("json",), "they are two ways to print"),
        Rule("format", ("csv", "json"), "they are two ways to print"),
    ),
    "place": (
        Rule("top", ("threshold",), "they are two ways to choose edges by score"),
        Rule("circuit", ("top", "threshold"), "a circuit of a log has no scores"),
        Rule("one_class", ("classes",), TWO_QUESTIONS),
    ),
}  # fmt: skip


def check_together(command: str, given: Collection[str], shown: dict[str, str]) -> None:
    """See that the options given to a command go together.

    Args:
        command: by name.
        given: the options and arguments that were given, by their names in `shown`.
        shown: how a person writes each.

    Raises:
        InputError: two that do not, or one that has no meaning without another.
    """
    for rule in RULES.get(command, ()):
        others = [name for name in rule.others if name in given]
        if others and rule.needed and rule.option not in given:
            raise InputError(
                f"{shown[others[0]]} is given without {shown[rule.option]}: {rule.why}; give {shown[rule.option]}, or "
                f"leave {shown[others[0]]} out"
            )
        if others and not rule.needed and rule.option in given:
            raise InputError(
                f"{shown[rule.option]} and {shown[others[0]]} do not go together: {rule.why}; leave one of them out"
            )


def check_unused(beside: str, options: dict[str, object]) -> None:
    """See that no option was given that something else says already.

    Args:
        beside: what says it, as a person calls it.
        options: those that would be ignored, by how a person writes them, each with its value: None where not given.

    Raises:
        InputError: the first that was given.
    """
    for name, value in options.items():
        if value is not None:
            raise InputError(f"{name} has no meaning beside {beside}; leave it out")
