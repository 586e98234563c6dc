"""The landing page, Start and Ideas: what they run prints what they show, and what they say in words is so."""

import re
import runpy
import tomllib

import pytest

import everyhow as eh

from .followed import FENCED, ROOT, files_of_the_repository, follow

DOCS = ROOT / "docs"
IDEAS = ("circuit", "interpretation", "algorithm", "mapping", "code", "ladder", "ablation")
FOLLOWED = ("index", "start/read-an-audit", "ideas/professor", *(f"ideas/{name}" for name in IDEAS))
# What nobody installs who only uses the library.
FOR_DEVELOPERS = {"test", "docs", "dev"}


@pytest.fixture(scope="module")
def trained():
    """The network of `make demo`."""
    return eh.load(ROOT / "examples" / "xor-2-3-3-1.json")


@pytest.fixture(scope="module")
def audit(trained):
    return eh.audit(trained, "XOR")


def page(name):
    return (DOCS / f"{name}.md").read_text("utf-8")


def words(name):
    """The sentences of a page, each on one line and without marks for links and stress."""
    text = re.sub(r"\]\([^)]*\)", "", FENCED.sub("", page(name)))
    return " ".join(re.sub(r"[*\[`]", "", text).split())


def demo():
    """What docs/guide/audits.md shows of `make demo`, which another test compares with what it prints."""
    (shown,) = re.findall(
        r"^```\n(\$ make demo\n.*?)^```$", (ROOT / "docs" / "guide" / "audits.md").read_text("utf-8"), re.S | re.M
    )
    return shown


def quoted(text):
    """The blocks of the demo that a page quotes, and the page without them, and without what only Sphinx reads."""
    blocks = []

    def left(block):
        if block["language"] == "{toctree}":
            return ""
        if block["language"] or block["inside"].startswith("$ everyhow "):
            return block[0]
        blocks.append(block["inside"])
        return ""

    return blocks, FENCED.sub(left, text)


def wrong(text, folder, monkeypatch):
    """The steps of a page that print something else than it shows."""
    files_of_the_repository(folder)
    monkeypatch.chdir(folder)
    steps = list(follow(text))
    assert len(steps) > 3
    return [step for step in steps if not step.same]


@pytest.mark.parametrize("name", FOLLOWED)
def test_pages_print_what_they_show(name, tmp_path, monkeypatch):
    assert not wrong(quoted(page(name))[1], tmp_path, monkeypatch)


