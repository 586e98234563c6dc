"""Formulas such as `A & ~B | ~A & B`, read with Python's own parser and a list of allowed nodes."""

import ast
import re
import warnings

from ..common.errors import InputError
from .truth_table import INPUT_NAMES, MAX_INPUTS, TruthTable

# All connectives are mapped to Python operators of the right precedence: ~ & ^ | and, below them, <= for ->.
CONNECTIVES = {
    "and": "&", "or": "|", "not": "~", "xor": "^", "->": "<=",
    "&": "&", "|": "|", "~": "~", "!": "~", "^": "^", "(": "(", ")": ")",
    "∧": "&", "∨": "|", "¬": "~", "⊕": "^", "→": "<=",
}  # fmt: skip
TOKEN = r"\s*(->|[&|~!^()∧∨¬⊕→]|\w+)"
ALLOWED = f"the inputs {INPUT_NAMES[0]} to {INPUT_NAMES[-1]}, & | ~ ^ ->, and, or, not, parentheses"
MAX_LENGTH = 500


def parse_formula(text: str) -> TruthTable:
    """The function that a formula computes, of as many inputs as the last variable it names.

    Precedence, tightest first: ~ & ^ | ->; the arrow associates to the right.

    Raises:
        InputError: an unknown word or character, unbalanced parentheses, or a missing operand.

    Example:
        >>> str(parse_formula("A -> B"))
        '1101'
    """
    tree = _parse(text, _translate(text))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if not names:
        raise InputError(f"formula {text!r} names no input; allowed: {ALLOWED}")
    inputs = 1 + max(INPUT_NAMES.index(name) for name in names)
    return _value(tree.body, inputs, text)


def _translate(text: str) -> str:
    if len(text) > MAX_LENGTH:
        raise InputError(f"the formula has {len(text)} characters; at most {MAX_LENGTH} are read")
    token = re.compile(TOKEN)
    translated, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = token.match(text, position)
        if match is None:
            raise InputError(f"formula {text!r}: cannot read {text[position:].strip()[:10]!r}; allowed: {ALLOWED}")
        word = match[1]
        if word in INPUT_NAMES and len(word) == 1:
            translated.append(word)
        elif word.lower() in CONNECTIVES:
            translated.append(CONNECTIVES[word.lower()])
        else:
            raise InputError(
                f"unknown gate or variable {word!r} in {text!r}; a formula may use {ALLOWED} "
                f"(at most {MAX_INPUTS} inputs)"
            )
        position = match.end()
    return " ".join(translated)


def _parse(text: str, translated: str) -> ast.Expression:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.parse(translated, mode="eval")
    except (SyntaxError, RecursionError, MemoryError):
        raise InputError(f"formula {text!r} is incomplete: an operand or a parenthesis is missing") from None


def _value(node: ast.expr, inputs: int, text: str) -> TruthTable:
    match node:
        case ast.Name(id=name):
            return TruthTable.variable(INPUT_NAMES.index(name), inputs)
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return ~_value(operand, inputs, text)
        case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
            return _value(left, inputs, text) & _value(right, inputs, text)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _value(left, inputs, text) | _value(right, inputs, text)
        case ast.BinOp(left=left, op=ast.BitXor(), right=right):
            return _value(left, inputs, text) ^ _value(right, inputs, text)
        case ast.Compare(left=left, comparators=[*rest]):
            *premises, conclusion = [_value(part, inputs, text) for part in (left, *rest)]
            for premise in reversed(premises):
                conclusion = ~premise | conclusion
            return conclusion
    raise InputError(f"formula {text!r} is incomplete: two operands stand side by side without a connective")
