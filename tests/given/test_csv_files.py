"""CSV files as spreadsheets and libraries write them: read exactly, or refused with line, column and next step."""

import csv
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyhow.common.errors import FileFormatError
from everyhow.given.points import read_points, read_rows, read_table

TABLE = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def written(folder, content, name="points.csv"):
    """A file of that content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


READ = {
    "a byte-order mark": (b"\xef\xbb\xbf0,0\n0,1\n1,0\n1,1\n", TABLE, "no header; first row 0, 0"),
    "UTF-16 with tabs, as Excel's Unicode text": (
        "x\ty\r\n1\t2\r\n".encode("utf-16"), [[1, 2]], "header x, y; first row 1, 2; UTF-16 by its mark; tabs between",
    ),
    "UTF-16 the other way": (b"\xfe\xff" + "1,2\n".encode("utf-16-be"), [[1, 2]], "UTF-16 by its mark"),
    "UTF-32": ("1,2\n".encode("utf-32"), [[1, 2]], "UTF-32 by its mark"),
    "semicolons": ("1;2\n3;4\n", [[1, 2], [3, 4]], "no header; first row 1, 2; semicolons between cells"),
    "decimal commas": ("0,5;1,25\n-2;3e2\n", [[0.5, 1.25], [-2, 300]], "semicolons between cells; decimal commas"),
    "decimal commas in quotes": ('"1,5","2,25"\n"0,5","1"\n', [[1.5, 2.25], [0.5, 1]], "decimal commas"),
    "decimal commas with tabs": ("a\tb\n0,125\t1,000\n", [[0.125, 1]], "header a, b; first row 0.125, 1; tabs"),
    "tabs": ("1\t2\n3\t4\n", [[1, 2], [3, 4]], "tabs between cells"),
    "tabs that only pad": ("1,\t2\n3,\t4\n", [[1, 2], [3, 4]], "first row 1, 2"),
    "bars": ("1|2\n3|4\n", [[1, 2], [3, 4]], "bars between cells"),
    "np.savetxt": (" 1.0e+00 -2.5e-01\n0.0e+00   1.0e+00 \n", [[1, -0.25], [0, 1]], "spaces between cells"),
    "np.savetxt with a header": ("# a,b\n1,2\n3,4\n", [[1, 2], [3, 4]], "first row 1, 2; 1 comment left out"),
    "quotes": ('"a","b, c"\n"1"," 2"\n', [[1, 2]], "header a, b, c; first row 1, 2"),
    "a name over two lines": ('"a\nb",c\n1,2\n', [[1, 2]], r"header 'a\nb', c; first row 1, 2"),
    "True and False": ("True,false\nFALSE,True\n", [[1, 0], [0, 1]], "no header; first row 1, 0"),
    "CRLF": ("a,b\r\n1,2\r\n\r\n3,4\r\n", [[1, 2], [3, 4]], "header a, b"),
    "CR": ("1,2\r3,4", [[1, 2], [3, 4]], "read 2 rows of 2 columns from points.csv, no header"),
    "separators at line ends": ("a,b,\n1,2,\n3,4,\n", [[1, 2], [3, 4]], "header a, b; first row 1, 2; the sep"),
    "separators at the ends of rows only": ("a;b\n1;2;\n", [[1, 2]], "the separator at the end of every line left out"),
    "pandas' index": (",a,b\n0,1,2\n1,3,4\n", [[1, 2], [3, 4]], "header a, b; first row 1, 2; pandas' index"),
    "pandas' index and header": (",0,1\n0,0.5,1\n1,2,3\n", [[0.5, 1], [2, 3]], "header 0, 1; first row 0.5, 1"),
    "a shuffled index": (",0,1\n7,0.5,1\n3,2,3\n", [[0.5, 1], [2, 3]], "pandas' index, the first column, left out"),
    "an index of names": (",a\nx,0.5\ny,1\n", [[0.5], [1]], "pandas' index, the first column, left out"),
    "an index written twice": (",Unnamed: 0,a\n0,0,5\n1,1,6\n", [[5], [6]], "2 columns of indices left out"),
    "Excel's first line": ("sep=;\n1;2\n", [[1, 2]], "semicolons between cells"),
    "one column": ("x\n0.5\n2\n", [[0.5], [2]], "read 2 rows of 1 column from points.csv, header x; first row 0.5"),
    "one row": ("0,1\n", [[0, 1]], "read 1 row of 2 columns from points.csv, no header; first row 0, 1"),
    "a name of words": ("hours of study\n1\n2\n", [[1], [2]], "header hours of study"),
    "a column without a name": ("a,,c\n1,2,3\n", [[1, 2, 3]], "header a, '', c"),
    "plain": ("1,2\n3,4\n", [[1, 2], [3, 4]], "no header; first row 1, 2"),
    "many columns": (",".join("9" * 9) + "\n", [[9] * 9], "first row 9, 9, 9, 9, 9, 9, 9, 9, ..."),
    "a file of tabs": ("1\t2\n", [[1, 2]], "tabs between cells"),
}  # fmt: skip


@pytest.mark.parametrize("kind", READ)
def test_read(tmp_path, kind):
    """What people's tools write is read as it was meant, and said."""
    content, expected, said = READ[kind]
    found = read_rows(written(tmp_path, content))
    assert found.values.tolist() == expected and found.values.dtype == np.float64
    assert said in str(found)
    np.testing.assert_array_equal(read_points(tmp_path / "points.csv"), expected)
    assert read_points(written(tmp_path, content, "points.TSV")).tolist() == expected


