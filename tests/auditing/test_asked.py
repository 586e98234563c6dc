"""What an audit is asked is said once, and known to whatever asks it."""

import inspect

import pytest

import everyhow as eh
from everyhow.auditing.asked import QUESTIONS, from_plain, questions_of
from everyhow.auditing.counting import count
from everyhow.auditing.meanings import MEANINGS, plain_questions


def test_every_question_has_a_meaning():
    """Each is asked of something, and told to whoever asks for help."""
    assert [one.name for one in QUESTIONS] == list(MEANINGS)
    for one in QUESTIONS:
        assert one.metadata["of"] and one.metadata["says"][0].islower() and one.metadata["says"][-1] != "."
        assert f"{one.name}: {one.metadata['says']}." in " ".join((eh.Questions.__doc__ or "").split())


def test_keywords_show_in_signatures():
    """Functions that take questions show each of theirs, as editors and `help` read it."""
    asked = {of: {one.name for one in QUESTIONS if of in one.metadata["of"]} for of in ("paper", "data", "count")}
    assert asked["paper"] | {"pair_order", "min_node_sparsity"} < set(inspect.signature(eh.audit).parameters)
    assert asked["data"] < set(inspect.signature(eh.audit_behavior).parameters)
    assert asked["count"] < set(inspect.signature(count).parameters)
    assert "asked" not in inspect.signature(eh.audit).parameters


def test_plain_values():
    """Prices and rows are written in numbers and texts where there is nothing else, and read as what they mean."""
    given = {"not_price": 0.5, "familiar": "NAND=0.25, XOR=1", "show": "00,11", "ablation": "mean", "depth": None}
    found = questions_of(from_plain(given), "paper")
    assert found.prices == eh.CostModel(negation=0.5, familiar={"NAND": 0.25, "XOR": 1.0})
    assert (found.shown, found.ablation, found.depth) == (("00", "11"), "mean", None)
    assert questions_of(from_plain({"familiar": "XOR=2"}), "paper").prices.negation == 0
    assert questions_of(from_plain({}), "paper") == eh.Questions()
    with pytest.raises(eh.InputError, match="familiar has 'NAND'; it takes gates with prices"):
        from_plain({"familiar": "NAND"})
    keys = [one.key for one in plain_questions("paper")]
    assert {"not_price", "familiar", "show"} < set(keys) and not {"costs", "shown"} & set(keys)


def test_a_behavior_is_audited_by_the_same_door():
    """`eh.audit` takes a behavior where it takes a task, and gives what `audit_behavior` gives."""
    network = eh.xornet()
    behavior = eh.Behavior.of_network(network, [[0.9, 0.1], [0.2, 0.8], [0.1, 0.2]], epsilon=0.1)
    found, expected = (
        eh.audit(network, behavior, ablation="mean"),
        eh.audit_behavior(network, behavior, ablation="mean"),
    )
    assert found.counts == expected.counts and found.options == expected.options
