"""What a validation has gathered before it judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cmsml_tasks.runtimes.runtime import GraphRun
from cmsml_tasks.validation.card import Card
from cmsml_tasks.validation.comparison import Tolerance
from cmsml_tasks.validation.fit import Problem
from cmsml_tasks.validation.plan import Done
from cmsml_tasks.validation.reaching import Reached
from cmsml_tasks.validation.reference import Reference


@dataclass(frozen=True, eq=False)
class Subject:
    """A graph that was run, and all that it is judged by.

    ``done`` is what the graph gave as it is, ``optimised`` what it gave as TensorFlow rewrites it;
    ``only_way`` says why there is no such second way. ``singles`` are rows that were tried alone
    because they failed together; ``reached`` tells what the graph does beside computing, and where
    it may not run, ``run`` is empty; ``foreign`` tells which files are not those on the card,
    ``misfits`` tells why the reference rows are none of this graph,
    and then nothing was evaluated.
    """

    card: Card
    reference: Reference
    run: GraphRun
    done: Sequence[Done]
    singles: Sequence[Done]
    tolerance: Tolerance
    optimised: Sequence[Done] = ()
    only_way: str | None = None
    foreign: Sequence[Problem] = ()
    misfits: Sequence[Problem] = ()
    reached: Reached = field(default_factory=Reached)
