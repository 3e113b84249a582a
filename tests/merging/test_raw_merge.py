"""Raw modes through the whole merge: as many pictures as frames, and what encode makes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import HEIGHT, WIDTH, Painter, landmarks
from tests.merging.test_merge import run
from understudy.errors import OptionInvalid
from understudy.facesets.store import Faceset
from understudy.media.images import read_image
from understudy.media.opening import open_clip
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.journal import frame_path
from understudy.merging.options import MergeOptions

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]
PLAIN = MergeOptions(color="none", steady_frames=0, steady_face=0, mask="dst-hull")


def test_raw_predict_gives_a_square_for_every_frame_and_black_where_there_is_no_face(
    images: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    folder, options = tmp_path / "merged", PLAIN.changed(mode="raw-predict")
    faces = faceset({1: [landmarks()], 4: [landmarks(-300)]})
    finished = run(images, faces, painter, folder, options)
    assert finished.summary["swapped"] == 2  # the face outside the frame was painted all the same
    squares = [read_image(frame_path(folder, frame)) for frame in range(6)]
    assert {square.shape for square in squares} == {(32, 32, 3)}
    assert [bool(square.any()) for square in squares] == [False, True, False, False, True, False]
    again = run(images, faces, painter, folder, options)
    assert again.skipped


def test_black_pictures_go_when_frames_are_wanted_again(
    images: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    folder, faces = tmp_path / "merged", faceset({1: [landmarks()]})
    run(images, faces, painter, folder, PLAIN.changed(mode="raw-predict"))
    run(images, faces, painter, folder, PLAIN.changed(mode="raw-mask"))
    assert {read_image(frame_path(folder, frame)).shape for frame in range(6)} == {(HEIGHT, WIDTH, 3)}
    run(images, faces, painter, folder, PLAIN)
    assert [path.name for path in sorted(folder.glob("0*"))] == ["000001.png"]


def test_the_model_s_squares_are_not_made_into_a_movie_of_dst(
    images: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    folder = tmp_path / "merged"
    run(images, faceset({1: [landmarks()]}), painter, folder, PLAIN.changed(mode="raw-predict"))
    out = tmp_path / "out.mkv"
    with pytest.raises(OptionInvalid, match="raw-predict"):
        list(encode(images, merged_folder=folder, out=out, options=EncodeOptions()))
    assert not out.exists()


def test_raw_masks_become_a_movie_as_long_as_dst(
    images: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    folder, out = tmp_path / "merged", tmp_path / "mask.mkv"
    run(images, faceset({1: [landmarks()]}), painter, folder, PLAIN.changed(mode="raw-mask"))
    list(encode(images, merged_folder=folder, out=out, options=EncodeOptions(codec="ffv1")))
    with open_clip(out) as clip:
        means = [frame.rgb.mean() for frame in clip.frames()]
    assert len(means) == 6 and means[1] > 5 and max(means[0], *means[2:]) < 0.5
