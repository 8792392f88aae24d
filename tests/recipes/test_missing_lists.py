"""A list that is null in a file is missing, and not an empty one."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from expression_values import as_list

from cmsml_tasks import EventRecipe
from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.expressions.expression import parse

JETS = pa.array([[50.0, 40.0], [20.0], [], None], pa.list_(pa.float64()))
PAIRS = pa.list_(pa.int64(), 2)
DEEP = pa.list_(pa.list_(pa.float64()))


def with_null(kind, values):
    """A column of lists of one length, of which one is missing."""
    return ak.from_arrow(pa.array(values, kind))


TABLE = {
    "J": ak.from_arrow(JETS),
    "tag": ak.from_arrow(pa.array([[1, 0], [1], [], []])),
    "r": with_null(PAIRS, [[1, 2], [3, None], None, [5, 6]]),
    "q": np.array([[1, 2], [3, 4], [5, 6], [7, 8]]),
    "M": ak.from_arrow(pa.array([[[1.0], [2.0, 3.0]], [None, [4.0]], [], None], DEEP)),
    "pairs": with_null(pa.list_(PAIRS, 2), [[[1, 2], [3, 4]], [[1, 2], None], None, [[5, 6]] * 2]),
    "n": np.arange(4),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count(J)", [2, 1, 0, None]),
        ("sum(J)", [90.0, 20.0, 0.0, None]),
        ("max(J)", [50.0, 20.0, None, None]),
        ("sum(J > 30)", [2, 0, 0, None]),
        ("J[0]", [50.0, 20.0, None, None]),
        ("J[1]", [40.0, None, None, None]),
        ("J[:1]", [[50.0], [20.0], [], None]),
        ("count(J[:1])", [1, 1, 0, None]),
        ("J[J > 30]", [[50.0, 40.0], [], [], None]),
        ("count(J[J > 30])", [2, 0, 0, None]),
        ("sum(J[tag > 0])", [50.0, 20.0, 0.0, None]),
        ("sum(tag[J > 30])", [1, 0, 0, None]),
        ("sum(J + tag)", [91.0, 21.0, 0.0, None]),
        ("sum(tag + J)", [91.0, 21.0, 0.0, None]),
        ("sum(where(tag > 0, J, 1))", [51.0, 20.0, 0.0, None]),
        ("sum(-J / (n + 1))", [-90.0, -10.0, 0.0, None]),
        ("sum(sqrt(J * J))", [90.0, 20.0, 0.0, None]),
        ("count(isnan(J))", [2, 1, 0, None]),
        ("isnan(sum(J))", [False, False, False, True]),
        ("where(isfinite(count(J)), count(J), -1)", [2, 1, 0, -1]),
        # lists of one length
        ("count(r)", [2, 2, None, 2]),
        ("sum(r)", [3, None, None, 11]),
        ("r[0]", [1, 3, None, 5]),
        ("r[:1]", [[1], [3], None, [5]]),
        ("count(r[r > 1])", [1, None, None, 2]),
        ("sum(q + r)", [6, None, None, 26]),
        ("max(q[r > 1])", [2, None, None, 8]),
        ("count(q[r > 1])", [1, None, None, 2]),
        # lists of lists
        ("M", [[[1.0], [2.0, 3.0]], [None, [4.0]], [], None]),
        ("count(M)", [[1, 2], [None, 1], [], None]),
        ("sum(M)", [[1.0, 5.0], [None, 4.0], [], None]),
        ("max(sum(M))", [5.0, None, None, None]),
        ("count(sum(M))", [2, 2, 0, None]),
        ("M[0]", [[1.0], None, None, None]),
        ("M[1]", [[2.0, 3.0], [4.0], None, None]),
        ("sum(M[0])", [1.0, None, None, None]),
        ("count(M[1])", [2, 1, None, None]),
        ("M[1][0]", [2.0, 4.0, None, None]),
        ("M[:1]", [[[1.0]], [None], [], None]),
        ("sum(M[M > 1])", [[0.0, 5.0], [None, 4.0], [], None]),
        ("sum(M + n)", [[1.0, 5.0], [None, 5.0], [], None]),
        ("pairs[0]", [[1, 2], [1, 2], None, [5, 6]]),
        ("count(pairs[1])", [2, None, None, 2]),
        ("sum(sum(pairs))", [10, None, None, 22]),
    ],
)
def test_what_is_computed_from_a_missing_list_is_missing(text, expected):
    assert as_list(parse(text, "test").evaluate(TABLE)) == expected


@pytest.mark.parametrize(
    ("text", "keeps", "undecided"),
    [
        ("count(J) == 0", [0, 0, 1, 0], [3]),
        ("count(J) != 0", [1, 1, 0, 1], [3]),
        ("sum(J) < 30", [0, 1, 1, 0], [3]),
        ("any(J > 30)", [1, 0, 0, 0], [3]),
        ("not any(J > 30)", [0, 1, 1, 1], [3]),
        ("all(J > 10)", [1, 1, 1, 0], [3]),
        ("not all(J > 30)", [0, 1, 0, 1], [3]),
        ("any(J > 30) or n == 3", [1, 0, 0, 1], []),
        ("any(r > 4)", [0, 0, 0, 1], [1, 2]),
        ("all(r > 0)", [1, 0, 0, 1], [1, 2]),
        ("any(any(M > 3))", [0, 1, 0, 0], [3]),
        ("all(any(M > 0))", [1, 0, 1, 0], [1, 3]),
    ],
)
def test_what_a_condition_on_a_missing_list_keeps(text, keeps, undecided):
    value = parse(text, "test").evaluate(TABLE)
    assert value.data.tolist() == [bool(keep) for keep in keeps]
    assert np.flatnonzero(value.missing).tolist() == undecided


@pytest.fixture
def load(tmp_path):
    path = str(tmp_path / "a.parquet")
    pairs = pa.array([[1, 2], [3, 4], [5, 6], [7, 8]], PAIRS)
    pq.write_table(pa.table({"J": JETS, "r": pairs, "y": [0, 1, 0, 1]}), path)

    def load_events(**attributes):
        class Nulls(EventRecipe):
            files = (path,)
            target = attributes.pop("target", "y")
            features = attributes.pop("features")
            selection = attributes.pop("selection", None)
            weight = attributes.pop("weight", None)

            def build(self, data):
                raise NotImplementedError

        return Nulls().load(Nulls().input_files())

    return load_events


def test_null_lists_of_a_file(load):
    events = load(features=["count(J)", "sum(J)", "sum(r)"])
    assert events.inputs.tolist() == [[2, 90, 3], [1, 20, 7], [0, 0, 11], [-999, -999, 15]]
    assert [feature["padding"] for feature in events.features] == [-999, -999, None]
    events = load(features=["sum(r)"], selection="not any(J > 30)")
    assert events.inputs.tolist() == [[7], [11], [15]]
    assert events.notes == [
        "selection 'not any(J > 30)' keeps 3 of 4 events; in 1 of them all, a missing value (or "
        "NaN) could have decided otherwise"
    ]
    with pytest.raises(DataError, match=r"weight 'count\(J\)' is missing in 1 of 4 events"):
        load(features=["sum(r)"], weight="count(J)")
