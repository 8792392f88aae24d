"""Events that a recipe makes by itself."""

from __future__ import annotations

from cmsml_tasks.files import replacing
from cmsml_tasks.recipes import load_recipe


def generate_events(recipe: str, path: str) -> None:
    """Let *recipe* (``"package.module.Class"``) generate its events into the file *path*."""
    generate = load_recipe(recipe).generate
    assert generate is not None, f"{recipe} generates no events"
    with replacing(path) as sibling:
        generate(sibling)
