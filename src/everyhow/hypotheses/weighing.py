"""How well one neuron by itself stands for a function, as a variable of formulas."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..boolean.algorithms import Algorithm, algorithms
from ..boolean.truth_table import TruthTable
from ..common.errors import InputError
from ..mapping.findings import simplicity
from ..mapping.patterns import Patterns, wanted_tables
from ..mapping.placeable import placed_algorithm
from ..mapping.signatures import NeuronSet, Rows, Signatures
from .climbing import PatchedRun, Taken
from .recipes import with_nodes
from .understanding import Understood

# The simplest formulas that are gone through, and the largest depth of these.
MOST_FORMULAS, DEEPEST = 2000, 3


@dataclass(frozen=True)
class Alone:
    """How well one neuron stands for a function.

    Attributes:
        formulas: how many of the formulas that were gone through have it as a variable.
        aligned: in how many of these the neuron is aligned with it.
        share: its IIA in the simplest formula in which it is aligned, or else in the simplest that has the variable; 0
            where none has it.
        formula: that formula; None where none has the variable.
        run: a run in which model and formula disagree; None where they never do.
        among: the formulas that were gone through, in words.
    """

    formulas: int
    aligned: int

    share: Fraction
    formula: Algorithm | None
    run: PatchedRun | None
    among: str

    def document(self) -> dict[str, Any]:
        """What was found, as plain values."""
        return {
            "formulas": self.formulas, "aligned": self.aligned, "iia": float(self.share),
            "formula": None if self.formula is None else str(self.formula),
            "python": None if self.run is None else self.run.python,
        }  # fmt: skip


def alone_as(asked: Understood, found: Signatures, neurons: NeuronSet, table: TruthTable, depth: int) -> Alone | None:
    """How well some neurons stand for a function or its complement, as a variable of the formulas that decide as wanted
    and have no redundant gate; None where no formula can be looked for.

    Args:
        asked: the model, and the decisions wanted.
        found: its signatures.
        neurons: mostly one.
        table: the function.
        depth: the largest depth of the formulas, and 3 at most; of more than 2,000, the first are gone through.
    """
    try:
        patterns, tables = Patterns.of(asked.behavior), wanted_tables(asked.behavior)
    except InputError:
        return None
    listed = list(itertools.islice(_formulas(tables, min(depth, DEEPEST)), MOST_FORMULAS + 1))
    first = f"the {MOST_FORMULAS:,} simplest" if len(listed) > MOST_FORMULAS else f"the {len(listed):,}"
    among = f"{first} formulas of depth {min(depth, DEEPEST)} or less without redundant gates"
    rows, having = found.of(neurons), []
    for formula in listed[:MOST_FORMULAS]:
        placed = placed_algorithm(formula, patterns)
        needed = [
            placed.needed(k) for k, variable in enumerate(placed.variables)
            if variable.bits in (table.bits, (~table).bits)
        ]  # fmt: skip
        if needed:
            wrong = [sum((a ^ b).bit_count() for a, b in zip(rows, one, strict=True)) for one in needed]
            least = wrong.index(min(wrong))
            having.append((wrong[least] > 0, simplicity(formula), wrong[least], formula, needed[least]))
    if not having:
        return Alone(0, 0, Fraction(0), None, None, among)
    _, _, wrong, formula, wanted = min(having, key=lambda one: one[:2])
    share, aligned = 1 - Fraction(wrong, len(rows) ** 2), sum(not one[0] for one in having)
    return Alone(len(having), aligned, share, formula, _run(asked, found, neurons, wanted), among)


def _formulas(tables: Sequence[TruthTable], depth: int) -> Iterator[Algorithm]:
    for table in tables:
        yield from algorithms(table, depth, irredundant=True)


def _run(asked: Understood, found: Signatures, neurons: NeuronSet, needed: Rows) -> PatchedRun | None:
    """The first run in which the model decides otherwise than is needed."""
    for source, (row, wanted) in enumerate(zip(found.of(neurons), needed, strict=True)):
        wrong = row ^ wanted
        if wrong:
            base, behavior = (wrong & -wrong).bit_length() - 1, asked.behavior
            names = neurons.names(asked.model.graph)
            said = bool(wanted >> base & 1)
            python = with_nodes(asked.model, behavior.points, base, neurons, source)
            patch = (Taken(names, behavior.name_of(source)),)
            return PatchedRun(behavior.name_of(base), patch, said, not said, python=python)
    return None
