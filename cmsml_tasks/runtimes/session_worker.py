"""Evaluates one graph in a TensorFlow session: the program behind ``SessionRuntime``.

It is started as a script, by interpreters that need not have this package: it imports the standard
library, numpy and TensorFlow only, and runs from Python 3.9 and TensorFlow 2.12 on.

It talks through a folder, or several, one for each graph. It reads ``request.json`` (graph, tensor
names, threads, which batches, and for each whether TensorFlow may rewrite the graph) and
``inputs-<n>.npz``; it writes ``facts.json`` once the graph is loaded, or could not be, then for
each batch ``outputs-<n>.npz`` or ``error-<n>.json``. Each file appears whole or not at all, so that
whatever is missing after a crash tells where it happened.

Whoever starts it writes a byte to its standard input and keeps that open: when the pipe reaches its
end, nobody waits for an answer, and the program stops in whatever it does.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

NO_TENSORFLOW = 3
"""Exit code when TensorFlow cannot be imported."""
NO_SPACE = 4
"""Exit code when the folder takes no more: the disk is full, or a limit on sizes is reached."""

_PLAIN = {"bool", "float16", "float32", "float64", "complex64", "complex128"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


def write_arrays(path: str, arrays: Mapping[str, Any]) -> None:
    """Write *arrays* to an npz file without pickle, strings and ``bfloat16`` exact."""
    import numpy as np

    entries: dict[str, Any] = {}
    index = []
    for number, (name, array) in enumerate(arrays.items()):
        array = np.asarray(array)
        dtype = "string" if array.dtype.kind in "SUO" else array.dtype.name
        index.append({"name": name, "dtype": dtype})
        if dtype == "string":
            items = [i.encode() if isinstance(i, str) else bytes(i) for i in array.ravel().tolist()]
            lengths = np.array([len(item) for item in items], dtype=np.int64)
            entries[f"{number}.lengths"] = lengths.reshape(array.shape)
            array = np.frombuffer(b"".join(items), dtype=np.uint8)
        elif dtype not in _PLAIN:
            array = array.view(f"uint{8 * array.dtype.itemsize}")
        entries[str(number)] = array
    entries["index"] = np.array(json.dumps(index))
    with open(path + ".part", "wb") as file:
        np.savez(file, **entries)
    os.replace(path + ".part", path)


def read_arrays(path: str, dtype_of: Callable[[str], Any]) -> dict[str, Any]:
    """Read what :func:`write_arrays` wrote; *dtype_of* knows the dtypes that numpy does not."""
    import numpy as np

    arrays = {}
    with np.load(path, allow_pickle=False) as entries:
        for number, entry in enumerate(json.loads(str(entries["index"]))):
            array = entries[str(number)]
            if entry["dtype"] == "string":
                lengths = entries[f"{number}.lengths"]
                array = _strings(array.tobytes(), lengths)
            elif entry["dtype"] not in _PLAIN:
                array = array.view(dtype_of(entry["dtype"]))
            arrays[entry["name"]] = array
    return arrays


def _strings(content: bytes, lengths: Any) -> Any:
    import numpy as np

    items = np.empty(lengths.size, dtype=object)
    start = 0
    for number, length in enumerate(lengths.ravel().tolist()):
        items[number] = content[start : start + length]
        start += length
    return items.reshape(lengths.shape)


def _write_json(path: str, content: Any) -> None:
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(path + ".part", path)


def _read_graph(tf: Any, path: str) -> Any:
    graph_def = tf.compat.v1.GraphDef()
    with open(path, "rb") as file:
        content = file.read()
    if path.endswith((".txt", ".pbtxt")):
        from google.protobuf import text_format

        text_format.Parse(content.decode("utf-8"), graph_def)
    else:
        graph_def.ParseFromString(content)
    if not graph_def.node:
        raise ValueError("the file holds no nodes; it is not a graph")
    return graph_def


def _functions(node_def: Any, library: Mapping[str, Any]) -> Iterator[str]:
    if node_def.op in library:
        yield node_def.op
    for value in node_def.attr.values():
        for func in [value.func, *value.list.func]:
            if func.name in library:
                yield func.name


def _nodes(graph_def: Any) -> Iterator[tuple[str, Any]]:
    """Give the nodes of the graph and of the functions that it calls, however deep."""
    library = {function.signature.name: function for function in graph_def.library.function}
    pending: list[str] = []
    for node_def in graph_def.node:
        yield node_def.name, node_def
        pending.extend(_functions(node_def, library))
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for node_def in library[name].node_def:
            yield f"{name}/{node_def.name}", node_def
            pending.extend(_functions(node_def, library))


def _is_training(node_def: Any, op_def: Any) -> bool:
    if "is_training" in node_def.attr:
        return bool(node_def.attr["is_training"].b)
    # A file in canonical form leaves out what equals the default, which for batch norm is "true".
    return any(attr.name == "is_training" and attr.default_value.b for attr in op_def.attr)


def _node_facts(graph_def: Any) -> list[dict[str, Any]]:
    from tensorflow.python.framework import op_def_registry

    facts = []
    for name, node_def in _nodes(graph_def):
        fact = {"name": name, "op": node_def.op}
        op_def = op_def_registry.get(node_def.op)
        if op_def is not None:
            fact["stateful"] = bool(op_def.is_stateful)
            fact["reference"] = any(arg.is_ref for arg in op_def.input_arg)
            fact["training"] = _is_training(node_def, op_def)
        facts.append(fact)
    return facts


def _tensor_facts(tensor: Any) -> dict[str, Any]:
    shape = None if tensor.shape.rank is None else tensor.shape.as_list()
    return {"dtype": tensor.dtype.base_dtype.name, "shape": shape}


def _graph_facts(tf: Any, graph_def: Any, graph: Any) -> dict[str, Any]:
    tensors: dict[str, dict[str, Any]] = {}
    placeholders: list[dict[str, Any]] = []
    ends: list[str] = []
    for op in graph.get_operations():
        tensors.update((tensor.name, _tensor_facts(tensor)) for tensor in op.outputs)
        if op.type in ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault"):
            default = op.type == "PlaceholderWithDefault"
            name = op.outputs[0].name
            placeholders.append({**tensors[name], "tensor": name, "default": default})
        if op.outputs and not any(tensor.consumers() for tensor in op.outputs):
            ends.extend(tensor.name for tensor in op.outputs)
    return {
        "nodes": _node_facts(graph_def),
        "placeholders": placeholders,
        "tensors": tensors,
        "ends": ends,
    }


def _load(tf: Any, request: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    try:
        graph_def = _read_graph(tf, request["graph"])
        graph = tf.Graph()
        with graph.as_default():
            tf.compat.v1.import_graph_def(graph_def, name="")
    except Exception as error:  # whatever TensorFlow raises at a foreign file is the verdict on it
        return None, {"failure": _message(error)}
    return graph, _graph_facts(tf, graph_def, graph)


def _message(error: BaseException) -> str:
    text = str(getattr(error, "message", None) or error)
    # TensorFlow adds where in which file a node was made; that is this program, of no use here.
    text = text.split("Original stack trace")[0].strip()
    if text.startswith("Graph execution error"):
        text = "at node " + text.split("\nNode: ", 1)[-1]
    return f"{type(error).__name__}: {text}"


def _feed(graph: Any, arrays: Mapping[str, Any]) -> dict[Any, Any]:
    feed = {}
    for name, array in arrays.items():
        tensor = graph.get_tensor_by_name(name)
        given = "string" if array.dtype.kind == "O" else array.dtype.name
        if given != tensor.dtype.base_dtype.name:
            raise ValueError(f"'{name}' takes {tensor.dtype.base_dtype.name}, not {given}")
        feed[tensor] = array
    return feed


def _session(tf: Any, graph: Any, threads: int, optimize: bool) -> Any:
    config = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1
    )
    config.graph_options.rewrite_options.disable_meta_optimizer = not optimize
    return tf.compat.v1.Session(graph=graph, config=config)


def _evaluate(tf: Any, graph: Any, request: Mapping[str, Any], folder: str) -> None:
    outputs = request["outputs"]
    sessions: dict[bool, Any] = {}
    with contextlib.ExitStack() as stack:
        for number in range(request["first"], request["batches"]):
            way = request["optimize"][number]
            if way not in sessions:
                session = _session(tf, graph, request["intra_op_threads"], way)
                sessions[way] = stack.enter_context(contextlib.closing(session))
            source = os.path.join(folder, f"inputs-{number:05d}.npz")
            arrays = read_arrays(source, lambda name: tf.dtypes.as_dtype(name).as_numpy_dtype)
            try:
                results = sessions[way].run(list(outputs), _feed(graph, arrays))
            except (tf.errors.OpError, KeyError, MemoryError, TypeError, ValueError) as error:
                path = os.path.join(folder, f"error-{number:05d}.json")
                _write_json(path, {"error": _message(error)})
                continue
            named = {name: results[position] for position, name in enumerate(outputs)}
            write_arrays(os.path.join(folder, f"outputs-{number:05d}.npz"), named)


def _stop_with_caller() -> None:
    # Not through sys.stdin: its lock would still be taken when the interpreter ends. Without the
    # first byte nobody holds the other end: containers may come with an empty standard input.
    with contextlib.suppress(OSError):
        if os.read(0, 1):
            while os.read(0, 1):
                pass
            os._exit(1)


def main(*folders: str) -> int:
    """Answer the requests that lie in *folders*; returns the exit code."""
    threading.Thread(target=_stop_with_caller, daemon=True).start()
    try:
        return max(map(_answer, folders), default=0)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return NO_SPACE
        raise


def _answer(folder: str) -> int:
    with open(os.path.join(folder, "request.json"), encoding="utf-8") as file:
        request = json.load(file)
    try:
        import tensorflow as tf
    except ImportError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return NO_TENSORFLOW
    graph, facts = _load(tf, request)
    facts["program"] = f"TensorFlow {tf.__version__}"
    _write_json(os.path.join(folder, "facts.json"), facts)
    if graph is not None:
        _evaluate(tf, graph, request, folder)
    return 0


if __name__ == "__main__":
    # The folder of a script comes first on the path: its neighbours would hide other modules.
    sys.path[:1] = []
    sys.exit(main(*sys.argv[1:]))
