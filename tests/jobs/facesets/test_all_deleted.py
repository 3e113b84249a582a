"""An extraction that makes no face again because all were deleted says so."""

from __future__ import annotations

import pytest

from tests.jobs.conftest import with_three_faces
from understudy.events import Events, Notice, StageFinished
from understudy.facesets.curation.choose import Choice
from understudy.jobs.facesets.all_deleted import all_deleted_told
from understudy.jobs.facesets.curating import reject_faces
from understudy.project.project import Project


def _told(project: Project, **counts: int) -> list[str]:
    def extracted() -> Events:
        summary = {f"faces_{name}": count for name, count in counts.items()}
        yield StageFinished(stage="extract", summary=summary, skipped=True)

    events = all_deleted_told(project, "dst", "dst/main", extracted())
    return [event.text for event in events if isinstance(event, Notice)]


def test_where_all_faces_were_deleted_it_says_so_and_how_they_come_back(project: Project) -> None:
    """It said "nothing left to do", and `status` that extract says why."""
    (told,) = _told(project, deleted_by_hand=3, written=0, there_before=0)
    assert "none of its faces is stored. 3 faces of it went from dst/main" in told
    assert "clean" in told and "restore" not in told, "nothing lies in the trash"


def test_what_lies_in_the_trash_can_be_brought_back(project: Project) -> None:
    reject_faces(with_three_faces(project), "dst", Choice(where="person == 1"))
    (told,) = _told(project, deleted_by_hand=3, written=0, there_before=0)
    assert "faceset restore" in told


@pytest.mark.parametrize("counts", [{"written": 3}, {"there_before": 1, "deleted_by_hand": 2}, {}])
def test_where_a_face_is_there_or_none_ever_was_it_says_nothing(
    project: Project, counts: dict[str, int]
) -> None:
    assert _told(project, **counts) == []
