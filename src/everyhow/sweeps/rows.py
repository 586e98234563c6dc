"""The rows of a sweep: their columns, and Parquet files of them in and out."""

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

from ..circuit.findings import RUNGS as CIRCUIT_RUNGS
from ..common.arguments import is_number, quoted
from ..common.errors import FileFormatError, InputError, first_line
from ..common.extras import need
from ..common.files import replacing
from ..common.reading import check_readable, cut
from ..common.sql import MOST_MEMORY, bounded_memory
from ..mapping.findings import RUNGS as MAPPING_RUNGS
from ..readout.readouts import RUNGS as READOUT_RUNGS
from ..training.settings import TrainingSettings
from ..training.transformer_settings import TransformerSettings
from .models import ASKED, KINDS
from .settings import TYPES

if TYPE_CHECKING:
    import duckdb

# 2: the rung `transitive`, trivial survivors apart, and `inert` by which unmapped neurons may carry what is still read.
SCHEMA_VERSION = 2
# Rows that are written by one statement, so that few lists are held at a time.
ROWS_AT_ONCE = 2000
# Of a part: its bytes, in the file and when they are read, its rows and row groups, and what it says of itself.
MOST_BYTES, MOST_ROWS, MOST_ROW_GROUPS, MOST_KEYS = 256 * 2**20, 100_000, 100, 100
TEXT, NUMBER, WHOLE, TRUTH, NUMBERS = "VARCHAR", "DOUBLE", "BIGINT", "BOOLEAN", "DOUBLE[]"
# Questions that the rows have had from the beginning.
EARLIER = ("depth", "min_node_sparsity", "decision", "pair_order")


def _says(of_networks: Field[Any]) -> str:
    """What an option of training means: of networks, and of transformers where that is something else."""
    own = of_networks.metadata["says"]
    others = [one.metadata["says"] for one in fields(TransformerSettings) if one.name == of_networks.name]
    return own + "".join(f"; of a transformer: {said}" for said in others if said != own)


def _column(kind: Any) -> str:
    """The type of a column that holds an option; lists stand in it as texts."""
    found = {str: TEXT, bool: TRUTH, int: WHOLE, float: NUMBER}
    return next((found[one] for one in (kind, *get_args(kind)) if one in found and get_origin(kind) is not tuple), TEXT)


