"""The commands by the heading above them in help. A command is loaded, with its options, when it is called."""

from importlib import import_module
from typing import Any, NamedTuple

import typer


class Listed(NamedTuple):
    """A command in the list of all.

    Attributes:
        place: the file in this room, and the function that it is.
        says: what it does, as the function's docstring begins.
    """

    place: str
    says: str


COMMANDS = {
    "Explain a model": {
        "audit": Listed(
            "audits.audit_command",
            "Find and count every explanation of a network in four defined families, and say first whether one is "
            "unique.",
        ),
        "audit-data": Listed(
            "audits.audit_data_command",
            "Find and count what explains a network on data: circuits, signatures, readouts, and algorithms over "
            "features.",
        ),
        "count": Listed(
            "audits.count_command",
            "Count the perfect circuits of a network, and nothing else. Beyond the budget, estimate their number.",
        ),
        "patch": Listed(
            "patching.patch_command",
            "Patch every subset of some heads and MLPs of a transformer, run in PyTorch, and tell which are perfect.",
        ),
    },
    "Your own explanation": {
        "test": Listed(
            "hypotheses.test_command",
            "Put your own hypothesis to the test: which rungs it passes, where it falls, and what passes as much.",
        ),
        "decide": Listed(
            "hypotheses.decide_command",
            "Run the cheapest experiments on which two hypotheses differ, and say which of the two they refute.",
        ),
        "neuron": Listed(
            "hypotheses.neuron_command",
            "Tell everything that one neuron can be read as: over circuits, as a variable, and in codes.",
        ),
    },
    "Models": {
        "train": Listed(
            "training.train_command",
            "Train one network, or one transformer, and write it to a file; of a transformer also a file of its "
            "behavior, by which audit and count ask about it. With --seeds many are trained, each written to a file of "
            "its own. With --checkpoints what it was on the way is written as well, each in a file of its own, such as "
            "network-epoch-10.json.",
        ),
        "import": Listed(
            "importing.import_command",
            "Import a network from a file of another library, check it against that file, and write a network file.",
        ),
        "xornet": Listed(
            "runs.xornet_command", "Print what every neuron of the analytic XOR network does at the four inputs."
        ),
    },
    "Many networks": {
        "compare": Listed(
            "comparing.compare_command",
            "Compare two networks: function, weights, algorithms and circuits, neurons matched; what shows the "
            "difference.",
        ),
        "over": Listed(
            "comparing.over_command",
            "Follow networks over training: what is computed, counts, and which explanations come and go, and when.",
        ),
        "sweep": Listed(
            "sweeping.sweep_command",
            "Train and explain many networks by a plan, and tell how often one explanation is left.",
        ),
    },
    "What is in the folder of an audit or a sweep": {
        "report": Listed(
            "runs.report_command",
            "Write a run as one HTML page that opens offline: explanations to be seen, stepped through and compared.",
        ),
        "figures": Listed(
            "runs.figures_command",
            "Draw the figures of a run. Of an audit: the first of each kind, or those named. PDF needs the extra plot.",
        ),
        "tables": Listed(
            "runs.tables_command",
            "List, print or write the tables of a run. everyhow query gives the rows that fit a question.",
        ),
        "query": Listed("runs.query_command", "Answer a question in SQL about the results of a run."),
        "verify": Listed(
            "verifying.verify_command", "Check a stored audit by slow, plain methods, and tell what was not checked."
        ),
    },
    "Exchange with other tools": {
        "place": Listed(
            "exchange.place_command",
            "Tell where a circuit that another tool found stands among all circuits of its network.",
        ),
        "align": Listed(
            "exchange.align_command",
            "Find every minimal place of a causal model in a network or a transformer, by interchange of one variable "
            "at a time.",
        ),
        "export": Listed(
            "exchange.export_command",
            "Write the minimal circuits of an audit as graph JSON, and its surviving mappings as intervention dicts.",
        ),
    },
}


def loaded(name: str, kind: Any) -> Any:
    """A command with its arguments and options, as Typer makes it of its function; `kind` is its class."""
    from .options import with_groups

    (found,) = (commands[name] for commands in COMMANDS.values() if name in commands)
    file, _, function = found.place.partition(".")
    alone = typer.Typer(add_completion=False)
    alone.command(name, cls=kind)(with_groups(getattr(import_module(f".{file}", __package__), function)))
    return typer.main.get_command(alone)
