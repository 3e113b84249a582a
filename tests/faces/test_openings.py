"""How far eyes and mouth are open is read off landmarks, whoever's they are and however the head leans."""

from __future__ import annotations

import numpy as np

from understudy.actors.identity import DEMO_DST, DEMO_SRC, Identity
from understudy.actors.performance import State
from understudy.actors.render import render_frames
from understudy.faces.openings import openings, openings_of_performer


def landmarks(who: Identity, *states: State) -> np.ndarray:
    return np.stack([shown.landmarks_68 for shown in render_frames(who, states, size_px=96, processes=1)])


def blinking(shut: float, **more: float) -> State:
    return State(blink_left=shut, blink_right=shut, **more)


def test_lids_and_lips_are_as_far_apart_as_the_performer_holds_them() -> None:
    eyes, _ = openings(landmarks(DEMO_SRC, *(blinking(shut) for shut in (0.0, 0.5, 1.0))))
    assert eyes[0] > eyes[1] > eyes[2] and eyes[2] < 0.3 * eyes[0]
    _, mouth = openings(landmarks(DEMO_SRC, *(State(jaw=jaw) for jaw in (0.0, 0.4, 0.8))))
    assert mouth[0] < mouth[1] < mouth[2] and mouth[0] < 0.2 * mouth[2]


def test_a_head_that_leans_is_as_far_open() -> None:
    points = landmarks(DEMO_SRC, State(jaw=0.5))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    np.testing.assert_allclose(openings(points @ turn.T), openings(points), rtol=1e-9)


def test_performers_are_measured_by_their_own_usual_eyes_and_any_size() -> None:
    states = [*(blinking(0.0, jaw=0.1 * k) for k in range(8)), blinking(1.0)]
    told = {who.name: openings_of_performer(landmarks(who, *states)) for who in (DEMO_SRC, DEMO_DST)}
    for found in told.values():
        np.testing.assert_allclose(found[:8, 0], 1.0, atol=0.15)
        assert found[8, 0] < 0.35
        assert 0.5 < np.ptp(found[:, 1]) < 2
    points = landmarks(DEMO_SRC, *states)
    np.testing.assert_allclose(openings_of_performer(3 * points + 7), told[DEMO_SRC.name], rtol=1e-6)


def test_neither_a_misread_face_nor_many_closed_ones_change_how_far_eyes_usually_are_open() -> None:
    opened, closed = landmarks(DEMO_SRC, blinking(0.0), blinking(1.0))
    misread = opened.copy()
    misread[[41, 40, 47, 46], 1] += 40
    told = openings_of_performer([misread, *[closed] * 17, *[opened] * 12])
    np.testing.assert_allclose(told[-12:, 0], 1.0, atol=1e-6)
