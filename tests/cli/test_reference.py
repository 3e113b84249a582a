"""The generated pages in the repository are those the code makes now."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.cli.reference import options_page, pages, write_pages

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", ["options.md", "commands.md", "face-metadata.md"])
def test_a_page_is_fresh(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages()[name], "run `make docs`"


def test_a_range_is_shown_with_its_unit() -> None:
    assert "128 to 1024 px" in options_page()


def test_pages_are_written_whole(tmp_path: Path) -> None:
    write_pages(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(pages())
