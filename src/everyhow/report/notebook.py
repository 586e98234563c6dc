"""Values in notebooks: a picture, and an isolated view that answers; both are kept when the notebook is saved."""

import base64
from functools import singledispatch
from html import escape

from ..auditing.audit import Audit
from ..auditing.exhibits import activations_of, held_at_corners
from ..boolean.algorithms import Algorithm
from ..common.errors import visible
from ..comparison.comparing import Comparison
from ..comparison.course import Course
from ..hypotheses.deciding import Decided
from ..hypotheses.hypothesis import Hypothesis
from ..hypotheses.neuron_readings import NeuronReadings
from ..hypotheses.result import HypothesisTest
from ..mapping.mapping import Mapping
from ..model.circuit import Circuit
from ..model.model import Model
from ..readout.explanation import ReadoutExplanation
from ..readout.readout import Readout
from .drawings.codes import draw_codes, draw_readout
from .drawings.course import draw_course
from .drawings.drawing import Drawing, beside
from .drawings.formula import draw_algorithm, draw_mapping
from .drawings.hypothesis import draw_hypothesis, draw_neuron, draw_where
from .drawings.ladder import draw_ladder
from .drawings.matched import draw_matched
from .drawings.network import draw_network, draw_wiring
from .headline import headline
from .page.html import audit_page, drawing_page
from .words import funnels, seen, strategy_name

AUDIT_HEIGHT, MARGIN = "max(720px, 85vh)", 120
# Below the frame, where its height is dragged; and how wide the picture of an audit is before it goes on below.
HANDLE, ACROSS = 14, 1100.0


def bundle(value: object) -> dict[str, str]:
    """A value by media type: text, SVG, and HTML.

    The HTML has the picture as an image and the view in a frame of its own (`srcdoc`, sandboxed), so that it needs no
    setup, no network and no running kernel, and nothing in it reaches the notebook. Where a frame or its script is not
    allowed, the picture is left.
    """
    drawing = picture_of(value)
    said, text = "", str(value) if isinstance(value, Comparison | Course) else repr(value)
    if isinstance(value, Audit):
        page, height, opened = audit_page(value), AUDIT_HEIGHT, " open"
        said, text = f"<p>{escape(seen(headline(value)))}</p>", f"{value}\n\n{text}"
    else:
        page, height, opened = drawing_page(drawing), f"{round(drawing.height) + MARGIN}px", ""
    svg = drawing.svg()
    encoded = base64.b64encode(svg.encode()).decode()
    title = escape(drawing.title, quote=True)
    image = f'<img alt="{title}" src="data:image/svg+xml;base64,{encoded}" style="max-width:100%;background:#fff">'
    frame = (
        f'<div style="height:{height};resize:vertical;overflow:hidden;padding-bottom:{HANDLE}px;box-sizing:border-box">'
        f'<iframe title="{title}" sandbox="allow-scripts allow-downloads" loading="lazy" style="width:100%;height:100%;'
        f'border:1px solid #8c959f;box-sizing:border-box" srcdoc="{escape(page, quote=True)}"></iframe></div>'
    )
    said += "".join(map(_paragraph, sentences_of(value)))
    columns = "\n".join(map(visible, tables_of(value)))
    below = f"<pre>{escape(columns)}</pre>" if columns else ""
    html = f"<div>{said}{image}{below}<details{opened}><summary>Interactive view</summary>{frame}</details></div>"
    return {"text/plain": text, "image/svg+xml": svg, "text/html": html}


def _paragraph(line: str) -> str:
    indent = len(line) - len(line.lstrip())
    return f'<p style="margin:0.3em 0 0.3em {indent}ch">{escape(visible(line.strip()))}</p>'


@singledispatch
def sentences_of(value: object) -> tuple[str, ...]:
    """What is said of a value in words, above its picture; nothing of most."""
    return ()


@sentences_of.register
def _(value: HypothesisTest | Decided | NeuronReadings) -> tuple[str, ...]:
    return value.lines


@sentences_of.register
def _(value: Comparison | Course) -> tuple[str, ...]:
    return (value.paragraph,)


@singledispatch
def tables_of(value: object) -> tuple[str, ...]:
    """What stands in columns below the picture of a value, line by line; nothing of most."""
    return ()


@tables_of.register
def _(value: Comparison | Course) -> tuple[str, ...]:
    return value.lines[1:]


@singledispatch
def picture_of(value: object) -> Drawing:
    """The picture of a value.

    Raises:
        TypeError: a value of a kind that has none.
    """
    raise TypeError(f"a {type(value).__name__} has no picture")


@picture_of.register
def _(audit: Audit) -> Drawing:
    network = draw_network(audit.network, activations_of(audit.network, audit.behavior))
    drawings = {audit.mismatch or f"{audit.name}: the network": network}
    # The preset authors has no ladder.
    if not audit.outputs and audit.exhibits is not None:
        for strategy, kind, left, trivial in funnels(audit.exhibits.findings):
            name = f"{strategy_name(strategy)}: {audit.verdict[strategy]}"
            drawings[name] = draw_ladder(f"{kind} left by each criterion", left, audit.network, trivial)
    return beside(repr(audit).splitlines()[0], drawings, across=ACROSS)


@picture_of.register
def _(drawing: Drawing) -> Drawing:
    return drawing


@picture_of.register
def _(model: Model) -> Drawing:
    return draw_network(model, held_at_corners(model))


@picture_of.register
def _(circuit: Circuit) -> Drawing:
    return draw_wiring(circuit)


@picture_of.register
def _(algorithm: Algorithm) -> Drawing:
    return draw_algorithm(algorithm)


@picture_of.register
def _(mapping: Mapping) -> Drawing:
    return draw_mapping(mapping)


@picture_of.register
def _(readout: Readout) -> Drawing:
    return draw_readout(readout)


@picture_of.register
def _(explanation: ReadoutExplanation) -> Drawing:
    return draw_codes(explanation)


@picture_of.register
def _(hypothesis: Hypothesis) -> Drawing:
    return draw_hypothesis(hypothesis)


@picture_of.register
def _(found: HypothesisTest) -> Drawing:
    model = draw_where(found.placed, activations_of(found.model, found.placed.behavior))
    return beside(repr(found), {"What was tested": draw_hypothesis(found.hypothesis), "Where it sits": model})


@picture_of.register
def _(found: Decided) -> Drawing:
    one, other = found.hypotheses
    return beside(repr(found), {"The first": draw_hypothesis(one), "The second": draw_hypothesis(other)})


@picture_of.register
def _(found: Comparison) -> Drawing:
    return draw_matched(found)


@picture_of.register
def _(found: Course) -> Drawing:
    return draw_course(found)


@picture_of.register
def _(found: NeuronReadings) -> Drawing:
    return draw_neuron(found.model, found.node, activations_of(found.model, found.behavior))
