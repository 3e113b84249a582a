"""Which files in a faceset's folder are pictures."""

from __future__ import annotations

from pathlib import Path

from understudy.facesets.pictures import count_pictures, image_files, is_picture


def test_hidden_and_foreign_files_are_no_pictures(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.PNG", ".hidden.png", "index.sqlite", "c.txt"):
        (tmp_path / name).write_bytes(b"12")
    (tmp_path / "folder.png").mkdir()
    assert sorted((name, size) for name, size, _ in image_files(tmp_path)) == [("a.jpg", 2), ("b.PNG", 2)]
    assert (count_pictures(tmp_path), count_pictures(tmp_path / "nowhere")) == (2, 0)


def test_a_name_that_leads_elsewhere_or_is_no_text_is_none() -> None:
    assert is_picture("a.jpeg") and not is_picture("../a.jpeg") and not is_picture("a\udcff.png")
