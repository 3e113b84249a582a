"""A training keeps the faces that there were when it began, and whoever changes them is told so."""

from __future__ import annotations

import shlex

from tests.jobs.conftest import with_three_faces
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
