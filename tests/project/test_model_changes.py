"""A model moves whole, with its merged frames and its entry, and a kill on the way loses nothing."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from understudy.errors import (
    FolderUnwritable,
    LeadsOut,
    ModelInUse,
    ModelUnknown,
    OptionInvalid,
    ProjectInvalid,
    UndoImpossible,
)
from understudy.files import write_json, write_text
from understudy.project import model_changes
from understudy.project.lock import exclusive
from understudy.project.model_changes import (
    bring_back_model,
    copy_model,
    models_put_away,
    put_away_model,
    rename_model,
)
from understudy.project.project import MODEL_CHANGE_NAME, Project
from understudy.training.keeping.lock import LOCK_NAME, model_lock

PARTS = ("models/{}/model.toml", "models/{}/checkpoints/000000009/state.json", "merged/dst clip/{}/000000.png")


@pytest.fixture
def worked(filled: Project) -> Project:
    for part in PARTS:
        write_text(filled.folder / part.format("main"), part)
    write_text(filled.folder / "models/main/cache/src-1/images.npy", "large")
    write_text(filled.folder / "logs/swap-main.json", "{}")
    filled.add_model("other", preset="df")
    with filled.change() as manifest:
        manifest.models["main"].network = {"width": 16}
        manifest.models["main"].src_facesets = ["src/main"]
    return filled


def has(project: Project, name: str) -> list[bool]:
    return [(project.folder / part.format(name)).exists() for part in PARTS]


def again(project: Project) -> Project:
    return Project.open(project.folder)


def test_a_renamed_model_keeps_all_it_has(worked: Project) -> None:
    entry = worked.manifest.models["main"]
    rename_model(worked, "main", "first")
    assert again(worked).manifest.models == {"first": entry, "other": worked.manifest.models["other"]}
    assert has(worked, "first") == [True] * 3
    assert has(worked, "main") == [False] * 3
    assert (worked.folder / "logs/swap-first.json").exists()
    rename_model(worked, "first", "main")
    assert has(worked, "main") == [True] * 3


def test_a_renamed_model_keeps_its_parts_in_every_cast(worked: Project) -> None:
    clip = next(iter(worked.manifest.clips_of("dst")))
    cast = {"person 1": "main", "person 2": {"model": "main", "erode": 0.1}, "track 3": "other"}
    with worked.change() as manifest:
        entry = manifest.clips[clip].model_dump() | {"cast": cast}
        manifest.clips[clip] = type(manifest.clips[clip]).model_validate(entry)
    rename_model(worked, "main", "first")
    assert again(worked).manifest.clips[clip].model_dump()["cast"] == {
        "person 1": "first",
        "person 2": {"model": "first", "erode": 0.1},
        "track 3": "other",
    }


def test_what_a_cast_painted_knows_a_renamed_model_and_keeps_its_date(worked: Project) -> None:
    journal = worked.folder / "merged/dst clip/cast/merge.json"
    told = [{"name": name, "sha256": "ab", "iterations": 9} for name in ("main", "other")]
    write_json(journal, {"complete": True, "model": told[0], "models": told})
    write_text(worked.folder / "merged/second/cast/merge.json", "torn")
    os.utime(journal, ns=(10**18, 10**18))
    with exclusive(worked.clip_lock("dst clip")), pytest.raises(FolderUnwritable):
        rename_model(worked, "main", "first")
    rename_model(worked, "main", "first")
    painted = [{**told[0], "name": "first"}, told[1]]
    assert json.loads(journal.read_text()) == {"complete": True, "model": painted[0], "models": painted}
    assert journal.stat().st_mtime_ns == 10**18


def test_a_copy_has_all_that_was_learnt_and_none_of_what_was_merged(worked: Project) -> None:
    copy_model(worked, "main", "second")
    assert has(worked, "second") == [True, True, False]
    assert has(worked, "main") == [True] * 3
    assert not (worked.model_folder("second") / "cache").exists()
    assert again(worked).manifest.models["second"] == worked.manifest.models["main"]


def test_a_model_in_the_trash_comes_back_with_its_frames(worked: Project) -> None:
    entry = worked.manifest.models["main"]
    away = put_away_model(worked, "main")
    assert has(worked, "main") == [False] * 3
    assert list(again(worked).manifest.models) == ["other"]
    assert [model.name for model in models_put_away(worked)] == ["main"]
    assert away.size_bytes > 0
    assert bring_back_model(worked, "main") == []
    assert has(worked, "main") == [True] * 3
    assert again(worked).manifest.models["main"] == entry
    assert models_put_away(worked) == []
    assert not away.folder.exists()


def test_a_model_comes_back_under_another_name_where_its_own_is_taken(worked: Project) -> None:
    put_away_model(worked, "main")
    worked.add_model("main")
    with pytest.raises(OptionInvalid, match="already"):
        bring_back_model(worked, "main")
    bring_back_model(worked, "main", new="older")
    assert has(worked, "older") == [True] * 3
    assert worked.manifest.models["older"].network == {"width": 16}
    assert (worked.folder / "logs/swap-older.json").exists()


def test_of_several_in_the_trash_the_last_comes_back(worked: Project) -> None:
    put_away_model(worked, "main")
    worked.add_model("main", preset="df")
    put_away_model(worked, "main")
    bring_back_model(worked, "main")
    assert worked.manifest.models["main"].preset == "df"
    assert [model.entry["preset"] for model in models_put_away(worked)] == ["quick"]


def test_facesets_that_are_gone_are_named_when_a_model_comes_back(worked: Project) -> None:
    put_away_model(worked, "main")
    with worked.change() as manifest:
        manifest.performers["src"].facesets = {}
    (told,) = bring_back_model(worked, "main")
    assert "src/main is gone" in told
    assert worked.manifest.models["main"].src_facesets == []


@pytest.mark.parametrize(
    "change",
    [
        lambda project: rename_model(project, "main", "first"),
        lambda project: copy_model(project, "main", "first"),
        lambda project: put_away_model(project, "main"),
    ],
)
def test_nothing_moves_while_a_model_or_its_clip_is_in_use(
    worked: Project, change: Callable[[Project], None]
) -> None:
    with model_lock(worked.model_folder("main")), pytest.raises(ModelInUse, match="in use by process"):
        change(worked)
    with exclusive(worked.clip_lock("dst clip")), pytest.raises(FolderUnwritable):
        change(worked)
    assert has(worked, "main") == [True] * 3
    assert list(again(worked).manifest.models) == ["main", "other"]
    change(worked)


def test_names_that_are_taken_or_no_names_are_refused(worked: Project) -> None:
    write_text(worked.folder / "models/left/model.toml", "no entry names it")
    for name in ("other", "Other", "left", "main", "a/b", ""):
        with pytest.raises(OptionInvalid):
            rename_model(worked, "main", name)
    write_text(worked.folder / "merged/dst clip/third/000000.png", "of a model that is gone")
    with pytest.raises(OptionInvalid, match="Something else"):
        rename_model(worked, "main", "third")
    assert has(again(worked), "main") == [True] * 3
    with pytest.raises(ModelUnknown, match="main, other"):
        rename_model(worked, "nobody", "first")
    with pytest.raises(ModelUnknown, match="none"):
        bring_back_model(worked, "nobody")


def test_a_model_can_change_its_case_alone(worked: Project) -> None:
    rename_model(worked, "main", "Main")
    assert set(again(worked).manifest.models) == {"Main", "other"}


@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("verb", ["rename", "put away", "bring back"])
def test_what_a_kill_interrupts_is_finished_by_the_next_command(
    worked: Project, verb: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if verb == "bring back":
        put_away_model(worked, "main")
    left = [step]

    def counted(path: Path, goal: Path) -> Path:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(path, goal)

    real = Path.rename
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", counted)
        try:
            match verb:
                case "rename":
                    rename_model(worked, "main", "first")
                case "put away":
                    put_away_model(worked, "main")
                case "bring back":
                    bring_back_model(worked, "main")
        except KeyboardInterrupt:
            assert (worked.folder / MODEL_CHANGE_NAME).exists()
    opened = again(worked)
    assert not (worked.folder / MODEL_CHANGE_NAME).exists()
    name = {"rename": "first", "bring back": "main"}.get(verb)
    assert set(opened.manifest.models) == {"other", *([name] if name else [])}
    if name:
        assert has(opened, name) == [True] * 3
    else:
        bring_back_model(opened, "main")
        assert has(opened, "main") == [True] * 3


def test_half_a_copy_is_tidied_away_and_the_copy_made_anew(
    worked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        (worked.folder / "models" / ".second.1.partial").mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(model_changes.shutil, "copytree", die)
        copy_model(worked, "main", "second")
    assert "second" not in again(worked).manifest.models
    copy_model(again(worked), "main", "second")
    assert has(worked, "second")[:2] == [True, True]
    assert sorted(path.name for path in (worked.folder / "models").iterdir()) == ["main", "second"]


def test_a_note_in_the_trash_that_somebody_edited_hides_no_other(worked: Project) -> None:
    away = put_away_model(worked, "main")
    write_text(worked.trash.folder / "20260101-000000-000-x.model" / "entry.json", json.dumps({"name": 1}))
    write_text(worked.trash.folder / "20260101-000000-001-y.model" / "entry.json", "{")
    assert [model.folder for model in models_put_away(worked)] == [away.folder]


def test_a_trainer_that_waited_while_its_model_moved_away_does_not_go_on(worked: Project) -> None:
    folder = worked.model_folder("main")
    with pytest.raises(ModelInUse, match="just been renamed"), pytest.MonkeyPatch.context() as patch:
        taken = model_changes.model_lock.__wrapped__.__globals__["_taken"]  # type: ignore[attr-defined]

        def moved(file: object) -> bool:
            folder.rename(folder.with_name("first"))
            return taken(file)

        patch.setattr("understudy.training.keeping.lock._taken", moved)
        with model_lock(folder):
            pass
    assert (folder.with_name("first") / LOCK_NAME).exists()


STEAL = "../home/diary.txt"


@pytest.mark.parametrize(
    "note",
    [
        {"moves": [[STEAL, "models/stolen"]]},
        {"moves": [["models/main", "../home/planted"]]},
        {"moves": [["models/main", "HOME/planted"]]},
        {"moves": [["models/../../home/diary.txt", "models/stolen"]]},
        {"moves": [["linked/diary.txt", "models/stolen"]]},
        {"moves": [["models/linked/diary.txt", "models/stolen"]]},
        {"moves": [["models/main", "models/linked/planted"]]},
        {"moves": [["understudy.toml", "models/manifest"]]},
        {"moves": [["models", "trash/models"]]},
        {"moves": [], "emptied": "../home"},
        {"moves": [], "emptied": "trash/linked"},
        {"moves": [], "emptied": "models/main"},
        {"moves": [], "put": "../home", "entry": {}},
        {"moves": [["models/main", "models/second"]], "put": "second", "entry": {"preset": 7}},
        {"moves": [[1, 2]]},
        {"moves": [["models/main"]]},
        {"moves": [], "notes": {"logs/runs/../../../home/run.json": {}}},
        {"moves": [], "notes": {"logs/runs/linked/run.json": {}}},
        {"moves": [], "notes": {"understudy.toml": {}}},
        {"moves": 7},
        [],
    ],
)
def test_what_a_stranger_wrote_into_a_project_moves_nothing_when_it_is_opened(
    worked: Project, note: object
) -> None:
    home = worked.folder.with_name("home")
    for name in ("diary.txt", "entry.json"):
        write_text(home / name, "mine")
    (home / "empty").mkdir()
    for link in ("linked", "models/linked", "trash/linked", "logs/runs/linked"):
        (worked.folder / link).parent.mkdir(exist_ok=True)
        (worked.folder / link).symlink_to(home)
    told = json.dumps(note).replace("HOME", home.as_posix())
    write_text(worked.folder / MODEL_CHANGE_NAME, told)
    with pytest.raises(ProjectInvalid, match="remove the note"):
        again(worked)
    assert sorted(path.name for path in home.iterdir()) == ["diary.txt", "empty", "entry.json"]
    assert has(worked, "main") == [True] * 3 and (worked.folder / "models/main/model.toml").exists()
    (worked.folder / MODEL_CHANGE_NAME).unlink()
    assert set(again(worked).manifest.models) == {"main", "other"}


def test_a_stranger_s_parcel_in_the_trash_brings_nothing_in_from_elsewhere(worked: Project) -> None:
    home = worked.folder.with_name("home")
    entry = {"entry": worked.manifest.models["main"].model_dump()}
    write_json(home / "entry.json", {"name": "linked", **entry})
    (worked.trash.folder).mkdir()
    (worked.trash.folder / "20260101-000000-000-linked.model").symlink_to(home)
    for number, name in enumerate(("../../../home", "", 7)):
        parcel = worked.trash.folder / f"20260101-000000-00{number}-up.model"
        write_json(parcel / "entry.json", {"name": name, **entry})
    assert models_put_away(worked) == []


def test_a_name_with_brackets_is_no_pattern(worked: Project) -> None:
    worked.add_model("a1")
    write_text(worked.folder / "merged/dst clip/a1/000000.png", "of another model")
    rename_model(worked, "main", "a[12]")
    assert has(worked, "a[12]") == [True] * 3 and has(worked, "main") == [False] * 3
    rename_model(worked, "a[12]", "take[1]")
    assert has(worked, "take[1]") == [True] * 3
    put_away_model(worked, "take[1]")
    assert has(worked, "take[1]") == [False] * 3
    bring_back_model(worked, "take[1]")
    assert has(worked, "take[1]") == [True] * 3 and (worked.folder / "logs/swap-take[1].json").exists()
    assert models_put_away(worked) == []
    assert (worked.folder / "merged/dst clip/a1/000000.png").exists()


def test_a_model_whose_learning_is_gone_from_the_trash_does_not_come_back_empty(worked: Project) -> None:
    away = put_away_model(worked, "main")
    (away.folder / "models/main").rename(away.folder / "models/elsewhere")
    with pytest.raises(UndoImpossible, match="not where it was put"):
        bring_back_model(worked, "main")
    note = away.folder / "entry.json"
    write_json(note, {name: said for name, said in json.loads(note.read_text()).items() if name != "held"})
    for part in ("merged/dst clip/main", "logs/swap-main.json"):
        (away.folder / part).rename(away.folder / "aside")
        (away.folder / "aside").rename(away.folder / f"{part}-aside")
    with pytest.raises(UndoImpossible, match="not where it was put"):  # of an earlier version
        bring_back_model(worked, "main")
    assert "main" not in again(worked).manifest.models and note.exists()


def test_a_model_that_had_learnt_nothing_comes_back_as_its_entry(filled: Project) -> None:
    put_away_model(filled, "main")
    assert bring_back_model(filled, "main") == []
    assert list(again(filled).manifest.models) == ["main"]


@pytest.fixture
def on_another_disk(worked: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own link: the models lie on a large disk, which nothing can be renamed from or to."""
    disk, real = worked.folder.with_name("disk"), Path.rename
    (worked.folder / "models").rename(disk)
    (worked.folder / "models").symlink_to(disk)

    def rename(path: Path, goal: Path) -> Path:
        if len({os.path.realpath(one).startswith(str(disk)) for one in (path, goal)}) == 2:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return real(path, goal)

    monkeypatch.setattr(Path, "rename", rename)
    return disk


