"""What is missing compares as NaN does in numpy, wherever it comes from."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from expression_values import as_list
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsml_tasks.recipes.expressions.expression import parse
from cmsml_tasks.recipes.expressions.values import UNSURE

JETS = {
    "nJet": np.array([1, 1, 0]),
    "Jet_pt": ak.Array([[50.0], [20.0], []]),
    "Jet_id": ak.Array([[1], [0], []]),
    "Muon_pt": ak.Array([[30.0, 10.0], [], [5.0]]),
    "tagged": np.array([True, True, False]),
    # gaps as readers give them
    "n": np.ma.MaskedArray([3, 0, 7], [False, True, False]),
    "x": np.ma.MaskedArray([0.5, 0.0, 2.5], [False, True, False]),
    "ok": np.ma.MaskedArray([True, True, False], [False, True, False]),
    "gaps": ak.Array([[1, None], None, [None, 4, 5]]),
    "nan": np.array([1.0, np.nan, 3.0]),
}


def evaluated(text):
    return parse(text, "test").evaluate(JETS)


def outcome(text):
    """The values with what they are where they are missing, and where that is."""
    value = evaluated(text)
    doubt = [] if value.doubt is None else np.flatnonzero(value.doubt).tolist()
    return value.data.tolist(), doubt


@pytest.mark.parametrize(
    ("text", "keeps", "undecided"),
    [
        ("(nJet == 0) | (Jet_pt[0] < 30)", [0, 1, 1], []),
        ("nJet == 0 or Jet_pt[0] < 30", [0, 1, 1], []),
        ("~(Jet_pt[0] > 30)", [0, 1, 1], [2]),
        ("not (Jet_pt[0] > 30)", [0, 1, 1], [2]),
        ("not Jet_pt[0] > 30", [0, 1, 1], [2]),
        ("Jet_pt[0] > 30", [1, 0, 0], [2]),
        ("Jet_pt[0] != 50", [0, 1, 1], [2]),
        ("not (Jet_pt[0] == 50)", [0, 1, 1], [2]),
        ("20 < Jet_pt[0] < 60", [1, 0, 0], [2]),
        ("not (20 < Jet_pt[0] < 60)", [0, 1, 1], [2]),
        ("nJet > 0 and Jet_pt[0] > 30", [1, 0, 0], []),
        ("Jet_pt[0] == Jet_pt[0]", [1, 1, 0], [2]),
        ("Jet_id[0] == 0", [0, 1, 0], [2]),
        ("Jet_id[0] != 1", [0, 1, 1], [2]),
        ("(Jet_id[0] & 1) == 0", [0, 1, 0], [2]),
        ("Jet_pt[0] + 1 != 0", [1, 1, 1], [2]),
        ("max(Jet_pt) < 100", [1, 1, 0], [2]),
        ("min(Jet_pt) != 20", [1, 0, 1], [2]),
        ("n == 0", [0, 0, 0], [1]),
        ("n != 3", [0, 1, 1], [1]),
        ("n >= 0", [1, 0, 1], [1]),
        ("n == n", [1, 0, 1], [1]),
        ("not n == 3", [0, 1, 1], [1]),
        ("x < 1", [1, 0, 0], [1]),
        ("x != 0.5", [0, 1, 1], [1]),
        ("nan != 1", [0, 1, 1], [1]),
        ("nan < 9", [1, 0, 1], [1]),
        ("nan < 9 or tagged", [1, 1, 1], []),
        ("ok", [1, 0, 0], [1]),
        ("not ok", [0, 1, 1], [1]),
        ("~ok", [0, 1, 1], [1]),
        ("ok or tagged", [1, 1, 0], []),
        ("ok and not tagged", [0, 0, 0], []),
        ("ok ^ tagged", [0, 1, 0], [1]),
        ("ok == True", [1, 0, 0], [1]),
        ("ok != True", [0, 1, 1], [1]),
        ("ok == 0", [0, 0, 1], [1]),
        # the outcome of a comparison is true or false, as in numpy
        ("(Jet_pt[0] > 30) == False", [0, 1, 1], [2]),
        ("(Jet_pt[0] > 30) + (nJet > 1) == 0", [0, 1, 1], [2]),
        ("where(Jet_pt[0] > 30, 1, 0) == 0", [0, 1, 1], [2]),
        ("sum(Jet_pt > Muon_pt[0]) == 0", [0, 1, 1], [1]),
        ("(not ok) == True", [0, 1, 1], [1]),
        ("(ok and True) != False", [1, 0, 0], [1]),
        ("isnan(where(ok, 1.0, 2.0))", [0, 0, 0], [1]),
        ("where(ok, 1, 2) == 1", [1, 0, 0], [1]),
        ("where(tagged, n, 0) == 0", [0, 0, 1], [1]),
        ("where(n > 5, n, 0) == 7", [0, 0, 1], [1]),
        ("isnan(n)", [0, 1, 0], []),
        ("isnan(Jet_pt[0])", [0, 0, 1], []),
        ("isfinite(x)", [1, 0, 1], []),
        ("isinf(x)", [0, 0, 0], []),
        ("where(isnan(n), 5, n) == 5", [0, 1, 0], []),
        ("any(gaps > 3)", [0, 0, 1], [0, 1]),
        ("all(gaps > 0)", [0, 0, 0], [0, 1, 2]),
        ("all(gaps > 4)", [0, 0, 0], [1]),
        ("any(gaps != 1)", [1, 0, 1], [0, 1]),
        ("sum(gaps) > 0", [0, 0, 0], [0, 1, 2]),
        ("count(gaps) > 1", [1, 0, 1], [1]),
        ("gaps[0] == 1", [1, 0, 0], [1, 2]),
        ("gaps[1] == 4", [0, 0, 1], [0, 1]),
        # a condition that is missing picks nothing, and nobody knows how many it would have picked
        ("sum(Jet_pt[Jet_pt > Muon_pt[0]]) > 0", [1, 0, 0], [1]),
        ("count(Jet_pt[Jet_pt > Muon_pt[0]]) == 0", [0, 1, 1], [1]),
        ("any(Jet_pt[Jet_pt > Muon_pt[0]] > 1)", [1, 0, 0], [1]),
        ("count(Jet_pt[Jet_pt != Muon_pt[0]]) == 1", [1, 1, 0], [1]),
        ("(Jet_pt[Jet_pt > Muon_pt[0]] + 1)[0] > 0", [1, 0, 0], [1, 2]),
        ("max((Jet_pt[Jet_pt > Muon_pt[0]])[:1]) > 0", [1, 0, 0], [1, 2]),
    ],
)
def test_what_a_condition_keeps_and_where_a_missing_value_decides(text, keeps, undecided):
    assert outcome(text) == ([bool(keep) for keep in keeps], undecided)


COMPUTED = """
n + 1; -n; 2 * n; n ** 2; n / 2; n // 2; n % 2; 1 // n; 1 / n; n & 1; n << 1; sqrt(n); hypot(n, 1)
abs(n); maximum(n, 1); where(n > 0, 1, 0); n > 0; not n > 0; where(tagged, n, 9); ok + 1
n + Jet_pt[0]
"""


@pytest.mark.parametrize(
    "text", [text.strip() for text in COMPUTED.replace("\n", ";").split(";")[1:-1]]
)
def test_what_is_computed_from_a_missing_value_is_missing(text):
    assert as_list(evaluated(text))[1] is None


def test_every_comparison_of_what_is_missing():
    wanted = {"<": False, "<=": False, ">": False, ">=": False, "==": False, "!=": True}
    sides = ["n", "x", "nan", "ok", "Jet_pt[5]", "gaps[0]"]
    others = [*sides, "1", "1.5", "True", "nJet", "tagged"]
    for side, other, (sign, answer) in itertools.product(sides, others, wanted.items()):
        for left, right in ((side, other), (other, side)):
            value = evaluated(f"{left} {sign} {right}")
            assert value.data[1] == answer, (left, sign, right)
            assert value.doubt[1] == UNSURE
            assert evaluated(f"not ({left} {sign} {right})").data[1] == (not answer)


@st.composite
def conditions(draw, depth=0):
    """A condition as text, its comparisons, and what it is for the truths of those."""
    kind = draw(
        st.sampled_from(["", "", "not", "~", "and", "or", "&", "|", "^"][: 9 - 7 * (depth > 2)])
    )
    if not kind:
        column = draw(st.sampled_from(["n", "x", "nan", "Jet_pt[0]", "Muon_pt[1]", "nJet"]))
        sign = draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
        text = f"({column} {sign} {draw(st.sampled_from(['0', '1', '3', '20.0']))})"
        return text, [text], lambda truths: truths[0]
    left, leaves, first = draw(conditions(depth + 1))
    if kind in ("not", "~"):
        return f"({kind} {left})", leaves, lambda truths: not first(truths)
    right, others, second = draw(conditions(depth + 1))

    def joined(truths):
        a, b = first(truths[: len(leaves)]), second(truths[len(leaves) :])
        return {"and": a and b, "&": a and b, "or": a or b, "|": a or b, "^": a != b}[kind]

    return f"({left} {kind} {right})", [*leaves, *others], joined


@settings(max_examples=200, deadline=None)
@given(conditions())
def test_a_condition_is_unsure_where_other_values_would_have_changed_it(condition):
    text, leaves, joined = condition
    result = evaluated(text)
    values = [evaluated(leaf) for leaf in leaves]
    for event in range(3):
        truths = [bool(value.data[event]) for value in values]
        assert bool(result.data[event]) == joined(truths)
        choices = [
            (True, False) if value.doubt is not None and value.doubt[event] else (truth,)
            for value, truth in zip(values, truths, strict=True)
        ]
        answers = {joined(choice) for choice in itertools.product(*choices)}
        unsure = result.doubt is not None and bool(result.doubt[event])
        assert unsure == (len(answers) == 2)


NUMPY = {
    **{name: getattr(np, name) for name in ("isnan", "isfinite", "isinf", "sqrt", "maximum")},
    **{"where": np.where, "NOT": np.logical_not, "nJet": JETS["nJet"], "nan": JETS["nan"]},
    "n": np.array([3, np.nan, 7]),
    "x": np.array([0.5, np.nan, 2.5]),
    "first": np.array([50, 20, np.nan]),
}


@st.composite
def numbers(draw, depth=0):
    kind = draw(st.sampled_from(["column", "arithmetic", "where", "count", "function"]))
    if kind == "column" or depth > 3:
        return draw(st.sampled_from(["n", "x", "nan", "first", "nJet", "2", "0.5"]))
    if kind == "where":
        a, b = draw(numbers(depth + 1)), draw(numbers(depth + 1))
        return f"where({draw(comparisons(depth + 1))}, {a}, {b})"
    if kind == "count":
        return f"({draw(comparisons(depth + 1))} + {draw(comparisons(depth + 1))} * 2)"
    if kind == "function":
        return f"sqrt({draw(numbers(depth + 1))})"
    sign = draw(st.sampled_from(["+", "-", "*"]))
    return f"({draw(numbers(depth + 1))} {sign} {draw(numbers(depth + 1))})"


@st.composite
def comparisons(draw, depth=0):
    kind = draw(st.sampled_from(["compare", "NOT", "&", "|", "^", "question"]))
    if kind == "compare" or depth > 3:
        sign = draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
        return f"({draw(numbers(depth + 1))} {sign} {draw(numbers(depth + 1))})"
    if kind == "NOT":
        return f"NOT({draw(comparisons(depth + 1))})"
    if kind == "question":
        question = draw(st.sampled_from(["isnan", "isfinite", "isinf"]))
        return f"{question}({draw(numbers(depth + 1))})"
    return f"({draw(comparisons(depth + 1))} {kind} {draw(comparisons(depth + 1))})"


@settings(max_examples=200, deadline=None)
@given(comparisons())
def test_conditions_are_those_of_numpy_with_nan_for_what_is_missing(text):
    # numpy adds bools as "or", which is not what a count is
    counts = text.replace(" + ", " + 0 + ").replace(" - ", " + 0 - ")
    with np.errstate(all="ignore"):
        wanted = eval(counts, {}, NUMPY)
    value = parse(text.replace("NOT", "~").replace("first", "Jet_pt[0]"), "test").evaluate(JETS)
    assert np.broadcast_to(value.data, 3).tolist() == np.broadcast_to(wanted, 3).tolist()


DOCS = Path(__file__).parents[2] / "docs" / "expressions.md"


def test_the_table_in_the_docs_is_true():
    _, _, table = DOCS.read_text().partition("| expression | three events |")
    lines = [line for line in table.partition("\n\n")[0].splitlines() if line.startswith("| `")]
    assert len(lines) == 9
    columns = {**JETS, "Jet_pt": ak.Array([[50.0, 40.0], [20.0], []]), "nJet": np.array([2, 1, 0])}
    for line in lines:
        _, text, answers = re.split(r" *(?<!\\)\| *", line)[:3]
        value = parse(text.strip("`").replace("\\|", "|"), "docs").evaluate(columns)
        said = [
            f"**{str(t).lower()}**" if m else str(t).lower()
            for t, m in zip(value.data, value.missing, strict=True)
        ]
        assert answers.split() == said, text
