"""Options of luigi and law whose values their parameters cannot read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import luigi
from luigi.task_register import Register

_WANTED = {
    luigi.IntParameter: "a whole number",
    luigi.FloatParameter: "a number",
    luigi.BoolParameter: "true or false",
}


def misspelt_option(error: BaseException) -> str | None:
    """Return what is wrong with the option of ``law run`` that *error* comes from.

    luigi says neither which option it was reading nor whose it is.

    Args:
        error: what was raised, or what caused it, or what caused that.

    Returns:
        The message; None where *error* comes from none of them.
    """
    _, program, *arguments = (*sys.argv, "")
    if program != "run":
        return None
    task = arguments[0].rpartition(".")[2]
    problem = _misspelt(dict(_parameters(task)), arguments[1:], error)
    return f"error: {problem}; law run {task} --help says what it takes" if problem else None


def _misspelt(
    parameters: Mapping[str, Any], arguments: Sequence[str], error: BaseException
) -> str | None:
    reasons = {_told(each) for each in _causes(error)}
    for flag, value in _options(arguments):
        told = _problem(parameters[flag], value) if flag in parameters else None
        if told is not None and told in reasons:
            kinds = (words for kind, words in _WANTED.items() if isinstance(parameters[flag], kind))
            wanted = next(kinds, None)
            problem = f"is not {wanted}" if wanted else f"cannot be read: {told[1]}"
            return f"{flag} {value!r} {problem}"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _told(error: BaseException) -> tuple[type, str]:
    return type(error), str(error)


def _parameters(task: str) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of *task* and the global ones, by how they are typed."""
    for family, is_without_section, name, parameter in Register.get_all_params():
        if family == task or is_without_section:
            yield f"--{name.replace('_', '-')}", parameter
        yield f"--{family}-{name}".replace("_", "-"), parameter


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    for index, argument in enumerate(arguments):
        flag, separator, value = argument.partition("=")
        if not flag.startswith("--"):
            continue
        if not separator and index + 1 < len(arguments):
            value = arguments[index + 1]
        yield flag, value


def _problem(parameter: Any, value: str) -> tuple[type, str] | None:
    try:
        parameter.parse(value)
    except Exception as error:  # whatever it is that luigi has met, too
        return _told(error)
    return None
