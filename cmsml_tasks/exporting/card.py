"""The signature card ``graph.json``: what the author of a C++ module has to know of a graph.

It holds nothing that changes from run to run, so that equal graphs have equal cards.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmsml_tasks.errors import ValidationError
from cmsml_tasks.exporting.axes import axes_of
from cmsml_tasks.files import sha256
from cmsml_tasks.output_files import CANONICAL_FORM
from cmsml_tasks.validation.card import Card

if TYPE_CHECKING:
    from cmsml_tasks.conversion import Signature, TensorInfo
    from cmsml_tasks.conversion.traced.traced_graph import ConstantInput, Skeleton

FORMAT = 1
NO_VERSIONS = (
    "not vouched for: the graph has no versions, which TensorFlow writes last, so that nodes "
    "missing at its end would not show; converters of 2017 and 2018 wrote none"
)


def signature_card(
    signature: Signature,
    description: Mapping[str, Any],
    paths: Sequence[Path],
    trained_on: Mapping[str, Any],
    no_batch: str = "",
) -> dict[str, Any]:
    """Return the card as JSON.

    Args:
        signature: inputs and outputs of the graph.
        description: operations and size of the graph, as `cmsml_tasks.conversion.describe` says.
        paths: the graph's files, whose SHA-256 digests the card records.
        trained_on: ``features`` (name and padding value, in the order of the input's columns),
            ``classes`` (names of the labels 0, 1, ...) and ``split`` (the rule of folds and
            validation); empty for a graph of unknown origin.
        no_batch: why rows along the first axes are no events; empty where they are.
    """
    inputs = [_tensor(info, events=not no_batch) for info in signature.inputs]
    served = signature.served
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
        "outputs": [_tensor(info, events=not no_batch) for info in signature.outputs],
        "no_batch": no_batch or None,
        "saved_model_signature": served and {"name": served.name, "others": list(served.others)},
        "classes": trained_on.get("classes"),
        "split": trained_on.get("split"),
        "digests": {path.name: {"sha256": sha256(path)} for path in paths},
        **description,
    }


def of_origin(skeleton: Skeleton) -> dict[str, Any]:
    """Return, for the card, what else became of the original, and what is not known of its file.

    ``constant_inputs``: inputs that have a value for good; ``end_of_source``: that its file does
    not vouch for it. Both are left out where there is nothing to say.
    """
    card: dict[str, Any] = {}
    if skeleton.constants:
        card["constant_inputs"] = [_constant(constant) for constant in skeleton.constants]
    if not skeleton.has_versions:
        card["end_of_source"] = NO_VERSIONS
    return card


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


def _tensor(info: TensorInfo, *, events: bool) -> dict[str, Any]:
    shape = None if info.shape is None else list(info.shape)
    card = {
        "name": info.name,
        "tensor": info.tensor,
        "dtype": info.dtype,
        "shape": shape,
        "axes": axes_of(info.name, info.shape, events=events),
    }
    names = {"renamed_from": info.renamed_from, "asked_for": info.asked_for}
    return {**card, **{key: name for key, name in names.items() if name is not None}}


def _constant(constant: ConstantInput) -> dict[str, Any]:
    value, dtype = constant.value, constant.port.dtype.name
    card = {"name": constant.port.name, "dtype": dtype, "shape": list(value.shape)}
    card["value"] = _plain(value.tolist())
    if constant.port.asked_for is not None:
        card["asked_for"] = constant.port.asked_for
    return {**card, "default": True} if constant.default else card


def _plain(value: Any) -> Any:
    """Return *value* as JSON has it, which knows no bytes and no number beyond the finite ones."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    return value
