"""A performer has several named facesets; a model learns from any union, also from faces never merged."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.facesets.conftest import make_record, noise
from tests.facesets.extraction.stand_in import StandIn, one_person
from tests.jobs.frames.test_desk import extracted, made
from understudy.errors import FacesetUnusable, FacesUnknown, OptionInvalid, ProjectInvalid
from understudy.events import Notice
from understudy.faces.detect import DETECTORS
from understudy.facesets.curation.choose import Choice
from understudy.facesets.extraction.found import FoundFrame, FoundLog, found_path
from understudy.jobs import stages
from understudy.jobs.facesets import curating, sets
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
    assert sets.new_set(filled, "src/close")
    assert not sets.new_set(filled, "src/close")
    assert curating.all_names(Project.open(filled.folder)) == ["src/main", "src/close", "dst/main"]
    for wrong in ("close", "src/", "src/a/b", "src/a:b"):
        with pytest.raises(OptionInvalid, match="PERFORMER/NAME"):
            sets.new_set(filled, wrong)
    with pytest.raises(ProjectInvalid, match="nobody"):
        sets.new_set(filled, "nobody/close")


def test_chosen_faces_are_copied_into_a_set_that_is_made_for_them(filled: Project) -> None:
    list(sets.copy_faces(filled, "src", "src/early", Choice(where="frame < 2")))
    assert [row["frame"] for row in curating.list_faces(filled, "src/early", Choice())] == [0, 1]
    assert len(curating.list_faces(filled, "src/main", Choice())) == 6
    assert curating.history(filled, "src/early")[0].words == "copy from src/main (where frame < 2): 2 faces"
    with pytest.raises(FacesUnknown, match="nothing to copy"):
        list(sets.copy_faces(filled, "src/main", "src/late", Choice(where="frame > 99")))
    assert "src/late" not in curating.all_names(filled)


def test_looking_first_makes_no_set(filled: Project) -> None:
    (would,) = sets.copy_faces(filled, "src", "src/early", Choice(limit=2), dry_run=True)
    assert isinstance(would, Notice) and "2 faces would be copied from src/main to src/early" in would.text
    (would,) = sets.merge_sets(filled, "src/all", ["src", "dst"], dry_run=True)
    assert isinstance(would, Notice) and "10 faces" in would.text
    assert curating.all_names(filled) == ["src/main", "dst/main"]


def test_sets_are_brought_together_and_the_step_is_taken_back(filled: Project) -> None:
    list(sets.copy_faces(filled, "src/main", "src/early", Choice(where="frame < 2")))
    list(sets.merge_sets(filled, "src/all", ["src/early", "src/main"]))
    assert len(curating.list_faces(filled, "src/all", Choice())) == 6
    list(curating.undo(filled, "src/all"))
    assert curating.list_faces(filled, "src/all", Choice()) == []
    with pytest.raises(OptionInvalid, match="itself"):
        list(sets.merge_sets(filled, "src/main", ["src/main"]))
    with pytest.raises(FacesUnknown):
        list(sets.merge_sets(filled, "src/main", []))


def test_extra_dst_faces_are_learnt_from_but_never_merged(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(sets.copy_faces(filled, "src/main", "dst/extra", Choice()))
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
        stages,
        "_predictor",
        lambda *_, **__: SimpleNamespace(notices=[], name="main", sha256="", blend=lambda _: None),
    )
    list(stages.train(filled, "main", said={}, device="cpu"))
    list(stages.merge(filled, "main", said={}, device="cpu"))
    assert learnt == {"src": [6], "dst": [4, 6]}
    assert merged == {"dst": ["dst"] * 4}


def test_a_models_facesets_are_kept_and_a_side_that_is_not_named_stays(filled: Project) -> None:
    sets.new_set(filled, "src/close")
    stages.choose_facesets(filled, "main", src=["src/main", "src/close"])
    stages.choose_facesets(filled, "main", dst=["dst"])
    opened = Project.open(filled.folder)
    assert opened.facesets_of("src", "main") == ["src/main", "src/close"]
    assert opened.facesets_of("dst", "main") == ["dst/main"]
    with pytest.raises(FacesUnknown, match="src/main, src/close"):
        stages.choose_facesets(filled, "main", src=["src/wide"])


def with_faces(project: Project, name: str, count: int) -> None:
    sets.new_set(project, name)
    with project.faceset(*name.split("/")) as faceset:
        for frame in range(count):
            faceset.add(noise(32, seed=frame), make_record(clip="src", frame=frame, size_px=32))


def test_a_clips_faces_go_to_the_set_that_was_named_last(filled: Project) -> None:
    with_faces(filled, "src/night", 2)
    (notice,) = sets.put_in_faceset(filled, "src", "night")
    assert "6 faces from before stay in src/main" in notice.text
    assert "--src-faceset src/main src/night" in notice.text and "faceset merge" in notice.text
    assert list(sets.put_in_faceset(filled, "src", "night")) == []
    assert filled.faceset_of_clip("src") == ("src", "night")
    assert filled.facesets_with_clips("src") == ["src/night"]
    assert Project.open(filled.folder).faceset_of_clip("src") == ("src", "night")


def test_a_set_without_a_face_of_the_clip_leaves_it_where_its_faces_are(filled: Project) -> None:
    sets.new_set(filled, "src/night")
    (notice,) = sets.put_in_faceset(filled, "src", "night")
    assert "no face of it is in src/night, so src/main goes on being its faceset" in notice.text
    assert Project.open(filled.folder).faceset_of_clip("src") == ("src", "main")


def test_some_frames_done_again_go_to_no_other_set(filled: Project) -> None:
    with pytest.raises(OptionInvalid, match="can't go to src/night"):
        list(stages.extract(filled, clips=["src"], said={}, device="cpu", faceset="night", redo_deleted=True))
    assert "src/night" not in curating.all_names(filled)
    assert sets.goal_of_clip(filled, "src", "main", redo_deleted=True) == ("src", "main")


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.facesets.extraction.stand_in import StandIn, installed
from understudy.facesets.store import Faceset
from understudy.jobs import stages
from understudy.project.project import Project

def add(self, *values, **more):
    if len(self) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return kept(self, *values, **more)

installed(StandIn())
kept, Faceset.add_encoded = Faceset.add_encoded, add
list(stages.extract(Project.open(Path(sys.argv[1])), said={}, device="cpu", faceset="marks"))
"""


