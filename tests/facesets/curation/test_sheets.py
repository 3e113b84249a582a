"""Pages and overlays show the faces asked for, beside the faceset and never in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from tests.facesets.curation.conftest import content
from understudy.errors import FacesUnknown, OptionInvalid
from understudy.events import Made, Notice
from understudy.facesets.curation.sheets import _fitted, contact_sheets, landmark_pictures, with_landmarks
from understudy.facesets.store import Faceset
from understudy.geometry import transform_points
from understudy.media.images import read_image


def test_faces_fill_pages_in_their_order(faceset: Faceset, tmp_path: Path) -> None:
    before = content(faceset.folder)
    faces = faceset.faces()[::-1]
    captions = [str(face.record.frame) for face in faces]
    events = list(contact_sheets(faceset, faces, captions, tmp_path / "s", columns=3, rows=2, cell_px=32))
    pages = [event.path for event in events if isinstance(event, Made)]
    assert [page.name for page in pages] == ["sheet-001.jpg", "sheet-002.jpg"]
    first = read_image(pages[0])[6:38, 6:38].astype(float)
    distances = [np.abs(first - faceset.image(face)).mean() for face in faces]
    assert int(np.argmin(distances)) == 0
    assert read_image(pages[1]).shape[1] < read_image(pages[0]).shape[1], "two faces need less room"
    assert content(faceset.folder) == before


def test_pages_of_a_longer_sheet_before_go_and_nothing_of_anybody_else(
    faceset: Faceset, tmp_path: Path
) -> None:
    folder, faces = tmp_path / "s", faceset.faces()
    page = {"columns": 2, "rows": 1, "cell_px": 32}
    list(contact_sheets(faceset, faces, ["x"] * 8, folder, **page))
    foreign = folder / "sheet-009.jpg"
    foreign.write_bytes(faces[0].path.read_bytes())
    (folder / "sheet-003 copy.jpg").write_bytes((folder / "sheet-003.jpg").read_bytes())
    away: list[str] = []
    put_away = lambda path: (away.append(path.name), path.unlink())  # noqa: E731
    events = list(contact_sheets(faceset, faces[:4], ["x"] * 4, folder, **page, put_away=put_away))
    assert away == ["sheet-003.jpg", "sheet-004.jpg"]
    assert [event.text for event in events if isinstance(event, Notice)] == [
        "2 pages of an earlier sheet, which had more, were put away."
    ]
    left = ["sheet-001.jpg", "sheet-002.jpg", "sheet-003 copy.jpg", "sheet-009.jpg"]
    assert sorted(path.name for path in folder.iterdir()) == left


def test_landmarks_are_drawn_where_they_are(faceset: Faceset) -> None:
    face = faceset.faces()[0]
    drawn = with_landmarks(np.zeros((32, 32, 3), np.uint8), face.record, size_px=256)
    points = transform_points(face.record.crop_matrix(), face.record.landmarks()) * 8
    inside = points[((points > 2) & (points < 254)).all(1)].astype(int)
    assert len(inside) > 40
    assert (drawn[inside[:, 1], inside[:, 0]].max(1) > 60).mean() > 0.95
    assert (drawn.max(2) > 60).mean() < 0.3


def test_every_chosen_face_gets_its_picture(faceset: Faceset, tmp_path: Path) -> None:
    list(landmark_pictures(faceset, faceset.faces()[:2], tmp_path / "marks"))
    assert sorted(p.name for p in (tmp_path / "marks").iterdir()) == ["clip-000000-1.jpg", "clip-000001-1.jpg"]
    assert read_image(tmp_path / "marks" / "clip-000000-1.jpg").shape == (512, 512, 3)


def test_nothing_chosen_is_said(faceset: Faceset, tmp_path: Path) -> None:
    with pytest.raises(FacesUnknown, match="nothing to show"):
        list(contact_sheets(faceset, [], [], tmp_path))
    with pytest.raises(FacesUnknown, match="nothing to show"):
        list(landmark_pictures(faceset, [], tmp_path))


@pytest.mark.parametrize(
    "wrong", [{"columns": 0}, {"rows": 0}, {"rows": -1}, {"columns": 101}, {"cell_px": 15}]
)
def test_a_page_that_can_not_be_is_refused_with_the_range(
    faceset: Faceset, tmp_path: Path, wrong: dict[str, int]
) -> None:
    with pytest.raises(OptionInvalid, match="must lie between"):
        list(contact_sheets(faceset, faceset.faces(), [""] * 8, tmp_path / "s", **wrong))  # type: ignore[arg-type]
    assert not (tmp_path / "s").exists()


def test_a_long_name_leaves_room_for_the_value_before_it() -> None:
    font = ImageFont.load_default(12)
    fitted = _fitted("3.71  interview-000037-1", font, 100)
    assert fitted.startswith("3.71  …") and fitted.endswith("-000037-1") and font.getlength(fitted) <= 100
