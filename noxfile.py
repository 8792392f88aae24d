"""What developers run, and CI: ``nox -l`` lists it. It uses the environment that is active."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types"]


@nox.session
def lint(session: nox.Session) -> None:
    """Linter and formatter."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Type checker."""
    session.run("mypy")


@nox.session
def test(session: nox.Session) -> None:
    """The tests, or those that are named behind ``--``."""
    session.run("pytest", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Jobs that get lost, in all ways: minutes each."""
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session
def grid(session: nox.Session) -> None:
    """Jobs on an ARC computing element, which is installed for it, as root."""
    session.run(".ci/grid", *session.posargs, external=True)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests with the lowest versions that ``pyproject.toml`` allows."""
    session.run(".ci/lowest", *session.posargs, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, into ``docs/_build``, with warnings as errors."""
    session.run("sphinx-build", "-q", "-W", "--keep-going", "docs", "docs/_build")
