"""What experiments are called: every sentence that an experiment, a family of them or a dispute is told by."""

from collections.abc import Sequence


def on_point(point: Sequence[float]) -> str:
    """A run on a point that has no name."""
    return f"on the input ({', '.join(f'{value:g}' for value in point)})"


def on_input(name: str) -> str:
    """A run on an input of the data."""
    return f"on {name}"


def with_edge(base: str, edge: str, source: str) -> str:
    """A run in which one edge carries what it carries at a source."""
    return f"at {base}, with the edge {edge} as at {source}"


def with_swaps(base: str, owner: str, sources: Sequence[tuple[str, str]]) -> str:
    """A run in which variables of an explanation, the first or the second, take their values from sources."""
    taken = " and ".join(f"{variable} as at {source}" for variable, source in sources)
    return f"at {base}, with the {owner}'s {taken}" if taken else f"at {base}, nothing being changed"


def swap_family(most_moved: int | None, tried: int, of: int, seed: int | None) -> str:
    """The interchanges of two explanations: all of them, or where there is a seed so many of so many."""
    most = "" if most_moved is None else f", at most {most_moved} moved at once"
    if seed is None:
        return f"all interchanges of either explanation's variables, every base with every source of each{most}"
    return f"{tried:,} of the {of:,} interchanges of either explanation's variables, drawn by seed {seed}{most}"


def grid_family(step: float, reach: float) -> str:
    """Trials around the corners of a truth table."""
    return (
        f"inputs on a grid of step {step:g} within {reach:g} of the truth table's corners, and single edges resampled "
        f"at every base from every source"
    )


def data_family(inputs: tuple[int, int], pairs: tuple[int, int], seed: int) -> str:
    """Trials by data: of inputs, and of pairs of a base and a source, how many are tried of how many."""
    (tried, number), (chosen, every) = inputs, pairs
    points = f"the {number:,}" if tried == number else f"{tried:,} of the {number:,}"
    where = "every base from every source"
    if chosen < every:
        where = f"{chosen:,} of the {every:,} pairs of a base and a source"
    drawn = f", drawn by seed {seed}" if tried < number or chosen < every else ""
    return f"{points} inputs of the data, and single edges resampled at {where}{drawn}"


def undecided(family: str) -> str:
    """Two explanations agree on a whole family of experiments."""
    return f"no experiment decides among {family}"


def decided(text: str, predicted: tuple[bool, bool], outcome: bool) -> str:
    """What two explanations predict of an experiment, what the network decides, and which of the two is wrong."""
    wrong = "first" if predicted[0] != outcome else "second"
    said = f"the first predicts {predicted[0]:d}, the second {predicted[1]:d}"
    return f"{text}: {said}, the network decides {outcome:d}; the {wrong} is wrong"
