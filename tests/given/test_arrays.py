"""Arrays in every form that people have them, and what is refused, by what it is."""

import datetime
import decimal
import fractions
import itertools
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.given.labels import labels_of
from everyhow.given.points import given_points, points_for, points_of

torch = pytest.importorskip("torch")

TABLE = [[0.0, 1.0], [1.0, 0.5]]


def forms():
    """The same table in other forms."""
    tensor = torch.tensor(TABLE)
    return {
        "lists": TABLE, "tuples": tuple(map(tuple, TABLE)), "float32": np.array(TABLE, np.float32),
        "a tensor with gradients": tensor.requires_grad_(), "bfloat16": tensor.to(torch.bfloat16),
        "a parameter": torch.nn.Parameter(tensor), "a list of tensors with gradients": list(tensor),
        "lists of tensors of one value": [list(row) for row in tensor], "arrays in a list": list(np.array(TABLE)),
        "a generator": (row for row in TABLE), "a view": tensor.T.T, "fixed order": np.asfortranarray(TABLE),
        "mixed numbers": [[False, np.float32(1)], [True, 0.5]], "objects": np.array(TABLE, object),
        "a map": map(tuple, TABLE), "a masked array without a mask": np.ma.masked_array(TABLE),
    }  # fmt: skip


@pytest.mark.parametrize("form", forms())
def test_forms(form):
    """Inputs are the same in every form, in float64, and the tensor keeps its gradients."""
    found = points_of(forms()[form])
    assert found.dtype == np.float64 and found.tolist() == TABLE
    assert given_points(forms()[form])[0].tolist() == TABLE
    assert points_of(torch.tensor([[True, False]])).tolist() == [[1, 0]]


def test_a_copy():
    """What is read is a copy, so that a later change of the original changes nothing."""
    given = np.array(TABLE)
    found = points_of(given)
    given[0, 0] = 7
    assert found.tolist() == TABLE


