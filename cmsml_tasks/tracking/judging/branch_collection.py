"""The outputs of a workflow's branches: counted as fresh, and built only when they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any

import law
import luigi

from cmsml_tasks.tracking.contract.state import State, Verdict, summary
from cmsml_tasks.tracking.judging import workflow_snapshot
from cmsml_tasks.tracking.judging.tracked_targets import painted
from cmsml_tasks.tracking.storage.one_look import one_look

_LAZY = ("targets", "_flat_targets", "_flat_target_list")


class BranchCollection(law.TargetCollection):  # type: ignore[misc]
    """Collection in which a stale branch counts as missing, for luigi, law and remote jobs alike.

    Args:
        targets: as of `law.TargetCollection`; or
        workflow: the workflow whose branches the targets are of, not yet built.
        kwargs: handed on to `law.TargetCollection`.
    """

    def __init__(self, targets: Any = None, workflow: Any = None, **kwargs: Any) -> None:
        super().__init__({} if targets is None else targets, **kwargs)
        self.workflow = workflow
        if workflow is not None:
            for name in _LAZY:
                del self.__dict__[name]

    @cached_property
    def targets(self) -> Any:
        """Outputs by number of the branch."""
        return luigi.task.getpaths(self.workflow.get_branch_tasks())

    @cached_property
    def _flat_targets(self) -> Any:
        return {branch: law.util.flatten(each) for branch, each in self.targets.items()}

    @cached_property
    def _flat_target_list(self) -> Any:
        return law.util.flatten(self.targets)

    def __len__(self) -> int:
        return len(self.keys())

    def keys(self) -> list[Any]:
        """Return the numbers of the branches."""
        if self.workflow is None:
            return list(super().keys())
        return list(self.workflow.get_branch_map())

    def _iter_state(self, existing: bool | None = True, **kwargs: Any) -> Iterator[Any]:
        if existing is None or kwargs.get("exists_func") is not None or self.workflow is None:
            yield from super()._iter_state(existing=existing, **kwargs)
            return
        complete = self._complete_keys()
        for key in self.keys():
            if (key in complete) is bool(existing):
                found = (self.targets if kwargs.get("unpack", True) else self._flat_targets)[key]
                yield (key, found) if kwargs.get("keys", False) else found

    def _complete_keys(self) -> set[Any]:
        with one_look():
            if workflow_snapshot.holds(self.workflow):
                return set(self.keys())
            states = self.workflow.branch_states()
        return {key for key, state in states.items() if state.verdict is Verdict.COMPLETE}

    def exists(self, **kwargs: Any) -> bool:
        """Return whether as many branches are complete as law's acceptance asks for."""
        if self.workflow is None or kwargs.get("exists_func") is not None:
            return bool(super().exists(**kwargs))
        return bool(len(self._complete_keys()) >= self._abs_threshold())

    def count(self, **kwargs: Any) -> Any:
        """Return the number of complete branches, with ``keys=True`` also which they are."""
        existing = kwargs.get("existing", True)
        if self.workflow is None or existing is None or kwargs.get("exists_func") is not None:
            return super().count(**kwargs)
        complete = self._complete_keys()
        found = [key for key in self.keys() if (key in complete) is bool(existing)]
        return (len(found), found) if kwargs.get("keys", False) else len(found)

    def status_text(
        self, max_depth: int = 0, flags: Any = None, color: bool = False, **kwargs: Any
    ) -> str:
        """Return the verdicts on the branches in one line, below *max_depth* one line for each."""
        if self.workflow is None:
            text: str = super().status_text(max_depth=max_depth, flags=flags, color=color, **kwargs)
            return text
        paint = partial(painted, color=color)
        with one_look():
            if max_depth <= 0 and workflow_snapshot.holds(self.workflow):
                return f"{paint(Verdict.COMPLETE)} ({len(self)}/{len(self)})"
            states = self.workflow.branch_states()
            if not states:
                return f"{paint(Verdict.COMPLETE)} (0/0)"
            lines = [summary(states.values(), paint) + _missing(states, flags)]
            if max_depth > 0:
                tasks = self.workflow.get_branch_tasks()
                for key, state in states.items():
                    name = f"{key} {tasks[key].branch_label()}".strip()
                    lines.append(f"{name}: {state.text(paint)}")
        return "\n".join(lines)


def counting_fresh(proxy: Any, workflow: Any) -> Any:
    """Return the ``output`` of a workflow's *proxy* with a `BranchCollection`."""
    original = proxy.output
    has_more = type(proxy).output is not law.workflow.base.BaseWorkflowProxy.output

    def output() -> Any:
        # other workflows than local ones have more outputs than the collection
        outputs = original() if has_more else law.util.DotDict()
        number = len(workflow.get_branch_map())
        outputs["collection"] = BranchCollection(
            workflow=workflow, threshold=proxy.threshold(number)
        )
        return outputs

    return output


def _missing(states: dict[Any, State], flags: Any) -> str:
    """Return which branches are not complete, where law's flag ``missing`` asks for it."""
    keys = [str(key) for key, state in states.items() if state.verdict is not Verdict.COMPLETE]
    return f", missing branches: {','.join(keys)}" if keys and "missing" in (flags or ()) else ""
