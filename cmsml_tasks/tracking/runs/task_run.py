"""A run of a task, from the last look before it to the manifest after it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import luigi

from cmsml_tasks.errors import UserError
from cmsml_tasks.observing.observed import Observed
from cmsml_tasks.shown import printable
from cmsml_tasks.tracking.contract.state import Verdict, few
from cmsml_tasks.tracking.contract.tracked import Tracked, name_of
from cmsml_tasks.tracking.ingredients.requested_tasks import described
from cmsml_tasks.tracking.judging.judge import believable_manifest, declared_names
from cmsml_tasks.tracking.judging.kept import Kept, check_options
from cmsml_tasks.tracking.judging.replaced import drop_old, keep_before, make_way, restore
from cmsml_tasks.tracking.judging.restoring import restorable
from cmsml_tasks.tracking.manifests.environment import environment
from cmsml_tasks.tracking.manifests.manifest import (
    Manifest,
    describe_outputs,
    output_changes,
    set_aside,
)
from cmsml_tasks.tracking.manifests.project_folder import project_folder
from cmsml_tasks.tracking.runs.basis import Basis, Meanwhile, StaleAlreadyError
from cmsml_tasks.tracking.runs.journal import note
from cmsml_tasks.tracking.runs.sandboxing import leave_note, take_note
from cmsml_tasks.tracking.runs.set_aside_manifests import put_back
from cmsml_tasks.tracking.source_code.code_digests import module_of_root
from cmsml_tasks.tracking.source_code.module_files import module_file
from cmsml_tasks.tracking.storage import places
from cmsml_tasks.tracking.storage.gfal import StorageError
from cmsml_tasks.tracking.storage.locks import Lock
from cmsml_tasks.tracking.storage.one_look import one_look

Run = Callable[..., Any]


class MissingOutputError(UserError):
    """A task that ended well without writing all of its outputs."""

    @classmethod
    def of(cls, task: Tracked, path: str | None) -> MissingOutputError:
        """Return the error of *task*, whose output *path* is not there."""
        return cls(
            f"{task} ended well, but its output {path} is not there; write it in run(), or leave "
            "it out of output()"
        )


class Making:
    """One run of a task.

    States: ``begin`` returns False where nothing is to be done (*cut off*: the inputs came out as
    they were); otherwise the task runs, and ``finish`` or ``abandon`` ends it. The old manifest is
    set aside meanwhile, so that none ever describes bytes that are not there, and comes back if the
    run fails before it has written anything.
    """

    def __init__(self, task: Tracked) -> None:
        self._task = task
        self._lock = Lock(task.manifest_path)
        self._started = time.monotonic()
        self._has_made_way = False

    def begin(self) -> bool:
        """Look again, under a lock; return whether the task has to run.

        Raises:
            UserError: the folder of the outputs cannot be written, or its server is away.
        """
        task = self._task
        self._lock.acquire(
            lambda by: print(f"waiting for another run of {task} ({by})", flush=True)
        )
        self._started = time.monotonic()
        try:
            return self._has_to_run()
        except BaseException:
            note(task, "failed", self._seconds())
            self._lock.release()
            raise

    def _has_to_run(self) -> bool:
        task = self._task
        with one_look():
            if task.state().verdict is Verdict.COMPLETE:
                with suppress(OSError, StorageError):
                    put_back(task)
                note(task, "cut off", 0.0)
                print(f"cut off: {task} has the inputs that it was made from", flush=True)
                self._lock.release()
                return False
            # before the run: what changes meanwhile was not what it read
            self._basis = Basis(task)
            kept = restorable(task)
            for written in [*task.output_paths(), str(task.manifest_path)]:
                places.remove_left_over(written)
            self._before = believable_manifest(task)
            self._links = places.take_links_away(task.output_paths())
        check_options()
        path, by_link = task.manifest_path, task.writes_by_rename
        if isinstance(self._before, Manifest):
            keep_before(path, self._before, by_link=by_link)
        with suppress(FileNotFoundError):
            places.move(path, set_aside(path))
        if kept is not None:
            self.make_way(kept)
            restore(kept, path, by_link=by_link)
            drop_old(path)
            note(task, "restored", self._seconds())
            print(f"restored: {task} was made from the same before", flush=True)
            self._lock.release()
            return False
        print(printable(task.title()), flush=True)
        return True

    def make_way(self, but: Kept | None = None) -> None:
        """Keep old outputs on a server, once; the new ones are about to take their places.

        Raises:
            StorageError: the server does not answer, or refuses.
        """
        if not self._has_made_way:
            before = self._before if isinstance(self._before, Manifest) else None
            make_way(self._task.manifest_path, before, but)
            self._has_made_way = True

    def is_superseded(self) -> bool:
        """Tell whether another run, of a host that sees no lock, has made the same meanwhile."""
        path = self._task.manifest_path
        manifest = Manifest.read(path, declared_names(self._task))
        if not isinstance(manifest, Manifest):
            return False
        if manifest.ingredients != self._basis.ingredients(self._task.observed):
            return False
        return output_changes(manifest.outputs, path.parent) == ([], [])

    def digests_of_inputs(self) -> dict[str, dict[str, str]]:
        """Return the digests of all that the task reads, by path or URL."""
        return self._basis.digests()

    def finish(self) -> None:
        """Write the manifest, unless somebody else's describes the same already.

        Where something has changed meanwhile, the manifest says what the run was really made from;
        there is none where nobody can know.

        Raises:
            MissingOutputError: an output is not there.
            StaleAlreadyError: what it was made from has changed meanwhile.
            UserError: the manifest cannot be written.
        """
        task, path = self._task, self._task.manifest_path
        sandbox = take_note(task)
        if "observed" in sandbox:
            task.observed = Observed.from_json(sandbox["observed"])
        self._basis.take_in_imports()
        if self.is_superseded():
            print(f"{task}: another run has made the same meanwhile, which stays", flush=True)
        else:
            try:
                outputs = describe_outputs(task.output_paths(), path.parent)
            except OSError as error:
                raise MissingOutputError.of(task, error.filename) from error
            meanwhile = self._basis.meanwhile(task.observed)
            if not meanwhile.may_be_mixed:
                self._manifest(outputs, sandbox).write(path)
                self._remove_left_over(outputs)
                drop_old(path)
            _check(task, meanwhile)
        seconds = self._seconds()
        note(task, "ran", seconds)
        print(f"{printable(task.title())}: done in {seconds:.1f} s", flush=True)
        self._lock.release()

    def _manifest(self, outputs: dict[str, Any], sandbox: dict[str, Any]) -> Manifest:
        task, basis = self._task, self._basis
        about = sandbox.get("environment") or environment(_code_folder(task))
        return Manifest(
            task=task.task_family,
            ingredients=basis.ingredients(task.observed),
            outputs=outputs,
            origins=basis.inputs.origins(task.manifest_path.parent),
            request=task.request(),
            required=described(basis.asked_for),
            environment={
                **about,
                "project": str(project_folder()),
                **_noticed(task.observed),
                "seconds": round(self._seconds(), 3),
            },
            read_with=sorted(sandbox.get("read_with", task.read_with)),
        )

    def _remove_left_over(self, outputs: dict[str, Any]) -> None:
        """Remove what the last run made and this one was not asked for: no manifest knows it."""
        before = self._before.outputs if isinstance(self._before, Manifest) else {}
        for name in set(before) - set(outputs):
            folder = self._task.manifest_path.parent
            with suppress(OSError, StorageError):
                if output_changes({name: before[name]}, folder) == ([], []):
                    places.remove_output(folder, name)

    def abandon(self) -> None:
        """Give up after a failure; where no output was touched, all is as before."""
        with suppress(OSError, StorageError):
            places.put_links_back(self._links)
            put_back(self._task)
        note(self._task, "failed", self._seconds())
        self._lock.release()

    def follow(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Go along with a run that yields requirements; they are inputs as well."""
        self._task.making = self
        try:
            answer = None
            while True:
                try:
                    asked = steps.send(answer)
                except StopIteration as end:
                    self.finish()
                    return end.value
                answer = yield asked
                # luigi goes on here once they are complete
                required = getattr(asked, "requirements", asked)
                self._basis.ask_for(luigi.task.flatten(required))
        except GeneratorExit:
            # luigi runs what was yielded, and then begins again
            self._lock.release()
            raise
        except BaseException:
            self.abandon()
            raise
        finally:
            self._task.making = None
            steps.close()

    def _seconds(self) -> float:
        return time.monotonic() - self._started


