"""How finished shots appear: signed, in one step, not twice, and never over somebody's other files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.errors import FolderUnwritable, MarksUnreadable, OptionInvalid
from understudy.files import ASIDE_SUFFIX, machine_word, write_json
from understudy.media.opening import open_clip
from understudy.merging.delivery.places import (
    clear_leftovers,
    folder_signed_at,
    image_names,
    put_in_trash,
    require_safe_output,
    signed_at,
)
from understudy.provenance.credentials import sidecar_of


def copied(unsigned: Path, signed: Path) -> Path:
    signed.write_bytes(unsigned.read_bytes() + b"+marks")
    sidecar = sidecar_of(signed)
    sidecar.write_bytes(b"sidecar")
    return sidecar


def test_the_signed_file_is_made_from_what_was_written(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.mkv"
    with signed_at(out, tmp_path, copied) as (place, sidecars):
        assert place != out and place.suffix == ".mkv"
        place.write_bytes(b"movie")
    assert out.read_bytes() == b"movie+marks" and sidecars == [sidecar_of(out)]
    assert sorted(p.name for p in out.parent.iterdir()) == ["out.mkv", "out.mkv.c2pa"] and not place.exists()


def test_what_a_killed_export_left_in_the_workshop_goes_at_the_next_one(tmp_path: Path) -> None:
    workshop = tmp_path / "merged"
    workshop.mkdir()
    for name in (".unsigned.mov", f"..unsigned.1.2-3{ASIDE_SUFFIX}.mov", "000000.png"):
        (workshop / name).write_bytes(b"half")
    with signed_at(tmp_path / "out.mp4", workshop, copied) as (place, _):
        assert [path.name for path in workshop.iterdir()] == ["000000.png"]
        place.write_bytes(b"movie")


def _refused(*paths: Path) -> Path:
    raise MarksUnreadable("The marks don't hold.", paths[-1])


@pytest.mark.parametrize("bad", [{"sign": _refused}, {"check": _refused}])
def test_what_is_refused_when_it_is_read_again_leaves_the_older_file_and_its_marks(
    tmp_path: Path, bad: dict[str, Callable[..., Path]]
) -> None:
    out, room = tmp_path / "o" / "out.mkv", []
    out.parent.mkdir()
    out.write_bytes(b"old")
    sidecar_of(out).write_bytes(b"old marks")
    ways = {"sign": copied, "make_room": lambda: room.append(1), **bad}
    with pytest.raises(MarksUnreadable) as error, signed_at(out, tmp_path, **ways) as (place, _):
        place.write_bytes(b"new")
    assert error.value.path == out and not room
    assert {p.name: p.read_bytes() for p in out.parent.iterdir()} == {
        "out.mkv": b"old",
        "out.mkv.c2pa": b"old marks",
    }


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "out.mov"
    with (
        pytest.raises(OptionInvalid, match=r"Path: .*/out\.mov$"),
        signed_at(out, tmp_path, copied) as (place, _),
    ):
        raise OptionInvalid("No.", place)


def test_an_error_while_writing_signs_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    with pytest.raises(ZeroDivisionError), signed_at(out, tmp_path, copied) as (place, _):
        place.write_bytes(b"half")
        raise ZeroDivisionError
    assert not out.exists() and not place.exists()


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "frames"
    with pytest.raises(ZeroDivisionError), folder_signed_at(out, ["a.png"], None) as aside:
        (aside / "a.png").write_bytes(b"1")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    signed = []
    with folder_signed_at(out, ["a.png"], lambda start, goal: signed.append((start, goal))) as aside:
        (aside / "a.png").write_bytes(b"1")
    assert signed == [(aside, aside)] and [p.name for p in tmp_path.iterdir()] == ["frames"]


def test_an_error_leaves_the_older_folder_in_place(tmp_path: Path) -> None:
    out = tmp_path / "frames"
    out.mkdir()
    (out / "a.png").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), folder_signed_at(out, ["a.png"], None):
        raise ZeroDivisionError
    assert (out / "a.png").read_bytes() == b"old"


def test_of_two_that_make_a_new_folder_the_first_wins_and_the_other_is_told(tmp_path: Path) -> None:
    out, rooms = tmp_path / "frames", []
    with (
        pytest.raises(FolderUnwritable, match="not replaced"),
        folder_signed_at(out, ["a.png"], None, make_room=lambda: rooms.append(1)) as later,
    ):
        (later / "a.png").write_bytes(b"later")
        with folder_signed_at(out, ["a.png"], None) as first:
            (first / "a.png").write_bytes(b"first")
    assert (out / "a.png").read_bytes() == b"first" and not rooms
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_in_the_folders_place_is_kept(tmp_path: Path) -> None:
    (tmp_path / "frames").write_text("notes")
    with (
        pytest.raises(FolderUnwritable, match="A file stands"),
        folder_signed_at(tmp_path / "frames", [], None),
    ):
        pass
    assert (tmp_path / "frames").read_text() == "notes"


def test_images_are_named_like_dsts(images: Path, movie: Path) -> None:
    with open_clip(images) as clip:
        assert image_names(clip) == [f"take{k}.png" for k in (1, 3, 5, 7, 9, 11)]
    (images / "take0.png").write_bytes(b"broken")
    with open_clip(images) as clip:
        assert image_names(clip)[:2] == ["take0.png", "take1.png"] and len(image_names(clip)) == 7
    with open_clip(movie) as clip:
        assert image_names(clip)[:2] == ["000000.png", "000001.png"]


def test_only_leftovers_of_dead_processes_are_removed(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    dead, alive = tmp_path / ".out.4194999.partial.mp4", tmp_path / f".out.{os.getpid()}.partial.mp4"
    other = tmp_path / ".another.4194999.partial.mp4"
    marks = [
        tmp_path / ".out.4194999.partial.c2pa",
        tmp_path / ".out.0.4194999.partial.mp4.c2pa",
        tmp_path / "..out.4194999.partial.4194999.partial.mp4",
    ]
    numbered = [
        tmp_path / f".out.3.{name}.mp4" for name in ("4194999.partial", "4194999.partial.4.4194999.partial")
    ]
    another = f"{int(machine_word(), 16) ^ 1:06x}"
    here, elsewhere = (tmp_path / f".out.3.4194999-{word}.partial.mp4" for word in (machine_word(), another))
    for path in (dead, alive, other, here, elsewhere, *marks, *numbered):
        path.write_bytes(b"x")
    clear_leftovers(out)
    assert not any(path.exists() for path in (dead, here, *marks, *numbered))
    assert all(path.exists() for path in (alive, other, elsewhere))


@pytest.mark.parametrize("turn", ["", "3."], ids=["as before", "numbered"])
@pytest.mark.parametrize("pid", [4194999, os.getpid()], ids=["dead", "our number"])
def test_a_folder_that_was_replaced_goes_where_a_kill_left_it(tmp_path: Path, turn: str, pid: int) -> None:
    out = tmp_path / "frames"
    replaced = tmp_path / f".frames.{turn}{pid}.replaced"
    for folder, text in ((out, "new"), (replaced, "old")):
        folder.mkdir()
        (folder / "a.png").write_text(text)
    (tmp_path / "frames.mp4").write_bytes(b"x")
    clear_leftovers(tmp_path / "frames.mp4")  # no movie stands for a folder
    assert replaced.exists()
    clear_leftovers(out)
    assert not replaced.exists() and (out / "a.png").read_text() == "new"
    replaced.mkdir()
    out.rename(tmp_path / "elsewhere")
    clear_leftovers(out)
    assert out.is_dir() and not replaced.exists()


def test_a_folder_whose_name_has_a_dot_clears_its_own_leftovers_and_no_others(tmp_path: Path) -> None:
    out = tmp_path / "film.v2"
    out.mkdir()
    only_copy, own = tmp_path / ".film.7.4194999.replaced", tmp_path / ".film.v2.7.4194999.partial"
    for folder in (only_copy, own):
        folder.mkdir()
    clear_leftovers(out)
    assert only_copy.exists() and not own.exists()
    clear_leftovers(tmp_path / "film")
    assert (tmp_path / "film").is_dir() and not only_copy.exists()


class Killed(BaseException):
    """Stands for a process that ends at once: nothing after it may run."""


def crash_between_the_two_renames(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave what a killed process does that has moved the old folder away and not put the new one there."""
    rename = Path.rename

    def dying(self: Path, goal: Path) -> Path:
        if self.name.endswith(".partial") or self.name.endswith(".replaced"):
            raise Killed
        return rename(self, goal)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "rename", dying)
        patch.setattr("understudy.merging.delivery.places.shutil.rmtree", lambda *a, **k: None)
        with folder_signed_at(out, ["a.png"], None) as aside:
            (aside / "a.png").write_bytes(b"new")


