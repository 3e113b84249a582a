"""The cache holds what the facesets hold, as the model wants it, and is made anew only when they change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import add_faces, drawn_frame
from understudy.errors import FacesetUnusable
from understudy.events import Event, Notice, StageStarted
from understudy.faces.align import crop
from understudy.facesets.store import Faceset
from understudy.geometry import crop_from_frame
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
    face, eyes, mouth = (cache.masks_NHW3[..., kind].astype(int) for kind in (0, 1, 2))
    assert face.max() == eyes.max() == mouth.max() == 255
    for part in (eyes, mouth):
        assert (part <= face).all() and 0 < part.sum() < face.sum()
    rows = np.arange(whole)[:, None]
    assert (eyes[0] * rows).sum() / eyes[0].sum() < (mouth[0] * rows).sum() / mouth[0].sum()
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


def test_half_built_caches_are_not_used_and_no_leftovers_stay(tmp_path: Path) -> None:
    with add_faces(tmp_path / "a", 30, skin=SKIN) as faceset:
        steps = face_cache(tmp_path / "cache", [faceset], side="src", face_type="full", size_px=32)
        next(steps), next(steps)
        steps.close()  # type: ignore[attr-defined]
        assert not list((tmp_path / "cache").iterdir())
        events, cache = opened(tmp_path / "cache", [faceset])
    assert was_built(events) and len(cache) == 30


def test_no_faces_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FacesetUnusable, match="no src faces"):
        opened(tmp_path / "cache", [Faceset(tmp_path / "none")])
