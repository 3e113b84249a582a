"""Every frame comes out once, with its neighbours, and no more frames are kept than that takes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from understudy.merging.window import with_neighbours


@dataclass
class Shown:
    """A frame that is nothing but its number."""

    index: int


@pytest.mark.parametrize("reach", [0, 1, 3])
@pytest.mark.parametrize("indices", [[], [4], list(range(12)), [0, 1, 5, 6, 7, 20, 22, 23]])
def test_every_frame_comes_once_in_order_and_sees_all_that_are_near(indices: list[int], reach: int) -> None:
    seen = []
    for window, at in with_neighbours((Shown(index) for index in indices), reach=reach):
        here = window[at].index
        seen.append(here)
        near = [one.index for one in window if abs(one.index - here) <= reach]
        assert near == [index for index in indices if abs(index - here) <= reach]
    assert seen == indices


def test_a_window_holds_no_more_of_a_long_clip_than_its_reach_needs() -> None:
    longest = max(len(window) for window, _ in with_neighbours(map(Shown, range(500)), reach=3))
    assert longest <= 2 * (2 * 3 + 1)


def test_a_frame_is_waited_for_no_longer_than_until_its_last_neighbour_is_there() -> None:
    read: list[int] = []

    def frames():
        for index in range(10):
            read.append(index)
            yield Shown(index)

    for window, at in with_neighbours(frames(), reach=2):
        assert read[-1] == min(window[at].index + 2, 9)
