"""Another size or face type comes from the frames where they are, and says what it loses where they aren't."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.facesets.conftest import make_record
from tests.facesets.curation.conftest import content
from understudy.errors import OptionInvalid
from understudy.events import Notice, StageFinished
from understudy.faces.align import crop
from understudy.facesets.curation.history import History
from understudy.facesets.curation.recut import Shape, recut
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.record import Polygon
from understudy.facesets.store import Faceset
from understudy.files import write_bytes
from understudy.geometry import crop_from_frame
from understudy.media.images import encode_png

FRAMES = 3


def frame_picture(number: int) -> np.ndarray:
    """A frame with soft and fine structure, 200 x 180."""
    chance = np.random.default_rng(number)
    coarse = cv2.resize(chance.integers(0, 255, (18, 20, 3)).astype(np.float32), (200, 180))
    fine = chance.normal(0, 20, (180, 200, 3))
    return np.clip(coarse + fine, 0, 255).astype(np.uint8)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    folder = tmp_path / "clip"
    for number in range(FRAMES):
        write_bytes(folder / f"{number:03d}.png", encode_png(frame_picture(number)))
    return folder


@pytest.fixture
def cut(tmp_path: Path) -> Iterator[Faceset]:
    """The clip's faces as PNG, 64 px, with a polygon."""
    corners = [(90.0, 80.0), (120.0, 80.0), (100.0, 110.0)]
    with Faceset(tmp_path / "facesets" / "src" / "main") as faceset:
        for number in range(FRAMES):
            polygons = [Polygon(kind="include", points=corners)]
            record = make_record(clip="clip", frame=number).model_copy(update={"polygons": polygons})
            picture = crop(frame_picture(number), record.crop_matrix(), 64)
            faceset.add(picture, record, image_format="png")
        yield faceset


def _recut(faceset: Faceset, shape: Shape, clip: Path | None, trash: Path) -> tuple[dict, list[str]]:
    events = list(recut(faceset, faceset.faces(), shape, clip_of=lambda _: clip, trash=trash, verb="resize"))
    (finished,) = [event for event in events if isinstance(event, StageFinished)]
    return finished.summary, [event.text for event in events if isinstance(event, Notice)]


def test_faces_are_cut_anew_from_their_frames_at_full_quality(cut: Faceset, clip: Path, trash: Path) -> None:
    before = {face.name: face.record for face in cut.faces()}
    summary, notices = _recut(cut, Shape(size_px=160, face_type="whole"), clip, trash)
    assert summary == {"faces": 3, "from_frames": 3, "from_pictures": 0} and notices == []
    for face in cut.faces():
        old, record = before[face.name], face.record
        matrix = crop_from_frame(old.landmarks(), face_type="whole", size_px=160)
        np.testing.assert_allclose(record.crop_matrix(), matrix, atol=1e-8)
        np.testing.assert_array_equal(cut.image(face), crop(frame_picture(record.frame), matrix, 160))
        changed = {"size_px", "face_type", "crop_from_frame", "sharpness"}
        assert record.model_dump(exclude=changed) == old.model_dump(exclude=changed)
        assert record.polygons


def test_without_the_clip_the_picture_serves_and_the_loss_is_told(
    cut: Faceset, clip: Path, trash: Path
) -> None:
    summary, notices = _recut(cut, Shape(size_px=128), None, trash)
    assert summary["from_pictures"] == 3
    assert len(notices) == 1 and "the clip isn't here" in notices[0] and "gain no detail" in notices[0]
    face = cut.faces()[1]
    truth = crop(frame_picture(1), face.record.crop_matrix(), 128).astype(float)
    assert np.abs(cut.image(face).astype(float) - truth).mean() < 12, "in the same place"


def test_a_clip_that_was_exchanged_is_not_trusted(cut: Faceset, clip: Path, trash: Path) -> None:
    with Journal(cut.folder) as journal:
        journal.note_face("clip", content="another", frame=0, person=1)
    summary, notices = _recut(cut, Shape(size_px=128), clip, trash)
    assert summary["from_frames"] == 0 and "is another one now" in notices[0]


def test_a_frame_that_is_missing_costs_only_its_own_face(cut: Faceset, clip: Path, trash: Path) -> None:
    (clip / "002.png").unlink()
    summary, notices = _recut(cut, Shape(size_px=128), clip, trash)
    assert (summary["from_frames"], summary["from_pictures"]) == (2, 1)
    assert "1 face of clip" in notices[0]


def test_it_is_one_step_that_is_taken_back_to_the_byte(cut: Faceset, clip: Path, trash: Path) -> None:
    before = content(cut.folder)
    _recut(cut, Shape(face_type="head"), clip, trash)
    after = content(cut.folder)
    assert sorted(after) == sorted(before) and after != before
    entry, surprises = History(cut.folder, trash).undo()
    assert (entry.words, surprises) == ("resize 3 faces (head)", [])
    assert content(cut.folder) == before
    History(cut.folder, trash).redo()
    assert content(cut.folder) == after


def test_faces_that_are_so_already_are_left_alone(cut: Faceset, clip: Path, trash: Path) -> None:
    before = content(cut.folder)
    assert _recut(cut, Shape(size_px=64, face_type="full"), clip, trash)[0]["faces"] == 0
    assert content(cut.folder) == before and History(cut.folder, trash).entries() == []


def test_stopping_in_the_middle_changes_nothing(cut: Faceset, clip: Path, trash: Path) -> None:
    before = content(cut.folder)
    running = recut(cut, cut.faces(), Shape(size_px=128), clip_of=lambda _: clip, trash=trash, verb="resize")
    for _ in range(3):
        next(running)
    running.close()
    assert content(cut.folder) == before and History(cut.folder, trash).entries() == []
    assert list(trash.rglob("*.png")) == []


@pytest.mark.parametrize(
    "shape", [Shape(), Shape(size_px=8), Shape(size_px=99999), Shape(face_type="mark-only")]
)
def test_what_can_not_be_is_refused(cut: Faceset, clip: Path, trash: Path, shape: Shape) -> None:
    with pytest.raises(OptionInvalid):
        _recut(cut, shape, clip, trash)
