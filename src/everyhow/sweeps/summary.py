"""Everything that is shown of a sweep, computed once."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .comparisons import Contrast, Effect, Trend, contrasts, effects, trends
from .plan import Level
from .published import Beside, beside_published
from .results import Sweep
from .statistics import Distribution, Sample, Survivors, distributions, samples, survivors
from .work import REASONS_JOINED_BY


@dataclass(frozen=True)
class Summary:
    """What a sweep found.

    Attributes:
        name: of the experiment.
        digest: of the results; None while blocks are missing.
        levels: the value of every swept option at each setting, by the setting's label.
        samples: networks of each setting, and what became of them.
        survivors: by rung of the ladder.
        spreads: the distribution of each count, by setting.
        trends: of each count with a swept option that is a number.
        contrasts: of each count between values of one that is not.
        effects: of several swept options, each alone and every two together.
        beside: published numbers and ours.
        reasons: why outputs were not explained or counts are missing, and how many outputs each holds for.
    """

    name: str
    digest: str | None
    levels: Mapping[str, Mapping[str, Level]]
    samples: tuple[Sample, ...]
    survivors: tuple[Survivors, ...]
    spreads: tuple[Distribution, ...]
    trends: tuple[Trend, ...]
    contrasts: tuple[Contrast, ...]
    effects: tuple[Effect, ...]
    beside: tuple[Beside, ...]
    reasons: tuple[tuple[str, int], ...]

    def document(self) -> dict[str, Any]:
        """The summary as one JSON document; what is told of a setting has the value of every swept option as well."""
        document = asdict(self, dict_factory=_without_sql)
        for name in ("samples", "survivors", "spreads"):
            document[name] = [
                {"setting": one["setting"], **self.levels[one["setting"]], **one} for one in document[name]
            ]
        return document

    @property
    def options(self) -> tuple[str, ...]:
        """The swept options."""
        return tuple(next(iter(self.levels.values()), ()))


def summarize(sweep: Sweep) -> Summary:
    """What a sweep found.

    Raises:
        InputError: it has no results yet.
    """
    fitted = trends(sweep)
    return Summary(
        sweep.plan.name,
        sweep.digest,
        sweep.levels,
        samples(sweep),
        survivors(sweep),
        distributions(sweep),
        fitted,
        contrasts(sweep, fitted),
        effects(sweep),
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
