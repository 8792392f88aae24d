"""How well a classifier separates its classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SURE = 3.0
"""A sum of weights of both signs counts as above zero from so many standard deviations on."""


@dataclass(frozen=True)
class NoArea:
    """Why two classes have no ROC area that means anything, and what to do, in a line."""

    reason: str


def roc_area(
    target: NDArray[Any], score: NDArray[Any], weight: NDArray[Any] | None = None
) -> float | NoArea | None:
    """Return the area under the ROC curve of a two-class *score*, 0 to 1.

    The area is the weighted share of (signal, background) pairs in which the signal has the higher
    score, ties counting half (Mann-Whitney U). Negative weights enter with their sign, where the
    sum of each class is clearly above zero; otherwise the share is of nothing.

    Args:
        target: labels 0 and 1, shape (events,).
        score: higher is more signal-like; shape (events,) or (events, 1), or (events, 2) with one
            column per class, of which the second is taken.
        weight: shape (events,); one each where None.

    Returns:
        The area; `NoArea` where scores or weights give none; None where there are not two classes
        and one score.
    """
    import numpy as np

    labels = np.asarray(target).reshape(len(target), -1)
    scores = np.asarray(score, dtype=np.float64).reshape(len(labels), -1)
    if labels.shape[1] != 1 or scores.shape[1] > 2 or not np.isin(labels, (0, 1)).all():
        return None
    bad = int(np.isnan(scores[:, -1]).sum())
    if bad:
        return NoArea(
            f"the score is NaN in {bad} of {len(scores)} events; look for divisions by zero, "
            "logarithms and missing values in the model"
        )
    is_signal = labels[:, 0] == 1
    weights = np.ones(len(labels)) if weight is None else np.asarray(weight, dtype=np.float64)
    for label, part in ((0, weights[~is_signal]), (1, weights[is_signal])):
        problem = _not_positive(part)
        if problem:
            return NoArea(f"{problem} of class {label}, {_ADVICE}")
    values, groups = np.unique(scores[:, -1], return_inverse=True)
    signal = np.bincount(groups[is_signal], weights[is_signal], minlength=len(values))
    background = np.bincount(groups[~is_signal], weights[~is_signal], minlength=len(values))
    below = np.cumsum(background) - background / 2
    area = float((signal * below).sum() / (signal.sum() * background.sum()))
    # rounding of the sums may leave the range by itself
    if -1e-9 <= area <= 1 + 1e-9:
        return min(max(area, 0.0), 1.0)
    return NoArea(f"negative weights bring it to {area:.3g}, outside of 0 to 1, {_ADVICE}")


_ADVICE = "so that shares of it mean nothing; take more events, or weights that are not negative"


def _not_positive(weights: NDArray[Any]) -> str:
    """Say why the sum of the *weights* of a class is not clearly above zero."""
    import numpy as np

    total = float(weights.sum())
    if not len(weights):
        return "there are no events"
    if not total > 0:
        return f"the weights sum to {total:.4g} in the {len(weights)} events"
    deviation = float(np.sqrt(np.square(weights).sum()))
    if (weights < 0).any() and total < _SURE * deviation:
        return (
            f"with negative ones, the weights sum to {total:.4g} +- {deviation:.4g} in the "
            f"{len(weights)} events"
        )
    return ""
