"""Several exports at once: threads, models in use, and processes that write one path."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from conversion_cases import Module, X, functional, in_lists, sequential, session_with

from cmsml_tasks.conversion import get_session, load_graph, read_graph, save_graph, trace

THREADS = 8


def together(work: Callable[[int], Any]) -> list[Any]:
    """Return what *work* returns for each thread; all of them begin at the same time."""
    barrier = threading.Barrier(THREADS, timeout=60)

    def one(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def exported(path: Path, obj: Any, *names: list[str]) -> bytes:
    save_graph(path, obj, True, *names)
    return path.read_bytes()


def test_different_objects_in_threads(tmp_path: Path) -> None:
    module = Module()
    objects = [sequential(), functional(), in_lists(), module.linear]
    alone = [exported(tmp_path / "alone.pb", obj) for obj in objects]

    def export(number: int) -> list[bytes]:
        order = [(number + shift) % len(objects) for shift in range(len(objects))]
        files = {i: exported(tmp_path / f"{number}_{i}.pb", objects[i]) for i in order}
        return [files[i] for i in range(len(objects))]

    assert together(export) == [alone] * THREADS


def test_one_model_in_threads(tmp_path: Path) -> None:
    model = functional()
    alone = exported(tmp_path / "alone.pb", model)
    files = together(lambda number: exported(tmp_path / f"{number}.pb", model))
    assert files == [alone] * THREADS
    # all of them to one path: whoever comes last, the file is whole
    together(lambda number: save_graph(tmp_path / "same.pb", model, True))
    assert (tmp_path / "same.pb").read_bytes() == alone
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_sessions_and_files_in_threads(tmp_path: Path) -> None:
    session = session_with(True)
    save_graph(tmp_path / "graph.pb", session, True, ["output"])
    alone = (tmp_path / "graph.pb").read_bytes()
    model = sequential()

    def work(number: int) -> bytes:
        assert isinstance(load_graph(tmp_path / "graph.pb"), tf.Graph)
        get_session(model).close()
        return exported(tmp_path / f"{number}.pb", session, ["output"])

    assert together(work) == [alone] * THREADS


def test_export_while_the_model_is_used(tmp_path: Path) -> None:
    model = sequential()
    alone = exported(tmp_path / "alone.pb", model)
    expected = model.predict(X, verbose=0)
    done = threading.Event()

    def predict() -> int:
        rounds = 0
        while not done.is_set():
            np.testing.assert_array_equal(model.predict(X, verbose=0), expected)
            rounds += 1
        return rounds

    with ThreadPoolExecutor(1) as pool:
        rounds = pool.submit(predict)
        try:
            for number in range(10):
                assert exported(tmp_path / f"{number}.pb", model) == alone
                trace(model).run(feeds_of(model))
        finally:
            done.set()
        assert rounds.result()


def feeds_of(model: Any) -> dict[str, Any]:
    return {info.name: X for info in trace(model).signature.inputs}


def test_export_while_another_model_trains(tmp_path: Path) -> None:
    def fitted(during: Callable[[], Any]) -> list[bytes]:
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dropout(0.5)]
        )
        model.compile("sgd", "mse")
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(lambda: model.fit(X, np.tile(X, 2), epochs=20, verbose=0))
            during()
            future.result()
        return [weight.tobytes() for weight in model.get_weights()]

    other = functional()

    def export() -> None:
        for _ in range(5):
            save_graph(tmp_path / "other.pb", other, True)

    assert fitted(export) == fitted(lambda: None)


CHILD = """
import sys
import tensorflow as tf
from cmsml_tasks.conversion import save_graph
value = float(sys.argv[2])
function = tf.function(lambda x: x + value, input_signature=[tf.TensorSpec((None,), name="x")])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(50):
    save_graph(sys.argv[1], function, True)
"""


def test_processes_that_write_one_path(tmp_path: Path) -> None:
    path = tmp_path / "graph.pb"
    command = [sys.executable, "-c", CHILD, str(path)]
    children = [
        subprocess.Popen(
            [*command, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for number in range(2)
    ]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write(b"go\n")
            child.stdin.flush()
        while any(child.poll() is None for child in children):
            if path.exists():
                assert len(read_graph(path).node) == 4  # never a part of one
    finally:
        for child in children:
            child.kill()
            child.communicate()
    assert [child.returncode for child in children] == [0, 0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["graph.pb"]
