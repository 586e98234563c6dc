"""What an audit is asked: every question once, with its value and its checks.

From here come the keywords of `audit` and `count` and the options in audit.json; from `meanings` the keys of a plan,
the columns of a sweep, and the options of the commands.
"""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, TypeVar

from ..boolean.cost import CostModel
from ..boolean.truth_table import INPUT_NAMES, row_name
from ..circuit.asked import CircuitQuestions
from ..common.arguments import choice, instance, is_number, is_whole, listed, quoted
from ..common.errors import InputError
from ..common.options import told
from ..model.behavior import Behavior, check_epsilon, check_within
from ..model.criterion import Ablation, check_ablation
from ..model.decision import DECISIONS, Decision
from ..model.graph import GRAINS
from ..model.model import Model
from ..model.scope import Scope
from ..model.task import Task
from ..readout.readout import DEFAULT_DISTURBANCE, DEFAULT_TOLERANCE, check_disturbance, check_tolerance
from .meanings import MEANINGS, Asked

Command = TypeVar("Command", bound=Callable[..., Any])
Kind = TypeVar("Kind", bound=Model)
DEEPEST = 8
PAPER, AUTHORS = "the preset paper", "the preset authors"
# Whose questions they are, as an error says it.
OF: dict[str, str] = {"paper": PAPER, "authors": AUTHORS, "data": "an audit by data", "count": "a count of circuits"}


def _as_meant(name: str) -> Any:
    """A field of the questions, with what is meant by it."""
    meaning = MEANINGS[name]
    return field(default=meaning.default, metadata=meaning._asdict())


