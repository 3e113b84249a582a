"""Claims about moments: the whole range of poses, and a head that ends up where it is said to be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from understudy.actors.crowd.body import body_for
from understudy.actors.crowd.film import shot
from understudy.actors.crowd.lights import light
from understudy.actors.crowd.moments import Moment, moment
from understudy.actors.crowd.people import generator, person
from understudy.actors.deform import head_turn
from understudy.actors.performance import State


def _moments(count: int) -> list[Moment]:
    return [moment(rng := generator("train", 0, k, 1), light(rng)) for k in range(count)]


def test_moments_span_profiles_both_pitches_any_roll_and_closed_eyes() -> None:
    drawn = _moments(600)
    yaw, pitch, roll = np.array([m.turn_deg for m in drawn]).T
    assert yaw.min() < -80 and yaw.max() > 80 and np.abs(yaw).max() <= 90
    assert pitch.min() < -30 and pitch.max() > 30 and np.abs(pitch).max() <= 45
    assert roll.min() < -150 and roll.max() > 150
    lids = np.array([(m.state.blink_left, m.state.blink_right) for m in drawn])
    assert (lids == 1).all(1).mean() > 0.05
    assert (np.abs(lids[:, 0] - lids[:, 1]) > 0.3).mean() > 0.03
    assert max(m.doing.jaw for m in drawn) > 1.2


def test_eyes_look_anywhere() -> None:
    across, up = np.array([m.state.gaze_deg for m in _moments(600)]).T
    assert across.min() < -22 and across.max() > 22 and 8 < across.std() < 14
    assert up.min() < -13 and up.max() > 13 and 4 < up.std() < 8
    assert abs(across.mean()) < 2 and abs(up.mean()) < 1


def test_some_moments_put_the_tongue_out_and_their_pictures_show_it() -> None:
    drawn = [m for m in _moments(600) if m.doing.tongue > 0]
    assert 0.03 < len(drawn) / 600 < 0.15
    ahead = [m for m in drawn if abs(m.turn_deg[0]) < 25 and m.doing.tongue > 0.5 and m.doing.jaw > 0.4]
    body = body_for(person(3))
    for told in ahead[:2]:
        within = replace(told, doing=replace(told.doing, tongue=0.0))
        out, kept = (shot(body, one, 96) for one in (told, within))
        changed = np.abs(out.rgb - kept.rgb).max(-1) > 0.02
        assert changed.sum() > 10
        mouth = kept.points[48:68]
        assert (np.abs(np.argwhere(changed)[:, ::-1] - mouth.mean(0)).max(1) < 2 * np.ptp(mouth)).all()


def test_neck_and_body_together_turn_the_head_as_told() -> None:
    for drawn in _moments(20):
        yaw, pitch, roll = drawn.turn_deg
        wanted = head_turn(State(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll))
        assert np.allclose(drawn.body @ head_turn(drawn.state), wanted)
        assert np.allclose(drawn.body @ drawn.body.T, np.eye(3))
