"""The catalog of codecs: what goes with what is known before a frame is decoded."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import av
import pytest

from understudy.errors import OptionInvalid
from understudy.media.codecs import CODECS, CONTAINERS, CodecName, codec_for


def test_every_name_that_can_be_said_is_in_the_catalog_and_no_other() -> None:
    assert get_args(CodecName) == tuple(CODECS)


def test_every_encoder_is_one_that_the_library_brings_or_hardware() -> None:
    for name, choice in CODECS.items():
        assert choice.encoder in av.codecs_available or choice.needs, name


def test_every_ending_has_a_container() -> None:
    assert {ending for choice in CODECS.values() for ending in choice.suffixes} == set(CONTAINERS)


@pytest.mark.parametrize(
    ("name", "codec", "more", "said"),
    [
        ("a.mp4", "vhs", {}, "no codec 'vhs'. Known are h264"),
        ("a.mp4", "prores_4444", {}, r"these endings: .mov. A .mp4 can hold h264, hevc, av1"),
        ("a.wmv", "h264", {}, r"can't be written to a .wmv"),
        (
            "a.mp4",
            "h264",
            {"alpha": True},
            "can't hold transparency. Choose one of prores_4444, ffv1, png",
        ),
        ("a.mov", "prores", {"crf": 20}, "prores has no quality to choose"),
        ("a.mp4", "hevc", {"crf": 60}, "hevc takes a quality .crf. of 0 to 51, not 60"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_way_out(
    name: str, codec: str, more: dict, said: str
) -> None:
    with pytest.raises(OptionInvalid, match=said):
        codec_for(Path(name), codec, **more)


def test_av1_goes_down_to_its_own_lowest_quality() -> None:
    assert codec_for(Path("a.mp4"), "av1", crf=63).most_crf == 63
