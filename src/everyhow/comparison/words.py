"""Every sentence in which two networks are set beside each other."""

from collections.abc import Iterator, Sequence
from typing import Any

from ..common.budget import Refusal
from ..common.shares import percentage
from ..common.spoken import input_named, joined
from ..experiment.words import values_of
from ..hypotheses.phrases import count_of
from .experiments import Fallen, FallenCircuit, Shown
from .shared import Shared
from .weights import factors_of

FIRST, SECOND = "the first", "the second"
OWNERS = (FIRST, SECOND)
# Of neurons, inputs, edges or reasons so many are named.
MOST_NAMED = 6
# The width of the names in the table.
NAMES = 34
KINDS = {
    "perfect": "perfect", "resample_faithful": "resample-faithful", "minimal": "minimal",
    "resample_faithful_minimal": "minimal resample-faithful",
    "resample_faithful_fewest_edges": "smallest resample-faithful",
}  # fmt: skip


def comparison_paragraph(found: Any) -> str:
    """The answer, on one line: function, weights, which neuron is which, circuits, algorithms, the cheapest experiment
    that tells the two apart, and what was left out."""
    return " ".join(_sentences(found))


def comparison_lines(found: Any) -> Iterator[str]:
    """The two networks, what they have in common as a table, and what shows that something is not."""
    width = max(len(side.name) for side in found.sides)
    yield ""
    for title, side in zip(("First", "Second"), found.sides, strict=True):
        yield f"{title:<6}  {side.name:<{width}}  {side.network.in_short}"
    yield ""
    yield f"{'':<{NAMES}}{'both':>11}{'only first':>13}{'only second':>14}"
    if found.circuits:
        yield "circuits, by the matching of neurons"
        yield from map(_row, found.circuits)
    for output in found.outputs:
        of = f"{output.name}: " if output.name else ""
        if output.algorithms:
            yield f"{of}algorithms, wherever they sit"
            yield from map(_row, output.algorithms)
        if output.mappings:
            yield f"{of}algorithms in matched neurons"
            yield from map(_row, output.mappings)
    shown = [one for output in found.outputs for each in output.fallen for one in _fallen(each, found, output.name)]
    shown += [one for each in found.fallen_circuits for one in _fallen_circuit(each)]
    if shown:
        yield ""
        yield "What only one of them has, the strictest first"
        yield from (f"  {one}" for one in shown)


def _row(shared: Shared[Any]) -> str:
    name = KINDS.get(shared.name, shared.name)
    cells = ["?" if number is None else f"{number:,}" for number in (shared.both, *shared.only)]
    return f"{'  ' + name:<{NAMES}}{cells[0]:>11}{cells[1]:>13}{cells[2]:>14}"


def _sentences(found: Any) -> Iterator[str]:
    yield from _function(found)
    yield _weights(found)
    if found.matching is not None:
        yield _matched(found)
        yield from _circuits(found)
    else:
        numbers = [f"{side.circuits.number} of {side.circuits.in_space:,}" for side in found.sides]
        yield f"Of their circuits {numbers[0]} are perfect in the first, and {numbers[1]} in the second."
    for output in found.outputs:
        yield from _output(output, found)
    yield from left_out(found.notes)


def _function(found: Any) -> Iterator[str]:
    one, other = found.sides
    if one.by_data:
        yield from _by_data(found)
        return
    if found.same_function:
        task = f", the task{'s' * (len(one.parts) > 1)}" if one.computes_task else ""
        yield f"Both networks compute {joined(functions(one))}{task}."
        if one.computes_task is False:
            yield from _off_task(one, "Both")
        return
    for k, rows in enumerate(found.differs_at):
        of = f"Output {found.outputs[k].name}: t" if found.outputs[k].name else "T"
        if rows:
            both = f"{of}he first network computes {functions(one)[k]} and the second {functions(other)[k]}"
            yield f"{both}: they differ at {some(rows, ' ')}."
        else:
            yield f"{of}he networks both compute {functions(one)[k]}."
    yield "What follows explains of each what it computes itself."
    for side, name in ((one, "The first"), (other, "The second")):
        if side.computes_task:
            yield f"{name} computes the task."
        elif side.computes_task is False:
            yield from _off_task(side, name)


