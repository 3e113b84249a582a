"""Clips whose curve is not near sRGB's are told of, and not taken for linear light."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.merging.conftest import Painter, landmarks, record
from understudy.errors import OptionInvalid
from understudy.facesets.store import StoredFace
from understudy.media.clip import ClipInfo, ColorTags
from understudy.media.color_spaces import ColorSpace
from understudy.media.opening import open_clip
from understudy.merging.curves import curve_notices, require_known_curve
from understudy.merging.journal import Journal
from understudy.merging.options import MergeOptions
from understudy.merging.plan import MergePlan, planned

FAR = {8: "linear", 9: "log", 10: "log", 16: "PQ", 18: "HLG"}


@pytest.fixture
def info(movie: Path) -> ClipInfo:
    with open_clip(movie) as clip:
        return clip.info


def tagged(info: ClipInfo, transfer: int, *, scene_linear: bool = False) -> ClipInfo:
    return replace(info, color=ColorTags(9, 1, 9, transfer), scene_linear=scene_linear)


@pytest.mark.parametrize("transfer", FAR)
def test_a_curve_far_from_srgb_is_named_and_gives_no_linear_light(info: ClipInfo, transfer: int) -> None:
    (notice,) = curve_notices([tagged(info, transfer)])
    assert f"tagged {FAR[transfer]}" in notice and f"transfer {transfer}" in notice and "dst.mov" in notice
    with pytest.raises(OptionInvalid, match=rf"'light'.*{FAR[transfer]}.*--light encoded"):
        require_known_curve(tagged(info, transfer), ["encoded", "linear"])
    require_known_curve(tagged(info, transfer), ["encoded"])


@pytest.mark.parametrize("transfer", [1, 2, 4, 6, 13, 14, 15])
def test_curves_near_srgb_are_taken_for_it_without_a_word(info: ClipInfo, transfer: int) -> None:
    assert curve_notices([tagged(info, transfer)]) == []
    require_known_curve(tagged(info, transfer), ["linear"])


def test_floats_are_light_whatever_their_tags_say(info: ClipInfo) -> None:
    floats = tagged(info, 16, scene_linear=True)
    assert curve_notices([floats]) == []
    require_known_curve(floats, ["linear"])


def test_a_clip_whose_colour_space_was_said_is_light_whatever_its_tags_say(movie: Path) -> None:
    with open_clip(movie, ColorSpace("PQ")) as clip:
        said = tagged(clip.info, 16)
    assert curve_notices([said]) == []
    require_known_curve(said, ["linear"])


def test_hdr_is_told_how_its_colours_become_exact(info: ClipInfo) -> None:
    assert "--color-space HLG" in curve_notices([tagged(info, 18)])[0]
    assert "--color-space" not in curve_notices([tagged(info, 9)])[0]


def planned_with(movie: Path, transfer: int, *, faces: bool = True, **options: str) -> MergePlan:
    face = StoredFace("one", Path("one.jpg"), record(1, landmarks()))
    with open_clip(movie) as clip:
        clip.info = tagged(clip.info, transfer)
        return planned(
            clip,
            [face] if faces else [],
            predictor=Painter(),
            options=MergeOptions(**options),
            clip_name=None,
            journal=Journal(movie.parent),
        )


def test_a_merge_of_an_hdr_clip_says_so_before_it_begins_and_refuses_linear_light(movie: Path) -> None:
    assert any("PQ" in text for text in planned_with(movie, 16).notices)
    assert not any("tagged" in text for text in planned_with(movie, 1, light="linear").notices)
    assert not any("tagged" in text for text in planned_with(movie, 16, faces=False).notices)
    with pytest.raises(OptionInvalid, match="HLG"):
        planned_with(movie, 18, light="linear")
