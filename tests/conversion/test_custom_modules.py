"""Modules that are named for a Keras file: of packages and of one's own, right and wrong ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tf_keras
from archive_edits import edited

from cmsml_tasks.conversion import modules_of_trained, open_model
from cmsml_tasks.errors import ConversionError

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
]

MODULES = {
    "own_shifts": """
        import keras

        class Shift(keras.layers.Layer):
            def call(self, x):
                return x + 1

        @keras.saving.register_keras_serializable("own")
        def twice(x):
            return 2 * x
    """,
    "own_networks": """
        import own_shifts

        def network():
            return own_shifts.Shift()
    """,
    "own_package/__init__": "",
    "own_package/deep/__init__": "",
    "own_package/deep/layers": """
        import keras

        class Unregistered(keras.layers.Layer):
            def call(self, x):
                return 3 * x
    """,
    "own_shiftings": """
        import keras

        class Shifts(keras.layers.Layer):
            pass
    """,
    "own_keras_2": """
        import tf_keras

        class Old(tf_keras.layers.Layer):
            def call(self, x):
                return x + 1
    """,
    "own_failing": "import no_such_package_here",
    "own_exit": "import sys; sys.exit(3)",
    "own_borrowed": "from keras.layers import Activation, Dense",
    "own_unfinished": "def",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("modules")
    for name, source in MODULES.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = source.splitlines()
        path.write_text("\n".join(line.removeprefix(" " * 8) for line in lines))
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def own(folder: Path) -> Path:
    import own_shifts
    from own_package.deep.layers import Unregistered

    layers = [own_shifts.Shift(name="s"), keras.layers.Activation(own_shifts.twice), Unregistered()]
    keras.Sequential([keras.Input((2,), name="x"), *layers]).save(folder / "own.keras")
    return folder / "own.keras"


@pytest.fixture(scope="module")
def plain(folder: Path) -> Path:
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save(folder / "plain.keras")
    return folder / "plain.keras"


X = np.array([[1, 2], [3, 4.0]], "float32")


def test_layers_that_stand_in_a_module_and_deep_in_a_package(own: Path) -> None:
    (value,) = open_model(own, custom_modules=["own_shifts", "own_package"]).run({"x": X}).values()
    np.testing.assert_array_equal(value, 6 * (X + 1))


def test_module_that_imports_the_one_with_the_layers(own: Path) -> None:
    """It is needed, though its own source has nothing of the file."""
    open_model(own, custom_modules=["own_shifts", "own_networks", "own_package"])


def test_layers_of_an_installed_package(folder: Path) -> None:
    import hgq
    from hgq.layers import QDense

    model = keras.Sequential([keras.Input((4,), name="x"), QDense(3, name="q")])
    model.save(folder / "q.keras")
    assert not hasattr(hgq, "QDense")
    x = np.ones((2, 4), "float32")
    (value,) = open_model(folder / "q.keras", custom_modules=["hgq"]).run({"x": x}).values()
    np.testing.assert_array_equal(value, model(x, training=False))


def test_file_of_keras_2(folder: Path) -> None:
    from own_keras_2 import Old

    path = folder / "old.keras"
    tf_keras.Sequential([tf_keras.Input((2,), name="x"), Old()]).save(path)
    (value,) = open_model(path, custom_modules=["own_keras_2"]).run({"x": X}).values()
    np.testing.assert_array_equal(value, X + 1)


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (
            [],
            r"asks for 'Shift' of own_shifts, 'Unregistered' of own_package.*--custom-modules own",
        ),
        (["own_shift"], r"no module 'own_shift'.*did you mean 'own_shifts'\?"),
        (["hgg"], r"no module 'hgg'.*did you mean 'hgq'\?"),
        (["HGQ2"], r"no module 'HGQ2'.*did you mean 'hgq'\?"),
        (["own_package.deeper"], r"'own_package.deeper'.*did you mean 'own_package.deep'\?"),
        (["own_failing"], r"'own_failing'.* cannot be imported: .*'no_such_package_here'"),
        (["own_unfinished"], r"'own_unfinished'.* cannot be imported: SyntaxError"),
        (["own_exit"], r"'own_exit'.* cannot be imported: SystemExit: 3"),
        (["own_shifts.py"], r"no module 'own_shifts.py'.*did you mean 'own_shifts'\?"),
        (["./own_shifts.py"], r"'./own_shifts.py'.* without path.*did you mean 'own_shifts'\?"),
        (["own_package/deep/layers.py"], r"did you mean 'own_package.deep.layers'\?"),
        (["sub.own_shifts"], r"no module 'sub'.*did you mean 'own_shifts'\?"),
        (["own_shifts.Shift"], r"no module 'own_shifts.Shift'.*did you mean 'own_shifts'\?"),
        (["own_shifts", "own_package", "numpy"], r"'numpy'.* has nothing .*; leave 'numpy' out"),
        (["own_shifts", "own_package", "keras"], r"'keras'.* has nothing .*; leave 'keras' out"),
        (["own_shifts", "own_package", "own_borrowed"], r"; leave 'own_borrowed' out"),
        (["own_shifts", "own_package", "own_shiftings"], r"own_package.*; leave 'own_shiftings'"),
        (["own_shifts", "own_borrowed"], r"'own_borrowed'.* has nothing .*; name 'own_package'"),
        (["own_shifts", "json"], r"'json'.* has nothing .*: 'Shift' of own_shifts"),
        (["own_shiftings"], r"'own_shiftings'.* nothing .*; is 'Shifts' there meant to be 'Shift'"),
    ],
)
def test_modules_that_are_not_right(own: Path, modules: list[str], words: str) -> None:
    with pytest.raises(ConversionError, match=rf"(?s){words}"):
        open_model(own, custom_modules=modules)


def test_files_that_ask_for_nothing(plain: Path, folder: Path) -> None:
    with pytest.raises(ConversionError, match="needs no module beside Keras, so leave that out"):
        open_model(plain, custom_modules=["own_shifts"])
    open_model(plain, also_import=["own_shifts"])
    with pytest.raises(
        ConversionError, match=r"no file of Keras, and asks for nothing of .*'own_s"
    ):
        open_model(folder, custom_modules=["own_shifts"])


def test_file_has_nothing_imported_that_nobody_named(own: Path, folder: Path) -> None:
    """What it asks for is named in the message, and not looked for by an import."""
    sneaky = folder / "never_imported.py"
    sneaky.write_text("raise SystemExit")
    content = own.read_bytes()
    assert content.count(b"own_shifts")
    path = folder / "sneaky.keras"
    edited(own, path, lambda config: config.replace("own_package.deep.layers", "never_imported.it"))
    with pytest.raises(ConversionError, match=r"'Unregistered' of never_imported\.it"):
        open_model(path, custom_modules=["own_shifts"])


def test_modules_of_what_a_recipe_trained(own: Path, plain: Path, folder: Path) -> None:
    """Those of the project that the training imported, and packages that the file names."""
    assert modules_of_trained(plain, ["own_networks"]) == []
    known = ["own_networks", "own_shifts", "own_package.deep.layers"]
    assert modules_of_trained(own, known) == known
    open_model(own, also_import=modules_of_trained(own, known))

    def names_others(config: str) -> str:
        return config.replace("own_package.deep.layers", "hgq.layers").replace("own_shifts", "this")

    edited(own, folder / "other.keras", names_others)
    found = modules_of_trained(folder / "other.keras", ["own_networks"])
    assert found == ["own_networks", "hgq.layers"]
