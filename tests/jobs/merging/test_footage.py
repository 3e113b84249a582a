"""Who looks before a merge is told what the merge would say of the clip's footage."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from tests.merging.conftest import Painter
from understudy.errors import ClipDiffers
from understudy.events import Notice
from understudy.facesets.extraction.found import clip_content
from understudy.facesets.extraction.journal import Journal
from understudy.jobs.merging.explain import explain
from understudy.jobs.merging.footage import footage_told
from understudy.jobs.merging.frame_states import FramesWanted
from understudy.jobs.merging.inputs import cast_of
from understudy.project.project import Project

ANOTHER = "another one than when its faces were extracted"


@pytest.fixture
def extracted(ready: Project) -> Project:
    """A project that remembers of what its faces were extracted."""
    path = ready.clip_path("dst")
    with Journal(ready.faceset_folder(*ready.faceset_of_clip("dst"))) as journal:
        journal.note_face("dst", content=clip_content(path), frame=1, person=1)
        journal.note_clip("dst", content=clip_content(path), frames=3)
    return ready


def warnings(project: Project) -> list[str]:
    events = explain(project, "main", clips=["dst"], frame=1, said={"mask": "dst-hull"}, device="cpu")
    return [event.text for event in events if isinstance(event, Notice) and event.level == "warning"]


def wanted(project: Project) -> FramesWanted:
    return FramesWanted(project, "dst", "main", cast=cast_of(project, "dst", "main", load=no_model))


def no_model(_: str) -> Painter:
    return Painter()


def test_of_the_footage_that_it_was_nothing_is_said(extracted: Project) -> None:
    assert footage_told(extracted, "dst") == [] == wanted(extracted).footage
    assert not any(ANOTHER in text for text in warnings(extracted))


def test_of_other_footage_of_as_many_frames_a_warning_is_said(extracted: Project) -> None:
    write_wall(extracted.clip_path("dst"), grey=120)
    assert any(ANOTHER in text for text in warnings(extracted))
    (told,) = wanted(extracted).footage
    assert ANOTHER in told


def test_of_footage_with_other_frames_the_merges_refusal_is_said_and_nothing_is_explained(
    extracted: Project, tmp_path: Path
) -> None:
    write_wall(extracted.clip_path("dst"), frames=5)
    with pytest.raises(ClipDiffers, match="has 5 frames now and had 3"):
        warnings(extracted)
    assert not (extracted.folder / "explained").exists()
    (told,) = wanted(extracted).footage
    assert "has 5 frames now and had 3" in told
