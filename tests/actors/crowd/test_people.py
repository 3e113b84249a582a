"""Claims about who a crowd is made of."""

from __future__ import annotations

import numpy as np

from understudy.actors.crowd.people import generator, person
from understudy.actors.identity import SHAPE_MODES


def test_a_number_always_gives_the_same_person() -> None:
    assert person(4).who == person(4).who
    assert person(4).who != person(5).who
    assert person(4, seed=1).who != person(4).who


def test_people_and_randomness_of_training_and_test_differ() -> None:
    train = {person(k).who.seed for k in range(200)}
    test = {person(k, part="test").who.seed for k in range(200)}
    assert not train & test
    assert generator("train", 0, 1, 2).random() != generator("test", 0, 1, 2).random()


def test_a_crowd_spans_tones_ages_and_shapes() -> None:
    people = [person(k) for k in range(150)]
    tones = np.array([someone.tone for someone in people])
    ages = np.array([someone.who.age for someone in people])
    assert tones.min() < 0.3 and tones.max() > 0.75
    assert ages.min() < 0.1 and ages.max() > 0.9
    for someone in people[:20]:
        assert set(someone.who.shape) == set(SHAPE_MODES)
    assert len({someone.haircut.strands for someone in people}) == 3
    assert 0.1 < np.mean([someone.beard > 0 for someone in people]) < 0.35
    children = [someone for someone in people if someone.who.age < 0.15]
    assert children and all(someone.beard == 0 and someone.who.stubble == 0 for someone in children)
    grown_up = [someone.who.mode("eye_size") for someone in people if someone.who.age >= 0.15]
    assert np.mean([someone.who.mode("eye_size") for someone in children]) > np.mean(grown_up) + 0.4
