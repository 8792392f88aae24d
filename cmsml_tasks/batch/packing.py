"""The repository as one file that travels with each job, where jobs share no file system."""

from __future__ import annotations

import shutil
from typing import Any

import law
import luigi

from cmsml_tasks.batch.site import option, project_folder
from cmsml_tasks.errors import SettingsError

law.contrib.load("git")

_LEFT_OUT = ".venv,store,jobs,.mypy_cache,.pytest_cache,.ruff_cache,.hypothesis"


class PackRepository(law.git.BundleGitRepository):  # type: ignore[misc]
    """Pack all that git would commit in the folder of ``law.cfg``, changed files as they are now.

    It is packed again when a file changes: the name of the archive has a digest of them.
    """

    exclude_index = True
    task_namespace = ""

    folder = luigi.Parameter(description="where the archive is kept")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exclude_files = tuple(option("packed_without", _LEFT_OUT).split(","))

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


PackRepository.deregister()
