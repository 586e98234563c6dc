"""Tables of plain values, and SQL questions about them."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import InputError, first_line

if TYPE_CHECKING:
    import duckdb

LARGEST_WHOLE = 1 << 63


@dataclass(frozen=True)
class Table:
    """Column names, and rows of plain values; the answer to a query is one."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def records(self) -> list[dict[str, Any]]:
        """The rows by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def connect(tables: Mapping[str, Table]) -> "duckdb.DuckDBPyConnection":
    """A database in memory that holds these tables and cannot touch files.

    Whole numbers beyond 64 bits, and columns of several kinds, become text.
    """
    import duckdb

    connection = duckdb.connect()
    for name, table in tables.items():
        kinds = [_kind([row[k] for row in table.rows]) for k in range(len(table.columns))]
        columns = ", ".join(f'"{column}" {kind}' for column, kind in zip(table.columns, kinds, strict=True))
        connection.execute(f'CREATE TABLE "{name}" ({columns})')
        if table.rows:
            values = [[_stored(row[k], kind) for row in table.rows] for k, kind in enumerate(kinds)]
            lists = ", ".join(f"unnest(${k}::{kind}[])" for k, kind in enumerate(kinds, start=1))
            connection.execute(f'INSERT INTO "{name}" SELECT {lists}', values)
    lock(connection)
    return connection


def lock(connection: "duckdb.DuckDBPyConnection") -> None:
    """From now on the connection reads and writes no file, and nothing can change that."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def answer(connection: "duckdb.DuckDBPyConnection", sql: str, parameters: Sequence[Any] = ()) -> Table:
    """The answer to a question; whatever it changes is undone, so that the next one finds the tables as they are.

    Raises:
        InputError: DuckDB does not accept the question; its reason is given.
    """
    import duckdb

    if not sql.strip():
        raise InputError("this question is empty; ask something such as SELECT count(*) FROM results")
    connection.begin()
    try:
        found = connection.execute(sql, list(parameters))
        columns = tuple(column[0] for column in found.description or ())
        return Table(columns, tuple(found.fetchall()))
    except duckdb.CatalogException as error:
        connection.rollback()
        connection.begin()
        tables = ", ".join(sorted(row[0] for row in connection.execute("SHOW TABLES").fetchall()))
        raise InputError(f"this question cannot be answered: {first_line(error)} The tables are {tables}") from None
    except duckdb.Error as error:
        raise InputError(f"this question cannot be answered: {first_line(error)}") from None
    finally:
        with contextlib.suppress(duckdb.Error):
            connection.rollback()


def _stored(value: Any, kind: str) -> Any:
    return str(value) if kind == "VARCHAR" and value is not None else value


def _kind(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds == {int} and all(abs(value) < LARGEST_WHOLE for value in values if value is not None):
        return "BIGINT"
    return "DOUBLE" if kinds and kinds <= {int, float} and float in kinds else "VARCHAR"
