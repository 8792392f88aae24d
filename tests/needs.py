"""What a test needs and a laptop may lack."""

import os

import pytest


def skip_without(reason):
    """Skip the test where there is a *reason*; in continuous integration it fails."""
    if reason:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
