"""The log of a model is dated sentences that only grow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from understudy.errors import FolderUnwritable
from understudy.training.keeping.log import LOG_NAME, append_log


def test_every_sentence_is_a_dated_line_behind_the_others(tmp_path: Path) -> None:
    for sentence in ("First é.", "Second."):
        append_log(tmp_path, sentence)
    lines = (tmp_path / LOG_NAME).read_text(encoding="utf-8").splitlines()
    assert [line.partition(":")[2][6:] for line in lines] == ["First é.", "Second."]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", line) for line in lines)


def test_a_stranger_s_link_in_the_log_s_place_is_not_written_through(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("mine")
    (tmp_path / LOG_NAME).symlink_to(letter)
    with pytest.raises(FolderUnwritable, match="A link stands"):
        append_log(tmp_path, "A sentence.")
    assert letter.read_text() == "mine"
