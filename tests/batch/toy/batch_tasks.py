"""Numbers -> Squares, branch by branch, with ways to make a job fail."""

import os
import signal
import sys
import time
from pathlib import Path

import law
import luigi

from cmsml_tasks.batch import BatchWorkflow
from cmsml_tasks.tracking import TrackedTask
from cmsml_tasks.tracking.runs.observed_call import observed_call

DAEMONS = ("condor_starter", "slurmstepd", "arched", "arc-job-launch")


class Branched(TrackedTask, BatchWorkflow):
    """What both tasks share."""

    exclude_index = True
    untracked_params = frozenset({"version", "n"})

    version = luigi.Parameter()
    n = luigi.IntParameter(default=3)

    def create_branch_map(self):
        """Return the numbers."""
        return {i: i for i in range(self.n)}

    def jobs_path(self):
        """Return family and version."""
        return (self.task_family, self.version)

    def jobs_identity(self):
        """Return the numbers."""
        return list(self.get_branch_map().values())

    def branch_label(self):
        """Return the number."""
        return "" if self.branch_data_or_none() is None else f"number={self.branch_data}"

    def output(self):
        """Return one file."""
        store = os.environ["CMSML_TEST_STORE"]
        name = f"number={self.branch_data}.json"
        path = f"{self.task_family}/{self.version}/{name}"
        if "://" not in store:
            return law.LocalFileTarget(f"{store}/{path}")
        law.contrib.load("wlcg")
        system = law.wlcg.WLCGFileSystem(
            base=store, use_cache=False, create_file_dir=True, retries=1, retry_delay=1
        )
        return law.wlcg.WLCGFileTarget(path, fs=system)

    def count(self):
        """Note that the branch is run; return how often that was."""
        path = Path(os.environ["CMSML_TEST_FAULTS"], f"runs_{self.task_family}_{self.branch}")
        with path.open("a") as file:
            file.write(f"{os.getpid()} {os.environ.get('CMSML_TEST_JOB', '')}\n")
        return len(path.read_text().splitlines())


class Numbers(Branched):
    """The numbers themselves."""

    def run(self):
        """Write the number."""
        self.count()
        self.output().dump(self.branch_data, formatter="json")


class Powers(Branched):
    """A power of each."""

    power = luigi.IntParameter(default=2)
    text = luigi.Parameter(default="")

    def requires(self):
        """Return the number of this branch."""
        return Numbers.req(self)

    def local_workflow_requires(self):
        """Return all numbers."""
        return {"numbers": Numbers.req(self)}

    def run(self):
        """Fail as told, or write the power."""
        attempt = self.count()
        fault = Path(os.environ["CMSML_TEST_FAULTS"], f"fault_{self.branch}")
        if fault.exists():
            kind, times = fault.read_text().split()
            if attempt <= int(times):
                fail(kind)
        number = self.input().load(formatter="json")
        self.output().dump([number**self.power, self.text], formatter="json")


def fail(kind):
    """End this job as *kind* says."""
    sys.stdout.flush()
    if kind == "raise":
        raise RuntimeError("told to fail")
    if kind == "exit":
        os._exit(17)
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "nothing":
        os._exit(0)
    if kind == "wrapper":
        os.kill(wrapper(), signal.SIGKILL)
        time.sleep(1)
        os._exit(1)  # where the system does not end it together with its wrapper
    if kind == "long":
        until = time.monotonic() + 300
        while time.monotonic() < until:
            pass  # a computing element without a batch system limits CPU time
    time.sleep({"pause": 15, "sleep": 40, "long": 0}[kind])
    if kind != "pause":
        os._exit(1)  # some systems end a job and not what it has started


def wrapper():
    """Return the process that the batch system knows as the job."""
    pid = os.getpid()
    while True:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
        if parent <= 1 or Path(f"/proc/{parent}/comm").read_text().strip() in DAEMONS:
            return pid
        pid = parent


class Reading(Branched):
    """Works in an interpreter of its own."""

    runs_imported_code = False

    def run(self):
        """Let the work be seen."""
        self.count()
        self.output().parent.touch()
        path = self.output().path
        observed_call(self, "reading:work", staged=[path], path=path)
