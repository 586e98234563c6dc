"""The experiments that come with the program: their names, what each asks, and what its plan holds."""

from .markup import FromMarkdown


class Experiments(FromMarkdown):
    """A list of every named experiment."""

    def markdown(self) -> str:
        return ""
