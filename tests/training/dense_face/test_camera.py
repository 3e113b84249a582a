"""What lenses, sensors and codecs do to lessons."""

from __future__ import annotations

import torch

from understudy.grading.blur import blurred
from understudy.training.dense_face.camera import Camera
from understudy.training.dense_face.dice import Dice

SIZE_PX = 128


def pictures(count: int) -> torch.Tensor:
    """Edges at every few pixels."""
    x = torch.arange(SIZE_PX)
    return ((x // 8 + x[:, None] // 8) % 2).float().expand(count, 3, SIZE_PX, SIZE_PX).contiguous()


def test_a_camera_takes_every_picture_in_eight_bits_and_none_twice_alike() -> None:
    camera = Camera(SIZE_PX)
    taken = camera.taken(pictures(16), Dice(0))
    assert taken.shape == (16, 3, SIZE_PX, SIZE_PX)
    assert float(taken.min()) >= 0 and float(taken.max()) <= 1
    torch.testing.assert_close((taken * 255).round() / 255, taken)
    assert not any(
        bool((taken[k] == taken[j]).all())
        for k in range(16)
        for j in range(k)
        if (taken[k] != pictures(1)[0]).any()
    )
    torch.testing.assert_close(camera.taken(pictures(16), Dice(0)), taken)


def test_the_banks_begin_with_nothing_and_end_with_the_most() -> None:
    camera = Camera(SIZE_PX)
    torch.testing.assert_close(camera.blurs_NSS[0], torch.eye(SIZE_PX))
    torch.testing.assert_close(camera.coarse_NSS[-1], torch.eye(SIZE_PX))
    picture = pictures(1)
    blur = camera.blurs_NSS[-1] @ picture @ camera.blurs_NSS[-1].T
    torch.testing.assert_close(blur, blurred(picture, torch.tensor([3.0])))
    coarse = camera.coarse_NSS[0] @ picture @ camera.coarse_NSS[0].T
    assert float(coarse.std()) < float(blur.std()) < float(picture.std())


def test_motion_blurs_along_one_line_and_keeps_the_light() -> None:
    camera = Camera(SIZE_PX)
    torch.testing.assert_close(camera.motions_N1KK.sum((1, 2, 3)), torch.ones(len(camera.motions_N1KK)))
    longest = camera.motions_N1KK[5, 0]  # the longest along x
    assert float(longest[6].sum()) > 0.99 and int((longest[6] > 0).sum()) >= 11


def test_blocks_in_fine_steps_change_little_and_in_coarse_ones_much() -> None:
    camera = Camera(SIZE_PX)
    smooth = torch.rand(1, 3, 9, 9).expand(1, 3, 9, 9)
    smooth = torch.nn.functional.interpolate(smooth, size=SIZE_PX, mode="bilinear")
    planes = smooth[:, :1]
    fine, coarse = (camera._rounded(planes, torch.full((1, 1, 1, 1, 1, 1), step)) for step in (0.001, 0.5))
    assert float((fine - planes).abs().max()) < 0.02
    assert float((coarse - planes).abs().mean()) > 0.02
