import copy

import pytest

from understudy.errors import ProjectInvalid
from understudy.project.manifest import Manifest
from understudy.project.migrations import STEPS, VERSION, migrated
from understudy.project.project import Project

FLAT = """\
# my first swap
src = ["a.mp4", "takes/a.mp4"]
dst = ["b.mp4"]
preset = "df"
consent = "fictional"

[merge]
mode = "overlay" # as agreed
"""


def test_there_is_one_step_for_every_older_version():
    assert sorted(STEPS) == list(range(VERSION))


def test_the_flat_layout_becomes_performers_clips_and_a_model():
    old = {"src": ["a.mp4", "takes/a.mp4"], "dst": ["b.mp4"], "preset": "df", "consent": "fictional"}
    before = copy.deepcopy(old)
    manifest = Manifest.model_validate(migrated(old))
    assert old == before
    assert {name: clip.path for name, clip in manifest.clips.items()} == {
        "a": "a.mp4",
        "a-2": "takes/a.mp4",
        "b": "b.mp4",
    }
    assert manifest.performers["src"].facesets["main"].clips == ["a", "a-2"]
    assert manifest.performers["dst"].consent.status == "fictional"
    assert manifest.models["main"].preset == "df"


def test_opening_an_old_project_migrates_it_once_and_keeps_the_original(tmp_path):
    (tmp_path / "understudy.toml").write_text(FLAT, encoding="utf-8")
    project = Project.open(tmp_path)
    assert list(project.manifest.clips) == ["a", "a-2", "b"]
    (entry,) = project.trash.entries()
    assert entry.path.read_text(encoding="utf-8") == FLAT
    text = (tmp_path / "understudy.toml").read_text(encoding="utf-8")
    assert "# as agreed" in text
    assert "\nsrc = " not in text
    assert Project.open(tmp_path).manifest == project.manifest
    assert len(project.trash.entries()) == 1


def test_an_old_project_that_is_wrong_stays_as_it_is(tmp_path):
    text = FLAT.replace('"fictional"', '"maybe"')
    (tmp_path / "understudy.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectInvalid, match="status"):
        Project.open(tmp_path)
    assert (tmp_path / "understudy.toml").read_text(encoding="utf-8") == text
    assert not (tmp_path / "trash").exists()
