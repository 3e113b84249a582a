import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.conftest import make_record
from understudy.facesets import pictures
from understudy.facesets.extraction.found import FoundFrame, FoundLog
from understudy.files import folder_size_bytes, write_json, write_text
from understudy.merging.delivery.memory import DeliveryMemory
from understudy.merging.journal import Journal
from understudy.project.model_changes import rename_model
from understudy.project.state import newest_checkpoint, project_state
from understudy.training.steering.plan import Plan
from understudy.training.steering.plateau import Plateau

DONE = Plan(minutes=None, iterations=100, done_iterations=100)


def store_face(project, performer: str, clip: str, frame: int = 0) -> None:
    with project.faceset(performer) as faceset:
        faceset.add(np.zeros((64, 64, 3), np.uint8), make_record(clip=clip, frame=frame))


def test_a_face_that_lies_in_two_facesets_counts_once_for_its_clip(filled) -> None:
    for frame in range(2):
        store_face(filled, "src", "src clip", frame=frame)
    filled.add_faceset("src", "again")
    for frame in range(3):
        with filled.faceset("src", "again") as faceset:
            faceset.add(np.zeros((64, 64, 3), np.uint8), make_record(clip="src clip", frame=frame))
    state = project_state(filled)
    assert [clip.faces for clip in state.clips if clip.name == "src clip"] == [3]
    assert [one.faces for one in state.facesets if one.performer == "src"] == [2, 3]


def search(project, clip: str, *, to_the_end: bool = True) -> None:
    with FoundLog.open(project.cache_folder / f"{clip}.found.jsonl", {"content": "1"}) as log:
        log.append([FoundFrame(0, 0.0, [])])
        if to_the_end:
            log.finish(range(1))


def checkpoint(project, iteration: int, name: str = "", plan: Plan = DONE, *, model: str = "main") -> None:
    folder = project.model_folder(model) / "checkpoints" / (name or f"{iteration:09d}")
    state = {"layout": 1, "iteration": iteration, "sha256": {}, "state": {"plan": plan.as_json()}}
    write_json(folder / "state.json", state)


def merge(project, iteration: int, *, to_the_end: bool = True, model: str = "main") -> Path:
    folder = project.merged_folder("dst clip", model)
    write_text(folder / "000000.png", "x")
    journal = Journal(folder)
    painted_by = {"name": model, "sha256": "0", "iterations": iteration}
    journal.describe({"model": painted_by, "clip": {"frames": 1}})
    journal.remember(0, "fingerprint")
    journal.save(complete=to_the_end)
    return folder


def encode(project, path: Path, *, seconds: int | None = None) -> None:
    write_text(path, "film")
    if seconds is not None:
        set_time(path, seconds)
    DeliveryMemory(project.merged_folder("dst clip", "main")).remember(path, "recipe")


def set_time(path: Path, seconds: int) -> None:
    os.utime(path, (seconds, seconds))


def next_of(project) -> tuple[str | None, str]:
    state = project_state(project)
    return state.next_stage, state.next_why


@pytest.fixture
def extracted(filled):
    for role in ("src", "dst"):
        store_face(filled, role, f"{role} clip")
        search(filled, f"{role} clip")
    return filled


@pytest.fixture
def trained(extracted):
    checkpoint(extracted, 1200)
    return extracted


def test_a_new_project_wants_clips(project):
    state = project_state(project)
    assert (state.next_stage, state.name) == ("add", "Mein Prøjekt 影")
    assert "no src clip" in state.next_why
    assert state.clips == state.facesets == state.models == state.merged == state.outputs == ()


