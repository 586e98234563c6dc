"""All circuits of a transformer, counted and listed by the diagram, against one run per circuit."""

import gc
import itertools
import weakref
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import everyhow as eh
from everyhow.common.errors import BudgetError, InputError
from everyhow.kernels.last_slot import judged_by, wrong_in
from everyhow.model.circuit import Circuit, chosen_of
from everyhow.model.circuit_families import every_circuit, families_of
from everyhow.model.criterion import perfect, resample_faithful
from everyhow.model.running_search import RunningSearch
from everyhow.model.space import circuits_in_space
from everyhow.transformer import compiling, components, diagram
from everyhow.transformer.foretelling import foretold_steps

from .slowly import COMPILED, TRAINED, Slowly, random_transformer, stored

ROWS = list(itertools.product(range(2), repeat=3))
SLOWEST = {"tracr-xproportion"}


@pytest.mark.parametrize("name", [*TRAINED, *COMPILED])
def test_reference_counts(name):
    """Every number of the reference files: by ablation, grain and size; the minimal circuits, and those in all."""
    document, model, behavior = stored(name)
    for ablation, by_grain in document["counts"].items():
        for grain, said in by_grain.items():
            own = model.at(grain.replace("_", "-"))
            search = own.search(perfect(own, behavior, ablation))
            count, name_of = search.count(), own.graph.name
            assert count.certified and circuits_in_space(own.graph) == said["circuits_in_space"]
            assert sum(count.certain.values()) == said["perfect_circuits"]
            minimal = [
                {name_of(edge) for edge in one.edges} for one in eh.circuits(own, behavior, ablation=ablation).minimal()
            ]
            if "by_edges" in said:
                assert {str(size): number for size, number in count.certain.items()} == said["by_edges"]
            if "fewest_edges" in said:
                assert count.fewest_edges == said["fewest_edges"]
            if "minimal_circuits" in said:
                assert len(minimal) == said["minimal_circuits"]
            if "minimal" in said:
                assert sorted(map(sorted, minimal)) == sorted(map(sorted, said["minimal"]))
            if "with_fewest_edges" in said:
                fewest = [one for one in minimal if len(one) == count.fewest_edges]
                assert [{edge.replace("→", "->") for edge in one} for one in fewest] == [
                    *map(set, said["with_fewest_edges"])
                ]
            if "core_edges" in said:
                usage = search.usage()
                core = [name_of(edge).replace("→", "->") for edge in own.graph.edges if usage.role(edge) == "core"]
                assert core == sorted(said["core_edges"], key=core.index)


def test_two_published_circuits():
    """10^22 circuits of a compiled transformer: by zero ablation one is the smallest and inside all others, by mean or
    resampling another one."""
    document, model, _ = stored("tracr-reverse-model-only")
    behavior = eh.Behavior.of_tokens(model, document["tokens"], eh.Answer([1, 2, 3, 4]))
    model = behavior.read(model)
    assert circuits_in_space(model.graph) == 32_596_054_202_075_485_290_495
    numbers = {"zero": 253_454_741_884_073_148_416, "mean": 10_865_353_745_004_419_547_136}
    smallest = {"zero": 8, "mean": 2}
    for ablation, number in numbers.items():
        found = eh.circuits(model, behavior, ablation=ablation)
        assert found.count().between == (number, number) and found.count().fewest_edges == smallest[ablation]
        (one,) = found.minimal()
        assert len(one) == smallest[ablation] and found.count().certain[len(one)] == 1
    assert [model.graph.name(edge) for edge in one.edges] == ["input→a3.h0<v>", "a3.h0→logits"]


def searches(model, behavior, ablation, faithful=False):
    criterion = (resample_faithful if faithful else perfect)(behavior.read(model), behavior, ablation)
    return criterion.model.search(criterion), RunningSearch(criterion)


def same(fast, slow):
    """The numbers by size, the circuits, the minimal ones, and how often each edge and node is used."""
    count, plain = fast.count(), slow.count()
    assert (count.certain, count.possible) == (plain.certain, plain.possible)
    listed = {circuit.bits for circuit in fast.circuits()}
    assert listed == {circuit.bits for circuit in slow.circuits()}
    if count.certified:
        assert sorted(fast.minimal().tolist()) == sorted(slow.minimal().tolist())
        assert fast.usage() == slow.usage()
    return listed


