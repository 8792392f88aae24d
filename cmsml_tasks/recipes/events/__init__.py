"""Events in memory: checked, split, normalised.

They know nothing of files, expressions and recipes. Importing this imports no numpy.
"""

from __future__ import annotations

from cmsml_tasks.recipes.events.events import Arrays, Data, Events, Feature

__all__ = ["Arrays", "Data", "Events", "Feature"]
