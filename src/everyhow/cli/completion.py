"""What the shell offers when a word is begun: gates, tasks, presets, experiments, and what else has few values."""

from collections.abc import Callable, Collection


def offering(values: Callable[[], Collection[str]]) -> Callable[[str], list[str]]:
    """What completes a word: those of the values that begin so."""

    def complete(incomplete: str) -> list[str]:
        # A list joined by commas is completed at its last item.
        before, comma, begun = incomplete.rpartition(",")
        return [f"{before}{comma}{value}" for value in values() if value.startswith(begun)]

    return complete


def presets() -> Collection[str]:
    """How explanations are counted."""
    from ..auditing.fitting import PRESETS

    return PRESETS


def gates() -> Collection[str]:
    """The gates that a task can be called by."""
    from ..boolean.gates import GATES

    return tuple(GATES)


def tasks() -> Collection[str]:
    """The gates, and the families of tasks of tokens."""
    from ..model.token_families import FAMILIES

    return (*gates(), *FAMILIES)


def experiments() -> Collection[str]:
    """The experiments that sweeps know by name."""
    from ..sweeps.plan import named_plans

    return tuple(named_plans())


def activations() -> Collection[str]:
    """The activations that networks are trained with."""
    from ..training.settings import TRAINED_NAMES

    return tuple(name.partition("[")[0] for name in TRAINED_NAMES.split(", "))


def networks() -> Collection[str]:
    """Networks that have a name. The shell itself offers files."""
    return ("xornet",)


def decisions() -> Collection[str]:
    """How outputs become bits."""
    from ..model.decision import DECISIONS

    return DECISIONS


def ablations() -> Collection[str]:
    """What edges outside a circuit carry."""
    from ..model.criterion import ABLATIONS

    return ABLATIONS


def grains() -> Collection[str]:
    """What a circuit of a transformer is a set of."""
    from ..model.graph import GRAINS

    return GRAINS


def rungs() -> Collection[str]:
    """What is asked of the places of an algorithm."""
    from ..mapping.findings import RUNGS

    return RUNGS


def courses() -> Collection[str]:
    """The tables of what comes and goes over training."""
    from ..comparison.course import TABLES

    return TABLES


def formats() -> Collection[str]:
    """The forms that tables are printed in."""
    from ..report.formats import FORMATS

    return FORMATS
