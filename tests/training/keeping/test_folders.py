"""Numbered folders are told from others, and whole ones from what is left of one."""

from __future__ import annotations

from pathlib import Path

from understudy.training.keeping.folders import STATE_NAME, numbered_folders, whole_folders


def test_whole_folders_have_a_state_and_come_newest_first(tmp_path: Path) -> None:
    for name in ("9", "10", "000000011", "damaged-000000012", ".000000013.partial"):
        (tmp_path / name).mkdir()
    for name in ("9", "10", "damaged-000000012"):
        (tmp_path / name / STATE_NAME).touch()
    assert [folder.name for folder in numbered_folders(tmp_path)] == ["000000011", "10", "9"]
    assert [folder.name for folder in whole_folders(tmp_path)] == ["10", "9"]
    assert whole_folders(tmp_path / "none") == numbered_folders(tmp_path / "none") == []