DOUBTFUL = {
    "pandas' default header": "0,1\n0.1,0.2\n0.3,0.4\n",
    "of one column": "0\n0\n1\n",
    "of truth values": "False,True\n1,0\n0,1\n",
    "whole numbers above fractions": "64,65\n0.5,1.0\n0.25,2.0\n",
    "other numbers above bits": "3,7\n0,1\n1,1\n",
    "equal names, told apart by pandas": "0,0.1\n0,1\n1,0\n",
    "names and numbers": "label,0\n1,0.5\n0,0.25\n",
    "a row with a slip": "1,O\n3,4\n",
}


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_doubtful_headers(tmp_path, kind):
    """A first row that may be names or values is an error that shows both; `header` or how many rows settle it."""
    path = written(tmp_path, DOUBTFUL[kind])
    first, *below = [line.split(",") for line in DOUBTFUL[kind].splitlines()]
    values = [[float(cell) for cell in row] for row in below]
    with pytest.raises(FileFormatError) as error:
        read_points(path)
    assert f"the first row is {', '.join(first)}: names of columns, or values?" in str(error.value)
    follow = "1 row follows" if len(values) == 1 else f"{len(values)} rows follow"
    assert f"As names, {follow}, the first being {', '.join(f'{v:g}' for v in values[0])}" in str(error.value)
    assert f"as values, it is the first of {len(values) + 1} rows" in str(error.value)
    assert "header=True or header=False (--header or --no-header)" in str(error.value)
    named = read_rows(path, header=True)
    assert named.values.tolist() == values and named.names == tuple(first)
    assert read_points(path, rows=len(values)).tolist() == values
    if kind not in ("names and numbers", "a row with a slip"):
        numbers = [
            {"False": 0.0, "True": 1.0}.get(cell) if cell in ("False", "True") else float(cell) for cell in first
        ]
        for options in ({"header": False}, {"rows": len(values) + 1}):
            found = read_rows(path, **options)
            assert found.values.tolist() == [numbers, *values] and found.names is None
    else:
        with pytest.raises(FileFormatError, match=r"line 1, column [12] holds '(label|O)'; expected a number"):
            read_points(path, header=False)


def test_rows_expected(tmp_path):
    """Another number of rows than expected is an error, with the header as a way out where that fits."""
    path = written(tmp_path, "5,6\n7,8\n")
    with pytest.raises(
        FileFormatError, match=r"holds 2 rows, but 1 are expected, one for each input; if the first holds"
    ):
        read_points(path, rows=1)
    with pytest.raises(FileFormatError, match=r"holds 2 rows, but 7 are expected, one for each input$"):
        read_points(path, rows=7)
    np.save(tmp_path / "x.npy", np.ones((3, 2)))
    with pytest.raises(FileFormatError, match=r"x\.npy: holds 3 rows, but 7 are expected, one for each input"):
        read_points(tmp_path / "x.npy", rows=7)


