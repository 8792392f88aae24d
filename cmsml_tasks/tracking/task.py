"""`TrackedTask`: a law task whose outputs are complete only while they are fresh."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import law
import luigi

from cmsml_tasks.command_line.interrupting import end_as_commands_do, end_with_luigi, is_law_command
from cmsml_tasks.command_line.messages import refuse, speak_plainly
from cmsml_tasks.errors import SettingsError, UserError, did_you_mean
from cmsml_tasks.observing.observed import Observed
from cmsml_tasks.shown import without_secrets
from cmsml_tasks.temporary import remove_abandoned
from cmsml_tasks.terminal import print_anything
from cmsml_tasks.tracking.commands.looking import LookedAtTask
from cmsml_tasks.tracking.contract.labels import settled_text
from cmsml_tasks.tracking.contract.state import State, Verdict
from cmsml_tasks.tracking.contract.targets import paths_of
from cmsml_tasks.tracking.contract.tracked import CurrentRun
from cmsml_tasks.tracking.contract.tracked_file import AnyTrackedFile
from cmsml_tasks.tracking.judging import workflow_snapshot
from cmsml_tasks.tracking.judging.branch_collection import counting_fresh
from cmsml_tasks.tracking.judging.judge import judge
from cmsml_tasks.tracking.judging.replaced import drop_all
from cmsml_tasks.tracking.judging.tracked_targets import made_by
from cmsml_tasks.tracking.manifests.environment import COMPARABLE
from cmsml_tasks.tracking.manifests.manifest import set_aside
from cmsml_tasks.tracking.runs.journal import note_pending, note_present, note_workflow
from cmsml_tasks.tracking.runs.sandboxing import VARIABLE, in_sandbox, note_path
from cmsml_tasks.tracking.runs.set_aside_manifests import note_set_aside, put_all_back
from cmsml_tasks.tracking.runs.staging import staged
from cmsml_tasks.tracking.runs.task_run import make, tracked_run
from cmsml_tasks.tracking.source_code.code_digests import root_of
from cmsml_tasks.tracking.storage import places
from cmsml_tasks.tracking.storage.gfal import StorageError
from cmsml_tasks.tracking.storage.one_look import one_look, seen, seen_as
from cmsml_tasks.tracking.storage.places import Place

_HOW = ["compare_environment", "no_restore", "log_file", "workflow", "effective_workflow"]
_WHERE = {"workflow", "effective_workflow", "branch", "branches", "sandbox"}


class TrackedTask(LookedAtTask):
    """Base of tasks that run again when, and only when, what they were made from has changed.

    Derive from it in place of `law.Task`, and first: ``class Fit(TrackedTask, law.LocalWorkflow)``.
    ``requires``, ``output``, ``run`` and ``create_branch_map`` stay as they are. Parameters that
    luigi calls significant, what a branch is, the code of the task and what it reaches by name in
    the same project, and the content of the outputs of required tasks are ingredients. The hooks
    below add others, or take some away.

    Hooks for the ingredients are called on the workflow, also for its branches: what differs from
    branch to branch comes as *data*, the branch's entry in the branch map.
    """

    exclude_index = True

    compare_environment = law.CSVParameter(
        default=(),
        significant=False,
        description="call outputs stale if they were made in another environment: any of "
        f"{','.join(COMPARABLE)}; default: empty",
    )
    no_restore = luigi.BoolParameter(
        default=False,
        significant=False,
        description="run stale tasks also where outputs that were replaced are those that they "
        "would make; default: False",
    )

    _handed_on: ClassVar[dict[Any, tuple[str, ...]]]
    _workflow_task: Any  # law's own cache of a branch's workflow

    code_version: ClassVar[int | str | None] = None
    """Raised by hand where a change outside of the tracked code changes the outputs."""
    untracked_params: ClassVar[frozenset[str]] = frozenset()
    """Parameters that are significant to luigi and do not decide about the outputs."""
    value_before: ClassVar[Mapping[str, Any]] = {}
    """What outputs were made with before a parameter existed, by its name: ``{"bins": 50}``. A new
    parameter that is not in it makes them stale."""
    reads: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Which output files of a required task are read, by its family; without an entry, all."""
    writes_by_rename: ClassVar[bool] = False
    """Whether each output is written under another name and then renamed. Outputs that are kept
    before a run are then hard links, otherwise copies."""
    runs_imported_code: ClassVar[bool] = True
    """Whether ``run`` works with what this process has imported, and not in another interpreter."""
    manifest_name: ClassVar[str | None] = None
    """Name of the manifest, for tasks that have a folder of their own."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for kind in (law.WrapperTask, law.ExternalTask):
            if issubclass(cls, kind):
                raise TypeError(
                    f"class {cls.__name__} makes nothing of its own, so there is nothing to track; "
                    f"derive it from law.{kind.__name__} alone"
                )
        order = cls.__mro__
        if law.BaseWorkflow in order and order.index(law.BaseWorkflow) < order.index(TrackedTask):
            raise TypeError(
                f"class {cls.__name__} must name TrackedTask before the workflow: "
                f"class {cls.__name__}(TrackedTask, law.LocalWorkflow)"
            )
        run = cls.run
        if callable(run) and not hasattr(run, "is_tracked") and run is not law.Task.run:
            cls.run = tracked_run(run)
        if "output" in cls.__dict__:
            cls.output = _tracked_output(cls.__dict__["output"])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.making: CurrentRun | None = None
        self.has_run = False
        self.known_complete: set[int] = set()
        if any("://" in str(value) for value in self.param_kwargs.values()):
            # luigi's ids are told, and have the beginnings of parameters in them
            texts = self.to_str_params(only_significant=True, only_public=True)
            shown = {name: without_secrets(text) for name, text in texts.items()}
            self.task_id = luigi.task.task_id_str(self.task_family, shown)
        self.read_with: list[str] = []
        """Set by ``run`` where reading the outputs needs code of one's own; see `tracked_code`."""
        self.observed = Observed()
        """Set by ``run`` where it was seen what the user's code read; see `observed_call`."""
        self.not_compared: tuple[str, ...] = ()

    @classmethod
    def get_params(cls) -> list[tuple[str, luigi.Parameter]]:
        """Return luigi's parameters, collected once; it would do so six times for each object."""
        if "_known_params" not in cls.__dict__:
            cls._known_params = super().get_params()
        return list(cls._known_params)

    @classmethod
    def req_params(cls, inst: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the parameters for a requirement of *inst*; law would match all names each time.

        Which names are handed on depends on the two classes, and on law's rules: the keywords that
        begin with an underscore.
        """
        rules = {name: value for name, value in kwargs.items() if name.startswith("_")}
        if cls.prefer_params_cli or rules.get("_prefer_cli"):
            return dict(super().req_params(inst, **kwargs))
        if "_handed_on" not in cls.__dict__:
            cls._handed_on = {}
        key = (type(inst), *sorted((name, _hashable(rule)) for name, rule in rules.items()))
        if key not in cls._handed_on:
            cls._handed_on[key] = tuple(super().req_params(inst, **rules))
        handed_on = {name: getattr(inst, name) for name in cls._handed_on[key]}
        return handed_on | {name: value for name, value in kwargs.items() if name not in rules}

    @classmethod
    def modify_param_values(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Check the names of what is to be compared."""
        params = super().modify_param_values(params)
        for name in params["compare_environment"]:
            if name not in COMPARABLE:
                near = did_you_mean(str(name), COMPARABLE)
                refuse(SettingsError(f"--compare-environment {name}: it is not recorded{near}"))
        return params

    def _repr_param(self, name: str, value: Any, **kwargs: Any) -> str:
        return without_secrets(super()._repr_param(name, value, **kwargs))

    # what a task may say about its ingredients

    def tracked_parameters(self) -> dict[str, Any]:
        """Return the parameters that decide about the outputs, by name."""
        return {
            name: parameter.serialize(getattr(self, name))
            for name, parameter in self._parameters_that_count()
        }

    def values_before(self) -> dict[str, Any]:
        """Return `value_before` as texts; a parameter that is not in it is new, and so stale."""
        given, texts = dict(self.value_before), {}
        for name, parameter in self._parameters_that_count():
            if name in given:
                texts[name] = parameter.serialize(given.pop(name))
        if given:
            name = next(iter(given))
            near = did_you_mean(name, [each for each, _ in self._parameters_that_count()])
            raise SettingsError(
                f"value_before of {self.task_family} names {name!r}, and no parameter that counts "
                f"is called so{near}"
            )
        return texts

    def _parameters_that_count(self) -> list[tuple[str, luigi.Parameter]]:
        left_out = _WHERE | self.untracked_params
        return [
            (name, parameter)
            for name, parameter in self.get_params()
            if parameter.significant and name not in left_out
        ]

    def tracked_settings(self) -> dict[str, dict[str, Any]]:
        """Return more that decides about all branches, in sections: ``{"setting": {"bins": 40}}``.

        Values are JSON. A section's name begins the reasons that users see.
        """
        return {}

    def tracked_branch(self, data: Any) -> dict[str, Any]:
        """Return in sections what a branch is; the index is not part of it."""
        if data is None:
            return {}
        return {"branch": data if isinstance(data, Mapping) else {"is": data}}

    def tracked_files(self, data: Any) -> Sequence[AnyTrackedFile]:
        """Return paths and URLs of files from outside, of which the content decides.

        The order of plain paths counts, and so does the part of each below the folder that all lie
        in; of a `TrackedFile` what it is used as. A `NotHere` is a glob that finds nothing here.

        Raises:
            UserError: they are not here; they then count as unchanged.
        """
        return ()

    def tracked_code(self) -> list[str]:
        """Return the code that decides, with all that it reaches by name in the same project.

        A class is ``module:Class``, see `root_of`; the name of a module stands for the whole of it.
        """
        return [root_of(type(self))]

    def folders_of_runs(self) -> list[str]:
        """Return local folders that runs of tasks fill, of which the names decide about nothing."""
        return []

    def request(self) -> dict[str, Any]:
        """Return module, task and parameters (as text) that make the same again."""
        arguments = self.cli_args(exclude=[*_HOW, "sandbox"])
        return {
            "module": self.task_module,
            "task": self.task_family,
            "parameters": {name.removeprefix("--"): text for name, text in arguments.items()},
        }

    def branch_label(self) -> str:
        """Return how users know the branch; empty for what is no branch."""
        data = self.branch_data_or_none()
        return "" if data is None else settled_text(data)

    def title(self) -> str:
        """Return how a run is told: ``TrainModel v1, hidden_units=32``."""
        known = " ".join(filter(None, [self.task_family, getattr(self, "version", None)]))
        return ", ".join(filter(None, [known, self.branch_label()]))

    # what tracking asks of a task

    def owner(self) -> TrackedTask:
        """Return the task that the hooks are called on: the workflow of a branch, or itself."""
        workflow: TrackedTask = self.as_workflow() if self._is_in_workflow() else self
        return workflow

    def branch_data_or_none(self) -> Any:
        """Return the branch's entry in the branch map, None for what is no branch."""
        return self.branch_data if self._is_in_workflow() and self.is_branch() else None

    def as_branch(self, branch: int | None = None, **kwargs: Any) -> Any:
        """Return a branch, with parameters that are put together once for all branches."""
        if branch is None or kwargs or not self.is_workflow():
            return super().as_branch(branch, **kwargs)
        first = seen("first branch", self, lambda: super(TrackedTask, self).as_branch(branch))
        if first.branch == branch:
            return first
        task = type(self)(**{**first.param_kwargs, "branch": branch})
        if task._workflow_task is None:
            task._workflow_task = self
        return task

    def as_workflow(self, **kwargs: Any) -> Any:
        """Return the workflow of a branch, looked up once in each look for all of its branches."""
        if kwargs or self.is_workflow():
            return super().as_workflow(**kwargs)
        if self._workflow_task is None:
            # one that was not made by its workflow, such as a requirement of another branch
            rest = ((name, value) for name, value in self.param_kwargs.items() if name != "branch")
            self._workflow_task = seen_as(("workflow", type(self), *rest), super().as_workflow)
        return self._workflow_task

    def _is_in_workflow(self) -> bool:
        return isinstance(self, law.BaseWorkflow)

    def own_output(self) -> Any:
        """Return ``output()`` as the task defines it, also within a sandbox that stages it."""
        if isinstance(self, law.SandboxTask):
            return self.__getattribute__("output", proxy=False)()
        return self.output()

    def output_paths(self) -> list[str]:
        """Return paths or URLs of the outputs of a branch or a plain task, without optional ones.

        Raises:
            TypeError: an output is neither local nor a file of law.wlcg.
            SettingsError: there is no output that a manifest could lie beside.
        """
        paths = seen("outputs", self, lambda: paths_of(self.own_output()))
        if not paths:
            raise SettingsError(
                f"{self.task_family} has no output; derive it from law.Task, not from TrackedTask"
            )
        return paths

    @property
    def manifest_path(self) -> Place:
        """Where the manifest lies: beside the first output."""
        folder, name = os.path.split(self.output_paths()[0])
        return places.place(folder) / (self.manifest_name or f"{name}.manifest.json")

    def staged(self) -> AbstractContextManager[tuple[Any, Any]]:
        """Give inputs and outputs to ``run`` as local files; see `staging.staged`."""
        return staged(self)

    def state(self) -> State:
        """Return what the outputs of a branch or a plain task are; see `State`."""
        with one_look():
            state = seen("state", self, self._judged)
        self.not_compared = state.unknown
        if state.is_set_aside:
            note_set_aside(self)
        return state

    def _judged(self) -> State:
        try:
            return judge(self)
        except StorageError as error:
            # nothing is known, so nothing may be run again for it
            if self.making is not None:
                raise
            refuse(error)
        except UserError as error:
            # an exception would stop luigi; the run will raise it again, and say it
            return State(Verdict.STALE, damaged=(f"cannot be compared: {error}",))

    def branch_states(self) -> dict[int, State]:
        """Return the states of all branches of a workflow, and remember where all are complete."""

        def find_out() -> dict[int, State]:
            tasks = self.get_branch_tasks()
            states = {branch: task.state() for branch, task in tasks.items()}
            self.known_complete = {
                branch for branch, state in states.items() if state.verdict is Verdict.COMPLETE
            }
            notes = dict.fromkeys(note for state in states.values() for note in state.unknown)
            self.not_compared = tuple(notes)
            if states and len(self.known_complete) == len(states):
                workflow_snapshot.remember(self)
            return states

        with one_look():
            return seen("branches", self, find_out)

    def complete(self) -> bool:
        """Return whether the outputs exist and are fresh, and so is all they were made from."""
        if self.is_made_outside():
            return self.has_run
        return self.state().verdict is Verdict.COMPLETE

    def deps(self) -> Any:
        """Return the requirements; luigi asks for them when it is going to run the task."""
        note_pending(self)
        return super().deps()

    def forget(self) -> None:
        """Remove the manifest, and what is kept of outputs that were replaced."""
        path = self.manifest_path
        drop_all(path)
        for manifest in (path, set_aside(path)):
            places.remove(manifest)

    # law's seams

    @property
    def workflow_proxy(self) -> Any:
        """Helper that law has for a workflow; its collection counts what is fresh."""
        proxy = super().workflow_proxy
        if "output" not in proxy.__dict__:
            proxy.output = counting_fresh(proxy, self.as_workflow())
        return proxy

    @property
    def sandbox_proxy(self) -> Any:
        """Helper that law has for a sandbox; the manifest is written outside of the sandbox."""
        proxy = super().sandbox_proxy
        if proxy is not None and "run" not in proxy.__dict__:
            run = proxy.run
            proxy.run = lambda: make(self, run)
        return proxy

    def is_made_outside(self) -> bool:
        """Tell whether this is the task that runs in a sandbox, tracked from outside of it."""
        is_sandbox = isinstance(self, law.SandboxTask)
        return is_sandbox and in_sandbox() and bool(self.is_sandboxed_task())

    def sandbox_env(self, env: Mapping[str, str]) -> dict[str, str]:
        """Tell the sandbox where to leave its note."""
        return {**super().sandbox_env(env), VARIABLE: os.fspath(note_path(self))}


def _hashable(rule: Any) -> Any:
    return tuple(sorted(rule)) if isinstance(rule, set | list | tuple) else rule


def _tracked_output(output: Any) -> Any:
    def wrapper(self: TrackedTask) -> Any:
        return made_by(self, output(self))

    wrapper.__doc__ = output.__doc__
    return wrapper


speak_plainly()
print_anything()
end_as_commands_do()
if is_law_command():
    remove_abandoned()

TrackedTask.event_handler(luigi.Event.START)(end_with_luigi)
TrackedTask.event_handler(luigi.Event.DEPENDENCY_PRESENT)(note_present)
TrackedTask.event_handler(luigi.Event.DEPENDENCY_PRESENT)(put_all_back)
TrackedTask.event_handler(luigi.Event.SUCCESS)(note_workflow)

# nobody runs the base, and luigi builds its parsers from the parameters of all registered tasks
TrackedTask.deregister()
