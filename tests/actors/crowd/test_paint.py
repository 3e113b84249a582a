"""Claims about a crowd's skin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from understudy.actors.crowd.paint import PX_PER_MM, painted
from understudy.actors.crowd.people import person
from understudy.actors.skin import LEFT, TOP


def _at(picture: np.ndarray, x: float, y: float) -> np.ndarray:
    return picture[int((y - TOP) * PX_PER_MM), int((x - LEFT) * PX_PER_MM)]


def test_a_beard_darkens_the_chin_and_not_the_forehead() -> None:
    someone = replace(person(6), beard=0.0, beard_color=(0.03, 0.03, 0.03))
    bare, bearded = painted(someone), painted(replace(someone, beard=1.0))
    darker = bearded.albedo.mean(-1) / bare.albedo.mean(-1)
    low = darker[int((40 - TOP) * PX_PER_MM) : int((75 - TOP) * PX_PER_MM)]
    assert low.min() < 0.4
    assert np.allclose(darker[: int((-40 - TOP) * PX_PER_MM)], 1)


def test_the_old_have_wrinkles_that_the_young_lack() -> None:
    someone = person(6)
    young, old = (painted(replace(someone, who=replace(someone.who, age=age))) for age in (0.2, 1.0))
    forehead = [np.std([_at(skin.surface, x, y)[1] for y in range(-100, -72) for x in (-20, 0, 20)])
                for skin in (young, old)]  # fmt: skip
    assert forehead[1] > 1.5 * forehead[0]


def test_skins_are_the_same_for_the_same_person_and_differ_between_people() -> None:
    assert (painted(person(8)).albedo == painted(person(8)).albedo).all()
    looks = np.stack([painted(person(k)).albedo / painted(person(k)).plain for k in range(4)])
    assert looks.std(0).mean() > 0.05


def test_some_are_made_up_on_the_lids_or_painted_all_over() -> None:
    lids = []
    for k in range(12):
        skin = painted(person(k))
        lids.append(_at(skin.albedo, 33, -45) / skin.plain)
    hue = np.array(lids) / np.mean(lids, axis=1, keepdims=True)
    assert (np.ptp(hue, axis=1) > 0.5).sum() >= 1
