import hashlib
import json

from cmsml_tasks.tracking import Manifest, differences


def test_written_manifest_is_read_back(tmp_path):
    output = tmp_path / "graph.pb"
    output.write_bytes(b"graph")
    manifest = Manifest.of("ExportGraph", {"settings": {"epochs": 20}}, [output])
    manifest.write(tmp_path / "manifest.json")
    assert Manifest.read(tmp_path / "manifest.json") == manifest
    assert manifest.outputs == {"graph.pb": hashlib.sha256(b"graph").hexdigest()}
    assert {"time", "host", "packages", "processor"} <= set(manifest.environment)


def test_missing_torn_and_foreign_manifests_say_nothing(tmp_path):
    path = tmp_path / "manifest.json"
    assert Manifest.read(path) is None
    Manifest.of("ExportGraph", {}, []).write(path)
    path.write_bytes(path.read_bytes()[:40])
    assert Manifest.read(path) is None
    path.write_text(
        json.dumps({"task": "ExportGraph", "ingredients": {}, "outputs": {}, "format": 99})
    )
    assert Manifest.read(path) is None
    path.write_text("[]")
    assert Manifest.read(path) is None


def test_differences_name_the_leaf():
    recorded = {"settings": {"epochs": 20, "rate": 0.1}, "fold": None}
    current = {"settings": {"epochs": 50, "rate": 0.1, "units": [64, 32]}, "fold": None}
    assert differences(recorded, current) == [
        "settings epochs: 20 -> 50",
        "settings units: (absent) -> [64, 32]",
    ]
    assert differences(current, current) == []
