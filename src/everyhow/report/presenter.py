"""What the values of the library are made visible by: the one thing of the report that rooms below it are handed."""

from .audit_drawings import audit_drawings as drawings
from .audit_tables import audit_tables as tables
from .headline import headline as summary
from .headline import wrapped
from .notebook import bundle, picture_of
from .page.html import write_report as report

__all__ = ["bundle", "drawings", "picture_of", "report", "summary", "tables", "wrapped"]