_ASKED = {one.key: (_column(one.kind), one.says) for one in ASKED}
_OF_NETWORKS = tuple(one.name for one in fields(TrainingSettings))
# Columns of transformers alone, which came after all others; but `model` they are empty in the rows of networks.
OF_TRANSFORMERS: dict[str, tuple[str, str]] = {
    "model": (TEXT, "what was trained: network or transformer"),
    "equals": (TRUTH, "of a transformer's task: whether rows end with the token =; as the task has it where empty"),
    "task_rows": (WHOLE, "of a transformer's task: how many rows are taken at most"),
    "rows_seed": (WHOLE, "by which they are drawn from a task that has more"),
    **{
        one.name: (_column(TYPES[one.name]), f"of a transformer: {one.metadata['says']}")
        for one in fields(TransformerSettings)
        if one.name not in _OF_NETWORKS
    },
    **{key: _ASKED[key] for key in KINDS["transformer"].asked if key not in KINDS["network"].asked},
    "held_out": (NUMBER, "accuracy at the rows that were held out; empty where none were"),
    "behavior": (TEXT, "of a transformer: the file in behaviors/ by which everyhow audit explains it again"),
}  # fmt: skip
# What a column that came later says of the rows of before: with it they are hashed as they were.
AS_BEFORE = {"model": "network"}
# Columns that came last before those, and so are missing in older parts that have all others.
LAST_COLUMNS: dict[str, tuple[str, str]] = {
    "hereditary_circuits": (NUMBER, "perfect circuits of which every larger circuit is perfect, too; empty where the "
                                    "graph is too large, or a count is not exact"),
    "minimal_hereditary_circuits": (NUMBER, "of these, those with no other one of them inside"),
    "circuits_hereditary": (NUMBER, "circuits that pass the rung hereditary, which stands beside the others, and all "
                                    "before"),
}  # fmt: skip
# Columns that came later: empty in the rows of plans that ask nothing of what they hold, and missing in older parts.
LATER_COLUMNS: dict[str, tuple[str, str]] = {
    **{key: column for key, column in _ASKED.items() if key not in EARLIER and key not in OF_TRANSFORMERS},
    "robust_circuits_low": (NUMBER, "perfect circuits that are proved to decide right on the whole boxes"),
    "robust_circuits_high": (NUMBER, "those proved, and those of which it stayed open"),
    "circuits_robust": (NUMBER, "circuits that pass the rung robust and all before"),
    "mappings_cheapest": (
        NUMBER,
        "mappings that pass every rung and whose algorithm costs least, by the plan's prices",
    ),
    "algorithms_cheapest": (NUMBER, "their algorithms"),
    "codes_readable": (NUMBERS, "readable signals of each hidden layer, where the plan asks for population codes"),
    **{
        f"codes_{rung}": (
            NUMBERS,
            f"readout explanations of each hidden layer that pass the rung {rung} and all before",
        )
        for rung in READOUT_RUNGS
    },
    **LAST_COLUMNS,
    **OF_TRANSFORMERS,
}
# Every column of the results: its type and what it says. Counts are numbers of any size, so doubles; `counts_exact`
# has their digits.
COLUMNS: dict[str, tuple[str, str]] = {
    "point": (WHOLE, "number of the setting in the plan's grid, from 0"),
    "replicate": (WHOLE, "which of the point's networks, from 0"),
    "identity": (TEXT, "hash of all that decides the network; the first part of its file's name"),
    "seed": (WHOLE, "of everything random about the network; follows from the identity"),
    "task": (TEXT, "what the plan says is learned"),
    "draw_from": (TEXT, "gates from which the outputs are drawn"),
    "outputs": (WHOLE, "how many are drawn"),
    "origin": (TEXT, "trained or untrained"),
    "keep": (TEXT, "which networks are explained"),
    "depth": _ASKED["depth"],
    "min_node_sparsity": _ASKED["min_node_sparsity"],
    "block": (WHOLE, "networks trained as one stack"),
    **{one.name: (_column(TYPES[one.name]), _says(one)) for one in fields(TrainingSettings)},
    "network": (TEXT, "its file in networks/"),
    "network_sha256": (TEXT, "digest of what its file holds; of a network as in audit.json"),
    "trained_task": (TEXT, "what it learned, outputs joined by commas"),
    "epoch": (WHOLE, "passes made over the rows"),
    "loss": (NUMBER, "mean squared error over the last of them; of a transformer the cross-entropy"),
    "accuracy": (NUMBER, "share of the task's rows decided right, with all outputs or answers"),
    "converged": (TRUTH, "whether the loss target was reached"),
    "output": (WHOLE, "the output explained, from 0; of a transformer all answers together are 0"),
    "output_task": (TEXT, "what it should compute"),
    "preset": (TEXT, "paper or authors"),
    "status": (TEXT, "explained, not kept or failed"),
    "reason": (TEXT, "why not kept or failed"),
    "computes": (TEXT, "the truth table that the network computes; of a transformer over the bits known, if any are"),
    "computes_name": (TEXT, "its usual name, if it has one"),
    "explained_depth": (WHOLE, "largest depth of the algorithms"),
    "decision": (TEXT, "how outputs become bits"),
    "circuits_in_space": (NUMBER, "all circuits"),
    "perfect_circuits": (NUMBER, "perfect circuits; empty when some lie on the decision boundary"),
    "perfect_circuits_low": (NUMBER, "perfect circuits, the boundary moved against them"),
    "perfect_circuits_high": (NUMBER, "perfect circuits, the boundary moved for them"),
    "minimal_circuits": (NUMBER, "perfect, no proper sub-circuit perfect"),
    "fewest_edges": (NUMBER, "of a perfect circuit"),
    "interpretations": (NUMBER, "over all perfect circuits; in paper don't cares counted once, in authors expanded"),
    "interpretations_estimate": (NUMBER, "estimated from a uniform sample, where they were not counted"),
    "interpretations_estimate_low": (NUMBER, "lower end of its 95% interval"),
    "interpretations_estimate_high": (NUMBER, "upper end"),
    "interpretations_with_dont_cares_expanded": (NUMBER, "paper: each completion counted"),
    "interpretations_per_circuit_min": (NUMBER, "fewest of one circuit; empty when none is perfect"),
    "interpretations_per_circuit_max": (NUMBER, "most of one circuit; empty when none is perfect"),
    "algorithms": (NUMBER, "that compute the function, up to the depth"),
    "aligned_algorithms": (NUMBER, "with at least one mapping"),
    "mappings": (NUMBER, "minimal ones of all aligned algorithms or formulas"),
    "irredundant_algorithms": (NUMBER, "in which no gate is idle"),
    "irredundant_aligned_algorithms": (NUMBER, "of these, with at least one mapping"),
    "irredundant_mappings": (NUMBER, "their minimal mappings"),
    "distinct_causal_signatures": (NUMBER, "over all neuron sets"),
    "candidate_formulas": (NUMBER, "authors: formulas tried"),
    "aligned_formulas": (NUMBER, "authors: with at least one mapping"),
    "pair_order": (TEXT, "authors: order of the inputs that selects the interventions"),
    **{
        f"{kind}_{rung}": (NUMBER, f"{kind} that pass the rung {rung} and all before")
        for kind, rungs in {
            "mappings": MAPPING_RUNGS,
            "algorithms": MAPPING_RUNGS,
            "circuits": CIRCUIT_RUNGS,
        }.items()
        for rung in rungs
    },
    **{
        f"trivial_{rung}": (NUMBER, f"of the algorithms that pass {rung}, those without variables (one mapping each)")
        for rung in MAPPING_RUNGS
    },
    **{
        f"{strategy}_{part}": (TEXT, f"{part} of the verdict")
        for strategy in ("what_then_where", "where_then_what")
        for part in ("status", "criterion", "reason")
    },
    "overlap_mean": (NUMBER, "mean Jaccard overlap of two perfect circuits"),
    "overlap_histogram": (NUMBERS, "share of the pairs by overlap, in 20 equal parts from 0 to 1"),
    "overlap_circuits": (WHOLE, "the circuits paired: all of them up to 500, else a uniform sample of 200"),
    "edges": (WHOLE, "edges of the network; at the grain nodes, heads and MLPs"),
    "core_edges": (WHOLE, "edges that all perfect circuits use"),
    "unused_edges": (WHOLE, "edges that none uses"),
    "counts_exact": (TEXT, "every count in full, as JSON"),
    "capped": (TEXT, "what was estimated or not counted, and why; several reasons joined by |"),
    "seconds": (NUMBER, "time taken to explain; not part of the digest"),
    **LATER_COLUMNS,
}  # fmt: skip


