"""The answer first: one paragraph, everywhere the same."""

import re
from dataclasses import replace

import numpy as np
import pytest

import everyhow as eh
from everyhow.common.budget import DEFAULT_BUDGET, Budget, Refusal, duration, enough
from everyhow.common.spoken import spoken
from everyhow.ladder import Verdict
from everyhow.report.headline import headline, lead
from everyhow.report.notebook import bundle
from everyhow.report.page.html import audit_page
from everyhow.report.terminal.audit import print_audit

from ..conftest import reference, reference_names
from ..transformer.slowly import stored
from .audits import audit_of
from .printed import printed

EVERY = (
    "xor-2-3-3-1-seed0", "xornet", "two-outputs", "authors", "budget", "wrong-task", "three-inputs", "wide", "by-data",
    "many-inputs", "bits-by-data",
)  # fmt: skip


def verdict(status):
    return Verdict(status, None if status == "unknown" else "perfect", "", "")


@pytest.mark.parametrize("name", EVERY)
def test_the_same_paragraph_everywhere(name):
    """In a terminal, by print and as a summary."""
    audit = audit_of(name)
    said = audit.summary()
    assert said == headline(audit) and "\n" not in said and not re.search(r"\bNone (?!of its)|\?|  | ,|\.\.", said)
    assert " ".join(str(audit).split()) == said and max(map(len, str(audit).splitlines())) <= 80
    assert " ".join(printed(print_audit, audit).split()).startswith(said)


@pytest.mark.parametrize("name", ["xornet", "two-outputs", "authors", "budget"])
def test_the_same_paragraph_where_it_is_drawn(name):
    """In a notebook and on a page; the page's signs are written for HTML."""
    audit = audit_of(name)
    said, found = audit.summary(), bundle(audit)
    assert " ".join(found["text/plain"].split()).startswith(said) and found["text/html"].startswith("<div><p>The net")
    written = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
    assert f'<p class="headline">{written}</p>' in audit_page(audit)


@pytest.mark.parametrize(("statuses", "said"), [
    (["identifiable", "identifiable"], "Its explanation is unique as an algorithm with its place and as a circuit"),
    (["identifiable", "none valid"], "Its explanation is unique as an algorithm with its place"),
    (["identifiable, trivially", "identifiable"], "Its explanation is unique as a circuit"),
    (["identifiable", "not identifiable"], "Its explanation is not unique as a circuit"),
    (["not identifiable", "unknown"], "Its explanation is not unique as an algorithm with its place"),
    (["not identifiable"] * 2, "Its explanation is not unique as an algorithm with its place and as a circuit"),
    (["unknown", "identifiable"], "Whether its explanation is unique is not known"),
    (["none valid", "unknown"], "Whether its explanation is unique is not known"),
    (["none valid", "none valid"], "None of its explanations passes every criterion"),
    (["identifiable, trivially", "none valid"], "None of its explanations passes every criterion"),
])  # fmt: skip
def test_the_rule(statuses, said):
    """What is said first, by the verdicts of the two strategies."""
    assert lead(dict(zip(("what_then_where", "where_then_what"), map(verdict, statuses), strict=True))) == said


@pytest.mark.parametrize("name", reference_names("paper"))
def test_the_paragraph_agrees_with_the_findings(name):
    """Unique is said of what has one survivor by its verdict; the neurons named are those of the findings."""
    document, network = reference(name)
    tasks = document["task"]
    audit = eh.audit(network, tasks if isinstance(tasks, str) else ",".join(tasks), budget=10**7)
    for part in audit.outputs or (audit,):
        said, found, graph = headline(part), part.findings, network.graph
        placed, circuits = (part.verdict[one].status for one in ("what_then_where", "where_then_what"))
        assert ("exactly one algorithm with its place is left" in said.lower()) == (placed == "identifiable")
        alone = circuits == "identifiable" and not found.circuits.only_whole
        assert (" circuits is left, by " in said) == alone
        itself = found.circuits.only_whole and not part.capped
        assert (" circuits only the network itself is left, by " in said) == itself
        several = "not identifiable" in (placed, circuits)
        assert ("As a circuit it is unique: exactly one" in said) == (several and alone)
        if found.laddered.simplest is not None:
            assert all(one.named(graph) in said for one in found.laddered.simplest.sets)
        smallest = found.circuits.smallest_faithful
        if len(smallest) > 1:
            shared = set(smallest[0].edges).intersection(*(one.edges for one in smallest[1:]))
            assert (
                f"{len(smallest):,} smallest circuits left have {len(smallest[0])} edges each, {len(shared)} of" in said
            )
        elif found.circuits.simplest is not None and not itself:
            assert f"{len(found.circuits.simplest)} edges, through" in said
        assert ("Nothing was estimated or left out" in said) == (not part.capped)


