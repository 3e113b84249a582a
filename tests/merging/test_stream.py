"""Frames streaming through: how many are alive, in what order they come, what a stop leaves."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import HEIGHT, WIDTH, Painter, drawn_frame, landmarks, record
from understudy.facesets.store import Faceset
from understudy.media.clip import ClipInfo, ColorTags, Frame
from understudy.merging import stream
from understudy.merging.journal import Journal
from understudy.merging.options import MergeOptions
from understudy.merging.plan import planned
from understudy.merging.stream import made_frames

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]


class CountedClip:
    """Drawn frames without end, and how many of them are alive at once at the most."""

    time_base = Fraction(1, 25)

    def __init__(self, count: int) -> None:
        self.info = ClipInfo(
            path=Path("none"),
            kind="video",
            width=WIDTH,
            height=HEIGHT,
            frame_count=count,
            duration_s=1.0,
            rate=Fraction(25),
            variable_rate=False,
            rotation_deg=0,
            codec="",
            pixel_format="yuv420p",
            bit_depth=8,
            color=ColorTags(),
            has_audio=False,
        )
        self.alive, self.most = 0, 0
        self._lock = threading.Lock()

    def frames(self, start: int = 0, stop: int | None = None, *, step: int = 1, deep: bool = False) -> Iterator:
        for index in range(start, self.info.frame_count if stop is None else stop, step):
            rgb = drawn_frame(index)
            with self._lock:
                self.alive += 1
                self.most = max(self.most, self.alive)
            weakref.finalize(rgb, self._gone)
            frame = Frame(index, index, index / 25, rgb)
            del rgb
            yield frame
            del frame

    def _gone(self) -> None:
        with self._lock:
            self.alive -= 1


def most_alive(count: int, folder: Path, options: MergeOptions) -> int:
    clip = CountedClip(count)
    with Faceset(folder / f"faces-{count}") as faces:
        for frame in range(count):
            faces.add(np.zeros((16, 16, 3), np.uint8), record(frame, landmarks()))
        plan = planned(
            clip, faces.faces(), predictor=Painter(), options=options, clip_name=None, journal=Journal(folder)
        )
        made = [one.index for one in made_frames(clip, plan, folder, painters=2)]
    assert made == list(range(count))
    return clip.most


def test_how_many_frames_are_alive_depends_on_the_options_and_not_on_the_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "write_merged", lambda *frame: None)
    options = MergeOptions(batch=4, color="rct", steady_frames=2)
    # Read ahead 4, in the hands of the reader and between 2, in a batch 4, waiting for neighbours 2, made 3.
    assert most_alive(60, tmp_path, options) <= 4 + 2 + 4 + 2 + 3


def test_faces_wait_for_their_neighbours_as_small_as_the_model_painted_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enlarged 4 times, 31 frames of them would take 16 times the memory."""
    waiting, shown = set[int](), set[int]()
    steady_faces, merged = stream._with_its_track, stream.merged_as_far_as_possible

    def steady(window, at, plan):
        waiting.update(len(face.painted_HWC) for one in window for face in one.faces)
        return steady_faces(window, at, plan)

    def composed(rgb, faces, options):
        shown.update(len(face.painted_HWC) for face in faces)
        return merged(rgb, faces, options)

    monkeypatch.setattr(stream, "_with_its_track", steady)
    monkeypatch.setattr(stream, "merged_as_far_as_possible", composed)
    monkeypatch.setattr(stream, "write_merged", lambda *frame: None)
    most_alive(8, tmp_path, MergeOptions(color="rct", super_resolution="lanczos"))
    assert waiting == {Painter.size_px} and shown == {2 * Painter.size_px}


class CountingPainter(Painter):
    """Remembers how many faces it was asked for at once."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def predict(self, crops_NHWC: np.ndarray):
        self.asked.append(len(crops_NHWC))
        return super().predict(crops_NHWC)


def test_a_model_is_always_asked_for_as_many_faces_so_that_no_frame_depends_on_where_a_merge_went_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kernels are chosen by the size of a batch, and round differently."""
    monkeypatch.setattr(stream, "write_merged", lambda *frame: None)
    clip, painter, options = (
        CountedClip(7),
        CountingPainter(),
        MergeOptions(batch=5, color="none", steady_mask=0),
    )
    with Faceset(tmp_path / "faces") as faces:
        for frame in range(7):
            for person in (1, 2):
                faces.add(
                    np.zeros((16, 16, 3), np.uint8), record(frame, landmarks(40 * person, 50), person=person)
                )
        plan = planned(
            clip, faces.faces(), predictor=painter, options=options, clip_name=None, journal=Journal(tmp_path)
        )
        made = [one.index for one in made_frames(clip, plan, tmp_path, painters=1)]
    assert made == list(range(7))
    assert painter.asked == [5, 5, 5, 5], "two frames of two faces at a time, and the last one alone"
