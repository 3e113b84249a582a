"""Whoever looks on sees a model as it stands, also while another process trains it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import ModelUnknown
from understudy.files import write_json
from understudy.jobs.models.watching import options_of, version_of, watch_model
from understudy.project.project import Project
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.milestones import add_milestone
from understudy.training.keeping.requests import ask
from understudy.training.keeping.status import write_status
from understudy.training.viewing.sheets import Layout, Preview, write_look, write_preview


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "p")
    made.add_model("main", preset="quick")
    folder = made.model_folder("main")
    for kind in ("checkpoints", "backups"):
        (folder / kind / "000000040").mkdir(parents=True)
        state = {"iteration": 40, "state": {"loss": 0.5, "plan": {"minutes": 3}}}
        write_json(folder / kind / "000000040" / "state.json", state)
    tiny = Preview(np.zeros((8, 8, 3), np.uint8), Layout(["1"], ["dst as src"], 8, [0], [0]))
    write_preview(folder, 40, tiny)
    write_look(folder, 44, tiny)
    add_milestone(folder, 40, "backup", "backup")
    return made


def test_a_model_at_rest_says_how_far_it_is_and_what_it_has_left(project: Project) -> None:
    told = watch_model(project, "main")
    assert (told["iterations"], told["loss"], told["plan"]) == (40, 0.5, {"minutes": 3})
    assert told["running"] is None and told["status"] is None and told["asked"] == {}
    assert [(one["iteration"], one["loss"]) for one in told["backups"]] == [(40, 0.5)]
    assert told["sheet"]["iteration"] == 44 and told["sheets"] == 1
    assert [one["kind"] for one in told["milestones"]] == ["backup"] and told["stages"][-1] == "finish"
    with project.change() as manifest:
        manifest.train["batch_size"] = 5
        manifest.models["main"].train["warm_up"] = 7
    assert watch_model(project, "main")["kept"] == told["kept"] | {"batch_size": 5, "warm_up": 7}


def test_a_model_that_is_trained_says_by_whom_and_what_was_not_taken_over_yet(project: Project) -> None:
    folder = project.model_folder("main")
    ask(folder, "change", batch_size=2)
    with model_lock(folder):
        write_status(folder, {"rate": 4.0, "said": {"batch_size": 8}, "in_force": {"batch_size": 9}})
        told = watch_model(project, "main")
        option = next(one for one in options_of(project, "main") if one["name"] == "batch_size")
    assert told["running"]["process"] and told["status"]["rate"] == 4.0 and told["asked"] == {"batch_size": 2}
    assert (option["running"], option["in_force"], option["asked"]) == (8, 9, 2)


def test_options_say_what_counts_for_this_model_and_what_would_without_it(project: Project) -> None:
    with project.change() as manifest:
        manifest.train["batch_size"] = 5
        manifest.models["main"].train["batch_size"] = 7
    told = {one["name"]: one for one in options_of(project, "main")}
    batch = told["batch_size"]
    assert (batch["value"], batch["default"], batch["said"]) == (7, 5, True)
    assert not told["learning_rate"]["said"] and "in_force" not in batch
    assert all(one["group"] for one in told.values())


def test_another_picture_has_another_version_and_none_has_none(tmp_path: Path) -> None:
    assert version_of(tmp_path / "none") == ""
    (tmp_path / "a").write_text("1")
    before = version_of(tmp_path / "a")
    (tmp_path / "a").write_text("12")
    assert version_of(tmp_path / "a") != before


def test_a_model_that_is_none_is_refused(project: Project) -> None:
    with pytest.raises(ModelUnknown, match="'nose'"):
        watch_model(project, "nose")


def test_looking_on_does_not_import_torch(project: Project) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from understudy.jobs.models.watching import watch_model, options_of;"
        "from understudy.project.project import Project; p = Project.open(Path(sys.argv[1]));"
        "watch_model(p, 'main'); options_of(p, 'main'); print('torch' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, project.folder], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "False"
