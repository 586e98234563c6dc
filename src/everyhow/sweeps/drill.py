"""From a sweep down to one of its networks: which there are, and its audit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..auditing.asked import Questions
from ..auditing.audit import Audit
from ..auditing.explaining import audit
from ..common.errors import FileFormatError, InputError
from ..importing.load import load
from .results import Sweep


@dataclass(frozen=True)
class KeptNetwork:
    """A network of a sweep that was explained.

    Attributes:
        name: of its file in networks/, without the ending: its identity, and for a checkpoint its epoch.
        setting: the label of its setting.
        replicate: which of the setting's networks, from 0.
        task: what it learned, outputs joined by commas.
        sha256: digest of its weights, biases and activations.
        asked: what the sweep asks of it, in the preset paper.
    """

    name: str
    setting: str
    replicate: int
    task: str
    sha256: str
    asked: Questions


def kept_networks(sweep: Sweep, wanted: Sequence[str] = ()) -> list[KeptNetwork]:
    """The networks that were explained: the first of every setting, then the second, and so on; or those wanted.

    Args:
        sweep: the sweep.
        wanted: names, or how they begin.

    Raises:
        InputError: a name that none or several of the networks begin with.
    """
    rows = sweep.query(
        "SELECT DISTINCT replace(network, '.safetensors', ''), setting, replicate, trained_task, network_sha256, "
        "point, epoch FROM results WHERE status = 'explained' AND network IS NOT NULL "
        "ORDER BY replicate, point, epoch"
    ).rows
    # A network of several presets was explained more than once.
    points = sweep.plan.points
    found: dict[str, KeptNetwork] = {}
    for name, setting, replicate, task, sha256, point, _ in rows:
        found[name] = KeptNetwork(name, setting, replicate, task, sha256, points[point].questions("paper"))
    if not wanted:
        return list(found.values())
    chosen = []
    for start in wanted:
        fitting = [one for one in found.values() if one.name.startswith(start)]
        if len(fitting) != 1:
            many = f"{len(fitting)} networks begin" if fitting else "no network that was explained begins"
            raise InputError(
                f"{many} with {start!r}; ask for names by everyhow query {sweep.folder} "
                "\"SELECT network, setting FROM results WHERE status = 'explained'\""
            )
        chosen += fitting
    return chosen


def audits(sweep: Sweep, networks: Sequence[KeptNetwork]) -> Iterator[tuple[KeptNetwork, Audit]]:
    """Each network with its audit by the preset paper: what the sweep asks, within its budget.

    Raises:
        FileFormatError: its file is missing, or is not the network that was explained.
    """
    for one in networks:
        path = Path(sweep.folder) / "networks" / f"{one.name}.safetensors"
        found = audit(load(path), one.task, budget=sweep.plan.budget, **vars(one.asked))
        if found.provenance["network_sha256"] != one.sha256:
            raise FileFormatError(f"{path}: not the network that the results are of; its digest differs")
        yield one, found
