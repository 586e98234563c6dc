"""A circuit of a transformer, run alone as a model of its own: no other edge carries anything."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ..common.shapes import Bool
from ..model.circuit import Circuit
from .residual_stream import ResidualStream


@dataclass(frozen=True, eq=False, repr=False)
class TransformerPart(ResidualStream):
    """A transformer of which some edges carry nothing, whatever else is asked of it.

    Attributes:
        inside: shape (edges,), the edges of its graph that carry something.
    """

    inside: Bool[np.ndarray, " edges"] = None  # type: ignore[assignment]

    def joined(self, units: Sequence[int] | None) -> bool:
        """Whether an edge, told by the parts of a circuit that it needs, carries anything."""
        return units is None or bool(self.inside[list(units)].all())


def part_of(model: ResidualStream, circuit: Circuit) -> TransformerPart:
    """A circuit of a transformer, run alone, with all its edges, those too that every circuit of a scope has."""
    whole = model.unscoped
    given = {one.name: getattr(whole, one.name) for one in fields(ResidualStream)}
    return TransformerPart(**given, inside=circuit.on(whole.graph).chosen)
