"""Which TensorFlow releases can load a graph, told from their registries without running them."""

from cmsml_tasks.conversion.compatibility.oldest import Oldest, oldest_tensorflow

__all__ = ["Oldest", "oldest_tensorflow"]
