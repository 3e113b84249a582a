"""Blur is Gaussian, to each picture by its own amount."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from tests.training.feeding.test_filters import as_array, faces
from understudy.grading.blur import blurred


def test_blur_is_gaussian_and_none_where_sigma_is_nought() -> None:
    made = blurred(faces(), torch.tensor([0.0, 1.0, 2.5]))
    torch.testing.assert_close(made[0], faces()[0], atol=1e-5, rtol=0)
    for number, sigma in ((1, 1.0), (2, 2.5)):
        slow = cv2.GaussianBlur(as_array(faces()[number]), (0, 0), sigma)[10:-10, 10:-10]
        np.testing.assert_allclose(as_array(made[number])[10:-10, 10:-10], slow, atol=0.01)
