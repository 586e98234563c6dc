"""What `verify` compares an audit with, found once, so that many changed copies of the audit are held to it quickly."""

from everyhow.common.errors import InputError
from everyhow.verification import verify as checking
from everyhow.verification.comparing import Holds, Open, differences
from everyhow.verification.large_spaces import listed_run, sums
from everyhow.verification.paper import behavior_for

from .changes import all_changed, at, changed

ROOTS = {"": (), "together.": ("together",)}


class Expected:
    """What was found again of an audit, part by part, as `verify` itself puts it beside what the audit says."""

    def __init__(self, document, monkeypatch):
        self.document = document
        # Who changes an audit makes its digest anew.
        monkeypatch.setattr(checking, "document_digest", lambda one: one["provenance"]["document_sha256"])
        self.parts, checks = self._recorded(document, monkeypatch)
        assert all(check.agrees for check in checks)
        # Nothing of it is taken from the lists of the audit: with every value in them changed it is the same.
        again, _ = self._recorded(self._with_other_lists(), monkeypatch)
        assert [root for root, _ in self.parts] == [root for root, _ in again]
        assert all(is_alike(found, other) for (_, found), (_, other) in zip(self.parts, again, strict=True))

    @staticmethod
    def _recorded(document, monkeypatch):
        parts, compare_all = [], checking.compare_all

        def record(prefix, said, found, unchecked, scope):
            root = ROOTS[prefix] if prefix in ROOTS else ("outputs", int(prefix[len("outputs[") : -len("].")]))
            parts.append((root, found))
            return compare_all(prefix, said, found, unchecked, scope)

        with monkeypatch.context() as patched:
            patched.setattr(checking, "compare_all", record)
            return parts, list(checking._checks(document, 0, {}))

    def _with_other_lists(self):
        document = self.document
        for root in {root for root, _ in self.parts}:
            part = at(document, root)
            for key, value in part.get("details", {}).items():
                if key not in self._of_circuits(root):
                    document = changed(document, (*root, "details", key), all_changed(value))
        return document

    def _of_circuits(self, root):
        """The lists that are gone on with, since circuits are too many to be run."""
        found = next(f for r, f in self.parts if r == root and "details" in f)["details"]
        return {key for key, value in found.items() if isinstance(value, Open)}

    def notices(self, place, value):
        """Whether another value at a place is told."""
        if self._is_listed(place) and any(self._differs(*part, place, value) for part in self.parts):
            return True
        one = changed(self.document, place, value)
        root = () if place[:2] == ("details", "circuits") else place[:1]
        if place[:2] in (("details", "circuits"), ("together", "circuits")):
            try:
                if not all(check.agrees for check in self._checks_of_circuits(one, root)):
                    return True
            except (KeyError, TypeError, ValueError, AttributeError, IndexError):
                return True
        return is_noticed(one)

    @staticmethod
    def _is_listed(place):
        root = 2 if place[0] == "outputs" else 1 if place[0] == "together" else 0
        return place[root] in ("details", "circuits")

    @staticmethod
    def _checks_of_circuits(document, root):
        """Those of the checks of a large space that need no circuits drawn."""
        network, part = checking.network_from_document(document), at(document, root)
        details, behavior = part.get("details", part)["circuits"], behavior_for(network, document["decision"], {})
        yield from sums(network, part["counts"], part["ladder"]["circuits"], details, "zero")
        yield from listed_run(network, behavior, details, "zero")

    def _differs(self, root, found, place, value):
        if place[: len(root)] != root or place[len(root)] not in found:
            return False
        depth = len(root)
        for step in place[depth:]:
            if not isinstance(found, dict | list | tuple):
                break
            found, depth = found[step], depth + 1
        stated = changed(at(self.document, place[:depth]), place[depth:], value)
        return any(differences(stated, found))


def is_alike(one, other):
    """Whether two documents say the same, what is only held to something by its words."""
    if isinstance(one, Holds) and isinstance(other, Holds):
        return (one.said, one.bounds) == (other.said, other.bounds)
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(is_alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_alike, one, other))
    return one == other


def is_noticed(document):
    """Whether some check does not agree, or the file is refused."""
    try:
        return any(not check.agrees for check in checking._checks(document, 0, {}))
    except (InputError, KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
        return True
