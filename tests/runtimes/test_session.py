"""The session runtime on real graphs, and against children that fail in every way."""

import ast
import os
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from cmsml_tasks.errors import UserError
from cmsml_tasks.runtimes import (
    GraphRun,
    RuntimeCrashError,
    RuntimeUnavailableError,
    SessionRuntime,
    session_worker,
)

FEED = {"x": np.array([[1, 0], [0, -1]], np.float32), "word": np.array([b"a\0b", b""], object)}


def run_plain(path: Path) -> GraphRun:
    feeds = [
        {"x:0": FEED["x"], "word:0": FEED["word"]},
        {"x:0": FEED["x"].astype(np.float64), "word:0": FEED["word"]},
        {"x:0": FEED["x"][:0], "word:0": np.array([], "S1")},
        {"z:0": FEED["x"]},
    ]
    return SessionRuntime().run(path, feeds, ["y:0", "shout:0", "short:0", "positive:0"])


@pytest.fixture(scope="module")
def plain(graphs: Path) -> GraphRun:
    return run_plain(graphs / "plain.pb")


def test_outputs_come_back_as_they_are(plain: GraphRun) -> None:
    outputs = plain.batches[0].outputs
    assert outputs is not None
    np.testing.assert_array_equal(outputs["y:0"], np.float32([[1, 2, 3], [-4, -5, -6]]))
    assert outputs["y:0"].dtype == np.float32
    assert outputs["shout:0"].tolist() == [b"a\0b!\0", b"!\0"]
    assert outputs["short:0"].dtype.name == "bfloat16"
    assert outputs["short:0"].astype(float).tolist() == [1.0, 0.0]
    assert outputs["positive:0"].shape == ()
    assert not outputs["positive:0"]


def test_what_cannot_be_fed_is_told_and_the_rest_goes_on(plain: GraphRun) -> None:
    assert plain.batches[1].error == "ValueError: 'x:0' takes float32, not float64"
    assert plain.batches[2].outputs is not None
    assert plain.batches[2].outputs["y:0"].shape == (0, 3)
    assert "z:0" in str(plain.batches[3].error)
    assert not any(batch.died for batch in plain.batches)


def test_facts_describe_the_graph(plain: GraphRun) -> None:
    facts = plain.facts
    assert facts is not None
    assert str(plain.program).startswith("TensorFlow 2.")
    assert [(p.tensor, p.dtype, p.shape, p.default) for p in facts.placeholders] == [
        ("x:0", "float32", (None, 2), False),
        ("word:0", "string", None, False),
        ("option:0", "float32", (), True),
    ]
    assert facts.tensors["y:0"].shape == (None, 3)
    assert set(facts.ends) == {"option:0", "y:0", "shout:0", "short:0", "positive:0", "lossy:0"}
    assert {"MatMul", "Placeholder"} <= {node.op for node in facts.nodes}
    assert not any(node.stateful or node.training for node in facts.nodes)


def test_the_graph_is_run_as_it_is_unless_it_may_be_optimised(graphs: Path) -> None:
    feeds = [{"x:0": np.ones((1, 2), np.float32)}] * 3
    ways = [False, True, False]
    run = SessionRuntime().run(graphs / "plain.pb", feeds, ["lossy:0"], ways)
    found = [batch.outputs["lossy:0"].tolist() for batch in run.batches if batch.outputs]
    assert found == [[[float(way)] * 2] for way in ways]


def test_one_way_for_each_feed_or_none_at_all() -> None:
    with pytest.raises(ValueError, match="1 choices to optimize for 2 feeds"):
        SessionRuntime().run("graph.pb", [{}, {}], [], [True])


def test_text_graphs_are_the_same(graphs: Path, plain: GraphRun) -> None:
    text = run_plain(graphs / "plain.pb.txt")
    assert text.facts == plain.facts
    np.testing.assert_array_equal(text.batches[0].outputs["y:0"], plain.batches[0].outputs["y:0"])


# oneDNN, which is off on some processors, aborts where TensorFlow's own kernel gives an error
ABORTING = {"TF_ENABLE_ONEDNN_OPTS": "1"}


def test_a_batch_that_kills_the_child_does_not_take_the_others_along(graphs: Path) -> None:
    rows = np.ones((3, 4), np.float32)
    feeds = [{"x:0": rows * size} for size in (1, 1e6, 2, 1e6, 3)]
    runtime = SessionRuntime(restarts=1, environment=ABORTING)
    run = runtime.run(graphs / "touchy.pb", feeds, ["end:0"])
    assert run.failure is None
    assert run.facts is not None
    assert [(b.outputs is not None, b.died, b.tried) for b in run.batches] == [
        (True, False, True),
        (False, True, True),
        (True, False, True),
        (False, True, True),
        (False, False, False),
    ]
    error = str(run.batches[1].error)
    assert error.startswith("the process died of SIGABRT: ")
    assert "Check failed" in error
    assert run.batches[4].error == "not tried: the process had died 2 times before"
    # What a called function does counts as well.
    random = [node for node in run.facts.nodes if node.op == "RandomUniform"]
    assert [node.stateful for node in random] == [True]
    assert random[0].name.startswith("__inference_inner")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"\x0a\xffnonsense", "DecodeError"), (b"", "holds no nodes")]
)
def test_what_is_no_graph_does_not_load(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "graph.pb").write_bytes(content)
    run = SessionRuntime().run(tmp_path / "graph.pb", [{}, {}], [])
    assert run.facts is None
    assert reason in str(run.failure)
    assert [batch.outputs for batch in run.batches] == [None, None]


