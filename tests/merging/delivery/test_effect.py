"""An option that would do nothing is known for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.media.codecs import codec_for
from understudy.merging.delivery.effect import settled, usual_ending, without_effect
from understudy.merging.delivery.options import EncodeOptions

OF_LABELS = {"label_place", "label_size", "label_seconds"}
ALL_OF_LABELS = OF_LABELS | {"label", "label_language"}
CLOSED_BY = "closed_production_by"
OF_MOVIES = {"codec", "crf", "bitrate", "preset", "eight_bit", "audio"}


@pytest.mark.parametrize(
    ("out", "from_images", "said", "idle"),
    [
        ("x.mp4", False, {}, {"images", "first_number"} | OF_LABELS),
        ("x.mp4", False, {"label": "AI"}, {"images", "first_number", "label_language"}),
        ("x.mp4", False, {"label_language": "de"}, {"images", "first_number"}),
        ("x.mov", False, {"codec": "prores"}, {"images", "first_number", "preset"} | OF_LABELS),
        (
            "x.mov",
            False,
            {"content": "face", "codec": "png"},
            {"images", "first_number", "preset"} | ALL_OF_LABELS,
        ),
        ("x", False, {}, OF_MOVIES | OF_LABELS),
        (
            "x",
            True,
            {"content": "mask"},
            OF_MOVIES | {"first_number"} | ALL_OF_LABELS,
        ),
        ("x.mp4", False, {"container": "mp4"}, {"images", "first_number"} | OF_LABELS),
        ("x.mp4", False, {"container": "mkv"}, {"images", "first_number", "container"} | OF_LABELS),
        ("x.png", True, {}, OF_MOVIES | {"images", "first_number"} | OF_LABELS),
    ],
)
def test_what_does_nothing_follows_from_what_is_made(
    out: str, from_images: bool, said: dict[str, str], idle: set[str]
) -> None:
    found = without_effect(EncodeOptions.model_validate(said), Path(out), from_images=from_images)
    assert set(found) == idle | {CLOSED_BY}
    said = {**said, "closed_production": "for the compositor"}
    found = without_effect(EncodeOptions.model_validate(said), Path(out), from_images=from_images)
    assert set(found) == idle


@pytest.mark.parametrize("ending", [".mkv", ".avi", ".mov", ".mp4", ".m4v"])
def test_a_mask_is_silent_and_loses_nothing_unless_something_else_is_said(ending: str) -> None:
    out = Path(f"m{ending}")
    made = settled(EncodeOptions(content="mask"), out)
    assert made.audio == "none" and codec_for(out, made.codec).lossless
    said = EncodeOptions(content="mask", codec="hevc", audio="all")
    assert settled(said, out) == said and settled(EncodeOptions(), out) == EncodeOptions()


@pytest.mark.parametrize(
    ("said", "clip", "ending"),
    [
        ({}, "dst.mkv", ".mkv"),
        ({}, "dst.MP4", ".mp4"),
        ({}, "dst.webm", ".mp4"),
        ({}, "dst.jpg", ".png"),
        ({}, "dst.exr", ".exr"),
        ({"codec": "prores"}, "dst.mp4", ".mov"),
        ({"codec": "ffv1"}, "dst.mp4", ".mkv"),
        ({"codec": "h264_lossless"}, "dst.mp4", ".mp4"),
        ({"content": "mask"}, "dst.mp4", ".mp4"),
        ({"codec": "png"}, "dst.mkv", ".mov"),
        ({"container": "avi"}, "dst.mp4", ".avi"),
        ({"container": "images"}, "dst.mp4", ""),
        ({"container": "mp4"}, "dst.jpg", ".mp4"),
    ],
)
def test_the_ending_nobody_named_is_the_containers_then_dsts_then_the_codecs(
    said: dict[str, str], clip: str, ending: str
) -> None:
    assert usual_ending(EncodeOptions.model_validate(said), Path(clip)) == ending


def test_a_folder_of_images_becomes_one_unless_a_container_is_chosen(tmp_path: Path) -> None:
    assert usual_ending(EncodeOptions(), tmp_path) == ""
    assert usual_ending(EncodeOptions(container="mov"), tmp_path) == ".mov"
