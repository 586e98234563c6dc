"""Labels in every form: what is wanted of each output, who decides, and what can be read in two ways."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.given.labels import labels_against_rest, labels_of, read_labels

torch = pytest.importorskip("torch")
nan, inf = float("nan"), float("inf")

ONE_OUTPUT = [
    ([0, 1, 1, 0], None), ([False, True, True, False], None), ([0.0, 1.0, 1.0, 0.0], None),
    ([[0], [1], [1], [0]], None), (np.array([0, 1, 1, 0], np.uint8), None), ((y for y in (0, 1, 1, 0)), None),
    ([-1, 1, 1, -1], ("-1", "1")), ([[-1.0], [1.0], [1.0], [-1.0]], ("-1", "1")),
    (["even", "odd", "odd", "even"], ("even", "odd")), (np.array(["even", "odd", "odd", "even"]), ("even", "odd")),
    ([b"even", b"odd", b"odd", b"even"], ("even", "odd")), ([["even"], [" odd"], ["odd "], ["even"]], ("even", "odd")),
    (["0", "1", "1", "0"], None), (["False", "True", "true", "FALSE"], None),
    (torch.tensor([0, 1, 1, 0]), None), (torch.tensor([0.0, 1, 1, 0], requires_grad=True), None),
    (torch.tensor([[False], [True], [True], [False]]), None), (torch.tensor([0, 1, 1, 0], dtype=torch.bfloat16), None),
    ([torch.tensor(0), torch.tensor(1), torch.tensor(1), torch.tensor(0)], None),
]  # fmt: skip


@pytest.mark.parametrize(("values", "names"), ONE_OUTPUT)
def test_one_output(values, names):
    """The labels of XOR in every way in which two classes are written, for one output."""
    labels = labels_of(values, inputs=4)
    assert labels.wanted.tolist() == [[False], [True], [True], [False]]
    assert (labels.decision, labels.names) == ("threshold", names)
    assert labels.classes.tolist() == [0, 1, 1, 0]


CLASSES = [
    ([0, 2, 1, 2], {}, [0, 2, 1, 2], 3, None), ([[0], [2]], {"outputs": 3}, [0, 2], 3, None),
    ([0, 1], {"outputs": 2}, [0, 1], 2, None), ([1, 1], {"outputs": 2}, [1, 1], 2, None),
    ([3, 8], {"outputs": 10}, [3, 8], 10, None), ([3, 8, 3], {"outputs": 2}, [0, 1, 0], 2, ("3", "8")),
    ([1, 2], {"outputs": 2}, [0, 1], 2, ("1", "2")), ([1, 2], {"outputs": 3}, [1, 2], 3, None),
    ([-1, 1], {"outputs": 2}, [0, 1], 2, ("-1", "1")), (["3", "8"], {"outputs": 10}, [3, 8], 10, None),
    (["c", "a", "b"], {}, [2, 0, 1], 3, ("a", "b", "c")), (["odd", "even"], {"outputs": 2}, [1, 0], 2, ("even", "odd")),
    ([[1, 0, 0], [0, 0, 1]], {}, [0, 2], 3, None), ([[1, 0], [0, 1]], {"decision": "argmax"}, [0, 1], 2, None),
    ([[True, False], [False, True]], {"outputs": 2}, [0, 1], 2, None),
    ([[1, -1, -1], [-1, -1, 1]], {}, [0, 2], 3, ("-1", "1")), ([5.0, 5.0], {"outputs": 6}, [5, 5], 6, None),
]  # fmt: skip


@pytest.mark.parametrize(("values", "options", "classes", "outputs", "names"), CLASSES)
def test_classes(values, options, classes, outputs, names):
    """Class numbers, names and one-hot rows are the output that must be largest."""
    labels = labels_of(values, **options)
    assert (labels.decision, labels.names) == ("argmax", names)
    assert labels.classes.tolist() == classes
    expected = [[column == one for column in range(outputs)] for one in classes]
    assert labels.wanted.tolist() == expected


def test_two_names_of_one_output():
    """For one output the first of two classes in sorted order is wanted as 0."""
    for values, names in (([8, 3], ("3", "8")), ([2, 1], ("1", "2")), ([255, 0], ("0", "255"))):
        labels = labels_of(values, outputs=1)
        assert labels.classes.tolist() == [1, 0] and labels.names == names


def test_bits():
    """Several columns that are not one-hot everywhere are bits of their own, as for a half adder."""
    half_adder = [[0, 0], [1, 0], [1, 0], [0, 1]]
    labels = labels_of(half_adder, 2)
    assert labels.decision == "threshold" and labels.wanted.astype(int).tolist() == half_adder
    assert str(labels) == "4 labels of 2 separate bits"
    with pytest.raises(eh.InputError, match=r"these labels are 2 separate bits, not classes; take labels\.wanted"):
        _ = labels.classes
    one_hot = labels_of([[1, 0], [0, 1]], decision="threshold")
    assert one_hot.decision == "threshold" and one_hot.wanted.tolist() == [[True, False], [False, True]]
    assert labels_of([[-1, -1], [1, 1]]).wanted.tolist() == [[False, False], [True, True]]


REFUSED = [
    ([0, 1, 1, None], {}, r"labels\[3\] is missing \(None or NaN\)"),
    ([0, nan], {}, r"labels\[1\] is nan; a label is missing there: leave out such rows"),
    ([[0], [nan]], {}, r"labels\[1, 0\] is nan; a label is missing"),
    ([0, inf], {}, r"labels\[1\] is inf; labels are whole numbers: bits, or class numbers from 0"),
    ([0, 1e30], {}, r"labels\[1\] is 1e\+30; labels are whole numbers"),
    ([0, 2**70], {}, r"labels\[1\] is 1.18059e\+21; labels are whole numbers"),
    ([0.3, 1], {}, r"labels\[0\] is 0.3; labels are whole numbers: bits, or class numbers from 0"),
    ([[0.2, 0.8], [0.9, 0.1]], {}, r"labels\[0, 0\] is 0.2; .* \(argmax\(axis=1\) makes class numbers of shares"),
    ([0, "odd"], {}, r"labels holds numbers and texts, such as 0 at \[0\] and 'odd' at \[1\]"),
    ([object()], {}, r"labels\[0\] is of type object"),
    ([1j, 0], {}, "labels holds complex numbers"),
    ([], {}, r"labels have shape \(0,\); give one label per input"),
    ([[[0]]], {}, r"labels have shape \(1, 1, 1\); give one label per input, or \(inputs, outputs\)"),
    (3, {}, r"labels have shape \(\)"),
    (None, {}, "labels is None"),
    ("odd", {}, "labels is the text 'odd', not an array"),
    ([0, 1, 1], {"inputs": 4}, "there are 3 labels for 4 inputs; give one for each$"),
    ([[0, 1, 1, 0]], {"inputs": 4}, r"there are 1 labels for 4 inputs; .*these lie in a row, take labels.ravel\(\)"),
    ([3, 8], {}, r"labels are 3, 8: class numbers of 9 outputs, or names of 2 classes\? .*\(outputs=9 or 1\)"),
    ([0, 1, 5], {}, r"labels are 0, 1, 5: class numbers of 6 outputs, or names of 3 classes\? .*\(outputs=6 or 3\)"),
    ([0, 2], {}, "labels are 0, 2: class numbers of 3 outputs, or names of 2 classes"),
    (["3", "8"], {}, r"labels are 3, 8: class numbers of 9 outputs, or names of 2 classes"),
    ([5, 5], {}, "every label is 5; give 0 and 1, or class numbers from 0 and outputs"),
    ([2, 5], {"outputs": 3}, "labels are 2, 5, the network has 3 outputs: give class numbers from 0 to 2"),
    ([0, 1, 2], {"outputs": 1}, "labels are 0, 1, 2, the network has 1 output: give 0 and 1"),
    ([-1, 0, 1], {"outputs": 3}, "labels are -1, 0, 1; below 0 only -1 and 1 are understood"),
    ([-100, 0, 1], {}, "labels are -100, 0, 1; below 0 only -1 and 1"),
    ([-1, 1], {"outputs": 3}, "labels are -1 and 1, the network has 3 outputs; give class numbers from 0"),
    (["a", "a"], {}, "every label is 'a', which may be 0 or 1; give numbers"),
    (["a", "b", "c"], {"outputs": 1}, "labels are 3 classes, 'a', 'b', 'c', but the network has 1 output, for 2; give"),
    (["a", "b"], {"outputs": 3}, "labels are 2 classes, 'a', 'b', but the network has 3 outputs, for 3"),
    (["a", ""], {}, r"labels\[1\] is missing \(''\); leave out such rows"),
    (["a", "NaN"], {}, r"labels\[1\] is missing \('NaN'\)"),
    ([str(k) for k in range(11)], {}, "labels are texts, .* is not their order as numbers; give numbers"),
    ([str(k) + "x" for k in range(5000)], {}, "labels are 5,000 different texts, such as '0x', "),
    ([[1, 0], [0, 1]], {"outputs": 1}, "labels have 2 columns, the network 1 output; give a column for each"),
    ([[1, 0], [0, 2]], {}, r"labels\[1, 1\] is 2; in several columns labels are bits, 0 and 1 or -1 and 1"),
    ([[1, 1], [0, 1]], {"decision": "argmax"}, "row 1 of the labels has 2 ones; by argmax each has one, at its class"),
    ([["a", "b"]], {}, r"labels\[0, 0\] is the text 'a'; in several columns give bits"),
    ([0, 1, 2], {"decision": "threshold"}, "labels are one class per input, the network has 3 outputs; for"),
    ([0, 1], {"decision": "argmax"}, "one output has no largest; decide by threshold, or give a network"),
    ([0, 1], {"decision": "round"}, "the decision of labels is 'round'; choose threshold or argmax"),
    ([0, 1], {"outputs": 0}, "outputs is 0; give the number of the network's outputs"),
    ([0, 1, 0], {"outputs": 10}, "labels are 0, 1 only, the network has 10 outputs: are these the class numbers 0 and"),
    ([True, False], {"outputs": 3}, "or is 1 one class and 0 the rest .network.one_class.K, points., K being"),
    (["three", "rest"], {"outputs": 10}, "of two of these classes take network.classes.K, L. .--classes K,L., of one"),
    ([0, 1], {"outputs": "2"}, "outputs is '2'; give the number of the network's outputs"),
    ([0, 1], {"outputs": 10**6}, "labels are classes of 1,000,000 outputs; at most 4,096 are taken"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "options", "message"), REFUSED)
def test_refused(values, options, message):
    """What cannot be understood, or in two ways, says so with what was found and the next step."""
    with pytest.raises(eh.InputError, match=message):
        labels_of(values, **options)


def test_in_words():
    """What was understood is said, names without what a terminal would act on."""
    assert str(labels_of([0, 1, 1])) == "3 labels of one output"
    assert str(labels_of([-1])) == "1 label of one output: -1 is 0, 1 is 1"
    said = "3 labels of 3 classes, the largest output decides: a is 0, b is 1, c is 2"
    assert str(labels_of(["a", "b", "c"])) == said
    assert r"'\x1b[31m' is 0" in str(labels_of(["\x1b[31m", "b"]))
    assert str(labels_of([f"{k:02}x" for k in range(20)])).endswith("07x is 7, ...")


def test_as_scikit_learn_counts():
    """Names are counted as a LabelEncoder counts them."""
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    names = ["b", "C", "a", "é", "B", "a"]
    assert labels_of(names).classes.tolist() == preprocessing.LabelEncoder().fit_transform(names).tolist()


def test_one_class_against_the_rest():
    """Class numbers become bits; bits and two texts stay; what may be either is refused."""
    for values, k, bits in (
        ([3, 8, 3, 1], 3, [1, 0, 1, 0]), ([0, 2, 0], 0, [1, 0, 1]), ([0, 1, 1], 1, [0, 1, 1]),
        ([0, 1, 1], 7, [0, 1, 1]),
        ([False, True], 4, [0, 1]), ([-1, 1], 0, [0, 1]), (["rest", "three"], 3, [0, 1]), (["3", "8"], 8, [0, 1]),
    ):  # fmt: skip
        assert labels_of(labels_against_rest(values, k, 10), 1).classes.tolist() == bits
    with pytest.raises(
        eh.InputError, match="labels are 0 and 1 only, and the class is 0: where they are class numbers"
    ):
        labels_against_rest([0, 1, 1], 0, 10)
    with pytest.raises(eh.InputError, match="2 labels for 3 inputs"):
        labels_against_rest([3, 8], 3, 10, 3)


@given(st.lists(st.integers(0, 4), min_size=1), st.integers(5, 7))
def test_class_numbers(classes, outputs):
    """Class numbers, their one-hot rows and sorted names of all classes say the same."""
    labels = labels_of(classes, outputs, "argmax")
    hot = np.eye(outputs)[classes]
    np.testing.assert_array_equal(labels.wanted, hot == 1)
    np.testing.assert_array_equal(labels_of(hot).wanted, hot == 1)
    np.testing.assert_array_equal(
        labels_of([f"class {k}" for k in [*classes, *range(outputs)]]).classes[: len(classes)], classes
    )
    np.testing.assert_array_equal(labels.classes, classes)


FILES = {
    "numbers": ("0\n1\n1\n0\n", [0, 1, 1, 0], None, 4),
    "below a name": ("label\n0\n1\n1\n", [0, 1, 1], None, None),
    "below pandas' name": ("0\n0\n1\n1\n", [0, 1, 1], None, 3),
    "texts": ("even\nodd\nodd\neven\n", [0, 1, 1, 0], ("even", "odd"), None),
    "texts below a name": ("parity\neven\nodd\n", [0, 1], ("even", "odd"), 2),
    "texts below pandas' name": ("0\neven\nodd\n", [0, 1], ("even", "odd"), None),
    "texts with an index": (",y\n0,odd\n1,even\n", [1, 0], ("even", "odd"), 2),
    "texts, each once": ("odd\neven\n", [1, 0], ("even", "odd"), 2),
    "texts of two words": ("very odd\neven\nvery odd\n", [1, 0, 1], ("even", "very odd"), None),
    "texts of 200 characters": ("x" * 200 + "\nb\nb\n" + "x" * 200, [1, 0, 0, 1], ("b", "x" * 200), 4),
    "truth values": ("True\nFalse\n", [1, 0], None, 2),
    "signs": ("-1\n1\n1\n", [0, 1, 1], ("-1", "1"), None),
    "one-hot": ("a,b,c\n1,0,0\n0,0,1\n", [0, 2], None, 2),
    "an Excel file": (b"\xef\xbb\xbflabel\r\n1\r\n0\r\n", [1, 0], None, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_files(tmp_path, kind):
    """Labels from CSV files; the number of inputs settles whether the first row is a name."""
    content, classes, names, inputs = FILES[kind]
    path = tmp_path / "labels.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    labels = read_labels(path, inputs=inputs)
    assert labels.classes.tolist() == classes and labels.names == names


def test_arrays_in_files(tmp_path):
    """Labels from .npy files, of one dimension or two, texts too."""
    for array, classes in (
        (np.array([0, 2, 1]), [0, 2, 1]), (np.array([[0.0], [1.0]]), [0, 1]), (np.array(["a", "b"]), [0, 1]),
        (np.eye(3)[[2, 0]], [2, 0]),
    ):  # fmt: skip
        np.save(tmp_path / "labels.npy", array)
        assert read_labels(tmp_path / "labels.npy").classes.tolist() == classes
    np.save(tmp_path / "labels.npy", np.array([0, None]), allow_pickle=True)
    with pytest.raises(FileFormatError, match=r"labels\.npy: not a NumPy array file .*Python objects"):
        read_labels(tmp_path / "labels.npy")


REFUSED_FILES = {
    "a name or a label": ("odd\neven\n", {}, "the first row is odd: names of columns, or values?"),
    "0 or a name": ("0\n1\n1\n", {}, "the first row is 0: names of columns, or values?"),
    "another number": ("1\n0\n", {"inputs": 3}, "holds 2 rows, but 3 are expected, one for each input"),
    "a number among texts": ("even\nodd\n7\neven\n", {}, "line 3 holds '7', a number among texts; give the class"),
    "a missing text": ("even\nodd\nNA\neven\n", {}, "line 3 holds 'NA', which is missing"),
    "a long number": ("even\nodd\n" + "7" * 200 + "\neven\n", {}, f"line 3 holds '{'7' * 39}, a number among texts"),
    "a long text": ("b\nc\n" + "x" * 201 + "\nb\n", {}, f"line 3 holds '{'x' * 39}, longer than 200 characters"),
    "fractions": ("y\n0.5\n1\n", {}, r"labels\[0, 0\] is 0.5; labels are whole numbers"),
    "texts in two columns": ("a,b\nodd,x\n", {}, "line 2, column 1 holds 'odd'; expected a number"),
}


@pytest.mark.parametrize("kind", REFUSED_FILES)
def test_refused_files(tmp_path, kind):
    """Files of labels that cannot be understood are refused with their name."""
    content, options, message = REFUSED_FILES[kind]
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(FileFormatError, match=r"labels\.csv: ") as error:
        read_labels(tmp_path / "labels.csv", **options)
    assert message.replace("\\", "") in str(error.value)
    if kind == "a name or a label":
        assert read_labels(tmp_path / "labels.csv", header=False).classes.tolist() == [1, 0]