def test_the_state_walks_through_the_stages(filled):
    assert project_state(filled).next_stage == "extract"
    store_face(filled, "src", "src clip")
    search(filled, "src clip")
    assert next_of(filled) == ("extract", "no faces of clip 'dst clip' are stored")
    store_face(filled, "dst", "dst clip")
    store_face(filled, "dst", "dst clip", frame=1)
    search(filled, "dst clip")
    assert next_of(filled) == ("train", "model 'main' has learnt nothing yet")
    checkpoint(filled, 1200)
    assert next_of(filled) == ("merge", "clip 'dst clip' is not merged yet")
    merge(filled, 1200)
    assert next_of(filled) == ("encode", "there is no finished file of clip 'dst clip' as it is merged now")
    encode(filled, filled.out_folder / "shot.mp4")
    state = project_state(filled)
    assert state.next_stage is None
    assert [(c.name, c.faces, c.there) for c in state.clips] == [("src clip", 1, True), ("dst clip", 2, True)]
    assert [(f.performer, f.name, f.faces) for f in state.facesets] == [("src", "main", 1), ("dst", "main", 2)]
    assert [(m.name, m.preset, m.iteration) for m in state.models] == [("main", "quick", 1200)]
    assert [(m.clip, m.model, m.frames) for m in state.merged] == [("dst clip", "main", 1)]
    assert [(o.path.name, o.size_bytes) for o in state.outputs] == [("shot.mp4", 4)]
    assert state.facesets[0].changed is not None
    assert state.size_bytes > sum(faceset.size_bytes for faceset in state.facesets) > 0


def test_a_clip_that_was_searched_in_vain_is_not_called_unsearched(filled):
    """`next: extract, no faces are stored` went on after the extraction that had found none."""
    for role in ("src", "dst"):
        search(filled, f"{role} clip")
    stage, why = next_of(filled)
    assert stage == "extract" and why.startswith("clip 'src clip' was searched, but none of its faces")
    assert "understudy extract" in why and "understudy remove" in why


def test_a_faceset_is_as_old_as_its_newest_face_or_step_however_often_it_is_opened(filled):
    assert project_state(filled).facesets[0].changed is None
    store_face(filled, "src", "src clip")
    folder = filled.faceset_folder("src")
    for picture in folder.glob("*.jpg"):
        set_time(picture, 1_000_000)
    for _ in range(2):
        assert project_state(filled).facesets[0].changed == datetime.fromtimestamp(1_000_000, UTC)
    write_text(folder / "history.jsonl", "")
    set_time(folder / "history.jsonl", 2_000_000)
    assert project_state(filled).facesets[0].changed == datetime.fromtimestamp(2_000_000, UTC)


def test_the_pictures_of_a_faceset_are_listed_once(filled, monkeypatch):
    store_face(filled, "src", "src clip")
    listed, is_picture = [], pictures.is_picture

    def noted(name: str) -> bool:
        if found := is_picture(name):
            listed.append(name)
        return found

    monkeypatch.setattr(pictures, "is_picture", noted)
    assert project_state(filled).facesets[0].changed is not None
    assert len(listed) == 1


def test_faces_of_a_clip_that_is_half_searched_are_not_all_its_faces(filled):
    for role in ("src", "dst"):
        store_face(filled, role, f"{role} clip")
        search(filled, f"{role} clip", to_the_end=role == "src")
    wanted = ("extract", "clip 'dst clip' is not searched for faces to its end")
    assert next_of(filled) == wanted
    search(filled, "dst clip")
    log = filled.cache_folder / "dst clip.found.jsonl"
    assert project_state(filled).next_stage == "train"
    log.write_bytes(log.read_bytes()[:-1])  # its last line is torn
    assert next_of(filled) == wanted


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (Plan(minutes=10, iterations=None, done_seconds=150), "model 'main' has 2.5 of 10 minutes done"),
        (Plan(minutes=None, iterations=80, done_iterations=7), "model 'main' has 7 of 80 iterations done"),
    ],
)
def test_training_that_was_interrupted_goes_on_and_says_how_much_is_done(extracted, plan, why):
    checkpoint(extracted, 7, plan=plan)
    assert next_of(extracted) == ("train", why)


def test_a_model_that_learnt_nothing_waits_until_what_has_learnt_is_delivered(trained):
    trained.add_model("large")
    assert next_of(trained) == ("merge", "clip 'dst clip' is not merged yet")
    merge(trained, 1200)
    assert project_state(trained).next_stage == "encode"
    encode(trained, trained.out_folder / "shot.mp4")
    assert next_of(trained) == ("train", "model 'large' has learnt nothing yet")


