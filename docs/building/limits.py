"""Limits of the program, from the constants that hold them."""

from .markup import FromMarkdown


class Limits(FromMarkdown):
    """Every limit, with what exceeding it does."""

    def markdown(self) -> str:
        return ""