REFUSED = {
    "a missing cell": ("1,2\n3,\n5,6\n", "line 2, column 2 is missing (''); leave out rows that lack a value"),
    "nan": ("1,2\n3,NaN\n", "line 2, column 2 is missing ('NaN'); leave out"),
    "NA in the first row": ("NA,2\n3,4\n", "line 1, column 1 is missing ('NA')"),
    "a first row of nothing": ("nan,nan\n1,2\n", "line 1, column 1 is missing ('nan')"),
    "infinity": ("1,2\n3,-inf\n", "line 2, column 2 is '-inf', which float64 does not hold; every value"),
    "too large": ("1,2\n3,1e999\n", "line 2, column 2 is '1e999', which float64 does not hold"),
    "text": ("1,2\n3,x\n", "line 2, column 2 holds 'x'; expected a number, or True or False"),
    "control characters": ("1,2\n3,\x1b[31mred\n", r"line 2, column 2 holds '\x1b[31mred'; expected a number"),
    "underscores": ("1,2\n3,1_000\n", "line 2, column 2 holds '1_000'; expected a number, without marks for thousands"),
    "digits of another script": ("1,2\n3,٣\n", "line 2, column 2 holds '٣'; expected a number"),
    "a space for thousands": ("1;2\n3;1 000\n", "line 2, column 2 holds '1 000'; expected a number, without marks"),
    "a shorter row": ("a,b\n1,2\n3\n", "line 3 has 1 column, line 1 2; give every row as many cells"),
    "a longer row": ("1,2\n3,4,5\n", "line 2 has 3 columns, line 1 2"),
    "rows below one name": ("x\n1,2\n3,4\n", "line 2 has 2 columns, line 1 1"),
    "R's row names": ("a b\nr 0 1\n2 1 0\n", "line 2 has 3 columns, line 1 2"),
    "two marks": ("1,5;2.5\n", "line 1 holds '1,5' and line 1 '2.5': commas and points in numbers; write all with"),
    "thousands": ("1,000;2,500\n", "line 1 holds '1,000': 1.000 with a decimal comma, or 1000 with a mark"),
    "both marks in one number": ("1.000,5;2\n3;4\n", "the first row is 1.000,5, 2: names of columns, or values?"),
    "one column of decimal commas": ("x\n1,5\n1,05\n", "each line is like '1,05': one number with a decimal"),
    "minus nothing": ("-0,5\n1,5\n", "each line is like '-0,5': one number with a decimal comma, or two"),
    "rows that end with semicolons": ("0,1;\n1,0;\n", "line 1 holds '0,1' before a separator at its end"),
    "a last value that is missing": ('0.5\n1\n""\n', "line 3, column 1 is missing ('')"),
    "an empty line in one column": ("1\n\n2\n", "line 2 is empty, between rows of one column; remove it, or fill it"),
    "an open quote": ('"1,2\n3,4\n', "line 2 is not well-formed CSV (unexpected end of data); save it anew"),
    "names only": ("a,b\n", "holds names only (a, b); give one row per input below them"),
    "nothing": ("", "holds no rows; give one row per input"),
    "comments only": ("# a\n", "holds no rows"),
    "Latin-1": ("größe,b\n1,2\n".encode("latin-1"), "is not UTF-8 text (byte 2); save it as UTF-8"),
    "half of UTF-16": (b"\xff\xfe\x00", "is not UTF-16 text"),
    "UTF-16 without its mark": ("1,2\n".encode("utf-16-le"), "holds bytes of value 0: a binary file, or"),
    "texts": ("x\nodd\neven\n", "line 2, column 1 holds 'odd'; expected a number"),
    "a large cell": ("1," + "x" * 200_000 + "\n", "line 1 is not well-formed CSV (field larger than field limit"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_refused(tmp_path, kind):
    """What is not a table of numbers is refused by file, line and column, with control characters escaped."""
    content, message = REFUSED[kind]
    with pytest.raises(FileFormatError) as error:
        read_points(written(tmp_path, content))
    assert str(error.value).startswith(f"{tmp_path / 'points.csv'}: ") and message in str(error.value)
    assert "\x1b" not in str(error.value)


def test_header_said(tmp_path):
    """With `header` nothing is guessed: an index needs a header, and names are no numbers."""
    path = written(tmp_path, ",0,1\n0,0.5,1\n")
    with pytest.raises(FileFormatError, match="line 1, column 1 is missing"):
        read_points(path, header=False)
    assert read_rows(path, header=True).names == ("0", "1")
    assert read_rows(written(tmp_path, "5,6\n7,8\n"), header=True).values.tolist() == [[7, 8]]


def test_escaped_names(tmp_path):
    """Names of columns are shown without what a terminal would act on."""
    said = str(read_rows(written(tmp_path, "a\x1b[2J,b\n1,2\n")))
    assert said == r"read 1 row of 2 columns from points.csv, header 'a\x1b[2J', b; first row 1, 2"


def test_other_files(tmp_path):
    """Other kinds of files, folders and things that are no path."""
    np.savez(tmp_path / "x.npz", a=1)
    for path, message in (
        (tmp_path / "x.npz", r"data is read from .npy or .csv files, not '.npz'; np.save writes the one"),
        (tmp_path / "x", "not 'nothing'"), (tmp_path, "data is read from"), (tmp_path / "x.csv", "no such file"),
    ):  # fmt: skip
        with pytest.raises(FileFormatError, match=message):
            read_points(path)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileFormatError, match="a folder"):
        read_points(tmp_path / "folder.csv")
    for odd in (None, 5, [1, 2], np.ones(2)):
        with pytest.raises(ValueError, match="a file is given by its path, not"):
            read_table(odd)
    np.save(tmp_path / "one.npy", np.arange(3))
    with pytest.raises(FileFormatError, match=r"one.npy: data has shape \(3,\); give \(inputs, features\): reshape"):
        read_points(tmp_path / "one.npy")
    np.save(tmp_path / "zero.npy", np.array(3))
    with pytest.raises(FileFormatError, match=r"zero.npy: holds a single value"):
        read_points(tmp_path / "zero.npy")
    assert read_table(tmp_path / "one.npy").values.tolist() == [0, 1, 2]


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 3).map(float) | st.booleans().map(float)
TABLES = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(NUMBERS, min_size=n, max_size=n), min_size=1, max_size=5)
)
NAMES = st.sampled_from(["a", "x 1", "größe", "b,c", "p;q", "#", "tab\tname", "Unnamed", '"'])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    TABLES, st.sampled_from(",;\t|"), st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.data(),
)  # fmt: skip
def test_round_trip(tmp_path, table, separator, comma, encoding, newline, quoting, data):
    """Any table in any way of writing is read exactly; without a header it may be asked about, never read otherwise."""
    # Without quotes, decimal commas in a single column cannot be told from two columns.
    comma = comma and separator != "," and (len(table[0]) > 1 or quoting == csv.QUOTE_ALL)
    cells = [[f"{value!r}".replace(".", ",") if comma else f"{value!r}" for value in row] for row in table]
    names = data.draw(st.none() | st.lists(NAMES, min_size=len(table[0]), max_size=len(table[0])))
    text = io.StringIO(newline="")
    rows = csv.writer(text, delimiter=separator, lineterminator=newline, quoting=quoting)
    rows.writerows(cells if names is None else [names, *cells])
    path = tmp_path / "table.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    try:
        assert read_points(path).tolist() == table
    except FileFormatError as error:
        # A first name that begins with # makes its line a comment, which leaves the values as they are.
        commented = names is not None and names[0].startswith("#")
        assert ("Say which" in str(error) and (names is None or commented)) or "mark for thousands" in str(error)
        if "Say which" in str(error):
            assert read_points(path, header=False).tolist() == table
            assert read_points(path, rows=len(table)).tolist() == table


