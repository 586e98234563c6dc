"""The page of Alice and Bob in a real browser: its numbers are the library's, and it is played by mouse, by keyboard
and by thumb."""

import doctest
import json
import re
import warnings
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import everyhow as eh
from everyhow.boolean.truth_table import TruthTable
from everyhow.readout.explanation import ReadoutExplanation, explain_by
from everyhow.readout.interchange import dual_directions, is_natural, swapped_states
from everyhow.readout.readout import readable_signals

from ..browser import Opened

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = DOCS / "ideas" / "alice-and-bob.md"
STATIC = DOCS / "_static"
INPUTS = ("00", "01", "10", "11")
# What each student says: the values of the signals at the four inputs, and of the gate at the four patterns.
CLAIMS = {
    "alice": ({"AND(A,¬B)": [0, 0, 1, 0], "AND(¬A,B)": [0, 1, 0, 0]}, "OR", [0, 1, 1, 1]),
    "bob": ({"NAND(A,B)": [1, 1, 1, 0], "OR(A,B)": [0, 1, 1, 1]}, "AND", [0, 0, 0, 1]),
}
# What a swap leaves untouched.
HELD = (None, [[1, 0, 0]], [[0, 1, 0]], [[0, 0, 1]])
KINDS = [(owner, held) for owner in CLAIMS for held in range(4)]
# Those at which something changes: XOR is computed, Alice is never wrong about her own, she is exact, codes are whole.
STEEP = (1, 2, 3, 4, 14, 15, 25, 100)


def other(who):
    return "bob" if who == "alice" else "alice"


@lru_cache
def network(steepness):
    return eh.xornet(steepness)


@lru_cache
def found(steepness):
    """Both explanations as the library finds them at this steepness, with the gate that the network applies, signals
    in the order and polarity of the claims."""
    model = network(steepness)
    readable = readable_signals(model, 1)
    margin = model.runs(readable.behavior.points).widest_margin
    students = {}
    for who, (signals, _, _) in CLAIMS.items():
        wanted = [[bit != values[0] for bit in values] for values in signals.values()]
        numbers = [next(k for k, row in enumerate(readable.signals.tolist()) if row == bits) for bits in wanted]
        one = explain_by(model, readable, sorted(numbers), margin)
        assert not one.undecided
        values = [[readout.table.bits >> row & 1 for row in range(4)] for readout in one.readouts]
        readouts, places = [], []
        for claimed in signals.values():
            # The library may show the complement, and in the other order.
            place = next(k for k, row in enumerate(values) if row == claimed or row == [1 - bit for bit in claimed])
            turned = values[place] != claimed
            readouts.append(one.readouts[place].complement() if turned else one.readouts[place])
            places.append((place, turned))
        gate = 0
        for pattern in range(4):
            shown = 0
            for k, (place, turned) in enumerate(places):
                shown |= ((pattern >> (1 - k) & 1) ^ turned) << (1 - place)
            gate |= (one.gate.bits >> shown & 1) << pattern
        students[who] = ReadoutExplanation(tuple(readouts), TruthTable(2, gate), one.residual, one.shares)
    return students


def claimed(steepness):
    """Both explanations with the gates that the students claim."""
    return {
        who: replace(one, gate=TruthTable(2, sum(bit << row for row, bit in enumerate(CLAIMS[who][2]))))
        for who, one in found(steepness).items()
    }


@lru_cache
def examined(steepness, owner, held):
    """The swaps of one student with what both predict, as the library has them, the owner first; None where there are
    none."""
    students = claimed(steepness)
    try:
        both = eh.cross_examine(network(steepness), [students[owner], students[other(owner)]], [HELD[held], None])
    except eh.InputError as error:
        assert "not independent" in str(error)
        return None
    assert both.swaps[0].predictions[1].says.all()
    return both.swaps[0]


def keyed(swaps, owner):
    """For each swap, by its base and its sources: what the students predict, whether each reads a signal halfway, and
    what the network decides."""
    own, its = swaps.predictions
    rows = zip(swaps.bases, swaps.sources, own.bits, its.bits, own.halfway, its.halfway, swaps.outcomes, strict=True)
    told = {}
    for base, sources, mine, theirs, my_half, their_half, outcome in rows:
        said = {owner: int(mine), other(owner): int(theirs)}
        half = {owner: bool(my_half), other(owner): bool(their_half)}
        told[int(base), *map(int, sources)] = said, half, int(outcome)
    return told


