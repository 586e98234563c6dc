"""Every kind of value of every reference audit changed alone: `verify` notices it, or a table says why it cannot."""

from collections import defaultdict

import pytest

import everyhow as eh

from ..conftest import reference, reference_names
from .changes import GIVEN, at, leaves, other, pattern, stored
from .expected import Expected

# What else goes through where circuits are too many to be run, and why.
LARGE = {
    "details.circuits.usage.neurons.[].circuits": "between what other numbers allow",
    "together.circuits.usage.neurons.[].circuits": "between what other numbers allow",
    "details.circuits.by_ablation.mean": "within what circuits that were drawn allow",
    "details.circuits.by_ablation.mean.[]": "within what circuits that were drawn allow",
    "details.circuits.by_ablation.resample": "within what circuits that were drawn allow",
    "together.circuits.by_ablation.mean": "within what circuits that were drawn allow",
    "together.circuits.by_ablation.resample": "within what circuits that were drawn allow",
    "details.interpretations.estimate": "circuits that were drawn for it are not drawn again",
    "details.interpretations.estimate.value": "circuits that were drawn for it are not drawn again",
    "details.interpretations.estimate.low": "circuits that were drawn for it are not drawn again",
    "details.interpretations.estimate.high": "circuits that were drawn for it are not drawn again",
    "details.interpretations.estimate.sample": "circuits that were drawn for it are not drawn again",
}
MANY_CIRCUITS = (
    "authors-xor-2-4-4-1-seed0", "count-xor-2-4-4-1-seed0", "count-xor-2-5-5-1-seed0", "authors-xor-and-2-3-3-2-seed0",
)  # fmt: skip
# Of 458 million circuits the authors' audit takes many minutes.
LEFT_OUT = {("count-xor-2-5-5-1-seed0", "authors")}
REFERENCES = [
    (name, preset) for name in reference_names() for preset in ("paper", "authors") if (name, preset) not in LEFT_OUT
]


# Of thousands of values of one kind so many are changed, evenly spread from the first to the last.
MOST_OF_A_KIND = 100
# What another answer to a question changes is found by asking everything again, which takes seconds: of the smallest
# networks only. `test_changes` changes these of every kind of audit.
QUESTIONS = ("options.", "depth")
QUICK = ("imp-2-2-1-seed0", "xornet", "xor-2-2-2-1-seed2", "xor-2-2-2-1-seed5", "xor-2-4-1-seed0")


# Those whose every value takes longest to be found again.
LONGEST = (
    "count-xor-2-5-5-1-seed0", "count-xor-2-4-4-1-seed0", "authors-xor-2-4-4-1-seed0", "authors-xor-and-2-3-3-2-seed0",
    "nor-2-3-3-1-seed0", "and-2-3-3-1-seed0", "xor-2-3-3-1-seed2", "xor-2-3-3-1-seed4",
    "authors-noise-xor-2-3-3-1-seed0",
)  # fmt: skip


def places_by_kind(document):
    """The places of values, by kind; of a kind of many a part."""
    kinds = defaultdict(list)
    for place in leaves(document):
        kinds[pattern(place[2:] if place[0] == "outputs" else place)].append(place)
    for kind, places in kinds.items():
        step = max(1, (len(places) - 1) / (MOST_OF_A_KIND - 1))
        yield kind, [places[round(k * step)] for k in range(min(len(places), MOST_OF_A_KIND))]


@pytest.mark.parametrize(
    ("name", "preset"),
    [pytest.param(*one, marks=pytest.mark.nightly if one[0] in LONGEST else ()) for one in REFERENCES],
)
def test_every_value_of_the_reference_audits(name, preset, monkeypatch):
    """Values of every kind in each audit are changed alone, and the digest made anew."""
    said, network = reference(name)
    task = said["task"] if isinstance(said["task"], str) else ",".join(said["task"])
    document = stored(eh.audit(network, task, preset))
    expected, unnoticed = Expected(document, monkeypatch), set()
    for kind, places in places_by_kind(document):
        if kind.endswith("document_sha256") or (kind.startswith(QUESTIONS) and name not in QUICK):
            continue
        if not all(expected.notices(place, other(at(document, place))) for place in places):
            unnoticed.add(kind)
    named = set(GIVEN) | {"verdict.what_then_where.reason"}
    assert unnoticed <= (named | set(LARGE) if name in MANY_CIRCUITS else named)
