"""Frozen graphs for law's targets: ``target.dump(model, formatter="frozen_graph")``, and ``load``.

Importing this module registers it with law, for tasks that share nothing else with these.
"""

from __future__ import annotations

from typing import Any

from law.target.file import get_path
from law.target.formatter import Formatter
from law.util import no_value


class FrozenGraphFormatter(Formatter):  # type: ignore[misc]
    """The conversion of `cmsml_tasks.save_graph` and `load_graph` as a formatter of law."""

    name = "frozen_graph"

    @classmethod
    def accepts(cls, path: Any, mode: str) -> bool:
        """Tell whether a target is a graph by its name: ``.pb``, ``.pbtxt`` or ``.pb.txt``."""
        return str(get_path(path)).endswith((".pb", ".pbtxt", ".pb.txt"))

    @classmethod
    def load(cls, path: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the graph at *path*; arguments as those of `cmsml_tasks.load_graph`.

        Raises:
            ConversionError: it is no graph, or does more than compute.
        """
        from cmsml_tasks.conversion import load_graph

        return load_graph(get_path(path), *args, **kwargs)

    @classmethod
    def dump(cls, path: Any, model: Any, *args: Any, **kwargs: Any) -> None:
        """Freeze *model* to *path*; other arguments as those of `cmsml_tasks.save_graph`.

        Args:
            path: a target, or what law made of one.
            model: whatever `cmsml_tasks.save_graph` takes.
            args: those of `cmsml_tasks.save_graph` behind ``variables_to_constants``.
            kwargs: the same by name; ``perm`` is law's, the permissions of the file.

        Raises:
            ConversionError: *model* cannot be frozen.
        """
        from cmsml_tasks.conversion import save_graph

        perm = kwargs.pop("perm", no_value)
        save_graph(get_path(path), model, True, *args, **kwargs)
        if perm != no_value:
            cls.chmod(path, perm=perm)