def _off_task(side: Any, who: str) -> Iterator[str]:
    for k, rows in enumerate(side.differs_from_task_at):
        if rows:
            verb = "differ" if who == "Both" else "differs"
            yield f"{who} {verb} from the task {side.task.names[k]} at {some(rows, ' ')}."


def functions(side: Any) -> list[str]:
    """The function of each output, in words."""
    return [name if not set(name) <= {"0", "1"} else f"the truth table {name}" for name in side.computes]


def _by_data(found: Any) -> Iterator[str]:
    rows = sorted({row for rows in found.differs_at for row in rows}, key=lambda name: (len(name), name))
    number = count_of(len(found.sides[0].behavior.points), "input")
    if rows:
        yield f"The networks decide otherwise at {len(rows):,} of {number}: {some(rows, ', ')}."
    else:
        yield f"Both networks decide alike at all {number}."


def some(names: Sequence[str], between: str) -> str:
    """Names in a row, of many the first."""
    more = len(names) - MOST_NAMED
    return between.join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _weights(found: Any) -> str:
    one, other = found.sides
    like = found.likeness
    if one.network.widths != other.network.widths:
        return (
            f"Their widths differ, {one.shape} and {other.shape}, so that their neurons are not matched, and only "
            f"formulas are set beside each other."
        )
    if like is None:
        return f"They have the same widths, {one.shape}, and are not one network, {_whatever(one.network.activations)}."
    if like.how == "not settled":
        return (
            f"They have the same widths, {one.shape}; whether they are one network in another order is not settled: "
            f"too many neurons are alike."
        )
    if like.how != "same":
        less, more = (SECOND, FIRST) if like.how == "pruned" else (FIRST, SECOND)
        graph = found.sides[0 if like.how == "pruned" else 1].network.graph
        lost = some([graph.name(edge) for edge in like.lost], ", ")
        return f"{less.capitalize()} is {more} less {count_of(len(like.lost), 'weight')}: {lost}."
    if not found.likeness.scales and like.matching.moves_none:
        return f"They are one network: their weights agree{_exactly(like.difference)}."
    how = [] if like.matching.moves_none else ["its neurons in another order"]
    how += [f"neurons multiplied by {joined(_factors(one.network.activations[:-1]), 'or')}"] if like.scales else []
    return f"They are one network: the second is the first with {joined(how)}{_exactly(like.difference)}."


def _exactly(difference: float) -> str:
    return ", to the last bit" if not difference else f"; no two weights differ by more than {difference:.0e} of them"


def _factors(names: Sequence[str]) -> list[str]:
    """By what neurons may be multiplied, in words."""
    said = {"positive": "positive factors", "sign": "-1", "any": "factors"}
    return list(dict.fromkeys(said[factor] for name in names if (factor := factors_of(name)) != "none"))


def _whatever(names: Sequence[str]) -> str:
    factors = _factors(names[:-1])
    by = f", and multiplied by whatever {joined(factors, 'or')}" if factors else ""
    return f"in whatever order the neurons of a layer are taken{by}"


def _matched(found: Any) -> str:
    one, other = (side.network.graph for side in found.sides)
    moved = found.matching.moved(one, other)
    pairs = [f"{name} of the first is {there} of the second" for name, there in moved]
    order = "every neuron is the one of its own name" if not moved else _pairs(pairs)
    if found.asked_to_match == "names":
        return "Neurons are matched by their names, as asked."
    best = found.best
    if best is None:
        return f"Neurons are matched by these weights: {order}."
    if best.permutations == 1:
        return "Each hidden layer has one neuron, so that there is nothing to choose."
    what = f"{KINDS.get(_decisive(found), _decisive(found))} {'circuits' if _decisive(found) in KINDS else 'mappings'}"
    if not best.shared:
        return "Nothing is listed by which neurons could be matched: they are taken by their names."
    among = (
        f"the best of all {best.permutations:,} permutations"
        if best.complete
        else f"the best permutation found of {best.permutations:,}: the search ended before all were ruled out, and "
        f"another has at most {best.most:,} in common"
    )
    return f"Neurons are matched so that the networks have the most {what} in common, {among}: {order}."


