"""Graph files made wrong in every way that bytes, text and protobufs can be."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from byte_mutations import mutated_bytes
from graph_mutations import NUMBERS, mutated_protobuf

Rng = random.Random


def mutated(rng: Rng, corpus: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Return the name and content of a wrong file, made from one of *corpus*.

    Args:
        rng: decides which, and how.
        corpus: names and contents of good files.
    """
    name, content = rng.choice(corpus)
    if not name.endswith(".pb"):
        return name, mutated_text(rng, content)
    if rng.random() < 0.25:
        other = rng.choice(corpus)[1]
        return name, mutated_bytes(rng, content, other)
    changed = mutated_protobuf(rng, content)
    return name, content if changed is None else changed


def mutated_text(rng: Rng, content: bytes) -> bytes:
    """Return the text form of a graph with lines, numbers and words changed."""
    lines = content.decode(errors="replace").splitlines()
    for _ in range(rng.randint(1, 3)):
        here = rng.randrange(len(lines) + 1)
        there = min(len(lines), here + rng.randint(1, 5))
        match rng.randrange(7):
            case 0:
                del lines[here:there]
            case 1:
                lines[here:here] = lines[here:there]
            case 2:
                lines[here:here] = [rng.choice(("}", "{", "node {", '"', "\\", "[a.b/c.d] {", "#"))]
            case 3 if here < there:
                number = str(rng.choice(NUMBERS))
                lines[here] = re.sub(r"\d+", number, lines[here], count=1)
            case 4 if here < there:
                word = rng.choice(("", "nan", "DT_VARIANT", '"\\377"', "true", "1e400", "é\0"))
                lines[here] = re.sub(r": .*", f": {word}", lines[here])
            case 5:
                depth = rng.choice((3, 90, 2000))
                lines[here:here] = ["node { attr { value { func {"] + [
                    "attr { value { func {"
                ] * depth
            case _ if here < there:
                lines[here] = lines[here][: rng.randrange(len(lines[here]) + 1)]
            case _:
                del lines[here:]
    return "\n".join(lines).encode(errors="surrogateescape")
