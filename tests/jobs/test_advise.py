"""A project is measured, every rule looks at it, and the advice comes out with numbers, weightiest first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from tests.jobs.advice.facts import facts, model
from understudy.errors import FacesUnknown, ModelUnknown
from understudy.events import Notice, StageFinished, StageStarted
from understudy.jobs import advise as advising
from understudy.jobs.advise import RULES_OF_FACES, RULES_OF_MODELS, advise, given
from understudy.project.project import Project


def filled(project: Project) -> Project:
    """src looks ahead, dst also 30 degrees left and from nearby; one face of src is of somebody else."""
    for performer, yaws in (("src", [0.0] * 8), ("dst", [0.0] * 4 + [-30.0] * 6)):
        with project.faceset(performer) as faceset:
            for frame, yaw in enumerate(yaws):
                person = 2 if performer == "src" and frame == 7 else 1
                record = make_record(clip=performer, frame=frame, size_px=32, yaw_deg=yaw, person=person)
                faceset.add(noise(32, seed=frame), record)
    return project


def trained(project: Project, *, standing: bool) -> Project:
    """Write the metrics and the newest state that a training leaves."""
    folder = project.model_folder("main")
    folder.mkdir(parents=True, exist_ok=True)
    losses = np.ones(60) if standing else np.linspace(2, 1, 60)
    lines = [
        {"iteration": 20 * n, "loss_src": loss, "loss_dst": loss, "learning_rate": 0.001}
        for n, loss in enumerate(losses.tolist(), 1)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    state = folder / "checkpoints" / "000001200" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"layout": 1, "iteration": 1200, "sha256": {}, "state": {"loss": 2.0}}))
    return project


def advice_on(project: Project, **asked: Any) -> list[dict[str, Any]]:
    *_, finished = advise(project, device="cpu", **asked)
    assert isinstance(finished, StageFinished)
    return finished.summary["advice"]


def rules(advice: list[dict[str, Any]]) -> list[str]:
    return [one["rule"] for one in advice]


def test_advice_rests_on_the_faces_of_the_project(project: Project) -> None:
    found = advice_on(filled(project))
    assert {"few_faces", "gap_few", "strangers"} <= set(rules(found))
    by_rule = {one["rule"]: one for one in found}
    assert "8 faces" in by_rule["few_faces"]["seen"]
    assert by_rule["gap_few"]["seen"] == "dst looks 30° left in 6 frames; src has no such faces."
    assert [one["weight"] for one in found] == sorted((one["weight"] for one in found), reverse=True)


def test_the_command_names_the_faceset_that_has_the_faces_and_no_empty_one(project: Project) -> None:
    filled(project)
    with project.change() as manifest:
        whole = manifest.performers["src"].facesets["main"]
        manifest.performers["src"].facesets = {name: whole.model_copy() for name in ("early", "late")}
    project.faceset_folder("src").rename(project.faceset_folder("src", "late"))
    strangers = next(one for one in advice_on(project) if one["rule"] == "strangers")
    assert strangers["command"].endswith(' src/late --where "person > 1"')


def test_advice_on_training_follows_the_models_own_metrics(project: Project) -> None:
    standing = advice_on(trained(filled(project), standing=True))
    (found,) = [one for one in standing if one["rule"] == "warp_still_on"]
    assert found["model"] == "main" and "1200 iterations" in found["seen"]


def test_a_loss_that_falls_is_no_plateau(project: Project) -> None:
    assert "warp_still_on" not in rules(advice_on(trained(filled(project), standing=False)))


def test_settings_of_the_project_count(project: Project) -> None:
    filled(project)
    assert "small_batch" not in rules(advice_on(project))
    with project.change() as manifest:
        manifest.train = {"batch_size": 2}
    assert "small_batch" in rules(advice_on(project))


def test_every_model_is_looked_at_unless_some_are_named(project: Project) -> None:
    filled(project)
    with project.change() as manifest:
        manifest.train = {"batch_size": 2}
    project.add_model("second", preset="quick")
    models = [one["model"] for one in advice_on(project) if one["rule"] == "small_batch"]
    assert models == ["main", "second"]
    models = [one["model"] for one in advice_on(project, models=["second"]) if one["rule"] == "small_batch"]
    assert models == ["second"]
    with pytest.raises(ModelUnknown):
        advice_on(project, models=["nobody"])


def test_as_many_rules_are_said_to_look_at_the_beginning_as_at_the_end(project: Project) -> None:
    filled(project).add_model("second", preset="quick")
    *_, started, finished = advise(project, device="cpu")
    assert isinstance(started, StageStarted) and isinstance(finished, StageFinished)
    assert started.total == finished.summary["rules"] == len(RULES_OF_FACES) + 2 * len(RULES_OF_MODELS)


def test_a_model_that_cant_be_read_keeps_no_other_from_being_looked_at(project: Project) -> None:
    filled(project).add_model("odd", preset="saehd", network={"archi": "xx"})
    project.add_model("typo", preset="quick")
    with project.change() as manifest:
        manifest.models["typo"].train = {"bach_size": 2}
    *events, finished = advise(project, device="cpu")
    assert isinstance(finished, StageFinished)
    assert finished.summary["rules"] == len(RULES_OF_FACES) + len(RULES_OF_MODELS)
    warnings = [event.text for event in events if isinstance(event, Notice)]
    assert warnings == finished.summary["complaints"]
    assert ["'odd'" in warnings[0], "archi" in warnings[0]] == [True, True]
    assert ["'typo'" in warnings[1], "bach_size" in warnings[1]] == [True, True]


def test_without_faces_it_says_what_to_do_first(project: Project) -> None:
    with pytest.raises(FacesUnknown, match="understudy extract"):
        advice_on(project)


def test_a_project_in_which_all_is_well_gets_no_advice() -> None:
    assert given(facts(model=None), [facts()]) == []
    spoilt = given(facts(model=None), [facts(model=model(options={"batch_size": 1}))])
    assert rules([vars(one) for one in spoilt]) == ["small_batch"]


def test_every_rule_of_the_rooms_is_asked() -> None:
    asked = {rule.__name__ for rule in (*RULES_OF_FACES.values(), *RULES_OF_MODELS.values())}
    assert asked == set(RULES_OF_FACES) | set(RULES_OF_MODELS)
    from tests.jobs.advice import test_faces, test_training

    assert asked == {rule.__name__ for rule in (*test_faces.ALL, *test_training.ALL)}


def test_a_crop_spans_as_many_pixels_of_the_frame_as_it_was_cut_from(project: Project) -> None:
    with filled(project).faceset("src") as faceset:
        record = faceset.faces()[0].record
        from understudy.facesets.sorting.table import table_of

        scale = np.sqrt(abs(np.linalg.det(record.crop_matrix()[:, :2])))
        assert advising._spans_px([table_of(faceset)], "full") == pytest.approx(32 / scale, rel=1e-3)


def test_the_project_is_written_as_a_person_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert advising._as_written(tmp_path / "film") == "film"
    assert advising._as_written(tmp_path.parent) == str(tmp_path.parent)
