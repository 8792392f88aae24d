"""XRootD's client library, which must be loaded before TensorFlow.

Loaded after it, the process ends with a segmentation fault (xrootd 6.2 and TensorFlow 2.21 from the
package registry); the other way round both work.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module

from cmsml_tasks.errors import DataError
from cmsml_tasks.processes.forks import prepare_forks

SCHEMES = ("root", "roots", "xroot", "xroots")
"""Of the URLs that it opens."""
_CLIENT = "XRootD.client"


def load_client_first() -> None:
    """Load the client where it is installed; to be called before anything imports TensorFlow."""
    with suppress(ImportError):
        import_module(_CLIENT)


def check_client(url: str) -> None:
    """Check that *url* can be opened without ending the process; to be called before that is done.

    Raises:
        DataError: it is the client that opens it, and TensorFlow was loaded without the client.
    """
    is_for_client = url.partition("://")[0].lower() in SCHEMES
    if is_for_client and "tensorflow" in sys.modules and _CLIENT not in sys.modules:
        raise DataError(
            f"{url}: TensorFlow was imported before XRootD's client, which would now crash; "
            "put 'import XRootD.client' before 'import tensorflow' or 'import keras'"
        )
    if is_for_client:
        prepare_forks()
