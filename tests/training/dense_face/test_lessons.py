"""Lessons made on the device."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.dense_face.drawn import drawn_shards
from understudy.networks.dense_face import CROP_PX
from understudy.training.dense_face.camera import Camera
from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.lessons import Lesson, clean_lessons, lesson
from understudy.training.dense_face.stock import Stock, read_stock


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    return read_stock([drawn_shards(tmp_path)])


def made(stock: Stock, seed: int, count: int = 16) -> Lesson:
    return lesson(stock, count, Dice(seed), Camera(CROP_PX))


def test_a_lesson_is_the_same_for_the_same_seed_and_another_for_another(stock: Stock) -> None:
    one, same, other = made(stock, 1), made(stock, 1), made(stock, 2)
    for name, value in vars(one).items():
        torch.testing.assert_close(getattr(same, name), value, msg=name)
    assert (one.crops_B3HW != other.crops_B3HW).any()


def test_crops_are_pictures_and_truths_are_finite(stock: Stock) -> None:
    shown = made(stock, 3)
    assert shown.crops_B3HW.shape == (16, 3, CROP_PX, CROP_PX)
    assert float(shown.crops_B3HW.min()) >= 0 and float(shown.crops_B3HW.max()) <= 1
    assert all(bool(value.isfinite().all()) for value in vars(shown).values())


def test_an_eighth_shows_no_face_and_asks_for_no_points(stock: Stock) -> None:
    shown = made(stock, 4, count=32)
    surely_empty = (shown.score_B == 0) & (shown.score_weights_B == 1)
    assert int(surely_empty.sum()) >= 4
    assert float(shown.point_weights_BK[surely_empty].sum()) == 0
    assert (shown.point_weights_BK[shown.score_B == 1] > 0).all()


def test_what_covers_the_face_is_not_skin(stock: Stock) -> None:
    shown = made(stock, 5, count=64)
    faces = shown.score_B == 1
    area = shown.mask_B1HW[faces].mean((1, 2, 3))
    assert float(area.min()) < 0.8 * float(area.max())


def test_clean_lessons_differ_from_the_samples_in_the_room_alone(stock: Stock) -> None:
    one, other = (clean_lessons(stock, torch.arange(3), Dice(seed)) for seed in (1, 2))
    inside = one.mask_B1HW.expand(-1, 3, -1, -1) > 0.99
    torch.testing.assert_close(one.crops_B3HW[inside], other.crops_B3HW[inside])
    assert (one.crops_B3HW[~inside] != other.crops_B3HW[~inside]).any()
    assert (one.points_BK2 > 0.1).all() and (one.points_BK2 < 0.9).all()
