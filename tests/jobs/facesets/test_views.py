"""Pictures of a project's facesets land beside them, and coverage compares the two sides."""

from __future__ import annotations

import pytest

from tests.facesets.conftest import make_record, noise
from understudy.events import Made, StageFinished
from understudy.facesets.curation.choose import Choice
from understudy.jobs.facesets import views
from understudy.media.images import read_image
from understudy.project.project import Project


@pytest.fixture
def filled(project: Project) -> Project:
    """src looks ahead; dst also 30 degrees left."""
    for performer, yaws in (("src", [0.0] * 8), ("dst", [0.0] * 4 + [-30.0] * 6)):
        with project.faceset(performer) as faceset:
            for frame, yaw in enumerate(yaws):
                record = make_record(clip=performer, frame=frame, size_px=32)
                faceset.add(noise(32, seed=frame), record.model_copy(update={"yaw_deg": yaw}))
    return project


def test_coverage_measures_draws_and_says_what_is_missing(filled: Project) -> None:
    *_, made, finished = views.show_coverage(filled)
    assert isinstance(made, Made) and made.path == filled.folder / "sheets" / "coverage.png"
    assert read_image(made.path).shape[2] == 3
    assert isinstance(finished, StageFinished)
    assert finished.summary["words"][0] == "dst looks 30° left in 6 frames; src has no such faces."
    assert finished.summary["src"]["faces"] == 8


def test_coverage_takes_the_sets_it_is_told(filled: Project) -> None:
    *_, finished = views.show_coverage(filled, src=["dst"], dst=["dst"])
    assert isinstance(finished, StageFinished) and finished.summary["lacks"] == []


def test_sheets_tell_the_value_they_are_sorted_by(filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def sheets(faceset: object, faces: object, captions: list[str], folder: object, **_: object) -> list:
        said.extend(captions)
        return []

    monkeypatch.setattr(views, "contact_sheets", sheets)
    list(views.sheet(filled, "dst", Choice(sort="yaw_deg", limit=1)))
    list(views.sheet(filled, "dst", Choice(sort="face-yaw", limit=1)))
    list(views.sheet(filled, "dst", Choice(sort="name", limit=1)))
    list(views.sheet(filled, "dst", Choice(sort="blur", limit=1)))
    *others, blurred = said
    assert others == ["-30  dst-000004-1", "-30  dst-000004-1", "dst-000000-1"]
    value, name = blurred.split("  ")
    assert float(value) > 0 and name.startswith("dst-")


def test_pages_of_a_longer_sheet_before_go_to_the_trash(filled: Project) -> None:
    list(views.sheet(filled, "dst", Choice(), columns=3, rows=2))
    list(views.sheet(filled, "dst", Choice(limit=3), columns=3, rows=2))
    folder = filled.folder / "sheets" / "dst-main"
    assert [path.name for path in folder.iterdir()] == ["sheet-001.jpg"]
    assert [entry.origin for entry in filled.trash.entries()] == [folder / "sheet-002.jpg"]


def test_landmarks_are_drawn_beside_the_faceset(filled: Project) -> None:
    list(views.landmarks(filled, "src", Choice(limit=2)))
    folder = filled.folder / "sheets" / "src-main" / "landmarks"
    assert sorted(path.name for path in folder.iterdir()) == ["src-000000-1.jpg", "src-000001-1.jpg"]
