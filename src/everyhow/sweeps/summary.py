"""Everything that is shown of a sweep, computed once."""

import re
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from .published import Beside, beside_published
from .results import Sweep
from .statistics import (
    Contrast,
    Distribution,
    Sample,
    Survivors,
    Trend,
    contrasts,
    distributions,
    samples,
    survivors,
    trends,
)
from .work import REASONS_JOINED_BY


@dataclass(frozen=True)
class Summary:
    """What a sweep found.

    Attributes:
        name: of the experiment.
        digest: of the results; None while blocks are missing.
        samples: networks of each setting, and what became of them.
        survivors: by rung of the ladder.
        spreads: the distribution of each count, by setting.
        trends: of each count with a setting that is a number.
        contrasts: of each count between settings that are not.
        beside: published numbers and ours.
        reasons: why outputs were not explained or counts are missing, and how many outputs each holds for.
    """

    name: str
    digest: str | None
    samples: tuple[Sample, ...]
    survivors: tuple[Survivors, ...]
    spreads: tuple[Distribution, ...]
    trends: tuple[Trend, ...]
    contrasts: tuple[Contrast, ...]
    beside: tuple[Beside, ...]
    reasons: tuple[tuple[str, int], ...]

    def document(self) -> dict[str, Any]:
        """The summary as one JSON document."""
        return asdict(self, dict_factory=_without_sql)


def summarize(sweep: Sweep) -> Summary:
    """What a sweep found.

    Raises:
        InputError: it has no results yet.
    """
    return Summary(
        sweep.plan.name,
        sweep.digest,
        samples(sweep),
        survivors(sweep),
        distributions(sweep),
        trends(sweep),
        contrasts(sweep),
        beside_published(sweep),
        _reasons(sweep),
    )


def _reasons(sweep: Sweep) -> tuple[tuple[str, int], ...]:
    """The reasons of all outputs, the most frequent first, numbers left out so that like ones are counted together."""
    table = sweep.query(
        "SELECT DISTINCT identity, point, epoch, output, coalesce(reason, capped) FROM results "
        "WHERE reason IS NOT NULL OR capped IS NOT NULL"
    )
    found = Counter(
        (*row[:-1], re.sub(r"(?<![\w-])\d[\d,.]*(e[+-]?\d+)?(?![\w-])", "N", part))
        for row in table.rows
        for part in row[-1].split(REASONS_JOINED_BY)
    )
    return tuple(Counter(reason for *_, reason in found).most_common())


def _without_sql(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of a value; of a measure its names, without how it is asked for."""
    found = dict(items)
    return {key: found[key] for key in ("key", "title", "preset")} if "sql" in found else found