SHAPES = (
    ((1, 2),), ((2, 0),), ((2, 2),), ((3, 0),), ((1, 0), (1, 0)), ((1, 2), (1, 0)), ((1, 0), (1, 2)),
    ((1, 2), (1, 2)), ((4, 0),), ((1, 0), (1, 0), (1, 0)), ((2, 0), (1, 0)),
)  # fmt: skip


@st.composite
def asked(draw):
    layers = draw(st.sampled_from(SHAPES))
    grain = draw(st.sampled_from(("edges-qkv", "edges", "nodes")))
    several = draw(st.booleans())
    classes = draw(st.sampled_from([2, 3]))
    model = random_transformer(
        draw(st.integers(0, 10_000)), layers, positions=3, classes=classes,
        norms=draw(st.sampled_from(["", "12f", "f", "1r", "2fr"])),
        causal=draw(st.booleans()), activation=draw(st.sampled_from(["relu", "gelu"])), grain=grain,
        dead=draw(st.sampled_from([(), (0,)])), equal=draw(st.sampled_from([(), (0,)])),
        split_input=draw(st.booleans()),
    )  # fmt: skip
    rows = draw(st.lists(st.sampled_from(ROWS), min_size=1, max_size=4, unique=True))
    numbers = draw(st.booleans()) and draw(st.booleans())
    behavior = eh.Behavior.of_tokens(
        model, rows, eh.Answer([2, 0] if several else -1, None if numbers else range(classes)),
        within=draw(st.sampled_from([0.5, 2.0])) if numbers else draw(st.sampled_from([None, None, 3.0])),
        epsilon=draw(st.sampled_from([0.0, 0.0, 0.3])), weights=np.arange(1.0, len(rows) + 1),
        paired=np.roll(rows, 1, axis=1),
    )  # fmt: skip
    return model, behavior, draw(st.sampled_from(["zero", "mean", "resample", "paired"]))


@settings(max_examples=60, deadline=None)
@given(asked())
def test_beside_one_run_per_circuit(drawn):
    """Random transformers: norms or none, dead heads and equal ones, several answers, numbers, errors allowed."""
    model, behavior, ablation = drawn
    if len(model.graph.edges) > 13:
        model = model.at("edges")
    same(*searches(model, behavior, ablation))


@pytest.mark.parametrize(("layers", "ablation"), [(((1, 2), (1, 0)), "zero"), (((4, 0),), "mean")])
def test_every_slot_by_itself(layers, ablation):
    """17 and 18 edges with slots: all circuits, one by one."""
    model = random_transformer(8, layers, norms="1f")
    behavior = eh.Behavior.of_tokens(model, ROWS[::3], eh.Answer(-1, [0, 1]), epsilon=0.4)
    assert len(same(*searches(model, behavior, ablation))) > 20


def test_resample_faithful():
    """Perfect, and right with every source: two parts, judged apart."""
    model = random_transformer(12, ((2, 2),), grain="edges")
    for epsilon in (0.0, 0.2):
        behavior = eh.Behavior.of_tokens(model, ROWS[:5], eh.Answer(-1, [0, 1]), epsilon=epsilon)
        same(*searches(model, behavior, "mean", faithful=True))


@pytest.mark.parametrize(("inner", "split"), [(2, False), (0, True)])
def test_by_loops(inner, split):
    """One run per circuit by loops over lists: nothing is shared with what is tested."""
    model = random_transformer(3, ((1, inner),), norms="12f" if inner else "1f", split_input=split)
    slow, name = Slowly(model), model.graph.name
    behavior = eh.Behavior.of_tokens(model, ROWS, eh.Answer([1, 2], [0, 1]))
    whole = {row: slow.run(row) for row in ROWS}
    right = set()
    for size in range(1, len(slow.edges) + 1):
        for edges in itertools.combinations(slow.edges, size):
            into, out_of = (
                {edge.split("->")[1].split("<")[0] for edge in edges},
                {edge.split("->")[0] for edge in edges},
            )
            if {"logits"} | (out_of - {"input", "embed", "pos_embed"}) != into:
                continue
            runs = ((whole[row]["logits"], slow.run(row, set(edges))["logits"]) for row in ROWS)
            if all((a[p][0] >= a[p][1]) == (b[p][0] >= b[p][1]) for a, b in runs for p in (1, 2)):
                right.add(frozenset(edges))
    found = eh.circuits(model, behavior)
    assert {frozenset(name(edge).replace("→", "->") for edge in one.edges) for one in found} == right
    assert len(right) > 3


