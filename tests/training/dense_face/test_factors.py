"""What a training's lessons can leave out, by name, is really left out of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.dense_face.drawn import drawn_shards
from understudy.networks.dense_face import CROP_PX
from understudy.training.dense_face import lessons
from understudy.training.dense_face.camera import Camera
from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.factors import FACTORS, NOTHING
from understudy.training.dense_face.lessons import Lesson, lesson
from understudy.training.dense_face.props import Props
from understudy.training.dense_face.stock import Stock, read_stock
from understudy.training.dense_face.windows import varied_windows

# What is done for each of them; rolls are drawn among other numbers and have a test of their own.
PARTS = {
    "covers": ((lessons, "cards"), (lessons, "strands"), (Props, "cards")),
    "props": ((Props, "rooms"), (Props, "cards"), (Props, "no_faces")),
    "relight": ((lessons, "relit"),),
    "grade": ((lessons, "graded"),),
    "blur": ((Camera, "blurs_NSS"), (Camera, "motions_N1KK")),
    "grain": (),
    "coarse": ((Camera, "coarse_NSS"),),
    "codec": ((Camera, "_blocks"),),
}


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    return read_stock([drawn_shards(tmp_path)])


def made(stock: Stock, without: frozenset[str]) -> Lesson:
    rooms, cards = torch.full((2, 3, 32, 32), 90, dtype=torch.uint8), torch.full((2, 4, 32, 32), 255).byte()
    return lesson(stock, 32, Dice(1), Camera(CROP_PX, without=without), Props(rooms, cards, rooms))


class Used(Exception):
    """A part was made use of."""


class Touchy:
    """In place of a part: any use is told."""

    def __get__(self, *_: object) -> object:
        raise Used

    def __set__(self, *_: object) -> None:
        pass

    def __call__(self, *_: object, **__: object) -> None:
        raise Used


def test_every_part_has_a_name_and_every_name_a_part() -> None:
    assert set(PARTS) | {"roll"} == set(FACTORS)


@pytest.mark.parametrize(("name", "owner", "part"), [(n, *one) for n, parts in PARTS.items() for one in parts])
def test_what_is_left_out_is_not_even_made(
    stock: Stock, name: str, owner: object, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, part, Touchy(), raising=False)
    with pytest.raises(Used):
        made(stock, NOTHING)
    made(stock, frozenset([name]))


def test_without_covers_all_skin_is_seen(stock: Stock) -> None:
    """The drawn faces are as large as each other, so that a mask that lacks a part is a small one."""

    def areas(without: frozenset[str]) -> torch.Tensor:
        shown = made(stock, without)
        return shown.mask_B1HW[shown.score_B == 1].mean((1, 2, 3))

    covered, whole = areas(NOTHING), areas(frozenset(["covers"]))
    assert float(covered.min()) < 0.6 * float(whole.min())
    assert bool((made(stock, frozenset(["covers"])).score_weights_B == 1).all())


def test_without_grain_and_blocks_flat_pictures_stay_flat() -> None:
    flat = torch.full((32, 3, CROP_PX, CROP_PX), 0.5)

    def roughest(without: frozenset[str]) -> float:
        return float(Camera(CROP_PX, without=without).taken(flat, Dice(2)).std((2, 3)).max())

    assert roughest(frozenset(["codec"])) > 0.02
    assert roughest(frozenset(["codec", "grain"])) < 0.002


def test_a_camera_without_anything_gives_pictures_as_they_are() -> None:
    pictures = torch.rand(8, 3, CROP_PX, CROP_PX)
    taken = Camera(CROP_PX, without=frozenset(FACTORS)).taken(pictures, Dice(3))
    torch.testing.assert_close(taken, (pictures * 255).round() / 255)


def test_without_roll_crops_lie_as_their_heads_do(stock: Stock) -> None:
    crops = stock.crops_N4[torch.zeros(200, dtype=torch.long)]

    def spread_deg(without: frozenset[str]) -> float:
        rows = varied_windows(crops, Dice(4), without).linear_B22[:, 1]
        return float(torch.rad2deg(torch.atan2(rows[:, 0].abs(), rows[:, 1])).std())

    assert spread_deg(NOTHING) > 5
    assert spread_deg(frozenset(["roll"])) < 0.1
