"""A tensor of a graph's interface, under the name that it will have."""

from __future__ import annotations

from dataclasses import dataclass, replace

import tensorflow as tf

from cmsml_tasks.conversion.interface.signature import TensorInfo
from cmsml_tasks.shapes import Shape


@dataclass(frozen=True)
class Port:
    """One tensor of the interface: what it will be called, and where the skeleton has it.

    ``found`` is its name before the user renamed it, ``asked_for`` and ``alike`` are what `Found`
    says of that name; nothing is alike any more once a name was chosen.
    """

    name: str
    node: str
    slot: int
    dtype: tf.DType
    shape: Shape
    found: str | None = None
    asked_for: str | None = None
    alike: str | None = None

    @property
    def tensor(self) -> str:
        """Name of the tensor in the skeleton."""
        return f"{self.node}:{self.slot}"

    @property
    def known_as(self) -> str:
        """Name that the user knows: that of the model where the one found is only a makeshift."""
        return self.asked_for if self.alike and self.asked_for else self.name

    @property
    def info(self) -> TensorInfo:
        """The tensor as it is known outside."""
        before = self.found if self.found != self.name else None
        tensor = f"{self.name}:0"
        return TensorInfo(self.name, tensor, self.dtype.name, self.shape, before, self.asked_for)

    def renamed(self, name: str) -> Port:
        """Return the same port under another name, which may be the one that it was found by."""
        return replace(self, name=name, found=self.found or self.name, alike=None)