# Those of them that are numbers of things, none below 0; a position of the stream may be counted from the end.
COUNTS = tuple(
    name for number, (name, (kind, _)) in enumerate(COLUMNS.items())
    if kind in (NUMBER, WHOLE) and number > list(COLUMNS).index("decision") and name not in ("seconds", "stream")
)  # fmt: skip
STATUS = ("explained", "not kept", "failed")
NETWORK = r"[0-9a-f]{16}(-\d+)?\.(safetensors|json)"
BEHAVIOR = r"[0-9a-f]{16}\.json"


def digest_of(rows: Iterable[dict[str, Any]]) -> str:
    """A hash of everything in the rows but the time they took."""
    kept = [
        [_hashed(row.get(name), kind) for name, kind in TYPED]
        + [
            [name, _hashed(row[name], kind)]
            for name, (kind, _) in LATER_COLUMNS.items()
            if row.get(name) not in (None, AS_BEFORE.get(name))
        ]
        for row in rows
    ]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _hashed(value: Any, kind: str) -> Any:
    return value if kind != NUMBER or value is None else float(value)


# What was there before a column came later is hashed as it was.
TYPED = [(name, kind) for name, (kind, _) in COLUMNS.items() if name != "seconds" and name not in LATER_COLUMNS]


@dataclass(frozen=True)
class Part:
    """A part file: its rows in order, and what it says of itself."""

    rows: list[dict[str, Any]]
    metadata: dict[str, str]


