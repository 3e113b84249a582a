import contextlib
import json
import os
import shutil

import pytest

from understudy.errors import FolderUnwritable, LeadsOut, ModelInUse, NothingToUndo, UndoImpossible
from understudy.files import write_text
from understudy.project import cleaning, trash
from understudy.project.cleaning import STAGES, bring_back, clean
from understudy.project.lock import exclusive
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
    assert [one.path.relative_to(worked.folder).as_posix() for one in bring_back(worked, stage)] == MADE[stage]
    assert all((worked.folder / path).exists() for path in MADE[stage])
    for dry_run in (True, False):
        with pytest.raises(NothingToUndo):
            bring_back(worked, stage, dry_run=dry_run)
    assert worked.trash.entries() == []


def test_what_was_made_since_goes_to_the_trash_and_comes_back_with_the_next_undo(worked):
    result = worked.folder / "out/result.mp4"
    for text in ("second", "third"):
        clean(worked, "encode")
        write_text(result, text)
    for text, other in (("second", "third"), ("third", "second")) * 2:
        (one,) = bring_back(worked, "encode")
        assert result.read_text() == text
        assert one.replaced is not None and one.replaced.read_text() == other
    assert {entry.path.read_text() for entry in worked.trash.entries()} == {"xx", "second"}


class Killed(Exception):
    pass


@contextlib.contextmanager
def killed(monkeypatch, step, *, after):
    """A kill at the n-th thing that is written or moved, before it or just `after` it."""
    steps = iter(range(1000))

    def dying(do):
        def done(*args):
            now = next(steps)
            if now == step and not after:
                raise Killed
            do(*args)
            if now == step:
                raise Killed

        return done

    with monkeypatch.context() as patch:
        for module, name in ((cleaning, "write_json"), (trash, "write_json"), (trash, "move_whole")):
            patch.setattr(module, name, dying(getattr(module, name)))
        yield


def contents(worked):
    return {path: (worked.folder / path).exists() for path in MADE["extract"]}


def text_of(worked, path):
    place = worked.folder / path
    return (place if place.is_file() else next(p for p in place.iterdir() if p.name[0] != ".")).read_text()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(9))  # four places kept, the plan, four moves
def test_a_cleaning_killed_anywhere_goes_on_and_all_comes_back(worked, monkeypatch, step, after):
    with killed(monkeypatch, step, after=after), pytest.raises(Killed):
        clean(worked, "extract")
    clean(worked, "extract")
    assert not any(contents(worked).values())
    assert all(entry.origin is not None for entry in worked.trash.entries())
    assert len(worked.trash.entries()) == len(MADE["extract"])
    bring_back(worked, "extract")
    assert all(contents(worked).values()) and worked.trash.entries() == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(9))
def test_a_killed_cleaning_is_undone_as_far_as_it_went(worked, monkeypatch, step, after):
    with killed(monkeypatch, step, after=after), pytest.raises(Killed):
        clean(worked, "extract")
    with contextlib.suppress(NothingToUndo):
        bring_back(worked, "extract")
    assert all(contents(worked).values()) and worked.trash.entries() == []
    with pytest.raises(NothingToUndo):
        bring_back(worked, "extract")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(5))  # the plan, four moves
def test_an_undo_killed_anywhere_goes_on(worked, monkeypatch, step, after):
    clean(worked, "extract")
    with killed(monkeypatch, step, after=after), pytest.raises(Killed):
        bring_back(worked, "extract")
    with contextlib.suppress(NothingToUndo):
        bring_back(worked, "extract")
    assert all(contents(worked).values()) and worked.trash.entries() == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(14))  # four places kept, the plan, eight moves, what the next undo moves
def test_an_undo_over_newer_things_killed_anywhere_keeps_both(worked, monkeypatch, step, after):
    clean(worked, "extract")
    for path in ("facesets/src/main/f.jpg", "people/src clip/1", "overlays/src clip/0", "cache/a.found.jsonl"):
        write_text(worked.folder / path, "newer")
    with killed(monkeypatch, step, after=after), pytest.raises(Killed):
        bring_back(worked, "extract")
    if (step, after) != (13, True):  # which was all of it
        with contextlib.suppress(NothingToUndo):
            bring_back(worked, "extract")
    for text, next_text in (("xx", "newer"), ("newer", "xx")):
        assert [text_of(worked, path) for path in MADE["extract"]] == [text] * 4
        bring_back(worked, "extract")
        assert [text_of(worked, path) for path in MADE["extract"]] == [next_text] * 4
        assert len(worked.trash.entries()) == 4


