"""One network, two students, two correct explanations: told with what the library finds.

`python examples/alice_and_bob/tell.py` prints the README beside this file.
"""

import textwrap

import everyhow as eh
from everyhow.boolean.truth_table import assignments

NETWORK = eh.xornet(steepness=25)


def students():
    """The two explanations by two signals, as the search finds them; the one with the OR gate is Alice's."""
    by_two = [found for found in eh.readouts(NETWORK) if len(found.signals) == 2]
    (alice,) = [found for found in by_two if found.gate_name == "OR"]
    (bob,) = [found for found in by_two if found.gate_name == "AND"]
    return alice, bob


def table(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def network_rows():
    """What every neuron does at the four inputs."""
    inputs, hidden, output = NETWORK.states(assignments(2))
    for x, h, y in zip(inputs, hidden, output, strict=True):
        yield [f"{x[0]:.0f} {x[1]:.0f}", *(f"{value:.2f}" for value in (*h, *y))]


def explanation_rows():
    """Every exact explanation."""
    for found in eh.readouts(NETWORK):
        gate = found.gate_name
        yield [len(found.signals), "; ".join(map(str, found.readouts)), gate, f"{found.cost(eh.CostModel()):g}"]


def signal(readout):
    """A signal in the polarity that is 0 when both inputs are."""
    return (readout.complement() if readout.table.bits & 1 else readout).name


def steepness_rows():
    """Which pairs of signals are exact, by how steep the neurons are."""
    for steepness in (1, 2, 4, 8, 15, 25, 50, 100):
        by_two = [found for found in eh.readouts(eh.xornet(steepness)) if len(found.signals) == 2]
        yield [steepness, "; ".join(" and ".join(map(signal, found.readouts)) for found in by_two)]


def swap_rows(alice, bob):
    """How each fares when its own signals are swapped."""
    for name, student in (("Alice", alice), ("Bob", bob)):
        found = eh.interchange(NETWORK, student)
        single = ", ".join(f"{float(share):g}" for share in found.single)
        yield [name, single, f"{float(found.joint):g}", f"{found.unnatural} of {found.patched}"]


def examination_rows(alice, bob):
    """How often each predicts the outcome of the other's swaps, by what these leave untouched."""
    directions = {"all that neither signal reads": None, "h1.0": [[1, 0, 0]], "h1.1": [[0, 1, 0]], "h1.2": [[0, 0, 1]]}
    for what, held in directions.items():
        cells = []
        for own, other in ((alice, bob), (bob, alice)):
            try:
                share = eh.cross_examine(NETWORK, [own, other], [held, None]).matrix[0][1]
                cells.append(f"{100 * float(share):g} of 100")
            except eh.InputError:
                # Bob reads h1.2 himself: his first signal cannot move while it is held.
                cells.append("impossible")
        yield [what, *cells]


def cost_rows(alice, bob):
    """What each costs, by the price of NOT and the gate that is known already."""
    for familiar in (None, "NIMP", "NAND"):
        for negation in (0, 1):
            model = eh.CostModel(negation=negation, familiar={familiar: 0.5} if familiar else {})
            costs = {"Alice": alice.cost(model), "Bob": bob.cost(model)}
            least = min(costs.values())
            winners = [name for name, cost in costs.items() if cost == least]
            shown = [f"{cost:g}" for cost in costs.values()]
            yield [familiar or "none", negation, *shown, winners[0] if len(winners) == 1 else "neither"]


def main():
    """Tell the story."""
    alice, bob = students()
    dispute = eh.decide_between(NETWORK, alice, bob).experiment
    said = dict(zip(("Alice", "Bob"), dispute.predicted, strict=True))
    wrong = ("Alice", "Bob")[dispute.wrong]
    owner = ("Alice", "Bob")[dispute.setting["of"]]
    moved = " and ".join(f"{variable} as at {source}" for variable, source in dispute.setting["sources"])
    decision = (
        f"One swap is enough to part them: at {dispute.setting['base']}, {owner} takes {moved}. Alice predicts "
        f"{said['Alice']:d}, Bob predicts {said['Bob']:d}; the network decides {dispute.outcome:d}, so {wrong} is "
        f"wrong about it. The swap puts the network into a state that no input produces: on every input there is, "
        f"both are right."
    )
    mapped = [m for algorithm in eh.algorithms("XOR", depth=2) for m in eh.mappings(NETWORK, algorithm)]
    print(
        f"""# Alice, Bob and the network

<!-- Printed by tell.py. -->

A professor hands two students the same network: three steep sigmoid neurons and an output. It computes XOR.

{table(["A B", *NETWORK.graph.names[1], *NETWORK.graph.names[2]], network_rows())}

Each is asked how it does that. Nobody tells the search what they will answer:

```python
for found in eh.readouts(eh.xornet(steepness=25)):
    print(found)
```

It looks for Boolean signals that are linear in the activations, and for sets of them whose combination is what the
output receives. These are all there are, up to three signals:

{table(["signals", "read as", "gate over them", "cost"], explanation_rows())}

One signal explains nothing: it is XOR itself. With two there are exactly two ways.

**Alice** reads {" and ".join(map(str, alice.readouts))}.
For her the output is an {alice.gate_name} gate: `{alice}`.

**Bob** reads {" and ".join(map(str, bob.readouts))}.
For him the same output is an {bob.gate_name} gate: `{bob}`.

## Both are right

Swap one signal, or both, between inputs, and see whether the network does what the student's gate says:

{table(["", "IIA of each signal", "IIA of both at once", "states that no input produces"], swap_rows(alice, bob))}

Neither can be caught by their own experiments. Half of these leave the states that the network is ever in; what the
gate gives there was read off from the network, which decides in any state.

Whether Alice is right depends on how steep the neurons are; Bob's pair, AND up to its complement and OR, is exact at
any steepness, though at 1 and 2 the network does not compute XOR yet. The exact pairs:

{table(["steepness", "exact pairs"], steepness_rows())}

Looking for sets of neurons rather than combinations of them, as mappings do, finds only one of the two:
{"; ".join(f"`{m.algorithm}` with {m}" for m in mapped)}.

## Each by the other's experiments

Now let each predict the outcome of the other's swaps, by reading the patched state through their own signals. Every
choice of a source for each signal, or none, at every input makes 100 swaps. A swap moves the state along directions
that change one signal and not the other; a third direction is left untouched, and which one it is matters:

{table(["left untouched", "Bob predicts Alice's", "Alice predicts Bob's"], examination_rows(alice, bob))}

## An experiment that decides

{textwrap.fill(decision, 118)}

## Which would you rather believe?

People prefer few gates that they know. AND, OR, NAND and NOR cost 1 here, a gate used twice, over the same operands,
is paid once, and a familiar gate costs 0.5:

{table(["familiar", "price of NOT", "Alice", "Bob", "cheaper"], cost_rows(alice, bob))}

So the simplest explanation is the one whose gates one was taught first.
""",
        end="",
    )


if __name__ == "__main__":
    main()