class Loader(torch.utils.data.Dataset):
    """Pairs, as data sets have them."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return torch.tensor(TABLE[index]), index


class Sparse:
    """Looks like a sparse matrix of SciPy."""

    nnz = 1

    def toarray(self):
        return np.array(TABLE)


class Broken:
    """Fails when it is looked at."""

    def __array__(self, *_, **__):
        raise RuntimeError("no")


LOOP: list = []
LOOP.append(LOOP)
REFUSED = [
    ([["0.5", "1"]], r"data\[0, 0\] is the text '0.5'; give numbers"),
    (np.array([["a"]]), r"data\[0, 0\] is the text 'a'; give numbers"),
    ([[0, "a"]], r"data holds numbers and texts, such as 0 at \[0, 0\] and 'a' at \[0, 1\]; give only numbers"),
    ([[1.0, None]], r"data\[0, 1\] is missing \(None or NaN\); give one number for each, and leave out rows"),
    ([[1.0, np.nan]], r"data\[0, 1\] is nan; every value must be finite in float64"),
    ([[1.0], [np.inf]], r"data\[1, 0\] is inf; every value must be finite"),
    ([[10**400]], r"data\[0, 0\] is inf; every value must be finite"),
    ([[2**53 + 1]], r"data\[0, 0\] is 9007199254740993; whole numbers above 2\*\*53 are not exact in float64: scale"),
    ([[1.0, 2.0], [3.0]], "data is not a rectangular array of numbers: row 1 has 2 values and row 2 has 1 values"),
    ([np.ones((2, 2)), np.ones((3, 2))], r"not a rectangular array of numbers: row 1 has shape \(2, 2\) and row 2"),
    ([1.0, 2.0], r"data has shape \(2,\); give \(inputs, features\): reshape\(-1, 1\) makes it inputs of one feature"),
    (np.ones((3, 2, 2)), r"data has shape \(3, 2, 2\); give \(inputs, features\), such as data.reshape\(3, -1\)"),
    (np.array(3.0), r"data has shape \(\); give \(inputs, features\), one row per input, at least one"),
    (np.zeros((0, 2)), r"data has shape \(0, 2\); give \(inputs, features\), one row per input, at least one"),
    ([], r"data has shape \(0,\); give"),
    ([[]], r"data has shape \(1, 0\); give"),
    ([[1j]], "data holds complex numbers; give real numbers"),
    (np.array([["2020-01-01"]], "datetime64[D]"), "data holds dates; give real numbers"),
    (np.zeros(2, [("a", float)]), "data holds records of several fields; give real numbers"),
    ([[datetime.date(2020, 1, 1)]], r"data\[0, 0\] is of type date; give one number for each"),
    ([[decimal.Decimal(1)]], r"data\[0, 0\] is of type Decimal"),
    ([[fractions.Fraction(1, 3)]], r"data\[0, 0\] is of type Fraction"),
    ([[object()]], r"data\[0, 0\] is of type object"),
    (None, "data is None; give an array with one row per input"),
    ("points.npy", "data is the text 'points.npy', not an array; np.load reads an .npy file, and everyhow.given"),
    ({"x": 1}, "data is a dictionary with the keys 'x'; give the array in it"),
    ({1, 2}, "data is a set, which has no order; give a list"),
    (list, "data is the class list; give an array with one row per input"),
    (5, r"data has shape \(\); give"),
    (print, r"data\[\] is of type builtin_function_or_method"),
    (Broken(), r"data is of type Broken that cannot be read \(RuntimeError\); give an array"),
    (Loader(), "data is a Loader, which gives batches or pairs; give the inputs alone, as one tensor"),
    (torch.utils.data.DataLoader(Loader()), "data is a DataLoader, which gives batches or pairs"),
    ((np.ones((4, 2)), np.ones(4)), r"data is a pair of arrays of shapes \(4, 2\) and \(4,\), such as \(X, y\)"),
    ((torch.ones(4, 2), torch.ones(4, 2)), r"data is a pair of arrays of shapes \(4, 2\) and \(4, 2\), such"),
    ([np.ones((4, 2)), np.ones((4, 1))], r"data is a pair of arrays of shapes \(4, 2\) and \(4, 1\)"),
    (Sparse(), r"data is a sparse matrix \(Sparse\); give values.toarray\(\)"),
    (torch.ones(2, 2, device="meta"), "data is a tensor on the device meta, which holds no values; give one"),
    (torch.ones(2, 2).to_sparse(), "data is a sparse, quantized or nested tensor; give a dense one"),
    (torch.ones(2, 2, dtype=torch.complex64), "data holds complex numbers"),
    (np.ma.masked_array([[0.0, 1.0]], [[True, False]]), "data is a masked array that hides values; leave these"),
    (itertools.count(), "data has 16,777,217 rows; give an array, or at most 16,777,216 rows of a list"),
    (range(10**12), "data has 1,000,000,000,000 rows; give an array"),
    (range(10**30), "data is of type range that cannot be read .OverflowError.; give an array"),
    (LOOP, "data "),
]  # fmt: skip


@pytest.mark.parametrize(("values", "message"), REFUSED)
def test_refused(values, message):
    """What is no table of numbers is refused by what it is, with the next step."""
    with pytest.raises(eh.InputError, match=message):
        points_of(values)


def test_the_largest_whole_numbers():
    """Whole numbers are taken as far as float64 holds every one of them, either way from 0, and no further."""
    assert points_of([[2**53, -(2**53)]]).tolist() == [[9007199254740992.0, -9007199254740992.0]]
    for beyond in (2**53 + 1, -(2**53) - 1):
        with pytest.raises(eh.InputError, match=rf"data\[0, 1\] is {beyond}; whole numbers above 2\*\*53"):
            points_of([[1, beyond]])


def test_names_in_errors():
    """An error says what is wrong with what."""
    with pytest.raises(eh.InputError, match=r"features\[0, 0\] is the text 'x'; give numbers"):
        points_of([["x"]], "features")
    with pytest.raises(eh.InputError, match="data is a pair of arrays"):
        points_for(2, (np.ones((4, 2)), np.ones(4)))


def test_quantized():
    """A quantized tensor says how it is made a plain one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tensor = torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.quint8)
    with pytest.raises(eh.InputError, match=r"quantized or nested tensor; give a dense one \(to_dense\(\), dequantize"):
        points_of(tensor)


