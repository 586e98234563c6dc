"""Every drawing of an audit by data, by name."""

from functools import partial

from ..auditing.behavior_audit import BehaviorAudit
from ..auditing.document import MOST_LISTED
from ..model.circuit import Circuit
from ..model.model import Model
from .audit_drawings import Draw, Drawings
from .drawings.drawing import Drawing
from .drawings.network import draw_usage_by_weights, draw_weights, outside
from .drawings.tables import draw_histogram


def behavior_drawings(audit: BehaviorAudit) -> Drawings:
    """The network, how its edges are used, the sizes of circuits, and the minimal ones."""
    network, circuits = audit.network, audit.findings.circuits
    draw: dict[str, Draw] = {"network": partial(draw_weights, network)}
    if circuits.usage is not None and circuits.usage.circuits:
        draw["usage"] = partial(draw_usage_by_weights, network, circuits.usage)
    counts = {"perfect": circuits.perfect, "resample-faithful": circuits.faithful}
    known = {name: count.certain for name, count in counts.items() if count is not None and count.certified}
    if any(known.values()):
        draw["circuits-by-edges"] = partial(draw_histogram, known, "Circuits by number of edges")
    for kind, listed in (("minimal", circuits.minimal), ("resample-faithful-minimal", circuits.faithful_minimal)):
        for k, circuit in enumerate((listed or ())[:MOST_LISTED], start=1):
            draw[f"{kind}-{k}"] = partial(_circuit, network, circuit)
    return Drawings(draw)


def _circuit(network: Model, circuit: Circuit) -> Drawing:
    drawing = draw_weights(network).with_states(outside(circuit))
    return Drawing(f"A circuit of {len(circuit)} edges", drawing.width, drawing.height, drawing.parts)
