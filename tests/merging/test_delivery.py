"""How finished shots appear: signed, in one step, not twice, and never over somebody's other files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from understudy.errors import FolderUnwritable
from understudy.media.opening import open_clip
from understudy.merging.delivery import (
    DeliveryMemory,
    clear_leftovers,
    folder_signed_at,
    image_names,
    signed_at,
)


def copied(unsigned: Path, signed: Path) -> Path:
    signed.write_bytes(unsigned.read_bytes() + b"+marks")
    return signed.with_suffix(".c2pa")


def test_the_signed_file_is_made_from_what_was_written(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.mkv"
    with signed_at(out, tmp_path, copied) as (place, sidecars):
        assert place != out and place.suffix == ".mkv"
        place.write_bytes(b"movie")
    assert out.read_bytes() == b"movie+marks" and sidecars == [out.with_suffix(".c2pa")]
    assert not place.exists()


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
        assert image_names(clip)[0] == "take1.png" and len(image_names(clip)) == 6
    with open_clip(movie) as clip:
        assert image_names(clip)[:2] == ["000000.png", "000001.png"]


def test_only_leftovers_of_dead_processes_are_removed(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    dead, alive = tmp_path / ".out.4194999.partial.mp4", tmp_path / f".out.{os.getpid()}.partial.mp4"
    other = tmp_path / ".another.4194999.partial.mp4"
    for path in (dead, alive, other):
        path.write_bytes(b"x")
    clear_leftovers(out)
    assert not dead.exists() and alive.exists() and other.exists()


def test_a_delivery_is_known_until_any_part_of_it_changes(tmp_path: Path) -> None:
    merged, clip, out = tmp_path / "merged", tmp_path / "dst.mp4", tmp_path / "out.mp4"
    merged.mkdir()
    clip.write_bytes(b"dst")
    out.write_bytes(b"out")
    memory = DeliveryMemory(merged)
    recipe = memory.recipe(clip, {"codec": "h264"}, "stamp")
    assert not memory.is_delivered(out, recipe)
    memory.remember(out, recipe)
    again = DeliveryMemory(merged)
    assert again.is_delivered(out, again.recipe(clip, {"codec": "h264"}, "stamp"))
    assert not again.is_delivered(out, again.recipe(clip, {"codec": "hevc"}, "stamp"))
    assert not again.is_delivered(out, again.recipe(clip, {"codec": "h264"}, "other"))
    out.write_bytes(b"out, changed")
    assert not again.is_delivered(out, recipe)
    (merged / "encode.json").write_text("[")
    assert not DeliveryMemory(merged).is_delivered(out, recipe)
