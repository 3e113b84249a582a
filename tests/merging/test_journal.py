"""merge.json: what is remembered, forgotten and never believed when it is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from understudy.errors import FolderUnwritable, OptionInvalid, ProjectInvalid
from understudy.merging.journal import (
    Journal,
    frame_path,
    is_complete,
    left_in_words,
    made_stretch,
    merge_facts,
)


def merged(journal: Journal, frame: int, fingerprint: str) -> None:
    frame_path(journal.folder, frame).write_bytes(b"picture")
    journal.remember(frame, fingerprint)


def test_a_frame_is_done_only_with_the_same_fingerprint_and_its_picture(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    merged(journal, 3, "a")
    assert journal.is_done(3, "a") and not journal.is_done(3, "b") and not journal.is_done(4, "a")
    frame_path(tmp_path, 3).unlink()
    assert not journal.is_done(3, "a")


def test_what_is_saved_is_known_to_the_next_process(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    merged(journal, 1, "a")
    journal.refuse(2, "b", "too small")
    journal.merged_partly(1, "one of two")
    journal.save(complete=True)
    again = Journal(tmp_path)
    assert again.is_done(1, "a") and again.is_done(2, "b") and not again.is_done(2, "c")
    assert again.refusals() == {2: "too small"} and again.was_complete
    assert again.partly() == [{"frame": 1, "reason": "one of two"}]


def test_forgotten_frames_have_to_be_made_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    merged(journal, 1, "a")
    journal.refuse(2, "b", "too small")
    journal.forget([1, 2, 7])
    assert not journal.is_done(1, "a") and not journal.is_done(2, "b")
    assert journal.merged_frames() == set() and journal.known_frames() == {1}  # its picture still lies there


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 1}',
        '{"version": 2, "merged": {"1": "a"}}',
        '{"version": 1, "merged": 3}',
    ],
)
def test_a_journal_that_makes_no_sense_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "merge.json").write_text(text)
    journal = Journal(tmp_path)
    assert journal.merged_frames() == set() and not journal.was_complete
    assert not is_complete(tmp_path)
    with pytest.raises(ProjectInvalid):
        merge_facts(tmp_path)


def test_the_file_says_what_made_the_pictures(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.describe({"clip": {"frames": 9}, "model": {"name": "m", "sha256": "f", "iterations": 4}})
    merged(journal, 1, "a")
    journal.save(complete=True, unswapped=[{"frame": 0, "reason": "no face"}])
    facts = merge_facts(tmp_path)
    assert (facts.model_name, facts.model_sha256, facts.model_iterations) == ("m", "f", 4)
    assert (facts.frames, facts.swapped, facts.unswapped) == (9, 1, [{"frame": 0, "reason": "no face"}])
    assert json.loads((tmp_path / "merge.json").read_text())["version"] == 1


def test_what_was_done_before_a_kill_is_known_without_a_saving(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.save()
    before = (tmp_path / "merge.json").read_bytes()
    merged(journal, 1, "a")
    journal.refuse(2, "b", "too small")
    journal.merged_partly(1, "one of two")
    with (tmp_path / "merge.jsonl").open("a") as notes:
        notes.write('["merged", 3, "c')  # torn by the kill
    again = Journal(tmp_path)
    assert (tmp_path / "merge.json").read_bytes() == before
    assert again.is_done(1, "a") and again.is_done(2, "b") and not again.is_done(3, "c")
    assert again.partly() == [{"frame": 1, "reason": "one of two"}]


def test_saving_takes_the_notes_in(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.save()
    merged(journal, 1, "a")
    again = Journal(tmp_path)
    again.forget([1])
    again.save()
    assert not Journal(tmp_path).is_done(1, "a") and not (tmp_path / "merge.jsonl").exists()


def in_part(folder: Path) -> Journal:
    """Of ten frames 4, 6 and 8 are merged; 5 and 7 have no face; 1, 2 and 9 are left."""
    journal = Journal(folder)
    journal.describe(
        {"clip": {"frames": 10}, "settings": {}, "model": {"name": "main", "sha256": "0", "iterations": 5}}
    )
    for frame in (1, 4, 6, 8):  # 1 by older settings
        merged(journal, frame, "a")
    reasons = dict.fromkeys((0, 3, 5, 7), "no face") | {2: "not merged yet", 9: "not merged yet"}
    unswapped = [{"frame": frame, "reason": reasons[frame]} for frame in sorted(reasons)]
    journal.save(unswapped=unswapped, left=[1, 2, 9])
    return journal


def test_a_merge_of_some_frames_is_whole_where_nothing_was_left(tmp_path: Path) -> None:
    in_part(tmp_path)
    assert made_stretch(tmp_path) == "4:8"
    assert is_complete(tmp_path, "4:8") and is_complete(tmp_path, "3:8")
    assert not any(is_complete(tmp_path, frames) for frames in ("", "2:8", "4:", "1"))
    facts = merge_facts(tmp_path, "4:7")
    assert (facts.frames, facts.swapped, facts.stretch) == (4, 2, "4:7")
    assert [entry["frame"] for entry in facts.unswapped] == [5, 7]


def test_what_is_not_merged_is_refused_with_the_frames_that_are(tmp_path: Path) -> None:
    in_part(tmp_path)
    for frames in ("", "1:8"):
        with pytest.raises(ProjectInvalid, match="understudy encode --frames 4:8") as refused:
            merge_facts(tmp_path, frames)
        assert "made with other settings than they have now" in refused.value.message
    with pytest.raises(ProjectInvalid) as refused:
        merge_facts(tmp_path, "2:8", of="shot dst")
    assert "understudy encode shot dst --frames 4:8" in refused.value.message
    assert "other settings" not in refused.value.message, "none of these is to be merged again"
    assert left_in_words(tmp_path) == "frames 2,9 are not merged yet and frame 1 is to be merged again"
    assert left_in_words(tmp_path, "2:8") == "frame 2 is not merged yet"
    assert left_in_words(tmp_path, "4:8") == ""
    with pytest.raises(OptionInvalid, match="0 to 9"):
        merge_facts(tmp_path, "4:10")


def test_frames_that_are_left_are_named_in_five_stretches_at_most(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.describe({"clip": {"frames": 20}, "settings": {}, "model": {"name": "main", "sha256": "0"}})
    journal.save(unswapped=[], left=[0, 1, 3, 5, 7, 9])
    assert left_in_words(tmp_path) == "frames 0:1,3,5,7,9 are not merged yet"
    journal.save(unswapped=[], left=[0, 1, 3, 5, 7, 9, 11, 13])
    assert left_in_words(tmp_path) == "frames 0:1,3,5,7,9 and more are not merged yet"


def test_frames_of_a_merge_that_was_stopped_or_lies_on_a_plate_are_not_told_apart(tmp_path: Path) -> None:
    journal = in_part(tmp_path)
    journal.save()
    assert made_stretch(tmp_path) == "" and not is_complete(tmp_path, "4:8")
    journal.describe({"clip": {"frames": 10}, "settings": {"plate": "other"}, "model": {}})
    journal.save(left=[1, 2, 9])  # between faces the plate is laid when all is merged
    assert made_stretch(tmp_path) == "" and not is_complete(tmp_path, "4:8")


def test_a_stranger_s_link_in_the_place_of_notes_is_not_written_through(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("mine")
    (tmp_path / "merge.jsonl").symlink_to(letter)
    with pytest.raises(FolderUnwritable, match="A link stands"):
        Journal(tmp_path).remember(3, "a")
    assert letter.read_text() == "mine"
