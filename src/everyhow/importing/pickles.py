"""What a pickle describes, as plain values: read like a list of instructions, of which none is carried out.

A pickle is a program for a small stack machine. Here the machine only puts values together: a function that the pickle
would call becomes a `Call` that says so, and a name that it would import becomes a `Name`. Nothing is ever imported, so
that a checkpoint may hold any objects beside its tensors; a call of `os.system` is a `Call` like others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.errors import InputError


@dataclass(frozen=True)
class Name:
    """Something that the pickle would import, such as `torch.FloatStorage`."""

    text: str


@dataclass(frozen=True, eq=False)
class Call:
    """A call that the pickle would make; what it would be given besides, by key, stands in `items`."""

    function: Any
    arguments: tuple[Any, ...]
    items: dict[Any, Any]


@dataclass(frozen=True, eq=False)
class Stored:
    """A value that lies outside the pickle, by its key."""

    key: Any


def described(content: bytes) -> Any:
    """The value that a pickle describes.

    Raises:
        InputError: it uses an instruction that no pickle of a checkpoint needs, or is broken.
    """
    import pickletools

    machine = _Machine()
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


def items_of(value: Any) -> Mapping[Any, Any] | None:
    """What a dictionary of any kind holds by key; None of everything else.

    Example:
        >>> items_of(Call(Name("collections.OrderedDict"), (), {"epoch": 3})), items_of([3])
        ({'epoch': 3}, None)
    """
    if isinstance(value, Call) and (value.items or value.function == Name("collections.OrderedDict")):
        return value.items
    return value if isinstance(value, dict) else None


def kind_of(value: Any) -> str:
    """What a described value is, in a few words.

    Example:
        >>> kind_of(Call(Name("argparse.Namespace"), (), {})), kind_of(3)
        ('an object of argparse.Namespace', 'a value of type int')
    """
    if items_of(value) is not None:
        return "a dictionary"
    if isinstance(value, Call):
        return f"an object of {value.function.text[:120] if isinstance(value.function, Name) else 'an unknown kind'}"
    if isinstance(value, Name):
        return f"the name {value.text[:120]}"
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        stack = self.stack
        match name:
            case "PROTO" | "FRAME":
                pass
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "LONG4" | "BINFLOAT":
                stack.append(argument)
            case "BINUNICODE" | "SHORT_BINUNICODE" | "BINUNICODE8" | "BINSTRING" | "SHORT_BINSTRING":
                stack.append(argument)
            case "BINBYTES" | "SHORT_BINBYTES" | "BINBYTES8" | "BYTEARRAY8":
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
            case "POP":
                stack.pop()
            case "POP_MARK":
                self.since_mark()
            case "GLOBAL":
                stack.append(Name(argument.replace(" ", ".", 1)))
            case "STACK_GLOBAL":
                attribute, module = stack.pop(), stack.pop()
                if not isinstance(attribute, str) or not isinstance(module, str):
                    raise InputError("its pickle imports something whose name is not a text")
                stack.append(Name(f"{module}.{attribute}"))
            case "EMPTY_TUPLE":
                stack.append(())
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST" | "EMPTY_SET":
                stack.append([])
            case "TUPLE":
                stack.append(tuple(self.since_mark()))
            case "FROZENSET":
                stack.append(self.since_mark())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack[-int(name[-1]) :] = [tuple(stack[-int(name[-1]) :])]
            case "APPEND":
                self.put_values([stack.pop()])
            case "APPENDS" | "ADDITEMS":
                self.put_values(self.since_mark())
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                self.put_items([key, value])
            case "SETITEMS":
                self.put_items(self.since_mark())
            case "BINPERSID":
                stack.append(Stored(stack.pop()))
            case "REDUCE" | "NEWOBJ":
                arguments, function = stack.pop(), stack.pop()
                if not isinstance(arguments, tuple):
                    raise InputError("its pickle calls something with arguments that are not a tuple")
                stack.append(Call(function, arguments, {}))
            case "NEWOBJ_EX":
                _, arguments, function = stack.pop(), stack.pop(), stack.pop()
                stack.append(Call(function, arguments, {}))
            case "BUILD":
                stack.pop()  # what the object would be given as attributes; none is needed
            case _:
                raise InputError(f"its pickle has the instruction {name}, which a checkpoint does not need")

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def put_values(self, values: list[Any]) -> None:
        """Put values into the list on top of the stack; those of a list-like object are not needed."""
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(values)

    def put_items(self, values: list[Any]) -> None:
        """Put keys and values into the dictionary, or dictionary-like object, on top of the stack."""
        top = self.stack[-1]
        keys = map(_hashable, values[::2])
        (top.items if isinstance(top, Call) else top).update(zip(keys, values[1::2], strict=True))


def _hashable(key: Any) -> Any:
    """The key, if it is of few small parts; else something in its place: hashing or showing it could take for ever."""
    parts = key if isinstance(key, tuple) else (key,)
    plain = all(part is None or isinstance(part, str | bytes | int | float) for part in parts)
    return key if plain and all(abs(part) < 2**63 for part in parts if isinstance(part, int)) else Stored(None)
