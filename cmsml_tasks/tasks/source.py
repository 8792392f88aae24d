"""Tasks that start from a recipe's training or from a finished model."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import Any

import law
import luigi

from cmsml_tasks.arguments import flag
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.output_files import GRAPHS, MANIFEST
from cmsml_tasks.recipes import serialize_settings
from cmsml_tasks.recipes.settings.grammar import parse_by_tensor
from cmsml_tasks.shown import printable
from cmsml_tasks.tasks.base import BranchedTask, Params, check_branch
from cmsml_tasks.tasks.branches import DEMO, Branch
from cmsml_tasks.tasks.custom_modules import parse_modules
from cmsml_tasks.tasks.names import parse_names, serialize_names
from cmsml_tasks.tasks.operations import parse_operations
from cmsml_tasks.tasks.parameters import RepeatedParameter
from cmsml_tasks.tasks.store import safe_part
from cmsml_tasks.tasks.values import parse_values, serialize_values
from cmsml_tasks.tracking.contract.targets import file_of
from cmsml_tasks.tracking.manifests.manifest import Manifest
from cmsml_tasks.tracking.storage.digests import digest_of
from cmsml_tasks.tracking.storage.places import place

_FREE = {"none", "?", "-1"}


class ExportedTask(BranchedTask):
    """Base of the tasks behind a training, which ``--source`` replaces by a file."""

    exclude_index = True
    # what they read decides: the model's or graph's content, whatever it was made with
    untracked_params = BranchedTask.untracked_params | {
        *("recipe", "source", "formats"),
        "custom_modules",  # their versions or code count
    }
    runs_imported_code = False

    source = luigi.Parameter(
        default=law.NO_STR,
        description="a finished model to start from instead of a recipe: a .keras or .h5 file, a "
        "SavedModel folder, a .pb or .pb.txt graph; default: empty",
    )
    input_shapes = luigi.Parameter(
        default="",
        description="shapes of the source's inputs where the file carries none: "
        "'name=[?,10],other=[?,3]', ? is a free dimension; default: empty",
    )
    input_names = RepeatedParameter(
        default="",
        description="names for the inputs of the graph instead of the model's: 'found=wanted' for "
        "some of them, or a name for each, in their order, between commas; default: empty",
    )
    output_names = RepeatedParameter(
        default="",
        description="the same for the outputs; of a graph as --source, the operations to export, "
        "'a,b' or 'a=name,b=name'; default: empty",
    )
    allow_operations = RepeatedParameter(
        default="",
        description="operations that may be in a graph although nobody has judged what they do "
        "beside computing, between commas; default: empty",
    )
    constant_inputs = RepeatedParameter(
        default="",
        description="inputs that get a value for good, by the model's names, and what hangs on "
        "them is resolved: 'training=false,scale=[0.5,2]'; keras_learning_phase is false unless "
        "this or --input-names names it; default: empty",
    )
    signature = luigi.Parameter(
        default="",
        description="which signature of a SavedModel as --source; default: serving_default, or "
        "the only one",
    )
    custom_modules = RepeatedParameter(
        default="",
        description="modules that define layers or functions of a Keras file as --source, "
        "'hgq,my_layers'; they are imported before it is read; default: empty",
    )
    formats = law.CSVParameter(
        default=("pb",),
        description=f"files to write, of {','.join(GRAPHS)}; default: pb",
    )

    @classmethod
    def settle(cls, params: Params) -> Params:
        """Check source, shapes, names, operations and formats."""
        params["formats"] = _check_formats(params["formats"])
        for option in ("input_names", "output_names"):
            names = parse_names(flag(option), params[option])
            params[option] = serialize_names(names)
        params["allow_operations"] = ",".join(parse_operations(params["allow_operations"]))
        constants = parse_values("--constant-inputs", params["constant_inputs"])
        params["constant_inputs"] = serialize_values(constants)
        params["custom_modules"] = ",".join(parse_modules(params["custom_modules"]))
        shapes = parse_shapes(params["input_shapes"])
        if params["source"] == law.NO_STR:
            if params["custom_modules"]:
                raise SettingsError(
                    "--custom-modules goes with --source; a recipe's model finds its own layers"
                )
            if shapes:
                raise SettingsError("--input-shapes goes with --source; a recipe knows its shapes")
            if params["signature"]:
                raise SettingsError("--signature goes with the folder of a SavedModel as --source")
            return super().settle(params)
        given = [name for name in ("settings", "scan", "folds") if params[name]]
        given += ["recipe"] if params["recipe"] != DEMO else []
        if given:
            raise SettingsError(
                f"--source starts from a finished model, so --{given[0]} has no meaning; leave "
                "one of the two out"
            )
        check_branch(params["branch"], 1)
        params["source"] = _check_source(params["source"])
        if params["signature"] and not Path(params["source"]).is_dir():
            raise SettingsError(
                f"--signature {params['signature']}: the source {params['source']} is no folder of "
                "a SavedModel, so it has no signatures; leave it out"
            )
        texts = parse_by_tensor("--input-shapes", params["input_shapes"])
        params["input_shapes"] = serialize_settings(texts)
        return params

    @property
    def has_source(self) -> bool:
        """Whether a finished model takes the place of a training."""
        return bool(self.source != law.NO_STR)

    @property
    def has_own_reference(self) -> bool:
        """Whether the training has no reference rows that the graph could be held against."""
        return self.has_source or bool(self.constant_inputs)

    def create_branch_map(self) -> dict[int, Branch | None]:
        """Return the branches of the recipe; a source is one branch of its own."""
        return {0: None} if self.has_source else super().create_branch_map()

    def folder(self) -> tuple[str, ...]:
        """Return the parts of the path, with the source's file name in the recipe's place."""
        if not self.has_source:
            return super().folder()
        return (self.task_family, source_name(self.source), self.version)

    def check_source_is_the_same(self) -> None:
        """Check that outputs which are there are of this source: names alone are often equal.

        Raises:
            SettingsError: they are of another one, which is still there and has other content.
        """
        path = place(str(file_of(self.store_target(MANIFEST))))
        manifest = Manifest.read(path)
        origins = manifest.origins.values() if isinstance(manifest, Manifest) else ()
        for other in [origin.get("path", "") for origin in origins if "task" not in origin]:
            if _is_another(self.source, other):
                remove = f"law run {self.task_family} --version {self.version} --source"
                raise SettingsError(
                    f"--source {self.source}: {path.parent} holds what was made of another source, "
                    f"{printable(other)}; choose another --version, or remove that first: {remove} "
                    f"{printable(shlex.quote(other))} --remove-output=0,a"
                )

    def jobs_path(self) -> tuple[str, ...]:
        """Return the parts of the path of the jobs: those of the outputs."""
        return self.folder() if self.has_source else super().jobs_path()

    def tracked_branch(self, data: Any) -> dict[str, Any]:
        """Return nothing: the inputs are those of the branch."""
        return {}

    def tracked_code(self) -> list[str]:
        """Return nothing: the recipe's code counts where an input cannot be read without it."""
        return []


