"""What `help` and IPython's `?` say of every public name: signatures that can be read, documentation without gaps."""

import doctest
import inspect
import pydoc
import re
import textwrap
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ForwardRef, Literal, TypeVar

import numpy as np
import pytest
from numpy.typing import ArrayLike

import everyhow as eh
from everyhow.circuit.circuits import Circuits
from everyhow.common.attributes import computed
from everyhow.common.readable import Readable, readable, said, wrapped
from everyhow.readout.readouts import Readouts
from everyhow.sweeps.results import Sweep

NAMES = [name for name in dir(eh) if not name.startswith("_")]
ERRORS = [name for name in NAMES if inspect.isclass(getattr(eh, name)) and issubclass(getattr(eh, name), Exception)]
# Of these every method says all: what it takes, and an example.
RESULTS = [eh.Audit, eh.Behavior, Circuits, Sweep, eh.Task, Readouts]
# Examples that take half a minute, or a library that is not installed with the tests, run every night.
SLOW = {"sweep": None, "patch": "transformers"}
# What makes a signature long: modules, and what NumPy and typing make of a name.
NOISE = re.compile(r"everyhow\.|collections\.abc|pathlib\.|numpy\.|typing\.|Union\[|Optional\[|ForwardRef")


def documented_arguments(documentation):
    """The names that have an entry of their own in Args or Attributes."""
    sections = re.findall(r"^(?:Args|Attributes):\n((?:    .*\n?)+)", inspect.cleandoc(documentation), re.M)
    return {name for section in sections for name in re.findall(r"^    \*{0,2}(\w+): ", section, re.M)}


def taken(function):
    """The names of what is given to a function or a class; questions are told in a place of their own."""
    names = set(inspect.signature(function).parameters) - {"self", "cls"}
    return names - (set(QUESTIONS) if "asked" in documented_arguments(function.__doc__) else set())


QUESTIONS = inspect.signature(eh.Questions).parameters


def methods_of(kind):
    """The public methods of a class and of what it inherits from, as plain functions."""
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, function


def examples_of(documentation):
    return doctest.DocTestParser().get_examples(inspect.cleandoc(documentation))


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_a_page(name):
    """In 80 columns: signatures say types in short, a parameter a line, and text is not cut; examples are code."""
    thing = getattr(eh, name)
    parts = {"": thing} | (dict(methods_of(thing)) if inspect.isclass(thing) else {})
    printed = [line.rstrip() for line in pydoc.plain(pydoc.render_doc(thing)).splitlines()]
    for part, one in parts.items():
        if part or name not in ERRORS:
            signature = str(inspect.signature(one))
            assert not NOISE.search(signature), f"{part}{signature}"
            assert all(len(line) < 80 for line in signature.splitlines()), f"{part}{signature}"
        told = re.sub(r"^Examples?:\n(?:    .*\n?|\n)+", "", inspect.getdoc(one) or "", flags=re.M)
        assert all(len(line) <= (70 if part else 75) for line in told.splitlines()), told
        if one.__doc__ and not (part and "__doc__" not in dir(one)):
            assert any(one.__doc__.splitlines()[0] in line for line in printed), part


def test_the_noise_is_seen():
    """What the check looks for is there in a function that nobody made readable."""

    def far(points: ArrayLike | None, at: np.ndarray, where: Path, then: Callable[[int], eh.Audit]): ...

    assert len(set(NOISE.findall(str(inspect.signature(far))))) >= 4
    function = type(far)(far.__code__, globals(), "far")
    function.__annotations__, function.__module__ = far.__annotations__, "everyhow.made"
    readable(function)
    assert "points: ArrayLike | None," in str(inspect.signature(function)).splitlines()[1]
    assert not NOISE.search(str(inspect.signature(function)))


@pytest.mark.parametrize("name", NAMES)
def test_documentation_has_no_gaps(name):
    """Every public name: what it takes, each by its name, and an example with its result, which runs as a test."""
    thing = getattr(eh, name)
    examples = examples_of(thing.__doc__)
    assert any(one.want for one in examples), "no example with a result"
    assert {one.options.get(doctest.SKIP, False) for one in examples} == {name in SLOW}
    if name not in ERRORS:
        assert taken(thing) <= documented_arguments(thing.__doc__)
        assert documented_arguments(thing.__doc__) <= taken(thing) | {"asked", "settings"}


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__name__)
def test_methods_have_no_gaps(kind):
    """Every public method of a result: what it takes, and an example; every other attribute: what it is."""
    for name, method in methods_of(readable(kind)):
        assert any(one.want for one in examples_of(method.__doc__)), f"{name} has no example"
        assert taken(method) <= documented_arguments(method.__doc__), name
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        if not name.startswith("_") and isinstance(member, property | cached_property | computed):
            assert member.__doc__, name