def test_equal_logits():
    """Two logits that are equal to the last bit are equal: argmax takes the first. Those that nearly are stay open."""
    model = random_transformer(0, ((1, 0),), classes=2)
    # Heads write into a direction that only the second logit reads.
    reading = np.zeros((4, 2))
    reading[0, 1] = 1.0
    model = replace(model, W_U=reading, b_U=np.zeros(2))
    behavior = eh.Behavior.of_tokens(model, [(0, 0, 1)], eh.Answer(-1, [0, 1]), [0])
    count = eh.circuits(model, behavior).count()
    assert count.certified
    near = replace(model, W_U=np.zeros((4, 2)), b_U=np.array([0.0, -1e-12]))
    assert eh.circuits(near, behavior).count().between == (0, 15)


def test_ties_are_listed_last():
    """A circuit that is open is listed when float64 happens to decide it so."""
    dead = replace(random_transformer(0, ((1, 0),)), W_E=np.zeros((3, 4)), W_pos=np.zeros((3, 4)), W_U=np.zeros((4, 2)))
    for bias, listed in ((-1e-12, 15), (1e-12, 0)):
        model = replace(dead, b_U=np.array([0.0, bias]))
        behavior = eh.Behavior.of_tokens(model, [(0, 0, 1)], eh.Answer(-1, [0, 1]), [0])
        search = model.search(perfect(model, behavior))
        assert search.count().between == (0, 15) and len(list(search.circuits())) == listed
        assert len(chosen_of(model.graph, np.concatenate(list(search.possible_bits())))) == 15
        with pytest.raises(InputError, match="no circuit meets the criterion"):
            search.sample(1)


def test_inside_a_circuit():
    """The circuits inside another one, and those nearest to one that is not among them."""
    model = random_transformer(21, ((2, 2),))
    behavior = eh.Behavior.of_tokens(model, ROWS, eh.Answer(-1, [0, 1]), epsilon=0.2)
    criterion = perfect(behavior.read(model), behavior)
    every = {circuit.bits for circuit in RunningSearch(criterion).circuits()}
    outer = max(map(model.search(criterion).circuit, every), key=lambda one: (len(one) < 12, len(one)))
    inside = model.search_within(criterion, outer)
    assert {one.bits for one in inside.circuits()} == {bits for bits in every if bits & ~outer.bits == 0}
    assert inside.count().certain[len(outer)] == 1
    for circuit in model.search(criterion).sample(3, seed=2):
        assert circuit.bits in every
    key = lambda bits, own: ((bits ^ own).bit_count(), bits.bit_count(), bits)  # noqa: E731
    for own in (0b1000000000011, outer.bits, 0):
        assert model.search(criterion).nearest(own) == min(every, key=lambda bits: key(bits, own))


@pytest.mark.parametrize("grain", ["edges-qkv", "edges", "nodes"])
def test_hereditary(grain):
    """Circuits that stay perfect whatever is added, by looking at all larger ones."""
    model = random_transformer(2, ((2, 0),), grain=grain)
    behavior = eh.Behavior.of_tokens(model, ROWS, eh.Answer(-1, [0, 1]), epsilon=0.2)
    criterion = perfect(behavior.read(model), behavior)
    search = model.search(criterion)
    of, graph = families_of(model.graph), model.graph
    every = set(of.sets(every_circuit(of, graph)))
    assert len(every) == circuits_in_space(graph)
    good = {circuit.bits for circuit in search.circuits()}
    kept = {one for one in good if all(other in good for other in every if other & one == one)}
    least = {one for one in kept if not any(other != one and other & one == other for other in kept)}
    assert search.hereditary() == (len(kept), len(least))
    assert RunningSearch(criterion).hereditary() == (len(kept), len(least))
    faithful = model.search(resample_faithful(criterion.model, behavior))
    both = kept & {circuit.bits for circuit in faithful.circuits()}
    assert search.hereditary(faithful)[0] == len(both) == RunningSearch(criterion).hereditary(faithful)[0]


