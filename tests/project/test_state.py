import numpy as np

from tests.facesets.conftest import make_record
from understudy.files import write_json, write_text
from understudy.project.state import newest_checkpoint, project_state


def store_face(project, performer: str, clip: str, frame: int = 0) -> None:
    with project.faceset(performer) as faceset:
        faceset.add(np.zeros((64, 64, 3), np.uint8), make_record(clip=clip, frame=frame))


def checkpoint(project, iteration: int, name: str = "") -> None:
    folder = project.model_folder("main") / "checkpoints" / (name or f"{iteration:09d}")
    write_json(folder / "state.json", {"layout": 1, "iteration": iteration})


def test_a_new_project_wants_clips(project):
    state = project_state(project)
    assert (state.next_stage, state.name) == ("add", "Mein Prøjekt 影")
    assert "no src clip" in state.next_why
    assert state.clips == state.facesets == state.models == state.merged == state.outputs == ()


def test_the_state_walks_through_the_stages(filled):
    assert project_state(filled).next_stage == "extract"
    store_face(filled, "src", "src clip")
    state = project_state(filled)
    assert (state.next_stage, state.next_why) == ("extract", "no faces of clip 'dst clip' are stored")
    store_face(filled, "dst", "dst clip")
    store_face(filled, "dst", "dst clip", frame=1)
    assert project_state(filled).next_stage == "train"
    checkpoint(filled, 1200)
    assert project_state(filled).next_stage == "merge"
    write_text(filled.merged_folder("dst clip", "main") / "000000.png", "x")
    assert project_state(filled).next_stage == "encode"
    write_text(filled.out_folder / "shot.mp4", "film")
    state = project_state(filled)
    assert state.next_stage is None
    assert [(c.name, c.faces, c.there) for c in state.clips] == [("src clip", 1, True), ("dst clip", 2, True)]
    assert [(f.performer, f.name, f.faces) for f in state.facesets] == [("src", "main", 1), ("dst", "main", 2)]
    assert [(m.name, m.preset, m.iteration) for m in state.models] == [("main", "quick", 1200)]
    assert [(m.clip, m.model, m.frames) for m in state.merged] == [("dst clip", "main", 1)]
    assert [(o.path.name, o.size_bytes) for o in state.outputs] == [("shot.mp4", 4)]
    assert state.facesets[0].changed is not None
    assert state.size_bytes > sum(faceset.size_bytes for faceset in state.facesets) > 0


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


def test_a_finished_file_outside_the_project_counts_as_finished(project, tmp_path):
    elsewhere = tmp_path / "finished 影.mp4"
    elsewhere.write_bytes(b"a film")
    memory = {str(elsewhere): {}, str(tmp_path / "gone.mp4"): {}}
    write_json(project.merged_folder("dst", "main") / "encode.json", memory)
    assert [output.path for output in project_state(project).outputs] == [elsewhere]
