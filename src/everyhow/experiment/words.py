"""What experiments are called: every sentence that an experiment, a family of them or a dispute is told by."""

from collections.abc import Iterable, Sequence

from ..common.spoken import input_named, joined

# Two explanations of which neither says anything of what the other moves.
COMPATIBLE = "no experiment decides: neither says anything of what the other's interchanges change"


def on_point(point: Sequence[float]) -> str:
    """A run on a point that has no name."""
    return f"on the input ({', '.join(f'{value:g}' for value in point)})"


def on_input(name: str) -> str:
    """A run on an input of the data."""
    return f"on {name}"


def with_edge(base: str, edge: str, source: str) -> str:
    """A run in which one edge carries what it carries at a source."""
    return f"at {base}, with the edge {edge} as at {source}"


def values_of(what: Sequence[str], source: str) -> str:
    """What takes its value from where."""
    return f"{joined(what)} {'its value' if len(what) == 1 else 'their values'} from {source}"


def with_values(base: str, taken: Iterable[tuple[Sequence[str], str]]) -> str:
    """A run in which parts of a model take their values from other inputs.

    Example:
        >>> with_values("11", [(("h1.2",), "00"), (("h1.0", "h1.1"), "01")])
        'on input 11, give h1.2 its value from input 00 and h1.0 and h1.1 their values from input 01'
    """
    moves = joined([values_of(what, input_named(source)) for what, source in taken])
    return f"on {input_named(base)}, give {moves}" if moves else f"on {input_named(base)}, change nothing"


def whose(variables: Sequence[str], owner: str) -> str:
    """The variables that are moved in a run, and the explanation that has them."""
    return f" ({joined(variables)} of {owner})" if variables else ""


def said(names: Sequence[str], predicted: tuple[bool, bool], kind: str, outcome: bool) -> str:
    """What two explanations say of a run, and what the model decides."""
    return f"{names[0]} says {predicted[0]:d}, {names[1]} {predicted[1]:d}, the {kind} {outcome:d}"


def read_as_nearest(name: str) -> str:
    """That an explanation reads a state that no input produces."""
    return f"No input produces the state that {name} reads there; it is read as the nearest that one produces"


def swap_family(most_moved: int | None, tried: int, of: int, seed: int | None) -> str:
    """The interchanges of two explanations: all of them, or where there is a seed so many of so many."""
    most = "" if most_moved is None else f", at most {most_moved} moved at once"
    both = "that move a part of the other's variables, too"
    if seed is None:
        return f"all interchanges of either explanation's variables {both}, every base with every source of each{most}"
    tried_of = f"{tried:,} of the {of:,} interchanges of either explanation's variables"
    return f"those {both}, among {tried_of}, drawn by seed {seed}{most}"


def grid_family(step: float, reach: float) -> str:
    """Trials around the corners of a truth table."""
    return (
        f"inputs on a grid of step {step:g} within {reach:g} of the truth table's corners, and single edges resampled "
        f"at every base from every source"
    )


def data_family(inputs: tuple[int, int], pairs: tuple[int, int], seed: int) -> str:
    """Trials by data: of inputs, and of pairs of a base and a source, how many are tried of how many."""
    return f"{_so_many(*inputs)} inputs of the data, {_resampled(pairs)}{_drawn(seed, inputs, pairs)}"


def sequence_family(rows: tuple[int, int], others: tuple[int, int], pairs: tuple[int, int], seed: int) -> str:
    """Trials by rows of tokens: of rows, of other sequences, and of pairs of a base and a source, how many are tried of
    how many."""
    more = f", {_so_many(*others)} other sequences of their tokens" if others[1] else ""
    return f"{_so_many(*rows)} rows{more}, {_resampled(pairs)}{_drawn(seed, rows, others, pairs)}"


def _so_many(tried: int, number: int) -> str:
    return f"the {number:,}" if tried == number else f"{tried:,} of the {number:,}"


def _resampled(pairs: tuple[int, int]) -> str:
    """At how many pairs of a base and a source each edge is resampled, of how many."""
    all_of_them = pairs[0] >= pairs[1]
    where = "every base from every source" if all_of_them else f"{_so_many(*pairs)} pairs of a base and a source"
    return f"and single edges resampled at {where}"


def _drawn(seed: int, *parts: tuple[int, int]) -> str:
    """The seed, where of some part fewer are tried than there are."""
    return f", drawn by seed {seed}" if any(tried < number for tried, number in parts) else ""


def undecided(family: str) -> str:
    """Two explanations agree on a whole family of experiments."""
    return f"no experiment decides among {family}"
