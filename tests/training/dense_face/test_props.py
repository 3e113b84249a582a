"""Scenery on the device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.props import Props, read_props


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    card = np.zeros((2, 32, 32, 4), np.uint8)
    card[:, 8:24, 8:24] = (200, 100, 0, 255)
    np.save(tmp_path / "cards.npy", card)
    for name in ("backgrounds", "no_faces"):
        np.save(tmp_path / f"{name}.npy", rng.integers(0, 256, (3, 40, 40, 3), np.uint8))
    return tmp_path


def props(folder: Path) -> Props:
    found = read_props(folder)
    assert found is not None
    return found


def test_a_scenery_that_is_not_all_there_yet_is_none(folder: Path) -> None:
    (folder / "cards.npy").unlink()
    assert read_props(folder) is None


def test_rooms_are_parts_of_the_pictures_in_their_colours(folder: Path) -> None:
    rooms = props(folder).rooms(5, 64, Dice(0))
    assert rooms.shape == (5, 3, 64, 64)
    assert float(rooms.min()) >= 0 and float(rooms.max()) <= 1
    assert float(rooms.std()) > 0.05
    torch.testing.assert_close(rooms, props(folder).rooms(5, 64, Dice(0)))


def test_cards_keep_their_colour_to_the_edge_and_cover_about_their_own_size(folder: Path) -> None:
    color, alpha = props(folder).cards(40, 64, Dice(1))
    solid = alpha[:, 0] > 0.99
    seen = color.permute(0, 2, 3, 1)[solid]
    torch.testing.assert_close(seen.mean(0), torch.tensor([200.0, 100, 0]) / 255, atol=0.01, rtol=0)
    edge = (alpha[:, 0] > 0.2) & (alpha[:, 0] < 0.8)
    assert float((color.permute(0, 2, 3, 1)[edge] - torch.tensor([200.0, 100, 0]) / 255).abs().max()) < 0.02
    assert 0.08 < float(alpha.mean()) < 0.3
