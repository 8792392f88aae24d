import numpy as np
import pytest

from cmsml_tasks.training.metrics import roc_area


def pairwise(target, score, weight):
    """The definition: weighted share of pairs in which the signal is higher, ties half."""
    total = won = 0.0
    for i in np.flatnonzero(target == 1):
        for j in np.flatnonzero(target == 0):
            pair = weight[i] * weight[j]
            total += pair
            won += pair * (1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0)
    return won / total


def test_area_is_the_share_of_ordered_pairs():
    rng = np.random.default_rng(3)
    target = rng.integers(0, 2, 200)
    score = np.round(rng.normal(size=200) + target, 1)
    weight = rng.normal(1.0, 1.0, 200)
    assert roc_area(target, score, weight) == pytest.approx(pairwise(target, score, weight))


def test_extremes():
    target = np.array([0, 0, 1, 1])
    assert roc_area(target, np.array([0.1, 0.2, 0.3, 0.4])) == 1.0
    assert roc_area(target, np.array([0.4, 0.3, 0.2, 0.1])) == 0.0
    assert roc_area(target, np.zeros(4)) == 0.5


def test_columns_per_class():
    scores = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert roc_area(np.array([0, 1]), scores) == 1.0


def test_no_area_without_two_classes():
    assert roc_area(np.array([0, 1, 2]), np.zeros((3, 3))) is None
    assert roc_area(np.array([1, 1]), np.zeros(2)) is None
