"""A clip and a model that remember."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import PTS, Painter
from understudy.errors import OptionInvalid
from understudy.media.opening import open_clip
from understudy.merging import remembered
from understudy.merging.remembered import RememberedClip, RememberedPredictor


def test_frames_come_as_from_the_clip_in_whatever_order_they_are_asked_for(movie: Path) -> None:
    with open_clip(movie) as clip, RememberedClip(open_clip(movie)) as kept:
        truth = [frame.rgb for frame in clip.frames()]
        for start, stop in ((5, 7), (5, 6), (6, 8), (0, 2), (3, 4), (2, 8), (0, None)):
            for frame in kept.frames(start, stop):
                np.testing.assert_array_equal(frame.rgb, truth[frame.index])
        assert [frame.index for frame in kept.frames(1, 7, step=2)] == [1, 3, 5]
        assert list(kept.timestamps()) == list(clip.timestamps())
        assert [frame.index for frame in kept.frames()] == list(range(len(PTS)))


def test_a_frame_asked_for_again_is_not_decoded_again_and_what_follows_needs_no_seek(movie: Path) -> None:
    inner = open_clip(movie)
    asked: list[int] = []
    plain = inner.frames

    def counted(start: int = 0, *args, **more):
        asked.append(start)
        return plain(start, *args, **more)

    inner.frames = counted  # type: ignore[method-assign]
    with RememberedClip(inner) as kept:
        list(kept.frames(2, 5))
        list(kept.frames(2, 5))
        list(kept.frames(4, 7))
        assert asked == [2]
        list(kept.frames(0, 1))
        assert asked == [2, 0]


def test_frames_after_one_that_cannot_be_decoded_come(movie: Path) -> None:
    inner = open_clip(movie)
    plain = inner.frames

    def broken(*args, **more):
        return (frame for frame in plain(*args, **more) if frame.index != 3)

    inner.frames = broken  # type: ignore[method-assign]
    with RememberedClip(inner) as kept:
        assert [frame.index for frame in kept.frames(1, 6)] == [1, 2, 4, 5]


def test_no_more_frames_are_kept_than_the_limit_allows(movie: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RememberedClip(open_clip(movie)) as kept:
        one = next(iter(kept.frames(0, 1))).rgb.nbytes
        monkeypatch.setattr(remembered, "_FRAMES_BYTES", 3 * one)
        list(kept.frames())
        assert len(kept._kept) == 3


def test_a_crop_is_painted_once_and_again_for_another_share_of_src() -> None:
    class Blender(Painter):
        blends = True

        def blend(self, morph: float) -> None:
            if morph > 1:
                raise OptionInvalid("no")
            self.rgb = np.array([morph, 0, 0], np.float32)

    painter = Blender()
    kept = RememberedPredictor(painter)
    crops = np.zeros((3, 32, 32, 3), np.uint8)
    crops[1:] = 7
    first = kept.predict(crops)
    assert painter.painted == 2  # two of the three are alike
    np.testing.assert_array_equal(first.rgb_NHWC, painter.predict(crops).rgb_NHWC)
    painted = painter.painted
    again = kept.predict(crops[::-1])
    assert painter.painted == painted
    np.testing.assert_array_equal(again.mask_NHW, first.mask_NHW[::-1])
    kept.blend(0.5)
    assert kept.predict(crops[:1]).rgb_NHWC[0, 0, 0, 0] == 0.5
    assert painter.painted == painted + 1
    with pytest.raises(OptionInvalid):
        kept.blend(2)