@pytest.fixture(scope="module")
def computed(chromium):
    """Computes with the page's arithmetic alone, and gives plain values."""
    page = chromium.new_page()
    page.add_script_tag(path=str(STATIC / "alice-and-bob-arithmetic.js"))
    yield lambda expression, *given: json.loads(
        page.evaluate(f"given => JSON.stringify((({expression}))(...given))", list(given))
    )
    page.close()


EVERYTHING = """steepness => {
  const world = aliceAndBob.world(steepness);
  const swaps = {};
  for (const owner of ["alice", "bob"]) for (let held = 0; held < 4; held++) {
    swaps[owner + held] = (aliceAndBob.swaps(world, owner, held) ?? []).map((one) => [
      one.base, ...one.sources, one.predicted, one.decision, one.state, one.natural, one.sum, one.output,
      Object.fromEntries(Object.entries(one.readings).map(([who, two]) => [who, two.some((each) => each.halfway)])),
      ["alice", "bob"].flatMap((who) => one.readings[who].map((each) => each.seen)),
    ]);
  }
  const lost = ["alice", "bob"].map((who) => aliceAndBob.losing(world, who));
  return { world, swaps, lost };
}"""


def at_each(names):
    return [pytest.param(k, marks=() if k in names else pytest.mark.nightly) for k in range(1, 101)]


