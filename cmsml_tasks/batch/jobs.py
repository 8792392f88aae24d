"""The task's side of jobs: what is the same for all batch systems."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import law
import luigi
from law.workflow.remote import BaseRemoteWorkflow

from cmsml_tasks.arguments import flag
from cmsml_tasks.batch.bootstrap import bootstrap_text, is_shared, site_script
from cmsml_tasks.batch.identity import known_id, owner_of_jobs
from cmsml_tasks.batch.records import files_folder, logs_folder
from cmsml_tasks.batch.resources import Resource, checked, resource_lines, word
from cmsml_tasks.batch.site import check_plain, check_site, jobs_folder, option, project_folder
from cmsml_tasks.command_line.messages import refuse, told
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.shown import holds_secret
from cmsml_tasks.tracking.ingredients.ingredients import as_json

_COMMANDS = {
    "htcondor": "htcondor_cmd_submit",
    "slurm": "slurm_cmd_sbatch",
    "arc": "arc_cmd_arcsub",
}
_PLACES = ("htcondor_pool", "htcondor_scheduler", "slurm_partition", "arc_ce")
_HOOKS = (
    "output_directory",
    "log_directory",
    "bootstrap_file",
    "workflow_requires",
    "workflow_run_context",
    "check_job_completeness",
    "check_job_completeness_delay",
    "poll_callback",
    "use_local_scheduler",
)


def _sent_as_it_is(path: str | Path) -> law.JobInputFile:
    return law.JobInputFile(str(path), copy=True, share=True, render_local=False)


def with_shared_hooks(cls: type) -> type:
    """Give a workflow class law's hooks for its batch system, as they are for all systems.

    law calls a hook by the name of the system, ``slurm_output_directory``; the shared one is
    ``jobs_output_directory`` of `Jobs`.
    """
    system = cls.workflow_proxy_cls.workflow_type  # type: ignore[attr-defined]
    for hook in _HOOKS:
        name = f"{system}_{hook}"
        if name not in cls.__dict__:
            setattr(cls, name, getattr(Jobs, f"jobs_{hook}"))
    for name, each in vars(cls).items():
        if isinstance(each, Resource):
            each.option = flag(name)
    return cls


class Jobs(BaseRemoteWorkflow):  # type: ignore[misc]
    """Shared part of the workflows that send the branches of a task to a batch system.

    One job makes all that its branches lack, required tasks included: what is handed to it runs
    there as it would here.
    """

    exclude_index = True

    retries = luigi.IntParameter(
        default=2,
        significant=False,
        description="how often a job is submitted again after a failure; default: 2",
    )
    poll_fails = luigi.IntParameter(
        default=30,
        significant=False,
        description="number of looks in a row without an answer from the batch system, after which "
        "the command gives up and the jobs go on; default: 30",
    )
    tolerance = luigi.FloatParameter(
        default=1.0,
        significant=False,
        description="number of failed jobs that end the command before the others have ended; "
        "relative fraction (<= 1) or absolute value (> 1); default: 1.0",
    )
    # a request to law, which says nothing about outputs
    cancel_jobs = luigi.BoolParameter(
        default=False,
        significant=False,
        description="take the jobs out of the queue and submit none; default: False",
    )
    cleanup_jobs = luigi.BoolParameter(
        default=False,
        significant=False,
        description="remove what jobs have left on their computing element and submit none; "
        "default: False",
    )

    # a requirement of a job's task is made within the job
    exclude_params_req_set = {"workflow", "cancel_jobs", "cleanup_jobs"}  # noqa: RUF012

    @classmethod
    def modify_task_attributes(cls) -> None:
        """Keep what jobs ask for out of branches: it says where they run, not what they make."""
        super().modify_task_attributes()
        names = {name for name, each in vars(cls).items() if isinstance(each, Resource)}
        cls.exclude_params_branch = cls.exclude_params_branch | names | {"clear_logs"}

    is_left_to_jobs = False

    # for tasks

    def batch_requires(self) -> dict[str, law.Task]:
        """Return what is made before jobs are submitted, because all of them need it."""
        return {}

    def jobs_path(self) -> tuple[str, ...]:
        """Return the parts of the path of the task's jobs: its family, and what users know."""
        return (self.task_family,)

    def jobs_identity(self) -> list[Any]:
        """Return what tells the branches of this workflow from those of others of that path."""
        return [
            self.to_str_params(only_significant=True),
            *(as_json(self.tracked_branch(data)) for data in self.get_branch_map().values()),
        ]

    def job_variables(self) -> dict[str, str]:
        """Return environment variables for the jobs."""
        return {}

    def recorded_variables(self) -> dict[str, str]:
        """Return variables that earlier runs have asked for, as they are set here."""
        from cmsml_tasks.batch.recorded_reads import recorded_variables

        return recorded_variables(self)

    def jobs_ended(self) -> None:
        """Say what a local run says at its end; called after all jobs have ended well."""

    # what is made of it

    @property
    def jobs_system(self) -> str:
        """The batch system: ``htcondor``, ``slurm``, ``arc`` or ``crab``."""
        return str(self.effective_workflow)

    @cached_property
    def _jobs_digest(self) -> str:
        """Short digest of the branches; every job file needs it, and there may be thousands."""
        identity = json.dumps([self.task_module, self.jobs_path(), self.jobs_identity()])
        return hashlib.sha256(identity.encode()).hexdigest()[:10]

    @property
    def _jobs_owner(self) -> str:
        """Digest of whose jobs these are, see `identity`; another one once there is an id."""
        known = known_id(jobs_folder())
        if known not in self._owners:
            branches = list(self.get_branch_map())
            paths = self.as_branch(branches[0]).output_paths() if branches else [""]
            self._owners[known] = owner_of_jobs(known, paths[0])
        return self._owners[known]

    def jobs_request(self) -> str:
        """Return a digest of the parameters: jobs of other ones under the same name are old."""
        text = json.dumps(self.to_str_params(only_significant=True), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def jobs_file(self) -> Path:
        """Return the path of the record of the submitted jobs."""
        name = f"{self.jobs_system}_jobs_{self._jobs_digest}_{self._jobs_owner}.json"
        return Path(self.jobs_output_directory().path, name)

    def others_jobs_files(self) -> list[Path]:
        """Return the records of jobs for the same branches that are not this project's own.

        They are those of a folder that this one is a copy of, of this one before it was moved, and
        of others who share the folder of jobs.
        """
        own = self.jobs_file()
        found = own.parent.glob(f"{self.jobs_system}_jobs_{self._jobs_digest}*.json")
        return sorted(path for path in found if path != own)

    def jobs_files_folder(self) -> str:
        """Return the folder of job files, which nobody else can write to."""
        folder = files_folder(self.jobs_file())
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        return str(folder)

    def jobs_name(self) -> str:
        """Return the name by which the jobs are found in the queue."""
        own = [self._jobs_digest, self._jobs_owner]
        return "_".join([self.task_family, *self.jobs_path()[-1:], *own])

    def jobs_output_directory(self) -> law.LocalDirectoryTarget:
        """Return the folder of the records, logs and job files of the task."""
        return law.LocalDirectoryTarget(str(check_plain(jobs_folder().joinpath(*self.jobs_path()))))

    def jobs_log_directory(self) -> law.LocalDirectoryTarget:
        """Return the folder of the jobs' logs."""
        return law.LocalDirectoryTarget(str(logs_folder(self.jobs_file())))

    def jobs_bootstrap_file(self) -> law.JobInputFile:
        """Write what a job does first; return it as one of its files."""
        path = Path(self.jobs_files_folder(), "bootstrap.sh")
        path.touch(mode=0o600)
        path.write_text(self._bootstrap_text, encoding="utf-8")
        return _sent_as_it_is(path)

    @cached_property
    def _bootstrap_text(self) -> str:
        """The same for all jobs of a command; looking up versions takes its time."""
        repository = self.sent_repository()
        return bootstrap_text(self, repository.job_path() if repository else "")

    def jobs_input_files(self) -> dict[str, law.JobInputFile]:
        """Return further files that go with a job, by the name of what they are."""
        if is_shared() or self.sent_repository():
            return {}
        return {"repository": _sent_as_it_is(self.packed_repository().output().path)}

    def configure_job(self, config: Any) -> None:
        """Set what the job files of all systems say."""
        config.input_files.update(self.jobs_input_files())
        # see bootstrap.sh: law starts once for each branch in place of twice
        config.render_variables["law_exe"] = "cmsml_branch"

    def jobs_resource_lines(self) -> list[tuple[str, str]]:
        """Return the lines of a job file with what a job asks for."""
        return resource_lines(self, self.jobs_system)

    def packed_repository(self) -> Any:
        """Return the task that packs the repository for jobs without a shared file system."""
        from cmsml_tasks.batch.packing import PackRepository

        return PackRepository(folder=str(jobs_folder() / "repository"))

    def sent_repository(self) -> Any:
        """Return the task that sends it to where jobs fetch it, None where it travels with them."""
        from cmsml_tasks.batch.packing import SendRepository

        url = option("repository").rstrip("/")
        if is_shared() or not url:
            return None
        return SendRepository(folder=str(jobs_folder() / "repository"), url=url)

    def jobs_workflow_requires(self) -> law.util.DotDict:
        """Return what has to be there before jobs are submitted."""
        required = dict(self.batch_requires())
        if not is_shared():
            required["repository"] = self.sent_repository() or self.packed_repository()
        return law.util.DotDict(required)

    @classmethod
    def modify_param_values(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Take the place that jobs go to from the site's configuration where none is given."""
        params = super().modify_param_values(params)
        for name in _PLACES:
            if params.get(name) in ((), law.NO_STR) and option(name):
                params[name] = dict(cls.get_params())[name].parse(option(name))
        return params

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owners: dict[str, str] = {}
        if self.is_workflow() and self.jobs_system != "local":
            with told():
                self.check_jobs()

    def deps(self) -> Any:
        """Look for the batch system's command before anything that the jobs wait for is run."""
        if self.is_workflow() and self.jobs_system in _COMMANDS:
            command = law.config.get_expanded("job", _COMMANDS[self.jobs_system])
            program = shlex.split(command)[0]
            if shutil.which(program) is None:
                refuse(
                    SettingsError(
                        f"--workflow {self.jobs_system}: {program} is not on PATH; log in to a "
                        "machine that submits to it, or run it with --workflow local"
                    )
                )
        return super().deps()

    def check_jobs(self) -> None:
        """Check what jobs need, before anything is submitted.

        Raises:
            UserError: the site's configuration or a parameter cannot be used.
        """
        check_site()
        is_shared()
        site_script()
        for name in _PLACES:
            given = getattr(self, name, law.NO_STR)
            for text in (given,) if isinstance(given, str) else given:
                checked(word, text, flag(name))
        self.jobs_resource_lines()
        self.jobs_output_directory()
        if not is_shared():
            self.packed_repository().get_repo_path()
            self._check_reachable()
        for name, value in self.to_str_params().items():
            if not value.isascii():
                # law's job script would garble it
                raise SettingsError(
                    f"{flag(name)} {value!r}: only ASCII characters can be sent to "
                    "batch jobs; run it with --workflow local, or write it without the others"
                )
            if holds_secret(value):
                raise SettingsError(
                    f"{flag(name)} {value!r} holds a password or a token, which would stand in "
                    "job files and logs; use a proxy, or a token in a file, in place of it"
                )

    def _check_reachable(self) -> None:
        """Check that outputs do not lie in the repository, of which a job has a copy of its own."""
        branches = list(self.get_branch_map())
        paths = self.as_branch(branches[0]).output_paths() if branches else []
        for path in paths:
            if "://" not in path and Path(path).is_relative_to(project_folder()):
                raise SettingsError(
                    f"{path} lies in the repository, of which each job gets a copy (software: "
                    "packed); set the store to a place that jobs can reach, a storage element or "
                    "an absolute path"
                )

    @contextmanager
    def jobs_workflow_run_context(self) -> Iterator[None]:
        """Hold the lock of these jobs, and put away what an earlier submission has left."""
        from cmsml_tasks.batch.recorded_reads import check_files_travel

        check_files_travel(self)
        with self.workflow_proxy.owning_the_jobs():
            yield

    def jobs_check_job_completeness(self) -> bool:
        """Return True: a job that was killed can look as if it had ended well."""
        return True

    def jobs_check_job_completeness_delay(self) -> float:
        """Return how many seconds outputs may take to show up here."""
        return float(option("outputs_show_up_after", "0"))

    def jobs_poll_callback(self, poll_data: Any) -> bool | None:
        """Stop where another command has cancelled the jobs."""
        return False if self.workflow_proxy.was_cancelled() else None

    def jobs_use_local_scheduler(self) -> bool:
        """Return True: a worker cannot reach a scheduler on the submitting side."""
        return True

    def modify_polling_status_line(self, status_line: str) -> str:
        """Add progress and the time that is left to law's line about the jobs' states."""
        return f"{status_line}, {self.workflow_proxy.progress_text()}"
