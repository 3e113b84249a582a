"""A preview is the frame that a merge would write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.media.interlaced import make_interlaced
from tests.merging.conftest import Painter, landmarks
from tests.merging.test_merge import Beginner, run
from understudy.errors import ClipInterlaced, OptionInvalid
from understudy.facesets.store import Faceset
from understudy.media.images import read_image
from understudy.merging.journal import frame_path
from understudy.merging.keeping import KeptSteps
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


# Every option that a slider or a list changes, at a value that is not its default.
TRIED: dict[str, object] = {
    "mode": "hist-match",
    "mask": "full",
    "erode": 0.06,
    "erode_left": 0.05,
    "blur": 0.3,
    "blur_top": 0.1,
    "border": 0.1,
    "steady_mask": 0,
    "steady_frames": 0,
    "steady_face": 0,
    "color": "rct",
    "color_strength": 0.4,
    "color_area": "crop",
    "light_size": 0.6,
    "face_scale": 1.1,
    "sharpen": "unsharp",
    "grain": 1.0,
    "motion_blur": 0.5,
    "super_resolution": "none",
    "color_degrade": 0.5,
    "plate_denoise": 2.0,
    "light": "linear",
}


def test_a_frame_under_changed_settings_is_the_one_that_nothing_was_kept_of(
    movie: Path, faces: Faceset, painter: Painter
) -> None:
    base = MergeOptions(mask="dst-hull")
    with FramePreviews(movie, stored=faces.faces(), predictor=painter) as previews:
        previews.preview_frame(3, base)
        for name, value in TRIED.items():
            options = base.changed(**{name: value})
            with FramePreviews(movie, stored=faces.faces(), predictor=painter) as fresh:
                expected = fresh.preview_frame(3, options).picture
            np.testing.assert_array_equal(previews.preview_frame(3, options).picture, expected, err_msg=name)


@pytest.mark.parametrize(
    ("changed", "anew"),
    [
        ({"grain": 1.0}, set()),
        ({"sharpen": "unsharp", "motion_blur": 0.5}, set()),
        ({"blur": 0.3}, set()),
        ({"color_strength": 0.4}, set()),
        ({"color": "rct"}, {"tone"}),
        ({"steady_face": 1}, {"steadied paint"}),
    ],
)
def test_a_changed_setting_does_anew_what_it_touches_and_no_more(
    movie: Path,
    faces: Faceset,
    painter: Painter,
    changed: dict,
    anew: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: set[str] = set()
    of = KeptSteps.of
    monkeypatch.setattr(
        KeptSteps,
        "of",
        lambda self, step, things, make: of(self, step, things, lambda: (made.add(step), make())[1]),
    )
    base = MergeOptions(mask="dst-hull", steady_face=2)
    with FramePreviews(movie, stored=faces.faces(), predictor=painter) as previews:
        previews.preview_frame(3, base)
        assert made == {"crop", "tone", "steadied paint"}
        made.clear()
        previews.preview_frame(3, base.changed(**changed))
    assert made == anew


def test_the_mask_of_a_frame_is_the_one_that_is_kept_beside_it(
    movie: Path, faces: Faceset, painter: Painter
) -> None:
    options = MergeOptions(mask="dst-hull", blur=0.2)
    with FramePreviews(movie, stored=faces.faces(), predictor=painter) as previews:
        mask = previews.mask_frame(3, options)
        seen = previews.preview_frame(3, options)
        changed = (seen.picture != seen.plate).any(axis=2)
        assert mask.dtype == np.uint8 and mask.max() == 255 and mask[changed].all()
        assert (mask > 0).sum() < (previews.mask_frame(3, options.changed(erode=-0.1)) > 0).sum()
        assert not previews.mask_frame(7, options).any()  # without a face


def test_a_mode_that_leaves_the_frame_says_so_instead_of_seeming_to_do_nothing(
    movie: Path, faces: Faceset, painter: Painter
) -> None:
    with FramePreviews(movie, stored=faces.faces(), predictor=painter) as previews:
        shown = previews.preview_frame(3, MergeOptions(mode="raw-layers"))
        assert (shown.picture == shown.plate).all()
        assert "(raw-layers); what is painted lies in files beside it" in shown.reason
        assert previews.preview_frame(3, MergeOptions(mode="original")).reason.endswith("(original)")
        assert previews.preview_frame(3, MergeOptions(mask="dst-hull")).reason == ""


def test_where_the_hull_stands_in_for_a_mask_that_is_not_learnt_the_preview_says_so(
    movie: Path, faces: Faceset
) -> None:
    with FramePreviews(movie, stored=faces.faces(), predictor=Beginner()) as previews:
        assert "stands in for the model's mask" in previews.preview_frame(3, MergeOptions()).reason
        assert previews.preview_frame(3, MergeOptions(mask="dst-hull")).reason == ""
        assert previews.preview_frame(3, MergeOptions(mode="original")).reason.endswith("(original)")
