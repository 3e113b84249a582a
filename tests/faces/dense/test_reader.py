"""Crops shown to our own face network in batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy.faces.dense import reader
from understudy.faces.dense.reader import FaceReader, FaceReading
from understudy.networks.dense_face import CROP_PX, POINTS, DenseFaceNet, DenseFaceOutput


@pytest.fixture
def face_reader() -> FaceReader:
    torch.manual_seed(1)
    return FaceReader(DenseFaceNet())


def some_crops(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, CROP_PX, CROP_PX, 3), np.uint8)


def test_readings_are_in_pixels_shares_and_the_given_order(face_reader: FaceReader) -> None:
    crops = some_crops(3)
    reading = face_reader.read(crops)
    assert reading.points_px.shape == (3, POINTS, 2) and reading.spread_px.shape == (3, POINTS)
    assert reading.masks.shape == (3, CROP_PX, CROP_PX) and reading.masks.dtype == np.float32
    assert reading.masks.min() >= 0 and reading.masks.max() <= 1
    assert ((reading.scores > 0) & (reading.scores < 1)).all()
    again = face_reader.read(crops[::-1])
    np.testing.assert_allclose(again.points_px[::-1], reading.points_px, atol=0.01)


def test_batches_are_read_in_parts_that_say_the_same(
    face_reader: FaceReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    crops = some_crops(3)
    whole = face_reader.read(crops)
    monkeypatch.setattr(reader, "CROPS_AT_ONCE", 2)
    np.testing.assert_allclose(face_reader.read(crops).points_px, whole.points_px, atol=0.01)


def test_no_crops_give_an_empty_reading(face_reader: FaceReader) -> None:
    reading = face_reader.read(some_crops(0))
    assert reading.points_px.shape == (0, POINTS, 2) and reading.masks.shape == (0, CROP_PX, CROP_PX)
    assert len(reading.scores) == len(reading.spread_px) == 0


def test_crops_of_another_size_are_refused(face_reader: FaceReader) -> None:
    with pytest.raises(ValueError, match="128"):
        face_reader.read(np.zeros((1, 64, 64, 3), np.uint8))


def test_a_reading_moves_into_the_frame_with_its_spread() -> None:
    reading = FaceReading(
        np.array([[[64.0, 0.0]]]), np.array([[1.0]]), np.zeros((1, 128, 128), np.float32), np.ones(1)
    )
    points, spread = reading.in_frame(np.array([[[2.0, 0, 100], [0, 2.0, 50]]]))
    np.testing.assert_allclose(points, [[[228, 50]]])
    np.testing.assert_allclose(spread, [[2]])


class OnApple(torch.Tensor):
    """Stands for a tensor on Apple's devices, which know no doubles."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func is torch.Tensor.cpu:
            return args[0].as_subclass(torch.Tensor)
        made = super().__torch_function__(func, types, args, kwargs or {})
        if isinstance(made, cls) and made.dtype == torch.float64:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        return made


def test_what_a_device_without_doubles_read_becomes_doubles_on_the_way_back(
    face_reader: FaceReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    crops = some_crops(2)
    here = face_reader.read(crops)
    network = face_reader.network
    monkeypatch.setattr(
        face_reader, "network", lambda seen: DenseFaceOutput(*(t.as_subclass(OnApple) for t in network(seen)))
    )
    there = face_reader.read(crops)
    for name in ("points_px", "spread_px", "scores", "masks"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
    assert there.points_px.dtype == np.float64
