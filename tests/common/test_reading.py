"""The guard of what is read: sizes, depths, names that stand twice, texts and types."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyhow.common.errors import FileFormatError, InputError
from everyhow.common.reading import (
    DEEPEST,
    check_readable,
    json_of,
    read_document,
    read_json,
    read_toml,
    toml_of,
    typed,
)

JSON = {
    "nothing": (b"", r"^not a JSON file \(Expecting value: line 1 column 1 \(char 0\)\); expected x$"),
    "too deep": (b"[" * 65 + b"]" * 65, r"^not a JSON file \(it is nested 65 deep; at most 64 are read\); expected x"),
    "too deep inside": (b'{"a": ' * 65 + b"1" + b"}" * 65, "nested 65 deep"),
    "too many lists": (b"[" + b"[]," * 10 + b"[]]", "^it holds more than 10 lists and objects"),
    "too many objects": (b"[" + b"{}," * 10 + b"{}]", "^it holds more than 10 lists and objects"),
    "too many values": (b"[" + b"1," * 2**23 + b"1]", "^it holds more than 8,388,608 values"),
    "too many names": (
        b"{" + b",".join(b'"%d":0' % k for k in range(500_001)) + b"}",
        "^it holds more than 500,000 names of values",
    ),
    "a name twice": (b'{"a": {"b": 1, "c": 2, "b": 3}}', "^'b' stands twice in one object, with different values"),
    "a name twice, alike": (b'{"a": 1, "a": true}', "^'a' stands twice"),
    "a name with escapes": (b'{"\x1b[31m": 1}', "Invalid control character"),
    "a name with shown escapes": (b'{"\\u001b[31m": 1, "\\u001b[31m": 2}', r"^'\\x1b\[31m' stands twice"),
    "NaN": (b'{"a": NaN}', "it has NaN, and every value must be finite"),
    "an infinity": (b"[-Infinity]", "it has -Infinity"),
    "many digits": (b"[" + b"1" * 4301 + b"]", "a number has more than 4,300 digits"),
    "half a pair": (b'{"a": ["\\ud800"]}', r"a\[0\] has a character that no text can hold: '\\ud800'; leave it out"),
    "half a pair in a name": (b'{"a": {"\\udc00": 1}}', "a name in a has a character that no text can hold"),
    "a zero": (b'["\\u0000"]', r"\[0\] has a character that no text can hold: '\\x00'"),
    "Latin-1": ('["\xfc"]'.encode("latin-1"), r"is not UTF-8 text \(byte 2\)"),
    "UTF-16 without a mark": ("[1]".encode("utf-16-le"), "holds bytes of value 0"),
    "half of UTF-16": (b"\xff\xfe\x00", "is not UTF-16 text"),
}


@pytest.mark.parametrize("kind", JSON)
def test_json_refused(kind):
    """What is no JSON, or is not read, is refused with the reason."""
    content, message = JSON[kind]
    with pytest.raises(InputError, match=message) as caught:
        json_of(content, "x", lists=10 if "10 lists" in message else 10**6)
    assert len(str(caught.value)) < 300 and str(caught.value).isprintable()


def test_json_read():
    """Brackets inside texts are not nested, and pairs, marks and equal values that stand twice are read."""
    deep = "[" * (DEEPEST - 1) + '"' + "[{" * 1000 + '\\\\\\"[[' + '\\\\"' + "]" * (DEEPEST - 1)
    assert json_of(deep, "x") == json.loads(deep)
    assert json_of('["\\ud83d\\ude00\\\\ud800"]', "x") == ["\U0001f600\\ud800"]
    assert json_of('{"a": [1, 2], "a": [1, 2]}', "x") == {"a": [1, 2]}
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert json_of('{"\xe4": "[["}'.encode(encoding), "x") == {"\xe4": "[["}
    assert json_of('{"$schema": "x.json", "a": {"$schema": "y"}}', "x") == {"a": {"$schema": "y"}}
    assert json_of('{"$schema": 3}', "x") == {"$schema": 3}
    assert str(json_of("[NaN, -Infinity]", "x", finite=False)) == "[nan, -inf]"
    assert json_of("9" * 4300, "x") == 10**4300 - 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab[{\"\\,", max_size=4), inner, max_size=4),
)  # fmt: skip


def depth(value):
    """How deep lists and objects are nested."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(depth, inside), default=0)


