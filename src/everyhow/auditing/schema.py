"""The versions of audit.json that have been released."""

from typing import Any

# 1: audits of tasks. 2: also audits by data, circuits of all outputs together, and counts by ablation. 3: the rung
# `transitive`, trivial survivors apart, and `inert` by which unmapped neurons may carry what is still read past them.
# 4: texts (codes of readouts, edges of experiments, reasons) call neurons and edges by their names in the graph.
# 5: the digits of counts also by data and of several outputs together; by data, algorithms by every rung.
# 6: by data all that is found by a task: interpretations, readout explanations, experiments, costs, near misses.
# 7: the rung `hereditary` of circuits, beside the others, and its counts, where it is asked.
# 8: the rungs `above_baseline` and `bounded` of readouts, and how much disturbance each code endures.
# 9: an explanation predicts only the interchanges of which it says something, and what follows from what it reads.
SCHEMA_VERSION = 9
RELEASED = (1, 2, 3, 4, 5, 6, 7, 8, 9)
# The first schema that counts all that it counts as it is counted now.
COUNTED = 3
# The first schema whose texts call neurons and edges as they are called now.
NAMED = 4
# The first schema whose documents have a digest.
BOUND = 3
# The first schema in which all counts have their digits beside them.
EXACT = 5
# The first schema in which an audit by data has all that one by a task has.
WHOLE_BY_DATA = 6
# The first schema that has the circuits that nothing added spoils.
HEREDITARY = 7
# The first schema in which codes are held against those of any layer, and disturbed.
DISTURBED = 8
# The first schema in which explanations predict only what they say something of.
FORESEEN = 9
# What earlier schemas lack, count by another definition or word otherwise, and the first one that has it as it is now.
SINCE = {
    ("counts", "interpretations_per_circuit_min"): 3,
    ("counts", "interpretations_per_circuit_max"): 3,
    ("ladder", "mappings", "inert"): 3,
    ("ladder", "mappings", "transitive"): 3,
    ("ladder", "algorithms", "inert"): 3,
    ("ladder", "algorithms", "transitive"): 3,
    ("ladder", "trivial"): 3,
    ("ladder", "circuits", "hereditary"): HEREDITARY,
    ("counts", "hereditary_circuits"): HEREDITARY,
    ("counts", "minimal_hereditary_circuits"): HEREDITARY,
    ("verdict", "what_then_where"): 3,
    ("verdict", "what_then_where", "reason"): 4,
}


def is_redefined(version: int, *path: str) -> bool:
    """Whether an audit.json of this schema lacks what stands at a path now, or has it otherwise."""
    return SINCE.get(path, 0) > version


def without_redefined(part: Any, version: int, *path: str) -> Any:
    """A part of an audit.json without all that one of an earlier schema lacks or has otherwise."""
    if not isinstance(part, dict):
        return part
    kept = {key: value for key, value in part.items() if not is_redefined(version, *path, key)}
    return {key: without_redefined(value, version, *path, key) for key, value in kept.items()}


def told_of_schema(version: int) -> str | None:
    """What is to be said of an audit.json of an earlier schema; None where it counts all as it is counted now."""
    if version >= FORESEEN:
        return None
    others = "in it explanations also predict interchanges of which they say nothing"
    if version >= DISTURBED:
        return f"written by schema {version}: {others}"
    if version >= COUNTED:
        return (
            f"written by schema {version}, before population codes were held against those of any layer: it has no "
            f"rungs above_baseline and bounded, compares all that are exact, and {others}"
        )
    return (
        f"written by schema {version}, before the rungs of mappings were defined as they are now: it has no rung "
        f"transitive, and counts the rung inert, and what follows from that, by an older definition"
    )
