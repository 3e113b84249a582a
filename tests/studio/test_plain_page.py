"""`studio/plain_page.py`."""

from __future__ import annotations

from understudy.studio.plain_page import page


def test_a_sentence_is_text_and_what_is_said_in_a_terminal_looks_like_it() -> None:
    told = page("Say `understudy studio <x>` & open it.", onward="To <b>")
    assert "Say <code>understudy studio &lt;x&gt;</code> &amp; open it." in told
    assert "To &lt;b&gt;" in told and "<script" not in told
