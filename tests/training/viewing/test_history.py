"""One face through the iterations, under the losses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.errors import FacesUnknown
from understudy.media.images import decode_image
from understudy.media.opening import open_clip
from understudy.training.viewing.history import (
    faces_previewed,
    history_sheet,
    moments,
    write_history,
    write_movie,
)
from understudy.training.viewing.sheets import Layout, Preview, write_preview

COLUMNS = ["dst", "dst as src"]


def previewed(model_dir: Path, iteration: int, rows: list[str]) -> None:
    """A sheet in which the swap of face number n has the grey value iteration + n."""
    picture = np.zeros((10 + 40 * len(rows), 80, 3), np.uint8)
    tops = [10 + 40 * n for n in range(len(rows))]
    for n, top in enumerate(tops):
        picture[top : top + 40, 40:] = iteration + n
    write_preview(model_dir, iteration, Preview(picture, Layout(rows, COLUMNS, 40, [0, 40], tops)))


def test_a_face_is_followed_through_sheets_that_show_it_at_other_places(tmp_path: Path) -> None:
    previewed(tmp_path, 10, ["a", "b"])
    previewed(tmp_path, 20, ["b"])
    previewed(tmp_path, 30, ["c"])
    found = moments(tmp_path, face="b")
    assert [m.iteration for m in found] == [10, 20]
    assert [int(m.picture.mean()) for m in found] == [11, 20]
    assert all(m.picture.base is None for m in found)  # the rest of each sheet is not kept with it
    assert faces_previewed(tmp_path) == ["c"]


def test_the_sheet_holds_the_curve_and_at_most_so_many_moments(tmp_path: Path) -> None:
    for iteration in range(1, 101):
        previewed(tmp_path, iteration, ["a", "b", "c"])
    sheet = history_sheet(tmp_path)
    below = sheet[260:]
    assert sheet.shape[1] == below.shape[1] == 8 * 44 + 4
    assert below.shape[0] == 6 * (40 + 18 + 4) + 4  # 48 moments in rows of 8
    assert int(below[4 + 20, 4 + 20, 0]) == 2 and (below == 101).any()  # b, first and last


def test_it_is_written_beside_the_model(tmp_path: Path) -> None:
    previewed(tmp_path, 10, ["a"])
    path = write_history(tmp_path, face="a")
    assert path == tmp_path / "history.png"
    assert decode_image(path.read_bytes(), path=path).shape[2] == 3


def test_a_face_that_was_never_previewed_is_named_with_those_that_were(tmp_path: Path) -> None:
    with pytest.raises(FacesUnknown, match="no previews yet"):
        history_sheet(tmp_path)
    previewed(tmp_path, 10, ["a", "b"])
    with pytest.raises(FacesUnknown, match="a, b"):
        history_sheet(tmp_path, face="z")


def test_a_movie_shows_every_sheet_in_turn(tmp_path: Path) -> None:
    for iteration in (10, 100, 200):
        previewed(tmp_path, iteration, ["a"])
    with open_clip(write_movie(tmp_path)) as clip:
        greys = [int(frame.rgb[300:500, 100:400].mean()) for frame in clip.frames()]
    np.testing.assert_allclose(greys, [10, 100, 200], atol=6)
