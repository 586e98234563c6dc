"""From a sweep down to one of its networks: which there are, and its audit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..auditing.asked import Questions
from ..auditing.audit import Audit
from ..auditing.explaining import audit
from ..auditing.provenance import network_digest
from ..common.errors import FileFormatError, InputError
from ..importing.load import load
from .results import Sweep


@dataclass(frozen=True)
class KeptNetwork:
    """A network of a sweep that was explained.

    Attributes:
        name: of its file in networks/, without the ending: its identity, and for a checkpoint its epoch.
        file: that file's name.
        setting: the label of its setting.
        replicate: which of the setting's networks, from 0.
        task: what it learned, outputs joined by commas.
        sha256: digest of what its file holds.
        what: by which it is audited: the task as its kind of model has it.
        asked: what the sweep asks of it, in the preset paper.
    """

    name: str
    file: str
    setting: str
    replicate: int
    task: str
    sha256: str
    what: Any
    asked: Questions


def kept_networks(sweep: Sweep, wanted: Sequence[str] = ()) -> list[KeptNetwork]:
    """The networks that were explained: the first of every setting, then the second, and so on; or those wanted, each
    at every setting that it was explained at.

    Args:
        sweep: the sweep.
        wanted: names, or how they begin.

    Raises:
        InputError: a name that none or several of the networks begin with.
    """
    rows = sweep.query(
        "SELECT DISTINCT network, setting, replicate, trained_task, network_sha256, point, epoch FROM results "
        "WHERE status = 'explained' AND network IS NOT NULL "
        "ORDER BY replicate, point, epoch"
    ).rows
    # A network of several presets was explained more than once; one of several settings, asked other questions, too.
    points = sweep.plan.points
    found = []
    for file, setting, replicate, task, sha256, point, _ in rows:
        what, asked = points[point].task_of(points[point].seed(replicate)), points[point].questions("paper")
        found.append(KeptNetwork(Path(file).stem, file, setting, replicate, task, sha256, what, asked))
    if not wanted:
        return found
    chosen = []
    for start in wanted:
        fitting = [one for one in found if one.name.startswith(start)]
        names = {one.name for one in fitting}
        if len(names) != 1:
            many = f"{len(names)} networks begin" if names else "no network that was explained begins"
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
        path = Path(sweep.folder) / "networks" / one.file
        network = load(path)
        if network_digest(network) != one.sha256:
            raise FileFormatError(f"{path}: not the network that the results are of; its digest differs")
        yield one, audit(network, one.what, budget=sweep.plan.budget, **vars(one.asked))
