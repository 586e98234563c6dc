"""The keys of the JSON files, as their schemas in docs/reference/schemas say them."""

import json
from pathlib import Path
from typing import Any

from .markup import FromMarkdown, code, table

FOLDER = Path(__file__).parents[1] / "reference" / "schemas"


class Keys(FromMarkdown):
    """A table of the keys that a JSON file may have; its argument names the schema, such as `network`."""

    required_arguments = 1

    def markdown(self) -> str:
        """A row for each."""
        (name,) = self.arguments
        path = FOLDER / f"{name}.schema.json"
        self.env.note_dependency(str(path))
        rows = [(code(key), says) for key, says in keys(name, json.loads(path.read_text("utf-8"))).items()]
        return table(("key", "what it is"), rows)


def keys(name: str, schema: dict[str, Any]) -> dict[str, str]:
    """What each key is that an object may have, in the order of the schema; without those that it may not have."""
    whole = schema if "properties" in schema else schema["$defs"][name]
    return {key: said["description"] for key, said in whole["properties"].items() if "not" not in said}