def test_each_component_runs_once_per_distinct_input(monkeypatch):
    """81 to 85 runs of components in place of 2,000,895 forward passes over 1,024 rows."""
    document, model, behavior = stored("tracr-xproportion")
    runs = []
    for name in ("pattern", "written"):
        plain = getattr(components, name)
        monkeypatch.setattr(components, name, lambda *given, plain=plain: (runs.append(1), plain(*given))[1])
    for ablation in ("zero", "mean"):
        diagram._compiled(perfect(model, behavior, ablation), 10**10)
    assert len(runs) < 100
    assert len(document["tokens"]) == 1024


def test_beyond_the_budget():
    """What is refused before it is begun, by circuits drawn; or while it is counted."""
    model = random_transformer(5, ((2, 2), (1, 2)))
    behavior = eh.Behavior.of_tokens(model, ROWS, eh.Answer(-1, [0, 1]))
    criterion = perfect(behavior.read(model), behavior)
    with pytest.raises(
        BudgetError,
        match=r"needs about 3.4[78]e\+08 candidate evaluations or more, as 64 circuits drawn at random tell; the "
        r"budget of 1e\+06 is not enough\. Ask a coarser grain",
    ):
        diagram.diagram_of(criterion, 10**6)
    with pytest.raises(
        BudgetError,
        match=r"needs at most .*e\+\d+ candidate evaluations, fewer where .*; the budget of 2e\+06 is not enough",
    ):
        compiling.Compiling(criterion, families_of(model.graph), 2 * 10**6).family(compiling.CERTAIN)
    found = eh.audit(model, behavior, budget=10**6)
    assert found.counts["perfect_circuits"] is None and "estimated instead" in found.capped[0]


