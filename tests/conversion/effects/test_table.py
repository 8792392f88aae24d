"""Every operation of the TensorFlow that is here has its verdict."""

from __future__ import annotations

import subprocess
import sys

import pytest
import tensorflow as tf
from registry import REGISTRY, operations_here

from cmsml_tasks.conversion.compatibility.table import table as releases
from cmsml_tasks.conversion.effects import Verdict, effect_of, verdict_of
from cmsml_tasks.conversion.effects.table import PATH

LINES = [line for line in PATH.read_text().splitlines() if line and not line.startswith("#")]
JUDGED = [line.split()[0] for line in LINES]
# gone in TensorFlow 2.21, but still there in 2.12
OLD = {"TfLiteSubgraphExecute", "_TPUCompileMlirPlaceholderProgramKey"} | {
    f"_Mkl{name}"
    for name in (
        *("Add", "AddN", "AddV2", "Identity", "InputConversion", "LRN", "LRNGrad", "Maximum"),
        *("Mul", "Reshape", "Slice", "SquaredDifference", "Sub", "ToTf"),
    )
}


def test_every_operation_of_this_tensorflow_is_judged() -> None:
    unjudged = [name for name in operations_here() if verdict_of(name) is None]
    assert not unjudged, f"TensorFlow {tf.__version__} has them, see the head of {PATH.name}"


def test_the_table_has_no_other_operations() -> None:
    newest = list(releases().releases)[-1]
    if not tf.__version__.startswith(f"{newest}."):
        pytest.skip(f"only TensorFlow {newest} knows all")
    assert set(JUDGED) - OLD == set(operations_here())


def test_the_table_is_sorted_and_has_nothing_twice() -> None:
    assert sorted(set(JUDGED)) == JUDGED


def test_whoever_reaches_outside_says_how() -> None:
    for name in JUDGED:
        effect = effect_of(name)
        assert effect is not None
        assert effect.does != "computes" or effect.verdict is Verdict.HARMLESS, name


@pytest.mark.parametrize(
    ("verdict", "names"),
    [
        (
            Verdict.HARMLESS,
            "MatMul Assert Print RandomUniform While StatefulPartitionedCall SymbolicGradient "
            "DeviceIndex ShardedFilename ScalarSummary Fact Fingerprint EmptyTensorList",
        ),
        (
            Verdict.STATE,
            "VarHandleOp AssignVariableOp HashTableV2 InitializeTableV2 TensorArrayV3 StackV2 "
            "StatefulUniform GetSessionHandleV2",
        ),
        (
            Verdict.OUTSIDE,
            "ReadFile MatchingFiles WriteFile InitializeTableFromTextFileV2 ImmutableConst "
            "SaveV2 RestoreV2 MergeV2Checkpoints LoadAndRemapMatrix WholeFileReaderV2 "
            "TFRecordDataset DatasetToTFRecord DatasetFromGraph QueueDequeueV2 PyFunc EagerPyFunc "
            "PyFuncStateless RemoteCall RpcCall _Send _HostRecv CollectiveReduceV2 "
            "WriteScalarSummary CreateSummaryFileWriter XlaCustomCallV2 XlaLaunch XlaHostCompute "
            "XlaCallModule TfLiteSubgraphExecute BatchFunction Abort Timestamp RecordInput "
            "Skipgram DumpTensor FileSystemSetConfiguration ConfigureDistributedTPU",
        ),
    ],
)
def test_verdicts(verdict: Verdict, names: str) -> None:
    assert {name: verdict_of(name) for name in names.split()} == dict.fromkeys(
        names.split(), verdict
    )


def test_nobody_has_judged_an_operation_of_a_package() -> None:
    assert verdict_of("SimpleMLInferenceOp") is None


def test_a_verdict_needs_no_tensorflow() -> None:
    script = (
        "import sys; from cmsml_tasks.conversion.effects import verdict_of; "
        "print(verdict_of('ReadFile').value, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("outside False\n", "")


def test_the_registry_is_read_as_in_other_releases() -> None:
    done = subprocess.run([sys.executable, "-c", REGISTRY], capture_output=True, text=True)
    assert done.stdout.split() == operations_here()
