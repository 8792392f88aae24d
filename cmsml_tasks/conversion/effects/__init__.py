"""What operations do beside computing: a verdict on each, and on all nodes of a graph.

Nothing here imports TensorFlow: a graph is judged before any TensorFlow sees it.
"""

from cmsml_tasks.conversion.effects.judging import Finding, judge
from cmsml_tasks.conversion.effects.refusing import check_allowed, refuse
from cmsml_tasks.conversion.effects.table import Effect, Verdict, effect_of, verdict_of

__all__ = [
    "Effect",
    "Finding",
    "Verdict",
    "check_allowed",
    "effect_of",
    "judge",
    "refuse",
    "verdict_of",
]
