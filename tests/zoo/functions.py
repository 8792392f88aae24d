"""Functions of TensorFlow 2: methods of modules, control flow, calls, strings, signals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.registry import Model, register, rows, zoo

X = rows(5, 4)
MATRICES = rows(2, 3, 3, seed=6)
WORDS = np.array([b"mu24,ele32", b"", b"HT1050, met"])

OF_ROWS = (tf.TensorSpec((None, 4), tf.float32, "x"),)
OF_MATRICES = (tf.TensorSpec((None, 3, 3), tf.float32, "x"),)
OF_WORDS = (tf.TensorSpec((None,), tf.string, "x"),)
OF_INTEGERS = (tf.TensorSpec((None,), tf.int32, "x"),)

Function = Callable[[Any], Any]


class Network(tf.Module):
    def __init__(self) -> None:
        super().__init__("lepton_encoder")
        self.weights = [tf.Variable(rows(4, 4, seed=s) / 2, name=f"jet_{s}") for s in (1, 2)]
        self.table = tf.Variable(rows(6, 4, seed=9), name="table")
        self.codes = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer([11, 13, 22], [0, 1, 2]), 5
        )

    @tf.function(input_signature=OF_ROWS)
    def scores(self, x: Any) -> Any:
        for weight in self.weights:
            x = tf.tanh(x @ weight)
        return tf.identity(x, name="scores")

    @tf.function(input_signature=[*OF_ROWS, tf.TensorSpec((None,), tf.int32)], jit_compile=True)
    def compiled(self, x: Any, index: Any) -> Any:
        return self.scores(x) * tf.gather(self.table, index)

    @tf.function(input_signature=[*OF_ROWS, tf.TensorSpec((None,), tf.int32)])
    def looking_up(self, x: Any, pdg_id: Any) -> Any:
        rows = tf.gather(self.table, self.codes.lookup(tf.abs(pdg_id)))
        while tf.reduce_max(tf.abs(rows)) > 0.5:
            if tf.reduce_sum(rows) > 0:
                rows = rows * 0.5
            else:
                rows = tf.nn.relu(rows @ self.weights[0]) * 0.25
        return {"sum": rows + x, "rows": rows}


@cache
def network() -> Network:
    """A module that lives on: its bound methods only refer to it weakly."""
    return Network()


@zoo
def module_method() -> Model:
    return Model(network().scores, {"x": X}, ("scores",))


@zoo
def module_method_compiled_by_xla() -> Model:
    """Compiled, a multiplication may be fused with an addition."""
    return Model(network().compiled, {"x": X, "index": np.array([5, 0, 3, 3, 1], "int32")})


@zoo
def module_method_with_branches_loops_and_tables() -> Model:
    feeds = {"x": X, "pdg_id": np.array([11, -13, 22, 211, 0], "int32")}
    return Model(network().looking_up, feeds, ("rows", "sum"))


@zoo
def concrete_function_of_dictionaries() -> Model:
    def function(inputs: Any, scale: Any) -> Any:
        return {"sum": inputs["jets"] + inputs["leptons"], "nested": {"scaled": scale * 2}}

    concrete = tf.function(function).get_concrete_function(
        {"leptons": tf.TensorSpec((None, 1)), "jets": tf.TensorSpec((None, 4))},
        tf.TensorSpec((), name="scale"),
    )
    feeds = {"jets": X, "leptons": X[:, :1], "scale": np.float32(3)}
    return Model(concrete, feeds, ("nested_scaled", "sum"))


@zoo
def functions_calling_functions() -> Model:
    constant = tf.constant(rows(4, seed=4))

    @tf.function
    def inner(x: Any, times: int) -> Any:
        return network().scores(x) + constant * times

    @tf.function
    def middle(x: Any) -> Any:
        return inner(x, 1) + inner(inner(x, 2), 1)

    return Model(tf.function(lambda x: middle(x) - inner(x, 1), OF_ROWS), {"x": X})


@zoo
def switching_between_cases() -> Model:
    def function(x: Any, category: Any) -> Any:
        branches = [lambda: network().scores(x), lambda: x * 2, lambda: x @ network().weights[1]]
        return tf.add_n([tf.switch_case(category + i, branches) for i in range(4)])

    spec = [*OF_ROWS, tf.TensorSpec((), tf.int32, "category")]
    return Model(tf.function(function, spec), {"x": X, "category": np.int32(0)})


@zoo
def integer_sequence() -> Model:
    def collatz(x: Any) -> Any:
        steps = tf.zeros_like(x)
        while tf.reduce_any(x > 1):
            steps += tf.cast(x > 1, tf.int32)
            x = tf.where(x > 1, tf.where(x % 2 == 0, x // 2, 3 * x + 1), x)
        return steps

    feeds = {"x": np.array([1, 7, 27, 64], "int32")}
    return Model(tf.function(collatz, OF_INTEGERS), feeds, exact=True)


def ragged_words(x: Any) -> Any:
    words = tf.strings.split(tf.strings.lower(x), ",")
    lengths = tf.strings.length(tf.strings.strip(words.to_tensor("-")))
    return {"words": words.to_tensor("-"), "lengths": lengths, "number": words.row_lengths()}


def string_work(x: Any) -> Any:
    digits = tf.strings.regex_replace(tf.strings.join(["0", x]), "[^0-9]+", "0")
    numbers = tf.strings.to_number(digits, tf.int64)
    return {
        "numbers": numbers,
        "joined": tf.strings.join([tf.strings.as_string(numbers), x], "|"),
        "hashed": tf.strings.to_hash_bucket_fast(x, 1000),
        "matches": tf.strings.regex_full_match(x, ".*32.*"),
        "cut": tf.strings.substr(tf.strings.join([x, "--"]), 0, 2),
    }


def integer_work(x: Any) -> Any:
    unique, index = tf.unique(x)
    return {
        "unique": unique,
        "index": index,
        "counts": tf.math.bincount(tf.abs(x), minlength=8, maxlength=8),
        "shifted": tf.bitwise.left_shift(x, 2) + tf.bitwise.bitwise_xor(x, 3),
        "range": tf.range(tf.size(x))[::-1],
        "sums": tf.math.segment_sum(x, tf.range(tf.size(x)) // 2),
    }


OF_FLOATS: Mapping[str, Function] = {
    "mapping_rows": lambda x: tf.map_fn(lambda row: row * tf.reduce_sum(row), x),
    "vectorised_mapping": lambda x: tf.vectorized_map(lambda row: row / tf.norm(row), x),
    "folding_rows": lambda x: tf.scan(lambda a, row: tf.tanh(a + row), x),
    "loop_of_accumulation": lambda x: tf.while_loop(
        lambda i, *_: i < 3, lambda i, y, z: (i + 1, y + z, z * 0.5), [0, x, x]
    )[1],
    "slices_and_scatter": lambda x: tf.tensor_scatter_nd_add(
        tf.transpose(tf.reverse(x, [1])[:, 1:-1]), [[0], [1]], tf.ones((2, tf.shape(x)[0]))
    ),
    "signal_frames": lambda x: tf.signal.frame(tf.pad(x, [[0, 0], [2, 2]]), 4, 2)
    * tf.signal.hann_window(4),
    "signal_fourier": lambda x: tf.abs(tf.signal.rfft(x)) + tf.signal.dct(x)[:, :3],
    "ragged_inside": lambda x: tf.RaggedTensor.from_row_lengths(
        tf.reshape(x, [-1]), tf.repeat([4], tf.shape(x)[0])
    ).to_tensor() + tf.reduce_mean(tf.RaggedTensor.from_tensor(x, padding=0.0), axis=1)[:, None],
    "boolean_mask_and_gather": lambda x: tf.reduce_sum(tf.boolean_mask(x, x[:, 0] > 0), 0)
    + tf.gather_nd(x, [[0, 1]]),
    "asserted_and_printed_shapes": lambda x: tf.ensure_shape(
        tf.debugging.check_numerics(x, "x"), (None, 4)
    ),
}  # fmt: skip

for name, of_floats in OF_FLOATS.items():
    register(name, lambda f=of_floats: Model(tf.function(f, OF_ROWS), {"x": X}))


def exact_model(function: Function, spec: Any, feed: Any, outputs: tuple[str, ...]) -> Model:
    return Model(tf.function(function, spec), {"x": feed}, outputs, exact=True)


register(
    "ragged_strings",
    partial(exact_model, ragged_words, OF_WORDS, WORDS, ("lengths", "number", "words")),
)
register(
    "strings",
    partial(
        exact_model, string_work, OF_WORDS, WORDS, ("cut", "hashed", "joined", "matches", "numbers")
    ),
)
register(
    "integers",
    partial(
        exact_model, integer_work, OF_INTEGERS, np.array([3, 1, 3, 7, 0], "int32"),
        ("counts", "index", "range", "shifted", "sums", "unique"),
    ),
)  # fmt: skip


@zoo
def linear_algebra() -> Model:
    def function(x: Any) -> Any:
        symmetric = x @ tf.linalg.matrix_transpose(x) + 2 * tf.eye(3)
        return {
            "solved": tf.linalg.solve(symmetric, x),
            "cholesky": tf.linalg.cholesky(symmetric),
            "determinant": tf.linalg.det(symmetric),
            "band": tf.linalg.band_part(x, 1, 0) + tf.linalg.diag(tf.linalg.diag_part(x)),
        }

    outputs = ("band", "cholesky", "determinant", "solved")
    return Model(tf.function(function, OF_MATRICES), {"x": MATRICES}, outputs)


@zoo
def function_without_inputs() -> Model:
    weight = tf.Variable(rows(2, 3), name="jet_1")
    return Model(tf.function(lambda: tf.exp(weight), input_signature=[]), {})
