"""Where lessons cut their crops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.dense_face.drawn import drawn_shards
from understudy.faces.dense.reading_crop import cut_crops, frame_from_crop_of_points
from understudy.geometry import inverse, transform_points
from understudy.networks.dense_face import CROP_PX, mirror_order_70
from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.stock import Stock, read_stock
from understudy.training.dense_face.windows import empty_windows, exact_windows, varied_windows


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    return read_stock([drawn_shards(tmp_path)])


def test_lessons_see_the_crops_that_reading_sees(stock: Stock) -> None:
    """The batched cut on the device and the one on the processor show the same; so do their positions."""
    windows = exact_windows(stock.crops_N4)
    transforms = frame_from_crop_of_points(stock.points_NK2.numpy())
    shares = transform_points(inverse(transforms), stock.points_NK2.numpy()) / CROP_PX
    np.testing.assert_allclose(windows.to_shares(stock.points_NK2), shares, atol=1e-4)
    frames = [picture[:3].permute(1, 2, 0).numpy() for picture in stock.pictures_N5SS]
    read = cut_crops([np.ascontiguousarray(frame) for frame in frames], range(len(frames)), transforms)
    cut = windows.cut(stock.pictures_N5SS)[:, :3].permute(0, 2, 3, 1).numpy() * 255
    inside = windows.cut(stock.pictures_N5SS)[:, 3].numpy() > 0.99
    assert np.abs(cut - read)[inside].mean() < 2


def test_points_stay_on_what_they_mark_when_crops_vary_and_mirror(stock: Stock) -> None:
    pictures = torch.zeros_like(stock.pictures_N5SS)
    for number, points in enumerate(stock.points_NK2):
        column, row = points[30].long().tolist()
        pictures[number, 0, row - 1 : row + 2, column - 1 : column + 2] = 255
    windows = varied_windows(stock.crops_N4, Dice(0))
    red = windows.cut(pictures)[:, 0]
    at = (torch.arange(CROP_PX) + 0.5) / CROP_PX
    x = (red.sum(1) * at).sum(1) / red.sum((1, 2))
    y = (red.sum(2) * at).sum(1) / red.sum((1, 2))
    nose = windows.to_shares(stock.points_NK2)[:, 30]
    assert (torch.stack([x, y], 1) - nose).abs().max() < 0.02
    assert windows.mirrored_B.any() and not windows.mirrored_B.all()


def test_a_mirrored_crop_numbers_its_points_from_the_images_left_again(stock: Stock) -> None:
    windows = varied_windows(stock.crops_N4, Dice(0))
    jaw = windows.to_shares(stock.points_NK2)[:, [0, 16], 0]
    assert (jaw[:, 0] < jaw[:, 1]).all()
    assert mirror_order_70()[0] == 16


def test_crops_vary_about_as_much_as_detectors_err(stock: Stock) -> None:
    crops = stock.crops_N4[:1].repeat(4000, 1)
    windows = varied_windows(crops, Dice(1))
    off = (windows.centre_B2 - crops[:, :2]) / crops[:, 2:3]
    side = windows.linear_B22.det().abs().sqrt() / crops[:, 2]
    assert 0.018 < float(off.std()) < 0.06
    assert 0.064 < float(side.log().std()) < 0.13


def test_empty_crops_hold_no_whole_face(stock: Stock) -> None:
    windows = empty_windows(stock.crops_N4[:1].repeat(60, 1), Dice(2))
    shares = windows.to_shares(stock.points_NK2[:1].repeat(60, 1, 1))
    inside = ((shares > 0) & (shares < 1)).all(2).float().mean(1)
    extent = (shares.amax(1) - shares.amin(1)).amax(1)
    assert ((inside < 0.75) | (extent < 0.3)).all()
