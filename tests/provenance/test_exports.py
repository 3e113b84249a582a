"""The ledger of exports only grows, and a line that was changed, removed or put in shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.provenance.material import facts_for, make_image, make_sequence
from understudy.errors import MarksUnreadable
from understudy.files import sha256_of
from understudy.provenance.exports import (
    Export,
    append,
    breaks_in,
    export_of,
    find,
    known_ledgers,
    lines_of,
    remember_ledger,
    require_ledger,
)
from understudy.provenance.ledger import LEDGER_NAME
from understudy.provenance.sign import recast_of


def export(finished: Path, number: int = 0) -> Export:
    recast = recast_of(facts_for(finished if finished.is_file() else finished / LEDGER_NAME))
    recast = recast.model_copy(update={"watermark": f"{number:011x}"})
    marks = ["content credentials", "watermark"]
    return export_of(finished, title=finished.name, recast=recast, marks=marks, signer="somebody")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "exports.jsonl"
    for number in range(4):
        append(path, export(make_image(tmp_path / "film.png"), number))
    return path


def change(ledger: Path, number: int, old: str, new: str) -> None:
    lines = ledger.read_text("utf-8").splitlines(keepends=True)
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new)
    ledger.write_text("".join(lines), "utf-8")


def test_a_line_says_what_was_made_from_what_and_which_marks_it_got(ledger: Path, tmp_path: Path) -> None:
    told = json.loads(ledger.read_text("utf-8").splitlines()[2])
    assert told["file"] == "film.png" and told["sha256"] == sha256_of(tmp_path / "film.png")
    assert told["marks"] == ["content credentials", "watermark"] and told["watermark"] == "00000000002"
    assert told["recast"]["model"]["name"] == "tide-h64"
    assert told["recast"]["consents"]["src"]["status"] == "fictional"
    assert "geheim" not in ledger.read_text("utf-8"), "no folder of the maker's"


def test_an_untouched_ledger_is_whole_and_each_line_names_the_one_before(ledger: Path) -> None:
    assert breaks_in(ledger) == []
    lines = list(lines_of(ledger))
    assert [line.export.previous for line in lines[1:]] == [line.hash for line in lines[:-1]]


def test_a_changed_line_is_named(ledger: Path) -> None:
    change(ledger, 2, "fictional", "agreed")
    (problem,) = breaks_in(ledger)
    assert "line 2 was changed" in problem


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_removed_line_shows(ledger: Path, gone: int) -> None:
    lines = ledger.read_text("utf-8").splitlines(keepends=True)
    ledger.write_text("".join(lines[: gone - 1] + lines[gone:]), "utf-8")
    (problem,) = breaks_in(ledger)
    assert "removed" in problem


def test_lines_in_another_order_and_lines_that_are_none_show(ledger: Path) -> None:
    lines = ledger.read_text("utf-8").splitlines(keepends=True)
    ledger.write_text("".join([lines[1], lines[0], *lines[2:]]), "utf-8")
    assert len(breaks_in(ledger)) >= 2
    ledger.write_text("".join([lines[0], "not json\n", *lines[1:]]), "utf-8")
    assert any("Line 2 can't be read" in problem for problem in breaks_in(ledger))
    with pytest.raises(MarksUnreadable, match="Line 2"):
        list(lines_of(ledger))


def test_half_a_line_of_a_killed_process_is_no_obstacle(ledger: Path, tmp_path: Path) -> None:
    with ledger.open("ab") as file:
        file.write(b'{"version": 1, "at"')
    append(ledger, export(tmp_path / "film.png", 9))
    assert breaks_in(ledger) == []
    assert [line.export.watermark for line in lines_of(ledger)][-1] == "00000000009"


@pytest.mark.parametrize("text", ["a shopping list\n", "a shopping list", '{"milk": 2', "bread\nmilk"])
def test_nothing_is_appended_to_what_is_no_ledger_and_nothing_cut_away(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exports.jsonl"
    path.write_text(text)
    with pytest.raises(MarksUnreadable):
        append(path, export(make_image(tmp_path / "film.png")))
    assert path.read_text() == text


def test_a_folder_is_known_by_its_ledger_of_frames(tmp_path: Path) -> None:
    folder = make_sequence(tmp_path / "frames")
    (folder / LEDGER_NAME).write_text("{}")
    assert export(folder).sha256 == sha256_of(folder / LEDGER_NAME)


def test_a_watermark_leads_to_its_line_also_past_ledgers_that_are_gone_or_broken(
    ledger: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.jsonl").write_text("{")
    found = find([tmp_path / "gone.jsonl", tmp_path / "broken.jsonl", ledger], watermark="00000000002")
    assert found is not None
    assert (found[0], found[1].number) == (ledger, 3)
    assert find([ledger], watermark="0000000000f") is None


def test_the_machine_remembers_its_ledgers_once_also_those_on_a_disk_that_is_away(
    ledger: Path, tmp_path: Path
) -> None:
    assert known_ledgers() == []
    remember_ledger(ledger)
    remember_ledger(ledger)
    assert known_ledgers() == [ledger]
    away = ledger.rename(tmp_path / "away")
    other = tmp_path / "other.jsonl"
    other.write_text("")
    remember_ledger(other)
    assert known_ledgers() == [other]
    away.rename(ledger)
    assert known_ledgers() == [other, ledger]


def test_a_damaged_list_of_ledgers_is_passed_over(ledger: Path, home: Path) -> None:
    home.mkdir()
    (home / "ledgers.json").write_text("{]")
    assert known_ledgers() == []


def test_the_machine_that_wrote_the_last_line_sees_that_it_was_changed_or_removed(ledger: Path) -> None:
    remember_ledger(ledger)
    whole = ledger.read_text("utf-8")
    change(ledger, 4, "fictional", "agreed")
    (problem,) = breaks_in(ledger)
    assert "Line 4 isn't the one that this machine wrote" in problem
    ledger.write_text("".join(whole.splitlines(keepends=True)[:2]), "utf-8")
    (problem,) = breaks_in(ledger)
    assert "only 2 are here" in problem
    ledger.write_text(whole, "utf-8")
    assert breaks_in(ledger) == []


def test_a_removed_end_still_shows_after_more_exports(ledger: Path, tmp_path: Path) -> None:
    remember_ledger(ledger)
    ledger.write_text("".join(ledger.read_text("utf-8").splitlines(keepends=True)[:3]), "utf-8")
    for number in (7, 8):
        append(ledger, export(tmp_path / "film.png", number))
        remember_ledger(ledger)
    (problem,) = breaks_in(ledger)
    assert "Line 4 isn't the one" in problem


def test_lines_of_another_machine_and_a_ledger_begun_anew_are_no_breaks(ledger: Path, tmp_path: Path) -> None:
    remember_ledger(ledger)
    append(ledger, export(tmp_path / "film.png", 7))
    assert breaks_in(ledger) == []
    ledger.unlink()
    append(ledger, export(tmp_path / "film.png", 8))
    remember_ledger(ledger)
    assert breaks_in(ledger) == []


def test_a_last_line_whose_line_break_an_editor_took_is_kept(ledger: Path, tmp_path: Path) -> None:
    ledger.write_bytes(ledger.read_bytes().rstrip(b"\n"))
    append(ledger, export(tmp_path / "film.png", 9))
    assert breaks_in(ledger) == []
    assert [line.export.watermark[-1] for line in lines_of(ledger)] == ["0", "1", "2", "3", "9"]


def test_what_no_line_can_be_added_to_is_told_before_the_work(ledger: Path, tmp_path: Path) -> None:
    require_ledger(tmp_path / "none yet.jsonl")
    require_ledger(ledger)
    change(ledger, 2, "{", "")
    with pytest.raises(MarksUnreadable, match=r"Line 2.*the next export begins a new one"):
        require_ledger(ledger)
