from typing import Any

import ml_dtypes
import numpy as np
import pytest

from cmsml_tasks.errors import ConversionError
from cmsml_tasks.validation import reference_rows


def entry(name: str, dtype: str, shape: Any) -> dict[str, Any]:
    return {"name": name, "dtype": dtype, "shape": shape}


X = entry("x", "float32", [None, 4])
GIVEN = np.arange(40, dtype=np.float32).reshape(10, 4)


def of_label(rows: Any, label: str) -> Any:
    (index,) = np.flatnonzero(rows.labels == label)
    return {name: array[index] for name, array in rows.inputs.items()}


def test_random_rows_are_the_same_for_the_same_seed() -> None:
    first, again, other = (reference_rows([X], seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.inputs["x"], again.inputs["x"])
    main = first.kinds == "random"
    assert not np.array_equal(first.inputs["x"][main], other.inputs["x"][main])
    assert first.inputs["x"].dtype == np.float32
    assert list(dict.fromkeys(first.kinds)) == ["random", "extreme", "missing"]


def test_given_rows_are_kept_and_spread_evenly_over_the_limit() -> None:
    rows = reference_rows([X], {"x": GIVEN}, limit=4)
    main = rows.inputs["x"][rows.kinds == "validation"]
    np.testing.assert_array_equal(main, GIVEN[[0, 3, 6, 9]])
    all_of_them = reference_rows([X], {"x": GIVEN})
    assert np.count_nonzero(all_of_them.kinds == "validation") == 10


def test_large_rows_are_fewer() -> None:
    image = entry("image", "float32", [None, 1000, 1000])
    rows = reference_rows([image], {"image": np.zeros((20, 1000, 1000), np.float32)})
    assert np.count_nonzero(rows.kinds == "validation") == 16
    assert np.count_nonzero(reference_rows([image]).kinds == "random") == 16


def test_extreme_rows_hold_the_extremes() -> None:
    rows = reference_rows([X], {"x": GIVEN})
    np.testing.assert_array_equal(of_label(rows, "x: maximum of the rows")["x"], GIVEN[9])
    np.testing.assert_array_equal(of_label(rows, "x: minimum of the rows")["x"], GIVEN[0])
    for label, value in {"zeros": 0, "-1e6": -1e6, "inf": np.inf, "-inf": -np.inf}.items():
        assert (of_label(rows, f"x: {label}")["x"] == value).all()
    assert (of_label(rows, "x: smallest denormal")["x"] == 1.401298464324817e-45).all()
    assert (of_label(rows, "x: largest number")["x"] == np.finfo(np.float32).max).all()


def test_missing_rows_hold_nan_everywhere_and_in_each_feature() -> None:
    rows = reference_rows([X], {"x": GIVEN})
    missing = np.isnan(rows.inputs["x"][rows.kinds == "missing"])
    np.testing.assert_array_equal(missing, [[True] * 4, *np.eye(4, dtype=bool)])
    assert not np.isnan(rows.inputs["x"][rows.kinds != "missing"]).any()


def test_many_features_are_sampled() -> None:
    rows = reference_rows([entry("x", "float32", [None, 100])])
    assert np.count_nonzero(rows.kinds == "missing") == 17


def test_only_floats_become_extreme() -> None:
    inputs = [X, entry("y", "bfloat16", [None]), entry("id", "int64", [None, 2])]
    inputs += [entry("word", "string", [None]), entry("flag", "bool", [None])]
    rows = reference_rows(inputs)
    special = rows.kinds != "random"
    assert rows.inputs["id"].min() >= 0
    assert rows.inputs["id"].max() < 10
    assert set(rows.inputs["word"][special]) <= set(rows.inputs["word"][~special])
    assert rows.inputs["word"].dtype.kind == "S"
    assert rows.inputs["flag"].dtype == bool
    assert rows.inputs["y"].dtype == ml_dtypes.bfloat16
    # Both at once, then each by itself while the other stays ordinary.
    assert np.isinf(of_label(rows, "x, y: inf")["y"])
    assert np.isinf(of_label(rows, "y: inf")["y"])
    assert np.isfinite(of_label(rows, "y: inf")["x"]).all()
    assert np.isnan(of_label(rows, "x: NaN")["x"]).all()
    assert not np.isnan(of_label(rows, "x: NaN")["y"].astype(float))


def test_extremes_fit_narrow_floats() -> None:
    rows = reference_rows([entry("x", "float16", [None, 2])])
    assert (of_label(rows, "x: largest number")["x"] == 65504).all()
    assert np.isinf(of_label(rows, "x: 1e30")["x"]).all()


def test_unknown_dimensions_get_one_size() -> None:
    inputs = [entry("a", "float32", [None, None, 2]), entry("b", "float32", [None, None])]
    rows = reference_rows(inputs)
    assert rows.inputs["a"].shape[1:] == (3, 2)
    assert rows.inputs["b"].shape[1:] == (3,)
    assert rows.layout == "rows"


def test_given_rows_decide_unknown_dimensions() -> None:
    rows = reference_rows([entry("a", "float32", [None, None])], {"a": np.zeros((4, 7))})
    assert rows.inputs["a"].shape[1:] == (7,)
    assert rows.inputs["a"].dtype == np.float32


def test_a_fixed_batch_takes_rows_together() -> None:
    rows = reference_rows([entry("x", "float32", [3, 4])], {"x": GIVEN})
    assert rows.layout == "feeds"
    main = rows.inputs["x"][rows.kinds == "validation"]
    np.testing.assert_array_equal(main, GIVEN[:9].reshape(3, 3, 4))
    short = reference_rows([entry("x", "float32", [12, 4])], {"x": GIVEN})
    assert short.inputs["x"][0].shape == (12, 4)


def test_outputs_that_are_not_per_row_make_feeds() -> None:
    rows = reference_rows([X], outputs=[entry("mean", "float32", [])])
    assert rows.layout == "feeds"
    assert rows.inputs["x"].shape[1:] == (4, 4)


def test_no_rows_given_is_like_none_at_all() -> None:
    assert set(reference_rows([X], {"x": GIVEN[:0]}).kinds) == {"random", "extreme", "missing"}


@pytest.mark.parametrize(
    ("inputs", "rows", "message"),
    [
        (
            [entry("x", "float32", None), X | {"name": "y"}, entry("z", "float32", None)],
            None,
            r'shape is known of .x., .z.; .*input_shapes, such as "x=\[\?,10\],z=\[\?,10\]"',
        ),
        (
            [X, entry("z", "string", [None, 2**40])],
            None,
            r"input 'z' of shape \(\?, 1099511627776\) takes [\d,]+ bytes for one row",
        ),
        ([entry("h", "resource", [])], None, "'h' has dtype resource"),
        ([X], {"xs": GIVEN}, "nothing for input 'x'; did you mean 'xs'"),
        ([X], {"x": GIVEN[:, :3]}, r"shape \(10, 3\) do not fit input 'x' of shape \(\?, 4\)"),
        ([X, entry("y", "int32", [None])], {"x": GIVEN, "y": np.zeros(3)}, "differ in number"),
    ],
)
def test_what_cannot_be_is_refused(inputs: Any, rows: Any, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        reference_rows(inputs, rows)
