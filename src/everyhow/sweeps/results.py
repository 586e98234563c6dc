"""Reading the results of a sweep: SQL over its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.errors import InputError
from ..common.sql import MOST_ROWS, Limits, Table, answer, lock
from .plan import Plan
from .store import Store

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, eq=False)
class Sweep:
    """A sweep in its folder, finished or not.

    Example:
        >>> sweep = Sweep.open("runs/basic")  # doctest: +SKIP
        >>> sweep.query("SELECT count(*) FROM results").rows  # doctest: +SKIP
        ((200,),)
    """

    store: Store
    digests: Mapping[int, str]

    @staticmethod
    def open(folder: str | Path) -> "Sweep":
        """The sweep in a folder.

        Raises:
            FileFormatError: it is not the folder of a sweep, or a file in it is damaged; the message names it.
        """
        store = Store.open(folder)
        return Sweep(store, store.digests())

    @property
    def finished(self) -> frozenset[int]:
        """The indices of the blocks that are finished."""
        return frozenset(self.digests)

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
        return self.store.digest_of(self.digests)

    @property
    def complete(self) -> bool:
        """Whether every block is finished."""
        return len(self.finished) == sum(1 for _ in self.plan.blocks())

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """The labels of the swept options that there are results for, in the order of the plan; epochs rise."""
        table = self.query("SELECT setting, min(point), min(epoch) FROM results GROUP BY 1 ORDER BY 2, 3")
        return tuple(row[0] for row in table.rows)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Table:
        """The answer to a SQL question about the table `results`.

        It has the columns that the folder's README describes, and `setting`, the label of the swept options. Files
        cannot be read or written from SQL. An answer has at most 100,000 rows, or as many as there are results.

        Raises:
            InputError: it is not a question, DuckDB does not accept it, or it takes too much time, memory or rows;
                the message says which.
        """
        return answer(self._connection, sql, parameters, self._limits)

    @cached_property
    def _limits(self) -> Limits:
        """What a question may take: a table as long as that of the results is always given."""
        (number,) = self._connection.execute("SELECT count(*) FROM results").fetchall()[0]
        beyond = f"read the files {self.folder / 'results'}/*.parquet with DuckDB, pandas or polars"
        return Limits(rows=max(MOST_ROWS, number), beyond=beyond)

    @cached_property
    def _connection(self) -> "duckdb.DuckDBPyConnection":
        import duckdb

        parts = [str(self.store.part(block)) for block in self.plan.blocks() if block.index in self.finished]
        if not parts:
            raise InputError(f"{self.folder} has no results yet; `everyhow sweep` with --resume computes them")
        labels = [
            (point, self.plan.label(point), bool(setting.training.checkpoints))
            for point, setting in enumerate(self.plan.points)
        ]
        connection = duckdb.connect()
        connection.execute("CREATE TABLE points (point BIGINT, label VARCHAR, by_epoch BOOLEAN)")
        connection.execute(
            "INSERT INTO points SELECT unnest($1), unnest($2), unnest($3)", list(map(list, zip(*labels, strict=False)))
        )
        several = len(self.plan.axis) > 1
        epoch = "concat(label, ' epoch ', epoch)" if several else "CAST(epoch AS VARCHAR)"
        connection.execute(
            f"CREATE TABLE results AS SELECT parts.*, CASE WHEN by_epoch THEN {epoch} ELSE label END AS setting "
            "FROM read_parquet($1, union_by_name => true) AS parts JOIN points USING (point) "
            "ORDER BY point, replicate, epoch, output, preset",
            [parts],
        )
        lock(connection)
        return connection
