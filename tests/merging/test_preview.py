"""A preview is the frame that a merge would write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.media.interlaced import make_interlaced
from tests.merging.conftest import Painter, landmarks
from tests.merging.test_merge import run
from understudy.errors import ClipInterlaced, OptionInvalid
from understudy.facesets.store import Faceset
from understudy.media.images import read_image
from understudy.merging.journal import frame_path
from understudy.merging.options import MergeOptions
from understudy.merging.preview import FramePreviews

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]


@pytest.fixture
def faces(faceset: MakeFaceset) -> Faceset:
    return faceset({frame: [landmarks(56 + 2 * frame)] for frame in (1, 2, 3, 4, 5)})


def test_interlaced_footage_has_no_preview(faces: Faceset, painter: Painter, tmp_path: Path) -> None:
    film = make_interlaced(tmp_path / "v.mov")
    with pytest.raises(ClipInterlaced, match="clip deinterlace"):
        FramePreviews(film, stored=faces.faces(), predictor=painter)


@pytest.mark.parametrize(
    "values", [{}, {"mode": "seamless", "color": "rct"}, {"mode": "raw-predict"}, {"light": "linear"}]
)
def test_a_preview_is_the_picture_of_the_merge_to_the_last_bit(
    values: dict, movie: Path, faces: Faceset, painter: Painter, tmp_path: Path
) -> None:
    options = MergeOptions(mask="dst-hull").changed(**values)
    run(movie, faces, painter, tmp_path / "merged", options)
    with FramePreviews(movie, stored=faces.faces(), predictor=painter, clip_name="dst") as previews:
        for frame in (3, 1, 5):
            shown = previews.preview_frame(frame, options)
            np.testing.assert_array_equal(shown.picture, read_image(frame_path(tmp_path / "merged", frame)))
            assert not shown.reason and shown.plate.shape == (96, 128, 3)


def test_other_settings_need_no_other_painting(movie: Path, faces: Faceset, painter: Painter) -> None:
    with FramePreviews(movie, stored=faces.faces(), predictor=painter) as previews:
        first = previews.preview_frame(3, MergeOptions(mask="dst-hull"))
        painted = painter.painted
        other = previews.preview_frame(3, MergeOptions(mask="dst-hull", blur=0.3, mode="seamless"))
        assert painter.painted == painted
        assert (other.picture != first.picture).any()


def test_a_frame_without_a_face_is_dst_s_own_and_says_so(movie: Path, faces: Faceset, painter: Painter) -> None:
    with FramePreviews(movie, stored=faces.faces(), predictor=painter) as previews:
        shown = previews.preview_frame(7, MergeOptions())
        assert "no face" in shown.reason
        np.testing.assert_array_equal(shown.picture, shown.plate)
        assert not previews.preview_frame(7, MergeOptions(mode="raw-mask")).picture.any()
        with pytest.raises(OptionInvalid, match="8"):
            previews.preview_frame(8, MergeOptions())