@pytest.mark.usefixtures("on_another_disk")
def test_models_on_another_disk_are_renamed_copied_put_away_and_brought_back(worked: Project) -> None:
    rename_model(worked, "main", "first")
    copy_model(worked, "first", "second")
    put_away_model(worked, "first")
    assert has(worked, "first") == [False] * 3
    bring_back_model(worked, "first")
    assert has(again(worked), "first") == [True] * 3
    assert has(worked, "second") == [True, True, False]
    assert (worked.folder / "models").is_symlink()


@pytest.mark.usefixtures("on_another_disk")
@pytest.mark.parametrize("step", range(6))
@pytest.mark.parametrize("verb", ["rename", "put away", "bring back"])
def test_a_change_of_models_on_another_disk_that_was_killed_is_finished(
    worked: Project, verb: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if verb == "bring back":
        put_away_model(worked, "main")
    left, real = [step], os.replace

    def counted(path: Path, goal: Path) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt
        real(path, goal)

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(os, "replace", counted)
        match verb:
            case "rename":
                rename_model(worked, "main", "first")
            case "put away":
                put_away_model(worked, "main")
            case "bring back":
                bring_back_model(worked, "main")
    opened = again(worked)
    assert not (worked.folder / MODEL_CHANGE_NAME).exists()
    if "main" in opened.manifest.models and verb != "bring back":  # nothing was noted yet
        assert step < 2 and has(opened, "main") == [True] * 3
        return
    if verb == "bring back" and step == 0:
        bring_back_model(opened, "main")
    if verb == "put away":
        assert has(opened, "main") == [False] * 3
        bring_back_model(opened, "main")
    name = "first" if verb == "rename" else "main"
    assert has(opened, name) == [True] * 3 and set(opened.manifest.models) == {"other", name}


def test_half_a_model_that_a_killed_process_copied_to_the_trash_does_not_stay_there(worked: Project) -> None:
    with pytest.MonkeyPatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(model_changes, "_do", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        put_away_model(worked, "main")
    (note,) = worked.trash.folder.glob("*.model/entry.json")
    write_text(note.parent / "models" / ".main.1.99-abcdef.partial" / "half", "of it")
    bring_back_model(again(worked), "main")
    assert has(worked, "main") == [True] * 3 and not note.parent.exists()


def test_what_was_begun_here_is_no_leave_for_another_note(worked: Project, on_another_disk: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(model_changes, "_do", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        rename_model(worked, "main", "first")
    note = worked.folder / MODEL_CHANGE_NAME
    told = json.loads(note.read_text())
    write_json(note, {**told, "moves": [["models/main", "models/stolen"]]})
    with pytest.raises(ProjectInvalid, match="remove the note"):
        again(worked)
    write_json(note, told)
    assert has(again(worked), "first") == [True] * 3 and (on_another_disk / "first").is_dir()


def test_a_parcel_brings_nothing_in_through_a_link_of_its_own(worked: Project) -> None:
    home = worked.folder.with_name("home")
    write_text(home / "letters" / "diary.txt", "mine")
    parcel = worked.trash.folder / "20260101-000000-000-letters.model"
    entry = worked.manifest.models["main"].model_dump()
    write_json(parcel / "entry.json", {"name": "letters", "entry": entry, "held": []})
    (parcel / "models").symlink_to(home)
    with pytest.raises(UndoImpossible):
        bring_back_model(worked, "letters")
    assert (home / "letters" / "diary.txt").exists()


def test_a_model_is_not_put_away_into_a_trash_that_lies_elsewhere(worked: Project) -> None:
    worked.folder.with_name("disk").mkdir()
    worked.trash.folder.symlink_to(worked.folder.with_name("disk"))
    with pytest.raises(LeadsOut, match="`trash` is a link"):
        put_away_model(worked, "main")
    assert has(again(worked), "main") == [True] * 3
