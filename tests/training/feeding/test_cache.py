"""The cache holds what the facesets hold, as the model wants it, and is made anew only when they change."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.conftest import WHOLE_WIDTH_PX, add_faces, drawn_frame
from understudy.errors import FacesetUnusable
from understudy.events import Event, Notice, Progress, StageStarted
from understudy.faces.align import crop
from understudy.facesets.store import Faceset
from understudy.geometry import crop_from_frame
from understudy.masks.segmenter import SEGMENTERS
from understudy.training.feeding.cache import FaceCache, face_cache

SKIN = (200, 150, 130)


def opened(folder: Path, facesets: Sequence[Faceset]) -> tuple[list[Event], FaceCache]:
    *events, cache = face_cache(folder, facesets, side="src", face_type="full", size_px=32)
    assert isinstance(cache, FaceCache)
    return events, cache  # type: ignore[return-value]


def was_built(events: list[Event]) -> bool:
    return any(isinstance(event, StageStarted) for event in events)


def test_the_cache_holds_every_face_with_mask_and_landmarks(tmp_path: Path) -> None:
    with add_faces(tmp_path / "a", 3, skin=SKIN) as a, add_faces(tmp_path / "b", 2, skin=SKIN) as b:
        events, cache = opened(tmp_path / "cache", [a, b])
    assert was_built(events)
    whole = 32 + 2 * cache.margin_px
    assert cache.images_NHWC.shape == (5, whole, whole, 3) and cache.images_NHWC.dtype == np.uint8
    assert cache.masks_NHW3.shape == (5, whole, whole, 3)
    face, eyes, mouth = (cache.masks_NHW3[..., kind].astype(int) for kind in range(3))
    assert face.max() == eyes.max() == mouth.max() == 255
    assert (eyes <= face).all() and (mouth <= face).all()
    assert 0 < eyes.sum() < face.sum() and 0 < mouth.sum() < face.sum()
    rows = np.arange(whole)[:, None]
    assert (eyes * rows).sum() / eyes.sum() < (mouth * rows).sum() / mouth.sum() - 5
    assert cache.names == tuple(face.name for faceset in (a, b) for face in faceset.faces())
    assert cache.landmarks_N68.shape == (5, 68, 2)
    nose = cache.landmarks_N68[:, 30]
    assert (nose > 0.2).all() and (nose < 0.8).all()


def test_crops_stored_wider_or_larger_become_what_the_model_would_cut_from_the_frame(tmp_path: Path) -> None:
    with add_faces(tmp_path / "a", 2, skin=SKIN, face_type="head", size_px=256) as faceset:
        _, cache = opened(tmp_path / "cache", [faceset])
    for number in range(2):
        frame, points = drawn_frame(number, SKIN)
        wanted = crop(frame, crop_from_frame(points, face_type="full", size_px=32), 32)
        m = cache.margin_px
        got = cache.images_NHWC[number, m : m + 32, m : m + 32]
        assert np.abs(got.astype(float) - wanted).mean() < 6


def test_an_unchanged_faceset_is_not_read_again(tmp_path: Path) -> None:
    with add_faces(tmp_path / "a", 2, skin=SKIN) as faceset:
        opened(tmp_path / "cache", [faceset])
        events, cache = opened(tmp_path / "cache", [faceset])
    assert not was_built(events) and len(cache) == 2


def test_a_deleted_face_leaves_the_cache(tmp_path: Path) -> None:
    with add_faces(tmp_path / "a", 3, skin=SKIN) as faceset:
        opened(tmp_path / "cache", [faceset])
        faceset.faces()[1].path.unlink()
        faceset.refresh()
        events, cache = opened(tmp_path / "cache", [faceset])
    assert was_built(events) and len(cache) == 2


def test_an_unreadable_face_is_left_out_and_named(tmp_path: Path) -> None:
    with add_faces(tmp_path / "a", 3, skin=SKIN) as faceset:
        path = faceset.faces()[1].path
        path.write_bytes(path.read_bytes()[:-400])
        faceset.refresh()
        damaged = faceset.faces()
        events, cache = opened(tmp_path / "cache", [faceset])
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert len(damaged) == 3 and len(cache) == 2
    assert path.name in notices[0]
    assert [event.done for event in events if isinstance(event, Progress)] == [3], "all were looked at"


def test_half_built_caches_are_not_used_and_no_leftovers_stay(tmp_path: Path) -> None:
    with add_faces(tmp_path / "a", 30, skin=SKIN) as faceset:
        steps = face_cache(tmp_path / "cache", [faceset], side="src", face_type="full", size_px=32)
        next(steps), next(steps)
        steps.close()  # type: ignore[attr-defined]
        assert not list((tmp_path / "cache").iterdir())
        events, cache = opened(tmp_path / "cache", [faceset])
    assert was_built(events) and len(cache) == 30


def test_what_killed_processes_left_half_built_goes_and_what_is_being_built_stays(tmp_path: Path) -> None:
    killed, numbered, at_work = (
        tmp_path / "cache" / f".{side}-0123456789abcdef.{turn}{process}.partial"
        for side, turn, process in (("src", "", 4194999), ("dst", "7.", 4194999), ("src", "7.", os.getpid()))
    )
    for left in (killed, numbered, at_work):
        left.mkdir(parents=True)
        (left / "images.npy").write_bytes(b"half")
    with add_faces(tmp_path / "a", 1, skin=SKIN) as faceset:
        opened(tmp_path / "cache", [faceset])
    assert not killed.exists() and not numbered.exists() and at_work.exists()


def test_no_faces_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FacesetUnusable, match="no src faces"):
        opened(tmp_path / "cache", [Faceset(tmp_path / "none")])


def test_a_scale_enlarges_faces_about_the_middle_and_makes_another_cache(tmp_path: Path) -> None:
    with add_faces(tmp_path / "a", 1, skin=SKIN, size_px=128) as faceset:
        plain = opened(tmp_path / "cache", [faceset])[1]
        events = face_cache(tmp_path / "cache", [faceset], side="src", face_type="full", size_px=32, scale=0.8)
        *built, small = events
    assert isinstance(small, FaceCache) and was_built(built)  # type: ignore[arg-type]
    np.testing.assert_allclose(small.landmarks_N68 - 0.5, (plain.landmarks_N68 - 0.5) * 0.8, atol=1e-5)
    areas = [cache.masks_NHW3[..., 0].astype(float).sum() for cache in (plain, small)]
    assert abs(areas[1] / areas[0] - 0.64) < 0.05


def test_faces_are_read_in_their_order_however_many_readers_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with add_faces(tmp_path / "a", 24, skin=SKIN) as faceset:
        monkeypatch.setattr("understudy.training.feeding.cache._MOST_READERS", 1)
        one = opened(tmp_path / "one", [faceset])[1]
        monkeypatch.setattr("understudy.training.feeding.cache._MOST_READERS", 6)
        monkeypatch.setattr("understudy.training.feeding.cache.cores", lambda: 6)
        many = opened(tmp_path / "many", [faceset])[1]
    assert one.names == many.names
    np.testing.assert_array_equal(one.images_NHWC, many.images_NHWC)
    np.testing.assert_array_equal(one.masks_NHW3, many.masks_NHW3)


def test_whole_frames_are_kept_beside_the_crops_of_mark_only_faces(tmp_path: Path) -> None:
    with add_faces(tmp_path / "a", 3, skin=SKIN, face_type="mark-only") as faceset:
        steps = face_cache(tmp_path / "cache", [faceset], side="src", face_type="full", size_px=32, frame_px=48)
        *_, cache = steps
        _, plain = opened(tmp_path / "cache", [faceset])
    assert isinstance(cache, FaceCache) and cache.frames_NHWC is not None and plain.frames_NHWC is None
    assert cache.frames_NHWC.shape == (3, 48, 48, 3)
    for number in range(3):
        frame = drawn_frame(number, SKIN)[0][:, :WHOLE_WIDTH_PX]
        wanted = cv2.resize(frame, (48, 48), interpolation=cv2.INTER_AREA)
        assert np.abs(cache.frames_NHWC[number].astype(int) - wanted).max() <= 1
    np.testing.assert_array_equal(cache.images_NHWC, plain.images_NHWC)


def test_crops_can_t_show_whole_frames_and_that_is_said(tmp_path: Path) -> None:
    with add_faces(tmp_path / "a", 2, skin=SKIN) as faceset:
        steps = face_cache(tmp_path / "c", [faceset], side="src", face_type="full", size_px=32, frame_px=48)
        with pytest.raises(FacesetUnusable, match=r"2 of 2 src faces are crops.*mark-only"):
            list(steps)


def test_masks_come_from_where_they_are_asked_from_and_make_another_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nothing:
        def segment(self, crops_NHWC: np.ndarray, landmarks_N682: np.ndarray) -> np.ndarray:
            return np.zeros(crops_NHWC.shape[:3], np.float32)

    monkeypatch.setitem(SEGMENTERS, "skin", lambda _: Nothing())
    with add_faces(tmp_path / "a", 2, skin=SKIN) as faceset:
        _, plain = opened(tmp_path / "cache", [faceset])
        steps = face_cache(
            tmp_path / "cache", [faceset], side="src", face_type="full", size_px=32, mask_from="skin"
        )
        *built, segmented = steps
    assert was_built(built)  # type: ignore[arg-type]
    assert isinstance(segmented, FaceCache)
    assert plain.masks_NHW3.max() == 255 and segmented.masks_NHW3.max() == 0
    np.testing.assert_array_equal(plain.images_NHWC, segmented.images_NHWC)
