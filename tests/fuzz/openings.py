"""What is done with a wrong file of each kind: written by a seed, and opened as users do it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Rng = random.Random


@dataclass(frozen=True)
class Kind:
    """How a wrong file is made from the good ones of a folder, and how it is opened.

    ``write`` takes random numbers, the folder of good files and one to work in, and returns the
    path of the wrong one; ``open`` takes this path and an empty folder for what comes out of it.
    """

    write: Callable[[Rng, Path, Path], Path]
    open: Callable[[Path, Path], None]


def _write_graph(rng: Rng, corpus: Path, work: Path) -> Path:
    from mutations import mutated

    good = sorted((path.name, path.read_bytes()) for path in (corpus / "graph").glob("*.pb*"))
    name, content = mutated(rng, [each for each in good if not each[0].endswith(".npz")])
    path = work / f"wrong{''.join(Path(name).suffixes)}"
    path.write_bytes(content)
    return path


def _write_keras(rng: Rng, corpus: Path, work: Path) -> Path:
    from keras_mutations import mutated_archive

    mutated_archive(rng, sorted((corpus / "keras").glob("*.keras")), work / "wrong.keras")
    return work / "wrong.keras"


def _write_hdf5(rng: Rng, corpus: Path, work: Path) -> Path:
    from keras_mutations import mutated_hdf5

    mutated_hdf5(rng, sorted((corpus / "h5").glob("*.h5")), work / "wrong.h5")
    return work / "wrong.h5"


def _write_saved_model(rng: Rng, corpus: Path, work: Path) -> Path:
    from saved_model_mutations import mutated_saved_model

    shutil.rmtree(work / "wrong", ignore_errors=True)
    mutated_saved_model(rng, sorted((corpus / "saved_model").iterdir()), work / "wrong")
    return work / "wrong"


def _open_graph(path: Path, out: Path) -> None:
    from cmsml_tasks.conversion import load_graph

    load_graph(path)
    _export(path, out)


def _export(path: Path, out: Path) -> None:
    from cmsml_tasks.exporting.export import export_source

    export_source(str(path), str(out), ["pb", "pbtxt"])


def _write_card(rng: Rng, corpus: Path, work: Path) -> Path:
    from json_mutations import mutated_json

    for name in ("graph.pb", "reference.npz"):
        shutil.copyfile(corpus / "card" / name, work / name)
    (work / "graph.json").write_bytes(
        mutated_json(rng, (corpus / "card" / "graph.json").read_bytes())
    )
    return work / "graph.json"


def _open_card(path: Path, out: Path) -> None:
    from warm_runtime import WarmRuntime

    from cmsml_tasks.exporting.card import read_card
    from cmsml_tasks.exporting.usage import cpp_lines, interface_text
    from cmsml_tasks.files import write_json
    from cmsml_tasks.validation import Reports, validate

    card = read_card(path)
    graph = path.with_name("graph.pb")
    interface_text(card, str(graph)), cpp_lines(card, str(graph))
    report = validate(graph, card, path.with_name("reference.npz"), runtime=WarmRuntime())
    reports = Reports((report,))
    reports.summary()
    write_json(out / "validation.json", reports.to_json())


def _write_manifest(rng: Rng, corpus: Path, work: Path) -> Path:
    from json_mutations import mutated_json

    project = work / "project"
    if not project.exists():
        shutil.copytree(corpus / "manifest" / "project", project)
    shutil.rmtree(project / "store")
    shutil.copytree(corpus / "manifest" / "project" / "store", project / "store")
    path = rng.choice(sorted(project.glob("store/**/*manifest.json")))
    path.write_bytes(mutated_json(rng, path.read_bytes()))
    return path


def _open_manifest(path: Path, out: Path) -> None:
    from toy_runs import check_toy_project

    project = next(folder for folder in path.parents if folder.name == "project")
    check_toy_project(project, out)


KINDS: dict[str, Kind] = {
    "graph": Kind(_write_graph, _open_graph),
    "keras": Kind(_write_keras, _export),
    "h5": Kind(_write_hdf5, _export),
    "saved_model": Kind(_write_saved_model, _export),
    "card": Kind(_write_card, _open_card),
    "manifest": Kind(_write_manifest, _open_manifest),
}
