"""An audit of one output by the definitions, found again as a whole from the network and what was asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..boolean.gates import name_of
from ..boolean.truth_table import TruthTable
from ..model.behavior import Behavior
from ..network.network import Network
from . import plain
from .circuit_runs import all_circuits_run, as_plain
from .circuits import CircuitsAgain
from .comparing import Holds, Open
from .interpretations import interpretations_again, widest
from .judging import rounded, verdict_of
from .large_spaces import is_circuit
from .learning import lesson_again
from .placing import TOO_MANY, PlacesAgain, complexity
from .pricing import model_of, ranking_again
from .reading import LayerAgain, layers_again
from .trying import ExperimentsAgain
from .witnesses import Coded, Placed

MOST_SURVIVORS = 200
SPACE = re.compile(r"all ([\d,]+ )?algorithms with all their minimal mappings")
FORCED_TIE = re.compile(
    r"[\d,]+ runs in which variables are forced leave the output on the decision boundary, so that rounding decides "
    r"them"
)
NOT_ALLOWED = "the budget did not allow it"
DEFAULT_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Asked:
    """What an audit was asked of one output.

    Attributes:
        network: of one output.
        task: the truth table that it was meant to compute.
        decision: how its output becomes a bit.
        depth: the largest depth of algorithms.
        options: as they stand in audit.json.
        version: the schema of audit.json, which decides how neurons and edges are called.
        rungs: of mappings and of circuits, in order.
        uncounted: the rungs of mappings that were not counted.
        listed: the circuits that the audit lists, to go on with where there are too many to be run.
    """

    network: Network
    task: str
    decision: Any
    depth: int
    options: dict[str, Any]
    version: int
    rungs: dict[str, tuple[str, ...]]
    uncounted: tuple[str, ...] = ()
    listed: tuple[Any, ...] = ()

    @cached_property
    def computes(self) -> str:
        """The truth table that the network computes."""
        outputs, level = plain.run(self.network, plain.corners(self.network))[-1][:, 0], self.network.threshold
        return "".join(str(int(b == 1)) for b in plain.bits_of(outputs, self.decision, level))  # type: ignore[arg-type]

    @cached_property
    def behavior(self) -> Behavior:
        """What circuits are judged by."""
        return behavior_for(self.network, self.decision, self.options)

    @property
    def ablation(self) -> str:
        """What removed edges carry."""
        return self.options["ablation"] or "zero"


def behavior_for(network: Network, decision: Any, options: dict[str, Any]) -> Behavior:
    """What the network decides at every row, with the error and the distance that were allowed."""
    points = plain.corners(network)
    outputs = plain.run(network, points)[-1]
    level: Any = network.threshold
    wanted = np.array([plain.chosen(row, decision, level) for row in outputs]) == 1
    return Behavior(
        points, np.ones(len(points)), wanted, options.get("epsilon") or 0.0, options.get("within"),
        decision, None, network.input_values,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class PaperAgain:
    """Everything of one output, found again; kept, so that what several numbers need is found once."""

    asked: Asked

    @cached_property
    def circuits(self) -> CircuitsAgain | None:
        """All circuits, run; None when there are too many."""
        asked = self.asked
        run = all_circuits_run(asked.network, asked.behavior, asked.ablation)
        if run is None:
            return None
        return CircuitsAgain(run, asked.ablation, asked.options["robust"], asked.options["budget"])

    @cached_property
    def places(self) -> PlacesAgain:
        """Algorithms and mappings."""
        asked = self.asked
        return PlacesAgain(asked.network, int(asked.computes[::-1], 2), asked.depth, asked.rungs["mappings"])

    @cached_property
    def layers(self) -> tuple[list[LayerAgain], list[str], tuple[str, ...]]:
        """Population codes of every hidden layer, what is beyond them, and ties."""
        options = self.asked.options
        tolerance = DEFAULT_TOLERANCE if options["tolerance"] is None else options["tolerance"]
        model = model_of(options)
        asked = self.asked
        return layers_again(asked.network, tolerance, options["signals"], model, options["budget"], asked.version)

    @cached_property
    def interpretations(self) -> Any:
        """The counts, the details, and what was not counted."""
        assert self.circuits is not None
        return interpretations_again(self.asked.network, self.asked.behavior, self.circuits, self._budget)

    @property
    def _budget(self) -> int:
        return self.asked.options["budget"]

    @cached_property
    def survivors(self) -> list[Placed | Coded] | None:
        """The explanations that are set against each other and priced; None when they are not all known."""
        if self._placed is None or not all(layer.affordable for layer in self.layers[0]):
            return None
        found: list[Placed | Coded] = list(self._placed[:MOST_SURVIVORS])
        for layer in self.layers[0]:
            found += [Coded(self.asked.network, one) for one in layer.strictest]
        return found

    @cached_property
    def _placed(self) -> list[Placed] | None:
        """The mappings left by the strictest rung that any passes, simplest first."""
        places, uncounted = self.places, self.asked.uncounted
        if "single" in uncounted:
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
        return [Placed(self.asked.network, *one) for one in left]

    @cached_property
    def number(self) -> int:
        """How many explanations survive."""
        return len(self._placed or ()) + sum(len(layer.strictest) for layer in self.layers[0])

    @cached_property
    def lesson(self) -> tuple[Any, list[str]]:
        """What fits the rows that were shown."""
        asked = self.asked
        run = None if self.circuits is None else self.circuits.run
        return lesson_again(
            asked.network, asked.task, asked.computes, asked.decision, asked.depth, asked.options["shown"],
            self._budget, run,
        )  # fmt: skip

    @cached_property
    def experiments(self) -> Any:
        """The survivors against each other."""
        if self.survivors is None:
            return Open("the survivors are not all known")
        asked = self.asked
        left = asked.listed if self.circuits is None else self.circuits.left
        some = self.survivors[:100]
        return ExperimentsAgain(asked.network, asked.decision, some, self.number, left, asked.version).document()

    @cached_property
    def costs(self) -> Any:
        """The survivors by their prices."""
        if self.survivors is None:
            return Open("the survivors are not all known")
        last = self.places.rungs[-1]
        last = None if last in self.asked.uncounted else self.places.survivors[last]
        return ranking_again(self.survivors, self.number, last, model_of(self.asked.options))

    def _reading_of_large(self, said: dict[str, Any]) -> Any:
        """The reading of the first circuit that the audit lists, whose own checks are apart; None where none is."""
        listed = said["details"]["circuits"]
        kinds = [listed.get(kind) for kind in ("resample_faithful_minimal", "minimal")]
        first = next((kind["listed"][0] for kind in kinds if kind and kind["listed"]), None)
        if first is None or self.asked.ablation != "zero":
            return None
        network = self.asked.network
        if not is_circuit(network, first):
            return Open("the first circuit that is listed is not one")
        return widest(network, self.asked.behavior, as_plain(network, first))

    def document(self, said: dict[str, Any]) -> dict[str, Any]:
        """The audit of this output, as it has to stand in audit.json; what `said` says is used only where the audit
        was not allowed to count, and for lists of names."""
        asked, circuits, places = self.asked, self.circuits, self.places
        rungs = asked.rungs
        mapped = None if "single" in asked.uncounted else places
        counts: dict[str, Any] = {}
        details: dict[str, Any] = {}
        ladder: dict[str, Any] = {}
        if circuits is None:
            reason = Open("more circuits than are run one by one")
            for key in said["counts"]:
                if key not in MAPPING_KEYS:
                    counts[key] = reason
            ladder["circuits"] = dict.fromkeys(rungs["circuits"], reason)
            details["circuits"] = reason
            details["interpretations"] = {"estimate": reason, "of_the_simplest_circuit": self._reading_of_large(said)}
            circuit_verdict: Any = self._verdict_of_large(said)
        else:
            of_readings, of_details, _ = self.interpretations
            counts = circuits.counts(said["counts"]) | of_readings
            ladder["circuits"] = circuits.survivors(rungs["circuits"])
            details["circuits"], details["interpretations"] = circuits.details(), of_details
            more = [text for text in said["capped"] if isinstance(text, str) and "it stayed open whether" in text]
            circuit_verdict = circuits.verdict(rungs["circuits"], more)
        why = _why_uncounted(said)
        if mapped is None:
            counts |= self._uncounted_counts()
            ladder |= {key: dict.fromkeys(rungs["mappings"]) for key in said["ladder"] if key != "circuits"}
            scored = {"algorithms": 0, "of": 0}
            details["mappings"] = {"aligned": None, "survivors": {}, "near_misses": [], "near_misses_scored": scored}
            verdict: Any = why
        else:
            counts |= places.counts()
            again = places.ladder()
            told = any(isinstance(text, str) and "to the rung" in text for text in said["capped"])
            refused = Holds(lambda n: n is None and told, "a number, or the reason in capped", NOT_ALLOWED)
            ladder |= {
                key: again[key] | dict.fromkeys(asked.uncounted, refused) for key in said["ladder"] if key in again
            }
            details["mappings"] = places.details() if places.affordable else Open(TOO_MANY)
            if places.affordable and asked.uncounted:
                self._stop(details["mappings"])
            verdict = why if asked.uncounted else self._mapping_verdict(ladder, counts, said["capped"])
        layers, _, _ = self.layers
        details["readouts"] = {"layers": [layer.document() for layer in layers]}
        details["experiments"], details["costs"] = self.experiments, self.costs
        details["lesson"] = self.lesson[0]
        order = (
            "circuits", "interpretations", "readouts", "experiments", "costs", "lesson", "mappings",
        )  # fmt: skip
        return {
            "computes": self.computes(),
            "counts": counts,
            "counts_exact": {key: str(n) for key, n in said["counts"].items() if type(n) is int},
            "ladder": {key: ladder[key] for key in ("mappings", "algorithms", "circuits", "trivial") if key in ladder},
            "verdict": {"what_then_where": verdict, "where_then_what": circuit_verdict},
            "capped": self._capped(said, mapped),
            "details": {key: details[key] for key in order},
        }

    def _stop(self, details: Any) -> None:
        """Leaves out of the lists what comes after a rung that was not counted."""
        kept = details["survivors"]
        for rung in self.asked.uncounted:
            kept.pop(rung, None)
        if len(self.asked.uncounted) == len(self.places.rungs) - 2:
            # No mapping was put to the rungs, and nothing scored.
            details |= {"survivors": {}, "near_misses": [], "near_misses_scored": {"algorithms": 0, "of": 0}}

    def _uncounted_counts(self) -> dict[str, Any]:
        """The counts of algorithms where the budget did not allow placing them."""
        found: dict[str, Any] = dict.fromkeys(MAPPING_KEYS)
        sets = sum((1 << width) - 1 for width in self.asked.network.widths[1:-1])
        if sets * 1000 <= self._budget:
            again = self.places.counts()
            found["distinct_causal_signatures"] = again["distinct_causal_signatures"]
            for key in ("algorithms", "irredundant_algorithms"):
                number = again[key]
                found[key] = Holds(
                    lambda n, number=number: n is None or isinstance(number, Open) or n == number,
                    "the number, or nothing", NOT_ALLOWED,
                )  # fmt: skip
        return found

    def computes(self) -> dict[str, Any]:
        """What the network computes, and where that is not the task."""
        table, task = self.asked.computes, self.asked.task
        inputs = self.asked.network.widths[0]
        differs = [format(k, f"0{inputs}b") for k in range(len(table)) if table[k] != task[k]]
        return {"table": table, "name": name_of(TruthTable.parse(table)), "differs_from_task_at": differs}

    def _mapping_verdict(self, ladder: dict[str, Any], counts: dict[str, Any], capped: Sequence[Any]) -> Any:
        number = counts["algorithms"]
        if not self.places.affordable:
            return Open(TOO_MANY)
        if any(isinstance(n, Open) for n in ladder["mappings"].values()):
            return Open("more runs with forced variables than are made")
        space = f"all {number:,} algorithms with all their minimal mappings"
        ties = self.places.ties
        words = "interchanges leave the output on the decision boundary, so that rounding decides them"
        partial = "; ".join([*([f"{ties:,} {words}"] if ties else []), *forced_ties(capped)])
        again = self.places.ladder()["trivial"] if "trivial" in ladder else None
        return verdict_of(ladder["mappings"], space, partial, self._failure(), again)

    def _failure(self) -> str | None:
        """What failed where no tree computes the task, or none has a place."""
        placed = [tree for tree in self.places.aligned if tree.variables]
        if not self.places.trees:
            return f"no algorithm of depth {self.asked.depth} or less computes this function; a larger depth may"
        if not placed:
            return "no algorithm has, for each of its variables, neurons with the signature it needs"
        return None

    def _verdict_of_large(self, said: dict[str, Any]) -> dict[str, Any]:
        counts, left = said["counts"], said["ladder"]["circuits"]
        space = f"all {counts['circuits_in_space']:,} circuits"
        own = [text for text in said["capped"] if "circuits" in text and "readout" not in text]
        unknown = any(n is None for n in left.values())
        if not unknown:
            return verdict_of(left, space)
        uncounted = f"not counted: {', '.join(rung for rung, n in left.items() if n is None)}"
        said_why = Holds(lambda text: text == uncounted or _joined(text, own), "what was not counted")
        return {"status": "unknown", "criterion": None, "space": space, "reason": said_why}

    def _capped(self, said: dict[str, Any], mapped: PlacesAgain | None) -> Any:
        """Why something was not counted: refusals, what has no answer, then ties."""
        reasons: list[Any] = []
        circuits = self.circuits
        stated = said["capped"]
        if circuits is None or mapped is None or self.asked.uncounted or not self.places.affordable:
            held = "why something was not counted, in words"
            budget = said["options"]["budget"]
            return Holds(
                lambda texts: _are_reasons(texts, budget) and _covers(texts, said), "what the verdicts say", held
            )
        _, beyond, readout_ties = self.layers
        reasons += circuits.refused
        of_readings = self.interpretations[2]
        apart = [text for text in of_readings if "with nothing on removed edges" in text]
        reasons += [text for text in of_readings if text not in apart]
        reasons += beyond
        reasons += [layer.allowed[1] for layer in self.layers[0] if layer.allowed[1]]
        reasons += self.lesson[1]
        reasons += apart
        reasons += circuits.ties
        reasons += [text for text in stated if isinstance(text, str) and "it stayed open whether" in text]
        ties = self.places.ties
        words = "interchanges leave the output on the decision boundary, so that rounding decides them"
        reasons += [f"{ties:,} {words}"] if ties else []
        reasons += forced_ties(stated)
        reasons += readout_ties
        return reasons


MAPPING_KEYS = (
    "algorithms", "aligned_algorithms", "mappings", "irredundant_algorithms", "irredundant_aligned_algorithms",
    "irredundant_mappings", "distinct_causal_signatures",
)  # fmt: skip


def forced_ties(capped: Sequence[Any]) -> list[str]:
    """What an audit says of ties among runs in which variables are forced, which are not counted again."""
    return [text for text in capped if isinstance(text, str) and FORCED_TIE.fullmatch(text)]


def _why_uncounted(said: dict[str, Any]) -> dict[str, Any]:
    """The verdict of mappings that were not counted, or not to the last rung."""
    space = lambda text: isinstance(text, str) and bool(SPACE.fullmatch(text))  # noqa: E731
    number = said["counts"]["algorithms"]
    which = "algorithms" if number is None else f"{number:,} algorithms"
    return {
        "status": "unknown",
        "criterion": None,
        "space": Holds(lambda text: space(text) and text.startswith(f"all {which} "), f"all {which}"),
        "reason": Holds(lambda text: _joined(text, said["capped"]), "what was not counted, as in capped"),
    }


def _joined(text: str, reasons: Sequence[str]) -> bool:
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


def _covers(texts: Sequence[str], said: dict[str, Any]) -> bool:
    """Whether the reasons of a whole audit hold all that its parts give, and say why interpretations are missing."""
    counts = said["counts"]
    known = counts.get("perfect_circuits") is not None and counts["interpretations"] is None
    return (not known or any("interpretations" in text for text in texts)) and all(
        reason.startswith("not counted") or _joined(reason, texts) for reason in _own(said)
    )


def _are_reasons(texts: Any, budget: int) -> bool:
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
