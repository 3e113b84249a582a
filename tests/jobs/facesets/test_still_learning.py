"""A training keeps the faces that there were when it began, and whoever changes them is told so."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.facesets.extraction.stand_in import StandIn, installed, one_person, write_clip
from tests.jobs.conftest import with_three_faces
from tests.jobs.frames.test_desk import made
from understudy.events import Notice
from understudy.faces.detect import DETECTORS
from understudy.jobs import stages
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.facesets.still_learning import still_learning, still_learning_told
from understudy.project.project import Project
from understudy.training.keeping.lock import model_lock


def test_models_that_are_trained_on_a_faceset_are_named_with_what_brings_the_change_to_them(
    project: Project,
) -> None:
    with_three_faces(project)
    project.add_faceset("dst", "close")
    project.add_model("close", preset="quick")
    project.choose_facesets("close", dst=["dst/close"])
    assert list(still_learning_told(project, "dst/main")) == []
    with model_lock(project.model_folder("main")), model_lock(project.model_folder("close")):
        assert list(still_learning(project, "dst/main")) == ["main"]
        assert list(still_learning(project, "dst/close")) == ["close"]
        assert list(still_learning(project, "src")) == ["main", "close"]
        (told,) = still_learning_told(project, "dst/main")
    assert told.level == "warning" and "as they were when it began" in told.text
    train = shlex.join(["understudy", "train", str(project.folder), "--model", "main"])
    assert f"`{train} --ask stop`" in told.text and f"`{train}`" in told.text


def test_who_extracts_faces_that_are_trained_on_is_told_so_once_and_not_where_nothing_is_left_to_do(
    tmp_path: Path,
) -> None:
    """Nothing was said, and what was found anew went on not being learnt."""
    installed(StandIn())
    project = made(tmp_path, one_person(3))
    add_clips(project, src=[], dst=[write_clip(tmp_path / "second", one_person(4))])
    project.add_model("main")

    def told() -> list[str]:
        events = [*stages.extract(project, said={}, device="cpu")]
        return [e.text for e in events if isinstance(e, Notice) and "as they were when it began" in e.text]

    try:
        with model_lock(project.model_folder("main")):
            assert len(told()) == 1
            assert told() == []
    finally:
        del DETECTORS["stand-in"]
