"""What a clip keeps is listed, taken out by its name, and every change can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.errors import ClipMissing, OptionInvalid, ProjectInvalid
from understudy.jobs.merging import kept_settings
from understudy.jobs.merging.inputs import keep_keys, keep_said
from understudy.jobs.merging.kept_settings import (
    listed_settings,
    move_key,
    redo_settings,
    remove_settings,
    undo_settings,
)
from understudy.merging.frame_ranges import parse_frames
from understudy.project.project import Project


@pytest.fixture
def kept(project: Project) -> Project:
    keep_said(project, "dst", {"erode": 0.05, "blur": 0.2}, frames=None)
    keep_said(project, "dst", {"mask": "dst-hull"}, frames=parse_frames("0"))
    keep_said(project, "dst", {"mask": "full"}, frames=parse_frames("1"))
    keep_keys(project, "dst", {"erode": 0.1, "blur": 0.3}, frames=parse_frames("1"), ease="linear")
    return project


def parts(project: Project) -> dict:
    listed = listed_settings(Project.open(project.folder), "dst")["parts"]
    return {part["part"]: part["options"] for part in listed}


def test_everything_that_is_kept_is_listed_by_the_name_that_takes_it_out(kept: Project) -> None:
    assert parts(kept) == {
        "clip": {"erode": 0.05, "blur": 0.2},
        "range 1": {"mask": "dst-hull"},
        "range 2": {"mask": "full"},
        "key 1": {"erode": 0.1, "blur": 0.3},
    }
    for name in list(parts(kept))[::-1]:
        remove_settings(kept, "dst", [name])
        assert name not in parts(kept)
    assert not parts(kept)


def test_several_parts_go_at_once_by_the_names_they_were_listed_by(kept: Project) -> None:
    told = remove_settings(kept, "dst", ["range 1", "range 2", "clip blur", "key 1 erode"])
    assert f"`understudy settings '{kept.folder}' dst --undo`" in told
    assert parts(kept) == {"clip": {"erode": 0.05}, "key 1": {"blur": 0.3}}
    remove_settings(kept, "dst", ["key 1 blur", "all"])
    assert not parts(kept)


@pytest.mark.parametrize(
    "wrong", ["range 3", "range 0", "key 7", "clip mask", "range 1 erode", "erode", "range x"]
)
def test_what_is_not_there_is_refused_and_nothing_changes(kept: Project, wrong: str) -> None:
    before = parts(kept)
    with pytest.raises(OptionInvalid, match=wrong):
        remove_settings(kept, "dst", ["clip", wrong])
    assert parts(kept) == before


def test_every_change_is_taken_back_the_last_one_first(kept: Project) -> None:
    before = parts(kept)
    remove_settings(kept, "dst", ["range 1"])
    assert "took out range 1" in undo_settings(kept, "dst")
    assert parts(kept) == before
    for gone in ("key 1", "range 2", "range 1", "clip"):
        undo_settings(kept, "dst")
        assert gone not in parts(kept)
    assert not parts(kept)
    with pytest.raises(OptionInvalid, match="nothing to take back"):
        undo_settings(kept, "dst")


def test_what_was_changed_by_hand_since_is_not_lost_by_taking_back(kept: Project) -> None:
    with kept.change() as manifest:
        manifest.clips["dst"].merge = {"erode": 0.2}
    with pytest.raises(ProjectInvalid, match="by hand"):
        undo_settings(kept, "dst")
    assert parts(kept)["clip"] == {"erode": 0.2}
    keep_said(kept, "dst", {"blur": 0.4}, frames=None)
    undo_settings(kept, "dst")
    assert parts(kept)["clip"] == {"erode": 0.2}


def test_a_clip_that_is_not_there_is_told(kept: Project) -> None:
    with pytest.raises(ClipMissing, match="no clip called 'other'"):
        listed_settings(kept, "other")


def test_what_was_taken_back_is_made_again_until_something_else_is_changed(kept: Project) -> None:
    before = parts(kept)
    undo_settings(kept, "dst")
    undo_settings(kept, "dst")
    assert len(listed_settings(kept, "dst")["undone"]) == 2
    redo_settings(kept, "dst")
    redo_settings(kept, "dst")
    assert parts(kept) == before
    with pytest.raises(OptionInvalid, match="nothing to make again"):
        redo_settings(kept, "dst")
    undo_settings(kept, "dst")
    keep_said(kept, "dst", {"blur": 0.4}, frames=None)
    assert not listed_settings(kept, "dst")["undone"]
    with pytest.raises(OptionInvalid, match="nothing to make again"):
        redo_settings(kept, "dst")


@pytest.mark.parametrize("written", [0, 1])
def test_taking_back_and_making_again_that_were_killed_go_on(
    kept: Project, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """A kill after the settings are turned, before the first list of changes is written, or the second."""
    before = parts(kept)
    write = kept_settings.write_text

    def killed(turn: Callable[[Project, str], str]) -> None:
        left = written

        def write_some(path: Path, text: str) -> None:
            nonlocal left
            if not left:
                raise KeyboardInterrupt
            left -= 1
            write(path, text)

        monkeypatch.setattr(kept_settings, "write_text", write_some)
        with pytest.raises(KeyboardInterrupt):
            turn(kept, "dst")
        monkeypatch.setattr(kept_settings, "write_text", write)

    killed(undo_settings)
    undo_settings(kept, "dst")
    assert "key 1" not in parts(kept) and "range 2" in parts(kept)
    killed(redo_settings)
    redo_settings(kept, "dst")
    assert parts(kept) == before
    listed = listed_settings(kept, "dst")
    assert (len(listed["changes"]), len(listed["undone"])) == (4, 0)


def test_making_again_over_a_change_by_hand_is_refused(kept: Project) -> None:
    undo_settings(kept, "dst")
    with kept.change() as manifest:
        manifest.clips["dst"].merge = {"erode": 0.2}
    with pytest.raises(ProjectInvalid, match="by hand"):
        redo_settings(kept, "dst")
    assert parts(kept)["clip"] == {"erode": 0.2}


def test_a_key_moves_with_all_its_options_and_can_be_taken_back(kept: Project) -> None:
    move_key(kept, "dst", 1, 2)
    assert parts(kept)["key 2"] == {"erode": 0.1, "blur": 0.3} and "key 1" not in parts(kept)
    move_key(kept, "dst", 2, 2, ease="hold")
    assert kept.manifest.clips["dst"].keys[0].ease == "hold"
    undo_settings(kept, "dst")
    undo_settings(kept, "dst")
    assert "key 1" in parts(kept)


def test_a_key_moves_neither_out_of_the_clip_nor_onto_another(kept: Project) -> None:
    keep_keys(kept, "dst", {"erode": 0.2}, frames=parse_frames("2"), ease="linear")
    before = parts(kept)
    for frame, to, said in ((1, 2, "already"), (1, 99, "0 to 2"), (0, 1, "no key at frame 0")):
        with pytest.raises(OptionInvalid, match=said):
            move_key(kept, "dst", frame, to)
    assert parts(kept) == before