@pytest.mark.parametrize("steepness", at_each(STEEP))
def test_arithmetic(computed, steepness):
    """Whatever the page computes is what the library computes: activations, codes, whether a student is exact, the
    gates, and of all swaps the states, readings, predictions and decisions."""
    given = computed(EVERYTHING, steepness)
    world, model, students = given["world"], network(steepness), claimed(steepness)
    _, hidden, output = model.states([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert np.allclose(world["hidden"], hidden, atol=1e-14)
    assert np.allclose(world["outputs"], output[:, 0], atol=1e-13)
    assert world["decisions"] == (output[:, 0] > 0.5).astype(int).tolist()
    exact = {one.key for one in eh.readouts(model, signals=2)}
    for who, one in students.items():
        shown = world["students"][who]
        assert [signal["name"] for signal in shown["signals"]] == list(CLAIMS[who][0]) == list(one.parts)
        for signal, readout in zip(shown["signals"], one.readouts, strict=True):
            assert np.allclose(signal["coefficients"], readout.coefficients, atol=1e-11)
            assert signal["constant"] == pytest.approx(readout.constant, abs=1e-11)
            assert signal["text"].replace("−", "-") == readout.code
            assert signal["isWhole"] == readout.whole
        assert shown["residual"] == pytest.approx(one.residual, rel=1e-6, abs=1e-14)
        assert shown["exact"] == (one.key in exact)
        gate = found(steepness)[who]
        assert shown["found"] == [gate.gate.bits >> row & 1 for row in range(4)]
        assert shown["foundName"] == gate.gate_name
    codes = np.concatenate([one.codes for one in students.values()])
    constants = np.array([readout.constant for one in students.values() for readout in one.readouts])
    for owner, held in KINDS:
        swaps, rows = examined(steepness, owner, held), given["swaps"][f"{owner}{held}"]
        if swaps is None:
            assert rows == [] and world["moves"][owner][held] is None
            continue
        directions = dual_directions(students[owner], HELD[held])
        assert np.allclose(np.transpose(world["moves"][owner][held]), directions, atol=1e-10)
        told = keyed(swaps, owner)
        assert len(rows) == len(told) == 100
        order = {(int(base), *map(int, sources)): k
                 for k, (base, sources) in enumerate(zip(swaps.bases, swaps.sources, strict=True))}  # fmt: skip
        states = swapped_states(students[owner], hidden, directions, swaps.bases, swaps.sources)
        natural = is_natural(states, hidden)
        for base, one, two, predicted, decision, state, known, total, value, halfway, seen in rows:
            said, half, outcome = told[base, one, two]
            assert (predicted, halfway, decision) == (said, half, outcome)
            k = order[base, one, two]
            assert np.allclose(state, states[k], atol=1e-10) and known == natural[k]
            assert total == pytest.approx(float(states[k] @ model.weights[1][0] + model.biases[1][0]), abs=1e-10)
            assert (value > 0.5) == bool(outcome)
            assert np.allclose(seen, codes @ states[k] + constants, atol=1e-8)
            # All that is drawn lies on its scale.
            assert min(*seen, *state) >= -1 - 1e-9 and max(*seen, *state) <= 3 + 1e-9


def losing(steepness, who):
    """The swap that the page should show to who trusts this student, by looking at all of them."""
    best = None
    for held in range(4):
        for owner in (other(who), who):
            swaps = examined(steepness, owner, held)
            if swaps is None:
                continue
            for place, (key, (said, half, outcome)) in enumerate(keyed(swaps, owner).items()):
                moves = sum(source >= 0 for source in key[1:])
                if said[who] == outcome or not moves or any(half.values()):
                    continue
                rank = (said[other(who)] != outcome, held, moves, owner == who, place)
                if best is None or rank < best[0]:
                    best = rank, (owner, held, *key)
    return best and best[1]


@pytest.mark.parametrize("steepness", at_each((1, 3, 4, 25)))
def test_losing(computed, steepness):
    """Whoever is trusted, the page finds a swap at which that student is wrong and the other one is right."""
    for who, one in zip(("alice", "bob"), computed(EVERYTHING, steepness)["lost"], strict=True):
        assert (one["owner"], one["held"], one["base"], *one["sources"]) == losing(steepness, who)
        assert not one["right"][who] and one["right"][other(who)] and not one["natural"]


def test_losing_is_the_deciding_experiment(computed):
    """At steepness 25 the swap that beats Bob is the one that the library decides by."""
    students = claimed(25)
    decides = eh.decide_between(network(25), students["alice"], students["bob"]).experiment
    one = computed(EVERYTHING, 25)["lost"][1]
    assert decides.setting == {"of": 0, "base": "11", "sources": [["AND(A,¬B)", "10"]]}
    assert (one["owner"], one["held"], INPUTS[one["base"]], one["sources"]) == ("alice", 0, "11", [2, -1])
    assert decides.wrong == 1 and (one["predicted"], one["decision"]) == ({"alice": 1, "bob": 0}, 1)


def test_what_the_text_claims():
    """The sentences of the page that are not computed in it."""
    text = " ".join(PAGE.read_text("utf-8").split())
    assert "Bob's are at every steepness. Alice's are once the neurons are steep: from 15 on." in text
    assert "At 1 and 2 the network does not compute XOR, and both are wrong about the gate." in text
    for steepness in (*range(1, 21), 50, 100):
        exact = {one.key for one in eh.readouts(network(steepness), signals=2)}
        students = found(steepness)
        gates = tuple(students[who].gate_name for who in ("alice", "bob"))
        assert gates == ("OR", "AND") if steepness > 2 else gates[0] != "OR" and gates[1] != "AND"
        assert students["bob"].key in exact and (students["alice"].key in exact) == (steepness >= 15)
    assert "From steepness 4 on, neither is ever wrong about a swap of their own signals." in text
    for owner, held in KINDS:
        for steepness in STEEP:
            swaps = examined(steepness, owner, held)
            if swaps is not None and (steepness >= 4 or (steepness, owner, held) == (3, "alice", 0)):
                assert (swaps.right(0) == 100) == (steepness >= 4)
    rights = {kind: swaps and swaps.right(1) for kind in KINDS for swaps in [examined(25, *kind)]}
    assert [rights[owner, held] for held in range(4) for owner in ("alice", "bob")] == [
        92, 76, 86, 86, 86, 86, 91, None,
    ]  # fmt: skip
    assert "Bob predicts 92 of 100 of Alice's swaps, and Alice 76 of 100 of Bob's" in text
    assert "With h1.0 left untouched, each predicts 86 of 100." in text
    assert "**Every lost bet is about a state that no input produces**, from steepness 4 on." in text
    for steepness in (each for each in STEEP if each >= 4):
        hidden = network(steepness).states([[0, 0], [0, 1], [1, 0], [1, 1]])[1]
        for owner, held in KINDS:
            swaps = examined(steepness, owner, held)
            if swaps is None:
                continue
            wrong = swaps.predictions[1].bits != swaps.outcomes
            own = claimed(steepness)[owner]
            states = swapped_states(own, hidden, dual_directions(own, HELD[held]), swaps.bases, swaps.sources)
            assert wrong.any() and not is_natural(states[wrong], hidden).any()
    assert "Each of the 24 swaps of Bob's that Alice gets wrong leaves her halfway." in text
    swaps = examined(25, "bob", 0)
    wrong = swaps.predictions[1].bits != swaps.outcomes
    assert wrong.sum() == 24 and swaps.predictions[1].halfway[wrong].all()


def test_examples():
    """The lines of Python print what stands below them."""
    tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried.attempted > 9 and tried.failed == 0


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The page as Sphinx makes it, with the theme, the scripts and the styles of the site; of the site this page
    alone."""
    for needed in ("sphinx", "furo", "myst_nb"):
        pytest.importorskip(needed)
    from sphinx.application import Sphinx

    top = tmp_path_factory.mktemp("site")
    source = top / "docs"
    (source / "ideas").mkdir(parents=True)
    (source / "ideas" / PAGE.name).write_text(PAGE.read_text("utf-8"), "utf-8")
    settings = {
        "extensions": ["myst_nb"], "html_theme": "furo", "html_static_path": [str(STATIC)], "nb_execution_mode": "off",
        "html_css_files": ["site.css"], "html_theme_options": {"navigation_with_keys": True},
        "root_doc": "ideas/alice-and-bob",
    }  # fmt: skip
    # Links to other pages lead nowhere here; `make docs` looks after them.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Sphinx(source, None, top / "html", top / "trees", "html", settings, status=None, warning=None).build()
    return top / "html" / "ideas" / "alice-and-bob.html"


def all_is_well(shown):
    """Nothing was asked of a server, and nothing complained of."""
    assert shown.complaints == []
    assert shown.requests and all(request.startswith("file://") for request in shown.requests)


@pytest.fixture
def play(built, opened):
    """Opens the page as a reader does, at some width."""
    pages = []

    def open_page(width=800, **options):
        pages.append(opened(built, width, ready=False, **{"reduced_motion": "reduce", **options}))
        pages[-1].page.wait_for_selector("html[data-alice-and-bob]")
        return pages[-1]

    yield open_page
    for each in pages:
        all_is_well(each)


@pytest.fixture(scope="module")
def left_open(built, chromium):
    """The page, opened once for the tests that do not bet; each of them chooses all that it looks at."""
    context = chromium.new_context(viewport={"width": 800, "height": 500}, offline=True, reduced_motion="reduce")
    shown = Opened(context.new_page())
    shown.page.goto(built.as_uri())
    shown.page.wait_for_selector("html[data-alice-and-bob]")
    yield shown
    all_is_well(shown)
    context.close()


def steep(page, steepness):
    page.get_by_label("steepness as a number").first.fill(str(steepness))


def pick(page, group, value):
    """Choose a radio button as the mouse does: by the label over it."""
    page.locator(f'[data-ab="{group}"] label', has=page.locator(f'input[value="{value}"]')).click()


def choose_swap(page, owner, held, base, *sources):
    pick(page, "owner", owner)
    pick(page, "held", held)
    pick(page, "base", base)
    for k, source in enumerate(sources):
        pick(page, f"source-{k}", source)


def said(shown, text):
    """Wait until screen readers were told a text."""
    shown.page.locator('[data-ab="said"]', has_text=text).wait_for(state="attached")
    return shown.text('[data-ab="said"]')


def shown_number(text):
    return float(text.replace("−", "-"))


@pytest.mark.parametrize("steepness", [pytest.param(2, marks=pytest.mark.nightly), 7,
                                       pytest.param(25, marks=pytest.mark.nightly)])  # fmt: skip
def test_the_network_is_drawn(left_open, steepness):
    """Activations, decisions, signals and what is said of exactness, at every input, are the library's."""
    shown = left_open
    page = shown.page
    steep(page, steepness)
    inputs, hidden, output = network(steepness).states([[0, 0], [0, 1], [1, 0], [1, 1]])
    names = {"A": inputs[:, 0], "B": inputs[:, 1], "out0": output[:, 0]}
    names |= {f"h1.{j}": hidden[:, j] for j in range(3)}
    for view in ("network", "alice", "bob"):
        pick(page, "view", view)
        rows = page.locator('[data-ab="four"] tbody tr').evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        for k, row in enumerate(rows):
            decided = int(output[k, 0] > 0.5)
            assert row[0] == " ".join(INPUTS[k]) and row[-1] == str(decided)
            if view == "network":
                assert list(map(shown_number, row[1:-1])) == [round(float(v), 2) for v in (*hidden[k], *output[k])]
            else:
                signals, _, table = CLAIMS[view]
                values = [column[k] for column in signals.values()]
                assert row[1:-1] == [*map(str, values), str(table[2 * values[0] + values[1]])]
        for k in (1, 3):
            pick(page, "input", k)
            drawn = page.locator("[data-node]").evaluate_all(
                "nodes => nodes.map((node) => [node.dataset.node, node.querySelector('.ab-number').textContent])"
            )
            assert {name for name, _ in drawn} == set(names)
            for name, text in drawn:
                assert shown_number(text) == pytest.approx(float(names[name][k]), abs=0.005001)
            assert f"At input {INPUTS[k]}, " in page.locator(".ab-network").get_attribute("aria-label")
    for who, one in found(steepness).items():
        line = shown.text(f'[data-ab="exactness"] [data-who="{who}"]')
        exact = one.key in {each.key for each in eh.readouts(network(steepness), signals=2)}
        agrees = one.gate_name == CLAIMS[who][1]
        joined = "." if agrees else f", {'but' if exact else 'and'} wrong about the gate."
        assert f"{who.title()} is {'exact' if exact else 'not exact'}{joined}" in line
        assert (f"The network’s gate over them is {one.gate_name}, as" in line) == agrees
        assert (f"The network’s gate over them is {one.gate_name}, not {CLAIMS[who][1]}." in line) != agrees
        assert line.startswith("✓" if exact and agrees else "✗")
        if one.residual > 1e-5:
            (percent,) = re.findall(r"miss ([\d.]+)% of", line)
            assert float(percent) == pytest.approx(100 * one.residual, rel=0.05)
        else:
            assert "miss less than 0.001% of" in line
        for readout in one.readouts:
            pick(page, "view", who)
            assert f"{readout.name} = {readout.code}" in shown.text(".ab-reads").replace("−", "-")


def test_steepness_is_refused(left_open):
    """What is not a steepness is refused in words, and the page stays as it was."""
    shown = left_open
    steep(shown.page, 25)
    field, before = shown.page.get_by_label("steepness as a number").first, shown.text('[data-ab="exactness"]')
    for wrong in ("0", "101", "2.5", ""):
        field.fill(wrong)
        assert field.get_attribute("aria-invalid") == "true"
        assert "Steepness is a whole number from 1 to 100." in shown.text('[data-ab="steepness"]')
        assert shown.text('[data-ab="exactness"]') == before
    field.fill("12")
    assert field.get_attribute("aria-invalid") == "false" and shown.text('[data-ab="exactness"]') != before
    assert shown.page.get_by_label("steepness as a number").nth(1).input_value() == "12"
    shown.page.get_by_label("Steepness of the neurons").nth(1).fill("40")
    assert field.input_value() == "40"


def test_a_bet(play):
    """Bet by mouse: nothing is told before, then the state, what both read and predict, the answer and the score."""
    shown = play()
    page = shown.page
    choose_swap(page, "alice", 0, 3, 2, -1)
    assert shown.text('[data-ab="message"]') == "Trust Alice or Bob, then run the swap."
    assert shown.text('[data-ab="answer"]').endswith("= ?") and "?" in shown.text('[data-ab="said-bob"]')
    page.get_by_role("button", name="Run the swap").click()
    assert shown.text('[data-ab="message"]') == "First choose whom you trust: Alice or Bob."
    assert shown.text('[data-ab="score"]') == "20 points; 0 bets, 0 won."
    pick(page, "trusted", "bob")
    pick(page, "stake", 10)
    page.get_by_role("button", name="Run the swap").click()
    assert shown.text('[data-ab="message"]') == "You trusted Bob and lose 10."
    assert shown.text('[data-ab="score"]') == "10 points; 1 bet, 0 won."
    assert shown.text('[data-ab="sentence"]').startswith("At 11, Alice takes AND(A,¬B) as at 10.")
    outcome = shown.text('[data-ab="outcome"]')
    for part in (
        "1.00 → 1.67", "1.00 → 0.67", "No input produces this state.", "0.33, read as 0", "1.67, read as 1",
        "OR(1, 0) = 1 ✓ right", "AND(0, 1) = 0 ✗ wrong", "= 0.50, above 0. It decides 1: Bob is wrong.",
    ):  # fmt: skip
        assert part in outcome
    told = said(shown, "You trusted Bob")
    assert told == (
        "You trusted Bob and lose 10. At 11, Alice takes AND(A,¬B) as at 10. Alice predicts 1, Bob predicts 0; the "
        "network decides 1: Bob is wrong. 10 points; 1 bet, 0 won."
    )
    # Who knows the outcome cannot bet on it.
    pick(page, "trusted", "alice")
    page.get_by_role("button", name="Run the swap").click()
    assert "nothing was staked" in shown.text('[data-ab="message"]')
    assert shown.text('[data-ab="score"]') == "10 points; 1 bet, 0 won."
    pick(page, "base", 0)
    assert "?" in shown.text('[data-ab="answer"]')
    page.get_by_role("button", name="Run the swap").click()
    assert shown.text('[data-ab="score"]') == "20 points; 2 bets, 1 won."
    page.get_by_role("button", name="Start over").click()
    assert shown.text('[data-ab="score"]') == "20 points; 0 bets, 0 won."


@pytest.mark.nightly
@pytest.mark.parametrize("trusted", ["alice", "bob"])
def test_let_me_lose(play, trusted):
    """Whoever is trusted, the page leads to a bet that is lost, however often."""
    shown = play()
    page = shown.page
    page.get_by_role("button", name="Let me lose").click()
    assert shown.text('[data-ab="message"]') == "First choose whom you trust: Alice or Bob."
    pick(page, "trusted", trusted)
    for lost in (1, 2):
        page.get_by_role("button", name="Let me lose").click()
        assert shown.text('[data-ab="message"]').startswith(f"This one beats {trusted.title()}.")
        assert "?" in shown.text('[data-ab="answer"]')
        page.keyboard.press("Enter")
        assert shown.text('[data-ab="message"]') == f"You trusted {trusted.title()} and lose 5."
        assert f"{trusted.title()} is wrong." in shown.text('[data-ab="answer"]')
        assert shown.text('[data-ab="score"]').startswith(f"{20 - 5 * lost} points;")


@pytest.mark.nightly
def test_draw_another(left_open):
    """Swaps that are drawn move something, and are of both."""
    shown = left_open
    shown.page.evaluate("let last = 7; Math.random = () => (last = (last * 16807) % 2147483647) / 2147483647;")
    sentences = set()
    for _ in range(8):
        shown.page.get_by_role("button", name="Draw another swap").click()
        sentences.add(shown.text('[data-ab="sentence"]'))
        assert "nothing is moved" not in shown.text('[data-ab="sentence"]')
        assert "?" in shown.text('[data-ab="answer"]')
    assert {sentence.split(", ")[1].split()[0] for sentence in sentences} == {"Alice", "Bob"}


def test_what_is_impossible(left_open):
    """Bob's signals cannot be moved one by one while h1.2 is held; the page does not offer it."""
    shown = left_open
    page = shown.page
    pick(page, "owner", "alice")
    pick(page, "held", 3)
    pick(page, "owner", "bob")
    assert page.locator('[data-ab="held"] input[value="3"]').is_disabled()
    assert page.locator('[data-ab="held"] input[value="0"]').is_checked()
    rows = page.locator('[data-ab="tallies"] tbody tr').all_inner_texts()
    assert rows[3].split("\t")[-1].strip() == "impossible"
    assert page.locator('[data-ab="tallies"] button').last.is_disabled()


def test_tallies_are_those_of_the_story(left_open):
    """At steepness 25 the table is that of examples/alice_and_bob, which the library prints."""
    shown = left_open
    steep(shown.page, 25)
    rows = shown.page.locator('[data-ab="tallies"] tbody tr').evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    story = (ROOT / "examples" / "alice_and_bob" / "README.md").read_text("utf-8")
    for what, one, two in rows:
        what = what.replace("what neither", "all that neither")
        assert f"| {what} | {one} | {two} |" in story


@pytest.mark.parametrize("steepness", [3, pytest.param(25, marks=pytest.mark.nightly)])
def test_all_swaps(left_open, steepness):
    """Of every swap of every kind its cell says who is wrong, and the counts are the library's."""
    shown = left_open
    page = shown.page
    steep(page, steepness)
    for owner, held in KINDS:
        swaps = examined(steepness, owner, held)
        if swaps is None:
            continue
        page.locator('[data-ab="tallies"] button').nth(2 * held + (owner == "bob")).click()
        right = {owner: swaps.right(0), other(owner): swaps.right(1)}
        assert f"Alice is right about {right['alice']}, Bob about {right['bob']}." in shown.text('[data-ab="tallied"]')
        cells = page.locator(".ab-cell").evaluate_all(
            "cells => cells.map(cell => [cell.dataset.swap, cell.textContent, cell.getAttribute('aria-label')])"
        )
        by_name = {name: (text, label) for name, text, label in cells}
        assert len(by_name) == 100
        for (base, *sources), (predicted, halfway, outcome) in keyed(swaps, owner).items():
            name = " ".join([INPUTS[base], *("as is" if source < 0 else INPUTS[source] for source in sources)])
            wrong = [who for who in CLAIMS if predicted[who] != outcome]
            text, label = by_name[name]
            assert text == ("".join(who[0].upper() + "½" * halfway[who] for who in wrong) or "·")
            assert label.endswith(": both right") == (not wrong)
            assert all(f"{who.title()} wrong" in label for who in wrong)


def test_a_cell(left_open):
    """A cell that is chosen tells what comes of its swap, takes no stake, and is drawn above."""
    shown = left_open
    page = shown.page
    steep(page, 25)
    score = shown.text('[data-ab="score"]')
    page.locator('[data-ab="tallies"] button').nth(3).click()
    page.locator('[data-swap="01 11 as is"]').click()
    detail = (
        "At 01, Bob takes NAND(A,B) as at 11. Alice predicts 1, Bob predicts 0; the network decides 0: Alice is wrong."
    )
    assert shown.text('[data-ab="detail"]') == detail
    assert said(shown, "At 01, Bob") == detail
    assert shown.text('[data-ab="message"]') == "You have seen what comes of this swap."
    assert shown.text('[data-ab="score"]') == score
    page.get_by_role("button", name="See it drawn").click()
    assert page.evaluate("document.activeElement.dataset.ab") == "outcome"
    assert "Left untouched: h1.0." in shown.text('[data-ab="sentence"]')
    assert "It decides 0: Alice is wrong." in shown.text('[data-ab="answer"]')


# What the keyboard is on: its name, and the width of the frame that shows so.
FOCUSED = """() => {
  const one = document.activeElement, framed = one.type === "radio" ? one.nextElementSibling : one;
  const style = getComputedStyle(framed);
  const group = one.closest("fieldset");
  const name = one.type === "radio" ? group.dataset.ab : one.dataset.swap ?? (one.textContent || one.type);
  const frame = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
  return [name, frame, Boolean(one.closest("[data-stage]"))];
}"""


def test_by_keyboard_alone(play):
    """Everything is reached by Tab in the order in which it stands, with a visible frame, and done by arrows, Space and
    Enter."""
    shown = play()
    page, names = shown.page, []
    address = page.url
    page.locator("section h2").first.evaluate("title => { title.tabIndex = -1; title.focus(); }")

    def tab(until=None):
        while True:
            page.keyboard.press("Tab")
            name, frame, inside = page.evaluate(FOCUSED)
            if inside:
                assert frame >= 2, name
                names.append(name)
            if name == until or (names and not inside and until is None):
                return

    tab("view")
    page.keyboard.press("ArrowRight")
    assert page.locator('[data-ab="view"] input[value="alice"]').is_checked()
    tab("input")
    page.keyboard.press("ArrowRight")
    assert "At input 11" in said(shown, "At input 11")
    tab("range")
    page.keyboard.press("ArrowLeft")
    assert "Steepness 24." in said(shown, "Steepness 24")
    tab("owner")
    page.keyboard.press("ArrowRight")
    tab("held")
    page.keyboard.press("ArrowRight")
    tab("trusted")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    assert page.locator('[data-ab="trusted"] input[value="bob"]').is_checked()
    tab("Let me lose")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Run the swap"
    page.keyboard.press("Enter")
    assert "You trusted Bob and lose 5." in said(shown, "You trusted Bob")
    tab("00 as is as is")
    page.evaluate("addEventListener('keydown', (event) => { window.scrolls = !event.defaultPrevented; })")
    for key, place in (("ArrowDown", "00 00 as is"), ("ArrowRight", "00 00 00"), ("End", "00 00 11"),
                       ("ArrowRight", "00 00 11"), ("Home", "00 00 as is"), ("ArrowLeft", "00 00 as is"),
                       ("ArrowUp", "00 as is as is"), ("ArrowRight", "00 as is 00")):  # fmt: skip
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED)[0] == place and not page.evaluate("window.scrolls")
    page.keyboard.press("Enter")
    assert said(shown, "At 00, Alice takes AND(¬A,B) as at 00.")
    # The four grids are one stop each, and Tab leaves the page's stages in the end.
    tab()
    assert page.url == address
    stops = list(dict.fromkeys(names))
    assert stops.index("view") < stops.index("input") < stops.index("range") < stops.index("owner")
    assert [name for name in stops if name.endswith("as is as is")] == [f"{name} as is as is" for name in INPUTS]
    assert stops[-1] == "See it drawn"


@pytest.mark.parametrize("steepness", [pytest.param("25", marks=pytest.mark.nightly), "3"])
def test_on_a_phone(play, steepness):
    """At 400 pixels nothing is wider than the window, and whatever is touched is at least 40 pixels high and wide."""
    shown = play(400, has_touch=True)
    page = shown.page
    page.get_by_label("steepness as a number").first.fill(steepness)
    for view in ("network", "alice", "bob"):
        pick(page, "view", view)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        inside = "nodes => Math.max(...nodes.map((node) => node.getBoundingClientRect().right))"
        assert page.locator("[data-stage] *:not(.ab-hidden)").evaluate_all(inside) <= 400
    page.locator('[data-swap="11 10 as is"]').tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    sizes = page.locator(
        "[data-stage] :is(button, label.ab-segment, input[type=range], input[type=number])"
    ).evaluate_all(
        "nodes => nodes.map((node) => { const box = node.getBoundingClientRect();"
        " return [node.textContent || node.type, Math.round(box.width), Math.round(box.height)]; })"
    )
    assert len(sizes) > 130
    assert [one for one in sizes if min(one[1:]) < 40] == []


PAPER = "getComputedStyle(document.querySelector('[data-stage]')).backgroundColor"
THEMES = [
    ("light", "auto", False), ("dark", "auto", True), ("dark", "light", False), ("light", "dark", True),
]  # fmt: skip


def test_light_and_dark(left_open):
    """The stages follow the reader's choice of a theme, and without one the system's."""
    page = left_open.page
    for scheme, theme, dark in THEMES:
        page.emulate_media(color_scheme=scheme)
        page.evaluate("theme => { document.body.dataset.theme = theme; }", theme)
        assert (page.evaluate(PAPER) == "rgb(255, 255, 255)") != dark
    page.evaluate("document.body.dataset.theme = 'auto'")


@pytest.mark.nightly
@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (1600, "light")])
def test_accessible(play, width, scheme):
    """axe finds nothing in the page as it opens, and after a lost bet."""
    page = play(width, color_scheme=scheme).page
    assert complaints_of_axe(page) == []
    lose(page)
    assert complaints_of_axe(page) == []


