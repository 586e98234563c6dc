"""What is to be explained: inputs with their weights, and the decisions wanted there."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ..boolean.truth_table import MAX_INPUTS, TruthTable, assignments, row_name
from ..common.arguments import choice, instance, is_number, is_whole, listed, quoted
from ..common.attributes import PublicNames
from ..common.errors import InputError
from ..common.shapes import Bool, Float, Int
from ..common.sql import Table, html_table
from ..given.arrays import array_of
from ..given.labels import labels_of
from ..given.points import points_of
from .answer import LAST, Answer
from .coding import checked_input_values, checked_threshold, coded
from .decision import DECISIONS, Decision, check_no_threshold, decide, decision_for, level_for
from .door import brought
from .runnable import Runnable
from .task import Task

M = TypeVar("M", bound=Runnable)
# Weights are scaled already when their sum is as near to 1 as this.
SCALED = 1e-12


@dataclass(frozen=True, eq=False)
class Behavior(PublicNames):
    """Distinct input points, the weight of each, and what is to be decided at each.

    Args:
        points: shape (inputs, features).
        weights: how much of the data each point stands for; above 0; they are scaled to sum to 1.
        wanted: shape (inputs, outputs), the bits wanted; by argmax, one 1 in each row, at the class wanted.
        epsilon: the circuit error allowed: the weight of the inputs at which a circuit may decide otherwise.
        within: when given, a circuit's outputs must also come so close to the network's, before the last activation.
        decision: how outputs become what is wanted: `threshold`, each output being a bit of its own; `argmax`, the
            outputs being classes of which the largest is chosen; or `round`. When not given, several outputs are
            classes where each row wants exactly one of them, and bits of their own otherwise.
        threshold: an output above it is read as 1; the network's own when not given.
        input_values: the two numbers by which inputs stand for 0 and for 1, where the points are rows of a truth table.
        names: what the data call the bits 0 and 1 of one output, or the classes of several, where they have names.
        features: bits that are known of each input, shape (inputs, variables), where such bits come with the data.
        answer: where answers are read, when the points are sequences of tokens. The outputs are then the classes at
            each position in turn, and a point is right when it is right at all of them.
        paired: shape (inputs, features), the counterfactual input that belongs to each, for the ablation `paired`.

    By the decision `within` the outputs are numbers, each of which must come as near to the model's own as `within`
    says; nothing is wanted of them otherwise.

    Raises:
        InputError: shapes that do not fit, points that repeat or are not finite, weights not above 0, classes of which
            a row wants none or several, an unknown decision, or a number out of range.

    Example:
        >>> behavior = Behavior([[0, 0], [0, 1], [1, 0], [1, 1]], [1, 1, 1, 1], [[0], [1], [1], [0]])
        >>> behavior, behavior.weights.tolist()
        (Behavior(4 inputs of 2 numbers; 1 output, decision by threshold), [0.25, 0.25, 0.25, 0.25])
    """

    points: Float[np.ndarray, "inputs features"]
    weights: Float[np.ndarray, " inputs"]
    wanted: Bool[np.ndarray, "inputs outputs"]
    epsilon: float = 0.0
    within: float | None = None
    decision: Decision = None  # type: ignore[assignment]
    threshold: float | None = None
    input_values: tuple[float, float] = (0.0, 1.0)
    names: tuple[str, ...] = ()
    features: Bool[np.ndarray, "inputs variables"] | None = None
    answer: Answer | None = None
    paired: Float[np.ndarray, "inputs features"] | None = None

    def __repr__(self) -> str:
        inputs, features = self.points.shape
        known = "" if self.features is None else f", {self.features.shape[1]} bits known of each"
        of, outputs = f"{features:,} number{'s'[: features != 1]}", self.wanted.shape[1]
        said = f"{inputs:,} input{'s'[: inputs != 1]} of {of}{known}"
        return f"Behavior({said}; {outputs:,} output{'s'[: outputs != 1]}, {self.how_decided})"

    def _repr_html_(self) -> str:
        """The first inputs with what is wanted at each, for a notebook."""
        return html_table(self._table(), repr(self))

    def to_pandas(self) -> Any:
        """The inputs, their weights, what is wanted and the known bits as a DataFrame of pandas, an input a row.

        Raises:
            MissingExtraError: pandas is not installed.

        Example:
            >>> Behavior.of_data([[0, 0], [0, 1]], [0, 1]).to_pandas().columns.tolist()
            ['x0', 'x1', 'weight', 'wanted 0']
        """
        return self._table().to_pandas()

    def _table(self) -> Table:
        named = self.names if len(self.names) == self.wanted.shape[1] > 1 else range(self.wanted.shape[1])
        columns = [f"x{k}" for k in range(self.points.shape[1])]
        columns += ["weight", *(f"wanted {name}" for name in named)]
        parts = [self.points.tolist(), self.weights[:, None].tolist(), self.wanted.astype(int).tolist()]
        if self.features is not None:
            columns += [f"bit {k}" for k in range(self.features.shape[1])]
            parts.append(self.features.astype(int).tolist())
        return Table(tuple(columns), tuple(tuple(chain(*row)) for row in zip(*parts, strict=True)))

    def __post_init__(self) -> None:
        points = points_of(self.points, "points")
        weights = _array(self.weights, "weights", np.float64)
        wanted = _array(self.wanted, "wanted", bool)
        if wanted.ndim != 2 or weights.ndim != 1 or not len(points) == len(weights) == len(wanted) > 0:
            raise InputError(
                f"a behavior needs as many points as weights as wanted rows, at least one; found points "
                f"{points.shape}, weights {weights.shape}, wanted {wanted.shape}"
            )
        if not np.isfinite(points).all() or len(np.unique(points, axis=0)) != len(points):
            raise InputError("the points of a behavior must be finite and differ from each other; merge repeated ones")
        if not (np.isfinite(weights).all() and (weights > 0).all()):
            raise InputError("the weights of a behavior's points must be finite and above 0; drop points of weight 0")
        check_epsilon(self.epsilon)
        check_within(self.within)
        # Those that are scaled already stay as they are, to the bit.
        weights = weights if abs(weights.sum() - 1) <= SCALED else weights / weights.sum()
        for name, array in (("points", points), ("weights", weights), ("wanted", wanted)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        usual = "threshold" if self.decision is None and self.threshold is not None else self.decision
        object.__setattr__(self, "decision", _decision_of(usual, wanted, self.answers))
        if self.decision == "within" and self.within is None:
            raise InputError("answers that are numbers are right within a distance of the model's own: give within")
        object.__setattr__(self, "threshold", checked_threshold(self.threshold))
        object.__setattr__(self, "input_values", checked_input_values(self.input_values))
        object.__setattr__(self, "names", tuple(map(str, listed("names", self.names, "the names of the classes"))))
        if self.features is not None:
            features = checked_features(self.features, len(points))
            features.setflags(write=False)
            object.__setattr__(self, "features", features)
        if self.answer is not None:
            instance(self.answer, Answer, "an Answer", "eh.Answer says the positions and the classes")
        if self.paired is not None:
            paired = points_of(self.paired, "paired")
            if paired.shape != points.shape or not np.isfinite(paired).all():
                raise InputError(
                    f"paired has shape {paired.shape}; it has the counterfactual input of each point, {points.shape}"
                )
            paired.setflags(write=False)
            object.__setattr__(self, "paired", paired)

    @staticmethod
    def of_task(task: Task, input_values: tuple[float, float] = (0.0, 1.0)) -> "Behavior":
        """The whole truth table, evenly weighted, each output being a bit of its own.

        Args:
            task: what is wanted, from `eh.parse_task`.
            input_values: the two numbers by which inputs stand for 0 and for 1.

        Raises:
            InputError: something that is not a task, or numbers that are equal or not finite.

        Example:
            >>> from everyhow import parse_task
            >>> Behavior.of_task(parse_task("XOR,AND")).wanted.astype(int).tolist()
            [[0, 0], [1, 0], [1, 0], [0, 1]]
        """
        wanted = instance(task, Task, "a Task", "eh.parse_task makes one, such as of XOR").bits()
        values = checked_input_values(input_values)
        points = coded(assignments(task.inputs), values)
        return Behavior(points, np.ones(len(wanted)), wanted, decision="threshold", input_values=values)

    @staticmethod
    def of_data(
        points: ArrayLike,
        labels: ArrayLike,
        outputs: int | None = None,
        epsilon: float = 0.0,
        within: float | None = None,
        decision: Decision | None = None,
        threshold: float | None = None,
        inputs: Iterable[float] | None = None,
        features: ArrayLike | None = None,
    ) -> "Behavior":
        """The labels of data, rows that repeat being one point of more weight.

        Args:
            points: shape (inputs, features).
            labels: of one output, the bit of each row; of several, its class, which is the output that must be largest
                (the decision `argmax`), or, shape (inputs, outputs), the bit of each output (the decision `threshold`).
                Bits of which each row has exactly one are classes, unless `decision` is `threshold`. Labels of -1 and 1
                are bits; texts are names of classes, in sorted order, and kept (`everyhow.given.labels`).
            outputs: of the network; when not given, 1 for labels of two kinds, else one for each class.
            epsilon: the circuit error allowed.
            within: how near a circuit's outputs must come to the network's.
            decision: `threshold`, `argmax` or `round`, where the labels alone do not say it.
            threshold: an output above it is read as 1; the network's own when not given.
            inputs: the two numbers by which inputs stand for 0 and for 1, where the points are rows of a truth table.
            features: bits that are known of each row, shape (inputs, variables).

        Raises:
            InputError: a label that no output stands for, or equal rows of different labels or features.

        Example:
            >>> Behavior.of_data([[0.5, 1.0], [2.0, 0.0], [0.5, 1.0]], [1, 0, 1]).weights.round(2).tolist()
            [0.67, 0.33]
        """
        distinct, which, counts = merged(points)
        if decision is not None:
            choice("decision", decision, DECISIONS)
        bits = decision == "round" or (decision is None and threshold is not None)
        said = labels_of(labels, outputs, "threshold" if bits else decision, len(which))  # type: ignore[arg-type]
        wanted = said.wanted
        first = _first_rows(which)
        chosen = wanted[first]
        torn = np.flatnonzero((wanted != chosen[which]).any(axis=1))
        if len(torn):
            contradict = "1 row contradicts" if len(torn) == 1 else f"{len(torn)} rows contradict"
            raise InputError(
                f"rows {first[which[torn[0]]] + 1} and {torn[0] + 1} are the same point with different labels, so no "
                f"network can be right at both ({contradict} an earlier one); drop such rows, or "
                f"take the network's own decisions"
            )
        decided: Decision = "round" if decision == "round" else said.decision
        names, values = said.names or (), (0.0, 1.0) if inputs is None else checked_input_values(inputs)
        known = None if features is None else _merged_features(features, which)
        return Behavior(distinct, counts, chosen, epsilon, within, decided, threshold, values, names, known)

    @staticmethod
    def noisy(
        task: Task,
        deviation: float,
        copies: int,
        seed: int = 0,
        epsilon: float = 0.0,
        inputs: Iterable[float] = (0.0, 1.0),
    ) -> "Behavior":
        """A task whose inputs are seen through noise; the bits wanted are those of the row.

        Args:
            task: what is wanted, from `eh.parse_task`.
            deviation: the standard deviation of the normal noise that is added to each input.
            copies: how often each row of the truth table is seen.
            seed: of the noise.
            epsilon: the circuit error allowed.
            inputs: the two numbers by which inputs stand for 0 and for 1.

        Raises:
            InputError: no copies, or a deviation that is not above 0.

        Example:
            >>> from everyhow import parse_task
            >>> Behavior.noisy(parse_task("XOR"), deviation=0.1, copies=5).points.shape
            (20, 2)
        """
        instance(task, Task, "a Task", "eh.parse_task makes one, such as of XOR")
        if not is_whole(copies, 1, 10**7) or not is_number(deviation) or deviation <= 0:
            raise InputError(
                f"{quoted(copies)} copies of deviation {quoted(deviation)}; at least 1 copy and a deviation above 0"
            )
        if not is_whole(seed, 0):
            raise InputError(f"seed is {quoted(seed)}; it is a whole number of at least 0")
        values = checked_input_values(inputs)
        exact = np.repeat(coded(assignments(task.inputs), values), copies, axis=0)
        if deviation < 1e-12:
            raise InputError(f"deviation is {deviation}; noise as small as rounding moves no input")
        moved = exact + np.random.default_rng(seed).normal(scale=deviation, size=exact.shape)
        wanted = np.repeat(task.bits(), copies, axis=0)
        return Behavior(moved, np.ones(len(moved)), wanted, epsilon, decision="threshold", input_values=values)

    @staticmethod
    def of_network(
        network: Any,
        points: ArrayLike,
        decision: Decision | None = None,
        weights: ArrayLike | None = None,
        epsilon: float = 0.0,
        within: float | None = None,
        threshold: float | None = None,
        features: ArrayLike | None = None,
    ) -> "Behavior":
        """What `network` itself decides at `points`; without `weights`, points that repeat are one of more weight.

        Args:
            network: the network.
            points: shape (inputs, features).
            decision: `threshold`, `round` or `argmax`. When not given, one output is decided by threshold, and so are
                several where a threshold other than 0.5 is said. Otherwise several outputs are classes, decided by
                argmax, if the last layer is linear; if it is not, the decision must be given.
            weights: how much of the data each point stands for.
            epsilon: the circuit error allowed.
            within: how near a circuit's outputs must come to the network's.
            threshold: an output above it is read as 1; the network's own when not given.
            features: bits that are known of each point, shape (inputs, variables).

        Raises:
            InputError: equal points have different features; the decision or the threshold is not said and both
                readings are possible; or, by `round`, an output whose nearest integer is neither 0 nor 1.

        Example:
            >>> from everyhow import xornet
            >>> Behavior.of_network(xornet(), [[0.9, 0.1], [0.2, 0.1]]).wanted.tolist()
            [[True], [False]]
        """
        model, known = brought(network), features
        if weights is None:
            points, which, weights = merged(points)
            known = None if features is None else _merged_features(features, which)
        else:
            points = points_of(points, "points")
        if threshold is not None:
            model = model.read(threshold)
        chosen = decision_for(model, "threshold" if decision is None and threshold is not None else decision)
        check_no_threshold(chosen, threshold)
        if chosen == "argmax":
            model = model.telling_apart()
        outputs = model.run(points)
        if not np.isfinite(outputs).all():
            row = int(np.argwhere(~np.isfinite(outputs))[0][0])
            raise InputError(
                f"the {model.kind}'s output at input {list(map(float, points[row]))} is not finite, so it decides "
                f"nothing there; its weights are too large for float64"
            )
        level = level_for(model, chosen)
        bits, decided = decide(outputs, chosen, level)
        if not decided.all():
            row, column = (int(i) for i in np.argwhere(~decided)[0])
            raise InputError(
                f"the {model.kind}'s output {column} at input {list(map(float, points[row]))} is "
                f"{outputs[row, column]:.4g}, whose nearest integer is neither 0 nor 1: by rounding it decides "
                f"nothing there; use the decision threshold (output > {model.level:g})"
            )
        said = level if chosen == "threshold" else None
        return Behavior(
            points, weights, bits, epsilon, within, chosen, said, model.input_values, features=known  # type: ignore[arg-type]
        )  # fmt: skip

    @staticmethod
    def of_tokens(
        network: Any,
        tokens: ArrayLike,
        answer: Answer = LAST,
        labels: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        epsilon: float = 0.0,
        within: float | None = None,
        paired: ArrayLike | None = None,
    ) -> "Behavior":
        """Sequences of tokens with the answers wanted; without `weights`, rows that repeat are one of more weight.

        Args:
            network: the transformer that answers.
            tokens: shape (rows, positions), one row for each sequence.
            answer: where the answers are read, and among which logits. The largest is the answer; where no classes are
                given but `within` is, the logits are numbers, each of which must come so near to the model's own.
            labels: the class wanted of each row, or, shape (rows, positions), at each answer position; each is one of
                the classes. What the model answers when not given.
            weights: how much of the data each row stands for.
            epsilon: the circuit error allowed.
            within: how near the logits must come to the model's.
            paired: the counterfactual row that belongs to each, for the ablation `paired`.

        Raises:
            InputError: tokens or positions that the model does not have, a label that is not a class, equal rows of
                different labels or counterfactuals, or one class alone without `within`.

        Example:
            >>> import numpy as np
            >>> from everyhow import Transformer
            >>> model = Transformer(np.eye(2), np.zeros((2, 2)), (), np.eye(2))
            >>> Behavior.of_tokens(model, [[0, 0], [0, 1], [1, 1]]).wanted.argmax(axis=1).tolist()
            [0, 1, 1]
        """
        rows = points_of(tokens, "tokens")
        instance(answer, Answer, "an Answer", "eh.Answer says the positions and the classes")
        model = brought(network).answering(answer, rows.shape[1])
        numbers = within is not None and answer.classes is None
        classes = model.outputs // len(answer.positions)
        if numbers and labels is not None:
            raise InputError(
                "labels are classes, and without classes the answers are numbers, right within a distance of the "
                "model's own: give the classes, or leave the labels out"
            )
        if classes == 1 and not numbers:
            raise InputError(
                "one class alone is always the largest: give several classes, or, where the answer is a number, within "
                "and no classes"
            )
        outputs = model.run(rows).reshape(len(rows), len(answer.positions), classes)
        if labels is None:
            chosen = outputs.argmax(axis=2)
        else:
            chosen = _chosen_classes(labels, outputs.shape[:2], answer.classes or tuple(range(classes)))
        which, counts, first = _rows_once(rows, weights)
        counterfactuals = None if paired is None else points_of(paired, "paired")
        if counterfactuals is not None and counterfactuals.shape != rows.shape:
            raise InputError(
                f"paired has shape {counterfactuals.shape}, tokens {rows.shape}; give a counterfactual row for each row"
            )
        for item, values in (("labels", chosen), ("counterfactuals", counterfactuals)):
            torn = np.zeros(0, int) if values is None else np.flatnonzero((values != values[first][which]).any(axis=1))
            if len(torn):
                raise InputError(
                    f"rows {first[which[torn[0]]] + 1} and {torn[0] + 1} are the same tokens with different {item}; "
                    f"drop one of them"
                )
        wanted = chosen[first][..., None] == np.arange(classes)
        if numbers:
            wanted = np.zeros(wanted.shape, bool)
        return Behavior(
            rows[first], counts, wanted.reshape(len(first), -1), epsilon, within, "within" if numbers else "argmax",
            answer=answer, paired=None if counterfactuals is None else counterfactuals[first],
        )  # fmt: skip

    @cached_property
    def bits(self) -> Bool[np.ndarray, "inputs variables"] | None:
        """What is known of each input: the bits that came with the data; without such, over the rows of a truth table,
        the inputs' own bits, and of sequences the tokens at the positions where they differ, if these are bits, at most
        six; None where nothing is known.

        Example:
            >>> from everyhow import parse_task
            >>> Behavior.of_task(parse_task("AND")).bits.astype(int).tolist()
            [[0, 0], [0, 1], [1, 0], [1, 1]]
        """
        if self.features is not None:
            return self.features
        return assignments(self.points.shape[1]) > 0 if self.is_truth_table else self._token_bits

    @cached_property
    def _token_bits(self) -> Bool[np.ndarray, "inputs variables"] | None:
        """The tokens at the positions where sequences differ, where all are 0 or 1; they tell every two rows apart."""
        differing = self.differing_tokens
        if differing is None or not 1 <= differing.shape[1] <= MAX_INPUTS or not np.isin(differing, (0, 1)).all():
            return None
        return differing > 0

    @property
    def differing_tokens(self) -> Float[np.ndarray, "inputs positions"] | None:
        """The tokens at the positions where sequences differ; None of points that are not sequences."""
        return None if self.answer is None else self.points[:, (self.points != self.points[0]).any(axis=0)]

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """The row, of a truth table over the bits that are known, that each input has.

        Raises:
            InputError: nothing is known of the inputs.
        """
        if self.bits is None:
            raise InputError("no bits are known of the inputs of this behavior; give them where it is made (features=)")
        return tuple((self.bits @ (1 << np.arange(self.bits.shape[1])[::-1])).tolist())

    @cached_property
    def is_truth_table(self) -> bool:
        """Whether the points are the rows of a truth table, in order."""
        inputs = self.points.shape[1]
        return inputs <= MAX_INPUTS and np.array_equal(self.points, coded(assignments(inputs), self.input_values))

    @property
    def how_decided(self) -> str:
        """The decision in words, with the threshold where it is not 0.5."""
        level = "" if self.threshold in (None, 0.5) else f" {self.threshold:g}"
        if self.decision == "within":
            return f"numbers within {self.within:g} of the model's own"
        return f"decision by {self.decision}{level}"

    @property
    def answers(self) -> int:
        """How many answers are read of each input: one, or one at each position."""
        return 1 if self.answer is None else len(self.answer.positions)

    def read(self, model: M) -> M:
        """The model with the behavior's threshold and its answers read where the behavior reads them, as far as it
        says so.

        Args:
            model: of the kind that the behavior is for.

        Raises:
            InputError: the model takes no sequences, or not such ones.

        Example:
            >>> from everyhow import xornet
            >>> Behavior.of_network(xornet(), [[0, 1]], threshold=0.25).read(xornet()).threshold
            0.25
        """
        read = model.read(self.threshold)
        return read if self.answer is None else read.answering(self.answer, self.points.shape[1])

    def folded(self) -> "Behavior":
        """Two classes as one bit, which is 1 where the second class is wanted; see `Network.folded`.

        Raises:
            InputError: there are not two classes.

        Example:
            >>> behavior = Behavior.of_data([[0.0], [1.0], [2.0]], [0, 1, 1], outputs=2)
            >>> behavior.folded().wanted.ravel().tolist()
            [False, True, True]
        """
        if self.decision != "argmax" or self.wanted.shape[1] != 2 or self.answers != 1:
            raise InputError(
                f"two classes are folded; this behavior has {self.wanted.shape[1]} outputs, {self.how_decided}"
            )
        return replace(self, wanted=self.wanted[:, 1:], decision="threshold", threshold=0.0)

    def name_of(self, index: int) -> str:
        """What input `index` is called: its digits in a truth table, and where the tokens that tell sequences apart are
        bits; else its number, 1 being the first.

        Args:
            index: which input; 0 is the first.

        Example:
            >>> from everyhow import parse_task
            >>> Behavior.of_task(parse_task("XOR")).name_of(2), Behavior.of_data([[0.5], [2.0]], [0, 1]).name_of(1)
            ('10', 'input 2')
        """
        if self.is_truth_table:
            return row_name(index, self.points.shape[1])
        if self._token_bits is not None:
            return "".join(map(str, self._token_bits[index].astype(int)))
        return f"input {index + 1}"

    def tables(self) -> tuple[TruthTable, ...]:
        """The truth table of each output, when the points are the rows of a truth table in order.

        Raises:
            InputError: they are not.

        Example:
            >>> from everyhow import parse_task
            >>> [str(table) for table in Behavior.of_task(parse_task("XOR,AND")).tables()]
            ['0110', '0001']
        """
        inputs = self.points.shape[1]
        if not self.is_truth_table:
            raise InputError(
                "algorithms and mappings need the whole truth table as inputs, in row order, of at most "
                f"{MAX_INPUTS} inputs; this behavior has {len(self.points)} points of {inputs} inputs"
            )
        return tuple(
            TruthTable(inputs, sum(int(bit) << row for row, bit in enumerate(column))) for column in self.wanted.T
        )


def check_epsilon(epsilon: object) -> None:
    """Raises InputError when a circuit error is not a share."""
    if not is_number(epsilon, 0, 1):
        raise InputError(f"epsilon is {quoted(epsilon)}; it is the circuit error allowed, from 0 to 1")


def check_within(within: object) -> None:
    """Raises InputError when a distance of outputs is given and is not one."""
    if within is not None and not (is_number(within, 0) and within != 0):
        raise InputError(f"within is {quoted(within)}; it is how close outputs must come, above 0")


def _array(values: object, item: str, kind: type) -> np.ndarray:
    try:
        return np.array(array_of(values, item), dtype=kind)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"the {item} of a behavior are not a rectangular array of numbers") from None


def _decision_of(decision: Decision | None, wanted: np.ndarray, answers: int) -> Decision:
    outputs = wanted.shape[1]
    if outputs % answers:
        raise InputError(f"the behavior has {outputs} outputs for {answers} answers; each answer has as many classes")
    one_each = (wanted.reshape(len(wanted), answers, -1).sum(axis=2) == 1).all()
    if isinstance(decision, str) and decision == "within":
        return decision
    if decision is None:
        return "argmax" if outputs > 1 and one_each else "threshold"
    choice("decision", decision, DECISIONS)
    if decision == "argmax" and outputs == 1:
        raise InputError("the decision argmax needs at least 2 outputs; the behavior has 1: use threshold")
    if decision == "argmax" and not one_each:
        row = int(np.flatnonzero((wanted.reshape(len(wanted), answers, -1).sum(axis=2) != 1).any(axis=1))[0])
        raise InputError(
            f"by argmax each row wants exactly one class, but row {row + 1} wants {int(wanted[row].sum())}: say "
            'decision="threshold" for bits of their own, or give one class for each row'
        )
    return decision


def behavior_from_document(document: dict[str, Any], decision: Any) -> Behavior:
    """The behavior that stands in an audit.json."""
    answer = document.get("answer")
    return Behavior(
        document["points"], document["weights"], document["wanted"], document["epsilon"], document["within"], decision,
        document.get("threshold"), tuple(document.get("inputs", (0.0, 1.0))), tuple(document.get("names", ())),
        document.get("features"), None if answer is None else Answer(**answer), document.get("paired"),
    )  # fmt: skip


def merged(
    points: ArrayLike,
) -> tuple[Float[np.ndarray, "distinct features"], Int[np.ndarray, " inputs"], Float[np.ndarray, " distinct"]]:
    """The different points in the order in which they first come, which of them each point is, and how often."""
    given = points_of(points, "points")
    _, first, which, counts = np.unique(given, axis=0, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    return given[first[order]], np.argsort(order)[which.ravel()], counts[order].astype(np.float64)


def checked_features(features: ArrayLike, inputs: int) -> Bool[np.ndarray, "inputs variables"]:
    """Bits that are known of each of so many inputs.

    Raises:
        InputError: they are not bits, or not one row for each input, or too many.
    """
    given = points_of(features, "features")
    if given.ndim != 2 or len(given) != inputs or not 1 <= given.shape[1] <= MAX_INPUTS:
        raise InputError(
            f"features have shape {given.shape}; expected (inputs, features): a row for each of the {inputs} inputs, "
            f"and 1 to {MAX_INPUTS} features"
        )
    if not np.isin(given, (0, 1)).all():
        row, column = (int(k) for k in np.argwhere(~np.isin(given, (0, 1)))[0])
        raise InputError(
            f"features are bits, and feature {column + 1} of input {row + 1} is {given[row, column]:g}: write "
            "them as 0 and 1"
        )
    return given == 1


def _rows_once(rows: np.ndarray, weights: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which different row each row is, the weight of each different one, and where it first comes."""
    if weights is not None:
        every = np.arange(len(rows))
        return every, _array(weights, "weights", np.float64), every
    _, which, counts = merged(rows)
    return which, counts, _first_rows(which)


