"""The work of a task in an interpreter of its own, where it is seen what the user's code reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cmsml_tasks.observing.observed import Observed
from cmsml_tasks.processes.isolated import call_observed
from cmsml_tasks.tracking.contract.tracked import Tracked
from cmsml_tasks.tracking.storage.cache import cache_folder
from cmsml_tasks.tracking.storage.digests import digest_of


def observed_call(
    task: Tracked,
    function: str,
    *,
    staged: Iterable[str],
    environment: dict[str, str] | None = None,
    **arguments: Any,
) -> Any:
    """Call *function* for the ``run`` of *task*; what it reads beside the inputs becomes known.

    Args:
        task: the task that runs.
        function: ``"package.module:name"``.
        staged: the local files or folders that stand for the task's inputs and outputs.
        environment: added to the variables of this process.
        arguments: of the function, as JSON.

    Raises:
        UserError: as `call_isolated`.
    """
    declared = task.making.digests_of_inputs() if task.making else {}
    result, observed = call_observed(
        function,
        leaving_out=[*staged, *(path for path in declared if "://" not in path)],
        unlisted=[str(cache_folder()), *task.folders_of_runs()],
        environment=environment,
        digest=lambda path: digest_of(path)["sha256"],
        **arguments,
    )
    task.observed = _together(task.observed, observed)
    return result


def _together(first: Observed, then: Observed) -> Observed:
    """Return what two calls of one run have read; of each the first word counts."""
    return Observed(
        {**then.files, **first.files},
        {**then.folders, **first.folders},
        {**then.variables, **first.variables},
        sorted({*first.changed, *then.changed}),
        sorted({*first.urls, *then.urls}),
        sorted({*first.unseen, *then.unseen}),
        {**then.sources, **first.sources},
        sorted({*first.named, *then.named}),
    )
