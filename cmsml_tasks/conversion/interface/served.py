"""Which signature of a SavedModel is taken, of those that it has."""

from __future__ import annotations

from collections.abc import Iterable

from cmsml_tasks.errors import ConversionError, did_you_mean, listed

USUAL = "serving_default"


def taken_signature(signatures: Iterable[str], wanted: str | None, model: str) -> str:
    """Return the key of the signature to take: *wanted*, the usual one, or the only one.

    Args:
        signatures: keys of all.
        wanted: the one that was asked for.
        model: what has them, in words.

    Raises:
        ConversionError: it is not there, or nothing tells which one is meant.
    """
    keys = sorted(signatures)
    name = USUAL if wanted is None else wanted
    if name in keys:
        return name
    if len(keys) == 1 and wanted is None:
        return keys[0]
    problem = f"{model} has no signature '{name}'"
    if keys and wanted is not None:
        near = did_you_mean(str(name), keys, only_near=True)
        raise ConversionError(f"{problem}{near} (signatures: {listed(keys)})")
    advice = (
        "choose one, with --signature or signature="
        if keys
        else f"save it with signatures={{'{USUAL}': function}}, or model.export(path) in Keras"
    )
    raise ConversionError(f"{problem} (signatures: {listed(keys)}); {advice}")