def test_a_cleaning_is_planned_in_one_note_whatever_was_cleaned_before(worked):
    note = worked.trash.folder / ".cleaned-encode.json"
    for _ in range(3):
        clean(worked, "encode")
        write_text(worked.folder / "out/result.mp4", "xx")
    assert [*json.loads(note.read_text())["parts"]] == ["out/result.mp4"]


@pytest.mark.parametrize(
    "parts",
    [
        *({origin: "x"} for origin in ("../outside", "/etc/passwd", "", ".")),
        *({"out/a": name} for name in ("../x", "..", ".", "", 7)),
        7,
    ],
)
def test_a_note_that_leads_out_of_the_project_is_not_followed(worked, parts):
    write_text(worked.trash.folder / ".cleaned-encode.json", json.dumps({"parts": parts, "displaced": {}}))
    with pytest.raises(NothingToUndo):
        bring_back(worked, "encode")


def test_a_newer_file_that_became_a_clip_is_not_replaced(worked):
    clean(worked, "encode")
    write_text(worked.folder / "out/result.mp4", "newer")
    worked.add_clip(worked.folder / "out" / "result.mp4", "dst")
    with pytest.raises(UndoImpossible, match=r"relink.*result\.mp4"):
        bring_back(worked, "encode")
    assert (worked.folder / "out/result.mp4").read_text() == "newer"


@pytest.mark.parametrize(
    ("stage", "lock"),
    [
        ("extract", "clip_lock src clip"),
        ("extract", "faceset_lock src/main"),
        ("merge", "clip_lock dst clip"),
        ("encode", "clip_lock dst clip"),
    ],
)
def test_nothing_moves_under_a_stage_at_work(worked, stage, lock):
    which, _, name = lock.partition(" ")
    path = getattr(worked, which)(name)
    with exclusive(path), pytest.raises(FolderUnwritable, match="Another process"):
        clean(worked, stage)
    assert all((worked.folder / made).exists() for made in MADE[stage])
    clean(worked, stage)
    with exclusive(path), pytest.raises(FolderUnwritable, match="Another process"):
        bring_back(worked, stage)
    assert not any((worked.folder / made).exists() for made in MADE[stage])
    bring_back(worked, stage)


@pytest.mark.skipif(os.name != "posix", reason="there a folder can't move while a file in it is open")
def test_a_model_is_held_until_it_is_moved(worked, monkeypatch):
    folder, held = worked.model_folder("main"), []

    def moving(path, goal, move=trash.move_whole):
        if folder.is_dir():
            with pytest.raises(ModelInUse), model_lock(folder):
                pass
            held.append(path)
        move(path, goal)

    monkeypatch.setattr(trash, "move_whole", moving)
    clean(worked, "train")
    write_text(folder / "model.toml", "newer")
    bring_back(worked, "train")
    assert held == [folder, folder]


def test_another_clip_at_work_stops_no_cleaning_of_merged_frames(worked):
    with exclusive(worked.clip_lock("another")):
        assert len(clean(worked, "merge")) == 1


def test_nothing_comes_back_where_a_part_left_the_trash(worked):
    first, *_ = clean(worked, "extract")
    shutil.rmtree(first.trashed.path)
    with pytest.raises(UndoImpossible, match="facesets/src/main"):
        bring_back(worked, "extract")
    assert not any((worked.folder / path).exists() for path in MADE["extract"])


def test_a_model_that_is_being_trained_is_not_replaced_by_an_older_one(worked):
    clean(worked, "train")
    worked.model_folder("main").mkdir(parents=True)
    with model_lock(worked.model_folder("main")), pytest.raises(ModelInUse):
        bring_back(worked, "train")
    assert not (worked.model_folder("main") / "model.toml").exists()


HOMES = {"extract": ("facesets", "people"), "train": ("models",), "merge": ("merged",), "encode": ("out",)}


@pytest.fixture
def letters(tmp_path):
    """A folder of the user's that has nothing to do with the project, with what a stage could have made."""
    for path in ("main/extracted.jsonl", "main/diary.txt", "result.mp4", "src/main/extracted.jsonl"):
        write_text(tmp_path / "letters" / path, "mine")
    return tmp_path / "letters"


def everything(folder):
    return {path.relative_to(folder): path.read_text() for path in folder.rglob("*") if path.is_file()}


def put_elsewhere(worked, name, place):
    """Have a link where a folder of the project was."""
    folder = worked.folder / name
    if folder.is_dir() and not folder.is_symlink():
        folder.rename(worked.folder / f"was-{name}")
    folder.symlink_to(place)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(("stage", "home"), [(stage, home) for stage in HOMES for home in HOMES[stage]])
