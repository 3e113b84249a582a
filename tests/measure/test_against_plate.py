"""Shots of a swap beside their plate: cuts are respected, untouched faces left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.measure.heads import SIZE, eight_bit, landmarks, moved, texture
from understudy.errors import ClipSizesDiffer, NoFaceFound
from understudy.events import Events, Notice, Progress, StageFinished
from understudy.faces.detect import Detection
from understudy.faces.five_point import five_of
from understudy.measure.against_plate import found_faces, known_faces, measure_against_plate
from understudy.measure.stillness import Moment, face_pair
from understudy.media.clip import Frame
from understudy.media.images import encode_png

FACES = {index: landmarks()[None] for index in range(50)}


def written(folder: Path, frames: Sequence[np.ndarray]) -> Path:
    folder.mkdir()
    for index, frame in enumerate(frames):
        (folder / f"{index:03d}.png").write_bytes(encode_png(eight_bit(frame)))
    return folder


def summary_of(events: Events) -> dict[str, Any]:
    finished = list(events)[-1]
    assert isinstance(finished, StageFinished)
    return finished.summary


def two_shots(amplitude: float, seed: int, *, count: int = 8) -> list[np.ndarray]:
    """A head before a bright wall, then another before a dark one."""
    wobbles = amplitude * np.random.default_rng(seed).normal(size=2 * count)
    light = np.where(np.arange(SIZE)[None, :, None] < SIZE / 2, 40.0, -90.0)
    shots = [texture() + light, texture(seed=9)[::-1] * [0.3, 0.5, 1.2] - light]
    return [moved(shots[k // count], wobble=wobble) for k, wobble in enumerate(wobbles)]


def test_every_shot_has_its_own_figures_and_nothing_is_compared_across_a_cut(tmp_path: Path) -> None:
    plate = two_shots(0.4, 1)
    result = [*two_shots(0.4, 2)[:8], *[frame + 4 for frame in plate[8:]]]
    a, b = written(tmp_path / "a", result), written(tmp_path / "b", plate)
    summary = summary_of(measure_against_plate(a, b, faces_of=known_faces(FACES)))
    first, second = summary["shots"]
    assert (first["frames"], second["frames"]) == ([0, 7], [8, 15])
    assert second["jitter"] == pytest.approx(1, abs=0.02)
    assert second["edge_noise"] == pytest.approx(1, abs=0.02)
    lone = summary_of(
        measure_against_plate(
            written(tmp_path / "c", result[:8]), written(tmp_path / "d", plate[:8]), faces_of=known_faces(FACES)
        )
    )
    assert first == lone["shots"][0]  # told as if the second weren't there


def test_faces_that_nobody_touched_are_left_out(tmp_path: Path) -> None:
    plate = [moved(texture(), wobble=0.3 * w) for w in np.random.default_rng(3).normal(size=6)]
    result = [frame + (6 if index % 2 else 0) for index, frame in enumerate(plate)]
    a, b = written(tmp_path / "a", result), written(tmp_path / "b", plate)
    events = list(measure_against_plate(a, b, faces_of=known_faces(FACES)))
    assert any("3 faces in frames are as in the plate" in e.text for e in events if isinstance(e, Notice))
    assert events[-1].summary["all"]["faces"] == 3
    assert [event.done for event in events if isinstance(event, Progress)] == [1, 2, 3, 4, 5, 6]
    same = list(measure_against_plate(b, b, faces_of=known_faces(FACES)))
    assert any("was anything swapped?" in event.text for event in same if isinstance(event, Notice))
    assert same[-1].summary["all"]["faces"] == 6 and same[-1].summary["within"]


@pytest.mark.parametrize(("opacity", "is_warned"), [(0.05, True), (1.0, False)])
def test_how_much_of_the_face_is_changed_is_told_and_little_is_warned_of(
    tmp_path: Path, opacity: float, is_warned: bool
) -> None:
    """A see-through mask leaves the plate's own face, which was "within the goals" without a word."""
    wobbles = 0.3 * np.random.default_rng(3).normal(size=6)
    plate = [moved(texture(), wobble=wobble) for wobble in wobbles]
    painted = [moved(texture(seed=5) + np.array([40, -30, 0]), wobble=wobble) for wobble in wobbles]
    result = [a + opacity * (b - a) for a, b in zip(plate, painted, strict=True)]
    a, b = written(tmp_path / "a", result), written(tmp_path / "b", plate)
    events = list(measure_against_plate(a, b, faces_of=known_faces(FACES)))
    warnings = [event.text for event in events if isinstance(event, Notice) and event.level == "warning"]
    assert [text for text in warnings if "of the face differs" in text] == warnings[: int(is_warned)]
    assert len(warnings) == int(is_warned)
    share = events[-1].summary["all"]["changed"]
    assert share < 0.3 if is_warned else share > 0.9


