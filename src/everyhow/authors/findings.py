"""The preset `authors`: one output counted as the paper's released code counts, so that published numbers can be
reproduced and each difference from the definitions explained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..circuit.findings import COUNTING, ties
from ..common.attributes import computed
from ..common.budget import Budget, Refusal
from ..common.count import NOT_COUNTED, Count
from ..common.notes import Noted, Notes
from ..common.progress import Progress
from ..ladder import Verdict, judge
from ..mapping.signatures import signatures
from ..model.behavior import Behavior
from ..model.model import MOST_EDGES, CircuitCount, Model
from ..model.reading import ReadingRule
from ..model.space import circuits_in_space
from ..model.task import Task
from ..network.listing import is_listable
from ..network.network import Network, network_of
from ..network.reading_counts import count_interpretations
from .circuits import ReleasedCircuits
from .formulas import negations_to_try, released_formulas
from .mappings import released_mappings

# As in the released code: values compared as float32, outputs rounded first.
READINGS = ReadingRule(tolerance=0.0, as_float32=True, decision="round")


@dataclass(frozen=True)
class AuthorsFindings(Noted):
    """Everything the released code counts; None where the budget did not allow it, and `notes` say why. `trivial` is
    how many of the aligned formulas have no variables, and so are aligned in any network."""

    min_node_sparsity: float
    in_space: int | None
    perfect: CircuitCount | None
    interpretations_per_circuit: tuple[int, ...] | None = field(repr=False)
    candidate_formulas: int | None
    mappings_per_formula: Mapping[str, int] | None
    pair_order: str
    notes: Notes
    trivial: int = 0

    @property
    def number(self) -> Count:
        """How many circuits are accurate."""
        return NOT_COUNTED if self.perfect is None else self.perfect.count

    @computed
    def counts(self) -> dict[str, Any]:
        """The counts by their names in audit.json; None where something was not counted."""
        counts: dict[str, Any] = {"circuits_in_space": self.in_space}
        if self.min_node_sparsity:
            counts["min_node_sparsity"] = self.min_node_sparsity
        counts |= self.number.named("perfect_circuits")
        per_circuit, mappings = self.interpretations_per_circuit, self.mappings_per_formula
        return counts | {
            "candidate_formulas": self.candidate_formulas,
            "aligned_formulas": None if mappings is None else len(mappings),
            "mappings": None if mappings is None else sum(mappings.values()),
            "interpretations": None if per_circuit is None else sum(per_circuit),
            "interpretations_per_circuit": None if per_circuit is None else list(per_circuit),
            "pair_order": self.pair_order,
            "mappings_per_formula": None if mappings is None else dict(mappings),
        }

    @computed
    def ladder(self) -> dict[str, dict[str, int | None]]:
        """No ladder: the released code has no stricter criteria."""
        return {}

    @computed
    def verdict(self) -> dict[str, Verdict]:
        """One verdict per strategy, on the only criterion that the released code has."""
        counts = self.counts
        return {
            "what_then_where": judge(
                {"aligned": counts["mappings"]},
                "the formulas that the released code tries, with their minimal mappings",
                "no formula of the released code's is aligned",
                None if counts["mappings"] is not None else "; ".join(self.refused),
                {"aligned": self.trivial},
            ),
            "where_then_what": judge(
                {"perfect": self.number.exact},
                "the circuits that the released code tries",
                "no circuit that the released code tries is accurate",
                self.notes.partial,
            ),
        }


def explain(
    model: Model,
    task: Task,
    max_depth: int,
    min_node_sparsity: float,
    pair_order: str,
    budget: int,
    progress: Progress,
) -> AuthorsFindings:
    """Every explanation that the released code finds of a network with one output.

    Args:
        model: the network to explain.
        task: the labels; the released code judges circuits and formulas by them, not by what the network decides.
        max_depth: of the formulas.
        min_node_sparsity: the share of hidden neurons that a circuit must leave out, exceeded strictly.
        pair_order: the inputs' names in the order of assignments that selects the interventions tested.
        budget: in candidate evaluations.
        progress: where to show it.

    Raises:
        InputError: the model is of another kind.
    """
    budget = Budget(budget)
    network = network_of(model, "the preset authors counts explanations")
    behavior = Behavior.of_task(task, network.input_values)
    (table,) = task.tables
    in_space, perfect, per_circuit, refused = _examine_circuits(network, behavior, min_node_sparsity, budget, progress)
    tied = () if perfect is None else ties(perfect, "accurate")
    head, notes = (min_node_sparsity, in_space, perfect, per_circuit), Notes(refused, (), tied)
    refusal = foreseen_refusal(task.inputs, max_depth, budget)
    if refusal:
        return AuthorsFindings(*head, None, None, pair_order, notes.refusing(refusal))
    formulas = released_formulas(table, max_depth)
    found = signatures(network, behavior.points)
    mappings = released_mappings(found, formulas, task.inputs, pair_order)
    trivial = sum(str(formula) in mappings for formula in formulas if not formula.variables)
    return AuthorsFindings(*head, len(formulas), mappings, pair_order, notes, trivial)


def foreseen_refusal(inputs: int, max_depth: int, budget: int) -> str | None:
    """What of the formulas the budget will not allow, in one sentence; None when it allows them."""
    budget = Budget(budget)
    what = f"trying the negations of all formulas of depth {max_depth}"
    refusal = budget.refusal(what, negations_to_try(inputs, max_depth))
    return None if refusal is None else Refusal.of(f"{refusal}; a smaller depth needs less", refusal)


def _examine_circuits(
    network: Network, behavior: Behavior, min_node_sparsity: float, budget: Budget, progress: Progress
) -> tuple[int | None, CircuitCount | None, tuple[int, ...] | None, tuple[str, ...]]:
    refusal = budget.refusal(COUNTING, circuits_in_space(network.graph))
    if refusal:
        return None, None, None, (refusal,)
    circuits = ReleasedCircuits(network, behavior, min_node_sparsity)
    in_space, count = circuits.in_space(), circuits.count()
    if not count.certified:
        return in_space, count, None, ()
    number = count.between[1]
    if not is_listable(network):
        return in_space, count, None, (f"circuits are listed in networks of at most {MOST_EDGES} edges",)
    refusal = budget.refusal("listing the interpretations per circuit", number * 100)
    if refusal:
        return in_space, count, None, (refusal,)
    counts = count_interpretations(network, circuits.list_bits(), behavior.points, READINGS)
    expanded = sorted(completed for _, completed in progress.track(counts, number, "interpretations"))
    return in_space, count, tuple(expanded), ()