@told
@dataclass(frozen=True)
class Questions:
    """What is asked of a model, as it was asked: None where nothing was said.

    Raises:
        InputError: a question that is out of range, or two that do not go together.

    Example:
        >>> Questions(robust=0.1).circuits
        CircuitQuestions(ablation='zero', radius=0.1)
    """

    decision: Decision | None = _as_meant("decision")
    threshold: float | None = _as_meant("threshold")
    inputs: Iterable[float] | None = _as_meant("inputs")
    depth: int | None = _as_meant("depth")
    min_node_sparsity: float = _as_meant("min_node_sparsity")
    pair_order: str | None = _as_meant("pair_order")
    tolerance: float | None = _as_meant("tolerance")
    signals: int | None = _as_meant("signals")
    disturbance: float | None = _as_meant("disturbance")
    costs: CostModel | None = _as_meant("costs")
    shown: Iterable[str] | None = _as_meant("shown")
    ablation: Ablation | None = _as_meant("ablation")
    grain: str | None = _as_meant("grain")
    scope: Scope | None = _as_meant("scope")
    stream: int | None = _as_meant("stream")
    epsilon: float | None = _as_meant("epsilon")
    within: float | None = _as_meant("within")
    robust: float | None = _as_meant("robust")

    def __post_init__(self) -> None:
        if self.decision is not None:
            choice("decision", self.decision, DECISIONS)
        if self.depth is not None and not is_whole(self.depth, 1, DEEPEST):
            raise InputError(f"depth is {quoted(self.depth)}; algorithms have a depth from 1 to {DEEPEST}")
        if not is_number(self.min_node_sparsity, 0) or self.min_node_sparsity >= 1:
            raise InputError(
                f"min_node_sparsity is {quoted(self.min_node_sparsity)}; it is a share, at least 0 and below 1"
            )
        if self.tolerance is not None:
            check_tolerance(self.tolerance)
        if self.disturbance is not None:
            check_disturbance(self.disturbance)
        if self.signals is not None and not is_whole(self.signals, 1):
            raise InputError(f"signals is {quoted(self.signals)}; a readout explanation has at least 1 signal")
        if self.costs is not None:
            instance(self.costs, CostModel, "a CostModel", "make one with everyhow.CostModel")
        if self.shown is not None:
            given = listed("shown", self.shown, "the rows that were shown, as digits, such as 01")
            object.__setattr__(self, "shown", tuple(str(row).strip() for row in given))
        check_ablation("zero" if self.ablation is None else self.ablation)
        if self.grain is not None:
            choice("grain", self.grain, GRAINS)
        if self.scope is not None:
            instance(self.scope, Scope, "a Scope", "model.scoped(['a0.h0'], 'in') asks within one")
        if self.epsilon is not None:
            check_epsilon(self.epsilon)
        check_within(self.within)
        self.for_circuits(self.epsilon, self.within)

    def narrowed(self, model: Kind) -> Kind:
        """The model at the grain asked for, its circuits being asked of what is in scope; or its stream at a position.

        Raises:
            InputError: a grain, a scope or a stream that the model does not have, or a stream beside one of these.
        """
        if self.stream is not None:
            beside = "grain" if self.grain is not None else "scope" if self.scope is not None else None
            if beside:
                raise InputError(
                    f"{beside} is of circuits of heads and MLPs, and stream asks of the residual stream instead: leave "
                    f"one of them out"
                )
            return model.stream(self.stream)
        model = model if self.grain is None else model.at(self.grain)
        return model if self.scope is None else model.scoped(self.scope.parts, self.scope.others)

    @property
    def circuits(self) -> CircuitQuestions:
        """What is asked of circuits beyond the decisions."""
        return CircuitQuestions("zero" if self.ablation is None else self.ablation, self.robust)

    @property
    def largest_residual(self) -> float:
        """Of a readout."""
        return DEFAULT_TOLERANCE if self.tolerance is None else self.tolerance

    @property
    def moved(self) -> float:
        """The share of its range by which every neuron is moved when codes are tried."""
        return DEFAULT_DISTURBANCE if self.disturbance is None else self.disturbance

    @property
    def prices(self) -> CostModel:
        """Of gates."""
        return CostModel() if self.costs is None else self.costs

    def for_circuits(self, epsilon: float | None, within: float | None) -> CircuitQuestions:
        """What is asked of circuits that may err and must come near, as a behavior says.

        Raises:
            InputError: robust circuits where they have no meaning, or a radius out of range.
        """
        if self.robust is not None and not is_number(self.robust, 0):
            raise InputError(
                f"robust is {quoted(self.robust)}; it is half the side of the box around each input, at least 0"
            )
        if self.robust is not None and (self.circuits.ablation != "zero" or epsilon or within is not None):
            raise InputError(
                "robust circuits decide right at every input of a box, run alone: leave out ablation, epsilon and "
                "within"
            )
        return self.circuits

    def order(self, inputs: int) -> str:
        """The inputs in the order that selects the interventions of the preset authors.

        Raises:
            InputError: an input is missing or named twice.
        """
        names = INPUT_NAMES[:inputs]
        order = names if self.pair_order is None else str(self.pair_order).upper()
        if sorted(order) != sorted(names):
            raise InputError(f"pair_order is {self.pair_order!r}; it names each of the inputs {names} once")
        return order

    def rows(self, task: Task) -> tuple[int, ...] | None:
        """The rows shown, as numbers, in order; None where nothing was said.

        Raises:
            InputError: a name that is not a row, or an empty list.
        """
        return None if self.shown is None else shown_rows(task, self.shown)

    def document(self, task: Task, of: Asked, budget: int) -> dict[str, Any]:
        """What was asked, as it stands under `options` in audit.json."""
        rows = self.rows(task)
        return {
            "tables": [str(table) for table in task.tables],
            "min_node_sparsity": self.min_node_sparsity,
            "pair_order": self.order(task.inputs) if of == "authors" else None,
            "tolerance": self.tolerance,
            "signals": self.signals,
            "disturbance": self.disturbance,
            "costs": self._costs,
            "shown": None if rows is None else [row_name(row, task.inputs) for row in rows],
            "ablation": self.ablation,
            "epsilon": self.epsilon,
            "within": self.within,
            "robust": self.robust,
            "budget": budget,
        }

    def document_by_data(self, behavior: Behavior, depth: int, budget: int) -> dict[str, Any]:
        """What was asked of a behavior, as it stands under `options` in audit.json."""
        features = behavior.features
        return {
            "features": None if features is None else features.astype(int).tolist(),
            "depth": depth,
            "ablation": self.ablation,
            **({} if self.grain is None else {"grain": self.grain}),
            **({} if self.scope is None else {"scope": self.scope.document()}),
            **({} if self.stream is None else {"stream": self.stream}),
            "robust": self.robust,
            "tolerance": self.largest_residual,
            "signals": self.signals,
            "disturbance": self.moved,
            "costs": self._costs,
            "budget": budget,
        }

    @property
    def _costs(self) -> dict[str, Any] | None:
        return None if self.costs is None else asdict(self.costs) | {"familiar": dict(self.costs.familiar)}


QUESTIONS: tuple[Field[Any], ...] = fields(Questions)