def _chosen_classes(labels: Any, shape: tuple[int, int], classes: tuple[int, ...]) -> Int[np.ndarray, "rows answers"]:
    """The place among the classes of the label of each answer.

    Raises:
        InputError: another number of labels than answers, or a label that is not a class.
    """
    given = _array(labels, "labels", np.float64)
    given = given[:, None] if given.ndim == 1 else given
    if given.shape != shape:
        raise InputError(
            f"labels have shape {given.shape}; expected {shape}: one label for each row and answer position"
        )
    known = np.array(classes)
    found = given[..., None] == known
    if not found.any(axis=2).all():
        row, place = (int(k) for k in np.argwhere(~found.any(axis=2))[0])
        raise InputError(
            f"label {given[row, place]:g} of row {row + 1} is not one of the classes {', '.join(map(str, classes))}; "
            "labels are numbers of logits, as classes are"
        )
    return found.argmax(axis=2)


def _first_rows(which: Int[np.ndarray, " inputs"]) -> Int[np.ndarray, " distinct"]:
    """Where each different point first comes, from which of them each point is."""
    first = np.zeros(int(which.max(initial=-1)) + 1, int)
    first[which[::-1]] = np.arange(len(which))[::-1]
    return first


def features_of(
    points: Float[np.ndarray, "inputs features"], features: ArrayLike
) -> Bool[np.ndarray, "distinct variables"]:
    """The bits known of the different points, in the order in which these first come, from those of all points.

    Raises:
        InputError: equal points have different bits.
    """
    return _merged_features(features, merged(points)[1])


def _merged_features(features: ArrayLike, which: Int[np.ndarray, " inputs"]) -> Bool[np.ndarray, "distinct variables"]:
    given, first = checked_features(features, len(which)), _first_rows(which)
    chosen = given[first]
    torn = np.flatnonzero((given != chosen[which]).any(axis=1))
    if len(torn):
        raise InputError(
            f"rows {first[which[torn[0]]] + 1} and {torn[0] + 1} are the same point with different features, so these "
            f"are not features of the inputs ({len(torn)} rows differ so from an earlier one); drop such rows, or such "
            f"features"
        )
    return chosen


def mismatches(task: Task, behavior: Behavior) -> tuple[tuple[str, ...], ...]:
    """For each output, the rows at which what the network computes differs from the task, as digits such as 01."""
    return tuple(
        tuple(row_name(row, task.inputs) for row in range(wanted.rows) if (wanted.bits ^ found.bits) >> row & 1)
        for wanted, found in zip(task.tables, behavior.tables(), strict=True)
    )
