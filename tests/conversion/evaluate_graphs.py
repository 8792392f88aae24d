"""Child process: evaluates graph files with TensorFlow alone, nothing of this library.

Arguments: a JSON file with a list of ``{"path", "arrays", "fetches"}``, and a file for the answer.
``arrays`` is an ``.npz`` whose keys are ``feed|<tensor>`` for values to feed and
``variable|<tensor>`` for placeholders that stand for variables, which get these values. Each graph
gives an ``.npz`` beside its file with the fetched values, or a text that says what went wrong.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import text_format

tf1 = tf.compat.v1


def parsed(path):
    graph_def = tf1.GraphDef()
    if path.name.endswith(".pb"):
        graph_def.ParseFromString(path.read_bytes())
    else:
        text_format.Parse(path.read_text(), graph_def)
    return graph_def


def evaluated(path, arrays, fetches):
    graph_def = parsed(path)
    feeds = {key[5:]: value for key, value in arrays.items() if key.startswith("feed|")}
    values = {key[9:]: value for key, value in arrays.items() if key.startswith("variable|")}
    with tf.Graph().as_default() as graph:
        variables = {key: tf1.Variable(value, use_resource=True) for key, value in values.items()}
        handles = {key: variable.handle for key, variable in variables.items()}
        tf.import_graph_def(graph_def, handles, name="")
        with tf1.Session(graph=graph) as session:
            session.run([variable.initializer for variable in variables.values()])
            return session.run(fetches, feeds)


def interface(graph_def):
    read = {i.lstrip("^").partition(":")[0] for n in graph_def.node for i in n.input}
    return {
        "inputs": [n.name for n in graph_def.node if n.op == "Placeholder"],
        "unread": [n.name for n in graph_def.node if n.name not in read and n.op != "Placeholder"],
    }


def main(requests, answer):
    facts = {}
    for request in json.loads(Path(requests).read_text()):
        path = Path(request["path"])
        with np.load(request["arrays"]) as file:
            arrays = dict(file)
        try:
            values = evaluated(path, arrays, request["fetches"])
            np.savez(f"{path}.npz", **dict(zip(request["fetches"], values, strict=True)))
            facts[str(path)] = interface(parsed(path))
        except Exception as error:
            facts[str(path)] = {"error": f"{type(error).__name__}: {error}"}
    Path(answer).write_text(json.dumps(facts))


if __name__ == "__main__":
    main(*sys.argv[1:])
