"""Every value of every reference audit changed alone: `verify` notices it, or a table says why it cannot."""

from collections import Counter

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


@pytest.mark.parametrize(("name", "preset"), REFERENCES)
def test_every_value_of_the_reference_audits(name, preset, monkeypatch):
    """Each value of each audit is changed alone, and the digest made anew."""
    said, network = reference(name)
    task = said["task"] if isinstance(said["task"], str) else ",".join(said["task"])
    document = stored(eh.audit(network, task, preset))
    expected, seen, unnoticed = Expected(document, monkeypatch), Counter(), set()
    for place in leaves(document):
        kind = pattern(place[2:] if place[0] == "outputs" else place)
        seen[kind] += 1
        # Of tens of thousands of numbers of which only the sum is known, changing more of them says no more.
        if place[-1] == "document_sha256" or (kind == "counts.interpretations_per_circuit.[]" and seen[kind] > 200):
            continue
        if not expected.notices(place, other(at(document, place))):
            unnoticed.add(kind)
    named = set(GIVEN) | {"verdict.what_then_where.reason"}
    assert unnoticed <= (named | set(LARGE) if name in MANY_CIRCUITS else named)
