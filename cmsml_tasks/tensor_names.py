"""What the tensors of an interface can be called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# names for all tensors in their order, or for some of them by the name that was found
Names = Sequence[str] | Mapping[str, str]

_VALID = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_>./\\-]*")
RULE = (
    "use letters, digits and any of _ . / - > \\, beginning with a letter or digit (and without "
    "':0')"
)


def can_name(name: object) -> bool:
    """Tell whether *name* can be the name of a node, and so of a tensor."""
    return isinstance(name, str) and _VALID.fullmatch(name) is not None
