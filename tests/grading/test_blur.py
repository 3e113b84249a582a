"""Blur is Gaussian, to each picture by its own amount."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as nnf

from understudy.grading.blur import blurred

SIZE = 48


def faces(seed: int = 0) -> Tensor:
    """Smooth pictures with an edge."""
    rough = torch.rand(3, 3, 12, 12, generator=Generator().manual_seed(seed)) * 0.6 + 0.2
    pictures = nnf.interpolate(rough, size=(SIZE, SIZE), mode="bicubic").clamp(0, 1)
    pictures[:, :, 20:30, 20:22] = 1
    return pictures


def as_array(picture: Tensor) -> np.ndarray:
    return np.ascontiguousarray(picture.permute(1, 2, 0).numpy())


def test_blur_is_gaussian_and_none_where_sigma_is_nought() -> None:
    made = blurred(faces(), torch.tensor([0.0, 1.0, 2.5]))
    torch.testing.assert_close(made[0], faces()[0], atol=1e-5, rtol=0)
    for number, sigma in ((1, 1.0), (2, 2.5)):
        slow = cv2.GaussianBlur(as_array(faces()[number]), (0, 0), sigma)[10:-10, 10:-10]
        np.testing.assert_allclose(as_array(made[number])[10:-10, 10:-10], slow, atol=0.01)
