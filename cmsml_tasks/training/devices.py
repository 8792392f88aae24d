"""What a training computes on, and how exactly."""

from __future__ import annotations

from typing import Any

from cmsml_tasks.recipes import Recipe


def prepare_devices(recipe: Recipe) -> None:
    """Let GPUs take memory as they need it, and multiply float32 as float32.

    Must run before TensorFlow uses a device. TensorFlow would take all memory of each GPU, which
    others may share, and round the factors of products to ten bits (TF32), unless *recipe* allows
    that.
    """
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.experimental.enable_tensor_float_32_execution(recipe.allow_tf32)


def devices_in_use() -> list[str]:
    """Return the names of the GPUs that TensorFlow computes on, or "CPU" where there are none."""
    import tensorflow as tf

    details = map(tf.config.experimental.get_device_details, tf.config.get_visible_devices("GPU"))
    return [f"GPU {detail.get('device_name', 'of unknown name')}" for detail in details] or ["CPU"]


def describe_devices() -> dict[str, Any]:
    """Return what `history.json` says of them: their names, and whether TF32 was on in the end."""
    import tensorflow as tf

    tf32 = bool(tf.config.experimental.tensor_float_32_execution_enabled())
    return {"devices": devices_in_use(), "tf32": tf32}
