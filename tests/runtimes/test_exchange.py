"""Arrays on their way to the child and back."""

import tempfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cmsml_tasks.runtimes.session_worker import read_arrays, write_arrays

arrays = npst.arrays(
    st.one_of(
        npst.floating_dtypes(endianness="<"),
        npst.integer_dtypes(endianness="<"),
        st.just(np.dtype(bool)),
    ),
    npst.array_shapes(min_dims=0, min_side=0, max_side=3),
)
strings = npst.arrays(
    np.dtype(object), npst.array_shapes(min_dims=0, max_side=3), elements=st.binary()
)


def there_and_back(content: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "arrays.npz")
        write_arrays(path, content)
        assert [entry.name for entry in Path(folder).iterdir()] == ["arrays.npz"]
        return read_arrays(path, lambda name: getattr(ml_dtypes, name))


@settings(derandomize=True, database=None, deadline=None)
@given(arrays, strings)
def test_arrays_arrive_unchanged(numbers: Any, words: Any) -> None:
    back = there_and_back({"a/b:0": numbers, "index": words})
    assert list(back) == ["a/b:0", "index"]
    assert back["a/b:0"].dtype == numbers.dtype
    assert back["a/b:0"].shape == numbers.shape
    assert back["a/b:0"].tobytes() == numbers.tobytes()
    assert back["index"].tolist() == words.tolist()


def test_narrow_floats_and_text() -> None:
    back = there_and_back(
        {
            "narrow": np.array([[1.5], [np.inf]], ml_dtypes.bfloat16),
            "text": np.array(["ü", ""]),
            "fixed": np.array([b"a", b"bc"]),
        }
    )
    assert back["narrow"].dtype == ml_dtypes.bfloat16
    assert back["narrow"].astype(float).tolist() == [[1.5], [np.inf]]
    assert back["text"].tolist() == ["ü".encode(), b""]
    assert back["fixed"].tolist() == [b"a", b"bc"]
