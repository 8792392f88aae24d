"""The C++ program on real graphs, and where it or its compiler fails."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from whole_zoo import Elsewhere

from cmsml_tasks.runtimes import CppRuntime, GraphRun, RuntimeCrashError, RuntimeUnavailableError
from cmsml_tasks.runtimes.compiling import Library, compiled
from cmsml_tasks.runtimes.cpp import read_tensors, write_tensors

X = np.array([[1, 0], [0, -1]], np.float32)
WORDS = np.array([b"a\0b", b""], object)
TYPES = [
    *("float16", "float32", "float64", "complex64", "complex128", "bool"),
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
]


@pytest.fixture(scope="module")
def cpp(elsewhere: Elsewhere) -> CppRuntime:
    runtime = elsewhere("cpp")
    assert isinstance(runtime, CppRuntime)
    return runtime


@pytest.fixture(scope="module")
def plain(cpp: CppRuntime, graphs: Path) -> GraphRun:
    feeds: list[dict[str, Any]] = [
        {"x:0": X, "word:0": WORDS},
        {"x:0": X.astype(np.float64), "word:0": WORDS},
        {"x:0": X[:0], "word:0": np.array([], "S1")},
        {"z:0": X},
        {"x:0": np.ones((2, 5), np.float32), "word:0": WORDS},
    ]
    return cpp.run(graphs / "plain.pb", feeds, ["y:0", "shout:0", "short:0", "positive:0"])


def test_outputs_come_back_as_they_are(plain: GraphRun) -> None:
    assert str(plain.program).startswith("TensorFlow 2.")
    assert str(plain.program).endswith(", C++")
    outputs = plain.batches[0].outputs
    assert outputs is not None
    np.testing.assert_array_equal(outputs["y:0"], np.float32([[1, 2, 3], [-4, -5, -6]]))
    assert outputs["shout:0"].tolist() == [b"a\0b!\0", b"!\0"]
    assert outputs["short:0"].dtype.name == "bfloat16"
    assert outputs["short:0"].astype(float).tolist() == [1.0, 0.0]
    assert outputs["positive:0"].shape == ()


def test_what_cannot_be_fed_is_told_and_the_rest_goes_on(plain: GraphRun) -> None:
    assert plain.batches[1].error == "'x:0' takes float, not double"
    assert plain.batches[2].outputs is not None
    assert plain.batches[2].outputs["y:0"].shape == (0, 3)
    assert "z" in str(plain.batches[3].error)
    assert "Matrix size-incompatible" in str(plain.batches[4].error)
    assert not any(batch.died for batch in plain.batches)


def test_every_type_arrives_unchanged(cpp: CppRuntime, graphs: Path) -> None:
    feed: dict[str, Any] = {f"{name}:0": np.array([[0, 1, 3]], name) for name in TYPES}
    feed["bfloat16:0"] = np.array(1.5, ml_dtypes.bfloat16)
    feed["string:0"] = np.array([["", "\u00fc"], ["b", "c" * 99]])
    outputs = [name.replace(":", "_out:") for name in feed]
    run = cpp.run(graphs / "types.pb", [feed], outputs)
    found = run.batches[0].outputs
    assert found is not None, run.batches[0].error
    for name, sent in feed.items():
        back = found[name.replace(":", "_out:")]
        assert back.shape == sent.shape
        if name == "string:0":
            assert back.ravel().tolist() == [item.encode() for item in sent.ravel()]
        else:
            assert back.dtype == sent.dtype
            assert back.tobytes() == sent.tobytes()


def test_a_type_that_tensorflow_has_not_is_told(cpp: CppRuntime, graphs: Path) -> None:
    run = cpp.run(
        graphs / "types.pb", [{"float32:0": np.array("2026", "M8[Y]")}], ["float32_out:0"]
    )
    assert run.batches[0].error == "'float32:0' has a type that this TensorFlow does not know"


def test_exchange_is_exact() -> None:
    arrays = {"a/b:0": np.arange(6, dtype=np.int16).reshape(1, 2, 3), "none:0": np.zeros((0, 4))}
    file = io.BytesIO()
    write_tensors(file, arrays)
    file.seek(0)
    back = read_tensors(file)
    assert {name: a.tobytes() for name, a in back.items()} == {
        name: a.tobytes() for name, a in arrays.items()
    }
    assert [a.shape for a in back.values()] == [(1, 2, 3), (0, 4)]


def test_the_graph_is_run_as_it_is_unless_it_may_be_optimised(
    cpp: CppRuntime, graphs: Path
) -> None:
    feeds = [{"x:0": np.ones((1, 2), np.float32)}] * 3
    ways = [False, True, False]
    run = cpp.run(graphs / "plain.pb", feeds, ["lossy:0"], ways)
    found = [batch.outputs["lossy:0"].tolist() for batch in run.batches if batch.outputs]
    assert found == [[[float(way)] * 2] for way in ways]


def test_the_types_that_it_multiplies_in_are_told(cpp: CppRuntime, graphs: Path) -> None:
    """What counts as rounding depends on them."""
    assert cpp.run(graphs / "half.pb", [], []).multiplied == ("float16",)
    assert cpp.run(graphs / "plain.pb", [], []).multiplied == ("float32",)


def test_text_graphs_are_the_same(cpp: CppRuntime, graphs: Path) -> None:
    run = cpp.run(graphs / "plain.pb.txt", [{"x:0": X}], ["y:0"])
    assert run.batches[0].outputs is not None
    assert run.batches[0].outputs["y:0"].tolist() == [[1, 2, 3], [-4, -5, -6]]


def test_a_batch_that_kills_the_program_does_not_take_the_others_along(
    cpp: CppRuntime, graphs: Path
) -> None:
    rows = np.ones((3, 4), np.float32)
    feeds = [{"x:0": rows * size} for size in (1, 1e6, 2)]
    # oneDNN, which is off on some processors, aborts where TensorFlow's own kernel gives an error
    deadly = replace(cpp, environment={"TF_ENABLE_ONEDNN_OPTS": "1"})
    run = deadly.run(graphs / "touchy.pb", feeds, ["end:0"])
    assert [(b.outputs is not None, b.died) for b in run.batches] == [
        (True, False),
        (False, True),
        (True, False),
    ]
    assert str(run.batches[1].error).startswith("the process died of SIGABRT: ")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"\x0a\xffnonsense", "OUT_OF_RANGE"), (b"", "holds no nodes")]
)
def test_what_is_no_graph_does_not_load(
    cpp: CppRuntime, tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "graph.pb").write_bytes(content)
    run = cpp.run(tmp_path / "graph.pb", [{}, {}], [])
    assert reason in str(run.failure)
    assert "C++" in str(run.program)
    assert [batch.outputs for batch in run.batches] == [None, None]


def test_time_is_bounded(cpp: CppRuntime, graphs: Path) -> None:
    hurried = replace(cpp, timeout=10.0, restarts=0)
    run = hurried.run(graphs / "endless.pb", [{"x:0": np.float32(1)}], ["end:0"])
    assert run.batches[0].error == "no answer within 10 s, stopped"


CALLER = """
import sys
from pathlib import Path
import numpy as np
from cmsml_tasks.runtimes import CppRuntime

