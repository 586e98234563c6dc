"""What people read is in plain English: the part of CONTRIBUTING.md's rules that can be found by looking for words."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
FILES = sorted(
    path
    for place in ("src", "docs", "examples", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
    for path in ([TOP / place] if (TOP / place).is_file() else (TOP / place).rglob("*"))
    if (path.suffix in (".py", ".md", ".jinja", ".js") or path.name.endswith(".schema.json"))
    and "_build" not in path.parts
)

# "The circuit is no edge": what something is not. "There is no edge" says that one is missing, and is good English; so
# is what compares ("is no larger than"), and what ends ("is no longer read").
COMPARED = "longer|larger|smaller|wider|farther|more|fewer|less|other|better|worse|nearer|earlier|later|cheaper"
IS_NO = rf"(?<!\bthere )\b(?:is|are|was|were) no (?!(?:{COMPARED})\b)(?=[a-z])"
# Endings of verbs in -ize, after stems that British writers spell with an s.
IZED = r"is(?:e|es|ed|er|ers|ing|ation|ations)\b"
STEMS = (
    "author|capital|categor|character|discret|emphas|equal|final|general|initial|linear|local|maxim|minim|normal|"
    "optim|organ|parallel|parametr|penal|quant|random|real|recogn|regular|serial|special|stabil|standard|summar|"
    "symmetr|util|vector|visual"
)
BRITISH = rf"""\b(?:
    (?:dis)?colou?r(?<=our)\w* | behaviour\w* | favour\w* | honour\w* | labour\w* | neighbour\w* | flavour\w*
    | centre[ds]? | centring | metres? | grey\w* | analys(?:e|ed|er|es(?=\ the)|ing) | (?:{STEMS}){IZED}
    | catalogues? | programmes? | licences? | defences? | offences? | judgements? | artefacts? | whilst | amongst
    | learnt | spelt | modell(?:ed|ing) | (?:re)?labell(?:ed|ing) | travell(?:ed|ing) | cancell(?:ed|ing) | per\ cent
)\b"""

# By rule: what is looked for, and what to write instead.
RULES = {
    "likewise": (r"\blikewise\b", "say what is meant again"),
    "will not do": (r"\bwill not do\b", "say what was found and what is allowed: `seeds is 0; it must be at least 1`"),
    "it is none": (r"\b(?:it|this|that|they|these) (?:is|are) none\b(?! of)", "name the noun: `is not an audit`"),
    "the same": (r"^the same(?= (?:of|as|for|with|without) |[,.]|$)", "say what is meant again"),
    "is no X": (IS_NO, "`is no X` becomes `is not an X`"),
    "British": (re.sub(r"\s*\n\s*", "", BRITISH).replace(" | ", "|"), "American spelling"),
}

# Files in which a rule does not hold, each with the reason.
ALLOWED = {
    ("CONTRIBUTING.md", "will not do"): "the rule itself",
    ("CONTRIBUTING.md", "likewise"): "the rule itself",
    ("CONTRIBUTING.md", "it is none"): "the rule itself",
    ("CONTRIBUTING.md", "is no X"): "the rule itself",
}


@cache
def prose(path: Path) -> tuple[tuple[int, str], ...]:
    """The words of a file with the line where they begin: of Python, strings and comments; of other files, all.

    What stands between backticks, addresses, and names with an underscore or a dot inside are of code and left out.
    """
    text = path.read_text(encoding="utf-8")
    texts = []
    for line, words in python_prose(text) if path.suffix == ".py" else blocks(text):
        told = re.sub(r"```.*?```|``?[^`]*``?|https?://\S+|\w+(?:[_./]\w+)+", "X", words, flags=re.S)
        texts.append((line, " ".join(told.split())))
    return tuple(texts)


def blocks(text: str) -> Iterator[tuple[int, str]]:
    line = 1
    for block in re.split(r"(\n\s*\n)", text):
        yield line, block
        line += block.count("\n")


def python_prose(text: str) -> Iterator[tuple[int, str]]:
    inside: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in ast.walk(node) if part is not node)
            parts = (part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
            yield node.lineno, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            for line, block in blocks(node.value):
                yield node.lineno + line - 1, block
    # Comments of lines that follow each other are one text.
    start, last, words = 0, -1, ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1:
                yield start, words
                start, words = token.start[0], ""
            last, words = token.start[0], f"{words} {token.string.lstrip('# ')}"
    yield start, words


def found(path: Path, rule: str) -> list[str]:
    pattern, instead = RULES[rule]
    name = str(path.relative_to(TOP))
    if (name, rule) in ALLOWED:
        return []
    return [
        f"{name}:{line}: ...{words[max(0, hit.start() - 40) : hit.end() + 30]}... ({instead})"
        for line, words in prose(path)
        for hit in re.finditer(pattern, words, re.I)
    ]


@pytest.mark.parametrize("rule", RULES)
def test_words_are_plain(rule):
    """No file says what CONTRIBUTING.md asks to say otherwise."""
    assert not (hits := [hit for path in FILES for hit in found(path, rule)]), "\n".join(hits)


@pytest.mark.parametrize(("rule", "text"), [
    ("likewise", "most of one circuit; likewise"),
    ("will not do", "seeds: 0 will not do"),
    ("it is none", "so that it is none."),
    ("the same", "The same of circuits."),
    ("is no X", "An edge of weight 0 is no edge."),
    ("British", "two colours"),
    ("British", "the neighbouring behaviour was normalised, analysed and labelled at the centre of a programme"),
])  # fmt: skip
def test_rules_find(rule, text):
    """Each rule finds what it is for."""
    assert re.search(RULES[rule][0], text, re.I)


@pytest.mark.parametrize("text", [
    "there is no edge", "nothing is no longer read", "the cell is no larger than the box", "it is none of the three",
    "color, behavior, normalized, analysis, comprise, precise, program, exercise, the analyses are, surprised",
])  # fmt: skip
def test_rules_let_pass(text):
    """What is good American English passes every rule."""
    assert not [rule for rule, (pattern, _) in RULES.items() if re.search(pattern, text, re.I)]