@given(VALUES, st.booleans())
def test_any_json(value, ascii_only):
    """Whatever JSON holds is read, one level deeper than allowed is not, as the values themselves say."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert json_of(text, "x") == value
    below = DEEPEST - depth(value)
    assert json_of("[" * below + text + "]" * below, "x") is not None
    with pytest.raises(InputError, match=f"nested {DEEPEST + 1} deep"):
        json_of("[" * (below + 1) + text + "]" * (below + 1), "x")


TOML = {
    "no TOML": (b"a", r"^not a TOML file \(Expected '=' after a key"),
    "too deep": (b"a = " + b"[" * 100_000, "^it is nested more than 64 deep"),
    "dotted keys": (b"a." * 100_000 + b"a = 1", "^it is nested more than 64 deep"),
    "dotted keys, quoted": (b'"a" . ' * 100_000 + b"a = 1", "nested more than 64 deep"),
    "dotted keys in a table": (b"a = {b = '''x''''', " + b"a." * 100_000 + b"a = 1}", "nested more than 64 deep"),
    "dotted headers": (b"[" + b"a." * 100_000 + b"a]", "nested more than 64 deep"),
    "nan": (b"a = [{b = nan}]", r"^a\[0\].b is nan; every number must be finite"),
    "many digits": (b"a = " + b"1" * 5000, r"^not a TOML file \(a number has more than 4,300 digits\)"),
    "many hexadecimal digits": (b"a = 0x" + b"f" * 5000, "^a is a number of more than 4,300 digits"),
    "a date": (b"[a]\nb = 1979-05-27", "^a.b is a date or time, 1979-05-27; write it as a text"),
    "a zero": (b'a = "\\u0000"', r"^a has a character that no text can hold: '\\x00'"),
    "Latin-1": (b'a = "\xfc"', r"^is not UTF-8 text \(byte 5\)"),
}


@pytest.mark.parametrize("kind", TOML)
def test_toml_refused(kind):
    """What is no TOML, or holds what JSON does not have, is refused with its place."""
    content, message = TOML[kind]
    with pytest.raises(InputError, match=message) as caught:
        toml_of(content)
    assert len(str(caught.value)) < 300 and str(caught.value).isprintable()


def test_toml_read():
    """Brackets and dots in texts and comments count as nothing."""
    many = "[" * 1000 + "a." * 1000
    text = f'# {many}\na = "\\"{many}"\nb = \'{many}\'\nc = """\n"" {many}"""""\n[d.e]\nf = [[1], [0.5]]\n'
    expected = {"a": f'"{many}', "b": many, "c": f'"" {many}""', "d": {"e": {"f": [[1], [0.5]]}}}
    assert toml_of(text) == expected and toml_of(text.encode("utf-8-sig")) == expected


def test_toml_depth():
    """Lists and tables count where they lie inside each other, not beside each other."""
    beside = "a = [" + "[1], {}, " * 100 + "]"
    assert toml_of(beside) == {"a": [[1], {}] * 100}
    assert toml_of("a = " + "[" * 64 + "]" * 64)["a"]
    with pytest.raises(InputError, match=r"^it is nested more than 64 deep"):
        toml_of("a = " + "[" * 65 + "]" * 65)


def test_files(tmp_path):
    """What is wrong with a file begins with its name; a file is looked at before it is read."""
    path = tmp_path / "a\x1b[31m.json"
    shown = str(tmp_path / "a\\x1b[31m.json")
    cases = [
        (lambda: read_json(path, "a graph"), ": no such file; give the path of a graph"),
        (lambda: read_json(tmp_path, "a graph"), ": a folder; give the path of a graph"),
        (lambda: check_readable(path, "graphs", 3, "cut it"), ": no such file; give the path of graphs"),
    ]
    for call, message in cases:
        with pytest.raises(FileFormatError, match=message):
            call()
    path.write_text("[1, 2]")
    assert read_json(path, "a graph") == [1, 2]
    cases = [
        (lambda: read_json(path, "a graph", 2), ": has 6 bytes; a graph has at most 2"),
        (lambda: check_readable(path, "graphs", 2, "cut it"), ": 6 bytes; at most 2 are read from such a file: cut it"),
        (lambda: read_document(path, "a graph"), ": holds a JSON list; a graph is a JSON object"),
        (lambda: read_toml(path, "a plan"), ": not a TOML file (Expected ']' at the end of"),
    ]
    for call, message in cases:
        with pytest.raises(FileFormatError) as caught:
            call()
        assert str(caught.value).startswith(f"{shown}{message}")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileFormatError, match="pipe: not a plain file; give the path of a graph"):
        read_json(tmp_path / "pipe", "a graph")
    with pytest.raises(FileFormatError, match=r"cannot be read \(File name too long\); give another path"):
        read_json(tmp_path / ("x" * 300), "a graph")


def test_types():
    """A value is of a type, or is refused with its place; nothing is taken for something else."""
    assert typed({"a": [1, 2]}, dict[str, tuple[float, ...]], "grid") == {"a": (1.0, 2.0)}
    cases = [
        ({"a": [1, True]}, dict[str, list[int]], r"^grid.a\[1\] is True; it must be a valid integer$"),
        ({"a": ["\x1b"]}, dict[str, list[int]], r"^grid.a\[0\] is '\\x1b'; it must be a valid integer$"),
        ([0.5], tuple[int, ...], r"^grid\[0\] is 0.5; it must be a valid integer"),
        (["1"], list[float], r"^grid\[0\] is '1'; it must be a valid number$"),
        (float("nan"), float, "^grid is nan; it must be made of texts, finite numbers"),
        ({1, 2}, list[int], "it must be made of texts"),
        (1 << 60000, float, "it must be made of texts|it must be"),
    ]
    for value, kind, message in cases:
        with pytest.raises(InputError, match=message):
            typed(value, kind, "grid")


def test_long_messages_and_signs():
    """A message is one line of what can be seen, cut in the middle where it quotes more than anyone reads."""
    said = str(InputError("a\nb\x9b31m\u202e" + "x" * 10_000 + "; give fewer"))
    assert said.startswith("a\\nb\\x9b31m\\u202ex") and said.endswith("x; give fewer") and len(said) < 3200
    assert "characters left out" in said and said.isprintable()
