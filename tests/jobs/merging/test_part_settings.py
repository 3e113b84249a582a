"""Settings of one part of a cast: kept for it alone, refused where they are everybody's, taken back."""

from __future__ import annotations

import pytest

from understudy.errors import CastInvalid, OptionInvalid
from understudy.jobs.merging.cast import change_cast
from understudy.jobs.merging.inputs import settings_over_time
from understudy.jobs.merging.kept_settings import listed_settings, redo_settings, remove_settings, undo_settings
from understudy.jobs.merging.part_settings import keep_for_part, with_values
from understudy.project.manifest import CastEntry
from understudy.project.project import Project


@pytest.fixture
def cast(project: Project) -> Project:
    with project.change() as manifest:
        cast = {"person 1": "main", "track 7": CastEntry(model="main", erode=0.1)}
        manifest.clips["dst"] = manifest.clips["dst"].model_copy(update={"cast": cast})
    return project


def blur(project: Project, part: str) -> float:
    return settings_over_time(Project.open(project.folder), "dst", {}).at(0, part).blur


def test_an_option_of_one_part_counts_for_it_alone_and_none_takes_it_out(cast: Project) -> None:
    usual = blur(cast, "")
    assert "person 1" in keep_for_part(cast, "dst", "person 1", {"blur": 0.4})
    assert (blur(cast, "person 1"), blur(cast, "track 7"), blur(cast, "")) == (0.4, usual, usual)
    assert cast.manifest.clips["dst"].cast["person 1"].model == "main"
    keep_for_part(cast, "dst", "person 1", {"blur": None})
    assert blur(cast, "person 1") == usual


def test_it_is_listed_taken_out_taken_back_and_made_again(cast: Project) -> None:
    keep_for_part(cast, "dst", "person 1", {"blur": 0.4, "erode": 0.2})
    listed = {one["part"]: one["options"] for one in listed_settings(cast, "dst")["parts"]}
    assert listed == {"person 1": {"blur": 0.4, "erode": 0.2}, "track 7": {"erode": 0.1}}
    remove_settings(cast, "dst", ["person 1 blur", "track 7"])
    assert blur(cast, "person 1") != 0.4
    undo_settings(cast, "dst")
    assert blur(cast, "person 1") == 0.4
    undo_settings(cast, "dst")
    assert {one["part"] for one in listed_settings(cast, "dst")["parts"]} == {"track 7"}
    redo_settings(cast, "dst")
    assert blur(cast, "person 1") == 0.4
    with pytest.raises(OptionInvalid, match="keeps nothing called 'person 3'"):
        remove_settings(cast, "dst", ["person 3"])


@pytest.mark.parametrize(
    ("part", "values", "error"),
    [
        ("person 2", {"blur": 0.4}, CastInvalid),
        ("person 1", {"blurr": 0.4}, OptionInvalid),
        ("person 1", {"blur": 40}, OptionInvalid),
        ("person 1", {"light": "linear"}, OptionInvalid),
        ("person 1", {"mode": "raw-rgb"}, OptionInvalid),
    ],
)
def test_what_one_part_cannot_have_is_refused_and_nothing_changes(
    cast: Project, part: str, values: dict, error: type[Exception]
) -> None:
    before = (cast.folder / "understudy.toml").read_text(encoding="utf-8")
    with pytest.raises(error) as refused:
        keep_for_part(cast, "dst", part, values)
    assert ('Did you mean "blur"?' in str(refused.value)) == ("blurr" in values)
    assert (cast.folder / "understudy.toml").read_text(encoding="utf-8") == before


def test_what_is_tried_leaves_the_clip_as_it_is(cast: Project) -> None:
    entry = cast.manifest.clips["dst"]
    tried = with_values(entry, "track 7", {"blur": 0.4})
    assert tried.cast["track 7"].model_extra == {"erode": 0.1, "blur": 0.4}
    assert entry.cast["track 7"].model_extra == {"erode": 0.1}


def test_the_cast_command_says_it_in_words(cast: Project) -> None:
    change_cast(cast, "dst", ["person 1.blur=0.4", "person 1.mask=learned-prd*dst-hull"])
    own = cast.manifest.clips["dst"].cast["person 1"]
    assert (own.model, own.model_extra) == ("main", {"blur": 0.4, "mask": "learned-prd*dst-hull"})
    change_cast(cast, "dst", ["person 1.blur="])
    assert cast.manifest.clips["dst"].cast["person 1"].model_extra == {"mask": "learned-prd*dst-hull"}
