"""What a model file would do or read beside computing, judged before anything of it runs.

Nothing here imports TensorFlow where graphs are judged: no TensorFlow sees them before.
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