def test_an_untrained_network_that_decides_always_alike():
    """What a constant network computes is named."""
    network = eh.Network([[[1, 1], [1, -1]], [[1, 1]]], [[0, 0], [1]], ["relu", "identity"])
    said = eh.audit(network, "XOR").summary()
    assert said.startswith("The network computes TRUE (always 1), not its task XOR: they differ at 00 11.")


def test_labels_that_the_network_does_not_follow():
    """By data, the share of the inputs at which the network decides as wanted."""
    network = eh.xornet()
    audit = eh.audit(network, eh.Behavior.of_data(network.corners, [0, 1, 1, 1]))
    assert audit.summary().startswith(
        "The network decides as wanted at 75% of 4 inputs only; what is explained is what"
    )


@pytest.mark.parametrize("name", [name for name in reference_names("paper") if "2-3-3-1" in name])
@pytest.mark.parametrize("width", [80, 140])
def test_the_rest_fits_a_screen(name, width):
    """Below the paragraph a 2-3-3-1 network takes at most 60 lines, with the files that were written; what is left out
    is in the full report."""
    document, network = reference(name)
    audit = eh.audit(network, document["task"])
    text = printed(lambda *given: print_audit(*given, ("audit.json", "page.html")), audit, width=width)
    above = text[: text.index("\nTask ")]
    assert len(text.splitlines()) - len(above.splitlines()) <= 60
    full = printed(lambda *given: print_audit(*given, full=True), audit, width=width)
    assert "With --full: codes by rung; " in text and "With --full" not in full
    assert "Population codes" in full and "Digits list a gate's values" in full


def test_the_budget_that_would_settle_it():
    """What was refused is followed by a budget that allows it: with that budget the verdicts are known."""
    network = reference("xor-2-3-3-1-seed0")[1]
    audit = eh.audit(network, "XOR", budget=1000)
    said = audit.summary()
    assert "Whether its explanation is unique is not known" in said
    (option,) = set(re.findall(r"run again with --budget (\S+), about 1 s", said))
    settled = eh.audit(network, "XOR", budget=int(float(option)))
    assert all(one.status != "unknown" for one in settled.verdict.values()) and not settled.capped
    text = " ".join(printed(print_audit, audit).split())
    assert f"the budget is 1e+03: run again with --budget {option}, about 1 s" in text


def test_budgets_that_are_named():
    """A refusal names a budget of two digits that is not below what is needed, and a time that goes by the rate."""
    for needed in (1, 99, 101, 34_300_000_000, 10**18 + 1, 7 * 10**200):
        mantissa, _, power = enough(needed).partition("e")
        written = int(mantissa.replace(".", "")) * 10 ** (int(power or 0) - len(mantissa.partition(".")[2]))
        assert needed <= written <= needed * 1.11 + 1
    refusal = Budget(DEFAULT_BUDGET).refusal("counting", 34_300_000_000)
    assert refusal.advice == "run again with --budget 3.5e10, about 40 s"
    assert (
        Refusal.of(f"output 0: {refusal}", refusal).advice == refusal.advice and Refusal.of("no", "no").advice is None
    )
    assert Budget(100).refusal("counting", 10**6).advice == "run again with --budget 1e10, about 1 s"
    assert Budget(10).at_most(100).refusal("counting", 101).advice is None
    assert duration(59) == "about 60 s" and duration(61) == "about 2 min" and duration(10**9) == "years"


def test_many_names_are_cut():
    assert spoken(["a"]) == "a" and spoken([f"h1.{k}" for k in range(10)]).endswith("h1.7 and 2 more")


def test_words_for_numbers_of_effects_and_formulas():
    """The wordings of the counts, where there is one of a kind."""
    text = printed(print_audit, audit_of("xornet"))
    answers = {question: said for question, _, said in re.findall(r"^(\S+) +(\S+) +(.*)$", text, re.M)}
    assert answers["algorithm"] == "1 of the 2 formulas for XOR fits this network; without"
    network = eh.Network([[[1.0, 1.0]], [[1.0]]], [[-1.5], [0.0]], ["step", "identity"])
    text = " ".join(printed(print_audit, eh.audit(network, "AND")).split())
    assert "the only group of neurons has one effect on the output" in text


