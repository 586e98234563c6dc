"""Stored measurements as tables, with the machine that they were made on."""

from .markup import FromMarkdown


class Benchmark(FromMarkdown):
    """A stored run of the benchmarks."""

    required_arguments = 1

    def markdown(self) -> str:
        return ""
