import os
import subprocess
import sys

CODE = """
import os
from cmsml_tasks.processes.tensorflow_log import quiet_import
with quiet_import():
    os.write(2, b"I0000 00:00:1 port.cc:153] oneDNN custom operations are on\\n")
    os.write(2, b"E0000 00:00:1 cuda_dnn.cc:8310] Unable to register cuDNN factory\\n")
    os.write(2, b"a real message\\n")
    os.write(2, b"E0000 00:00:1 a real error\\n")
    import tensorflow
os.write(2, b"I0000 afterwards\\n")
raise SystemExit(os.environ.get("TF_CPP_MIN_LOG_LEVEL") is not None and 3 or 0)
"""


HOLDING = """
import os, subprocess, sys
from cmsml_tasks.processes.tensorflow_log import quiet_import
with quiet_import():
    # holds the pipe that standard error is meanwhile
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    os.write(2, b"a message without an end")
print(child.poll())
child.kill()
"""


def test_a_process_that_an_import_starts_holds_nobody():
    done = subprocess.run([sys.executable, "-c", HOLDING], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("None\n", "a message without an end")


def run(**variables):
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, "-c", CODE],
        env={**environment, **variables},
        capture_output=True,
        text=True,
    )


def test_only_the_messages_of_the_start_are_dropped():
    done = run()
    assert done.stderr.splitlines() == [
        "a real message",
        "E0000 00:00:1 a real error",
        "I0000 afterwards",
    ]
    assert done.returncode == 0, "the environment is as before"


def test_log_level_of_the_user_shows_all():
    done = run(TF_CPP_MIN_LOG_LEVEL="0")
    assert "oneDNN custom operations are on" in done.stderr
    assert done.returncode == 3
