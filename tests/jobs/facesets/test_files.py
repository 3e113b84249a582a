"""Faces of a project change their shape from the project's own clips, and facesets travel in one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from understudy.errors import OptionInvalid, PackUnreadable
from understudy.events import Notice, StageFinished
from understudy.facesets.curation.choose import Choice
from understudy.jobs.facesets import curating, files
from understudy.project.project import Project


@pytest.fixture
def filled(project: Project) -> Project:
    """Three faces of the src clip, a grey wall of 64 x 48, in src/main."""
    with project.faceset("src") as faceset:
        for frame in range(3):
            record = make_record(clip="src", frame=frame, size_px=32, frame_size=(64, 48))
            faceset.add(noise(32, seed=frame), record)
    return project


def test_the_projects_clip_is_where_faces_are_cut_from(filled: Project) -> None:
    events = list(files.recut_faces(filled, "src", Choice(limit=2), size_px=64))
    assert not [event for event in events if isinstance(event, Notice)]
    assert isinstance(events[-1], StageFinished) and events[-1].summary["from_frames"] == 2
    with filled.faceset("src") as faceset:
        pictures = [faceset.image(face) for face in faceset.faces()]
    assert [picture.shape[0] for picture in pictures] == [64, 64, 32]
    assert np.abs(pictures[0].astype(int) - 90).max() < 12, "the wall, not the old picture's noise"
    assert curating.history(filled, "src")[0].words == "resize 2 faces (64 px)"


def test_looking_first_cuts_and_unpacks_nothing(filled: Project) -> None:
    (would,) = files.recut_faces(filled, "src", Choice(), size_px=64, dry_run=True)
    assert isinstance(would, Notice) and would.text == "3 faces would be cut anew."
    list(files.pack_set(filled, "src"))
    pack = filled.folder / "packs" / "src-main.tar"
    (would,) = files.unpack_set(filled, "dst/extra", pack, dry_run=True)
    assert isinstance(would, Notice) and "3 faces would be unpacked" in would.text
    assert "dst/extra" not in curating.all_names(filled) and curating.history(filled, "src") == []


def test_a_face_type_that_is_none_is_refused(filled: Project) -> None:
    with pytest.raises(OptionInvalid, match="mid-full"):
        list(files.recut_faces(filled, "src", Choice(), face_type="quarter"))


def test_a_pack_fills_a_set_that_is_made_for_it(filled: Project, tmp_path: Path) -> None:
    list(files.pack_set(filled, "src"))
    pack = filled.folder / "packs" / "src-main.tar"
    list(files.unpack_set(filled, "dst/extra", pack))
    assert len(curating.list_faces(filled, "dst/extra", Choice())) == 3
    (tmp_path / "torn.tar").write_bytes(pack.read_bytes()[:4000])
    with pytest.raises(PackUnreadable):
        list(files.unpack_set(filled, "dst/other", tmp_path / "torn.tar"))
    assert "dst/other" not in curating.all_names(filled)


def test_an_older_pack_lies_in_the_trash_wherever_it_was(filled: Project, tmp_path: Path) -> None:
    for out in (None, tmp_path / "elsewhere.tar"):
        list(files.pack_set(filled, "src", out=out))
        path = out or filled.folder / "packs" / "src-main.tar"
        path.write_bytes(path.read_bytes() + b"\0" * 512)  # so that it is known again
        before = path.read_bytes()
        (notice,) = (e for e in files.pack_set(filled, "src", out=out) if isinstance(e, Notice))
        assert "in the trash" in notice.text and str(filled.trash.folder) in notice.text
        assert before in [entry.path.read_bytes() for entry in filled.trash.entries()]
        assert path.read_bytes() != before
    origins = {entry.origin for entry in filled.trash.entries()}
    assert origins == {filled.folder / "packs" / "src-main.tar", None}


def test_looking_first_says_how_many_faces_are_there_already(filled: Project) -> None:
    list(files.pack_set(filled, "src"))
    curating.reject_faces(filled, "src", Choice(limit=1))
    pack = filled.folder / "packs" / "src-main.tar"
    (would,) = files.unpack_set(filled, "src", pack, dry_run=True)
    assert isinstance(would, Notice)
    assert would.text == "1 face would be unpacked; there before: 2; all are whole."
