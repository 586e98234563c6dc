"""Limits, with the numbers that the program itself holds."""

from importlib import import_module
from typing import NamedTuple

from .markup import FromMarkdown, table


class Limit(NamedTuple):
    """What is limited, the constant that limits it (module:NAME), and what more of it does. `{}` in `most` is the
    constant's number."""

    what: str
    constant: str
    beyond: str
    most: str = "{}"


REFUSED = "an error"
LEFT_OUT = "left out of an audit, which says so under `Not asked`"
LIMITS = {
    "What is asked": [
        Limit("a task, a formula, a truth table", "boolean.truth_table:MAX_INPUTS", REFUSED, "{} inputs"),
        Limit(
            "work, in candidate evaluations",
            "common.budget:DEFAULT_BUDGET",
            "an estimate with an interval where one can be drawn, else left out, with the `--budget` that it takes",
            "{}, if `--budget` says nothing else",
        ),
        Limit("interpretations of circuits", "model.reading:MOST_INPUTS", LEFT_OUT, "{} inputs"),
        Limit("readout explanations", "readout.search:MOST_POINTS", LEFT_OUT, "{} inputs"),
        Limit(
            "signals of one readout explanation",
            "readout.readouts:MOST_SIGNALS",
            "`signals=` asks for more",
            "{}, if nothing else is said",
        ),
        Limit(
            "directions of a layer in which signals are looked for over data",
            "readout.span:MOST_DIRECTIONS",
            REFUSED + ": take a narrower layer",
        ),
        Limit(
            "combinations of the values of a mechanism's parents in a causal model",
            "mapping.causal_models:MOST_COMBINATIONS",
            REFUSED,
        ),
        Limit("variables of a causal model", "mapping.causal_models:MOST_VARIABLES", REFUSED),
    ],
    "Models": [
        Limit("neurons of a layer of a network whose circuits are counted", "network.layout:MOST_NEURONS", LEFT_OUT),
        Limit("layers of a network", "network.feed_forward:MOST_LAYERS", REFUSED),
        Limit("edges of any model", "model.graph:MOST_EDGES", REFUSED + ": take its last layers"),
        Limit(
            "edges of a model of your own kind, whose circuits are run one by one", "model.model:MOST_EDGES", LEFT_OUT
        ),
        Limit(
            "edges of a transformer whose circuits are counted",
            "transformer.diagram:MOST_EDGES",
            LEFT_OUT + "; a coarser grain or a scope has fewer",
        ),
        Limit(
            "heads and MLPs of a larger transformer whose subsets are all run (`patch`)",
            "patched.torch_patching:MOST_COMPONENTS",
            REFUSED,
        ),
        Limit("classes", "given.labels:MOST_CLASSES", REFUSED),
    ],
    "Files": [
        Limit("a file of a model: `.safetensors`, `.onnx`", "importing.model_files:LARGEST_FILE", REFUSED, "{bytes}"),
        Limit("a file of a model: `.json`", "importing.model_files:LARGEST_JSON", REFUSED, "{bytes}"),
        Limit("a table of points", "given.points:LARGEST_FILE", REFUSED, "{bytes}"),
        Limit("rows of a table of points", "given.points:MOST_ROWS", REFUSED),
        Limit("an audit that is read", "auditing.run_folder:LARGEST_AUDIT", REFUSED, "{bytes}"),
        Limit("any other file: a hypothesis, a plan, a graph", "common.reading:MOST_BYTES", REFUSED, "{bytes}"),
        Limit("a page", "report.page.html:LARGEST", "the page lists less, and says how much it leaves out", "{bytes}"),
    ],
    "Sweeps": [
        Limit("points of a plan", "sweeps.plan:MOST_POINTS", REFUSED),
        Limit("networks of a plan", "sweeps.plan:MOST_NETWORKS", REFUSED),
    ],
    "What is listed": [
        Limit(
            "perfect circuits kept to be run with resampled edges",
            "circuit.findings:MOST_KEPT",
            "counted without listing where that is possible, else left out",
        ),
        Limit(
            "circuits or mappings of one network set beside those of another",
            "comparison.shared:MOST_LISTED",
            "counted, not compared one by one",
        ),
        Limit("smallest circuits that `place` lists", "circuit.standing:MOST_SMALLEST", "the first ones"),
        Limit(
            "patched runs when explanations are set against each other",
            "experiment.cross_examination:MOST_SWAPS",
            "fewer variables are moved at once, or swaps are sampled, and that is said",
        ),
    ],
}


class Limits(FromMarkdown):
    """Every limit that a user can meet, by what it limits."""

    def markdown(self) -> str:
        """A table for each group."""
        parts = (
            (f"## {title}", table(("of", "at most", "more"), [(one.what, number(one), one.beyond) for one in limits]))
            for title, limits in LIMITS.items()
        )
        return "\n\n".join(line for part in parts for line in part)


def number(limit: Limit) -> str:
    """The number that the program holds, as people write it."""
    module, _, name = limit.constant.partition(":")
    held = getattr(import_module(f"everyhow.{module}"), name)
    size = f"{held / 2**20:.3g} MiB"
    return limit.most.replace("{bytes}", size).replace("{}", f"{held:,}")
