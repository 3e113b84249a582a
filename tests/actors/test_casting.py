"""Casts are many different people in many states, alike for the same numbers."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from understudy.actors.casting import cast, render_cast
from understudy.errors import WorkerDied


def test_the_same_numbers_give_the_same_people_in_the_same_states() -> None:
    first, again = cast(3, 4), cast(3, 4)
    assert first == again
    assert first.who.shape == again.who.shape


def test_people_and_their_states_differ() -> None:
    people = [cast(number, 3) for number in range(6)]
    assert len({part.who.name for part in people}) == 6
    assert len({part.who.skin for part in people}) == 6
    assert len({state.yaw_deg for part in people for state in part.states}) == 18
    assert cast(0, 1, seed=1).who.name != cast(0, 1).who.name


def test_heads_turn_both_ways_and_light_comes_from_everywhere() -> None:
    states = [state for number in range(20) for state in cast(number, 8).states]
    yaws = np.array([state.yaw_deg for state in states])
    assert yaws.min() < -35 and yaws.max() > 35
    lights = np.array([state.light.key_direction for state in states])
    assert lights[:, 0].min() < -0.7 and lights[:, 0].max() > 0.7


def test_every_picture_of_a_part_is_rendered_with_its_landmarks_in_the_frame() -> None:
    part = cast(0, 2)
    [(shown, pictures)] = render_cast([part], size_px=96, processes=1)
    assert shown is part
    assert [picture.state for picture in pictures] == list(part.states)
    for picture in pictures:
        assert picture.landmarks_68.min() > 0 and picture.landmarks_68.max() < 96


class _Killing:
    """Ends the process that it is sent to, as the system does where memory runs out."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (1,)


def test_that_a_process_which_renders_was_killed_is_said_with_a_way_out() -> None:
    parts = [replace(cast(number, 1), who=_Killing()) for number in range(2)]
    with pytest.raises(WorkerDied, match=r"renders people died.* is kept.*run the same command again"):
        list(render_cast(parts, size_px=32, processes=2))
