"""Tables of plain values, and SQL questions about them."""

import contextlib
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arguments import listed, quoted
from .errors import InputError, visible
from .extras import load, need

if TYPE_CHECKING:
    import duckdb

LARGEST_WHOLE = 1 << 63
# What a question may take: characters, seconds, rows of the answer, characters of texts in them, and bytes of memory
# beyond the tables.
LONGEST, SECONDS, MOST_ROWS, MOST_SIGNS, MOST_MEMORY = 20_000, 30.0, 100_000, 100_000_000, 1 << 29
# Of an error, so many characters are shown.
LONGEST_REASON = 300
ROWS_AT_ONCE = 1000
# Of a table in a notebook: rows, columns, and characters of a cell.
MOST_SHOWN, MOST_COLUMNS, LONGEST_CELL = 60, 30, 100
SIDES = {True: "right", False: "left"}
QUESTIONS = ("SELECT", "EXPLAIN", "MULTI")  # PIVOT is several statements to DuckDB
LOCKED = {
    "temp_directory": "''", "python_enable_replacements": "false", "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false", "enable_external_access": "false", "lock_configuration": "true",
}  # fmt: skip


def load_pandas(otherwise: str) -> Any:
    """The library pandas, which is imported by nothing else.

    Args:
        otherwise: what can be done without it.

    Raises:
        MissingExtraError: it is not installed.
    """
    return load("pandas", "to_pandas needs", "pandas", f"; {otherwise}")


def check_installed() -> None:
    """Raises MissingExtraError when DuckDB, which answers questions, is not there."""
    need("a question in SQL needs", "sweeps", "duckdb", otherwise="; everyhow tables works without it")


@dataclass(frozen=True, repr=False)
class Table:
    """Column names, and rows of plain values; the answer to a query is one."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def records(self) -> list[dict[str, Any]]:
        """The rows by column.

        Raises:
            InputError: two columns have one name.
        """
        twice = next((name for k, name in enumerate(self.columns) if name in self.columns[:k]), None)
        if twice is not None:
            raise InputError(f"two columns are called {quoted(twice)}; give each a name of its own by AS")
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_pandas(self) -> Any:
        """The table as a DataFrame of pandas, whole numbers beyond 64 bits and lists as objects.

        Raises:
            InputError: two columns have one name.
            MissingExtraError: pandas is not installed.
        """
        return load_pandas("records() gives the rows as dictionaries without it").DataFrame(
            self.records(), columns=list(self.columns)
        )

    def _repr_html_(self) -> str:
        """The first rows as a table for a notebook."""
        return html_table(self, f"{len(self.rows):,} row{'' if len(self.rows) == 1 else 's'}")

    def __repr__(self) -> str:
        return f"Table({len(self.rows):,} rows of {', '.join(self.columns)})"

    def document(self) -> dict[str, Any]:
        """The table as JSON has it: what JSON has no word for, such as a date or an infinite number, as a text."""
        return {"columns": list(self.columns), "rows": [[_plain(value) for value in row] for row in self.rows]}


@dataclass(frozen=True, repr=False)
class RunTable:
    """One table of an audit or a sweep.

    Attributes:
        name: what it is called in commands, files and SQL.
        title: what it shows.
        table: its columns and rows, plain values.
        note: what was left out, or has to be said beside it; empty when there is nothing.
    """

    name: str
    title: str
    table: Table
    note: str = ""

    def __repr__(self) -> str:
        return f"RunTable({self.name}: {len(self.table.rows):,} rows of {', '.join(self.table.columns)})"

    def to_pandas(self) -> Any:
        """The table as a DataFrame of pandas; see `Table.to_pandas`."""
        return self.table.to_pandas()

    def _repr_html_(self) -> str:
        """The first rows as a table for a notebook, under what it shows."""
        return html_table(self.table, f"{self.name}: {self.title}", self.note)


def html_table(table: Table, title: str, note: str = "") -> str:
    """A table as HTML: numbers to the right, the first rows, and how many there are more."""
    head = "".join(f"<th>{escape(visible(column))}</th>" for column in table.columns[:MOST_COLUMNS])
    cells = [
        "".join(
            f'<td style="text-align:{SIDES[_is_number(value)]};padding:1px 8px">{escape(_told(value))}</td>'
            for value in row[:MOST_COLUMNS]
        )
        for row in table.rows[:MOST_SHOWN]
    ]
    left = {"rows": len(table.rows) - len(cells), "columns": len(table.columns) - MOST_COLUMNS}
    beyond = " and ".join(f"{number:,} more {what}" for what, number in left.items() if number > 0)
    more = f"{beyond} are not shown" if beyond else ""
    said = "".join(f"<p>{escape(text)}</p>" for text in (note, more) if text)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    caption = f'<caption style="text-align:left;white-space:nowrap">{escape(title)}</caption>'
    return f"<div><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{said}</div>"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _told(value: object) -> str:
    """A value as it stands in a cell: not longer than a hundred characters, and obeyed by nobody."""
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else f"{value:,}" if _is_number(value) else visible(str(value))
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]} ..."


@dataclass(frozen=True)
class Limits:
    """What a question may take.

    Attributes:
        seconds: until it is stopped.
        rows: of the answer.
        beyond: where to find more than the limits allow.
    """

    seconds: float = SECONDS
    rows: int = MOST_ROWS
    beyond: str = ""


def connect(tables: Mapping[str, Table]) -> "duckdb.DuckDBPyConnection":
    """A database in memory that holds these tables and cannot touch files.

    Whole numbers beyond 64 bits, and columns of several kinds, become text.

    Raises:
        MissingExtraError: DuckDB is not installed.
    """
    check_installed()
    import duckdb

    connection = duckdb.connect()
    for name, table in tables.items():
        kinds = [_kind([row[k] for row in table.rows]) for k in range(len(table.columns))]
        columns = ", ".join(f"{identifier(column)} {kind}" for column, kind in zip(table.columns, kinds, strict=True))
        connection.execute(f"CREATE TABLE {identifier(name)} ({columns})")
        if table.rows:
            values = [[_stored(row[k], kind) for row in table.rows] for k, kind in enumerate(kinds)]
            lists = ", ".join(f"unnest(${k}::{kind}[])" for k, kind in enumerate(kinds, start=1))
            connection.execute(f"INSERT INTO {identifier(name)} SELECT {lists}", values)
    lock(connection)
    return connection


def identifier(name: str) -> str:
    """A name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def lock(connection: "duckdb.DuckDBPyConnection") -> None:
    """From now on the connection reads and writes no file, takes little more memory, and nothing can change that."""
    ((taken,),) = connection.execute("SELECT coalesce(sum(memory_usage_bytes), 0) FROM duckdb_memory()").fetchall()
    connection.execute(f"SET memory_limit = '{(int(taken) + MOST_MEMORY) // 1000 + 1}KB'")
    for name, value in LOCKED.items():
        connection.execute(f"SET {name} = {value}")


