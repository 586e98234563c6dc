"""Whether the settings of a sweep differ, in a terminal: slopes, contrasts and interactions."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from ...sweeps.comparisons import Contrast, Effect, Trend
from ...sweeps.published import SELDOM
from ...sweeps.statistics import Measure
from ...sweeps.summary import Summary
from ..beside import probability
from ..sweep_tables import TIMES, per, tests
from .columns import Row, in_columns
from .pieces import heading, indented


def compared(summary: Summary, width: int) -> Iterator[RenderableType]:
    """Slopes, contrasts and effects, as far as there are any; titles are the counts."""
    several = len(summary.options) > 1
    held = ", the other options held" if several else ""
    if summary.trends:
        yield heading("Do counts go with a setting?")
        yield indented(Text(f"Slope of log10(1 + count){held}" + _corrected(several) + "."))
        yield indented(_trends(summary.trends, width))
        if any(trend.logarithmic for trend in summary.trends):
            yield indented(Text("Settings at 0 have no logarithm and are left out."))
    if summary.contrasts:
        paired = any(contrast.paired for contrast in summary.contrasts)
        yield heading("Do settings differ?")
        yield indented(Text(f"{tests(paired)}{held}; p corrected by Holm for each count."))
        yield indented(_contrasts(summary.contrasts, width))
        yield indented(Text("larger: how often a network of the second has more than one of the first."))
    if summary.effects:
        yield heading("Does the effect of one setting depend on another?")
        yield indented(
            Text(
                "Analysis of variance of log10(1 + count), type II: a line with × is the interaction of two options, "
                "beyond what each does alone. share: of the variation that nothing else explains. p is not corrected."
            )
        )
        yield indented(_effects(summary.effects, width))
        if len(summary.options) > 2:
            yield indented(Text("Interactions of three options and more are not looked at: they count as chance."))


def _corrected(several: bool) -> str:
    return "; p corrected by Holm for each count" if several else ""


def _trends(found: tuple[Trend, ...], width: int) -> Text:
    several = any(trend.at for trend in found)
    rows = [
        Row((_title(trend.measure),),
            (trend.option, *([trend.at] if several else []), per(trend), f"{trend.slope:.2g}",
             f"{trend.low:.2g} to {trend.high:.2g}", probability(trend.p), f"{trend.networks:,}"),
            4 + several if trend.p < SELDOM else None)
        for trend in found
    ]  # fmt: skip
    names = ("along", *(["at"] if several else []), "per", "slope", "95% interval", "p", "n")
    return in_columns(names, rows, 2 + several, width)


def _contrasts(found: tuple[Contrast, ...], width: int) -> Text:
    several = any(contrast.at for contrast in found)
    rows = [
        Row((_title(contrast.measure),),
            (f"{contrast.option} {contrast.one} → {contrast.other}", *([contrast.at] if several else []),
             f"{contrast.larger:.0%}", probability(contrast.p), _networks(contrast)),
            2 + several if contrast.p < SELDOM else None)
        for contrast in found
    ]  # fmt: skip
    names = ("compared", *(["at"] if several else []), "larger", "p", "n")
    return in_columns(names, rows, 1 + several, width)


def _networks(contrast: Contrast) -> str:
    one, other = contrast.networks
    return f"{one:,}, {other:,}" + " same" * contrast.paired


def _effects(found: tuple[Effect, ...], width: int) -> Text:
    rows = [
        Row((_title(effect.measure),),
            (TIMES.join(effect.options), f"F({effect.freedom[0]}, {effect.freedom[1]:,})", f"{effect.f:.3g}",
             f"{effect.share:.0%}", probability(effect.p), f"{effect.networks:,}"),
            4 if effect.p < SELDOM else None)
        for effect in found
    ]  # fmt: skip
    return in_columns(("effect", "", "F", "share", "p", "n"), rows, 1, width)


def _title(measure: Measure) -> str:
    return f"{measure.title}, preset {measure.preset}"
