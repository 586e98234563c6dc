"""Reading the results of a sweep: SQL over its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.attributes import PublicNames
from ..common.errors import InputError
from ..common.sql import MOST_ROWS, Limits, Table, answer, load_pandas, lock
from .plan import EPOCH, Level, Plan
from .store import Store

if TYPE_CHECKING:
    import duckdb

# Where the epoch stands in a label until it is known.
MARK = "\0"


@dataclass(frozen=True, eq=False)
class Sweep(PublicNames):
    """A sweep in its folder, finished or not. `eh.sweep` runs one.

    Attributes:
        store: the folder with its files.
        digests: by the index of each finished block, the digest of its results.

    Example:
        >>> sweep = Sweep.open("runs/two")  # doctest: +SKIP
        >>> sweep, sweep.complete  # doctest: +SKIP
        (Sweep(basic: 1 of 1 blocks finished, in runs/two), True)
    """

    store: Store
    digests: Mapping[int, str]

    @staticmethod
    def open(folder: str | Path) -> "Sweep":
        """The sweep in a folder.

        Args:
            folder: where `eh.sweep` or `everyhow sweep` wrote it.

        Raises:
            FileFormatError: it is not the folder of a sweep, or a file in it is damaged; the message names it.

        Example:
            >>> Sweep.open("runs/two").settings  # doctest: +SKIP
            ('',)
        """
        store = Store.open(folder)
        return Sweep(store, store.digests())

    def __repr__(self) -> str:
        blocks = sum(1 for _ in self.plan.blocks())
        return f"Sweep({self.plan.name}: {len(self.finished):,} of {blocks:,} blocks finished, in {self.folder})"

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

    @property
    def settings(self) -> tuple[str, ...]:
        """The labels of the settings that there are results for, in the order of the plan; epochs rise."""
        return tuple(self.levels)

    @cached_property
    def levels(self) -> dict[str, dict[str, Level]]:
        """The value of every swept option at each setting that there are results for, by the setting's label."""
        table = self.query("SELECT setting, min(point), min(epoch) FROM results GROUP BY 1 ORDER BY 2, 3")
        found = {}
        for setting, point, epoch in table.rows:
            levels = self.plan.levels(point)
            if self.plan.points[point].training.checkpoints:
                levels |= {EPOCH: epoch} if EPOCH in levels else {}
            found[setting] = levels
        return found

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Table:
        """The answer to a SQL question about the table `results`.

        It has the columns that the folder's README describes, and `setting`, the label of the swept options. Files
        cannot be read or written from SQL. An answer has at most 100,000 rows, or as many as there are results.

        Args:
            sql: the question, one statement that only reads.
            parameters: what stands for its question marks.

        Raises:
            InputError: it is not a question, DuckDB does not accept it, or it takes too much time, memory or rows;
                the message says which.

        Example:
            >>> sweep = Sweep.open("runs/two")  # doctest: +SKIP
            >>> sweep.query("SELECT count(*) FROM results WHERE preset = ?", ["paper"]).rows  # doctest: +SKIP
            ((2,),)
        """
        return answer(self._connection, sql, parameters, self._limits)

    def to_pandas(self) -> Any:
        """All results as a DataFrame of pandas, a row for each output of each network (and checkpoint) by each preset.

        `setting` and the swept options come first. Options that are numbers are numbers; `setting`, and options that
        are texts or lists, are ordered categories, in the order of the plan. Whole numbers, and truth values, that are
        missing somewhere have pandas' types for that (`Int64`, `boolean`); counts are floats, as they are stored.

        Raises:
            InputError: there are no results yet.
            MissingExtraError: pandas is not installed.

        Example:
            >>> frame = Sweep.open("runs/two").to_pandas()  # doctest: +SKIP
            >>> frame.groupby("preset").size().to_dict()  # doctest: +SKIP
            {'authors': 2, 'paper': 2}
        """
        pandas = load_pandas("query() gives tables without it")
        options = [option for option in self.plan.axis if option != EPOCH]
        first = ["setting", *(f'"{option}"' for option in self.plan.axis)]
        found = self._connection.execute(f"SELECT {', '.join(first)}, * EXCLUDE ({', '.join(first)}) FROM results")
        kinds = {column[0]: str(column[1]) for column in found.description or ()}
        frame = found.df()
        for name, kind in kinds.items():
            missing = {"BIGINT": "Int64", "BOOLEAN": "boolean"}.get(kind)
            if missing and bool(frame[name].isna().sum()):
                frame[name] = frame[name].astype(missing)
        for option in ["setting", *options]:
            if kinds[option] == "VARCHAR":
                order = list(dict.fromkeys(frame[option].dropna()))
                if option == "setting":
                    order = list(self.settings)
                frame[option] = pandas.Categorical(frame[option], order, ordered=True)
        return frame

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
        # What stands before and after the epoch in a label; the whole of a label that has none.
        labels = [
            (point, *self.plan.label(point, MARK).partition(MARK), bool(setting.training.checkpoints))
            if setting.training.checkpoints
            else (point, self.plan.label(point), "", "", False)
            for point, setting in enumerate(self.plan.points)
        ]
        connection = duckdb.connect()
        connection.execute(
            "CREATE TABLE points (point BIGINT, label VARCHAR, mark VARCHAR, rest VARCHAR, by_epoch BOOLEAN)"
        )
        connection.execute(
            "INSERT INTO points SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5)",
            list(map(list, zip(*labels, strict=True))),
        )
        connection.execute(
            "CREATE TABLE results AS SELECT parts.*, "
            "CASE WHEN by_epoch AND mark <> '' THEN concat(label, epoch, rest) ELSE label END AS setting "
            "FROM read_parquet($1, union_by_name => true) AS parts JOIN points USING (point) "
            "ORDER BY point, replicate, epoch, output, preset",
            [parts],
        )
        lock(connection)
        return connection