def tracked_run(run: Run) -> Run:
    """Return the ``run`` method of a task with the manifest around it."""

    @functools.wraps(run)
    def wrapper(self: Tracked, *args: Any, **kwargs: Any) -> Any:
        if self.making is not None or self.is_made_outside():
            # super().run() of a task that is itself tracked, or a sandbox whose host keeps track
            result = run(self, *args, **kwargs)
            self.has_run = True
            if self.is_made_outside():
                leave_note(self)
            return result
        return make(self, lambda: run(self, *args, **kwargs))

    wrapper.is_tracked = True  # type: ignore[attr-defined]
    return wrapper


def make(task: Tracked, work: Callable[[], Any]) -> Any:
    """Do the *work* of *task* unless it is not needed, and write the manifest."""
    task.making = making = Making(task)
    try:
        if not making.begin():
            return None
        return _done(making, work)
    finally:
        task.making = None


def _done(making: Making, work: Callable[[], Any]) -> Any:
    try:
        result = work()
        if isinstance(result, Generator):
            return making.follow(result)
        making.finish()
        return result
    except BaseException:
        making.abandon()
        raise


def _check(task: Tracked, meanwhile: Meanwhile) -> None:
    if meanwhile.words:
        what = few([f"{word} while it ran" for word in meanwhile.words])
        raise StaleAlreadyError(f"{name_of(task)} is stale already: {what}; run it again")


def _noticed(observed: Observed) -> dict[str, list[str]]:
    """Return what was noticed of the reads of a run, and is nothing that could be compared."""
    found = {"addresses read": observed.urls, "read unseen": observed.unseen}
    return {name: texts for name, texts in found.items() if texts}


def _code_folder(task: Tracked) -> Path:
    for root in task.owner().tracked_code():
        file = module_file(module_of_root(root))
        if file is not None:
            return file.parent
    return Path.cwd()
