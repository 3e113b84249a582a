"""What was delivered is known again until anything of it changes."""

from __future__ import annotations

from pathlib import Path

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
