"""What every role in a drawing looks like, in light and in dark; drawings themselves name roles only."""

from dataclasses import dataclass

# Colors by name. Texts have a contrast of at least 4.5 to 1 with the paper, lines and marks of at least 3 to 1; hues
# are those of Okabe and Ito where the contrast allows it, and are never the only thing that tells two roles apart.
LIGHT = {
    "paper": "#ffffff", "ink": "#1c2128", "soft": "#57606a", "line": "#8c959f", "panel": "#f3f5f7",
    "positive": "#0a5fa5", "negative": "#b5430c", "accent": "#0a5fa5", "good": "#176f3c", "bad": "#b3261e",
    "mark": "#3b4654", "variable1": "#0a5fa5", "variable2": "#b5430c", "variable3": "#0b7a5b", "variable4": "#8a3e8c",
    "variable5": "#7d5f00", "variable6": "#5b5fc7",
}  # fmt: skip
DARK = {
    "paper": "#14181d", "ink": "#e8ecf1", "soft": "#a5b0bd", "line": "#6e7a88", "panel": "#1e242b",
    "positive": "#6cb6f5", "negative": "#f59a62", "accent": "#6cb6f5", "good": "#5fce8d", "bad": "#ff8a80",
    "mark": "#c3ccd6", "variable1": "#6cb6f5", "variable2": "#f59a62", "variable3": "#4fd1a5", "variable4": "#dd9be0",
    "variable5": "#dcbb4c", "variable6": "#a6a9ff",
}  # fmt: skip
# A variable beyond the sixth takes the colors from the start again; its number tells it apart.
VARIABLES = 6


@dataclass(frozen=True)
class Style:
    """How a role is painted: colors by name, for lines how they are broken (lengths of dash and gap), and whether the
    stroke lies behind the fill, as a halo around letters does."""

    fill: str | None = None
    stroke: str | None = None
    width: float = 1.0
    dash: tuple[float, ...] = ()
    bold: bool = False
    behind: bool = False


ROLES = {
    "text": Style(fill="ink"),
    "note": Style(fill="soft"),
    "title": Style(fill="ink", bold=True),
    "halo": Style(fill="soft", stroke="paper", width=4.0, behind=True),
    "positive": Style(stroke="positive"),
    "negative": Style(stroke="negative", dash=(5, 3)),
    "plain": Style(stroke="line"),
    "wire": Style(stroke="mark"),
    "axis": Style(stroke="line"),
    "neuron": Style(fill="paper", stroke="ink", width=1.5),
    "input": Style(fill="panel", stroke="ink", width=1.5),
    "level": Style(fill="mark"),
    "look": Style(fill="mark"),
    "slot": Style(fill="panel", stroke="line", width=1.0),
    "shade": Style(fill="accent"),
    "cell": Style(fill="paper", stroke="line", width=0.75),
    "box": Style(fill="panel", stroke="line", width=1.0),
    "bar": Style(fill="accent"),
    "second": Style(fill="paper", stroke="negative", width=1.5),
    "tick": Style(fill="mark", stroke="paper", width=0.75),
    "candidate": Style(stroke="line", dash=(2, 3)),
    "separator": Style(stroke="accent", width=2.5),
    "warning": Style(fill="bad", bold=True),
    **{f"variable{k}": Style(stroke=f"variable{k}", width=3.0) for k in range(1, VARIABLES + 1)},
    **{f"badge{k}": Style(fill=f"variable{k}") for k in range(1, VARIABLES + 1)},
    "badge": Style(fill="paper", bold=True),
}
# A part of a drawing may be set back, or made to stand out.
STATES = {"": 1.0, "dim": 0.13, "half": 0.45}


def variable_role(index: int) -> str:
    """The color of variable `index`, 0 being the first."""
    return f"variable{index % VARIABLES + 1}"


def badge_role(index: int) -> str:
    """The badge of variable `index`, in its color."""
    return f"badge{index % VARIABLES + 1}"


def css() -> str:
    """The roles as style sheet rules over the variables that a page sets for its theme."""
    rules = []
    for role, style in ROLES.items():
        parts = [f"fill:var(--{style.fill})" if style.fill else "fill:none"]
        if style.stroke:
            parts += [f"stroke:var(--{style.stroke})", f"stroke-width:{style.width:g}"]
        if style.dash:
            parts.append("stroke-dasharray:" + " ".join(f"{length:g}" for length in style.dash))
        if style.bold:
            parts.append("font-weight:600")
        if style.behind:
            parts.append("paint-order:stroke")
        rules.append(f".drawing .{role}{{{';'.join(parts)}}}")
    rules += [f'.drawing [data-state="{state}"]{{opacity:{share:g}}}' for state, share in STATES.items() if state]
    return "\n".join(rules)


def theme(colors: dict[str, str]) -> str:
    """The colors as the variables of a style sheet."""
    return ";".join(f"--{name}:{value}" for name, value in colors.items())
