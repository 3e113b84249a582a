import cv2
import numpy as np
import pytest
import torch

from understudy.faces.patches import FramePyramid


def ramp(width: int, height: int) -> np.ndarray:
    """Red tells x, green tells y, at a pixel's centre, in shares of the frame."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return np.round(np.stack([x, y, x * 0], -1) * 255).astype(np.uint8)


def blob(width: int, height: int, x: float, y: float, radius: float) -> np.ndarray:
    """A soft white spot centred at (x, y), measured from the frame's corner."""
    across, down = np.meshgrid(np.arange(width) + 0.5 - x, np.arange(height) + 0.5 - y)
    spot = np.exp(-(across**2 + down**2) / (2 * radius**2)) * 255
    return np.repeat(np.round(spot).astype(np.uint8)[..., None], 3, 2)


@pytest.mark.parametrize("side", [20.0, 48.0, 111.0, 300.0])
@pytest.mark.parametrize("fine", [1, 2])
def test_a_patch_sits_where_it_was_laid_at_every_size(side, fine):
    pyramid = FramePyramid([blob(640, 480, 331.3, 222.7, side / 8)])
    matrix = np.array([[[side, 0, 331.3 - 0.45 * side], [0, side, 222.7 - 0.6 * side]]])
    patch = pyramid.patches(np.array([0]), matrix, size_px=48, fine=fine)[0, ..., 0].astype(float)
    along = (np.arange(48) + 0.5) / 48
    weight = np.where(patch > 8, patch, 0)
    assert (weight.sum(0) * along).sum() / weight.sum() == pytest.approx(0.45, abs=0.0025)
    assert (weight.sum(1) * along).sum() / weight.sum() == pytest.approx(0.60, abs=0.0025)


def test_outside_the_frame_is_mid_grey():
    pyramid = FramePyramid([np.zeros((60, 80, 3), np.uint8)])
    patch = pyramid.patches(np.array([0]), np.array([[[10.0, 0, -30], [0, 10, -30]]]), size_px=12)
    assert (patch == 128).all()


def test_each_patch_comes_from_its_own_frame():
    frames = [np.full((40, 40, 3), value, np.uint8) for value in (10, 200)]
    matrix = np.repeat(np.array([[[10.0, 0, 5], [0, 10, 5]]]), 3, 0)
    patches = FramePyramid(frames).patches(np.array([1, 0, 1]), matrix, size_px=4)
    assert patches[:, 0, 0, 0].tolist() == [200, 10, 200]


def test_a_fine_pattern_becomes_grey_instead_of_aliasing():
    board = np.indices((512, 512)).sum(0) % 2 * 255
    pyramid = FramePyramid([np.repeat(board[..., None], 3, 2).astype(np.uint8)])
    patch = pyramid.patches(np.array([0]), np.array([[[400.0, 0, 50], [0, 400, 50]]]), size_px=48, fine=2)
    assert np.abs(patch.astype(float) - 127.5).max() < 4


def test_the_whole_picture_keeps_its_places_at_any_scale():
    for scale in (0.13, 0.31, 0.6):
        picture = FramePyramid([ramp(320, 240)]).whole(scale)[0].numpy() / 255
        columns = (np.arange(picture.shape[2]) + 0.5) / picture.shape[2]
        assert np.abs(picture[0] - columns)[:, 2:-2].max() < 0.006


def test_frames_of_several_sizes_are_refused():
    with pytest.raises(ValueError, match="one size"):
        FramePyramid([np.zeros((40, 40, 3), np.uint8), np.zeros((40, 41, 3), np.uint8)])


def test_a_copy_of_the_whole_frame_is_within_a_level_of_one_computed_in_floats():
    rng = np.random.default_rng(5)
    frame = cv2.GaussianBlur(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8), (0, 0), 2)
    quick = FramePyramid([frame]).whole(0.31)
    floats = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
    slow = torch.nn.functional.interpolate(floats, size=quick.shape[2:], mode="bilinear", antialias=True)
    # The pyramid halves first, which alone makes half a level.
    assert (quick - slow).abs().max() < 4
    assert abs(float((quick - slow).mean())) < 0.3
