"""Names of the files that tasks leave behind; other programs look for them."""

EVENTS = "events"
MODEL = "model.keras"
HISTORY = "history.json"
REFERENCE = "reference.npz"
GRAPHS = {"pb": "graph.pb", "pbtxt": "graph.pb.txt"}
CARD = "graph.json"
REPORT = "validation.json"
FAILED_REPORT = "validation.failed.json"
MANIFEST = "manifest.json"