def lose(page):
    steep(page, 8)
    pick(page, "trusted", "alice")
    pick(page, "view", "bob")
    page.get_by_role("button", name="Let me lose").click()
    page.get_by_role("button", name="Run the swap").click()
    page.locator('[data-ab="tallies"] button').nth(1).click()
    page.locator('[data-swap="11 00 as is"]').click()
    steep(page, 800)


def complaints_of_axe(page):
    from axe_playwright_python.sync_playwright import Axe

    # Long lines of code scroll, which the browser lets the keyboard do; styles are not asked for again.
    context = {"include": [["article"]], "exclude": [["pre"]]}
    found = Axe().run(page, context, {"preload": False}).response["violations"]
    return [(one["impact"], one["id"], one["nodes"][0]["html"]) for one in found]


def test_motion(left_open):
    """Nothing moves for who asks for less motion."""
    page = left_open.page
    moving = "nodes => nodes.filter((node) => !/^0s(, 0s)*$/.test(getComputedStyle(node).transitionDuration)).length"
    for wish, moves in (("no-preference", True), ("reduce", False)):
        page.emulate_media(reduced_motion=wish)
        assert (page.locator("[data-stage] *").evaluate_all(moving) > 0) == moves


def test_without_javascript(built, opened):
    """Without scripts the page says so, and leads to the story in numbers; no empty stage is left."""
    shown = opened(built, ready=False, java_script_enabled=False)
    assert "The network on this page needs JavaScript." in shown.page.locator("article").inner_text()
    (target,) = set(re.findall(r"\[The same story in numbers\]\((.*?)\)", PAGE.read_text("utf-8")))
    assert (PAGE.parent / target).resolve() == ROOT / "examples" / "alice_and_bob" / "README.md"
    assert not any(stage.is_visible() for stage in shown.page.locator("[data-stage]").all())
