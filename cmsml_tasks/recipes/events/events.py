"""Events in memory: as a recipe loads them, and as a training sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Inputs: TypeAlias = np.ndarray[Any, Any] | Mapping[str, np.ndarray[Any, Any]]


class Feature(TypedDict):
    """One column of the network's input."""

    name: str
    padding: float | None
    """The value that stands for "there is none", or None where each event has the feature."""


FOLDS_WITHOUT_NUMBERS = (
    "nothing that C++ can be sure to find again says which fold an event belongs to; name the "
    "column of its number (event = 'event', or Events(..., event=numbers)), or write "
    "folds_by_checksum = True into the recipe for a checksum of its inputs, where one bit of "
    "difference in C++ applies a network to events that it was trained on"
)


@dataclass(frozen=True)
class Events:
    """All events of a recipe, not yet split; the first axis of every array counts the events.

    Masked arrays of numpy are refused where they hide something.

    Attributes:
        inputs: what enters the network, raw: one array, or several by the names of the inputs.
        target: what it learns: (events,) labels 0..n-1 for n classes, or any numbers.
        weight: (events,) weights, negative ones included, or None where all count the same.
        event: (events,) integers >= 0 that decide on fold and validation; None takes a checksum
            of the inputs in their place, on folds only where `Recipe.folds_by_checksum` says so.
        event_column: what *event* is called in the files, for the signature card.
        features: name and padding of each column along the last axis of a single input array.
        classes: names of the labels 0..n-1, or None where the target is not a label.
        allow_missing: NaN among the inputs stands for a value that is missing, and the model knows
            what to do with it. Otherwise it is refused, as infinity and NaN elsewhere always are.
        notes: what the log of a training shall say about them, a line each.
    """

    inputs: Inputs
    target: NDArray[Any]
    weight: NDArray[Any] | None = None
    event: NDArray[Any] | None = None
    event_column: str = "event"
    features: Sequence[Feature] = ()
    classes: Sequence[str] | None = None
    allow_missing: bool = False
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Arrays:
    """One part of the events, ready for ``model.fit``.

    Attributes:
        inputs: as in `Events`.
        target: as in `Events`.
        weight: float32 (events,), scaled such that their mean in training is 1; or None.
    """

    inputs: Inputs
    target: NDArray[Any]
    weight: NDArray[np.float32] | None

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True)
class Data:
    """What one training sees: its two parts, and what the signature card says about them.

    Attributes:
        train: events that move the weights.
        validation: events that only judge.
        features: name and padding of each input column (empty where a recipe names none).
        classes: names of the labels, or None where the target is not a label.
        split: the rule that chose the parts, JSON-able.
        fold: events of this fold are in neither part; None without folds.
        folds: the number of folds, None without.
    """

    train: Arrays
    validation: Arrays
    features: list[Feature] = field(default_factory=list)
    classes: list[str] | None = None
    split: dict[str, Any] = field(default_factory=dict)
    fold: int | None = None
    folds: int | None = None

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one event in the only input, for ``keras.Input``.

        Raises:
            ValueError: there are several inputs.
        """
        return tuple(self._column_input(None).shape[1:])

    def normalize(self, tensor: Any, name: str | None = None) -> Any:
        """Return *tensor*, a raw Keras input, scaled to mean 0 and variance 1 in every column.

        Mean and variance are those of the training part: unweighted, in double precision, without
        padding and NaN; they become constants of plain Keras layers, so that the saved model and
        the graph take raw features. Padding becomes 0, the mean; NaN stays NaN; a column that
        never varies is only shifted.

        Args:
            tensor: symbolic input, (batch, ..., columns).
            name: which input, where there are several.
        """
        from cmsml_tasks.recipes.events.normalization import normalize, statistics

        features = (
            self.features if name is None or not isinstance(self.train.inputs, Mapping) else []
        )
        padding = [feature["padding"] for feature in features]
        mean, variance = statistics(self._column_input(name), padding)
        return normalize(tensor, mean, variance, padding)

    def _column_input(self, name: str | None) -> NDArray[Any]:
        inputs = self.train.inputs
        if not isinstance(inputs, Mapping):
            return inputs
        if name is None:
            raise ValueError(f"there are several inputs, name one of: {', '.join(inputs)}")
        return inputs[name]
