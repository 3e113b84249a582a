"""Arrays of another program come into our order, and what doesn't fit is named."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy.errors import ExchangeUnreadable
from understudy.training.exchange.dfl_layout import Layer, part_tensors


def one(kind: str, weight: np.ndarray, bias: np.ndarray) -> dict[str, torch.Tensor]:
    arrays = {"there/weight:0": weight, "there/bias:0": bias}
    turned = (3, 2, 0, 1) if weight.ndim == 4 else (1, 0)
    shapes = {"here.weight": tuple(np.array(weight.shape)[list(turned)]), "here.bias": bias.shape}
    layer = Layer("here", "there", kind)  # type: ignore[arg-type]
    return part_tensors(arrays, iter([layer]), shapes, part="decoder")


def test_dense_weights_are_turned() -> None:
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    made = one("plain", weight, np.zeros(3, np.float32))
    assert made["here.weight"].tolist() == weight.T.tolist()


def test_channels_that_are_spread_over_pixels_are_sorted_by_colour_and_then_by_pixel() -> None:
    bias = np.array([10, 20, 11, 21, 12, 22, 13, 23], np.float32)  # colours 1 and 2 of pixels 0 to 3
    weight = np.tile(bias, (1, 1, 1, 1))
    made = one("spread", weight, bias)
    assert made["here.bias"].tolist() == [10, 11, 12, 13, 20, 21, 22, 23]
    assert made["here.weight"][:, 0, 0, 0].tolist() == made["here.bias"].tolist()


def test_blue_green_red_becomes_red_green_blue() -> None:
    weight = np.arange(3, dtype=np.float32).reshape(1, 1, 3, 1)
    assert one("sees", weight, np.zeros(1, np.float32))["here.weight"].flatten().tolist() == [2, 1, 0]
    weight = weight.reshape(1, 1, 1, 3)
    made = one("paints", weight, np.array([5, 6, 7], np.float32))
    assert made["here.weight"].flatten().tolist() == [2, 1, 0]
    assert made["here.bias"].tolist() == [7, 6, 5]


def test_halves_become_single_precision() -> None:
    made = one("plain", np.ones((2, 2), np.float16), np.ones(2, np.float16))
    assert made["here.weight"].dtype == torch.float32


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({}, "no there/weight"),
        ({"there/weight:0": np.ones((2, 2), np.float32)}, "no there/bias"),
        ({"there/weight:0": np.full((2, 2), np.nan, np.float32)}, "no usable numbers"),
        ({"there/weight:0": np.ones((2, 2), np.int32)}, "no usable numbers"),
        ({"there/weight:0": "text"}, "no usable numbers"),
        ({"there/weight:0": np.ones((3, 2), np.float32)}, "has the shape"),
        ({"there/weight:0": np.ones((2,), np.float32)}, "has the shape"),
    ],
)
def test_what_does_not_fit_is_named(arrays: dict[str, object], told: str) -> None:
    shapes = {"here.weight": (2, 2), "here.bias": (2,)}
    with pytest.raises(ExchangeUnreadable, match=told):
        part_tensors(arrays, iter([Layer("here", "there")]), shapes, part="inter")
