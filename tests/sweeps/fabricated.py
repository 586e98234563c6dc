"""Sweeps made up row by row, so that what is told of them can be checked by hand."""

from everyhow.sweeps.plan import plan_of
from everyhow.sweeps.results import Sweep
from everyhow.sweeps.rows import COLUMNS, read_part, reading
from everyhow.sweeps.settings import flat
from everyhow.sweeps.store import Store
from everyhow.sweeps.work import BlockResult

RUNG_COLUMNS = [
    name for name in COLUMNS if name.startswith(("mappings_", "algorithms_", "circuits_r", "circuits_p", "circuits_h"))
]
TRIVIAL_COLUMNS = [name for name in COLUMNS if name.startswith("trivial_")]


def even_row(point, replicate, output, preset, epoch):
    """What a row says where only its circuits matter: 10 for each point before it, and 1 for each network."""
    return {"perfect_circuits": 10.0 * point + replicate, "overlap_histogram": [0.5, 0.5]}


def fabricate(folder, document, row_of, outputs=1, epochs=(0,)):
    """A finished sweep of a plan whose rows are what `row_of(point, replicate, output, preset, epoch)` says."""
    plan = plan_of(document)
    assert outputs == plan.points[0].task_of(0).outputs
    store = Store.create(folder, plan)
    for block in plan.blocks():
        rows = []
        for replicate in block.replicates:
            for epoch in epochs:
                for output in range(outputs):
                    for preset in plan.presets:
                        head = {
                            "point": block.point, "replicate": replicate, "identity": block.setting.identity(replicate),
                            "output": output, "preset": preset, "epoch": epoch, "status": "explained", "seconds": 0.1,
                            "widths": ",".join(map(str, flat(block.setting)["widths"])), "edges": 18,
                        }  # fmt: skip
                        rows.append(
                            head
                            | dict.fromkeys(RUNG_COLUMNS, 1)
                            | dict.fromkeys(TRIVIAL_COLUMNS, 0)
                            | row_of(block.point, replicate, output, preset, epoch)
                        )
        store.write(block, BlockResult(tuple(rows), {}))
    store.close()
    return Sweep.open(folder)


def read_metadata(part):
    """What a part says of itself."""
    with reading() as connection:
        return read_part(connection, part).metadata
