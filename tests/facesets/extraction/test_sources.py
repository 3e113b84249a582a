"""Faces that come from files: other programs' and a person's own, through the whole stage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from tests.facesets.extraction.stand_in import FACE, Drawn, one_person
from tests.facesets.extraction.test_extract import OPTIONS, Room, summary_of
from understudy.errors import FindsUnusable, WeightsMissing
from understudy.faces.manual import Region, write_regions
from understudy.facesets.store import Faceset
from understudy.networks import weight_fetching
from understudy.networks.weight_store import FOLDER_VARIABLE

LANDMARKS = FACE * 50 + [80, 60]


def imported(path: Path, frames: range, *, landmarks: np.ndarray = LANDMARKS) -> str:
    face = {"detected": [50, 30, 110, 95], "landmarks_2d": landmarks.tolist()}
    path.write_text(json.dumps({f"{index:05d}.png": [face] for index in frames}), encoding="utf-8")
    return str(path)


def test_another_programs_faces_are_cut_where_it_put_them(tmp_path):
    room = Room(tmp_path, one_person(6))
    file = imported(tmp_path / "faces.json", range(1, 5))
    room.run(OPTIONS.changed(detector="import", landmarker="import", import_file=file, smooth=False))
    faces = Faceset(room.folder / "faces").faces()
    assert [face.record.frame for face in faces] == [1, 2, 3, 4]
    assert [face.record.source_name for face in faces] == [f"{n:05d}.png" for n in range(1, 5)]
    np.testing.assert_allclose(faces[0].record.landmarks(), LANDMARKS, atol=0.01)


def test_a_changed_file_is_searched_anew_and_an_unchanged_one_is_not(tmp_path):
    room = Room(tmp_path, one_person(6))
    file = imported(tmp_path / "faces.json", range(2, 4))
    options = OPTIONS.changed(detector="import", landmarker="import", import_file=file)
    room.run(options)
    assert [event for event in room.run(options) if getattr(event, "stage", "") == "find"] == []
    imported(tmp_path / "faces.json", range(1, 5))
    room.run(options)
    assert room.frames() == [1, 2, 3, 4]


@pytest.mark.parametrize("change", [{"re_feed": 2}, {"second_pass": True}, {"rotations": True}])
def test_changed_passes_search_anew(tmp_path, detector, change):
    room = Room(tmp_path, one_person(5))
    room.run(OPTIONS)
    seen = detector.seen
    room.run(OPTIONS.changed(**change))
    assert detector.seen >= 2 * seen


def test_trying_another_detector_costs_no_finds_also_where_it_can_not_run(tmp_path, detector, monkeypatch):
    room = Room(tmp_path, one_person(5))
    room.run(OPTIONS)
    seen = detector.seen
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "weights"))
    monkeypatch.setattr(weight_fetching, "_answer", _no_network)
    monkeypatch.setattr(weight_fetching, "_TRIES", 1)
    with pytest.raises(WeightsMissing):
        room.run(OPTIONS.changed(detector="yunet"))
    room.run(OPTIONS.changed(rotations=True))
    again = detector.seen
    assert again >= 2 * seen
    assert room.run(OPTIONS)[-1].skipped and room.run(OPTIONS.changed(rotations=True))[-1].skipped
    assert detector.seen == again


def _no_network(*_: object) -> NoReturn:
    raise OSError("no network")


def test_regions_drawn_by_hand_are_faces_with_the_landmarks_drawn(tmp_path):
    room = Room(tmp_path, [[Drawn(80, 60, 40)]] * 4)
    manual = tmp_path / "manual" / "clip.json"
    points = [(float(x), float(y)) for x, y in LANDMARKS]
    write_regions(manual, {2: [Region(box=(50, 30, 110, 95), landmarks=points)]})
    events = room.run(OPTIONS.changed(detector="manual", smooth=False), manual_file=manual)
    assert room.frames() == [2] and summary_of(events)["faces_written"] == 1
    (face,) = Faceset(room.folder / "faces").faces()
    np.testing.assert_allclose(face.record.landmarks(), LANDMARKS, atol=0.01)


def test_a_clip_nobody_drew_in_is_said_so(tmp_path):
    room = Room(tmp_path, one_person(3))
    with pytest.raises(FindsUnusable, match="drawn by hand"):
        room.run(OPTIONS.changed(detector="manual"), manual_file=tmp_path / "none.json")


def test_a_hostile_file_stops_the_stage_in_one_sentence(tmp_path):
    room = Room(tmp_path, one_person(3))
    (tmp_path / "faces.json").write_text("[" * 50_000, encoding="utf-8")
    with pytest.raises(FindsUnusable, match="can't be read"):
        room.run(OPTIONS.changed(detector="import", import_file=str(tmp_path / "faces.json")))
