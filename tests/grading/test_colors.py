"""Colours of batches are the same numbers as those of single pictures."""

from __future__ import annotations

import colorsys

import numpy as np
import torch

from understudy import color
from understudy.grading.colors import hsv_from_rgb, lab_from_rgb, rgb_from_hsv, rgb_from_lab

RGB = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
RGB[0, :, 0, 0], RGB[0, :, 0, 1], RGB[1, :, 0, 0] = 0.0, 1.0, 0.4


def test_lab_is_that_of_the_slow_path_and_comes_back() -> None:
    slow = color.lab_from_rgb(RGB.permute(0, 2, 3, 1).numpy())
    np.testing.assert_allclose(lab_from_rgb(RGB).permute(0, 2, 3, 1), slow, atol=0.01)
    torch.testing.assert_close(rgb_from_lab(lab_from_rgb(RGB)), RGB, atol=1e-3, rtol=0)


def test_hue_saturation_and_value_are_those_of_the_standard_library_and_come_back() -> None:
    hsv = hsv_from_rgb(RGB)
    for b, y, x in np.ndindex(2, 5, 7):
        expected = colorsys.rgb_to_hsv(*RGB[b, :, y, x].tolist())
        np.testing.assert_allclose(hsv[b, :, y, x], expected, atol=1e-5)
    torch.testing.assert_close(rgb_from_hsv(hsv), RGB, atol=1e-5, rtol=0)
    turned = hsv + torch.tensor([3.0, 0, 0]).view(1, 3, 1, 1)
    torch.testing.assert_close(rgb_from_hsv(turned), RGB, atol=1e-4, rtol=0)
