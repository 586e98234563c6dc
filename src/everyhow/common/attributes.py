"""What editors and notebooks offer of a value when someone presses Tab."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Given = TypeVar("Given")


class PublicNames:
    """A value of which `dir` lists the public names alone: what a person may look at, without what Python adds."""

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.startswith("_")]


class computed(Generic[Given]):  # noqa: N801 (used as `property` is)
    """A property that notebooks may look into: `audit.counts["` and Tab offers the names of the counts.

    IPython evaluates no `property` before it is asked to, since one may do anything. What is marked by this only
    computes, and soon.
    """

    def __init__(self, function: Callable[[Any], Given]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, kind: type, name: str) -> None:
        self.__name__ = name

    @overload
    def __get__(self, value: None, kind: type) -> "computed[Given]": ...

    @overload
    def __get__(self, value: object, kind: type | None = None) -> Given: ...

    def __get__(self, value: object | None, kind: type | None = None) -> "computed[Given] | Given":
        return self if value is None else self.function(value)

    def __set__(self, value: object, given: Any) -> None:
        raise AttributeError(f"{self.__name__} of {type(value).__name__} is computed, and cannot be set")