@pytest.mark.parametrize("pid", ["4194999", str(os.getpid())], ids=["dead", "our number"])
def test_a_kill_between_old_and_new_folder_brings_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pid: str
) -> None:
    out = tmp_path / "frames"
    out.mkdir()
    (out / "a.png").write_bytes(b"old")
    crash_between_the_two_renames(out, monkeypatch)
    assert not out.exists()
    for path in tmp_path.iterdir():  # of a dead process, or of one whose number we have got since
        path.rename(tmp_path / path.name.replace(str(os.getpid()), pid))
    clear_leftovers(out)
    assert (out / "a.png").read_bytes() == b"old"
    assert not list(tmp_path.glob(".*.replaced"))


def test_a_new_folder_that_cannot_be_put_in_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "frames"
    out.mkdir()
    (out / "a.png").write_bytes(b"old")
    rename = Path.rename

    def refusing(self: Path, goal: Path) -> Path:
        if self.name.endswith(".partial"):
            raise PermissionError(13, "no")
        return rename(self, goal)

    monkeypatch.setattr(Path, "rename", refusing)
    with pytest.raises(FolderUnwritable), folder_signed_at(out, ["a.png"], None) as aside:
        (aside / "a.png").write_bytes(b"new")
    assert (out / "a.png").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["frames"]


