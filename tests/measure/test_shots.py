"""Whole shots against the truth: figures per frame, in step, inside the face."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.errors import ClipMissing, ClipSizesDiffer, NoFaceFound
from understudy.events import Notice, Progress, StageFinished
from understudy.faces.detect import Detection
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.measure.shots import compare, compare_all, masks_of_landmarks, measure_clips
from understudy.media.clip import Frame
from understudy.media.images import encode_png

SIZE = 64


def face() -> np.ndarray:
    points = MEAN_FACE_68_IN_SPACE[:, :2]
    points = points - points.mean(0)
    return points * (30 / np.ptp(points[:, 0])) + SIZE / 2


def written(folder: Path, frames: Sequence[np.ndarray]) -> Path:
    folder.mkdir()
    for index, frame in enumerate(frames):
        (folder / f"{index:03d}.png").write_bytes(encode_png(frame))
    return folder


def pictures(count: int, *, seed: int = 0, size: int = SIZE) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(60, 180, (size, size, 3)).astype(np.uint8) for _ in range(count)]


class FacesByBrightness:
    """Finds one face in every frame that is not black."""

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        points = face()
        five = np.array([points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]])
        box = np.array([*points.min(0), *points.max(0)])
        return [[Detection(box, 0.99, five)] if frame.rgb.max() else [] for frame in frames]


def test_the_score_counts_only_the_face_and_finds_the_worst_frame(tmp_path: Path) -> None:
    truth = pictures(4)
    result = [frame.copy() for frame in truth]
    for frame in result:
        frame[:8] = 255  # far from the face
    result[2][24:40, 24:40] //= 2
    score = compare(
        written(tmp_path / "a", result),
        written(tmp_path / "b", truth),
        masks=masks_of_landmarks(np.repeat(face()[None], 4, axis=0)),
    )
    assert [frame.frame for frame in score.frames] == [0, 1, 2, 3]
    assert score.frames[0].psnr_db == 100.0
    assert score.worst()[0].frame == 2 and score.worst()[0].psnr_db < 30
    assert score.psnr_db == pytest.approx(np.mean([frame.psnr_db for frame in score.frames]))
    assert score.as_json()["worst"][0]["frame"] == 2


def test_frames_without_a_mask_are_listed_and_not_averaged(tmp_path: Path) -> None:
    truth = written(tmp_path / "t", pictures(3))
    score = compare(truth, truth, masks=masks_of_landmarks({1: face()}))
    assert score.unmeasured == [0, 2] and len(score.frames) == 1


def test_a_shot_without_any_mask_has_no_mean_rather_than_a_wrong_one(tmp_path: Path) -> None:
    truth = written(tmp_path / "t", pictures(2))
    score = compare(truth, truth, masks=masks_of_landmarks({}))
    assert score.psnr_db is None and score.as_json()["ssim"] is None


def test_a_tinted_shot_is_scored_beside_the_plain_one(tmp_path: Path) -> None:
    truth = pictures(2)
    tinted = [(frame * 0.8 + 20).astype(np.uint8) for frame in truth]
    scores = compare_all(
        {"dst": written(tmp_path / "dst", tinted)},
        written(tmp_path / "t", truth),
        masks=masks_of_landmarks(np.repeat(face()[None], 2, axis=0)),
        tinted="dst",
    )
    assert set(scores) == {"dst", "dst, tinted"}
    plain, matched = scores["dst"].psnr_db, scores["dst, tinted"].psnr_db
    assert plain is not None and matched is not None and matched > plain + 15


def test_a_face_two_pixels_off_is_as_good_as_the_true_one_once_that_is_laid_to_fit(tmp_path: Path) -> None:
    points, side = face() * 2, SIZE * 2
    drawn = np.full((side, side, 3), 60, np.uint8)
    for part, grey in ((range(17), 190), (range(36, 42), 30), (range(42, 48), 30), (range(48, 60), 110)):
        cv2.fillConvexPoly(drawn, cv2.convexHull(points[list(part)].astype(np.int32)), (grey, grey, grey))
    true = cv2.GaussianBlur(drawn, (0, 0), 0.8)
    off = np.roll(true, (1, 2), axis=(0, 1))
    other = pictures(2, size=side)
    shots = {"swap": written(tmp_path / "swap", [off] * 2), "other": written(tmp_path / "other", other)}
    masks = masks_of_landmarks(np.repeat(points[None], 2, axis=0))
    scores = compare_all(shots, written(tmp_path / "t", [true] * 2), masks=masks, fitted=True)
    assert set(scores) == {"swap", "other", "swap, laid to fit", "other, laid to fit"}
    as_it_lies, fitted = scores["swap"].psnr_db, scores["swap, laid to fit"].psnr_db
    assert as_it_lies is not None and fitted is not None and fitted > as_it_lies + 8
    assert [frame.frame for frame in scores["swap, laid to fit"].frames] == [0, 1]


def test_a_face_that_is_all_rim_is_not_laid_to_fit(tmp_path: Path) -> None:
    thin = np.zeros((SIZE, SIZE), np.float32)
    thin[30:32, 10:50] = 1
    shot = written(tmp_path / "swap", pictures(1))
    scores = compare_all({"swap": shot}, shot, masks=lambda index, rgb: thin, fitted=True)
    assert len(scores["swap"].frames) == 1
    assert (scores["swap, laid to fit"].frames, scores["swap, laid to fit"].unmeasured) == ([], [0])


def test_the_shortest_clip_ends_the_comparison(tmp_path: Path) -> None:
    truth = pictures(4)
    score = compare(
        written(tmp_path / "a", truth[:2]),
        written(tmp_path / "b", truth),
        masks=lambda index, rgb: np.ones(rgb.shape[:2], np.float32),
    )
    assert len(score.frames) == 2


def test_a_frame_that_one_clip_lacks_is_left_out_and_all_others_stay_beside_their_own(tmp_path: Path) -> None:
    truth = pictures(5)
    result = written(tmp_path / "a", truth)
    damaged = result / "002.png"
    damaged.write_bytes(damaged.read_bytes()[:200])
    score = compare(
        result,
        written(tmp_path / "b", truth),
        masks=lambda index, rgb: np.ones(rgb.shape[:2], np.float32),
    )
    assert [(each.frame, each.psnr_db) for each in score.frames] == [(n, 100.0) for n in (0, 1, 3, 4)]


def test_clips_of_two_sizes_are_refused_in_one_sentence(tmp_path: Path) -> None:
    a = written(tmp_path / "a", pictures(1, size=32))
    with pytest.raises(ClipSizesDiffer, match="32 x 32 and 64 x 64"):
        compare(a, written(tmp_path / "b", pictures(1)), masks=masks_of_landmarks({}))


def test_a_missing_clip_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClipMissing):
        list(measure_clips(tmp_path / "none.mp4", tmp_path / "none.mp4", detector=FacesByBrightness()))


def test_the_measure_stage_finds_faces_in_the_second_clip(tmp_path: Path) -> None:
    truth = [*pictures(10), np.zeros((SIZE, SIZE, 3), np.uint8)]
    result = [frame.copy() for frame in truth]
    result[3][28:36, 28:36] //= 3
    a, b = written(tmp_path / "a", result), written(tmp_path / "b", truth)
    events = list(measure_clips(a, b, detector=FacesByBrightness()))
    finished = events[-1]
    assert isinstance(finished, StageFinished)
    assert finished.summary["face"]["measured_frames"] == 10
    assert finished.summary["face"]["unmeasured_frames"] == [10]
    assert finished.summary["face"]["worst"][0]["frame"] == 3
    assert finished.summary["picture"]["psnr_db"] > finished.summary["face"]["psnr_db"] - 1e-9
    assert [event.done for event in events if isinstance(event, Progress)][-1] == 11


def test_clips_of_two_lengths_are_compared_as_far_as_both_go(tmp_path: Path) -> None:
    truth = pictures(3)
    a, b = written(tmp_path / "a", truth[:2]), written(tmp_path / "b", truth)
    events = list(measure_clips(a, b, detector=FacesByBrightness()))
    assert any("first 2" in event.text for event in events if isinstance(event, Notice))


def test_a_truth_without_a_face_is_told(tmp_path: Path) -> None:
    black = written(tmp_path / "a", [np.zeros((SIZE, SIZE, 3), np.uint8)] * 2)
    with pytest.raises(NoFaceFound):
        list(measure_clips(black, black, detector=FacesByBrightness()))
