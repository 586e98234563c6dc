"""Whether outputs of a file are the scores, probabilities or labels that come from scores, and nothing else."""

from collections.abc import Mapping

import numpy as np

from ..common.shapes import Float


def probes_of(features: int) -> Float[np.ndarray, "inputs _features"]:
    """Scores of which each is twice the largest; of one score, some on both sides of 0.5."""
    if features == 1:
        return np.linspace(0.1, 0.9, 8)[:, None]
    probes = np.random.default_rng(0).random((2 * features, features))
    probes[np.arange(2 * features), np.arange(2 * features) % features] = 2
    return probes


def unlike(
    scores: Float[np.ndarray, "inputs features"], outputs: Mapping[str, np.ndarray], epsilon: float
) -> str | None:
    """The first of the outputs that says something else than the scores; None when there is none.

    Outputs are the scores, or probabilities of all classes (by a softmax, its logarithm, or 1 - p and p), or p > 0.5;
    or labels, which ascend with the class that is the largest. Outputs of one number that are not labels are columns of
    the probabilities, in their order.

    Args:
        scores: the scores.
        outputs: each with one row for each input.
        epsilon: the rounding unit of the file.

    Example:
        >>> scores = np.array([[0.0, 1.0], [3.0, 2.0]])
        >>> unlike(scores, {"label": np.array([[7], [5]])}, 1e-7), unlike(scores, {"swapped": scores[:, ::-1]}, 1e-7)
        (None, 'swapped')
    """
    for found in outputs.values():
        epsilon = max(epsilon, float(np.finfo(found.dtype).eps) if found.dtype.kind == "f" else 0.0)
    allowed = (scores.shape[1] + 64) * epsilon * (1 + np.abs(scores).max(axis=1, keepdims=True))
    columns = list[str]()
    for name, found in outputs.items():
        if found.shape[1] == 1 and _are_labels(scores, found[:, 0], allowed[:, 0]):
            continue
        if found.dtype.kind not in "fiub":
            return name
        if found.shape[1] == 1:
            columns.append(name)
        elif not _are_scores(scores, found.astype(np.float64), allowed):
            return name
    if columns and _are_scores(scores, np.concatenate([outputs[name] for name in columns], axis=1) + 0.0, allowed):
        return None
    return next((name for name in columns if not _are_scores(scores, outputs[name] + 0.0, allowed)), None)


def _are_labels(scores: np.ndarray, found: np.ndarray, allowed: np.ndarray) -> bool:
    each = np.concatenate([1 - scores, scores], axis=1) if scores.shape[1] == 1 else scores
    ordered = np.sort(each, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > allowed
    told = [set(found[clear & (each.argmax(axis=1) == largest)].tolist()) for largest in range(each.shape[1])]
    labels = [one for some in told for one in some]
    return all(len(some) <= 1 for some in told) and labels == sorted(set(labels))


def _are_scores(scores: np.ndarray, found: np.ndarray, allowed: np.ndarray) -> bool:
    below = scores - scores.max(axis=1, keepdims=True)
    logarithms = below - np.log(np.exp(below).sum(axis=1, keepdims=True))
    unclear = np.abs(scores - 0.5) <= allowed
    forms = (
        (scores, allowed), (np.exp(logarithms), allowed), (logarithms, allowed),
        (np.concatenate([1 - scores, scores], axis=1), allowed), (scores > 0.5, np.where(unclear, 1, allowed)),
    )  # fmt: skip
    return any(found.shape == one.shape and (np.abs(found - one) <= most).all() for one, most in forms)
