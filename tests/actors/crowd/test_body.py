"""Claims about a body built for speed: it is the same head, only coarser."""

from __future__ import annotations

import numpy as np

from understudy.actors.actor import face_share, landmarks
from understudy.actors.crowd.body import COARSENESS, body_for, posed_body
from understudy.actors.crowd.expression import Expression
from understudy.actors.crowd.moments import Moment
from understudy.actors.crowd.people import person
from understudy.actors.deform import expressed, rig_for
from understudy.actors.performance import State
from understudy.actors.sculpt import sculpted
from understudy.actors.template import sample_grid, template


def test_the_68_points_of_the_coarse_head_are_those_of_the_fine_one() -> None:
    fine, coarse = template(), template(COARSENESS)
    assert coarse.points.size < 0.3 * fine.points.size
    on_fine = sample_grid(fine.points, fine.landmarks_uv)
    on_coarse = sample_grid(coarse.points, coarse.landmarks_uv)
    assert np.linalg.norm(on_fine - on_coarse, axis=-1).max() < 1.2


def test_an_expressed_face_has_its_points_where_the_fine_actor_has_them() -> None:
    who = person(3).who
    state = State(blink_left=0.7, jaw=0.5)
    found = []
    for head in (template(), template(COARSENESS)):
        face = expressed(sculpted(head, who), rig_for(head), state)
        found.append(landmarks(head, face, state))
    assert np.linalg.norm(found[0] - found[1], axis=-1).max() < 2.0


def test_the_whole_body_turns_about_the_face() -> None:
    body = body_for(person(3))

    def posed(yaw: float):
        return posed_body(body, Moment(State(), Expression(), (yaw, 0.0, 0.0), 900.0, 300.0, (0.0, 0.0)))

    ahead, aside = posed(0.0), posed(90.0)
    assert np.abs(0.5 * (aside.marks.min(0) + aside.marks.max(0))).max() < 1e-9
    widths = [np.ptp(one.points["head"][-5:, :, 0]) for one in (ahead, aside)]
    assert widths[1] < 0.75 * widths[0]


def test_a_crowds_masks_go_up_to_the_hairline_where_actors_end_at_half_the_forehead() -> None:
    actor = body_for(person(3, seed=0)).actor
    usual = face_share(actor.head) > 0.5
    assert (actor.face_share > 0.5)[usual].all()
    more = (actor.face_share > 0.5) & ~usual
    heights = actor.head.y[more]
    assert -111 < heights.min() < -102 and heights.max() < -45