def answer(
    connection: "duckdb.DuckDBPyConnection", sql: str, parameters: Sequence[Any] = (), limits: Limits | None = None
) -> Table:
    """The answer to a question; the next one finds the tables as they are.

    A question is one statement that only reads: SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, PIVOT, SHOW, EXPLAIN.

    Args:
        connection: a database that `connect` or `lock` has closed off.
        sql: the question.
        parameters: what stands for its question marks.
        limits: what it may take.

    Raises:
        InputError: it is something else than a question, DuckDB does not accept it, or it takes more than the limits
            allow; the message says which.
    """
    import duckdb

    limits = limits or Limits()
    values = listed("parameters", parameters, "the values that stand for the question marks, in a list")
    expired = threading.Event()

    def stop() -> None:
        expired.set()
        connection.interrupt()

    _check_question(connection, sql)
    timer = threading.Timer(limits.seconds, stop)
    timer.daemon = True
    connection.begin()
    timer.start()
    try:
        with bounded_memory():
            return _fetched(connection, sql, values, limits)
    except (MemoryError, duckdb.OutOfMemoryException):
        taken = f"more than {MOST_MEMORY // 10**6} MB of memory"
        raise InputError(f"this question takes {taken}; ask for less at once{_or(limits.beyond)}") from None
    except duckdb.InterruptException:
        if not expired.is_set():
            raise KeyboardInterrupt from None
        raise InputError(
            f"this question is not answered after {limits.seconds:g} seconds; ask for less at once{_or(limits.beyond)}"
        ) from None
    except duckdb.PermissionException:
        raise InputError(
            "this question cannot be answered: it asks for a file or an address, and SQL sees nothing here but the "
            f"tables {_tables(connection)}"
        ) from None
    except duckdb.CatalogException as error:
        raise InputError(
            f"this question cannot be answered: {_reason(error)} The tables are {_tables(connection)}"
        ) from None
    except duckdb.Error as error:
        raise InputError(f"this question cannot be answered: {_reason(error)}") from None
    finally:
        timer.cancel()
        timer.join()
        # What is not fetched yet goes on being computed otherwise, until DuckDB's buffer is full.
        connection.interrupt()
        with contextlib.suppress(duckdb.Error):
            connection.rollback()


