"""Files made wrong as bytes, whatever they hold."""

from __future__ import annotations

import random

Rng = random.Random


def mutated_bytes(rng: Rng, content: bytes, other: bytes) -> bytes:
    """Return *content* with bytes changed, lost, doubled, or taken from the *other* file."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        here = rng.randrange(len(data) + 1)
        there = min(len(data), here + rng.choice((1, 1, 2, 8, 64, len(data))))
        match rng.randrange(6):
            case 0:
                for index in range(here, min(len(data), here + rng.randint(1, 3))):
                    data[index] ^= 1 << rng.randrange(8)
            case 1:
                del data[here:there]
            case 2:
                data[here:here] = data[here:there]
            case 3:
                start = rng.randrange(len(other) + 1)
                data[here:there] = other[start : start + rng.randrange(200)]
            case 4:
                data[here:here] = rng.randbytes(rng.randint(1, 12))
            case _:
                data[here : here + 1] = bytes([rng.choice((0, 1, 127, 128, 255))])
    return bytes(data)
