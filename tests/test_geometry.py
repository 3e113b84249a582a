import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.geometry import (
    FACE_TYPES,
    FaceType,
    compose,
    crop_from_frame,
    crop_share,
    crops_from_frames,
    face_width_px,
    for_pixel_grid,
    inverse,
    mirrored_landmarks,
    resized_crop,
    similarity_fit,
    similarity_fits,
    transform_points,
    unit_from_frame,
    units_from_frames,
    yaw_from_landmarks,
)
from understudy.mean_face import MEAN_FACE_51_IN_UNIT, MEAN_FACE_68_IN_SPACE, MEAN_FACE_AXIS_X, MIRROR_68

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
face_types = st.sampled_from(CROPPED)
sizes = st.integers(128, 1024)


@st.composite
def faces(draw: st.DrawFn) -> np.ndarray:
    """A mean face turned in space, with features of its own, anywhere in a frame of up to 8K, (68, 2)."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    yaw, roll = np.radians([draw(st.floats(-60, 60)), draw(st.floats(-180, 180))])
    side_px, centre = draw(st.floats(20, 4000)), [draw(st.floats(-500, 8000)), draw(st.floats(-500, 4500))]
    own = MEAN_FACE_68_IN_SPACE + random.normal(0, 3, (68, 3))
    seen = np.column_stack([own[:, 0] * np.cos(yaw) - own[:, 2] * np.sin(yaw), own[:, 1]]) * side_px / 150
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return seen @ turn.T + centre


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


@pytest.mark.parametrize(("nose_moved", "centre"), [(0.1, -0.0379949), (-0.1, 0.0379949), (0.0, 0.0)])
def test_a_turned_heads_crop_moves_towards_the_back_of_the_head(nose_moved, centre):
    # Written out for a yaw of twice the nose's way: yaw * |tanh(2 yaw)| / 2, as in the programs of the field.
    face = face_in_unit()
    face[:3, 0], face[14:17, 0] = 0.0, 1.0
    face[27:30, 0] = 0.5 + nose_moved
    face[27:30, 1] = MEAN_FACE_51_IN_UNIT[10:13, 1]
    in_unit = unit_from_frame(face)
    crop = crop_from_frame(face, face_type="head", size_px=100)
    x, _ = transform_points(in_unit, transform_points(inverse(crop), [50, 50]))
    assert x - 0.5 == pytest.approx(centre, abs=0.003)


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


def test_a_faces_width_goes_with_the_crop_and_not_with_the_frame():
    face = MEAN_FACE_68_IN_SPACE[:, :2]
    for scale in (1.0, 40.0):
        points = scale * face + 7
        whole = face_width_px(points, crop_from_frame(points, face_type="half", size_px=96))
        assert whole == pytest.approx(96, rel=1e-6), "a half crop is as wide as the mean face"
        assert face_width_px(points, np.eye(2, 3)) == pytest.approx(scale * face_width_px(face, np.eye(2, 3)))


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


# Claims about every face, as properties.


@settings(max_examples=200, deadline=None)
@given(faces(), face_types, sizes, st.floats(0.7, 1.4))
def test_what_is_cut_out_lies_back_in_its_place(face, face_type, size_px, scale):
    crop = crop_from_frame(face, face_type=face_type, size_px=size_px, scale=scale)
    there = transform_points(crop, face)
    assert np.abs(transform_points(inverse(crop), there) - face).max() <= 0.05
    # And from the crop's side: its corners are four corners of a square of that many pixels.
    corners = np.array([[0, 0], [size_px, 0], [size_px, size_px], [0, size_px]], float)
    in_frame = transform_points(inverse(crop), corners)
    assert np.abs(transform_points(crop, in_frame) - corners).max() <= 0.05
    sides = np.linalg.norm(in_frame - np.roll(in_frame, 1, axis=0), axis=1)
    np.testing.assert_allclose(sides, sides[0], rtol=1e-6)
    assert np.linalg.det(crop[:, :2]) > 0, "a crop never mirrors"


@settings(max_examples=100, deadline=None)
@given(faces(), face_types)
def test_eyes_nose_and_mouth_lie_within_every_crop_but_the_tightest(face, face_type):
    inside = transform_points(crop_from_frame(face, face_type=face_type, size_px=256), face)[17:]
    margin = 30 if face_type == "half" else 0
    assert (inside > -margin).all() and (inside < 256 + margin).all()


@settings(max_examples=150, deadline=None)
@given(faces(), face_types, sizes, st.floats(100, 8000))
def test_a_mirrored_face_has_the_mirrored_crop(face, face_type, size_px, width_px):
    crop = crop_from_frame(face, face_type=face_type, size_px=size_px)
    mirrored = crop_from_frame(
        mirrored_landmarks(face, width_px=width_px), face_type=face_type, size_px=size_px
    )
    probe = np.vstack([face, inverse(crop)[:, 2]])
    expected = transform_points(crop, probe) * [-1, 1] + [size_px, 0]
    # The mean face's own axis is not the middle of its square: the mirrored crop is that much further over.
    right_in_frame = inverse(unit_from_frame(face))[:, 0]
    off = 2 * (0.5 - MEAN_FACE_AXIS_X) * (crop[:, :2] @ right_in_frame) * [-1, 1]
    found = transform_points(mirrored, probe * [-1, 1] + [width_px, 0])
    assert np.abs(found - (expected + off)).max() <= 0.05


@settings(max_examples=60, deadline=None)
@given(st.lists(faces(), min_size=1, max_size=6), face_types, sizes, st.floats(0.7, 1.4))
def test_many_crops_at_once_are_the_crops_one_by_one(some, face_type, size_px, scale):
    how = {"face_type": face_type, "size_px": size_px, "scale": scale}
    together, alone = crops_from_frames(some, **how), [crop_from_frame(face, **how) for face in some]
    corners = np.array([[0, 0], [0, size_px], [size_px, 0]], float)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(
            transform_points(one, transform_points(inverse(other), corners)), corners, atol=1e-4
        )
    np.testing.assert_allclose(inverse(together), [inverse(one) for one in together], rtol=1e-9)
    np.testing.assert_allclose(
        transform_points(together, some),
        [transform_points(one, face) for one, face in zip(together, some, strict=True)],
        atol=1e-6,
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(faces(), min_size=1, max_size=6), similarities)
def test_many_fits_at_once_are_the_fits_one_by_one(some, matrix):
    goals = transform_points(matrix, some) + np.random.default_rng(0).normal(0, 0.1, np.shape(some))
    np.testing.assert_allclose(
        similarity_fits(some, goals), [similarity_fit(a, b) for a, b in zip(some, goals, strict=True)],
        rtol=1e-6, atol=1e-5,
    )  # fmt: skip
    np.testing.assert_allclose(
        units_from_frames(some), [unit_from_frame(face) for face in some], rtol=1e-6, atol=1e-6
    )


def test_fits_of_a_single_place_and_of_mirrored_points_agree_too():
    for start, goal in (
        (np.ones((3, 2)), np.arange(6.0).reshape(3, 2)),
        (MEAN_FACE_51_IN_UNIT, MEAN_FACE_51_IN_UNIT * [-1, 1]),
    ):
        np.testing.assert_allclose(
            similarity_fits(start[None], goal)[0], similarity_fit(start, goal), atol=1e-9
        )


def test_a_few_faces_only_marked_have_no_crops():
    with pytest.raises(ValueError, match="mark-only"):
        crops_from_frames([face_in_unit()], face_type="mark-only", size_px=64)


def test_no_faces_have_no_crops():
    assert crops_from_frames(np.empty((0, 68, 2)), face_type="head", size_px=64).shape == (0, 2, 3)


@pytest.mark.parametrize(("inner", "outer"), [("full-no-align", "head-no-align"), ("half", "full")])
def test_a_narrower_crop_is_the_middle_of_a_wider_one(inner: FaceType, outer: FaceType) -> None:
    points = transform_points([[0.9, 0.3, 5], [-0.3, 0.9, 7]], MEAN_FACE_68_IN_SPACE[:, :2] * 40)
    inner_from_frame, outer_from_frame = (
        crop_from_frame(points, face_type=kind, size_px=100) for kind in (inner, outer)
    )
    corners = transform_points(compose(outer_from_frame, inverse(inner_from_frame)), [[0, 0], [100, 100]])
    rim = 50 * (1 - crop_share(inner, outer))
    np.testing.assert_allclose(corners, [[rim, rim], [100 - rim, 100 - rim]], atol=1e-6)


@pytest.mark.parametrize(("inner", "outer"), [("full", "whole"), ("full", "head-no-align"), ("full", "head")])
def test_crops_with_other_centres_or_turns_have_no_share_of_each_other(
    inner: FaceType, outer: FaceType
) -> None:
    with pytest.raises(ValueError, match="middle"):
        crop_share(inner, outer)