def _pairs(pairs: Sequence[str]) -> str:
    first, *others = pairs
    short = [pair.replace(" of the first", "").replace(" of the second", "") for pair in others]
    more = len(short) - MOST_NAMED
    return ", ".join([first, *short[:MOST_NAMED]]) + (f" and {more} more" if more > 0 else "")


def _decisive(found: Any) -> str:
    """The kind of explanations that decided the matching."""
    listed = [one.name for one in found.circuits if one.both is not None]
    return listed[0] if listed else next((one.name for output in found.outputs for one in output.mappings), "")


def _circuits(found: Any) -> Iterator[str]:
    known = [one for one in found.circuits if one.both is not None]
    if not known:
        return
    first, *others = known
    yield f"{_in_common(first, 'circuit')}."
    strict = next((one for one in reversed(others) if any(one.numbers)), None)
    if strict is not None:
        yield f"Of {KINDS[strict.name]} ones, {_split(strict)}."
    best = found.best
    if best is not None and not found.matching.moves_none and best.by_names:
        yield f"By the names of neurons they would have {best.by_names[0]:,} {KINDS[first.name]} circuits in common."


def _in_common(shared: Shared[Any], noun: str) -> str:
    if shared.alike:
        return f"All {shared.both:,} {KINDS[shared.name]} {noun}s of each are the other's"
    return f"They have {count_of(shared.both or 0, f'{KINDS[shared.name]} {noun}')} in common; {_only(shared)}"


def _only(shared: Shared[Any]) -> str:
    first, second = shared.only
    return f"{first or 0:,} only the first has, {second or 0:,} only the second"


def _split(shared: Shared[Any]) -> str:
    if shared.alike:
        return f"the {shared.both:,} of each {'are' if shared.both != 1 else 'is'} the other's"
    return f"{shared.both or 0:,} in common, {_only(shared)}"


def _output(output: Any, found: Any) -> Iterator[str]:
    of = f"{output.name}: " if output.name else ""
    for sentence in _of_output(output, found):
        yield f"{of}{sentence}"


def _of_output(output: Any, found: Any) -> Iterator[str]:
    strict = next((one for one in reversed(output.algorithms) if any(one.numbers)), None)
    if strict is not None:
        yield _algorithms(strict)
    placed = next((one for one in reversed(output.mappings) if any(one.numbers)), None)
    if placed is not None and strict is not None and strict.both:
        if placed.alike and placed.both == 1:
            yield "In both it sits in matched neurons."
        else:
            yield f"In matched neurons, {_split(placed)}."
    swaps = output.interchanges
    if swaps is not None:
        if swaps.alike == swaps.number:
            yield (
                f"All {swaps.number:,} interchanges of groups of neurons come out alike in both: no experiment of this "
                f"kind tells them apart."
            )
        else:
            yield (
                f"Of {swaps.number:,} interchanges of groups of neurons {swaps.alike:,} "
                f"({percentage(swaps.alike / swaps.number)}) come out alike in both."
            )
    if output.whole is not None:
        yield f"{_shown(output.whole)}"
    elif swaps is not None and swaps.first is not None:
        yield f"The cheapest that does not: {_begun(_shown(swaps.first))}"


