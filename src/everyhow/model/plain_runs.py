"""Runs of any model with nodes held, by its own `states`: the plain way, which says nothing of rounding."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..common.shapes import Bool, Float, Int
from .graph import Edge, Node
from .runnable import BOUNDARY_SHIFT, Held, Intervention, Rounding, Runnable, Runs, Scenarios, States


@dataclass(frozen=True, eq=False)
class PlainRuns(Runs):
    """A model run whole at some inputs. An output within 1e-9 of its boundary is a tie; nothing else is in doubt, as
    errors of rounding are taken to be far smaller."""

    model: Runnable
    points: Float[np.ndarray, "inputs features"]
    states: States
    received_errors: Float[np.ndarray, "inputs outputs"]

    def rounding(self, scenarios: Scenarios) -> Rounding:
        """How far the sums of any circuit may be off: taken to be nothing beside 1e-9."""
        return Rounding(np.zeros(self.model.outputs))

    @property
    def margin(self) -> float:
        """How near its boundary an output must come to be a tie."""
        return BOUNDARY_SHIFT

    @property
    def widest_margin(self) -> float:
        """How near its boundary an output must come to be a tie when nodes of any one stage are held."""
        return BOUNDARY_SHIFT

    def as_they_are(self) -> Held:
        """The model's own outputs."""
        return Held(self.states[-1], None, np.full(len(self.points), BOUNDARY_SHIFT))

    def interchanged(
        self, region: Sequence[Node], chosen: Bool[np.ndarray, "sets nodes"], sources: Int[np.ndarray, " sources"]
    ) -> Held:
        """Nodes of a region take their values from another input: (sets, sources, inputs, outputs)."""
        taken = [Intervention(n.stage, (n.place,), self.states[n.stage][sources][:, [n.place]]) for n in region]
        found = [self.acting([taken[k] for k in np.flatnonzero(one)]).outputs for one in chosen]
        return Held(np.array(found), None, BOUNDARY_SHIFT)

    def forced(
        self, bases: Int[np.ndarray, " runs"], held: Sequence[Intervention], last: int
    ) -> tuple[States, Bool[np.ndarray, " runs"]]:
        """What every node up to stage `last` computes when some are held."""
        return self.model.states(self.points[bases], held)[: last + 1], np.zeros(len(bases), bool)

    def with_edge(self, edge: Edge, bases: Int[np.ndarray, " runs"], sources: Int[np.ndarray, " runs"]) -> Held:
        """One edge carries at each base what it carries at the source: (runs, outputs)."""
        others = np.array([[one != edge for one in self.model.graph.edges]])
        carried = tuple(state[sources] for state in self.states[:-1])
        (received,) = self.model.run_circuits(others, self.points[bases], carried)
        return Held(self.model.activated(received), None, BOUNDARY_SHIFT)


def plain_runs(model: Runnable, points: Float[np.ndarray, "inputs features"]) -> PlainRuns:
    """Run a model whole."""
    return PlainRuns(model, points, model.states(points), np.zeros((len(points), model.outputs)))
