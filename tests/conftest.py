"""What the tests of several rooms share."""

import pytest

from cmsml_tasks.recipes.reading.xrootd import load_client_first

load_client_first()


@pytest.fixture(scope="session")
def xrootd_store():
    """URL of a folder on an XRootD server, with the same events in every format."""
    from xrootd_server import running_server

    with running_server() as url:
        yield url
