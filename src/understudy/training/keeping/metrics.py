"""metrics.jsonl: one JSON line for every stretch of training. A torn last line loses nothing but itself.

Every line carries its iteration. When training goes on from a checkpoint older than the last line, the lines
after it are cut off, so that the file tells one history.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

from understudy.files import said_plainly

METRICS_NAME = "metrics.jsonl"


def read_metrics(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a metrics file, in order; none when it does not exist."""
    for _, value in _whole_lines(path):
        yield value


def _whole_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(bytes up to and with this line, its value); ends at the first torn or foreign line."""
    if not path.exists():
        return
    end = 0
    with path.open("rb") as file:
        for line in file:
            end += len(line)
            try:
                value = json.loads(line)
            except ValueError:
                return
            if not line.endswith(b"\n") or not isinstance(value, dict):
                return
            if not isinstance(value.get("iteration"), int):
                return
            yield end, value


class MetricsLog:
    """An open metrics file that goes on behind `iteration`."""

    def __init__(self, path: Path, *, iteration: int) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        with said_plainly(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what a full disk has refused would be tried, and refused, once more on closing.
            self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        self.cut(iteration)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def cut(self, iteration: int) -> None:
        """Take back the lines after `iteration`: training goes on from there."""
        if self._file is None:
            raise ValueError("the metrics file is closed")
        keep = 0
        for end, value in _whole_lines(self.path):
            if value["iteration"] > iteration:
                break
            keep = end
        with said_plainly(self.path):
            self._file.truncate(keep)
            self._file.seek(keep)

    def append(self, iteration: int, **values: float) -> None:
        """Add a line; it survives the death of this process from here on."""
        if self._file is None:
            raise ValueError("the metrics file is closed")
        rounded = {name: round(float(value), 6) for name, value in values.items()}
        with said_plainly(self.path):
            self._file.write(json.dumps({"iteration": iteration, **rounded}).encode() + b"\n")
