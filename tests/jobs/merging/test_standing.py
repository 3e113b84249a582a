"""Which frames of a merged clip the settings kept now would make otherwise."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.merging.conftest import Painter
from understudy.errors import OptionInvalid
from understudy.files import read_json, write_json
from understudy.jobs import stages
from understudy.jobs.merging.frame_states import FramesWanted
from understudy.jobs.merging.inputs import cast_of, keep_said
from understudy.jobs.merging.standing import behind_words, state_now
from understudy.merging.journal import JOURNAL_NAME, frame_path
from understudy.project.project import Project


@pytest.fixture
def merged(ready: Project) -> Project:
    """Merged to its end by a model whose checkpoint is the one that painted."""
    keep_said(ready, "dst", {"mask": "dst-hull"}, frames=None)
    merge(ready)
    known(ready, Painter().sha256)
    return ready


def known(project: Project, sha256: str) -> None:
    folder = project.model_folder("main") / "checkpoints" / "000000000"
    write_json(folder / "state.json", {"iteration": 0, "sha256": {"ema": sha256}, "state": {}})


def merge(project: Project) -> None:
    list(stages.merge(project, "main", clips=["dst"], said={}, device="cpu"))


def words(project: Project) -> str:
    return behind_words(project, "dst", "main")


def test_a_changed_setting_is_told_as_frames_to_make_again_until_it_is_merged(merged: Project) -> None:
    assert words(merged) == ""
    keep_said(merged, "dst", {"blur": 0.3}, frames=None)
    assert words(merged) == "of 3 frames of clip 'dst' 1 are to be made again: its settings changed"
    merge(merged)
    assert words(merged) == ""


def test_a_setting_that_touches_no_frame_with_a_face_asks_for_nothing(merged: Project) -> None:
    keep_said(merged, "dst", {"blur": 0.3}, frames=[range(2, 3)])
    assert words(merged) == ""


def test_what_another_version_made_is_to_be_made_again(
    merged: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert words(merged) == ""
    for place in ("merging.fingerprints", "jobs.merging.standing"):
        monkeypatch.setattr(f"understudy.{place}.RECIPE", 9999)
    assert words(merged).endswith("another version of understudy made it")


def test_other_weights_and_a_picture_that_is_gone_are_told(merged: Project) -> None:
    known(merged, "other weights")
    assert words(merged).endswith("its model changed")
    known(merged, Painter().sha256)
    assert words(merged) == ""
    frame_path(merged.merged_folder("dst", "main"), 1).unlink()
    assert words(merged).endswith("its picture is gone")


def test_a_cast_that_names_a_model_that_never_painted_here_is_told(merged: Project) -> None:
    with merged.change() as manifest:
        manifest.models["other"] = manifest.models["main"]
        manifest.clips["dst"].cast = {"person 1": "other"}
    assert "The model 'other' has painted none of its frames" in words(merged)


def test_a_share_of_src_that_the_model_can_not_paint_is_told_as_what_a_merge_would_refuse(
    merged: Project,
) -> None:
    keep_said(merged, "dst", {"morph": 0.5}, frames=None)
    assert words(merged).startswith("clip 'dst' can't be merged as it stands: Option 'morph' can't be 0.5")
    assert not words(merged).endswith("."), "who tells it ends the sentence"
    with pytest.raises(OptionInvalid, match="'morph' can't be 0"):
        merge(merged)


def test_a_merge_that_did_not_note_whether_its_model_blends_is_no_reason_to_refuse(merged: Project) -> None:
    made = merged.merged_folder("dst", "main") / JOURNAL_NAME
    state = read_json(made)
    del state["model"]["blends"]
    write_json(made, state)
    keep_said(merged, "dst", {"morph": 0.5}, frames=None)
    assert words(merged).endswith("its settings changed")


def test_the_answer_is_the_one_the_frames_give(merged: Project) -> None:
    for said in ({"blur": 0.3}, {"blur": 0.3, "layers": "all"}):
        keep_said(merged, "dst", said, frames=None)
        cast = cast_of(merged, "dst", "main", load=lambda _: Painter())
        letters = FramesWanted(merged, "dst", "main", cast=cast).states().letters
        assert bool(words(merged)) == ("s" in letters)


def test_nothing_is_worked_out_again_while_nothing_changed(
    merged: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_said(merged, "dst", {"blur": 0.3}, frames=None)
    before = words(merged)
    monkeypatch.setattr("understudy.jobs.merging.standing.FramesWanted", None)
    assert words(merged) == before
    assert list(read_json(merged.cache_folder / "standing.json")) == ["dst/main"]


def test_a_face_of_the_plate_that_is_another_now_is_told(merged: Project) -> None:
    with merged.faceset("dst") as dst:
        record = dst.faces()[0].record.model_copy(update={"clip": "src"})
    picture = np.zeros((16, 16, 3), np.uint8)
    with merged.faceset("src") as src:
        src.add(picture, record)
    keep_said(merged, "dst", {"plate": "src"}, frames=None)
    merge(merged)
    assert words(merged) == ""
    left, top, right, bottom = record.box_xyxy
    moved = {
        "landmarks_68": [(x + 3, y) for x, y in record.landmarks_68],
        "box_xyxy": (left, top, right + 9, bottom),
        "person": 2,
    }
    with merged.faceset("src") as src:
        src.add(picture, record.model_copy(update=moved))
    assert words(merged) == "of 3 frames of clip 'dst' 1 are to be made again: its faces changed"


def test_a_clip_that_is_gone_is_not_said_to_be_behind(merged: Project) -> None:
    merged.clip_path("dst").unlink()
    assert words(merged) == ""


def test_the_state_says_merge_next_where_settings_changed(merged: Project) -> None:
    iterations = state_now(merged).merged[0].iteration
    assert iterations == 0 and state_now(merged).merged[0].behind == ""
    keep_said(merged, "dst", {"blur": 0.3}, frames=None)
    assert state_now(merged).merged[0].behind.endswith("its settings changed")


def test_no_weights_are_loaded_for_it(merged: Project) -> None:
    code = (
        "import sys; from pathlib import Path; from understudy.jobs.merging.standing import state_now;"
        "from understudy.project.project import Project;"
        f"state_now(Project.open(Path({str(merged.folder)!r}))); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
