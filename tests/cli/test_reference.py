"""The generated pages in the repository are those the code makes now."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.cli.reference import options_page, write_pages

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


NAMES = ["options.md", "commands.md", "face-metadata.md"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pages as the code makes them now."""
    folder = tmp_path_factory.mktemp("reference")
    write_pages(folder)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_fresh(written: Path, name: str) -> None:
    fresh = (written / name).read_text(encoding="utf-8")
    assert (REFERENCE / name).read_text(encoding="utf-8") == fresh, "run `make docs`"


def test_a_range_is_shown_with_its_unit() -> None:
    assert "128 to 1024 px" in options_page()


def test_every_page_is_written_and_nothing_beside(written: Path) -> None:
    assert {path.name for path in written.iterdir()} == set(NAMES)
