"""Claims about what people wear: frames, cloth and hands are not skin, what clear glasses show is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.actors.actor import PARTS
from understudy.actors.crowd import wear as wearing
from understudy.actors.crowd.body import COARSENESS, Body, body_for
from understudy.actors.crowd.expression import Expression
from understudy.actors.crowd.film import Shot, shot
from understudy.actors.crowd.layers import with_layers
from understudy.actors.crowd.moments import Moment
from understudy.actors.crowd.people import person
from understudy.actors.crowd.wear import Wear, beard, beard_zone, cap, glasses, headband, hood, mouth_mask, worn
from understudy.actors.performance import State
from understudy.actors.template import template

AHEAD = Moment(State(), Expression(), (0.0, 0.0, 0.0), 900.0, 290.0, (0.0, 0.0))


def _plain() -> Body:
    body = body_for(person(3))
    return _dressed(body, Wear())


def _dressed(body: Body, wear: Wear) -> Body:
    mesh = with_layers(body.actor.mesh, wear.layers, len(PARTS))
    return replace(body, wear=wear, mesh=mesh, names=(*PARTS, *(layer.name for layer in wear.layers)))


def _eyes(frame: Shot) -> tuple[np.ndarray, np.ndarray]:
    at = frame.points[68:].astype(int)
    return at[:, 1], at[:, 0]


@pytest.fixture(scope="module")
def plain() -> Body:
    return _plain()


def test_frames_take_skin_away_and_clear_lenses_leave_it(plain: Body) -> None:
    frames, outlines = glasses(np.random.default_rng(2))
    bare = shot(plain, AHEAD, 160)
    clear = shot(_dressed(plain, Wear(tuple(frames), outlines, (0.95,) * 3)), AHEAD, 160)
    dark = shot(_dressed(plain, Wear(tuple(frames), outlines, (0.05,) * 3)), AHEAD, 160)
    assert (bare.skin[_eyes(bare)] == 1).all()
    assert (clear.skin[_eyes(clear)] == 1).all()
    assert (dark.skin[_eyes(dark)] == 0).all()
    assert bare.skin.sum() > clear.skin.sum() + 20 > dark.skin.sum() + 40
    assert dark.rgb[_eyes(dark)].mean() < 0.6 * bare.rgb[_eyes(bare)].mean()
    assert np.allclose(clear.points, bare.points) and np.allclose(dark.points, bare.points)


def test_tinted_lenses_that_show_the_eyes_leave_the_skin_unless_they_shine(plain: Body) -> None:
    frames, outlines = glasses(np.random.default_rng(2))
    tinted = shot(_dressed(plain, Wear(tuple(frames), outlines, (0.2,) * 3)), AHEAD, 160)
    shining = shot(_dressed(plain, Wear(tuple(frames), outlines, (0.2,) * 3, 0.24)), AHEAD, 160)
    assert (tinted.skin[_eyes(tinted)] == 1).all()
    assert (shining.skin[_eyes(shining)] == 0).all()


def test_a_shine_lies_over_glasses(plain: Body) -> None:
    frames, outlines = glasses(np.random.default_rng(2))
    dull = shot(_dressed(plain, Wear(tuple(frames), outlines, (0.3,) * 3, 0.0)), AHEAD, 96)
    bright = shot(_dressed(plain, Wear(tuple(frames), outlines, (0.3,) * 3, 0.5)), AHEAD, 96)
    assert bright.rgb.sum() > dull.rgb.sum() + 10


@pytest.mark.parametrize("make", [cap, hood, headband], ids=lambda make: make.__name__)
def test_headwear_covers_the_head_but_not_the_eyes(plain: Body, make) -> None:
    head = template(COARSENESS)
    layers, hides = make(head, plain.actor.rest, np.random.default_rng(4))
    frame, bare = shot(_dressed(plain, Wear(tuple(layers))), AHEAD, 128), shot(plain, AHEAD, 128)
    assert (frame.skin[_eyes(frame)] == 1).all()
    assert (np.abs(frame.rgb - bare.rgb).max(-1) > 0.05).mean() > 0.01
    assert (frame.skin <= bare.skin).all()
    assert hides.any() and not hides.all()


def test_a_mask_over_the_mouth_hides_it(plain: Body) -> None:
    mask = mouth_mask(template(COARSENESS), np.random.default_rng(1))
    frame, bare = shot(_dressed(plain, Wear((mask,))), AHEAD, 128), shot(plain, AHEAD, 128)
    mouth = frame.points[48:68].astype(int)
    assert bare.skin[mouth[:, 1], mouth[:, 0]].all()
    assert not frame.skin[mouth[:, 1], mouth[:, 0]].any()


def test_a_beard_is_skin_on_the_face_and_leaves_the_lips_free(plain: Body) -> None:
    head = template(COARSENESS)
    grown = beard(head, np.array([0.01, 0.01, 0.01]), 1.0, np.random.default_rng(3))
    assert grown is not None and beard(head, np.zeros(3), 0.2, np.random.default_rng(3)) is None
    frame, bare = shot(_dressed(plain, Wear((grown,))), AHEAD, 128), shot(plain, AHEAD, 128)
    darker = (bare.rgb.mean(-1) - frame.rgb.mean(-1)) > 0.1
    assert darker.sum() > 60
    assert frame.skin[darker].mean() > 0.6
    lips = frame.points[[51, 57]].astype(int)
    assert not darker[lips[:, 1], lips[:, 0]].any()


def test_beards_differ_and_grow_only_low_on_the_face() -> None:
    x, y = np.meshgrid(np.linspace(0, 60, 40), np.linspace(-100, 80, 90))
    zones = [beard_zone(x, y, np.random.default_rng(k)) for k in range(12)]
    assert max(zone[y < -35].max() for zone in zones) < 0.02
    assert all(zone.max() > 0.4 for zone in zones)
    assert np.std([zone.mean() for zone in zones]) > 0.01


def test_some_people_wear_something_and_most_nothing() -> None:
    head = template(COARSENESS)
    found = [worn(head, head.points, np.random.default_rng(k)) for k in range(150)]
    assert 0.15 < np.mean([wear.lenses is not None for wear in found]) < 0.4
    assert 0.08 < np.mean([wear.hides_hair is not None for wear in found]) < 0.3
    assert np.mean([not wear.layers for wear in found]) > 0.45
    assert abs(sum(share for share, _ in wearing._HEADWEAR)) < 0.3
