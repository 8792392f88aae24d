"""What tasks leave behind: the names of files, which others look for, and the form of graphs."""

EVENTS = "events"
MODEL = "model.keras"
HISTORY = "history.json"
REFERENCE = "reference.npz"
GRAPHS = {"pb": "graph.pb", "pbtxt": "graph.pb.txt"}
CARD = "graph.json"
REPORT = "validation.json"
FAILED_REPORT = "validation.failed.json"
MANIFEST = "manifest.json"

CANONICAL_FORM = 2  # docs/canonical_form.md; raised whenever some graph would get other bytes
