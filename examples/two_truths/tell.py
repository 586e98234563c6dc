"""Two publications give the true circuit of one compiled transformer, one of 5 edges, one of 3. Which is right?

`python examples/two_truths/tell.py` prints the answer; with a folder behind it, it also writes there both pages and the
picture.
"""

import re
import sys
from pathlib import Path

import everyhow as eh
from everyhow.model.behavior_files import read_behavior
from everyhow.report.drawings.drawing import beside

HERE = Path(__file__).parent
# The name of an edge in a sentence; as code, so that <q> is not taken for HTML.
EDGE = re.compile(r"[\w.]+→[\w.]*\w(?:<\w>)?")
# By the edges that each publication prints; `m0` is the MLP of the first layer, `a1.h0` the head of the second.
PUBLISHED = {
    "ACDC (Conmy et al., NeurIPS 2023)": (
        "zero", ["input→m0", "input→a1.h0<q>", "input→a1.h0<k>", "m0→a1.h0<v>", "a1.h0→logits"],
    ),
    "Miller et al. (COLM 2024)": ("mean", ["input→m0", "m0→a1.h0<v>", "a1.h0→logits"]),
}  # fmt: skip


def main() -> None:
    model = eh.load(HERE / "xproportion.json")
    behavior = read_behavior(HERE / "behavior.json", model)
    model = behavior.read(model)
    by_name = {model.graph.name(edge): edge for edge in model.graph.edges}
    circuits = {
        source: eh.Circuit.of_edges(model.graph, map(by_name.get, names)) for source, (_, names) in PUBLISHED.items()
    }
    print(f"# Two truths, all the numbers\n\n{ABOUT}\n")
    space = eh.circuits(model, behavior).in_space
    print(f"The transformer has {len(model.graph.edges)} edges and {space:,} circuits. Every one of them is counted:\n")
    print("| removed edges carry | perfect circuits | the fewest edges | circuits with so few | minimal circuits |")
    print("|---|---|---|---|---|")
    smallest = {}
    for ablation in ("zero", "mean"):
        found = eh.circuits(model, behavior, ablation=ablation)
        count = found.count()
        (smallest[ablation],) = found.minimal()
        least = count.fewest_edges
        numbers = (f"{count.count}", least, count.certain[least], len(found.minimal()))
        print(
            f"| {'nothing' if ablation == 'zero' else 'their mean'} (`{ablation}`) | {' | '.join(map(str, numbers))} |"
        )
    print("\nSo each ablation has one circuit that lies inside all others. And these are the two published ones:\n")
    for source, (own, _) in PUBLISHED.items():
        circuit = circuits[source]
        assert circuit == smallest[own]
        edges = ", ".join(f"`{model.graph.name(edge)}`" for edge in circuit.edges)
        print(f"- **{source}**, {len(circuit)} edges: {edges}.")
        for ablation in ("zero", "mean"):
            standing = eh.place(model, behavior, circuit, ablation=ablation)
            said, *_ = str(standing).splitlines()
            marked = EDGE.sub(lambda found: f"`{found[0]}`", said)
            print(f"  - by `{ablation}`: {marked}.")
    print(f"\n{MORAL}")
    if len(sys.argv) > 1:
        write(Path(sys.argv[1]), model, behavior)


def write(folder: Path, model: eh.Transformer, behavior: eh.Behavior) -> None:
    """The page of an audit by each ablation, and both smallest circuits in one picture."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {}
    for ablation, said in (("zero", "removed edges carry nothing"), ("mean", "removed edges carry their mean")):
        audit = eh.audit(model, behavior, ablation=ablation, budget=10**9)
        audit.report(folder / f"{ablation}.html")
        pictures[said] = audit.drawings()["minimal-1"]
    beside("The one smallest circuit of a compiled transformer", pictures).save(folder / "two-truths.svg")


ABOUT = """A RASP program that says at each position which share of the tokens so far is `x` was compiled into a small
transformer (`compile.py`, by tracr). How it works is known, since it was compiled. Still, two publications that find
circuits automatically print two different circuits as its true one."""
MORAL = """Both are right. The head looks at the positions up to its own, and only its queries and keys tell it which
these are. Where a removed edge carries nothing, the edges into queries and keys are needed. Where it carries its mean,
position by position, they are not: positions are the same in every input, so the mean tells as much. What removed
edges carry is part of the question, and a circuit without it is not an explanation yet."""

if __name__ == "__main__":
    main()
