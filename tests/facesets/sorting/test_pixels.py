"""What is measured on a face says what its name says."""

import cv2
import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from tests.facesets.sorting.filmed import add_face
from understudy.actors.performance import Light, State
from understudy.facesets.index import NUMBERS
from understudy.facesets.record import FaceRecord
from understudy.facesets.sorting.pixels import measured
from understudy.facesets.store import Faceset
from understudy.masks.hull import hull_mask


@pytest.fixture
def filmed(tmp_path):
    """A function that films a state: its pixels and record."""

    def film(state: State, **fields) -> tuple[np.ndarray, FaceRecord]:
        with Faceset(tmp_path) as faceset:
            face = add_face(faceset, state, frame=0, **fields)
            return faceset.image(face), face.record

    return film


def plain(color, *, size_px: int = 64) -> np.ndarray:
    return np.full((size_px, size_px, 3), color, np.uint8)


def test_every_number_of_the_index_is_measured():
    assert set(measured(noise(), make_record()).numbers) == set(NUMBERS)


def test_histograms_are_of_unit_length_and_distances_are_hellingers():
    a, b = (measured(noise(seed=seed), make_record()) for seed in (1, 2))
    assert a.histogram.shape == (768,) and a.grey_histogram.shape == (256,)
    assert np.linalg.norm(a.grey_histogram) == pytest.approx(1, abs=1e-5)
    shares = [m.histogram[:256].astype(np.float32) ** 2 for m in (a, b)]
    expected = cv2.compareHist(*shares, cv2.HISTCMP_BHATTACHARYYA)
    assert np.linalg.norm(a.histogram[:256] - b.histogram[:256]) / np.sqrt(2) == pytest.approx(
        expected, abs=1e-4
    )


def test_what_is_around_the_face_counts_for_colours_of_the_crop_alone():
    record = make_record(size_px=128)
    inside = hull_mask(
        record.landmarks() @ record.crop_matrix()[:, :2].T + record.crop_matrix()[:, 2], 128, 128
    )
    around = np.where(cv2.dilate(inside, np.ones((7, 7)))[..., None] > 0, noise(128), 255).astype(np.uint8)
    one, other = measured(noise(128), record), measured(around, record)
    for name in ("brightness", "hue_deg", "light_side", "light_height", "sharpness"):
        assert one.numbers[name] == pytest.approx(other.numbers[name], rel=0.02, abs=0.01)
    assert np.allclose(one.grey_histogram, other.grey_histogram)
    assert not np.allclose(one.histogram, other.histogram)


@pytest.mark.parametrize(
    ("color", "hue_deg"),
    [((200, 50, 50), 0), ((200, 200, 50), 60), ((50, 200, 50), 120), ((200, 50, 190), 304)],
)
def test_hue_is_that_of_the_colour_circle(color, hue_deg):
    found = measured(plain(color), make_record()).numbers["hue_deg"]
    assert (found - hue_deg + 180) % 360 - 180 == pytest.approx(0, abs=2)


def test_hues_on_both_sides_of_red_are_red_together():
    picture = plain((200, 80, 60))
    picture[:, ::2] = (200, 60, 80)
    found = measured(picture, make_record()).numbers["hue_deg"]
    assert min(found, 360 - found) < 3


def test_a_grey_face_has_no_hue():
    assert np.isnan(measured(plain((90, 90, 90)), make_record()).numbers["hue_deg"])


def test_brightness_is_the_brightest_channel():
    assert measured(plain((51, 102, 20)), make_record()).numbers["brightness"] == pytest.approx(0.4)


def test_black_and_what_lies_outside_the_frame_count_as_black():
    record = make_record()
    assert measured(plain(128), record).numbers["black_share"] == pytest.approx(0, abs=0.001)
    half = plain(128)
    half[:32] = 0
    assert measured(half, record).numbers["black_share"] == pytest.approx(0.5, abs=0.001)
    matrix = np.array(record.crop_from_frame)
    middle = (np.array([[32.0], [32.0]]) - matrix[:, 2:]).ravel()
    x = float(np.linalg.solve(matrix[:, :2], middle)[0])
    cut = record.model_copy(update={"frame_size": (round(x), 1000)})
    assert measured(plain(128), cut).numbers["black_share"] == pytest.approx(0.5, abs=0.03)


def test_light_comes_from_where_the_lamp_stands(filmed):
    def light(side: float, height: float) -> tuple[float, float]:
        lamp = Light(key_direction=(side, height, 0.4), fill_strength=0.2)
        numbers = measured(*filmed(State(light=lamp))).numbers
        return numbers["light_side"], numbers["light_height"]

    left, right, above, below = light(-0.9, 0), light(0.9, 0), light(0, -0.9), light(0, 0.9)
    assert left[0] < -0.1 < 0.1 < right[0]
    assert above[1] > below[1] + 0.1
    assert light(0, 0)[0] == pytest.approx(0, abs=0.08)


def test_a_larger_crop_of_the_same_face_gives_the_same_numbers(filmed):
    pixels, record = filmed(State(yaw_deg=10))
    doubled = cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    matrix = (2 * np.array(record.crop_from_frame)).tolist()
    twice = record.model_copy(update={"size_px": 2 * record.size_px, "crop_from_frame": matrix})
    one, two = measured(pixels, record).numbers, measured(doubled, twice).numbers
    for name in ("brightness", "hue_deg", "light_side", "light_height"):
        assert one[name] == pytest.approx(two[name], rel=0.02, abs=0.01)


def test_a_huge_crop_is_measured_at_a_smaller_size():
    record = make_record(size_px=1024)
    smooth = cv2.resize(noise(32), (1024, 1024), interpolation=cv2.INTER_CUBIC)
    assert measured(smooth, record).numbers["blur_px"] > 0
