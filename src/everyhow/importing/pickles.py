"""What a pickle describes, as plain values: read like a list of instructions, of which none is carried out.

A pickle is a program for a small stack machine. Here the machine only puts values together: a function that the pickle
would call becomes a `Call` that says so, and a name that it would import becomes a `Name`.
"""

import pickletools
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from ..errors import InputError


@dataclass(frozen=True)
class Name:
    """Something that the pickle would import, such as `torch.FloatStorage`."""

    text: str


@dataclass(frozen=True, eq=False)
class Call:
    """A call that the pickle would make; what it would be given besides stands in `items`."""

    function: Name
    arguments: tuple
    items: dict


@dataclass(frozen=True, eq=False)
class Stored:
    """A value that lies outside the pickle, by its key."""

    key: Any


def described(content: bytes, allowed: Container[str]) -> Any:
    """The value that a pickle describes, when all that it imports is allowed.

    Raises:
        InputError: it imports another name, uses an instruction that plain data does not need, or is broken.
    """
    machine = _Machine(allowed)
    try:
        for code, argument, _ in pickletools.genops(content):
            if code.name == "STOP":
                return machine.stack.pop()
            machine.step(code.name, argument)
    except InputError:
        raise
    except Exception as error:
        # A broken pickle can fail at any instruction, in any way.
        raise InputError(f"its pickle is broken ({type(error).__name__}: {error})") from None
    raise InputError("its pickle ends too early")


class _Machine:
    def __init__(self, allowed: Container[str]) -> None:
        self.allowed = allowed
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        stack = self.stack
        match name:
            case "PROTO" | "FRAME":
                pass
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT" | "BINUNICODE" | "SHORT_BINUNICODE":
                stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self.memo[argument])
            case "MARK":
                self.marks.append(len(stack))
            case "GLOBAL":
                stack.append(self.name(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                attribute, module = stack.pop(), stack.pop()
                stack.append(self.name(module, attribute))
            case "EMPTY_TUPLE":
                stack.append(())
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "TUPLE":
                stack.append(tuple(self.since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack[-int(name[-1]) :] = [tuple(stack[-int(name[-1]) :])]
            case "APPEND":
                self.put("list", [stack.pop()])
            case "APPENDS":
                self.put("list", self.since_mark())
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                self.put("dict", [key, value])
            case "SETITEMS":
                self.put("dict", self.since_mark())
            case "BINPERSID":
                stack.append(Stored(stack.pop()))
            case "REDUCE":
                arguments, function = stack.pop(), stack.pop()
                if not isinstance(function, Name) or not isinstance(arguments, tuple):
                    raise InputError("its pickle calls something that is no function")
                stack.append(Call(function, arguments, {}))
            case "BUILD":
                stack.pop()  # what the object would be given as attributes; none is needed
            case _:
                raise InputError(f"its pickle has the instruction {name}, which plain data does not need")

    def name(self, module: str, attribute: str) -> Name:
        text = f"{module}.{attribute}"
        if text not in self.allowed:
            raise InputError(f"its pickle imports {text[:120]!r}, which a state dict does not need")
        return Name(text)

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def put(self, kind: str, values: list[Any]) -> None:
        """Put values into the list, or keys and values into the dictionary, on top of the stack."""
        top = self.stack[-1]
        if kind == "list":
            top.extend(values)
        else:
            (top.items if isinstance(top, Call) else top).update(zip(values[::2], values[1::2], strict=True))
