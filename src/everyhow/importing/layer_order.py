"""In which order the layers of a state dict run: the one that their shapes allow, or that their names or the file say.

A layer from m to n neurons is an edge from m to n, and an order of all layers is a walk that takes every edge once (an
Eulerian trail). So whether a begun order can be finished is seen from the degrees alone, and no search runs into a dead
end, however many layers there are.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile

from ..common.errors import InputError

# Orders shown in a question.
MOST_SHOWN = 3
# Layers shown in a message.
MOST_NAMED = 12
FIRST = {"in", "input", "inputs", "first", "encoder", "enc", "embed", "stem"}
LAST = {"out", "output", "outputs", "last", "final", "decoder", "dec", "head", "classifier", "logit", "logits"}
# Words in the names of layers that run beside others, not after them; and of collections of such layers.
BESIDE = {
    "gate", "gates", "router", "shortcut", "skip", "residual", "downsample", "q", "k", "v", "query", "key", "value",
    "mu", "mean", "var", "logvar", "sigma", "logsigma", "std", "logstd", "expert", "member", "branch", "tower", "aux",
    "teacher", "student", "online", "target", "ema", "actor", "critic", "policy",
}  # fmt: skip
COLLECTIONS = {"heads", "experts", "members", "ensemble", "branches", "towers", "critics", "students", "teachers"}

Sizes = tuple[int, int]


@dataclass(frozen=True)
class Order:
    """The layers in the order in which they run, and why it is this one, in words."""

    names: tuple[str, ...]
    reason: str


def order_of(
    layers: dict[str, Sizes], registered: bool, widths: Sequence[int] | None = None, given: Sequence[str] | None = None
) -> Order:
    """The order in which layers run.

    The one that was given, if the shapes allow it; the only one that the shapes, and the widths, allow; of several,
    that of the numbers in their names, when they differ in one number and nothing else; or that of the registration,
    when the names do not say otherwise. Else nobody knows it, and it is asked for: also where the names fall into
    groups that chain by themselves, or speak of layers that run beside others.

    Args:
        layers: incoming and outgoing neurons by name, in the order of the mapping or file.
        registered: whether that order is the one in which a module registered them, rather than a sorted one.
        widths: neurons of each hidden layer, if they are known.
        given: the names in their order, if a user gives them.

    Raises:
        InputError: the shapes make no chain, or none of these widths; several orders are possible; the given one is
            not.

    Example:
        >>> order_of({"a": (3, 1), "b": (2, 3)}, registered=False)
        Order(names=('b', 'a'), reason='the only one that the shapes allow')
    """
    possible = list(islice(orders(layers, widths), MOST_SHOWN + 1))
    if given is not None:
        return Order(_checked(given, layers, widths), "as given")
    if not possible:
        raise InputError(_no_chain(layers, widths))
    if len(possible) == 1:
        return Order(possible[0], f"the only one that the shapes {'and widths ' if widths else ''}allow")
    if _parallel(layers) or _beside(layers):
        raise InputError(_question(possible, layers, widths, registered))
    numbered, here = by_numbers(layers), tuple(layers)
    if numbered and _chains(numbered, layers, widths) and (not registered or numbered == here):
        return Order(numbered, "that of the numbers in their names")
    if registered and numbered is None and not _names_deny(here) and _chains(here, layers, widths):
        return Order(here, "that in which the module registered them")
    raise InputError(_question(possible, layers, widths, registered))


def orders(layers: dict[str, Sizes], widths: Sequence[int] | None = None) -> Iterator[tuple[str, ...]]:
    """Every order in which the layers chain, those that keep their places first.

    Example:
        >>> list(orders({"a": (2, 2), "b": (2, 2), "c": (2, 1)}))
        [('a', 'b', 'c'), ('b', 'a', 'c')]
    """
    if widths is not None and len(widths) != len(layers) - 1:
        return
    begun: list[tuple[str, ...]] = [()]
    while begun:
        names = begun.pop()
        if len(names) == len(layers):
            yield names
            continue
        used, at = set(names), layers[names[-1]][1] if names else None
        next_ones = [name for name, (takes, _) in layers.items() if name not in used and at in (None, takes)]
        fits: dict[Sizes, bool] = {}
        for name in next_ones:
            if layers[name] not in fits:
                fits[layers[name]] = _can_be_finished((*names, name), layers, widths)
        begun += [(*names, name) for name in reversed(next_ones) if fits[layers[name]]]


def by_numbers(names: Iterable[str]) -> tuple[str, ...] | None:
    """The names by the number in which they differ; None if they differ in anything else.

    What follows that number is the same in all names, or missing, as for a last layer without its activation.

    Example:
        >>> by_numbers(["net.10", "net.9"]), by_numbers(["0.0", "2", "1.0"]), by_numbers(["fc1", "fc2", "out"])
        (('net.9', 'net.10'), ('0.0', '1.0', '2'), None)
        >>> by_numbers(["0.0", "0.1", "1.0", "1.1"])
    """
    ordered = sorted(names, key=_parts)
    parts = [_parts(name) for name in ordered]
    same = next((k for k, found in enumerate(zip(*parts, strict=False)) if len(set(found)) > 1), 0)
    numbers = {one[same] if same < len(one) else "" for one in parts}
    rests = {tuple(filter(None, one[same + 1 :])) for one in parts} - {()}
    known = same % 2 and len(numbers) == len(parts) and len(rests) <= 1
    return tuple(ordered) if known or len(parts) == 1 else None


def groups_of(names: Iterable[str]) -> dict[str, list[str]]:
    """The names by the first of their parts between dots in which they differ, with what is common before it.

    Example:
        >>> groups_of(["nets.a.0", "nets.a.2", "nets.b.0"])
        {'nets.a': ['nets.a.0', 'nets.a.2'], 'nets.b': ['nets.b.0']}
    """
    parts = {name: name.split(".") for name in names}
    same = len(_common(parts.values()))
    found: dict[str, list[str]] = {}
    for name, one in parts.items():
        found.setdefault(".".join(one[: same + 1]), []).append(name)
    return found


def shown(names: Iterable[str], layers: dict[str, Sizes]) -> str:
    """Layers with their shapes, in words.

    Example:
        >>> shown(["a"], {"a": (2, 3)})
        'a (2 to 3)'
    """
    listed = list(names)
    more = f" and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
    told = (f"{name[:80] or '(no name)'} ({layers[name][0]} to {layers[name][1]})" for name in listed[:MOST_NAMED])
    return ", ".join(told) + more


def _can_be_finished(names: tuple[str, ...], layers: dict[str, Sizes], widths: Sequence[int] | None) -> bool:
    """Whether the other layers can follow those of a begun order."""
    used, at = set(names), layers[names[-1]][1]
    left = [sizes for name, sizes in layers.items() if name not in used]
    if widths is None or not left:
        return _has_trail(at, left)
    if at != widths[len(names) - 1]:
        return False
    # All that is still to come has known sizes, but for what the last layer gives.
    between, found = Counter(pairwise(widths[len(names) - 1 :])), Counter(left)
    return between <= found and [takes for takes, _ in (found - between).elements()] == [widths[-1]]


def _has_trail(at: int, left: list[Sizes]) -> bool:
    """Whether there is a walk from `at` that takes every one of these edges once."""
    balance, beside = Counter({at: 0}), {at: {at}}
    for one, other in left:
        balance[one] += 1
        balance[other] -= 1
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    unbalanced = {width: by for width, by in balance.items() if by}
    if unbalanced and (unbalanced.get(at) != 1 or sorted(unbalanced.values()) != [-1, 1]):
        return False
    reached, waiting = {at}, [at]
    while waiting:
        new = beside[waiting.pop()] - reached
        reached |= new
        waiting += new
    return len(reached) == len(beside)


def _chains(names: Sequence[str], layers: dict[str, Sizes], widths: Sequence[int] | None) -> bool:
    sizes = [layers[name] for name in names]
    fits = widths is None or [b for _, b in sizes[:-1]] == list(widths)
    return fits and all(one[1] == other[0] for one, other in pairwise(sizes))


def _checked(given: Sequence[str], layers: dict[str, Sizes], widths: Sequence[int] | None) -> tuple[str, ...]:
    if sorted(given) != sorted(layers):
        raise InputError(
            f"order is {', '.join(map(repr, given))[:200]}; it names every layer once: {shown(layers, layers)}"
        )
    for one, other in pairwise(given):
        if layers[one][1] != layers[other][0]:
            raise InputError(
                f"in the order given, {one} gives {layers[one][1]} neurons but {other} takes {layers[other][0]}; the "
                f"layers are {shown(layers, layers)}"
            )
    if not _chains(given, layers, widths):
        raise InputError(
            f"the order given has the hidden layers {tuple(layers[name][1] for name in given[:-1])}, but the widths "
            f"are {tuple(widths or ())}; give one of them"
        )
    return tuple(given)


def _parts(name: str) -> list[str | int]:
    """Texts and numbers of a name in turn, so that one place holds texts in all names or numbers in all names."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d{1,9})", name)]