@contextlib.contextmanager
def bounded_memory(most: int = 2 * MOST_MEMORY) -> Iterator[None]:
    """While this lasts the process gets at most so many bytes more; asking for more raises MemoryError, where a system
    can do so.

    DuckDB counts the tables that it makes, and not one text of a gigabyte.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        yield
        return
    with _BOUNDING:
        before = resource.getrlimit(resource.RLIMIT_AS)
        bounds = [pages * resource.getpagesize() + most, *(one for one in before if one != resource.RLIM_INFINITY)]
        resource.setrlimit(resource.RLIMIT_AS, (min(bounds), before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)


# One question at a time, since the bound is the whole process's.
_BOUNDING = threading.RLock()


def _check_question(connection: "duckdb.DuckDBPyConnection", sql: str) -> None:
    """Raises InputError when a text is anything but one statement that reads."""
    import duckdb

    if not isinstance(sql, str):
        raise InputError(f"a question is a text in SQL, not {quoted(sql)}")
    if len(sql) > LONGEST:
        raise InputError(f"this question has {len(sql):,} characters; at most {LONGEST:,} are read")
    try:
        sql.encode()
        statements = connection.extract_statements(sql)
        kinds = [statement.type.name for statement in statements]
    except UnicodeEncodeError:
        raise InputError("this question cannot be answered: it is not written in UTF-8") from None
    except duckdb.Error as error:
        raise InputError(f"this question cannot be answered: {_reason(error)}") from None
    except ValueError:  # a kind of statement that DuckDB's own list of them lacks
        kinds = ["another"]
    if not kinds:
        raise InputError("this question is empty; ask something such as SELECT count(*) FROM results")
    if len(kinds) > 1:
        raise InputError(f"this question has {len(kinds)} statements, by ; between them; ask them one by one")
    if kinds[0] not in QUESTIONS:
        word = sql.split(maxsplit=1)[0][:20]
        raise InputError(
            f"this question cannot be answered: {quoted(word)} does not only read; a question begins with SELECT, "
            "FROM, WITH, VALUES, PIVOT, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN"
        )


def _fetched(connection: "duckdb.DuckDBPyConnection", sql: str, values: list[Any], limits: Limits) -> Table:
    """The answer, taken a piece at a time until it is whole or too large."""
    found = connection.execute(sql, values)
    columns = tuple(column[0] for column in found.description or ())
    rows: list[tuple[Any, ...]] = []
    signs = 0
    while piece := found.fetchmany(min(ROWS_AT_ONCE, limits.rows + 1 - len(rows))):
        rows += piece
        signs += sum(map(_signs_of_column, zip(*piece, strict=True)))
        if len(rows) > limits.rows:
            raise InputError(
                f"the answer has more than {limits.rows:,} rows; at most so many are given: count or group them, or "
                f"end the question with LIMIT {limits.rows}{_or(limits.beyond)}"
            )
        if signs > MOST_SIGNS:
            raise InputError(
                f"the first {len(rows):,} rows of the answer have {signs:,} characters; at most {MOST_SIGNS:,} are "
                f"given: ask for fewer columns or rows{_or(limits.beyond)}"
            )
    return Table(columns, tuple(rows))


def _signs_of_column(values: Sequence[Any]) -> int:
    kinds = {*map(type, values)} - {type(None)}  # of several, where a column is a UNION
    if kinds <= {bool, int, float}:
        return 0
    if kinds == {str}:
        return sum(len(value) for value in values if value is not None)
    return sum(map(_signs, values))


def _signs(value: object) -> int:
    """How long a value is that has a length of its own making; a number has none."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return len(value) + sum(map(_signs, value.keys())) + sum(map(_signs, value.values()))
    return len(value) + sum(map(_signs, value)) if isinstance(value, list | tuple) else 0


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return {str(key): _plain(one) for key, one in value.items()} if isinstance(value, dict) else str(value)


def _tables(connection: "duckdb.DuckDBPyConnection") -> str:
    connection.rollback()
    connection.begin()
    return ", ".join(sorted(row[0] for row in connection.execute("SHOW TABLES").fetchall()))


def _or(beyond: str) -> str:
    return f", or {beyond}" if beyond else ""


def _reason(error: Exception) -> str:
    """What DuckDB says, on one line, with what it would have understood, and without what cannot be done here."""
    first, *others = str(error).splitlines() or [type(error).__name__]
    kept = [first.partition(' Use "SET ')[0].removesuffix(", due to the following Python exception:").strip()]
    kept += [line.strip() for line in others if line.startswith(("Did you mean", "Candidate bindings"))]
    text = " ".join(kept)
    text = text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]} ..."
    return text if text.endswith((".", "!", "?", "...")) else f"{text}."


def _stored(value: Any, kind: str) -> Any:
    return str(value) if kind == "VARCHAR" and value is not None else value


def _kind(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds == {int} and all(abs(value) < LARGEST_WHOLE for value in values if value is not None):
        return "BIGINT"
    return "DOUBLE" if kinds and kinds <= {int, float} and float in kinds else "VARCHAR"
