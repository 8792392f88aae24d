"""Locks whose holder is gone, of this user and of others, and what else lies in their place."""

import grp
import os
import pwd
import shutil
import signal
import subprocess
import sys

import pytest
from law_commands import finished, started
from toy_project import LAW

from cmsml_tasks.errors import UserError
from cmsml_tasks.tracking.storage.locks import Lock

# takes the lock as another user, says so, and holds it until it is ended
HOLD = """
import os, sys, time
from pathlib import Path
from cmsml_tasks.errors import UserError
from cmsml_tasks.tracking.storage.locks import Lock

place, user, group, umask = Path(sys.argv[1]), *map(int, sys.argv[2:])
os.setgroups([])
os.setresgid(group, group, group)
os.setresuid(user, user, user)
os.umask(umask)
try:
    Lock(place).acquire(lambda by: print("waits for", by, flush=True))
except UserError as error:
    print("refused:", error, flush=True)
else:
    print("has it", flush=True)
    time.sleep(3600)
"""


class Held:
    """A process that takes the lock of a place, perhaps as another user."""

    def __init__(self, place, user="root", group="root", umask=0o022):
        ids = [pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid, umask]
        command = [sys.executable, "-c", HOLD, place, *map(str, ids)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.process.stdout.close()

    def says(self):
        return self.process.stdout.readline().strip()

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def place(folder_of_two):
    return folder_of_two / "out.json"


@pytest.fixture
def lock_file(place):
    return place.with_name(".out.json.lock")


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_lock_of_a_killed_user_is_taken_by_another_at_once(place, lock_file, two_users, umask):
    one, other, group = two_users
    with Held(place, one, group, umask) as killed:
        assert killed.says() == "has it"
        killed.kill()
        assert lock_file.owner() == one
        with Held(place, other, group) as held:
            assert held.says() == "has it"
            assert f"user {other}, " in lock_file.read_text()


def test_lock_that_another_user_may_only_read_is_held_all_the_same(place, lock_file, two_users):
    one, other, group = two_users
    lock_file.touch()
    shutil.chown(lock_file, one, group)
    lock_file.chmod(0o644)
    # nobody but its owner may remove a file here
    place.parent.chmod(0o3775)
    with Held(place, other, group) as held:
        assert held.says() == "has it"
        with Held(place, other, group) as waiting:
            assert waiting.says() == f"waits for user {one}"
            held.kill()
            assert waiting.says() == "has it"


def test_who_waits_is_told_for_whom(place, two_users):
    one, other, group = two_users
    with Held(place, one, group) as held:
        assert held.says() == "has it"
        who = f"user {one}, host {os.uname().nodename}, process {held.process.pid}"
        with Held(place, other, group) as waiting:
            assert waiting.says() == f"waits for {who}"
            held.kill()
            assert waiting.says() == "has it"


def test_lock_that_cannot_be_looked_at_is_told_with_its_owner(place, lock_file, two_users):
    one, other, group = two_users
    lock_file.touch(mode=0o600)
    shutil.chown(lock_file, one, group)
    with Held(place, other, group) as refused:
        text = refused.says()
    assert text.startswith(f"refused: {lock_file} is a lock that user {one} alone may read")
    assert text.endswith("remove it")


@pytest.mark.parametrize("exists", [True, False])
def test_link_in_place_of_a_lock_is_not_followed(tmp_path, exists):
    victim = tmp_path / "victim"
    if exists:
        victim.write_text("precious")
    (tmp_path / ".out.json.lock").symlink_to(victim)
    with pytest.raises(UserError, match=r"\.out\.json\.lock, of user .*, is a link.*remove it"):
        Lock(tmp_path / "out.json").acquire(print)
    assert victim.exists() is exists
    assert not exists or victim.read_text() == "precious"


def test_pipe_in_place_of_a_lock_is_told(tmp_path):
    os.mkfifo(tmp_path / ".out.json.lock")
    with pytest.raises(UserError, match="is no ordinary file"):
        Lock(tmp_path / "out.json").acquire(print)


def test_folder_that_cannot_be_written_is_told(place, two_users):
    one, _, group = two_users
    place.parent.chmod(0o755)
    with Held(place, one, group) as refused:
        assert "Permission denied; choose another place" in refused.says()


def test_a_killed_run_of_one_user_blocks_no_run_of_another(project, folder_of_two, two_users):
    one, other, group = two_users
    folder = folder_of_two / "Points" / "v1"
    folder.mkdir(parents=True)
    for each in (folder.parent, folder):
        shutil.chown(each, group=group)
        each.chmod(0o2775)
    lock = folder / ".points.json.manifest.json.lock"
    lock.touch(mode=0o644)  # as a killed run of earlier versions leaves it
    shutil.chown(lock, one, group)
    # the other user may read what pytest and this checkout have closed to others
    reading = [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]
    become = ["setpriv", "--reuid", other, "--regid", group, "--init-groups", *reading]
    tried = subprocess.run([*become, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no capabilities to hand on: {tried.stderr.strip()}")
    command = [*become, LAW, "run", "toy_tasks.Points", "--version", "v1"]
    environment = project.environment(TOY_STORE=str(folder_of_two), CMSML_CACHE="/nonexistent")
    with started(command, project.folder, environment) as process:
        text = finished(process)
    assert process.returncode == 0, text
    assert (folder / "points.json").owner() == other
    assert not lock.exists()


FORK = """
import os, sys, time
from pathlib import Path
from cmsml_tasks.tracking.storage.locks import Lock

lock = Lock(Path(sys.argv[1]))
lock.acquire(print)
child = os.fork()
if child == 0:
    lock.release()  # which is not its own
    time.sleep(3600)
print(child, flush=True)
time.sleep(3600)
"""


def test_fork_of_the_holder_neither_holds_nor_releases(tmp_path):
    place = tmp_path / "out.json"
    command = [sys.executable, "-c", FORK, place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        child = int(holder.stdout.readline())
        try:
            with Held(place) as waiting:
                assert waiting.says().startswith("waits for user ")
                holder.kill()
                assert waiting.says() == "has it"
        finally:
            os.kill(child, signal.SIGKILL)


def test_lock_file_goes_with_the_lock(tmp_path):
    lock = Lock(tmp_path / "out.json")
    lock.acquire(print)
    (file,) = tmp_path.iterdir()
    assert f"process {os.getpid()}" in file.read_text()
    lock.release()
    assert list(tmp_path.iterdir()) == []
