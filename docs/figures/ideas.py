"""The pictures of docs/ideas, drawn by the library: `python docs/figures/ideas.py` writes them beside this file."""

from pathlib import Path

import everyhow as eh
from everyhow.report.drawings.drawing import Drawing, beside

HERE = Path(__file__).parent
TRAINED = HERE.parents[1] / "examples" / "xor-2-3-3-1.json"
TRUTHS = HERE.parents[1] / "examples" / "two_truths"
ABLATIONS = ("zero", "mean", "resample")
# Pictures that are wider are shrunk by the page until their letters are hard to read.
WIDEST = 640.0


def pictures() -> dict[str, Drawing]:
    """Every picture by the name of its file."""
    trained, analytic, compiled = eh.load(TRAINED), eh.xornet(), eh.load(TRUTHS / "xproportion.json")
    of_trained, of_analytic = eh.audit(trained, "XOR").drawings(), eh.audit(analytic, "XOR").drawings()
    first = {ablation: eh.circuits(trained, "XOR", ablation=ablation).minimal()[0] for ablation in ABLATIONS}
    by_and, by_or = eh.algorithms("XOR", depth=2)
    bob, alice = (found for found in eh.readouts(analytic, layer=1) if len(found.signals) == 2)
    return {
        "ideas-circuits": _rows(
            "Two circuits of one network, both perfect",
            {
                "A smallest perfect circuit: 11 edges": of_trained["minimal-1"],
                "The one that the last criterion leaves: 12 edges": of_trained["resample-faithful-minimal-1"],
            },
        ),
        "ideas-interpretations": _rows(
            "Two interpretations of one circuit",
            {
                "h1.2 read as AND": of_analytic["interpretation-1"],
                "h1.2 read as OR": of_analytic["interpretation-2"],
            },
        ),
        "ideas-algorithms": _rows(
            "The two algorithms for XOR of depth 2",
            {"an AND on top": by_and.picture(), "an OR on top": by_or.picture()},
        ),
        "ideas-mapping": of_analytic["places-1"],
        "ideas-students": _rows(
            "What Alice and Bob read in one layer", {"Alice": alice.picture(), "Bob": bob.picture()}
        ),
        "ideas-code": next(iter(eh.readouts(analytic, layer=1))).picture(),
        "ideas-ladder-circuits": of_trained["ladder-circuits"],
        "ideas-ladder-mappings": of_trained["ladder-mappings"],
        "ideas-two-truths": _rows(
            "The one smallest circuit of a compiled transformer",
            {
                f"Removed edges carry {carried}": eh.circuits(compiled, TRUTHS / "behavior.json", ablation=ablation)
                .minimal()[0]
                .picture()
                for ablation, carried in (("zero", "nothing"), ("mean", "their mean"))
            },
        ),
        "ideas-ablation": _rows(
            "A smallest circuit by each ablation",
            {f"{ablation}: {len(circuit)} edges": circuit.picture() for ablation, circuit in first.items()},
        ),
    }


def _rows(title: str, drawings: dict[str, Drawing]) -> Drawing:
    return beside(title, drawings, across=WIDEST)


if __name__ == "__main__":
    for name, picture in pictures().items():
        picture.save(HERE / f"{name}.svg")
