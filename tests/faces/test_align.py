import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces.people import turned_face
from understudy.faces.align import crop, squeezed, warp_to_frame
from understudy.geometry import (
    FACE_TYPES,
    FaceType,
    crop_from_frame,
    inverse,
    resized_crop,
    square_from_frame,
    transform_points,
)


def spot(width: int, height: int, x: float, y: float, radius: float) -> np.ndarray:
    across, down = np.meshgrid(np.arange(width) + 0.5 - x, np.arange(height) + 0.5 - y)
    return np.exp(-(across**2 + down**2) / (2 * radius**2)).astype(np.float32)


def centre_of(picture: np.ndarray) -> tuple[float, float]:
    weight = np.where(picture > 0.02, picture, 0).astype(float)
    across, down = np.arange(picture.shape[1]) + 0.5, np.arange(picture.shape[0]) + 0.5
    return (weight.sum(0) @ across) / weight.sum(), (weight.sum(1) @ down) / weight.sum()


# A square of 90 px at (41.3, 33.8) of the frame.
CROP_64 = np.array([[64 / 90, 0, -41.3 * 64 / 90], [0, 64 / 90, -33.8 * 64 / 90]])


@pytest.mark.parametrize("size", [16, 40, 64, 128, 300])
def test_a_crop_shows_a_face_in_the_same_place_at_every_size(size):
    frame = spot(200, 160, 80.2, 75.6, 9)
    cut = crop(frame, resized_crop(CROP_64, from_px=64, to_px=size), size)
    x, y = centre_of(cut)
    assert x / size == pytest.approx((80.2 - 41.3) / 90, abs=0.0015)
    assert y / size == pytest.approx((75.6 - 33.8) / 90, abs=0.0015)


def test_a_crop_keeps_the_pictures_kind():
    frame = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    assert crop(frame, CROP_64, 64).dtype == np.uint8
    assert crop(frame, CROP_64, 64).shape == (64, 64, 3)
    assert crop(frame[..., :1].astype(np.float32), CROP_64, 64).shape == (64, 64, 1)
    assert crop(frame[..., 0].astype(np.uint16) * 257, CROP_64, 64).dtype == np.uint16


def test_a_crop_of_whole_pixels_is_those_pixels():
    frame = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    cut = crop(frame, np.array([[1.0, 0, -20], [0, 1, -10]]), 64)
    np.testing.assert_array_equal(cut, frame[10:74, 20:84])


def test_a_small_crop_averages_instead_of_aliasing():
    board = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)
    small = crop(board, np.array([[16 / 256, 0, 0], [0, 16 / 256, 0]]), 16)
    assert np.abs(small.astype(float) - 127.5).max() < 3


def test_beyond_the_frame_its_edge_is_repeated():
    cut = crop(np.full((20, 20, 3), 77, np.uint8), np.array([[1.0, 0, 30], [0, 1, 30]]), 64)
    assert (cut == 77).all()


@pytest.mark.parametrize("size", [24, 64, 160, 512])
def test_a_crop_laid_back_lands_where_it_came_from(size):
    frame = spot(200, 160, 80.2, 75.6, 9)
    to_crop = resized_crop(CROP_64, from_px=64, to_px=size)
    back = warp_to_frame(crop(frame, to_crop, size), inverse(to_crop), 200, 160)
    assert back.shape == (160, 200) and back.dtype == np.float32
    assert centre_of(back) == pytest.approx((80.2, 75.6), abs=0.1)
    inside = (slice(40, 115), slice(48, 125))
    assert np.abs(back - frame)[inside].max() < 0.04


