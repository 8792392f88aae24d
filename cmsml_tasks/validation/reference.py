"""What the original gave, kept in ``reference.npz`` so that a graph can be held against it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np

from cmsml_tasks.arguments import argument
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.errors import ConversionError, ValidationError
from cmsml_tasks.files import replacing
from cmsml_tasks.validation.dtypes import Array, dtype_of, is_narrow, without_objects
from cmsml_tasks.validation.rows import MAIN, Rows, reference_rows

Run = Callable[[dict[str, Array]], Mapping[str, Any]]
"""The original: input arrays by interface name to output arrays by interface name."""

_RANDOM_REFUSED = (
    "these are random rows: if it does not take their shape, give the shapes of its inputs with "
    "{} (beside a constant of one row, 'x=[1,10]'); if it does not take their values (an "
    "assertion, say), give rows that it takes or remove what refuses them"
)
_GIVEN_REFUSED = "give rows that it takes, or remove what refuses them from the model"


@dataclass(frozen=True, eq=False)
class Reference:
    """Input rows and the original's outputs for them, by interface name.

    The first axis of every array counts the rows. In the "rows" layout the batch dimension of a
    tensor is that axis; in the "feeds" layout each row is one whole feed, and the tensors' own
    dimensions follow. Rows of one kind were evaluated together, in one batch.

    Strings are kept as fixed-width bytes; zero bytes at their end are lost, on both sides of a
    comparison alike. ``labels`` describes each row, ``notes`` says what was left out and why.
    """

    inputs: dict[str, Array]
    outputs: dict[str, Array]
    kinds: Array
    labels: Array | None = None
    layout: str = "rows"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        kinds = np.asarray(self.kinds, dtype="U")
        labels = kinds if self.labels is None else np.asarray(self.labels, dtype="U")
        inputs = {name: without_objects(array) for name, array in self.inputs.items()}
        outputs = {name: without_objects(array) for name, array in self.outputs.items()}
        for field, value in (("inputs", inputs), ("outputs", outputs), ("kinds", kinds)):
            object.__setattr__(self, field, value)
        object.__setattr__(self, "labels", labels)
        for name, array in {"labels": labels, **inputs, **outputs}.items():
            if array.shape[:1] != kinds.shape:
                raise ValueError(
                    f"'{name}' has shape {array.shape}, but there are {kinds.size} rows"
                )

    def of_kind(self, *kinds: str) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Return the indices of the rows of any of *kinds*, in order."""
        return np.flatnonzero(np.isin(self.kinds, kinds))

    def label(self, row: int) -> str:
        """Return the description of a row."""
        return str(self.kinds[row] if self.labels is None else self.labels[row])

    def renamed(self, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Reference:
        """Return the same rows under other names, given by those that they have here."""
        return replace(
            self,
            inputs={inputs.get(name, name): array for name, array in self.inputs.items()},
            outputs={outputs.get(name, name): array for name, array in self.outputs.items()},
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything to an npz file without pickle; equal content gives equal bytes.

        Floats narrower than ``float16`` and ``bfloat16`` are written as ``float32``, which holds
        them exactly, with their true dtype beside them.

        Raises:
            UserError: the file cannot be written.
        """
        entries: dict[str, Array] = {
            "kind": self.kinds,
            "label": np.asarray(self.labels),
            "layout": np.array(self.layout),
            "notes": np.array(self.notes, dtype="U"),
        }
        for room, arrays in (("inputs", self.inputs), ("outputs", self.outputs)):
            for name, array in arrays.items():
                if is_narrow(array.dtype.name):
                    entries[f"dtype/{room}/{name}"] = np.array(array.dtype.name)
                    array = array.astype(np.float32)
                entries[f"{room}/{name}"] = array
        with replacing(path) as sibling, zipfile.ZipFile(sibling, "w") as archive:
            for key in sorted(entries):
                # A fixed date, and nothing compressed: neither clock nor zlib decides the bytes.
                archive.writestr(
                    zipfile.ZipInfo(f"{key}.npy", (1980, 1, 1, 0, 0, 0)), _npy(entries[key])
                )

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Reference:
        """Read what :meth:`save` wrote.

        Raises:
            ValidationError: the file is missing, damaged or something else.
        """
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
                entries = {key: archive[key] for key in archive.files}
            return cls(
                inputs=_room("inputs", entries),
                outputs=_room("outputs", entries),
                kinds=entries["kind"],
                labels=entries.get("label"),
                layout=str(entries.get("layout", "rows")),
                notes=tuple(entries.get("notes", np.array([], dtype="U")).tolist()),
            )
        except (
            AttributeError,
            EOFError,
            KeyError,
            OSError,
            ValueError,
            zipfile.BadZipFile,
        ) as error:
            raise ValidationError(
                f"{path} is not a file of reference rows ({type(error).__name__}: {error}); "
                "remove it and make it again"
            ) from error


def _npy(array: Array) -> bytes:
    buffer = io.BytesIO()
    little = array.astype(array.dtype.newbyteorder("<"), order="C")
    np.lib.format.write_array(buffer, little, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _room(room: str, entries: Mapping[str, Array]) -> dict[str, Array]:
    arrays = {}
    for key, array in entries.items():
        if key.startswith(f"{room}/"):
            narrow = entries.get(f"dtype/{key}")
            arrays[key.removeprefix(f"{room}/")] = (
                array if narrow is None else array.astype(dtype_of(str(narrow)))
            )
    return arrays


def make_reference(
    inputs: Sequence[Mapping[str, Any]],
    run: Run,
    rows: Mapping[str, Any] | None = None,
    seed: int = 1,
    *,
    outputs: Sequence[Mapping[str, Any]] = (),
    refusals: tuple[type[Exception], ...] = (),
) -> Reference:
    """Choose rows for the original *run* and keep what it makes of them.

    Extreme and missing rows that the original itself refuses are left out, with a note. Random
    integers that it refuses (an embedding has only so many entries) are made smaller.

    Args:
        inputs: name, dtype and shape of each input, as on the signature card.
        run: the original, without rewriting by TensorFlow's optimiser (grappler): its fused
            operations read NaN as zero on some processors, which neither the original nor the
            frozen graph does by itself.
        rows: known good rows by input name, see :func:`reference_rows`.
        seed: of random rows.
        outputs: name, dtype and shape of each output.
        refusals: what *run* raises at rows that it cannot take, ``tf.errors.OpError`` say.

    Raises:
        ConversionError: rows that do not fit, or an original that takes none of the random ones.
    """
    error: Exception | None = None
    for integers in (10, 2, 1) if rows is None else (10,):
        for by_feed in (False, True):
            chosen = reference_rows(
                inputs, rows, seed, outputs=outputs, integers=integers, by_feed=by_feed
            )
            try:
                return _evaluate(chosen, run, refusals)
            except _NotByRowError:
                continue
            except refusals as refusal:
                error = refusal
                break
    assert error is not None, "by feeds, an original either ran or refused"
    raise ConversionError(
        f"the original refuses the rows that it is to be validated on: {reason(error)}; "
        f"{_RANDOM_REFUSED.format(argument('input_shapes')) if rows is None else _GIVEN_REFUSED}"
    ) from error


class _NotByRowError(Exception):
    """The outputs of a batch are not one per row."""


def _evaluate(rows: Rows, run: Run, refusals: tuple[type[Exception], ...]) -> Reference:
    taken: list[int] = []
    results: list[Mapping[str, Array]] = []
    notes: list[str] = []
    for kind in dict.fromkeys(rows.kinds.tolist()):
        indices = np.flatnonzero(rows.kinds == kind).tolist()
        batches = [indices] if rows.layout == "rows" else [[index] for index in indices]
        for batch in batches:
            try:
                accepted, result = batch, _run(rows, batch, run)
            except refusals:
                if kind in MAIN:
                    raise
                accepted, result = _accepted(rows, batch, run, refusals)
                notes += [
                    f"refused by the original: {rows.labels[i]}" for i in batch if i not in accepted
                ]
            if accepted:
                taken += accepted
                results.append(result)
    taken, results, notes = _same_shape(rows, taken, results, notes)
    return Reference(
        inputs={name: array[taken] for name, array in rows.inputs.items()},
        outputs={n: np.concatenate([result[n] for result in results]) for n in results[0]},
        kinds=rows.kinds[taken],
        labels=rows.labels[taken],
        layout=rows.layout,
        notes=tuple(notes),
    )


def _run(rows: Rows, batch: Sequence[int], run: Run) -> dict[str, Array]:
    if rows.layout == "feeds":
        outputs = run({name: array[batch[0]] for name, array in rows.inputs.items()})
        return {name: without_objects(array)[np.newaxis] for name, array in outputs.items()}
    outputs = run({name: array[list(batch)] for name, array in rows.inputs.items()})
    arrays = {name: without_objects(array) for name, array in outputs.items()}
    if any(array.shape[:1] != (len(batch),) for array in arrays.values()):
        raise _NotByRowError
    return arrays


def _accepted(
    rows: Rows, batch: Iterable[int], run: Run, refusals: tuple[type[Exception], ...]
) -> tuple[list[int], dict[str, Array]]:
    """Give the rows that the original takes one by one, and its outputs for them together."""
    accepted = []
    for index in batch:
        try:
            _run(rows, [index], run)
        except refusals:
            continue
        accepted.append(index)
    try:
        return accepted, _run(rows, accepted, run) if accepted else {}
    except refusals:
        return [], {}


def _same_shape(
    rows: Rows, taken: list[int], results: list[Mapping[str, Array]], notes: list[str]
) -> tuple[list[int], list[Mapping[str, Array]], list[str]]:
    """Leave out feeds whose outputs have another shape than the first: they fit no array."""
    shapes = [{name: array.shape[1:] for name, array in result.items()} for result in results]
    if all(shape == shapes[0] for shape in shapes):
        return taken, results, notes
    if rows.layout == "rows":
        raise _NotByRowError
    kept = [n for n, shape in enumerate(shapes) if shape == shapes[0]]
    gone = [
        f"outputs of another shape: {rows.labels[taken[n]]}"
        for n in range(len(taken))
        if n not in kept
    ]
    return [taken[n] for n in kept], [results[n] for n in kept], notes + gone
