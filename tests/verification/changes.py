"""Every way in which the tests change a stored audit, one value at a time."""

import copy
import json

from everyhow.verification.comparing import same

# What may be changed unnoticed by whoever makes the digest anew, and why: nothing else in the file says it.
GIVEN = {
    "task": "a name of one's own is as good; what it computes stands in the options",
    "options.budget": "any budget that allows and refuses the same",
    "options.within": "any distance that lets the same circuits through",
    "options.depth": "of an audit by data without features no algorithm is looked for",
    "options.features": "exchanged features of which no algorithm with a place makes use",
    "options.signals": "of an audit by data whose layers are not explained",
    "depth": "of an audit whose algorithms were not counted, or are deeper than what is gone through",
    "capped": "where something was refused, the order of the reasons",
    "provenance.numpy": "by what it was made",
    "provenance.numba": "by what it was made",
    "provenance.python": "by what it was made",
    "provenance.machine": "by what it was made",
    "provenance.finished": "when it was made",
    "provenance.seconds": "how long it took",
}


def stored(audit):
    """An audit as it is read from its file."""
    return json.loads(json.dumps(audit.document()))


def leaves(document, place=()):
    """The place of every value that is not a list or an object with something in it."""
    if isinstance(document, dict | list) and document:
        items = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in items:
            yield from leaves(value, (*place, key))
    else:
        yield place


def branches(document, place=()):
    """The place of every list and object."""
    if isinstance(document, dict | list):
        yield place
        items = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in items:
            yield from branches(value, (*place, key))


def at(document, place):
    """What stands at a place."""
    for step in place:
        document = document[step]
    return document


def other(value):
    """Another value of the same kind: a number one larger, a truth value turned, a text changed, a number for null."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        turned = {"0": "1", "1": "0"}
        return value[:-1] + turned[value[-1]] if value[-1:] in turned else value + "x"
    if value is None:
        return 1
    return [1] if value == [] else {"added": 1}


def all_changed(value):
    """A copy with another value at every place."""
    if isinstance(value, dict) and value:
        return {key: all_changed(one) for key, one in value.items()}
    if isinstance(value, list) and value:
        return [all_changed(one) for one in value]
    return other(value)


def changed(document, place, value):
    """A copy with another value at a place; only what lies above it is copied."""
    if not place:
        return value
    copied = copy.copy(document)
    copied[place[0]] = changed(document[place[0]], place[1:], value)
    return copied


def reshaped(value):
    """A list or object with its last item left out, with one more, and with its first two items exchanged."""
    if isinstance(value, list):
        yield [*value, value[-1] if value else 1]
        if value:
            yield value[:-1]
        if len(value) > 1 and not same(value[0], value[1]):
            yield [value[1], value[0], *value[2:]]
    else:
        yield value | {"added": 1}
        if value:
            yield dict(list(value.items())[:-1])
        first = list(value)[:2]
        if len(first) == 2 and not same(value[first[0]], value[first[1]]):
            yield value | {first[0]: value[first[1]], first[1]: value[first[0]]}


def pattern(place):
    """A place without the numbers of items in lists."""
    return ".".join("[]" if isinstance(step, int) else str(step) for step in place)
