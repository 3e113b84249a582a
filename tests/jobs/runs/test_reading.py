"""What a run has said so far."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from understudy.jobs.runs import reading
from understudy.jobs.runs.reading import read_events, read_result, read_standing, read_tail, read_text


def _line(event: str, **facts: Any) -> str:
    return json.dumps({"event": event, **facts}) + "\n"


def test_a_half_written_line_is_left_for_the_next_look(tmp_path: Path) -> None:
    path, whole = tmp_path / "events.jsonl", _line("Notice", text="a")
    path.write_text(whole + '{"event": "Not', encoding="utf-8")
    events, place = read_events(path, 0)
    assert [event["text"] for event in events] == ["a"] and place == len(whole)
    path.write_text(whole + _line("Notice", text="b"), encoding="utf-8")
    assert [event["text"] for event in read_events(path, place)[0]] == ["b"]


def test_a_torn_line_is_left_out_and_words_of_a_library_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"event": "Noti\nwarning: a word\n' + _line("Notice", text="b"), encoding="utf-8")
    events, _ = read_events(path, 0)
    assert events == [{"event": "Line", "text": "warning: a word"}, {"event": "Notice", "text": "b"}]


def test_a_run_stands_where_its_last_stage_does(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(
        _line("StageStarted", stage="find", unit="frames", total=9, done=0, why="")
        + _line("StageFinished", stage="find", summary={})
        + _line("StageStarted", stage="crop", unit="faces", total=12, done=4, why="goes on")
        + _line("Progress", stage="crop", done=6, total=None, rate=2.0, seconds_left=3.0),
        encoding="utf-8",
    )
    standing = read_standing(path)
    assert (standing.stage, standing.unit, standing.why) == ("crop", "faces", "goes on")
    assert (standing.done, standing.total, standing.rate, standing.finished) == (6, 12, 2.0, False)


def test_a_last_line_that_is_longer_than_most_logs_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    numbers = {"unswapped": list(range(30_000))}
    path.write_text(
        _line("StageStarted", stage="merge", unit="frames", total=9, done=9, why="")
        + _line("StageFinished", stage="merge", summary=numbers)
    )
    assert path.stat().st_size > 2 * reading._TAIL_BYTES
    assert (read_standing(path).stage, read_standing(path).finished) == ("merge", True)


def test_a_long_log_is_read_from_its_end(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(_line("Progress", stage="merge", done=n, total=5000) for n in range(5000)))
    assert read_standing(path).done == 4999
    events, place = read_events(path, 0)
    assert len(events) > 0 and place <= 1 << 20


def test_a_line_that_is_longer_than_what_is_read_at_once_keeps_nobody_from_reading_on(tmp_path: Path) -> None:
    path, told = tmp_path / "events.jsonl", []
    long = _line("StageFinished", stage="merge", summary={"to_make": list(range(200_000))})
    path.write_text(_line("Notice", text="a") + long + _line("Notice", text="b"))
    place, before = 0, -1
    while place != before:
        before = place
        events, place = read_events(path, place)
        told += [event["event"] for event in events]
    assert told == ["Notice", "StageFinished", "Notice"] and place == path.stat().st_size


def test_a_log_is_read_again_only_where_it_says_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, looks = tmp_path / "events.jsonl", []
    path.write_text(_line("Progress", stage="merge", done=1, total=9))
    told = reading.read_tail
    monkeypatch.setattr(reading, "read_tail", lambda *asked: looks.append(asked) or told(*asked))
    assert [read_standing(path).done for _ in range(5)] == [1] * 5 and len(looks) == 1
    with path.open("a") as file:
        file.write(_line("Progress", stage="merge", done=2, total=9))
    assert read_standing(path).done == 2 and len(looks) == 2


def test_the_end_of_a_log_is_read_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    assert read_tail(path, 10) == b""
    with path.open("wb") as file:
        file.truncate(1 << 34)
        file.seek(0, 2)
        file.write("über\nlast line\n".encode())
    assert read_tail(path, 15) == b"last line\n"


def test_a_log_is_read_in_parts_that_cut_no_letter_in_two(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    text = "".join(f"{number} Prøjekt 影\n" for number in range(120_000))
    path.write_text(text, encoding="utf-8")
    parts, place, before = [], 0, -1
    while place != before:
        before = place
        part, place = read_text(path, place)
        parts.append(part)
    assert len(parts) > 2 and "".join(parts) == text
    assert read_text(tmp_path / "none", 7) == ("", 7)


def test_a_run_that_said_nothing_stands_nowhere(tmp_path: Path) -> None:
    assert read_standing(tmp_path / "events.jsonl").stage == ""
    assert read_events(tmp_path / "events.jsonl", 7) == ([], 7)


def test_what_a_run_answers_is_its_one_document_or_its_last_summary(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert read_result(path) is None
    path.write_text(json.dumps({"advice": [1]}, indent=1), encoding="utf-8")
    assert read_result(path) == {"advice": [1]}
    path.write_text(_line("StageFinished", stage="merge", summary={"frames": 3}), encoding="utf-8")
    assert read_result(path) == {"frames": 3}
    path.write_text(_line("Notice", text="a") + _line("StageFinished", stage="a", summary={"b": 1}))
    assert read_result(path) == {"b": 1}
