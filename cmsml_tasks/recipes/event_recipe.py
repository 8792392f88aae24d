"""`EventRecipe`: a recipe for events in columns, described by plain attributes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from cmsml_tasks.errors import DataError, SettingsError
from cmsml_tasks.recipes.columnar.features import expand, parse_definitions
from cmsml_tasks.recipes.columnar.read_plan import ReadPlan
from cmsml_tasks.recipes.columnar.samples import (
    Source,
    SourceFile,
    class_names,
    find_files,
    globs_of,
    sources_of_samples,
)
from cmsml_tasks.recipes.columnar.target_leaks import check_leaks
from cmsml_tasks.recipes.events.events import FOLDS_WITHOUT_NUMBERS
from cmsml_tasks.recipes.expressions.expression import Expression, parse
from cmsml_tasks.recipes.recipe import Recipe

if TYPE_CHECKING:
    from cmsml_tasks.recipes.events.events import Events


class EventRecipe(Recipe):
    """A classifier on columns of ROOT, Parquet, NPZ or CSV files; only `build` is left to write.

    Give either *files* with a *target*, or *samples*. Globs are relative to the current directory;
    ``~``, ``$NAME`` and ``${NAME:-default}`` are replaced; ``root://`` and other URLs work where
    fsspec knows them. Expressions are explained in `cmsml_tasks.recipes.expressions.expression`.

    Weights (of the file, times the scale of the sample, times class balancing) may be negative.
    They are scaled such that their mean in training is 1.
    """

    files: ClassVar[Sequence[str]] = ()
    """Globs of the files, with both signal and background in them; none may be found twice."""
    target: ClassVar[str | None] = None
    """With *files*: expression for the class, true or false, or an integer from 0 on. It may be
    missing in no event, nor may the weight."""
    samples: ClassVar[Mapping[str, Any]] = {}
    """Globs by class: ``{"signal": [...], "background": {"files": [...], "scale": 0.5}}``. Of two
    classes the first has target 1, so that the score stands for it; three and more have the labels
    0, 1, 2, ... in their order. A scale multiplies all weights of its files; a class of several
    processes is a list of such dicts."""
    tree: ClassVar[str | None] = None
    """Name of the tree in ROOT files; not needed where there is only one."""
    define: ClassVar[Mapping[str, str]] = {}
    """New columns by name, as expressions; each may use the columns of the file and those above
    it, and all other expressions may use them."""
    features: ClassVar[Sequence[str] | Mapping[str, str]] = ()
    """Columns and expressions, or expressions by name. ``"Muon_pt[:2]"`` gives two features."""
    weight: ClassVar[str | None] = None
    """Expression for the weight of an event."""
    selection: ClassVar[str | None] = None
    """Expression for the events to use, true or false. A missing value compares as NaN: every
    comparison is false but ``!=``."""
    event: ClassVar[str | None] = None
    """Column of the event number, which decides on fold and validation; integers >= 0. Without it
    a checksum of the features decides on validation, and there are no folds unless they are asked
    for, see `Recipe.folds_by_checksum`."""
    balance_classes: ClassVar[bool] = False
    """Scale the weights of each class such that all classes have the same sum."""
    padding: ClassVar[float] = -999.0
    """Stands for a feature that an event does not have; `Data.normalize` turns it into 0."""

    @classmethod
    def check(cls) -> None:
        """Look at the plain attributes, without opening a file; see `Recipe.check`."""
        super().check()
        where = cls.__qualname__
        cls.sources()
        if isinstance(cls.features, str) or not isinstance(cls.features, Sequence | Mapping):
            raise SettingsError(f"features of {where} must be a list or a dict: {cls.features!r}")
        plan = cls.read_plan()
        for name in ("event", "tree"):
            if getattr(cls, name) is not None:
                _text(getattr(cls, name), f"{name} of {where}")
        check_leaks(plan.columns, plan.definitions, plan.target, cls.event, where)
        if not isinstance(cls.balance_classes, bool):
            raise SettingsError(f"balance_classes of {where} must be True or False")
        padding = cls.padding
        if isinstance(padding, bool) or not isinstance(padding, int | float):
            raise SettingsError(f"padding of {where} must be a number: {padding!r}")
        if not math.isfinite(padding):
            raise SettingsError(f"padding of {where} must be a finite number, not {padding}")

    @classmethod
    def read_plan(cls) -> ReadPlan:
        """Return what is read from each file, which the plain attributes say.

        Raises:
            SettingsError: an expression, or a name, cannot be used.
        """
        where = cls.__qualname__

        def expression(name: str) -> Expression | None:
            text, what = getattr(cls, name), f"{name} of {where}"
            return None if text is None else parse(_text(text, what), what)

        return ReadPlan(
            owner=where,
            columns=expand(cls.features, where),
            definitions=parse_definitions(cls.define, where),
            target=expression("target"),
            weight=expression("weight"),
            selection=expression("selection"),
            event=cls.event,
            tree=cls.tree,
            padding=cls.padding,
        )

    @classmethod
    def check_folds(cls) -> None:
        """Refuse folds of a recipe that names no column of event numbers; see `Recipe`."""
        if cls.event is None and not cls.folds_by_checksum:
            raise SettingsError(
                f"--folds: {cls.__qualname__} has no event: {FOLDS_WITHOUT_NUMBERS}"
            )

    @classmethod
    def sources(cls) -> list[Source]:
        """Return the globs with their labels and scales; empty for a recipe with `generate`.

        Raises:
            SettingsError: *files*, *target* and *samples* do not fit together.
        """
        where = cls.__qualname__
        if bool(cls.files) + bool(cls.samples) + (cls.generate is not None) != 1:
            raise SettingsError(
                f"{where} needs one source of events: files with a target, or samples "
                "(or a method generate)"
            )
        if bool(cls.samples) == (cls.target is not None):
            needs = "has samples and a target; the sample is the target, so drop it"
            lacks = "needs a target, the expression that tells signal from background"
            raise SettingsError(f"{where} {needs if cls.samples else lacks}")
        if cls.samples:
            return sources_of_samples(cls.samples, where)
        return [Source(globs_of(cls.files, f"files of {where}"))] if cls.files else []

    def input_files(self) -> list[str]:
        """Return the files that the globs find: absolute paths, and URLs; empty with `generate`.

        Raises:
            DataError: a glob finds nothing, or a variable of the environment is not set.
        """
        return [file.path for file in find_files(self.sources())]

    @classmethod
    def has_own_files(cls) -> bool:
        """Tell whether the class has an `input_files` of its own."""
        return cls.input_files is not EventRecipe.input_files

    def load(self, files: Sequence[str]) -> Events:
        """Return the selected events of *files*, which come from `input_files` or `generate`.

        The input is float32 (events, features), the target int64 (events,).

        Raises:
            DataError: a file, tree, branch or value cannot be used; nothing is selected; there
                is only one class.
        """
        from cmsml_tasks.recipes.columnar.columnar_events import load_events

        cls = type(self)
        return load_events(
            cls.read_plan(),
            self._labelled(files),
            class_names(cls.samples),
            balance=cls.balance_classes,
            scaled=any(source.scale != 1 for source in cls.sources()),
        )

    @classmethod
    def _labelled(cls, files: Sequence[str]) -> list[SourceFile]:
        """Return label and scale of each of *files*; without samples any file will do."""
        if not files:
            raise DataError(f"{cls.__qualname__}: no files to read")
        if not cls.samples:
            return [SourceFile(str(path), None, 1.0) for path in files]
        known = {file.path: file for file in find_files(cls.sources())}
        unknown = [path for path in files if path not in known]
        if unknown:
            raise DataError(f"{unknown[0]}: belongs to no sample of {cls.__qualname__}")
        return [known[path] for path in files]


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{what} must be text: {value!r}")
    return value
