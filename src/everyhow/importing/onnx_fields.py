"""The fields of a serialized message, counted before it is parsed: parsing millions of them takes minutes."""

from typing import Any

from ..common.errors import InputError

CUT_OFF = "not an ONNX file, or cut off; export it again"


def check_fields(content: bytes, message: Any, most: int) -> None:
    """See that a message, and those inside it, have at most so many fields together.

    Args:
        content: the serialized message.
        message: the protobuf descriptor of its type.
        most: how many fields are allowed; no more are looked at.

    Raises:
        InputError: there are more, or a field does not end where its message does.
    """
    fields, left = [(0, len(content), message)], most
    while fields:
        offset, end, kind = fields.pop()
        while offset < end:
            left -= 1
            if left < 0:
                raise InputError(f"it has more than {most:,} fields; a small network has far fewer: export it anew")
            tag, offset = _varint(content, offset)
            match tag & 7:  # the wire types of protobuf: varint, eight and four bytes, and bytes of a given length
                case 0:
                    _, offset = _varint(content, offset)
                case 1:
                    offset += 8
                case 5:
                    offset += 4
                case 2:
                    length, offset = _varint(content, offset)
                    inner = kind.fields_by_number.get(tag >> 3)
                    if inner is not None and inner.message_type is not None:
                        fields.append((offset, offset + length, inner.message_type))
                    offset += length
                case _:
                    raise InputError(CUT_OFF)
        if offset != end:
            raise InputError(CUT_OFF)


def _varint(content: bytes, offset: int) -> tuple[int, int]:
    """The number of variable length at a offset, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if offset >= len(content):
            break
        byte = content[offset]
        offset += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, offset
    raise InputError(CUT_OFF)
