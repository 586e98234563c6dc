"""Everything that one neuron can be read as, as one value."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..boolean.truth_table import TruthTable
from ..common.display import Displayed
from ..common.notes import NO_NOTES, Notes
from ..model.behavior import Behavior
from ..model.graph import Node
from ..model.model import Model
from ..readout.readout import Readout
from ..readout.signal import Signal
from .neuron_words import MOST_TOLD, named, neuron_lines
from .phrases import count_of
from .weighing import Alone


@dataclass(frozen=True)
class ReadAs:
    """One function that a neuron is read as over perfect circuits.

    Attributes:
        table: the function, where it is 1 being where the activation is larger.
        circuits: in how many of the circuits that were looked at.
        interpretations: in how many of their interpretations.
    """

    table: TruthTable | Signal
    circuits: int
    interpretations: int

    @property
    def name(self) -> str:
        """The function as a formula."""
        return named(self.table)


@dataclass(frozen=True)
class StandsFor:
    """One function that a neuron stands for as a variable of aligned algorithms, up to complement.

    Attributes:
        table: the function.
        mappings: of how many minimal mappings.
        alone: in how many of these it carries the variable without other neurons.
        algorithms: of how many algorithms.
        rung: the strictest rung that one of these mappings passes.
    """

    table: TruthTable
    mappings: int
    alone: int
    algorithms: int
    rung: str

    @property
    def name(self) -> str:
        """The function as a formula."""
        return named(self.table)


@dataclass(frozen=True, eq=False)
class NeuronReadings(Displayed):
    """Everything that one neuron can be read as.

    Attributes:
        model: the model, of one output.
        behavior: the inputs, and the decisions there.
        node: the neuron.
        name: what it is called.
        activations: its value at each input, by the name of the input; the norm of what a node writes that holds
            several numbers.
        circuits: how many perfect circuits were looked at.
        perfect: how many there are; None where that was not counted.
        using: in how many of those looked at the neuron is.
        read_as: what it is read as there, most circuits first.
        depth: the largest depth of the algorithms; None where none were aligned.
        stands_for: what it stands for in aligned algorithms, most mappings first.
        codes: the readable signals of its layer in whose code it is, those with whole numbers first; and how many
            signals are readable there.
        signals: how many Boolean signals are readable in its layer.
        every_signal: whether the layer reads every signal, as any layer of as many independent neurons does.
        varies: whether the neuron is not the same at every input.
        asked: the function that was asked about; None when none was.
        alone: how well the neuron stands for that function by itself; None where that was not found out.
        notes: what was not looked at, and why.
    """

    model: Model
    behavior: Behavior
    node: Node
    name: str
    activations: dict[str, float]
    circuits: int
    perfect: int | None
    using: int
    read_as: tuple[ReadAs, ...]
    depth: int | None
    stands_for: tuple[StandsFor, ...]
    codes: tuple[Readout, ...]
    signals: int
    every_signal: bool
    varies: bool
    asked: TruthTable | None = None
    alone: Alone | None = None
    notes: Notes = NO_NOTES

    @property
    def several(self) -> bool:
        """Whether the node holds several numbers, so that circuits do not read it, and `activations` are norms."""
        return self.model.graph.numbers[self.node.stage] > 1

    @property
    def read(self) -> bool | None:
        """Whether the neuron is read as what was asked, over perfect circuits or as a variable; up to complement as a
        variable. None when nothing was asked."""
        return None if self.asked is None else bool(self.agreeing or self.standing)

    @property
    def only(self) -> bool | None:
        """Whether that is the only reading: no circuit and no mapping reads the neuron otherwise. None when nothing was
        asked."""
        if self.asked is None:
            return None
        return bool(self.read) and len(self.agreeing) == len(self.read_as) and self.standing == self.stands_for

    @property
    def agreeing(self) -> tuple[ReadAs, ...]:
        """The readings over circuits that are what was asked."""
        return tuple(one for one in self.read_as if _same(one.table, self.asked))

    @property
    def standing(self) -> tuple[StandsFor, ...]:
        """What was asked, as a variable of aligned algorithms."""
        return tuple(one for one in self.stands_for if _same(one.table, self.asked) or _same(~one.table, self.asked))

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The result in sentences, the first of many readings."""
        return tuple(neuron_lines(self, MOST_TOLD))

    @cached_property
    def full(self) -> tuple[str, ...]:
        """The result in sentences, with every reading."""
        return tuple(neuron_lines(self, None))

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        found = (
            count_of(len(self.read_as), "reading")
            if self.circuits or not self.notes.refused
            else "readings not looked for"
        )
        return f"NeuronReadings({self.name}: {found} over circuits)"

    def document(self) -> dict[str, Any]:
        """The result as plain values."""
        answer = {} if self.asked is None else {
            "asked": {
                "table": str(self.asked), "read": self.read, "only": self.only,
                "alone": None if self.alone is None else self.alone.document(),
            }
        }  # fmt: skip
        return {
            "summary": str(self),
            "neuron": self.name,
            **answer,
            "varies": self.varies,
            "activations": self.activations,
            "perfect_circuits": self.perfect,
            "circuits_looked_at": self.circuits,
            "circuits_using": self.using,
            "read_as": [
                {
                    "formula": one.name, "table": str(one.table), "circuits": one.circuits,
                    "interpretations": one.interpretations,
                }
                for one in self.read_as
            ],
            "depth": self.depth,
            "stands_for": [
                {
                    "formula": one.name, "table": str(one.table), "mappings": one.mappings, "alone": one.alone,
                    "algorithms": one.algorithms, "rung": one.rung,
                }
                for one in self.stands_for
            ],
            "codes": [code.document() for code in self.codes],
            "signals": self.signals,
            "every_signal": self.every_signal,
            "notes": list(self.notes.all),
        }  # fmt: skip


def _same(table: TruthTable | Signal, asked: TruthTable | None) -> bool:
    return table == asked or (isinstance(table, Signal) and table.function is not None and table.function == asked)
