"""The plan of the house: no circle of imports, no arrow upwards, imports inside functions only for weight; and of its
tests: in the same rooms, and none imports a file of tests."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from jaxtyping import TypeCheckError

import everyhow as eh
from everyhow.network.running import masks_of

from .conftest import CHECKED

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src"
# The rooms, lowest first; those of one floor know nothing of each other. A file that lies in no room is one itself.
FLOORS = (
    ("common",),
    ("kernels",),
    ("boolean", "ladder"),
    ("given",),
    ("model",),
    ("network", "transformer"),
    ("kinds",),
    ("importing",),
    ("circuit", "training"),
    ("mapping", "interpretation", "readout", "certificates"),
    ("experiment", "authors"),
    ("auditing",),
    ("questions", "exchange", "verification", "sweeps"),
    ("hypotheses", "patched"),
    ("comparison",),
    ("report",),
    ("cli",),
    ("__init__", "__main__"),
)
# What may be imported inside a function, since loading it takes long: compiled kernels, worker processes, and what
# needs PyTorch, ONNX or the libraries of pages and terminals. The command line loads each command's part of the library
# when it is called, and the door each room when a name of it is asked for.
HEAVY = (
    "kernels.", "importing.torch_", "importing.onnx_graph", "importing.onnx_models", "training.stacked", "sweeps.local",
    "report.presenter", "report.notebook", "patched.torch_",
)  # fmt: skip
LAZY_ROOMS = ("cli.", "__init__")
# The rooms that explain, and show what was found, know models, whatever their kind.
OF_ANY_KIND = (
    "ladder",
    "model",
    "circuit",
    "mapping",
    "interpretation",
    "readout",
    "experiment",
    "auditing",
    "questions",
    "hypotheses",
    "report",
    "sweeps",
)


class Arrow(NamedTuple):
    """One module imports another, at the top of the file, inside a function, or for its types only."""

    importing: str
    imported: str
    kind: str
    line: int

    def __str__(self) -> str:
        return f"{self.importing}:{self.line} imports {self.imported}"


def modules(source: Path) -> dict[str, Path]:
    """Every module by its name below the package; the package itself is `__init__`."""
    package = source / "everyhow"
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found[name] = path
    return found


def arrows(source: Path) -> Iterator[Arrow]:
    """Every import of a module by another."""
    known = modules(source)
    for name, path in known.items():
        package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
        package = [] if name == "__init__" else package
        for node, kind in imports(ast.parse(path.read_text(encoding="utf-8")), "run"):
            for imported in targets(node, package, known):
                if imported != name:
                    yield Arrow(name, imported, kind, node.lineno)


def imports(tree: ast.AST, kind: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Every import statement, and whether it is run, lazy (inside a function) or for types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, kind
        inside = "lazy" if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else kind
        typed = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        yield from imports(node, "types" if typed else inside)


def targets(node: ast.Import | ast.ImportFrom, package: list[str], known: dict[str, Path]) -> set[str]:
    """The modules of the package that a statement imports."""
    if isinstance(node, ast.Import):
        names = [alias.name.removeprefix("everyhow.") for alias in node.names if alias.name.startswith("everyhow.")]
        return {name for name in names if name in known}
    if node.level:
        base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
    elif (node.module or "").split(".")[0] == "everyhow":
        base = (node.module or "").split(".")[1:]
    else:
        return set()
    whole = ".".join(filter(None, base))
    parts = {".".join(filter(None, (whole, alias.name))) for alias in node.names}
    found = {part for part in parts if part in known}
    return found | ({whole or "__init__"} & set(known) if len(found) < len(parts) else set())


def circles(source: Path) -> list[list[str]]:
    """Modules that import each other, by whatever way round (Tarjan's components of more than one)."""
    after: dict[str, set[str]] = {name: set() for name in modules(source)}
    for arrow in arrows(source):
        after[arrow.importing].add(arrow.imported)

    def reached(start: str) -> set[str]:
        found, waiting = set(), [start]
        while waiting:
            for following in after[waiting.pop()] - found:
                found.add(following)
                waiting.append(following)
        return found

    reach = {name: reached(name) for name in after}
    together = {frozenset(other for other in reach[name] if name in reach[other]) for name in after}
    return sorted(sorted(group) for group in together if group)


def floor_of(module: str) -> int:
    room = module.split(".")[0]
    return next(k for k, rooms in enumerate(FLOORS) if room in rooms)


def upward(source: Path) -> list[str]:
    """The arrows between rooms that do not point down."""
    return [
        str(arrow)
        for arrow in arrows(source)
        if arrow.importing.split(".")[0] != arrow.imported.split(".")[0]
        and floor_of(arrow.importing) <= floor_of(arrow.imported)
    ]


def for_order(source: Path) -> list[str]:
    """The imports inside functions that are there for another reason than weight."""
    return [
        str(arrow)
        for arrow in arrows(source)
        if arrow.kind == "lazy" and not arrow.importing.startswith(LAZY_ROOMS) and not arrow.imported.startswith(HEAVY)
    ]


def imports_of_tests(tests: Path) -> list[str]:
    """The files of tests, each with a file of tests that it imports, at the top or inside a function."""
    return [
        f"{path.relative_to(tests)}:{node.lineno} imports {name}"
        for path in sorted(tests.rglob("*.py"))
        for node, _ in imports(ast.parse(path.read_text(encoding="utf-8")), "run")
        for name in names_in(node)
        if name.startswith("test_")
    ]


def names_in(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Every part of every name that a statement imports by."""
    module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    return [part for name in (module, *(alias.name for alias in node.names)) for part in name.split(".")]


@pytest.fixture
def house(tmp_path):
    """A package with the given files."""

    def build(files):
        for name, text in files.items():
            path = tmp_path / "everyhow" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return build


def test_no_circle():
    assert circles(SOURCE) == []


def test_no_arrow_upwards():
    assert upward(SOURCE) == []


def test_imports_inside_functions_are_for_weight():
    assert for_order(SOURCE) == []


def of_one_kind(source: Path) -> Iterator[Arrow]:
    """Every import of the room of one kind of model by a room that knows models of any kind."""
    for arrow in arrows(source):
        above, kind = arrow.importing.partition(".")[0], arrow.imported.partition(".")[0]
        if above in OF_ANY_KIND and kind in ("network", "transformer"):
            yield arrow


def test_what_explains_knows_no_kind_of_model():
    """Circuits, mappings, readouts, experiments, audits and the report know nothing of networks."""
    assert list(map(str, of_one_kind(SOURCE))) == []


def test_the_check_of_kinds_can_fail(house):
    source = house({"network/network.py": "", "circuit/one.py": "def f():\n    from ..network import network\n"})
    assert [str(arrow) for arrow in of_one_kind(source)] == ["circuit.one:2 imports network.network"]


# The kinds of explanations, and the files that may ask whether something is of one.
KINDS_OF_EXPLANATIONS = {"mapping.mapping": "Mapping", "readout.explanation": "ReadoutExplanation"}


def asked_which_kind(source: Path) -> Iterator[str]:
    """Every `isinstance`, `issubclass` or `type(...) is` that asks which kind an explanation is, in a file that imports
    that kind, by whatever name."""
    for name, path in modules(source).items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        kinds = {
            alias.asname or alias.name
            for node, _ in imports(tree, "run")
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            for module, kind in KINDS_OF_EXPLANATIONS.items()
            if (node.module or "").endswith(module.split(".")[-1]) and alias.name == kind
        }
        for node in ast.walk(tree):
            called = isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass")
            compared = isinstance(node, ast.Compare) and "type(" in ast.unparse(node)
            if (called or compared) and kinds & {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}:
                yield f"{name}:{node.lineno}"


def test_nobody_asks_which_kind_an_explanation_is():
    """What an explanation has is asked of `Explanation`; what must treat kinds apart chooses by `singledispatch`."""
    assert list(asked_which_kind(SOURCE)) == []


@pytest.mark.parametrize("statement", [
    "from ..mapping.mapping import Mapping\nisinstance(1, Mapping)",
    "from everyhow.readout.explanation import ReadoutExplanation as Read\nisinstance(1, int | Read)",
    "from ..mapping.mapping import Mapping\ntype(1) is Mapping",
])  # fmt: skip
def test_the_check_of_explanations_can_fail(house, statement):
    """The question is seen however it is written; of what is called alike elsewhere it may be asked."""
    source = house({
        "report/one.py": f"{statement}\n",
        "mapping/mapping.py": "class Mapping: ...\nisinstance(1, Mapping)\n",
        "given/arrays.py": "from collections.abc import Mapping\nisinstance(1, Mapping)\n",
    })  # fmt: skip
    assert list(asked_which_kind(source)) == ["report.one:2"]


# The rooms that compute; the functions of theirs by which the report may say what something is called or holds; and
# what only those who compute ask of a model or a search.
COMPUTING = (
    "boolean", "model", "circuit", "mapping", "interpretation", "readout", "experiment", "authors", "auditing",
    "network", "ladder", "training", "importing",
)  # fmt: skip
TELLING = {"idle_gate", "activations_of", "held_at_corners"}
ASKED_OF_MODELS = {
    "corners", "output", "part", "patterns", "possible_bits", "run", "run_circuit", "run_circuits", "runs", "sample",
    "search", "search_within", "states",
}  # fmt: skip


def computed(source: Path) -> Iterator[str]:
    """Where the report imports a function of a room that computes, or asks a model or a search itself."""
    for name, path in modules(source).items():
        if not name.startswith("report."):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node, _ in imports(tree, "run"):
            above = isinstance(node, ast.ImportFrom) and node.level in (0, name.count(".") + 1)
            if above and (node.module or "").removeprefix("everyhow.").partition(".")[0] in COMPUTING:
                for alias in node.names:
                    if alias.name[0].islower() and alias.name not in TELLING:
                        yield f"{name}:{node.lineno} imports {alias.name}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ASKED_OF_MODELS:
                yield f"{name}:{node.lineno} asks for {node.attr}"


def test_the_report_computes_nothing():
    """What is listed, sampled, fallen or priced is chosen in `auditing/exhibits`, for all that show it."""
    assert list(computed(SOURCE)) == []


@pytest.mark.parametrize(("statement", "expected"), [
    ("from ..model.criterion import perfect", "report.one:1 imports perfect"),
    ("def f():\n    from ..circuit.faults import fallen as found", "report.one:2 imports fallen"),
    ("def f(model):\n    return model.search(1).sample(2)", "report.one:2 asks for sample"),
    ("def f(network):\n    return network.states(network.corners)", "report.one:2 asks for states"),
])  # fmt: skip
def test_the_check_of_the_report_can_fail(house, statement, expected):
    source = house({"report/one.py": f"{statement}\n", "report/two.py": "from ..model.circuit import Circuit\n"})
    assert expected in list(computed(source))


def test_few_entries_at_the_top():
    """The folder is read like a table of contents, and every entry of it is on a floor."""
    entries = sorted(
        path.stem
        for path in (SOURCE / "everyhow").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    )
    assert entries == sorted(room for floor in FLOORS for room in floor)
    assert len(entries) <= 30


@pytest.mark.parametrize("statement", [
    "from ..report.page import html", "def later():\n    from ..report.page.html import page",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..report.page.html import page",
    "from everyhow.report.page.html import page", "import everyhow.report.page.html",
])  # fmt: skip
def test_the_checks_above_can_fail(house, statement):
    """A circle, an arrow upwards and a lazy import are seen however they are written."""
    source = house({
        "__init__.py": "", "circuit/__init__.py": "", "report/__init__.py": "", "report/page/__init__.py": "",
        "circuit/count.py": f"{statement}\n", "report/page/html.py": "from ...circuit.count import count\n",
    })  # fmt: skip
    line = statement.count("\n") + 1
    assert circles(source) == [["circuit.count", "report.page.html"]]
    assert upward(source) == [f"circuit.count:{line} imports report.page.html"]
    assert bool(for_order(source)) == statement.startswith("def")


def test_tests_import_no_test():
    """What several files of tests need lies in a file that holds no test."""
    assert imports_of_tests(TESTS) == []


@pytest.mark.parametrize("statement", [
    "from .test_other import number", "from . import test_other", "from ..room.test_other import number",
    "def later():\n    from tests.room.test_other import number", "import tests.room.test_other",
])  # fmt: skip
def test_the_check_of_tests_can_fail(tmp_path, statement):
    """A file of tests that imports another is seen however that is written; a file without tests may be imported."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "test_one.py").write_text(f"{statement}\n")
    (tmp_path / "room" / "other.py").write_text("number = 3\n")
    (tmp_path / "room" / "test_two.py").write_text("from .other import number\n")
    line = statement.count("\n") + 1
    assert imports_of_tests(tmp_path) == [f"room/test_one.py:{line} imports test_other"]


def test_tests_lie_in_the_rooms_of_the_source():
    """Every folder of tests is named as a room, or holds what tests compare with, or is of the site."""
    rooms = {path.name for path in (SOURCE / "everyhow").iterdir() if (path / "__init__.py").is_file()}
    folders = {path.name for path in TESTS.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders - {"frozen", "site"} == rooms


def test_modules_whose_shapes_are_checked_are_there():
    """A name that no module has checks nothing, and nobody notices; of one that has, a wrong shape is seen."""
    assert set(CHECKED) <= set(modules(SOURCE))
    criterion = eh.circuits(eh.xornet()).criterion
    with pytest.raises(TypeCheckError, match="'bits'"):
        masks_of(criterion, np.zeros((2, 3), np.uint64))
