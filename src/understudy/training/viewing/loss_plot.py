"""The losses over time as a picture: a bar from the lowest to the highest loss of each stretch, and its mean.

Reads `metrics.jsonl` as it grows, each line once, and keeps a bounded number of stretches however long a
training is. Not here: what the losses are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from understudy.files import write_bytes
from understudy.media.images import encode_png
from understudy.training.keeping.metrics import METRICS_NAME

UInt8 = npt.NDArray[np.uint8]
Scale = Literal["log", "linear"]

PLOT_NAME = "loss.png"
_MOST_STRETCHES = 4096
_SIZE_PX = (960, 320)
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 64, 12, 26, 26
_GROUND, _INK, _GRID = (24, 26, 30), (225, 225, 225), (58, 62, 68)
_COLORS = {"src": (255, 106, 90), "dst": (80, 200, 230)}
_LINES = 5


@dataclass
class Stretch:
    """Some iterations in a row: for src and dst the lowest, highest and summed loss, and their count."""

    low: list[float] = field(default_factory=lambda: [math.inf, math.inf])
    high: list[float] = field(default_factory=lambda: [-math.inf, -math.inf])
    total: list[float] = field(default_factory=lambda: [0.0, 0.0])
    count: int = 0

    def add(self, other: Stretch) -> None:
        """Take another stretch in."""
        for side in range(2):
            self.low[side] = min(self.low[side], other.low[side])
            self.high[side] = max(self.high[side], other.high[side])
            self.total[side] += other.total[side]
        self.count += other.count

    def mean(self, side: int) -> float:
        """The mean loss of a side."""
        return self.total[side] / self.count


class LossCourse:
    """The losses of a metrics file, in stretches of `width` iterations; `width` doubles as training goes on.

    `last` keeps only so many of the newest iterations in view, 0 all of them.
    """

    def __init__(self, path: Path, *, last: int = 0) -> None:
        self.path, self.last = path, last
        self._begin()

    def _begin(self) -> None:
        self.width, self.newest, self._read_bytes, self._last_line = 1, 0, 0, b""
        self.stretches: dict[int, Stretch] = {}

    def follow(self) -> LossCourse:
        """Read what was added to the file since the last call; from its start where it was cut meanwhile, also
        if it has grown beyond that again."""
        if not self.path.exists():
            self._begin()
            return self
        for iteration, losses in self._new_lines():
            if iteration <= self.newest:  # the file was cut and has grown again
                self.stretches = {n: s for n, s in self.stretches.items() if (n + 1) * self.width < iteration}
            self._add(iteration, losses)
        return self

    def _new_lines(self) -> Iterator[tuple[int, tuple[float, float]]]:
        with self.path.open("rb") as file:
            file.seek(self._read_bytes - len(self._last_line))
            if file.read(len(self._last_line)) != self._last_line:
                self._begin()
                file.seek(0)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._read_bytes, self._last_line = self._read_bytes + len(line), line
                try:
                    said = json.loads(line)
                    yield int(said["iteration"]), (float(said["loss_src"]), float(said["loss_dst"]))
                except (ValueError, KeyError, TypeError):
                    continue

    def _add(self, iteration: int, losses: tuple[float, float]) -> None:
        if not all(map(math.isfinite, losses)):
            return
        self.newest = iteration
        place = self.stretches.setdefault(iteration // self.width, Stretch())
        place.add(Stretch(list(losses), list(losses), list(losses), 1))
        if self.last:
            first = (iteration - self.last) // self.width
            # In the order in which they came: a look at all of them for each line took minutes.
            while (oldest := next(iter(self.stretches))) < first:
                del self.stretches[oldest]
        while len(self.stretches) > _MOST_STRETCHES:
            self._widen()

    def _widen(self) -> None:
        before, self.stretches = self.stretches, {}
        self.width *= 2
        for number, stretch in sorted(before.items()):
            self.stretches.setdefault(number // 2, Stretch()).add(stretch)


def loss_plot(
    course: LossCourse, *, scale: Scale = "log", size_px: tuple[int, int] = _SIZE_PX, at: int | None = None
) -> UInt8:
    """A picture (height, width, 3) RGB of src's and dst's losses over the iterations; a line marks `at`."""
    image = Image.new("RGB", size_px, _GROUND)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(12)
    columns = _columns(course, size_px[0] - _LEFT_PX - _RIGHT_PX)
    if not columns:
        pen.text((size_px[0] / 2, size_px[1] / 2), "no losses yet", fill=_INK, font=font, anchor="mm")
        return np.asarray(image, np.uint8)
    axis = _Axis.over(list(columns.values()), scale, top=_TOP_PX, bottom=size_px[1] - _BOTTOM_PX)
    for value in axis.marks():
        y = axis.y(value)
        pen.line((_LEFT_PX, y, size_px[0] - _RIGHT_PX, y), fill=_GRID)
        pen.text((_LEFT_PX - 6, y), f"{value:.3g}", fill=_INK, font=font, anchor="rm")
    for side, color in enumerate(_COLORS.values()):
        _draw(pen, columns, axis, side, color)
    if at is not None:
        x = _LEFT_PX + _column(course, at // course.width, size_px[0] - _LEFT_PX - _RIGHT_PX)
        pen.line((x, _TOP_PX, x, size_px[1] - _BOTTOM_PX), fill=_INK)
    first = min(course.stretches) * course.width
    pen.text((_LEFT_PX, size_px[1] - 6), f"{first:,}", fill=_INK, font=font, anchor="ls")
    pen.text(
        (size_px[0] - _RIGHT_PX, size_px[1] - 6),
        f"iteration {course.newest:,}",
        fill=_INK,
        font=font,
        anchor="rs",
    )
    x = _LEFT_PX
    newest = columns[max(columns)]
    for side, (name, color) in enumerate(_COLORS.items()):
        words = f"{name} {newest.mean(side):.4f}"
        pen.text((x, 8), words, fill=color, font=font)
        x += font.getlength(words) + 18
    return np.asarray(image, np.uint8)


def _columns(course: LossCourse, width_px: int) -> dict[int, Stretch]:
    """What each column of pixels shows."""
    if not course.stretches:
        return {}
    columns: dict[int, Stretch] = {}
    for number, stretch in sorted(course.stretches.items()):
        columns.setdefault(_column(course, number, width_px), Stretch()).add(stretch)
    return columns


def _column(course: LossCourse, number: int, width_px: int) -> int:
    """Where a stretch lies, from the left, 0 to `width_px` - 1."""
    first, last = min(course.stretches), max(course.stretches)
    share = (number - first) / max(1, last - first)
    return round(min(1.0, max(0.0, share)) * (width_px - 1))


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    log: bool
    top: int
    bottom: int

    @classmethod
    def over(cls, stretches: list[Stretch], scale: Scale, *, top: int, bottom: int) -> _Axis:
        """An axis for nearly all: the highest hundredth is cut off, so that one spike flattens nothing."""
        high = float(np.quantile([max(s.high) for s in stretches], 0.99))
        low = min(min(s.low) for s in stretches)
        log = scale == "log" and low > 0
        low = low if log else min(low, 0.0)
        return cls(low, high if high > low else low + 1e-6, log, top, bottom)

    def y(self, value: float) -> float:
        low, high, value = (self._bent(v) for v in (self.low, self.high, value))
        share = (value - low) / (high - low)
        return self.bottom - min(1.0, max(0.0, share)) * (self.bottom - self.top)

    def marks(self) -> list[float]:
        low, high = self._bent(self.low), self._bent(self.high)
        places = np.linspace(low, high, _LINES).tolist()
        return [math.exp(p) if self.log else p for p in places]

    def _bent(self, value: float) -> float:
        return math.log(max(value, 1e-12)) if self.log else value


def _draw(
    pen: ImageDraw.ImageDraw, columns: dict[int, Stretch], axis: _Axis, side: int, color: tuple[int, int, int]
) -> None:
    dim = tuple((part + 2 * ground) // 3 for part, ground in zip(color, _GROUND, strict=True))
    for x, stretch in columns.items():
        pen.line((_LEFT_PX + x, axis.y(stretch.low[side]), _LEFT_PX + x, axis.y(stretch.high[side])), fill=dim)
    line = [(_LEFT_PX + x, axis.y(s.mean(side))) for x, s in columns.items()]
    if len(line) > 1:
        pen.line(line, fill=color, width=2)
    else:
        pen.point(line, fill=color)


def write_loss_plot(model_dir: Path, course: LossCourse, *, scale: Scale = "log") -> Path:
    """Read what is new and write the model's `loss.png`. Raises DiskFull or FolderUnwritable."""
    path = model_dir / PLOT_NAME
    write_bytes(path, encode_png(loss_plot(course.follow(), scale=scale)))
    return path


def course_of(model_dir: Path, *, last: int = 0) -> LossCourse:
    """The course of a model's losses, to be followed."""
    return LossCourse(model_dir / METRICS_NAME, last=last)
