"""How every frame of a clip stands."""

from __future__ import annotations

import pytest

from tests.merging.conftest import Painter
from understudy.jobs import stages
from understudy.jobs.merging.frame_states import FramesWanted
from understudy.jobs.merging.inputs import cast_of, keep_said
from understudy.merging.journal import Journal, frame_path
from understudy.project.project import Project


def letters(project: Project) -> str:
    return wanted(project).states().letters


def wanted(project: Project) -> FramesWanted:
    cast = cast_of(project, "dst", "main", load=lambda _: Painter())
    return FramesWanted(project, "dst", "main", cast=cast)


def merge(project: Project) -> None:
    list(stages.merge(project, "main", clips=["dst"], said={}, device="cpu"))


def test_frames_go_from_to_make_over_made_to_stale_and_back(ready: Project) -> None:
    keep_said(ready, "dst", {"mask": "dst-hull"}, frames=None)
    assert letters(ready) == "ntn"
    merge(ready)
    assert letters(ready) == "nmn"
    keep_said(ready, "dst", {"blur": 0.3}, frames=None)
    states = wanted(ready).states()
    assert states.letters == "nsn" and states.why[1] == "its settings changed" and states.count("n") == 2
    merge(ready)
    assert letters(ready) == "nmn"
    frame_path(ready.merged_folder("dst", "main"), 1).unlink()
    assert wanted(ready).states().why[1] == "its picture is gone"


def test_asking_again_sees_what_was_made_since(ready: Project) -> None:
    keep_said(ready, "dst", {"mask": "dst-hull"}, frames=None)
    merge(ready)
    folder = ready.merged_folder("dst", "main")
    kept = wanted(ready)
    picture = frame_path(folder, 1).read_bytes()
    frame_path(folder, 1).unlink()
    assert kept.states().letters == "nsn"
    frame_path(folder, 1).write_bytes(picture)
    assert kept.states().letters == "nmn"


def test_frames_without_a_face_say_why_and_refused_ones_too(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "understudy.facesets.extraction.reasons.frames_without_face",
        lambda *_, **__: {0: "only another person"},
    )
    keep_said(ready, "dst", {"mask": "dst-hull"}, frames=None)
    merge(ready)
    journal = Journal(ready.merged_folder("dst", "main"))
    mark = journal.mark_of(1)
    assert mark is not None
    journal.forget([1])
    journal.refuse(1, mark, "it lies outside of the frame")
    journal.save()
    states = wanted(ready).states()
    assert states.why[0] == "only another person" and states.why[2].startswith("no face")
    assert states.letters == "nrn" and states.why[1] == "it lies outside of the frame"
