"""The guide's commands do what the guide says, on rendered clips."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.house.source import REPOSITORY
from understudy.media.images import read_image

GUIDE = REPOSITORY / "docs" / "guide"


def _made_by() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_pictures", GUIDE / "make_pictures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_pictures"] = module
    spec.loader.exec_module(module)
    return module


def test_the_pages_commands_are_found_with_their_exit_codes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nunderstudy a \\\n  b\n# c\n```\n```sh exit=2\nunderstudy d\n```\n```toml\ne\n```\n")
    found = [(" ".join(command.line.split()), command.exit_code) for command in _made_by().commands(page)]
    assert found == [("understudy a b", 0), ("understudy d", 2)]
    assert len(list(_made_by().commands())) > 10


def test_every_picture_of_the_guide_is_there_and_small() -> None:
    made = _made_by()
    shown = {
        GUIDE / link for page in GUIDE.glob("*.md") for link in made.links(page) if link.startswith("pictures/")
    }
    assert shown and {path.name for path in shown if not path.is_file()} == set()
    assert {p.name: p.stat().st_size for p in shown if p.stat().st_size > made.LARGEST_BYTES} == {}
    assert set((GUIDE / "pictures").iterdir()) == shown, "a picture that no page shows"
    assert all(min(read_image(path).shape[:2]) > 60 for path in shown)


@pytest.mark.journey
def test_every_command_of_the_page_from_clip_to_clean_faceset_runs(tmp_path: Path) -> None:
    made = _made_by()
    made.film(tmp_path, size_px=200, pace=4)
    for command in made.commands():
        command.run(tmp_path, tmp_path / "home")
    # What the page says in words.
    rejected = (tmp_path / "film" / "trash").rglob("*.jpg")
    assert len(list(rejected)) >= 4