def test_tables():
    """DataFrames and Series of pandas, with the columns that they have."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(TABLE, columns=["a", "b"])
    assert points_of(frame).tolist() == TABLE and points_of(frame.astype("Float32")).tolist() == TABLE
    assert points_of(frame.assign(b=[True, False])).tolist() == [[0, 1], [1, 0]]
    assert labels_of(pandas.Series(["odd", "even"])).names == ("even", "odd")
    assert labels_of(pandas.Series([0, 1], index=[7, 3], dtype="Int64")).classes.tolist() == [0, 1]
    assert labels_of(pandas.DataFrame({"y": [1, 0]})).classes.tolist() == [1, 0]
    with pytest.raises(eh.InputError, match=r"data\[1, 0\] is nan; every value"):
        points_of(pandas.DataFrame({"a": [1, None]}, dtype="Int64"))
    with pytest.raises(eh.InputError, match="data holds numbers and texts"):
        points_of(frame.assign(c=["x", "y"]))
    with pytest.raises(eh.InputError, match=r"data has a column 'Unnamed: 0', which pandas makes.*index_col=0"):
        points_of(frame.rename(columns={"a": "Unnamed: 0"}))
    with pytest.raises(eh.InputError, match=r"labels\[1\] is missing"):
        labels_of(pandas.Series([0, None], dtype=object))
    with pytest.raises(eh.InputError, match=r"labels\[1\] is missing"):
        labels_of(pandas.Categorical(["a", None]))
    assert labels_of(pandas.Categorical(["a", "c"], categories=["a", "b", "c"])).classes.tolist() == [0, 2]
    assert labels_of(pandas.Categorical(["0", "7"], categories=list("0123456789")), 10).classes.tolist() == [0, 7]
    with pytest.raises(
        eh.InputError, match=r"categories in the order 'low', 'high', but sorted, as scikit-learn numbers"
    ):
        labels_of(pandas.Categorical(["low", "high"], categories=["low", "high"]))


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text(max_size=3)
    | st.binary(max_size=3) | st.builds(object) | st.dates() | st.decimals() | st.fractions()
    | st.sampled_from([np.float16(1), np.int8(-1), np.datetime64("2020"), torch.tensor(1.5), torch.ones(1), int, print])
)  # fmt: skip
ODD = st.recursive(
    SCALARS | st.builds(Broken) | st.builds(Loader) | st.builds(Sparse),
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
        | st.lists(inner, max_size=3).map(iter)
        | st.lists(inner, max_size=3).map(lambda v: np.array([*v, None], object))
    ),
    max_leaves=6,
)  # fmt: skip


@given(ODD, st.none() | st.integers(-1, 4), st.sampled_from([None, "threshold", "argmax", "x"]))
def test_odd_objects(value, outputs, decision):
    """Whatever is given as inputs or labels is read as numbers, or refused by a message."""
    for read in (points_of, given_points, lambda v: labels_of(v, outputs, decision), lambda v: labels_of(v)):
        try:
            read(value)
        except eh.EveryhowError as error:
            assert str(error)


@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2), min_size=1))
def test_same_as_numpy(table):
    """Tables of finite numbers are what NumPy makes of them, as tensors too."""
    np.testing.assert_array_equal(points_of(table), np.array(table))
    np.testing.assert_array_equal(points_of(torch.tensor(table, dtype=torch.float64)), np.array(table))


def test_torch_is_not_loaded():
    """Reading arrays loads no other library."""
    import subprocess

    code = "import sys; from everyhow.given.labels import labels_of; labels_of([0, 1]); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
