"""`Recipe`: what a user writes to say which data, which network, and how it is trained."""

from __future__ import annotations

import inspect
import json
import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, field_validator

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.recipes.method_signatures import check_signatures

if TYPE_CHECKING:
    from cmsml_tasks.recipes.events.events import Data, Events


class Recipe(BaseModel):
    """Data, network and training of one model, as an immutable and validated object.

    Annotated attributes are the settings of a training: they can be changed with ``--settings``
    and scanned with ``--scan``, and each has a type. What describes the data is the same for all
    trainings: a plain attribute where a base class declares it as ``ClassVar`` (as `EventRecipe`
    does for ``files``, ``features`` and so on), otherwise annotated as ``ClassVar``.

    A recipe of its own defines `load` and `build`, and `input_files` where it reads files.
    Import Keras inside these methods: a recipe is looked at far more often than it is trained.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )

    seed: int = 1
    """Seeds the initial weights and the order of events."""
    deterministic: bool = True
    """Only deterministic operations, so that two trainings give equal weights."""
    intra_op_threads: int = 1
    """Threads inside an operation; another number gives other weights."""
    allow_tf32: bool = False
    """GPUs may round the factors of products of float32 to ten bits (TF32), which is faster."""
    validation_part: int = 5
    """One in so many of the events that are not held back for a fold goes into validation."""
    epochs: int = 10
    batch_size: int = 256
    learning_rate: float = 1e-3
    patience: int | None = None
    """Stop after so many epochs without a better validation loss and keep the best weights."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _refuse_shadowing(cls)

    @field_validator(
        "intra_op_threads", "epochs", "batch_size", "patience", mode="after", check_fields=False
    )
    @classmethod
    def _at_least_one(cls, value: int | None) -> int | None:
        if value is not None and value < 1:
            raise ValueError("it must be at least 1")
        return value

    @field_validator("validation_part", mode="after", check_fields=False)
    @classmethod
    def _leaves_training_events(cls, value: int) -> int:
        if value < 2:
            raise ValueError("it must be at least 2, or no events remain to train on")
        return value

    @field_validator("seed", mode="after", check_fields=False)
    @classmethod
    def _is_seed(cls, value: int) -> int:
        if not 0 <= value < 2**32:
            raise ValueError("it must be at least 0 and below 2**32")
        return value

    @field_validator("learning_rate", mode="after", check_fields=False)
    @classmethod
    def _is_positive(cls, value: float) -> float:
        if value <= 0:
            raise ValueError("it must be above 0")
        return value

    @classmethod
    def check_folds(cls) -> None:
        """Refuse folds where it is clear without any events that they have no numbers.

        Raises:
            SettingsError: they have none, and a checksum was not asked for.
        """

    @classmethod
    def check(cls) -> None:
        """Look at the plain attributes before anything runs, without opening a file.

        Raises:
            SettingsError: the class lacks a method, one takes other arguments than it is called
                with, or an attribute cannot be used.
        """
        missing = sorted(getattr(cls, "__abstractmethods__", ()))
        if missing:
            raise SettingsError(
                f"{cls.__qualname__} is not a complete recipe: it must define "
                + " and ".join(f"{name}()" for name in missing)
            )
        check_signatures(cls)

    def input_files(self) -> list[str]:
        """Return the paths or URLs of the events; none for a recipe that reads no files."""
        return []

    @classmethod
    def has_own_files(cls) -> bool:
        """Tell whether the class has an `input_files` of its own."""
        return cls.input_files is not Recipe.input_files

    @abstractmethod
    def load(self, files: Sequence[str]) -> Events:
        """Return all events in *files*, unsplit.

        Raises:
            DataError: the events cannot be read or used.
        """

    @abstractmethod
    def build(self, data: Data) -> Any:
        """Return the untrained `keras.Model`; it takes raw features, see `Data.normalize`."""

    def train(
        self, model: Any, data: Data, callbacks: Sequence[Any] = ()
    ) -> dict[str, list[float]]:
        """Fit *model* in place and return its history: a list of one number an epoch, by name.

        A model that `build` did not compile is compiled for classification: Adam, cross-entropy,
        and the ROC area of the weighted events (two classes) or the accuracy (more classes); where
        weights are negative, of the events without weights (``unweighted_auc``).
        Where its last layer is linear, its outputs are trained as logits (``from_logits=True``),
        and logits are also what the exported graph gives; after a sigmoid or softmax layer it
        gives probabilities.

        A recipe that overrides this may also return what ``model.fit`` returned, or None.

        Raises:
            SettingsError: the model is not compiled, and the events name no classes, or its
                outputs are neither one score per class nor, of two classes, one in all; or they
                are neither logits nor probabilities.
        """
        from cmsml_tasks.recipes.default_training import fit

        return fit(self, model, data, callbacks)

    generate: ClassVar[Any] = None
    """A recipe that makes its own events defines ``@classmethod generate(cls, path)``: it writes
    them to *path*, which then goes to `load`. The same bytes every time. It writes plainly: the
    caller gives a path in an existing folder that nobody reads yet, and moves the finished file to
    its place, so that a failure leaves nothing half-written."""
    generated_ending: ClassVar[str] = ".npz"
    """The ending of the file that `generate` writes."""
    data_files: ClassVar[Sequence[str]] = ()
    """Globs of files that the recipe reads beside its events: ``["net.json", "scalers/*.json"]``.
    What its code opens is seen without being named here, see docs/reads.md; not so what a program
    opens that it starts, or what TensorFlow opens within a graph."""
    code_modules: ClassVar[Sequence[str]] = ()
    """Modules whose code decides about events or model as a whole, beside what the recipe reaches
    by name in its project: what is imported by a computed name, or lies in a library."""
    folds_by_checksum: ClassVar[bool] = False
    """Where events have no numbers, a checksum of their inputs decides on folds. Asked for, because
    one bit of difference in C++ then applies a network to events that it was trained on."""
    code_version: ClassVar[str | int | None] = None
    """Where given, it stands for the code: only another version makes trainings stale."""

    def settings(self) -> dict[str, Any]:
        """Return every setting with its resolved value, JSON-able, in the order of the fields.

        Sets are lists in an order of their own, the same one in each process.
        """
        plain = self.model_dump(mode="json")
        return {name: _sorted_sets(getattr(self, name), value) for name, value in plain.items()}

    @classmethod
    def code(cls) -> list[str]:
        """Return what decides about events and model, with all the code that it reaches.

        The class as ``module:Class``, and whole modules; nothing where there is a version.
        """
        if cls.code_version is not None:
            return []
        return [f"{cls.__module__}:{cls.__qualname__}", *cls.code_modules]

    @classmethod
    def description(cls) -> dict[str, Any]:
        """Return the plain attributes that describe the data, JSON-able, sorted by name.

        Raises:
            SettingsError: an attribute is neither text, number, bool, None nor made of those.
        """
        names = cls.__class_vars__ - _NOT_ABOUT_DATA
        return {
            name: _jsonable(getattr(cls, name), f"{cls.__qualname__}.{name}")
            for name in sorted(names)
            if not name.startswith("_") and hasattr(cls, name)
        }


