"""The folder of a sweep: plain files, written once, that need no lock and no database."""

import functools
import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.errors import FileFormatError, InputError
from ..common.files import write_atomically
from ..common.one_run import RUNNING
from ..common.reading import naming, read_document, read_toml, typed
from .plan import MOST_BYTES, Block, Plan, plan_of
from .rows import COLUMNS, SCHEMA_VERSION, check_values, digest_of, other_version, read_part, reading, write_rows
from .work import BlockResult

if TYPE_CHECKING:
    import duckdb

# What run.json says of the beginning, and keeps.
BEGUN: dict[str, Any] = {
    "schema_version": int, "plan_digest": str, "begun": str, "versions": dict[str, str | None], "machine": str,
    "system": str,
}  # fmt: skip
PACKAGES = ("everyhow", "numpy", "numba", "torch", "dask", "duckdb", "safetensors")


@dataclass(frozen=True)
class Store:
    """The folder of a sweep and the plan that it holds."""

    folder: Path
    plan: Plan

    @staticmethod
    def create(folder: str | Path, plan: Plan) -> "Store":
        """A new folder for a plan.

        Raises:
            InputError: the folder holds something already, or cannot be written to.
        """
        path = Path(folder)
        if (path / "run.json").is_file():
            raise InputError(f"{path} holds a sweep already; go on with it by --resume, or give a new folder")
        if path.exists() and (not path.is_dir() or _holds_something(path)):
            raise InputError(f"{path} exists and is not a sweep (it has no run.json); give a new folder")
        store = Store(path, plan)
        # First, so that whatever interrupts the rest leaves a folder that says whose it is.
        store._write_run(None, 0)
        store._write_description()
        return store

    @staticmethod
    def open(folder: str | Path) -> "Store":
        """The sweep in a folder, finished or not.

        Raises:
            FileFormatError: the folder holds no sweep, or a plan that cannot be read or is not the one it was begun
            with.
        """
        path = Path(folder)
        begun_with = _begun_with(path)
        try:
            plan = plan_of(read_toml(path / "plan.toml", "a plan", MOST_BYTES))
        except FileFormatError as error:
            raise FileFormatError(f"{error}; it was written when the sweep was begun: restore it") from None
        except InputError as error:
            raise FileFormatError(f"{path / 'plan.toml'}: not a plan ({error}); restore it") from None
        if plan.digest != begun_with:
            raise FileFormatError(
                f"{path / 'plan.toml'}: not the plan that this sweep was begun with; restore it, or run the changed "
                f"plan into a new folder: the results here stay as they are"
            )
        return Store(path, plan)

    @staticmethod
    def resume(folder: str | Path, plan: Plan) -> "Store":
        """The sweep of a plan that was begun in a folder; a new one where nothing was begun.

        Raises:
            InputError: the folder holds the sweep of another plan, or something else.
        """
        path = Path(folder)
        if not (path / "run.json").is_file():
            return Store.create(folder, plan)
        if not (path / "plan.toml").exists() and _begun_with(path) == plan.digest:
            Store(path, plan)._write_description()
        store = Store.open(folder)
        if store.plan.digest != plan.digest:
            raise InputError(
                f"{path} holds the sweep of another plan ({_difference(store.plan, plan)}); give a new folder, or the "
                f"plan {path / 'plan.toml'}: nothing was changed"
            )
        return store

    def part(self, block: Block) -> Path:
        """The file that holds a block's rows."""
        return self.folder / "results" / f"part-{block.index:05d}.parquet"

    def finished(self) -> set[int]:
        """The indices of the blocks whose part is there and whole.

        Raises:
            FileFormatError: a part is damaged or is not of this plan; the message names it.
        """
        return set(self.digests())

    def digests(self) -> dict[int, str]:
        """The digest of each part that is there and whole, by the index of its block.

        Raises:
            FileFormatError: a part is damaged or is not of this plan; the message names it.
        """
        with naming(self.folder), reading() as connection:
            return {
                block.index: self._checked(block, connection)
                for block in self.plan.blocks()
                if self.part(block).exists()
            }

    def write(self, block: Block, result: BlockResult) -> None:
        """Write a block's networks and then its rows; once its part is there the block is finished.

        Raises:
            FileFormatError: something cannot be written, such as on a full disk; what is finished stays.
        """
        if not _are_of(block, result.rows):
            raise RuntimeError(f"what was computed for block {block.index} is not what it asks for")
        for name, content in result.networks.items():
            write_atomically(self.folder / "networks" / name, content)
        metadata = {
            "digest": digest_of(result.rows), "plan": self.plan.digest, "schema": str(SCHEMA_VERSION),
            **{f"version_{name}": found or "" for name, found in _versions().items()},
        }  # fmt: skip
        write_rows(self.part(block), result.rows, metadata)

    def close(self) -> dict[int, str]:
        """Record the digest of the results in run.json; returns those of the parts, as `digests` does."""
        digests = self.digests()
        self._write_run(self.digest_of(digests), len(digests))
        return digests

    def digest_of(self, digests: Mapping[int, str]) -> str | None:
        """A hash of the plan and of all results but the time they took, from the digests of the parts; None while
        blocks are missing."""
        if len(digests) < sum(1 for _ in self.plan.blocks()):
            return None
        joined = "".join([f"schema {SCHEMA_VERSION}", self.plan.digest, *(digests[index] for index in sorted(digests))])
        return hashlib.sha256(joined.encode()).hexdigest()

    def _checked(self, block: Block, connection: "duckdb.DuckDBPyConnection") -> str:
        """The digest of a block's part.

        Raises:
            FileFormatError: it is not what was written.
        """
        part = self.part(block)
        again = f"delete it and run again with --resume: only its {len(block.replicates)} networks are computed again"
        try:
            found = read_part(connection, part, _rows_of(block))
            check_values(found.rows)
        except FileFormatError as error:
            raise FileFormatError(f"{error}; {again}") from None
        except InputError as error:
            raise FileFormatError(f"{part}: damaged, {error}; {again}") from None
        digest = digest_of(found.rows)
        if found.metadata.get("digest") != digest:
            raise FileFormatError(f"{part}: damaged, its rows are not those that were written; {again}")
        if found.metadata.get("plan") != self.plan.digest or not _are_of(block, found.rows):
            raise FileFormatError(f"{part}: not the part of this plan that its name says; {again}")
        return digest

    def _write_description(self) -> None:
        for name, content in self.plan.behaviors().items():
            write_atomically(self.folder / "behaviors" / name, content)
        write_atomically(self.folder / "README.md", readme(self.plan).encode())
        write_atomically(self.folder / "plan.toml", self.plan.toml().encode())

    def _write_run(self, digest: str | None, finished: int) -> None:
        path = self.folder / "run.json"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        here = {"versions": _versions(), "machine": platform.machine(), "system": platform.system()}
        # Where it was begun stays; each part says what it was made with.
        begun = {"begun": now, **here, **(_run_document(self.folder) if path.is_file() else {})}
        document = {
            "schema_version": SCHEMA_VERSION,
            "name": self.plan.name,
            "plan_digest": self.plan.digest,
            "digest": digest,
            "blocks": sum(1 for _ in self.plan.blocks()),
            "blocks_finished": finished,
            "networks": self.plan.networks,
            **{key: begun[key] for key in BEGUN if key not in ("plan_digest", "schema_version")},
            "last_written": now,
        }
        write_atomically(path, json.dumps(document, indent=1).encode())


