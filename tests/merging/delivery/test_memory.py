"""What was delivered is known again until anything of it changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from understudy.files import read_json, write_json
from understudy.merging.delivery.memory import DeliveryMemory


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


def test_a_delivery_that_was_edited_is_no_longer_ours(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    memory = DeliveryMemory(tmp_path)
    assert not memory.knows(out)
    out.write_bytes(b"out")
    assert not memory.knows(out)
    memory.remember(out, "recipe")
    assert memory.knows(out)
    out.write_bytes(b"out, graded")
    assert not memory.knows(out)


def test_what_lies_beside_a_delivery_is_ours_as_long_as_nobody_edits_it(tmp_path: Path) -> None:
    out, report = tmp_path / "out.mp4", tmp_path / "out.report.txt"
    for path in (out, report):
        path.write_bytes(b"ours")
    memory = DeliveryMemory(tmp_path)
    assert not memory.knows_beside(out, report)
    memory.remember_beside(out, report)
    memory.remember(out, "recipe")
    assert memory.knows_beside(out, report) and memory.is_delivered(out, "recipe")
    report.write_bytes(b"ours, with notes")
    assert not memory.knows_beside(out, report)
    assert memory.is_delivered(out, "recipe")


@pytest.mark.parametrize("full_paths", [False, True])
@pytest.mark.parametrize("copied", [False, True])
def test_a_project_that_was_moved_or_copied_knows_its_own_finished_files(
    tmp_path: Path, full_paths: bool, copied: bool
) -> None:
    home, moved = tmp_path / "shot", tmp_path / "archive 影" / "shot"
    merged, out = home / "merged" / "dst" / "main", home / "out" / "dst.mp4"
    elsewhere = tmp_path / "master.mp4"
    for path in (merged / "x", out, elsewhere):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"out")
    for path in (out, elsewhere):
        DeliveryMemory(merged).remember(path, "recipe")
    if full_paths:  # as an earlier version wrote them
        known = read_json(merged / "encode.json")
        write_json(merged / "encode.json", {str(home / path): told for path, told in known.items()})
    shutil.copytree(home, moved)
    if not copied or full_paths:
        shutil.rmtree(home)
    memory, there = DeliveryMemory(moved / "merged" / "dst" / "main"), moved / "out" / "dst.mp4"
    assert memory.is_delivered(there, "recipe") and memory.standing() == [there, elsewhere]
    memory.remember(there, "another")
    assert memory.is_delivered(there, "another") and memory.outs() == [there, elsewhere]


def test_a_delivery_that_an_earlier_version_remembered_is_known(tmp_path: Path) -> None:
    merged, out = tmp_path / "merged" / "dst" / "main", tmp_path / "out.mp4"
    merged.mkdir(parents=True)
    out.write_bytes(b"out")
    memory = DeliveryMemory(merged)
    memory.remember(out, "recipe")
    (told,) = read_json(merged / "encode.json").values()
    write_json(merged / "encode.json", {str(out): told})
    assert memory.is_delivered(out, "recipe") and memory.outs() == [out]