_NOT_ABOUT_DATA = {
    "model_config",
    "generate",
    "generated_ending",
    "data_files",
    "code_modules",
    "code_version",
    # it decides whether there are folds, not which
    "folds_by_checksum",
}


def recipe_name(recipe: type[Recipe]) -> str:
    """Return the one name of *recipe*, ``package.module.Class``, wherever it was imported from."""
    return f"{recipe.__module__}.{recipe.__qualname__}"


def _refuse_shadowing(cls: type[Recipe]) -> None:
    parent = cls.__mro__[1]
    for name, annotation in inspect.get_annotations(cls).items():
        if "ClassVar" in str(annotation) or not hasattr(
            Recipe if parent is Recipe else parent, name
        ):
            continue
        if name in getattr(parent, "__class_vars__", ()):
            raise SettingsError(
                f"{cls.__qualname__}.{name} is annotated, which makes a setting of it, but it "
                f"describes the data; write it without a type: {name} = ..."
            )
        raise SettingsError(
            f"{cls.__qualname__}.{name}: a setting cannot have the name of a method; rename it"
        )
    if callable(cls.__dict__.get("files")):
        raise SettingsError(
            f"{cls.__qualname__}.files is a method: call it input_files(); "
            "'files' is the list of globs of an EventRecipe"
        )


def _jsonable(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item, f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, set | frozenset):
        return sorted((_jsonable(item, where) for item in value), key=json.dumps)
    raise SettingsError(
        f"{where} is a {type(value).__name__}; what describes the data is made of text, numbers, "
        "lists and dicts (compute anything else in a method)"
    )


def _sorted_sets(value: Any, plain: Any) -> Any:
    """Return *plain*, the JSON of *value*, with the lists that stand for sets in order."""
    if isinstance(value, set | frozenset):
        return sorted(plain, key=json.dumps)
    if isinstance(value, BaseModel):
        value = dict(value)
    if isinstance(value, Mapping) and isinstance(plain, Mapping) and len(value) == len(plain):
        pairs = zip(value.values(), plain.items(), strict=True)
        return {key: _sorted_sets(inner, item) for inner, (key, item) in pairs}
    if isinstance(value, list | tuple) and isinstance(plain, list):
        return [_sorted_sets(inner, item) for inner, item in zip(value, plain, strict=True)]
    return plain
