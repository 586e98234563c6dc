"""Questions in SQL: one that reads is answered, within limits; anything else is told in one line."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

import everyhow as eh
from everyhow.common import sql
from everyhow.common.sql import Limits, Table, _signs_of_column, answer, connect


@pytest.fixture(scope="module")
def connection():
    rows = tuple((k, f"t{k}", -0.5 * k) for k in range(5))
    return connect({"results": Table(("number", "text", "half"), rows), "points": Table(("point",), ((1,),))})


READ = [
    ("SELECT sum(number) FROM results", ((10,),)),
    ("/* a */ SELECT 1 -- ; DROP TABLE results", ((1,),)),
    ("SELECT 1;;", ((1,),)),
    ("FROM points", ((1,),)),
    ("VALUES (1), (2)", ((1,), (2,))),
    ("WITH x AS (SELECT 3 AS a) SELECT a FROM x", ((3,),)),
    ("PIVOT (SELECT number % 2 AS odd FROM results) ON odd USING count(*)", ((3, 2),)),
    ("SELECT ';DROP TABLE results;'", ((";DROP TABLE results;",),)),
    ("SHOW TABLES", (("points",), ("results",))),
]


@pytest.mark.parametrize(("question", "rows"), READ)
def test_what_reads_is_answered(connection, question, rows):
    """SELECT and what stands for it, with comments and semicolons where SQL allows them."""
    assert answer(connection, question).rows == rows


REFUSED = [
    ("COMMIT; DROP TABLE results", "has 2 statements, by ; between them; ask them one by one"),
    ("SELECT 1; SELECT 2", "has 2 statements"),
    ("", "this question is empty; ask something such as SELECT"),
    (" ;; -- nothing", "this question is empty"),
    *(
        (text, f"'{text.split()[0]}' does not only read; a question begins with SELECT, FROM")
        for text in (
            "COMMIT", "ROLLBACK", "BEGIN", "DROP TABLE results", "CREATE TABLE x (a INT)", "CREATE MACRO f(x) AS x",
            "INSERT INTO points VALUES (2)", "UPDATE points SET point = 2", "DELETE FROM points", "ATTACH 'x.db'",
            "COPY points TO 'x.csv'", "EXPORT DATABASE 'x'", "IMPORT DATABASE 'x'", "INSTALL httpfs", "LOAD httpfs",
            "PRAGMA version", "SET threads = 1", "RESET threads", "CALL range(3)", "PREPARE a AS SELECT 1",
            "CHECKPOINT", "EXECUTE a", "VACUUM", "USE memory", "ALTER TABLE points RENAME TO x", "UPDATE EXTENSIONS",
        )
    ),
    ("SELECT * FROM query('DROP TABLE results')", "Parser Error: Expected a single SELECT statement."),
    *(
        (text, "it asks for a file or an address, and SQL sees nothing here but the tables points, results$")
        for text in (
            "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM glob('*')",
            "SELECT * FROM read_text('/etc/passwd')", "FROM 'https://example.org/x.parquet'", "FROM duckdb_secrets()",
        )
    ),
    ("SELECT getenv('HOME')", "getenv does not exist!.* The tables are points, results$"),
    ("SELECT * FROM connection", "Table with name connection does not exist!"),
    ("SELECT nothing FROM results", 'Binder Error: Referenced column "nothing" not found .*Candidate bindings: '),
    ("SELECT * FROM result", r'Did you mean "results"\? The tables are points, results$'),
    ("SELEC", 'Parser Error: syntax error at or near "SELEC".$'),
    ("SELECT " + "(" * 3000 + "1" + ")" * 3000, "depth limit of 1000 exceeded.$"),
    ("SELECT '" + "x" * 20_000 + "'", "has 20,009 characters; at most 20,000 are read"),
    ("SELECT ?", "Values were not provided"),
    ("SELECT \ud800", "it is not written in UTF-8"),
    ("SELECT error('\x1b[31m\x07red\nand more')", r"\\x1b\[31m\\x07red.$"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "message"), REFUSED)
def test_anything_else_is_told_in_one_line(connection, question, message):
    """Several statements, those that do not read, files, addresses, and what DuckDB does not understand."""
    with pytest.raises(eh.InputError, match=message) as caught:
        answer(connection, question)
    told = str(caught.value)
    assert told.isprintable() and len(told) < 500
    assert answer(connection, "SELECT count(*) FROM results, points").rows == ((5,),), "the next question is answered"


def test_other_types(connection):
    """A question that is not a text, and parameters that are not a list."""
    with pytest.raises(eh.InputError, match="a question is a text in SQL, not 5"):
        answer(connection, 5)  # type: ignore[arg-type]
    with pytest.raises(eh.InputError, match="parameters is 5; give"):
        answer(connection, "SELECT ?", 5)  # type: ignore[arg-type]
    assert answer(connection, "SELECT ? + 1", [2]).rows == ((3,),)


LONG = [
    ("SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE a.range * b.range % 7 = 3", "after 0.2 seconds"),
    ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r", "after 0.2 seconds"),
    ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r", "more than 100 rows"),
    ("SELECT * FROM range(1000000000)", "more than 100 rows; .*or end the question with LIMIT 100, or look there$"),
    ("SELECT repeat('x', 1000000000)", "more than 536 MB of memory; ask for less at once, or look there$"),
    ("SELECT list(range) FROM range(1000000000)", "more than 536 MB of memory|after 0.2 seconds"),
    ("SELECT range(1000000000)", "more than 536 MB of memory"),
    ("SELECT repeat('x', 30000000) FROM range(100)", "at most 100,000,000 are given|of memory|seconds"),
]


@pytest.mark.parametrize(("question", "message"), LONG)
def test_limits(connection, question, message):
    """Rows, signs, memory and time end in a message that says where more is to be found."""
    if "memory" in message and not Path("/proc/self/statm").exists():
        pytest.skip("without /proc nothing bounds the memory of a process, and this question would take all there is")
    began = time.perf_counter()
    with pytest.raises(eh.InputError, match=message):
        answer(connection, question, (), Limits(seconds=0.2, rows=100, beyond="look there"))
    assert time.perf_counter() - began < 15
    assert answer(connection, "SELECT 1").rows == ((1,),)


def test_rows_up_to_the_limit(connection):
    """As many rows as are allowed are given, and not one more."""
    assert len(answer(connection, "SELECT * FROM range(2500)", (), Limits(rows=2500)).rows) == 2500
    with pytest.raises(eh.InputError, match="more than 2,499 rows"):
        answer(connection, "SELECT * FROM range(2500)", (), Limits(rows=2499))


def test_long_texts_count(connection, monkeypatch):
    """Signs are counted in texts, lists, records and maps alike, and not in numbers."""
    monkeypatch.setattr(sql, "MOST_SIGNS", 100)
    for value in ("repeat('x', 101)", "[repeat('x', 60), repeat('x', 60)]", "{'a': repeat('x', 101)}",
                  "MAP {repeat('x', 101): 1}", "range(200)", "repeat('x', 101)::BLOB"):  # fmt: skip
        with pytest.raises(
            eh.InputError, match=r"the first 1 rows of the answer have \d+ characters; at most 100 are given"
        ):
            answer(connection, f"SELECT {value}")
    assert len(answer(connection, "SELECT 1e300, NULL, true FROM range(500)").rows) == 500


def test_memory_is_given_back(connection):
    """The bound on memory ends with the question, however it ends."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    for question in ("SELECT 1", "SELECT repeat('x', 1000000000)", "SELECT error('x')"):
        with contextlib.suppress(eh.InputError):
            answer(connection, question)
        assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_names_of_any_kind():
    """Tables and columns may be called anything."""
    found = answer(connect({'a"b': Table(('c"; DROP', "d"), ((1, 2),))}), 'SELECT * FROM "a""b"')
    assert found.columns == ('c"; DROP', "d") and found.rows == ((1, 2),)


