"""Every name that `import everyhow as eh` gives, with what it is."""

import inspect

import everyhow

from .markup import FromMarkdown, table


class Door(FromMarkdown):
    """A table of the names, each a link to its place."""

    def markdown(self) -> str:
        """Functions and classes in the order of the alphabet, functions first."""
        names = sorted(set(dir(everyhow)) - {"__version__"}, key=lambda name: (name[0].isupper(), name))
        return table(
            ("name", "what it is"), [(f"{{py:obj}}`eh.{name} <everyhow.{name}>`", first(name)) for name in names]
        )


def first(name: str) -> str:
    """What a docstring says first."""
    return (inspect.getdoc(getattr(everyhow, name)) or "").split("\n\n")[0]
