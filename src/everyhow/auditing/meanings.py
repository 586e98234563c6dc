"""What every question of an audit means, and how it is written where there are only texts and numbers.

This is all that the options of the commands need to know. The values themselves, and what is checked of them, are in
`asked`.
"""

from typing import Any, Literal, NamedTuple

Asked = Literal["paper", "authors", "data", "count"]


class Plain(NamedTuple):
    """A question, or a part of one, as it is written where there are only texts and numbers: in plans and commands.

    Attributes:
        key: its name there.
        kind: str, int or float.
        says: what it means.
        default: what it is when nothing is said.
        of: what it is asked of.
    """

    key: str
    kind: type
    says: str
    default: Any
    of: tuple[Asked, ...]


class Meaning(NamedTuple):
    """What a question means.

    Attributes:
        of: what it is asked of.
        says: what it means.
        kind: of the plain value that says it: str, int or float.
        plain: the keys that say it instead, each with its kind and what it means.
        default: what it is when nothing is said.
    """

    of: tuple[Asked, ...]
    says: str
    kind: type = float
    plain: tuple[tuple[str, type, str], ...] = ()
    default: Any = None


MEANINGS: dict[str, Meaning] = {
    "decision": Meaning(
        ("paper", "authors", "count", "data"),
        "how outputs become bits: threshold (when not given), round, or, of two outputs that stand for two "
        "classes, argmax",
        kind=str,
    ),
    "threshold": Meaning(
        ("paper", "authors", "count"),
        "an output above it is read as 1: 0 for logits, 0.5 for outputs trained towards 0 and 1; the model's own "
        "when not given",
    ),
    "inputs": Meaning(
        ("paper", "authors", "count"),
        "the two numbers by which inputs stand for 0 and for 1; the model's own when not given",
    ),
    "depth": Meaning(
        ("paper", "authors", "data"),
        "the largest depth of the algorithms; when not given the number of weight layers, at most 8, and 2 over "
        "features",
        kind=int,
    ),
    "min_node_sparsity": Meaning(
        ("authors", "count"),
        "the share of hidden neurons that a circuit must leave out, exceeded strictly",
        default=0.0,
    ),
    "pair_order": Meaning(
        ("authors",),
        "the order of the inputs that selects the interventions tested, such as BA; A, B, ... when not given",
        kind=str,
    ),
    "tolerance": Meaning(
        ("paper", "data"),
        "the largest relative residual of a readout; 0.001 when not given",
    ),
    "signals": Meaning(
        ("paper", "data"),
        "the most signals of a readout explanation; when not given 3, or what a layer allows",
        kind=int,
    ),
    "disturbance": Meaning(
        ("paper", "data"),
        "the share of its range by which every neuron is moved when the codes of a readout explanation are tried, the "
        "rung bounded; 0.05 when not given",
    ),
    "costs": Meaning(
        ("paper", "data"),
        "the prices of gates, a CostModel",
        plain=(
            ("not_price", float, "what NOT costs; 0 when not given; a plain gate costs 1"),
            ("familiar", str, "gates known already, with their prices, such as NAND=0.5,MAJORITY=1"),
        ),
    ),
    "shown": Meaning(
        ("paper",),
        "the rows that the network was trained on, as digits such as 01; when not given those at which it is right",
        plain=(("show", str, "the rows that the network was trained on, such as 00,01,10"),),
    ),
    "ablation": Meaning(
        ("paper", "count", "data"),
        "what edges outside a circuit carry: zero (when not given), their mean, or, by resample, what they carry "
        "at any other input; or, paired, at the counterfactual input that the data give each",
        kind=str,
    ),
    "grain": Meaning(
        ("count", "data"),
        "what a circuit of a transformer is a set of: edges-qkv (when not given), edges into the slots q, k and v of "
        "heads; edges, one of which serves all three; or nodes, heads and MLPs",
        kind=str,
    ),
    "scope": Meaning(
        ("count", "data"),
        "the parts of a transformer that circuits are asked about, all others being in every circuit or in none; all "
        "parts when not given",
        plain=(
            (
                "scope",
                str,
                "ask circuits of these parts of a transformer only: edges, slots, heads and MLPs by name, "
                "such as a0.h0,input->m0",
            ),
            ("others", str, "of a scope, where all other edges are: in every circuit (in), or in none (out)"),
        ),
    ),
    "stream": Meaning(
        ("count", "data"),
        "of a transformer, the position at which its residual stream is explained instead of its heads and MLPs, by "
        "population codes and what sits in them: from 0, or -1 for the last; heads and MLPs when not given",
        kind=int,
    ),
    "epsilon": Meaning(
        ("paper", "count"),
        "the circuit error allowed: the share of inputs at which a circuit may decide otherwise; 0 when not given",
    ),
    "within": Meaning(
        ("paper", "count"),
        "how near a circuit's outputs must come to the model's, before the last activation; any distance when "
        "not given",
    ),
    "robust": Meaning(
        ("paper", "data"),
        "also ask for right decisions everywhere within this distance of each input: half the side of a box, the "
        "rung robust",
    ),
}


def plain_questions(*of: Asked) -> tuple[Plain, ...]:
    """The questions asked of any of these, as they are written in plans and commands."""
    found = []
    for name, one in MEANINGS.items():
        if set(of) & set(one.of):
            said = one.plain or ((name, one.kind, one.says),)
            found += [Plain(key, kind, says, one.default, one.of) for key, kind, says in said]
    return tuple(found)