@pytest.mark.parametrize("scale", [0.2, 0.9, 1.0, 3.7])
def test_a_laid_crop_has_no_holes(scale):
    turn = np.array([[scale * 0.8, -scale * 0.6, 60.0], [scale * 0.6, scale * 0.8, 30.0]])
    laid = warp_to_frame(np.ones((50, 50, 3), np.float32), turn, 300, 260)
    middle = turn[:, :2] @ [25, 25] + turn[:, 2]
    across, down = np.meshgrid(np.arange(300) + 0.5 - middle[0], np.arange(260) + 0.5 - middle[1])
    far = np.maximum(abs(across * 0.8 + down * 0.6), abs(down * 0.8 - across * 0.6))
    assert laid[far < 25 * scale - 2].min() > 0.999
    assert laid[far > 25 * scale + 2 + 2 * scale].max() == 0
    assert laid.min() >= 0 and laid.max() <= 1
    assert warp_to_frame(np.ones((50, 50)), turn, 300, 260, outside="edge").min() > 0.999


CROPPED = [name for name in FACE_TYPES if name != "mark-only"]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(CROPPED),
    st.integers(128, 1024),
    st.tuples(st.floats(-40, 40), st.floats(-180, 180)),
    st.floats(0.5, 1.6),
    st.tuples(st.floats(170, 190), st.floats(130, 150)),
)
def test_a_drawn_pattern_follows_the_crop_and_comes_back(
    face_type: FaceType, size_px: int, yaw_roll: tuple[float, float], scale: float, centre: tuple[float, float]
):
    """Round spots at known places of a frame, cut at any size and turn, laid back: each within 0.05 px."""
    width, height = 360, 280
    face = turned_face(yaw_roll[0], 0, yaw_roll[1], scale=scale, centre=centre)
    to_crop = crop_from_frame(face, face_type=face_type, size_px=size_px)
    finer = np.sqrt(np.linalg.det(to_crop[:, :2]))  # crop pixels for one of the frame
    radius = max(2.5, 2.5 / finer)
    shown = transform_points(inverse(to_crop), size_px * np.array([[0.5, 0.5], [0.3, 0.4], [0.6, 0.7]]))
    for place in shown:
        if not (4 * radius < place).all() or not (place < np.array([width, height]) - 4 * radius).all():
            continue
        frame = spot(width, height, *place, radius)
        cut = crop(frame, to_crop, size_px)
        expected = transform_points(to_crop, place)
        assert centre_of(cut) == pytest.approx(tuple(expected), abs=0.05 * max(1.0, finer))
        back = warp_to_frame(cut, inverse(to_crop), width, height)
        assert centre_of(back) == pytest.approx(tuple(place), abs=0.05)
        # Each of two linear looks takes at most an eighth of the curvature away, 1 / radius² along both axes.
        assert np.abs(back - frame).max() < 2 * 2 / 8 / 2.5**2


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(CROPPED), st.integers(128, 320), st.integers(0, 2**16))
def test_the_crop_of_a_mirrored_frame_is_the_mirrored_crop(face_type: FaceType, size_px: int, seed: int):
    random = np.random.default_rng(seed)
    frame = cv2.resize(random.random((12, 15, 3), np.float32), (300, 240), interpolation=cv2.INTER_CUBIC)
    to_crop = crop_from_frame(turned_face(15, 5, 20, centre=(140, 120)), face_type=face_type, size_px=size_px)
    of_mirrored = np.array([[-1, 0, size_px], [0, 1, 0]]) @ np.vstack([to_crop, [0, 0, 1]])
    of_mirrored = of_mirrored @ np.array([[-1, 0, 300], [0, 1, 0], [0, 0, 1]])
    cut, mirrored = crop(frame, to_crop, size_px), crop(frame[:, ::-1].copy(), of_mirrored, size_px)
    assert np.abs(cut - mirrored[:, ::-1]).max() < 0.01


@pytest.mark.parametrize(("width", "height"), [(120, 80), (60, 90), (30, 20)])
def test_a_frame_squeezed_into_a_square_lies_where_its_transform_says(width: int, height: int) -> None:
    frame = spot(width, height, 0.6 * width, 0.4 * height, width / 12)
    to_square = square_from_frame(width, height, size_px=48)
    assert centre_of(squeezed(frame, 48)) == pytest.approx((28.8, 19.2), abs=0.05)
    back = warp_to_frame(squeezed(frame, 48), inverse(to_square), width, height, outside="edge")
    assert centre_of(back) == pytest.approx((0.6 * width, 0.4 * height), abs=0.1)