@pytest.mark.parametrize("kind", [eh.Model, eh.Network, eh.Transformer, eh.Behavior], ids=lambda kind: kind.__name__)
def test_methods_name_what_they_take(kind):
    """Every public method of a model: each argument is told, there or where the method is first defined; every other
    attribute: what it is."""
    methods = dict(methods_of(kind))
    for name in dir(kind):
        computes = isinstance(inspect.getattr_static(kind, name), property | cached_property | computed)
        if name.startswith("_") or not (computes or name in methods):
            continue
        told = " ".join(vars(one)[name].__doc__ or "" for one in kind.__mro__ if name in vars(one))
        assert told.strip(), name
        if name in methods:
            missing = [one for one in taken(methods[name]) if not re.search(rf"\b{one}\b", told)]
            assert missing == [], f"{name} does not say {missing}"


@pytest.mark.nightly
@pytest.mark.parametrize("name", SLOW)
def test_slow_examples(name, tmp_path, monkeypatch):
    """Examples that do not run with the others give what they show; those of the results of a sweep as well."""
    pytest.importorskip(SLOW[name] or "torch")
    monkeypatch.chdir(tmp_path)
    things = [getattr(eh, name), *([Sweep, Sweep.open, Sweep.query, Sweep.to_pandas] if name == "sweep" else [])]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for thing in things:
        text = inspect.cleandoc(thing.__doc__).replace("# doctest: +SKIP", "")
        names = {"sweep": eh.sweep, "patch": eh.patch, "Sweep": Sweep}
        assert runner.run(doctest.DocTestParser().get_doctest(text, names, thing.__name__, None, 0)).failed == 0
    assert runner.tries > 5


def test_ipython_shows_a_parameter_a_line():
    """`eh.audit?`: the signature with short types, the documentation as `help` has it."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    found = shell.inspector.info(eh.audit, "eh.audit")
    assert found["definition"].splitlines()[:3] == ["eh.audit(", "    model: Any,", "    what: Any,"]
    assert found["definition"].endswith("\n) -> Audit") and found["docstring"] == inspect.getdoc(eh.audit)


@pytest.mark.parametrize("name", NAMES)
def test_wrapping_changes_no_word(name):
    """A docstring that is wrapped again stays as it is, and says the same in lines of any other length."""
    documentation = inspect.getdoc(getattr(eh, name))
    assert wrapped(documentation, 75) == documentation
    for width in (40, 200):
        other = wrapped(documentation, width)
        assert other.split() == documentation.split()
        assert wrapped(other, 75) == documentation
        assert [one.source for one in examples_of(other)] == [one.source for one in examples_of(documentation)]


def test_lines_as_they_are_wrapped():
    """Paragraphs, entries that hang, and examples, by hand."""
    text = """One two three
    four five.

    Args:
        a: six seven
            eight.
        b: nine.

    Example:
        >>> f("ten eleven twelve thirteen")
        fourteen fifteen sixteen
    """
    assert wrapped(text, 14).splitlines() == [
        "One two three", "four five.", "", "Args:", "    a: six", "        seven", "        eight.", "    b: nine.", "",
        "Example:", '    >>> f("ten eleven twelve thirteen")', "    fourteen fifteen sixteen",
    ]  # fmt: skip
    assert wrapped(None, 14) is None


def test_signatures_are_as_python_writes_them():
    """On one line, or joined to one from several, a signature is that of `inspect`."""

    def few(a, /, b, *, c=1): ...
    def many(first: int, second: str = "two", *args: float, keyword: int = 3, **rest: str) -> int: ...
    def only(a: int, b: int, /): ...
    def keywords(*, one_of_a_long_name=1, another_of_a_long_name=2): ...

    for function in (few, many, only, keywords, test_signatures_are_as_python_writes_them):
        ours, theirs = str(Readable.from_callable(function)), str(inspect.signature(function))
        joined = ours.replace(",\n    ", ", ").replace("(\n    ", "(").replace("\n)", ")")
        assert joined == theirs
    assert "\n" in str(Readable.from_callable(many)) and "\n" not in str(Readable.from_callable(few))


def test_only_own_names_are_touched():
    """What others made stays as it is."""

    def other(a: "int") -> "int":
        """Words."""

    before = str(inspect.signature(other))
    assert readable(other) is other and readable(textwrap.dedent) is textwrap.dedent
    assert str(inspect.signature(other)) == before and not hasattr(textwrap.dedent, "__signature__")


def test_types_in_words():
    """Kinds of annotations that the examples do not show."""
    kinds = {
        Any: "Any", None: "None", int: "int", np.ndarray: "ndarray", "nn.Module": "nn.Module",
        ForwardRef("Audit"): "Audit", TypeVar("Kind"): "Kind", tuple[int, ...]: "tuple[int, ...]",
        Callable[[int, str], None]: "Callable[[int, str], None]", Callable[..., int]: "Callable[..., int]",
        Mapping[str, list[eh.Audit]]: "Mapping[str, list[Audit]]", Literal[1, "a"] | None: "Literal[1, 'a'] | None",
    }  # fmt: skip
    assert {words: said(kind) for kind, words in kinds.items()} == {words: words for words in kinds.values()}