def _begun(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _algorithms(shared: Shared[Any]) -> str:
    named = some([str(one) for one in shared.in_both], ", ")
    rung = f"pass{'' if (shared.both or 0) != 1 else 'es'} {shared.name}"
    if shared.both:
        what = f"{count_of(shared.both, 'algorithm')} {rung} in both ({named})"
    else:
        what = f"No algorithm passes {shared.name} in both"
    return f"{what}{'' if shared.alike else '; ' + _only(shared)}."


def _shown(shown: Shown) -> str:
    """One experiment in both networks, and what each says."""
    one, other = shown.patches
    first, second = shown.decided
    said = f"the first says {first:d}, the second {second:d}."
    predicted = "" if shown.predicted is None else f"the algorithm says {shown.predicted:d}, "
    if not one:
        return f"On {input_named(shown.base)}, nothing being changed, {said}"
    moves = _patch(one)
    if [taken.what for taken in one] != [taken.what for taken in other]:
        moves += f" (in the second, {joined([joined(taken.what) for taken in other])})"
    if shown.left is None:
        return f"On {input_named(shown.base)}, give {moves}: {predicted}{said}"
    (mine, at), (theirs, _) = shown.left
    kept = mine if mine == theirs else f"{mine} (in the second, {theirs})"
    held = f"Keep what {kept} then holds, and put it in on {input_named(shown.base)}"
    return f"On {input_named(at)}, give {moves}. {held}: {predicted}{said}"


def _patch(patch: Sequence[Any]) -> str:
    return joined([values_of(taken.what, input_named(taken.source)) for taken in patch])


def _fallen(one: Fallen, found: Any, output: str) -> Iterator[str]:
    own, other = OWNERS[one.owner], OWNERS[1 - one.owner]
    graphs = [side.network.graph for side in found.sides]
    places = one.mapping.named(graphs[one.owner])
    of = f"{output}: " if output else ""
    yield f"{of}Only {own} has {one.mapping.title}, with {places}. It passes {one.rung} there."
    if one.fell is None:
        return
    there = one.elsewhere.named(graphs[1 - one.owner])
    at = "" if there == places else f", with {there},"
    yield f"  In {other}{at} it falls at {one.fell}: {one.reason}."
    if one.shown is not None:
        yield f"  {_shown(one.shown)}"


def _fallen_circuit(one: FallenCircuit) -> Iterator[str]:
    own, other = OWNERS[one.owner], OWNERS[1 - one.owner]
    neurons = [one.circuit.graph.name(node) for node in one.circuit.neurons]
    through = f" through {joined(neurons[:MOST_NAMED])}" if neurons else ""
    through += " and others" if len(neurons) > MOST_NAMED else ""
    size = f"{len(one.circuit)} edge{'s' * (len(one.circuit) != 1)}{through}"
    least = "" if KINDS[one.kind].startswith("smallest") else "smallest "
    yield f"Only {own} has this {KINDS[one.kind]} circuit{', the ' + least.strip() + ' one' if least else ''}: {size}."
    if one.missing:
        yield f"  {other.capitalize()} lacks {some(one.missing, ', ')}."
    elif one.fault is None:
        how = "resample-faithful" if one.kind.startswith("resample") else "perfect"
        yield f"  In {other} its edges are {how}, too, and fewer are enough."
    elif (run := one.fault.experiment) is None:
        yield f"  In {other} its edges are not: {one.fault.text}."
    else:
        how = (
            "run alone"
            if not run.sources
            else f"the other edges carrying what they carry on {input_named(run.sources[0][1])}"
        )
        says = f"its edges say {run.decided:d}, the whole network {run.predicted:d}"
        yield f"  In {other}, {how}, on {input_named(run.base)} {says}."


def left_out(notes: Any) -> Iterator[str]:
    """What was estimated or left out, with the options that would settle it."""
    if not notes.all:
        yield "Nothing was estimated or left out."
        return
    reasons = [f"{one} ({one.advice})" if isinstance(one, Refusal) and one.advice else str(one) for one in notes.all]
    yield f"Estimated or left out: {some(reasons, '; ')}."
