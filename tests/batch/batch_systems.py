"""Real batch systems on this machine, and what a bad day can do to them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from needs import skip_without

POOLS = Path(__file__).parents[1] / "pools"


def exported(text: str) -> dict[str, str]:
    """Return the variables that lines of ``export NAME='value'`` set."""
    script = f"{text}\nenv -0"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    after = dict(line.split("=", 1) for line in done.stdout.split("\0") if "=" in line)
    return {name: value for name, value in after.items() if os.environ.get(name) != value}


def free_ports(number: int) -> int:
    """Return the first of some ports in a row that nobody listens on."""
    for first in range(random.randrange(20000, 30000), 32000, number):
        with ExitStack() as stack, suppress(OSError):
            for port in range(first, first + number):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise AssertionError("no ports are free")


def end(pid: int, by: signal.Signals) -> None:
    """Send a process a signal, and return when it has ended: only then another one is started."""
    os.kill(pid, by)
    status = Path(f"/proc/{pid}/status")
    with suppress(OSError):
        while "State:\tZ" not in status.read_text():
            time.sleep(0.1)


class System:
    """A batch system, which a script of its name in tests/pools starts and stops.

    Attributes:
        name: what --workflow says.
        folder: all of its files.
        settings: environment of the script.
        variables: environment of its commands.
    """

    name: str
    variables: dict[str, str]

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.settings = folder, settings

    def script(self, *words: str) -> str:
        """Run the script, and return what it prints."""
        # daemons keep standard error open
        with tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run(
                [POOLS / f"{self.name}.sh", *words],
                env={**os.environ, **self.settings},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            errors.seek(0)
            assert done.returncode == 0, f"{words}: {done.stdout}{errors.read()}"
        return done.stdout

    def up(self) -> None:
        self.script("up")

    def down(self) -> None:
        self.script("down")

    @contextmanager
    def run(self) -> Iterator[None]:
        """Start it; afterwards nothing of it is left."""
        try:
            self.up()
            self.variables = exported(self.script("env"))
            yield
        finally:
            self.script("down")
            shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, *command: str) -> str:
        """Return what one of its commands prints."""
        environment = {**os.environ, **self.variables}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def queue(self) -> list[str]:
        """Return the ids of all jobs in the queue."""
        raise NotImplementedError

    def remove(self, job_id: str) -> None:
        """Take a job out of the queue, as its user or an administrator would."""
        raise NotImplementedError

    def clear(self) -> None:
        """Take all jobs out of the queue."""
        for job_id in self.queue():
            with suppress(AssertionError):  # one that is about to leave cannot be removed again
                self.remove(job_id)
        assert self.is_left_by_all(), self.queue()

    def is_left_by_all(self) -> bool:
        """Tell whether no job is in the queue any more; one that was removed may need a while."""
        until = time.monotonic() + 60
        while self.queue():
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True


class HTCondor(System):
    """A pool of its own, on loopback."""

    name = "htcondor"
    watcher = "condor_starter"
    scheduler = "condor_schedd"
    refused_option = {"htcondor_lines": "requirements = (("}
    refused_message = "Parse error in expression"
    too_long = "PeriodicRemove"

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[HTCondor]:
        """Give a pool that runs."""
        if shutil.which("unshare") is None or shutil.which("dpkg-deb") is None:
            skip_without(
                "HTCondor is taken from Debian's packages, which this machine cannot unpack"
            )
        pool = cls(Path(tempfile.mkdtemp(prefix="htcondor-", dir="/tmp")))
        # kept between test runs: packages are downloaded once
        cache = os.environ.get("CMSML_TEST_PACKAGES") or "/tmp/cmsml_tasks-packages"
        os.environ.setdefault("POOL_CACHE", cache)
        try:
            pool.script("install")
        except AssertionError as error:
            skip_without(f"HTCondor cannot be installed: {error}")
        with pool.run():
            yield pool

    def script(self, *words: str) -> str:
        return super().script(*words, str(self.folder))

    def queue(self) -> list[str]:
        return self.call("condor_q", "-allusers", "-af:j", "Owner").split()[::2]

    def remove(self, job_id: str) -> None:
        self.call("condor_rm", job_id)

    def hold(self, job_id: str) -> None:
        self.call("condor_hold", job_id)

    def suspend(self, job_id: str) -> None:
        self.call("condor_suspend", job_id)

    def is_suspended(self, job_id: str) -> bool:
        return self.call("condor_q", job_id, "-af", "JobStatus").strip() == "7"

    def resume(self, job_id: str) -> None:
        self.call("condor_continue", job_id)

    def kill(self, daemon: str) -> None:
        """Kill a daemon of the pool."""
        root = str(self.folder / "root")
        for path in Path("/proc").glob("[0-9]*"):
            try:
                program = os.readlink(path / "exe")
            except OSError:
                continue
            if program.startswith(root) and program.endswith(f"/{daemon}"):
                os.kill(int(path.name), signal.SIGKILL)

    def kill_worker(self) -> None:
        """Kill the daemon of the worker and what it has started."""
        self.kill("condor_startd")
        self.kill("condor_starter")


class ARC(System):
    """A computing element of its own, on loopback, with jobs as processes of another user."""

    name = "arc"
    watcher = "arc-job-launch"
    scheduler = "arex"
    refused_option = {"arc_queue": "nowhere"}
    refused_message = "nowhere"
    too_long = "time"

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[ARC]:
        """Give a computing element that runs."""
        for program in ("arched", "arcsub", "arcctl"):
            if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
                skip_without(f"{program} is not installed (tests/pools/arc.sh install)")
        folder = Path(tempfile.mkdtemp(prefix="arc-", dir="/tmp"))
        folder.chmod(0o755)
        element = cls(folder, ARC_BASE=str(folder), ARC_PORT=str(free_ports(1)))
        with element.run():
            element.variables["LAW__job__arc_cmd_arcsub"] = "arcsub -S org.nordugrid.arcrest"
            yield element

    def queue(self) -> list[str]:
        control = self.folder / "control"
        return [
            path.name.split(".")[1]
            for state in ("accepting", "processing", "restarting")
            for path in (control / state).glob("job.*.status")
        ]

    def remove(self, job_id: str) -> None:
        # what the service does when a user asks for it
        name = job_id.rpartition("/")[2]
        (self.folder / "control" / "accepting" / f"job.{name}.cancel").touch()

    def kill(self, daemon: str) -> None:
        """Kill a daemon of the computing element, or the process that watches a job."""
        if daemon == self.watcher:
            # the fork back-end has a shell for each job
            for path in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    words = (path / "cmdline").read_bytes()
                    if str(self.folder / "tmp").encode() in words and b"job_script" in words:
                        os.kill(int(path.name), signal.SIGKILL)
            return
        end(int((self.folder / "pid" / f"{daemon}.pid").read_text()), signal.SIGKILL)


class Slurm(System):
    """A cluster of one node, on loopback."""

    name = "slurm"
    watcher = "slurmstepd"
    scheduler = "slurmctld"
    refused_option = {"slurm_partition": "nowhere"}
    refused_message = "invalid partition specified: nowhere"
    too_long = "TIMEOUT"

    @classmethod
    @contextmanager
    def running(cls, accounting: bool = True) -> Iterator[Slurm]:
        """Give a cluster that runs."""
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        needed = ["slurmctld", "slurmd", "munged", *(["slurmdbd", "mariadbd"] * accounting)]
        for program in needed:
            if shutil.which(program, path=path) is None:
                skip_without(f"{program} is not installed (tests/pools/slurm.sh install)")
        folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        cluster = cls(
            folder,
            SLURM_BASE=str(folder),
            SLURM_ACCT=str(int(accounting)),
            SLURM_PORT=str(free_ports(3)),
        )
        with cluster.run():
            yield cluster

    def down(self) -> None:
        """Take the controller away; jobs go on."""
        self.kill("slurmctld")

    def queue(self) -> list[str]:
        return self.call("squeue", "--noheader", "--format", "%i").split()

    def remove(self, job_id: str) -> None:
        self.call("scancel", job_id)

    def suspend(self, job_id: str) -> None:
        self.call("scontrol", "suspend", job_id)

    def is_suspended(self, job_id: str) -> bool:
        return self.call("squeue", "-h", "-j", job_id, "-o", "%T").strip() == "SUSPENDED"

    def resume(self, job_id: str) -> None:
        self.call("scontrol", "resume", job_id)

    def kill(self, daemon: str) -> None:
        """Kill a daemon of the cluster."""
        if daemon != self.watcher:
            pid = int((self.folder / "pid" / f"{daemon}.pid").read_text())
            # a controller that cannot save what it knows gives numbers of jobs away again
            end(pid, signal.SIGTERM if daemon == self.scheduler else signal.SIGKILL)
            return
        spool = str(self.folder).encode()
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (path / "comm").read_text().strip() != daemon:
                    continue
                if spool in (path / "environ").read_bytes():
                    os.kill(int(path.name), signal.SIGKILL)

    def kill_worker(self) -> None:
        """Kill the daemon of the worker; another one takes its place later."""
        self.kill("slurmd")
        self.kill("slurmstepd")
        time.sleep(15)
        self.up()
