"""A model that paints src's whole frame fills the plate's frame; what can't be is said at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import Painter, landmarks, record
from understudy.errors import OptionInvalid
from understudy.events import Notice
from understudy.facesets.store import Faceset
from understudy.media.images import encode_png, read_image
from understudy.merging.merge import merge
from understudy.merging.options import MergeOptions
from understudy.merging.plate import PlateFootage
from understudy.merging.preview import FramePreviews
from understudy.merging.whole_frames import whole_frame_options
from understudy.networks.swap import Prediction

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]
HIGH, WIDE = 120, 160


class PaintsFrames(Painter):
    """Paints a ramp, red from left to right and green downwards; blue is how bright frame t-1 is."""

    face_type = "full-no-align"
    name = "news"
    frames_together = 3
    paints_frame = True

    def predict_runs(self, runs_NTHWC: np.ndarray) -> Prediction:
        count = len(runs_NTHWC)
        ramp = (np.arange(32, dtype=np.float32) + 0.5) / 32
        painted = np.zeros((count, 32, 32, 3), np.float32)
        painted[..., 0], painted[..., 1] = ramp, ramp[:, None]
        painted[..., 2] = runs_NTHWC[:, 0].mean((1, 2, 3))[:, None, None] / 255
        ones = np.ones((count, 32, 32), np.float32)
        return Prediction(painted, ones, ones)


@pytest.fixture
def greys(tmp_path: Path) -> Path:
    """dst: four frames of grey 40, 80, 120, 160."""
    folder = tmp_path / "greys"
    folder.mkdir()
    for frame in range(4):
        (folder / f"{frame}.png").write_bytes(encode_png(np.full((96, 128, 3), 40 * frame + 40, np.uint8)))
    return folder


@pytest.fixture
def plate(tmp_path: Path) -> PlateFootage:
    """src: four black frames of another shape than dst's."""
    folder = tmp_path / "src"
    folder.mkdir()
    for frame in range(4):
        (folder / f"{frame}.png").write_bytes(encode_png(np.zeros((HIGH, WIDE, 3), np.uint8)))
    faces = [record(frame, landmarks(100, 60, width_px=40), clip="src") for frame in range(4)]
    return PlateFootage(folder, "src", faces)


@pytest.fixture
def faces(faceset: MakeFaceset) -> Faceset:
    return faceset({frame: [landmarks(60)] for frame in range(4)})


def pictures(clip: Path, faces: Faceset, plate: PlateFootage | None, folder: Path, **options: object):
    """The merged frames, and what was said."""
    said = MergeOptions.model_validate({"plate": "src" if plate else "", "layers": "none"} | options)
    events = list(merge(clip, faces=faces, predictor=PaintsFrames(), folder=folder, options=said, plate=plate))
    notices = [event.text for event in events if isinstance(event, Notice)]
    return [read_image(folder / f"{frame:06d}.png") for frame in range(4)], notices


def test_the_plates_frame_is_filled_to_its_edges_whatever_its_shape(
    greys: Path, faces: Faceset, plate: PlateFootage, tmp_path: Path
) -> None:
    merged, notices = pictures(greys, faces, plate, tmp_path / "m")
    picture = merged[2].astype(int)
    assert picture.shape == (HIGH, WIDE, 3) and notices == []
    red, green = (np.clip((np.arange(n) + 0.5) / n, 1 / 64, 63 / 64) * 255 for n in (WIDE, HIGH))
    assert np.abs(picture[..., 0] - red).max() <= 4
    assert np.abs(picture[..., 1] - green[:, None]).max() <= 4


def test_dsts_frame_before_is_seen(greys: Path, faces: Faceset, plate: PlateFootage, tmp_path: Path) -> None:
    merged, _ = pictures(greys, faces, plate, tmp_path / "m")
    assert [int(picture[60, 80, 2]) for picture in merged] == [40, 40, 80, 120]


def test_a_preview_shows_the_same(greys: Path, faces: Faceset, plate: PlateFootage, tmp_path: Path) -> None:
    merged, _ = pictures(greys, faces, plate, tmp_path / "m")
    with FramePreviews(greys, stored=faces.faces(), predictor=PaintsFrames(), plate=plate) as previews:
        shown = previews.preview_frame(2, MergeOptions(plate="src"))
    np.testing.assert_array_equal(shown.picture, merged[2])


def test_settings_of_an_edge_do_nothing_and_that_is_said(
    greys: Path, faces: Faceset, plate: PlateFootage, tmp_path: Path
) -> None:
    plain, _ = pictures(greys, faces, plate, tmp_path / "plain")
    asked = {"erode": 0.2, "color": "rct", "face_scale": 1.2, "mode": "seamless"}
    same, notices = pictures(greys, faces, plate, tmp_path / "same", **asked)
    np.testing.assert_array_equal(same[1], plain[1])
    assert len(notices) == 1 and "'news'" in notices[0]
    assert "erode" in notices[0] and "face_scale" in notices[0] and "mode" in notices[0]


@pytest.mark.parametrize("asked", [{"color_degrade": 0.9}, {"grain": 1.0}, {"mode": "original"}])
def test_what_is_done_to_the_picture_counts(
    greys: Path, faces: Faceset, plate: PlateFootage, tmp_path: Path, asked: dict[str, object]
) -> None:
    said = MergeOptions.model_validate(asked)
    counted = whole_frame_options(said)
    assert all(getattr(counted, name) == value for name, value in asked.items())
    if "grain" not in asked:  # the plate has none
        plain, _ = pictures(greys, faces, plate, tmp_path / "plain")
        other, _ = pictures(greys, faces, plate, tmp_path / "other", **asked)
        assert not np.array_equal(plain[1], other[1])


def test_dsts_own_footage_is_refused_and_its_squares_are_not(
    greys: Path, faces: Faceset, tmp_path: Path
) -> None:
    with pytest.raises(OptionInvalid, match=r"'news' paints src's whole frame.*--plate"):
        pictures(greys, faces, None, tmp_path / "m")
    squares, _ = pictures(greys, faces, None, tmp_path / "m", mode="raw-predict")
    assert squares[1].shape == (32, 32, 3) and int(squares[1][0, 31, 0]) > 240


def test_a_frame_with_several_faces_is_refused(
    greys: Path, faceset: MakeFaceset, plate: PlateFootage, tmp_path: Path
) -> None:
    two = faceset({0: [landmarks(40), landmarks(90)]})
    with pytest.raises(OptionInvalid, match="Frame 0 shows 2 faces"):
        pictures(greys, two, plate, tmp_path / "m")
