"""Against what a result is measured, and where faces come from."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.jobs.conftest import write_wall
from tests.measure.heads import eight_bit, landmarks, moved, texture
from tests.merging.conftest import Painter
from understudy.errors import NoFaceFound, OptionInvalid, ProjectInvalid
from understudy.events import Events, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.extraction.journal import Journal
from understudy.jobs import stages
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.clips.color_spaces import choose_color_space
from understudy.jobs.measure import hardly_trained_told, measure, measured
from understudy.jobs.merging.inputs import keep_said
from understudy.measure import against_plate
from understudy.media.images import encode_png
from understudy.project.project import Project
from understudy.provenance.watermark import alike
from understudy.provenance.watermark.embed import Watermark


def test_it_must_be_said_against_what_and_only_one(tmp_path: Path) -> None:
    clip = write_wall(tmp_path / "a.mp4")
    with pytest.raises(OptionInvalid, match="--plate, or --project"):
        list(measure(clip, device="cpu"))
    with pytest.raises(OptionInvalid):
        list(measure(clip, clip, plate=clip, device="cpu"))


def test_a_projects_clip_is_the_plate_and_its_faces_are_looked_at(project: Project, tmp_path: Path) -> None:
    result = write_wall(tmp_path / "result.mp4")
    with pytest.raises(NoFaceFound) as told:
        list(measure(result, project=project.folder, device="cpu"))
    assert told.value.path == project.clip_path("dst")
    with pytest.raises(OptionInvalid, match="it has dst"):
        list(measure(result, project=project.folder, clip="other", device="cpu"))
    add_clips(project, src=[], dst=[write_wall(tmp_path / "more.mp4")], consent="fictional")
    with pytest.raises(OptionInvalid, match="--clip"):
        list(measure(result, project=project.folder, device="cpu"))


def test_what_is_merged_is_measured_before_it_is_a_file_and_remembered(ready: Project) -> None:
    def measure_it() -> dict:
        return list(measure(None, project=ready.folder, merged="main", device="cpu"))[-1].summary

    assert measured(ready, "dst", "main") is None
    with pytest.raises(ProjectInvalid, match="Nothing of clip 'dst' is merged"):
        measure_it()
    keep_said(ready, "dst", {"mask": "dst-hull"}, frames=None)
    list(stages.merge(ready, "main", said={}, device="cpu"))
    summary = measure_it()
    assert summary["by_frame"]["frame"] == [1] and summary["all"]["faces"] == 1
    assert measured(ready, "dst", "main") == {
        **summary,
        "made": measured(ready, "dst", "main")["made"],
        "current": True,
    }
    keep_said(ready, "dst", {"blur": 0.3}, frames=None)
    list(stages.merge(ready, "main", said={}, device="cpu"))
    assert not measured(ready, "dst", "main")["current"]


def test_a_model_that_has_hardly_learnt_is_told_before_the_figures(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Painter, "iterations", 18, raising=False)
    list(stages.merge(ready, "main", said={}, device="cpu"))
    first = next(iter(measure(None, project=ready.folder, merged="main", device="cpu")))
    assert isinstance(first, Notice) and "'main' has learned for 18 iterations only" in first.text
    (also,) = hardly_trained_told(ready, "dst", ["main", "cast"])
    assert also == first


def test_a_clip_and_what_is_merged_are_not_measured_together(ready: Project, tmp_path: Path) -> None:
    for result, project in ((tmp_path / "a.mp4", ready.folder), (None, None)):
        with pytest.raises(OptionInvalid, match="--merged"):
            list(measure(result, project=project, merged="main", device="cpu"))
    with pytest.raises(OptionInvalid, match="--merged"):
        list(measure(None, project=ready.folder, device="cpu"))


@pytest.mark.parametrize("landmarker", ["dense", "five-point", ""])
def test_advice_goes_by_what_placed_the_landmarks_of_the_projects_faces(
    ready: Project, landmarker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noted(*_: object, landmarker: str, **__: object) -> Events:
        asked.append(landmarker)
        yield StageFinished(stage="measure")

    monkeypatch.setattr(against_plate, "measure_against_plate", noted)
    monkeypatch.setattr(alike, "mark_to_share", lambda *_: at_once(None))
    if landmarker:
        with Journal(ready.faceset_folder("dst")) as journal:
            journal.note_run("dst", content="x", settings={"landmarker": "fan"})
            journal.note_run("dst", content="x", settings={"landmarker": landmarker})
    list(measure(ready.clip_path("dst"), project=ready.folder, device="cpu"))
    assert asked == [landmarker]


def at_once(mark: Watermark | None) -> Generator[None, None, Watermark | None]:
    """In place of `mark_to_share`: a mark that needs one frame to be read."""
    yield
    return mark


def test_the_frames_that_are_read_for_the_watermark_are_counted_as_a_stage_of_their_own(
    ready: Project, tmp_path: Path
) -> None:
    events = list(measure(write_wall(tmp_path / "result.mp4"), project=ready.folder, device="cpu"))
    assert [event.stage for event in events if isinstance(event, StageStarted)] == ["watermark", "measure"]
    counted = [event.done for event in events if isinstance(event, Progress) and event.stage == "watermark"]
    assert counted and counted == [*range(1, len(counted) + 1)]


def test_a_finished_films_watermark_counts_neither_for_nor_against_the_swap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = against_plate.known_faces({index: landmarks()[None] for index in range(24)})
    monkeypatch.setattr(against_plate, "found_faces", lambda **_: known)
    wobbles = 0.1 * np.random.default_rng(1).normal(size=24)
    plate = [eight_bit(0.12 * moved(texture(), wobble=wobble) + 110) for wobble in wobbles]
    swapped = [np.asarray(np.clip(frame * 1.05, 0, 255), np.uint8) for frame in plate]
    mark = Watermark(0x2B4C9A17)
    clips = {"plate": plate, "unmarked": swapped, "marked": [mark.marked(frame) for frame in swapped]}
    for name, frames in clips.items():
        (tmp_path / name).mkdir()
        for index, frame in enumerate(frames):
            (tmp_path / name / f"{index:03d}.png").write_bytes(encode_png(np.asarray(frame, np.uint8)))

    def measured_of(name: str) -> tuple[dict[str, Any], list[str]]:
        events = list(measure(tmp_path / name, plate=tmp_path / "plate", device="cpu"))
        said = [event.text for event in events if isinstance(event, Notice)]
        return events[-1].summary["all"], [text for text in said if "watermark" in text]

    (unmarked, nothing), (marked, told) = measured_of("unmarked"), measured_of("marked")
    assert not nothing and len(told) == 1
    for figure in ("jitter", "edge_noise"):
        assert marked[figure] == pytest.approx(unmarked[figure], abs=0.05)
    monkeypatch.setattr(alike, "mark_to_share", lambda *_: at_once(None))
    assert abs(measured_of("marked")[0]["jitter"] - unmarked["jitter"]) > 0.1  # what it was before


def test_the_plates_mark_is_as_strong_as_that_of_the_export_in_the_clips_colour_space(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spaces: list[str | None] = []

    class Noting(Watermark):
        def marked(self, rgb: np.ndarray, *, alpha_HW: Any = None, space: Any = None) -> np.ndarray:
            spaces.append(space and space.name)
            return rgb

    monkeypatch.setattr(alike, "mark_to_share", lambda *_: at_once(Noting(1)))
    result = write_wall(tmp_path / "result.mp4")
    for name in ("", "PQ"):
        choose_color_space(ready, ["dst"], name=name)
        *_, finished = measure(result, project=ready.folder, device="cpu")
        assert finished.summary["plate_marked"]
    assert set(spaces) == {None, "PQ"}