def _common(parts: Iterable[Sequence[str]]) -> list[str]:
    """What all of these begin with."""
    same = list(zip(*parts, strict=False))
    return [found[0] for found in takewhile(lambda found: len(set(found)) == 1, same)]


def _series(names: Iterable[str]) -> dict[str, list[str]]:
    """The names that differ in numbers only, by what they have in common."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(re.sub(r"\d+", "#", name), []).append(name)
    return found


def _parallel(layers: dict[str, Sizes]) -> dict[str, list[str]]:
    """Groups of layers that may be networks beside one another, by the beginnings of their names; empty if there are
    none.

    Such groups chain by themselves, and several of them have several layers, or take what the first one takes.
    """
    by_parts, by_series = groups_of(layers), _series(layers)
    starts = {name: _start(group, layers) for name, group in (by_parts | by_series).items()}
    several = [name for name, group in by_parts.items() if len(group) > 1 and starts[name]]
    alike = [name for name, group in by_parts.items() if starts[name] and starts[name] & starts[next(iter(by_parts))]]
    if len(several) > 1 or (len(alike) > 1 and set(alike) & set(several)):
        return {name: group for name, group in by_parts.items() if name in several or name in alike}
    several = [name for name, group in by_series.items() if len(group) > 1 and starts[name]]
    if len(several) > 1:
        return {name: by_series[name] for name in several}
    twice = [group for group in by_series.values() if by_numbers(group) is None]
    return {name: [name] for group in twice for name in group}


def _start(names: Sequence[str], layers: dict[str, Sizes]) -> set[int]:
    """What a chain of these layers alone may take: nothing where they do not chain."""
    return {layers[one[0]][0] for one in islice(orders({name: layers[name] for name in names}), MOST_SHOWN)}


def _beside(layers: dict[str, Sizes]) -> list[str]:
    """The layers whose names, where they differ, speak of layers that run beside others."""
    parts = {name: name.split(".") for name in layers}
    common = _common(parts.values())
    if set(_words(".".join(common[-1:]))) & COLLECTIONS:
        return list(layers)
    ends = {name: ".".join(one[len(common) :]) for name, one in parts.items()}
    return [name for name, end in ends.items()
            if set(_words(end)) & (BESIDE | COLLECTIONS) or re.search(r"head_?\d", end.lower())]  # fmt: skip


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def _names_deny(names: Sequence[str]) -> bool:
    """Whether names speak of another order: of a number after a larger one, or of an output before other layers."""
    firsts, lasts = [bool(_words(name) & FIRST) for name in names], [bool(_words(name) & LAST) for name in names]
    late = any(is_first and not before for before, is_first in pairwise(firsts))
    early = any(is_last and not after for is_last, after in pairwise(lasts))
    return late or early or any(sorted(same, key=_parts) != same for same in _series(names).values())


def _no_chain(layers: dict[str, Sizes], widths: Sequence[int] | None) -> str:
    first = next(orders(layers), None) if widths is not None else None
    if first:
        found = tuple(layers[name][1] for name in first[:-1])
        return (
            f"the widths asked for are {tuple(widths or ())}, but the tensors have the hidden layers {found} "
            f"({shown(first, layers)}); give the neurons of each hidden layer, or leave widths out"
        )
    return (
        f"no order of these layers chains, each taking what the one before it gives: {shown(layers, layers)}; a "
        "network is one chain of linear layers: import the module itself with everyhow.from_torch, or leave "
        f"out the tensors of other layers{_one_of(_parallel(layers))}"
    )


def _one_of(groups: dict[str, list[str]]) -> str:
    """How one of several groups is chosen, if they have names."""
    first = next(iter(groups), "")
    if not first or "#" in first or groups[first] == [first]:
        return ""
    return f" (of a .pt file by part={first[:80]!r}, or --part; of a mapping, give what begins with {first[:80]!r})"


def _question(
    possible: Sequence[tuple[str, ...]], layers: dict[str, Sizes], widths: Sequence[int] | None, registered: bool
) -> str:
    """Asks for the order; first among those shown is what the names, or the registration, speak for."""
    groups, beside, here = _parallel(layers), _beside(layers), tuple(layers)
    likely = [here] if registered and not _names_deny(here) else []
    likely = [one for one in (*likely, tuple(sorted(layers, key=_rank))) if _chains(one, layers, widths)]
    possible = list(dict.fromkeys([*likely, *sorted(possible, key=_names_deny)]))
    told = "; or ".join(", ".join(name[:80] for name in names[:MOST_NAMED]) for names in possible[:MOST_SHOWN])
    more = "; or others" if len(possible) > MOST_SHOWN else ""
    why = ""
    if groups:
        names = ", ".join(name[:80] for name in list(groups)[:MOST_NAMED])
        why = (
            f" Their names fall into groups, {names}, which may be networks beside one another: then give the tensors "
            f"of one of them{_one_of(groups)}."
        )
    elif beside:
        names = ", ".join(name[:80] for name in beside[:MOST_NAMED])
        why = (
            f" Names such as {names} are those of layers beside others, which do not form a chain: then import the "
            "module itself with everyhow.from_torch, or give the tensors of one chain."
        )
    elif registered and _chains(here, layers, None) and _names_deny(here):
        why = f" They come as {', '.join(list(layers)[:MOST_NAMED])}, which their names contradict."
    example = ",".join(possible[0])
    return (
        f"the order of the layers is not known, and the shapes allow several: {told}{more}.{why} If they run one after "
        f'another, give their order as the module runs them, such as order="{example[:200]}" (--order on the command '
        "line), or give widths where they settle it"
    )


def _rank(name: str) -> tuple[int, list[str | int]]:
    """The place of a layer as far as its name says."""
    words = _words(name)
    return bool(words & LAST) - bool(words & FIRST), _parts(name)
