"""Presets: whose name counts, what they may hold, and that they are found where they are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import OptionInvalid, PresetInvalid
from understudy.jobs.delivery.outputs import output_paths
from understudy.jobs.keep_options import keep_options, kept_options
from understudy.jobs.presets import list_presets, preset_options, remove_preset, save_preset
from understudy.jobs.settings import encode_options
from understudy.project.own_presets import PresetStage
from understudy.project.project import Project


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


def test_a_purpose_gives_its_options_and_what_is_said_beside_it_wins(project: Project) -> None:
    assert encode_options(project, {"purpose": "archive"}).codec == "ffv1"
    said = encode_options(project, {"purpose": "web", "crf": 30})
    assert (said.codec, said.crf, said.eight_bit) == ("h264", 30, True)
    keep_options(project, "encode", {"codec": "hevc", "crf": 25})
    assert encode_options(project, {"purpose": "web"}).crf == 20, "said now counts more than kept"
    assert encode_options(project, {}).crf == 25


def test_a_purpose_that_the_project_keeps_counts_below_what_it_says_itself(project: Project) -> None:
    keep_options(project, "encode", {"purpose": "review", "crf": 35})
    kept = encode_options(project, {})
    assert (kept.crf, kept.label_words()) == (35, "made with AI")
    assert kept_options(project, "encode").unsaid["preset"] == "veryfast"
    other = encode_options(project, {"purpose": "archive"})
    assert other.codec == "ffv1" and other.label_words() == ""
    with pytest.raises(OptionInvalid, match="no encode preset 'nowhere'"):
        keep_options(project, "encode", {"purpose": "nowhere"})
    assert encode_options(Project.open(project.folder), {}).crf == 35


def test_a_purpose_says_what_becomes_of_a_file_without_a_name(project: Project) -> None:
    def name(**said: str) -> str:
        return output_paths(project, "main", ["dst"], None, options=encode_options(project, said))[0].name

    assert name() == "dst-main.mov"
    assert name(purpose="web") == "dst-main-web.mp4"
    assert name(purpose="comp") == "dst-main-comp"
    assert name(purpose="web", container="mkv") == "dst-main-web.mkv"
    assert name(content="mask") == "dst-main-mask.mov", "a mask does not take the film's place"
    assert name(codec="utvideo") == "dst-main.avi"


def test_ones_own_presets_are_kept_listed_and_taken_out(project: Project) -> None:
    save_preset(None, "encode", "festival", {"codec": "hevc", "crf": 18}, says="For the festival.")
    save_preset(project, "encode", "festival", {"codec": "hevc", "crf": 12})
    listed = {one.name: one for one in list_presets(project, "encode")}
    assert listed["festival"].origin == "project" and listed["web"].origin == "understudy"
    assert encode_options(project, {"purpose": "festival"}).crf == 12
    assert "crf=12" in remove_preset(project, "encode", "festival")
    assert encode_options(project, {"purpose": "festival"}).crf == 18, "now the user's own"
    assert {one.name for one in list_presets(None, "encode")} >= {"web", "festival"}
    remove_preset(None, "encode", "festival")
    with pytest.raises(PresetInvalid, match="there are web, review"):
        preset_options(project, "encode", "festival")
    with pytest.raises(PresetInvalid, match="no own encode preset 'web'"):
        remove_preset(project, "encode", "web")


@pytest.mark.parametrize(
    ("stage", "name", "options", "words"),
    [
        ("encode", "web", {"crf": 20}, "understudy's own"),
        ("encode", "mine", {}, "without options"),
        ("encode", "mine", {"crf": 900}, "crf"),
        ("encode", "mine", {"blur": 0.1}, "blur"),
        ("encode", "mine", {"closed_production": "a comp"}, "closed_production"),
        ("encode", "mine", {"purpose": "web"}, "purpose"),
        ("merge", "mine", {"plate": "dst"}, "plate"),
        ("merge", "a/b", {"blur": 0.1}, "name"),
    ],
)
def test_what_can_be_no_preset_is_refused(
    project: Project, stage: PresetStage, name: str, options: dict, words: str
) -> None:
    before = (project.folder / "understudy.toml").read_text(encoding="utf-8")
    with pytest.raises(OptionInvalid, match=words):
        save_preset(project, stage, name, options)
    assert (project.folder / "understudy.toml").read_text(encoding="utf-8") == before


def test_a_preset_spoiled_by_hand_is_named(project: Project) -> None:
    save_preset(project, "merge", "soft", {"blur": 0.3})
    path = project.folder / "understudy.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("blur = 0.3", "blurr = 0.3"), encoding="utf-8")
    with pytest.raises(PresetInvalid, match=r"merge preset 'soft' can't be used.*blurr"):
        preset_options(Project.open(project.folder), "merge", "soft")
