"""Another clip's frames to paint into: which frame and place go with dst's, and what a merge makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.media.interlaced import make_interlaced, make_partly_interlaced
from tests.merging.conftest import Painter, landmarks, record
from understudy.errors import ClipInterlaced, FacesetUnusable
from understudy.facesets.store import Faceset
from understudy.media.images import encode_png, read_image
from understudy.merging import merge as merge_room
from understudy.merging.journal import merge_facts
from understudy.merging.merge import merge
from understudy.merging.options import MergeOptions
from understudy.merging.plate import Plate, PlateFootage

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]
INTO = MergeOptions(
    color="none", steady_frames=0, steady_mask=0, steady_face=0, mask="dst-hull", plate="src", layers="none"
)


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """Five frames of 160 x 120, bluer from one to the next."""
    folder = tmp_path / "src"
    folder.mkdir()
    for frame in range(5):
        picture = np.zeros((120, 160, 3), np.uint8)
        picture[..., 2] = 40 * frame + 40
        (folder / f"{frame}.png").write_bytes(encode_png(picture))
    return folder


def footage(src: Path, *frames: int) -> PlateFootage:
    faces = [record(frame, landmarks(100, 60 + frame, width_px=40), clip="src") for frame in frames]
    return PlateFootage(src, "src", faces)


def test_the_frame_of_the_same_number_goes_with_dsts_or_the_nearest_that_shows_a_face(src: Path) -> None:
    with Plate(footage(src, 0, 1, 4)) as plate:
        assert [plate.face_for(frame).frame for frame in range(8)] == [0, 1, 1, 4, 4, 4, 4, 4]
        assert [int(plate.frame_for(frame).rgb[0, 0, 2]) for frame in (0, 3, 7, 1)] == [40, 200, 200, 80]


def test_where_several_are_seen_the_largest_is_meant(src: Path) -> None:
    small, large = record(2, landmarks(30, width_px=10)), record(2, landmarks(90, width_px=30))
    with Plate(PlateFootage(src, "src", [small, large, small])) as plate:
        assert plate.face_for(2) is large


def test_an_interlaced_plate_is_refused_also_where_only_a_later_frame_says_so(tmp_path: Path) -> None:
    with pytest.raises(ClipInterlaced, match="clip deinterlace"):
        Plate(footage(make_interlaced(tmp_path / "v.mov"), 0))
    with Plate(footage(make_partly_interlaced(tmp_path / "v.ts"), 0, 9)) as plate:
        plate.frame_for(0)
        with pytest.raises(ClipInterlaced):
            plate.frame_for(9)


def test_footage_without_faces_is_refused(src: Path) -> None:
    with pytest.raises(FacesetUnusable, match=r"'src'.*understudy extract"):
        PlateFootage(src, "src", [])


def merged(
    movie: Path, faces: Faceset, plate: PlateFootage, folder: Path, options: MergeOptions = INTO
) -> dict:
    *_, finished = merge(movie, faces=faces, predictor=Painter(), folder=folder, options=options, plate=plate)
    return finished.summary


def test_the_face_is_painted_into_the_other_clips_frame_at_the_place_of_its_face(
    movie: Path, faceset: MakeFaceset, src: Path, tmp_path: Path
) -> None:
    faces = faceset({frame: [landmarks(30)] for frame in (0, 1, 2)})
    merged(movie, faces, footage(src, 0, 1, 2, 3, 4), tmp_path / "m")
    for frame in range(3):
        picture = read_image(tmp_path / "m" / f"{frame:06d}.png")
        assert picture.shape == (120, 160, 3)
        assert np.abs(picture[62 + frame, 100].astype(int) - [230, 51, 51]).max() <= 3, (
            "painted where src's face is"
        )
        assert (picture[:, :40] == [0, 0, 40 * frame + 40]).all(), "and src's frame is untouched around it"


def test_the_plate_goes_on_where_dst_has_no_face(
    movie: Path, faceset: MakeFaceset, src: Path, tmp_path: Path
) -> None:
    faces = faceset({frame: [landmarks(30)] for frame in (0, 1)})
    summary = merged(movie, faces, footage(src, 0, 1, 2, 3, 4), tmp_path / "m")
    blues = [int(read_image(tmp_path / "m" / f"{frame:06d}.png")[0, 0, 2]) for frame in range(8)]
    assert blues == [40, 80, 120, 160, 200, 200, 200, 200]
    assert [entry["frame"] for entry in summary["unswapped"]] == [2, 3, 4, 5, 6, 7]
    assert merge_facts(tmp_path / "m").plate == "src"
    assert merged(movie, faces, footage(src, 0, 1, 2, 3, 4), tmp_path / "m")["made_now"] == 0
    assert len(list((tmp_path / "m").glob("*.png"))) == 8


def test_a_face_that_moves_in_the_plate_makes_its_frames_again(
    movie: Path, faceset: MakeFaceset, src: Path, tmp_path: Path
) -> None:
    faces = faceset({frame: [landmarks(30)] for frame in range(4)})
    plate = footage(src, 0, 1, 2, 3)
    merged(movie, faces, plate, tmp_path / "m")
    moved = [*plate.faces[:2], record(2, landmarks(60, width_px=40), clip="src"), plate.faces[3]]
    assert merged(movie, faces, PlateFootage(src, "src", moved), tmp_path / "m")["made_now"] == 1


def test_another_plate_under_the_same_name_makes_its_frames_again(
    movie: Path, faceset: MakeFaceset, src: Path, tmp_path: Path
) -> None:
    faces, plate = faceset({frame: [landmarks(30)] for frame in range(4)}), footage(src, 0, 1, 2, 3)
    merged(movie, faces, replace(plate, sha256="1"), tmp_path / "m")
    assert merged(movie, faces, replace(plate, sha256="1"), tmp_path / "m")["made_now"] == 0
    assert merged(movie, faces, replace(plate, sha256="2"), tmp_path / "m")["made_now"] == 4


def test_between_faces_no_older_plate_is_shown_though_a_merge_into_another_one_was_killed_there(
    movie: Path, faceset: MakeFaceset, src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces, plate, folder = faceset({0: [landmarks(30)]}), footage(src, 0, 1, 2, 3, 4), tmp_path / "m"
    merged(movie, faces, replace(plate, sha256="1"), folder)
    for picture in src.iterdir():
        picture.write_bytes(encode_png(255 - read_image(picture)))
    with monkeypatch.context() as patch:
        patch.setattr(merge_room, "write_merged", _killed)
        with pytest.raises(KeyboardInterrupt):
            merged(movie, faces, replace(plate, sha256="2"), folder)
    merged(movie, faces, replace(plate, sha256="2"), folder)
    blues = [int(read_image(folder / f"{frame:06d}.png")[0, 0, 2]) for frame in range(8)]
    assert blues == [215, 175, 135, 95, 55, 55, 55, 55]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_without_a_plate_its_pictures_go_away(
    movie: Path, faceset: MakeFaceset, src: Path, tmp_path: Path
) -> None:
    faces = faceset({0: [landmarks(30)]})
    merged(movie, faces, footage(src, 0, 1), tmp_path / "m")
    list(merge(movie, faces=faces, predictor=Painter(), folder=tmp_path / "m", options=INTO.changed(plate="")))
    assert [path.name for path in (tmp_path / "m").glob("*.png")] == ["000000.png"]
    assert read_image(tmp_path / "m" / "000000.png").shape == (96, 128, 3)


def test_mattes_of_a_plate_are_as_large_as_it_and_black_where_dst_has_no_face(
    movie: Path, faceset: MakeFaceset, src: Path, tmp_path: Path
) -> None:
    faces, plate, folder = faceset({1: [landmarks(30)]}), footage(src, 0, 1, 2, 3, 4), tmp_path / "m"
    merged(movie, faces, plate, folder)  # whose pictures of the plate may not stay among the mattes
    for _ in range(2):
        merged(movie, faces, plate, folder, INTO.changed(mode="raw-mask"))
        mattes = [read_image(folder / f"{frame:06d}.png") for frame in range(8)]
        assert {matte.shape for matte in mattes} == {(120, 160, 3)}
        assert [bool(matte.any()) for matte in mattes] == [frame == 1 for frame in range(8)]
    merged(movie, faces, plate, folder)
    assert [int(read_image(folder / f"{frame:06d}.png")[0, 0, 2]) for frame in (0, 3)] == [40, 160]


def test_room_is_asked_for_frames_of_the_plates_size(
    movie: Path, faceset: MakeFaceset, src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[int]()
    monkeypatch.setattr(
        merge_room, "require_free_space", lambda folder, *, needed_bytes: asked.append(needed_bytes)
    )
    merged(movie, faceset({1: [landmarks(30)]}), footage(src, 0, 1), tmp_path / "m")
    assert asked == [int(160 * 120 * 3 * 0.6)]
