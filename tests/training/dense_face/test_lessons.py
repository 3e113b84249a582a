"""Lessons made on the device."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.dense_face.drawn import drawn_shards
from understudy.networks.dense_face import CROP_PX
from understudy.training.dense_face import lessons
from understudy.training.dense_face.camera import Camera
from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.lessons import Lesson, clean_lessons, lesson
from understudy.training.dense_face.props import Props
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


def test_drawn_rooms_stand_behind_people_and_drawn_cards_before_faces(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by their colours, which neither a drawn face nor a room made on the device has all over."""
    monkeypatch.setattr(lessons, "graded", lambda pictures, _: pictures)
    monkeypatch.setattr(Camera, "taken", lambda _, pictures, __: pictures)
    shown = lesson(stock, 64, Dice(6), Camera(CROP_PX), painted_props())
    seen = {name: _like(shown.crops_B3HW, color) for name, color in _COLORS.items()}
    much = {name: int((share.mean((1, 2)) > 0.03).sum()) for name, share in seen.items()}
    assert 20 <= much["room"] <= 45 and 5 <= much["no_face"] <= 30
    assert 12 <= much["card"] <= 25
    assert float((seen["card"] * shown.mask_B1HW[:, 0]).max()) < 0.3, "a card covers the skin under it"
    plain = lesson(stock, 64, Dice(6), Camera(CROP_PX))
    assert all(float(_like(plain.crops_B3HW, color).mean()) < 0.01 for color in _COLORS.values())


_COLORS = {"room": (255, 0, 255), "card": (0, 255, 0), "no_face": (255, 255, 0)}


def painted_props() -> Props:
    def painted(name: str, *, alpha: int) -> torch.Tensor:
        color = torch.tensor([*_COLORS[name], 255][: 3 + alpha], dtype=torch.uint8)
        return color.view(1, -1, 1, 1).repeat(2, 1, 48, 48)

    return Props(painted("room", alpha=0), painted("card", alpha=1), painted("no_face", alpha=0))


def _like(pictures: torch.Tensor, color: tuple[int, int, int]) -> torch.Tensor:
    """Where pictures (B, 3, H, W) have about that colour, (B, H, W) 0 or 1."""
    off = pictures - torch.tensor(color, device=pictures.device).view(1, 3, 1, 1) / 255
    return (off.abs().amax(1) < 0.02).float()


def test_clean_lessons_differ_from_the_samples_in_the_room_alone(stock: Stock) -> None:
    one, other = (clean_lessons(stock, torch.arange(3), Dice(seed)) for seed in (1, 2))
    inside = one.mask_B1HW.expand(-1, 3, -1, -1) > 0.99
    torch.testing.assert_close(one.crops_B3HW[inside], other.crops_B3HW[inside])
    assert (one.crops_B3HW[~inside] != other.crops_B3HW[~inside]).any()
    assert (one.points_BK2 > 0.1).all() and (one.points_BK2 < 0.9).all()
