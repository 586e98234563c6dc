"""What is counted of every network: the circuits, their interpretations, the algorithms with their places, and what
the ladder leaves of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..circuit.findings import PLAIN, CircuitFindings, CircuitQuestions, examine_circuits
from ..common.execution import IN_THREADS, Execution
from ..common.progress import Progress
from ..interpretation.findings import InterpretationFindings, examine_interpretations, unasked
from ..ladder import Verdict, judge
from ..mapping.findings import MappingFindings, examine_mappings
from ..model.behavior import Behavior
from ..model.model import Model

NOT_ALONE = "interpretations are of circuits run alone, with nothing on removed edges: ablation zero"


@dataclass(frozen=True)
class CountedExplanations:
    """Where, what, and the algorithms with their places, by the paper's own definitions.

    Attributes:
        circuits: where.
        interpretations: what, given a circuit.
        mappings: the algorithms with their places.
    """

    circuits: CircuitFindings
    interpretations: InterpretationFindings
    mappings: MappingFindings

    @property
    def capped(self) -> tuple[str, ...]:
        """Why something was not counted exactly."""
        return self.refused + self.interpretations.beyond + self.ties

    @property
    def refused(self) -> tuple[str, ...]:
        """What the budget did not allow."""
        return self.circuits.refused + self.interpretations.refused + self.mappings.refused

    @property
    def ties(self) -> tuple[str, ...]:
        """Which counts depend on rounding."""
        return self.circuits.ties + self.mappings.ties

    @property
    def counts(self) -> dict[str, Any]:
        """The counts by their names in audit.json; None where something was not counted."""
        circuits, interpretations, mappings = self.circuits, self.interpretations, self.mappings
        return {
            **circuit_counts(circuits),
            "interpretations": interpretations.total,
            "interpretations_with_dont_cares_expanded": interpretations.expanded,
            "interpretations_per_circuit_min": interpretations.least,
            "interpretations_per_circuit_max": interpretations.most,
            "algorithms": mappings.algorithms,
            "aligned_algorithms": mappings.surviving_algorithms["single"],
            "mappings": mappings.surviving_mappings["single"],
            "irredundant_algorithms": mappings.irredundant_algorithms,
            "irredundant_aligned_algorithms": mappings.surviving_algorithms["irredundant"],
            "irredundant_mappings": mappings.surviving_mappings["irredundant"],
            "distinct_causal_signatures": None if mappings.signatures is None else mappings.signatures.distinct,
        }

    @property
    def ladder(self) -> dict[str, dict[str, int | None]]:
        """Survivors by rung: of (algorithm, mapping) pairs, of algorithms, and of circuits; and how many of the pairs,
        and so of the algorithms, are trivial, having no variables."""
        return mapping_ladder(self.mappings) | {"circuits": self.circuits.survivors, "trivial": self.mappings.trivial}

    @property
    def verdict(self) -> dict[str, Verdict]:
        """One verdict per strategy."""
        return {
            "what_then_where": mapping_verdict(self.mappings),
            "where_then_what": circuit_verdict(self.circuits),
        }


def perfect_count(circuits: CircuitFindings) -> dict[str, Any]:
    """The number of perfect circuits; the two numbers it lies between when some lie on the decision boundary; or None
    and an estimate where the budget did not allow more. With it how many are robust, where that was asked."""
    if circuits.perfect is not None and not circuits.perfect.certified:
        found: dict[str, Any] = {"perfect_circuits_between": list(circuits.perfect.between)}
    else:
        found = {"perfect_circuits": circuits.survivors["perfect"]}
    if circuits.estimate is not None:
        found["perfect_circuits_estimated"] = vars(circuits.estimate)
    if circuits.robust is not None:
        low, high = circuits.robust.between
        found |= {"robust_circuits": low} if low == high else {"robust_circuits_between": [low, high]}
    return found


def digits_of(counts: Mapping[str, Any]) -> dict[str, str]:
    """The counts that are whole numbers, in full: readers of JSON may have numbers of 53 bits only."""
    return {key: str(number) for key, number in counts.items() if isinstance(number, int)}


def in_words(count: object) -> str:
    """A count as a short text gives it: a number, or the two that it lies between.

    Example:
        >>> in_words(21665), in_words([3, 5]), in_words(None)
        ('21,665', 'between 3 and 5', 'not counted')
    """
    if isinstance(count, list):
        return f"between {count[0]:,} and {count[1]:,}"
    return "not counted" if count is None else f"{count:,}"


def circuit_counts(circuits: CircuitFindings) -> dict[str, Any]:
    """The counts of circuits by their names in audit.json."""
    return {
        "circuits_in_space": circuits.in_space,
        **perfect_count(circuits),
        "minimal_circuits": None if circuits.minimal is None else len(circuits.minimal),
        "fewest_edges": circuits.perfect.fewest_edges if circuits.perfect else None,
    }


def mapping_ladder(mappings: MappingFindings) -> dict[str, dict[str, int | None]]:
    """The (algorithm, mapping) pairs, and the algorithms, that survive each rung."""
    return {"mappings": mappings.surviving_mappings, "algorithms": mappings.surviving_algorithms}


def mapping_verdict(mappings: MappingFindings) -> Verdict:
    """Whether one algorithm with one mapping is left."""
    number = "" if mappings.algorithms is None else f"{mappings.algorithms:,} "
    return judge(
        mappings.surviving_mappings,
        f"all {number}algorithms with all their minimal mappings",
        mappings.failure,
        "; ".join(mappings.refused + mappings.ties),
        mappings.trivial,
    )


def circuit_verdict(circuits: CircuitFindings) -> Verdict:
    """Whether one circuit is left."""
    partial = "; ".join(circuits.refused + circuits.ties)
    return judge(circuits.survivors, f"all {circuits.in_space:,} circuits", partial=partial)


def count_explanations(
    network: Model,
    behavior: Behavior,
    max_depth: int,
    budget: int,
    progress: Progress,
    exact_up_to: int = 0,
    asked: CircuitQuestions = PLAIN,
    execution: Execution = IN_THREADS,
) -> CountedExplanations:
    """Count every explanation of a network with one output.

    Args:
        network: the network to explain.
        behavior: what it decides at each row of the truth table, and how.
        max_depth: of the algorithms.
        budget: in candidate evaluations; what exceeds it is named in `refused`.
        progress: where to show it.
        exact_up_to: the interpretations of so many circuits are counted one by one within ten times the budget.
        asked: what is asked of circuits beyond the decisions.
        execution: how long counts of circuits are carried out.
    """
    circuits = examine_circuits(network, behavior, budget, asked, execution)
    if asked.ablation == "zero":
        interpretations = examine_interpretations(network, behavior, circuits, budget, progress, exact_up_to)
    else:
        interpretations = unasked(NOT_ALONE)
    mappings = examine_mappings(network, behavior, max_depth, budget)
    return CountedExplanations(circuits, interpretations, mappings)