class TwoFacesSeen:
    """Sees the drawn head and, mirrored, another one in every frame."""

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        points = landmarks()
        box = np.array([*points.min(0), *points.max(0)])
        return [[Detection(box, 0.99, five_of(points))] for _ in frames]


def test_faces_are_found_in_the_plate_where_none_are_known(tmp_path: Path) -> None:
    plate = [moved(texture(), wobble=0.5 * w) for w in np.random.default_rng(4).normal(size=5)]
    b = written(tmp_path / "b", plate)
    a = written(tmp_path / "a", [frame + 5 for frame in plate])
    summary = summary_of(measure_against_plate(a, b, faces_of=found_faces(detector=TwoFacesSeen())))
    assert summary["all"]["faces"] == 5 and summary["all"]["jitter"] == pytest.approx(1, abs=0.05)


def test_a_plate_without_faces_and_clips_of_two_sizes_are_told(tmp_path: Path) -> None:
    b = written(tmp_path / "b", [texture()] * 2)
    with pytest.raises(NoFaceFound, match="No face was found in the plate"):
        list(measure_against_plate(b, b, faces_of=known_faces({})))
    small = written(tmp_path / "s", [texture()[:100]] * 2)
    with pytest.raises(ClipSizesDiffer):
        list(measure_against_plate(small, b, faces_of=known_faces(FACES)))


def test_two_lengths_are_compared_as_far_as_both_go(tmp_path: Path) -> None:
    a, b = written(tmp_path / "a", [texture()] * 2), written(tmp_path / "b", [texture()] * 3)
    events = list(measure_against_plate(a, b, faces_of=known_faces(FACES)))
    assert any("the first 2 are compared" in event.text for event in events if isinstance(event, Notice))


def test_a_face_at_the_frames_border_or_without_texture_says_nothing_about_time() -> None:
    flat = Moment(np.full((SIZE, SIZE, 3), 90, np.uint8), np.full((SIZE, SIZE, 3), 91, np.uint8))
    figures = face_pair(flat, landmarks(), (flat, flat))
    assert figures.moved_plate is None and figures.flicker_result is None
    assert np.isnan(figures.edge_px_plate)
    face_pair(flat, landmarks() + SIZE * 0.6, (flat, flat))  # half outside: no error


def test_a_frame_that_can_not_be_read_is_told_and_puts_no_other_beside_another_frame(tmp_path: Path) -> None:
    plate = [moved(texture(), wobble=wobble) for wobble in np.random.default_rng(3).normal(size=6)]
    result, damaged = written(tmp_path / "a", plate), tmp_path / "a" / "002.png"
    damaged.write_bytes(damaged.read_bytes()[:200])
    events = list(measure_against_plate(result, written(tmp_path / "b", plate), faces_of=known_faces(FACES)))
    told = [event.text for event in events if isinstance(event, Notice)]
    assert told[0].startswith("1 frame is not measured")
    assert told[1].startswith("Inside the faces the result is the plate")
    assert events[-1].summary["by_frame"]["frame"] == [0, 1, 3, 4, 5]
