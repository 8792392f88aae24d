"""What operators and functions do to values: numbers are exact or undefined, doubts are kept."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cmsml_tasks.recipes.expressions.integers import lossy, of_one_type, overflows
from cmsml_tasks.recipes.expressions.syntax import QUESTIONS
from cmsml_tasks.recipes.expressions.values import (
    MISSING,
    UNDEFINED,
    UNSURE,
    Doubt,
    Trouble,
    UnfitError,
    Value,
    aligned,
    either,
    settled,
)

Function: TypeAlias = Callable[[Any, Any], Any]

_KINDS = {"b": "true or false", "i": "integers", "f": "decimals"}
_OF_INTEGERS: dict[str, Callable[[Any], Any]] = {
    "abs": abs,
    "floor": operator.pos,
    "ceil": operator.pos,
}
_DIVISIONS = (operator.truediv, operator.floordiv, operator.mod)


def condition(value: Value, name: str, comparison: str) -> Value:
    """Return *value*, called *name*, as true or false; one that is missing is false.

    Raises:
        UnfitError: it holds numbers; says which *comparison* to write.
    """
    if value.kind == "b":
        return replace(value, doubt=_known_by_rule(value.doubt))
    if value.typeless:
        return condition(value.retyped(bool), name, comparison)
    raise UnfitError(f"{name} holds {_KINDS[value.kind]}; {comparison} is a condition")


def numbers(value: Value) -> Value:
    """Return *value* with bools as 0 and 1."""
    if value.kind != "b":
        return value
    return replace(value, data=int(value.data) if value.constant else value.data.astype(np.int64))


def arithmetic(function: Function, left: Value, right: Value, names: Sequence[str]) -> Value:
    """Return ``left + right``, or what else *function* of `operator` does; bools are 0 and 1.

    Where the divisor is an integer that is 0, or the result an integer beyond 64 bits, the value is
    undefined. *names* say how both and the whole are written.
    """
    a, b = aligned([numbers(left), numbers(right)], names)
    if a.constant and b.constant:
        return Value(_constant(function, a.data, b.data, names[2]))
    integers = a.kind == b.kind == "i"
    if integers:
        a, b = of_one_type(a, b, names)
    if integers and function is operator.pow and np.any(np.less(b.data, 0)):
        raise UnfitError(f"{names[2]} has an integer below 0 as power; write it with decimals")
    divisor = b.data
    zero = np.asarray(function in _DIVISIONS and b.kind == "i" and np.equal(divisor, 0))
    if zero.any():
        divisor = 1 if b.constant else np.where(zero, divisor.dtype.type(1), divisor)
    result = _made(function(a.data, divisor), [a, b], either(a.doubt, b.doubt))
    if zero.any():
        result = _undefined(result, zero, _divides_by_zero(names))
    if integers and function not in (operator.truediv, operator.mod):
        wrong = overflows(function, a.data, b.data, result.data)
        return undefined_integers(result, wrong, names[2])
    return result


def negative(value: Value, name: str) -> Value:
    """Return ``-value``."""
    value = numbers(value)
    if value.kind == "i" and not value.constant:
        return arithmetic(operator.sub, Value(0), value, ["0", name, f"-{name}"])
    return replace(value, data=-value.data)


def shifted(function: Function, left: Value, right: Value, names: Sequence[str]) -> Value:
    """Return ``left << right`` or ``left >> right`` of integers.

    Raises:
        UnfitError: one is not an integer, or *right* is below 0.
    """
    left, right = _with_bits(left), _with_bits(right)
    for value, name in zip((left, right), names, strict=False):
        if value.kind != "i":
            raise UnfitError(f"{name} holds {_KINDS[value.kind]}; only integers have bits")
    if np.any(np.less(right.data, 0)):
        raise UnfitError(f"{names[2]} shifts by a number below 0")
    power = arithmetic(operator.pow, Value(2), right, ["2", names[1], names[2]])
    meaning = operator.mul if function is operator.lshift else operator.floordiv
    return arithmetic(meaning, left, power, names)


def bits(
    function: Function,
    left: Value,
    right: Value,
    names: Sequence[str],
    comparisons: Sequence[str],
) -> Value:
    """Return ``left & right``, ``|`` or ``^``: of two conditions, or of the bits of two integers.

    Raises:
        UnfitError: anything else; says which of *comparisons* to write.
    """
    if "b" in (left.kind, right.kind):
        a, b = map(condition, (left, right), names[:2], comparisons)
        return logical(function, a, b, names)
    left, right = sides = _with_bits(left), _with_bits(right)
    for side, name, comparison in zip(sides, names, comparisons, strict=False):
        if side.kind == "f":
            power = f" (a power is written {names[0]} ** {names[1]})"
            raise UnfitError(
                f"{name} holds decimals, which have no bits; {comparison} is a condition"
                + power * (function is operator.xor)
            )
    a, b = aligned(of_one_type(left, right, names), names)
    return _made(function(a.data, b.data), [a, b], either(a.doubt, b.doubt))


def compared(function: Function, left: Value, right: Value, names: Sequence[str]) -> Value:
    """Return ``left < right``, or what else *function* does; NaN counts as missing.

    Where one is missing the result is false, but for ``!=``.
    """
    a, b = aligned([left, right], names)
    a, b = _as_integer(a, b), _as_integer(b, a)
    if not (a.constant or b.constant):
        a, b = _among_decimals(a, b, names[0]), _among_decimals(b, a, names[1])
    data = np.asarray(function(a.data, b.data))
    doubt = either(a.doubt, b.doubt)
    if doubt is not None:
        data = np.where(doubt == MISSING, function is operator.ne, data)
    nan = np.zeros(data.shape, bool)
    for side in (a, b):
        if side.kind == "f":
            nan |= np.isnan(side.data)
    if nan.any():
        doubt = either(doubt, nan * UNSURE)
    return _made(data, [a, b], _known_by_rule(doubt))


def logical(function: Function, left: Value, right: Value, names: Sequence[str]) -> Value:
    """Return ``and``, ``or``, ``xor`` of two conditions; what one side decides is in no doubt."""
    a, b = aligned([left, right], names)
    doubt = either(a.doubt, b.doubt)
    decisive = {operator.and_: False, operator.or_: True}.get(function)
    if doubt is not None and decisive is not None:
        doubt = settled(doubt * ~(surely(a, decisive) | surely(b, decisive)))
    return _made(function(a.data, b.data), [a, b], doubt)


def surely(value: Value, answer: bool) -> NDArray[np.bool_]:
    """Return where a condition is *answer* without a doubt."""
    equal = np.asarray(value.data == answer)
    return equal if value.doubt is None else equal & (value.doubt == 0)


def inverted(value: Value) -> Value:
    """Return ``not value`` of a condition."""
    return replace(value, data=not value.data if value.constant else ~value.data)


def chosen(decides: Value, yes: Value, no: Value, names: Sequence[str]) -> Value:
    """Return ``where(decides, yes, no)``; unsure where the condition is, or as what it takes."""
    if not yes.kind == no.kind == "b":
        yes, no = _joined(numbers(yes), numbers(no), names[1:])
    c, a, b = aligned([decides, yes, no], names)
    zero = np.uint8(0)
    taken = np.where(
        c.data, zero if a.doubt is None else a.doubt, zero if b.doubt is None else b.doubt
    )
    result = _made(np.where(c.data, a.data, b.data), [c, a, b], None)
    doubt = either(c.doubt, np.broadcast_to(taken, np.shape(result.data)))
    return replace(result, doubt=settled(doubt))


def applied(function: str, arguments: Sequence[Value], names: Sequence[str]) -> Value:
    """Return the *function* of numpy of one or two values, element by element."""
    values = aligned([numbers(argument) for argument in arguments], names)
    if function in ("minimum", "maximum"):
        values = aligned(_joined(values[0], values[1], names), names)
    doubt = either(*(value.doubt for value in values))
    if function in _OF_INTEGERS and values[0].kind == "i":
        data = _OF_INTEGERS[function](values[0].data)
        wrong = np.less(data, 0) & (function == "abs")
        return undefined_integers(_made(data, values, doubt), wrong, f"{function}({names[0]})")
    data = getattr(np, function)(*(value.data for value in values))
    if function in QUESTIONS and doubt is not None:
        data = np.where(doubt > UNSURE, function == "isnan", data)
        doubt = settled(doubt * (doubt == UNSURE))
    return _made(data, values, doubt)


def undefined_integers(value: Value, where: NDArray[np.bool_], name: str) -> Value:
    """Return integers, called *name*, undefined *where* they have wrapped around."""
    trouble = Trouble(
        f"'{name}' leaves the integers of 64 bits", "compute it with decimals, as in 1.0 * x"
    )
    return _undefined(value, where, trouble)


def _divides_by_zero(names: Sequence[str]) -> Trouble:
    _, divisor, whole = names
    comparison = f"{divisor} != 0" if divisor.isidentifier() else f"({divisor}) != 0"
    return Trouble(
        f"'{whole}' divides by an integer that is 0",
        f"demand '{comparison}' in the selection, or write where({comparison}, {whole}, 0)",
    )


def _with_bits(value: Value) -> Value:
    return value.retyped(np.int64) if value.typeless and value.kind != "i" else value


def _known_by_rule(doubt: Doubt | None) -> Doubt | None:
    """Return the *doubt* of a condition on what may be missing: it has a value there."""
    return None if doubt is None else np.where(doubt == MISSING, UNSURE, doubt)


def _constant(function: Function, left: Any, right: Any, name: str) -> Any:
    """Return what Python makes of two numbers, as long as it is one that a column can have."""
    integers = isinstance(left, int) and isinstance(right, int)
    if integers and function is operator.pow and abs(left) > 1 and right > 64:
        raise UnfitError(f"{name} is beyond 64 bits")  # Python would compute each digit
    value = function(left, right)
    if isinstance(value, complex):
        raise UnfitError(f"{name} is no real number")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise UnfitError(f"{name} is beyond 64 bits; write decimals, as in 1e20")
    return value


def _as_integer(side: Value, other: Value) -> Value:
    """Return a constant such as 1e18 as an integer where integers are compared with it."""
    whole = side.constant and isinstance(side.data, float) and side.data.is_integer()
    return replace(side, data=int(side.data)) if whole and other.kind == "i" else side


def _among_decimals(side: Value, other: Value, name: str) -> Value:
    """Return integers such that those are undefined that change when they become float64."""
    if side.constant or side.kind != "i" or other.kind != "f":
        return side
    trouble = Trouble(
        f"'{name}' has integers that float64 does not hold (beyond {2**53}) among decimals",
        "subtract an offset",
    )
    return _undefined(side, lossy(side.data), trouble)


def _joined(left: Value, right: Value, names: Sequence[str]) -> list[Value]:
    """Return two values of which each number may go into one array, without a change."""
    if left.kind == right.kind == "i":
        return list(of_one_type(left, right, names))
    return [_among_decimals(left, right, names[0]), _among_decimals(right, left, names[1])]


def _made(data: Any, operands: Sequence[Value], doubt: Doubt | None) -> Value:
    """Return the value that has the lists of its *operands*, which are aligned."""
    model = next((value for value in operands if not value.constant), None)
    if model is None:
        return Value(np.asarray(data).item())
    return Value(
        np.asarray(data),
        model.lists,
        doubt,
        next((value.trouble for value in operands if value.trouble), None),
    )


def _undefined(value: Value, where: NDArray[np.bool_], trouble: Trouble) -> Value:
    """Return *value*, undefined *where* it is not missing anyway."""
    if value.doubt is not None:
        where = where & (value.doubt < MISSING)
    if not where.any():
        return value
    marks = np.broadcast_to(where, value.data.shape) * UNDEFINED
    return replace(value, doubt=either(value.doubt, marks), trouble=value.trouble or trouble)
