"""What is printed where the terminal's encoding lacks letters."""

import os
import subprocess
import sys

import pytest

PRINTING = """
import sys
from cmsml_tasks.terminal import print_anything
print_anything()
print("G\\xfcte \\u2514\\u2500> \\u2588\\u2591 5 \\u2013 6 \\udcff \\u6570")
print("gr\\xf6\\xdfe", file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("variables", "printed", "told"),
    [
        (
            {"PYTHONIOENCODING": "ascii"},
            b"G\\xfcte +-> #. 5 - 6 \\udcff \\u6570\n",
            b"gr\\xf6\\xdfe\n",
        ),
        # bytes that are no text go out as they came in
        (
            {"LC_ALL": "C", "PYTHONUTF8": "0"},
            b"G\\xfcte +-> #. 5 - 6 \xff \\u6570\n",
            b"gr\\xf6\\xdfe\n",
        ),
        (
            {"PYTHONIOENCODING": "latin-1"},
            b"G\xfcte +-> #. 5 - 6 \\udcff \\u6570\n",
            b"gr\xf6\xdfe\n",
        ),
        (
            {"PYTHONIOENCODING": "utf-8"},
            "Güte \u2514\u2500> \u2588\u2591 5 \u2013 6 \\udcff \u6570\n".encode(),
            "größe\n".encode(),
        ),
    ],
    ids=["ascii", "c", "latin-1", "utf-8"],
)
def test_letters_that_are_not_there_are_replaced(variables, printed, told, environment):
    code = [sys.executable, "-c", PRINTING]
    done = subprocess.run(code, capture_output=True, env={**environment, **variables})
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, told)


@pytest.fixture
def environment():
    ours = ("PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL", "LC_CTYPE", "LANG")
    return {name: value for name, value in os.environ.items() if name not in ours}
