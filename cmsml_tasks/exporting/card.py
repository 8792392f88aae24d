"""The signature card ``graph.json``: what the author of a C++ module has to know of a graph.

It holds nothing that changes from run to run, so that equal graphs have equal cards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmsml_tasks.canonical_form import CANONICAL_FORM
from cmsml_tasks.errors import ValidationError
from cmsml_tasks.files import sha256
from cmsml_tasks.validation.card import Card

if TYPE_CHECKING:
    from cmsml_tasks.conversion import Signature, TensorInfo

FORMAT = 1


def signature_card(
    signature: Signature,
    description: Mapping[str, Any],
    paths: Sequence[Path],
    trained_on: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the card as JSON.

    Args:
        signature: inputs and outputs of the graph.
        description: operations and size of the graph, as `cmsml_tasks.conversion.describe` says.
        paths: the graph's files, whose SHA-256 digests the card records.
        trained_on: ``features`` (name and padding value, in the order of the input's columns),
            ``classes`` (names of the labels 0, 1, ...) and ``split`` (the rule of folds and
            validation); empty for a graph of unknown origin.
    """
    inputs = [_tensor(info) for info in signature.inputs]
    features = trained_on.get("features")
    if features and len(inputs) == 1:
        inputs[0]["features"] = features
        inputs[0]["preprocessing"] = (
            "none: feed raw values; whatever is done to them is part of the graph"
        )
    return {
        "format": FORMAT,
        "canonical_form": CANONICAL_FORM,
        "inputs": inputs,
        "outputs": [_tensor(info) for info in signature.outputs],
        "classes": trained_on.get("classes"),
        "split": trained_on.get("split"),
        "digests": {path.name: {"sha256": sha256(path)} for path in paths},
        **description,
    }


def read_card(path: str | Path) -> dict[str, Any]:
    """Return the content of the signature card at *path*.

    Raises:
        ValidationError: the file is damaged, or says what no graph can have.
    """
    try:
        card = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"{path} is damaged ({error}); export the graph again") from error
    if not isinstance(card, dict):
        raise ValidationError(f"{path} is no signature card; export the graph again")
    try:
        Card.parse(card)
    except ValidationError as error:
        raise ValidationError(f"{path}: {error}") from error
    return card


def _tensor(info: TensorInfo) -> dict[str, Any]:
    shape = None if info.shape is None else list(info.shape)
    card = {"name": info.name, "tensor": info.tensor, "dtype": info.dtype, "shape": shape}
    return card if info.renamed_from is None else {**card, "renamed_from": info.renamed_from}
