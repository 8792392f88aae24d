import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from cmsml_tasks.errors import ConversionError, ValidationError
from cmsml_tasks.files import sha256
from cmsml_tasks.validation import Reference, Tolerance, compare, make_reference

X = {"name": "x", "dtype": "float32", "shape": [None, 4]}
IDS = {"name": "ids", "dtype": "int32", "shape": [None]}


def reference() -> Reference:
    return Reference(
        inputs={"x/y": np.arange(6, dtype=np.float32).reshape(3, 2), "w": np.array(["a", "ü", ""])},
        outputs={
            "short": np.array([1.5, np.nan, -np.inf], ml_dtypes.bfloat16),
            "words": np.array([b"long one", b"", b"x"], dtype=object),
            "count": np.array([1, 2, 3], dtype=">i4"),
        },
        kinds=np.array(["validation", "extreme", "missing"]),
        labels=np.array(["row 0", "inf", "NaN"]),
        notes=("something was left out",),
    )


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    reference().save(tmp_path / "reference.npz")
    loaded, original = Reference.load(tmp_path / "reference.npz"), reference()
    for mine, theirs in ((loaded.inputs, original.inputs), (loaded.outputs, original.outputs)):
        assert mine.keys() == theirs.keys()
        for name in mine:
            assert compare(mine[name], theirs[name], Tolerance(0, 0, 0)).agree, name
    assert loaded.inputs["w"].tolist() == [b"a", "ü".encode(), b""]
    assert loaded.outputs["short"].dtype == ml_dtypes.bfloat16
    assert loaded.kinds.tolist() == ["validation", "extreme", "missing"]
    assert loaded.label(1) == "inf"
    assert loaded.notes == ("something was left out",)
    assert loaded.of_kind("extreme", "missing").tolist() == [1, 2]


def test_equal_content_is_equal_bytes_and_plain_numpy_can_read_it(tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        reference().save(tmp_path / name)
    assert sha256(tmp_path / "one.npz") == sha256(tmp_path / "two.npz")
    with np.load(tmp_path / "one.npz", allow_pickle=False) as archive:
        assert archive["outputs/short"].dtype == np.float32
        assert archive["inputs/x/y"].tolist() == [[0, 1], [2, 3], [4, 5]]
        assert archive["kind"].tolist() == ["validation", "extreme", "missing"]


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_a_file_that_is_no_reference_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "reference.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValidationError, match="is not a file of reference rows"):
        Reference.load(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reference.npz"
    reference().save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValidationError, match="make it again"):
        Reference.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("something.npy", b"else")
    with pytest.raises(ValidationError, match="make it again"):
        Reference.load(path)


def test_arrays_have_to_have_one_entry_per_row() -> None:
    with pytest.raises(ValueError, match=r"'x' has shape \(2,\), but there are 3 rows"):
        Reference({"x": np.zeros(2)}, {}, np.array(["random"] * 3))


def test_the_original_runs_once_per_kind() -> None:
    sizes = []

    def run(arrays: dict[str, Any]) -> dict[str, Any]:
        sizes.append(len(arrays["x"]))
        return {"y": arrays["x"][:, 0]}

    made = make_reference([X], run, {"x": np.ones((6, 4))})
    assert sizes == [6, 14, 5]
    assert made.outputs["y"][:6].tolist() == [1.0] * 6
    assert made.layout == "rows"


class RefusalError(Exception):
    pass


def test_special_rows_that_the_original_refuses_are_left_out() -> None:
    def run(arrays: dict[str, Any]) -> dict[str, Any]:
        if not np.isfinite(arrays["x"]).all():
            raise RefusalError
        return {"y": arrays["x"][:, 0]}

    made = make_reference([X], run, refusals=(RefusalError,))
    assert set(made.kinds.tolist()) == {"random", "extreme"}
    assert "refused by the original: x: inf" in made.notes
    assert len(made.notes) == 2 + 5
    assert np.isfinite(made.inputs["x"]).all()


def test_random_integers_shrink_until_the_original_takes_them() -> None:
    def run(arrays: dict[str, Any]) -> dict[str, Any]:
        if arrays["ids"].max() > 1:
            raise RefusalError("out of range")
        return {"y": arrays["ids"]}

    made = make_reference([IDS], run, refusals=(RefusalError,))
    assert set(made.inputs["ids"].tolist()) == {0, 1}


def test_an_original_that_refuses_ordinary_rows_is_an_error() -> None:
    def run(arrays: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("\x1b[1mno kernel\x1b[0m")

    advice = r"refuses the rows .*: no kernel; .* give the shapes .* with input_shapes .* give rows"
    with pytest.raises(ConversionError, match=advice) as one:
        make_reference([X], run, refusals=(RefusalError,))
    with pytest.raises(ConversionError, match=r"no kernel; give rows that it takes") as other:
        make_reference([X], run, {"x": np.ones((6, 4))}, refusals=(RefusalError,))
    assert "--" not in f"{one.value}{other.value}"


def test_outputs_that_turn_out_not_to_be_per_row_make_feeds() -> None:
    def run(arrays: dict[str, Any]) -> dict[str, Any]:
        return {"largest": arrays["x"].max(axis=0)}

    made = make_reference([X], run)
    assert made.layout == "feeds"
    assert made.inputs["x"].shape[1:] == (4, 4)
    assert made.outputs["largest"].shape[1:] == (4,)


def test_outputs_of_changing_shape_are_left_out() -> None:
    def run(arrays: dict[str, Any]) -> dict[str, Any]:
        x = arrays["x"]
        return {"finite": x[np.isfinite(x)]}

    made = make_reference([X], run)
    assert set(made.kinds.tolist()) == {"random", "extreme"}
    assert "outputs of another shape: NaN everywhere" in made.notes
