"""What the values of the library are made visible by: the one thing of the report that rooms below it are handed."""

from typing import Any

from ..common.display import Picture
from .audit_drawings import audit_drawings as drawings
from .audit_tables import audit_tables as tables
from .headline import headline as summary
from .headline import wrapped
from .page.html import write_report as report

__all__ = ["bundle", "drawings", "picture_of", "report", "summary", "tables", "wrapped"]


# What notebooks show comes from all rooms; pages and tables are made without loading them.
def bundle(value: Any) -> dict[str, str]:
    """A value by media type, for a notebook."""
    from . import notebook

    return notebook.bundle(value)


def picture_of(value: Any) -> Picture:
    """What a notebook shows of a value, as a drawing."""
    from . import notebook

    return notebook.picture_of(value)
