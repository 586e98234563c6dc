"""How many circuits meet a criterion, by the quickest search that the kind of model has."""

from ..common.execution import IN_THREADS, Execution
from ..model.criterion import Criterion
from ..model.model import CircuitCount, Model


def count_circuits(
    criterion: Criterion[Model], execution: Execution = IN_THREADS, every_input_used: bool = False
) -> CircuitCount:
    """The number of circuits that meet `criterion`, exactly, by number of edges.

    Args:
        criterion: what a circuit must do.
        execution: where the work is done, how far it is shown to be, and where it can be taken up again.
        every_input_used: leave out circuits in which an input has no edge.

    Example:
        >>> import everyhow as eh
        >>> count_circuits(eh.circuits(eh.xornet(), "XOR").criterion).between
        (1, 1)
    """
    return criterion.model.search(criterion).count(execution, every_input_used)
