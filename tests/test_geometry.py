import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.geometry import (
    FACE_TYPES,
    MEAN_FACE_51_IN_UNIT,
    MEAN_FACE_68_IN_SPACE,
    MIRROR_68,
    compose,
    crop_from_frame,
    for_pixel_grid,
    inverse,
    mirrored_landmarks,
    resized_crop,
    similarity_fit,
    transform_points,
    unit_from_frame,
    yaw_from_landmarks,
)

CROPPED = [name for name in FACE_TYPES if name != "mark-only"]
# Crop side in mean-face sides, and how far the crop's centre lies above the mean face's, in the same.
SIDES = {
    "half": (1.0, 0.0),
    "mid-full": (1.191, 0.0),
    "full": (1.597, 0.0),
    "full-no-align": (1.597, 0.0),
    "whole": (2.131, 0.07),
    "head": (2.980, 0.50),
    "head-no-align": (2.980, 0.0),
}
similarities = st.builds(
    lambda angle, scale, x, y: np.array(
        [[scale * np.cos(angle), -scale * np.sin(angle), x], [scale * np.sin(angle), scale * np.cos(angle), y]]
    ),
    st.floats(-np.pi, np.pi),
    st.floats(0.05, 20),
    st.floats(-500, 500),
    st.floats(-500, 500),
)


def face_in_unit() -> np.ndarray:
    """The mean face with a jaw, so that its fit is the identity."""
    jaw = np.column_stack([np.linspace(0, 0.98, 17), 0.3 + 0.8 * np.sin(np.linspace(0, np.pi, 17))])
    return np.vstack([jaw, MEAN_FACE_51_IN_UNIT])


@settings(max_examples=60, deadline=None)
@given(similarities)
def test_a_similarity_is_found_again_from_its_points(matrix):
    start = MEAN_FACE_51_IN_UNIT
    np.testing.assert_allclose(similarity_fit(start, transform_points(matrix, start)), matrix, atol=1e-6)


def test_a_similarity_never_mirrors():
    matrix = similarity_fit(MEAN_FACE_51_IN_UNIT, MEAN_FACE_51_IN_UNIT * [-1, 1])
    assert np.linalg.det(matrix[:, :2]) > 0


@settings(max_examples=60, deadline=None)
@given(similarities, similarities)
def test_undoing_and_chaining_agree_with_points(first, second):
    points = np.array([[0, 0], [3, -7], [120, 44.5]])
    there = transform_points(first, points)
    np.testing.assert_allclose(transform_points(inverse(first), there), points, atol=1e-6)
    chained = transform_points(compose(second, first), points)
    np.testing.assert_allclose(chained, transform_points(second, there), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("face_type", CROPPED)
def test_crops_have_the_fields_sizes_and_centres(face_type):
    face = transform_points([[100, 0, 40], [0, 100, 70]], face_in_unit())
    side, up = SIDES[face_type]
    back = inverse(crop_from_frame(face, face_type=face_type, size_px=256))
    corners = transform_points(back, [[0, 0], [256, 0], [0, 256], [128, 128]])
    assert np.linalg.norm(corners[1] - corners[0]) == pytest.approx(100 * side, rel=1e-3)
    assert corners[3][1] == pytest.approx(70 + 50 - 100 * up, abs=0.1)
    if face_type != "head":
        assert corners[3][0] == pytest.approx(40 + 50, abs=0.1)


@settings(max_examples=40, deadline=None)
@given(similarities, st.sampled_from([t for t in CROPPED if not t.endswith("no-align")]))
def test_an_aligned_crop_turns_and_grows_with_its_face(matrix, face_type):
    face = face_in_unit() * 100
    plain = crop_from_frame(face, face_type=face_type, size_px=128)
    turned = crop_from_frame(transform_points(matrix, face), face_type=face_type, size_px=128)
    np.testing.assert_allclose(
        transform_points(turned, transform_points(matrix, face)), transform_points(plain, face), atol=1e-5
    )


@settings(max_examples=20, deadline=None)
@given(similarities)
def test_a_crop_without_alignment_stays_upright(matrix):
    face = transform_points(matrix, face_in_unit() * 100)
    crop = crop_from_frame(face, face_type="full-no-align", size_px=128)
    assert crop[0, 1] == pytest.approx(0, abs=1e-9) and crop[0, 0] == pytest.approx(crop[1, 1])
    aligned = crop_from_frame(face, face_type="full", size_px=128)
    assert np.linalg.det(crop[:, :2]) == pytest.approx(np.linalg.det(aligned[:, :2]), rel=1e-6)


def test_an_open_mouth_does_not_change_the_crop():
    face = transform_points([[100, 0, 40], [0, 100, 70]], face_in_unit())
    talking = face.copy()
    talking[[*range(49, 54), *range(55, 68)]] += [0, 15]
    talking[:17] += [0, 20]
    np.testing.assert_array_equal(unit_from_frame(talking), unit_from_frame(face))


def test_a_larger_scale_shows_less():
    face = face_in_unit() * 100
    near, far = (crop_from_frame(face, face_type="full", size_px=64, scale=s) for s in (1.25, 1.0))
    assert near[0, 0] == pytest.approx(1.25 * far[0, 0])


def test_a_face_that_is_only_marked_has_no_crop():
    with pytest.raises(ValueError, match="mark-only"):
        crop_from_frame(face_in_unit(), face_type="mark-only", size_px=64)


@pytest.mark.parametrize("size", [32, 100, 777])
def test_a_crop_at_another_size_shows_the_same(size):
    face = face_in_unit() * 100
    crop = crop_from_frame(face, face_type="whole", size_px=256)
    again = resized_crop(crop, from_px=256, to_px=size)
    np.testing.assert_allclose(again, crop_from_frame(face, face_type="whole", size_px=size), atol=1e-9)


def test_pixel_centres_are_half_a_pixel_from_the_corner():
    crop = np.array([[0.5, 0, 3], [0, 0.5, -2]])
    pixel = np.array([[10, 20]])
    expected = transform_points(crop, pixel + 0.5) - 0.5
    np.testing.assert_allclose(transform_points(for_pixel_grid(crop), pixel), expected)
    np.testing.assert_allclose(for_pixel_grid([[1, 0, 0], [0, 1, 0]]), [[1, 0, 0], [0, 1, 0]])


def test_mirroring_twice_is_nothing_and_swaps_left_and_right():
    face = face_in_unit() * 100
    assert (MIRROR_68[MIRROR_68] == np.arange(68)).all()
    once = mirrored_landmarks(face, width_px=120)
    np.testing.assert_allclose(mirrored_landmarks(once, width_px=120), face)
    assert once[36, 0] < once[45, 0]


def test_rough_yaw_is_near_nothing_from_the_front_and_keeps_its_sign():
    front = MEAN_FACE_68_IN_SPACE[:, :2] / 150
    assert abs(yaw_from_landmarks(front)) < 0.05
    nose_right, nose_left = front.copy(), front.copy()
    nose_right[27:30, 0] += 0.2
    nose_left[27:30, 0] -= 0.2
    assert yaw_from_landmarks(nose_right) < -0.3 < 0.3 < yaw_from_landmarks(nose_left)
