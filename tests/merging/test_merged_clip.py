"""A clip as it looks merged."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.jobs.conftest import write_wall
from understudy.media.opening import open_clip
from understudy.merging.merged_clip import MergedClip
from understudy.merging.pictures import MergedFrame, write_merged


def test_merged_pictures_stand_in_their_frames_and_the_others_are_dst_s_own(tmp_path: Path) -> None:
    path = write_wall(tmp_path / "dst.mp4", frames=4)
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 200
    write_merged(tmp_path / "merged", 2, MergedFrame(red))
    with open_clip(path) as plain, MergedClip(open_clip(path), tmp_path / "merged") as merged:
        own = [frame.rgb for frame in plain.frames()]
        shown = list(merged.frames())
        assert [frame.index for frame in shown] == [0, 1, 2, 3] and merged.info.frame_count == 4
        assert (shown[2].rgb == red).all()
        assert all((shown[place].rgb == own[place]).all() for place in (0, 1, 3))
        assert [frame.index for frame in merged.frames(2, 4)] == [2, 3]
        assert merged.timestamps() == plain.timestamps()


def test_deep_pictures_are_shown_in_8_bits_unless_they_are_asked_for(tmp_path: Path) -> None:
    path = write_wall(tmp_path / "dst.mp4", frames=1)
    write_merged(tmp_path / "merged", 0, MergedFrame(np.full((48, 64, 3), 0x8080, np.uint16)))
    with MergedClip(open_clip(path), tmp_path / "merged") as merged:
        (shallow,), (deep,) = list(merged.frames()), list(merged.frames(deep=True))
    assert shallow.rgb.dtype == np.uint8 and (shallow.rgb == 0x80).all()
    assert deep.rgb.dtype == np.uint16 and (deep.rgb == 0x8080).all()