ExportedTask.deregister()


def source_name(source: str) -> str:
    """Return the folder name for a model file: its name without the endings of its format."""
    name = Path(source).name
    endings = (".pb.txt", ".pbtxt", ".pb", ".keras", ".hdf5", ".h5")
    ending = next((each for each in endings if name.endswith(each) and name != each), "")
    return safe_part(name.removesuffix(ending))


def _is_another(source: str, other: str) -> bool:
    """Tell whether *other*, as a manifest has it, is there and has other content than *source*."""
    if source_name(other) != source_name(source):
        return False  # no source of this folder: others may write manifests
    try:
        kinds = [stat.S_IFMT(os.stat(path).st_mode) for path in (source, other)]
        if not {stat.S_IFREG, stat.S_IFDIR}.issuperset(kinds):
            return False
        return not os.path.samefile(source, other) and digest_of(source) != digest_of(other)
    except (OSError, ValueError):
        return False  # it is gone, or no path at all


def parse_shapes(text: str) -> dict[str, tuple[int | None, ...]]:
    """Return the shapes in ``"jets=[?,10],met=[?,2]"``.

    Raises:
        SettingsError: a shape is not a list of sizes.
    """
    shapes = parse_by_tensor("--input-shapes", text)
    return {name: _shape(name, sizes) for name, sizes in shapes.items()}


def _shape(name: str, sizes: Any) -> tuple[int | None, ...]:
    valid = isinstance(sizes, list | tuple) and all(
        str(size).lower() in _FREE or str(size).isdigit() for size in sizes
    )
    if not valid:
        raise SettingsError(
            f"--input-shapes {name}: {sizes!r} is not a shape; write '{name}=[?,10]', where ? is "
            "a free dimension"
        )
    return tuple(None if str(size).lower() in _FREE else int(size) for size in sizes)


def _check_formats(formats: Any) -> tuple[str, ...]:
    unknown = [name for name in formats if name not in GRAPHS]
    if unknown or "pb" not in formats:
        wrong = f"{unknown[0]!r} is unknown" if unknown else "pb is missing, which is validated"
        raise SettingsError(f"--formats {','.join(formats)}: {wrong}; choose pb or pb,pbtxt")
    return tuple(name for name in GRAPHS if name in formats)


def _check_source(source: str) -> str:
    path = Path(source).expanduser().absolute()
    if not path.exists():
        raise SettingsError(f"--source {source}: there is no such file; check the path")
    # the outputs lie under the folder's own name
    return str(path.resolve() if path.name == ".." else path)