def questions_of(asked: Mapping[str, Any], of: Asked) -> Questions:
    """The questions of these names.

    Raises:
        InputError: a name that is not a question, one that is not asked of this, or a value that is out of range.

    Example:
        >>> questions_of({"ablation": "mean"}, "paper").circuits
        CircuitQuestions(ablation='mean', radius=None)
    """
    known = {one.name: one for one in QUESTIONS}
    for name in asked:
        if name not in known:
            own = [one.name for one in QUESTIONS if of in one.metadata["of"]]
            close = difflib.get_close_matches(name, own, 1)
            meant = f" (did you mean {close[0]}?)" if close else ""
            raise InputError(f"unknown question {quoted(name)}{meant}; those of {OF[of]} are {', '.join(own)}")
    given = {name: value for name, value in asked.items() if value is not None}
    foreign = [
        name
        for name, value in given.items()
        if of not in known[name].metadata["of"] and (name == "threshold" or _said(value))
    ]
    if foreign:
        raise InputError(f"{' and '.join(foreign)}: {_elsewhere(known[foreign[0]], of)}")
    return Questions(**given)


def _said(value: Any) -> bool:
    """Whether a value says more than that nothing is asked: 0 is as good as nothing."""
    return not isinstance(value, int | float) or bool(value)


def _elsewhere(question: Field[Any], of: Asked) -> str:
    if of == "data" and question.name == "threshold":
        return (
            "the behavior or the network says this: eh.Behavior.of_data(points, labels, threshold=0), or "
            "network.read(threshold=0)"
        )
    if of == "data" and question.name in ("epsilon", "within", "inputs"):
        return "the behavior says this: give it where the behavior is made (eh.Behavior.of_data, of_network)"
    presets = [OF[one] for one in question.metadata["of"] if one in ("paper", "authors")]
    if of in ("paper", "authors") and presets:
        return f"this belongs to {presets[0]}; leave it out, or choose that preset"
    return f"{OF[of]} does not ask this; leave it out"


def asking(*of: Asked) -> Callable[[Command], Command]:
    """Lets a function that takes questions by keyword show each in its signature, as `help` and editors read it."""

    def shown(function: Command) -> Command:
        signature = inspect.signature(function)
        own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        asked = [
            inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=one.type)
            for one in QUESTIONS
            if set(of) & set(one.metadata["of"])
        ]
        function.__signature__ = signature.replace(parameters=[*own, *asked])  # type: ignore[attr-defined]
        return function

    return shown


def from_plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Questions written in plain values, as keywords: prices as a cost model, rows as a list, and parts as a scope.

    Raises:
        InputError: a price that is not a number, or a scope of which is not said where all others are.
    """
    own = ("not_price", "familiar", "show", "scope", "others")
    found = {key: value for key, value in values.items() if key not in own}
    scope, others = values.get("scope"), values.get("others")
    if scope is not None:
        found["scope"] = Scope(tuple(part.strip() for part in scope.split(",")), others)  # type: ignore[arg-type]
    elif others is not None:
        raise InputError("others says where all edges are that are not in scope, and no scope is given; give scope too")
    if (rows := values.get("show")) is not None:
        found["shown"] = rows.split(",")
    negation, familiar = values.get("not_price"), values.get("familiar")
    if negation is not None or familiar is not None:
        found["costs"] = CostModel(negation=negation or 0.0, familiar=_familiar(familiar or ""))
    return found


def _familiar(text: str) -> dict[str, float]:
    gates = {}
    for part in text.split(","):
        name, _, price = part.partition("=")
        try:
            gates |= {name.strip(): float(price)} if part.strip() else {}
        except ValueError:
            raise InputError(f"familiar has {part!r}; it takes gates with prices, such as NAND=0.5,XOR=1") from None
    return gates


def shown_rows(task: Task, rows: Iterable[str]) -> tuple[int, ...]:
    """Rows given as digits, in order.

    Raises:
        InputError: a name that is not a row, or an empty list.
    """
    names = [row_name(row, task.inputs) for row in range(1 << task.inputs)]
    given = [str(row).strip() for row in listed("shown", rows, "the rows that were shown, as digits, such as 01")]
    unknown = [row for row in given if row not in names]
    if unknown or not given:
        raise InputError(f"show names {', '.join(unknown) or 'no rows'}; the rows are {', '.join(names)}")
    return tuple(sorted({names.index(row) for row in given}))
