"""No function has more than eight parameters, but where a reason is told here."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "everyhow"
MOST = 8
# What data may say of themselves, each by keyword, as estimators of scikit-learn take it.
OF_DATA = "model/behavior.py:of_data"
# Kernels take arrays out of tuples before a loop (CONTRIBUTING.md), so what calls one in a loop takes each by itself.
IN_LOOPS = {
    "kernels/boxes.py", "kernels/circuits.py", "kernels/formulas.py", "kernels/interpretations.py",
    "kernels/last_slot.py", "kernels/many_triples.py", "kernels/minimal.py", "kernels/triples.py",
}  # fmt: skip
# What tensors leave open, each by keyword: of linear layers the first ones, of transformers the configuration.
LEFT_OPEN = {"importing/load.py:load": 9, "importing/state_dicts.py:from_state_dict": 9}
# A constructor that is written out for type checkers: the fields of a dataclass, which takes lists as well.
TYPED = {"network/network.py:__init__": 9}


def long_ones(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every function with too many parameters, `self` and `cls` left out, and how many."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            number = len([name for name in names if name not in ("self", "cls")])
            if number > MOST:
                yield node.name, number


def test_parameters():
    """Options that travel together are one value."""
    found = {
        f"{path.relative_to(SOURCE).as_posix()}:{name}": number
        for path in SOURCE.rglob("*.py")
        for name, number in long_ones(ast.parse(path.read_text(encoding="utf-8")))
        if path.relative_to(SOURCE).as_posix() not in IN_LOOPS
    }
    assert found == {OF_DATA: 9} | LEFT_OPEN | TYPED


def test_the_check_can_fail():
    """A function with nine parameters is seen, wherever it is defined."""
    nine = ", ".join("abcdefghi")
    tree = ast.parse(f"class C:\n    def f(self, {nine}): ...\n    def g(self, {nine[:-3]}): ...")
    assert list(long_ones(tree)) == [("f", 9)]