def test_what_is_left_begins_with_the_next_stage_and_leaves_out_what_is_done(trained):
    assert project_state(trained).stages_left == ("merge", "encode", "train")
    merge(trained, 1200)
    encode(trained, trained.out_folder / "shot.mp4")
    assert project_state(trained).stages_left == ()
    trained.add_model("large")
    assert project_state(trained).stages_left == ("train",)


def test_what_is_next_names_its_model_where_it_is_not_the_one_that_commands_mean(extracted):
    for place, name in enumerate(("older", "newer")):
        extracted.add_model(name)
        checkpoint(extracted, 900, model=name)
        set_time(extracted.model_folder(name) / "checkpoints" / f"{900:09d}", 100 + place)
    state = project_state(extracted)
    assert (state.next_stage, state.next_model) == ("merge", "newer"), "main has learnt nothing"
    merge(extracted, 900, model="older")
    state = project_state(extracted)
    assert (state.next_stage, state.next_model) == ("encode", "older"), "it has been merged"
    behind = project_state(extracted, behind=lambda _clip, model: "old" if model == "older" else "")
    assert (behind.next_stage, behind.next_model) == ("merge", "older"), "its settings are others now"
    merge(extracted, 800, model="older")
    checkpoint(extracted, 700)
    state = project_state(extracted)
    assert (state.next_stage, state.next_model) == ("merge", "older"), "this one is what is behind"
    merge(extracted, 700)
    assert project_state(extracted).next_model == ""


def test_a_merge_that_was_interrupted_goes_on_with_its_own_model(trained):
    trained.add_model("close")
    checkpoint(trained, 900, model="close")
    merge(trained, 900, model="close", to_the_end=False)
    state = project_state(trained)
    assert (state.next_stage, state.next_model) == ("merge", "close")


def test_what_is_next_names_its_clips_where_another_is_painted_by_another_model(trained):
    trained.add_model("close")
    checkpoint(trained, 900, model="close")
    assert project_state(trained).next_clips == (), "there is no other"
    wide = trained.folder / "wide.mp4"
    wide.write_bytes(b"wide")
    trained.add_clip(wide, "dst")
    store_face(trained, "dst", "wide")
    search(trained, "wide")
    assert (project_state(trained).next_stage, project_state(trained).next_clips) == ("merge", ()), "both"
    merge(trained, 900, model="close", to_the_end=False)
    state = project_state(trained)
    assert (state.next_model, state.next_clips) == ("close", ("dst clip",)), "the other is painted by main"
    merge(trained, 900, model="close")
    state = project_state(trained)
    assert (state.next_stage, state.next_model, state.next_clips) == ("merge", "", ("wide",))


def test_a_training_that_is_next_names_its_model_where_it_is_another(extracted):
    extracted.add_model("close")
    checkpoint(extracted, 50, model="close", plan=Plan(minutes=None, iterations=100, done_iterations=0))
    state = project_state(extracted)
    assert (state.next_stage, state.next_model) == ("train", "close")
    checkpoint(extracted, 50, plan=Plan(minutes=None, iterations=100, done_iterations=0))
    assert project_state(extracted).next_model == ""


def test_where_main_has_learnt_or_a_cast_paints_no_model_is_to_be_named(trained):
    trained.add_model("large")
    checkpoint(trained, 900, model="large")
    state = project_state(trained)
    assert (state.next_stage, state.next_model) == ("merge", "")
    with trained.change() as manifest:
        manifest.clips["dst clip"].cast = {"person 1": "large"}
    assert project_state(trained).next_model == ""


def test_where_a_clip_has_a_cast_every_model_learns_before_it_is_merged(trained):
    trained.add_model("large")
    with trained.change() as manifest:
        manifest.clips["dst clip"].cast = {"person 1": "large"}
    assert next_of(trained) == ("train", "model 'large' has learnt nothing yet")


def test_training_without_a_planned_end_is_done_when_it_is_stopped(extracted):
    checkpoint(extracted, 7, plan=Plan(minutes=None, iterations=None, done_iterations=7))
    assert project_state(extracted).next_stage == "merge"


