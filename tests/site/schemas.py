"""The JSON Schemas of the site: each with what validates by it, and every small change of a document."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "schemas"
ENDING = ".schema.json"
SCHEMAS = {
    path.name.removesuffix(ENDING): json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
# What a schema says of a value as a whole: it names no key that a document may have.
WHOLE = ("if", "not", "enum", "const", "required", "propertyNames")
# A value of each type of JSON.
VALUES: tuple[Any, ...] = (None, True, 0.5, "?", [], {})


class Change(NamedTuple):
    """A document with one thing changed: where, to what, and all of it."""

    path: str
    to: str
    document: Any


def validators(schemas: dict[str, Any]) -> dict[str, Draft202012Validator]:
    """What validates by each of the schemas, which refer to each other by the names of their files."""
    known = [(name + ENDING, Resource.from_contents(schema)) for name, schema in schemas.items()]
    registry: Registry[Any] = Registry().with_resources(known)
    return {name: Draft202012Validator(schema, registry=registry) for name, schema in schemas.items()}


def closed(schema: Any) -> Any:
    """A schema that refuses every key which it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            found[key] = {name: closed(one) for name, one in value.items()}
        else:
            found[key] = value if key in WHOLE else closed(value)
    if "object" in found.get("type", ()) and "properties" in found and "additionalProperties" not in found:
        found["unevaluatedProperties"] = False
    return found


VALID = validators(SCHEMAS)
NAMED = validators({name: closed(schema) for name, schema in SCHEMAS.items()})


def faults(validator: Draft202012Validator, document: Any) -> list[str]:
    """What a schema has against a document, a line each with the place; nothing where it takes it."""
    plain = json.loads(json.dumps(document))
    return [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in validator.iter_errors(plain)]


def referred(name: str, reference: str) -> Any:
    """What a reference in a schema leads to: a part of the schema, or of another one."""
    file, _, pointer = reference.partition("#")
    found = SCHEMAS[file.removesuffix(ENDING) or name]
    for key in filter(None, pointer.split("/")):
        found = found[key]
    return found


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema, and every object inside it."""
    if isinstance(schema, dict):
        yield schema
    for one in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from subschemas(one)


def changes(document: Any) -> Iterator[Change]:
    """Every key of every object taken out, and every value, of lists the first one, replaced by one of each other type;
    a whole number also by one that is not whole."""
    for path, value in _places(document, ()):
        shown = "/".join(map(str, path))
        if isinstance(path[-1], str):
            yield Change(shown, "removed", _changed(document, path, None, remove=True))
        for other in VALUES:
            if _type(other) != _type(value) or (type(value) is int and type(other) is float):
                yield Change(shown, json.dumps(other), _changed(document, path, other))


def _places(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    inside = value.items() if isinstance(value, dict) else list(enumerate(value))[:1] if isinstance(value, list) else ()
    for key, one in inside:
        yield (*path, key), one
        yield from _places(one, (*path, key))


def _changed(document: Any, path: tuple[str | int, ...], other: Any, remove: bool = False) -> Any:
    whole = copy.deepcopy(document)
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    if remove:
        del holder[path[-1]]
    else:
        holder[path[-1]] = copy.deepcopy(other)
    return whole


def _type(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__
