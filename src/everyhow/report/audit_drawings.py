"""Every drawing of an audit, by name; each is drawn when it is asked for."""

from collections import abc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial, singledispatch
from itertools import islice
from pathlib import Path

from ..auditing.audit import Audit
from ..auditing.document import MOST_LISTED
from ..auditing.exhibits import Exhibits, activations_of
from ..common.attributes import PublicNames
from ..common.display import Picture
from ..common.errors import InputError
from ..common.files import writing_folder
from ..mapping.mapping import Mapping
from ..model.circuit import Circuit
from ..model.explanation import Explanation
from ..readout.explanation import ReadoutExplanation
from .drawings.codes import draw_codes
from .drawings.drawing import FORMATS, Drawing
from .drawings.formula import draw_algorithm, draw_mapping
from .drawings.ladder import draw_ladder
from .drawings.network import draw_circuit, draw_difference, draw_network, draw_places, draw_usage
from .drawings.readings import draw_interpretation
from .drawings.tables import draw_histogram, draw_matrix, draw_signature
from .words import funnels, strategy_name

CUT = " (more are not drawn)"
Draw = Callable[[], Drawing]


@dataclass(frozen=True)
class Drawings(PublicNames, abc.Mapping[str, Drawing]):
    """Every drawing of an audit by name; each is drawn when it is asked for."""

    draw: dict[str, Draw]

    def __getitem__(self, name: str) -> Drawing:
        return self.draw[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self.draw)

    def __len__(self) -> int:
        return len(self.draw)

    def _ipython_key_completions_(self) -> list[str]:
        """The names that IPython offers after `drawings["`."""
        return list(self.draw)

    def __repr__(self) -> str:
        return f"Drawings({', '.join(names_in_short(self))})"


def names_in_short(drawings: Iterable[str]) -> list[str]:
    """The names of drawings, those of a numbered list as one."""
    numbered: dict[str, int] = {}
    for name in drawings:
        kind, _, number = name.rpartition("-")
        numbered[f"{kind}-" if number.isdecimal() else name] = int(number) if number.isdecimal() else 0
    return [
        name if not last else f"{name}1" + (f" to {name}{last}" if last > 1 else "") + CUT * (last == MOST_LISTED)
        for name, last in numbered.items()
    ]


def audit_drawings(audit: Audit) -> Drawings:
    """Every drawing of an audit; lists are numbered from 1 and go to 1,000 at most.

    `network`, `usage`, `circuits-by-edges`, `ladder-mappings`, `ladder-circuits`, `minimal-N`,
    `resample-faithful-minimal-N`, `difference`, `interpretation-N` (of the smallest circuit, widest gaps first),
    `algorithm-N`, `mapping-N` and `places-N` (tree and network), `near-miss-N`, `signature-N`, `explanation-N` (by
    cost) and `cross-examination`. With several outputs `output-K-` stands before each.
    """
    parts = {f"output-{k}-": audit_drawings(part) for k, part in enumerate(audit.outputs, start=1)}
    found = {start + name: draw for start, part in parts.items() for name, draw in part.draw.items()}
    if audit.outputs and audit.wanted is not None:
        return Drawings(found)
    activations = activations_of(audit.network, audit.behavior)
    own: dict[str, Draw] = {"network": partial(draw_network, audit.network, activations)}
    if audit.exhibits is not None:
        own |= {name: draw for group in GROUPS for name, draw in group(audit.exhibits)}
    return Drawings(own | found)


def save_drawings(
    audit: Audit, folder: str | Path, wanted: Sequence[str] = (), formats: Sequence[str] = FORMATS
) -> list[Path]:
    """Write drawings of an audit into a folder; returns the files.

    Args:
        audit: the audit, of a task or by data.
        folder: made if it is not there.
        wanted: names, `*` standing for any letters; the first of each kind when there are none.
        formats: svg, pdf or both; PDF needs the extra plot.

    Raises:
        InputError: a name that fits no drawing, or an unknown format.
        MissingExtraError: Matplotlib is not installed.
    """
    drawings = audit.drawings()
    files = drawing_files(drawings, folder, wanted, formats)
    writing_folder(folder)
    return [drawings[path.stem].save(path) for path in files]


def drawing_files(
    drawings: abc.Mapping[str, Picture],
    folder: str | Path,
    wanted: Sequence[str] = (),
    formats: Sequence[str] = FORMATS,
) -> list[Path]:
    """The files that `save_drawings` writes of an audit's drawings; the other arguments, and errors, are the same."""
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InputError(f"format {', '.join(unknown) or 'missing'}; the formats of drawings are {', '.join(FORMATS)}")
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in drawings):
            raise InputError(f"no drawing is called {pattern!r}; there are {', '.join(names_in_short(drawings))}")
    chosen = [name for name in drawings if any(fnmatchcase(name, pattern) for pattern in wanted)]
    if not wanted:
        chosen = [name for name in drawings if not name.rpartition("-")[2].isdecimal() or name.endswith("-1")]
    return [Path(folder) / f"{name}.{kind}" for name in chosen for kind in formats]