def test_a_checkpoint_that_says_nothing_of_its_plan_is_not_taken_for_done(extracted):
    folder = extracted.model_folder("main") / "checkpoints" / "000000007"
    for state in ({"plan": {"minutes": "ten", "iterations": None}}, {"plan": None}, [], {}):
        write_json(folder / "state.json", {"layout": 1, "iteration": 7, "state": state})
        assert next_of(extracted) == ("train", "model 'main' has an unknown part done")


def test_a_merge_that_was_interrupted_goes_on(trained):
    merge(trained, 1200, to_the_end=False)
    assert next_of(trained) == ("merge", "clip 'dst clip' is not merged to its end")


def test_a_merge_by_a_model_that_has_learnt_more_since_is_made_again(trained):
    merge(trained, 1200)
    encode(trained, trained.out_folder / "shot.mp4")
    assert project_state(trained).next_stage is None
    checkpoint(trained, 1300)
    assert next_of(trained) == ("merge", "clip 'dst clip' is merged with an older state of the model")


def test_frames_of_a_cast_are_up_to_date_while_all_its_models_are(trained):
    with trained.change() as manifest:
        manifest.clips["dst clip"].cast = {"person 1": "main"}
    merge(trained, 1200).rename(trained.folder / "merged" / "dst clip" / "cast")
    assert next_of(trained)[0] == "encode"
    checkpoint(trained, 1300)
    assert next_of(trained) == ("merge", "clip 'dst clip' is merged with an older state of the model")


def test_a_finished_file_counts_while_it_is_there_and_no_merge_came_after_it(trained, tmp_path):
    folder, out = merge(trained, 1200), tmp_path / "elsewhere 影.mp4"
    write_text(trained.out_folder / "another.mp4", "of something else")
    assert project_state(trained).next_stage == "encode"
    set_time(folder / "merge.json", 1000)
    encode(trained, out, seconds=2000)
    assert project_state(trained).next_stage is None
    set_time(folder / "merge.json", 3000)
    assert project_state(trained).next_stage == "encode"
    encode(trained, out, seconds=4000)
    assert project_state(trained).next_stage is None
    out.unlink()
    assert project_state(trained).next_stage == "encode"


@pytest.mark.parametrize("inside", [True, False])
def test_a_finished_file_that_was_replaced_by_something_else_is_finished_no_more(trained, tmp_path, inside):
    merge(trained, 1200)
    out = (trained.out_folder if inside else tmp_path) / "done.mp4"
    encode(trained, out)
    assert project_state(trained).next_stage is None
    assert [output.path for output in project_state(trained).outputs] == [out]
    write_text(out, "somebody else's film")
    assert project_state(trained).next_stage == "encode"
    assert project_state(trained).outputs == ()


def test_a_clip_with_a_cast_is_not_done_by_what_one_model_painted(trained):
    merge(trained, 1200)
    assert next_of(trained)[0] == "encode"
    with trained.change() as manifest:
        manifest.clips["dst clip"].cast = {"person 1": "main"}
    assert next_of(trained) == ("merge", "clip 'dst clip' is not merged yet")


def test_a_clip_that_is_gone_is_told(filled):
    filled.clip_path("src clip").unlink()
    gone = next(clip for clip in project_state(filled).clips if clip.name == "src clip")
    assert (gone.there, gone.size_bytes) == (False, 0)


def test_the_newest_whole_checkpoint_counts(filled):
    folder = filled.model_folder("main")
    assert newest_checkpoint(folder) is None
    checkpoint(filled, 900)
    checkpoint(filled, 1000)
    checkpoint(filled, 5000, name=".000005000.77.partial")
    write_text(folder / "checkpoints" / "000002000" / "state.json", '{"iteration": ')
    found = newest_checkpoint(folder)
    assert found is not None
    assert (found[0]["iteration"], found[1].name) == (1000, "000001000")
    assert project_state(filled).models[0].iteration == 1000


def test_what_is_unusual_in_a_faceset_is_passed_on(filled):
    store_face(filled, "src", "src clip")
    (filled.faceset_folder("src") / "holiday.jpg").write_bytes(b"no face")
    (faceset, _) = project_state(filled).facesets
    assert "holiday.jpg" in faceset.notices[0]


