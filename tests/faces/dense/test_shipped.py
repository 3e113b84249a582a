"""The weights that are shipped: how well they read rendered people that no training has seen."""

from __future__ import annotations

import numpy as np
import pytest

from tests.faces.people import frames_of
from understudy.actors.crowd import draw
from understudy.actors.crowd.sample import Sample
from understudy.faces.dense.landmarker import DenseLandmarker
from understudy.faces.dense.reader import FaceReader, FaceReading
from understudy.faces.dense.reading_crop import cut_crops, frame_from_crop_of_points
from understudy.faces.detect import Detection
from understudy.geometry import Array
from understudy.networks.dense_face import WEIGHTS_PATH

SEED, SIZE_PX = 4, 176


@pytest.fixture(scope="module")
def people() -> list[Sample]:
    """Ten people of the kind that is kept for testing, in a plain room."""
    return [draw.sample(5 * number, SEED, SIZE_PX, part="test") for number in range(10)]


def read(people: list[Sample], pictures: list[np.ndarray]) -> tuple[FaceReading, Array]:
    frame_from_crop = np.concatenate([frame_from_crop_of_points(one.points) for one in people])
    reading = FaceReader().read(cut_crops(pictures, range(len(people)), frame_from_crop))
    return reading, reading.in_frame(frame_from_crop)[0]


def test_shipped_weights_fit_into_six_megabytes() -> None:
    assert 1_000_000 < WEIGHTS_PATH.stat().st_size <= 6_000_000


def test_shipped_weights_place_points_on_people_never_seen_close_to_the_truth(people) -> None:
    reading, points = read(people, [one.rgb for one in people])
    extent = np.array([np.ptp(one.points[:, 1]) + np.ptp(one.points[:, 0]) for one in people]) / 2
    error = np.linalg.norm(points - [one.points for one in people], axis=2).mean(1) / extent
    # Shares of the mean of width and height of the points; outer eyes are about 0.75 of it apart.
    assert np.median(error) < 0.04
    assert error.max() < 0.08
    assert reading.scores.min() > 0.5


def test_shipped_weights_cover_the_visible_skin_of_people_never_seen(people) -> None:
    """Before a wall, intersection over union: 0.89 when this was written."""
    more = people + [draw.sample(5 * number, SEED, SIZE_PX, part="test") for number in range(10, 14)]
    reading, _ = read(more, [_before_a_wall(one) for one in more])
    squares = np.concatenate([frame_from_crop_of_points(one.points) for one in more])
    skins = [np.repeat(np.uint8(255 * one.skin)[..., None], 3, axis=2) for one in more]
    truth, mask = cut_crops(skins, range(len(more)), squares)[..., 0] > 127, reading.masks > 0.5
    overlaps = (mask & truth).sum((1, 2)) / (mask | truth).sum((1, 2))
    assert overlaps.mean() > 0.85


def _before_a_wall(one: Sample) -> np.ndarray:
    alpha = one.person[..., None]
    return np.uint8(np.round(one.rgb * alpha + 110 * (1 - alpha)))


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_people_whom_a_detector_found_lying_without_saying_so_are_read_as_well(people, quarters: int) -> None:
    """Without a second look, heads upside down were read upright, 80 % of the outer eyes off."""
    turned = [np.ascontiguousarray(np.rot90(one.rgb, quarters)) for one in people]
    truth = np.stack([_turned_points(one.points, quarters) for one in people])
    low, high = truth[:, :68].min(1), truth[:, :68].max(1)
    found = [Detection(np.concatenate(box), 0.9) for box in zip(low, high, strict=True)]
    faces = DenseLandmarker(FaceReader()).begin(frames_of(*turned), np.arange(len(people)), found)
    error = np.linalg.norm(faces.points_70 - truth, axis=2).mean(1) / np.ptp(truth, axis=1).mean(1)
    assert np.median(error) < 0.04
    assert error.max() < 0.12


def _turned_points(points: Array, quarters: int) -> Array:
    """Points in a picture of SIZE_PX that `np.rot90` turned."""
    x, y = points.T
    other = {0: (x, y), 1: (y, SIZE_PX - x), 2: (SIZE_PX - x, SIZE_PX - y), 3: (SIZE_PX - y, x)}
    return np.stack(other[quarters], axis=1)


def test_shipped_weights_call_a_plain_wall_no_face(people) -> None:
    reading, _ = read(people[:2], [np.full((SIZE_PX, SIZE_PX, 3), 120, np.uint8)] * 2)
    assert reading.scores.max() < 0.1
