"""Work of the user's own, which reads what nobody has declared."""

import json
import os
from pathlib import Path


def work(path):
    """Write what was read."""
    read = json.loads((Path(__file__).parent / "net.json").read_text())
    Path(path).write_text(json.dumps([read, os.environ.get("WIDE")]))
