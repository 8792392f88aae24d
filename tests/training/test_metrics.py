import numpy as np
import pytest

from cmsml_tasks.training.metrics import NoArea, roc_area


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
    assert roc_area(np.array([0, 1]), np.zeros((2, 3))) is None


TARGET = np.array([0, 0, 0, 1, 1, 1])
SCORE = np.array([0.1, 0.5, 0.3, 0.4, 0.2, 0.6])


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        ([1, 1, 1, 1, -1, 0], "the weights sum to 0 in the 3 events of class 1"),
        ([0, 0, 0, 1, 1, 1], "the weights sum to 0 in the 3 events of class 0"),
        ([-1, -1, -1, -1, -1, -1], "the weights sum to -3 in the 3 events of class 0"),
        ([1, 1, 1, 5, -4.9, 0.1], "sum to 0.2 +- 7.001 in the 3 events of class 1"),
        ([1, 1, 1, 1, -0.1, 1], "sum to 1.9 +- 1.418 in the 3 events of class 1"),
    ],
)
def test_weights_that_give_no_area_are_told(weight, words):
    found = roc_area(TARGET, SCORE, np.array(weight, np.float32))
    assert isinstance(found, NoArea)
    assert words in found.reason
    assert "weights that are not negative" in found.reason


def test_an_area_outside_of_its_range_is_none():
    """Enough weight in each class, but a negative one where it counts."""
    target = np.array([0] * 400 + [1] * 400)
    score = np.concatenate([np.zeros(400), np.ones(400)])
    weight = np.ones(800)
    score[:20], weight[:20] = 2.0, -1.0
    found = roc_area(target, score, weight)
    assert isinstance(found, NoArea)
    assert "negative weights bring it to 1.06, outside of 0 to 1" in found.reason


def test_scores_that_are_no_numbers_have_no_area():
    found = roc_area(TARGET, np.where(SCORE > 0.4, np.nan, SCORE))
    assert isinstance(found, NoArea)
    assert "the score is NaN in 2 of 6 events" in found.reason


def test_one_class_has_no_area():
    found = roc_area(np.array([1, 1]), np.zeros(2))
    assert isinstance(found, NoArea)
    assert "there are no events of class 0" in found.reason
