"""Claims about scenes: what is said about every face is what the frame shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render
from understudy.actors.scene import Cover, Placed, staged, with_sensor_noise

PLATE = np.full((120, 260, 3), (20, 200, 40), np.uint8)


def _placed(who=DEMO_SRC, left=0, **state: float) -> Placed:
    return Placed(who, (State(**state),), 120, left, 0)


def test_an_actor_stands_before_the_plate_where_they_were_placed() -> None:
    frame, (face,) = staged(PLATE, [_placed(left=90)])
    alone = render(DEMO_SRC, State(), size_px=120)
    np.testing.assert_allclose(face.landmarks_68, alone.landmarks_68 + np.array([90, 0]))
    x, y = face.landmarks_68[30].astype(int)
    assert np.abs(frame[y, x].astype(int) - alone.rgb[y, x - 90]).max() <= 1
    assert (frame[5, :80] == PLATE[0, 0]).all(), "the actor's own room is left out"
    assert face.seen_share == pytest.approx(1, abs=1e-6) and face.name == DEMO_SRC.name


def test_the_nearer_actor_hides_the_one_behind() -> None:
    frame, (behind, before) = staged(PLATE, [_placed(), _placed(DEMO_DST, left=10)])
    assert before.seen_share == pytest.approx(1, abs=1e-6)
    assert 0 < behind.seen_share < 0.4
    x, y = before.landmarks_68[30].astype(int)
    alone = render(DEMO_DST, State(), size_px=120).rgb
    assert np.abs(frame[y, x].astype(int) - alone[y, x - 10]).max() <= 1


def test_a_solid_before_a_face_is_counted() -> None:
    _, (face,) = staged(PLATE, [_placed()])
    frame, (covered,) = staged(PLATE, [_placed()], covers=[Cover(tuple(face.landmarks_68[30]), (12, 40))])
    assert 0.2 < covered.seen_share < 0.8
    _, (gone,) = staged(PLATE, [_placed()], covers=[Cover((60, 60), (150, 150))])
    assert gone.seen_share == 0
    np.testing.assert_array_equal(gone.landmarks_68, face.landmarks_68)
    x, y = face.landmarks_68[30].astype(int)
    assert frame[y, x, 0] > frame[y, x, 2], "the solid has its own colour"


def test_an_actor_may_stand_partly_or_wholly_outside() -> None:
    for left, top in ((-60, 30), (220, -50), (400, 0), (-300, 200)):
        frame, (face,) = staged(PLATE, [replace(_placed(), left_px=left, top_px=top)])
        assert frame.shape == PLATE.shape
        assert face.seen_share < 1
    assert (frame == PLATE).all() and face.seen_share == 0


def test_a_quick_turn_is_blurred_and_its_truth_is_the_middle() -> None:
    turning = tuple(State(yaw_deg=yaw) for yaw in (-12, 0, 12))
    frame, (face,) = staged(PLATE, [Placed(DEMO_SRC, turning, 120)])
    sharp, (still,) = staged(PLATE, [_placed()])
    np.testing.assert_array_equal(face.landmarks_68, still.landmarks_68)
    across = [
        np.abs(np.diff(picture[30:100, 40:80].astype(float), axis=1)).mean() for picture in (frame, sharp)
    ]
    assert across[0] < 0.85 * across[1]


def test_noise_is_about_as_strong_as_said_and_the_same_for_one_seed() -> None:
    grey = np.full((80, 80, 3), 110, np.uint8)
    noisy = with_sensor_noise(grey, np.random.default_rng(1), strength=4)
    assert np.std(noisy.astype(float) - 110) == pytest.approx(4, abs=0.4)
    np.testing.assert_array_equal(noisy, with_sensor_noise(grey, np.random.default_rng(1), strength=4))
