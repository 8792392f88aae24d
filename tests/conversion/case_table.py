"""The table of cases: an object, its file, and its own outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


@dataclasses.dataclass
class Case:
    """A file that was written, and what its graph has to give.

    Attributes:
        path: the file.
        feeds: arrays by tensor.
        expected: the original's outputs by tensor.
        variables: values of placeholders that stand for variables, in a graph saved as it is.
    """

    path: Path
    feeds: Mapping[str, Any]
    expected: Mapping[str, Any]
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict)


CASES: dict[str, Callable[[Path], Case]] = {}


def case(make: Callable[[Path], Case]) -> Callable[[Path], Case]:
    CASES[make.__name__] = make
    return make


def rows(*shape: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


X = rows(6, 4)
