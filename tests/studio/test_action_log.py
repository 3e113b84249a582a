"""`studio/action_log.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.types import Message

from understudy.studio import action_log
from understudy.studio.action_log import NAME, ActionLog

WHAT = b"\x01\x02"


def answer(body: bytes) -> list[Message]:
    return [
        {"type": "http.response.start", "status": 200, "headers": [(b"a", b"\xe9")]},
        {"type": "http.response.body", "body": body, "more_body": False},
    ]


def log(folder: Path) -> ActionLog:
    return ActionLog(lambda: folder)


def test_the_next_studio_knows_what_was_begun_and_what_was_answered(tmp_path: Path) -> None:
    before = log(tmp_path / "logs")
    before.begun("a", WHAT)
    before.begun("b", WHAT)
    before.done("b", WHAT, answer(b"\x00x"))
    after = log(tmp_path / "logs")
    a, b = after.past("a"), after.past("b")
    assert a and a.torn and a.answer is None
    assert b and not b.torn and b.what == WHAT and b.answer == answer(b"\x00x")
    assert after.past("c") is None


@pytest.mark.parametrize("body", [b"x" * 70_000, b'{"link":"http://127.0.0.1:1/login?token=abc"}'])
def test_large_answers_and_links_are_not_written(tmp_path: Path, body: bytes) -> None:
    log(tmp_path).done("a", WHAT, answer(body))
    past = log(tmp_path).past("a")
    assert past and past.answer is None and not past.torn
    assert (tmp_path / NAME).stat().st_size < 200


def test_a_torn_line_is_left_out_and_the_log_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action_log, "LARGEST_LOG_BYTES", 2000)
    before = log(tmp_path)
    for number in range(300):
        before.done(f"a{number}", WHAT, answer(b"x"))
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"id": "torn", "wh')
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 5000
    log(tmp_path).begun("behind", WHAT)
    after = log(tmp_path)
    assert after.past("behind") and after.past("a299") and not after.past("torn") and not after.past("a0")


def test_without_a_project_nothing_is_written(tmp_path: Path) -> None:
    nowhere = ActionLog(lambda: None)
    nowhere.begun("a", WHAT)
    assert nowhere.past("a") is None
