"""A performer has several named facesets; a model learns from any union, also from faces never merged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.facesets.conftest import make_record, noise
from understudy.errors import FacesetUnusable, FacesUnknown, OptionInvalid, ProjectInvalid
from understudy.events import Notice
from understudy.facesets.curation.choose import Choice
from understudy.jobs import faceset_sets, facesets, stages
from understudy.project.project import Project


@pytest.fixture
def filled(project: Project) -> Project:
    """Six faces in src/main, four in dst/main."""
    for performer, count in (("src", 6), ("dst", 4)):
        with project.faceset(performer) as faceset:
            for frame in range(count):
                seed = frame + 100 * (performer == "dst")
                faceset.add(noise(32, seed=seed), make_record(clip=performer, frame=frame, size_px=32))
    return project


def test_a_new_set_is_in_the_manifest_and_no_name_is_guessed(filled: Project) -> None:
    assert faceset_sets.new_set(filled, "src/close")
    assert not faceset_sets.new_set(filled, "src/close")
    assert facesets.all_names(Project.open(filled.folder)) == ["src/main", "src/close", "dst/main"]
    for wrong in ("close", "src/", "src/a/b", "src/a:b"):
        with pytest.raises(OptionInvalid, match="PERFORMER/NAME"):
            faceset_sets.new_set(filled, wrong)
    with pytest.raises(ProjectInvalid, match="nobody"):
        faceset_sets.new_set(filled, "nobody/close")


def test_chosen_faces_are_copied_into_a_set_that_is_made_for_them(filled: Project) -> None:
    list(faceset_sets.copy_faces(filled, "src", "src/early", Choice(where="frame < 2")))
    assert [row["frame"] for row in facesets.list_faces(filled, "src/early", Choice())] == [0, 1]
    assert len(facesets.list_faces(filled, "src/main", Choice())) == 6
    assert facesets.history(filled, "src/early")[0].words == "copy from src/main (where frame < 2): 2 faces"
    with pytest.raises(FacesUnknown, match="nothing to copy"):
        list(faceset_sets.copy_faces(filled, "src/main", "src/late", Choice(where="frame > 99")))
    assert "src/late" not in facesets.all_names(filled)


def test_looking_first_makes_no_set(filled: Project) -> None:
    (would,) = faceset_sets.copy_faces(filled, "src", "src/early", Choice(limit=2), dry_run=True)
    assert isinstance(would, Notice) and "2 faces would be copied from src/main to src/early" in would.text
    (would,) = faceset_sets.merge_sets(filled, "src/all", ["src", "dst"], dry_run=True)
    assert isinstance(would, Notice) and "10 faces" in would.text
    assert facesets.all_names(filled) == ["src/main", "dst/main"]


def test_sets_are_brought_together_and_the_step_is_taken_back(filled: Project) -> None:
    list(faceset_sets.copy_faces(filled, "src/main", "src/early", Choice(where="frame < 2")))
    list(faceset_sets.merge_sets(filled, "src/all", ["src/early", "src/main"]))
    assert len(facesets.list_faces(filled, "src/all", Choice())) == 6
    list(facesets.undo(filled, "src/all"))
    assert facesets.list_faces(filled, "src/all", Choice()) == []
    with pytest.raises(OptionInvalid, match="itself"):
        list(faceset_sets.merge_sets(filled, "src/main", ["src/main"]))
    with pytest.raises(FacesUnknown):
        list(faceset_sets.merge_sets(filled, "src/main", []))


def test_extra_dst_faces_are_learnt_from_but_never_merged(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(faceset_sets.copy_faces(filled, "src/main", "dst/extra", Choice()))
    stages.choose_facesets(filled, "main", src=["src"], dst=["dst/main", "dst/extra"])
    learnt, merged = {}, {}

    def trained(folder: Path, *, src: list, dst: list, **_: object) -> Iterator[object]:
        learnt.update(src=[len(f) for f in src], dst=[len(f) for f in dst])
        yield from ()

    def merge(path: Path, *, faces: object, clip_name: str, **_: object) -> Iterator[object]:
        merged[clip_name] = [face.record.clip for face in faces.faces()]  # type: ignore[attr-defined]
        yield from ()

    monkeypatch.setattr("understudy.training.train.train", trained)
    monkeypatch.setattr("understudy.merging.merge.merge", merge)
    monkeypatch.setattr(
        stages, "_predictor", lambda *_, **__: SimpleNamespace(notices=[], blend=lambda _: None)
    )
    list(stages.train(filled, "main", said={}, device="cpu"))
    list(stages.merge(filled, "main", said={}, device="cpu"))
    assert learnt == {"src": [6], "dst": [4, 6]}
    assert merged == {"dst": ["dst"] * 4}


def test_a_models_facesets_are_kept_and_a_side_that_is_not_named_stays(filled: Project) -> None:
    faceset_sets.new_set(filled, "src/close")
    stages.choose_facesets(filled, "main", src=["src/main", "src/close"])
    stages.choose_facesets(filled, "main", dst=["dst"])
    opened = Project.open(filled.folder)
    assert opened.facesets_of("src", "main") == ["src/main", "src/close"]
    assert opened.facesets_of("dst", "main") == ["dst/main"]
    with pytest.raises(FacesUnknown, match="src/main, src/close"):
        stages.choose_facesets(filled, "main", src=["src/wide"])


def test_a_clips_faces_go_to_the_set_that_was_named_last(filled: Project) -> None:
    (notice,) = stages.put_in_faceset(filled, ["src"], "night")
    assert "6 faces from before stay in src/main" in notice.text
    assert "--src-faceset src/main src/night" in notice.text and "faceset merge" in notice.text
    assert stages.put_in_faceset(filled, ["src"], "night") == []
    assert filled.faceset_of_clip("src") == ("src", "night")
    assert filled.facesets_with_clips("src") == ["src/night"]
    stages.put_in_faceset(filled, [], None)
    assert Project.open(filled.folder).faceset_of_clip("src") == ("src", "night")


def test_training_on_an_empty_faceset_names_it_and_where_there_are_faces(filled: Project) -> None:
    """As after an extract into a new faceset that was stopped before its first face."""
    stages.put_in_faceset(filled, ["src"], "night")
    with pytest.raises(FacesetUnusable, match="src faces") as caught:
        list(stages.train(filled, "main", said={}, device="cpu"))
    said = str(caught.value)
    assert "in src/night." in said and "src/main: take them with --src-faceset" in said