@given(
    st.binary(max_size=60) | st.text("01,.;\t\"'#\n\r ae-\x1b_", max_size=40).map(str.encode), st.none() | st.booleans()
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_any_bytes(tmp_path, content, header):
    """Any bytes are rows of finite numbers, or a message."""
    path = written(tmp_path, content)
    try:
        found = read_rows(path, header)
    except FileFormatError as error:
        assert "\x1b" not in str(error)
    else:
        assert found.values.ndim == 2 and np.isfinite(found.values).all()


def test_as_pandas_writes(tmp_path):
    """Every usual way in which pandas writes a table is read as it was, or asked about where it cannot be known."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([[0.5, 1.0], [0.25, -2.0], [1.5, 3.0]])
    path = tmp_path / "frame.csv"
    for options in (
        {},
        {"sep": ";"},
        {"sep": "\t", "decimal": ","},
        {"encoding": "utf-16"},
        {"quoting": csv.QUOTE_ALL},
    ):
        for one in (frame, frame.set_axis(["x", "y"], axis=1), frame.sample(frac=1, random_state=1)):
            one.to_csv(path, **options)
            np.testing.assert_array_equal(read_points(path), one)
        frame.set_axis(["x", "y"], axis=1).to_csv(path, index=False, **options)
        np.testing.assert_array_equal(read_points(path), frame)
        frame.to_csv(path, index=False, **options)
        with pytest.raises(FileFormatError, match="the first row is 0, 1: names of columns, or values"):
            read_points(path)
        np.testing.assert_array_equal(read_points(path, rows=3), frame)
        frame.to_csv(path, index=False, header=False, **options)
        np.testing.assert_array_equal(read_points(path), frame)
    pandas.read_csv(path, header=None).to_csv(path)
    pandas.read_csv(path).to_csv(path)
    np.testing.assert_array_equal(read_points(path), frame)
