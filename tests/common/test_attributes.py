"""What Tab offers in IPython, with Jedi and without: names of results, and the names in what they hold."""

import inspect

import pytest

import everyhow as eh
from everyhow.common.attributes import PublicNames, computed

from ..conftest import reference

NET = reference("xor-2-3-3-1-seed0")[1]
AUDIT = eh.audit(NET, "XOR")
STATED = eh.hypothesis("AND(OR(A,B), NAND(A,B))", {"OR(A,B)": "h1.0 + h1.1", "NAND(A,B)": "h1.2"})
READOUTS = eh.readouts(eh.xornet())
VALUES = {
    "audit": AUDIT,
    "circuits": eh.circuits(NET, "XOR"),
    "drawings": AUDIT.drawings(),
    "tables": AUDIT.tables(),
    "net": NET,
    "readouts": READOUTS,
    "tested": eh.test(eh.xornet(), STATED),
    "standing": eh.place(NET, "XOR", eh.Circuit.whole(NET)),
    "examined": eh.cross_examine(eh.xornet(), list(READOUTS)[:2]),
    "dispute": eh.decide_between(eh.xornet(), *list(READOUTS)[:2]),
    "interpretations": eh.interpretations(NET, eh.Circuit.whole(NET)),
}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "jedi"])
def offered(request):
    """What IPython offers when Tab is pressed behind a text."""
    from IPython.core.completer import provisionalcompleter
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    if request.param:
        pytest.importorskip("jedi")
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.Completer.use_jedi = request.param

    def behind(text, **values):
        shell.user_ns.update(VALUES, eh=eh, **values)
        with provisionalcompleter():
            return [one.text.removeprefix(".") for one in shell.Completer.completions(text, len(text))]

    return behind


def test_the_door(offered):
    """All public names, and nothing else; keywords where a function is called."""
    assert sorted(offered("eh.")) == [name for name in dir(eh) if name != "__version__"]
    assert offered("eh.aud") == ["audit", "audit_behavior"]
    assert {"progress=", "ablation=", "robust=", "depth="} <= set(offered("eh.audit("))


@pytest.mark.parametrize("name", [name for name in VALUES if name != "tables"])
def test_names_of_results(name, offered):
    """What a result has: every public name of its class, and its fields, and no other; its methods are documented."""
    value = VALUES[name]
    names = offered(f"{name}.")
    assert sorted(names) == sorted(dir(value)) and not [one for one in names if one.startswith("_")]
    assert set(names) == {one for one in object.__dir__(value) if not one.startswith("_")}
    methods = [one for one in names if inspect.isfunction(inspect.getattr_static(value, one))]
    assert all(inspect.getdoc(getattr(type(value), one)) for one in methods)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('audit.counts["', AUDIT.counts),
        ('audit.ladder["', AUDIT.ladder),
        ('audit.ladder["circuits"]["', AUDIT.ladder["circuits"]),
        ('audit.verdict["', AUDIT.verdict),
        ('audit.findings.left["', AUDIT.findings.left),
        ('audit.findings.circuits.survivors["', AUDIT.findings.circuits.survivors),
        ('audit.options["', AUDIT.options),
        ('audit.provenance["', AUDIT.provenance),
        ('tables["', VALUES["tables"]),
        ('drawings["', VALUES["drawings"]),
        ('readouts.survivors["', READOUTS.survivors),
        ('tested.accuracies["', VALUES["tested"].accuracies),
    ],
)
def test_keys(text, found, offered):
    """Behind a bracket the keys, of attributes that are computed as well."""
    assert sorted(offered(text)) == sorted(found) != []


def test_keys_that_begin_so(offered):
    """A key that is begun is completed."""
    assert offered('audit.counts["fewest') == ["fewest_edges"]


def test_nobody_looks_into_a_property(offered):
    """The reason for `computed`: IPython evaluates no property."""

    class Box:
        @property
        def plain(self):
            return {"a": 1}

        @computed
        def keys(self):
            return {"a": 1}

    assert Box().plain == Box().keys
    assert offered('box.keys["', box=Box()) == ["a"] != offered('box.plain["', box=Box())


def test_computed_is_like_a_property():
    """It is computed anew each time, cannot be set, and is documented."""

    class Box(PublicNames):
        def __init__(self):
            self.times, self._hidden = 0, 1

        @computed
        def number(self):
            """How often it was asked."""
            self.times += 1
            return self.times

    box = Box()
    assert (box.number, box.number) == (1, 2) and Box.number.__doc__ == "How often it was asked."
    with pytest.raises(AttributeError, match="number of Box is computed, and cannot be set"):
        box.number = 3
    assert dir(box) == ["number", "times"]


def test_counts_are_not_shared():
    """Whoever changes what an audit gave does not change the audit."""
    AUDIT.counts.clear()
    AUDIT.ladder["circuits"].clear()
    assert AUDIT.counts["perfect_circuits"] == AUDIT.ladder["circuits"]["perfect"] == 120