def _circuits(shown: Exhibits) -> Iterator[tuple[str, Draw]]:
    found = shown.findings.circuits
    if found.usage is not None and found.usage.circuits:
        yield "usage", partial(draw_usage, shown.model, found.usage, shown.activations())
    sizes = draw_sizes(shown)
    if sizes is not None:
        yield "circuits-by-edges", lambda: sizes

    def drawn(circuit: Circuit) -> Drawing:
        return draw_circuit(shown.model, circuit, shown.activations(circuit))

    for kind, circuits in (("minimal", found.minimal), ("resample-faithful-minimal", found.faithful_minimal)):
        for k, circuit in enumerate((circuits or ())[:MOST_LISTED], start=1):
            yield f"{kind}-{k}", partial(drawn, circuit)
    pair = (found.minimal or ())[:2]
    if len(pair) == 2:
        yield "difference", partial(draw_difference, shown, *pair)


def draw_sizes(shown: Exhibits) -> Drawing | None:
    """The circuits by number of edges; None where no exact count is known."""
    counts = {"perfect": shown.findings.circuits.perfect, "resample-faithful": shown.findings.circuits.faithful}
    known = {name: count.certain for name, count in counts.items() if count is not None and count.certified}
    return draw_histogram(known, shown.graph.unit) if known else None


def _interpretations(shown: Exhibits) -> Iterator[tuple[str, Draw]]:
    table = shown.readings
    activations = None if table is None else shown.activations(table.circuit)
    if table is not None and activations is not None:
        for k, interpretation in enumerate(islice(table.by_gaps(), MOST_LISTED), start=1):
            yield f"interpretation-{k}", partial(draw_interpretation, table, interpretation, activations)


def _placements(shown: Exhibits) -> Iterator[tuple[str, Draw]]:
    found, graph, activations = shown.findings.mappings, shown.graph, shown.activations()
    if found is None:
        return
    for k, algorithm in enumerate(islice(found.aligned or (), MOST_LISTED), start=1):
        yield f"algorithm-{k}", partial(draw_algorithm, algorithm)
    for k, mapping in enumerate(shown.placed(MOST_LISTED), start=1):
        yield f"mapping-{k}", partial(draw_mapping, mapping, graph)
        yield f"places-{k}", partial(draw_places, shown.model, mapping, activations)
    for k, miss in enumerate(found.near_misses, start=1):
        yield f"near-miss-{k}", partial(draw_mapping, miss.mapping, graph)


def _signatures(shown: Exhibits) -> Iterator[tuple[str, Draw]]:
    behavior = shown.behavior
    if shown.signatures is None:
        return
    inputs = [behavior.name_of(k) for k in range(len(behavior.points))]
    for k, (rows, sets) in enumerate(islice(shown.signatures.by_rows.items(), MOST_LISTED), start=1):
        first, *others = (neurons.named(shown.graph) for neurons in sets)
        more = f" and {len(others)} more" if others else ""
        yield f"signature-{k}", partial(draw_signature, rows, inputs, f"Signature {k}: {first}{more}")


def _rivals(shown: Exhibits) -> Iterator[tuple[str, Draw]]:
    ranking, experiments = shown.findings.ranking, shown.findings.experiments
    for k, (_, explanation) in enumerate(ranking.entries if ranking else (), start=1):
        yield f"explanation-{k}", partial(draw_rival, explanation, shown)
    examined = experiments and experiments.examined
    if examined is not None:
        order, shares = shown.examined, examined.matrix
        names = {rank: examined.explanations[index].title for rank, index in order}
        yield "cross-examination", lambda: draw_matrix([[shares[i][j] for _, j in order] for _, i in order], names)


@singledispatch
def draw_rival(explanation: Explanation, shown: Exhibits) -> Drawing:
    """An explanation as its kind is drawn: the tree of a mapping, the codes of a readout explanation."""
    raise TypeError(f"nothing draws an explanation of kind {explanation.kind}")


@draw_rival.register
def _(explanation: Mapping, shown: Exhibits) -> Drawing:
    return draw_mapping(explanation, shown.graph)


@draw_rival.register
def _(explanation: ReadoutExplanation, shown: Exhibits) -> Drawing:
    return draw_codes(explanation, shown.activations())


def _ladders(shown: Exhibits) -> Iterator[tuple[str, Draw]]:
    for strategy, kind, left, trivial in funnels(shown.findings):
        title = f"{strategy_name(strategy)}: {kind} left by each criterion"
        yield f"ladder-{kind}", partial(draw_ladder, title, left, shown.model, trivial)


GROUPS = (_ladders, _circuits, _interpretations, _placements, _signatures, _rivals)
