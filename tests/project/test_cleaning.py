import shutil

import pytest

from understudy.errors import ModelInUse, NothingToUndo, UndoImpossible
from understudy.files import write_text
from understudy.project.cleaning import STAGES, bring_back, clean
from understudy.training.keeping.lock import model_lock

MADE = {
    "extract": ["facesets/src/main", "people/src clip", "overlays/src clip", "cache/a.found.jsonl"],
    "train": ["models/main"],
    "merge": ["merged/dst clip"],
    "encode": ["out/result.mp4"],
}


@pytest.fixture
def worked(filled):
    for path in ("facesets/src/main/extracted.jsonl", "models/main/model.toml", "merged/dst clip/main/0.png"):
        write_text(filled.folder / path, "xx")
    for path in (
        "people/src clip/person-1.jpg",
        "overlays/src clip/0.jpg",
        "cache/a.found.jsonl",
        "out/result.mp4",
    ):
        write_text(filled.folder / path, "xx")
    return filled


@pytest.mark.parametrize("stage", STAGES)
def test_a_dry_run_lists_what_would_go_and_moves_nothing(worked, stage):
    removals = clean(worked, stage, dry_run=True)
    assert [r.path.relative_to(worked.folder).as_posix() for r in removals] == MADE[stage]
    assert all(r.path.exists() and r.size_bytes == 2 and r.trashed is None for r in removals)
    assert not worked.trash.folder.exists()


@pytest.mark.parametrize("stage", STAGES)
def test_cleaning_a_stage_moves_only_what_it_made_and_can_be_undone(worked, stage):
    removals = clean(worked, stage)
    left = {path for paths in MADE.values() for path in paths if (worked.folder / path).exists()}
    assert left == {path for name, paths in MADE.items() if name != stage for path in paths}
    for removal in removals:
        assert removal.trashed is not None
        worked.trash.restore(removal.trashed)
    assert all((worked.folder / path).exists() for path in MADE[stage])


def test_cleaning_twice_finds_nothing_the_second_time(worked):
    clean(worked, "train")
    assert clean(worked, "train") == []


def test_a_model_that_is_being_trained_is_not_taken_away(worked):
    with (
        model_lock(worked.model_folder("main")),
        pytest.raises(ModelInUse, match="'main' is in use by"),
    ):
        clean(worked, "train")
    assert (worked.model_folder("main") / "model.toml").exists()


def test_a_finished_file_that_became_a_clip_stays(worked):
    worked.add_clip(worked.folder / "out" / "result.mp4", "dst")
    assert clean(worked, "encode") == []


def test_faces_that_no_extraction_made_stay(worked):
    write_text(worked.folder / "facesets/src/theirs/imported.jsonl", "{}")
    write_text(worked.folder / "facesets/src/theirs/face.jpg", "xx")
    clean(worked, "extract")
    assert (worked.folder / "facesets/src/theirs/face.jpg").exists()
    assert not (worked.folder / "facesets/src/main").exists()


def test_frames_that_a_person_had_done_again_stay(worked):
    kept = [worked.folder / place / "a.redone.jsonl" for place in ("manual", "cache")]
    for path in kept:
        write_text(path, "xx")
    clean(worked, "extract")
    assert all(path.exists() for path in kept)


@pytest.mark.parametrize("stage", STAGES)
def test_what_went_at_once_comes_back_at_once(worked, stage):
    clean(worked, stage)
    assert [path.relative_to(worked.folder).as_posix() for path in bring_back(worked, stage)] == MADE[stage]
    assert all((worked.folder / path).exists() for path in MADE[stage])
    with pytest.raises(NothingToUndo):
        bring_back(worked, stage)


def test_what_was_made_since_goes_to_the_trash_before_the_older_comes_back(worked):
    result = worked.folder / "out/result.mp4"
    for text in ("second", "third"):
        clean(worked, "encode")
        write_text(result, text)
    bring_back(worked, "encode")
    assert result.read_text() == "second"
    bring_back(worked, "encode")
    assert result.read_text() == "xx"
    assert {entry.path.read_text() for entry in worked.trash.entries()} == {"second", "third"}


def test_nothing_comes_back_where_a_part_left_the_trash(worked):
    first, *_ = clean(worked, "extract")
    shutil.rmtree(first.trashed.path)
    with pytest.raises(UndoImpossible, match=first.trashed.path.name):
        bring_back(worked, "extract")
    assert not any((worked.folder / path).exists() for path in MADE["extract"])


def test_a_model_that_is_being_trained_is_not_replaced_by_an_older_one(worked):
    clean(worked, "train")
    worked.model_folder("main").mkdir(parents=True)
    with model_lock(worked.model_folder("main")), pytest.raises(ModelInUse):
        bring_back(worked, "train")
    assert not (worked.model_folder("main") / "model.toml").exists()
