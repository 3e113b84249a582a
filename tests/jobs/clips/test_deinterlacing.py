"""Interlaced clips are refused by the stages, and the tool they name makes clips that are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.clips.test_tools import done
from tests.media.interlaced import FRAMES, bar_at, bars_in, make_interlaced
from tests.media.made import make_movie, numbered
from understudy.errors import ClipInterlaced, FolderUnwritable, OptionInvalid
from understudy.jobs.clips.deinterlacing import deinterlace
from understudy.media.images import encode_png
from understudy.media.opening import open_clip, require_progressive
from understudy.media.options import DeinterlaceOptions


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


def test_the_tool_that_the_refusal_names_makes_a_clip_that_is_taken(tmp_path: Path) -> None:
    make_interlaced(tmp_path / "v.mov")
    with open_clip(tmp_path / "v.mov") as clip, pytest.raises(ClipInterlaced, match="clip deinterlace"):
        require_progressive(clip.info)
    out = tmp_path / "whole.mov"
    assert done(deinterlace(tmp_path / "v.mov", out, DeinterlaceOptions(codec="prores")))["frames"] == FRAMES
    with open_clip(out) as clip:
        require_progressive(clip.info)
        assert (clip.info.rate, clip.info.timecode, clip.info.codec) == (25, "01:00:00:10", "prores")
        assert [bars_in(frame.rgb) for frame in clip.frames()] == [{bar_at(2 * n)} for n in range(FRAMES)]


def test_each_field_makes_twice_the_frames_on_the_same_clock(tmp_path: Path) -> None:
    make_interlaced(tmp_path / "v.mov")
    options = DeinterlaceOptions(each_field=True, codec="prores")
    done(deinterlace(tmp_path / "v.mov", tmp_path / "whole.mov", options))
    with open_clip(tmp_path / "whole.mov") as clip:
        assert (clip.info.frame_count, clip.info.rate) == (2 * FRAMES, 50)
        assert (clip.info.timecode, clip.info.duration_s) == ("01:00:00:20", pytest.approx(FRAMES / 25))
        assert [bars_in(frame.rgb) for frame in clip.frames()] == [{bar_at(n)} for n in range(2 * FRAMES)]


def test_a_wrong_flag_goes_and_the_pictures_stay(tmp_path: Path) -> None:
    make_interlaced(tmp_path / "v.mov")
    options = DeinterlaceOptions(field_order="none", codec="prores")
    done(deinterlace(tmp_path / "v.mov", tmp_path / "same.mov", options))
    with open_clip(tmp_path / "same.mov") as clip:
        require_progressive(clip.info)
        assert [bars_in(frame.rgb) for frame in clip.frames()][3] == {bar_at(6), bar_at(7)}


def test_what_can_not_be_meant_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    make_movie(tmp_path / "whole.mp4", 3)
    make_interlaced(tmp_path / "v.mov")
    (tmp_path / "1.png").write_bytes(encode_png(numbered(1)))
    out = tmp_path / "out.mov"
    with pytest.raises(OptionInvalid, match="doesn't say"):
        done(deinterlace(tmp_path / "whole.mp4", out, DeinterlaceOptions()))
    with pytest.raises(OptionInvalid, match="no fields"):
        done(deinterlace(tmp_path / "v.mov", out, DeinterlaceOptions(field_order="none", each_field=True)))
    with pytest.raises(OptionInvalid, match="Only a video"):
        done(deinterlace(tmp_path / "1.png", out, DeinterlaceOptions()))
    with pytest.raises(FolderUnwritable):
        done(deinterlace(tmp_path / "v.mov", tmp_path / "whole.mp4", DeinterlaceOptions()))
    assert not out.exists()
