"""Everything that decides about trained weights besides the data: seeds, threads, kernels."""

from __future__ import annotations

from cmsml_tasks.recipes import Recipe
from cmsml_tasks.training.devices import prepare_devices


def seed_everything(recipe: Recipe) -> None:
    """Seed python, numpy and Keras with the ``seed`` of *recipe*."""
    import keras

    keras.utils.set_random_seed(recipe.seed)


def fix_kernels(recipe: Recipe) -> None:
    """Fix threads and kernels as the settings of *recipe* say.

    Must run before TensorFlow computes anything, because its thread pools are made once. Weights
    are equal for equal settings on one class of machine: the number of intra-op threads and the
    instruction set decide how sums are split, so they change weights, deterministic ops or not.
    """
    import tensorflow as tf

    prepare_devices(recipe)
    tf.config.threading.set_intra_op_parallelism_threads(recipe.intra_op_threads)
    # operations that run side by side could draw random numbers in another order
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if recipe.deterministic:
        tf.config.experimental.enable_op_determinism()
