"""The guide's commands do what the guide says, on rendered clips."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.house.source import REPOSITORY
from tests.journeys.conftest import QUICK, Clips, Terminal
from understudy.media.images import encode_png, read_image
from understudy.media.opening import open_clip

GUIDE = REPOSITORY / "docs" / "guide"
NAME = "000012.png"


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


@pytest.mark.journey
def test_every_command_of_the_page_from_model_to_nuke_runs(
    clips: Clips, terminal: Terminal, tmp_path: Path
) -> None:
    made, page = _made_by(), GUIDE / "to-nuke.md"
    for name, clip in (("src.mp4", clips.src), ("dst.mp4", clips.dst)):
        shutil.copy(clip, tmp_path / name)
    (tmp_path / "home").mkdir()
    trained = ("swap", tmp_path / "src.mp4", tmp_path / "dst.mp4", "-o", tmp_path / "first.mp4")
    code, said = terminal.run(*trained, "--project", tmp_path / "shot", "--iterations", 3, *QUICK)
    assert code == 0, said
    told = {command.line: command.run(tmp_path, tmp_path / "home") for command in made.commands(page)}
    assert len(told) > 12
    # What the page says in words.
    merged = tmp_path / "shot" / "merged" / "dst" / "main"
    assert all((merged / folder / NAME).is_file() for folder in (".", "masks", "faces"))
    assert len(list((tmp_path / "shot" / "explained" / "dst" / "000004").glob("*.png"))) > 6
    assert any("jitter" in words and "worst second" in words for words in told.values())
    plate, faces = (
        read_image(path).astype(float) for path in (_plate_12(tmp_path), merged / "faces/000012.png")
    )
    mask = read_image(merged / "masks" / NAME).astype(float) / 255
    off = plate * (1 - mask) + faces * mask - read_image(merged / NAME)
    assert np.abs(off).max() <= 1.5


def _plate_12(folder: Path) -> Path:
    with open_clip(folder / "dst.mp4") as clip:
        frame = next(iter(clip.frames(12)))
    path = folder / "plate-12.png"
    path.write_bytes(encode_png(frame.rgb))
    return path
