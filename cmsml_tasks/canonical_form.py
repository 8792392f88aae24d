"""The version of the canonical form, which everything that depends on a graph's bytes records."""

from __future__ import annotations

CANONICAL_FORM = 2  # docs/canonical_form.md; raised whenever some graph would get other bytes
