"""What another model has merged is named with the command that delivers it, which works as it stands."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.jobs.conftest import write_wall
from understudy.errors import ModelUnknown, ProjectInvalid
from understudy.jobs import stages
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.delivery import finished_files
from understudy.project.project import Project


@pytest.fixture
def by_another(ready: Project) -> Project:
    """Merged by a model that is not the one that is meant unsaid."""
    ready.add_model("close up")
    list(stages.merge(ready, "close up", said={}, device="cpu"))
    return ready


def commands_in(error: Exception) -> list[list[str]]:
    return [shlex.split(command) for command in re.findall(r"`([^`]*)`", str(error))]


def test_a_clip_that_another_model_has_merged_is_refused_with_the_command_that_delivers_it(
    by_another: Project,
) -> None:
    with pytest.raises(ProjectInvalid, match="not been merged with model 'main'") as refusal:
        list(stages.encode(by_another, "main", said={}))
    folder = str(by_another.folder)
    assert commands_in(refusal.value) == [
        ["understudy", "merge", folder, "dst"],
        ["understudy", "encode", folder, "--model", "close up"],
    ]


def test_where_the_model_that_is_meant_unsaid_is_none_the_command_is_named_too(by_another: Project) -> None:
    with by_another.change() as manifest:
        del manifest.models["main"]
    with pytest.raises(ModelUnknown, match="it has close up") as refusal:
        list(stages.encode(by_another, "main", said={}))
    assert commands_in(refusal.value) == [
        ["understudy", "encode", str(by_another.folder), "--model", "close up"]
    ]


def test_clips_are_named_in_the_command_where_the_model_has_merged_some_alone(
    by_another: Project, tmp_path
) -> None:
    add_clips(by_another, dst=[write_wall(tmp_path / "more.mov")])
    with pytest.raises(ProjectInvalid) as refusal:
        list(stages.encode(by_another, "main", clips=["dst"], said={}))
    assert commands_in(refusal.value)[-1][3:] == ["dst", "--model", "close up"]
    with pytest.raises(ProjectInvalid) as refusal:
        list(stages.encode(by_another, "main", clips=["more"], said={}))
    assert len(commands_in(refusal.value)) == 1, "nobody has merged this one"


def test_what_encode_would_make_says_so_as_well(by_another: Project) -> None:
    (block,) = finished_files.outlook(by_another, "main", "dst", said={})["blocks"]
    assert "--model 'close up'`" in block
    assert finished_files.outlook(by_another, "close up", "dst", said={})["blocks"] == []
