"""The default training: compile for classification and fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from cmsml_tasks.errors import SettingsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmsml_tasks.recipes.events.events import Data


class FitSettings(Protocol):
    """The settings of a recipe that the default training uses."""

    @property
    def epochs(self) -> int:
        """Passes over the events of training."""

    @property
    def batch_size(self) -> int:
        """Events in one step."""

    @property
    def learning_rate(self) -> float:
        """Of Adam."""

    @property
    def patience(self) -> int | None:
        """Epochs without a better loss after which it stops; None for never."""


def fit(
    recipe: FitSettings, model: Any, data: Data, callbacks: Sequence[Any]
) -> dict[str, list[float]]:
    """Fit *model* to *data* in place, as `Recipe.train` promises, and return the history."""
    import keras

    if not model.compiled:
        compile_classifier(model, data, recipe)
    callbacks = list(callbacks)
    if recipe.patience is not None:
        stopping = keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=recipe.patience, restore_best_weights=True
        )
        callbacks.append(stopping)
    validation = data.validation
    judged = (_as_expected(model, validation.inputs), validation.target)
    history = model.fit(
        _as_expected(model, data.train.inputs),
        data.train.target,
        sample_weight=data.train.weight,
        validation_data=judged if validation.weight is None else (*judged, validation.weight),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        callbacks=callbacks,
        verbose=0,
    )
    return _numbers(history.history)


def history_of(result: Any) -> dict[str, list[float | str]]:
    """Return what `Recipe.train` returned as lists that JSON can hold, one number an epoch.

    NaN and infinity become the texts ``"nan"``, ``"inf"`` and ``"-inf"``.

    Args:
        result: sequences of numbers by name; what ``model.fit`` returned; or None for no history.

    Raises:
        SettingsError: it is something else.
    """
    if result is None:
        return {}
    history = getattr(result, "history", result)
    if not isinstance(history, Mapping):
        raise SettingsError(
            f"train() returned {type(result).__name__}; end it with 'return history.history', "
            "where history is what model.fit() returned, or with a dict of lists: "
            "{'loss': [0.7, 0.5]}"
        )
    return {
        name: [value if math.isfinite(value) else str(value) for value in values]
        for name, values in _numbers(history).items()
    }


def _numbers(history: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return plain numbers; a metric of several numbers an epoch becomes ``name[0]``, ``name[1]``.

    Raises:
        SettingsError: something in it is no list of numbers.
    """
    import numpy as np

    numbers: dict[str, list[float]] = {}
    for name, values in history.items():
        try:
            array = np.asarray(values, np.float64)
        except (TypeError, ValueError):
            array = np.empty(())
        if array.ndim == 1:
            numbers[str(name)] = array.tolist()
        elif array.ndim == 2:
            columns = enumerate(array.T.tolist())
            numbers |= {f"{name}[{index}]": column for index, column in columns}
        else:
            raise SettingsError(
                f"train() returned a history in which '{name}' is {values!r:.60}; it must be a "
                "list of numbers, one for each epoch"
            )
    return numbers


def compile_classifier(model: Any, data: Data, recipe: FitSettings) -> None:
    """Compile *model* with Adam, and cross-entropy and metric by its number of outputs.

    Outputs of a linear last layer are taken as logits.

    Raises:
        SettingsError: the target is no label, or the outputs do not fit the classes.
    """
    import keras

    where = f"{type(recipe).__qualname__}.build returned a model"
    if data.classes is None:
        raise SettingsError(
            f"{where} that is not compiled, and the target is not a class label, so there is no "
            "default loss; call model.compile(...) in build()"
        )
    scores = _first_scores(model, data.train.inputs)
    shapes = [(None, *score.shape[1:]) for score in scores]
    units = shapes[0][-1] if len(shapes) == 1 and len(shapes[0]) == 2 else None
    classes = len(data.classes)
    if units != classes and not (units == 1 and classes == 2):
        wanted = "1 output (sigmoid) or 2 outputs" if classes == 2 else f"{classes} outputs"
        raise SettingsError(
            f"{where} with output shape {' and '.join(map(str, shapes))} for {classes} classes; "
            f"give it {wanted} (softmax), or call model.compile(...) in build()"
        )
    logits = _gives_logits(model, scores[0], where)
    loss: keras.losses.Loss
    alike = _has_negative_weights(data)
    prefix = "unweighted_" if alike else ""
    if units == 1:
        loss = keras.losses.BinaryCrossentropy(from_logits=logits)
        metric = keras.metrics.AUC(name=f"{prefix}auc", from_logits=logits)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
        metric = keras.metrics.SparseCategoricalAccuracy(name=f"{prefix}accuracy")
    # XLA compiles for seconds and gives other weights on other machines.
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=recipe.learning_rate),
        loss=loss,
        # under negative weights these leave the range from 0 to 1
        metrics=[metric] if alike else [],
        weighted_metrics=[] if alike else [metric],
        jit_compile=False,
    )


def _has_negative_weights(data: Data) -> bool:
    weights = (data.train.weight, data.validation.weight)
    return any(weight is not None and bool((weight < 0).any()) for weight in weights)


def _gives_logits(model: Any, scores: NDArray[Any], where: str) -> bool:
    """Whether the last layer is linear, so that a sigmoid or softmax belongs into the loss.

    Raises:
        SettingsError: the *scores* (events, units) are neither logits nor probabilities.
    """
    import keras

    activation = _last_activation(model)
    if activation is keras.activations.linear:
        return True
    right = "sigmoid" if scores.shape[1] == 1 else "softmax"
    if activation is keras.activations.softmax and scores.shape[1] == 1:
        raise SettingsError(f"{where} with a softmax of one output, which is always 1; use sigmoid")
    if (scores < 0).any() or (scores > 1).any():
        raise SettingsError(
            f"{where} whose outputs go from {float(scores.min()):.3g} to "
            f"{float(scores.max()):.3g} before training, which are no probabilities; "
            f"end it with a {right} layer, or, for logits, with a linear Dense layer, or call "
            "model.compile(...) in build()"
        )
    return False


def _last_activation(model: Any) -> Any:
    """Return the activation function of the layer that makes the only output; None if unknown."""
    import keras

    last = model
    while isinstance(last, keras.Model):
        if isinstance(last, keras.Sequential):
            last = last.layers[-1]
        elif len(getattr(last, "output_names", ())) == 1:
            name = last.output_names[0]
            last = next(operation for operation in last.operations if operation.name == name)
        else:  # subclassed, where only call() knows, or one of several outputs
            return None
    return getattr(last, "activation", None)


def _first_scores(model: Any, inputs: Any) -> list[NDArray[Any]]:
    """Outputs for the first events: subclassed models do not know their shapes before."""
    import keras

    few = keras.tree.map_structure(lambda array: array[:256], _as_expected(model, inputs))
    outputs = keras.tree.flatten(model(few, training=False))
    return [keras.ops.convert_to_numpy(output) for output in outputs]


def _as_expected(model: Any, inputs: Any) -> Any:
    """Give a single array to a model with one named input under that name."""
    expected = getattr(model, "input", None)
    if isinstance(expected, Mapping) and len(expected) == 1 and not isinstance(inputs, Mapping):
        return dict.fromkeys(expected, inputs)
    return inputs
