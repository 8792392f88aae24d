"""How well a classifier separates its classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def roc_area(
    target: NDArray[Any], score: NDArray[Any], weight: NDArray[Any] | None = None
) -> float | None:
    """Return the area under the ROC curve of a two-class *score*, or None where there is none.

    The area is the weighted share of (signal, background) pairs in which the signal has the higher
    score, ties counting half (Mann-Whitney U). Negative weights enter with their sign.

    Args:
        target: labels 0 and 1, shape (events,).
        score: higher is more signal-like; shape (events,) or (events, 1), or (events, 2) with one
            column per class, of which the second is taken.
        weight: shape (events,); one each where None.
    """
    import numpy as np

    labels = np.asarray(target).reshape(len(target), -1)
    scores = np.asarray(score, dtype=np.float64).reshape(len(labels), -1)
    if labels.shape[1] != 1 or scores.shape[1] > 2 or not np.isin(labels, (0, 1)).all():
        return None
    weights = np.ones(len(labels)) if weight is None else np.asarray(weight, dtype=np.float64)
    values, groups = np.unique(scores[:, -1], return_inverse=True)
    is_signal = labels[:, 0] == 1
    signal = np.bincount(groups[is_signal], weights[is_signal], minlength=len(values))
    background = np.bincount(groups[~is_signal], weights[~is_signal], minlength=len(values))
    pairs = signal.sum() * background.sum()
    if pairs == 0:
        return None
    below = np.cumsum(background) - background / 2
    return float((signal * below).sum() / pairs)
