"""Chains killed at random moments: a sample of what ``tests/fuzz/kills.py`` does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from xrootd_server import serving_outputs

sys.path.append(str(Path(__file__).parents[1] / "fuzz"))
from kills import Chain, digests_of, killed, remote_shell

FIRST = int(os.environ["SAMPLE_SEED"])
KILLS = 2


@pytest.mark.parametrize("where", ["local", "xrootd"])
def test_chain_after_kills_is_as_undisturbed(where: str, tiny, tmp_path: Path) -> None:
    shell, _ = tiny
    expected = {"": digests_of(shell)}
    with serving_outputs() as server:
        mine = shell.copied_to(tmp_path) if where == "local" else remote_shell(server, "store")
        chain = Chain(mine, tmp_path / "chain", expected)
        seeds = list(range(FIRST, FIRST + KILLS))
        kills = list(killed({where: chain}, seeds, ("",)))
    assert [kill.seed for kill in kills] == seeds
    assert not [kill for kill in kills if kill.wrong]
