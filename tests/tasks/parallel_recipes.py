"""A recipe that starts processes wherever it is asked for something."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

from tiny_recipes import TinyRecipe


def square(number):
    return number**2


def squares(start_method):
    """Return squares of small numbers, from a pool, an executor and a process."""
    context = multiprocessing.get_context(start_method)
    with context.Pool(2) as pool:
        by_pool = pool.map(square, range(4))
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        by_executor = list(executor.map(square, range(4)))
    queue = context.Queue()
    process = context.Process(target=queue.put, args=(by_pool,))
    process.start()
    by_process = queue.get()
    process.join()
    assert by_pool == by_executor == by_process == [0, 1, 4, 9]
    return by_pool


class ParallelRecipe(TinyRecipe):
    """In each of its methods, by fork and by spawn."""

    start_method: str = "fork"
    generated_ending = ".npz"

    @staticmethod
    def generate(path):
        import numpy as np

        np.savez(path, squares=[*squares("fork"), *squares("spawn")])

    def load(self, files):
        squares(self.start_method)
        return super().load(files)

    def build(self, data):
        squares(self.start_method)
        return super().build(data)

    def train(self, model, data, callbacks=()):
        import keras

        squares(self.start_method)

        class Batches(keras.utils.PyDataset):
            def __len__(self):
                return 4

            def __getitem__(self, number):
                rows = slice(10 * number, 10 * number + 10)
                return data.train.inputs[rows], data.train.target[rows]

        model.compile("adam", "binary_crossentropy")
        batches = Batches(workers=2, use_multiprocessing=True)
        history = model.fit(batches, epochs=2, verbose=0, callbacks=callbacks)
        # nobody waits for any of these
        sleep = [sys.executable, "-c", "import time; time.sleep(3600)"]
        subprocess.Popen(sleep)
        subprocess.Popen(sleep, start_new_session=True)
        ProcessPoolExecutor(1).submit(square, 1).result()
        return history