def test_looking_at_a_project_changes_no_file_of_the_user(filled):
    before = {path: path.read_bytes() for path in filled.folder.rglob("*") if path.is_file()}
    project_state(filled)
    after = {path: path.read_bytes() for path in filled.folder.rglob("*") if path.is_file()}
    assert before == after


def test_a_large_project_is_gone_through_once_for_all_its_sizes(trained, monkeypatch):
    folder = merge(trained, 1200)
    write_text(folder / "layers" / "000000.png", "a layer")
    looked: Counter[Path] = Counter()
    scandir = os.scandir

    def counted(path):
        looked[Path(path)] += 1
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    state = project_state(trained)
    assert looked[folder / "layers"] == 1
    assert state.size_bytes == folder_size_bytes(trained.folder)
    assert [(one.frames, one.size_bytes) for one in state.merged] == [(1, folder_size_bytes(folder))]
    assert state.models[0].size_bytes == folder_size_bytes(trained.model_folder("main"))


def test_a_merge_that_is_behind_its_settings_is_next_and_says_why(trained):
    merge(trained, 1200)
    encode(trained, trained.out_folder / "shot.mp4")
    why = "of 1 frame of clip 'dst clip' 1 is to be made again"
    state = project_state(
        trained, behind=lambda clip, model: why if (clip, model) == ("dst clip", "main") else ""
    )
    assert (state.next_stage, state.next_why) == ("merge", why)
    assert project_state(trained, behind=lambda *_: "").next_stage is None


def test_a_merge_of_an_older_model_is_not_looked_at_frame_by_frame(trained):
    merge(trained, 1100)
    asked = []
    project_state(trained, behind=lambda *which: asked.append(which) or "")
    assert asked == []


def whole(project, course: dict, *, iteration: int = 5) -> str:
    """All is made of a model that was trained as asked; why it should learn on."""
    folder = checkpoint_with(project, course, iteration)
    merge(project, iteration)
    encode(project, project.out_folder / "film.mp4")
    assert folder.is_dir() and next_of(project)[0] is None
    return project_state(project).train_on


def checkpoint_with(project, course: dict, iteration: int) -> Path:
    folder = project.model_folder("main") / "checkpoints" / f"{iteration:09d}"
    plan = Plan(minutes=None, iterations=iteration, done_iterations=iteration)
    state = {"plan": plan.as_json(), "course": course}
    write_json(folder / "state.json", {"layout": 1, "iteration": iteration, "sha256": {}, "state": state})
    return folder


def course_of(means: list[float], *, stage: int = 1, drops: int = 0, plateau: bool = False) -> dict:
    stages = [{"name": "learn", "plateau": plateau}, {"name": "finish", "plateau": False}]
    flat = Plateau(64, 0.02, means)
    return {"recipe": {"stages": stages}, "stage": stage, "drops": drops, "plateau": flat.as_json()}


def test_a_model_whose_loss_never_levelled_off_is_not_called_done(extracted):
    falling = [4.0 / (1 + n) for n in range(32)]
    assert whole(extracted, course_of([], stage=0)) == (
        "model 'main' has learnt for 5 iterations, and its loss has not levelled off: train on. "
        "It stands in stage learn, 1 of 2."
    )
    assert whole(extracted, course_of(falling)).endswith("has not levelled off: train on.")


@pytest.mark.parametrize(
    "course",
    [
        course_of([1.0] * 32),
        course_of([], drops=1),
        course_of([], plateau=True),
        {},
        {"recipe": None, "stage": "x"},
    ],
    ids=["flat now", "flat before", "a stage ended flat", "nothing written", "damaged"],
)
def test_a_model_whose_loss_levelled_off_or_that_tells_nothing_is_left_in_peace(extracted, course):
    assert whole(extracted, course) == ""


def test_a_model_that_should_learn_on_is_named_where_it_has_to_be_said(extracted):
    whole(extracted, course_of([], stage=0))
    assert project_state(extracted).next_model == ""
    rename_model(extracted, "main", "close")
    state = project_state(extracted)
    assert "model 'close' has learnt" in state.train_on and state.next_model == "close"
