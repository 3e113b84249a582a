"""What is asked of a project here is known by its words and the project's place."""

from __future__ import annotations

from pathlib import Path

from understudy.project.asked_here import is_asked_here, seals


def test_what_was_asked_here_is_known_and_nothing_else(tmp_path: Path) -> None:
    said = seals(tmp_path, ["extract", "shot"])
    assert is_asked_here(tmp_path, ["extract", "shot"], said)
    (tmp_path / "copy").mkdir()
    for home, words in ((tmp_path, ["clean", "shot"]), (tmp_path / "copy", ["extract", "shot"])):
        assert not is_asked_here(home, words, said)
    for other in (None, [], ["0" * 64], "x", 7):
        assert not is_asked_here(tmp_path, ["extract", "shot"], other)