def test_a_clip_moves_to_another_set_only_when_its_faces_are_there_also_across_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DETECTORS, "stand-in", lambda _: StandIn())
    project = extracted(made(tmp_path, one_person(8)))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, project.folder], check=False, capture_output=True, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    project = Project.open(project.folder)
    assert project.facesets_with_clips("dst") == ["dst/main"], "what is trained and merged is as it was"
    assert [len(curating.list_faces(project, name, Choice())) for name in ("dst/main", "dst/marks")] == [8, 3]
    events = list(stages.extract(project, said={}, device="cpu", faceset="marks"))
    project = Project.open(project.folder)
    assert project.facesets_with_clips("dst") == ["dst/marks"]
    assert len(curating.list_faces(project, "dst/marks", Choice())) == 8
    assert any(
        isinstance(told, Notice) and "8 faces from before stay in dst/main" in told.text for told in events
    )


def test_training_on_an_empty_faceset_names_it_and_where_there_are_faces(filled: Project) -> None:
    """As after an extract into a new faceset by an older understudy, stopped before its first face."""
    filled.put_in_faceset("src", "night")
    with pytest.raises(FacesetUnusable, match="src faces") as caught:
        list(stages.train(filled, "main", said={}, device="cpu"))
    said = str(caught.value)
    assert "in src/night." in said and "src/main: take them with --src-faceset" in said


def test_training_after_a_search_in_vain_says_that_and_not_to_search_first(project: Project) -> None:
    def refused() -> str:
        with pytest.raises(FacesetUnusable) as caught:
            list(stages.train(project, "main", said={}, device="cpu"))
        return str(caught.value)

    assert "no src faces to learn from in src/main. Run `understudy extract` first." in refused()
    with FoundLog.open(found_path(project.cache_folder, "src"), {"content": "1"}) as log:
        log.append([FoundFrame(0, 0.0, [])])
        log.finish(range(1))
    said = refused()
    assert "Clip 'src' was searched, but none of the faces is stored: `understudy extract` says why" in said
    assert "`understudy remove`" in said and "first" not in said