def _are_of(block: Block, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether rows are those that a block asks for."""
    wanted = {
        (block.point, replicate, block.setting.identity(replicate), preset, output)
        for replicate in block.replicates
        for preset in block.presets
        for output in range(block.setting.outputs_at_most)
    }
    columns = ("point", "replicate", "identity", "preset", "output")
    if len(rows) != _rows_of(block) or {tuple(row.get(name) for name in columns) for row in rows} != wanted:
        return False
    checkpoints = block.setting.training.checkpoints
    epochs = {(*(row[name] for name in columns), row.get("epoch")) for row in rows}
    return len(epochs) == len(rows) and (not checkpoints or {key[-1] for key in epochs} == set(checkpoints))


def _rows_of(block: Block) -> int:
    """How many rows a block asks for."""
    checkpoints = len(block.setting.training.checkpoints) or 1
    return len(block.replicates) * len(block.presets) * block.setting.outputs_at_most * checkpoints


def _versions() -> dict[str, str | None]:
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def _begun_with(folder: Path) -> str:
    """The digest of the plan that the sweep in a folder was begun with.

    Raises:
        FileFormatError: it is not the folder of a sweep, or one that another version ran.
    """
    run = _run_document(folder)
    schema = run.get("schema_version", SCHEMA_VERSION)
    if schema != SCHEMA_VERSION:
        written = run.get("versions", {}).get("everyhow")
        raise FileFormatError(
            f"{folder}: {other_version(written, schema)}; the results stay as they are, and DuckDB, pandas or polars "
            f"read results/*.parquet; to have them by this version, run {folder / 'plan.toml'} into a new folder"
        )
    return run["plan_digest"]


def _run_document(folder: Path) -> dict[str, Any]:
    """What run.json says of where and with what a sweep was begun.

    Raises:
        FileFormatError: there is no run.json, or it does not say so.
    """
    path = folder / "run.json"
    if not path.is_file():
        raise FileFormatError(f"{folder}: not the folder of a sweep (no run.json that names its plan)")
    document = read_document(path, "what a sweep says of itself", MOST_BYTES)
    with naming(path):
        if not isinstance(document.get("plan_digest"), str):
            raise InputError("not the folder of a sweep (no run.json that names its plan); plan_digest is not a text")
        return {key: typed(document[key], kind, key) for key, kind in BEGUN.items() if key in document}


def _holds_something(folder: Path) -> bool:
    """Whether there is anything but what an interrupted writing leaves, and what says that a run writes here."""
    return any(not path.name.endswith(".part") and path.name != RUNNING for path in folder.iterdir())


@functools.cache
def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _difference(one: Plan, other: Plan) -> str:
    """What differs first between two plans, in words."""
    for name in ("seeds", "presets", "budget", "exact_up_to"):
        if getattr(one, name) != getattr(other, name):
            return f"{name} {getattr(one, name)!r} there, {getattr(other, name)!r} here"
    return f"{len(one.points)} points there, {len(other.points)} here, not all the same"


def readme(plan: Plan) -> str:
    """What the files of a sweep are, for whoever finds the folder."""
    behaviors = (
        "- `behaviors/`: the rows of the transformers' tasks, and where their answers are read, in the file that the "
        "column\n  `behavior` names: `everyhow audit FILE --network FILE` explains what a transformer answers there.\n"
        if plan.behaviors()
        else ""
    )
    described = "\n".join(f"| `{name}` | {kind} | {text} |" for name, (kind, text) in COLUMNS.items())
    return f"""# {plan.name}{": " + plan.title if plan.title else ""}

A sweep: {plan.networks:,} networks at {len(plan.points):,} points, explained by {" and ".join(plan.presets)}.

- `plan.toml`: what was asked; nothing else decides the results.
- `run.json`: where and with which versions it was begun, how many blocks were finished when a run last ended, and the
  digest of the results once all are. Each part names the versions that it was made with.
- `networks/IDENTITY.safetensors`: every trained network, kept or not; a checkpoint is `IDENTITY-EPOCH.safetensors`, and
  a transformer ends in `.json`. `everyhow audit TASK --network FILE` shows all about one of them, TASK being its
  `trained_task`.
{behaviors}- `results/part-*.parquet`: the rows, one file per block of networks, each written once. One row per network
  (and checkpoint), output and preset. Networks that were not explained are rows too, with the reason.

Read the rows with any of

```python
duckdb.sql("SELECT * FROM 'results/*.parquet'")
pandas.read_parquet("results")  # needs pyarrow
polars.read_parquet("results/*.parquet")
```

or `everyhow query FOLDER "SELECT ... FROM results"`. A file that is deleted is computed again, alone, by
`everyhow sweep FOLDER/plan.toml --out FOLDER --resume`. The digest leaves out the column `seconds` only.

| column | type | meaning |
|---|---|---|
{described}
"""
