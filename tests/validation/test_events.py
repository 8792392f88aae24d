"""Which rows are events: those that give the same alone as among others."""

from typing import Any

import numpy as np
import pytest

from cmsml_tasks.validation import make_reference, why_no_events

X = {"name": "x", "dtype": "float32", "shape": [None, 4]}
Y = {"name": "y", "dtype": "float32", "shape": [None, 4]}
IDS = {"name": "x", "dtype": "int32", "shape": [None]}
WEIGHTS = np.random.default_rng(1).normal(size=(4, 2)).astype("float32")


class RefusalError(Exception):
    pass


def four_rows_at_least(feed: dict[str, Any]) -> dict[str, Any]:
    if len(feed["x"]) < 4:
        raise RefusalError("too few")
    return {"s": feed["x"] @ WEIGHTS}


def why(run: Any, *inputs: Any) -> str:
    with np.errstate(all="ignore"):
        reference = make_reference(inputs, run, refusals=(RefusalError,))
        return why_no_events(reference, run, (RefusalError,))


@pytest.mark.parametrize(
    ("run", "inputs"),
    [
        (lambda feed: {"s": feed["x"] @ WEIGHTS}, [X]),
        (lambda feed: {"s": np.eye(10)[feed["x"] % 10]}, [IDS]),
        (lambda feed: {"s": feed["x"] + feed["y"], "n": feed["x"].argmax(-1)}, [X, Y]),
        # rounded to the digits of half precision, otherwise for one row than for many
        (lambda feed: {"s": feed["x"].astype("f2") * (1 + 1e-3 * (len(feed["x"]) < 3))}, [X]),
    ],
)
def test_rows_that_do_not_know_of_each_other_are_events(run: Any, inputs: Any) -> None:
    assert why(run, *inputs) == ""


@pytest.mark.parametrize(
    ("run", "inputs", "reason"),
    [
        (lambda f: {"s": f["x"] - f["x"].mean(0)}, [X], "another 's' for a row alone"),
        (lambda f: {"s": np.cumsum(f["x"], 0)}, [IDS], "another 's' for a row alone"),
        # nodes beside nodes of another kind
        (
            lambda f: {"s": f["x"] + f["y"].mean(0)},
            [X, Y],
            "another 's' for a row alone",
        ),
        (lambda f: {"s": f["x"][::-1]}, [X], "another 's' for a row alone"),
        (lambda f: {"s": f["x"].sum()}, [X], "the outputs are not one per row"),
        (lambda f: {"s": f["x"][1:]}, [X], "the outputs are not one per row"),
        (four_rows_at_least, [X], "refuses 1 of its rows without the others"),
    ],
)
def test_rows_that_belong_together_are_none(run: Any, inputs: Any, reason: str) -> None:
    assert reason in why(run, *inputs)
