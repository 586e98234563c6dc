"""A hypothesis: its formula as a tree, each variable with what carries it; or the variables of a causal model."""

from functools import singledispatch
from typing import Any

from ...boolean.algorithms import Algorithm
from ...hypotheses.hypothesis import Hypothesis, mechanism_lines
from ...mapping.causal_models import CausalModel
from .drawing import Drawing
from .formula import draw_placed
from .shapes import MARGIN, Label, Part, text_width

LINE = 22.0


def draw_hypothesis(hypothesis: Hypothesis) -> Drawing:
    """What is stated, with what carries each variable."""
    return _drawn(hypothesis.stated, hypothesis)


@singledispatch
def _drawn(stated: Any, hypothesis: Hypothesis) -> Drawing:
    raise TypeError(f"a {type(stated).__name__} has no picture")


@_drawn.register
def _(stated: Algorithm, hypothesis: Hypothesis) -> Drawing:
    return draw_placed(stated, list(map(str, hypothesis.carriers)), str(hypothesis))


@_drawn.register
def _(stated: CausalModel, hypothesis: Hypothesis) -> Drawing:
    lines = mechanism_lines(stated, list(map(str, hypothesis.carriers)))
    parts = tuple(
        Part("", "", (Label("text", MARGIN, MARGIN + LINE * k, line, 13, "start"),)) for k, line in enumerate(lines)
    )
    width = max(text_width(line, 13) for line in lines) + 2 * MARGIN
    return Drawing(str(hypothesis), width, 2 * MARGIN + LINE * (len(lines) - 1), parts)
