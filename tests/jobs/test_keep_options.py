"""Options that a project keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import ClipMissing, ModelUnknown, OptionInvalid
from understudy.jobs.keep_options import keep_options, kept_options
from understudy.jobs.merging.kept_settings import undo_settings
from understudy.jobs.settings import encode_options, extract_options, merge_options, train_options
from understudy.project.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    for role in ("src", "dst"):
        (tmp_path / f"{role}.mp4").touch()
        made.add_clip(tmp_path / f"{role}.mp4", role)
    made.add_model("main")
    return made


def test_what_is_kept_counts_in_the_stage_and_none_takes_it_back(project: Project) -> None:
    default = extract_options(project, {}).size_px
    keep_options(project, "extract", {"size_px": 256})
    keep_options(project, "encode", {"codec": "hevc"})
    keep_options(project, "train", {"batch_size": 3}, of="main")
    keep_options(project, "merge", {"erode": 0.1})
    keep_options(project, "merge", {"erode": 0.2}, of="dst")
    opened = Project.open(project.folder)
    assert extract_options(opened, {}).size_px == 256
    assert encode_options(opened, {}).codec == "hevc"
    assert train_options(opened, "main", {}).batch_size == 3
    assert merge_options(opened, "dst", {}).erode == 0.2
    keep_options(opened, "extract", {"size_px": None})
    keep_options(opened, "merge", {"erode": None}, of="dst")
    assert extract_options(Project.open(project.folder), {}).size_px == default
    assert merge_options(Project.open(project.folder), "dst", {}).erode == 0.1


def test_what_counts_unsaid_is_the_presets_value_or_the_projects(project: Project) -> None:
    assert kept_options(project, "train", of="main").unsaid["learning_rate"] == 0.003  # the preset quick's
    keep_options(project, "train", {"learning_rate": 0.001})
    kept = kept_options(project, "train", of="main")
    assert kept.unsaid["learning_rate"] == 0.001 and kept.said == {}
    assert kept_options(project, "train").said == {"learning_rate": 0.001}


def test_a_change_for_a_clip_can_be_taken_back(project: Project) -> None:
    keep_options(project, "merge", {"erode": 0.2}, of="dst")
    undo_settings(project, "dst")
    assert Project.open(project.folder).manifest.clips["dst"].merge == {}


def test_nothing_changes_where_a_value_is_refused(project: Project) -> None:
    before = (project.folder / "understudy.toml").read_text(encoding="utf-8")
    for stage, values, of in (
        ("extract", {"size_px": 5}, ""),
        ("encode", {"crf": 900}, ""),
        ("merge", {"erode": "much"}, "dst"),
        ("train", {"batch_size": -2}, "main"),
        ("train", {"nothing": 1}, ""),
    ):
        with pytest.raises(OptionInvalid):
            keep_options(project, stage, values, of=of)  # type: ignore[arg-type]
    with pytest.raises(OptionInvalid, match=r"no option 'bacth_size' of train\. Did you mean \"batch_size\"\?"):
        keep_options(project, "train", {"bacth_size": 4})
    with pytest.raises(ModelUnknown):
        kept_options(project, "train", of="nobody")
    with pytest.raises(ClipMissing):
        keep_options(project, "merge", {"erode": 0.1}, of="nothing")
    assert (project.folder / "understudy.toml").read_text(encoding="utf-8") == before
