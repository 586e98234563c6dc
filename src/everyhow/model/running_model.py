"""A kind of model whose circuits are run one by one: what a new kind is written from."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Bool, Float
from ..ladder import Fault
from .behavior import Behavior
from .circuit import Bits, Circuit
from .criterion import Criterion
from .graph import Edge
from .model import MOST_EDGES, Chosen, CircuitSearch, Cut, Model, RobustCount
from .plain_runs import PlainRuns, plain_runs
from .reading import InterpretationCounts, ReadingRule
from .runnable import Intervention, States, check_tells_apart, nothing_carried
from .running_search import STEPS_PER_RUN, RunningSearch, judged


class RunningModel(Model):
    """A model that says how it runs with some of its edges, and no more; every answer follows from running it.

    A kind is a frozen dataclass of it (with `eq=False` where its fields are arrays) that has the fields of
    `everyhow.model.runnable.Runnable`, and: `graph`, `features`, `in_short`, `document`, `output` and `computed`.
    """

    @abstractmethod
    def computed(
        self,
        circuits: Bool[np.ndarray, "circuits edges"],
        inputs: Float[np.ndarray, "runs features"],
        carried: States,
        interventions: Sequence[Intervention],
    ) -> States:
        """What every node computes in each of many circuits, stage by stage, the inputs first.

        Args:
            circuits: which edges of the graph each has; these carry what their parent computes.
            inputs: of each run.
            carried: what all other edges carry of their parent, for every stage but the outputs: (runs, nodes), or
                (runs, nodes, numbers) where nodes hold several numbers.
            interventions: nodes that are held instead, in all circuits.

        Returns:
            For each stage (circuits, runs, nodes) or (circuits, runs, nodes, numbers); of the outputs what they
            receive, before the activation `ending`, always (circuits, runs, outputs).
        """

    @property
    def outputs(self) -> int:
        """How many nodes the last stage has; where it is one node of several numbers, such as logits, how many
        numbers."""
        return self.graph.outputs

    @property
    def ending(self) -> str:
        """The outputs are what they receive."""
        return "identity"

    def states(
        self, inputs: Float[np.ndarray, "inputs features"], interventions: Sequence[Intervention] = ()
    ) -> States:
        """What every node computes, stage by stage, the inputs first; all `interventions` hold at once."""
        whole = np.ones((1, len(self.graph.edges)), bool)
        return self._of_one(self.computed(whole, inputs, nothing_carried(self.graph, len(inputs)), interventions))

    def run_circuit(
        self, inputs: Float[np.ndarray, "inputs features"], circuit: Circuit, carried: States | None = None
    ) -> States:
        """What every node computes when all edges outside the circuit carry 0, or what `carried` says."""
        removed = nothing_carried(self.graph, len(inputs)) if carried is None else carried
        return self._of_one(self.computed(circuit.on(self.graph).chosen[None], inputs, removed, ()))

    def run_circuits(
        self, circuits: Chosen, points: Float[np.ndarray, "runs features"], carried: States
    ) -> Float[np.ndarray, "circuits runs outputs"]:
        """What the outputs receive in each of many circuits."""
        return self.computed(circuits, points, carried, ())[-1]

    def pre_activations(self, points: Float[np.ndarray, "inputs features"]) -> Float[np.ndarray, "inputs outputs"]:
        """What the outputs of the whole model receive."""
        whole = np.ones((1, len(self.graph.edges)), bool)
        return self.run_circuits(whole, points, nothing_carried(self.graph, len(points)))[0]

    def _of_one(self, states: States) -> States:
        """The states of one circuit, the outputs activated."""
        *inner, received = (state[0] for state in states)
        return (*inner, self.activated(received))

    def telling_apart(self) -> Self:
        """The model itself, as long as different sums always give different outputs.

        Raises:
            InputError: different sums may give equal outputs.
        """
        check_tells_apart(self.ending)
        return self

    def folded(self) -> Self:
        """Models of this kind are not folded.

        Raises:
            InputError: always; classes are decided by argmax without being folded.
        """
        raise InputError(
            f"two outputs of a {self.kind} are not folded into one: explain them by data as classes "
            f"(eh.audit_behavior), or one of them (output(1))"
        )

    def runs(self, points: Float[np.ndarray, "inputs features"]) -> PlainRuns:
        """The model run whole at some inputs, ready to be run again with nodes held."""
        return plain_runs(self, points)

    @property
    def counting_steps(self) -> int:
        """Every set of edges is looked at."""
        return STEPS_PER_RUN << len(self.graph.edges)

    @property
    def uncountable(self) -> str | None:
        """Why its circuits are never counted, in words."""
        edges = len(self.graph.edges)
        if edges <= MOST_EDGES:
            return None
        return f"circuits are gone through one by one in a {self.kind} of at most {MOST_EDGES} edges; it has {edges}"

    @property
    def listable(self) -> bool:
        """Whether all sets of its edges can be gone through."""
        return len(self.graph.edges) <= MOST_EDGES

    def search(self, criterion: Criterion[Any]) -> CircuitSearch:
        """The circuits that meet a criterion."""
        return RunningSearch(criterion)

    def search_within(self, criterion: Criterion[Any], circuit: Circuit) -> CircuitSearch:
        """The circuits inside another one that meet a criterion."""
        return RunningSearch(criterion, circuit)

    def judged(
        self, criteria: Iterable[Criterion[Any]], circuits: Chosen
    ) -> tuple[Bool[np.ndarray, " circuits"], Bool[np.ndarray, " circuits"]]:
        """Which circuits certainly and which possibly meet a criterion that comes in batches of scenarios."""
        return judged(criteria, circuits)

    def part(self, circuit: Circuit) -> Self | None:
        """None: a circuit of this kind is not a model of its own."""
        return None

    def cuts(self) -> tuple[Cut, ...]:
        """None that is known."""
        return ()

    def interpretation_counts(
        self, circuits: Iterable[Bits], points: Float[np.ndarray, "inputs features"], rule: ReadingRule
    ) -> Iterator[InterpretationCounts] | None:
        """None: its nodes are not read as bits."""
        return None

    def robust_count(self, circuits: Iterable[Circuit], behavior: Behavior, radius: float) -> RobustCount | None:
        """None: nothing is proved of whole boxes."""
        return None

    def fault_around(self, circuit: Circuit, behavior: Behavior, radius: float) -> Fault | None:
        """None."""
        return None

    def strength(self, edge: Edge) -> float | None:
        """None: its edges are drawn alike."""
        return None
