"""The folder of a sweep: plain files, written once, that need no lock and no database."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, InputError
from ..files import write_atomically
from .plan import Block, Plan, plan_of
from .rows import COLUMNS, digest_of, read_metadata, read_rows, write_rows
from .work import BlockResult

# 2: the rung `transitive`, trivial survivors apart, and `inert` by which unmapped neurons may carry what is still read.
SCHEMA_VERSION = 2
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
            FileFormatError: there is none, or its plan cannot be read or is not the one it was begun with.
        """
        import tomllib

        path = Path(folder)
        begun_with = _begun_with(path)
        try:
            plan = plan_of(tomllib.loads((path / "plan.toml").read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise FileFormatError(f"{path / 'plan.toml'}: not a plan ({error})") from None
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
        found = set()
        for block in self.plan.blocks():
            if self.part(block).exists():
                self._check(block)
                found.add(block.index)
        return found

    def write(self, block: Block, result: BlockResult) -> None:
        """Write a block's networks and then its rows; once its part is there the block is finished.

        Raises:
            FileFormatError: something cannot be written, such as on a full disk; what is finished stays.
        """
        if not _are_of(block, result.rows):
            raise RuntimeError(f"what was computed for block {block.index} is not what it asks for")
        for name, content in result.networks.items():
            write_atomically(self.folder / "networks" / f"{name}.safetensors", content)
        metadata = {
            "digest": digest_of(result.rows), "plan": self.plan.digest, "schema": str(SCHEMA_VERSION),
            **{f"version_{name}": found or "" for name, found in _versions().items()},
        }  # fmt: skip
        write_rows(self.part(block), result.rows, metadata)

    def close(self) -> str | None:
        """The digest of the results, recorded in run.json; None while blocks are missing."""
        digest = self.digest()
        self._write_run(digest, sum(self.part(block).exists() for block in self.plan.blocks()))
        return digest

    def digest(self) -> str | None:
        """A hash of the plan and of all results but the time they took; None while blocks are missing."""
        parts = [self.part(block) for block in self.plan.blocks()]
        if not all(part.exists() for part in parts):
            return None
        digests = [read_metadata(part)["digest"] for part in parts]
        return hashlib.sha256("".join([f"schema {SCHEMA_VERSION}", self.plan.digest, *digests]).encode()).hexdigest()

    def _check(self, block: Block) -> None:
        """Raises FileFormatError when the part of a block is not what was written."""
        part = self.part(block)
        again = f"delete it and run again with --resume: only its {len(block.replicates)} networks are computed again"
        try:
            stored = read_metadata(part)
            if stored.get("schema") not in (None, str(SCHEMA_VERSION)):
                raise FileFormatError(f"{part}: {_other_version(stored.get('version_everyhow'), stored['schema'])}")
            rows = read_rows(part)
        except FileFormatError as error:
            raise FileFormatError(f"{error}; {again}") from None
        if stored.get("digest") != digest_of(rows):
            raise FileFormatError(f"{part}: damaged, its rows are not those that were written; {again}")
        if stored.get("plan") != self.plan.digest or not _are_of(block, rows):
            raise FileFormatError(f"{part}: not the part of this plan that its name says; {again}")

    def _write_description(self) -> None:
        write_atomically(self.folder / "README.md", readme(self.plan).encode())
        write_atomically(self.folder / "plan.toml", self.plan.toml().encode())

    def _write_run(self, digest: str | None, finished: int) -> None:
        path = self.folder / "run.json"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        here = {"versions": _versions(), "machine": platform.machine(), "system": platform.system()}
        # Where it was begun stays; each part says what it was made with.
        begun = json.loads(path.read_text("utf-8")) if path.is_file() else {"begun": now, **here}
        document = {
            "schema_version": SCHEMA_VERSION,
            "name": self.plan.name,
            "plan_digest": self.plan.digest,
            "digest": digest,
            "blocks": sum(1 for _ in self.plan.blocks()),
            "blocks_finished": finished,
            "networks": self.plan.networks,
            **{key: begun[key] for key in ("begun", "versions", "machine", "system")},
            "last_written": now,
        }
        write_atomically(path, json.dumps(document, indent=1).encode())


def _are_of(block: Block, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether rows are those that a block asks for."""
    checkpoints = len(block.setting.training.checkpoints) or 1
    wanted = {
        (block.point, block.setting.identity(replicate), preset)
        for replicate in block.replicates
        for preset in block.presets
    }
    outputs = block.setting.task_of(0).outputs
    found = {(row["point"], row["identity"], row["preset"]) for row in rows}
    return found == wanted and len(rows) == len(wanted) * checkpoints * outputs


def _versions() -> dict[str, str | None]:
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def _begun_with(folder: Path) -> str:
    """The digest of the plan that the sweep in a folder was begun with.

    Raises:
        FileFormatError: it is not the folder of a sweep, or one that another version ran.
    """
    try:
        run = json.loads((folder / "run.json").read_text("utf-8"))
        digest, schema, version_ = run["plan_digest"], run["schema_version"], run["versions"]["everyhow"]
    except (OSError, ValueError, KeyError, TypeError):
        raise FileFormatError(f"{folder}: not the folder of a sweep (no run.json that names its plan)") from None
    if schema != SCHEMA_VERSION:
        raise FileFormatError(
            f"{folder}: {_other_version(version_, schema)}; the results stay as they are, and DuckDB, pandas or polars "
            f"read results/*.parquet; to have them by this version, run {folder / 'plan.toml'} into a new folder"
        )
    return digest


def _other_version(version_: object, schema: object) -> str:
    """What a folder or part of another schema is, and why its numbers are not put beside those of this one."""
    return (
        f"written by everyhow {version_} as schema {schema} of sweeps; this one reads and writes schema "
        f"{SCHEMA_VERSION}, where rungs of mappings are defined otherwise"
    )


def _holds_something(folder: Path) -> bool:
    """Whether there is anything but what an interrupted writing leaves."""
    return any(not path.name.endswith(".part") for path in folder.iterdir())


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
    described = "\n".join(f"| `{name}` | {kind} | {text} |" for name, (kind, text) in COLUMNS.items())
    return f"""# {plan.name}{": " + plan.title if plan.title else ""}

A sweep: {plan.networks:,} networks at {len(plan.points):,} points, explained by {" and ".join(plan.presets)}.

- `plan.toml`: what was asked; nothing else decides the results.
- `run.json`: where and with which versions it was begun, how many blocks were finished when a run last ended, and the
  digest of the results once all are. Each part names the versions that it was made with.
- `networks/IDENTITY.safetensors`: every trained network, kept or not; a checkpoint is `IDENTITY-EPOCH.safetensors`.
  `everyhow audit TASK --network FILE` shows all about one of them.
- `results/part-*.parquet`: the rows, one file per block of networks, each written once. One row per network (and
  checkpoint), output and preset. Networks that were not explained are rows too, with the reason.

Read the rows with any of

```python
duckdb.sql("SELECT * FROM 'results/*.parquet'")
pandas.read_parquet("results")
polars.read_parquet("results/*.parquet")
```

or `everyhow query FOLDER "SELECT ... FROM results"`. A file that is deleted is computed again, alone, by
`everyhow sweep FOLDER/plan.toml --out FOLDER --resume`. The digest leaves out the column `seconds` only.

| column | type | meaning |
|---|---|---|
{described}
"""