def test_a_transformer():
    """Of a transformer circuits are told, of heads and MLPs."""
    _, model, behavior = stored("transformer-xor-1l2h-mlp8-seed0")
    said = eh.audit(model, behavior, grain="nodes").summary()
    assert said.startswith("The transformer decides as wanted at all 4 inputs. ")
    assert (
        "No circuit smaller than the transformer explains it: of 8 circuits only the transformer itself is left" in said
    )
    assert "Of 2 formulas none fits the transformer" in said and "network" not in said


def test_codes_that_any_layer_has():
    """Of layers whose exact sets any such layer has the paragraph says so: an untrained one of the same width reads as
    many signals. A narrower layer does not, and nothing is said."""
    _, network = reference("xor-2-3-3-1-seed0")
    said = "of layer 1 and layer 2 say nothing of this network: any layer with 3 independent neurons has the same ones."
    assert said in eh.audit(network, "XOR").summary()
    assert "sets of signals read from all neurons of a layer: 3 explain" in eh.audit(eh.xornet(), "XOR").summary()
    for seed in range(3):
        random = np.random.default_rng(seed)
        other = replace(
            network, weights=tuple(random.normal(size=one.shape) for one in network.weights),
            biases=tuple(random.normal(size=one.shape) for one in network.biases),
            activations=("tanh", "tanh", "identity"),
        )  # fmt: skip
        for layer in (1, 2):
            found = eh.readouts(other, layer)
            assert found.signals.reads_all and len(found.signals) == len(eh.readouts(network, layer).signals) == 7
    narrow = eh.Network([[[1.0, 1.0], [1.0, -1.0]], [[1.0, 1.0]]], [[-0.5, 0.2], [0.0]], ["relu", "identity"])
    assert not eh.readouts(narrow).signals.reads_all


def noisy_classes(wrong=0.0):
    """A network of one layer, points of two classes of unequal number, and its decisions there, some being wrong."""
    generator = np.random.default_rng(3)
    network = eh.Network([generator.normal(size=(1, 4))], [[-0.9]], ["identity"], threshold=0.0)
    points = generator.normal(size=(80, 4))
    labels = (network.run(points)[:, 0] > 0) ^ (np.arange(80) < wrong * 80)
    return network, points, labels.astype(int)


def test_errors_that_are_allowed():
    """How much a circuit may be wrong, and how much the smallest one is, by hand; and an error that says nothing."""
    network, points, labels = noisy_classes()
    usual = min(labels.mean(), 1 - labels.mean())
    strict = eh.audit_behavior(network, eh.Behavior.of_data(points, labels, epsilon=0.1))
    simplest = strict.findings.circuits.simplest
    alone = network.run_circuit(points, simplest)[-1][:, 0] > 0
    error = float((alone != labels).mean())
    assert strict.constant_error == pytest.approx(usual) and strict.simplest_error == pytest.approx(error)
    assert 0 < error <= 0.1 < usual
    said = strict.summary()
    assert (
        f"Circuits may be wrong at 10% of the inputs (epsilon); the smallest one is wrong at {100 * error:.3g}%."
        in said
    )
    assert "An answer that never changes" not in said
    # Which edges a circuit without neurons is made of is said by their names.
    assert f"{len(simplest)} edges, {spoken([simplest.graph.name(edge) for edge in simplest.edges])}" in said

    loose = eh.audit_behavior(network, eh.Behavior.of_data(points, labels, epsilon=0.4))
    assert usual <= 0.4
    assert (
        f"An answer that never changes is wrong at {100 * usual:.3g}% of the inputs, within the 40% allowed (epsilon), "
        "so that a circuit can pass without telling anything apart: allow less."
    ) in loose.summary()
    assert "epsilon" not in eh.audit_behavior(network, eh.Behavior.of_data(points, labels)).summary()


def test_a_network_that_may_not_be_wrong_itself():
    """Where the network is wrong more often than is allowed, it is said why no circuit is left, and what to do."""
    network, points, labels = noisy_classes(wrong=0.05)
    said = eh.audit_behavior(network, eh.Behavior.of_data(points, labels)).summary()
    assert (
        "The network itself is wrong at 5% of the inputs, and 0% are allowed (epsilon): allow as much, or explain its "
        "own decisions by leaving the labels out."
    ) in said
    allowed = eh.audit_behavior(network, eh.Behavior.of_data(points, labels, epsilon=0.05)).summary()
    assert "itself is wrong" not in allowed


def test_no_neurons_to_speak_of():
    """Of a network without hidden neurons nothing is said of groups of neurons, and no place is left empty."""
    network, points, labels = noisy_classes()
    audit = eh.audit_behavior(network, eh.Behavior.of_data(points, labels, epsilon=0.1))
    text = printed(print_audit, audit)
    assert "groups of neurons" not in text and "go through ." not in text and "0 of them" not in text