@pytest.mark.parametrize("foreign", ["notes.json", "old.c2pa", "b.png", "take"])
def test_only_our_pictures_and_their_ledger_make_a_folder_ours(tmp_path: Path, foreign: str) -> None:
    out = tmp_path / "frames"
    out.mkdir()
    for name in ("a.png", "frames.sha256.c2pa", "frames.sha256.json.c2pa"):
        (out / name).write_bytes(b"x")
    write_json(out / "frames.sha256.json", {"version": 1, "frames": {"a.png": "0"}})
    require_safe_output(out, keep=(), codec="h264", names=["a.png"])
    require_safe_output(out, keep=(), codec="h264")  # the ledger tells
    (out / foreign).write_bytes(b"somebody's")
    for names in (["a.png"], None):
        with pytest.raises(FolderUnwritable, match=foreign):
            require_safe_output(out, keep=(), codec="h264", names=names)


def test_frames_of_an_earlier_export_are_called_so_with_their_first_number(tmp_path: Path) -> None:
    """They were "other files", though understudy had made them."""
    for name in ("001001.exr", "001002.exr"):
        (tmp_path / name).write_bytes(b"x")
    write_json(
        tmp_path / "frames.sha256.json", {"version": 1, "frames": {"001001.exr": "0", "001002.exr": "0"}}
    )
    with pytest.raises(FolderUnwritable, match=r"earlier export, numbered from 1001 \(001001\.exr\)"):
        require_safe_output(tmp_path, keep=(), codec="h264", names=["000000.exr", "000001.exr"])


def test_pictures_without_a_ledger_are_somebodys(tmp_path: Path) -> None:
    (tmp_path / "000000.png").write_bytes(b"x")
    with pytest.raises(FolderUnwritable, match=r"no list of an earlier export names \(000000\.png\)"):
        require_safe_output(tmp_path, keep=(), codec="h264")


def test_footage_is_neither_replaced_nor_enclosed_nor_added_to(tmp_path: Path) -> None:
    clip, shot = tmp_path / "takes" / "one.mov", tmp_path / "takes" / "two"
    shot.mkdir(parents=True)
    clip.write_bytes(b"x")
    (tmp_path / "link.mov").symlink_to(clip)
    keep = [clip, shot]
    for out, why in (
        (clip, "replace"),
        (tmp_path / "takes" / "new" / ".." / "one.mov", "replace"),
        (tmp_path / "link.mov", "replace"),
        (shot, "replace"),
        (shot / "result.mov", "inside two"),
        (shot / "deep" / "result", "inside two"),
        (tmp_path / "takes", "holds one.mov"),
    ):
        with pytest.raises(OptionInvalid, match=why):
            require_safe_output(out, keep=keep, codec="prores")
    require_safe_output(tmp_path / "takes" / "three.mov", keep=keep, codec="prores")
    require_safe_output(tmp_path / "takes" / "three", keep=keep, codec="prores")


