"""The log of a model is dated sentences that only grow."""

from __future__ import annotations

import re
from pathlib import Path

from understudy.training.keeping.log import LOG_NAME, append_log


def test_every_sentence_is_a_dated_line_behind_the_others(tmp_path: Path) -> None:
    for sentence in ("First é.", "Second."):
        append_log(tmp_path, sentence)
    lines = (tmp_path / LOG_NAME).read_text(encoding="utf-8").splitlines()
    assert [line.partition(":")[2][6:] for line in lines] == ["First é.", "Second."]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", line) for line in lines)