print(CppRuntime(root=Path(sys.argv[1])).run(sys.argv[2], [{"x:0": np.float32(1)}], ["end:0"]))
"""


def test_the_program_stops_when_its_caller_is_killed(
    cpp: CppRuntime, graphs: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", CALLER, str(cpp.root), str(graphs / "endless.pb")]
    caller = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)})
    child = 0
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("*/loaded")) and time.monotonic() < deadline:
            time.sleep(0.1)
        children = Path(f"/proc/{caller.pid}/task/{caller.pid}/children").read_text()
        child = int(children.split()[0])
        assert "run_graph" in Path(f"/proc/{child}/cmdline").read_text()
        caller.kill()
        caller.wait()
        deadline = time.monotonic() + 10
        while alive(child) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not alive(child)
    finally:
        caller.kill()
        with suppress(ProcessLookupError):
            os.kill(child or caller.pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


def test_no_compiler_is_told_before_anything_runs(
    cpp: CppRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        RuntimeUnavailableError, match=r"needs the C\+\+ compiler g\+\+.*apt-get ins"
    ):
        cpp.check()
    monkeypatch.setenv("CXX", "my-compiler")
    with pytest.raises(RuntimeUnavailableError, match="compiler my-compiler, which is not on PATH"):
        cpp.check()


def test_what_the_compiler_says_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(RuntimeCrashError, match=r"cannot compile .*run_graph.cc(?s:.*)fatal error"):
        compiled(Library("2.99", tmp_path), tmp_path / "cache", "cpp")
    assert list((tmp_path / "cache" / "cpp").iterdir()) == []


def test_the_program_is_compiled_once(cpp: CppRuntime, graphs: Path) -> None:
    program = Path(cpp._command()[0])
    before = program.stat().st_mtime_ns
    cpp.run(graphs / "plain.pb", [], [])
    assert program.stat().st_mtime_ns == before


def test_an_environment_that_is_not_there_is_told_with_its_command(tmp_path: Path) -> None:
    runtime = CppRuntime(release="2.17", root=tmp_path)
    with pytest.raises(RuntimeUnavailableError) as told:
        runtime.check()
    assert f"install tf-2.17 --folder {tmp_path}" in str(told.value)
