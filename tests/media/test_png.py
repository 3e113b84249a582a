"""PNG files of our own writer are what every reader takes them for."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from understudy.media import png
from understudy.media.png import png_of


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    deep=st.booleans(),
    grey=st.booleans(),
    seed=st.integers(0, 99),
)
def test_opencv_reads_back_exactly_what_was_written(
    height: int, width: int, deep: bool, grey: bool, seed: int
) -> None:
    kind = np.uint16 if deep else np.uint8
    shape = (height, width) if grey else (height, width, 3)
    picture = np.random.default_rng(seed).integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)
    read = cv2.imdecode(np.frombuffer(png_of(picture), np.uint8), cv2.IMREAD_UNCHANGED)
    assert read.dtype == kind
    np.testing.assert_array_equal(read if grey else read[..., ::-1], picture)


def test_pillow_checks_every_sum_and_finds_nothing() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (33, 21, 3)).astype(np.uint8)
    with Image.open(io.BytesIO(png_of(picture))) as image:
        image.verify()
    with Image.open(io.BytesIO(png_of(picture))) as image:
        np.testing.assert_array_equal(np.asarray(image), picture)


def test_views_with_any_strides_are_written_as_they_look() -> None:
    picture = np.random.default_rng(0).integers(0, 65536, (20, 30, 3)).astype(np.uint16)
    for view in (picture[::-1], picture[:, ::2], picture[..., ::-1], picture[3:9, 4:8]):
        assert png_of(view) == png_of(view.copy())


def test_smooth_pictures_become_small() -> None:
    y, x = np.mgrid[0:200, 0:300]
    picture = np.stack([x // 2, y, x // 3 + y // 2], axis=-1).astype(np.uint8)
    assert len(png_of(picture)) < picture.size / 20


def test_data_longer_than_a_chunk_may_be_is_cut_into_several(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (30, 30, 3)).astype(np.uint8)
    monkeypatch.setattr(png, "_MOST_IN_A_CHUNK", 1000)
    data = png_of(picture)
    assert data.count(b"IDAT") == 3
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), -1)[..., ::-1], picture)


@pytest.mark.parametrize(
    "picture", [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8)]
)
def test_what_has_no_place_in_a_png_here_is_refused(picture: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no PNG can be made"):
        png_of(picture)
