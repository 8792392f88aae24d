"""Files of every row of the table, loaded in a fresh process: the same numbers and names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conversion_cases import CASES


@pytest.mark.parametrize("name", CASES)
def test_file_gives_the_numbers_of_the_original(name: str, evaluated: dict[str, Any]) -> None:
    outcome = evaluated[name]
    if "problem" in outcome:
        raise outcome["problem"]
    assert "error" not in outcome["facts"], outcome["facts"]["error"]
    for tensor, expected in outcome["case"].expected.items():
        value = outcome["values"][tensor]
        assert value.dtype == expected.dtype
        np.testing.assert_allclose(value, expected, rtol=2e-6, atol=2e-7, err_msg=tensor)


@pytest.mark.parametrize("name", [name for name in CASES if "as_is" not in name])
def test_file_has_no_other_inputs_and_outputs(name: str, evaluated: dict[str, Any]) -> None:
    outcome = evaluated[name]
    facts = outcome["facts"]
    assert sorted(facts["inputs"]) == sorted(t.removesuffix(":0") for t in outcome["case"].feeds)
    assert sorted(facts["unread"]) == sorted(t.removesuffix(":0") for t in outcome["case"].expected)
