"""How the documentation is built: ``sphinx-build -W docs docs/_build``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from generated import write_pages  # noqa: E402

from cmsml_tasks.version import __version__  # noqa: E402

project = "cmsml_tasks"
author = "the cmsml_tasks authors"
copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"cmsml_tasks {release}"

myst_heading_anchors = 3
# what the readers of the files themselves see, and a console as it is
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["misc.highlighting_failure"]

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
add_module_names = False
default_role = "code"


def setup(app: Any) -> None:
    """Let the pages that follow from the code be written before the others are read."""
    app.connect("builder-inited", lambda _: write_pages(HERE / "generated"))