def test_columns_of_several_kinds():
    """They become text, as do whole numbers beyond 64 bits; what is not there stays so."""
    rows = ((1, 2**63, 1, True), ("x", 1, 0.5, None), (True, None, None, False), (None, -(2**63), 2, True))
    found = answer(connect({"t": Table(("mixed", "large", "number", "truth"), rows)}), "FROM t")
    assert found.rows == (
        ("1", "9223372036854775808", 1.0, True), ("x", "1", 0.5, None), ("True", None, None, False),
        (None, "-9223372036854775808", 2.0, True),
    )  # fmt: skip


def test_records_need_names():
    """Two columns of one name cannot be told apart in a record."""
    with pytest.raises(eh.InputError, match="two columns are called 'a'; give each a name of its own by AS"):
        Table(("a", "a"), ((1, 2),)).records()


def test_as_a_document(connection):
    """Dates, infinite numbers and keys of any kind become what JSON has."""
    question = "SELECT 'inf'::DOUBLE, DATE '2020-01-02', MAP {1: 'nan'::DOUBLE}, [1.5::DECIMAL(3, 1)], 2**70, NULL"
    assert answer(connection, question).document()["rows"] == [
        ["inf", "2020-01-02", {"1": "nan"}, ["1.5"], 2.0**70, None]
    ]


DEAF = """
import time
from everyhow.cli.runs import _ended_after
with _ended_after(0.1):
    pass
with _ended_after(0.1):
    time.sleep(20)
"""


def test_what_does_not_listen_is_ended():
    """A question that DuckDB does not let go of ends the command, with a message."""
    done = subprocess.run([sys.executable, "-c", DEAF], capture_output=True, text=True, timeout=15)
    assert done.returncode == 1
    assert done.stderr == "everyhow: this question is not answered after 0.1 seconds; ask something simpler\n"


def test_columns_of_a_union():
    """A column of a UNION has values of several kinds, and its texts are counted wherever the first one stands."""
    connection = connect({})
    one = "SELECT CAST(%s AS UNION(a VARCHAR, b BOOLEAN, c INTEGER)) AS x"
    sql = " UNION ALL ".join(one % value for value in ("'text'", "true", "NULL", "3"))
    assert sorted(map(str, (row[0] for row in answer(connection, sql).rows))) == ["3", "None", "True", "text"]
    assert _signs_of_column([True, "text", None, 3]) == 4 and _signs_of_column(["text", True]) == 4
    assert answer(connection, "SELECT * FROM duckdb_settings()").rows
