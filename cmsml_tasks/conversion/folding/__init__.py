"""What hangs on inputs that were set to a constant, resolved; ``docs/constant_inputs.md`` says how.

Nothing else of a graph changes: what does not hang on such an input stays as it was.
"""

from cmsml_tasks.conversion.folding.fold import folded

__all__ = ["folded"]