@contextmanager
def reading() -> Iterator["duckdb.DuckDBPyConnection"]:
    """A database that many parts are read by, in bounded memory and with nothing written.

    Raises:
        MissingExtraError: DuckDB is not installed.
    """
    need("reading the results of a sweep needs", "sweeps", "duckdb")
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MOST_MEMORY // 1000}KB'")
        connection.execute("SET temp_directory = ''")
        yield connection


def read_rows(part: Path) -> list[dict[str, Any]]:
    """The rows of one part, in order; as `read_part`."""
    with reading() as connection:
        return read_part(connection, part).rows


def read_part(connection: "duckdb.DuckDBPyConnection", part: Path, rows: int | None = None) -> Part:
    """One part, looked at before any of its rows is read.

    Args:
        connection: by which it is read, as `reading` gives it.
        part: the file.
        rows: how many there must be.

    Raises:
        FileFormatError: it cannot be read, or has other columns, types, more rows or larger ones than a part has.
    """
    import duckdb

    try:
        check_readable(part, "a part of a sweep", MOST_BYTES, "it is not one that everyhow wrote")
        with bounded_memory():
            number, size = _size(connection, part)
            if rows is not None and number != rows:
                raise FileFormatError(f"{part}: has {number:,} rows; this part of the plan has {rows:,}")
            if number > MOST_ROWS or size > MOST_BYTES:
                raise FileFormatError(
                    f"{part}: has {number:,} rows of {size:,} bytes in all; a part has at most {MOST_ROWS:,} of "
                    f"{MOST_BYTES:,}"
                )
            metadata = _metadata(connection, part)
            if metadata.get("schema") not in (None, str(SCHEMA_VERSION)):
                written = other_version(metadata.get("version_everyhow"), metadata["schema"])
                raise FileFormatError(f"{part}: {written}")
            described = connection.execute("DESCRIBE SELECT * FROM read_parquet($1)", [str(part)]).fetchall()
            _check_columns(part, {name: kind for name, kind, *_ in described})
            found = connection.execute(f"SELECT * FROM read_parquet($1) LIMIT {MOST_ROWS}", [str(part)]).fetchall()
            return Part([dict(zip([name for name, *_ in described], row, strict=True)) for row in found], metadata)
    except (duckdb.Error, MemoryError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{part}: damaged, or not a Parquet file ({first_line(error)})") from None


def other_version(version_: object, schema: object) -> str:
    """What a folder or part of another schema is, and why its numbers are not put beside those of this one."""
    return (
        f"written by everyhow {version_} as schema {schema} of sweeps; this one reads and writes schema "
        f"{SCHEMA_VERSION}, where rungs of mappings are defined otherwise"
    )


def _size(connection: "duckdb.DuckDBPyConnection", part: Path) -> tuple[int, int]:
    """How many rows a part says it has, and how many bytes they take when they are read."""
    # Of more row groups than a part ever has, it is not asked how large they are.
    (told,) = connection.execute(
        "SELECT num_rows, num_row_groups FROM parquet_file_metadata($1)", [str(part)]
    ).fetchall()
    if told[1] > MOST_ROW_GROUPS:
        raise FileFormatError(f"{part}: has {told[1]:,} row groups; a part has at most {MOST_ROW_GROUPS}")
    ((size,),) = connection.execute(
        "SELECT coalesce(sum(total_uncompressed_size), 0) FROM parquet_metadata($1)", [str(part)]
    ).fetchall()
    return told[0], int(size)


def _check_columns(part: Path, found: Mapping[str, str]) -> None:
    """Raises FileFormatError when columns are not those that are written, in order and type."""
    wanted = {name: kind for name, (kind, _) in COLUMNS.items()}
    written = [
        [one for one in wanted.items() if one[0] not in lacking]
        for lacking in ((), OF_TRANSFORMERS, {**LAST_COLUMNS, **OF_TRANSFORMERS}, LATER_COLUMNS)
    ]
    if list(found.items()) in written:
        return
    what = "their order is another"
    for name, kind in found.items():
        if wanted.get(name) != kind:
            what = f"{cut(name)} is {cut(kind)[1:-1]} and should be {wanted.get(name, 'left out')}"
            break
    missing = [name for name in wanted if name not in found]
    if missing:
        what = f"{missing[0]} is missing"
    raise FileFormatError(f"{part}: its columns are not those that everyhow writes: {what}")


def _metadata(connection: "duckdb.DuckDBPyConnection", part: Path) -> dict[str, str]:
    found = connection.execute(
        f"SELECT key, value FROM parquet_kv_metadata($1) LIMIT {MOST_KEYS}", [str(part)]
    ).fetchall()
    return {key.decode(errors="replace"): value.decode(errors="replace") for key, value in found}


def check_values(rows: Iterable[dict[str, Any]]) -> None:
    """Check that the values of rows are such as everyhow writes, whoever wrote them.

    Raises:
        InputError: a count below 0 or one that is not a number, an unknown status, a network outside the
            folder, or shares that are not shares; the message names the column and the row.
    """
    for number, row in enumerate(rows):
        for name in COUNTS:
            if row.get(name) is not None and not row[name] >= 0:
                raise InputError(f"{name} is {row[name]} in row {number}; it must be a number of at least 0")
        if row.get("status") not in STATUS:
            raise InputError(f"status is {quoted(row.get('status'))} in row {number}; it must be {', '.join(STATUS)}")
        if row.get("network") is not None and not re.fullmatch(NETWORK, row["network"]):
            raise InputError(f"network is {quoted(row['network'])} in row {number}; it must be a name in networks/")
        if row.get("behavior") is not None and not re.fullmatch(BEHAVIOR, row["behavior"]):
            raise InputError(f"behavior is {quoted(row['behavior'])} in row {number}; it must be a name in behaviors/")
        shares = row.get("overlap_histogram")
        if shares is not None and not (0 < len(shares) <= 1000 and all(is_number(one, 0, 1) for one in shares)):
            raise InputError(f"overlap_histogram is {quoted(shares)} in row {number}; it must be shares from 0 to 1")


def write_rows(path: Path, rows: Sequence[dict[str, Any]], metadata: dict[str, str]) -> None:
    """Write rows under a temporary name beside `path`, then rename."""
    import duckdb

    unknown = {key for row in rows for key in row} - set(COLUMNS)
    assert not unknown, f"rows have columns that are not described: {unknown}"
    columns = ", ".join(f'"{name}" {kind}' for name, (kind, _) in COLUMNS.items())
    # A list for each column: numbers one by one take DuckDB many times as long.
    lists = ", ".join(f"unnest(?::{kind}[])" for kind, _ in COLUMNS.values())
    named = ", ".join(f"{key}: '{value}'" for key, value in metadata.items())
    # Under the temporary name at once, not under another one first.
    options = f"FORMAT parquet, USE_TMP_FILE false, COMPRESSION zstd, KV_METADATA {{{named}}}"
    with replacing(path, "what is finished stays") as temporary:
        try:
            with _writing().cursor() as connection:
                connection.execute(f"CREATE TEMP TABLE results ({columns})")
                for start in range(0, len(rows), ROWS_AT_ONCE):
                    some = rows[start : start + ROWS_AT_ONCE]
                    values = [[row.get(name) for row in some] for name in COLUMNS]
                    connection.execute(f"INSERT INTO results SELECT {lists}", values)
                connection.execute(f"COPY results TO '{_quoted(str(temporary))}' ({options})")
        except duckdb.Error as error:
            raise FileFormatError(f"{path}: cannot write ({first_line(error)}); what is finished stays") from None


@functools.cache
def _writing() -> "duckdb.DuckDBPyConnection":
    """The database, without tables, that parts are written by: a new one takes as long as a part."""
    import duckdb

    return duckdb.connect()


def _quoted(text: str) -> str:
    return text.replace("'", "''")
