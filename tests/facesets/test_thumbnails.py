"""Thumbnails are made once, kept under the content they show, and never show another."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from understudy.errors import ImageUnreadable
from understudy.facesets.store import Faceset, StoredFace
from understudy.facesets.thumbnails import SIDE_PX, Thumbnails, key_of, thumbnail_jpeg


def picture(jpeg: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def one_face(faceset: Faceset, size_px: int, **changes: object) -> tuple[StoredFace, bytes]:
    smooth = cv2.resize(noise(8, seed=size_px), (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    face = faceset.add(smooth, make_record(size_px=size_px, **changes))
    return face, faceset.digests()[face.name]


@pytest.mark.parametrize("size_px", [64, 128, 200, 256, 520, 1100])
def test_a_thumbnail_decoded_small_looks_like_one_of_the_whole_picture(tmp_path: Path, size_px: int) -> None:
    with Faceset(tmp_path) as faceset:
        face, digest = one_face(faceset, size_px)
        whole = cv2.resize(faceset.image(face), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
        small = picture(thumbnail_jpeg(faceset, face, digest))
    assert np.abs(small.astype(int) - whole).mean() < 4


def test_a_mark_only_face_shows_the_face_and_not_its_frame(tmp_path: Path) -> None:
    with Faceset(tmp_path) as faceset:
        record = make_record(face_type="mark-only", size_px=200, crop_from_frame=[[1, 0, 0], [0, 1, 0]])
        face = faceset.add(cv2.resize(noise(8), (200, 180)), record)
        cut = cv2.resize(faceset.crop_of(face)[0], (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
        small = picture(thumbnail_jpeg(faceset, face, faceset.digests()[face.name]))
    assert np.abs(small.astype(int) - cut).mean() < 6


def test_what_is_kept_is_not_made_again_also_by_the_next_process(tmp_path: Path) -> None:
    made = []

    def make() -> bytes:
        made.append(1)
        return b"jpeg"

    for _ in range(2):
        thumbnails = Thumbnails(tmp_path / "cache" / "thumbnails.sqlite")
        assert thumbnails.of(dict.fromkeys([5, -7], make)) == {5: b"jpeg", -7: b"jpeg"}
        thumbnails.close()
    assert len(made) == 2


def test_a_face_that_cannot_be_read_has_none_and_stops_no_other(tmp_path: Path) -> None:
    def broken() -> bytes:
        raise ImageUnreadable("torn")

    thumbnails = Thumbnails(tmp_path / "t.sqlite")
    assert thumbnails.of({1: broken, 2: lambda: b"jpeg"}) == {2: b"jpeg"}
    assert len(thumbnails) == 1


def test_a_face_painted_since_is_not_kept_under_its_old_content(tmp_path: Path) -> None:
    with Faceset(tmp_path) as faceset:
        face, digest = one_face(faceset, 64)
        faceset.add(noise(64, seed=9), face.record)
        with pytest.raises(ImageUnreadable, match="changed just now"):
            thumbnail_jpeg(faceset, face, digest)
        assert key_of(digest) != key_of(faceset.digests()[face.name])


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    path.write_bytes(b"this is no database at all" * 50)
    thumbnails = Thumbnails(path)
    thumbnails.of({1: lambda: b"jpeg"})
    thumbnails.close()
    assert Thumbnails(path).of({1: pytest.fail}) == {1: b"jpeg"}