def test_what_lies_behind_a_link_out_of_the_project_is_not_cleaned(worked, letters, stage, home, dry_run):
    put_elsewhere(worked, home, letters)
    before = everything(letters)
    with pytest.raises(LeadsOut, match=f"`{home}` is a link that leads out of the project") as told:
        clean(worked, stage, dry_run=dry_run)
    assert str(letters) in told.value.message
    assert everything(letters) == before and not worked.trash.folder.exists()


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("stage", STAGES)
def test_nothing_is_brought_back_to_behind_a_link_out_of_the_project(worked, letters, stage, dry_run):
    clean(worked, stage)
    for home in HOMES[stage]:
        (worked.folder / home).exists() and shutil.rmtree(worked.folder / home)
        put_elsewhere(worked, home, letters)
    before, away = everything(letters), everything(worked.trash.folder)
    with pytest.raises(LeadsOut):
        bring_back(worked, stage, dry_run=dry_run)
    assert everything(letters) == before and everything(worked.trash.folder) == away


def test_a_trash_that_is_another_project_s_gives_nothing_and_takes_nothing(worked, letters):
    write_text(letters / ".cleaned-encode.json", json.dumps({"parts": {"out/a": "main"}, "displaced": {}}))
    put_elsewhere(worked, "trash", letters)
    before = everything(letters)
    for do in (clean, bring_back):
        with pytest.raises(LeadsOut, match="`trash` is a link"):
            do(worked, "encode")
    assert everything(letters) == before


@pytest.mark.parametrize("stage", ["train", "merge", "extract"])
def test_of_a_link_among_what_was_made_the_link_alone_goes_and_comes_back(worked, letters, stage):
    made = worked.folder / MADE[stage][0]
    shutil.rmtree(made)
    made.symlink_to(letters / "main")
    clean(worked, stage)
    assert not os.path.lexists(made) and (letters / "main/diary.txt").read_text() == "mine"
    bring_back(worked, stage)
    assert made.is_symlink() and (letters / "main/diary.txt").read_text() == "mine"


def test_a_folder_that_is_a_link_within_the_project_is_cleaned_like_any(worked):
    put_elsewhere(worked, "merged", worked.folder / "was-merged")
    assert len(clean(worked, "merge")) == 1
    assert len(bring_back(worked, "merge")) == 1
    assert (worked.folder / "was-merged/dst clip/main/0.png").exists()


@contextlib.contextmanager
def killed_at(monkeypatch, number):
    """A kill before the n-th thing that is done to a file; nothing is done behind it. Gives what died."""
    left, dead = [number], []

    def dying(do):
        def done(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                dead.append(do)
                raise Killed
            return do(*args, **kwargs)

        return done

    with monkeypatch.context() as patch:
        for name in ("rename", "replace", "unlink", "mkdir", "fsync"):
            patch.setattr(os, name, dying(getattr(os, name)))
        with contextlib.suppress(Killed):
            yield dead


def planned(folder):
    return json.loads((folder / "trash/.cleaned-extract.json").read_text())["parts"]


def state(worked):
    """What stands in the project, and what in the trash by where it came from."""
    there = {path: text_of(worked, path) for path, is_there in contents(worked).items() if is_there}
    away = sorted((str(e.origin), text_of(worked, e.path)) for e in worked.trash.entries())
    return there, away


@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize("begins", ["clean", "undo"])
def test_whatever_is_killed_before_whichever_file_operation_loses_nothing_and_the_same_command_ends_it(
    worked, monkeypatch, begins, newer, tmp_path
):
    def make_newer():
        for path in MADE["extract"]:
            place = worked.folder / path
            write_text(place if place.suffix else place / "f.jpg", "newer")

    if begins == "undo":
        clean(worked, "extract")
        if newer:
            make_newer()
    elif newer:
        clean(worked, "extract")
        make_newer()
    begun = tmp_path / "begun"
    shutil.copytree(worked.folder, begun)
    do = {"clean": clean, "undo": bring_back}[begins]
    do(worked, "extract")
    wanted = state(worked)
    for number in range(1000):
        shutil.rmtree(worked.folder)
        shutil.copytree(begun, worked.folder)
        with killed_at(monkeypatch, number) as dead:
            do(worked, "extract")
        if not dead:
            break
        there, away = state(worked)
        texts = sorted([*there.values(), *(text for _, text in away)])
        assert texts == sorted([*wanted[0].values(), *(text for _, text in wanted[1])]), number
        if not (
            begins == "undo" and newer and planned(worked.folder) != planned(begun)
        ):  # once it is, the same command is the next one, which brings what is newer back
            with contextlib.suppress(NothingToUndo):
                do(worked, "extract")
        assert state(worked) == wanted, number
        if begins == "undo" and newer:
            bring_back(worked, "extract")
            assert set(state(worked)[0].values()) == {"newer"}, number
    assert number > 10