@pytest.mark.parametrize(
    ("layers", "grain", "split"),
    [
        (((2, 2),), "edges-qkv", False), (((3, 0), (1, 2)), "edges", False), (((2, 3), (2, 0)), "nodes", False),
        (((1, 0), (1, 0)), "edges-qkv", True),
    ],
)  # fmt: skip
def test_foretold(layers, grain, split):
    """What random circuits tell is less than what counting takes, and not very much less."""
    model = random_transformer(4, layers, grain=grain, split_input=split)
    behavior = eh.Behavior.of_tokens(model, ROWS, eh.Answer(-1, [0, 1]))
    criterion = perfect(behavior.read(model), behavior, "mean")
    told, drawn = foretold_steps(criterion, 10**12)
    whole = compiling.Compiling(criterion, families_of(model.graph), 10**12)
    whole.family(compiling.CERTAIN)
    assert whole.steps / 30 < told < whole.steps < compiling.most_steps(model) + whole.components.steps
    assert foretold_steps(criterion, told // 2)[1] <= drawn


def test_very_many_edges():
    """Refused before it is begun, whatever the budget."""
    model = random_transformer(5, ((4, 2),) * 4)
    behavior = eh.Behavior.of_tokens(model, ROWS[:2], eh.Answer(-1, [0, 1]))
    assert len(model.graph.edges) == 479
    criterion = perfect(behavior.read(model), behavior)
    search = criterion.model.search(criterion)
    assert search.refusal("counting", 1, 10**12) == "circuits are found among at most 250 edges, and there are 479"
    with pytest.raises(BudgetError, match=r"at most 250 edges, and there are 479\. Ask a coarser grain"):
        search.count()
    own = model.at("edges")
    assert len(own.graph.edges) == 207
    with pytest.raises(BudgetError, match=r"needs about .* circuits drawn"):
        diagram.diagram_of(perfect(behavior.read(own), behavior), 10**6)


def test_memory(monkeypatch):
    """Sums that were dropped are added again; too many values of components are refused."""
    document, model, behavior = stored("transformer-parity-2l2h-seed0")
    monkeypatch.setattr(components, "MOST_BYTES_OF_SUMS", 1 << 10)
    own = model.at("edges")
    found = diagram._compiled(perfect(own, behavior, "zero"), 10**10)
    assert found.families.count(found.certain) == document["counts"]["zero"]["edges"]["perfect_circuits"]
    monkeypatch.setattr(compiling, "MOST_BYTES", 1 << 12)
    with pytest.raises(BudgetError, match="takes more than 0 MB for what components write"):
        diagram._compiled(perfect(own, behavior, "zero"), 10**10)


def test_batches_of_scenarios(monkeypatch):
    """Every base with every source, some scenarios at a time, gives the same circuits."""
    document, model, behavior = stored("transformer-xor-1l4h-seed0")
    own = model.at("edges")
    monkeypatch.setattr(diagram, "BYTES_AT_ONCE", 8 * 24 * 3)
    criterion = perfect(own, behavior, "resample")
    assert len(diagram._batches(criterion)) == 6
    found = diagram._compiled(criterion, 10**10)
    assert found.families.count(found.certain) == document["counts"]["resample"]["edges"]["perfect_circuits"]


def test_last_slot_rules():
    """A value inside, outside, near a boundary, on it, and none."""
    limits = np.array([[[1e-9], [np.inf]], [[-1e-9], [np.inf]], [[0.0], [np.inf]]])[:, :, :, None]
    beyond = np.nextafter(limits[2, 0], np.inf)
    wanted = {1.0: 0, -1.0: 3, 5e-10: 1, -5e-10: 1, 0.0: 3, float("nan"): 1}
    for value, wrong in wanted.items():
        assert wrong_in(value, limits, beyond, 0, 0) == wrong
    weight, part = np.array([0.5, 0.5, 1.0]), np.array([0, 0, 1])
    for wrongs, allowed, result in (((0, 3, 0), 0.5, 3), ((1, 3, 0), 0.5, 1), ((3, 3, 0), 0.5, 0), ((3, 0, 3), 0.5, 0)):
        assert judged_by(np.array(wrongs, np.uint8), weight, part, allowed) == result


def test_circuits_of_many_words():
    """77 edges: circuits are numbers of two words, read back from their bits."""
    document, model, _ = stored("tracr-reverse-model-only")
    behavior = eh.Behavior.of_tokens(model, document["tokens"], eh.Answer([1, 2, 3, 4]))
    model = behavior.read(model)
    search = model.search(perfect(model, behavior, "mean"))
    for circuit in search.sample(20, seed=1):
        assert Circuit.of_edges(model.graph, circuit.edges) == circuit
    chosen = np.array([circuit.chosen for circuit in search.sample(20, seed=1)])
    certain, possible = model.judged([search.criterion], chosen)
    assert certain.all() and possible.all()
    usage = search.usage()
    assert {model.graph.name(edge) for edge in usage.edges if usage.role(edge) == "core"} == {
        "input→a3.h0<v>",
        "a3.h0→logits",
    }


@pytest.mark.parametrize("at_once", [1, 1 << 24])
def test_many_rows(monkeypatch, at_once):
    """64 rows; what the last heads write is tried together, or one head after the other."""
    monkeypatch.setattr(compiling, "MOST_AT_ONCE", at_once)
    rows = list(itertools.product(range(4), repeat=3))
    model = random_transformer(17, ((2, 2),), vocabulary=4, grain="edges")
    # Right at most rows, so that many circuits pass those that are tried first and fail at others.
    reading = model.W_U * 0.2 + np.outer(model.W_E.sum(axis=0), [1.0, -1.0])
    model = replace(model, W_U=reading, b_U=np.array([3.0, 0.0]))
    behavior = eh.Behavior.of_tokens(model, rows, eh.Answer(-1, [0, 1]))
    criterion = perfect(behavior.read(model), behavior, "mean")
    found = diagram._compiled(criterion, 10**10)
    plain = RunningSearch(criterion)
    assert found.families.by_size(found.certain) == plain.count().certain
    assert set(found.families.sets(found.certain)) == {circuit.bits for circuit in plain.circuits()}
    assert 0 < found.families.count(found.certain) < 63


def test_nothing_is_kept_by_what_calls_itself():
    """What components write, up to gigabytes, is gone once circuits are found, and not only when memory is next gone
    through."""
    model = random_transformer(3, ((1, 0), (1, 0)))
    behavior = eh.Behavior.of_tokens(model, ROWS, eh.Answer(-1, [0, 1]))
    collected = gc.isenabled()
    gc.disable()
    try:
        one = compiling.Compiling(perfect(behavior.read(model), behavior, "zero"), families_of(model.graph), 10**12)
        one.family(compiling.CERTAIN)
        kept = weakref.ref(one)
        del one
        assert kept() is None
    finally:
        if collected:
            gc.enable()
