"""Devices, in an interpreter of its own: TensorFlow's settings are made once."""

import json
import subprocess
import sys

import pytest

CODE = """
import json, sys
import tensorflow as tf
from cmsml_tasks.recipes.demo import DimuonResonance
from cmsml_tasks.training.determinism import fix_kernels
from cmsml_tasks.training.devices import describe_devices

known = describe_devices()
gpus, grown = ["gpu 0", "gpu 1"], []
every = tf.config.list_physical_devices
tf.config.list_physical_devices = lambda kind=None: gpus if kind == "GPU" else every(kind)
tf.config.experimental.set_memory_growth = lambda gpu, on: grown.append((gpu, on))
fix_kernels(DimuonResonance(**json.loads(sys.argv[1])))
tf.config.get_visible_devices = lambda kind=None: gpus if kind == "GPU" else every(kind)
names = {"gpu 0": {"device_name": "NVIDIA H100"}, "gpu 1": {}}
tf.config.experimental.get_device_details = names.get
print(json.dumps({"before": known, "grown": grown, "then": describe_devices()}))
"""


@pytest.mark.parametrize(("settings", "tf32"), [({}, False), ({"allow_tf32": True}, True)])
def test_gpus_are_shared_and_exact_unless_a_setting_says_otherwise(settings, tf32):
    """There need be no GPU here: TensorFlow's list of them is replaced."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(settings)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["before"]["devices"] == ["CPU"]
    assert found["before"]["tf32"], "what TensorFlow does by itself"
    assert found["grown"] == [["gpu 0", True], ["gpu 1", True]]
    assert found["then"] == {
        "devices": ["GPU NVIDIA H100", "GPU of unknown name"],
        "tf32": tf32,
    }
