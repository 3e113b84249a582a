"""Everything that is known about a clip is told in words and numbers."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av

from tests.media.made import make_movie, numbered, sine
from understudy.media.clip import ColorTags
from understudy.media.describing import color_words, described
from understudy.media.images import encode_png
from understudy.media.opening import open_clip


def test_a_movie_is_described(tmp_path: Path) -> None:
    make_movie(
        tmp_path / "v.mov", 10, sound=sine(0.4), color=ColorTags(9, 1, 9, 16), pixel_aspect=Fraction(4, 3)
    )
    with open_clip(tmp_path / "v.mov") as clip:
        facts = described(clip)
    json.dumps(facts)
    assert (facts["codec"], facts["width"], facts["frames"], facts["rate"]) == ("h264", 64, 10, "25")
    assert facts["color"] == {
        "matrix": "BT.2020", "primaries": "BT.2020", "transfer": "PQ", "range": "limited",
    }  # fmt: skip
    assert facts["pixel_aspect"] == "4/3" and facts["damage"] == "" and facts["timecode"] == ""
    assert facts["size_bytes"] == (tmp_path / "v.mov").stat().st_size
    (sound,) = facts["audio"]
    assert (sound["track"], sound["codec"], sound["rate_hz"], sound["layout"]) == (1, "aac", 48000, "mono")


def test_timecode_and_fields_are_told(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "v.mov"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"flags": "+ildct+ilme", "top": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.metadata["timecode"] = "01:00:00:10"
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(numbered(number), "rgb24").reformat(format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_clip(tmp_path / "v.mov") as clip:
        facts = described(clip)
    assert facts["timecode"] == "01:00:00:10"
    assert facts["interlaced"] and "field first" in facts["field_order"]


def test_images_and_damage_are_described(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(encode_png(numbered(number)))
    (tmp_path / "1.png").write_bytes(b"no image")
    with open_clip(tmp_path) as clip:
        facts = described(clip)
    assert (facts["kind"], facts["rate"], facts["frames_per_second"], facts["audio"]) == (
        "images",
        None,
        None,
        [],
    )
    assert "2 of 3" in facts["damage"] and facts["size_bytes"] > 100


def test_unknown_codes_are_numbers_and_silence_is_told() -> None:
    assert color_words(ColorTags(2, 0, 77, 18)) == {
        "matrix": "not said", "primaries": "code 77", "transfer": "HLG", "range": "not said",
    }  # fmt: skip
