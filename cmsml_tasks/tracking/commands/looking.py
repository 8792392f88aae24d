"""What the command line asks of a task in place of running it, such as ``--explain``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import law

from cmsml_tasks.command_line.interrupting import ending_on_ctrl_c
from cmsml_tasks.command_line.messages import refuse, told
from cmsml_tasks.command_line.parameters import DepthParameter
from cmsml_tasks.errors import SettingsError


class LookedAtTask(law.Task):  # type: ignore[misc]
    """The questions that `TrackedTask` answers, beside law's own."""

    exclude_index = True

    explain = DepthParameter(
        "-1",
        description="say what would run and why, and run nothing; a number limits how far up the "
        "requirements it looks; default when given alone: -1, all",
    )
    accept = DepthParameter(
        "0",
        description="declare stale outputs good as they are, and run nothing: today's ingredients "
        "are recorded for them; a number says how far up the requirements, -1 for all; default "
        "when given alone: 0, this task only",
    )
    adopt = DepthParameter(
        "0",
        description="take outputs that no manifest speaks of as they are, half-written or not, as "
        "made from today's ingredients, and run nothing; a number says how far up; default when "
        "given alone: 0, this task only",
    )
    origin = DepthParameter(
        "-1",
        description="say from which data, settings, code, versions, commit, host and job the "
        "outputs came, and run nothing; a number limits how far up; default when given alone: -1",
    )
    interactive_params = [*law.Task.interactive_params, "explain", "accept", "adopt", "origin"]  # noqa: RUF012

    def _remove_output(self, arguments: Sequence[Any]) -> Any:
        try:
            return super()._remove_output(arguments)
        except EOFError:
            print()  # behind the question
            depth = arguments[0]
            refuse(
                SettingsError(
                    f"--remove-output {depth} asks before it removes, and nobody answers here; "
                    f"--remove-output={depth},d says what it would remove, and "
                    f"--remove-output={depth},a removes it"
                )
            )

    def _explain(self, arguments: Sequence[str]) -> None:
        from cmsml_tasks.tracking.commands.explain import explain

        with told():
            explain(self, int(arguments[0]))

    def _accept(self, arguments: Sequence[str]) -> None:
        from cmsml_tasks.tracking.commands.accept import accept

        with told():
            accept(self, int(arguments[0]))

    def _adopt(self, arguments: Sequence[str]) -> None:
        from cmsml_tasks.tracking.commands.accept import adopt

        with told():
            adopt(self, int(arguments[0]))

    def _origin(self, arguments: Sequence[str]) -> None:
        from cmsml_tasks.tracking.commands.origin import print_origin_of_task

        with told():
            print_origin_of_task(self, int(arguments[0]))


for _option in LookedAtTask.interactive_params:
    _look = ending_on_ctrl_c(getattr(LookedAtTask, f"_{_option}"))
    setattr(LookedAtTask, f"_{_option}", _look)

# nobody runs the base, and luigi builds its parsers from the parameters of all registered tasks
LookedAtTask.deregister()
