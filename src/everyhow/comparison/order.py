"""The order of several networks: by the epochs that their files say, or as they are given."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from ..common.arguments import is_whole, listed, quoted
from ..common.errors import InputError
from .side import names_of

# As `everyhow train --checkpoints` names files: network-epoch-10.json, and network.json where training ended.
EPOCH = re.compile(r"(?P<training>.+)-epoch-(?P<epoch>[0-9]{1,9})$")
END = "end"
RULE = "the paths of network files, networks, or networks by epoch, such as {0: first, 10: second}"


@dataclass(frozen=True)
class Moment:
    """One network among several that follow one another.

    Attributes:
        label: what it is called in tables: its epoch, `end`, or its file.
        epoch: after which it was kept; None where nobody says so.
        given: what somebody gave for it.
        file: the name of its file; None where it is not a file.
    """

    label: str
    epoch: int | None
    given: Any
    file: str | None = None


@dataclass(frozen=True)
class Ordered:
    """Networks in their order.

    Attributes:
        moments: each of them.
        by_epoch: whether epochs gave the order; otherwise it is the order in which they were given.
    """

    moments: tuple[Moment, ...]
    by_epoch: bool

    def holding(self, networks: Sequence[Any]) -> "Ordered":
        """The same moments with what was read of them."""
        pairs = zip(self.moments, networks, strict=True)
        return replace(self, moments=tuple(replace(moment, given=network) for moment, network in pairs))


def in_order(given: Any) -> Ordered:
    """Networks in their order: those of one training by epoch, which the names of its files say; all others as given.

    Raises:
        InputError: nothing, or one alone; a file or an epoch that is given twice; or files of which only some say an
            epoch, in an order that goes against these.

    Example:
        >>> [one.label for one in in_order(["xor.json", "xor-epoch-30.json", "xor-epoch-0.json"]).moments]
        ['epoch 0', 'epoch 30', 'end']
    """
    if isinstance(given, Mapping):
        return _by_keys(given)
    if isinstance(given, str | PathLike):
        raise InputError(f"one network alone has nothing to follow it: give several, {RULE}")
    networks = listed("networks", given, RULE)
    if len(networks) < 2:
        raise InputError(f"{len(networks)} network{'s' * (len(networks) != 1)} given; give at least two, {RULE}")
    paths = [Path(one) if isinstance(one, str | PathLike) else None for one in networks]
    known = [path for path in paths if path is not None]
    twice = next((path for k, path in enumerate(known) if path in known[:k]), None)
    if twice is not None:
        raise InputError(f"{twice} is given twice; give each network once")
    as_given = Ordered(
        tuple(
            Moment(name, None, one, None if path is None else name)
            for name, one, path in zip(names_of(networks), networks, paths, strict=True)
        ),
        False,
    )
    if len(known) < len(paths):
        return as_given
    read = [_epoch_of(path) for path in known]
    if all(epoch is None for _, epoch in read):
        return as_given
    trainings = {training for training, _ in read}
    last = [path for path, (_, epoch) in zip(known, read, strict=True) if epoch is None]
    if len(trainings) == 1 and len(last) <= 1:
        return _by_epoch(networks, read)
    epochs = [epoch for _, epoch in read if epoch is not None]
    if len(trainings) > 1 and not last:
        return as_given
    if epochs != sorted(set(epochs)):
        by_epoch = [
            path
            for _, path in sorted(zip(read, known, strict=True), key=lambda one: (one[0][1] is None, one[0][1] or 0))
        ]
        raise InputError(
            f"the order of the files can be read in two ways: as given, {_named(known)}; or by the epochs in their "
            f"names, {_named(by_epoch)}, where {_named(last)} {'has' if len(last) == 1 else 'have'} none. Give the "
            f"files of one training, or give them in order"
        )
    return as_given


def _named(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths)


def _epoch_of(path: Path) -> tuple[str, int | None]:
    """Of which training a file is, by its folder and name, and after which epoch it was kept."""
    stem, _, suffix = path.name.partition(".")
    found = EPOCH.match(stem)
    training = stem if found is None else found["training"]
    return str(path.with_name(f"{training}.{suffix}")), None if found is None else int(found["epoch"])


def _by_epoch(networks: Sequence[Any], read: Sequence[tuple[str, int | None]]) -> Ordered:
    epochs = [epoch for _, epoch in read]
    twice = next((epoch for k, epoch in enumerate(epochs) if epoch in epochs[:k]), None)
    if twice is not None:
        both = [str(one) for one, epoch in zip(networks, epochs, strict=True) if epoch == twice]
        raise InputError(f"{' and '.join(both)} are both of epoch {twice}; give one of them")
    order = sorted(range(len(networks)), key=lambda k: (epochs[k] is None, epochs[k] or 0))
    labels = [END if epoch is None else f"epoch {epoch}" for epoch in epochs]
    files = names_of(list(networks))
    return Ordered(tuple(Moment(labels[k], epochs[k], networks[k], files[k]) for k in order), True)


def _by_keys(given: Mapping[Any, Any]) -> Ordered:
    for epoch in given:
        if not is_whole(epoch, 0):
            raise InputError(f"an epoch is {quoted(epoch)}; networks by epoch have whole numbers of at least 0")
    if len(given) < 2:
        raise InputError(f"{len(given)} network{'s' * (len(given) != 1)} given; give at least two, {RULE}")
    paths = {epoch: one for epoch, one in given.items() if isinstance(one, str | PathLike)}
    files = dict(zip(paths, names_of(list(paths.values())), strict=True))
    return Ordered(
        tuple(Moment(f"epoch {int(epoch)}", int(epoch), given[epoch], files.get(epoch)) for epoch in sorted(given)),
        True,
    )
