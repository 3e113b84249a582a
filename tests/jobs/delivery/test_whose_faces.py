"""Marks know the clips that a model saw, and whose consent that needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.jobs.conftest import write_wall
from tests.merging.conftest import Painter
from understudy.facesets.store import Faceset
from understudy.files import sha256_of, write_json
from understudy.jobs import stages
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.delivery.whose_faces import faces_by_clip, learning_from, learnt_from, performers_of
from understudy.project.manifest import Performer
from understudy.project.project import Project
from understudy.training.keeping.learnt_from import NOT_KNOWN, STATE_KEY, Footage, LearntFrom


def learned(project: Project, *footage: Footage, model: str = "main", weights: str = "0" * 64) -> None:
    """A checkpoint with this record. Its weights are those of the tests' Painter."""
    about = {
        "iteration": 10,
        "sha256": {"ema": weights},
        "state": {STATE_KEY: LearntFrom(footage).as_json()},
    }
    write_json(project.model_folder(model) / "checkpoints" / "000000010" / "state.json", about)


def of(project: Project, clip: str, *, performer: str = "src", side: str = "src") -> Footage:
    path = project.clip_path(clip)
    return Footage(side, performer, clip, 4, file=path.name, sha256=sha256_of(path))  # type: ignore[arg-type]


def test_the_clips_of_stored_faces_are_counted_and_hashed(ready: Project, tmp_path: Path) -> None:
    add_clips(ready, src=[write_wall(tmp_path / "unused.mp4")])
    with ready.faceset("dst") as dst, ready.faceset("src") as src:
        (face,) = dst.faces()
        src.add(np.zeros((16, 16, 3), np.uint8), face.record.model_copy(update={"clip": "src"}))
        src.add(np.zeros((16, 16, 3), np.uint8), face.record.model_copy(update={"clip": "from elsewhere"}))
        learnt = learning_from(ready, faces_by_clip({"src": [("src/main", src)], "dst": [("dst/main", dst)]}))
    assert learnt.is_whole
    assert learnt.footage == (
        Footage("src", "src", "from elsewhere", 1),
        Footage("src", "src", "src", 1, "src.mp4", sha256_of(ready.clip_path("src"))),
        Footage("dst", "dst", "dst", 1, "dst.mov", sha256_of(ready.clip_path("dst"))),
    )


def test_a_clip_that_is_gone_is_named_without_its_hash(ready: Project) -> None:
    ready.clip_path("dst").unlink()
    with ready.faceset("dst") as dst:
        (part,) = learning_from(ready, faces_by_clip({"dst": [("dst/main", dst)]})).footage
    assert (part.file, part.sha256) == ("dst.mov", "")


def test_training_hands_on_whose_faces_it_is_given(ready: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with ready.faceset("dst") as dst, ready.faceset("src") as src:
        src.add(np.zeros((16, 16, 3), np.uint8), dst.faces()[0].record.model_copy(update={"clip": "src"}))
    seen: list[LearntFrom] = []
    read: list[str] = []
    plain_records = Faceset.plain_records
    monkeypatch.setattr(
        Faceset,
        "plain_records",
        lambda self, known: read.append(self.folder.parent.name) or plain_records(self, known),
    )
    monkeypatch.setattr(
        "understudy.training.train.train", lambda *_, learnt, **__: seen.append(learnt) or iter(())
    )
    list(stages.train(ready, "main", said={}, device="cpu"))
    assert [(part.side, part.file) for part in seen[0].footage] == [("src", "src.mp4"), ("dst", "dst.mov")]
    assert read == ["src", "dst"]  # all records of a faceset once


def test_a_record_counts_and_without_one_what_the_manifest_names(ready: Project, tmp_path: Path) -> None:
    add_clips(ready, src=[write_wall(tmp_path / "unused.mp4")])
    guessed = learnt_from(ready, "main")
    assert not guessed.is_whole
    assert [part.file for part in guessed.footage] == ["src.mp4", "unused.mp4", "dst.mov"]
    learned(ready, of(ready, "src"))
    assert learnt_from(ready, "main", Painter().sha256) == LearntFrom((of(ready, "src"),))
    after = learnt_from(ready, "main", and_next=True)
    assert {part.file for part in after.footage} == {"src.mp4", "unused.mp4", "dst.mov"}


def test_weights_are_found_under_the_models_new_name(ready: Project) -> None:
    learned(ready, of(ready, "src"))
    assert learnt_from(ready, "older name", Painter().sha256).is_whole
    assert not learnt_from(ready, "older name", "9" * 64).is_whole


def test_consent_is_needed_of_those_who_are_seen_or_were_learnt_from(ready: Project) -> None:
    with ready.change() as manifest:
        manifest.performers["unseen"] = Performer.model_validate({})
    gone = LearntFrom((of(ready, "src", performer="gone"),))
    assert performers_of(ready, [LearntFrom((of(ready, "src"),))], ["dst"]) == ["src", "dst"]
    assert performers_of(ready, [gone, NOT_KNOWN], ["dst", ""]) == ["dst", "gone"]
