"""What the stages get handed from a project, and what they refuse by name. Running them is a journey."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import ConsentMissing, FacesetUnusable, ModelUnknown, OptionInvalid, ProjectInvalid
from understudy.jobs import stages
from understudy.project.project import Project


def test_a_model_keeps_the_preset_it_was_made_with(project: Project) -> None:
    stages.require_model(project, "main", preset="quick")
    with pytest.raises(OptionInvalid, match="quick"):
        stages.require_model(project, "main", preset="df")


def test_a_preset_that_is_none_is_refused_before_the_model_is_made(project: Project) -> None:
    with pytest.raises(ModelUnknown):
        stages.require_model(project, "second", preset="best")
    assert "second" not in project.manifest.models


def test_training_without_faces_says_which_side_lacks_them(project: Project) -> None:
    with pytest.raises(FacesetUnusable, match="src"):
        list(stages.train(project, "main", said={}, device="cpu"))


@pytest.mark.parametrize("clip", ["nope", "src"])
def test_merging_takes_dst_clips_alone(project: Project, clip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "_predictor", lambda *_, **__: None)
    with pytest.raises(ProjectInvalid, match=clip):
        list(stages.merge(project, "main", clips=[clip], said={}, device="cpu"))


def test_encoding_an_unknown_model_names_those_there_are(project: Project) -> None:
    with pytest.raises(ModelUnknown, match="main"):
        list(stages.encode(project, "other", said={}))


def test_encoding_what_was_not_merged_says_what_to_do(project: Project) -> None:
    with pytest.raises(ProjectInvalid, match="understudy merge"):
        list(stages.encode(project, "main", said={}))


def test_encoding_checks_consent_before_anything_else(project: Project) -> None:
    with project.change() as manifest:
        person = manifest.performers["dst"]
        person.consent = person.consent.model_copy(update={"status": "refused"})
    with pytest.raises(ConsentMissing):
        list(stages.encode(project, "main", said={}))


def test_a_finished_file_keeps_dsts_container_and_several_go_into_a_folder(
    project: Project, tmp_path: Path
) -> None:
    assert stages.output_paths(project, "main", ["dst"], None) == [project.out_folder / "dst-main.mov"]
    assert stages.output_paths(project, "main", ["dst"], tmp_path / "a.mp4") == [tmp_path / "a.mp4"]
    two = stages.output_paths(project, "main", ["dst", "dst"], tmp_path / "cut")
    assert {path.parent for path in two} == {tmp_path / "cut"}
