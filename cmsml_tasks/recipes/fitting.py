"""The default training: compile for classification and fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cmsml_tasks.errors import SettingsError

if TYPE_CHECKING:
    from cmsml_tasks.recipes.events import Data
    from cmsml_tasks.recipes.recipe import Recipe


def fit(recipe: Recipe, model: Any, data: Data, callbacks: Sequence[Any]) -> dict[str, list[float]]:
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
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def compile_classifier(model: Any, data: Data, recipe: Recipe) -> None:
    """Compile *model* with Adam, and cross-entropy and metric by its number of outputs.

    Raises:
        SettingsError: the target is no label, or the outputs do not fit the classes.
    """
    import keras

    name = type(recipe).__qualname__
    if data.classes is None:
        raise SettingsError(
            f"{name}.build returned a model that is not compiled, and the target is not a class "
            "label, so there is no default loss; call model.compile(...) in build()"
        )
    shapes = _output_shapes(model, data.train.inputs)
    units = shapes[0][-1] if len(shapes) == 1 and len(shapes[0]) == 2 else None
    classes = len(data.classes)
    if units == 1 and classes == 2:
        loss, metric = "binary_crossentropy", keras.metrics.AUC(name="auc")
    elif units == classes:
        loss, metric = "sparse_categorical_crossentropy", "accuracy"
    else:
        wanted = "1 output (sigmoid) or 2 outputs" if classes == 2 else f"{classes} outputs"
        raise SettingsError(
            f"{name}.build returned a model with output shape "
            f"{' and '.join(map(str, shapes))} for {classes} classes; "
            f"give it {wanted} (softmax), or call model.compile(...) in build()"
        )
    # XLA compiles for seconds and gives other weights on other machines.
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=recipe.learning_rate),
        loss=loss,
        weighted_metrics=[metric],
        jit_compile=False,
    )


def _output_shapes(model: Any, inputs: Any) -> list[tuple[int | None, ...]]:
    """Shapes of the outputs, found with one event: subclassed models do not know them before."""
    import keras

    one = keras.tree.map_structure(lambda array: array[:1], _as_expected(model, inputs))
    outputs = keras.tree.flatten(model(one, training=False))
    return [(None, *output.shape[1:]) for output in outputs]


def _as_expected(model: Any, inputs: Any) -> Any:
    """Give a single array to a model with one named input under that name."""
    expected = getattr(model, "input", None)
    if isinstance(expected, Mapping) and len(expected) == 1 and not isinstance(inputs, Mapping):
        return dict.fromkeys(expected, inputs)
    return inputs
