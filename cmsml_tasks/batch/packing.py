"""The repository as one file for jobs that share no file system: with each job, or by storage."""

from __future__ import annotations

import os
import shutil
from typing import Any

import law
import luigi

from cmsml_tasks.batch.site import option, project_folder
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.tracking.contract.targets import target_in
from cmsml_tasks.tracking.storage.places import place

law.contrib.load("git", "tasks")

_LEFT_OUT = ".venv,store,jobs,.mypy_cache,.pytest_cache,.ruff_cache,.hypothesis"
# what may lie beside the code and must not travel
_PRIVATE = ".env,.netrc,.globus,*.pem,*.p12,*.key,x509up_*,*.token"


def packed_without() -> list[str]:
    """Return the patterns of what is left out of the archive."""
    return f"{option('packed_without', _LEFT_OUT)},{_PRIVATE}".split(",")


def packed_with() -> list[str]:
    """Return the patterns of what goes into the archive though git does not know it."""
    return [each.strip() for each in option("packed_with").split(",") if each.strip()]


class PackRepository(law.git.BundleGitRepository):  # type: ignore[misc]
    """Pack all that git would commit in the folder of ``law.cfg``, changed files as they are now.

    It is packed again when a file changes: the name of the archive has a digest of them.
    """

    exclude_index = True
    task_namespace = ""

    folder = luigi.Parameter(description="where the archive is kept")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exclude_files = tuple(packed_without())
        self.include_files = tuple(packed_with())

    def bundle(self, dst_path: str) -> None:
        """Write the archive, for nobody else to read."""
        super().bundle(dst_path)
        os.chmod(dst_path, 0o600)

    def get_repo_path(self) -> str:
        """Return the folder of ``law.cfg``.

        Raises:
            SettingsError: it is not the top of a repository, or a program is missing.
        """
        folder = project_folder()
        if not (folder / ".git").exists():
            raise SettingsError(
                f"software 'packed' packs what git knows, and {folder} is not the top of a git "
                "repository; run git init there and commit, or use software: shared"
            )
        for program in ("git", "rsync"):
            if shutil.which(program) is None:
                raise SettingsError(f"packing the repository needs {program}; install it")
        return str(folder)

    def output(self) -> law.LocalFileTarget:
        """Return the archive."""
        # jobs look for a file of this name
        return law.LocalFileTarget(f"{self.folder}/repository.{self.checksum}.tgz")


class SendRepository(law.tasks.TransferLocalFile):  # type: ignore[misc]
    """Send the packed repository once to a storage element, where each job fetches it."""

    exclude_index = True
    task_namespace = ""

    folder = luigi.Parameter(description="where the archive is kept here")
    url = luigi.Parameter(description="the folder on the storage element, or a shared one")

    def requires(self) -> PackRepository:
        """Return the task that packs it."""
        return PackRepository(folder=self.folder)

    def single_output(self) -> Any:
        """Return the archive at its place there."""
        return target_in(place(self.url), self.requires().output().basename)

    def job_path(self) -> str:
        """Return where a job fetches it."""
        return f"{self.url}/{self.requires().output().basename}"


for _each in (PackRepository, SendRepository):
    _each.deregister()