def child(tmp_path: Path, tensorflow: str, timeout: float = 60.0) -> SessionRuntime:
    """A runtime whose TensorFlow is the given lines of code."""
    (tmp_path / "tensorflow.py").write_text(tensorflow)
    return SessionRuntime(timeout=timeout, environment={"PYTHONPATH": str(tmp_path)})


def test_an_interpreter_that_is_not_there() -> None:
    with pytest.raises(RuntimeUnavailableError, match=r"cannot start /nowhere/python: No such"):
        SessionRuntime(python="/nowhere/python").run("graph.pb", [], [])


def test_an_interpreter_without_tensorflow(tmp_path: Path) -> None:
    runtime = child(tmp_path, "raise ImportError('no such thing')")
    with pytest.raises(RuntimeUnavailableError, match=r"no such thing.*-m pip install tensorflow"):
        runtime.run("graph.pb", [], [])


def test_a_fault_of_the_program_itself_is_no_verdict(tmp_path: Path) -> None:
    runtime = child(tmp_path, "raise RuntimeError('broken installation')")
    with pytest.raises(RuntimeCrashError, match=r"exit code 1: (?s:.*)broken installation"):
        runtime.run("graph.pb", [], [])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.kill(os.getpid(), 9)", r"died of SIGKILL \(from outside, most likely for want of"),
        ("os.kill(os.getpid(), 11)", "died of SIGSEGV: last words$"),
        ("os._exit(139)", "died of SIGSEGV"),
    ],
)
def test_a_death_before_the_graph_is_loaded(tmp_path: Path, code: str, reason: str) -> None:
    lines = f"import os, sys\nprint('last words', file=sys.stderr, flush=True)\n{code}"
    run = child(tmp_path, lines).run("graph.pb", [{}], [])
    assert run.failure is not None
    assert re.search(reason, run.failure)


def test_time_is_bounded(tmp_path: Path) -> None:
    run = child(tmp_path, "import time\ntime.sleep(60)", timeout=0.5).run("graph.pb", [{}], [])
    assert run.failure == "no answer within 0.5 s, stopped"


@pytest.mark.parametrize(
    ("given", "seen"), [({"TF_CPP_MIN_LOG_LEVEL": "0"}, "level 0"), ({}, "level 2")]
)
def test_the_log_is_quiet_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], seen: str
) -> None:
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    lines = "import os\nraise OSError('level ' + os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    runtime = child(tmp_path, lines)
    with pytest.raises(RuntimeCrashError, match=seen):
        runtime.run("graph.pb", [], [])


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file become larger, here and in children, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [50_000, 200_000])
def test_no_space_for_inputs_or_outputs_is_told(graphs: Path, size: int) -> None:
    """The inputs take 160 kB, the outputs 240 kB."""
    feeds = [{"x:0": np.ones((20_000, 2), np.float32)}]
    what = "cannot use the folder for temporary files" if size < 160_000 else "outputs of the graph"
    with largest_file(size), pytest.raises(UserError, match=f"{what}.*; free space there") as told:
        SessionRuntime().run(graphs / "plain.pb", feeds, ["y:0"])
    assert tempfile.gettempdir() in str(told.value)


def test_no_temporary_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    message = r"/nowhere/at/all: No such file or directory; set TMPDIR to a folder that can be wr"
    with pytest.raises(UserError, match=message):
        SessionRuntime().run("graph.pb", [], [])


CALLER = """
import sys
import numpy as np
from cmsml_tasks.runtimes import SessionRuntime

runtime = SessionRuntime(python=sys.argv[1])
print(runtime.run(sys.argv[2], [{"x:0": np.float32(1)}], ["end:0"]))
"""


def test_the_child_stops_when_its_caller_is_killed(graphs: Path, tmp_path: Path) -> None:
    """The child holds one end of a named pipe, so that its death shows as the end of that."""
    alive, python = tmp_path / "alive", tmp_path / "python"
    os.mkfifo(alive)
    end = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    python.write_text(
        f'#!/bin/sh\necho $$ > {tmp_path}/pid\nexec 9> {alive}\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    command = [sys.executable, "-c", CALLER, str(python), str(graphs / "endless.pb")]
    caller = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)})
    try:
        deadline = time.monotonic() + 60
        while (
            not list(tmp_path.glob("cmsml_tasks.session.*/facts.json"))
            and time.monotonic() < deadline
        ):
            time.sleep(0.1)
        time.sleep(1)
        assert not select.select([end], [], [], 0)[0], "the graph came to an end"
        caller.kill()
        assert select.select([end], [], [], 10)[0], "the child goes on"
    finally:
        os.close(end)
        caller.kill()
        caller.wait()
        with suppress(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_an_empty_standard_input_is_no_death_of_the_caller(graphs: Path, tmp_path: Path) -> None:
    """Some containers give one."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@" < /dev/null\n')
    python.chmod(0o755)
    feeds = [{"x:0": np.ones((1, 2), np.float32)}]
    run = SessionRuntime(python=str(python)).run(graphs / "plain.pb", feeds, ["y:0"])
    assert run.batches[0].outputs is not None


def test_the_worker_stands_alone() -> None:
    """It runs in interpreters without this package, from Python 3.9 on."""
    source = Path(session_worker.__file__).read_text()
    modules = set()
    for node in ast.walk(ast.parse(source, feature_version=(3, 9))):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(str(node.module).split(".")[0])
    assert modules - sys.stdlib_module_names == {"google", "numpy", "tensorflow"}


@pytest.mark.parametrize("room", ["runtimes", "validation"])
def test_the_rooms_are_light_to_import(room: str) -> None:
    code = f"import sys, cmsml_tasks.{room}; print(*{{'numpy', 'tensorflow'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
