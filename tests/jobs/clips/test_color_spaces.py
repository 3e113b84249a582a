"""The colour space of a project's clips: said, checked, kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.cli.main import app
from understudy.errors import OptionInvalid
from understudy.jobs.clips.color_spaces import choose_color_space, color_space_of
from understudy.media.images import encode_png
from understudy.project.project import Project

pytest.importorskip("PyOpenColorIO", reason="opencolorio is not installed")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "shot").mkdir()
    (tmp_path / "shot" / "0.png").write_bytes(encode_png(np.zeros((48, 64, 3), np.uint16)))
    return Project.create(tmp_path / "film")


def test_adding_a_clip_keeps_its_colour_space_and_an_unknown_one_adds_nothing(
    project: Project, tmp_path: Path
) -> None:
    words = ["add", str(project.folder), "--dst", str(tmp_path / "shot"), "--color-space"]
    with pytest.raises(OptionInvalid, match="has ACES"):
        app([*words, "ACEScccc"])
    assert not Project.open(project.folder).manifest.clips
    app([*words, "ARRI LogC4", "--ocio-config", "ocio://studio-config-latest"])
    opened = Project.open(project.folder)
    assert opened.manifest.clips["shot"].color_space == "ARRI LogC4"
    assert opened.manifest.ocio_config == "ocio://studio-config-latest"
    space = color_space_of(opened, "shot")
    assert space is not None and (space.name, space.config) == ("ARRI LogC4", "ocio://studio-config-latest")


def test_a_config_without_a_clips_space_is_refused_and_a_space_can_be_forgotten(
    project: Project, tmp_path: Path
) -> None:
    name = project.add_clip(tmp_path / "shot", "dst")
    assert color_space_of(project, name) is None and color_space_of(project, "nobody") is None
    choose_color_space(project, [name], name="ARRI LogC4")
    with pytest.raises(OptionInvalid, match="can't be 'ARRI LogC4'"):
        choose_color_space(project, [], config="ocio://default")  # the CG config knows no cameras
    assert project.manifest.ocio_config == ""
    choose_color_space(project, [name], name="")
    assert color_space_of(project, name) is None
