"""Presets of one's own lie in the manifest or in the user's folder, and none is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import PresetInvalid
from understudy.project.manifest import PresetEntry
from understudy.project.own_presets import FILE_NAME, own_presets, put_own_preset
from understudy.project.project import Project


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


ENTRY = PresetEntry(says="For the festival.", options={"codec": "hevc", "crf": 18})


def test_a_projects_preset_goes_with_the_project_and_the_users_does_not(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shot")
    put_own_preset(project, "encode", "festival", ENTRY)
    put_own_preset(None, "merge", "soft", PresetEntry(options={"blur": 0.3}))
    assert own_presets(Project.open(project.folder), "encode") == {"festival": ENTRY}
    assert own_presets(Project.open(project.folder), "merge") == {}
    assert own_presets(None, "merge") == {"soft": PresetEntry(options={"blur": 0.3})}
    assert own_presets(None, "encode") == {}


def test_what_is_replaced_or_taken_out_lies_in_the_trash(tmp_path: Path, home: Path) -> None:
    project = Project.create(tmp_path / "shot")
    for owner, trash in ((project, project.trash.folder), (None, home / "trash")):
        put_own_preset(owner, "encode", "festival", ENTRY)
        put_own_preset(owner, "encode", "festival", ENTRY)
        assert not list(trash.glob("*festival.toml")), "the same again replaces nothing"
        put_own_preset(owner, "encode", "festival", PresetEntry(options={"crf": 30}))
        put_own_preset(owner, "encode", "festival", None)
        assert own_presets(owner, "encode") == {}
        texts = [path.read_text() for path in sorted(trash.glob("*festival.toml"))]
        assert len(texts) == 2 and "hevc" in texts[0] and "crf = 30" in texts[1]


def test_a_users_file_that_is_damaged_is_named_and_left_alone(home: Path) -> None:
    put_own_preset(None, "encode", "festival", ENTRY)
    (home / FILE_NAME).write_text("[encode", encoding="utf-8")
    with pytest.raises(PresetInvalid, match="can't be read"):
        own_presets(None, "encode")
    with pytest.raises(PresetInvalid):
        put_own_preset(None, "encode", "other", ENTRY)
    assert (home / FILE_NAME).read_text(encoding="utf-8") == "[encode"
