"""Reading the results of a sweep: SQL over its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .plan import EPOCH, Plan
from .rows import first_line
from .store import Store

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Table:
    """The answer to a query: column names, and rows of plain values."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def records(self) -> list[dict[str, Any]]:
        """The rows by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, eq=False)
class Sweep:
    """A sweep in its folder, finished or not.

    Example:
        >>> sweep = Sweep.open("runs/basic")  # doctest: +SKIP
        >>> sweep.query("SELECT count(*) FROM results").rows  # doctest: +SKIP
        ((200,),)
    """

    store: Store
    finished: frozenset[int]

    @staticmethod
    def open(folder: str | Path) -> "Sweep":
        """The sweep in a folder.

        Raises:
            FileFormatError: it is not the folder of a sweep, or a file in it is damaged; the message names it.
        """
        store = Store.open(folder)
        return Sweep(store, frozenset(store.finished()))

    @property
    def plan(self) -> Plan:
        """What was asked."""
        return self.store.plan

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.store.folder

    @property
    def digest(self) -> str | None:
        """The digest of the results; None while blocks are missing."""
        return self.store.digest()

    @property
    def complete(self) -> bool:
        """Whether every block is finished."""
        return len(self.finished) == sum(1 for _ in self.plan.blocks())

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """The labels of the axis, in the order of the plan; epochs rise."""
        if EPOCH in self.plan.axis:
            return tuple(str(row[0]) for row in self.query("SELECT DISTINCT epoch FROM results ORDER BY 1").rows)
        return tuple(dict.fromkeys(self.plan.label(point) for point in range(len(self.plan.points))))

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Table:
        """The answer to a SQL question about the table `results`.

        It has the columns that the folder's README describes, and `setting`, the label of the swept options. Files
        cannot be read or written from SQL.

        Raises:
            InputError: DuckDB does not accept the question; its reason is given.
        """
        import duckdb

        try:
            found = self._connection.execute(sql, list(parameters))
            columns = tuple(column[0] for column in found.description or ())
            return Table(columns, tuple(found.fetchall()))
        except duckdb.Error as error:
            raise InputError(f"this question cannot be answered: {first_line(error)}") from None

    @cached_property
    def _connection(self) -> "duckdb.DuckDBPyConnection":
        import duckdb

        parts = [str(self.store.part(block)) for block in self.plan.blocks() if block.index in self.finished]
        if not parts:
            raise InputError(f"{self.folder} has no results yet; `everyhow sweep` with --resume computes them")
        labels = [(point, self.plan.label(point)) for point in range(len(self.plan.points))]
        connection = duckdb.connect()
        connection.execute("CREATE TABLE points (point BIGINT, setting VARCHAR)")
        connection.executemany("INSERT INTO points VALUES (?, ?)", labels)
        setting = "CAST(epoch AS VARCHAR)" if EPOCH in self.plan.axis else "setting"
        connection.execute(
            f"CREATE TABLE results AS SELECT parts.*, {setting} AS setting FROM read_parquet($1) AS parts "
            f"JOIN points USING (point) ORDER BY point, replicate, epoch, output, preset",
            [parts],
        )
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection
