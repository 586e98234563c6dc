"""Everything of one output, found again as a whole from the network, the behavior and what was asked."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..model.behavior import Behavior
from ..network.network import Network
from .circuit_runs import all_circuits_run, as_plain
from .circuits import CircuitsAgain
from .comparing import Holds, Open
from .interpretations import Readings, interpretations_again, reading_of, unasked
from .judging import verdict_of
from .large_spaces import is_circuit
from .layers import ReadoutsAgain, readouts_again
from .placing import MORE_FORCED, TOO_MANY, PlacesAgain, signature_decision
from .pricing import model_of, ranking_again
from .reading import LayerAgain
from .reasons import NOT_ALLOWED, forced_ties, joined, why_uncounted
from .signatures import SignaturesAgain
from .trees import complexity
from .trying import ExperimentsAgain
from .witnesses import Coded, Natural, Placed

MOST_SURVIVORS, MOST_EXAMINED = 200, 100
DEFAULT_TOLERANCE = 1e-3
DEFAULT_DISTURBANCE = 0.05
MORE_CIRCUITS = "more circuits than are run one by one"
UNKNOWN_SURVIVORS = "the survivors are not all known"
NO_PLACES = "no algorithm has, for each of its variables, neurons with the signature it needs"
TIED = "interchanges leave the output on the decision boundary, so that rounding decides them"
MAPPING_KEYS = (
    "algorithms", "aligned_algorithms", "mappings", "irredundant_algorithms", "irredundant_aligned_algorithms",
    "irredundant_mappings",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Asked:
    """What an audit was asked of one output, of outputs that stand for classes, or of several outputs together.

    Attributes:
        network: what is explained.
        behavior: the inputs, the bits known of each, and what is wanted there.
        by_data: whether the inputs are data; otherwise they are the rows of a task.
        depth: the largest depth of algorithms.
        options: as they stand in audit.json.
        version: the schema of audit.json, which decides what it has and how neurons and edges are called.
        rungs: of mappings and of circuits, in order; none of mappings where no algorithm is put to them.
        placed: whether algorithms are looked for.
        uncounted: the rungs of mappings that were not counted.
        listed: the circuits that the audit lists, to go on with where there are too many to be run.
    """

    network: Network
    behavior: Behavior
    by_data: bool
    depth: int
    options: dict[str, Any]
    version: int
    rungs: dict[str, tuple[str, ...]]
    placed: bool
    uncounted: tuple[str, ...] = ()
    listed: tuple[Any, ...] = ()

    @property
    def ablation(self) -> str:
        """What removed edges carry."""
        return self.options["ablation"] or "zero"

    @property
    def budget(self) -> int:
        """Candidate evaluations allowed."""
        return self.options["budget"]

    @property
    def together(self) -> bool:
        """Whether several outputs are bits of their own, which are explained one by one."""
        return self.network.widths[-1] > 1 and self.behavior.decision != "argmax"


@dataclass(frozen=True)
class MappingsAgain:
    """What an audit says of algorithms and mappings: counts, ladder by its parts, lists and verdict."""

    counts: dict[str, Any]
    ladder: dict[str, Any]
    details: Any
    verdict: Any


@dataclass(frozen=True, eq=False)
class OutputAgain:
    """Everything of one output, found again; kept, so that what several numbers need is found once."""

    asked: Asked

    @cached_property
    def circuits(self) -> CircuitsAgain | None:
        """All circuits, run; None when there are too many."""
        asked = self.asked
        run = all_circuits_run(asked.network, asked.behavior, asked.ablation)
        if run is None or (asked.by_data and not run.affordable("resample")):
            return None
        return CircuitsAgain(run, asked.ablation, asked.options["robust"], asked.budget, asked.version)

    @cached_property
    def interpretations(self) -> Readings:
        """What circuits can be read as; of circuits that are too many to be run, why none is read."""
        asked = self.asked
        if self.circuits is None:
            why = unasked(asked.behavior, asked.ablation)
            return Readings(beyond=(why,) if why else ())
        return interpretations_again(asked.network, asked.behavior, self.circuits, asked.budget)

    @cached_property
    def signatures(self) -> SignaturesAgain:
        """What every neuron set does."""
        return SignaturesAgain(
            self.asked.network, self.asked.behavior.points, signature_decision(self.asked.behavior)
        )  # fmt: skip

    @cached_property
    def places(self) -> PlacesAgain:
        """Algorithms and mappings, where they are looked for."""
        asked = self.asked
        return PlacesAgain(self.signatures, asked.behavior, asked.depth, asked.rungs["mappings"])

    @cached_property
    def readouts(self) -> ReadoutsAgain:
        """Population codes of every hidden layer."""
        asked, options = self.asked, self.asked.options
        tolerance = DEFAULT_TOLERANCE if options["tolerance"] is None else options["tolerance"]
        disturbance = options.get("disturbance")
        disturbance = DEFAULT_DISTURBANCE if disturbance is None else disturbance
        layers = [
            LayerAgain(
                asked.network, asked.behavior, layer, tolerance, options.get("signals"), disturbance,
                model_of(options), asked.budget, asked.version,
            )
            for layer in range(1, asked.network.depth)
        ]  # fmt: skip
        return readouts_again(layers, asked.network, asked.behavior, asked.by_data, asked.version)

    @cached_property
    def natural(self) -> Natural:
        """The network at every input."""
        return Natural(self.asked.network, self.asked.behavior)

    @cached_property
    def survivors(self) -> list[Placed | Coded] | None:
        """The explanations that are set against each other and priced; None when they are not all known."""
        if self._placed is None or not self.readouts.affordable:
            return None
        return [*self._placed[:MOST_SURVIVORS], *(Coded(self.natural, one) for one in self.readouts.strictest)]

    @cached_property
    def _placed(self) -> list[Placed] | None:
        """The mappings left by the strictest rung that any passes, simplest first."""
        places, uncounted = self.places, self.asked.uncounted
        if "single" in uncounted or not self.asked.placed:
            return []
        if not places.affordable:
            return None
        known = {rung: left for rung, left in places.survivors.items() if rung not in uncounted}
        if len(uncounted) == len(places.rungs) - 2:
            known = {"single": known["single"]}
        if any(left is None for left in known.values()):
            return None
        strictest = next((rung for rung in reversed(known) if known[rung]), None)
        if strictest is None:
            return []
        left = list(places.survivors[strictest] or [])
        if strictest != "single":
            left.sort(key=lambda one: complexity(*one))
        return [Placed(self.natural, *one) for one in left]

    @cached_property
    def number(self) -> int:
        """How many explanations survive."""
        return len(self._placed or ()) + sum(1 for _ in self.readouts.strictest)

    @cached_property
    def experiments(self) -> ExperimentsAgain | None:
        """The survivors against each other, where they are all known."""
        if self.survivors is None:
            return None
        left = self.asked.listed if self.circuits is None else self.circuits.left
        return ExperimentsAgain(self.natural, self.survivors[:MOST_EXAMINED], self.number, left, self.asked.version)

    @cached_property
    def disputes(self) -> Any:
        """The experiments as they stand in audit.json."""
        return Open(UNKNOWN_SURVIVORS) if self.experiments is None else self.experiments.document()

    @cached_property
    def costs(self) -> Any:
        """The survivors by their prices."""
        if self.survivors is None:
            return Open(UNKNOWN_SURVIVORS)
        rungs = self.asked.rungs["mappings"]
        last = self.places.survivors[rungs[-1]] if rungs and rungs[-1] not in self.asked.uncounted else None
        return ranking_again(self.survivors, self.number, last, model_of(self.asked.options))

    def distinct(self, said: Any) -> Any:
        """The number of causal signatures, where one output or classes have them; None where the budget did not allow
        it."""
        asked, inputs = self.asked, len(self.asked.behavior.points)
        sets = sum((1 << width) - 1 for width in asked.network.widths[1:-1])
        cost = sets * (1000 if asked.behavior.is_truth_table else 20 * inputs**2)
        if asked.together or cost > asked.budget:
            return None
        if said is None and asked.by_data:
            return Holds(lambda n: n is None, "nothing", "signatures take much memory")
        return self.signatures.distinct if self.signatures.affordable else Open(TOO_MANY)

    def counted_circuits(self, said: dict[str, Any]) -> tuple[dict[str, Any], Any, Any, Any]:
        """The counts of circuits and interpretations, the rungs of circuits, their lists, and the verdict; what `said`
        says is used only where the budget did not allow counting."""
        rungs = self.asked.rungs["circuits"]
        if self.circuits is None:
            reason = Open(MORE_CIRCUITS)
            counts = {key: reason for key in said["counts"] if key not in (*MAPPING_KEYS, "distinct_causal_signatures")}
            return counts, dict.fromkeys(rungs, reason), reason, verdict_of_large(said)
        counts = self.circuits.counts(said["counts"]) | self.interpretations.counts
        verdict = self.circuits.verdict(rungs, said["capped"])
        return counts, self.circuits.survivors(rungs), self.circuits.details(), verdict

    def read(self, said: dict[str, Any]) -> dict[str, Any]:
        """What is said of interpretations beside their counts; where circuits are too many to be run, of the first one
        that the audit lists, whose own checks are apart."""
        if self.circuits is not None or self.interpretations.beyond:
            return self.interpretations.details
        listed = said["details"]["circuits"]
        kinds = [listed.get(kind) for kind in ("resample_faithful_minimal", "minimal")]
        first = next((kind["listed"][0] for kind in kinds if kind and kind["listed"]), None)
        simplest: Any = None
        if first is not None:
            simplest = Open("the first circuit that is listed is not one")
            network, behavior = self.asked.network, self.asked.behavior
            if is_circuit(network, first):
                simplest, _ = reading_of(network, behavior, as_plain(network, first), self.asked.budget)
        return {"estimate": Open(MORE_CIRCUITS), "of_the_simplest_circuit": simplest}

    def mappings(self, said: dict[str, Any]) -> MappingsAgain:
        """What is said of algorithms and mappings, where they are looked for."""
        places, uncounted = self.places, self.asked.uncounted
        parts = [key for key in said["ladder"] if key != "circuits"]
        why = why_uncounted(said)
        if "single" in uncounted:
            scored = {"algorithms": 0, "of": 0}
            details: Any = {"aligned": None, "survivors": {}, "near_misses": [], "near_misses_scored": scored}
            ladder = {key: dict.fromkeys(places.rungs) for key in parts}
            return MappingsAgain(self._uncounted(), ladder, details, why)
        told = any(isinstance(text, str) and "to the rung" in text for text in said["capped"] or ())
        refused = Holds(lambda n: n is None and told, "a number, or the reason in capped", NOT_ALLOWED)
        again = places.ladder()
        ladder = {key: again[key] | dict.fromkeys(uncounted, refused) for key in parts if key in again}
        details = places.details() if places.affordable else Open(TOO_MANY)
        if places.affordable and uncounted:
            self._stop(details)
        verdict = why if uncounted or not places.rungs else self._verdict_of_mappings(ladder, said["capped"])
        return MappingsAgain(places.counts(), ladder, details, verdict)

    def _uncounted(self) -> dict[str, Any]:
        """The counts of algorithms where the budget did not allow placing them."""
        found: dict[str, Any] = dict.fromkeys(MAPPING_KEYS)
        again = self.places.counts()
        for key in ("algorithms", "irredundant_algorithms"):
            number = again[key]
            found[key] = Holds(
                lambda n, number=number: n is None or isinstance(number, Open) or n == number,
                "the number, or nothing", NOT_ALLOWED,
            )  # fmt: skip
        return found

    def _stop(self, details: Any) -> None:
        """Leaves out of the lists what comes after a rung that was not counted."""
        kept = details["survivors"]
        for rung in self.asked.uncounted:
            kept.pop(rung, None)
        if len(self.asked.uncounted) == len(self.places.rungs) - 2:
            # No mapping was put to the rungs, and nothing scored.
            details |= {"survivors": {}, "near_misses": [], "near_misses_scored": {"algorithms": 0, "of": 0}}

    def _verdict_of_mappings(self, ladder: dict[str, Any], capped: Any) -> Any:
        if not self.places.affordable:
            return Open(TOO_MANY)
        if any(isinstance(n, Open) for n in ladder["mappings"].values()):
            return Open(MORE_FORCED)
        space = f"all {len(self.places.trees):,} algorithms with all their minimal mappings"
        partial = "; ".join([*self.tied_signatures, *forced_ties(capped)])
        failure = None
        if not self.places.trees:
            depth = self.asked.depth
            failure = f"no algorithm of depth {depth} or less computes this function; a larger depth may"
        elif not any(tree.variables for tree in self.places.aligned):
            failure = NO_PLACES
        return verdict_of(ladder["mappings"], space, partial, failure, ladder.get("trivial"))

    @property
    def tied_signatures(self) -> list[str]:
        """Why signatures depend on rounding."""
        if self.asked.together or not self.signatures.affordable or not self.signatures.ties:
            return []
        return [f"{self.signatures.ties:,} {TIED}"]


def verdict_of_large(said: dict[str, Any]) -> dict[str, Any]:
    """The verdict on circuits that are too many to be run, from what is said of their rungs."""
    left = said["ladder"]["circuits"]
    space = f"all {said['counts']['circuits_in_space']:,} circuits"
    own = [text for text in said["capped"] if "circuits" in text and "readout" not in text]
    if None not in left.values():
        return verdict_of(left, space)
    uncounted = f"not counted: {', '.join(rung for rung, n in left.items() if n is None)}"
    said_why = Holds(lambda text: text == uncounted or joined(text, own), "what was not counted")
    return {"status": "unknown", "criterion": None, "space": space, "reason": said_why}
