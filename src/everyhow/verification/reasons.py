"""The reasons that an audit gives for what it did not count, by their forms."""

import re
from collections.abc import Sequence
from typing import Any

from .comparing import Holds
from .judging import rounded

SPACE = re.compile(r"all ([\d,]+ )?algorithms with all their minimal mappings")
FORCED_TIE = re.compile(
    r"[\d,]+ runs in which variables are forced leave the output on the decision boundary, so that rounding decides "
    r"them"
)
NOT_ALLOWED = "the budget did not allow it"


def still_open(capped: Sequence[Any]) -> list[str]:
    """What an audit says of circuits of which it stayed open whether they are robust, which is not proved again."""
    return [text for text in capped or () if isinstance(text, str) and "it stayed open whether" in text]


def forced_ties(capped: Sequence[Any]) -> list[str]:
    """What an audit says of ties among runs in which variables are forced, which are not counted again."""
    return [text for text in capped or () if isinstance(text, str) and FORCED_TIE.fullmatch(text)]


def why_uncounted(said: dict[str, Any]) -> dict[str, Any]:
    """The verdict of mappings that were not counted, or not to the last rung."""
    space = lambda text: isinstance(text, str) and bool(SPACE.fullmatch(text))  # noqa: E731
    # By data the number stands among the counts from schema 6 on.
    counted = "algorithms" in said["counts"]
    number = said["counts"]["algorithms"] if counted else None
    which = "" if not counted else "algorithms " if number is None else f"{number:,} algorithms "
    return {
        "status": "unknown",
        "criterion": None,
        "space": Holds(lambda text: space(text) and text.startswith(f"all {which}"), f"all {which}".strip()),
        "reason": Holds(lambda text: joined(text, said["capped"]), "what was not counted, as in capped"),
    }


def joined(text: str, reasons: Sequence[str]) -> bool:
    """Whether a text consists of some of the reasons, joined."""
    left = text
    for reason in sorted(reasons, key=len, reverse=True):
        left = left.replace(reason, "")
    return bool(text) and not left.strip("; ")


def _own(said: dict[str, Any]) -> list[str]:
    """The reasons that the verdicts of an audit give for what is unknown."""
    found = [v["reason"] for v in said["verdict"].values() if v["status"] == "unknown"]
    layers = said["details"]["readouts"]["layers"]
    return found + [layer["verdict"]["reason"] for layer in layers if layer["verdict"]["status"] == "unknown"]


def covers(texts: Sequence[str], said: dict[str, Any]) -> bool:
    """Whether the reasons of a whole audit hold all that its parts give, and say why interpretations are missing."""
    counts = said["counts"]
    known = counts.get("perfect_circuits") is not None and counts["interpretations"] is None
    return (not known or any("interpretations" in text for text in texts)) and all(
        reason.startswith("not counted") or joined(reason, texts) for reason in _own(said)
    )


def are_reasons(texts: Any, budget: int) -> bool:
    """Whether texts are reasons of the forms that there are, each once, of this budget."""
    if not isinstance(texts, list) or not texts or len(set(texts)) < len(texts):
        return not texts and isinstance(texts, list)
    refusals = [REFUSAL.fullmatch(text) for text in texts]
    return all(
        match["budget"] == rounded(budget) and float(match["needed"]) >= float(match["budget"])
        if match
        else OTHER_REASON.fullmatch(text)
        for match, text in zip(refusals, texts, strict=True)
    )


REFUSAL = re.compile(
    r"[\w :,-]+ needs about (?P<needed>[\d.e+]+) candidate evaluations, the budget is (?P<budget>[\d.e+]+)"
    r"(; estimated instead|; a smaller depth needs less)?"
)
OTHER_REASON = re.compile(
    r"some circuits lie on the decision boundary: there are between [\d,]+ and [\d,]+ [\w-]+ ones"
    r"|interpretations are of circuits run alone, with nothing on removed edges: ablation zero"
    r"|[\w ]+ (are|is) (counted|looked for|searched for|run)[\w ]* in networks of at most \d+ edges"
    r"|readouts are searched for at most \d+ inputs; the network has \d+"
    r"|\d+ rows were not shown; what fits the others is told apart for at most \d+"
    r"|more than [\d,]+ [\w ,]+(; a smaller depth needs less)?"
    r"|for [\d,]+ perfect circuits it stayed open whether they are robust"
    r"|an estimate would run each circuit [\d,]+ times; give fewer inputs"
    r"|the network has more than 10\^300 circuits; take out the neurons that are not needed"
    r"|[\d,]+ [\w ,]+ leave the output on the decision boundary, so that rounding decides them"
    r"|the output lies on the decision boundary at [01 ]+, so that no readout explanation passes"
    r"|the network's own output lies on the decision boundary at .+"
    r"|a neuron after layer \d+ lies on the jump of its step at [01 ]+, so that rounding decides which readout "
    r"explanations of the layer pass"
    r"|[\d,]+ perfect circuits are too many to be run with resampled edges"
    r"|the network is too [\w ,.;:-]+"
)
