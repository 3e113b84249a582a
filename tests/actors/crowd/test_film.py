"""Claims about one picture: a camera at any distance shows the face where it is told to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.actors.crowd.body import body_for, posed_body
from understudy.actors.crowd.expression import Expression
from understudy.actors.crowd.film import shot, view_of
from understudy.actors.crowd.moments import Moment
from understudy.actors.crowd.people import person
from understudy.actors.performance import State

_PLAIN = Moment(State(), Expression(), (0.0, 0.0, 0.0), 900.0, 300.0, (0.0, 0.0))


def test_a_face_is_shown_where_the_moment_says_at_the_scale_it_says() -> None:
    body = body_for(person(3))
    ahead = shot(body, _PLAIN, 96)
    shifted = shot(body, replace(_PLAIN, shift=(0.1, -0.05)), 96)
    assert (shifted.points - ahead.points).mean(0) == pytest.approx([9.6, -4.8], abs=0.2)
    nearer = shot(body, replace(_PLAIN, span_mm=200.0), 96)
    grown = np.ptp(nearer.points[36:46], axis=0)[0] / np.ptp(ahead.points[36:46], axis=0)[0]
    assert grown == pytest.approx(1.5, abs=0.02)


def test_a_near_lens_makes_the_nose_large_against_the_ears() -> None:
    body = body_for(person(3))

    def width(distance_mm: float) -> float:
        moment = replace(_PLAIN, distance_mm=distance_mm)
        posed = posed_body(body, moment)
        xy, _ = view_of(posed, moment, 96).projected(posed.marks)
        return float(np.ptp(xy[31:36, 0]) / np.ptp(xy[:17, 0]))

    assert width(350.0) > 1.08 * width(2000.0)


def test_the_skin_leaves_out_hair_ears_and_neck() -> None:
    frame = shot(body_for(person(3)), _PLAIN, 96)
    assert frame.skin[int(frame.points[8, 1]) + 5 :].max() == 0
    assert frame.skin[: int(frame.points[19, 1] - 0.4 * np.ptp(frame.points[:, 1]))].max() == 0
    assert frame.person.mean() > frame.skin.mean() + 0.1


def test_a_wide_mouth_shows_its_inside_and_a_tongue_comes_out_of_it() -> None:
    body = body_for(person(3))
    state = replace(_PLAIN.state, jaw=1.2)
    wide = shot(body, replace(_PLAIN, state=state, doing=Expression(jaw=1.2)), 128)
    out = shot(body, replace(_PLAIN, state=state, doing=Expression(jaw=1.2, tongue=1.0)), 128)
    closed = shot(body, _PLAIN, 128)
    assert np.ptp(wide.points[60:68, 1]) > np.ptp(closed.points[60:68, 1]) + 8
    x, y = wide.points[60:68].mean(0).astype(int)
    assert wide.skin[y, x] == 1
    assert (np.abs(out.rgb - wide.rgb).max(-1) > 0.08).sum() > 30
