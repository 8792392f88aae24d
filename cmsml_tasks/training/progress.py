"""What one sees of a training: a bar on a terminal, one plain line per epoch in a log."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

from cmsml_tasks.errors import DataError

_WIDTH = 30


def progress_callback(epochs: int, label: str = "") -> Any:
    """Return the Keras callback that reports a training of *epochs* epochs on standard output.

    The *label* begins each line, because several branches may train side by side.
    """
    import keras

    start = f"{label}: " if label else ""

    terminal = sys.stdout.isatty()

    class Progress(keras.callbacks.Callback):  # type: ignore[misc]
        """Reports epochs; on a terminal also the batches within one."""

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.started = time.monotonic()
            self.drawn = 0.0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            now = time.monotonic()
            steps = self.params.get("steps")
            if terminal and steps and now - self.drawn > 0.1:
                self.drawn = now
                filled = _WIDTH * (batch + 1) // steps
                bar = "█" * filled + "░" * (_WIDTH - filled)
                print(f"\r{start}{bar} batch {batch + 1}/{steps}\033[K", end="", flush=True)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            loss = (logs or {}).get("loss", 0.0)
            if not math.isfinite(loss):
                raise DataError(
                    f"{start}the loss is {loss} after epoch {epoch + 1}, so nothing more is "
                    "learned; lower learning_rate, or look for extreme inputs and weights"
                )
            line = start + epoch_line(
                epoch + 1, epochs, logs or {}, time.monotonic() - self.started
            )
            print(f"\r{line}\033[K" if terminal else line, flush=True)

    return Progress()


def epoch_line(epoch: int, epochs: int, logs: dict[str, float], seconds: float) -> str:
    """Return one line such as ``epoch  3/20  loss 0.4210  val_loss 0.4305  (0.8 s)``."""
    numbers = "  ".join(f"{name} {float(value):.4f}" for name, value in logs.items())
    return f"epoch {epoch:>{len(str(epochs))}}/{epochs}  {numbers}  ({seconds:.1f} s)"
