"""Claims about expressions: either side moves by itself."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.actors.crowd.body import COARSENESS, body_for
from understudy.actors.crowd.expression import NAMES, Expression, expressed, muscles_for, tongue_moved
from understudy.actors.crowd.people import person
from understudy.actors.template import template


@pytest.fixture(scope="module")
def body():
    return body_for(person(1))


def _moved(body, doing: Expression) -> np.ndarray:
    return np.linalg.norm(
        expressed(body.actor.rest, body.muscles, body.actor.rig.jaw, doing) - body.actor.rest, axis=-1
    )


@pytest.mark.parametrize("name", NAMES)
def test_an_expression_of_one_side_leaves_the_other_alone(body, name: str) -> None:
    head = body.actor.head
    moved = _moved(body, Expression({name: (1.0, 0.0)}))
    assert moved[head.x < -14].max() > 0.6
    assert moved[head.x > 14].max() < 0.15 * moved.max()
    both = _moved(body, Expression({name: (1.0, 1.0)}))
    assert both[head.x > 14].max() == pytest.approx(both[head.x < -14].max(), rel=0.05)


def test_a_jaw_goes_aside_and_takes_the_chin_but_not_the_nose(body) -> None:
    head = body.actor.head
    points = expressed(body.actor.rest, body.muscles, body.actor.rig.jaw, Expression(jaw_side=1.0))
    aside = (points - body.actor.rest)[..., 0]
    front = (head.front > 0.9) & (np.abs(head.x) < 12)
    assert aside[front & (head.y > 60) & (head.y < 75)].min() > 2
    assert np.abs(aside[front & (head.y < -20)]).max() < 0.5


def test_a_tongue_comes_out() -> None:
    grid = np.zeros((2, 2, 3))
    assert tongue_moved(grid, Expression(tongue=1.0))[..., 2].min() > 10


def test_muscles_lie_on_the_template_they_are_made_for() -> None:
    head = template(COARSENESS)
    assert all(field.shape == head.points.shape for field in muscles_for(head).fields.values())