@pytest.mark.nightly
def test_ten_minutes_with_a_module_of_ones_own(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    assert not wrong(page("start/ten-minutes"), tmp_path, monkeypatch)
    assert (tmp_path / "mine.html").stat().st_size > 100_000 < (tmp_path / "xor.html").stat().st_size
    # On other machines training ends a little elsewhere. What the page shows does not change for that.
    network = eh.load(tmp_path / "mine.json")
    asked = eh.audit(network, "XOR")
    for share in (0.999, 1.001):
        weights = [
            [[w * (share if (k + i) % 2 else 1) for i, w in enumerate(row)] for k, row in enumerate(layer)]
            for layer in network.weights
        ]
        moved = eh.audit(eh.Network(weights, network.biases, network.activations, threshold=0), "XOR")
        assert (moved.summary(), moved.ladder) == (asked.summary(), asked.ladder)


def test_another_answer_is_seen(tmp_path, monkeypatch):
    """A page whose number is wrong is found out."""
    changed = page("ideas/circuit").replace("\n10647\n", "\n10648\n")
    (step,) = wrong(changed, tmp_path, monkeypatch)
    assert (step.shown, step.printed) == ("10648\n", "10647\n")


def test_read_an_audit_quotes_the_demo_whole():
    """Block by block, in order, and nothing else."""
    blocks, _ = quoted(page("start/read-an-audit"))
    assert len(blocks) == 7 and "\n".join(blocks) == demo()


def test_pictures_are_those_that_the_library_draws():
    """Run `python docs/figures/ideas.py` where one is stale."""
    figures = DOCS / "figures"
    drawn = runpy.run_path(str(figures / "ideas.py"))["pictures"]()
    assert {path.stem for path in figures.glob("ideas-*")} == set(drawn)
    for name, picture in drawn.items():
        assert (figures / f"{name}.svg").read_text("utf-8") == picture.svg(), name
        assert f"../figures/{name}.svg" in "".join(page(f"ideas/{idea}") for idea in ("professor", *IDEAS))


@pytest.mark.parametrize("name", IDEAS)
def test_every_idea_is_told_in_the_same_order(name):
    """Definition, picture, example, what is counted, what is misread, and where to go; every picture is described."""
    text = page(f"ideas/{name}")
    in_order = ["reference/definitions.md", "![", ">>> import", "## What is counted", "## Often misread", "## Next"]
    places = [text.index(part) for part in in_order]
    assert places == sorted(places)
    assert all(len(told) > 30 for told in re.findall(r"!\[(.*?)\]", text))


def test_installation_names_every_extra():
    """As pyproject.toml has them."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = re.findall(r"^\| `(\w+)` \|", page("start/install"), re.M)
    assert set(named) == set(extras) - FOR_DEVELOPERS and len(named) == len(set(named))


def test_the_question_is_answered_with_true_numbers(trained, audit):
    """The numbers of the landing page that stand in its sentences."""
    said = words("index")
    circuits, ladder = audit.counts, audit.ladder["circuits"]
    smallest = [len(circuit) for circuit in eh.circuits(trained, "XOR").minimal()]
    assert smallest == [11] * 4
    assert f"has {circuits['circuits_in_space']:,}, and {circuits['perfect_circuits']} of them are perfect" in said
    assert "Four of these have 11 edges and nothing perfect inside" in said
    assert f"{ladder['resample_faithful']} of the {ladder['perfect']} are left" in said
    assert f"nothing smaller inside: {ladder['resample_faithful_minimal']}." in said
    assert f"fewest edges: {ladder['resample_faithful_fewest_edges']}. It has 12 edges" in said
    assert "The smallest circuit left: 12 edges" in audit.summary()
    seeds = [eh.audit(eh.load(ROOT / f"tests/reference/xor-2-3-3-1-seed{seed}.json"), "XOR") for seed in (0, 2, 4)]
    assert [one.counts["perfect_circuits"] for one in seeds] == [120, 352, 272] and "120, 352 and 272" in said
    assert [one.ladder["circuits"]["resample_faithful_fewest_edges"] for one in seeds] == [1, 1, 4]
    assert "one circuit of the first network, one of the second and four of the third" in said


def test_taking_edges_away_ends_at_one_of_the_smallest(trained):
    """In every order, as the landing page says; looked at one by one."""
    perfect = {frozenset(circuit.edges) for circuit in eh.circuits(trained, "XOR")}
    reached, waiting, ends = set(), [frozenset(trained.graph.edges)], set()
    while waiting:
        circuit = waiting.pop()
        if circuit in reached:
            continue
        reached.add(circuit)
        smaller = {connected(circuit - {edge}) for edge in circuit} & perfect
        waiting += smaller
        if not smaller:
            ends.add(circuit)
    assert ends == {frozenset(circuit.edges) for circuit in eh.circuits(trained, "XOR").minimal()}
    assert len(ends) == 4 and "ends at one of the four" in words("index")


def connected(edges):
    """Edges without those that come from nowhere or lead nowhere, in a network of three layers of edges."""
    while True:
        entered, left = {edge[:2] for edge in edges}, {(edge[0] - 1, edge[2]) for edge in edges}
        kept = {
            edge
            for edge in edges
            if (edge[0] == 1 or (edge[0] - 1, edge[2]) in entered) and (edge[0] == 3 or edge[:2] in left)
        }
        if kept == edges:
            return frozenset(edges)
        edges = kept


def test_what_ideas_say_of_the_trained_network(trained, audit):
    """The numbers that stand in sentences of these pages."""
    circuits = list(eh.circuits(trained, "XOR"))
    minimal = eh.circuits(trained, "XOR").minimal()
    larger = sum(any(one.is_within(circuit) and one != circuit for one in minimal) for circuit in circuits)
    hereditary = audit.counts["hereditary_circuits"]
    assert f"Of the {len(circuits)}, {larger} contain a smaller perfect circuit" in words("ideas/circuit")
    assert f"{hereditary} of the {len(circuits)} stay perfect" in words("ideas/circuit")
    assert f"Of the other {len(circuits) - hereditary}, some larger circuit" in words("ideas/circuit")
    fewest, most = (audit.counts[f"interpretations_per_circuit_{end}"] for end in ("min", "max"))
    assert f"{audit.counts['interpretations']:,} interpretations in its {len(circuits)}" in words(
        "ideas/interpretation"
    )
    assert f"have {fewest} to {most}" in words("ideas/interpretation")
    resampled = {frozenset(circuit.edges) for circuit in eh.circuits(trained, "XOR", ablation="resample")}
    both = len(resampled & {frozenset(circuit.edges) for circuit in circuits})
    assert both == audit.ladder["circuits"]["resample_faithful"]
    assert f"Of the {len(resampled)}, {both} are perfect by zero and {len(resampled) - both} are not" in words(
        "ideas/ablation"
    )
    assert f"and resample: {both} circuits here" in words("ideas/ablation")


def test_what_interpretations_miss_in_some_circuits():
    """Circuits of another network have no interpretation, as the page says."""
    other = eh.load(ROOT / "tests" / "reference" / "xor-2-3-3-1-seed4.json")
    assert eh.audit(other, "XOR").counts["interpretations_per_circuit_min"] == 0
    assert "circuits of other networks have none" in words("ideas/interpretation")
