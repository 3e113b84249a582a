"""Which settings count in a frame, who says them, and one frame's given to others."""

from __future__ import annotations

import pytest

from understudy.errors import OptionInvalid
from understudy.jobs.merging.inputs import keep_keys, keep_said, settings_over_time
from understudy.jobs.merging.settings_at import copy_settings, keep_where_it_counts, settings_at
from understudy.merging.frame_ranges import parse_frames
from understudy.project.manifest import CastEntry
from understudy.project.project import Project


@pytest.fixture
def kept(project: Project) -> Project:
    with project.change() as manifest:
        manifest.merge = {"grain": 0.5, "erode": 0.01}
    keep_said(project, "dst", {"erode": 0.05, "blur": 0.2}, frames=None)
    keep_keys(project, "dst", {"erode": 0.1}, frames=parse_frames("0"), ease="linear")
    keep_keys(project, "dst", {"erode": 0.2}, frames=parse_frames("2"), ease="linear")
    keep_said(project, "dst", {"blur": 0.3}, frames=parse_frames("1:2"))
    keep_said(project, "dst", {"blur": 0.4}, frames=parse_frames("2"))
    return project


def test_every_option_says_its_value_and_who_said_it(kept: Project) -> None:
    def said(frame: int, name: str) -> tuple:
        one = settings_at(kept, "dst", frame)[name]
        return round(one.value, 6) if isinstance(one.value, float) else one.value, one.said, one.overridden

    assert said(0, "mode") == ("overlay", "default", ())
    assert said(0, "grain") == (0.5, "project", ())
    assert said(0, "blur") == (0.2, "clip", ())
    assert said(0, "erode") == (0.1, "key 0", ("project", "clip"))
    assert said(1, "erode") == (0.15, "keys 0 and 2", ("project", "clip"))
    assert said(1, "blur") == (0.3, "range 1", ("clip",))
    assert said(2, "blur") == (0.4, "range 2", ("clip", "range 1"))


def test_values_are_those_a_merge_uses(kept: Project) -> None:
    for frame in range(3):
        known = {name: one.value for name, one in settings_at(kept, "dst", frame).items()}
        assert known == settings_over_time(kept, "dst", {}).at(frame).model_dump()


def test_a_part_of_the_cast_says_more_than_a_range(kept: Project) -> None:
    with kept.change() as manifest:
        manifest.clips["dst"].cast = {"person 1": CastEntry(blur=0.45)}
    assert settings_at(kept, "dst", 2, "person 1")["blur"].said == "person 1"
    assert settings_at(kept, "dst", 2)["blur"].said == "range 2"


def test_other_frames_get_a_frame_s_settings_and_only_what_differs_is_kept(kept: Project) -> None:
    copy_settings(kept, "dst", 0, to=parse_frames("1:"))
    assert kept.manifest.clips["dst"].ranges[-1].model_extra == {"erode": 0.1, "blur": 0.2}
    settings = settings_over_time(kept, "dst", {})
    assert settings.at(1) == settings.at(2) == settings.at(0)
    assert "already" in copy_settings(kept, "dst", 0, to=parse_frames("1:"))
    with pytest.raises(OptionInvalid, match="0 to 2"):
        copy_settings(kept, "dst", 0, to=parse_frames("5"))


def test_a_value_is_kept_where_it_counts_in_the_frame(kept: Project) -> None:
    def said(frame: int, name: str) -> tuple:
        one = settings_at(kept, "dst", frame)[name]
        return one.value, one.said

    keep_where_it_counts(kept, "dst", 1, {"erode": 0.12, "blur": 0.35, "mode": "seamless"}, ease="linear")
    assert said(1, "erode") == (0.12, "key 1") and said(1, "blur") == (0.35, "range 1")
    assert said(2, "blur") == (0.4, "range 2")  # where the range that was changed does not count
    assert said(1, "mode") == said(0, "mode") == ("seamless", "clip")
    assert said(0, "erode") == (0.1, "key 0") and said(0, "blur") == (0.2, "clip")
    keep_where_it_counts(kept, "dst", 1, {"erode": None, "blur": None, "mode": None, "grain": None})
    assert said(1, "erode")[1] == "keys 0 and 2" and said(1, "mode") == ("overlay", "default")
    assert said(1, "blur") == (0.2, "clip") and said(1, "grain") == (0.5, "project")
    with pytest.raises(OptionInvalid, match="keys 0 and 2"):
        keep_where_it_counts(kept, "dst", 1, {"erode": None})
    with pytest.raises(OptionInvalid, match="'soup'"):
        keep_where_it_counts(kept, "dst", 1, {"soup": 1})