def test_endings_are_checked_with_the_codec(tmp_path: Path) -> None:
    for name in ("out.mp4", "out.MOV", "out.png", "out"):
        require_safe_output(tmp_path / name, keep=(), codec="h264")
    for name, codec in (("out.webm", "h264"), ("out.mp4", "prores"), ("out.jpg", "h264"), ("out.mp4", "divx")):
        with pytest.raises(OptionInvalid):
            require_safe_output(tmp_path / name, keep=(), codec=codec)
    (tmp_path / "taken.mp4").mkdir()
    with pytest.raises(FolderUnwritable, match="A folder stands"):
        require_safe_output(tmp_path / "taken.mp4", keep=(), codec="h264")


@pytest.mark.parametrize("sidecar", ["out.mkv.c2pa", "out.c2pa"])
def test_a_file_goes_to_the_trash_with_the_marks_beside_it(tmp_path: Path, sidecar: str) -> None:
    (tmp_path / "out.mkv").write_bytes(b"movie")
    (tmp_path / sidecar).write_bytes(b"marks")
    now = put_in_trash(tmp_path / "out.mkv", tmp_path / "trash")
    assert now.read_bytes() == b"movie"
    assert sorted(p.suffix for p in (tmp_path / "trash").iterdir()) == [".c2pa", ".mkv"]
    assert [p.name for p in tmp_path.iterdir()] == ["trash"]


@pytest.mark.parametrize("sidecar", ["shot.mkv.c2pa", "shot.c2pa"])
def test_a_movie_of_another_kind_leaves_the_marks_of_its_namesake_where_they_are(
    tmp_path: Path, sidecar: str
) -> None:
    for name in ("shot.mkv", sidecar, "shot.mp4"):
        (tmp_path / name).write_bytes(b"it")
    put_in_trash(tmp_path / "shot.mp4", tmp_path / "trash")
    assert {path.name for path in tmp_path.iterdir()} == {"shot.mkv", sidecar, "trash"}
    (tmp_path / "shot.webm").write_bytes(b"it")
    put_in_trash(tmp_path / "shot.webm", tmp_path / "trash")  # of which two may be, what it says alone is moved
    assert {path.name for path in tmp_path.iterdir()} == {"shot.mkv", sidecar, "trash"}


def test_marks_of_an_earlier_version_go_when_their_file_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "o" / "out.mkv"
    out.parent.mkdir()
    out.write_bytes(b"old")
    out.with_suffix(".c2pa").write_bytes(b"old marks")
    with signed_at(out, tmp_path, copied) as (place, _):
        place.write_bytes(b"new")
    assert sorted(path.name for path in out.parent.iterdir()) == ["out.mkv", "out.mkv.c2pa"]


def test_room_is_made_only_when_the_new_file_is_ready(tmp_path: Path) -> None:
    out, trash = tmp_path / "out.mp4", tmp_path / "trash"
    out.write_bytes(b"old")
    make_room = lambda: put_in_trash(out, trash)  # noqa: E731
    with pytest.raises(ZeroDivisionError), signed_at(out, tmp_path, None, make_room=make_room):
        raise ZeroDivisionError
    assert out.read_bytes() == b"old" and not trash.exists()
    for sign in (None, copied):
        with signed_at(out, tmp_path, sign, make_room=make_room) as (place, _):
            place.write_bytes(b"new")
        assert out.read_bytes().startswith(b"new")
    assert [p.read_bytes() for p in sorted(trash.iterdir())] == [b"old", b"new"]


@pytest.mark.parametrize(("name", "left"), [("out.mkv", ["out.mkv"]), ("out.mp4", ["out.c2pa", "out.mp4"])])
def test_a_file_without_marks_does_not_inherit_those_of_the_file_it_replaces(
    tmp_path: Path, name: str, left: list[str]
) -> None:
    out = tmp_path / "o" / name
    out.parent.mkdir()
    out.write_bytes(b"old")
    out.with_suffix(".c2pa").write_bytes(b"old marks")  # beside .mp4 they are another file's
    with signed_at(out, tmp_path, lambda unsigned, signed: signed.write_bytes(b"new") and None) as (place, _):
        place.write_bytes(b"new")
    assert sorted(path.name for path in out.parent.iterdir()) == left
